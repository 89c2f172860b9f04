"""Introspection: answered by graphql-core in a thread, so that it does not hold the event loop, and cached."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableDefinitionNode,
    execute_sync,
    print_ast,
)
from graphql.execution import Executor

from api.compiler.cache import Cache
from api.compiler.plan import Operation
from api.execution.limit import too_large
from api.execution.thread import FairThread

INTROSPECTION = ("__schema", "__type")

# Fields of one answer: several times those of the most that the common tools ask for.
MAX_FIELDS = 100_000
MAX_CACHED_BYTES = 2 * 1024 * 1024

# Of the arguments of introspection, and of @skip and @include: a coerced value of them is the value that was sent.
VARIABLE_TYPES = ("String", "Boolean")

# By response key, as JSON.
JsonFields = Mapping[str, bytes]


class _TooManyFields(BaseException):
    """No `Exception`, which the executor would turn into an error of one field."""


class _CountingExecutor(Executor[Any]):
    """Ends the execution when it has answered too many fields: the lists of the schema multiply when nested."""

    answered = 0

    def execute_field(self, *details: Any) -> Any:
        self.answered += 1
        if self.answered > MAX_FIELDS:
            raise _TooManyFields
        return super().execute_field(*details)


# One thread, so that introspection uses at most one processor.
_THREAD = FairThread("introspection")

# Keyed by the id of the operation's node, which the value holds, so that the id is not reused.
_ANSWERS: Cache[int, tuple[OperationDefinitionNode, JsonFields]] = Cache(16)


async def introspect(client: str, operation: Operation, nodes: Iterable[FieldNode]) -> JsonFields:
    """The fields `__schema` and `__type` that the nodes select. Raises `GraphQLError` if the answer would be too large."""
    is_cacheable = operation.is_cacheable and not operation.node.variable_definitions
    cached = _ANSWERS.get(id(operation.node)) if is_cacheable else None
    if cached is not None:
        return cached[1]
    fields = await _THREAD.run(client, _execute, operation, [*nodes])
    if is_cacheable and sum(map(len, fields.values())) <= MAX_CACHED_BYTES:
        _ANSWERS.put(id(operation.node), (operation.node, fields))
    return fields


def _execute(operation: Operation, nodes: Sequence[FieldNode]) -> JsonFields:
    selected = OperationDefinitionNode(
        operation=operation.node.operation,
        variable_definitions=tuple(filter(_is_of_introspection, operation.node.variable_definitions or ())),
        selection_set=SelectionSetNode(selections=tuple(nodes)),
    )
    document = DocumentNode(definitions=(selected, *operation.fragments.values()))
    try:
        result = execute_sync(
            operation.schema, document, variable_values=dict(operation.variables), executor_class=_CountingExecutor
        )
    except _TooManyFields:
        raise too_large(f"Introspection may answer {MAX_FIELDS} fields; ask for less of the schema.") from None
    assert result.data is not None
    return {key: orjson.dumps(value) for key, value in result.data.items()}


def _is_of_introspection(definition: VariableDefinitionNode) -> bool:
    return print_ast(definition.type).rstrip("!") in VARIABLE_TYPES
