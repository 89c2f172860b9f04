from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from api.execution.limit import MAX_DEPTH
from api.settings import Limits, Settings
from tests.asking import Api
from tests.builders import Build

MOST_JOINS = 250


@pytest.fixture
def api(api: Api) -> Api:
    """With a higher limit of tokens, so that the limits of the compiler are met first."""
    transport = api.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, Starlette)
    transport.app.state.services = replace(api.services, settings=Settings(limits=Limits(max_tokens=10_000)))
    return api


async def test_nearly_a_thousand_fields_of_one_object_are_answered(api: Api, build: Build) -> None:
    await build.person(name="Sinta")
    nation = await build.coordinator()
    keys = [f"a{number}" for number in range(970)]

    data = await api.ask(f"{{ volunteers(first: 1) {{ nodes {{ {': name '.join(keys)}: name }} }} }}", actor=nation)

    assert data == {"volunteers": {"nodes": [dict.fromkeys(keys, "Sinta")]}}


@pytest.mark.parametrize(
    ("selection", "answer"),
    [
        ("trainedFor { code }", []),
        ("assignments(first: 1) { nodes { id } }", {"nodes": []}),
    ],
    ids=["lists", "connections"],
)
async def test_one_object_may_have_at_most_250_selected_lists(
    api: Api, build: Build, selection: str, answer: object
) -> None:
    await build.person()
    nation = await build.coordinator()
    keys = [f"a{number}" for number in range(MOST_JOINS)]
    most = " ".join(f"{key}: {selection}" for key in keys)

    data = await api.ask(f"{{ volunteers(first: 1) {{ nodes {{ {most} }} }} }}", actor=nation)
    refused = await api.errors(f"{{ volunteers(first: 1) {{ nodes {{ {most} more: {selection} }} }} }}", actor=nation)

    assert data == {"volunteers": {"nodes": [dict.fromkeys(keys, answer)]}}
    assert [code for code, _ in refused] == ["BAD_USER_INPUT"]


async def test_a_to_one_selected_many_times_is_joined_once(api: Api, build: Build) -> None:
    await build.person()
    keys = [f"a{number}" for number in range(2 * MOST_JOINS)]
    home = " ".join(f"{key}: kabupaten {{ code }}" for key in keys)

    data = await api.ask(f"{{ volunteers(first: 1) {{ nodes {{ {home} }} }} }}", actor=await build.coordinator())

    assert data == {"volunteers": {"nodes": [{key: {"code": "62.02"} for key in keys}]}}


async def test_more_roots_than_the_join_limit_are_answered(api: Api) -> None:
    keys = [f"a{number}" for number in range(MOST_JOINS + 1)]
    roots = " ".join(f"{key}: ranks(last: 1) {{ nodes {{ code }} }}" for key in keys)

    assert await api.ask(f"{{ {roots} }}") == {key: {"nodes": [{"code": "TAGANA_UTAMA"}]} for key in keys}


async def test_the_deepest_document_is_answered(api: Api, build: Build) -> None:
    await build.organization(kabupaten_code="11.01")
    steps = (MAX_DEPTH - 4) // 4
    inside = (
        "province { kabupatens(first: 1) { nodes { " * steps
        + "organizations(first: 1) { totalCount }"
        + " } } }" * steps
    )
    document = f"{{ kabupatens(first: 1) {{ nodes {{ {inside} }} }} }}"

    found = await api.ask(document)

    for _ in range(steps):
        found = found["kabupatens"]["nodes"][0]["province"]
    assert found == {"kabupatens": {"nodes": [{"organizations": {"totalCount": 1}}]}}


async def test_a_repeated_id_is_answered_twice(api: Api) -> None:
    data = await api.ask('{ nodes(ids: ["Rank:TAGANA_MUDA", "Rank:NO", "Skill:SHELTER", "Rank:TAGANA_MUDA"]) { id } }')

    rank, skill = {"id": "Rank:TAGANA_MUDA"}, {"id": "Skill:SHELTER"}
    assert data == {"nodes": [rank, None, skill, rank]}


async def test_at_most_a_hundred_ids_are_accepted(api: Api) -> None:
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    found = await api.ask(document, ids=["Skill:SHELTER"] * 100)
    refused = await api.errors(document, ids=["Skill:SHELTER"] * 101)

    assert found == {"nodes": [{"id": "Skill:SHELTER"}] * 100}
    assert refused == [("BAD_USER_INPUT", ["nodes"])]


async def test_at_most_a_hundred_enum_values_are_accepted(api: Api) -> None:
    document = """query($status: [AssignmentStatus!]) {
      assignments(first: 1, filter: {status: {in: $status}}) { totalCount } }"""

    found = await api.ask(document, status=["OFFERED"] * 100)
    refused = await api.errors(document, status=["OFFERED"] * 101)

    assert found == {"assignments": {"totalCount": 0}}
    assert refused == [("BAD_USER_INPUT", ["assignments"])]


@pytest.mark.parametrize("part", ["nodes { code }", "edges { node { code } }"])
async def test_response_keys_may_be_longer_than_postgresql_names(api: Api, part: str) -> None:
    one, other = (f"{'a' * 70}{number}" for number in range(2))

    data = await api.ask(f"{{ clusters(first: 1) {{ {one}: {part} {other}: {part} }} }}")

    assert data["clusters"].keys() == {one, other}
    assert data["clusters"][one] == data["clusters"][other] != []


async def test_a_statement_that_is_too_long_is_refused(api: Api, build: Build) -> None:
    need, person = await build.need(), await build.person()
    refusals = " ".join(f'a{number}: refusals(volunteer: "Volunteer:{person}") {{ code }}' for number in range(40))

    refused = await api.errors(f'{{ node(id: "Need:{need}") {{ ... on Need {{ {refusals} }} }} }}')

    assert refused == [("BAD_USER_INPUT", ["node"])]


async def test_a_search_text_has_at_most_200_characters(api: Api) -> None:
    document = "query($name: String!) { kabupatens(first: 1, filter: {name: {contains: $name}}) { totalCount } }"

    assert await api.ask(document, name="%" * 200) == {"kabupatens": {"totalCount": 0}}
    assert await api.errors(document, name="a" * 201) == [("BAD_USER_INPUT", ["kabupatens"])]
