"""What every table shares: names of constraints, keys, the version that an update must have read."""

import time
import uuid
from secrets import token_bytes
from typing import Any

import sqlalchemy as sa

from api.models.choice import Choice


def new_id() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562, method 3): ordered by the 4,096th of a millisecond of its making, otherwise random.

    So things that one change makes one after the other are in that order.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    raw = bytearray(milliseconds.to_bytes(6) + (nanoseconds * 4096 // 1_000_000).to_bytes(2) + token_bytes(8))
    raw[6] |= 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(raw))


class Symbol(sa.TypeDecorator[str]):
    """Text of letters, digits, dot, dash and underscore only (a check holds it), so JSON needs no escaping."""

    impl = sa.Text
    cache_ok = True
    json_safe = True  # Read by the compiler.


class Chosen(Symbol):
    """One of the members of a `Choice`; the table's CHECK and the GraphQL enum are made from it."""

    cache_ok = True

    def __init__(self, choice: type[Choice]) -> None:
        super().__init__()
        self.choice = choice


class Cube(sa.types.UserDefinedType[str]):
    """A point in space; on the unit globe for a place on earth. Chords order places like distances on the ground."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "cube"


METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

TableItem = sa.Column[Any] | sa.Constraint | sa.Index

INSTANT = sa.DateTime(timezone=True)


def table(name: str, *items: TableItem) -> sa.Table:
    """A table; each column that holds a choice gets its CHECK."""
    made = sa.Table(name, METADATA, *items)
    for column in made.c:
        if isinstance(column.type, Chosen):
            made.append_constraint(_one_of(column.name, column.type.choice))
    return made


def required(name: str, type_: Any = sa.Text, *details: Any, **options: Any) -> sa.Column[Any]:
    """A column that every row fills."""
    return sa.Column(name, type_, *details, nullable=False, **options)


def optional(name: str, type_: Any = sa.Text, *details: Any, **options: Any) -> sa.Column[Any]:
    """A column that a row may leave empty."""
    return sa.Column(name, type_, *details, nullable=True, **options)


def references(target: str) -> sa.ForeignKey:
    return sa.ForeignKey(target)


def labelled() -> list[TableItem]:
    """Reference data: a code that never changes, and what people read, in Indonesian and English."""
    code = sa.Column("code", Symbol, primary_key=True)
    return [code, required("label_id"), required("label_en"), retired_on(), symbol("code")]


def retired_on() -> sa.Column[Any]:
    """From this day on, the code is refused in new inputs; it is never deleted, so that what has it stays readable."""
    return optional("retired_on", sa.Date)


def record() -> list[TableItem]:
    """A thing that is made, changed and found by a key that tells nothing."""
    return [
        sa.Column("id", sa.Uuid, primary_key=True),
        required("created_at", INSTANT, server_default=sa.func.now()),
    ]


def versioned() -> list[TableItem]:
    """A thing that several people change: an update names the version it read."""
    return [
        *record(),
        required("updated_at", INSTANT, server_default=sa.func.now()),
        required("version", sa.Integer, server_default="1"),
    ]


def endless_index(table: str, column: str) -> sa.Index:
    """For the order by a day that may be null, which comes after every day."""
    return sa.Index(f"ix_{table}_{column}_id", sa.text(f"coalesce({column}, 'infinity'::date)"), "id")


def _one_of(column: str, choice: type[Choice]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{member}'" for member in choice)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def symbol(column: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} ~ '^[A-Za-z0-9._-]+$'", name=f"{column}_symbol")
