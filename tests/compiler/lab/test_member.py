"""Interfaces and unions: in to-ones, in lists, in connections."""

from typing import Any

import pytest

from tests.compiler.lab.museum import GUEST, KEEPER, Museum

OYEN, MOLI, AKIK = (
    {"__typename": "Cat", "name": "Oyen"},
    {"__typename": "Dog", "name": "Moli"},
    {"__typename": "Stone", "name": "Akik"},
)
BELANG = {"__typename": "Cat", "name": "Belang"}
NAMED = "{ __typename ... on Named { name } }"


async def shelves(museum: Museum, asked: str, viewer: str = GUEST, **variables: Any) -> list[Any]:
    found = await museum.context(f"{{ shelves(first: 9) {{ nodes {{ {asked} }} }} }}", viewer=viewer, **variables)
    # By name: Kanan, Kiri, Kosong.
    nodes = found["shelves"]["nodes"]
    return [nodes[1], nodes[0], nodes[2]]


async def test_a_to_one_is_the_first_member_that_is_there_and_may_be_seen(museum: Museum) -> None:
    asked = f"best {NAMED} bestPet {{ __typename name }}"

    assert await shelves(museum, asked) == [
        {"best": OYEN, "bestPet": OYEN},
        {"best": MOLI, "bestPet": MOLI},
        {"best": None, "bestPet": None},
    ]
    assert (await shelves(museum, asked, KEEPER))[1] == {"best": BELANG, "bestPet": BELANG}


async def test_a_list_holds_null_where_no_member_can_be_seen(museum: Museum) -> None:
    asked = f"things {NAMED} pets {{ __typename name }}"

    assert await shelves(museum, asked) == [
        {"things": [OYEN, MOLI, AKIK, None], "pets": [OYEN, MOLI, None, None]},
        {"things": [None, MOLI, AKIK], "pets": [None, MOLI, None]},
        {"things": [], "pets": []},
    ]
    assert (await shelves(museum, asked, KEEPER))[1] == {"things": [BELANG] * 3, "pets": [BELANG] * 3}


async def test_a_part_reads_its_member_from_the_parents_row(museum: Museum) -> None:
    found = await shelves(museum, f"boxes {{ place thing {NAMED} pet {{ __typename name }} }}")

    assert found[0] == {
        "boxes": [
            {"place": 1, "thing": OYEN, "pet": OYEN},
            {"place": 2, "thing": MOLI, "pet": MOLI},
            {"place": 3, "thing": AKIK, "pet": None},
            {"place": 4, "thing": None, "pet": None},
        ]
    }


async def test_a_connection_pages_over_rows_whatever_their_members_are(museum: Museum) -> None:
    page = f"""thingPage(first: 3) {{ totalCount nodes {NAMED} edges {{ node {NAMED} }}
      pageInfo {{ hasNextPage hasPreviousPage }} }}"""
    first, second, third = await shelves(museum, page)

    assert first["thingPage"] == {
        "totalCount": 4,
        "nodes": [OYEN, MOLI, AKIK],
        "edges": [{"node": OYEN}, {"node": MOLI}, {"node": AKIK}],
        "pageInfo": {"hasNextPage": True, "hasPreviousPage": False},
    }
    assert second["thingPage"]["edges"] == [{"node": None}, {"node": MOLI}, {"node": AKIK}]
    assert third["thingPage"]["nodes"] == []


@pytest.mark.parametrize("order", ["PLACE", "LABEL"])
async def test_a_walk_over_a_connection_of_a_union_passes_what_is_null(museum: Museum, order: str) -> None:
    document = f"""query($at: String) {{ things(first: 2, after: $at, orderBy: {order}) {{
      edges {{ cursor node {NAMED} }} pageInfo {{ hasNextPage }} }} }}"""
    whole = (await museum.context(f"{{ things(first: 9, orderBy: {order}) {{ nodes {NAMED} }} }}"))["things"]["nodes"]
    found: list[Any] = []
    at, more = None, True
    while more:
        page = (await museum.context(document, at=at))["things"]
        found += [edge["node"] for edge in page["edges"]]
        at, more = page["edges"][-1]["cursor"], page["pageInfo"]["hasNextPage"]

    assert found == whole
    assert len(found) == 7


