"""The root fields of a document: a connection, a single row, rows by their global ids, or rows from Python."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api.compiler.build import Builder
from api.compiler.connection import connection
from api.compiler.error import BadInput
from api.compiler.key import key_in_force, key_type, source_key
from api.compiler.selection import SelectedField
from api.compiler.source import ById, ByIds, Root, RowsFromPython, SingleRow, Source, TieredConnection, ToConnection
from api.compiler.step import Join, ListRows, QueryLevel, RowRef, Sizes, aggregate_texts
from api.compiler.template import Row, RowType, parameter
from api.compiler.text import JSON_NULL, SqlText, conjunction, json_list, or_json_null, where_clause
from api.compiler.value import Path, Slot, Variables, planning_value, split_id, value_reader
from api.compiler.window import MAX_PAGE_SIZE

# The variable that holds values from Python. No document can have a variable of this name, as it contains spaces.
VALUES_FROM_PYTHON = "values from Python"


def root(builder: Builder, level: QueryLevel, selected: SelectedField, declared: Root) -> SqlText:
    """The JSON of a root field; the subqueries that it reads from are joined to the level, one row each."""
    path = (selected.key,)
    match declared:
        case ToConnection() | TieredConnection():
            return connection(builder, RowRef(level), declared, selected, path)
        case SingleRow():
            return single_row(builder, level, selected, declared, path)
        case RowsFromPython():
            return rows_from_python(builder, level, selected, declared, path)
        case ById():
            return row_of_type(builder, level, selected, declared, path)
        case ByIds(plural=False):
            return row_by_id(builder, level, selected, declared, path)
        case ByIds():
            return _RowsByIds(builder, selected, declared, path).text(level)


def single_row(
    builder: Builder, level: QueryLevel, selected: SelectedField, declared: SingleRow, path: Path
) -> SqlText:
    """The one row of the type that the viewer may see; the JSON null if there is none."""
    target = builder.sources[declared.target]
    row = builder.table_row(target)
    guard = [builder.row_condition(declared.guard, row)] if declared.guard else []
    clauses = f"{where_clause([*builder.policy_conditions(target, row, visible_with_parent=False), *guard])} LIMIT 1"
    return table_row_object(builder, level, selected, source=target, row=row, clauses=clauses, path=path)


def row_by_id(builder: Builder, level: QueryLevel, selected: SelectedField, declared: ByIds, path: Path) -> SqlText:
    """The row of any type with this id; the JSON null if there is none that the viewer may see."""
    id_ = builder.document.arguments(selected)[declared.argument]
    read = value_reader(id_)
    builder.binds.checks.append(lambda variables: split_id(read(variables), path))
    # The type inside the id is part of the plan, so it is read at planning time.
    source = builder.sources.get(split_id(planning_value(id_), path)[0])
    if source is None or not source.node:
        return JSON_NULL
    return row_of_type(builder, level, selected, ById(source.name, declared.argument), path)


def row_of_type(builder: Builder, level: QueryLevel, selected: SelectedField, declared: ById, path: Path) -> SqlText:
    """The row of a type by an id; the JSON null if there is none that the viewer may see."""
    source, named = builder.sources[declared.target], builder.sources[declared.of or declared.target]
    read = value_reader(builder.document.arguments(selected)[declared.argument])
    row = builder.table_row(source)
    key = builder.binds.add(lambda variables: source_key(named, read(variables), path), path)
    conditions = [
        f"{row.column(declared.column or source.key)} = {key_in_force(named, parameter(key, key_type(named)))}",
        *builder.policy_conditions(source, row, visible_with_parent=False),
        *([builder.row_condition(declared.guard, row)] if declared.guard else []),
    ]
    clauses = where_clause(conditions)
    return table_row_object(builder, level, selected, source=source, row=row, clauses=clauses, path=path)


def table_row_object(
    builder: Builder, level: QueryLevel, selected: SelectedField, *, source: Source, row: Row, clauses: str, path: Path
) -> SqlText:
    """The JSON of the only row of the source's table that the `clauses` after FROM select; the JSON null without one."""

    def select(names: Sequence[str]) -> str:
        columns = ", ".join(f"{row.name}.{name}" for name in names)
        return f"SELECT {columns} FROM {builder.from_item(source, row)}{clauses}"

    inside = add_root_step(builder, level, row.type, select)
    type_ = builder.document.schema.type_map[source.name]
    return single_object(inside, builder.object(inside, source, type_, selected.selection_sets, path))


def rows_from_python(
    builder: Builder, level: QueryLevel, selected: SelectedField, declared: RowsFromPython, path: Path
) -> SqlText:
    """The object or list of objects whose columns are parameters from Python; a list keeps its order."""
    target = builder.sources[declared.target]
    columns = [sa.Column("_ordinal", sa.BigInteger()), *(sa.Column(*column) for column in declared.values.items())]

    def value(name: str, type_: sa.types.TypeEngine[Any]) -> str:
        return parameter(
            builder.binds.add(Slot((VALUES_FROM_PYTHON, name), None), path), ARRAY(type_) if declared.plural else type_
        )

    values = {name: value(name, type_) for name, type_ in declared.values.items()}

    def select(names: Sequence[str]) -> str:
        if declared.plural:
            rows = f"unnest({', '.join(values.values())}) WITH ORDINALITY"
            return f"SELECT {', '.join(names) or '1'} FROM {rows} AS input_rows ({', '.join(values)}, _ordinal)"
        return f"SELECT {', '.join(f'{values[name]} AS {name}' for name in names) or '1'}"

    first_column = Slot((VALUES_FROM_PYTHON, next(iter(declared.values))), None)
    sizes = (lambda variables: len(first_column(variables)),) if declared.plural else ()
    row_type = builder.templates.input_type(f"input {declared.target}", columns)
    inside = add_root_step(builder, level, row_type, select, sizes)
    text = builder.object(inside, target, selected.type, selected.selection_sets, path)
    if not declared.plural:
        return single_object(inside, text)
    assert inside.row is not None
    items = aggregate_texts(text, [inside.row.column("_ordinal")])
    aggregated = builder.steps.aggregate(RowRef(level), inside, {"items": items})
    return json_list(aggregated["items"])


