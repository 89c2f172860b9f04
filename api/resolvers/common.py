"""What several nouns answer in the same way."""

import re
from typing import Any

import sqlalchemy as sa

from api.compiler.error import BadInput
from api.compiler.source import Expression, FieldContext, Order, Row, Source, Sql, everybody

LONGEST_SOUGHT = 200  # Characters.


def label(row: Row, context: FieldContext) -> Sql:
    """What people read, in the language asked for."""
    return row.c.label_en if context.arguments["language"] == "EN" else row.c.label_id


LABEL = Expression(label)


def ordered(*names: str, descending: bool = False) -> Order:
    return Order(lambda row: [row.c[name] for name in names], descending)


def contains(name: str) -> Any:
    """The column holds the text, whatever its case; the text's own wildcards mean themselves."""
    return lambda row, context, value: row.c[name].ilike(context.bind(value, pattern))


def pattern(text: str, path: tuple[str, ...]) -> str:
    if len(text) > LONGEST_SOUGHT:
        raise BadInput(f"Look for a text of at most {LONGEST_SOUGHT} characters.", path)
    return "%" + re.sub(r"([\\%_])", r"\\\1", text) + "%"


def among(name: str) -> Any:
    """The column is one of the listed enum values, which are part of the plan."""
    return lambda row, _context, values: row.c[name].in_([str(value) for value in values])


def reference(name: str, table: sa.Table, **fields: Any) -> Source:
    """Labelled reference data, open to the public, in the order of its codes."""
    return Source(
        name,
        table,
        visible=everybody,
        key="code",
        fields={"label": LABEL, **fields},
        orders={"CODE": Order(lambda _row: [])},
    )
