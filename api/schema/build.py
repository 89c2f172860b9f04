"""The executable schema, built from the types in this package."""

import pkgutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from importlib import import_module
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

from api import schema
from api.compiler.check import check
from api.execution.document import CONSISTENT, CompiledExecution
from api.resolvers import ROOTS, SOURCES
from api.schema import list_argument
from api.schema.field import TYPES
from api.schema.mutation import mutation_type
from api.schema.query import query_type
from api.schema.scalar import SCALARS

# A hook of the extension as an async context manager.
Hook = Callable[[Any], AbstractAsyncContextManager[None]]


class FragmentExecutionContext(StrawberryGraphQLCoreExecutionContext):
    """Passes on the JSON text of compiled fields as it is; other values are completed by graphql-core."""

    def complete_value(self, return_type: Any, details: Any, info: Any, path: Any, result: Any, *position: Any) -> Any:
        if isinstance(result, orjson.Fragment):
            return result
        return super().complete_value(return_type, details, info, path, result, *position)


@strawberry.directive(
    name=CONSISTENT,
    locations=[DirectiveLocation.QUERY],
    description="Reads all data of the query from one snapshot; if any field fails, no data is returned. "
    "Without it, each field of the query type is read on its own, and a nullable one that fails is null by itself.",
)
def consistent() -> None:
    """Declares the directive; `CompiledExecution` applies it."""


class HookRunner(SchemaExtensionsRunner):
    """Runs the hooks of `CompiledExecution`, wrapped once at import; Strawberry's runner wraps them at each request.

    The return type is Any, as Strawberry's annotations name private classes instead of async context managers.
    """

    def operation(self) -> Any:
        return OPERATION_HOOK(self.extensions[0])

    def parsing(self) -> Any:
        return NO_HOOK

    def validation(self) -> Any:
        return NO_HOOK

    def executing(self) -> Any:
        return EXECUTION_HOOK(self.extensions[0])


OPERATION_HOOK: Hook = asynccontextmanager(CompiledExecution.on_operation)
EXECUTION_HOOK: Hook = asynccontextmanager(CompiledExecution.on_execute)
NO_HOOK = nullcontext()


class Schema(strawberry.Schema):
    def get_extensions(self, sync: bool = False) -> list[SchemaExtension]:  # noqa: ARG002, FBT001, FBT002  # Strawberry's signature.
        """Without Strawberry's own extension for field directives, as our only directive is for operations."""
        return [CompiledExecution()]

    def create_extensions_runner(
        self, execution_context: ExecutionContext, extensions: list[SchemaExtension]
    ) -> SchemaExtensionsRunner:
        return HookRunner(execution_context, extensions)

    def process_errors(self, _errors: list[GraphQLError], _context: ExecutionContext | None = None) -> None:
        """Strawberry would log them with their messages; `api.web.error` logs what is unexpected."""


# Every module of this room declares its types before the lists and mutations are made of them.
for module in pkgutil.iter_modules(schema.__path__):
    if module.name != "build":
        import_module(f"{schema.__name__}.{module.name}")
list_argument.complete()

SCHEMA = Schema(
    query_type(),
    mutation_type(),
    types=[noun.type for noun in TYPES.values()],
    directives=[consistent],
    execution_context_class=FragmentExecutionContext,
    config=StrawberryConfig(scalar_map=SCALARS),
)


def core_schema() -> GraphQLSchema:
    """The graphql-core schema that Strawberry has built."""
    schema = SCHEMA._schema  # noqa: SLF001  # There is no public attribute for it.
    assert isinstance(schema, GraphQLSchema)
    return schema


def schema_definition() -> str:
    """The schema in GraphQL's schema definition language, sorted: the content of schema.graphql."""
    return print_schema(lexicographic_sort_schema(build_schema(SCHEMA.as_str()))) + "\n"


def mark_one_of(schema: GraphQLSchema) -> None:
    """Sets `is_one_of` for graphql-core's validation, as Strawberry's own @oneOf rule is not run here."""
    for type_ in schema.type_map.values():
        if is_input_object_type(type_):
            type_.is_one_of = type_.extensions["strawberry-definition"].is_one_of


mark_one_of(core_schema())
check(core_schema(), SOURCES, ROOTS)
