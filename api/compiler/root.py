"""The roots of a document: a connection, one thing found by who asks, things found by their ids, or given rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api.compiler.build import Builder
from api.compiler.connection import connection
from api.compiler.error import BadInput
from api.compiler.selection import Selected
from api.compiler.source import ByIds, Root, RowsFromPython, SingleRow, Source, ToConnection
from api.compiler.step import Join, Level, Place, Rows, gathered
from api.compiler.template import Row, Shape, key_type, parameter
from api.compiler.text import NULL, Written, all_of, as_list, or_null, where
from api.compiler.value import Path, Reader, Slot, Variables, key_of, reader, sample, split_id
from api.compiler.window import MOST

# Where values that Python has decided stand among the variables; no document can name a variable like this.
VALUES_FROM_PYTHON = "given values"


def root(builder: Builder, level: Level, selected: Selected, declared: Root) -> Written:
    """The JSON of a root field; what it is read from is joined to the level, a row each."""
    path = (selected.key,)
    match declared:
        case ToConnection():
            return connection(builder, Place(level), declared, selected, path)
        case SingleRow():
            return single(builder, level, selected, declared, path)
        case RowsFromPython():
            return given(builder, level, selected, declared, path)
        case ByIds(plural=False):
            return by_id(builder, level, selected, declared, path)
        case ByIds():
            return _ByIds(builder, selected, declared, path).text(level)


def single(builder: Builder, level: Level, selected: Selected, declared: SingleRow, path: Path) -> Written:
    """The one thing of its type that the viewer may see."""
    target = builder.sources[declared.target]
    thing = builder.table_row(target)
    found = f"{where(builder.policy(target, thing, visible_with_parent=False))} LIMIT 1"
    return one_thing(builder, level, selected, source=target, thing=thing, found=found, path=path)


def by_id(builder: Builder, level: Level, selected: Selected, declared: ByIds, path: Path) -> Written:
    """The thing of any type, null where there is none that can be seen."""
    id_ = builder.document.arguments(selected)[declared.argument]
    read = reader(id_)
    builder.binds.checks.append(lambda variables: split_id(read(variables), path))
    # The type inside the id is part of the plan, so it is read now.
    source = builder.sources.get(split_id(sample(id_), path)[0])
    if source is None or not source.node:
        return NULL
    name, type_, thing = source.name, key_type(source), builder.table_row(source)
    key = builder.binds.add(lambda variables: key_of(read(variables), name, type_, path), path)
    conditions = [
        f"{thing.column(source.key)} = {parameter(key, type_)}",
        *builder.policy(source, thing, visible_with_parent=False),
    ]
    return one_thing(builder, level, selected, source=source, thing=thing, found=where(conditions), path=path)


def one_thing(
    builder: Builder, level: Level, selected: Selected, *, source: Source, thing: Row, found: str, path: Path
) -> Written:
    """The JSON of the only row of the source's table that is found, null if there is none."""

    def rows(names: Sequence[str]) -> str:
        columns = ", ".join(f"{thing.name}.{name}" for name in names)
        return f"SELECT {columns} FROM {builder.named(source, thing)}{found}"

    inside = step(builder, level, thing.shape, rows)
    type_ = builder.document.schema.type_map[source.name]
    return one_row(inside, builder.object(inside, source, type_, selected.sets, path))


def given(builder: Builder, level: Level, selected: Selected, declared: RowsFromPython, path: Path) -> Written:
    target = builder.sources[declared.target]
    columns = [sa.Column("_place", sa.BigInteger()), *(sa.Column(*column) for column in declared.values.items())]

    def value(name: str, type_: sa.types.TypeEngine[Any]) -> str:
        return parameter(
            builder.binds.add(Slot((VALUES_FROM_PYTHON, name), None), path), ARRAY(type_) if declared.plural else type_
        )

    values = {name: value(name, type_) for name, type_ in declared.values.items()}

    def rows(names: Sequence[str]) -> str:
        if declared.plural:
            listed = f"unnest({', '.join(values.values())}) WITH ORDINALITY"
            return f"SELECT {', '.join(names) or '1'} FROM {listed} AS given ({', '.join(values)}, _place)"
        return f"SELECT {', '.join(f'{values[name]} AS {name}' for name in names) or '1'}"

    first = Slot((VALUES_FROM_PYTHON, next(iter(declared.values))), None)
    sizes = (lambda variables: len(first(variables)),) if declared.plural else ()
    shape = builder.templates.given(f"given {declared.target}", columns)
    inside = step(builder, level, shape, rows, sizes)
    text = builder.object(inside, target, selected.type, selected.sets, path)
    if not declared.plural:
        return one_row(inside, text)
    assert inside.row is not None
    items = gathered(text, [inside.row.column("_place")])
    found = builder.steps.aggregated(Place(level), inside, {"items": items})
    return as_list(found["items"])


