import uuid
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, cast

import pytest
from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
)
from graphql.pyutils import camel_to_snake

from api.access import CALLERS
from api.compiler.check import CONNECTION_TYPES
from api.resolvers import SOURCES
from api.resolvers.verb import VERBS
from api.schema.build import core_schema
from tests.asking import Api, Json
from tests.builders import CERTIFICATE_TYPE, FAR, HOME, NEIGHBOUR, SKILL, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

DAY = timedelta(days=1)
INSTANT = NOW.isoformat()

Actors = Mapping[str, uuid.UUID | None]


# Who sees which volunteer, and what is private about one.

VOLUNTEERS = """{ volunteers(first: 100) { totalCount nodes {
    name phone nik latitude longitude consentGivenAt consentPurpose consentWithdrawnAt } }
  certificates(first: 100) { totalCount nodes { volunteer { name } } }
  memberships(first: 100) { totalCount nodes { volunteer { name } } } }"""

PRIVATE = ("phone", "nik", "latitude", "longitude", "consentGivenAt", "consentPurpose", "consentWithdrawnAt")

# Name, home, reach, and what else is special.
PEOPLE: list[tuple[str, str, str, dict[str, Any]]] = [
    ("Ani", HOME, "KABUPATEN", {}),
    ("Budi", NEIGHBOUR, "KABUPATEN", {}),
    ("Citra", NEIGHBOUR, "PROVINCE", {}),
    ("Dewi", FAR, "PROVINCE", {}),
    ("Eko", FAR, "NATIONAL", {}),
    ("Fitri", FAR, "NATIONAL", {"status": "INACTIVE"}),
    ("Gita", FAR, "NATIONAL", {"consent_withdrawn_at": NOW}),
    ("Hadi", FAR, "KABUPATEN", {}),
    ("Intan", FAR, "NATIONAL", {"consent_given_at": None, "consent_purpose": None}),
]


async def people(build: Build) -> Mapping[str, uuid.UUID]:
    """Everybody of PEOPLE, each with all that is private, a certificate and a membership; Hadi is offered a duty."""
    organization = await build.organization(kabupaten_code="31.71")
    found: dict[str, uuid.UUID] = {}
    for number, (name, kabupaten, reach, special) in enumerate(PEOPLE):
        found[name] = await build.person(
            **{
                "name": name,
                "kabupaten_code": kabupaten,
                "reach": reach,
                "phone": f"+62812345678{number}",
                "nik_cipher": b"x",
                "nik_index": str(number).encode(),
                "nik_tail": f"000{number}",
                "latitude": -1.0,
                "longitude": 110.0,
                **special,
            }
        )
        await build.membership(found[name], organization)
        await build.certificate(found[name], organization)
    await build.assignment(await build.need(), found["Hadi"])
    return found


async def seen(api: Api, actor: uuid.UUID | None) -> dict[str, bool]:
    """The volunteers one sees, and of each whether all that is private, or nothing of it, is seen."""
    asked = await api.ask(VOLUNTEERS, actor=actor)
    found: dict[str, bool] = {}
    for node in asked["volunteers"]["nodes"]:
        special = next(special for name, _home, _reach, special in PEOPLE if name == node["name"])
        there = {name for name in PRIVATE if node[name] is not None}
        withheld = {"consentWithdrawnAt"} if "consent_withdrawn_at" not in special else set()
        withheld |= {"consentGivenAt", "consentPurpose"} if "consent_given_at" in special else set()
        assert there in (set(), set(PRIVATE) - withheld)
        found[node["name"]] = bool(there)
    for records in ("volunteers", "certificates", "memberships"):
        assert asked[records]["totalCount"] == len(found)
    for records in ("certificates", "memberships"):
        assert sorted(node["volunteer"]["name"] for node in asked[records]["nodes"]) == sorted(found)
    return found


