"""Steps: the CTEs of a statement. Each list is a CTE of its rows, joined to what belongs to them, grouped by parent.

To-one joins and inner lists are joined to all rows of a list at once and grouped by the parent afterwards. Joined beside
each parent instead, they would be looked up once per parent.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from api.compiler.error import BadInput
from api.compiler.template import Row, quoted
from api.compiler.text import SqlText, conjunction
from api.compiler.value import ValueReader

# Read the sizes of a list and of the lists around it.
Sizes = tuple[ValueReader, ...]

# PostgreSQL's planner takes seconds for more.
MAX_JOINS = 250


@dataclass(frozen=True, slots=True)
class Join:
    """An item of FROM with its alias, and the condition that it is joined on."""

    from_item: str
    on: str

    def inner_join(self) -> str:
        return f" JOIN {self.from_item} ON {self.on}"

    def left_join(self, _rows: Row) -> str:
        return f" LEFT JOIN {self.from_item} ON {self.on}"


@dataclass(slots=True)
class JoinedRow:
    """At most one row per row of a query level, LEFT JOINed to it by a to-one.

    Once a list below it needs it, it becomes a step (a CTE) of its own, so that it is looked up only once; `step` is
    the name of that CTE.
    """

    row: Row
    from_item: str
    on: str
    step: str = ""

    def left_join(self, rows: Row) -> str:
        if self.step:
            return f" LEFT JOIN {self.step} AS {self.row.name} ON {self.row.name}._parent = {rows.column('_number')}"
        return f" LEFT JOIN {self.from_item} ON {self.on}"

    def step_sql(self, base: str, parent: str) -> str:
        """The CTE, joined to `base`; `parent` is the expression for the number of the level's row."""
        columns = ", ".join([f"{parent} AS _parent", *(f"{self.row.name}.{name}" for name in sorted(self.row.used))])
        return f"{self.step} AS (SELECT {columns} FROM {base} JOIN {self.from_item} ON {self.on})"


@dataclass(slots=True)
class QueryLevel:
    """One SELECT: the rows that it reads from (none at the root), and what is joined to them."""

    rows: Row | None = None
    joins: list[Join | JoinedRow] = field(default_factory=list)
    # What a to-one leads to, by parent row and declaration, so that selecting it twice joins it once.
    joined_rows: dict[Hashable, "RowRef"] = field(default_factory=dict)

    def select(self, columns: Sequence[str]) -> str:
        """A SELECT of these columns from the level's rows and joins; raises `BadInput` if there are too many joins."""
        if len(self.joins) > MAX_JOINS:
            raise BadInput(f"More than {MAX_JOINS} things are asked of one thing; ask for them in several documents.")
        select = f"SELECT {', '.join(columns)}"
        if self.rows is not None:
            rows = self.rows
            return f"{select} FROM {rows.name}{''.join(join.left_join(rows) for join in self.joins)}"
        return f"{select} FROM {' CROSS JOIN '.join(join.from_item for join in self.joins)}" if self.joins else select


@dataclass(frozen=True, slots=True)
class RowRef:
    """A row within a query level: the level's own, or one joined to it along `join_path`; no row at the root.

    `sizes` read how many such rows there may be: the sizes of the lists around it.
    """

    level: QueryLevel
    row: Row | None = None
    join_path: tuple[JoinedRow, ...] = ()
    sizes: Sizes = ()

    def join(self, joined: JoinedRow) -> "RowRef":
        """Joins the row to the level and returns its reference."""
        self.level.joins.append(joined)
        return RowRef(self.level, joined.row, (*self.join_path, joined), self.sizes)


@dataclass(frozen=True, slots=True)
class ListRows:
    """The rows of a list, and how they are joined to their parents.

    `joins` makes the joins once the columns that are read are known; `inner` is the alias that has those columns.
    With `is_limited` the step is materialized, so that a LIMIT applies before anything is joined to the rows.
    """

    row: Row
    inner: str
    joins: Callable[[Sequence[str]], Sequence[Join]]
    sizes: Sizes = ()
    is_limited: bool = False


