"""How the schema's types, fields and inputs are declared."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar, dataclass_transform

import strawberry
from graphql.pyutils import snake_to_camel
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.types.arguments import StrawberryArgument

from api.execution.mutation import perform_verb
from api.schema import choice  # noqa: F401  # Declares the enums before any type uses them.
from api.schema.scalar import Code
from api.services.idempotency import DAYS
from api.services.verb import Verb

T = TypeVar("T")

# Strawberry types what its field functions return as Any, so that they can stand for a value of any annotation.
Declared = Any


@strawberry.enum(description="The language of a label or message.")
class Language(Enum):
    ID = strawberry.enum_value("ID", description="Bahasa Indonesia.")
    EN = strawberry.enum_value("EN", description="English.")


@strawberry.interface(description="A thing that can be read again by its id.")
class Node:
    id: strawberry.ID = strawberry.field(
        description="The global id: the type, a colon and the key, as in Kabupaten:62.02."
    )


@strawberry.type(description="Whether there are pages before and after a page, and the cursors of its ends.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there are more items after this page.")
    has_previous_page: bool = strawberry.field(description="Whether there are more items before this page.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first item; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The cursor of the last item; null on an empty page.")


@strawberry.type(description="An item of a list, with its cursor.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="The cursor of the item, for the arguments `after` and `before`.")
    node: T = strawberry.field(description="The item itself, without its cursor.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    nodes: list[T] = strawberry.field(description="The items of this page.")
    edges: list[Edge[T]] = strawberry.field(description="The items of this page with their cursors.")
    page_info: PageInfo = strawberry.field(
        description="Whether there are pages before and after this one, and the cursors of its ends."
    )
    total_count: int = strawberry.field(description="The number of items in the whole filtered list.")


def page_of(type_: Any) -> Any:
    """The annotation of a page of things of a type that is known at run time only."""
    return Connection[type_]


def list_of(type_: Any) -> Any:
    """The annotation of a list of things of a type that is known at run time only."""
    return list[type_]


# Nouns ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Noun:
    """A type that is read by a source; `filters` are its filters that are not simply on a column."""

    type: Any  # A class, used as an annotation.
    filters: Mapping[str, tuple[object, str]] = dataclasses.field(default_factory=dict)


# The types of the schema by name; each schema module adds its own.
TYPES: dict[str, Noun] = {}


def field(description: str) -> Declared:
    """A field that is the column or the relation of its name, unless `resolvers/` declares otherwise.

    A connection takes its arguments from the filters and orders of the type that it lists.
    """
    return strawberry.field(description=description)


@dataclass_transform(kw_only_default=True, field_specifiers=(field,))
def noun(
    description: str, *, name: str | None = None, filters: Mapping[str, tuple[object, str]] | None = None
) -> Callable[[type[T]], type[T]]:
    """A type of the graph. `filters` has the annotation (None: that of its column) and the description of a filter."""

    def declare(cls: type[T]) -> type[T]:
        made = strawberry.type(cls, name=name, description=description)
        TYPES[name or cls.__name__] = Noun(made, filters or {})
        return made

    return declare


def argument(name: str, type_: object, description: str, default: object = strawberry.UNSET) -> StrawberryArgument:
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(type_),
        description=description,
        default=default,
    )


def field_with_arguments(description: str, *arguments: StrawberryArgument) -> Declared:
    """A field with arguments that the compiler answers."""
    declared = strawberry.field(description=description)
    declared.arguments = list(arguments)
    return declared


LANGUAGE = argument(
    "language",
    Language | None,
    "The language to read it in; without it that of the request's header Accept-Language, else Indonesian.",
    None,
)


def label(description: str) -> Declared:
    """A text in the language of the argument, else in that of the request."""
    return field_with_arguments(description, LANGUAGE)


@strawberry.interface(description="Reference data: a code that never changes, with a label for people.")
class Labelled:
    code: Code = field("The code, which never changes.")
    label: str = label("The name that people read.")


# Inputs ---------------------------------------------------------------------------------------------------------------


def optional(description: str) -> Declared:
    """A field of an input that may be left out, which is not the same as null."""
    return strawberry.field(default=strawberry.UNSET, description=description)


def input_values(value: Any) -> Mapping[str, Any]:
    """The values of an input by name, without those that were left out; nested inputs likewise."""
    found = {each: getattr(value, each) for each in value.__dataclass_fields__}
    return {name: plain_value(item) for name, item in found.items() if item is not strawberry.UNSET}


def plain_value(value: Any) -> Any:
    if isinstance(value, list):
        return [plain_value(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return input_values(value) if hasattr(value, "__dataclass_fields__") else value


# Fields that the executor resolves -------------------------------------------------------------------------------------


class PerformVerb(FieldExtension):
    """A mutation: a service handles its input, a compiled statement reads its payload."""

    def __init__(self, verb: Verb[Any, Any]) -> None:
        self.verb = verb

    async def resolve_async(self, next_: object, source: object, info: strawberry.Info, **kwargs: object) -> Any:  # noqa: ARG002  # Strawberry's form.
        raw = info._raw_info  # noqa: SLF001  # The executor's own: Strawberry keeps the selection's nodes to itself.
        return await perform_verb(raw, self.verb, input_values(kwargs["input"]))


def mutation(verb: Verb[Any, Any], description: str) -> Declared:
    declared = strawberry.field(description=description, extensions=[PerformVerb(verb)])
    if verb.name not in INPUTS:
        raise LookupError(f"{verb.name} has no input: add a class with @verb_input beside its noun in api/schema.")
    declared.arguments = [argument("input", INPUTS[verb.name], "The input of the mutation.")]
    return declared


# The inputs of the mutations by the name of their verb; each schema module adds its own.
INPUTS: dict[str, type] = {}

VERSION = "The version that you have read; if it is no longer the current one, nothing is changed."
IDEMPOTENCY_KEY = (
    "A key of your own, 1 to 200 characters: a request that is repeated with it is done once, "
    f"and the first outcome is answered again, for at least {DAYS} days; later the key acts anew."
)


def verb_input(verb: Verb[Any, Any]) -> Callable[[type[T]], type[T]]:
    """The input of a verb's mutation: its own fields, and `version` and `idempotencyKey` where the verb has them."""

    def declare(cls: type[T]) -> type[T]:
        if verb.updates:
            cls.__annotations__["version"] = "int"
            cls.version = field(VERSION)  # type: ignore[attr-defined]  # Derived, so it stands in no class.
        if not verb.hands_out_secret:
            cls.__annotations__["idempotency_key"] = "str | None"
            cls.idempotency_key = optional(IDEMPOTENCY_KEY)  # type: ignore[attr-defined]  # As above.
        name = f"{verb.type_name}Input"
        INPUTS[verb.name] = strawberry.input(cls, name=name, description=f"The input of {mutation_name(verb)}.")
        return cls

    return declare


def mutation_name(verb: Verb[Any, Any]) -> str:
    return snake_to_camel(verb.name, upper=False)
