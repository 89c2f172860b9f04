"""The selection merge (CollectFields of the GraphQL specification).

Fragments are expanded, `@skip` and `@include` are applied, and fields with the same response key are merged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionSetNode,
    get_directive_values,
    get_named_type,
    is_abstract_type,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import camel_to_snake

from api.compiler.value import NO_ARGUMENTS, Arguments, ShapeSplitter

SelectionSets = tuple[SelectionSetNode, ...]


@dataclass(frozen=True, slots=True)
class SelectedField:
    """One response key, with all field nodes that were merged into it."""

    key: str
    nodes: tuple[FieldNode, ...]
    definition: GraphQLField | None  # None for `__typename`.

    @property
    def name(self) -> str:
        """The field's name in snake_case, as Python and SQL use it."""
        return camel_to_snake(self.nodes[0].name.value)

    @property
    def selection_sets(self) -> SelectionSets:
        return tuple(node.selection_set for node in self.nodes if node.selection_set)

    @property
    def type(self) -> GraphQLNamedType:
        """The field's type without its lists and non-nulls."""
        assert self.definition is not None
        return get_named_type(self.definition.type)


@dataclass(frozen=True, slots=True)
class Document:
    """What selections are read against: the schema, the fragments, and the variables with slots for bound values."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues

    def select(self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> list[SelectedField]:
        """The merged fields selected on `parent`, in the order of their first mention."""
        merger = _FieldMerger(self, parent)
        for selection_set in sets:
            merger.add(selection_set)
        return [
            SelectedField(key, tuple(nodes), parent.fields.get(nodes[0].name.value))
            for key, nodes in merger.nodes.items()
        ]

    def arguments(self, selected: SelectedField) -> Arguments:
        """The field's arguments; one that is absent and has no default is left out."""
        assert selected.definition is not None
        declared = selected.definition.args
        if not declared:
            return NO_ARGUMENTS
        values = get_argument_values(selected.definition, selected.nodes[0], self.variables)
        splitter = ShapeSplitter(self.schema.type_map)
        split = {name: splitter.split(value, declared[name].type, (name,)) for name, value in values.items()}
        with_slots = {camel_to_snake(name): _python_value(value) for name, (value, _shape) in split.items()}
        return Arguments(values, with_slots, tuple((name, shape) for name, (_value, shape) in split.items()))

    def applies(self, condition: str, parent: GraphQLObjectType) -> bool:
        """Whether a fragment with this type condition applies to an object of the type `parent`."""
        type_ = self.schema.get_type(condition)
        return type_ is parent or (is_abstract_type(type_) and self.schema.is_sub_type(type_, parent))

    def is_skipped(self, node: FieldNode | FragmentSpreadNode | InlineFragmentNode) -> bool:
        """Whether `@skip` or `@include` excludes the node."""
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return bool((skip and skip["if"]) or (include and not include["if"]))


def _python_value(value: Any) -> Any:
    """The value with snake_case names of input fields, and enum members replaced by their values."""
    match value:
        case Enum():
            return value.value
        case list():
            return [_python_value(item) for item in value]
        case dict():
            return {camel_to_snake(name): _python_value(item) for name, item in value.items()}
        case _:
            return value


@dataclass(slots=True)
class _FieldMerger:
    """Collects the field nodes of selection sets by response key; each named fragment is expanded once."""

    document: Document
    parent: GraphQLObjectType
    nodes: dict[str, list[FieldNode]] = field(default_factory=dict)
    expanded: set[str] = field(default_factory=set)

    def add(self, selection_set: SelectionSetNode | None) -> None:
        for node in selection_set.selections if selection_set else ():
            assert isinstance(node, FieldNode | FragmentSpreadNode | InlineFragmentNode)
            if node.directives and self.document.is_skipped(node):
                continue
            if isinstance(node, FieldNode):
                self.nodes.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                self._add_fragment(node, node.type_condition.name.value if node.type_condition else None)
            elif node.name.value not in self.expanded:
                self.expanded.add(node.name.value)
                fragment = self.document.fragments[node.name.value]
                self._add_fragment(fragment, fragment.type_condition.name.value)

    def _add_fragment(self, fragment: InlineFragmentNode | FragmentDefinitionNode, condition: str | None) -> None:
        if condition is None or self.document.applies(condition, self.parent):
            self.add(fragment.selection_set)