def step(
    builder: Builder,
    level: Level,
    shape: Shape,
    rows: Callable[[Sequence[str]], str],
    sizes: tuple[Reader, ...] = (),
) -> Place:
    """The rows of a root as a step of their own; `sizes` say how many there may be."""
    row, inner = Row(builder.steps.name(), shape), builder.steps.name()
    return builder.steps.add(
        Place(level), Rows(row, inner, lambda names: [Join(f"({rows(names)}) AS {inner}", "true")], sizes)
    )


def one_row(inside: Place, text: Written) -> Written:
    """The JSON of the only row there may be; null if there is none."""
    return or_null(Written(f"({inside.level.select([str(text)])})"))


@dataclass(frozen=True, slots=True)
class _ByIds:
    """Things of any type in the order of their ids, null for what is not there to be seen."""

    builder: Builder
    selected: Selected
    declared: ByIds
    path: Path

    def text(self, level: Level) -> Written:
        binds, names = self.builder.binds, self.builder.steps.name
        binds.checks.append(self.wanted)
        # The types inside the ids are part of the plan, so they are read now.
        kinds = {split_id(id_, self.path)[0] for id_ in sample(self.argument())}
        found = [self.things(source) for name, source in self.builder.sources.items() if name in kinds and source.node]
        count = parameter(binds.add(self.size, self.path), sa.Integer())
        places, union, whole = names(), names(), names()
        standing = f"generate_series(1, {count}) AS {places} (place)"
        item = "'null'"
        if found:
            together = " UNION ALL ".join(found)
            standing += f" LEFT JOIN ({together}) AS {union} ON {union}.place = {places}.place"
            item = f"coalesce({union}.item, 'null')"
        listed = f"SELECT string_agg({item}, ',' ORDER BY {places}.place) AS items FROM {standing}"
        level.joins.append(Join(f"({listed}) AS {whole}", "true"))
        return as_list(Written(f"{whole}.items"))

    def argument(self) -> object:
        return self.builder.document.arguments(self.selected)[self.declared.argument]

    def size(self, variables: Variables) -> int:
        return len(self.wanted(variables))

    def wanted(self, variables: Variables) -> list[tuple[str, str]]:
        """The type and key of every id asked for."""
        ids: list[str] = reader(self.argument())(variables)
        if len(ids) > MOST:
            raise BadInput(f"Ask for at most {MOST} ids at once.", self.path)
        return [split_id(id_, self.path) for id_ in ids]

    def things(self, source: Source) -> str:
        """Those of one type: the place of each in the list, and its JSON."""
        builder = self.builder
        type_ = builder.document.schema.type_map[source.name]
        thing = builder.table_row(source)
        sought = builder.steps.name()
        key = f"{thing.column(source.key)} = {sought}.key"
        join = all_of([key, *builder.policy(source, thing, visible_with_parent=False)])

        def rows(names: Sequence[str]) -> str:
            columns = ", ".join(
                f"{sought}.place AS _place" if name == "_place" else f"{thing.name}.{name}" for name in names
            )
            return f"SELECT {columns} FROM {self.sought(source)} AS {sought} (key, place) JOIN {builder.named(source, thing)} ON {join}"

        inside = step(builder, Level(), thing.shape, rows, (self.size,))
        text = builder.object(inside, source, type_, self.selected.sets, self.path)
        assert inside.row is not None
        return inside.level.select([f"{inside.row.column('_place')} AS place", f"{text} AS item"])

    def sought(self, source: Source) -> str:
        """The keys of one type among the ids, each with its place."""
        type_ = key_type(source)
        binds = self.builder.binds

        def keys(variables: Variables) -> list[Any]:
            ids = self.wanted(variables)
            return [key_of(f"{name}:{key}", name, type_, self.path) for name, key in ids if name == source.name]

        def places(variables: Variables) -> list[int]:
            return [place for place, (name, _) in enumerate(self.wanted(variables), 1) if name == source.name]

        keys_bound = parameter(binds.add(keys, self.path), ARRAY(type_))
        return f"unnest({keys_bound}, {parameter(binds.add(places, self.path), ARRAY(sa.Integer()))})"
