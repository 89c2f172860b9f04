"""Scalar types: how their values are read and written. Codes and phone numbers are scalars of answers only."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import NewType, TypeVar

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from api.values.day import parse_day
from api.values.instant import parse_instant
from api.values.problem import Unreadable

T = TypeVar("T")

Code = NewType("Code", str)
PhoneNumber = NewType("PhoneNumber", str)


def strict(parse: Callable[[str], T]) -> Callable[[object], T]:
    """Reads a value as one kind of value is read; anything else is an error with the message of that kind."""

    def read(value: object) -> T:
        try:
            return parse(value if isinstance(value, str) else "")
        except Unreadable as unreadable:
            raise GraphQLError(unreadable.english) from None

    return read


SCALARS: Mapping[object, ScalarDefinition] = {
    Code: strawberry.scalar(
        name="Code",
        description="A code of reference data: the Kemendagri code with its dot for places (62.02), a name for the rest (FLOOD).",
        serialize=str,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3986#section-2.3",
    ),
    PhoneNumber: strawberry.scalar(
        name="PhoneNumber",
        description="An Indonesian phone number in E.164 (+62…).",
        serialize=str,
        specified_by_url="https://www.itu.int/rec/T-REC-E.164",
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A date and time with its UTC offset (RFC 3339). Responses are in UTC, with up to six decimals of a second.",
        serialize=datetime.isoformat,
        parse_value=strict(parse_instant),
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar date without a time of day (RFC 3339 full-date).",
        serialize=date.isoformat,
        parse_value=strict(parse_day),
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
}
