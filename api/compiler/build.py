"""From a selection and the sources to one SQL expression: the text of the answer.

Every list is one step of the statement: its rows (a window per parent where it is a connection), joined to what
belongs to them once each, and grouped by the parent's row number. A to-one is a LEFT JOIN of its step.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from graphql import GraphQLObjectType

from api.compiler.connection import connection
from api.compiler.error import Undeclared
from api.compiler.selection import Document, Selected, SelectionSets
from api.compiler.source import (
    Expression,
    Field,
    Guard,
    Many,
    One,
    Page,
    Part,
    Row,
    Source,
    Sql,
    Stages,
    Truth,
    Viewer,
)
from api.compiler.step import Place, Rows, listed, step
from api.compiler.text import constant, joined, json_text
from api.compiler.value import Binds, key_of, reader, sample

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldAsk:
    """What a field's declaration may use; see `source.Ask`."""

    viewer: Viewer
    arguments: Mapping[str, object]
    binds: Binds
    sources: Mapping[str, Source]
    path: Path

    def bind(self, value: object) -> Sql:
        return self.binds.bind(value, self.path)

    def key(self, value: object, name: str) -> Sql:
        type_ = key_type(self.sources[name])
        read = reader(value)
        key_of(sample(value), name, type_, self.path)  # The type inside the id is part of the plan: refuse it now.
        return self.binds.computed(lambda given: key_of(read(given), name, type_, self.path), type_, self.path)


def key_type(source: Source) -> sa.types.TypeEngine[Any]:
    assert source.table is not None
    return source.table.c[source.key].type


def declared_field(source: Source, name: str) -> Field | None:
    """How the field is answered: as declared, or as the public column of its name; None is the global id."""
    if name in source.fields:
        return source.fields[name]
    if name == "id" and source.node:
        return None
    if source.table is not None and name in source.table.c and not source.table.c[name].info.get("private"):
        return Expression(lambda row, _ask: row.c[name])
    raise Undeclared(f"{source.name}.{name} has no source and no public column.")


