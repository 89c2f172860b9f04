"""Provinces and kabupaten, and how far it is to a place."""

from collections.abc import Callable

import sqlalchemy as sa

from api.compiler.source import (
    Expression,
    FieldContext,
    Order,
    Row,
    Source,
    Sql,
    ToConnection,
    ToOne,
    equals,
    everybody,
)
from api.models import Cube, Kabupaten, Province
from api.resolvers.common import contains, ordered
from api.rules.candidate import chord, kilometres, on_globe


def position(row: Row, _context: FieldContext) -> Sql:
    return on_globe(row)


def seat_of(kabupaten_code: Sql) -> Sql:
    """The point of a kabupaten's seat; null where there is no such kabupaten."""
    seat = Kabupaten.alias()
    return sa.select(on_globe(seat)).where(seat.c.code == kabupaten_code).scalar_subquery()


def asked_place(context: FieldContext) -> Sql:
    """The point of the place asked for."""
    place = context.arguments["place"]
    assert isinstance(place, dict)
    if "kabupaten" in place:
        return seat_of(context.bind(place["kabupaten"]))
    return sa.func.on_globe(*(context.bind(place["point"][name]) for name in ("latitude", "longitude")), type_=Cube())


def distance_from(start: Callable[[Row, FieldContext], Sql]) -> Expression:
    """Kilometres from where the thing is to the place asked for."""
    return Expression(lambda row, context: kilometres(chord(start(row, context), asked_place(context))))


SOURCES = (
    Source(
        "Province",
        Province,
        visible=everybody,
        key="code",
        fields={"kabupaten": ToConnection("Kabupaten", on=lambda row, other: other.c.province_code == row.c.code)},
        orders={"CODE": Order(lambda _row: []), "NAME": ordered("name")},
    ),
    Source(
        "Kabupaten",
        Kabupaten,
        visible=everybody,
        key="code",
        fields={
            "province": ToOne("Province", on=lambda row, other: other.c.code == row.c.province_code),
            "volunteers": ToConnection("Volunteer", on=lambda row, other: other.c.kabupaten_code == row.c.code),
            "organizations": ToConnection("Organization", on=lambda row, other: other.c.kabupaten_code == row.c.code),
            "needs": ToConnection("Need", on=lambda row, other: other.c.kabupaten_code == row.c.code),
            "distance_to": distance_from(position),
        },
        orders={"CODE": Order(lambda _row: []), "NAME": ordered("name")},
        filters={
            "province": equals("province_code"),
            "kind": lambda row, _context, value: row.c.kind == str(value),
            "name": contains("name"),
        },
    ),
)
