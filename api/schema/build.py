"""The executable schema, built from the types in this package."""

import pkgutil
from importlib import import_module

import strawberry
from graphql import (
    GraphQLSchema,
    build_schema,
    is_input_object_type,
    lexicographic_sort_schema,
    print_schema,
)
from strawberry.directive import DirectiveLocation
from strawberry.schema.config import StrawberryConfig

from api import schema
from api.compiler.check import check
from api.execution.document import CONSISTENT
from api.resolvers import ROOTS, SOURCES
from api.schema import list_argument
from api.schema.field import TYPES
from api.schema.mutation import mutation_type
from api.schema.query import query_type
from api.schema.scalar import SCALARS


@strawberry.directive(
    name=CONSISTENT,
    locations=[DirectiveLocation.QUERY],
    description="Reads all data of the query from one snapshot; if any field fails, no data is returned. "
    "Without it, each field of the query type is read on its own, and a nullable one that fails is null by itself.",
)
def consistent() -> None:
    """Declares the directive; `PreparedOperation` applies it."""


# Every module of this room declares its types before the lists and mutations are made of them.
for module in pkgutil.iter_modules(schema.__path__):
    if module.name != "build":
        import_module(f"{schema.__name__}.{module.name}")
list_argument.complete()

SCHEMA = strawberry.Schema(
    query_type(),
    mutation_type(),
    types=[noun.type for noun in TYPES.values()],
    directives=[consistent],
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