@dataclass(slots=True)
class Builder:
    """Builds the statement of one document for one kind of viewer."""

    document: Document
    sources: Mapping[str, Source]
    viewer: Viewer
    binds: Binds = field(default_factory=Binds)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def ask(self, selected: Selected, path: Path) -> FieldAsk:
        return FieldAsk(self.viewer, self.document.arguments(selected), self.binds, self.sources, path)

    def name(self) -> str:
        return f"t{next(self.numbers)}"

    def object(self, place: Place, source: Source, type_: GraphQLObjectType, sets: SelectionSets, path: Path) -> Sql:
        """The JSON object of a row that is there."""
        parts: list[Sql | str] = ["{"]
        for index, selected in enumerate(self.document.select(type_, sets)):
            parts += [f'{"," if index else ""}"{selected.key}":', self.value(place, source, selected, path)]
        return joined([*parts, "}"])

    def value(self, place: Place, source: Source, selected: Selected, path: Path) -> Sql | str:
        if selected.definition is None:
            return f'"{source.name}"'
        declared = declared_field(source, selected.name)
        if declared is None:
            assert place.row is not None
            return joined([f'"{source.name}:', sa.cast(place.row.c[source.key], sa.Text), '"'])
        return self.declared(place, declared, selected, (*path, selected.key))

    def declared(self, place: Place, declared: Field, selected: Selected, path: Path) -> Sql:
        match declared:
            case Expression():
                return self.expression(place, declared, selected, path)
            case One():
                return self.one(place, declared, selected, path)
            case Part():
                return self.part(place, declared, selected, path)
            case Many():
                return self.many(place, declared, selected, path)
            case Page() | Stages():
                return connection(self, place, declared, selected, path)

    def expression(self, place: Place, declared: Expression, selected: Selected, path: Path) -> Sql:
        assert place.row is not None
        value = declared.sql(place.row, self.ask(selected, path))
        certain = isinstance(value, sa.Column) and not value.nullable
        if declared.guard is not None:
            value = sa.case((declared.guard(self.viewer, place.row), value), else_=sa.null())
        return json_text(value, nullable=declared.guard is not None or not certain)

    def one(self, place: Place, declared: One, selected: Selected, path: Path) -> Sql:
        target = self.sources[declared.target]
        assert target.table is not None
        assert place.row is not None
        other = target.table.alias(self.name())
        on = sa.and_(declared.on(place.row, other), *self.policy(target, other, covered=declared.covered))
        place.level.joins.append((other, on))
        inside = Place(place.level, other, (*place.walk, (other, on)))
        text = self.object(inside, target, selected.type, selected.sets, path)
        return sa.case((other.c[target.key].is_(None), constant("null")), else_=text)

    def part(self, place: Place, declared: Part, selected: Selected, path: Path) -> Sql:
        target = self.sources[declared.target]
        if declared.beside is None:
            return self.object(place, target, selected.type, selected.sets, path)
        assert place.row is not None
        row = place.beside(declared.beside(place.row), self.name())
        place.level.joins.append((row, sa.true()))
        inside = Place(place.level, row, (*place.walk, (row, sa.true())))
        return self.object(inside, target, selected.type, selected.sets, path)

    def many(self, place: Place, declared: Many, selected: Selected, path: Path) -> Sql:
        target = self.sources[declared.target]
        rows = self.rows(place, declared, target, self.ask(selected, path))

        def columns(inside: Place) -> dict[str, Sql]:
            assert inside.row is not None
            text = self.object(inside, target, selected.type, selected.sets, path)
            return {"items": listed(text, rows.ordering(inside.row))}

        deep = self.is_deep(selected.type, target, selected.sets)
        found = step(place, rows, names=self.name, deep=deep, columns=columns)
        text = joined(["[", sa.func.coalesce(found.c["items"], constant(""), type_=sa.Text()), "]"])
        return self.unless_guarded(place, declared.guard, text)

    def rows(self, place: Place, declared: Many, target: Source, ask: FieldAsk) -> Rows:
        """The rows of a short list, by whichever of the three ways it is declared."""

        def ordering(row: Row) -> list[Sql]:
            order = target.orders[declared.order]
            columns = [*order.columns(row), *([row.c[target.key]] if target.key in row.c else [])]
            return [column.desc() if order.descending else column for column in columns]

        assert place.row is not None
        guard = self.guarded(place, declared.guard)
        if declared.rows is not None:
            computed = declared.rows(place.row, ask).subquery(self.name())
            row = place.beside(sa.select(computed).where(*guard), self.name())
            return Rows(((row, sa.true()),), row, ordering)
        assert target.table is not None
        row = target.table.alias(self.name())
        policy = [*self.policy(target, row, covered=declared.covered), *guard]
        if declared.through is not None:
            keys = place.beside(declared.through(place.row, ask), self.name())
            on = sa.and_(row.c[target.key] == next(iter(keys.c)), *policy)
            return Rows(((keys, sa.true()), (row, on)), row, ordering)
        assert declared.on is not None
        return Rows(((row, sa.and_(declared.on(place.row, row), *policy)),), row, ordering)

    def policy(self, target: Source, row: Row, *, covered: bool) -> list[Truth]:
        return [] if covered else [target.visible(self.viewer, row)]

    def guarded(self, place: Place, guard: Guard | None) -> list[Truth]:
        return [] if guard is None or place.row is None else [guard(self.viewer, place.row)]

    def unless_guarded(self, place: Place, guard: Guard | None, text: Sql) -> Sql:
        """The text where the guard holds, null where it does not."""
        guards = self.guarded(place, guard)
        return sa.case((guards[0], text), else_=constant("null")) if guards else text

    def is_deep(self, type_: GraphQLObjectType, source: Source, sets: SelectionSets) -> bool:
        """Whether some list hangs below, so that the rows must be kept for it."""
        for selected in self.document.select(type_, sets):
            declared = declared_field(source, selected.name) if selected.definition else None
            if isinstance(declared, Many | Page | Stages):
                return True
            if isinstance(declared, One | Part) and self.is_deep(
                selected.type, self.sources[declared.target], selected.sets
            ):
                return True
        return False