def add_root_step(
    builder: Builder,
    level: QueryLevel,
    row_type: RowType,
    select: Callable[[Sequence[str]], str],
    sizes: Sizes = (),
) -> RowRef:
    """Adds the rows of a root as a step; `select` makes its SELECT from column names, `sizes` read how many rows."""
    row, inner = Row(builder.steps.new_name(), row_type), builder.steps.new_name()
    return builder.steps.add(
        RowRef(level), ListRows(row, inner, lambda names: [Join(f"({select(names)}) AS {inner}", "true")], sizes)
    )


def single_object(inside: RowRef, text: SqlText) -> SqlText:
    """The text for the only row of a root step; the JSON null if it has no row."""
    return or_json_null(SqlText(f"({inside.level.select([str(text)])})"))


@dataclass(frozen=True, slots=True)
class _RowsByIds:
    """Rows of any type in the order of their ids, with null for an id without a row that the viewer may see."""

    builder: Builder
    selected: SelectedField
    declared: ByIds
    path: Path

    def text(self, level: QueryLevel) -> SqlText:
        binds, new_name = self.builder.binds, self.builder.steps.new_name
        binds.checks.append(self.parse_ids)
        # The types inside the ids are part of the plan, so they are read at planning time.
        type_names = {split_id(id_, self.path)[0] for id_ in planning_value(self.ids_argument())}
        selects = [
            self.rows_of_type(source)
            for name, source in self.builder.sources.items()
            if name in type_names and source.node
        ]
        count = parameter(binds.add(self.count_ids, self.path), sa.Integer())
        positions, union, items = new_name(), new_name(), new_name()
        from_item = f"generate_series(1, {count}) AS {positions} (ordinal)"
        item = "'null'"
        if selects:
            rows = " UNION ALL ".join(selects)
            from_item += f" LEFT JOIN ({rows}) AS {union} ON {union}.ordinal = {positions}.ordinal"
            item = f"coalesce({union}.item, 'null')"
        select = f"SELECT string_agg({item}, ',' ORDER BY {positions}.ordinal) AS items FROM {from_item}"
        level.joins.append(Join(f"({select}) AS {items}", "true"))
        return json_list(SqlText(f"{items}.items"))

    def ids_argument(self) -> object:
        return self.builder.document.arguments(self.selected)[self.declared.argument]

    def count_ids(self, variables: Variables) -> int:
        return len(self.parse_ids(variables))

    def parse_ids(self, variables: Variables) -> list[tuple[str, str]]:
        """The type name and key of every id; raises `BadInput` for too many ids or a malformed one."""
        ids: list[str] = value_reader(self.ids_argument())(variables)
        if len(ids) > MAX_PAGE_SIZE:
            raise BadInput(f"Ask for at most {MAX_PAGE_SIZE} ids at once.", self.path)
        return [split_id(id_, self.path) for id_ in ids]

    def rows_of_type(self, source: Source) -> str:
        """A SELECT of the rows of one type: the position of each in the list of ids, and its JSON."""
        builder = self.builder
        type_ = builder.document.schema.type_map[source.name]
        row = builder.table_row(source)
        ids = builder.steps.new_name()
        key = f"{row.column(source.key)} = {key_in_force(source, f'{ids}.key')}"
        on = conjunction([key, *builder.policy_conditions(source, row, visible_with_parent=False)])

        def select(names: Sequence[str]) -> str:
            columns = ", ".join(
                f"{ids}.ordinal AS _ordinal" if name == "_ordinal" else f"{row.name}.{name}" for name in names
            )
            unnested = f"{self.keys_of_type(source)} AS {ids} (key, ordinal)"
            return f"SELECT {columns} FROM {unnested} JOIN {builder.from_item(source, row)} ON {on}"

        inside = add_root_step(builder, QueryLevel(), row.type, select, (self.count_ids,))
        text = builder.object(inside, source, type_, self.selected.selection_sets, self.path)
        assert inside.row is not None
        return inside.level.select([f"{inside.row.column('_ordinal')} AS ordinal", f"{text} AS item"])

    def keys_of_type(self, source: Source) -> str:
        """The `unnest` of the keys of one type among the ids, each with its position in the list."""
        type_ = key_type(source)
        binds = self.builder.binds

        def keys(variables: Variables) -> list[Any]:
            ids = self.parse_ids(variables)
            return [source_key(source, f"{name}:{key}", self.path) for name, key in ids if name == source.name]

        def ordinals(variables: Variables) -> list[int]:
            return [ordinal for ordinal, (name, _) in enumerate(self.parse_ids(variables), 1) if name == source.name]

        keys_parameter = parameter(binds.add(keys, self.path), ARRAY(type_))
        return f"unnest({keys_parameter}, {parameter(binds.add(ordinals, self.path), ARRAY(sa.Integer()))})"
