"""Positions in inputs."""

from typing import TypedDict

from api.values.position import check_position


class Point(TypedDict):
    """Degrees north and east (WGS 84)."""

    latitude: float
    longitude: float


def check_point(point: Point) -> None:
    """Raises `Unreadable` where there is no such position."""
    check_position(point["latitude"], point["longitude"])
