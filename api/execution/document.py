"""Documents: parsed, validated and cached, with their operations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.values import VariableValues

from api.compiler.cache import Cache
from api.compiler.plan import Operation
from api.compiler.selection import Document
from api.context import Context
from api.database.pool import Client
from api.execution.answer import graphql_error
from api.execution.introspection import INTROSPECTION
from api.execution.operation import RootField, run_concurrently, run_consistent
from api.execution.thread import FairThread
from api.execution.validation import fragments_of, parse_document, root_selections, validation_errors
from api.execution.variable import VariableTypes

MAX_CACHED_DOCUMENTS = 128
# Characters, of one document and of all. A parsed document takes up to 300 bytes for each.
MAX_CACHED_LENGTH = 8_000
MAX_CACHED_LENGTHS = 200_000

# Characters. A longer document, unless it is cached, is parsed and validated in a thread, beside other requests.
MAX_LENGTH_IN_LOOP = 1_000
_THREAD = FairThread("validation")

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
    is_query: bool
    has_introspection: bool  # Whether it selects `__schema` or `__type`.
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
        is_query = node.operation is OperationType.QUERY
        has_fixed_roots = is_query and not any(each.directives for each in nodes)
        return cls(
            schema,
            node,
            fragments,
            VariableTypes.from_definitions(schema, node.variable_definitions or ()),
            is_query,
            not names.isdisjoint(INTROSPECTION),
            any(directive.name.value == CONSISTENT for directive in node.directives or ()),
            is_cached,
            select_roots(schema, node, fragments, {}) if has_fixed_roots else None,
        )

    def roots(self, variables: Mapping[str, Any]) -> Sequence[RootField]:
        """The selected root fields, in the document's order."""
        if self.fixed_roots is not None:
            return self.fixed_roots
        return select_roots(self.schema, self.node, self.fragments, variables)

    async def execute(self, context: Context, raw_variables: dict[str, Any]) -> ExecutionResult:
        """The result of a query."""
        if self.is_consistent and self.has_introspection:
            return ExecutionResult(None, [graphql_error(CONSISTENT_INTROSPECTION, "BAD_USER_INPUT")])
        variables = self.variables.coerce(raw_variables)
        if isinstance(variables, list):
            return ExecutionResult(None, variables)
        operation = Operation(
            self.schema, self.node, self.fragments, variables, self.variables.types, is_cacheable=self.is_cached
        )
        try:
            if self.is_consistent:
                return await run_consistent(context, operation)
            return await run_concurrently(context, operation, self.roots(variables))
        finally:
            if context.client is not None:
                context.client.validation_seconds += operation.planning_seconds


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
    """A parsed document with its validation errors, and its operations by name."""

    schema: GraphQLSchema
    node: DocumentNode
    errors: Sequence[GraphQLError]
    operations: Mapping[str | None, OperationDefinitionNode]
    is_cached: bool
    prepared: dict[str | None, PreparedOperation] = field(default_factory=dict)

    @classmethod
    def from_text(cls, schema: GraphQLSchema, text: str, max_tokens: int) -> "ValidatedDocument":
        """Raises `GraphQLError` on a syntax error."""
        return cls.from_node(schema, parse_document(text, max_tokens), is_cached=len(text) <= MAX_CACHED_LENGTH)

    @classmethod
    def from_node(cls, schema: GraphQLSchema, node: DocumentNode, *, is_cached: bool) -> "ValidatedDocument":
        operations = {
            part.name.value if part.name else None: part
            for part in node.definitions
            if isinstance(part, OperationDefinitionNode)
        }
        return cls(schema, node, validation_errors(schema, node), operations, is_cached)

    def find(self, name: str | None) -> OperationDefinitionNode | None:
        """The operation with that name, or the only operation if `name` is None; None if there is no such operation."""
        if name is None and len(self.operations) == 1:
            (node,) = self.operations.values()
            return node
        return self.operations.get(name)

    def prepare(self, node: OperationDefinitionNode) -> PreparedOperation:
        """One of the operations of a document without errors, prepared when it is first asked for."""
        name = node.name.value if node.name else None
        if name not in self.prepared:
            self.prepared[name] = PreparedOperation.from_node(
                self.schema, node, fragments_of(self.node), is_cached=self.is_cached
            )
        return self.prepared[name]


def paid_document(client: Client, schema: GraphQLSchema, text: str, max_tokens: int) -> ValidatedDocument:
    """The document, and the client pays for the time of the processor, also where it is wrong."""
    with client.validation():
        return ValidatedDocument.from_text(schema, text, max_tokens)


class DocumentCache:
    """The most recently used documents, by their text."""

    def __init__(self) -> None:
        self.cache: Cache[str, ValidatedDocument] = Cache(MAX_CACHED_DOCUMENTS, MAX_CACHED_LENGTHS)

    async def load(
        self, schema: GraphQLSchema, text: str, max_tokens: int, *, client: Client | None = None
    ) -> ValidatedDocument:
        """The document from the cache, or parsed and validated now. Raises `GraphQLError` on a syntax error."""
        cached = self.cache.get(text)
        if cached is not None:
            return cached
        client = client or Client("")
        if len(text) <= MAX_LENGTH_IN_LOOP:
            document = paid_document(client, schema, text, max_tokens)
        else:
            document = await _THREAD.run(client.name, paid_document, client, schema, text, max_tokens)
        if document.is_cached:
            self.cache.put(text, document, weight=len(text))
        return document
