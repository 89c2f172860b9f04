"""How the schema's fields are declared: plain ones, ones with arguments, connections, roots and verbs."""

from collections.abc import Mapping
from dataclasses import fields
from enum import Enum
from typing import Any, Generic, TypeVar

import strawberry
from graphql.pyutils import camel_to_snake
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.types.arguments import StrawberryArgument

from api.resolvers import ROOTS, VERBS
from api.resolvers.answer import perform_verb, read

T = TypeVar("T")

# Strawberry types what its field functions return as Any, so that they can stand for a value of any annotation.
Declared = Any


@strawberry.enum(description="The language of a label.")
class Language(Enum):
    ID = strawberry.enum_value("ID", description="Bahasa Indonesia.")
    EN = strawberry.enum_value("EN", description="English.")


@strawberry.interface(description="A thing that can be found again by its id.")
class Node:
    id: strawberry.ID = strawberry.field(description="Its id among all things: the type, a colon, the key.")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there is more before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first item; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last item; null on an empty page.")


@strawberry.type(description="An item of a list, with its place there.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="The item's place: give it as after or before to read on from here.")
    node: T = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    nodes: list[T] = strawberry.field(description="The items of this page.")
    edges: list[Edge[T]] = strawberry.field(description="The items of this page with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")
    total_count: int = strawberry.field(description="How many items the whole filtered list has.")


def described(description: str) -> Declared:
    return strawberry.field(description=description)


def optional(description: str) -> Declared:
    """A field of an input that may be left out."""
    return strawberry.field(default=None, description=description)


def one_of(description: str) -> Declared:
    """A field of an input of which exactly one is given."""
    return strawberry.field(default=strawberry.UNSET, description=description)


def argument(name: str, type_: object, description: str, default: object = strawberry.UNSET) -> StrawberryArgument:
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(type_),
        description=description,
        default=default,
    )


LANGUAGE = argument("language", Language, "The language to read it in.", Language.ID)


def asked(description: str, *arguments: StrawberryArgument) -> Declared:
    """A field with arguments that the compiler answers."""
    declared = strawberry.field(description=description)
    declared.arguments = list(arguments)
    return declared


def label(description: str) -> Declared:
    return asked(description, LANGUAGE)


def paging(filter: type | None = None, order: type[Enum] | None = None) -> list[StrawberryArgument]:
    """The arguments of a connection; the order's first member is its default."""
    arguments = [
        argument("first", int | None, "The first so many, 1 to 100. Give either first or last.", None),
        argument("after", str | None, "Only what comes after this cursor.", None),
        argument("last", int | None, "The last so many, 1 to 100. Give either first or last.", None),
        argument("before", str | None, "Only what comes before this cursor.", None),
    ]
    if filter is not None:
        arguments.append(argument("filter", filter | None, "Only what meets all of these conditions.", None))
    if order is not None:
        arguments.append(argument("order_by", order, "The order of the list.", next(iter(order))))
    return arguments


def paged(description: str, *, filter: type | None = None, order: type[Enum] | None = None) -> Declared:
    return asked(description, *paging(filter, order))


class Answer(FieldExtension):
    """A root field that a compiled statement answers."""

    async def resolve_async(self, next_: object, source: object, info: strawberry.Info, **kwargs: object) -> Any:  # noqa: ARG002  # Strawberry's form.
        raw = info._raw_info  # noqa: SLF001  # The executor's own: Strawberry keeps the selection's nodes to itself.
        return await read(raw, ROOTS[camel_to_snake(raw.field_name)])


class Perform(FieldExtension):
    """A mutation: its input goes to the service, its payload comes from a compiled statement."""

    async def resolve_async(self, next_: object, source: object, info: strawberry.Info, **kwargs: object) -> Any:  # noqa: ARG002  # Strawberry's form.
        raw = info._raw_info  # noqa: SLF001  # The executor's own: Strawberry keeps the selection's nodes to itself.
        return await perform_verb(raw, VERBS[camel_to_snake(raw.field_name)], given(kwargs["input"]))


def given(value: Any) -> Mapping[str, Any]:
    """What an input holds, without what was left out or null."""
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: plain(item) for name, item in found.items() if item is not None and item is not strawberry.UNSET}


def plain(value: Any) -> Any:
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.value if isinstance(value, Enum) else value


def root(description: str, *arguments: StrawberryArgument) -> Declared:
    declared = strawberry.field(description=description, extensions=[Answer()])
    declared.arguments = list(arguments)
    return declared


def root_page(description: str, *, filter: type | None = None, order: type[Enum] | None = None) -> Declared:
    return root(description, *paging(filter, order))


def verb(input: type, description: str) -> Declared:
    declared = strawberry.field(description=description, extensions=[Perform()])
    declared.arguments = [argument("input", input, "What to do.")]
    return declared