def aggregate_texts(text: SqlText, order_by: Sequence[str], conditions: Sequence[str] = ()) -> SqlText:
    """The aggregate that joins the texts of a group with commas, in this order, where the conditions hold."""
    order = f" ORDER BY {', '.join(order_by)}" if order_by else ""
    return SqlText(f"string_agg({text}, ','{order}){filter_clause(conditions)}")


def filter_clause(conditions: Sequence[str]) -> str:
    """The FILTER clause of an aggregate with a leading space; empty without conditions."""
    return f" FILTER (WHERE {conjunction(conditions)})" if conditions else ""


@dataclass(slots=True)
class Steps:
    """The CTEs of a statement in order; each is written last, when all columns that are read from it are known."""

    pending: list[Callable[[], str]] = field(default_factory=list)
    count: int = 0

    def new_name(self) -> str:
        """An alias or CTE name that is unique in the statement."""
        self.count += 1
        return f"t{self.count}"

    def add(self, parent: RowRef, rows: ListRows) -> RowRef:
        """Adds the rows of a list as a step and returns a reference to one of them."""
        base, parent_number = self.base(parent)

        def step_sql() -> str:
            own = sorted(rows.row.used - {"_parent", "_number"})
            columns = [f"{rows.inner}.{name}" for name in own]
            if parent_number:
                columns.append(f"{parent_number} AS _parent")
            if "_number" in rows.row.used:
                columns.append("row_number() OVER () AS _number")
            joins = rows.joins(own)
            source = base + "".join(join.inner_join() for join in joins) if base else joins[0].from_item
            materialized = "MATERIALIZED " if rows.is_limited else ""
            return f"{rows.row.name} AS {materialized}(SELECT {', '.join(columns) or '1'} FROM {source})"

        self.pending.append(step_sql)
        return RowRef(QueryLevel(rows.row), rows.row, (), rows.sizes)

    def base(self, parent: RowRef) -> tuple[str, str]:
        """The FROM item that a step below the row starts from, and its expression for the number of the level's row.

        Both are empty at the root. To-ones on the way to the row become steps.
        """
        if parent.level.rows is None:
            return "", ""
        base, number = parent.level.rows.name, parent.level.rows.column("_number")
        for joined in parent.join_path:
            if not joined.step:
                joined.step = self.new_name()
                self.pending.append(partial(joined.step_sql, base, number))
            base, number = f"{joined.step} AS {joined.row.name}", f"{joined.row.name}._parent"
        return base, number

    def aggregate(self, parent: RowRef, inside: RowRef, columns: Mapping[str, SqlText]) -> Mapping[str, SqlText]:
        """Groups the level of `inside` by parent, joins the groups to the parent's level, and returns their columns.

        At the root there is one group. A parent without rows has no group, so its columns are null.
        """
        name, rows = self.new_name(), inside.level.rows
        assert rows is not None
        aggregates = [f"{text} AS {quoted(column)}" for column, text in columns.items()]
        if parent.level.rows is None:
            join = Join(f"({inside.level.select(aggregates)}) AS {name}", "true")
        else:
            number = rows.column("_parent")
            groups = f"{inside.level.select([number, *aggregates])} GROUP BY {number}"
            join = Join(f"({groups}) AS {name}", f"{name}._parent = {parent.level.rows.column('_number')}")
        parent.level.joins.append(join)
        return {column: SqlText(f"{name}.{quoted(column)}") for column in columns}

    def with_clause(self) -> str:
        """The WITH clause with all steps, followed by a space; empty without steps. To be written after the SELECT."""
        # The last step is written first: it decides which columns are read from the earlier ones.
        texts = [step_sql() for step_sql in reversed(self.pending)]
        return f"WITH {', '.join(reversed(texts))} " if texts else ""
