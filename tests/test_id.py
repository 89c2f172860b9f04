"""Ids: reference data are named by the global id or the bare code; what leads nowhere is told with its path."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from graphql.pyutils import snake_to_camel

from api.compiler.key import key_type
from api.compiler.source import ById
from api.resolvers import NOUNS, ROOTS, VERBS
from api.services.verb import Verb
from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import HOME, NEIGHBOUR, SKILL, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

NOUN_ROOTS = {
    declared.target: name
    for name, declared in ROOTS.items()
    if isinstance(declared, ById) and declared.argument == "id"
}
CODED = [name for name in NOUN_ROOTS if not isinstance(key_type(NOUNS[name]), sa.Uuid)]
KEYED = [name for name in NOUN_ROOTS if name not in CODED]


def root(noun: str) -> str:
    return snake_to_camel(NOUN_ROOTS[noun], upper=False)


def message(path: list[str | int], text: str) -> Json:
    return {"message": text, "path": path, "extensions": {"code": "BAD_USER_INPUT"}}


# One thing by its id.


@pytest.mark.parametrize("noun", CODED)
async def test_a_coded_thing_is_found_by_its_code_and_by_its_global_id(api: Api, build: Build, noun: str) -> None:
    table = NOUNS[noun].table
    assert table is not None
    code = await build.connection.fetchval(f"SELECT code FROM {table.name} ORDER BY code DESC")
    document = f"query($code: ID!, $id: ID!) {{ code: {root(noun)}(id: $code) {{ id code }} id: {root(noun)}(id: $id) {{ id code }} }}"

    data = await api.ask(document, code=code, id=f"{noun}:{code}")

    thing = {"id": f"{noun}:{code}", "code": code}
    assert data == {"code": thing, "id": thing}


@pytest.mark.parametrize("noun", CODED)
async def test_an_unknown_code_is_null(api: Api, noun: str) -> None:
    document = f'{{ code: {root(noun)}(id: "NONE") {{ id }} id: {root(noun)}(id: "{noun}:NONE") {{ id }} }}'

    assert await api.ask(document) == {"code": None, "id": None}


@pytest.mark.parametrize("noun", KEYED)
async def test_a_thing_without_a_code_has_only_its_global_id(api: Api, noun: str) -> None:
    key = uuid.uuid4()
    document = (
        f"query($bare: ID!, $id: ID!) {{ bare: {root(noun)}(id: $bare) {{ id }} id: {root(noun)}(id: $id) {{ id }} }}"
    )

    answer = await api.post(document, bare=str(key), id=f"{noun}:{key}")

    assert answer == {"data": {"bare": None, "id": None}, "errors": [message(["bare"], "This is not an id.")]}


@pytest.mark.parametrize("noun", [*CODED, *KEYED])
async def test_a_malformed_id_or_one_of_another_type_is_an_error(api: Api, noun: str) -> None:
    document = f"query($id: ID!) {{ thing: {root(noun)}(id: $id) {{ id }} clusters(first: 0) {{ totalCount }} }}"
    other = "Need" if noun != "Need" else "Skill"
    malformed = ["Need:", ":x", ":"] if noun != "Need" else ["Need:", ":x", ":", "Need:1", "x"]

    answers = {id_: await api.post(document, id=id_) for id_ in (*malformed, f"{other}:x")}

    for id_, answer in answers.items():
        text = f"This is not the id of a {noun}." if id_ == f"{other}:x" else "This is not an id."
        expected = {"data": {"thing": None, "clusters": {"totalCount": 8}}, "errors": [message(["thing"], text)]}
        assert answer == expected, id_


async def test_a_node_needs_a_global_id(api: Api) -> None:
    document = "query($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } }"

    by_code = await api.post(document, id=HOME)
    by_id = await api.ask(document, id=f"Kabupaten:{HOME}")

    assert by_code == {
        "data": {"node": None, "nodes": None},
        "errors": [message(["node"], "This is not an id."), message(["nodes"], "This is not an id.")],
    }
    assert by_id == {"node": {"id": f"Kabupaten:{HOME}"}, "nodes": [{"id": f"Kabupaten:{HOME}"}]}


# Things named in filters and other arguments.

# An argument that names a kabupaten or a skill: the document, what it is called in messages, the path of the field.
ARGUMENTS: Mapping[str, tuple[str, str, str, list[str]]] = {
    "eq": (
        "query($id: ID!) { needs(first: 1, filter: {kabupaten: {eq: $id}}) { totalCount } }",
        "Kabupaten",
        "filter.kabupaten.eq",
        ["needs"],
    ),
    "in": (
        'query($id: ID!) { needs(first: 1, filter: {kabupaten: {in: ["62.06", $id]}}) { totalCount } }',
        "Kabupaten",
        "filter.kabupaten.in",
        ["needs"],
    ),
    "in, as a whole": (
        "query($ids: [ID!]) { needs(first: 1, filter: {kabupaten: {in: $ids}}) { totalCount } }",
        "Kabupaten",
        "filter.kabupaten.in",
        ["needs"],
    ),
    "not": (
        "query($id: ID!) { needs(first: 1, filter: {kabupaten: {not: {eq: $id}}}) { totalCount } }",
        "Kabupaten",
        "filter.kabupaten.not.eq",
        ["needs"],
    ),
    "group": (
        "query($id: ID!) { needs(first: 1, filter: {or: [{open: true}, {kabupaten: {eq: $id}}]}) { totalCount } }",
        "Kabupaten",
        "filter.or.1.kabupaten.eq",
        ["needs"],
    ),
    "of a related thing": (
        "query($id: ID!) { assignments(first: 1, filter: {kabupaten: {eq: $id}}) { totalCount } }",
        "Kabupaten",
        "filter.kabupaten.eq",
        ["assignments"],
    ),
    "nested list": (
        """query($id: ID!) { province(id: "62") { kabupatens(first: 1) { nodes {
             needs(first: 1, filter: {kabupaten: {eq: $id}}) { totalCount } } } } }""",
        "Kabupaten",
        "filter.kabupaten.eq",
        ["province", "kabupatens", "nodes", "needs"],
    ),
    "computed filter": (
        "query($id: ID!) { volunteers(first: 1, filter: {trainedFor: {skill: $id}}) { totalCount } }",
        "Skill",
        "filter.trainedFor.skill",
        ["volunteers"],
    ),
    "place": (
        'query($id: ID!) { kabupaten(id: "62.06") { distanceTo(place: {kabupaten: $id}) } }',
        "Kabupaten",
        "place.kabupaten",
        ["kabupaten", "distanceTo"],
    ),
}
CODES = {"Kabupaten": HOME, "Skill": SKILL}


def variables(document: str, id_: str) -> Json:
    return {"ids": [NEIGHBOUR, id_]} if "$ids" in document else {"id": id_}


@pytest.mark.parametrize("name", ARGUMENTS)
async def test_an_argument_takes_a_code_or_a_global_id(api: Api, build: Build, name: str) -> None:
    document, noun, _argument, _path = ARGUMENTS[name]
    need = await build.need()
    await build.assignment(need, await build.volunteer())
    coordinator, code = await build.coordinator(), CODES[noun]

    by_code = await api.ask(document, actor=coordinator, **variables(document, code))
    by_id = await api.ask(document, actor=coordinator, **variables(document, f"{noun}:{code}"))

    assert by_code == by_id


@pytest.mark.parametrize("name", ARGUMENTS)
async def test_an_argument_that_names_nothing_is_an_error_with_the_path_of_its_field(api: Api, name: str) -> None:
    document, noun, argument, path = ARGUMENTS[name]
    missing = f"{argument}: there is no such {noun} for you."
    texts = {
        "NONE": missing,
        f"{noun}:NONE": missing,
        f"{noun}:": "This is not an id.",
        "Need:x": f"This is not the id of a {noun}.",
    }

    for _time in range(2):  # The second time with a plan from the cache.
        for id_, text in texts.items():
            answer = await api.post(document, **variables(document, id_))
            assert answer == {"data": {path[0]: None}, "errors": [message([*path], text)]}, id_


async def test_a_list_of_a_hundred_ids_is_the_longest(api: Api, build: Build) -> None:
    codes = [row["code"] for row in await build.connection.fetch("SELECT code FROM kabupaten ORDER BY code LIMIT 101")]
    document = "query($ids: [ID!]) { needs(first: 0, filter: {kabupaten: {in: $ids}}) { totalCount } }"

    longest = await api.ask(document, ids=codes[:100])
    longer = await api.post(document, ids=codes)

    assert longest == {"needs": {"totalCount": 0}}
    assert longer == {"data": {"needs": None}, "errors": [message(["needs"], "Name at most 100 ids at once.")]}


# Things named in inputs of mutations.


def with_ids(verb: Verb[Any, Any], value: str) -> Json:
    """The ids of a verb's input, all of them this value."""
    names = {name for name in verb.ids if "." not in name}
    return {snake_to_camel(name, upper=False): [value] if name == "kabupatens" else value for name in names}


