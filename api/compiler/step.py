"""The steps of a statement: rows of a list, what is joined to them, and their grouping by parent.

The rows of every list are a CTE of their own. What is to be joined to them is joined to all of them at once, and only
then are they grouped: joined row by row beside each parent, it would be looked up as often as there are parents.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from api.compiler.error import BadInput
from api.compiler.template import Row, quoted
from api.compiler.text import Written, all_of
from api.compiler.value import Reader

# PostgreSQL's planner takes seconds for more.
MOST_JOINS = 250


@dataclass(frozen=True, slots=True)
class Join:
    """What stands in FROM under a name of its own, and on what it is joined."""

    what: str
    on: str

    def inner(self) -> str:
        return f" JOIN {self.what} ON {self.on}"

    def left(self, _rows: Row) -> str:
        return f" LEFT JOIN {self.what} ON {self.on}"


@dataclass(slots=True)
class Reached:
    """One thing at most that belongs to each row of a level.

    It is joined to the level; once lists hang below it, it is a `step` of its own, so that it is looked up only once.
    """

    row: Row
    what: str
    on: str
    step: str = ""

    def left(self, rows: Row) -> str:
        if self.step:
            return f" LEFT JOIN {self.step} AS {self.row.name} ON {self.row.name}._up = {rows.column('_number')}"
        return f" LEFT JOIN {self.what} ON {self.on}"

    def written(self, base: str, up: str) -> str:
        """The step, from the rows that it belongs to."""
        columns = ", ".join([f"{up} AS _up", *(f"{self.row.name}.{name}" for name in sorted(self.row.used))])
        return f"{self.step} AS (SELECT {columns} FROM {base} JOIN {self.what} ON {self.on})"


@dataclass(slots=True)
class Level:
    """One step: the rows it stands on (none, at the root), and what is joined to them."""

    rows: Row | None = None
    joins: list[Join | Reached] = field(default_factory=list)
    # The things that are joined already: asked for twice, they are joined once.
    known: dict[Hashable, "Place"] = field(default_factory=dict)

    def select(self, columns: Sequence[str]) -> str:
        """The columns, from all that the level stands on and that is joined to it."""
        if len(self.joins) > MOST_JOINS:
            raise BadInput(f"More than {MOST_JOINS} things are asked of one thing; ask for them in several documents.")
        asked = f"SELECT {', '.join(columns)}"
        if self.rows is not None:
            rows = self.rows
            return f"{asked} FROM {rows.name}{''.join(join.left(rows) for join in self.joins)}"
        return f"{asked} FROM {' CROSS JOIN '.join(join.what for join in self.joins)}" if self.joins else asked


@dataclass(frozen=True, slots=True)
class Place:
    """A row within a level: the level's own, or one reached from it by to-ones; none at the root.

    `sizes` are how many of it there may be: the sizes of the pages around it.
    """

    level: Level
    row: Row | None = None
    walk: tuple[Reached, ...] = ()
    sizes: tuple[Reader, ...] = ()

    def reached(self, reached: Reached) -> "Place":
        """The thing's own place, once it is joined to the level."""
        self.level.joins.append(reached)
        return Place(self.level, reached.row, (*self.walk, reached), self.sizes)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a list: under which name they stand, and how they are joined to the parent.

    `joins` makes the joins once it is known which columns are asked for; the columns are those of the row `inner`.
    `limited` rows are read as they are, before anything is joined to them.
    """

    row: Row
    inner: str
    joins: Callable[[Sequence[str]], Sequence[Join]]
    sizes: tuple[Reader, ...] = ()
    limited: bool = False


def gathered(text: Written, ordering: Sequence[str], keep: Sequence[str] = ()) -> Written:
    """The texts of a group, with commas between, in order."""
    in_order = f" ORDER BY {', '.join(ordering)}" if ordering else ""
    return Written(f"string_agg({text}, ','{in_order}){kept(keep)}")


def kept(keep: Sequence[str]) -> str:
    return f" FILTER (WHERE {all_of(keep)})" if keep else ""


@dataclass(slots=True)
class Steps:
    """The CTEs of a statement, in the order of their need; each is written when all that is asked of it is known."""

    pending: list[Callable[[], str]] = field(default_factory=list)
    count: int = 0

    def name(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def add(self, place: Place, rows: Rows) -> Place:
        """The rows of a list as a step; the place of one of them."""
        base, up = self.base(place)

        def written() -> str:
            own = sorted(rows.row.used - {"_up", "_number"})
            columns = [f"{rows.inner}.{name}" for name in own]
            if up:
                columns.append(f"{up} AS _up")
            if "_number" in rows.row.used:
                columns.append("row_number() OVER () AS _number")
            joins = rows.joins(own)
            found = base + "".join(join.inner() for join in joins) if base else joins[0].what
            how = "MATERIALIZED " if rows.limited else ""
            return f"{rows.row.name} AS {how}(SELECT {', '.join(columns) or '1'} FROM {found})"

        self.pending.append(written)
        return Place(Level(rows.row), rows.row, (), rows.sizes)

    def base(self, place: Place) -> tuple[str, str]:
        """What a step below the place stands on, and the number there of the row of the level; nothing at the root."""
        if place.level.rows is None:
            return "", ""
        base, up = place.level.rows.name, place.level.rows.column("_number")
        for reached in place.walk:
            if not reached.step:
                reached.step = self.name()
                self.pending.append(partial(reached.written, base, up))
            base, up = f"{reached.step} AS {reached.row.name}", f"{reached.row.name}._up"
        return base, up

    def aggregated(self, place: Place, inside: Place, columns: Mapping[str, Written]) -> Mapping[str, Written]:
        """The aggregates of a step, joined to the parent's level: a row per parent that has any, or one at the root."""
        name, rows = self.name(), inside.level.rows
        assert rows is not None
        computed = [f"{text} AS {quoted(column)}" for column, text in columns.items()]
        if place.level.rows is None:
            join = Join(f"({inside.level.select(computed)}) AS {name}", "true")
        else:
            up = rows.column("_up")
            found = f"{inside.level.select([up, *computed])} GROUP BY {up}"
            join = Join(f"({found}) AS {name}", f"{name}._up = {place.level.rows.column('_number')}")
        place.level.joins.append(join)
        return {column: Written(f"{name}.{quoted(column)}") for column in columns}

    def whole(self, statement: str) -> str:
        """The statement under all of its steps."""
        # From the last: what a step asks of an earlier one is known then.
        written = [step() for step in reversed(self.pending)]
        return f"WITH {', '.join(reversed(written))} {statement}" if written else statement
