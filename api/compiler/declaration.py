"""Declarations of sources, rendered as SQL: policies, guards, joins, filters, orders and lateral rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from api.compiler.error import BadInput
from api.compiler.key import key_in_force, table_name
from api.compiler.source import ArgumentOrder, Guard, PairPolicy, Source, Viewer
from api.compiler.step import RowRef, Steps
from api.compiler.template import Row, RowType, TemplateContext, Templates
from api.compiler.text import SqlText, conjunction, disjunction, text_if
from api.compiler.value import NO_ARGUMENTS, Arguments, Binds, Path, RequiredThing, slot_paths
from api.compiler.window import OrderColumn

# Of one filter.
MAX_FILTER_DEPTH = 5
MAX_FILTER_CONDITIONS = 50


@dataclass(slots=True)
class Declarations:
    """What the sources declare, for one kind of viewer."""

    sources: Mapping[str, Source]
    templates: Templates
    viewer: Viewer
    binds: Binds = field(default_factory=Binds, init=False)
    steps: Steps = field(default_factory=Steps, init=False)

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

    declarations: Declarations
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
        declarations, row, declaration = self.declarations, self.row, self.target.filters[name]
        context = declarations.field_context(self.arguments, self.path)
        template = declarations.templates.expression(
            # The place of the values is part of the template, as it reads them from there.
            (declaration, declarations.viewer, row.type, shape, slot_paths(value)),
            context.bound_arguments,
            [row.type],
            partial(declaration, row.type.this, context, value),
        )
        return template.render([row], self.arguments, declarations.binds, self.path)


def filter_size(value: Any) -> int:
    """How many conditions a filter or a part of it has: each operator, each `not`, and a group that is empty."""
    if isinstance(value, Mapping):
        sizes = [filter_size(each) + int(name == "not") for name, each in value.items()]
        return max(1, sum(sizes))
    if isinstance(value, list):
        sizes = [filter_size(each) for each in value if isinstance(each, Mapping)]
        return max(1, sum(sizes))
    return 1
