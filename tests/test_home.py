import asyncpg
import pytest

from tests.builders import Build

HOME_IS_AT = """SELECT home = on_globe($2, $3) FROM volunteer WHERE id = $1"""


async def seat(connection: "asyncpg.Connection[asyncpg.Record]", code: str) -> tuple[float, float]:
    row = await connection.fetchrow("SELECT latitude, longitude FROM kabupaten WHERE code = $1", code)
    assert row is not None
    return row["latitude"], row["longitude"]


async def test_the_home_point_is_the_position_or_the_seat_of_the_kabupaten(
    connection: "asyncpg.Connection[asyncpg.Record]", build: Build
) -> None:
    known = await build.person(latitude=-2.5, longitude=112.9)
    unknown = await build.person()

    assert await connection.fetchval(HOME_IS_AT, known, -2.5, 112.9)
    assert await connection.fetchval(HOME_IS_AT, unknown, *await seat(connection, "62.02"))


@pytest.mark.parametrize(
    ("change", "latitude", "longitude"),
    [
        ("latitude = -2.6, longitude = 113.0", -2.6, 113.0),
        ("latitude = NULL, longitude = NULL", None, None),
        ("kabupaten_code = '62.02'", -2.5, 112.9),
    ],
    ids=["moved", "removed", "other kabupaten"],
)
async def test_the_home_point_follows_changes_of_the_volunteer(
    connection: "asyncpg.Connection[asyncpg.Record]",
    build: Build,
    change: str,
    latitude: float | None,
    longitude: float | None,
) -> None:
    person = await build.person(kabupaten_code="62.01", latitude=-2.5, longitude=112.9)

    await connection.execute(f"UPDATE volunteer SET {change} WHERE id = $1", person)

    at = await seat(connection, "62.01") if latitude is None or longitude is None else (latitude, longitude)
    assert await connection.fetchval(HOME_IS_AT, person, *at)


async def test_home_points_follow_changes_of_the_seat(
    connection: "asyncpg.Connection[asyncpg.Record]", build: Build
) -> None:
    known = await build.person(latitude=-2.5, longitude=112.9)
    unknown = await build.person()

    await connection.execute("UPDATE kabupaten SET latitude = -2.0, longitude = 112.0 WHERE code = '62.02'")

    assert await connection.fetchval(HOME_IS_AT, known, -2.5, 112.9)
    assert await connection.fetchval(HOME_IS_AT, unknown, -2.0, 112.0)
