"""SQL as it is written: constants, values as JSON text, and their joining."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Written:
    """An expression as it stands in a statement; parameters and rows in it are settled."""

    sql: str

    def __str__(self) -> str:
        return self.sql


@dataclass(frozen=True, slots=True)
class Joined(Written):
    """Texts one after another, remembered apart, so that constants that meet become one."""

    parts: tuple[Written | str, ...]


NULL = Written("'null'")


def constant(text: str) -> str:
    """Text that the program itself wrote (names of a checked document, braces), put into the SQL as it is."""
    return "'" + text.replace("'", "''") + "'"


def joined(parts: Iterable[Written | str]) -> Joined:
    """The parts one after another: text of the answer itself as `str`, what the database finds as `Written`."""
    merged: list[Written | str] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Joined) else (part,):
            if isinstance(piece, str) and merged and isinstance(merged[-1], str):
                merged[-1] += piece
            else:
                merged.append(piece)
    texts = [constant(piece) if isinstance(piece, str) else piece.sql for piece in merged]
    return Joined(" || ".join(texts), tuple(merged))


def as_object(items: Iterable[tuple[str, Written | str]]) -> Joined:
    """The JSON object of keys and values, in their order."""
    parts: list[Written | str] = []
    for key, value in items:
        parts += [f'{"," if parts else "{"}"{key}":', value]
    return joined([*parts, "}"] if parts else ["{}"])


def or_null(text: Written) -> Written:
    return Written(f"coalesce({text}, 'null')")


def as_list(items: Written) -> Joined:
    """The JSON list of texts with commas between, empty where there are none."""
    return joined(["[", Written(f"coalesce({items}, '')"), "]"])


def case(condition: str, text: Written) -> Written:
    """The text where the condition holds, null where it does not."""
    return Written(f"CASE WHEN {condition} THEN {text} ELSE 'null' END")


def all_of(conditions: Sequence[str]) -> str:
    """The conjunction, without what is always true."""
    found = [condition for condition in conditions if condition != "true"]
    if len(found) < 2:
        return found[0] if found else "true"
    return " AND ".join(f"({condition})" for condition in found)


def where(conditions: Sequence[str]) -> str:
    whole = all_of(conditions)
    return "" if whole == "true" else f" WHERE {whole}"


def is_symbol(type_: sa.types.TypeEngine[object]) -> bool:
    """Whether the text of a value needs quotes but no escaping."""
    if isinstance(type_, sa.Numeric) and not isinstance(type_, sa.Float):
        return True  # Decimals keep their digits only as text.
    return isinstance(type_, sa.Uuid | sa.Date) or getattr(type_, "json_safe", False)


def json_text(value: str, type_: sa.types.TypeEngine[object], *, nullable: bool = False) -> Written:
    """The JSON of a value as text; instants as ISO 8601 in UTC, days as ISO 8601."""
    text: Written
    if isinstance(type_, sa.Integer | sa.Boolean):
        text = Written(f"CAST({value} AS TEXT)")
    elif is_symbol(type_):
        text = joined(['"', Written(f"CAST({value} AS TEXT)"), '"'])
    else:
        text = Written(f"CAST(to_json({value}) AS TEXT)")
    return or_null(text) if nullable else text
