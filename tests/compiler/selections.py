"""Selections, lists, conditions and orders derived from the schema, for tests that walk all of it."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_argument,
    is_required_input_field,
)

from api.resolvers import SOURCES
from api.schema.build import core_schema
from tests.asking import Json
from tests.compiler.documents import SCALARS, TARGETS, type_named

# The types that have global ids.
NODES = frozenset(name for name, source in SOURCES.items() if source.node)

PAGE_INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
GROUPS = ("and", "or", "not")
SAMPLES = {"Code": '"62.06"', "ID": '"62.06"', "String": '"sit"'}


def list_fields() -> Iterator[tuple[GraphQLObjectType, str, GraphQLField]]:
    """Every connection and list of objects in the schema: the type that has the field, its name, its definition."""
    for type_ in core_schema().type_map.values():
        if is_object_type(type_) and not type_.name.startswith("__") and type_ is not core_schema().mutation_type:
            for name, field in type_.fields.items():
                is_list = str(field.type).startswith("[") and is_composite_type(get_named_type(field.type))
                if "first" in field.args or is_list:
                    yield type_, name, field


def root_lists() -> Mapping[str, GraphQLField]:
    """Every list of a noun at the root."""
    query = core_schema().query_type
    assert query is not None
    return {name: field for name, field in query.fields.items() if "orderBy" in field.args or "filter" in field.args}


def listed_type(field: GraphQLField) -> str:
    """The name of the type of a connection's nodes."""
    return get_named_type(field.type).name.removesuffix("Connection")


def selection(type_: Any, depth: int = 1, *, among_others: bool = False) -> str:
    """A selection of all leaf fields of the type, and of its object fields without arguments down to `depth`.

    For an interface or a union, of all of its types, whose fields of one name may have several types.
    """
    if is_abstract_type(type_):
        possible = core_schema().get_possible_types(type_)
        parts = [f"... on {each.name} {selection(each, depth, among_others=True)}" for each in possible]
        return "{ " + " ".join(parts) + " }"
    parts = ["__typename"]
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        alias = f"{type_.name}_{name}: " if among_others else ""
        if not is_composite_type(named):
            parts.append(alias + name + arguments(field))
        elif not field.args and depth:
            parts.append(f"{alias}{name} {selection(named, depth - 1)}")
    return "{ " + " ".join(parts) + " }"


def arguments(field: GraphQLField) -> str:
    """The field's required arguments in parentheses, each with a value of its type."""
    required = {name: each for name, each in field.args.items() if is_required_argument(each)}
    values = [f"{name}: {sample_literal(each.type)}" for name, each in required.items()]
    return f"({', '.join(values)})" if values else ""


def sample_literal(type_: Any) -> str:
    named = get_named_type(type_)
    if is_enum_type(named):
        return str(next(iter(named.values)))
    if not is_input_object_type(named):
        return SAMPLES[named.name]
    required = {name: each for name, each in named.fields.items() if is_required_input_field(each)}
    given = required or dict(itertools.islice(named.fields.items(), 1))
    return "{" + ", ".join(f"{name}: {sample_literal(each.type)}" for name, each in given.items()) + "}"


def list_selection(name: str, field: GraphQLField, volunteer: object, *, extra: str = "") -> str:
    """A selection of the list with all leaf fields of its items; `extra` is selected on each item as well."""
    if "first" in field.args:
        node = selection(item_type(field))
        nodes = f"nodes {node[:-1]}{extra} }} edges {{ cursor node {{ __typename }} }}"
        given = f"(first: 100{', ' * bool(arguments(field))}{arguments(field)[1:-1]})"
        return f"{name}{given} {{ totalCount {PAGE_INFO} {nodes} }}"
    needed = {"volunteer": f'"Volunteer:{volunteer}"', "on": '"2026-03-02"', "skill": '"SHELTER"'}
    named = [
        f"{argument}: {needed.get(argument) or sample_literal(each.type)}"
        for argument, each in field.args.items()
        if argument in needed or is_required_argument(each)
    ]
    given = f"({', '.join(named)})" if named else ""
    return f"{name}{given} {selection(get_named_type(field.type))[:-1]}{extra} }}"


def item_type(field: GraphQLField) -> Any:
    """The type of a list's items, or of a connection's nodes."""
    named: Any = get_named_type(field.type)
    return get_named_type(named.fields["nodes"].type) if "first" in field.args else named


def inner_lists(field: GraphQLField, volunteer: object) -> str:
    """A selection of every list that the items of a list have."""
    return " ".join(
        list_selection(name, each, volunteer) for type_, name, each in list_fields() if type_ is item_type(field)
    )


def orders(field: GraphQLField) -> list[str]:
    """The orders of a connection."""
    order: Any = get_named_type(field.args["orderBy"].type)
    return list(order.values)


def conditions(type_: GraphQLInputObjectType, ids: Mapping[str, list[str]]) -> Iterator[Json]:
    """Filters with one condition: every operator of every condition, each with several values."""
    for name, field in type_.fields.items():
        if name not in GROUPS:
            target = TARGETS.get((type_.name, name)) or type_named(name, "")
            yield from ({name: value} for value in values(field.type, ids, target))


def values(type_: Any, ids: Mapping[str, list[str]], target: str) -> Iterator[Any]:
    """Several values of an input type; ids are of the type `target`."""
    bare: Any = type_.of_type if is_non_null_type(type_) else type_
    if is_list_type(bare):
        items = list(values(bare.of_type, ids, target))
        yield from ([], items[:1], items[1:4])
    elif is_input_object_type(bare):
        yield from objects(bare, ids, target)
    elif is_enum_type(bare):
        yield from bare.values
    elif bare.name == "ID":
        yield from ids[target][:3]
        yield ids[target][-1]
    else:
        yield from SCALARS[bare.name][0][:8]


def objects(type_: GraphQLInputObjectType, ids: Mapping[str, list[str]], target: str) -> Iterator[Json]:
    """Of an input with operators each alone; of any other one, its members together."""
    members = {name: field.type for name, field in type_.fields.items()}
    if not any(map(is_required_input_field, type_.fields.values())):
        for name, member in members.items():
            if name != "not":
                yield from ({name: value} for value in values(member, ids, type_named(name, target)))
        if "not" in members:
            yield from ({"not": {"eq": value}} for value in itertools.islice(values(members["eq"], ids, target), 3))
        return
    choices = [list(itertools.islice(values(each, ids, type_named(name, target)), 4)) for name, each in members.items()]
    for chosen in itertools.product(*choices):
        yield dict(zip(members, chosen, strict=True))
