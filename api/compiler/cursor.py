"""Cursors: the values of a row's order columns as base64 of a JSON list.

The list begins with the type and order, so a cursor of another list or order is refused.
"""

import base64
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from api.compiler.error import BadInput
from api.compiler.text import SqlText, concatenate, json_text

# The values that asyncpg sends as PostgreSQL's infinity.
INFINITE_DATES = {"infinity": date.max, "-infinity": date.min}
INFINITE_TIMESTAMPS = {"infinity": datetime.max.replace(tzinfo=UTC), "-infinity": datetime.min.replace(tzinfo=UTC)}


def cursor_sql(tag: str, columns: Sequence[tuple[str, sa.types.TypeEngine[Any]]]) -> SqlText:
    """The SQL expression of a row's cursor; `tag` names the type and the order."""
    parts: list[SqlText | str] = [f'["{tag}"']
    for value, type_ in columns:
        parts += [",", json_text(value, type_)]
    text = concatenate([*parts, "]"])
    # PostgreSQL breaks base64 into lines of 76 characters.
    return SqlText(f"replace(encode(convert_to({text}, 'UTF8'), 'base64'), chr(10), '')")


def decode(cursor: object, tag: str, types: Sequence[sa.types.TypeEngine[Any]], path: tuple[str, ...]) -> list[Any]:
    """The values of a cursor made by `cursor_sql` with the same tag; raises `BadInput` for any other text."""
    try:
        return _values(orjson.loads(base64.b64decode(str(cursor), validate=True)), tag, types)
    except ValueError:  # Broken base64 and broken JSON raise subclasses of ValueError.
        raise BadInput("The cursor does not belong to this list and order.", path) from None


def _values(decoded: object, tag: str, types: Sequence[sa.types.TypeEngine[Any]]) -> list[Any]:
    if not isinstance(decoded, list) or decoded[:1] != [tag]:
        raise ValueError(decoded)
    return [_value(value, type_) for value, type_ in zip(decoded[1:], types, strict=True)]


def _value(value: object, type_: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(type_, sa.Float) and isinstance(value, int | float):
        return float(value)
    if isinstance(type_, sa.Integer) and isinstance(value, int):
        return _checked_integer(value, 64 if isinstance(type_, sa.BigInteger) else 32)
    if not isinstance(value, str) or isinstance(type_, sa.Float | sa.Integer) or "\x00" in value:
        raise ValueError(value)
    return _parse(value, type_)


def _parse(value: str, type_: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(type_, sa.Uuid):
        return UUID(value)
    if isinstance(type_, sa.Numeric):
        return _parse_decimal(value)
    if isinstance(type_, sa.DateTime):
        return _parse_timestamp(value)
    if isinstance(type_, sa.Date):
        return INFINITE_DATES.get(value) or date.fromisoformat(value)
    return value


def _checked_integer(value: int, bits: int) -> int:
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise ValueError(value)
    return value


def _parse_decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None


def _parse_timestamp(text: str) -> datetime:
    if text in INFINITE_TIMESTAMPS:
        return INFINITE_TIMESTAMPS[text]
    timestamp = datetime.fromisoformat(text)
    if timestamp.tzinfo is None:
        raise ValueError(text)
    try:
        return timestamp.astimezone(UTC)
    except OverflowError:  # Within a day of the first or last date that Python has.
        raise ValueError(text) from None
