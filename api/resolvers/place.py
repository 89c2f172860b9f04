"""Provinces and kabupaten."""

from api.compiler.source import One, Order, Page, Source, equals, everybody
from api.models import Kabupaten, Province
from api.resolvers.common import contains, ordered

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
        },
        orders={"CODE": Order(lambda _row: []), "NAME": ordered("name")},
        filters={
            "province": equals("province_code"),
            "kind": lambda row, _ask, value: row.c.kind == str(value),
            "name": contains("name"),
        },
    ),
)
