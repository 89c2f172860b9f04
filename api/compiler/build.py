"""The builder: from a merged selection and the sources to the SQL expression of the answer's JSON text.

Every list is one step of the statement: its rows (a window per parent where it is a connection), joined to what belongs
to them, and grouped by the parent's row number. A to-one is a LEFT JOIN in its step.
"""

from dataclasses import dataclass, field

from graphql import GraphQLNamedType, is_object_type

from api.compiler.connection import connection
from api.compiler.declaration import Declarations
from api.compiler.error import Undeclared
from api.compiler.selection import Document, SelectedField, SelectionSets
from api.compiler.source import (
    Embedded,
    Expression,
    Field,
    Source,
    TieredConnection,
    ToConnection,
    ToMany,
    ToOne,
    column,
)
from api.compiler.step import Join, JoinedRow, ListRows, RowRef, Sizes, aggregate_texts
from api.compiler.template import Row
from api.compiler.text import (
    JSON_NULL,
    ConcatenatedText,
    SqlText,
    concatenate,
    conjunction,
    json_list,
    json_object,
    json_text,
    text_bytes,
    text_if,
)
from api.compiler.value import Arguments, Path

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
    raise Undeclared(
        f"{source.name}.{name} is neither a public column of its table in api/models nor declared by its source in api/resolvers."
    )


@dataclass(slots=True)
class Builder(Declarations):
    """Builds the statement of one document for one kind of viewer."""

    document: Document
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


def row_of(ref: RowRef) -> Row:
    assert ref.row is not None
    return ref.row


def key_column(ref: RowRef, source: Source) -> str:
    return row_of(ref).column(source.key)
