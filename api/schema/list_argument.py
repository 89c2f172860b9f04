"""The arguments of lists: pages, filters and orders, made from what the source of the listed type declares."""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from functools import cache
from typing import Any

import sqlalchemy as sa
import strawberry
from graphql.pyutils import snake_to_camel
from strawberry.types.arguments import StrawberryArgument

from api.compiler.filter import ColumnFilter, PeriodFilter, RelatedFilter
from api.compiler.source import TieredConnection, ToConnection
from api.models.base import Chosen
from api.resolvers import SOURCES
from api.resolvers.place import NearFilter
from api.schema import generated
from api.schema.field import TYPES, argument
from api.schema.place import PlaceInput

OPERATORS: Mapping[str, str] = {
    "eq": "Equal to this.",
    "in": "Equal to one of these.",
    "not": "Not meeting this condition; what is null does not meet it.",
    "gt": "Greater than this.",
    "gte": "Greater than or equal to this.",
    "lt": "Less than this.",
    "lte": "Less than or equal to this.",
    "contains": "Containing this text, whatever its case; in names also whatever accents, punctuation and spaces.",
    "is_null": "True: null; false: not null.",
}
EQUALITY, RANGE = ("eq", "in", "not", "is_null"), ("eq", "in", "not", "gt", "gte", "lt", "lte", "is_null")
GROUPS: Mapping[str, str] = {
    "and": "All of these must hold.",
    "or": "At least one of these must hold.",
    "not": "This must not hold.",
}


def input_type(name: str, description: str, fields: Mapping[str, tuple[Any, str]]) -> type:
    """An input type whose fields may all be left out, each with its annotation and description."""
    members = {
        f"{field}_": strawberry.field(
            default=strawberry.UNSET, name=snake_to_camel(field, upper=False), description=text
        )
        for field, (_, text) in fields.items()
    }
    annotations = {f"{field}_": annotation for field, (annotation, _) in fields.items()}
    type_ = type(name, (), {"__annotations__": annotations, "__module__": generated.__name__, **members})
    # Strawberry looks there for the types that a field names.
    setattr(generated, name, type_)
    return strawberry.input(type_, name=name, description=description)


def operators(name: str, value: Any, names: tuple[str, ...], description: str) -> type:
    """An input with operators on a value."""
    annotations = {"in": list[value] | None, "not": f"{name} | None", "is_null": bool | None}
    fields = {each: (annotations.get(each, value | None), OPERATORS[each]) for each in names}
    return input_type(name, description, fields)


@strawberry.input(description="A period from one instant up to, not including, another.")
class PeriodInput:
    since: datetime = strawberry.field(description="The instant at which it starts.")
    until: datetime = strawberry.field(description="The instant at which it ends, not included.")


@strawberry.input(description="A period of whole days, both ends included.")
class DayPeriodInput:
    since: date = strawberry.field(description="The first day of the period.")
    until: date = strawberry.field(description="The last day of the period.")


ID_FILTER = operators("IdFilter", strawberry.ID, EQUALITY, "A condition on a thing, by its id.")
TEXT_FILTER = operators("TextFilter", str, ("eq", "in", "not", "contains", "is_null"), "A condition on a text.")
INT_FILTER = operators("IntFilter", int, RANGE, "A condition on a whole number.")
FLOAT_FILTER = operators("FloatFilter", float, RANGE, "A condition on a number.")
DATE_FILTER = operators("DateFilter", date, RANGE, "A condition on a day.")
INSTANT_FILTER = operators("DateTimeFilter", datetime, RANGE, "A condition on an instant.")
BOOLEAN_FILTER = operators("BooleanFilter", bool, ("eq", "is_null"), "A condition on something true or false.")
PERIOD_FILTER = input_type(
    "PeriodFilter",
    "A condition on a period of instants.",
    {
        "overlaps": (PeriodInput | None, "Sharing some time with this period; periods that only touch do not."),
        "contains": (datetime | None, "Containing this instant."),
    },
)
DAY_PERIOD_FILTER = input_type(
    "DayPeriodFilter",
    "A condition on a period of whole days.",
    {
        "overlaps": (DayPeriodInput | None, "Sharing at least one day with this period."),
        "contains": (date | None, "Containing this day."),
    },
)


@strawberry.input(description="The surroundings of a place.")
class NearInput:
    place: PlaceInput = strawberry.field(description="The place in their middle.")
    kilometres: float = strawberry.field(description="How far they reach, along the great circle.")


# The arguments that ask for an order, with their types and descriptions.
ARGUMENT_ORDERS: Mapping[str, tuple[Any, str]] = {
    "near": (
        PlaceInput,
        "The nearest to this place first, in place of orderBy; hidden homes are at the seat of their kabupaten.",
    )
}

