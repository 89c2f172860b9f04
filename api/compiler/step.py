"""The steps of a statement: rows of a list, what is joined to them, and their grouping by parent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api.compiler.error import BadInput
from api.compiler.source import Row, Sql, Truth
from api.compiler.text import constant

Join = tuple[Row, Truth]

# SQLAlchemy walks a chain of joins by recursion, two calls for each; Python allows a thousand in all.
MOST_JOINS = 250


@dataclass(slots=True)
class Level:
    """One step: what it stands on (nothing, at the root), what is joined for its JSON, the number of its rows."""

    base: Row | None = None
    number: Sql | None = None
    joins: list[Join] = field(default_factory=list)

    def select(self, *columns: Sql) -> sa.Select[Any]:
        """The columns, from all that the level stands on and that is joined to it."""
        if len(self.joins) > MOST_JOINS:
            raise BadInput(f"More than {MOST_JOINS} things are asked of one thing; ask for them in several documents.")
        whole = self.base
        for right, on in self.joins:
            whole = right if whole is None else whole.outerjoin(right, on)
        statement: sa.Select[Any] = sa.select(*columns)
        return statement if whole is None else statement.select_from(whole)


@dataclass(frozen=True, slots=True)
class Place:
    """A row within a level: the level's own, or one reached from it by to-ones; none at the root."""

    level: Level
    row: Row | None = None
    walk: tuple[Join, ...] = ()

    def beside(self, statement: sa.Select[Any], name: str) -> Row:
        """The statement as rows that may look at this place's row."""
        return statement.subquery(name) if self.row is None else statement.correlate(self.row).lateral(name)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a list: what to join to the parent, the row itself, its order, and which rows are shown."""

    joins: tuple[Join, ...]
    row: Row
    ordering: Callable[[Row], Sequence[Sql]]
    keep: Callable[[Row], Sequence[Truth]] = lambda _row: ()


def step(
    place: Place, rows: Rows, *, names: Callable[[], str], deep: bool, columns: Callable[[Place], dict[str, Sql]]
) -> Row:
    """The aggregates of a list, joined to the parent's level: a row per parent that has any, or just one at the root.

    `deep` says that other lists hang below, so the rows are kept and numbered for them.
    """
    base = place.level.base
    for right, on in (*place.walk, *rows.joins):
        base = right if base is None else base.join(right, on)
    up = place.level.number
    inside = Place(Level(base), rows.row)
    if deep:
        kept = [] if up is None else [up.label("_up")]
        number = sa.func.row_number().over().label("_number")
        numbered = inside.level.select(*kept, number, *rows.row.c).cte(names())
        up = None if up is None else numbered.c["_up"]
        inside = Place(Level(numbered, numbered.c["_number"]), numbered)
    computed = [column.label(name) for name, column in columns(inside).items()]
    if up is None:
        found = inside.level.select(*computed).subquery(names())
        place.level.joins.append((found, sa.true()))
    else:
        found = inside.level.select(up.label("_up"), *computed).group_by(up).subquery(names())
        place.level.joins.append((found, found.c["_up"] == place.level.number))
    return found


def listed(text: Sql, ordering: Sequence[Sql], keep: Sequence[Truth] = ()) -> Sql:
    """The texts of a group, with commas between, in order."""
    together = sa.func.string_agg(text, aggregate_order_by(constant(","), *ordering), type_=sa.Text())
    return together.filter(*keep) if keep else together
