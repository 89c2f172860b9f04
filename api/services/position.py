"""Positions in inputs."""

from collections.abc import Iterable
from typing import Any, TypedDict

from api.values.position import Extent, check_position


class Point(TypedDict):
    """Degrees north and east (WGS 84)."""

    latitude: float
    longitude: float


def check_point(point: Point, *, kabupatens: Iterable[Any]) -> None:
    """Raises `Unreadable` where there is no such position, or where it is not near one of the kabupaten, if there are any.

    The kabupaten are rows with the columns of their extents.
    """
    extents = [Extent(row.south, row.north, row.west, row.east) for row in kabupatens]
    check_position(point["latitude"], point["longitude"], extents)
