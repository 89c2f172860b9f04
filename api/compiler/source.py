"""Declarations of how types are read; the compiler turns them into SQL.

A `Row` is an item of FROM whose columns a declaration reads: a table, or a step of the statement.
A `Viewer` is the domain's value for the kind of actor; the compiler only passes it to policies and guards.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import sqlalchemy as sa

Row = sa.FromClause
Viewer = Any  # Hashable, as it is part of cache keys; the compiler knows nothing else of it.
Sql = sa.ColumnElement[Any]  # An expression of any SQL type, which is its attribute `type` at run time.
Condition = sa.ColumnElement[bool]
Guard = Callable[[Viewer, Row], Condition]
PairPolicy = Callable[[Viewer, Row, Row], Condition]  # Of the second row, beside the first.

# Converts an argument's value to the one that is bound, given the response path of its field; raises `BadInput`.
Convert = Callable[[Any, tuple[str, ...]], Any]


class FieldContext(Protocol):
    """What a declaration can use besides its row: the viewer, and the arguments of its field."""

    @property
    def viewer(self) -> Viewer: ...

    @property
    def arguments(self) -> Mapping[str, object]:
        """The field's arguments by snake_case name; values that differ between requests of one plan are slots to `bind`."""

    def bind(self, value: object, convert: Convert | None = None, type_: sa.types.TypeEngine[Any] | None = None) -> Sql:
        """An argument as a bound parameter; its SQL type follows from its Python type, unless one is given.

        `convert` runs at each request.
        """

    def key(self, value: object, name: str) -> Sql:
        """The key of a global id of the type `name`, as a bound parameter; a bare code is accepted for coded things.

        The whole read is refused where there is no such thing for the viewer.
        """

    def keys(self, values: object, name: str) -> Sql:
        """As `key`, for a list of ids: an array."""

    def sees(self, name: str, key: Sql) -> Condition:
        """Whether there is a thing of the type with this key that the viewer may see."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A field computed from its row; null where its guard does not hold for the viewer."""

    sql: Callable[[Row, FieldContext], Sql]
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class ToOne:
    """At most one other row. `visible_with_parent`: its policy is skipped, as the parent's policy implies it."""

    target: str
    on: Callable[[Row, Row], Condition]
    visible_with_parent: bool = False
    guard: Guard | None = None
    column: str | None = None  # The foreign key that `on` compares, where that is all.


@dataclass(frozen=True, slots=True)
class Embedded:
    """An object without a table of its own: it reads from its parent's row, or from `computed_row`.

    It is null where the parent's row does not meet `exists`, or where the guard does not hold.
    """

    target: str
    computed_row: Callable[[Row, FieldContext], sa.Select[Any]] | None = None
    exists: Callable[[Row], Condition] | None = None
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class ToMany:
    """A short list without pages, declared by exactly one of `on`, `through` and `rows`.

    `on` joins the target's table, `through` selects the keys of the targets, `rows` computes the targets themselves.
    """

    target: str
    order: str
    on: Callable[[Row, Row], Condition] | None = None
    through: Callable[[Row, FieldContext], sa.Select[Any]] | None = None
    rows: Callable[[Row, FieldContext], sa.SelectBase] | None = None
    visible_with_parent: bool = False
    guard: Guard | None = None
    by: str | None = None  # The target's foreign key that `on` compares, where that is all.


@dataclass(frozen=True, slots=True)
class ToConnection:
    """A Relay connection: a window over an ordered list, with keyset cursors.

    `policy` is the target's row policy beside the row that has the connection, from which a part of it may follow.
    """

    target: str
    on: Callable[[Row, Row], Condition] | None = None
    visible_with_parent: bool = False
    guard: Guard | None = None
    by: str | None = None  # The target's foreign key that `on` compares, where that is all.
    policy: PairPolicy | None = None


@dataclass(frozen=True, slots=True)
class TieredConnection:
    """A connection over computed rows in tiers: a tier is read only if the tiers before it do not fill the page.

    At the root, where there is no row, the tiers get one without columns.
    """

    target: str
    tiers: tuple[Callable[[Row, FieldContext], sa.SelectBase], ...]
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class SingleRow:
    """A root that reads the one row of its type that the viewer may see; with `guard`, that also meets this."""

    target: str
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class ById:
    """A root that reads the row of one type by its argument `id`, a global id or a bare code; null if there is none.

    With `of`, the argument names a thing of that type, to which the target's `column` refers; at most one row that meets
    `guard` does so.
    """

    target: str
    argument: str = "id"
    of: str | None = None
    column: str | None = None
    guard: Guard | None = None


@dataclass(frozen=True, slots=True)
class ByIds:
    """A root that reads rows of any type by global id; with `plural` the argument is a list of ids."""

    argument: str
    plural: bool


@dataclass(frozen=True, slots=True)
class RowsFromPython:
    """A root whose row is computed in Python: its column values are parameters of the plan.

    With `plural` it is a list of rows: each value is a list, and all that the rows refer to is read by one statement.
    """

    target: str
    values: Mapping[str, sa.types.TypeEngine[Any]]
    plural: bool = False


Field = Expression | ToOne | Embedded | ToMany | ToConnection | TieredConnection
Root = ToConnection | TieredConnection | SingleRow | ById | ByIds | RowsFromPython


@dataclass(frozen=True, slots=True)
class Order:
    """An order; the compiler adds the key to make it total. One direction for all columns allows a row comparison.

    With `is_computed` the columns are computed for every row of the list, which adds to the cost of the document.
    """

    columns: Callable[[Row], Sequence[Sql]]
    descending: bool = False
    is_computed: bool = False


@dataclass(frozen=True, slots=True)
class ArgumentOrder:
    """The order of a list that is given the argument of its name, in place of `orderBy`; its columns see the arguments.

    No index serves it for all viewers, so it adds to the cost of the document.
    """

    columns: Callable[[Row, FieldContext], Sequence[Sql]]
    descending: bool = False
    is_computed: bool = True


@dataclass(frozen=True, slots=True)
class Variant:
    """One type of an interface whose objects are all made of the same row: it is this one when the condition holds."""

    target: str
    when: Callable[[Row], Condition]


@dataclass(frozen=True, slots=True)
class Source:
    """How one type is read; `visible` is its row policy, required for every type.

    An interface or union has `members`: each leads from the row to a row of one type. The first member with a row that
    the viewer may see is the object; without one the object is null. Or it has `variants`, of which the row itself is
    one. `node` says that the type has global ids. `replaced_keys` are former keys, each with the one in force.
    So has the table `former_keys` in its first two columns; they go on leading to their things.
    """

    name: str
    table: sa.Table | None
    visible: Callable[[Viewer, Row], Condition]
    key: str = "id"
    fields: Mapping[str, Field] = field(default_factory=dict)
    orders: Mapping[str, Order] = field(default_factory=dict)
    argument_orders: Mapping[str, ArgumentOrder] = field(default_factory=dict)
    filters: Mapping[str, Callable[[Row, FieldContext, object], Condition]] = field(default_factory=dict)
    node: bool = True
    replaced_keys: Mapping[str, str] = field(default_factory=dict)
    former_keys: sa.Table | None = None
    members: tuple[ToOne, ...] = ()
    variants: tuple[Variant, ...] = ()


def everybody(_viewer: Viewer, _row: Row) -> Condition:
    """The policy of types that the public may see."""
    return sa.true()


@cache  # One object for each name, as templates are cached by the identity of their declaration.
def column(name: str) -> Expression:
    """A field that is the column of that name."""
    return Expression(lambda row, _context: row.c[name])
