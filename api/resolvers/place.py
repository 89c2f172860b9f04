"""Provinces, kabupaten and kecamatan, and distances to a place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi, sin
from typing import Any

import sqlalchemy as sa

from api.compiler.error import BadInput
from api.compiler.filter import ColumnFilter
from api.compiler.source import (
    ArgumentOrder,
    Condition,
    Embedded,
    Expression,
    FieldContext,
    Order,
    Row,
    Source,
    Sql,
    TieredConnection,
    column,
    everybody,
)
from api.compiler.structure import connection, filters, orders, table_source
from api.models import Cube, Kabupaten, Kecamatan, Need, Organization, Province, Volunteer
from api.models.day import time_zone
from api.reference.code import codes_in_force
from api.resolvers.common import POSITION
from api.resolvers.readiness_summary import summary
from api.rules.candidate import EARTH_RADIUS_KM, chord, kilometres, on_globe


def point(row: Row, _context: FieldContext) -> Sql:
    """The row's position on the unit globe."""
    return on_globe(row)


def seat_of(kabupaten_code: Sql) -> Sql:
    """The seat of a kabupaten on the unit globe; null where there is no such kabupaten."""
    seat = Kabupaten.alias()
    return sa.select(on_globe(seat)).where(seat.c.code == kabupaten_code).scalar_subquery()


def place_on_globe(context: FieldContext, place: Any) -> Sql:
    """A place that an argument names, on the unit globe."""
    if "kabupaten" in place:
        return seat_of(context.key(place["kabupaten"], "Kabupaten"))
    latitude = context.bind(place["point"]["latitude"], lambda value, path: degrees(value, path, limit=90))
    longitude = context.bind(place["point"]["longitude"], lambda value, path: degrees(value, path, limit=180))
    return sa.func.on_globe(latitude, longitude, type_=Cube())


def degrees(value: Any, path: tuple[str, ...], *, limit: int) -> float:
    if not -limit <= value <= limit:
        raise BadInput(f"Degrees are a number from -{limit} to {limit}.", path)
    return float(value)


def distance_from(start: Callable[[Row, FieldContext], Sql]) -> Expression:
    """Kilometres from where the thing is to the place of the argument."""
    return Expression(
        lambda row, context: kilometres(chord(start(row, context), place_on_globe(context, context.arguments["place"])))
    )


def nearest_kabupaten(row: Row, _context: FieldContext) -> sa.Select[Any]:
    """All other kabupaten, with the distances of their seats."""
    other = Kabupaten.alias()
    distance = chord(on_globe(row), on_globe(other))
    return sa.select(other, distance.label("chord"), kilometres(distance).label("kilometres")).where(
        other.c.code != row.c.code
    )


def nearest_first(start: Callable[[Row, FieldContext], Sql]) -> Mapping[str, ArgumentOrder]:
    """The order of a list with the argument `near`, by what the viewer may know of where its things are."""

    def columns(row: Row, context: FieldContext) -> list[Sql]:
        return [chord(start(row, context), place_on_globe(context, context.arguments["near"]))]

    return {"near": ArgumentOrder(columns)}


@dataclass(frozen=True, slots=True)
class NearFilter:
    """At most so many kilometres from a place, by what the viewer may know of where the thing is."""

    start: Callable[[Row, FieldContext], Sql]

    def __call__(self, row: Row, context: FieldContext, value: Any) -> Condition:
        farthest = context.bind(value["kilometres"], chord_of)
        return chord(self.start(row, context), place_on_globe(context, value["place"])) <= farthest


def chord_of(distance: float, path: tuple[str, ...]) -> float:
    """The chord of the unit sphere for kilometres on the ground."""
    if not distance >= 0:
        raise BadInput("Kilometres are 0 or more.", path)
    return 2 * sin(min(distance / EARTH_RADIUS_KM, pi) / 2)


# A filter by the province of a row's kabupaten.
IN_PROVINCE = ColumnFilter(
    "kabupaten_code",
    Province.c.code.type,
    "Province",
    expression=lambda row: sa.func.left(row.c.kabupaten_code, 2, type_=sa.Text()),
)

SOURCES = (
    table_source(
        Province,
        everybody,
        fields={
            "kabupatens": connection(Kabupaten.c.province_code),
            "readiness_summary": summary(Volunteer.c.province_code),
        },
        orders=orders(Province, "code", "name"),
        filters=filters(Province, "name", "time_zone", "retired_on"),
    ),
    table_source(
        Kabupaten,
        everybody,
        fields={
            "volunteers": connection(Volunteer.c.kabupaten_code),
            "organizations": connection(Organization.c.kabupaten_code),
            "needs": connection(Need.c.kabupaten_code),
            "position": POSITION,
            "time_zone": Expression(lambda row, _context: time_zone(row.c.code)),
            "distance_to": distance_from(point),
            "kecamatans": connection(Kecamatan.c.kabupaten_code),
            "nearest": TieredConnection("NearKabupaten", tiers=(nearest_kabupaten,)),
            "readiness_summary": summary(Volunteer.c.kabupaten_code),
        },
        replaced_keys=codes_in_force(),
        orders=orders(Kabupaten, "code", "name"),
        argument_orders=nearest_first(point),
        filters={**filters(Kabupaten, "name", "kind", "province_code", "retired_on"), "near": NearFilter(point)},
    ),
    table_source(
        Kecamatan,
        everybody,
        orders=orders(Kecamatan, "code", "name"),
        filters={**filters(Kecamatan, "name", "kabupaten_code", "retired_on"), "province": IN_PROVINCE},
    ),
    Source(
        "NearKabupaten",
        None,
        visible=everybody,
        key="code",
        fields={"kabupaten": Embedded("Kabupaten"), "kilometres": column("kilometres")},
        orders={"NEAREST": Order(lambda row: [row.c.chord])},
        node=False,
    ),
    # A point made of the columns of its parent.
    Source(
        "Point",
        None,
        visible=everybody,
        fields={"latitude": column("latitude"), "longitude": column("longitude")},
        node=False,
    ),
)