# What the inputs require besides ids.
REQUIRED: Mapping[str, Json] = {
    "declare_incident": {"title": "Banjir", "startedAt": NOW.isoformat()},
    "raise_need": {"peopleWanted": 1, "startsAt": NOW.isoformat(), "endsAt": (NOW + timedelta(hours=1)).isoformat()},
    "register_volunteer": {"name": "Sinta", "reach": "NATIONAL", "consentPurpose": "Penugasan"},
    "issue_certificate": {"number": "1", "issuedOn": "2026-01-01"},
    "offer_assignment": {},
    "accept_assignment": {"version": 1},
    "decline_assignment": {"version": 1},
    "cancel_assignment": {"version": 1, "reason": "Batal"},
    "release_assignment": {"version": 1, "reason": "Pulang"},
}


def paths(fields: Json) -> Iterator[list[str]]:
    for name, value in fields.items():
        yield ["input", name, "0"] if isinstance(value, list) else ["input", name]


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("malformed", ["Event:1", "Need:", ":", "62\x0002"])
async def test_all_malformed_ids_of_an_input_are_problems_at_once(
    api: Api, build: Build, name: str, malformed: str
) -> None:
    verb, field = VERBS[name], snake_to_camel(name, upper=False)
    actor = await build.volunteer_account(await build.volunteer())
    await build.row("role", account_id=actor, kind="COORDINATOR")
    ids = with_ids(verb, malformed)
    before = await snapshot(build.connection)

    refused = await api.do(
        f"mutation($input: {verb.type_name}Input!) {{ {field}(input: $input) {{ {PROBLEMS} }} }}",
        actor=actor,
        **REQUIRED[name],
        **ids,
    )

    expected = [problem("Simple", "NOT_FOUND", *path[1:]) for path in paths(ids)]
    assert sorted(refused["problems"], key=str) == sorted(expected, key=str)
    assert ids
    assert await snapshot(build.connection) == before


