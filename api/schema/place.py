"""Provinces and kabupaten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

from api.schema import choice, filter
from api.schema.field import Connection, Declared, Node, argument, asked, described, one_of, paged
from api.schema.scalar import Code, Latitude, Longitude

if TYPE_CHECKING:
    from api.schema.need import NeedConnection
    from api.schema.organization import OrganizationConnection
    from api.schema.person import VolunteerConnection


@strawberry.input(description="A point on the map.")
class PointInput:
    latitude: Latitude = described("Degrees north.")
    longitude: Longitude = described("Degrees east.")


@strawberry.input(one_of=True, description="A place: a kabupaten or a point.")
class PlaceInput:
    kabupaten: Code | None = one_of("The seat of government of this kabupaten.")
    point: PointInput | None = one_of("This point.")


def distance(start: str) -> Declared:
    return asked(
        f"Kilometres to a place along the great circle, from {start}; null if there is no such place.",
        argument("place", PlaceInput, "The place."),
    )


@strawberry.type(description="One of the 38 provinces.")
class Province(Node):
    code: Code = described("Kemendagri code, two digits.")
    name: str = described("Official name.")
    time_zone: str = described("IANA time zone: WIB Asia/Jakarta, WITA Asia/Makassar, WIT Asia/Jayapura.")
    kabupaten: KabupatenConnection = paged(
        "Its kabupaten and kota.", filter=filter.KabupatenFilter, order=choice.PlaceOrder
    )


@strawberry.type(description="A kabupaten or kota, keyed by its Kemendagri code; volunteers and needs have one.")
class Kabupaten(Node):
    code: Code = described("Kemendagri code with its dot; kabupaten from 01, kota from 71.")
    name: str = described("Official name.")
    kind: choice.KabupatenKind = described("Regency or city.")
    latitude: float = described("Of the seat of government, in degrees north.")
    longitude: float = described("Of the seat of government, in degrees east.")
    province: Province = described("The province it lies in.")
    distance_to: float | None = distance("the seat of government")
    volunteers: Annotated[VolunteerConnection, strawberry.lazy("api.schema.person")] = paged(
        "Volunteers at home here, as far as you may see them.",
        filter=filter.VolunteerFilter,
        order=choice.VolunteerOrder,
    )
    organizations: Annotated[OrganizationConnection, strawberry.lazy("api.schema.organization")] = paged(
        "Organizations at home here.", filter=filter.OrganizationFilter, order=choice.OrganizationOrder
    )
    needs: Annotated[NeedConnection, strawberry.lazy("api.schema.need")] = paged(
        "People asked for here.", filter=filter.NeedFilter, order=choice.NeedOrder
    )


@strawberry.type(description="A page of provinces.")
class ProvinceConnection(Connection[Province]):
    """Provinces."""


@strawberry.type(description="A page of kabupaten and kota.")
class KabupatenConnection(Connection[Kabupaten]):
    """Kabupaten."""