COLUMN_FILTERS: Mapping[type[sa.types.TypeEngine[Any]], type] = {
    sa.Boolean: BOOLEAN_FILTER,
    sa.Integer: INT_FILTER,
    sa.Float: FLOAT_FILTER,
    sa.DateTime: INSTANT_FILTER,
    sa.Date: DATE_FILTER,
}


@cache
def choice_filter(choice: Any) -> type:
    name = choice.__name__
    return operators(f"{name}Filter", choice, EQUALITY, f"A condition on an enum of type {name}.")


def filter_annotation(declared: object) -> Any:
    """The input of a filter on a column or a period."""
    if isinstance(declared, PeriodFilter):
        return DAY_PERIOD_FILTER if declared.has_days else PERIOD_FILTER
    if isinstance(declared, NearFilter):
        return NearInput
    if isinstance(declared, RelatedFilter):
        return filter_annotation(declared.filter)
    if not isinstance(declared, ColumnFilter):
        raise TypeError("A computed filter needs its annotation and description in @noun(filters=…).")
    if declared.target is not None:
        return ID_FILTER
    if isinstance(declared.type, Chosen):
        return choice_filter(declared.type.choice)
    return next((COLUMN_FILTERS[each] for each in type(declared.type).__mro__ if each in COLUMN_FILTERS), TEXT_FILTER)


def filter_description(declared: object) -> str:
    """What a filter is about that has neither a field of its name nor a description in @noun(filters=…)."""
    if isinstance(declared, NearFilter):
        return "At most so far from a place; hidden homes are at the seat of their kabupaten."
    if not isinstance(declared, PeriodFilter):
        raise TypeError("A filter without a field of its name needs its description in @noun(filters=…).")
    starts, ends = (snake_to_camel(name, upper=False) for name in (declared.starts, declared.ends))
    return f"The period from {starts} to {ends}."


@cache
def filter_type(target: str) -> Any:
    """The filter of a type: its columns and computed filters, and groups of them."""
    source, noun = SOURCES[target], TYPES[target]
    if not source.filters:
        return None
    name = f"{target}Filter"
    described = {each.python_name: each.description for each in noun.type.__strawberry_definition__.fields}
    fields: dict[str, tuple[Any, str]] = {
        "and": (f"list[{name}] | None", GROUPS["and"]),
        "or": (f"list[{name}] | None", GROUPS["or"]),
        "not": (f"{name} | None", GROUPS["not"]),
    }
    for field, declared in source.filters.items():
        declaration: tuple[Any, str] = noun.filters.get(field) or (None, "")
        annotation, text = declaration
        annotation = annotation or filter_annotation(declared)
        text = text or described.get(field) or filter_description(declared)
        fields[field] = (annotation | None, text)
    return input_type(name, f"Which {target} things to list; all conditions given must hold.", fields)


@cache
def order_type(target: str) -> Any:
    """The order of a list, as an enum with each key in both directions."""
    members: dict[str, Any] = {}
    for name in SOURCES[target].orders:
        key, _, direction = name.rpartition("_")
        text = f"By {snake_to_camel(key.lower(), upper=False)}, {'descending' if direction == 'DESC' else 'ascending'}."
        members[name] = strawberry.enum_value(name, description=text)
    make_enum: Any = Enum  # By its members, which are known at run time only.
    order = make_enum(f"{target}Order", members)
    return strawberry.enum(order, description=f"The order of a list of {target} things.")


def list_arguments(target: str) -> list[StrawberryArgument]:
    """The arguments of a connection; the first order is the default."""
    arguments = [
        argument("first", int | None, "The number of items from the start, 0 to 100. Give either first or last."),
        argument("after", str | None, "Only items after this cursor."),
        argument("last", int | None, "The number of items from the end, 0 to 100. Give either first or last."),
        argument("before", str | None, "Only items before this cursor."),
    ]
    if filter_type(target) is not None:
        arguments.append(argument("filter", filter_type(target) | None, "Only items that meet these conditions."))
    if len(SOURCES[target].orders) > 1:
        default = next(iter(SOURCES[target].orders))
        arguments.append(
            argument("order_by", order_type(target) | None, f"The order of the list; {default} if left out or null.")
        )
    for name in SOURCES[target].argument_orders:
        type_, description = ARGUMENT_ORDERS[name]
        arguments.append(argument(name, type_ | None, description))
    return arguments


def complete() -> None:
    """Gives every connection of every type its arguments, before those of its own, once all types are declared."""
    for name, noun in TYPES.items():
        for field in noun.type.__strawberry_definition__.fields:
            declared = SOURCES[name].fields.get(field.python_name) if name in SOURCES else None
            if isinstance(declared, ToConnection | TieredConnection):
                field.arguments = [*list_arguments(declared.target), *field.arguments]
