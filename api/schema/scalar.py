"""Scalars: values with a form of their own."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NewType

import phonenumbers
import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

FIRST_YEAR, LAST_YEAR = 1900, 2200
# Digits, with what people put between them.
PHONE = re.compile(r"[+0-9 ().\-/]{5,40}", re.ASCII)
E164 = re.compile(r"\+62[0-9]{7,13}", re.ASCII)
CODE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

Code = NewType("Code", str)
Latitude = NewType("Latitude", float)
Longitude = NewType("Longitude", float)
PhoneNumber = NewType("PhoneNumber", str)


def parse_code(value: object) -> Code:
    if not isinstance(value, str) or not CODE.fullmatch(value):
        raise GraphQLError("A code has letters, digits, dots, dashes and underscores, as in 62.02 or FIELD_KITCHEN.")
    return Code(value)


def parse_phone(value: object) -> PhoneNumber:
    """An Indonesian number in any usual writing, as E.164."""
    written = value if isinstance(value, str) and PHONE.fullmatch(value) else ""
    try:
        # 00 is how one dials abroad from most countries; the library knows only Indonesia's own prefixes.
        number = phonenumbers.parse(re.sub(r"^\s*00", "+", written), "ID")
    except phonenumbers.NumberParseException:
        raise GraphQLError("This is not an Indonesian phone number.") from None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number) or not E164.fullmatch(e164):
        raise GraphQLError("This is not an Indonesian phone number.")
    return PhoneNumber(e164)


def parse_degrees(value: object, most: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not -most <= value <= most:
        raise GraphQLError(f"Degrees are a number from -{most} to {most}.")
    return float(value)


def parse_latitude(value: object) -> Latitude:
    return Latitude(parse_degrees(value, 90))


def parse_longitude(value: object) -> Longitude:
    return Longitude(parse_degrees(value, 180))


def parse_instant(value: object) -> datetime:
    try:
        instant = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise GraphQLError("An instant is ISO 8601 with its offset, as in 2026-11-21T08:00:00+07:00.") from None
    if instant.tzinfo is None:
        raise GraphQLError("An instant needs its offset from UTC, as in 2026-11-21T08:00:00+07:00.")
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise GraphQLError(f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}.")
    return instant.astimezone(UTC)


def parse_day(value: object) -> date:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise GraphQLError("A day is written as in 2026-11-21.")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise GraphQLError("There is no such day.") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise GraphQLError(f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}.")
    return day


SCALARS: Mapping[object, ScalarDefinition] = {
    Code: strawberry.scalar(
        name="Code",
        description="A code of reference data, as text: places by Kemendagri code with its dot (62.02), the rest by name.",
        serialize=str,
        parse_value=parse_code,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3986#section-2.3",
    ),
    Latitude: strawberry.scalar(
        name="Latitude",
        description="Degrees north of the equator, -90 to 90 (WGS 84).",
        serialize=float,
        parse_value=parse_latitude,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc7946#section-4",
    ),
    Longitude: strawberry.scalar(
        name="Longitude",
        description="Degrees east of Greenwich, -180 to 180 (WGS 84).",
        serialize=float,
        parse_value=parse_longitude,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc7946#section-4",
    ),
    PhoneNumber: strawberry.scalar(
        name="PhoneNumber",
        description="An Indonesian phone number in E.164 (+62…); 08… is understood too.",
        serialize=str,
        parse_value=parse_phone,
        specified_by_url="https://www.itu.int/rec/T-REC-E.164",
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant with its offset from UTC (RFC 3339); answers are in UTC, to the microsecond, without zeros at the end.",
        serialize=datetime.isoformat,
        parse_value=parse_instant,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
    date: strawberry.scalar(
        name="Date",
        description="A day without a time of day (RFC 3339 full-date).",
        serialize=date.isoformat,
        parse_value=parse_day,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
}
