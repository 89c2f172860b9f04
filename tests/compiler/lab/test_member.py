"""Interfaces and unions: in to-ones, in lists, in connections."""

from typing import Any

import pytest

from tests.compiler.lab.schema import GUEST, KEEPER, CompilerLab

OYEN, MOLI, AKIK = (
    {"__typename": "Cat", "name": "Oyen"},
    {"__typename": "Dog", "name": "Moli"},
    {"__typename": "Stone", "name": "Akik"},
)
BELANG = {"__typename": "Cat", "name": "Belang"}
NAMED = "{ __typename ... on Named { name } }"


async def shelves(lab: CompilerLab, selection: str, viewer: str = GUEST, **variables: Any) -> list[Any]:
    found = await lab.data(f"{{ shelves(first: 9) {{ nodes {{ {selection} }} }} }}", viewer=viewer, **variables)
    # By name: Kanan, Kiri, Kosong.
    nodes = found["shelves"]["nodes"]
    return [nodes[1], nodes[0], nodes[2]]


async def test_a_to_one_is_the_first_visible_member(lab: CompilerLab) -> None:
    selection = f"best {NAMED} bestPet {{ __typename name }}"

    assert await shelves(lab, selection) == [
        {"best": OYEN, "bestPet": OYEN},
        {"best": MOLI, "bestPet": MOLI},
        {"best": None, "bestPet": None},
    ]
    assert (await shelves(lab, selection, KEEPER))[1] == {"best": BELANG, "bestPet": BELANG}


async def test_a_list_item_without_a_visible_member_is_null(lab: CompilerLab) -> None:
    selection = f"things {NAMED} pets {{ __typename name }}"

    assert await shelves(lab, selection) == [
        {"things": [OYEN, MOLI, AKIK, None], "pets": [OYEN, MOLI, None, None]},
        {"things": [None, MOLI, AKIK], "pets": [None, MOLI, None]},
        {"things": [], "pets": []},
    ]
    assert (await shelves(lab, selection, KEEPER))[1] == {"things": [BELANG] * 3, "pets": [BELANG] * 3}


async def test_an_embedded_field_reads_its_member_from_the_row_of_the_parent(lab: CompilerLab) -> None:
    found = await shelves(lab, f"boxes {{ place thing {NAMED} pet {{ __typename name }} }}")

    assert found[0] == {
        "boxes": [
            {"place": 1, "thing": OYEN, "pet": OYEN},
            {"place": 2, "thing": MOLI, "pet": MOLI},
            {"place": 3, "thing": AKIK, "pet": None},
            {"place": 4, "thing": None, "pet": None},
        ]
    }


async def test_a_connection_counts_rows_without_a_visible_member(lab: CompilerLab) -> None:
    page = f"""thingPage(first: 3) {{ totalCount nodes {NAMED} edges {{ node {NAMED} }}
      pageInfo {{ hasNextPage hasPreviousPage }} }}"""
    first, second, third = await shelves(lab, page)

    assert first["thingPage"] == {
        "totalCount": 4,
        "nodes": [OYEN, MOLI, AKIK],
        "edges": [{"node": OYEN}, {"node": MOLI}, {"node": AKIK}],
        "pageInfo": {"hasNextPage": True, "hasPreviousPage": False},
    }
    assert second["thingPage"]["edges"] == [{"node": None}, {"node": MOLI}, {"node": AKIK}]
    assert third["thingPage"]["nodes"] == []


@pytest.mark.parametrize("order", ["PLACE", "LABEL"])
async def test_paging_a_connection_of_a_union_includes_null_nodes(lab: CompilerLab, order: str) -> None:
    document = f"""query($at: String) {{ things(first: 2, after: $at, orderBy: {order}) {{
      edges {{ cursor node {NAMED} }} pageInfo {{ hasNextPage }} }} }}"""
    whole = (await lab.data(f"{{ things(first: 9, orderBy: {order}) {{ nodes {NAMED} }} }}"))["things"]["nodes"]
    found: list[Any] = []
    at, more = None, True
    while more:
        page = (await lab.data(document, at=at))["things"]
        found += [edge["node"] for edge in page["edges"]]
        at, more = page["edges"][-1]["cursor"], page["pageInfo"]["hasNextPage"]

    assert found == whole
    assert len(found) == 7