async def test_volunteers_are_seen_as_the_rulebook_says(api: Api, build: Build) -> None:
    persons = await people(build)
    actors: Actors = {
        "public": None,
        "nobody in particular": await build.account(),
        "volunteer": await build.self_of(persons["Ani"]),
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "province": await build.coordinator(province_code="62"),
        "far": await build.coordinator(kabupaten_code=FAR),
        "nation": await build.coordinator(),
    }

    found = {name: await seen(api, actor) for name, actor in actors.items()}

    far = dict.fromkeys(("Dewi", "Eko", "Fitri", "Gita", "Hadi", "Intan"), True)
    assert found == {
        "public": {},
        "nobody in particular": {},
        "volunteer": {"Ani": True},
        "kabupaten": {"Ani": True, "Citra": False, "Eko": False, "Hadi": False},
        "neighbour": {"Budi": True, "Citra": True, "Eko": False},
        "province": {"Ani": True, "Budi": True, "Citra": True, "Eko": False, "Hadi": False},
        "far": far,
        "nation": {"Ani": True, "Budi": True, "Citra": True, **far},
    }


async def test_a_manager_answers_for_todays_members(api: Api, build: Build) -> None:
    persons, organization = await people(build), await build.organization()
    today = NOW.date()
    for name, since, until in (
        ("Ani", today, today),
        ("Budi", date(2020, 1, 1), None),
        ("Citra", date(2020, 1, 1), today - DAY),
        ("Dewi", today + DAY, None),
    ):
        await build.membership(persons[name], organization, since=since, until=until)
    manager = await build.manager(organization)

    asked = await api.ask("{ volunteers(first: 9) { nodes { name phone } } }", actor=manager)

    assert asked["volunteers"]["nodes"] == [
        {"name": "Ani", "phone": "+628123456780"},
        {"name": "Budi", "phone": "+628123456781"},
    ]


async def test_a_nik_is_shown_by_its_last_digits_only(api: Api, build: Build) -> None:
    persons = await people(build)

    asked = await api.ask(
        "query($id: ID!) { node(id: $id) { ... on Volunteer { nik } } }",
        actor=await build.self_of(persons["Ani"]),
        id=f"Volunteer:{persons['Ani']}",
    )

    assert asked == {"node": {"nik": "************0000"}}


async def test_a_duty_that_is_over_hides_the_person_again(api: Api, build: Build) -> None:
    volunteer = await build.person(name="Hadi", kabupaten_code=FAR, reach="KABUPATEN")
    assignment = await build.assignment(await build.need(), volunteer, status="COMPLETED")

    asked = await api.ask(
        "{ assignments(first: 5) { nodes { id volunteer { name } } } volunteers(first: 5) { totalCount } }",
        actor=await build.coordinator(kabupaten_code=HOME),
    )

    assert asked == {
        "assignments": {"nodes": [{"id": f"Assignment:{assignment}", "volunteer": None}]},
        "volunteers": {"totalCount": 0},
    }


async def test_organizations_are_public_once_verified(api: Api, build: Build) -> None:
    await build.organization(name="Lama")
    pending = await build.organization(name="Baru", verification="PENDING")
    suspended = await build.organization(name="Ditangguhkan", verification="SUSPENDED", kabupaten_code=FAR)
    member = await build.person()
    await build.membership(member, suspended, until=date(2021, 1, 1))
    actors: Actors = {
        "public": None,
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "province": await build.coordinator(province_code="18"),
        "nation": await build.coordinator(),
        "manager": await build.manager(pending),
        "member": await build.self_of(member),
    }
    found: dict[str, list[str]] = {}

    for name, actor in actors.items():
        asked = await api.ask("{ organizations(first: 9) { totalCount nodes { name } } }", actor=actor)
        found[name] = [node["name"] for node in asked["organizations"]["nodes"]]
        assert asked["organizations"]["totalCount"] == len(found[name])

    assert found == {
        "public": ["Lama"],
        "kabupaten": ["Baru", "Lama"],
        "neighbour": ["Lama"],
        "province": ["Ditangguhkan", "Lama"],
        "nation": ["Baru", "Ditangguhkan", "Lama"],
        "manager": ["Baru", "Lama"],
        "member": ["Ditangguhkan", "Lama"],
    }


