"""Cursors: where a page ended, as the values of its order, in the clear but for base64.

A cursor names its type and order, so one that comes from elsewhere is refused and never misread.
"""

import base64
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from api.compiler.error import BadInput
from api.compiler.text import Written, joined, json_text


def written(tag: str, columns: Sequence[tuple[str, sa.types.TypeEngine[Any]]]) -> Written:
    """The SQL that writes the cursor of a row."""
    parts: list[Written | str] = [f'["{tag}"']
    for value, type_ in columns:
        parts += [",", json_text(value, type_)]
    text = joined([*parts, "]"])
    # PostgreSQL breaks base64 into lines of 76 characters.
    return Written(f"replace(encode(convert_to({text}, 'UTF8'), 'base64'), chr(10), '')")


def read(cursor: object, tag: str, types: Sequence[sa.types.TypeEngine[Any]], path: tuple[str, ...]) -> list[Any]:
    """The values inside a cursor that `written` wrote for the same order."""
    try:
        return _values(orjson.loads(base64.b64decode(str(cursor), validate=True)), tag, types)
    except ValueError:  # Broken base64 and broken JSON are values of this kind too.
        raise BadInput("The cursor does not belong to this list and order.", path) from None


def _values(found: object, tag: str, types: Sequence[sa.types.TypeEngine[Any]]) -> list[Any]:
    if not isinstance(found, list) or found[:1] != [tag]:
        raise ValueError(found)
    return [_value(value, type_) for value, type_ in zip(found[1:], types, strict=True)]


def _value(value: object, type_: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(type_, sa.Float) and isinstance(value, int | float):
        return float(value)
    if isinstance(type_, sa.Integer) and isinstance(value, int) and abs(value) < 2**31:
        return value
    if not isinstance(value, str):
        raise ValueError(value)
    if isinstance(type_, sa.Uuid):
        return UUID(value)
    if isinstance(type_, sa.DateTime):
        return _instant(value)
    if isinstance(type_, sa.Date):
        # asyncpg stands the last day of Python for infinity.
        return date.max if value == "infinity" else date.fromisoformat(value)
    if isinstance(type_, sa.Float | sa.Integer) or "\x00" in value:
        raise ValueError(value)
    return value


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    try:
        return instant.astimezone(UTC)
    except OverflowError:  # Within a day of the calendar's ends.
        raise ValueError(text) from None
