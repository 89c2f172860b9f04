"""Kecamatan, and the kabupaten that are near."""

from math import asin, cos, radians, sin, sqrt

import asyncpg
import pytest

from tests.asking import Api, Json
from tests.builders import FAR, HOME, Build

REGISTER = """mutation($input: RegisterVolunteerInput!) { registerVolunteer(input: $input) {
  volunteer { kecamatan { code name } } problems { code path } } }"""
PERSON = {"name": "Sinta", "kabupaten": FAR, "reach": "NATIONAL", "consentPurpose": "Penugasan"}


async def test_a_kecamatan_is_found_by_its_code_its_name_and_its_kabupaten(api: Api) -> None:
    data = await api.ask(
        """{ kecamatan(id: "18.03.05") { id code name retiredOn kabupaten { code } }
        named: kecamatans(first: 2, filter: {name: {contains: "abung tim"}}) { totalCount nodes { code } }
        kabupaten(id: "18.03") { kecamatans(first: 1, orderBy: NAME_DESC) { totalCount nodes { code name } } }
        kecamatans(first: 0, filter: {province: {eq: "18"}}) { totalCount } all: kecamatans(first: 0) { totalCount } }"""
    )

    code = "18.03.05"
    kecamatan = {"id": f"Kecamatan:{code}", "code": code, "name": "Abung Timur", "retiredOn": None}
    assert data == {
        "kecamatan": {**kecamatan, "kabupaten": {"code": FAR}},
        "named": {"totalCount": 1, "nodes": [{"code": code}]},
        "kabupaten": {"kecamatans": {"totalCount": 23, "nodes": [{"code": "18.03.04", "name": "Tanjung Raja"}]}},
        "kecamatans": {"totalCount": 229},
        "all": {"totalCount": 7285},
    }


async def test_the_other_kabupaten_are_listed_by_the_distance_of_their_seats(
    api: Api, connection: asyncpg.Connection
) -> None:
    seats = {
        row["code"]: (row["latitude"], row["longitude"]) for row in await connection.fetch("SELECT * FROM kabupaten")
    }

    data = await api.ask(
        """query($id: ID!) { kabupaten(id: $id) { nearest(first: 100) {
        totalCount pageInfo { hasNextPage } nodes { kilometres kabupaten { code } } } } }""",
        id=HOME,
    )

    found = data["kabupaten"]["nearest"]
    expected = sorted((haversine(seats[HOME], seats[code]), code) for code in seats if code != HOME)[:100]
    assert (found["totalCount"], found["pageInfo"]) == (513, {"hasNextPage": True})
    assert [node["kabupaten"]["code"] for node in found["nodes"]] == [code for _, code in expected]
    assert [node["kilometres"] for node in found["nodes"]] == pytest.approx([far for far, _ in expected])


def haversine(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Kilometres along the great circle."""
    (south, west), (north, east) = ([radians(degrees) for degrees in place] for place in (start, end))
    half = sin((north - south) / 2) ** 2 + cos(south) * cos(north) * sin((east - west) / 2) ** 2
    return 2 * 6371 * asin(sqrt(half))


@pytest.mark.parametrize(
    ("kecamatan", "problem"),
    [
        ("18.03.05", None),
        ("Kecamatan:18.03.05", None),
        ("62.02.01", "INVALID"),
        ("18.03.99", "NOT_FOUND"),
        ("18.03", "NOT_FOUND"),
    ],
)
async def test_a_volunteer_lives_in_a_kecamatan_of_the_home_kabupaten(
    api: Api, build: Build, kecamatan: str, problem: str | None
) -> None:
    coordinator = await build.coordinator()

    answer = await api.do(REGISTER, actor=coordinator, **PERSON, kecamatan=kecamatan)

    registered: Json = {"volunteer": {"kecamatan": {"code": "18.03.05", "name": "Abung Timur"}}, "problems": []}
    refused: Json = {"volunteer": None, "problems": [{"code": problem, "path": ["input", "kecamatan"]}]}
    assert answer == (refused if problem else registered)
    assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == (0 if problem else 1)


async def test_plain_sql_meets_a_kecamatan_of_another_kabupaten(build: Build) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="ck_volunteer_kecamatan_of_home"):
        await build.person(kabupaten_code=HOME, kecamatan_code="18.03.05")


async def test_only_who_knows_a_volunteer_reads_the_kecamatan(api: Api, build: Build) -> None:
    person = await build.person(kabupaten_code=FAR, kecamatan_code="18.03.05")
    home, elsewhere = await build.coordinator(kabupaten_code=FAR), await build.coordinator(kabupaten_code=HOME)
    document = "query($id: ID!) { volunteer(id: $id) { kabupaten { code } kecamatan { code } } }"

    answers = [await api.ask(document, actor=actor, id=f"Volunteer:{person}") for actor in (home, elsewhere)]

    seen = {"kabupaten": {"code": FAR}}
    assert answers == [
        {"volunteer": {**seen, "kecamatan": {"code": "18.03.05"}}},
        {"volunteer": {**seen, "kecamatan": None}},
    ]
