"""Positions: degrees north and east (WGS 84), near the kabupaten that they are said to be in."""

from collections.abc import Collection
from math import asin, cos, hypot, isfinite, radians, sin, sqrt
from typing import NamedTuple

from api.values.problem import Unreadable

# Boxes around kabupaten are approximate, and a need at sea or just across a border is real.
MARGIN_KM = 25.0
EARTH_RADIUS_KM = 6371.0


class Extent(NamedTuple):
    """The smallest box of degrees around a kabupaten. It does not cross the 180th meridian."""

    south: float
    north: float
    west: float
    east: float


def check_position(latitude: float, longitude: float, extents: Collection[Extent] = ()) -> None:
    """Raises `Unreadable` unless the position is on Earth and at most 25 km outside one of the extents, if there are any."""
    if is_position(latitude, longitude) and is_near(latitude, longitude, extents):
        return
    if is_position(longitude, latitude) and extents and is_near(longitude, latitude, extents):
        raise Unreadable(
            "Lintang dan bujur tertukar; lintang (latitude) Indonesia -11 sampai 6, bujur (longitude) 95 sampai 141.",
            "Latitude and longitude are swapped; in Indonesia the latitude is -11 to 6 and the longitude 95 to 141.",
        )
    if not is_position(latitude, longitude):
        raise Unreadable(
            "Lintang (latitude) adalah angka dari -90 sampai 90, bujur (longitude) dari -180 sampai 180.",
            "The latitude is a number from -90 to 90, the longitude from -180 to 180.",
        )
    raise Unreadable(
        "Posisi ini lebih dari 25 km di luar kabupaten/kotanya; periksa posisi atau kabupaten/kotanya.",
        "The position is more than 25 km outside the kabupaten; check the position or the kabupaten.",
    )


def is_position(latitude: float, longitude: float) -> bool:
    """Whether there is such a position on Earth."""
    return isfinite(latitude) and isfinite(longitude) and abs(latitude) <= 90 and abs(longitude) <= 180


def is_near(latitude: float, longitude: float, extents: Collection[Extent]) -> bool:
    """Whether a position is within 25 km of one of the extents, or there are none."""
    return not extents or any(distance_km(latitude, longitude, extent) <= MARGIN_KM for extent in extents)


def distance_km(latitude: float, longitude: float, extent: Extent) -> float:
    """Great-circle distance to the nearest point of a box in kilometres, 0 inside; exact to a metre for 25 km in Indonesia."""
    nearest_latitude = min(max(latitude, extent.south), extent.north)
    nearest_longitude = min(max(longitude, extent.west), extent.east)
    north, east = radians(nearest_latitude - latitude) / 2, radians(nearest_longitude - longitude) / 2
    scale = sqrt(cos(radians(latitude)) * cos(radians(nearest_latitude)))
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, hypot(sin(north), scale * sin(east))))
