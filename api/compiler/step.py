"""The steps of a statement: rows of a list, what is joined to them, and their grouping by parent.

The rows of every list are a CTE of their own. What is to be joined to them is joined to all of them at once, and only
then are they grouped: joined row by row beside each parent, it would be looked up as often as there are parents.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from api.compiler.error import BadInput
from api.compiler.template import Row, quoted
from api.compiler.text import Written, all_of
from api.compiler.value import Reader

# PostgreSQL's planner takes seconds for more.
MOST_JOINS = 250


@dataclass(frozen=True, slots=True)
class Join:
    """What stands in FROM under the name of its row, and on what it is joined."""

    what: str
    on: str

    def inner(self) -> str:
        return f" JOIN {self.what} ON {self.on}"

    def left(self) -> str:
        return f" LEFT JOIN {self.what} ON {self.on}"


@dataclass(slots=True)
class Level:
    """One step: the rows it stands on (none, at the root), and what is joined to them."""

    rows: Row | None = None
    joins: list[Join] = field(default_factory=list)
    # The things that are joined already: asked for twice, they are joined once.
    reached: dict[Hashable, "Place"] = field(default_factory=dict)

    def select(self, columns: Sequence[str]) -> str:
        """The columns, from all that the level stands on and that is joined to it."""
        if len(self.joins) > MOST_JOINS:
            raise BadInput(f"More than {MOST_JOINS} things are asked of one thing; ask for them in several documents.")
        joins = self.joins
        if self.rows is not None:
            base = self.rows.name
        elif joins:
            base, joins = joins[0].what, joins[1:]
        else:
            return f"SELECT {', '.join(columns)}"
        return f"SELECT {', '.join(columns)} FROM {base}{''.join(join.left() for join in joins)}"


@dataclass(frozen=True, slots=True)
class Place:
    """A row within a level: the level's own, or one reached from it by to-ones; none at the root.

    `sizes` are how many of it there may be: the sizes of the pages around it.
    """

    level: Level
    row: Row | None = None
    walk: tuple[Join, ...] = ()
    sizes: tuple[Reader, ...] = ()

    def inside(self, row: Row, join: Join) -> "Place":
        """The row that is joined to this place."""
        return Place(self.level, row, (*self.walk, join), self.sizes)


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

        def written() -> str:
            own = sorted(rows.row.used - {"_up", "_number"})
            columns = [f"{rows.inner}.{name}" for name in own]
            if place.level.rows is not None:
                columns.append(f"{place.level.rows.column('_number')} AS _up")
            if "_number" in rows.row.used:
                columns.append("row_number() OVER () AS _number")
            joins = [*place.walk, *rows.joins(own)]
            base = "" if place.level.rows is None else place.level.rows.name
            if not base:
                base, joins = joins[0].what, joins[1:]
            how = "MATERIALIZED " if rows.limited else ""
            found = f"SELECT {', '.join(columns) or '1'} FROM {base}{''.join(join.inner() for join in joins)}"
            return f"{rows.row.name} AS {how}({found})"

        self.pending.append(written)
        if place.level.rows is not None:
            place.level.rows.column("_number")
        return Place(Level(rows.row), rows.row, (), rows.sizes)

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
