"""Whole documents: checked once, and answered by one statement where all of their roots are compiled."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_operation_ast,
    get_variable_values,
    parse,
    validate,
)
from graphql.pyutils import camel_to_snake
from strawberry.extensions import SchemaExtension

from api.compiler.error import BadInput
from api.compiler.plan import Operation
from api.context import Context
from api.resolvers import ROOTS
from api.resolvers.answer import run
from api.resolvers.limit import MOST_TOKENS, exceeded

REMEMBERED = 128
LONGEST_REMEMBERED = 16_000  # Characters.


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that was parsed, and what is wrong with it."""

    node: DocumentNode
    errors: list[GraphQLError]


class Documents:
    """The documents seen last, by their text."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._found: OrderedDict[str, Checked] = OrderedDict()

    def __len__(self) -> int:
        return len(self._found)

    def checked(self, schema: GraphQLSchema, text: str) -> Checked:
        """Raises `GraphQLError` for what cannot be parsed."""
        if text in self._found:
            self._found.move_to_end(text)
            return self._found[text]
        node = parse(text, max_tokens=MOST_TOKENS)
        # The limits first: what exceeds them may take validation for ever.
        limit = exceeded(node)
        checked = Checked(node, [limit] if limit else validate(schema, node, max_errors=20))
        # What is too large to be asked, or is large enough to be odd, is not worth the memory.
        if limit or len(text) > LONGEST_REMEMBERED:
            return checked
        self._found[text] = checked
        while len(self._found) > self._size:
            self._found.popitem(last=False)
        return checked


class Compiled(SchemaExtension):
    """Strawberry's hooks: parse and validate from memory, execute whole documents by their plan."""

    documents = Documents()

    def on_parse(self) -> Iterator[None]:
        if self.execution_context.query:
            checked = self.documents.checked(self._schema(), self.execution_context.query)
            self.execution_context.graphql_document = checked.node
        yield

    def on_validate(self) -> Iterator[None]:
        assert self.execution_context.query
        checked = self.documents.checked(self._schema(), self.execution_context.query)
        errors = list(checked.errors)
        operations = [part for part in checked.node.definitions if isinstance(part, OperationDefinitionNode)]
        # Strawberry would take the first.
        if len(operations) > 1 and self.execution_context._provided_operation_name is None:  # noqa: SLF001  # The public one invents a name.
            errors.append(GraphQLError("Name one of the document's operations in 'operationName'."))
        self.execution_context.pre_execution_errors = errors
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        context = self.execution_context
        assert context.graphql_document
        result = await answer(
            self._schema(), context.graphql_document, context.operation_name, context.variables or {}, context.context
        )
        if result is not None:
            context.result = result
        yield

    def _schema(self) -> GraphQLSchema:
        # Strawberry has no public way to the schema that it made for graphql-core.
        schema = self.execution_context.schema._schema  # noqa: SLF001  # See above.
        assert isinstance(schema, GraphQLSchema)
        return schema


async def answer(
    schema: GraphQLSchema, document: DocumentNode, name: str | None, given: dict[str, Any], context: Context
) -> ExecutionResult | None:
    """The answer to a document of compiled roots only; nothing, where the executor must see to it."""
    node = get_operation_ast(document, name)
    fragments = {part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)}
    if node is None or not is_compiled(node, fragments):
        return None
    variables = get_variable_values(schema, node.variable_definitions or (), given)
    if isinstance(variables, list):
        return None
    operation = Operation(schema, node, fragments, variables.coerced)
    try:
        plan = context.planner.document(operation, context.actor.kind, ROOTS)
        plan.bind(operation.variables, context.parameters)
    except BadInput:
        # The executor answers root by root, so that only the wrong one fails.
        return None
    try:
        data: Any = await run(context, plan, operation.variables)
    except GraphQLError as error:
        return ExecutionResult(None, [error])
    return ExecutionResult(data, None)


def is_compiled(node: OperationDefinitionNode, fragments: dict[str, FragmentDefinitionNode]) -> bool:
    return node.operation is OperationType.QUERY and all(
        name in ROOTS or name == "__typename" for name in root_names(node.selection_set, fragments)
    )


def root_names(selection_set: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode]) -> Iterator[str]:
    for node in selection_set.selections:
        if isinstance(node, FieldNode):
            name = node.name.value
            yield name if name.startswith("__") else camel_to_snake(name)
        elif isinstance(node, InlineFragmentNode):
            yield from root_names(node.selection_set, fragments)
        elif isinstance(node, FragmentSpreadNode):
            yield from root_names(fragments[node.name.value].selection_set, fragments)
