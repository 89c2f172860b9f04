"""Documents: checked once, then remembered with all that is the same for each of their requests."""

from collections.abc import AsyncIterator, Mapping, Sequence
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
    SelectionNode,
    SelectionSetNode,
    parse,
    validate,
)
from graphql.execution.values import VariableValues
from graphql.pyutils import camel_to_snake
from strawberry.extensions import SchemaExtension

from api.compiler.cache import Cache
from api.compiler.plan import Operation
from api.compiler.selection import Document
from api.context import Context
from api.resolvers import ROOTS
from api.resolvers.answer import error
from api.resolvers.limit import MOST_TOKENS, exceeded
from api.resolvers.trace import Trace, asked_trace
from api.resolvers.variable import VariableTypes
from api.resolvers.whole import RootField, at_once, side_by_side

REMEMBERED = 128
LONGEST_DOCUMENT = 8_000  # Characters.

# The directive that asks for a whole query as of one instant.
CONSISTENT = "consistent"
MIXED = "A query that is @consistent asks for data only, not for the schema."


@dataclass(frozen=True, slots=True)
class KnownOperation:
    """An operation of a document, with all that is the same for each of its requests."""

    schema: GraphQLSchema
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableTypes
    is_compiled: bool
    is_consistent: bool
    is_kept: bool
    always: Sequence[RootField] | None

    @classmethod
    def of(
        cls,
        schema: GraphQLSchema,
        node: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        *,
        is_kept: bool,
    ) -> "KnownOperation":
        nodes = root_nodes(node.selection_set, fragments, set())
        names = {each.name.value for each in nodes if isinstance(each, FieldNode)}
        is_compiled = node.operation is OperationType.QUERY and all(is_answered(name) for name in names)
        is_fixed = is_compiled and not any(each.directives for each in nodes)
        return cls(
            schema,
            node,
            fragments,
            VariableTypes.of(schema, node.variable_definitions or ()),
            is_compiled,
            any(directive.name.value == CONSISTENT for directive in node.directives or ()),
            is_kept,
            roots(schema, node, fragments, {}) if is_fixed else None,
        )

    def roots(self, variables: Mapping[str, Any]) -> Sequence[RootField]:
        """What is asked of the query type, in the document's order."""
        return roots(self.schema, self.node, self.fragments, variables) if self.always is None else self.always

    async def answer(self, context: Context, given: dict[str, Any]) -> ExecutionResult | None:
        """The answer to what is made of compiled roots only; nothing, where the executor must see to it."""
        if not self.is_compiled:
            return ExecutionResult(None, [error(MIXED, "BAD_USER_INPUT")]) if self.is_consistent else None
        variables = self.variables.coerced(given)
        if isinstance(variables, list):
            return ExecutionResult(None, variables)
        operation = Operation(
            self.schema, self.node, self.fragments, variables, self.variables.types, is_cacheable=self.is_kept
        )
        if self.is_consistent:
            return await at_once(context, operation)
        return await side_by_side(context, operation, self.roots(variables))


def is_answered(name: str) -> bool:
    return name == "__typename" or (not name.startswith("__") and camel_to_snake(name) in ROOTS)


def root_nodes(
    selection_set: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], spread: set[str]
) -> list[SelectionNode]:
    """The fields of the query type and the fragments around them, each fragment looked into once."""
    found = list(selection_set.selections)
    for node in selection_set.selections:
        if isinstance(node, InlineFragmentNode):
            found += root_nodes(node.selection_set, fragments, spread)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
            spread.add(node.name.value)
            found += root_nodes(fragments[node.name.value].selection_set, fragments, spread)
    return found


def roots(
    schema: GraphQLSchema,
    node: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> Sequence[RootField]:
    assert schema.query_type is not None
    document = Document(schema, fragments, VariableValues({}, dict(variables)))
    selected = document.select(schema.query_type, (node.selection_set,))
    return [RootField.of(each) for each in selected]


@dataclass(frozen=True, slots=True)
class Checked:
    """A document that was parsed, what is wrong with it, and its operations by their names."""

    node: DocumentNode
    errors: Sequence[GraphQLError]
    operations: Mapping[str | None, KnownOperation]

    @classmethod
    def of(cls, schema: GraphQLSchema, node: DocumentNode, *, is_kept: bool) -> "Checked":
        # The limits first: what exceeds them may take validation for ever.
        limit = exceeded(node)
        errors = [limit] if limit else validate(schema, node, max_errors=20)
        if errors:
            return cls(node, errors, {})
        fragments = {part.name.value: part for part in node.definitions if isinstance(part, FragmentDefinitionNode)}
        operations = [part for part in node.definitions if isinstance(part, OperationDefinitionNode)]
        known = {
            part.name.value if part.name else None: KnownOperation.of(schema, part, fragments, is_kept=is_kept)
            for part in operations
        }
        return cls(node, [], known)

    def operation(self, name: str | None) -> KnownOperation | None:
        """The operation of that name; without a name the only one."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        return self.operations.get(name)


def forget_tokens(node: DocumentNode) -> None:
    """Lets go of the chain of all tokens, which takes more memory than the document; nobody walks it any more."""
    token = node.loc and node.loc.start_token
    while token:
        following, token.prev, token.next = token.next, None, None
        token = following


class Documents:
    """The documents seen last, by their text."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self.cache: Cache[str, Checked] = Cache(size)

    def checked(self, schema: GraphQLSchema, text: str) -> Checked:
        """Raises `GraphQLError` for what cannot be parsed."""
        found = self.cache.get(text)
        if found is not None:
            return found
        # What is large enough to be odd is not worth the memory.
        is_kept = len(text) <= LONGEST_DOCUMENT
        node = parse(text, max_tokens=MOST_TOKENS)
        forget_tokens(node)
        checked = Checked.of(schema, node, is_kept=is_kept)
        if is_kept:
            self.cache.put(text, checked)
        return checked


class Compiled(SchemaExtension):
    """Strawberry's hooks: documents from memory, and whole ones answered by their plans. `Schema` runs no other hook."""

    documents = Documents()
    trace: Trace | None = None

    async def on_operation(self) -> AsyncIterator[None]:
        context = self.execution_context
        assert context.query
        if context.operation_extensions:
            self.trace = asked_trace(context.operation_extensions, context.context)
        misses = self.documents.cache.misses
        self.checked = self.documents.checked(self._schema(), context.query)
        if self.trace is not None:
            self.trace.note_document(is_remembered=self.documents.cache.misses == misses)
            context.context = self.trace.watched(context.context)
        # With document and errors given, Strawberry neither parses nor validates.
        context.graphql_document = self.checked.node
        context.pre_execution_errors = list(self.checked.errors)
        # Strawberry would take the first.
        if len(self.checked.operations) > 1 and self._name() is None:
            nameless = GraphQLError("Name one of the document's operations in 'operationName'.")
            context.pre_execution_errors.append(nameless)
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        context = self.execution_context
        asked = self.checked.operation(self._name())
        if asked is not None:
            context.result = await asked.answer(context.context, context.variables or {})
        yield

    def get_results(self) -> dict[str, Any]:
        return {} if self.trace is None else {"trace": self.trace.told(self.documents.cache)}

    def _name(self) -> str | None:
        name = self.execution_context._provided_operation_name  # noqa: SLF001  # The public one invents a name.
        assert isinstance(name, str | None)
        return name

    def _schema(self) -> GraphQLSchema:
        # Strawberry has no public way to the schema that it made for graphql-core.
        schema = self.execution_context.schema._schema  # noqa: SLF001  # See above.
        assert isinstance(schema, GraphQLSchema)
        return schema
