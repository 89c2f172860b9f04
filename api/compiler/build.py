"""The builder: from a merged selection and the sources to the SQL expression of the answer's JSON text.

Every list is one step of the statement: its rows (a window per parent where it is a connection), joined to what belongs
to them, and grouped by the parent's row number. A to-one is a LEFT JOIN in its step.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from graphql import GraphQLNamedType, is_object_type

from api.compiler.connection import connection
from api.compiler.error import BadInput, Undeclared
from api.compiler.selection import Document, SelectedField, SelectionSets
from api.compiler.source import (
    ArgumentOrder,
    Embedded,
    Expression,
    Field,
    Guard,
    PairPolicy,
    Source,
    TieredConnection,
    ToConnection,
    ToMany,
    ToOne,
    Viewer,
    column,
)
from api.compiler.step import Join, JoinedRow, ListRows, RowRef, Sizes, Steps, aggregate_texts
from api.compiler.template import Row, RowType, TemplateContext, Templates, key_in_force, table_name
from api.compiler.text import (
    JSON_NULL,
    ConcatenatedText,
    SqlText,
    concatenate,
    conjunction,
    disjunction,
    json_list,
    json_object,
    json_text,
    text_bytes,
    text_if,
)
from api.compiler.value import NO_ARGUMENTS, Arguments, Binds, Path, RequiredThing, slot_paths
from api.compiler.window import OrderColumn

# Of one filter.
MAX_FILTER_DEPTH = 5
MAX_FILTER_CONDITIONS = 50

# Rows that a list without pages adds to the document's cost: the lists are short, but they multiply when nested.
ROWS_PER_SHORT_LIST = 10


def declared_field(source: Source, name: str) -> Field | None:
    """The field's declaration, or the public column of its name; None for the global id.

    Raises `Undeclared` if there is neither.
    """
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
    # For each list, its size and the sizes of the lists around it; see `plan.Plan.cost`.
    list_sizes: list[Sizes] = field(default_factory=list)
    # About how many bytes of the answer come from one row of a step: by its name, None at the root, and its sizes.
    row_bytes: dict[tuple[str | None, Sizes], int] = field(default_factory=dict)

    # The JSON text of objects and fields.

    def object(self, ref: RowRef, source: Source, type_: GraphQLNamedType, sets: SelectionSets, path: Path) -> SqlText:
        """The JSON object of a row; the row must be there."""
        if source.members:
            return self.member_object(ref, source, sets, path)
        if source.variants:
            return self.variant_object(ref, source, sets, path)
        assert is_object_type(type_)
        selected = self.document.select(type_, sets)
        text = json_object((each.key, self.field_value(ref, source, each, path)) for each in selected)
        self.count_bytes(ref, text)
        return text

    def count_bytes(self, ref: RowRef, text: ConcatenatedText) -> None:
        """Counts a text that the answer has once for each row of the level."""
        key = ref.level.rows.name if ref.level.rows else None, ref.sizes
        self.row_bytes[key] = self.row_bytes.get(key, 0) + text_bytes(text)

    def member_object(self, ref: RowRef, source: Source, sets: SelectionSets, path: Path) -> SqlText:
        """The JSON object of the first member of an interface or union that has a row; the JSON null without one."""
        cases: list[str] = []
        for member in source.members:
            target = self.sources[member.target]
            type_ = self.document.schema.type_map[member.target]
            inside = self.join_to_one(ref, member)
            text = self.object(inside, target, type_, sets, path)
            cases.append(f"WHEN {key_column(inside, target)} IS NOT NULL THEN {text}")
        return SqlText(f"CASE {' '.join(cases)} ELSE {JSON_NULL} END")

    def variant_object(self, ref: RowRef, source: Source, sets: SelectionSets, path: Path) -> SqlText:
        """The JSON object of the type that the row is of."""
        cases: list[str] = []
        for variant in source.variants:
            target, type_ = self.sources[variant.target], self.document.schema.type_map[variant.target]
            condition = self.condition(variant.when, row_of(ref))
            cases.append(f"WHEN {condition} THEN {self.object(ref, target, type_, sets, path)}")
        return SqlText(f"CASE {' '.join(cases)} ELSE {JSON_NULL} END")

    def field_value(self, ref: RowRef, source: Source, selected: SelectedField, path: Path) -> SqlText | str:
        """The JSON of a selected field; constant text for `__typename`."""
        if selected.definition is None:
            return f'"{source.name}"'
        declared = declared_field(source, selected.name)
        if declared is None:
            key = SqlText(f"CAST({key_column(ref, source)} AS TEXT)")
            return concatenate([f'"{source.name}:', key, '"'])
        return self.declared_value(ref, declared, selected, (*path, selected.key))

    def declared_value(self, ref: RowRef, declared: Field, selected: SelectedField, path: Path) -> SqlText:
        match declared:
            case Expression():
                return self.expression(ref, declared, selected, path)
            case ToOne():
                return self.to_one(ref, declared, selected, path)
            case Embedded():
                return self.embedded(ref, declared, selected, path)
            case ToMany():
                return self.to_many(ref, declared, selected, path)
            case ToConnection() | TieredConnection():
                return connection(self, ref, declared, selected, path)

    def expression(self, ref: RowRef, declared: Expression, selected: SelectedField, path: Path) -> SqlText:
        row, arguments = row_of(ref), self.document.arguments(selected)
        context = self.field_context(arguments, path)
        template = self.templates.expression(
            (declared.sql, self.viewer, row.type, arguments.shape),
            context.bound_arguments,
            [row.type],
            lambda: declared.sql(row.type.this, context),
        )
        value = template.render([row], arguments, self.binds, path)
        text = json_text(value, template.type, nullable=not template.never_null)
        return self.apply_guard(ref, declared.guard, text)

    def to_one(self, ref: RowRef, declared: ToOne, selected: SelectedField, path: Path) -> SqlText:
        target, inside = self.sources[declared.target], self.join_to_one(ref, declared)
        text = self.object(inside, target, selected.type, selected.selection_sets, path)
        return self.apply_guard(ref, declared.guard, text_if(f"{key_column(inside, target)} IS NOT NULL", text))

    def join_to_one(self, ref: RowRef, declared: ToOne) -> RowRef:
        """Joins the to-one's row to the level, unless it is joined already, and returns its reference."""
        row, target = row_of(ref), self.sources[declared.target]
        joined = ref.level.joined_rows.get((row.name, declared))
        if joined is None:
            join = self.lookup_join(target, self.table_row(target), declared, row)
            joined = ref.level.joined_rows[row.name, declared] = ref.join(join)
        return joined

    def lookup_join(self, target: Source, other: Row, declared: ToOne, row: Row) -> JoinedRow:
        """A plain join to a table without a policy; otherwise a LATERAL lookup of one row.

        With LATERAL no plan can evaluate the policy for the whole table.
        """
        policy = conjunction(self.policy_conditions(target, other, visible_with_parent=declared.visible_with_parent))
        on = self.join_condition(declared.on, row, other)
        if policy == "true":
            return JoinedRow(other, self.from_item(target, other), on)
        outer = self.table_row(target)
        lookup = f"SELECT * FROM {self.from_item(target, other)} WHERE {conjunction([on, policy])} LIMIT 1"
        return JoinedRow(outer, f"LATERAL ({lookup}) AS {outer.name}", "true")

    def embedded(self, ref: RowRef, declared: Embedded, selected: SelectedField, path: Path) -> SqlText:
        target, parent = self.sources[declared.target], ref
        if declared.computed_row is not None:
            ref = self.join_computed_row(ref, declared, self.document.arguments(selected), path)
        text = self.object(ref, target, selected.type, selected.selection_sets, path)
        if declared.exists is not None:
            text = text_if(self.condition(declared.exists, row_of(parent)), text)
        return self.apply_guard(parent, declared.guard, text)

    def join_computed_row(self, ref: RowRef, declared: Embedded, arguments: Arguments, path: Path) -> RowRef:
        """Joins the row that the declaration computes, unless it is joined already, and returns its reference.

        With arguments each field has a row of its own.
        """
        assert declared.computed_row is not None
        row = row_of(ref)
        name = (row.name, declared, path if arguments.values else ())
        joined = ref.level.joined_rows.get(name)
        if joined is None:
            text, row_type = self.lateral_select(declared.computed_row, row, arguments, path)
            other = Row(self.steps.new_name(), row_type)
            join = JoinedRow(other, f"LATERAL ({text}) AS {other.name}", "true")
            joined = ref.level.joined_rows[name] = ref.join(join)
        return joined

    def to_many(self, ref: RowRef, declared: ToMany, selected: SelectedField, path: Path) -> SqlText:
        target = self.sources[declared.target]
        inside, conditions = self.list_rows(ref, declared, target, self.document.arguments(selected), path)
        text = self.object(inside, target, selected.type, selected.selection_sets, path)
        row = row_of(inside)
        columns = self.order_columns(target, declared.order, row)
        if target.key in row.type.this.c:
            columns.append((row.column(target.key), row.column_type(target.key)))
        direction = " DESC" if target.orders[declared.order].descending else ""
        items = aggregate_texts(text, [f"{column}{direction}" for column, _type in columns], conditions)
        aggregated = self.steps.aggregate(ref, inside, {"items": items})
        return self.apply_guard(ref, declared.guard, json_list(aggregated["items"]))

    def list_rows(
        self, ref: RowRef, declared: ToMany, target: Source, arguments: Arguments, path: Path
    ) -> tuple[RowRef, list[str]]:
        """Adds the step of a short list by `on`, `through` or `rows`; and the conditions for rows to be in the answer."""
        parent, guard = row_of(ref), self.guard_conditions(ref, declared.guard)
        sizes = (*ref.sizes, lambda _variables: ROWS_PER_SHORT_LIST)
        self.list_sizes.append(sizes)
        select = declared.rows or declared.through
        if select is None:
            assert declared.on is not None
            inner = self.table_row(target)
            on = [
                self.join_condition(declared.on, parent, inner),
                *self.policy_conditions(target, inner, visible_with_parent=declared.visible_with_parent),
                *guard,
            ]
            join = Join(self.from_item(target, inner), conjunction(on))
            row = Row(self.steps.new_name(), inner.type)
            return self.steps.add(ref, ListRows(row, inner.name, lambda _columns: [join], sizes)), []
        text, row_type = self.lateral_select(select, parent, arguments, path)
        row, inner_name = Row(self.steps.new_name(), row_type), self.steps.new_name()
        join = Join(f"LATERAL ({text}) AS {inner_name}", conjunction(guard))
        inside = self.steps.add(ref, ListRows(row, inner_name, lambda _columns: [join], sizes, is_limited=True))
        if declared.through is None:
            return inside, []
        other = self.table_row(target)
        key = f"{other.column(target.key)} = {row.column(next(iter(row_type.this.c.keys())))}"
        on = [key, *self.policy_conditions(target, other, visible_with_parent=declared.visible_with_parent)]
        joined = inside.join(JoinedRow(other, self.from_item(target, other), conjunction(on)))
        return joined, [f"{other.column(target.key)} IS NOT NULL"]

    # Declarations, rendered as SQL.

    def field_context(self, arguments: Arguments, path: Path) -> TemplateContext:
        return TemplateContext(self.viewer, arguments.with_slots, self.sources, path)

    def row_condition(self, declaration: Guard, row: Row) -> str:
        """The condition of a policy or guard for the row."""
        template = self.templates.expression(
            (declaration, self.viewer, row.type), {}, [row.type], lambda: declaration(self.viewer, row.type.this)
        )
        return template.render([row], NO_ARGUMENTS, self.binds, ())

    def condition(self, declaration: Callable[[Any], Any], row: Row) -> str:
        """A condition on the row that is the same for every viewer."""
        template = self.templates.expression(
            (declaration, row.type), {}, [row.type], lambda: declaration(row.type.this)
        )
        return template.render([row], NO_ARGUMENTS, self.binds, ())

    def join_condition(self, on: Callable[[Any, Any], Any], row: Row, other: Row) -> str:
        """The condition that `other` belongs to `row`."""
        row_types = [row.type, other.type]
        template = self.templates.expression(
            (on, *row_types), {}, row_types, lambda: on(row.type.this, other.type.other)
        )
        return template.render([row, other], NO_ARGUMENTS, self.binds, ())

    def pair_condition(self, policy: PairPolicy, row: Row, other: Row) -> str:
        """The policy of `other` beside `row`."""
        row_types = [row.type, other.type]
        template = self.templates.expression(
            (policy, self.viewer, *row_types),
            {},
            row_types,
            lambda: policy(self.viewer, row.type.this, other.type.other),
        )
        return template.render([row, other], NO_ARGUMENTS, self.binds, ())

    def filter_conditions(self, target: Source, row: Row, arguments: Arguments, path: Path) -> list[str]:
        """The conditions of the argument `filter`."""
        values = arguments.with_slots.get("filter")
        if values is None:
            return []
        if filter_size(values) > MAX_FILTER_CONDITIONS:
            raise BadInput(f"A filter may have {MAX_FILTER_CONDITIONS} conditions.", path)
        return Filter(self, target, row, arguments, path).conditions(values, arguments.shape_of("filter"))

    def missing(self, required: RequiredThing) -> str:
        """Whether a thing that an argument names is not there for the viewer; of a list, whether one of them is not."""
        source = self.sources[required.type_name]
        row = self.table_row(source)
        policy = self.policy_conditions(source, row, visible_with_parent=False)
        key = "named.key" if required.is_list else required.parameter
        there = conjunction([f"{row.column(source.key)} = {key_in_force(source, key)}", *policy])
        absent = f"NOT EXISTS (SELECT FROM {self.from_item(source, row)} WHERE {there})"
        if not required.is_list:
            return absent
        return f"EXISTS (SELECT FROM unnest({required.parameter}) AS named (key) WHERE {absent})"

    def argument_order_columns(
        self, declared: ArgumentOrder, row: Row, arguments: Arguments, path: Path
    ) -> list[OrderColumn]:
        """As `order_columns`, of an order that sees the arguments of the list."""
        context = self.field_context(arguments, path)
        columns: list[OrderColumn] = []
        for index, each in enumerate(declared.columns(row.type.this, context)):
            key = (declared, index, self.viewer, row.type, arguments.shape)
            template = self.templates.expression(key, context.bound_arguments, [row.type], each.self_group)
            columns.append((template.render([row], arguments, self.binds, path), template.type))
        return columns

    def order_columns(self, target: Source, name: str, row: Row) -> list[OrderColumn]:
        """The columns of an order, without the key that makes it total."""
        declaration = target.orders[name].columns
        columns: list[OrderColumn] = []
        for index, each in enumerate(declaration(row.type.this)):
            template = self.templates.expression((declaration, index, row.type), {}, [row.type], each.self_group)
            columns.append((template.render([row], NO_ARGUMENTS, self.binds, ()), template.type))
        return columns

    def lateral_select(
        self, declaration: Callable[[Any, Any], Any], row: Row, arguments: Arguments, path: Path
    ) -> tuple[str, RowType]:
        """The SELECT that a declaration makes from the row, to be joined by LATERAL; and the type of its rows."""
        context = self.field_context(arguments, path)
        template, row_type = self.templates.select(
            (declaration, self.viewer, row.type, arguments.shape),
            context.bound_arguments,
            row.type,
            lambda: declaration(row.type.this, context),
        )
        return template.render([row], arguments, self.binds, path), row_type

    def policy_conditions(self, target: Source, row: Row, *, visible_with_parent: bool) -> list[str]:
        """The target's row policy; nothing if whoever sees the parent also sees this row."""
        return [] if visible_with_parent else [self.row_condition(target.visible, row)]

    def guard_conditions(self, ref: RowRef, guard: Guard | None) -> list[str]:
        """The guard of a field for the row that has the field; nothing without a guard, and at the root."""
        return [] if guard is None or ref.row is None else [self.row_condition(guard, ref.row)]

    def apply_guard(self, ref: RowRef, guard: Guard | None, text: SqlText) -> SqlText:
        """The text where the guard holds, the JSON null where it does not."""
        conditions = self.guard_conditions(ref, guard)
        return text_if(conditions[0], text) if conditions else text

    # Rows in FROM.

    def table_row(self, source: Source) -> Row:
        """A row of the source's table under a new alias."""
        return Row(self.steps.new_name(), self.templates.table_type(source))

    def from_item(self, source: Source, row: Row) -> str:
        """The source's table with the alias of the row, for FROM."""
        assert source.table is not None
        return f"{table_name(source.table)} AS {row.name}"


