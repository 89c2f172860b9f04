"""What an input says of a person: read, checked, and turned into columns."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Kabupaten, Kecamatan
from api.models.day import local_day
from api.rules.code import ProblemCode
from api.services.position import check_point
from api.services.problem import Problems
from api.services.request import Request
from api.values.email import parse_email
from api.values.phone import parse_phone
from api.values.text import line

Columns = Mapping[str, Any]


def read_person(problems: Problems, values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that the values fill: null empties them, and what is left out is left out."""
    columns: dict[str, Any] = {}
    for name, value in values.items():
        columns |= READERS[name](problems, value)
    return columns


def _name(problems: Problems, value: str) -> Columns:
    return {"name": problems.read(line, "name", value=value, minimum=1, maximum=200)}


def _contact(problems: Problems, value: Mapping[str, Any] | None) -> Columns:
    contact = value or {}
    name, relation = contact.get("name"), contact.get("relation")
    steps = "emergency_contact"
    return {
        "emergency_name": problems.read(line, steps, "name", value=name, minimum=1, maximum=200),
        "emergency_phone": problems.read(parse_phone, steps, "phone", value=contact.get("phone")),
        "emergency_relation": problems.read(line, steps, "relation", value=relation, minimum=1, maximum=100),
    }


def _position(_problems: Problems, value: Mapping[str, Any] | None) -> Columns:
    return {name: value and value[name] for name in ("latitude", "longitude")}


def _as_is(column: str) -> Callable[[Problems, Any], Columns]:
    return lambda _problems, value: {column: value}


# How each field of an input is read.
READERS: Mapping[str, Callable[[Problems, Any], Columns]] = {
    "name": _name,
    "phone": lambda problems, value: {"phone": problems.read(parse_phone, "phone", value=value)},
    "email": lambda problems, value: {"email": problems.read(parse_email, "email", value=value)},
    "birth_date": _as_is("birth_date"),
    "sex": _as_is("sex"),
    "kabupaten": _as_is("kabupaten_code"),
    "kecamatan": _as_is("kecamatan_code"),
    "position": _position,
    "reach": _as_is("reach"),
    "emergency_contact": _contact,
}


async def find_home(session: Transaction, request: Request, problems: Problems, code: str) -> Row | None:
    """The home kabupaten, whether the actor coordinates it (`may`), and the day there (`today`)."""
    place = await session.row(_place(request.actor.kind), {**request.parameters, "kabupaten": code})
    if place is None:
        problems.add(ProblemCode.NOT_FOUND, "kabupaten")
    return place


async def check_home(
    session: Transaction, problems: Problems, place: Row | None, *, kecamatan: str | None, position: Any
) -> None:
    """Adds problems where kecamatan or position do not lie in the home kabupaten."""
    problems.read(check_point, "position", value=position, kabupatens=[place] if place else [])
    if kecamatan is None:
        return
    around = await session.value(KABUPATEN_OF, {"kecamatan": kecamatan})
    if around is None:
        problems.add(ProblemCode.NOT_FOUND, "kecamatan")
    elif place is not None and around != place.code:
        problems.invalid(
            "kecamatan",
            indonesian="Kecamatan ini tidak terletak di kabupaten asal.",
            english="This kecamatan is not in the home kabupaten.",
        )


def check_birth_date(problems: Problems, birth_date: date | None, today: date) -> None:
    if birth_date is not None and birth_date > today:
        problems.invalid("birth_date", indonesian="Tanggal lahir belum tiba.", english="The day of birth has not come.")


@cache
def _place(kind: Kind) -> CompiledStatement:
    scope = access.coordinates(kind, Kabupaten.c.code).label("may")
    today = local_day(Kabupaten.c.code, access.NOW).label("today")
    code = sa.bindparam("kabupaten", type_=sa.Text())
    return compile_statement(sa.select(Kabupaten, scope, today).where(Kabupaten.c.code == code))


KABUPATEN_OF = compile_statement(
    sa.select(Kecamatan.c.kabupaten_code).where(Kecamatan.c.code == sa.bindparam("kecamatan", type_=sa.Text()))
)
