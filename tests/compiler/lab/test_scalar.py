"""The JSON text of values of every SQL type, and cursors made of them."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from tests.compiler.lab.schema import CompilerLab

TEXTS = (
    "",
    '"',
    "\\",
    "\\u0041",
    "'",
    "''; --",
    "$1 $$ %s :name",
    "\n\r\t\b\f",
    "\x01\x02\x1f\x7f",
    "\u2028\u2029",
    "🌋👩🏽‍🚒",
    "محمد\u202e عبد",
    "é\u0301",
    "</script><!--",
    "\ufeff\uffff",
    "x" * 5_000,
)
# The column, the stored value, and its JSON text.
VALUES: list[tuple[str, Any, str]] = [
    *(("small", number, str(number)) for number in (0, -1, 32_767, -32_768)),
    *(("large", number, str(number)) for number in (2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 0)),
    ("exact", Decimal("0.10"), '"0.10"'),
    ("exact", Decimal("-12345678901234567890.123456789"), '"-12345678901234567890.123456789"'),
    ("exact", Decimal("1E+3"), '"1000"'),
    ("rough", 0.1, "0.1"),
    ("rough", 5.0, "5"),
    ("rough", -0.0, "-0"),
    ("rough", 1e-7, "1e-07"),
    ("rough", 1.7976931348623157e308, "1.7976931348623157e+308"),
    ("rough", 123.45678901234567, "123.45678901234567"),
    ("single", 0.5, "0.5"),
    ("flag", True, "true"),
    ("flag", False, "false"),
    ("day", date(2026, 3, 1), '"2026-03-01"'),
    ("day", date(1, 1, 2), '"0001-01-02"'),
    ("day", date.max, '"infinity"'),
    ("day", date.min, '"-infinity"'),
    ("moment", datetime(2026, 3, 1, 1, tzinfo=UTC), '"2026-03-01T01:00:00+00:00"'),
    ("moment", datetime(2026, 3, 1, 1, 0, 0, 1, tzinfo=UTC), '"2026-03-01T01:00:00.000001+00:00"'),
    ("moment", datetime(2026, 3, 1, 1, 0, 0, 120_000, tzinfo=UTC), '"2026-03-01T01:00:00.12+00:00"'),
    ("moment", datetime.fromisoformat("2026-03-01T08:00:00+07:00"), '"2026-03-01T01:00:00+00:00"'),
    ("moment", datetime.fromisoformat("1945-08-17T10:00:00+07:30"), '"1945-08-17T02:30:00+00:00"'),
    ("moment", datetime.max.replace(tzinfo=UTC), '"infinity"'),
    ("moment", datetime.min.replace(tzinfo=UTC), '"-infinity"'),
    ("letters", "Sembilan9", '"Sembilan9"'),
    ("key", UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
    ("mood", "CROSS", '"CROSS"'),
    ("list", [], "[]"),
    ("list", [1, 2], "[1,2]"),
]
COLUMNS = sorted({name for name, _, _ in VALUES} | {"text"})


async def put(lab: CompilerLab, column: str, *values: Any) -> None:
    for number, value in enumerate(values, 1):
        await lab.connection.execute(f'INSERT INTO lab_value (id, "{column}") VALUES ($1, $2)', str(number), value)


@pytest.mark.parametrize(("column", "value", "written"), VALUES, ids=lambda value: str(value)[:30])
async def test_a_value_has_this_json_text(lab: CompilerLab, column: str, value: Any, written: str) -> None:
    await put(lab, column, value)

    found = await lab.text(f"{{ values(first: 1) {{ nodes {{ {column} }} }} }}")

    assert found == f'{{"values":{{"nodes":[{{"{column}":{written}}}]}}}}'
    json.loads(found)


async def test_texts_are_returned_unchanged(lab: CompilerLab) -> None:
    await put(lab, "text", *TEXTS)

    found = await lab.data("{ values(first: 100, orderBy: TEXT) { nodes { id text } } }")

    texts = {node["id"]: node["text"] for node in found["values"]["nodes"]}
    assert texts == {f"Value:{number}": text for number, text in enumerate(TEXTS, 1)}


async def test_null_is_null_in_every_type(lab: CompilerLab) -> None:
    await lab.connection.execute("INSERT INTO lab_value (id) VALUES ('1')")

    found = await lab.data(f"{{ values(first: 1, orderBy: LARGE) {{ nodes {{ {' '.join(COLUMNS)} longMoment }} }} }}")

    assert found == {"values": {"nodes": [{**dict.fromkeys(COLUMNS), "longMoment": "infinity"}]}}


WALKED: list[tuple[str, str, list[Any]]] = [
    ("LARGE", "large", [-(2**63), -(2**53) - 1, -(2**53), 0, 2**53, 2**53 + 1, 2**53 + 2, 2**63 - 1]),
    ("EXACT", "exact", [Decimal("-1.10"), Decimal("0.1000000000000000055"), Decimal("0.1000000000000000056")]),
    ("ROUGH", "rough", [-1e308, -0.1, 5e-324, 0.1, 0.1 + 2**-56, 1e308]),
    ("DAY", "day", [date.min, date(1, 1, 2), date(2026, 3, 1), date(9999, 12, 30), date.max]),
    (
        "MOMENT",
        "moment",
        [
            datetime.min.replace(tzinfo=UTC),
            datetime(2026, 3, 1, 1, 0, 0, 1, tzinfo=UTC),
            datetime(2026, 3, 1, 1, 0, 0, 2, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
            datetime.max.replace(tzinfo=UTC),
        ],
    ),
    ("TEXT", "text", ["", '"', "\\", "a", "🌋"]),
]


@pytest.mark.parametrize(("order", "column", "values"), WALKED, ids=[walk[0] for walk in WALKED])
@pytest.mark.parametrize("way", ["first: 1, after", "last: 1, before"])
async def test_a_cursor_holds_its_value_exactly(
    lab: CompilerLab, order: str, column: str, values: list[Any], way: str
) -> None:
    await put(lab, column, *values)
    document = f"""query($at: String) {{ values({way}: $at, orderBy: {order}) {{ edges {{ cursor node {{ id }} }}
      pageInfo {{ hasNextPage hasPreviousPage }} }} }}"""
    found: list[str] = []
    at, more = None, True
    while more and len(found) <= len(values):
        page = (await lab.data(document, at=at))["values"]
        found += [edge["node"]["id"] for edge in page["edges"]]
        at = page["edges"][-1]["cursor"]
        more = page["pageInfo"]["hasNextPage" if "first" in way else "hasPreviousPage"]

    whole = await lab.connection.fetch(f'SELECT id FROM lab_value ORDER BY "{column}"')
    ids = [f"Value:{row['id']}" for row in whole]
    assert found == (ids if "first" in way else ids[::-1])


async def test_a_descending_order_applies_to_all_its_columns(lab: CompilerLab) -> None:
    for number, (large, text) in enumerate([(2**53, "b"), (2**53 + 1, "a"), (2**53 + 1, "b"), (2**53, "a")], 1):
        await lab.connection.execute(
            "INSERT INTO lab_value (id, large, text) VALUES ($1, $2, $3)", str(number), large, text
        )

    found = await lab.data("{ values(first: 9, orderBy: FALLING) { edges { cursor node { id } } } }")
    edges = found["values"]["edges"]
    rest = await lab.data(
        "query($at: String!) { values(first: 9, after: $at, orderBy: FALLING) { nodes { id } } }", at=edges[1]["cursor"]
    )

    assert [edge["node"]["id"] for edge in edges] == ["Value:3", "Value:2", "Value:1", "Value:4"]
    assert rest == {"values": {"nodes": [{"id": "Value:1"}, {"id": "Value:4"}]}}
