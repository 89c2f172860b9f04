"""Scalar types: how their values are parsed, validated and written."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NewType

import phonenumbers
import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

FIRST_YEAR, LAST_YEAR = 1900, 2200
# Digits and common separators.
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
    """Converts an Indonesian phone number in any common format to E.164."""
    text = value if isinstance(value, str) and PHONE.fullmatch(value) else ""
    try:
        # 00 is the international prefix of most countries; the library accepts only those of Indonesia.
        number = phonenumbers.parse(re.sub(r"^\s*00", "+", text), "ID")
    except phonenumbers.NumberParseException:
        raise GraphQLError("This is not an Indonesian phone number.") from None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_possible_number(number) or not E164.fullmatch(e164):
        raise GraphQLError("This is not an Indonesian phone number.")
    return PhoneNumber(e164)


def parse_degrees(value: object, limit: float) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not -limit <= value <= limit:
        raise GraphQLError(f"Degrees must be a number from -{limit} to {limit}.")
    return float(value)


def parse_latitude(value: object) -> Latitude:
    return Latitude(parse_degrees(value, 90))


def parse_longitude(value: object) -> Longitude:
    return Longitude(parse_degrees(value, 180))


def parse_instant(value: object) -> datetime:
    try:
        instant = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise GraphQLError(
            "A DateTime is written in ISO 8601 with its UTC offset, as in 2026-11-21T08:00:00+07:00."
        ) from None
    if instant.tzinfo is None:
        raise GraphQLError("A DateTime needs its UTC offset, as in 2026-11-21T08:00:00+07:00.")
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise GraphQLError(f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}.")
    return instant.astimezone(UTC)


def parse_day(value: object) -> date:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise GraphQLError("A Date is written as YYYY-MM-DD, as in 2026-11-21.")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise GraphQLError("This day does not exist in the calendar.") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise GraphQLError(f"The year must lie between {FIRST_YEAR} and {LAST_YEAR}.")
    return day


SCALARS: Mapping[object, ScalarDefinition] = {
    Code: strawberry.scalar(
        name="Code",
        description="A code of reference data: the Kemendagri code with its dot for places (62.02), a name for the rest (FLOOD).",
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
        description="An Indonesian phone number in E.164 (+62…); input may also be in national format (08…).",
        serialize=str,
        parse_value=parse_phone,
        specified_by_url="https://www.itu.int/rec/T-REC-E.164",
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description="A date and time with its UTC offset (RFC 3339). Responses are in UTC, with up to six decimals of a second.",
        serialize=datetime.isoformat,
        parse_value=parse_instant,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar date without a time of day (RFC 3339 full-date).",
        serialize=date.isoformat,
        parse_value=parse_day,
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
}