async def test_a_connection_of_a_union_can_be_filtered_and_read_from_its_end(lab: CompilerLab) -> None:
    found = await lab.data(
        f'{{ things(last: 1, filter: {{label: {{eq: "a"}}}}) {{ totalCount nodes {NAMED} }} }}', viewer=KEEPER
    )

    assert found == {"things": {"totalCount": 2, "nodes": [BELANG]}}


async def test_the_same_alias_may_name_different_fields_of_different_types(lab: CompilerLab) -> None:
    selection = """things { ... on Cat { says: motto } ... on Dog { says: bark } ... on Stone { says: name }
      kind: __typename }"""

    assert (await shelves(lab, selection))[0] == {
        "things": [
            {"says": "Meong", "kind": "Cat"},
            {"says": "Guk", "kind": "Dog"},
            {"says": "Akik", "kind": "Stone"},
            None,
        ]
    }


async def test_fragments_on_interfaces_and_types_are_merged_in_document_order(lab: CompilerLab) -> None:
    document = """
    query { shelves(first: 1) { nodes { ...S } } }
    fragment S on Shelf { things { ...P ... on Dog { weight name } ...N } }
    fragment P on Pet { id ... on Cat { lives } friend { __typename ... on Named { name } ... on Pet { id } } }
    fragment N on Thing { __typename ... on Named { name } ... on Pet { id } }
    """

    text = await lab.text(document)

    moli_s_friend = '{"__typename":"Cat","name":"Oyen","id":"Cat:1"}'
    assert text == (
        '{"shelves":{"nodes":[{"things":[null,'
        f'{{"id":"Dog:1","friend":{moli_s_friend},"weight":"12.50","name":"Moli","__typename":"Dog"}},'
        '{"__typename":"Stone","name":"Akik"}]}]}}'
    )


async def test_directives_apply_to_fragments_on_types(lab: CompilerLab) -> None:
    selection = """query($pets: Boolean!) { things(first: 3) { nodes {
      ... on Pet @include(if: $pets) { name } ... on Stone @skip(if: $pets) { name } __typename } } }"""

    for pets in (True, False):
        nodes = (await lab.data(selection, pets=pets))["things"]["nodes"]
        assert [node is not None and "name" in node for node in nodes] == [pets, False, pets]


async def test_members_can_be_nested(lab: CompilerLab) -> None:
    found = await shelves(
        lab,
        "bestPet { name friend { name friend { ... on Cat { name shelf { best { ... on Cat { lives } } } } } } }",
    )

    assert found[0] == {
        "bestPet": {
            "name": "Oyen",
            "friend": {"name": "Moli", "friend": {"name": "Oyen", "shelf": {"best": {"lives": 9}}}},
        }
    }


async def test_members_can_have_lists_and_connections_below_them(lab: CompilerLab) -> None:
    found = await shelves(
        lab,
        "things { ... on Cat { shelf { things { __typename } thingPage(last: 1) { nodes { __typename } totalCount } } } }",
        KEEPER,
    )

    left = {"things": [{"__typename": "Cat"}, {"__typename": "Dog"}, {"__typename": "Stone"}, None]}
    right = {"things": [{"__typename": "Cat"}] * 3, "thingPage": {"nodes": [{"__typename": "Cat"}], "totalCount": 3}}
    assert found[0]["things"] == [{"shelf": {**left, "thingPage": {"nodes": [None], "totalCount": 4}}}, {}, {}, None]
    assert found[1]["things"] == [{"shelf": right}] * 3


async def test_a_root_can_be_a_union_or_an_interface(lab: CompilerLab) -> None:
    assert await lab.data(f'{{ mascot {NAMED} node(id: "Dog:1") {{ __typename name }} }}') == {
        "mascot": OYEN,
        "node": MOLI,
    }


async def test_a_hidden_row_is_null_by_its_id(lab: CompilerLab) -> None:
    document = '{ node(id: "Cat:2") { name } }'

    assert await lab.data(document) == {"node": None}
    assert await lab.data(document, viewer=KEEPER) == {"node": {"name": "Belang"}}