async def test_a_filter_and_the_end_of_a_list_work_for_a_union_too(museum: Museum) -> None:
    found = await museum.context(
        f'{{ things(last: 1, filter: {{label: "a"}}) {{ totalCount nodes {NAMED} }} }}', viewer=KEEPER
    )

    assert found == {"things": {"totalCount": 2, "nodes": [BELANG]}}


async def test_the_same_alias_means_another_field_in_each_branch(museum: Museum) -> None:
    asked = """things { ... on Cat { says: motto } ... on Dog { says: bark } ... on Stone { says: name }
      kind: __typename }"""

    assert (await shelves(museum, asked))[0] == {
        "things": [
            {"says": "Meong", "kind": "Cat"},
            {"says": "Guk", "kind": "Dog"},
            {"says": "Akik", "kind": "Stone"},
            None,
        ]
    }


async def test_fragments_on_interfaces_and_types_are_merged_in_order_of_their_mention(museum: Museum) -> None:
    document = """
    query { shelves(first: 1) { nodes { ...S } } }
    fragment S on Shelf { things { ...P ... on Dog { weight name } ...N } }
    fragment P on Pet { id ... on Cat { lives } friend { __typename ... on Named { name } ... on Pet { id } } }
    fragment N on Thing { __typename ... on Named { name } ... on Pet { id } }
    """

    text = await museum.text(document)

    moli_s_friend = '{"__typename":"Cat","name":"Oyen","id":"Cat:1"}'
    assert text == (
        '{"shelves":{"nodes":[{"things":[null,'
        f'{{"id":"Dog:1","friend":{moli_s_friend},"weight":"12.50","name":"Moli","__typename":"Dog"}},'
        '{"__typename":"Stone","name":"Akik"}]}]}}'
    )


async def test_directives_choose_a_branch(museum: Museum) -> None:
    asked = """query($pets: Boolean!) { things(first: 3) { nodes {
      ... on Pet @include(if: $pets) { name } ... on Stone @skip(if: $pets) { name } __typename } } }"""

    for pets in (True, False):
        nodes = (await museum.context(asked, pets=pets))["things"]["nodes"]
        assert [node is not None and "name" in node for node in nodes] == [pets, False, pets]


async def test_members_are_followed_through_members(museum: Museum) -> None:
    found = await shelves(
        museum,
        "bestPet { name friend { name friend { ... on Cat { name shelf { best { ... on Cat { lives } } } } } } }",
    )

    assert found[0] == {
        "bestPet": {
            "name": "Oyen",
            "friend": {"name": "Moli", "friend": {"name": "Oyen", "shelf": {"best": {"lives": 9}}}},
        }
    }


async def test_lists_hang_below_a_member(museum: Museum) -> None:
    found = await shelves(
        museum,
        "things { ... on Cat { shelf { things { __typename } thingPage(last: 1) { nodes { __typename } totalCount } } } }",
        KEEPER,
    )

    left = {"things": [{"__typename": "Cat"}, {"__typename": "Dog"}, {"__typename": "Stone"}, None]}
    right = {"things": [{"__typename": "Cat"}] * 3, "thingPage": {"nodes": [{"__typename": "Cat"}], "totalCount": 3}}
    assert found[0]["things"] == [{"shelf": {**left, "thingPage": {"nodes": [None], "totalCount": 4}}}, {}, {}, None]
    assert found[1]["things"] == [{"shelf": right}] * 3


async def test_a_root_leads_to_a_member(museum: Museum) -> None:
    assert await museum.context(f'{{ mascot {NAMED} node(id: "Dog:1") {{ __typename name }} }}') == {
        "mascot": OYEN,
        "node": MOLI,
    }


async def test_a_hidden_member_is_null_by_its_id(museum: Museum) -> None:
    document = '{ node(id: "Cat:2") { name } }'

    assert await museum.context(document) == {"node": None}
    assert await museum.context(document, viewer=KEEPER) == {"node": {"name": "Belang"}}
