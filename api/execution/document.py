"""Documents: parsed, validated and cached; and the Strawberry extension that executes them."""

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
from api.execution.answer import graphql_error
from api.execution.limit import MAX_TOKENS, size_error
from api.execution.operation import RootField, run_concurrently, run_consistent
from api.execution.trace import Trace, requested_trace
from api.execution.variable import VariableTypes
from api.resolvers import ROOTS

MAX_CACHED_DOCUMENTS = 128
MAX_CACHED_LENGTH = 8_000  # Characters; longer documents are parsed again each time.

INTROSPECTION = frozenset({"__schema", "__type"})

# The directive that makes a query read all of its data from one snapshot.
CONSISTENT = "consistent"
CONSISTENT_INTROSPECTION = "A @consistent query cannot select __schema or __type."


@dataclass(frozen=True, slots=True)
class PreparedOperation:
    """An operation of a validated document, with everything that is the same for each request."""

    schema: GraphQLSchema
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: VariableTypes
    is_introspection: bool  # Whether it selects `__schema` or `__type`.
    is_compiled: bool  # Whether it is a query whose root fields are all compiled to SQL.
    is_consistent: bool
    is_cached: bool
    fixed_roots: Sequence[RootField] | None  # None if they depend on @skip or @include.

    @classmethod
    def from_node(
        cls,
        schema: GraphQLSchema,
        node: OperationDefinitionNode,
        fragments: Mapping[str, FragmentDefinitionNode],
        *,
        is_cached: bool,
    ) -> "PreparedOperation":
        nodes = root_selections(node.selection_set, fragments, set())
        names = {each.name.value for each in nodes if isinstance(each, FieldNode)}
        is_compiled = node.operation is OperationType.QUERY and all(is_compiled_root(name) for name in names)
        has_fixed_roots = is_compiled and not any(each.directives for each in nodes)
        return cls(
            schema,
            node,
            fragments,
            VariableTypes.from_definitions(schema, node.variable_definitions or ()),
            not names.isdisjoint(INTROSPECTION),
            is_compiled,
            any(directive.name.value == CONSISTENT for directive in node.directives or ()),
            is_cached,
            select_roots(schema, node, fragments, {}) if has_fixed_roots else None,
        )

    def roots(self, variables: Mapping[str, Any]) -> Sequence[RootField]:
        """The selected root fields, in the document's order."""
        if self.fixed_roots is not None:
            return self.fixed_roots
        return select_roots(self.schema, self.node, self.fragments, variables)

    async def execute(self, context: Context, raw_variables: dict[str, Any]) -> ExecutionResult | None:
        """The result; None if the operation has to be executed by graphql-core."""
        if not self.is_compiled:
            if not self.is_consistent:
                return None
            return ExecutionResult(None, [graphql_error(CONSISTENT_INTROSPECTION, "BAD_USER_INPUT")])
        variables = self.variables.coerce(raw_variables)
        if isinstance(variables, list):
            return ExecutionResult(None, variables)
        operation = Operation(
            self.schema, self.node, self.fragments, variables, self.variables.types, is_cacheable=self.is_cached
        )
        if self.is_consistent:
            return await run_consistent(context, operation)
        return await run_concurrently(context, operation, self.roots(variables))


def is_compiled_root(name: str) -> bool:
    return name == "__typename" or (not name.startswith("__") and camel_to_snake(name) in ROOTS)


def root_selections(
    selection_set: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode], visited: set[str]
) -> list[SelectionNode]:
    """The selections of the query type, including those inside fragments; each fragment is visited once."""
    selections = list(selection_set.selections)
    for node in selection_set.selections:
        if isinstance(node, InlineFragmentNode):
            selections += root_selections(node.selection_set, fragments, visited)
        elif isinstance(node, FragmentSpreadNode) and node.name.value not in visited:
            visited.add(node.name.value)
            selections += root_selections(fragments[node.name.value].selection_set, fragments, visited)
    return selections


