"""Values as the second reader takes and gives them: arguments, scalars, cursors."""

import base64
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from graphql import (
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    is_interface_type,
    is_object_type,
)
from graphql.pyutils import camel_to_snake

from api.schema.build import schema_definition
from api.schema.scalar import SCALARS
from tests.asking import instant

# As the driver has it: the ends of Python's calendar.
INFINITE: Mapping[date, str] = {
    date.max: "infinity",
    date.min: "-infinity",
    datetime.max.replace(tzinfo=UTC): "infinity",
    datetime.min.replace(tzinfo=UTC): "-infinity",
}


# One for a hundred thousand cursors; `json.dumps` makes its own each time.
COMPACT_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def json_value(value: Any) -> Any:
    """A value as the API writes it."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, date):
        return INFINITE.get(value) or (instant(value) if isinstance(value, datetime) else value.isoformat())
    return str(value) if isinstance(value, uuid.UUID) else value


def cursor_text(tag: str, values: Sequence[Any]) -> str:
    """The cursor of a row: its type and order, the values of its order columns, its key."""
    listed = [tag, *(json_value(value) for value in values)]
    return base64.b64encode(COMPACT_JSON.encode(listed).encode()).decode()


# A few thousand names, hundreds of thousands of times.
snake_case_name = cache(camel_to_snake)


def snake_case(value: Any) -> Any:
    """The arguments with the names that declarations use."""
    if isinstance(value, Mapping):
        return {snake_case_name(name): snake_case(item) for name, item in value.items()}
    return [snake_case(item) for item in value] if isinstance(value, list) else value


@cache
def definition() -> str:
    """The schema as text, which takes half a second to print."""
    return schema_definition()


@cache
def loose_schema() -> GraphQLSchema:
    """The schema with every field nullable, so that a mistake spoils nothing but its own field."""
    schema = build_schema(definition())
    scalars = {scalar.name: scalar for scalar in SCALARS.values()}
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLScalarType) and type_.name in scalars:
            type_.coerce_output_value = json_value
            if (parse := scalars[type_.name].parse_value) is not None:
                type_.coerce_input_value = parse
        if (is_object_type(type_) or is_interface_type(type_)) and not type_.name.startswith("__"):
            for each in type_.fields.values():
                each.type = each.type.of_type if isinstance(each.type, GraphQLNonNull) else each.type
    return schema
