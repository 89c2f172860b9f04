"""Relay connections: a window of a list per parent, its edges, what lies before and after it, and how many in all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from graphql import GraphQLNamedType, is_object_type

from api.compiler.selection import Document, Selected, SelectionSets
from api.compiler.source import Guard, Source, TieredConnection, ToConnection, Viewer
from api.compiler.step import Join, Place, Rows, Steps, gathered, kept
from api.compiler.template import Row, Shape, Templates
from api.compiler.text import Joined, Written, as_list, as_object, joined, or_null, where
from api.compiler.value import Arguments, Binds, Path, Reader
from api.compiler.window import Column, Window

# What a connection in stages counts beside its rows: it looks at many more than it finds.
SEARCH = 1_000

Aggregate = Callable[[Place], Written]


class Objects(Protocol):
    """What a connection needs of the builder."""

    document: Document
    sources: Mapping[str, Source]
    templates: Templates
    viewer: Viewer
    binds: Binds
    steps: Steps
    sizes: list[tuple[Reader, ...]]

    def object(
        self, place: Place, source: Source, type_: GraphQLNamedType, sets: SelectionSets, path: Path
    ) -> Written: ...
    def met(self, on: Callable[[Any, Any], Any], row: Row, other: Row) -> str: ...
    def filtered(self, target: Source, row: Row, arguments: Arguments, path: Path) -> list[str]: ...
    def order(self, target: Source, name: str, row: Row) -> list[Column]: ...
    def computed(
        self, said: Callable[[Any, Any], Any], row: Row, arguments: Arguments, path: Path
    ) -> tuple[str, Shape]: ...
    def policy(self, target: Source, row: Row, *, visible_with_parent: bool) -> list[str]: ...
    def guarded(self, place: Place, guard: Guard | None) -> list[str]: ...
    def unless_guarded(self, place: Place, guard: Guard | None, text: Written) -> Written: ...
    def table_row(self, source: Source) -> Row: ...
    def named(self, source: Source, row: Row) -> str: ...


def connection(
    objects: Objects, place: Place, declared: ToConnection | TieredConnection, selected: Selected, path: Path
) -> Written:
    """The JSON object of a connection."""
    target = objects.sources[declared.target]
    arguments = objects.document.arguments(selected)
    window = Window.of(arguments, target, objects.binds, path)
    text = _Connection(objects, place, declared, target, selected, arguments, window, path).text()
    return objects.unless_guarded(place, declared.guard, text)


@dataclass(frozen=True, slots=True)
class Feed:
    """All that a list, or a stage of it, holds for this viewer, before any window."""

    rows: str
    row: Row
    conditions: Sequence[str]

    def select(self, columns: Iterable[str], *conditions: str) -> str:
        return f"SELECT {', '.join(columns)} FROM {self.rows}{where([*self.conditions, *conditions])}"


@dataclass(frozen=True, slots=True)
class _Connection:
    objects: Objects
    place: Place
    declared: ToConnection | TieredConnection
    target: Source
    selected: Selected
    arguments: Arguments
    window: Window
    path: Path

    def text(self) -> Joined:
        sizes = (*self.place.sizes, self.window.size)
        self.objects.sizes.append(sizes)
        if isinstance(self.declared, TieredConnection):
            self.objects.sizes.append((*self.place.sizes, lambda _variables: SEARCH))
        aggregates = self.aggregates()
        # Also where no row is asked for: a broken cursor or filter is then refused all the same.
        rows = self.rows(sizes, extra="more" in aggregates)
        found: Mapping[str, Written] = {}
        if aggregates:
            inside = self.objects.steps.add(self.place, rows)
            columns = {name: write(inside) for name, write in aggregates.items()}
            found = self.objects.steps.aggregated(self.place, inside, columns)
        return self.written(self.selected, lambda part: self.value(part, found))

    def written(self, selected: Selected, value: Callable[[Selected], Written]) -> Joined:
        """The JSON object of one of the connection's own types."""
        return as_object(
            (part.key, f'"{selected.type.name}"' if part.definition is None else value(part))
            for part in self.asked(selected)
        )

    def asked(self, selected: Selected) -> list[Selected]:
        assert is_object_type(selected.type)
        return self.objects.document.select(selected.type, selected.sets)

    # What is asked of the rows, by the names of the step's columns.

    def aggregates(self) -> dict[str, Aggregate]:
        found: dict[str, Aggregate] = {}
        asked = self.asked(self.selected)
        for part in asked:
            if part.name == "page_info":
                names = {each.name for each in self.asked(part)}
                if ("has_previous_page" if self.window.backward else "has_next_page") in names:
                    found["more"] = self.more
        for part in asked:
            if part.name in ("nodes", "edges"):
                found[self.column_of(part)] = self.items(part, extra="more" in found)
            elif part.name == "page_info":
                for name in sorted({each.name for each in self.asked(part)} & {"start_cursor", "end_cursor"}):
                    found[name] = self.outermost(last=name == "end_cursor", extra="more" in found)
        return found

    def column_of(self, part: Selected) -> str:
        """A name as short as PostgreSQL wants it, however long the key is."""
        keys = [each.key for each in self.asked(self.selected)]
        return f"items_{keys.index(part.key)}"

    def items(self, part: Selected, *, extra: bool) -> Aggregate:
        def aggregate(inside: Place) -> Written:
            if part.name == "nodes":
                text = self.node(inside, part, (*self.path, part.key))
            else:
                text = self.written(part, lambda asked: self.edge(inside, asked, (*self.path, part.key)))
            ordering = self.window.ordering(self.columns(inside), backward=False)
            return gathered(text, ordering, self.keep(inside, extra=extra))

        return aggregate

    def edge(self, inside: Place, part: Selected, path: Path) -> Written:
        if part.name == "cursor":
            return joined(['"', self.window.cursor(self.columns(inside)), '"'])
        return self.node(inside, part, (*path, part.key))

    def node(self, inside: Place, part: Selected, path: Path) -> Written:
        return self.objects.object(inside, self.target, part.type, part.sets, path)

    def columns(self, place: Place) -> list[Column]:
        assert place.row is not None
        return self.columns_of(place.row)

    def columns_of(self, row: Row) -> list[Column]:
        """The columns of the total order: the ones asked for, then the key."""
        key = self.target.key
        return [*self.objects.order(self.target, self.window.order_name, row), (row.column(key), row.type_of(key))]

    def keep(self, inside: Place, *, extra: bool) -> list[str]:
        """Without the row that was read only to learn whether there is more."""
        assert inside.row is not None
        return [f"{inside.row.column('_position')} <= {self.window.limit(extra=0)}"] if extra else []

    def more(self, inside: Place) -> Written:
        assert inside.row is not None
        return Written(f"bool_or({inside.row.column('_position')} > {self.window.limit(extra=0)})")

    def outermost(self, *, last: bool, extra: bool) -> Aggregate:
        """The cursor of the page's first or last row."""

        def aggregate(inside: Place) -> Written:
            columns = self.columns(inside)
            ordering = ", ".join(self.window.ordering(columns, backward=last))
            keep = kept(self.keep(inside, extra=extra))
            return Written(f"(array_agg({self.window.cursor(columns)} ORDER BY {ordering}){keep})[1]")

        return aggregate

    # The answer, from the step's columns.

    def value(self, part: Selected, found: Mapping[str, Written]) -> Written:
        if part.name == "total_count":
            return Written(f"CAST({self.total()} AS TEXT)")
        if part.name == "page_info":
            return self.written(part, lambda asked: self.page_value(asked.name, found))
        return as_list(found[self.column_of(part)])

    def page_value(self, name: str, found: Mapping[str, Written]) -> Written:
        if name in ("start_cursor", "end_cursor"):
            return or_null(joined(['"', found[name], '"']))
        following = name == "has_next_page"
        truths: list[str] = []
        if following != self.window.backward:
            truths.append(f"coalesce({found['more']}, false)")
        if self.window.bound(following=following) is not None:
            truths.append(self.exists_outside(following=following))
        return Written(f"CAST({' OR '.join(truths)} AS TEXT)" if truths else "'false'")

    def exists_outside(self, *, following: bool) -> str:
        """Whether rows lie at or beyond the cursor that bounds the page on that side."""
        found = [
            f"EXISTS ({feed.select(['1'], self.window.outside(self.columns_of(feed.row), following=following))})"
            for feed in self.feeds()
        ]
        return f"({' OR '.join(found)})"

    def total(self) -> str:
        return " + ".join(f"({feed.select(['count(*)'])})" for feed in self.feeds())

    # The rows.

    def feeds(self) -> list[Feed]:
        """Stage by stage, if there are any."""
        objects, guard = self.objects, self.objects.guarded(self.place, self.declared.guard)
        if isinstance(self.declared, TieredConnection):
            return [Feed(f"({text}) AS {row.name}", row, guard) for text, row in self.tiers(self.declared)]
        row = objects.table_row(self.target)
        conditions = [*guard, *objects.policy(self.target, row, visible_with_parent=self.declared.visible_with_parent)]
        if self.declared.on is not None and self.place.row is not None:
            conditions.append(objects.met(self.declared.on, self.place.row, row))
        conditions += objects.filtered(self.target, row, self.arguments, self.path)
        return [Feed(objects.named(self.target, row), row, conditions)]

    def tiers(self, declared: TieredConnection) -> Iterable[tuple[str, Row]]:
        parent = self.place.row
        assert parent is not None
        for stage in declared.tiers:
            text, shape = self.objects.computed(stage, parent, self.arguments, self.path)
            yield text, Row(self.objects.steps.name(), shape)

    def rows(self, sizes: tuple[Reader, ...], *, extra: bool) -> Rows:
        """The window, with each row's position in the order of reading where that is asked for."""
        limit = self.window.limit(extra=int(extra))
        feeds = self.feeds()
        feed = feeds[0]
        if len(feeds) > 1:
            feed = self.staged(list(reversed(feeds)) if self.window.backward else feeds, limit)
            bounds: list[str] = []
        else:
            bounds = self.window.within(self.columns_of(feed.row))
        ordering = ", ".join(self.window.ordering(self.columns_of(feed.row), backward=self.window.backward))
        inner = self.objects.steps.name()

        def joins(names: Sequence[str]) -> list[Join]:
            columns = [
                f"row_number() OVER (ORDER BY {ordering}) AS _position"
                if name == "_position"
                else f"{feed.row.name}.{name}"
                for name in names
            ]
            page = f"{feed.select(columns or ['1'], *bounds)} ORDER BY {ordering} LIMIT {limit}"
            return [Join(f"LATERAL ({page}) AS {inner}", "true")]

        return Rows(Row(self.objects.steps.name(), feed.row.shape), inner, joins, sizes, limited=True)

    def staged(self, feeds: Sequence[Feed], limit: str) -> Feed:
        """Stage after stage, each asked only for what the ones before it have not found."""
        tiers: list[str] = []
        names: list[str] = []
        for feed in feeds:
            columns = self.columns_of(feed.row)
            ordering = ", ".join(self.window.ordering(columns, backward=self.window.backward))
            wanted = " - ".join([limit, *(f"(SELECT count(*) FROM {name})" for name in names)])
            names.append(self.objects.steps.name())
            page = feed.select(["*"], *self.window.within(columns))
            tiers.append(f"{names[-1]} AS ({page} ORDER BY {ordering} LIMIT {wanted})")
        row = Row(self.objects.steps.name(), feeds[0].row.shape)
        together = " UNION ALL ".join(f"SELECT * FROM {name}" for name in names)
        return Feed(f"(WITH {', '.join(tiers)} {together}) AS {row.name}", row, [])
