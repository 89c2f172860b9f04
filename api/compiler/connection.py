"""Relay connections: a page per parent with its nodes and edges, its page info, and the total count."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from graphql import GraphQLNamedType, is_object_type

from api.compiler.selection import Document, SelectedField, SelectionSets
from api.compiler.source import ArgumentOrder, Guard, PairPolicy, Source, TieredConnection, ToConnection, Viewer
from api.compiler.step import Join, ListRows, RowRef, Sizes, Steps, aggregate_texts, filter_clause
from api.compiler.template import NO_ROW, Row, RowType, Templates
from api.compiler.text import ConcatenatedText, SqlText, concatenate, json_list, json_object, or_json_null, where_clause
from api.compiler.value import Arguments, Binds, Path
from api.compiler.window import MAX_PAGE_SIZE, OrderColumn, Window

# Rows that a connection over computed rows, or in a computed order, adds to the document's cost: it reads many more
# rows than it returns.
COMPUTED_LIST_ROWS = 1_000

# Makes an aggregate over the rows of a page, from a reference to one of them.
Aggregate = Callable[[RowRef], SqlText]


class ObjectBuilder(Protocol):
    """The part of `build.Builder` that connections use."""

    document: Document
    sources: Mapping[str, Source]
    templates: Templates
    viewer: Viewer
    binds: Binds
    steps: Steps
    list_sizes: list[Sizes]

    def object(
        self, ref: RowRef, source: Source, type_: GraphQLNamedType, sets: SelectionSets, path: Path
    ) -> SqlText: ...
    def count_bytes(self, ref: RowRef, text: ConcatenatedText) -> None: ...
    def join_condition(self, on: Callable[[Any, Any], Any], row: Row, other: Row) -> str: ...
    def pair_condition(self, policy: PairPolicy, row: Row, other: Row) -> str: ...
    def filter_conditions(self, target: Source, row: Row, arguments: Arguments, path: Path) -> list[str]: ...
    def order_columns(self, target: Source, name: str, row: Row) -> list[OrderColumn]: ...
    def argument_order_columns(
        self, declared: ArgumentOrder, row: Row, arguments: Arguments, path: Path
    ) -> list[OrderColumn]: ...
    def lateral_select(
        self, declaration: Callable[[Any, Any], Any], row: Row, arguments: Arguments, path: Path
    ) -> tuple[str, RowType]: ...
    def policy_conditions(self, target: Source, row: Row, *, visible_with_parent: bool) -> list[str]: ...
    def guard_conditions(self, ref: RowRef, guard: Guard | None) -> list[str]: ...
    def apply_guard(self, ref: RowRef, guard: Guard | None, text: SqlText) -> SqlText: ...
    def table_row(self, source: Source) -> Row: ...
    def from_item(self, source: Source, row: Row) -> str: ...


def connection(
    builder: ObjectBuilder,
    parent: RowRef,
    declared: ToConnection | TieredConnection,
    selected: SelectedField,
    path: Path,
) -> SqlText:
    """The text of a connection's JSON object."""
    target = builder.sources[declared.target]
    arguments = builder.document.arguments(selected)
    window = Window.from_arguments(arguments, target, builder.binds, path)
    text = _Connection(builder, parent, declared, target, selected, arguments, window, path).text()
    return builder.apply_guard(parent, declared.guard, text)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """All rows of a list, or of one tier of it, that the viewer may see and the filter matches, before any window."""

    from_item: str
    row: Row
    conditions: Sequence[str]

    def select(self, columns: Iterable[str], *conditions: str) -> str:
        return f"SELECT {', '.join(columns)} FROM {self.from_item}{where_clause([*self.conditions, *conditions])}"


