from typing import Any

import pytest

from tests.asking import Api, Json
from tests.builders import FAR, HOME, NEIGHBOUR, Build

ON_THE_EQUATOR: dict[str, Any] = {"latitude": 0.0, "longitude": 110.0}
# A degree of a great circle, with a mean radius of 6,371 km.
DEGREE = pytest.approx(111.19492664455873, rel=1e-12)

DOCUMENT = """query($id: ID!, $place: PlaceInput!) { node(id: $id) {
  ... on Volunteer { distanceTo(place: $place) }
  ... on Need { distanceTo(place: $place) }
  ... on Kabupaten { distanceTo(place: $place) } } }"""


def point(latitude: float, longitude: float) -> Json:
    return {"point": {"latitude": latitude, "longitude": longitude}}


async def distance(api: Api, id_: str, place: Json, actor: Any = None) -> Any:
    return (await api.ask(DOCUMENT, actor=actor, id=id_, place=place))["node"]["distanceTo"]


async def seat(build: Build, kabupaten: str) -> Json:
    row = await build.connection.fetchrow("SELECT latitude, longitude FROM kabupaten WHERE code = $1", kabupaten)
    assert row is not None
    return point(row["latitude"], row["longitude"])


async def test_a_degree_is_as_long_from_a_need_as_from_a_person_in_whichever_direction(api: Api, build: Build) -> None:
    nation = await build.coordinator()
    for id_ in (
        f"Need:{await build.need(**ON_THE_EQUATOR)}",
        f"Volunteer:{await build.person(**ON_THE_EQUATOR)}",
    ):
        for there in (point(1, 110), point(-1, 110), point(0, 109), point(0, 111)):
            assert await distance(api, id_, there, nation) == DEGREE

        assert await distance(api, id_, point(0, 110), nation) == 0


async def test_a_kabupaten_lies_at_its_seat(api: Api, build: Build) -> None:
    there = await seat(build, NEIGHBOUR)

    by_code = await distance(api, f"Kabupaten:{HOME}", {"kabupaten": NEIGHBOUR})

    assert by_code == await distance(api, f"Kabupaten:{HOME}", there) > 0
    assert by_code == pytest.approx(await distance(api, f"Kabupaten:{NEIGHBOUR}", {"kabupaten": HOME}))
    assert await distance(api, f"Kabupaten:{HOME}", {"kabupaten": HOME}) == 0


async def test_to_a_place_that_is_not_there_is_no_distance(api: Api) -> None:
    assert await distance(api, f"Kabupaten:{HOME}", {"kabupaten": "62.99"}) is None


async def test_who_may_not_know_a_home_learns_the_distance_from_its_kabupaten_only(api: Api, build: Build) -> None:
    person = await build.person(kabupaten_code=FAR, **ON_THE_EQUATOR)
    without_position = await build.person(kabupaten_code=FAR)
    places = [point(0, 110), point(1, 110), {"kabupaten": HOME}, await seat(build, FAR)]
    outsider = await build.coordinator(kabupaten_code=HOME)
    own = await build.self_of(person)
    of_kabupaten = [await distance(api, f"Kabupaten:{FAR}", place) for place in places]

    assert [await distance(api, f"Volunteer:{person}", place, outsider) for place in places] == of_kabupaten
    for insider in (own, await build.coordinator(kabupaten_code=FAR), await build.coordinator()):
        found = [await distance(api, f"Volunteer:{person}", place, insider) for place in places]
        assert found[:2] == [0, DEGREE]
        assert found[3] == pytest.approx(of_kabupaten[0])
    nation = await build.coordinator()
    assert [await distance(api, f"Volunteer:{without_position}", place, nation) for place in places] == of_kabupaten


async def test_a_promised_duty_lets_its_coordinator_know_the_distance_from_home(api: Api, build: Build) -> None:
    person = await build.person(kabupaten_code=FAR, **ON_THE_EQUATOR)
    local = await build.coordinator(kabupaten_code=HOME)
    before = await distance(api, f"Volunteer:{person}", point(0, 110), local)

    await build.assignment(await build.need(), person, status="ACCEPTED")

    assert before > 0
    assert await distance(api, f"Volunteer:{person}", point(0, 110), local) == 0


@pytest.mark.parametrize(
    "place",
    [
        "{}",
        "{kabupaten: null}",
        '{kabupaten: "62.02", point: {latitude: 0, longitude: 0}}',
        "{point: {latitude: 0}}",
        "{point: {latitude: 90.1, longitude: 0}}",
        "{point: {latitude: 0, longitude: -181}}",
        "{point: {latitude: true, longitude: 0}}",
        '{point: {latitude: "1", longitude: 0}}',
        "{point: {latitude: 1e400, longitude: 0}}",
        "null",
    ],
)
async def test_a_place_is_one_kabupaten_or_one_point_of_the_earth(api: Api, place: str) -> None:
    errors = await api.errors(
        f'{{ node(id: "Kabupaten:{HOME}") {{ ... on Kabupaten {{ distanceTo(place: {place}) }} }} }}'
    )

    assert {code for code, _ in errors} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize("place", [{}, {"kabupaten": None}, {"kabupaten": HOME, **point(0, 0)}, point(-91, 0)])
async def test_a_variable_is_one_place_too(api: Api, place: Json) -> None:
    assert await api.errors(DOCUMENT, id=f"Kabupaten:{HOME}", place=place) == [("BAD_USER_INPUT", None)]


async def test_one_document_asks_for_places_of_either_kind(api: Api, build: Build) -> None:
    there = await seat(build, HOME)

    found = [await distance(api, f"Kabupaten:{FAR}", place) for place in ({"kabupaten": HOME}, there) * 2]

    assert found == [found[0]] * 4
    assert found[0] > 0


async def test_clients_are_told_that_a_place_is_one_of_two(api: Api) -> None:
    asked = await api.ask(
        """{ place: __type(name: "PlaceInput") { isOneOf } point: __type(name: "PointInput") { isOneOf } }"""
    )

    assert asked == {"place": {"isOneOf": True}, "point": {"isOneOf": False}}
