"""The roots of a document: a connection, one thing found by who asks, things found by their ids, or a given row."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from graphql import is_object_type
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from api.compiler.build import Builder, Path, key_type
from api.compiler.connection import connection
from api.compiler.error import BadInput
from api.compiler.selection import Selected
from api.compiler.source import ByIds, Given, Page, Root, Row, Single, Source, Sql
from api.compiler.step import Level, Place, Rows, step
from api.compiler.text import constant, joined
from api.compiler.value import Slot, Variables, key_of, reader, sample, split_id
from api.compiler.window import MOST

# Where values that Python has decided stand among the variables; no document can name a variable like this.
GIVEN = "given values"


def root(builder: Builder, level: Level, selected: Selected, declared: Root) -> Sql:
    """The JSON of a root field; what it is read from is joined to the level, a row each."""
    path = (selected.key,)
    match declared:
        case Page():
            return connection(builder, Place(level), declared, selected, path)
        case Single():
            return single(builder, level, selected, declared, path)
        case Given():
            return given(builder, level, selected, declared, path)
        case ByIds():
            return _ByIds(builder, selected, declared, path).text(level)


def single(builder: Builder, level: Level, selected: Selected, declared: Single, path: Path) -> Sql:
    target = builder.sources[declared.target]
    assert target.table is not None
    thing = target.table.alias(builder.name())
    visible = sa.select(thing).where(*builder.policy(target, thing, covered=False)).limit(1)
    return one_row(builder, level, target, selected, visible, path=path)


def given(builder: Builder, level: Level, selected: Selected, declared: Given, path: Path) -> Sql:
    values = [
        builder.binds.computed(Slot((GIVEN, name), None), type_, path).label(name)
        for name, type_ in declared.values.items()
    ]
    return one_row(builder, level, builder.sources[declared.target], selected, sa.select(*values), path=path)


def one_row(
    builder: Builder, level: Level, source: Source, selected: Selected, rows: sa.Select[Any], *, path: Path
) -> Sql:
    """The JSON of the only row there may be; null if there is none."""
    row = rows.subquery(builder.name())

    def columns(inside: Place) -> dict[str, Sql]:
        return {"item": sa.func.max(builder.object(inside, source, selected.type, selected.sets, path))}

    deep = builder.is_deep(selected.type, source, selected.sets)
    only = Rows(((row, sa.true()),), row, lambda _row: ())
    found = step(Place(level), only, names=builder.name, deep=deep, columns=columns)
    return sa.func.coalesce(found.c["item"], constant("null"), type_=sa.Text())


@dataclass(frozen=True, slots=True)
class _ByIds:
    """Things of any type in the order of their ids, null for what is not there to be seen."""

    builder: Builder
    selected: Selected
    declared: ByIds
    path: Path

    def text(self, level: Level) -> Sql:
        binds = self.builder.binds
        binds.checks.append(self.wanted)
        # The types inside the ids are part of the plan, so they are read now.
        kinds = {split_id(id_, self.path)[0] for id_ in self.ids(sample(self.argument()))}
        found = [self.things(source) for name, source in self.builder.sources.items() if name in kinds and source.node]
        count = binds.computed(lambda variables: len(self.wanted(variables)), sa.Integer(), self.path)
        series = sa.func.generate_series(sa.literal_column("1"), count)
        places = series.table_valued(sa.column("place", sa.Integer()), name=self.builder.name()).render_derived()
        standing: Row = places
        item: Sql = constant("null")
        if found:
            union = sa.union_all(*found).subquery(self.builder.name())
            standing = places.outerjoin(union, union.c["place"] == places.c["place"])
            item = sa.func.coalesce(union.c["item"], constant("null"), type_=sa.Text())
        in_order = aggregate_order_by(constant(","), places.c["place"])
        listed = sa.func.string_agg(item, in_order, type_=sa.Text()).label("items")
        whole = sa.select(listed).select_from(standing).subquery(self.builder.name())
        level.joins.append((whole, sa.true()))
        items = sa.func.coalesce(whole.c["items"], constant(""), type_=sa.Text())
        return joined(["[", items, "]"]) if self.declared.plural else items

    def argument(self) -> object:
        return self.builder.document.arguments(self.selected)[self.declared.argument]

    def ids(self, value: Any) -> list[str]:
        return value if self.declared.plural else [value]

    def wanted(self, variables: Variables) -> list[tuple[str, str]]:
        """The type and key of every id asked for."""
        ids = self.ids(reader(self.argument())(variables))
        if len(ids) > MOST:
            raise BadInput(f"Ask for at most {MOST} ids at once.", self.path)
        return [split_id(id_, self.path) for id_ in ids]

    def things(self, source: Source) -> sa.Select[Any]:
        """Those of one type: the place of each in the list, and its JSON."""
        builder = self.builder
        type_ = builder.document.schema.get_type(source.name)
        assert is_object_type(type_)
        assert source.table is not None
        thing = source.table.alias(builder.name())
        sought = self.sought(source)
        statement = sa.select(sought.c["place"].label("_place"), *thing.c)
        statement = statement.select_from(sought.join(thing, thing.c[source.key] == sought.c["key"]))
        statement = statement.where(*builder.policy(source, thing, covered=False))
        rows = statement.add_columns(sa.func.row_number().over().label("_number")).cte(builder.name())
        inside = Place(Level(rows, rows.c["_number"]), rows)
        text = builder.object(inside, source, type_, self.selected.sets, self.path)
        return inside.level.select(rows.c["_place"].label("place"), text.label("item"))

    def sought(self, source: Source) -> Row:
        """The keys of one type among the ids, each with its place."""
        type_ = key_type(source)
        binds = self.builder.binds

        def keys(variables: Variables) -> list[Any]:
            ids = self.wanted(variables)
            return [key_of(f"{name}:{key}", name, type_, self.path) for name, key in ids if name == source.name]

        def places(variables: Variables) -> list[int]:
            return [place for place, (name, _) in enumerate(self.wanted(variables), 1) if name == source.name]

        sought = sa.func.unnest(
            binds.computed(keys, ARRAY(type_), self.path), binds.computed(places, ARRAY(sa.Integer()), self.path)
        )
        columns = (sa.column("key", type_), sa.column("place", sa.Integer()))
        return sought.table_valued(*columns, name=self.builder.name()).render_derived()
