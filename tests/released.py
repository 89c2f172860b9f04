"""What a new schema breaks of a released one without a deprecation whose day of removal has come."""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from graphql import GraphQLSchema, is_enum_type, is_input_object_type, is_interface_type, is_object_type
from graphql.utilities import find_breaking_changes

# A reason that names its day: "Use `position` instead. Removed after 2027-06-30."
REMOVAL = re.compile(r"Removed after (\d{4}-\d\d-\d\d)\.$")


def undeclared_breaks(released: GraphQLSchema, current: GraphQLSchema, today: date) -> list[str]:
    """The breaking changes that clients were not told of in time, and the deprecations that name no day."""
    due = {name for name, reason in deprecations(released) if (day := removal_day(reason)) and day < today}
    breaks = [change.description for change in find_breaking_changes(released, current)]
    undeclared = [text for text in breaks if not any(names_element(text, name) for name in due)]
    undated = [
        f"{name}: the reason names no day of removal"
        for name, reason in deprecations(current)
        if not removal_day(reason)
    ]
    return sorted(undeclared + undated)


def removal_day(reason: str) -> date | None:
    found = REMOVAL.search(reason)
    return date.fromisoformat(found[1]) if found else None


def names_element(description: str, name: str) -> bool:
    """Whether a change is the removal of the element, or of what belongs to it."""
    return bool(re.search(rf"\b{re.escape(name)}\b", description))


def deprecations(schema: GraphQLSchema) -> Iterator[tuple[str, str]]:
    """Every deprecated element as `Type.field` or `Type.VALUE`, with its reason."""
    for type_ in schema.type_map.values():
        if is_object_type(type_) or is_interface_type(type_) or is_input_object_type(type_):
            yield from _reasons(type_.name, type_.fields.items())
        elif is_enum_type(type_):
            yield from _reasons(type_.name, type_.values.items())


def _reasons(type_name: str, elements: Iterable[tuple[str, object]]) -> Iterator[tuple[str, str]]:
    for name, element in elements:
        reason = getattr(element, "deprecation_reason", None)
        if reason is not None:
            yield f"{type_name}.{name}", reason
