import pytest

from api.resolvers.limit import MAX_DEPTH
from tests.asking import Api
from tests.builders import Build

MOST_JOINS = 250


async def test_a_thing_is_asked_for_nearly_two_thousand_fields(api: Api, build: Build) -> None:
    await build.person(name="Sinta")
    nation = await build.coordinator()
    keys = [f"a{number}" for number in range(1_990)]

    data = await api.ask(f"{{ volunteers(first: 1) {{ nodes {{ {': name '.join(keys)}: name }} }} }}", actor=nation)

    assert data == {"volunteers": {"nodes": [dict.fromkeys(keys, "Sinta")]}}


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("trainedFor { code }", []),
        ("assignments(first: 1) { nodes { id } }", {"nodes": []}),
    ],
    ids=["lists", "connections"],
)
async def test_a_thing_is_asked_for_at_most_250_others(api: Api, build: Build, asked: str, answer: object) -> None:
    await build.person()
    nation = await build.coordinator()
    keys = [f"a{number}" for number in range(MOST_JOINS)]
    most = " ".join(f"{key}: {asked}" for key in keys)

    data = await api.ask(f"{{ volunteers(first: 1) {{ nodes {{ {most} }} }} }}", actor=nation)
    refused = await api.errors(f"{{ volunteers(first: 1) {{ nodes {{ {most} more: {asked} }} }} }}", actor=nation)

    assert data == {"volunteers": {"nodes": [dict.fromkeys(keys, answer)]}}
    assert [code for code, _ in refused] == ["BAD_USER_INPUT"]


async def test_a_thing_that_is_reached_many_times_is_joined_once(api: Api, build: Build) -> None:
    await build.person()
    keys = [f"a{number}" for number in range(2 * MOST_JOINS)]
    home = " ".join(f"{key}: kabupaten {{ code }}" for key in keys)

    data = await api.ask(f"{{ volunteers(first: 1) {{ nodes {{ {home} }} }} }}", actor=await build.coordinator())

    assert data == {"volunteers": {"nodes": [{key: {"code": "62.02"} for key in keys}]}}


async def test_many_roots_are_answered_however_many(api: Api) -> None:
    keys = [f"a{number}" for number in range(MOST_JOINS + 1)]
    roots = " ".join(f"{key}: ranks(last: 1) {{ nodes {{ code }} }}" for key in keys)

    assert await api.ask(f"{{ {roots} }}") == {key: {"nodes": [{"code": "TAGANA_UTAMA"}]} for key in keys}


async def test_the_deepest_document_is_answered(api: Api, build: Build) -> None:
    await build.organization(kabupaten_code="11.01")
    steps = (MAX_DEPTH - 4) // 4
    inside = (
        "province { kabupaten(first: 1) { nodes { " * steps
        + "organizations(first: 1) { totalCount }"
        + " } } }" * steps
    )
    document = f"{{ kabupaten(first: 1) {{ nodes {{ {inside} }} }} }}"

    found = await api.ask(document)

    for _ in range(steps):
        found = found["kabupaten"]["nodes"][0]["province"]
    assert found == {"kabupaten": {"nodes": [{"organizations": {"totalCount": 1}}]}}


async def test_things_asked_for_twice_by_their_ids_come_twice(api: Api) -> None:
    data = await api.ask('{ nodes(ids: ["Rank:TAGANA_MUDA", "Rank:NO", "Skill:SHELTER", "Rank:TAGANA_MUDA"]) { id } }')

    rank, skill = {"id": "Rank:TAGANA_MUDA"}, {"id": "Skill:SHELTER"}
    assert data == {"nodes": [rank, None, skill, rank]}


async def test_a_hundred_ids_are_the_most(api: Api) -> None:
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    found = await api.ask(document, ids=["Skill:SHELTER"] * 100)
    refused = await api.errors(document, ids=["Skill:SHELTER"] * 101)

    assert found == {"nodes": [{"id": "Skill:SHELTER"}] * 100}
    assert refused == [("BAD_USER_INPUT", ["nodes"])]


async def test_a_list_of_choices_has_an_end(api: Api) -> None:
    document = "query($status: [AssignmentStatus!]) { assignments(first: 1, filter: {status: $status}) { totalCount } }"

    found = await api.ask(document, status=["OFFERED"] * 100)
    refused = await api.errors(document, status=["OFFERED"] * 101)

    assert found == {"assignments": {"totalCount": 0}}
    assert refused == [("BAD_USER_INPUT", ["assignments"])]


@pytest.mark.parametrize("part", ["nodes { code }", "edges { node { code } }"])
async def test_keys_may_be_longer_than_names_in_the_database(api: Api, part: str) -> None:
    one, other = (f"{'a' * 70}{number}" for number in range(2))

    data = await api.ask(f"{{ clusters(first: 1) {{ {one}: {part} {other}: {part} }} }}")

    assert data["clusters"].keys() == {one, other}
    assert data["clusters"][one] == data["clusters"][other] != []


async def test_a_statement_has_an_end(api: Api, build: Build) -> None:
    need, person = await build.need(), await build.person()
    refusals = " ".join(f'a{number}: refusals(volunteer: "Volunteer:{person}") {{ code }}' for number in range(40))

    refused = await api.errors(f'{{ node(id: "Need:{need}") {{ ... on Need {{ {refusals} }} }} }}')

    assert refused == [("BAD_USER_INPUT", ["node"])]


async def test_a_text_that_is_looked_for_has_an_end(api: Api) -> None:
    document = "query($name: String!) { kabupaten(first: 1, filter: {name: $name}) { totalCount } }"

    assert await api.ask(document, name="%" * 200) == {"kabupaten": {"totalCount": 0}}
    assert await api.errors(document, name="a" * 201) == [("BAD_USER_INPUT", ["kabupaten"])]


async def test_the_schema_is_looked_at_twice_at_most(api: Api) -> None:
    looks = [f"a{number}: __schema {{ queryType {{ name }} }}" for number in range(3)]

    found = await api.ask(f"{{ {' '.join(looks[:2])} }}")
    refused = await api.errors(f"{{ {' '.join(looks)} }}")

    assert found == {"a0": {"queryType": {"name": "Query"}}, "a1": {"queryType": {"name": "Query"}}}
    assert refused == [("DOCUMENT_TOO_LARGE", None)]
