"""Plans: the statement of a document or of one of its roots, made once per shape and kept in a bounded cache."""

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableDefinitionNode,
    is_input_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues

from api.compiler.build import Builder
from api.compiler.cache import Cache
from api.compiler.error import BadInput
from api.compiler.root import root
from api.compiler.selection import Document, Selected
from api.compiler.source import Root, Source, Viewer
from api.compiler.step import Level
from api.compiler.template import Templates
from api.compiler.text import Written, as_object
from api.compiler.value import Reader, Tagger, Variables

_PARAMETER = re.compile("\x01([^\x02]+)\x02")

# Characters; a plan with a longer statement is made anew each time.
LONGEST_PLAN = 60_000
# PostgreSQL takes some hundred bytes for each character while it plans.
LONGEST_STATEMENT = 250_000


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement, and how its parameters are read from a request."""

    sql: str
    parameters: Sequence[Reader | str]  # A text is the name of one of the asker's own values.
    checks: Sequence[Reader]
    sizes: Sequence[Sequence[Reader]]

    def bind(self, variables: Variables, viewer_values: Mapping[str, Any]) -> list[Any]:
        """The statement's parameters in their order; raises `BadInput`."""
        for check in self.checks:
            check(variables)
        return [viewer_values[each] if isinstance(each, str) else each(variables) for each in self.parameters]

    def cost(self, variables: Variables) -> int:
        """How many rows of pages there may be at most: of each connection its size times those around it."""
        return sum(prod(size(variables) for size in sizes) for sizes in self.sizes)


@dataclass(slots=True)
class Operation:
    """A checked operation with its coerced variables, and their types.

    `is_kept` says that the same nodes come again with the next request for it, so that plans for them are worth keeping.
    """

    schema: GraphQLSchema
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Variables
    types: Iterable[tuple[str, GraphQLInputType]] | None = None
    is_kept: bool = True
    _tagged: tuple[dict[str, Any], Hashable] | None = None

    @property
    def tagged(self) -> tuple[dict[str, Any], Hashable]:
        """The variables with slots for their values, and their shape; worked out once for all roots."""
        if self._tagged is None:
            slots: dict[str, Any] = {}
            shapes: list[Hashable] = []
            tagger = Tagger(self.schema.type_map)
            for name, type_ in (
                types_of(self.schema, self.node.variable_definitions or ()) if self.types is None else self.types
            ):
                if name in self.variables:
                    slots[name], shape = tagger.tagged(self.variables[name], type_, (name,))
                    shapes.append((name, shape))
            self._tagged = slots, tuple(shapes)
        return self._tagged


def types_of(
    schema: GraphQLSchema, definitions: Iterable[VariableDefinitionNode]
) -> Iterator[tuple[str, GraphQLInputType]]:
    """The variables of an operation, by name."""
    for definition in definitions:
        type_ = type_from_ast(schema, definition.type)
        if is_input_type(type_):
            yield definition.variable.name.value, type_


class Planner:
    """Makes plans from sources, and remembers the ones used last."""

    def __init__(self, schema: GraphQLSchema, sources: Mapping[str, Source], *, size: int = 128) -> None:
        self.schema = schema
        self.sources = sources
        self.templates = Templates(sources)
        # The operation stands in the value as well, so that its address in the key stays its own.
        self.cache: Cache[Hashable, tuple[OperationDefinitionNode, Plan]] = Cache(size)

    def document(self, operation: Operation, viewer: Viewer, roots: Mapping[str, Root]) -> Plan:
        """A plan for the whole data of an operation made of compiled roots only."""

        def text(builder: Builder, level: Level) -> Written:
            query = self.schema.query_type
            assert query is not None
            selected = builder.document.select(query, (operation.node.selection_set,))
            return as_object(
                (
                    each.key,
                    f'"{query.name}"' if each.definition is None else root(builder, level, each, roots[each.name]),
                )
                for each in selected
            )

        return self._remembered(operation, viewer, None, text)

    def field(
        self,
        operation: Operation,
        viewer: Viewer,
        declared: Root,
        *,
        parent: GraphQLObjectType,
        key: str,
        nodes: Sequence[FieldNode],
    ) -> Plan:
        """A plan for the value of one field."""
        selected = Selected(key, tuple(nodes), parent.fields[nodes[0].name.value])
        part = (parent.name, key, nodes[0].loc and nodes[0].loc.start)
        return self._remembered(
            operation, viewer, part, lambda builder, level: root(builder, level, selected, declared)
        )

    def _remembered(
        self, operation: Operation, viewer: Viewer, part: Hashable, text: Callable[[Builder, Level], Written]
    ) -> Plan:
        slots, shape = operation.tagged
        key = (id(operation.node), part, viewer, shape)
        found = self.cache.get(key)
        if found is not None:
            return found[1]
        document = Document(self.schema, operation.fragments, VariableValues({}, slots))
        builder, level = Builder(document, self.sources, self.templates, viewer), Level()
        plan = finished(builder, level, text(builder, level))
        if operation.is_kept and len(plan.sql) <= LONGEST_PLAN:
            self.cache.put(key, (operation.node, plan))
        return plan


def finished(builder: Builder, level: Level, text: Written) -> Plan:
    """The statement with its parameters numbered."""
    numbers: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${numbers.setdefault(found[1], len(numbers) + 1)}"

    sql = _PARAMETER.sub(number, builder.steps.whole(level.select([str(text)])))
    if len(sql) > LONGEST_STATEMENT:
        raise BadInput("This asks for too much in one statement; ask for it in several documents.")
    readers = builder.binds.readers
    # What the statement does not need may be wrong all the same.
    unused = [read for name, read in readers.items() if name not in numbers]
    parameters = tuple(readers.get(name, name) for name in numbers)
    return Plan(sql, parameters, (*builder.binds.checks, *unused), tuple(builder.sizes))