async def test_an_incident_is_public_once_verified(api: Api, build: Build) -> None:
    for number, status in enumerate(("REPORTED", "VERIFIED", "ACTIVE", "CLOSED")):
        await build.incident([HOME, NEIGHBOUR], status=status, title=status, started_at=NOW - number * DAY)
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    actors: Actors = {
        "public": None,
        "volunteer": await build.self_of(volunteer),
        "manager": await build.manager(organization),
        "far": await build.coordinator(kabupaten_code=FAR),
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "other kabupaten": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "province": await build.coordinator(province_code="62"),
        "nation": await build.coordinator(),
    }
    known = ["VERIFIED", "ACTIVE", "CLOSED"]
    found: dict[str, list[str]] = {}

    for name, actor in actors.items():
        asked = await api.ask("{ incidents(first: 9) { totalCount nodes { title } } }", actor=actor)
        found[name] = [node["title"] for node in asked["incidents"]["nodes"]]
        assert asked["incidents"]["totalCount"] == len(found[name])

    insiders = ("kabupaten", "other kabupaten", "province", "nation")
    assert found == {
        **dict.fromkeys(("public", "volunteer", "manager", "far"), known),
        **{key: ["REPORTED", *known] for key in insiders},
    }


async def test_an_assignment_is_seen_from_both_ends(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    volunteer = await build.volunteer(organization, kabupaten_code=FAR)
    await build.assignment(need, volunteer)
    actors: Actors = {
        "public": None,
        "another volunteer": await build.self_of(await build.person()),
        "another manager": await build.manager(await build.organization()),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "there": await build.coordinator(kabupaten_code=HOME),
        "home": await build.coordinator(kabupaten_code=FAR),
        "home province": await build.coordinator(province_code="18"),
        "nation": await build.coordinator(),
        "volunteer": await build.self_of(volunteer),
        "manager": await build.manager(organization),
    }
    document = """query($need: ID!) { assignments(first: 9) { totalCount }
      node(id: $need) { ... on Need { assignments(first: 9) { totalCount } coverage { offered } } } }"""
    found: dict[str, int] = {}

    for name, actor in actors.items():
        asked = await api.ask(document, actor=actor, need=f"Need:{need}")
        found[name] = asked["assignments"]["totalCount"]
        assert asked["node"] == {"assignments": {"totalCount": found[name]}, "coverage": {"offered": 1}}

    assert found == {
        **dict.fromkeys(("public", "another volunteer", "another manager", "neighbour"), 0),
        **dict.fromkeys(("there", "home", "home province", "nation", "volunteer", "manager"), 1),
    }


async def test_an_account_is_its_owners_only(api: Api, build: Build) -> None:
    owner, nation = await build.coordinator(kabupaten_code=HOME), await build.coordinator()
    document = "query($id: ID!) { me { id roles { kind kabupaten { code } } } node(id: $id) { id } }"

    own = await api.ask(document, actor=owner, id=f"Account:{owner}")
    foreign = await api.ask(document, actor=nation, id=f"Account:{owner}")

    role = {"kind": "COORDINATOR", "kabupaten": {"code": HOME}}
    assert own == {"me": {"id": f"Account:{owner}", "roles": [role]}, "node": {"id": f"Account:{owner}"}}
    assert foreign["node"] is None


async def test_only_the_coordinators_of_a_need_look_for_people(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    volunteer = await build.volunteer(organization)
    document = """query($id: ID!, $volunteer: ID!) { node(id: $id) { ... on Need {
      candidates(first: 1) { totalCount } refusals(volunteer: $volunteer) { code } } } }"""
    actors: Actors = {
        "public": None,
        "volunteer": await build.self_of(volunteer),
        "manager": await build.manager(organization),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "province": await build.coordinator(province_code="62"),
        "nation": await build.coordinator(),
    }

    found = {
        name: (await api.ask(document, actor=actor, id=f"Need:{need}", volunteer=f"Volunteer:{volunteer}"))["node"]
        for name, actor in actors.items()
    }

    assert found == {
        **{key: {"candidates": None, "refusals": None} for key in ("public", "volunteer", "manager", "neighbour")},
        **{key: {"candidates": {"totalCount": 1}, "refusals": []} for key in ("kabupaten", "province", "nation")},
    }


# What one may not see looks exactly like what is not there.


async def hidden(build: Build) -> Mapping[str, uuid.UUID]:
    """One thing of each kind that the coordinator of HOME may not see."""
    organization = await build.organization(verification="PENDING", kabupaten_code=FAR)
    volunteer = await build.volunteer(organization, kabupaten_code=FAR, reach="KABUPATEN")
    need = await build.need(kabupaten_code=FAR)
    row = build.connection.fetchval
    return {
        "Volunteer": volunteer,
        "Organization": organization,
        "Incident": await build.incident([FAR], status="REPORTED"),
        "Assignment": await build.assignment(need, volunteer),
        "Certificate": await row("SELECT id FROM certificate WHERE volunteer_id = $1", volunteer),
        "Membership": await row("SELECT id FROM membership WHERE volunteer_id = $1", volunteer),
        "Licence": await build.row(
            "licence",
            organization_id=organization,
            kind="REGISTRATION",
            number="1",
            issuer="Kemensos",
            valid_from=date(2020, 1, 1),
        ),
        "Account": await build.account(),
    }


async def test_a_hidden_node_is_null_like_one_that_is_not_there(api: Api, build: Build) -> None:
    things, coordinator = await hidden(build), await build.coordinator(kabupaten_code=HOME)
    document = "query($id: ID!, $ids: [ID!]!) { node(id: $id) { id } nodes(ids: $ids) { id } }"

    for actor in (None, coordinator):
        for kind, key in things.items():
            absent = f"{kind}:{uuid.uuid4()}"
            asked = await api.ask(document, actor=actor, id=f"{kind}:{key}", ids=[f"{kind}:{key}", absent])
            assert asked == {"node": None, "nodes": [None, None]}, kind


FILTERS = [
    ("Volunteer", "certificates(first: 5, filter: {volunteer: $id}) { totalCount nodes { id } }"),
    ("Volunteer", "assignments(first: 5, filter: {volunteer: $id}) { totalCount nodes { id } }"),
    ("Organization", "volunteers(first: 5, filter: {organization: $id}) { totalCount nodes { id } }"),
    ("Incident", "needs(first: 5, filter: {incident: $id}) { totalCount nodes { id } }"),
]


@pytest.mark.parametrize(("kind", "root"), FILTERS, ids=lambda value: value.partition("(")[0])
async def test_a_filter_by_a_hidden_thing_finds_what_one_by_an_absent_thing_finds(
    api: Api, build: Build, kind: str, root: str
) -> None:
    things, coordinator = await hidden(build), await build.coordinator(kabupaten_code=HOME)
    # Somebody visible in the hidden organization, and a visible duty of the hidden volunteer.
    await build.membership(await build.person(), things["Organization"])
    await build.assignment(await build.need(), things["Volunteer"], status="COMPLETED")
    document = f"query($id: ID!) {{ {root} }}"

    of_hidden = await api.ask(document, actor=coordinator, id=f"{kind}:{things[kind]}")
    of_absent = await api.ask(document, actor=coordinator, id=f"{kind}:{uuid.uuid4()}")

    assert of_hidden == of_absent


async def test_a_cursor_of_somebody_hidden_reads_on_from_there(api: Api, build: Build) -> None:
    for name, kabupaten in (("Ani", HOME), ("Budi", FAR), ("Citra", HOME)):
        await build.person(name=name, kabupaten_code=kabupaten, reach="KABUPATEN")
    document = "query($after: String) { volunteers(first: 5, after: $after) { nodes { name } edges { cursor } } }"
    everything = await api.ask(document, actor=await build.coordinator())

    asked = await api.ask(
        document,
        actor=await build.coordinator(kabupaten_code=HOME),
        after=everything["volunteers"]["edges"][1]["cursor"],
    )

    assert [node["name"] for node in everything["volunteers"]["nodes"]] == ["Ani", "Budi", "Citra"]
    assert [node["name"] for node in asked["volunteers"]["nodes"]] == ["Citra"]


async def test_the_refusals_of_somebody_hidden_are_those_of_nobody(api: Api, build: Build) -> None:
    things, coordinator = await hidden(build), await build.coordinator(kabupaten_code=HOME)
    need = await build.need()
    document = """query($need: ID!, $id: ID!) { node(id: $need) { ... on Need {
      refusals(volunteer: $id) { code message overridable fact { volunteer { id } startsAt count } } } } }"""

    of_hidden = await api.ask(document, actor=coordinator, need=f"Need:{need}", id=f"Volunteer:{things['Volunteer']}")
    of_absent = await api.ask(document, actor=coordinator, need=f"Need:{need}", id=f"Volunteer:{uuid.uuid4()}")

    assert [refusal["code"] for refusal in of_hidden["node"]["refusals"]] == ["NOT_FOUND"]
    assert of_hidden == of_absent


PERSON = {"name": "Sinta", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan relawan"}
# A good input of each mutation but for the ids, which are filled in where {braces} stand.
INPUTS: Mapping[str, Json] = {
    "declareIncident": {"hazard": "FLOOD", "title": "Banjir", "kabupaten": [HOME], "startedAt": INSTANT},
    "raiseNeed": {
        "incident": "Incident",
        "skill": SKILL,
        "cluster": "HEALTH",
        "kabupaten": HOME,
        "peopleWanted": 1,
        "startsAt": INSTANT,
        "endsAt": (NOW + DAY).isoformat(),
    },
    "registerVolunteer": {**PERSON, "organization": "Organization"},
    "issueCertificate": {
        "volunteer": "Volunteer",
        "issuer": "Organization",
        "type": CERTIFICATE_TYPE,
        "number": "1",
        "issuedOn": "2026-01-01",
    },
    "offerAssignment": {"need": "Need", "volunteer": "Volunteer"},
    "acceptAssignment": {"assignment": "Assignment", "version": 1},
    "declineAssignment": {"assignment": "Assignment", "version": 1},
    "cancelAssignment": {"assignment": "Assignment", "version": 1, "reason": "Batal"},
}
KINDS = ("Incident", "Organization", "Volunteer", "Need", "Assignment")


def document(name: str) -> str:
    payload = name[0].upper() + name[1:]
    return f"""mutation($input: {payload}Input!) {{ {name}(input: $input) {{ __typename
      problems {{ code path message fact {{ startsAt endsAt count limit version volunteer {{ id }} }} }} }} }}"""


def filled(name: str, ids: Mapping[str, uuid.UUID]) -> Json:
    """The input with global ids: those given, or ones of nothing that is there."""
    return {
        field: f"{value}:{ids.get(value) or uuid.uuid4()}" if value in KINDS else value
        for field, value in INPUTS[name].items()
    }


@pytest.mark.parametrize(
    ("name", "field", "kind"),
    [
        ("raiseNeed", "incident", "Incident"),
        ("registerVolunteer", "organization", "Organization"),
        ("issueCertificate", "volunteer", "Volunteer"),
        ("issueCertificate", "issuer", "Organization"),
        ("offerAssignment", "volunteer", "Volunteer"),
        ("acceptAssignment", "assignment", "Assignment"),
        ("declineAssignment", "assignment", "Assignment"),
        ("cancelAssignment", "assignment", "Assignment"),
    ],
)
async def test_a_mutation_does_not_find_what_is_hidden(
    api: Api, build: Build, name: str, field: str, kind: str
) -> None:
    things, organization = await hidden(build), await build.organization()
    good = {"Need": await build.need(), "Volunteer": await build.volunteer(), "Organization": organization}
    # Somebody with every calling, whose scope is HOME and one organization.
    actor = await build.coordinator(kabupaten_code=HOME)
    await build.row("role", account_id=actor, kind="MANAGER", organization_id=organization)
    given = filled(name, good)
    before = await snapshot(build.connection)

    of_hidden = await api.do(document(name), actor=actor, **{**given, field: f"{kind}:{things[kind]}"})
    of_absent = await api.do(document(name), actor=actor, **{**given, field: f"{kind}:{uuid.uuid4()}"})

    assert [(problem["code"], problem["path"]) for problem in of_hidden["problems"]] == [
        ("NOT_FOUND", ["input", field])
    ]
    assert of_hidden == of_absent
    assert await snapshot(build.connection) == before


# Who may call what.


@pytest.mark.parametrize("name", INPUTS)
async def test_only_the_callers_of_a_mutation_may_call_it(api: Api, build: Build, name: str) -> None:
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    actors = {
        "NOBODY": await build.account(),
        "VOLUNTEER": await build.self_of(volunteer),
        "MANAGER": await build.manager(organization),
        "COORDINATOR": await build.coordinator(),
    }
    before = await snapshot(build.connection)

    refused = set()
    for calling, actor in actors.items():
        if calling in CALLERS[camel_to_snake(name)]:
            continue
        payload = await api.do(document(name), actor=actor, **filled(name, {}))
        assert [(problem["code"], problem["path"]) for problem in payload["problems"]] == [("FORBIDDEN", ["input"])]
        refused.add(calling)
    public = await api.errors(document(name), input=filled(name, {}))

    assert refused == set(actors) - CALLERS[camel_to_snake(name)]
    assert public == [("UNAUTHENTICATED", [name])]
    assert await snapshot(build.connection) == before


CALLED = {
    "declareIncident": {"COORDINATOR"},
    "raiseNeed": {"COORDINATOR"},
    "registerVolunteer": {"COORDINATOR", "MANAGER"},
    "issueCertificate": {"COORDINATOR", "MANAGER"},
    "offerAssignment": {"COORDINATOR"},
    "acceptAssignment": {"VOLUNTEER", "MANAGER"},
    "declineAssignment": {"VOLUNTEER", "MANAGER"},
    "cancelAssignment": {"COORDINATOR", "VOLUNTEER", "MANAGER"},
}


def test_the_callers_are_these() -> None:
    assert {camel_to_snake(name): callers for name, callers in CALLED.items()} == CALLERS


@pytest.mark.parametrize(
    ("name", "scope", "field"),
    [
        ("offerAssignment", NEIGHBOUR, "need"),
        ("raiseNeed", NEIGHBOUR, "kabupaten"),
        ("issueCertificate", NEIGHBOUR, "issuer"),
        ("registerVolunteer", NEIGHBOUR, "organization"),
        ("declareIncident", NEIGHBOUR, "kabupaten"),
        ("cancelAssignment", FAR, "assignment"),
    ],
)
async def test_a_coordinator_of_elsewhere_may_not(api: Api, build: Build, name: str, scope: str, field: str) -> None:
    need, incident = await build.need(), await build.incident()
    volunteer = await build.volunteer()
    traveller = await build.volunteer(kabupaten_code=FAR)
    ids = {
        "Need": need,
        "Incident": incident,
        "Volunteer": volunteer,
        "Organization": await build.organization(),
        "Assignment": await build.assignment(need, traveller),
    }
    coordinator = await build.coordinator(kabupaten_code=scope)
    before = await snapshot(build.connection)

    payload = await api.do(document(name), actor=coordinator, **filled(name, ids))

    assert [(problem["code"], problem["path"]) for problem in payload["problems"]] == [("FORBIDDEN", ["input", field])]
    assert await snapshot(build.connection) == before


async def test_a_manager_issues_for_members_in_the_own_name_only(api: Api, build: Build) -> None:
    own, other = await build.organization(), await build.organization()
    member, stranger = await build.person(), await build.person()
    await build.membership(member, own)
    await build.membership(stranger, other)
    manager = await build.manager(own)

    async def codes(volunteer: uuid.UUID, issuer: uuid.UUID) -> list[tuple[str, list[str]]]:
        given = filled("issueCertificate", {"Volunteer": volunteer, "Organization": issuer})
        payload = await api.do(document("issueCertificate"), actor=manager, **given)
        return [(problem["code"], problem["path"]) for problem in payload["problems"]]

    assert await codes(member, other) == [("FORBIDDEN", ["input", "issuer"])]
    assert await codes(stranger, own) == [("NOT_FOUND", ["input", "volunteer"])]
    assert await codes(member, own) == []
    assert await build.connection.fetchval("SELECT count(*) FROM certificate") == 1


@pytest.mark.parametrize("name", ["acceptAssignment", "declineAssignment", "cancelAssignment"])
async def test_the_volunteer_and_todays_manager_answer(api: Api, build: Build, name: str) -> None:
    organization = await build.organization()
    manager, incident = await build.manager(organization), await build.incident()
    found: list[list[str]] = []

    for number, until in enumerate((None, None, NOW.date() - DAY)):
        volunteer = await build.volunteer()
        await build.membership(volunteer, organization, until=until)
        actor = await build.self_of(volunteer) if number == 0 else manager
        assignment = await build.assignment(await build.need(incident), volunteer)
        payload = await api.do(document(name), actor=actor, **filled(name, {"Assignment": assignment}))
        found.append([problem["code"] for problem in payload["problems"]])

    assert found == [[], [], ["NOT_FOUND"]]


# The schema, walked.


def types() -> Iterator[GraphQLNamedType]:
    """Every type of our own."""
    for name, type_ in sorted(core_schema().type_map.items()):
        if not name.startswith("__"):
            yield type_


def test_every_mutation_has_a_verb_and_somebody_who_may_call_it() -> None:
    mutation = core_schema().mutation_type
    assert mutation is not None

    names = {camel_to_snake(name) for name in mutation.fields}

    assert set(VERBS) == names
    assert set(CALLERS) == names
    assert all(CALLERS.values())
    assert all(callers <= {"COORDINATOR", "MANAGER", "VOLUNTEER"} for callers in CALLERS.values())
    assert set(INPUTS) == set(mutation.fields)


def test_every_object_type_has_a_source_that_says_who_sees_it() -> None:
    roots = {core_schema().query_type, core_schema().mutation_type}
    names = {
        type_.name
        for type_ in types()
        if is_object_type(type_) and type_ not in roots and not type_.name.endswith(CONNECTION_TYPES)
    }

    assert set(SOURCES) == names
    assert all(callable(source.visible) for source in SOURCES.values())


def undescribed() -> Iterator[str]:
    for type_ in types():
        if not type_.description:
            yield type_.name
        if is_object_type(type_) or is_interface_type(type_):
            for name, field in cast("GraphQLObjectType", type_).fields.items():
                if not field.description:
                    yield f"{type_.name}.{name}"
                yield from (
                    f"{type_.name}.{name}({argument})" for argument, of in field.args.items() if not of.description
                )
        if is_input_object_type(type_):
            yield from (f"{type_.name}.{name}" for name, of in type_.fields.items() if not of.description)
        if is_enum_type(type_):
            yield from (f"{type_.name}.{name}" for name, of in type_.values.items() if not of.description)


def test_everything_in_the_schema_is_described() -> None:
    standard = {"ID", "String", "Int", "Float", "Boolean"}

    missing = [name for name in undescribed() if name not in standard]

    assert missing == []
