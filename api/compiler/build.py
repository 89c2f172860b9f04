"""From a selection and the sources to one SQL expression: the text of the answer.

Every list is one step of the statement: its rows (a window per parent where it is a connection), joined to what
belongs to them once each, and grouped by the parent's row number. A to-one is a LEFT JOIN of its step.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from graphql import GraphQLNamedType, is_object_type

from api.compiler.connection import connection
from api.compiler.error import Undeclared
from api.compiler.selection import Document, Selected, SelectionSets
from api.compiler.source import (
    Embedded,
    Expression,
    Field,
    Guard,
    Source,
    TieredConnection,
    ToConnection,
    ToMany,
    ToOne,
    Viewer,
    column,
)
from api.compiler.step import Join, Place, Reached, Rows, Steps, gathered
from api.compiler.template import Asked, Row, Shape, Templates, table_name
from api.compiler.text import NULL, Written, all_of, as_list, as_object, case, joined, json_text
from api.compiler.value import NO_ARGUMENTS, Arguments, Binds, Path, Reader
from api.compiler.window import Column

# What a list without pages counts: such lists are short, but lists in lists in lists are not.
LISTED = 10


def declared_field(source: Source, name: str) -> Field | None:
    """How the field is answered: as declared, or as the public column of its name; None is the global id."""
    if name in source.fields:
        return source.fields[name]
    if name == "id" and source.node:
        return None
    if source.table is not None and name in source.table.c and not source.table.c[name].info.get("private"):
        return column(name)
    raise Undeclared(f"{source.name}.{name} has no source and no public column.")


@dataclass(slots=True)
class Builder:
    """Builds the statement of one document for one kind of viewer."""

    document: Document
    sources: Mapping[str, Source]
    templates: Templates
    viewer: Viewer
    binds: Binds = field(default_factory=Binds)
    steps: Steps = field(default_factory=Steps)
    # Of each list, the sizes of the lists around it and its own.
    sizes: list[tuple[Reader, ...]] = field(default_factory=list)

    # The answer.

    def object(self, place: Place, source: Source, type_: GraphQLNamedType, sets: SelectionSets, path: Path) -> Written:
        """The JSON object of a row that is there."""
        if source.members:
            return self.member(place, source, sets, path)
        assert is_object_type(type_)
        selected = self.document.select(type_, sets)
        return as_object((each.key, self.value(place, source, each, path)) for each in selected)

    def member(self, place: Place, source: Source, sets: SelectionSets, path: Path) -> Written:
        """The first of the source's members that is there; null where none is."""
        cases: list[str] = []
        for member in source.members:
            target = self.sources[member.target]
            type_ = self.document.schema.type_map[member.target]
            inside = self.reached(place, member)
            text = self.object(inside, target, type_, sets, path)
            cases.append(f"WHEN {key_of_row(inside, target)} IS NOT NULL THEN {text}")
        return Written(f"CASE {' '.join(cases)} ELSE {NULL} END")

    def value(self, place: Place, source: Source, selected: Selected, path: Path) -> Written | str:
        if selected.definition is None:
            return f'"{source.name}"'
        declared = declared_field(source, selected.name)
        if declared is None:
            key = Written(f"CAST({key_of_row(place, source)} AS TEXT)")
            return joined([f'"{source.name}:', key, '"'])
        return self.declared(place, declared, selected, (*path, selected.key))

    def declared(self, place: Place, declared: Field, selected: Selected, path: Path) -> Written:
        match declared:
            case Expression():
                return self.expression(place, declared, selected, path)
            case ToOne():
                return self.one(place, declared, selected, path)
            case Embedded():
                return self.part(place, declared, selected, path)
            case ToMany():
                return self.many(place, declared, selected, path)
            case ToConnection() | TieredConnection():
                return connection(self, place, declared, selected, path)

    def expression(self, place: Place, declared: Expression, selected: Selected, path: Path) -> Written:
        row, arguments = of(place), self.document.arguments(selected)
        asked = self.asked(arguments, path)
        template = self.templates.expression(
            (declared.sql, self.viewer, row.shape, arguments.shape),
            asked.bounds,
            [row.shape],
            lambda: declared.sql(row.shape.here, asked),
        )
        value = template.write([row], arguments, self.binds, path)
        text = json_text(value, template.type, nullable=not template.certain)
        return self.unless_guarded(place, declared.guard, text)

    def one(self, place: Place, declared: ToOne, selected: Selected, path: Path) -> Written:
        target, inside = self.sources[declared.target], self.reached(place, declared)
        text = self.object(inside, target, selected.type, selected.sets, path)
        return case(f"{key_of_row(inside, target)} IS NOT NULL", text)

    def reached(self, place: Place, declared: ToOne) -> Place:
        """The other thing, joined to the level."""
        row, target = of(place), self.sources[declared.target]
        known = place.level.known.get((row.name, declared))
        if known is None:
            reached = self.looked_up(target, self.table_row(target), declared, row)
            known = place.level.known[row.name, declared] = place.reached(reached)
        return known

    def looked_up(self, target: Source, found: Row, declared: ToOne, row: Row) -> Reached:
        """Joined as a table that everybody sees; else row by row, as no plan may ask a policy of the whole table."""
        policy = all_of(self.policy(target, found, visible_with_parent=declared.visible_with_parent))
        on = self.met(declared.on, row, found)
        if policy == "true":
            return Reached(found, self.named(target, found), on)
        other = self.table_row(target)
        only = f"SELECT * FROM {self.named(target, found)} WHERE {all_of([on, policy])} LIMIT 1"
        return Reached(other, f"LATERAL ({only}) AS {other.name}", "true")

    def part(self, place: Place, declared: Embedded, selected: Selected, path: Path) -> Written:
        target = self.sources[declared.target]
        if declared.computed_row is not None:
            place = self.computed_row(place, declared)
        return self.object(place, target, selected.type, selected.sets, path)

    def computed_row(self, place: Place, declared: Embedded) -> Place:
        """The one row that is computed beside this one."""
        assert declared.computed_row is not None
        row = of(place)
        known = place.level.known.get((row.name, declared))
        if known is None:
            text, shape = self.computed(declared.computed_row, row, NO_ARGUMENTS, ())
            other = Row(self.steps.name(), shape)
            reached = Reached(other, f"LATERAL ({text}) AS {other.name}", "true")
            known = place.level.known[row.name, declared] = place.reached(reached)
        return known

    def many(self, place: Place, declared: ToMany, selected: Selected, path: Path) -> Written:
        target = self.sources[declared.target]
        inside, keep = self.listed(place, declared, target, self.document.arguments(selected), path)
        text = self.object(inside, target, selected.type, selected.sets, path)
        row = of(inside)
        columns = self.order(target, declared.order, row)
        if target.key in row.shape.here.c:
            columns.append((row.column(target.key), row.type_of(target.key)))
        falls = " DESC" if target.orders[declared.order].descending else ""
        items = gathered(text, [f"{column}{falls}" for column, _type in columns], keep)
        found = self.steps.aggregated(place, inside, {"items": items})
        return self.unless_guarded(place, declared.guard, as_list(found["items"]))

    def listed(
        self, place: Place, declared: ToMany, target: Source, arguments: Arguments, path: Path
    ) -> tuple[Place, list[str]]:
        """The rows of a short list, by whichever of the three ways it is declared; and which of them are shown."""
        parent, guard = of(place), self.guarded(place, declared.guard)
        sizes = (*place.sizes, lambda _variables: LISTED)
        self.sizes.append(sizes)
        computed = declared.rows or declared.through
        if computed is None:
            assert declared.on is not None
            inner = self.table_row(target)
            on = [
                self.met(declared.on, parent, inner),
                *self.policy(target, inner, visible_with_parent=declared.visible_with_parent),
                *guard,
            ]
            join = Join(self.named(target, inner), all_of(on))
            row = Row(self.steps.name(), inner.shape)
            return self.steps.add(place, Rows(row, inner.name, lambda _columns: [join], sizes)), []
        text, shape = self.computed(computed, parent, arguments, path)
        row, inner_name = Row(self.steps.name(), shape), self.steps.name()
        join = Join(f"LATERAL ({text}) AS {inner_name}", all_of(guard))
        rows = Rows(row, inner_name, lambda _columns: [join], sizes, limited=True)
        inside = self.steps.add(place, rows)
        if declared.through is None:
            return inside, []
        other = self.table_row(target)
        key = f"{other.column(target.key)} = {row.column(next(iter(shape.here.c.keys())))}"
        on = [key, *self.policy(target, other, visible_with_parent=declared.visible_with_parent)]
        found = inside.reached(Reached(other, self.named(target, other), all_of(on)))
        return found, [f"{other.column(target.key)} IS NOT NULL"]

    # What declarations say, as SQL.

    def asked(self, arguments: Arguments, path: Path) -> Asked:
        return Asked(self.viewer, arguments.symbols, self.sources, path)

    def rule(self, said: Guard, row: Row) -> str:
        """Whether a policy or a guard holds for the row."""
        template = self.templates.expression(
            (said, self.viewer, row.shape), {}, [row.shape], lambda: said(self.viewer, row.shape.here)
        )
        return template.write([row], NO_ARGUMENTS, self.binds, ())

    def met(self, on: Callable[[Any, Any], Any], row: Row, other: Row) -> str:
        """Whether the other row belongs to the row."""
        shapes = [row.shape, other.shape]
        template = self.templates.expression((on, *shapes), {}, shapes, lambda: on(row.shape.here, other.shape.there))
        return template.write([row, other], NO_ARGUMENTS, self.binds, ())

    def filtered(self, target: Source, row: Row, arguments: Arguments, path: Path) -> list[str]:
        """What the argument `filter` asks of the row."""
        given = arguments.symbols.get("filter")
        found: list[str] = []
        for (name, value), shape in zip(given.items(), arguments.shape_of("filter"), strict=True) if given else ():
            said, asked = target.filters[name], self.asked(arguments, path)
            if value is not None:
                template = self.templates.expression(
                    (said, self.viewer, row.shape, shape),
                    asked.bounds,
                    [row.shape],
                    partial(said, row.shape.here, asked, value),
                )
                found.append(template.write([row], arguments, self.binds, path))
        return found

    def order(self, target: Source, name: str, row: Row) -> list[Column]:
        """The columns of an order, without the key that makes it total."""
        said = target.orders[name].columns
        found: list[Column] = []
        for index, each in enumerate(said(row.shape.here)):
            template = self.templates.expression((said, index, row.shape), {}, [row.shape], each.self_group)
            found.append((template.write([row], NO_ARGUMENTS, self.binds, ()), template.type))
        return found

    def computed(
        self, said: Callable[[Any, Any], Any], row: Row, arguments: Arguments, path: Path
    ) -> tuple[str, Shape]:
        """A statement that looks at the row, and the shape of what it finds."""
        asked = self.asked(arguments, path)
        template, shape = self.templates.rows(
            (said, self.viewer, row.shape, arguments.shape),
            asked.bounds,
            row.shape,
            lambda: said(row.shape.here, asked),
        )
        return template.write([row], arguments, self.binds, path), shape

    def policy(self, target: Source, row: Row, *, visible_with_parent: bool) -> list[str]:
        return [] if visible_with_parent else [self.rule(target.visible, row)]

    def guarded(self, place: Place, guard: Guard | None) -> list[str]:
        return [] if guard is None or place.row is None else [self.rule(guard, place.row)]

    def unless_guarded(self, place: Place, guard: Guard | None, text: Written) -> Written:
        """The text where the guard holds, null where it does not."""
        guards = self.guarded(place, guard)
        return case(guards[0], text) if guards else text

    # Rows.

    def table_row(self, source: Source) -> Row:
        return Row(self.steps.name(), self.templates.table(source))

    def named(self, source: Source, row: Row) -> str:
        """The source's table under the name of the row."""
        assert source.table is not None
        return f"{table_name(source.table)} AS {row.name}"


def of(place: Place) -> Row:
    assert place.row is not None
    return place.row


def key_of_row(place: Place, source: Source) -> str:
    return of(place).column(source.key)
