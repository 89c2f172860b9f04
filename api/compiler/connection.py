"""Relay connections: a window of a list per parent, its edges, what lies before and after it, and how many in all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from graphql import GraphQLObjectType
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from api.compiler.selection import Document, Selected, SelectionSets
from api.compiler.source import Ask, Guard, Page, Row, Source, Sql, Stages, Truth, Viewer
from api.compiler.step import Place, Rows, listed, step
from api.compiler.text import constant, joined
from api.compiler.value import Binds
from api.compiler.window import Window

Path = tuple[str, ...]
Feed = tuple[sa.Select[Any], Row]
Column = Callable[[Place, Rows], Sql]


class Objects(Protocol):
    """What a connection needs of the builder."""

    document: Document
    sources: Mapping[str, Source]
    viewer: Viewer
    binds: Binds

    def ask(self, selected: Selected, path: Path) -> Ask: ...
    def name(self) -> str: ...
    def object(
        self, place: Place, source: Source, type_: GraphQLObjectType, sets: SelectionSets, path: Path
    ) -> Sql: ...
    def policy(self, target: Source, row: Row, *, covered: bool) -> list[Truth]: ...
    def guarded(self, place: Place, guard: Guard | None) -> list[Truth]: ...
    def unless_guarded(self, place: Place, guard: Guard | None, text: Sql) -> Sql: ...
    def is_deep(self, type_: GraphQLObjectType, source: Source, sets: SelectionSets) -> bool: ...


def connection(objects: Objects, place: Place, declared: Page | Stages, selected: Selected, path: Path) -> Sql:
    """The JSON object of a connection."""
    target = objects.sources[declared.target]
    ask = objects.ask(selected, path)
    window = Window.of(ask.arguments, target, objects.binds, path)
    text = _Connection(objects, place, declared, target, selected, ask, window, path).text()
    return objects.unless_guarded(place, declared.guard, text)


@dataclass(frozen=True, slots=True)
class _Connection:
    objects: Objects
    place: Place
    declared: Page | Stages
    target: Source
    selected: Selected
    ask: Ask
    window: Window
    path: Path

    def text(self) -> Sql:
        columns = self.columns()
        # Also where no row is asked for: a broken cursor or filter is then refused all the same.
        rows = self.rows(extra="more" in columns)
        found: Mapping[str, Sql] = {}
        if columns:
            step_row = step(
                self.place,
                rows,
                names=self.objects.name,
                deep=any(self.is_deep(part) for part in self.parts()),
                columns=lambda inside: {name: write(inside, rows) for name, write in columns.items()},
            )
            found = {name: step_row.c[name] for name in columns}
        return self.written(self.selected, lambda part: self.value(part, found))

    def parts(self) -> list[Selected]:
        return self.objects.document.select(self.selected.type, self.selected.sets)

    def written(self, selected: Selected, value: Callable[[Selected], Sql | str]) -> Sql:
        """The JSON object of one of the connection's own types."""
        parts: list[Sql | str] = ["{"]
        for index, part in enumerate(self.objects.document.select(selected.type, selected.sets)):
            named = f'"{selected.type.name}"' if part.definition is None else value(part)
            parts += [f'{"," if index else ""}"{part.key}":', named]
        return joined([*parts, "}"])

    # What is asked of the rows, by the names of the step's columns.

    def columns(self) -> dict[str, Column]:
        columns: dict[str, Column] = {}
        for part in self.parts():
            if part.name in ("nodes", "edges"):
                columns[f"items_{part.key}"] = self.items(part)
            elif part.name == "page_info":
                for asked in self.objects.document.select(part.type, part.sets):
                    columns |= self.page_column(asked.name)
        return columns

    def items(self, part: Selected) -> Column:
        def column(inside: Place, rows: Rows) -> Sql:
            assert inside.row is not None
            if part.name == "nodes":
                text = self.node(inside, part, (*self.path, part.key))
            else:
                text = self.written(part, lambda asked: self.edge(inside, asked, (*self.path, part.key)))
            return listed(text, rows.ordering(inside.row), rows.keep(inside.row))

        return column

    def edge(self, inside: Place, part: Selected, path: Path) -> Sql:
        assert inside.row is not None
        if part.name == "cursor":
            return joined(['"', self.window.cursor(inside.row), '"'])
        return self.node(inside, part, (*path, part.key))

    def node(self, inside: Place, part: Selected, path: Path) -> Sql:
        return self.objects.object(inside, self.target, part.type, part.sets, path)

    def page_column(self, name: str) -> dict[str, Column]:
        if name == ("has_previous_page" if self.window.backward else "has_next_page"):
            return {"more": self.more}
        if name in ("start_cursor", "end_cursor"):
            return {name: lambda inside, rows: self.outermost(inside, rows, last=name == "end_cursor")}
        return {}

    def more(self, inside: Place, _rows: Rows) -> Sql:
        assert inside.row is not None
        return sa.func.bool_or(inside.row.c["_position"] > self.window.limit(extra=0))

    def outermost(self, inside: Place, rows: Rows, *, last: bool) -> Sql:
        """The cursor of the page's first or last row."""
        assert inside.row is not None
        position = inside.row.c["_position"]
        order = position.desc() if self.window.backward != last else position
        cursors = sa.func.array_agg(aggregate_order_by(self.window.cursor(inside.row), order), type_=ARRAY(sa.Text()))
        keep = rows.keep(inside.row)
        return sa.type_coerce(cursors.filter(*keep) if keep else cursors, ARRAY(sa.Text()))[1]

    # The answer, from the step's columns.

    def value(self, part: Selected, found: Mapping[str, Sql]) -> Sql:
        if part.name == "total_count":
            return sa.cast(self.total(), sa.Text)
        if part.name == "page_info":
            return self.written(part, lambda asked: self.page_value(asked.name, found))
        items = sa.func.coalesce(found[f"items_{part.key}"], constant(""), type_=sa.Text())
        return joined(["[", items, "]"])

    def page_value(self, name: str, found: Mapping[str, Sql]) -> Sql:
        if name in ("start_cursor", "end_cursor"):
            quoted = joined(['"', found[name], '"'])
            return sa.func.coalesce(quoted, constant("null"), type_=sa.Text())
        following = name == "has_next_page"
        truths: list[Truth] = []
        if following != self.window.backward:
            truths.append(sa.func.coalesce(found["more"], sa.false(), type_=sa.Boolean()))
        if self.window.bound(following=following) is not None:
            truths.append(self.exists_outside(following=following))
        return sa.cast(sa.or_(*truths) if truths else sa.false(), sa.Text)

    def exists_outside(self, *, following: bool) -> Truth:
        """Whether rows lie at or beyond the cursor that bounds the page on that side."""
        found = [
            self.correlated(statement.with_only_columns(sa.literal_column("1"), maintain_column_froms=True))
            .where(self.window.outside(row, following=following))
            .exists()
            for statement, row in self.feeds()
        ]
        return sa.or_(*found)

    def total(self) -> Sql:
        counts: list[Sql] = [
            self.correlated(statement.with_only_columns(sa.func.count(), maintain_column_froms=True)).scalar_subquery()
            for statement, _row in self.feeds()
        ]
        total = counts[0]
        for count in counts[1:]:
            total += count
        return total

    def correlated(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        return statement if self.place.row is None else statement.correlate(self.place.row)

    # The rows.

    def feeds(self) -> list[Feed]:
        """All that the list holds for this viewer, before any window, stage by stage."""
        guard = self.objects.guarded(self.place, self.declared.guard)
        if isinstance(self.declared, Stages):
            assert self.place.row is not None
            feeds: list[Feed] = []
            for stage in self.declared.rows(self.place.row, self.ask):
                row: Row = self.correlated(stage).subquery(self.objects.name())
                feeds.append((sa.select(row).where(*guard), row))
            return feeds
        assert self.target.table is not None
        row = self.target.table.alias(self.objects.name())
        conditions = [*guard, *self.objects.policy(self.target, row, covered=self.declared.covered)]
        if self.declared.on is not None and self.place.row is not None:
            conditions.append(self.declared.on(self.place.row, row))
        return [(sa.select(row).where(*conditions, *self.filters(row)), row)]

    def filters(self, row: Row) -> list[Truth]:
        given = self.ask.arguments.get("filter")
        asked = given if isinstance(given, dict) else {}
        return [self.target.filters[name](row, self.ask, value) for name, value in asked.items() if value is not None]

    def rows(self, *, extra: bool) -> Rows:
        """The window, with each row's position in the order of reading."""
        limit = self.window.limit(extra=int(extra))
        feeds = self.feeds()
        if len(feeds) == 1:
            statement, row = feeds[0]
            statement = statement.where(*self.window.within(row))
        else:
            row = self.staged(list(reversed(feeds)) if self.window.backward else feeds, limit)
            statement = sa.select(row)
        ordering = self.window.ordering(row)
        position = sa.func.row_number().over(order_by=ordering).label("_position")
        windowed = self.place.beside(
            statement.add_columns(position).order_by(*ordering).limit(limit), self.objects.name()
        )
        if extra:
            return Rows(((windowed, sa.true()),), windowed, self.shown, self.kept)
        return Rows(((windowed, sa.true()),), windowed, self.shown)

    def shown(self, row: Row) -> list[Sql]:
        """The order of the answer: a page read from the end of the list is turned round."""
        position = row.c["_position"]
        return [position.desc() if self.window.backward else position]

    def kept(self, row: Row) -> list[Truth]:
        """Without the row that was read only to learn whether there is more."""
        return [row.c["_position"] <= self.window.limit(extra=0)]

    def staged(self, feeds: list[Feed], limit: Sql) -> Row:
        """Stage after stage, each read only while the ones before it have not filled the window."""
        stages: list[sa.CTE] = []
        for statement, row in feeds:
            bounded = self.correlated(statement).where(*self.window.within(row))
            if stages:
                found: Sql = sa.select(sa.func.count()).select_from(stages[0]).scalar_subquery()
                for stage in stages[1:]:
                    found += sa.select(sa.func.count()).select_from(stage).scalar_subquery()
                bounded = bounded.where(found < limit)
            bounded = bounded.order_by(*self.window.ordering(row)).limit(limit)
            stages.append(bounded.cte(self.objects.name(), nesting=True))
        return sa.union_all(*[sa.select(stage) for stage in stages]).subquery(self.objects.name())

    def is_deep(self, part: Selected) -> bool:
        if part.name == "nodes":
            return self.objects.is_deep(part.type, self.target, part.sets)
        if part.name == "edges":
            asked = self.objects.document.select(part.type, part.sets)
            return any(self.objects.is_deep(node.type, self.target, node.sets) for node in asked if node.name == "node")
        return False