def select_roots(
    schema: GraphQLSchema,
    node: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> Sequence[RootField]:
    """The root fields to read: merged by response key, without those that @skip or @include leave out."""
    assert schema.query_type is not None
    document = Document(schema, fragments, VariableValues({}, dict(variables)))
    selected = document.select(schema.query_type, (node.selection_set,))
    return [RootField.from_selected(each) for each in selected]


@dataclass(frozen=True, slots=True)
class ValidatedDocument:
    """A parsed document with its validation errors, and its operations by name if it has no errors."""

    node: DocumentNode
    errors: Sequence[GraphQLError]
    operations: Mapping[str | None, PreparedOperation]

    @classmethod
    def from_node(cls, schema: GraphQLSchema, node: DocumentNode, *, is_cached: bool) -> "ValidatedDocument":
        # Before validation, which may take very long for a document that exceeds the limits.
        limit_error = size_error(node)
        errors = [limit_error] if limit_error else validate(schema, node, max_errors=20)
        if errors:
            return cls(node, errors, {})
        fragments = {part.name.value: part for part in node.definitions if isinstance(part, FragmentDefinitionNode)}
        operations = {
            part.name.value if part.name else None: PreparedOperation.from_node(
                schema, part, fragments, is_cached=is_cached
            )
            for part in node.definitions
            if isinstance(part, OperationDefinitionNode)
        }
        return cls(node, [], operations)

    def operation(self, name: str | None) -> PreparedOperation | None:
        """The operation with that name, or the only operation if `name` is None; None if there is no such operation."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        return self.operations.get(name)


def unlink_tokens(node: DocumentNode) -> None:
    """Frees the linked list of all tokens, which takes more memory than the document and is not used after parsing."""
    token = node.loc and node.loc.start_token
    while token:
        next_token, token.prev, token.next = token.next, None, None
        token = next_token


class DocumentCache:
    """The most recently used documents, by their text."""

    def __init__(self, size: int = MAX_CACHED_DOCUMENTS) -> None:
        self.cache: Cache[str, ValidatedDocument] = Cache(size)

    def get(self, schema: GraphQLSchema, text: str) -> ValidatedDocument:
        """The document from the cache, or parsed and validated now. Raises `GraphQLError` on a syntax error."""
        cached = self.cache.get(text)
        if cached is not None:
            return cached
        is_cached = len(text) <= MAX_CACHED_LENGTH
        node = parse(text, max_tokens=MAX_TOKENS)
        unlink_tokens(node)
        document = ValidatedDocument.from_node(schema, node, is_cached=is_cached)
        if is_cached:
            self.cache.put(text, document)
        return document


class CompiledExecution(SchemaExtension):
    """Strawberry's hooks: takes documents from the cache, and executes operations that are compiled to SQL.

    Other hooks than these would not be called (`HookRunner`).
    """

    documents = DocumentCache()
    trace: Trace | None = None

    async def on_operation(self) -> AsyncIterator[None]:
        context = self.execution_context
        assert context.query
        if context.operation_extensions:
            self.trace = requested_trace(context.operation_extensions, context.context)
        misses = self.documents.cache.misses
        self.document = self.documents.get(self._schema(), context.query)
        if self.trace is not None:
            self.trace.record_document(is_cached=self.documents.cache.misses == misses)
            context.context = self.trace.trace_context(context.context)
        # Strawberry neither parses nor validates if both are set.
        context.graphql_document = self.document.node
        context.pre_execution_errors = list(self.document.errors)
        # Strawberry would execute the first operation.
        if len(self.document.operations) > 1 and self._operation_name() is None:
            missing_name = GraphQLError("Name one of the document's operations in 'operationName'.")
            context.pre_execution_errors.append(missing_name)
        if not context.context.is_schema_open and any(
            each.is_introspection for each in self.document.operations.values()
        ):
            context.pre_execution_errors.append(graphql_error("Introspection is for accounts.", "FORBIDDEN"))
        yield

    async def on_execute(self) -> AsyncIterator[None]:
        context = self.execution_context
        operation = self.document.operation(self._operation_name())
        if operation is not None:
            context.result = await operation.execute(context.context, context.variables or {})
        yield

    def get_results(self) -> dict[str, Any]:
        return {} if self.trace is None else {"trace": self.trace.as_json(self.documents.cache)}

    def _operation_name(self) -> str | None:
        name = self.execution_context._provided_operation_name  # noqa: SLF001  # The public one has a default.
        assert isinstance(name, str | None)
        return name

    def _schema(self) -> GraphQLSchema:
        # Strawberry has no public attribute for the schema that it built for graphql-core.
        schema = self.execution_context.schema._schema  # noqa: SLF001  # See above.
        assert isinstance(schema, GraphQLSchema)
        return schema
