"""Provinces and kabupaten, and how far it is to a place."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from api.compiler.source import Ask, Expression, One, Order, Page, Row, Source, Sql, equals, everybody
from api.models import Kabupaten, Province
from api.resolvers.common import contains, ordered
from api.rules.candidate import chord, kilometres, on_globe


def position(row: Row, _ask: Ask) -> Sql:
    return on_globe(row)


def asked_place(ask: Ask) -> sa.Select[Any]:
    """The position of the place asked for; no row where there is no such place."""
    place = ask.arguments["place"]
    assert isinstance(place, dict)
    if "kabupaten" in place:
        seat = Kabupaten.alias()
        return sa.select(seat.c.latitude, seat.c.longitude).where(seat.c.code == ask.bind(place["kabupaten"]))
    return sa.select(*(ask.bind(place["point"][name]).label(name) for name in ("latitude", "longitude")))


def distance_from(start: Callable[[Row, Ask], Sql]) -> Expression:
    """Kilometres from a point of the globe to the place asked for."""

    def distance(row: Row, ask: Ask) -> Sql:
        there = asked_place(ask).subquery()
        return sa.select(kilometres(chord(start(row, ask), on_globe(there)))).correlate(row).scalar_subquery()

    return Expression(distance)


SOURCES = (
    Source(
        "Province",
        Province,
        visible=everybody,
        key="code",
        fields={"kabupaten": Page("Kabupaten", on=lambda row, other: other.c.province_code == row.c.code)},
        orders={"CODE": Order(lambda _row: []), "NAME": ordered("name")},
    ),
    Source(
        "Kabupaten",
        Kabupaten,
        visible=everybody,
        key="code",
        fields={
            "province": One("Province", on=lambda row, other: other.c.code == row.c.province_code),
            "volunteers": Page("Volunteer", on=lambda row, other: other.c.kabupaten_code == row.c.code),
            "organizations": Page("Organization", on=lambda row, other: other.c.kabupaten_code == row.c.code),
            "needs": Page("Need", on=lambda row, other: other.c.kabupaten_code == row.c.code),
            "distance_to": distance_from(position),
        },
        orders={"CODE": Order(lambda _row: []), "NAME": ordered("name")},
        filters={
            "province": equals("province_code"),
            "kind": lambda row, _ask, value: row.c.kind == str(value),
            "name": contains("name"),
        },
    ),
)
