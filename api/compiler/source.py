"""How a type is read, as data: the declarations that the compiler turns into SQL.

A `Row` is whatever stands in FROM for one thing: the table under an alias, or a step of the statement with its columns.
A `Viewer` is what the domain's access rules need to know of the asker; the compiler only hands it on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import sqlalchemy as sa

Row = sa.FromClause
Viewer = Any  # The domain's own type; the compiler knows nothing of the domain.
Sql = sa.ColumnElement[Any]  # An expression of any SQL type; its type travels with it at run time.
Condition = sa.ColumnElement[bool]
Guard = Callable[[Viewer, Row], Condition]

# From the value that was given, and the path of its field, to the one that is bound; raises `BadInput`.
Convert = Callable[[Any, tuple[str, ...]], Any]


class FieldContext(Protocol):
    """What a declaration may use: who asks, and the arguments of its field as bound values."""

    @property
    def viewer(self) -> Viewer: ...

    @property
    def arguments(self) -> Mapping[str, object]:
        """The field's arguments; values that vary between requests of one plan are slots, to be bound."""

    def bind(self, value: object, convert: Convert | None = None) -> Sql:
        """An argument's value as a bound parameter of the SQL type that its Python type has, converted at each request."""

    def key(self, value: object, name: str) -> Sql:
        """The key inside a global id of the type `name`, as a bound parameter."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A field computed from its row; with a guard it is null to whom the guard does not hold."""

    sql: Callable[[Row, FieldContext], Sql]
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class ToOne:
    """At most one other thing. `visible_with_parent` says that who sees the parent sees it too, by the parent's own policy."""

    target: str
    on: Callable[[Row, Row], Condition]
    visible_with_parent: bool = False


@dataclass(frozen=True, slots=True)
class Embedded:
    """An object without a table: it reads from its parent's row, or from one row computed beside it."""

    target: str
    computed_row: Callable[[Row, FieldContext], sa.Select[Any]] | None = None


@dataclass(frozen=True, slots=True)
class ToMany:
    """All of a short list, found in one of three ways.

    `on` joins the target's table, `through` selects the keys of the targets, `rows` computes the targets themselves.
    """

    target: str
    order: str
    on: Callable[[Row, Row], Condition] | None = None
    through: Callable[[Row, FieldContext], sa.Select[Any]] | None = None
    rows: Callable[[Row, FieldContext], sa.SelectBase] | None = None
    visible_with_parent: bool = False
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class ToConnection:
    """A connection: a window over an ordered list, found again by keyset."""

    target: str
    on: Callable[[Row, Row], Condition] | None = None
    visible_with_parent: bool = False
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class TieredConnection:
    """A connection over computed rows in stages: a later one is read only while the earlier ones fill no page."""

    target: str
    tiers: tuple[Callable[[Row, FieldContext], sa.Select[Any]], ...]
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class SingleRow:
    """A root whose type shows to each viewer one thing at most."""

    target: str


@dataclass(frozen=True, slots=True)
class ByIds:
    """A root that finds things of any type by their global ids; `plural` says a list of them."""

    argument: str
    plural: bool


@dataclass(frozen=True, slots=True)
class RowsFromPython:
    """A root that Python has decided: a row of values, which the plan takes as parameters.

    `plural` says a list of rows: each value is a list then, and all that the rows refer to is read in one statement.
    """

    target: str
    values: Mapping[str, sa.types.TypeEngine[Any]]
    plural: bool = False


Field = Expression | ToOne | Embedded | ToMany | ToConnection | TieredConnection
Root = ToConnection | SingleRow | ByIds | RowsFromPython


@dataclass(frozen=True, slots=True)
class Order:
    """A total order once the key is added; all columns run the same way, so that a row comparison finds the place."""

    columns: Callable[[Row], Sequence[Sql]]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """How one type is read. Every type says who may see its rows; `True` in `visible` means everybody.

    An interface or union has `members`: each leads from the row to a thing of one type, and the first that is there and
    may be seen is the object. A row without one is null.
    """

    name: str
    table: sa.Table | None
    visible: Callable[[Viewer, Row], Condition]
    key: str = "id"
    fields: Mapping[str, Field] = field(default_factory=dict)
    orders: Mapping[str, Order] = field(default_factory=dict)
    filters: Mapping[str, Callable[[Row, FieldContext, object], Condition]] = field(default_factory=dict)
    node: bool = True
    members: tuple[ToOne, ...] = ()


def everybody(_viewer: Viewer, _row: Row) -> Condition:
    """Open to the public."""
    return sa.true()


@cache  # One for each name, so that what was compiled for it is found again.
def column(name: str) -> Expression:
    """The column of that name."""
    return Expression(lambda row, _context: row.c[name])


def equals(column: str) -> Callable[[Row, FieldContext, object], Condition]:
    return lambda row, context, value: row.c[column] == context.bind(value)


def refers_to(column: str, name: str) -> Callable[[Row, FieldContext, object], Condition]:
    """The column holds the key of the thing whose global id is given."""
    return lambda row, context, value: row.c[column] == context.key(value, name)
