"""Lists whose rows come from Python, with references that the statement resolves."""

from datetime import UTC, datetime
from typing import Any

from tests.compiler.lab.schema import KEEPER, CompilerLab

NOTHING: list[Any] = []
AT = datetime(2026, 3, 1, 1, 0, 0, 1, tzinfo=UTC)
NAMES = ("number", "reason", "at", "cat_id", "dog_id", "stone_id", "shelf_id")


def rows(*each: tuple[Any, ...]) -> dict[str, list[Any]]:
    """A column of values for each name."""
    padded = [(*row, *[None] * (len(NAMES) - len(row))) for row in each]
    return {name: [row[index] for row in padded] for index, name in enumerate(NAMES)}


async def test_rows_are_answered_in_their_order(lab: CompilerLab) -> None:
    input_rows = rows((3, "tiga"), (1, None), (3, 'sa"tu\\', AT), (-2_147_483_648, "🌋"))

    assert await lab.rows_from_python("{ number reason at }", input_rows) == [
        {"number": 3, "reason": "tiga", "at": None},
        {"number": 1, "reason": None, "at": None},
        {"number": 3, "reason": 'sa"tu\\', "at": "2026-03-01T01:00:00.000001+00:00"},
        {"number": -2_147_483_648, "reason": "🌋", "at": None},
    ]


async def test_no_rows_are_an_empty_list(lab: CompilerLab) -> None:
    assert await lab.rows_from_python("{ number cat { name } }", rows()) == []


async def test_references_of_the_rows_are_subject_to_policies_and_guards(lab: CompilerLab) -> None:
    input_rows = rows((1, None, None, "1"), (2, None, None, "2"), (3, None, None, "99"), (4,), (5, None, None, "1"))
    selection = "{ number cat { name secret } }"

    found = [step["cat"] for step in await lab.rows_from_python(selection, input_rows)]
    keeper_found = [step["cat"] for step in await lab.rows_from_python(selection, input_rows, viewer=KEEPER)]

    oyen = {"name": "Oyen", "secret": None}
    assert found == [oyen, None, None, None, oyen]
    assert keeper_found[:2] == [{"name": "Oyen", "secret": "Takut air"}, {"name": "Belang", "secret": "Suka mandi"}]


async def test_a_row_leads_to_its_first_visible_member(lab: CompilerLab) -> None:
    input_rows = rows((1, None, None, *"211"), (2, None, None, *"221"), (3, None, None, *"22"))

    found = await lab.rows_from_python("{ thing { __typename ... on Named { name } } }", input_rows)

    assert found == [
        {"thing": {"__typename": "Dog", "name": "Moli"}},
        {"thing": {"__typename": "Stone", "name": "Akik"}},
        {"thing": None},
    ]


async def test_rows_can_have_lists_and_connections_below_them(lab: CompilerLab) -> None:
    input_rows = rows(
        *((number, None, None, None, None, None, shelf) for number, shelf in enumerate(("2", "1", "2", "3", None)))
    )
    selection = "{ number shelf { name boxes { place } thingPage(last: 1) { totalCount nodes { __typename } } } }"

    found = await lab.rows_from_python(selection, input_rows)

    right = {
        "name": "Kanan",
        "boxes": [{"place": 1}, {"place": 2}, {"place": 3}],
        "thingPage": {"totalCount": 3, "nodes": [{"__typename": "Stone"}]},
    }
    left = {
        "name": "Kiri",
        "boxes": [{"place": 1}, {"place": 2}, {"place": 3}, {"place": 4}],
        "thingPage": {"totalCount": 4, "nodes": [None]},
    }
    empty = {"name": "Kosong", "boxes": [], "thingPage": {"totalCount": 0, "nodes": []}}
    assert [step["shelf"] for step in found] == [right, left, right, empty, None]
    assert [step["number"] for step in found] == [0, 1, 2, 3, 4]


async def test_a_thousand_references_are_read_by_one_statement(lab: CompilerLab) -> None:
    input_rows = rows(*((number, None, None, str(1 + number % 2)) for number in range(1_000)))

    found = await lab.rows_from_python("{ number cat { lives friend { name } } }", input_rows, viewer=KEEPER)

    assert [step["number"] for step in found] == list(range(1_000))
    assert found[:2] == [
        {"number": 0, "cat": {"lives": 9, "friend": {"name": "Moli"}}},
        {"number": 1, "cat": {"lives": 3, "friend": None}},
    ]
