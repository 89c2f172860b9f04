"""JSON as SQL text: constants, values, and their joining."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from api.compiler.source import Sql


def constant(text: str) -> sa.ColumnElement[str]:
    """Text that the program itself wrote (names of a checked document, braces), put into the SQL as it is."""
    return sa.literal_column("'" + text.replace("'", "''") + "'", sa.Text())


def joined(parts: Iterable[Sql | str]) -> sa.ColumnElement[str]:
    """The parts one after another; neighbouring constants become one."""
    merged: list[Sql | str] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    return _together([constant(part) if isinstance(part, str) else part for part in merged])


def _together(texts: Sequence[Sql]) -> Sql:
    """The two halves, each made first: SQLAlchemy copies what it lengthens, so one by one would take quadratic time."""
    if len(texts) == 1:
        return texts[0]
    middle = len(texts) // 2
    return _together(texts[:middle]).concat(_together(texts[middle:]))


def is_symbol(type_: sa.types.TypeEngine[object]) -> bool:
    """Whether the text of a value needs quotes but no escaping."""
    return isinstance(type_, sa.Uuid | sa.Date) or getattr(type_, "json_safe", False)


def json_text(value: Sql, *, nullable: bool = False) -> sa.ColumnElement[str]:
    """The JSON of a value as text; instants as ISO 8601 in UTC, days as ISO 8601."""
    type_ = value.type
    if isinstance(type_, sa.Integer | sa.Float | sa.Boolean):
        text: sa.ColumnElement[str] = sa.cast(value, sa.Text)
    elif is_symbol(type_):
        text = joined(['"', sa.cast(value, sa.Text), '"'])
    else:
        text = sa.cast(sa.func.to_json(value), sa.Text)
    return sa.func.coalesce(text, constant("null"), type_=sa.Text()) if nullable else text
