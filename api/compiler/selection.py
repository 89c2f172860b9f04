"""What a document selects: fragments spread, directives obeyed, equal response keys merged."""

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

from api.compiler.value import NO_ARGUMENTS, Arguments, Tagger

SelectionSets = tuple[SelectionSetNode, ...]


@dataclass(frozen=True, slots=True)
class Selected:
    """One key of the answer: every field node that was merged into it."""

    key: str
    nodes: tuple[FieldNode, ...]
    definition: GraphQLField | None  # None for `__typename`.

    @property
    def name(self) -> str:
        """The field's name as Python and SQL write it."""
        return camel_to_snake(self.nodes[0].name.value)

    @property
    def sets(self) -> SelectionSets:
        return tuple(node.selection_set for node in self.nodes if node.selection_set)

    @property
    def type(self) -> GraphQLNamedType:
        """The type behind the field's lists and non-nulls."""
        assert self.definition is not None
        return get_named_type(self.definition.type)


@dataclass(frozen=True, slots=True)
class Document:
    """An operation's surroundings, with the slots of its variables in place of their values."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableValues

    def select(self, parent: GraphQLObjectType, sets: Iterable[SelectionSetNode | None]) -> list[Selected]:
        """The fields asked of `parent`, in the order of their first mention."""
        groups = _Groups(self, parent)
        for selection_set in sets:
            groups.add(selection_set)
        return [
            Selected(key, tuple(nodes), parent.fields.get(nodes[0].name.value)) for key, nodes in groups.found.items()
        ]

    def arguments(self, selected: Selected) -> Arguments:
        """The field's arguments; what was not given and has no default is left out."""
        assert selected.definition is not None
        declared = selected.definition.args
        if not declared:
            return NO_ARGUMENTS
        given = get_argument_values(selected.definition, selected.nodes[0], self.variables)
        tagger = Tagger(self.schema.type_map)
        tagged = {name: tagger.tagged(value, declared[name].type, (name,)) for name, value in given.items()}
        symbols = {camel_to_snake(name): _plain(pair[0]) for name, pair in tagged.items()}
        return Arguments(given, symbols, tuple((name, pair[1]) for name, pair in tagged.items()))

    def applies(self, condition: str, parent: GraphQLObjectType) -> bool:
        type_ = self.schema.get_type(condition)
        return type_ is parent or (is_abstract_type(type_) and self.schema.is_sub_type(type_, parent))

    def is_left_out(self, node: FieldNode | FragmentSpreadNode | InlineFragmentNode) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return bool((skip and skip["if"]) or (include and not include["if"]))


def _plain(value: Any) -> Any:
    """Input fields under their Python names, enum members as their values, however they were written."""
    match value:
        case Enum():
            return value.value
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {camel_to_snake(name): _plain(item) for name, item in value.items()}
        case _:
            return value


@dataclass(slots=True)
class _Groups:
    document: Document
    parent: GraphQLObjectType
    found: dict[str, list[FieldNode]] = field(default_factory=dict)
    spread: set[str] = field(default_factory=set)

    def add(self, selection_set: SelectionSetNode | None) -> None:
        for node in selection_set.selections if selection_set else ():
            assert isinstance(node, FieldNode | FragmentSpreadNode | InlineFragmentNode)
            if node.directives and self.document.is_left_out(node):
                continue
            if isinstance(node, FieldNode):
                self.found.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                self._add_fragment(node, node.type_condition.name.value if node.type_condition else None)
            elif node.name.value not in self.spread:
                self.spread.add(node.name.value)
                fragment = self.document.fragments[node.name.value]
                self._add_fragment(fragment, fragment.type_condition.name.value)

    def _add_fragment(self, fragment: InlineFragmentNode | FragmentDefinitionNode, condition: str | None) -> None:
        if condition is None or self.document.applies(condition, self.parent):
            self.add(fragment.selection_set)
