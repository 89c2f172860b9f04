"""The schema as a whole."""

import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

import orjson
import strawberry
from graphql import (
    GraphQLError,
    GraphQLSchema,
    build_schema,
    is_input_object_type,
    lexicographic_sort_schema,
    print_schema,
)
from strawberry.directive import DirectiveLocation
from strawberry.extensions import SchemaExtension
from strawberry.extensions.runner import SchemaExtensionsRunner
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionContext

from api.compiler.check import check
from api.resolvers import ROOTS, SOURCES
from api.resolvers.document import CONSISTENT, Compiled
from api.schema.mutation import Mutation
from api.schema.query import Query
from api.schema.scalar import SCALARS

log = logging.getLogger("sigap")

# A hook of the extension, ready to be entered.
Hook = Callable[[Any], AbstractAsyncContextManager[None]]


class Executor(StrawberryGraphQLCoreExecutionContext):
    """Lets the text of compiled values through untouched."""

    def complete_value(self, return_type: Any, details: Any, info: Any, path: Any, result: Any, *position: Any) -> Any:
        if isinstance(result, orjson.Fragment):
            return result
        return super().complete_value(return_type, details, info, path, result, *position)


@strawberry.directive(
    name=CONSISTENT,
    locations=[DirectiveLocation.QUERY],
    description="All of the query's data as of one instant, and nothing where any of it is refused. "
    "Without it, each field of the query type is of its own instant; one that fails is null alone where it may be null.",
)
def consistent() -> None:
    """Asks something of whole operations; `Compiled` sees to it."""


class Runner(SchemaExtensionsRunner):
    """Runs the hooks that `Compiled` has. Strawberry's own inspects and wraps them, and misses the others, at each request.

    Any stands for an async context manager; Strawberry names classes of its own there.
    """

    def operation(self) -> Any:
        return OPERATION(self.extensions[0])

    def parsing(self) -> Any:
        return NOTHING

    def validation(self) -> Any:
        return NOTHING

    def executing(self) -> Any:
        return EXECUTION(self.extensions[0])


OPERATION: Hook = asynccontextmanager(Compiled.on_operation)
EXECUTION: Hook = asynccontextmanager(Compiled.on_execute)
NOTHING = nullcontext()


class Schema(strawberry.Schema):
    def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:  # noqa: ARG002, FBT001, FBT002  # Strawberry's form.
        """Strawberry would add one that looks for directives at each field, and ours stands at operations only."""
        return [Compiled()]

    def create_extensions_runner(
        self, execution_context: ExecutionContext, extensions: list[SchemaExtension]
    ) -> SchemaExtensionsRunner:
        return Runner(execution_context, extensions)

    def process_errors(self, errors: list[GraphQLError], _context: ExecutionContext | None = None) -> None:
        """Logs what nobody foresaw; a client's mistakes are the client's to read."""
        for error in errors:
            if error.original_error is not None and not isinstance(error.original_error, GraphQLError):
                log.error("An operation failed.", exc_info=error.original_error)


SCHEMA = Schema(
    Query,
    Mutation,
    directives=[consistent],
    execution_context_class=Executor,
    config=StrawberryConfig(scalar_map=SCALARS),
)


def core() -> GraphQLSchema:
    """The schema as graphql-core has it; Strawberry keeps it to itself."""
    schema = SCHEMA._schema  # noqa: SLF001  # See above.
    assert isinstance(schema, GraphQLSchema)
    return schema


def printed() -> str:
    """The schema's definition, sorted, as it is kept in schema.graphql."""
    return print_schema(lexicographic_sort_schema(build_schema(SCHEMA.as_str()))) + "\n"


def mark_one_of(schema: GraphQLSchema) -> None:
    """Tells graphql-core which inputs take exactly one field; Strawberry has a rule of its own, run by nobody here."""
    for type_ in schema.type_map.values():
        if is_input_object_type(type_):
            type_.is_one_of = type_.extensions["strawberry-definition"].is_one_of


mark_one_of(core())
check(core(), SOURCES, ROOTS)
