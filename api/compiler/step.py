"""The steps of a statement: rows of a list, what is joined to them, and their grouping by parent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api.compiler.source import Row, Sql, Truth
from api.compiler.text import constant

Join = tuple[Row, Truth]


@dataclass(slots=True)
class Level:
    """One step: what it stands on (nothing, at the root), what is joined for its JSON, the number of its rows."""

    base: Row | None = None
    number: Sql | None = None
    joins: list[Join] = field(default_factory=list)

    def everything(self) -> Row | None:
        whole = self.base
        for right, on in self.joins:
            whole = right if whole is None else whole.outerjoin(right, on)
        return whole


@dataclass(frozen=True, slots=True)
class Place:
    """A row within a level: the level's own, or one reached from it by to-ones; none at the root."""

    level: Level
    row: Row | None = None
    walk: tuple[Join, ...] = ()

    def beside(self, statement: sa.Select[tuple[object, ...]], name: str) -> Row:
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
        numbered = sa.select(*kept, number, *rows.row.c).select_from(inside.level.base).cte(names())
        up = None if up is None else numbered.c["_up"]
        inside = Place(Level(numbered, numbered.c["_number"]), numbered)
    computed = [column.label(name) for name, column in columns(inside).items()]
    if up is None:
        found = sa.select(*computed).select_from(inside.level.everything()).subquery(names())
        place.level.joins.append((found, sa.true()))
    else:
        grouped = sa.select(up.label("_up"), *computed).select_from(inside.level.everything()).group_by(up)
        found = grouped.subquery(names())
        place.level.joins.append((found, found.c["_up"] == place.level.number))
    return found


def listed(text: Sql, ordering: Sequence[Sql], keep: Sequence[Truth] = ()) -> Sql:
    """The texts of a group, with commas between, in order."""
    together = sa.func.string_agg(text, aggregate_order_by(constant(","), *ordering), type_=sa.Text())
    return together.filter(*keep) if keep else together