async def test_a_malformed_id_does_not_hide_what_else_is_wrong(api: Api, build: Build) -> None:
    manager = await build.manager(await build.organization())
    fields = {"name": "\u200b", "phone": "12", "reach": "NATIONAL", "consentPurpose": "Penugasan"}
    before = await snapshot(build.connection)

    refused = await api.do(
        f"mutation($input: RegisterVolunteerInput!) {{ registerVolunteer(input: $input) {{ {PROBLEMS} }} }}",
        actor=manager,
        **fields,
        kabupaten="Need:1",
        organization=":",
    )

    told = sorted((each["code"], each["path"][-1]) for each in refused["problems"])
    assert told == [
        ("INVALID", "name"),
        ("INVALID", "phone"),
        ("NOT_FOUND", "kabupaten"),
        ("NOT_FOUND", "organization"),
    ]
    assert await snapshot(build.connection) == before


async def test_an_input_that_is_right_but_for_an_optional_id_changes_nothing(api: Api, build: Build) -> None:
    coordinator, incident = await build.coordinator(), await build.incident([HOME])
    fields = {**REQUIRED["raise_need"], "incident": f"Incident:{incident}", "endsAt": "2026-03-02T00:00:00Z"}
    codes = {"skill": SKILL, "cluster": "HEALTH", "kabupaten": HOME, "minimumRank": "Need:1"}
    before = await snapshot(build.connection)

    refused = await api.do(
        f"mutation($input: RaiseNeedInput!) {{ raiseNeed(input: $input) {{ {PROBLEMS} }} }}",
        actor=coordinator,
        **fields,
        **codes,
    )

    assert refused == {"problems": [problem("Simple", "NOT_FOUND", "minimumRank")]}
    assert await snapshot(build.connection) == before


async def test_an_input_takes_codes_or_global_ids(api: Api, build: Build) -> None:
    coordinator, incident = await build.coordinator(), await build.incident([HOME])
    fields = {**REQUIRED["raise_need"], "incident": f"Incident:{incident}", "endsAt": "2026-03-02T00:00:00Z"}
    codes = {"skill": SKILL, "cluster": "HEALTH", "kabupaten": HOME, "minimumRank": "TAGANA_MADYA"}
    nouns = {"skill": "Skill", "cluster": "Cluster", "kabupaten": "Kabupaten", "minimumRank": "Rank"}
    document = f"""mutation($input: RaiseNeedInput!) {{ raiseNeed(input: $input) {{ need {{
      skill {{ code }} cluster {{ code }} kabupaten {{ code }} minimumRank {{ code }} }} {PROBLEMS} }} }}"""

    by_code = await api.do(document, actor=coordinator, **fields, **codes)
    by_id = await api.do(
        document, actor=coordinator, **fields, **{name: f"{nouns[name]}:{code}" for name, code in codes.items()}
    )

    assert by_code == {"need": {name: {"code": code} for name, code in codes.items()}, "problems": []}
    assert by_id == by_code