@dataclass(frozen=True)
class _Connection:
    builder: ObjectBuilder
    parent: RowRef
    declared: ToConnection | TieredConnection
    target: Source
    selected: SelectedField
    arguments: Arguments
    window: Window
    path: Path

    def text(self) -> ConcatenatedText:
        sizes = (*self.parent.sizes, self.window.size)
        self.builder.list_sizes.append(sizes)
        if isinstance(self.declared, TieredConnection) or self.window.order.is_computed:
            self.builder.list_sizes.append((*self.parent.sizes, lambda _variables: COMPUTED_LIST_ROWS))
        aggregates = self.aggregates()
        # Built even where no row is selected, so that a broken cursor or filter is refused all the same.
        rows = self.page_rows(sizes, has_extra="has_more" in aggregates)
        columns: Mapping[str, SqlText] = {}
        if aggregates:
            inside = self.builder.steps.add(self.parent, rows)
            texts = {name: aggregate(inside) for name, aggregate in aggregates.items()}
            columns = self.builder.steps.aggregate(self.parent, inside, texts)
        return self.object_text(self.selected, lambda part: self.field_value(part, columns))

    def object_text(self, selected: SelectedField, value: Callable[[SelectedField], SqlText]) -> ConcatenatedText:
        """The JSON object of the connection, an edge or the page info; `value` makes the text of each field."""
        return json_object(
            (part.key, f'"{selected.type.name}"' if part.definition is None else value(part))
            for part in self.selected_fields(selected)
        )

    def selected_fields(self, selected: SelectedField) -> list[SelectedField]:
        assert is_object_type(selected.type)
        return self.builder.document.select(selected.type, selected.selection_sets)

    # The aggregates over the page's rows, by the names of the columns that they become.

    def aggregates(self) -> dict[str, Aggregate]:
        aggregates: dict[str, Aggregate] = {}
        parts = self.selected_fields(self.selected)
        for part in parts:
            if part.name == "page_info":
                names = {each.name for each in self.selected_fields(part)}
                if ("has_previous_page" if self.window.backward else "has_next_page") in names:
                    aggregates["has_more"] = self.has_more
        has_extra = "has_more" in aggregates
        for part in parts:
            if part.name in ("nodes", "edges"):
                aggregates[self.items_column(part)] = self.items(part, has_extra=has_extra)
            elif part.name == "page_info":
                for name in sorted({each.name for each in self.selected_fields(part)} & {"start_cursor", "end_cursor"}):
                    aggregates[name] = self.boundary_cursor(last=name == "end_cursor", has_extra=has_extra)
        return aggregates

    def items_column(self, part: SelectedField) -> str:
        """The column of a list of nodes or edges; numbered, as a response key may be longer than PostgreSQL's names."""
        keys = [each.key for each in self.selected_fields(self.selected)]
        return f"items_{keys.index(part.key)}"

    def items(self, part: SelectedField, *, has_extra: bool) -> Aggregate:
        def aggregate(inside: RowRef) -> SqlText:
            if part.name == "nodes":
                text = self.node(inside, part, (*self.path, part.key))
            else:
                text = self.object_text(part, lambda field: self.edge_value(inside, field, (*self.path, part.key)))
                self.builder.count_bytes(inside, text)
            order_by = self.window.order_by(self.order_columns(inside), backward=False)
            return aggregate_texts(text, order_by, self.page_filter(inside, has_extra=has_extra))

        return aggregate

    def edge_value(self, inside: RowRef, part: SelectedField, path: Path) -> SqlText:
        if part.name == "cursor":
            return concatenate(['"', self.window.cursor(self.order_columns(inside)), '"'])
        return self.node(inside, part, (*path, part.key))

    def node(self, inside: RowRef, part: SelectedField, path: Path) -> SqlText:
        return self.builder.object(inside, self.target, part.type, part.selection_sets, path)

    def order_columns(self, ref: RowRef) -> list[OrderColumn]:
        assert ref.row is not None
        return self.total_order(ref.row)

    def total_order(self, row: Row) -> list[OrderColumn]:
        """The columns of the order, and the key to make it total."""
        key = self.target.key
        name = self.window.order_name
        declared = self.target.argument_orders.get(name)
        if declared is None:
            columns = self.builder.order_columns(self.target, name, row)
        else:
            columns = self.builder.argument_order_columns(declared, row, self.arguments, self.path)
        return [*columns, (row.column(key), row.column_type(key))]

    def page_filter(self, inside: RowRef, *, has_extra: bool) -> list[str]:
        """The condition that excludes the extra row, which is read only to know whether there are more."""
        assert inside.row is not None
        return [f"{inside.row.column('_position')} <= {self.window.limit(extra=0)}"] if has_extra else []

    def has_more(self, inside: RowRef) -> SqlText:
        """Whether the extra row was there."""
        assert inside.row is not None
        return SqlText(f"bool_or({inside.row.column('_position')} > {self.window.limit(extra=0)})")

    def boundary_cursor(self, *, last: bool, has_extra: bool) -> Aggregate:
        """The cursor of the page's first or last row."""

        def aggregate(inside: RowRef) -> SqlText:
            columns = self.order_columns(inside)
            order_by = ", ".join(self.window.order_by(columns, backward=last))
            filter_ = filter_clause(self.page_filter(inside, has_extra=has_extra))
            return SqlText(f"(array_agg({self.window.cursor(columns)} ORDER BY {order_by}){filter_})[1]")

        return aggregate

    # The fields of the answer, from the aggregated columns.

    def field_value(self, part: SelectedField, columns: Mapping[str, SqlText]) -> SqlText:
        if part.name == "total_count":
            return SqlText(f"CAST({self.total_count()} AS TEXT)")
        if part.name == "page_info":
            return self.object_text(part, lambda field: self.page_info_value(field.name, columns))
        return json_list(columns[self.items_column(part)])

    def page_info_value(self, name: str, columns: Mapping[str, SqlText]) -> SqlText:
        if name in ("start_cursor", "end_cursor"):
            return or_json_null(concatenate(['"', columns[name], '"']))
        at_end = name == "has_next_page"
        alternatives: list[str] = []
        if at_end != self.window.backward:
            alternatives.append(f"coalesce({columns['has_more']}, false)")
        if self.window.limiting_cursor(at_end=at_end) is not None:
            alternatives.append(self.exists_beyond_cursor(at_end=at_end))
        return SqlText(f"CAST({' OR '.join(alternatives)} AS TEXT)" if alternatives else "'false'")

    def exists_beyond_cursor(self, *, at_end: bool) -> str:
        """Whether rows lie at or beyond the cursor that limits the page at that side."""
        subqueries = [
            f"EXISTS ({query.select(['1'], self.window.beyond_cursor(self.total_order(query.row), at_end=at_end))})"
            for query in self.list_queries
        ]
        return f"({' OR '.join(subqueries)})"

    def total_count(self) -> str:
        return " + ".join(f"({query.select(['count(*)'])})" for query in self.list_queries)

    # The rows.

    @cached_property
    def list_queries(self) -> Sequence[ListQuery]:
        """One query for each tier; a single one without tiers. Each use is a SELECT of its own, so aliases may repeat."""
        builder, guard = self.builder, self.builder.guard_conditions(self.parent, self.declared.guard)
        if isinstance(self.declared, TieredConnection):
            return [ListQuery(f"({text}) AS {row.name}", row, guard) for text, row in self.tiers(self.declared)]
        row = builder.table_row(self.target)
        conditions = [*guard, *self.policy(self.declared, row)]
        if self.declared.on is not None and self.parent.row is not None:
            conditions.append(builder.join_condition(self.declared.on, self.parent.row, row))
        conditions += builder.filter_conditions(self.target, row, self.arguments, self.path)
        return [ListQuery(builder.from_item(self.target, row), row, conditions)]

    def policy(self, declared: ToConnection, row: Row) -> Sequence[str]:
        """The row policy; beside the parent, if it is declared so."""
        if declared.policy is not None and self.parent.row is not None:
            return [self.builder.pair_condition(declared.policy, self.parent.row, row)]
        return self.builder.policy_conditions(self.target, row, visible_with_parent=declared.visible_with_parent)

    def tiers(self, declared: TieredConnection) -> Iterable[tuple[str, Row]]:
        """The SELECT of each tier, and its row."""
        for tier in declared.tiers:
            text, row_type = self.builder.lateral_select(tier, self.parent.row or NO_ROW, self.arguments, self.path)
            yield text, Row(self.builder.steps.new_name(), row_type)

    def page_rows(self, sizes: Sizes, *, has_extra: bool) -> ListRows:
        """The rows of the window, with their `_position` in reading order where that is used."""
        limit = self.window.limit(extra=int(has_extra))
        queries = self.list_queries
        query = queries[0]
        if len(queries) > 1:
            query = self.tiered_query(list(reversed(queries)) if self.window.backward else queries, limit)
            conditions: list[str] = []
        else:
            conditions = self.window.cursor_conditions(self.total_order(query.row))
        order_by = ", ".join(self.window.order_by(self.total_order(query.row), backward=self.window.backward))
        inner = self.builder.steps.new_name()

        def joins(names: Sequence[str]) -> list[Join]:
            columns = [
                f"row_number() OVER (ORDER BY {order_by}) AS _position"
                if name == "_position"
                else f"{query.row.name}.{name}"
                for name in names
            ]
            longest = f"{query.select(columns or ['1'], *conditions)} ORDER BY {order_by} LIMIT {MAX_PAGE_SIZE + 1}"
            # Of a parameter the planner assumes that it is a tenth of all rows, and reads them all rather than in order.
            return [Join(f"LATERAL (SELECT * FROM ({longest}) AS {inner} LIMIT {limit}) AS {inner}", "true")]

        return ListRows(Row(self.builder.steps.new_name(), query.row.type), inner, joins, sizes, is_limited=True)

    def tiered_query(self, queries: Sequence[ListQuery], limit: str) -> ListQuery:
        """The union of the tiers; each adds to the rows of those before it as many as they left to read."""
        ctes: list[str] = []
        name = ""
        for query in queries:
            columns = self.total_order(query.row)
            order_by = ", ".join(self.window.order_by(columns, backward=self.window.backward))
            page = f"{query.select(['*'], *self.window.cursor_conditions(columns))} ORDER BY {order_by} LIMIT {limit}"
            before, name = name, self.builder.steps.new_name()
            rest = f"SELECT * FROM {before} UNION ALL ({page} - (SELECT count(*) FROM {before}))" if before else page
            ctes.append(f"{name} AS ({rest})")
        row = Row(self.builder.steps.new_name(), queries[0].row.type)
        return ListQuery(f"(WITH {', '.join(ctes)} SELECT * FROM {name}) AS {row.name}", row, [])
