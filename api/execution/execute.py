"""Executes a document: queries by compiled statements, mutations by graphql-core's executor."""

from collections.abc import Awaitable, Collection, Mapping
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType
from graphql import execute as execute_by_core
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from api.context import Context
from api.execution.answer import graphql_error
from api.execution.document import DocumentCache, PreparedOperation, ValidatedDocument
from api.execution.limit import values_error
from api.execution.trace import Trace, requested_trace

DOCUMENTS = DocumentCache()

READING: Collection[OperationType] = (OperationType.QUERY,)
ALL_OPERATIONS: Collection[OperationType] = (OperationType.QUERY, OperationType.MUTATION)


class UnknownOperation(Exception):
    """The document has several operations and none was named, or none of that name."""


class OperationNotAllowed(Exception):
    """The operation is of a kind that may not be executed here."""

    def __init__(self, kind: OperationType) -> None:
        super().__init__(kind.value)
        self.kind = kind


class FragmentExecutor(StrawberryGraphQLCoreExecutionContext):
    """Passes on the JSON text of compiled fields as it is; other values are completed by graphql-core."""

    def complete_value(self, return_type: Any, details: Any, info: Any, path: Any, result: Any, *position: Any) -> Any:
        if isinstance(result, orjson.Fragment):
            return result
        return super().complete_value(return_type, details, info, path, result, *position)


async def execute_document(
    schema: GraphQLSchema,
    text: str,
    context: Context,
    *,
    variables: Mapping[str, Any] | None = None,
    name: str | None = None,
    extensions: Mapping[str, Any] | None = None,
    allowed: Collection[OperationType] = ALL_OPERATIONS,
) -> ExecutionResult:
    """The result of the operation of that name. Raises `UnknownOperation` and `OperationNotAllowed`."""
    trace = requested_trace(extensions, context) if extensions else None
    try:
        document = await load(schema, text, context, trace)
        result = await execute_operation(
            document, trace.trace_context(context) if trace else context, variables, name, allowed
        )
    except (UnknownOperation, OperationNotAllowed):
        raise
    except GraphQLError as error:
        result = ExecutionResult(None, [error])
    except Exception as error:  # noqa: BLE001  # As graphql-core does for a field; the answer tells of it without its message.
        result = ExecutionResult(None, [GraphQLError(str(error), original_error=error)])
    if trace is not None:
        result.extensions = {"trace": trace.as_json(DOCUMENTS.cache)}
    return result


async def load(schema: GraphQLSchema, text: str, context: Context, trace: Trace | None) -> ValidatedDocument:
    misses = DOCUMENTS.cache.misses
    document = await DOCUMENTS.load(schema, text, context.limits.max_tokens, client=context.client)
    if trace is not None:
        trace.record_document(is_cached=DOCUMENTS.cache.misses == misses)
    return document


async def execute_operation(
    document: ValidatedDocument,
    context: Context,
    variables: Mapping[str, Any] | None,
    name: str | None,
    allowed: Collection[OperationType],
) -> ExecutionResult:
    node = document.find(name)
    if node is not None and node.operation not in allowed:
        raise OperationNotAllowed(node.operation)
    if document.errors:
        return ExecutionResult(None, [*document.errors])
    if node is None:
        raise UnknownOperation
    operation = document.prepare(node)
    if operation.has_introspection and not context.is_schema_open:
        return ExecutionResult(None, [graphql_error("Introspection is for accounts.", "FORBIDDEN")])
    values = dict(variables or {})
    if error := values_error(values):
        return ExecutionResult(None, [error])
    if operation.is_query:
        return await operation.execute(context, values)
    return await change(document, operation, context, values)


async def change(
    document: ValidatedDocument, operation: PreparedOperation, context: Context, variables: dict[str, Any]
) -> ExecutionResult:
    """Mutations of a document one after the other; each performs its verb."""
    name = operation.node.name
    context.usage.is_changing = True
    result = execute_by_core(
        document.schema,
        document.node,
        context_value=context,
        variable_values=variables,
        operation_name=name.value if name else None,
        executor_class=FragmentExecutor,
    )
    return await result if isinstance(result, Awaitable) else result