@dataclass(slots=True)
class Filter:
    """The argument `filter` of a list: conditions by name, and groups of them by `and`, `or` and `not`."""

    builder: Builder
    target: Source
    row: Row
    arguments: Arguments
    path: Path

    def conditions(self, values: Mapping[str, Any], shapes: Any, depth: int = 1) -> list[str]:
        """All conditions of a group; a member that is null adds none. Raises `BadInput` for too deep a group."""
        if depth > MAX_FILTER_DEPTH:
            raise BadInput(f"Conditions may be nested {MAX_FILTER_DEPTH} deep.", self.path)
        conditions: list[str] = []
        for (name, value), (_, shape) in zip(values.items(), shapes, strict=True):
            if value is None:
                continue
            match name:
                case "and":
                    conditions += self.groups(value, shape, depth)
                case "or":
                    conditions.append(disjunction(self.groups(value, shape, depth)))
                case "not":
                    conditions.append(f"({conjunction(self.conditions(value, shape, depth + 1))}) IS NOT TRUE")
                case _:
                    conditions.append(self.condition(name, value, shape))
        return conditions

    def groups(self, values: Sequence[Mapping[str, Any]], shapes: Sequence[Any], depth: int) -> list[str]:
        """One condition for each group of a list."""
        pairs = zip(values, shapes, strict=True)
        return [conjunction(self.conditions(value, shape, depth + 1)) for value, shape in pairs]

    def condition(self, name: str, value: Any, shape: Any) -> str:
        builder, row, declaration = self.builder, self.row, self.target.filters[name]
        context = builder.field_context(self.arguments, self.path)
        template = builder.templates.expression(
            # The place of the values is part of the template, as it reads them from there.
            (declaration, builder.viewer, row.type, shape, slot_paths(value)),
            context.bound_arguments,
            [row.type],
            partial(declaration, row.type.this, context, value),
        )
        return template.render([row], self.arguments, builder.binds, self.path)


def filter_size(value: Any) -> int:
    """How many conditions a filter or a part of it has: each operator, each `not`, and a group that is empty."""
    if isinstance(value, Mapping):
        sizes = [filter_size(each) + int(name == "not") for name, each in value.items()]
        return max(1, sum(sizes))
    if isinstance(value, list):
        sizes = [filter_size(each) for each in value if isinstance(each, Mapping)]
        return max(1, sum(sizes))
    return 1


def row_of(ref: RowRef) -> Row:
    assert ref.row is not None
    return ref.row


def key_column(ref: RowRef, source: Source) -> str:
    return row_of(ref).column(source.key)
