"""Provinces, kabupaten, kecamatan, points."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.models.place import KabupatenKind
from api.schema.field import Connection, Declared, Node, argument, field, field_with_arguments, noun, optional
from api.schema.scalar import Code

if TYPE_CHECKING:
    from api.schema.need import Need
    from api.schema.organization import Organization
    from api.schema.person import Volunteer
    from api.schema.readiness import ReadinessSummary


@noun("A point on the map (WGS 84).")
class Point:
    latitude: float = field("Degrees north of the equator.")
    longitude: float = field("Degrees east of Greenwich.")


@strawberry.interface(description="A thing with a position on the map.")
class Located:
    position: Point | None = field("The position; null if it is not known, or if you may not see it.")


@strawberry.input(description="A point on the map (WGS 84).")
class PointInput:
    latitude: float = field("Degrees north of the equator, -90 to 90.")
    longitude: float = field("Degrees east of Greenwich, -180 to 180.")


@strawberry.input(one_of=True, description="A place: a kabupaten or a point.")
class PlaceInput:
    kabupaten: strawberry.ID | None = optional("The seat of government of this kabupaten.")
    point: PointInput | None = optional("A point on the map.")


def distance(start: str) -> Declared:
    return field_with_arguments(
        f"Kilometres from {start} to a place, along the great circle.",
        argument("place", PlaceInput, "The place to measure to."),
    )


def readiness_summary() -> Declared:
    return field_with_arguments(
        "How many of those at home here could be sent within their own kabupaten on a day, for a skill. "
        "Null unless you coordinate the place.",
        argument("skill", strawberry.ID, "The skill to be trained for."),
        argument("on", date | None, "The day; today in the place if left out, from now on.", None),
    )


@noun("One of the 38 provinces.")
class Province(Node):
    code: Code = field("The Kemendagri code, two digits.")
    retired_on: date | None = field("From this day on it is refused in new inputs; null while it is in use.")
    name: str = field("The official name.")
    time_zone: str = field("The IANA time zone: Asia/Jakarta (WIB), Asia/Makassar (WITA) or Asia/Jayapura (WIT).")
    kabupatens: Connection[Kabupaten] = field("The kabupaten and kota of the province.")
    readiness_summary: Annotated[ReadinessSummary, strawberry.lazy("api.schema.readiness")] | None = readiness_summary()


@noun("A kabupaten or kota, by its Kemendagri code.")
class Kabupaten(Node, Located):
    code: Code = field("The Kemendagri code with its dot; kabupaten are numbered from 01, kota from 71.")
    retired_on: date | None = field("From this day on it is refused in new inputs; null while it is in use.")
    name: str = field("The official name.")
    kind: KabupatenKind = field("Whether it is a regency or a city.")
    position: Point | None = field("The position of the seat of government, always known.")
    province: Province = field("The province it lies in.")
    time_zone: str = field("The IANA time zone in which its days begin: that of its province.")
    distance_to: float = distance("the seat of government")
    volunteers: Connection[Annotated[Volunteer, strawberry.lazy("api.schema.person")]] = field(
        "The volunteers at home here, as far as you may see them."
    )
    organizations: Connection[Annotated[Organization, strawberry.lazy("api.schema.organization")]] = field(
        "The organizations at home here, as far as you may see them."
    )
    needs: Connection[Annotated[Need, strawberry.lazy("api.schema.need")]] = field("The needs for people here.")
    kecamatans: Connection[Kecamatan] = field("The kecamatan that it is divided into.")
    nearest: Connection[NearKabupaten] = field("All other kabupaten, the nearest first, by the distance of the seats.")
    readiness_summary: Annotated[ReadinessSummary, strawberry.lazy("api.schema.readiness")] | None = readiness_summary()


@noun(
    "A kecamatan (in Papua distrik), by its Kemendagri code.",
    filters={"province": (None, "The province it lies in.")},
)
class Kecamatan(Node):
    code: Code = field("The Kemendagri code with its dots, as in 18.03.05.")
    retired_on: date | None = field("From this day on it is refused in new inputs; null while it is in use.")
    name: str = field("The official name, without the word kecamatan.")
    kabupaten: Kabupaten = field("The kabupaten it lies in.")


@noun("Another kabupaten, with the distance to it.")
class NearKabupaten:
    kabupaten: Kabupaten = field("The other kabupaten.")
    kilometres: float = field("The distance between the two seats of government, along the great circle.")
