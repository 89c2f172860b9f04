"""Interfaces whose objects are all made of one row, and objects without a table of their own."""

from typing import Any

from tests.compiler.lab.schema import KEEPER, CompilerLab

CONTENT = """{ __typename place ... on Full { label shout(times: 2) pet { name } shelf { name } }
  ... on Empty { reason shelf { id } } }"""


def full(place: int, label: str, pet: str) -> Any:
    """A box of the shelf 1 with a label."""
    shown = {"place": place, "label": label, "shout": label.upper() * 2}
    return {"__typename": "Full", **shown, "pet": {"name": pet}, "shelf": {"name": "Kiri"}}


EMPTY = {"__typename": "Empty", "place": 3, "reason": "kosong", "shelf": {"id": "Shelf:1"}}


async def shelf(lab: CompilerLab, selection: str, id_: str = "1", viewer: str = "guest") -> Any:
    return (await lab.data(f'{{ shelf(id: "{id_}") {{ {selection} }} }}', viewer=viewer))["shelf"]


async def test_a_row_is_of_the_type_whose_condition_holds_or_null(lab: CompilerLab) -> None:
    found = await shelf(lab, f"contents {CONTENT}")

    assert found == {"contents": [full(1, "a", "Oyen"), full(2, "b", "Moli"), EMPTY, None]}


async def test_policies_apply_below_a_variant(lab: CompilerLab) -> None:
    selection = "contents { ... on Full { pet { name } } }"

    found = await shelf(lab, selection, "2")
    keeper_found = await shelf(lab, selection, "2", KEEPER)

    assert found == {"contents": [{"pet": None}, {"pet": {"name": "Moli"}}, {"pet": None}]}
    assert keeper_found == {"contents": [{"pet": {"name": "Belang"}}] * 3}


async def test_variants_are_paged_and_counted_like_rows(lab: CompilerLab) -> None:
    page = f"contentPage(last: 2) {{ totalCount nodes {CONTENT} edges {{ node {{ __typename }} }} }}"

    assert await shelf(lab, page) == {
        "contentPage": {
            "totalCount": 4,
            "nodes": [EMPTY, None],
            "edges": [{"node": {"__typename": "Empty"}}, {"node": None}],
        }
    }


async def test_a_variant_is_embedded_in_the_row_that_it_is_made_of(lab: CompilerLab) -> None:
    found = await shelf(lab, f"boxes {{ content {CONTENT} }}")

    assert [box["content"] for box in found["boxes"]] == [full(1, "a", "Oyen"), full(2, "b", "Moli"), EMPTY, None]


async def test_an_embedded_object_is_null_where_it_does_not_exist(lab: CompilerLab) -> None:
    await lab.connection.execute("INSERT INTO lab_cat VALUES ('3', 'Liar', 1, '', NULL, 'HAPPY', false, NULL, NULL)")
    selection = "{ place { name shelf { name } } homePlace { name shelf { id } } }"

    at_home = await lab.data(f'{{ cat(id: "1") {selection} }}')
    stray = await lab.data(f'{{ cat(id: "3") {selection} }}')

    place = {"name": "Oyen", "shelf": {"name": "Kiri"}}
    assert at_home == {"cat": {"place": place, "homePlace": {"name": "Kiri", "shelf": {"id": "Shelf:1"}}}}
    assert stray == {"cat": {"place": None, "homePlace": None}}


async def test_an_embedded_object_is_null_where_its_guard_does_not_hold(lab: CompilerLab) -> None:
    document = '{ cat(id: "1") { secretPlace { name } place { name } } }'

    found = await lab.data(document)
    keeper_found = await lab.data(document, viewer=KEEPER)

    assert found == {"cat": {"secretPlace": None, "place": {"name": "Oyen"}}}
    assert keeper_found == {"cat": {"secretPlace": {"name": "Oyen"}, "place": {"name": "Oyen"}}}
