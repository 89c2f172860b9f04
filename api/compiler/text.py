"""Fragments of SQL text: JSON values written as text, and the concatenation of constants with them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class SqlText:
    """An SQL expression as it stands in the statement; names and parameters in it are final."""

    sql: str

    def __str__(self) -> str:
        return self.sql


@dataclass(frozen=True, slots=True)
class ConcatenatedText(SqlText):
    """Parts joined by `||`. The parts are stored too, so that a later concatenation can merge adjacent constants."""

    parts: tuple[SqlText | str, ...]


# Most values are names, ids, codes and instants.
BYTES_PER_VALUE = 24

JSON_NULL = SqlText("'null'")


def constant(text: str) -> str:
    """An SQL string literal. The text comes from the program or from names in a validated document."""
    return "'" + text.replace("'", "''") + "'"


def concatenate(parts: Iterable[SqlText | str]) -> ConcatenatedText:
    """The parts joined by `||`: a `str` is constant text of the answer, an `SqlText` is an SQL expression."""
    merged: list[SqlText | str] = []
    for part in parts:
        for piece in part.parts if isinstance(part, ConcatenatedText) else (part,):
            if isinstance(piece, str) and merged and isinstance(merged[-1], str):
                merged[-1] += piece
            else:
                merged.append(piece)
    texts = [constant(piece) if isinstance(piece, str) else piece.sql for piece in merged]
    return ConcatenatedText(" || ".join(texts), tuple(merged))


def json_object(items: Iterable[tuple[str, SqlText | str]]) -> ConcatenatedText:
    """The text of a JSON object with these keys and values, in this order."""
    parts: list[SqlText | str] = []
    for key, value in items:
        parts += [f'{"," if parts else "{"}"{key}":', value]
    return concatenate([*parts, "}"] if parts else ["{}"])


def text_bytes(text: ConcatenatedText) -> int:
    """About how many bytes the text has in an answer: its constants, and some for each value."""
    return sum(len(part) if isinstance(part, str) else BYTES_PER_VALUE for part in text.parts)


def or_json_null(text: SqlText) -> SqlText:
    """The text, or the JSON null where the text is an SQL null."""
    return SqlText(f"coalesce({text}, 'null')")


def json_list(items: SqlText) -> ConcatenatedText:
    """The text of a JSON list, from the text of its comma-separated items; an SQL null makes an empty list."""
    return concatenate(["[", SqlText(f"coalesce({items}, '')"), "]"])


def text_if(condition: str, text: SqlText) -> SqlText:
    """The text where the condition holds, the JSON null where it does not."""
    return SqlText(f"CASE WHEN {condition} THEN {text} ELSE 'null' END")


def conjunction(conditions: Sequence[str]) -> str:
    """The conditions joined by AND; a condition that is the literal `true` is left out."""
    remaining = [condition for condition in conditions if condition != "true"]
    if len(remaining) < 2:
        return remaining[0] if remaining else "true"
    return " AND ".join(f"({condition})" for condition in remaining)


def disjunction(conditions: Sequence[str]) -> str:
    """At least one of the conditions; false where there are none."""
    return " OR ".join(f"({condition})" for condition in conditions) or "false"


def where_clause(conditions: Sequence[str]) -> str:
    """A WHERE clause with a leading space; empty where every condition is always true."""
    condition = conjunction(conditions)
    return "" if condition == "true" else f" WHERE {condition}"


def needs_no_escaping(type_: sa.types.TypeEngine[object]) -> bool:
    """Whether a value of the type becomes a JSON string by quotes alone."""
    if isinstance(type_, sa.Numeric) and not isinstance(type_, sa.Float):
        return True  # Decimals keep their digits only as text.
    return isinstance(type_, sa.Uuid | sa.Date) or getattr(type_, "json_safe", False)


def json_text(value: str, type_: sa.types.TypeEngine[object], *, nullable: bool = False) -> SqlText:
    """The JSON of an SQL expression as text; timestamps are ISO 8601 in UTC, dates ISO 8601."""
    text: SqlText
    if isinstance(type_, sa.Integer | sa.Boolean):
        text = SqlText(f"CAST({value} AS TEXT)")
    elif needs_no_escaping(type_):
        text = concatenate(['"', SqlText(f"CAST({value} AS TEXT)"), '"'])
    else:
        text = SqlText(f"CAST(to_json({value}) AS TEXT)")
    return or_json_null(text) if nullable else text
