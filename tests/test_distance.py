import base64
import json
from typing import Any

import pytest

from tests.asking import Api, Json
from tests.builders import FAR, HOME, NEIGHBOUR, Build

ON_THE_EQUATOR: dict[str, Any] = {"latitude": 0.0, "longitude": 110.0}
# One degree of a great circle in kilometres, with a mean earth radius of 6,371 km.
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


async def test_a_degree_has_the_same_length_from_needs_and_volunteers_in_all_directions(api: Api, build: Build) -> None:
    nation = await build.coordinator()
    for id_ in (
        f"Need:{await build.need(**ON_THE_EQUATOR)}",
        f"Volunteer:{await build.person(**ON_THE_EQUATOR)}",
    ):
        for place in (point(1, 110), point(-1, 110), point(0, 109), point(0, 111)):
            assert await distance(api, id_, place, nation) == DEGREE

        assert await distance(api, id_, point(0, 110), nation) == 0


async def test_the_position_of_a_kabupaten_is_its_seat(api: Api, build: Build) -> None:
    place = await seat(build, NEIGHBOUR)

    by_code = await distance(api, f"Kabupaten:{HOME}", {"kabupaten": NEIGHBOUR})

    assert by_code == await distance(api, f"Kabupaten:{HOME}", place) > 0
    assert by_code == pytest.approx(await distance(api, f"Kabupaten:{NEIGHBOUR}", {"kabupaten": HOME}))
    assert await distance(api, f"Kabupaten:{HOME}", {"kabupaten": HOME}) == 0


async def test_the_distance_to_an_unknown_kabupaten_is_bad_input(api: Api) -> None:
    errors = await api.errors(DOCUMENT, id=f"Kabupaten:{HOME}", place={"kabupaten": "62.99"})

    assert errors == [("BAD_USER_INPUT", ["node", "distanceTo"])]


async def test_without_access_to_the_home_the_distance_starts_at_the_seat(api: Api, build: Build) -> None:
    person = await build.person(kabupaten_code=FAR, **ON_THE_EQUATOR)
    without_position = await build.person(kabupaten_code=FAR)
    places = [point(0, 110), point(1, 110), {"kabupaten": HOME}, await seat(build, FAR)]
    other_coordinator = await build.coordinator(kabupaten_code=HOME)
    owner = await build.volunteer_account(person)
    from_seat = [await distance(api, f"Kabupaten:{FAR}", place) for place in places]

    assert [await distance(api, f"Volunteer:{person}", place, other_coordinator) for place in places] == from_seat
    for actor in (owner, await build.coordinator(kabupaten_code=FAR), await build.coordinator()):
        distances = [await distance(api, f"Volunteer:{person}", place, actor) for place in places]
        assert distances[:2] == [0, DEGREE]
        assert distances[3] == pytest.approx(from_seat[0])
    nation = await build.coordinator()
    assert [await distance(api, f"Volunteer:{without_position}", place, nation) for place in places] == from_seat


async def test_the_coordinator_of_an_accepted_assignment_gets_the_distance_from_home(api: Api, build: Build) -> None:
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
async def test_a_place_literal_is_exactly_one_kabupaten_or_one_valid_point(api: Api, place: str) -> None:
    errors = await api.errors(
        f'{{ node(id: "Kabupaten:{HOME}") {{ ... on Kabupaten {{ distanceTo(place: {place}) }} }} }}'
    )

    assert {code for code, _ in errors} == {"BAD_USER_INPUT"}


@pytest.mark.parametrize("place", [{}, {"kabupaten": None}, {"kabupaten": HOME, **point(0, 0)}])
async def test_a_place_variable_is_exactly_one_kabupaten_or_one_point(api: Api, place: Json) -> None:
    assert await api.errors(DOCUMENT, id=f"Kabupaten:{HOME}", place=place) == [("BAD_USER_INPUT", None)]


@pytest.mark.parametrize("place", [point(-90.1, 0), point(91, 0), point(0, -180.1), point(0, 181)])
async def test_a_point_that_is_not_on_earth_is_bad_input_at_its_field(api: Api, place: Json) -> None:
    errors = await api.errors(DOCUMENT, id=f"Kabupaten:{HOME}", place=place)

    assert errors == [("BAD_USER_INPUT", ["node", "distanceTo"])]


async def test_the_same_document_works_for_both_kinds_of_places(api: Api, build: Build) -> None:
    place = await seat(build, HOME)

    distances = [await distance(api, f"Kabupaten:{FAR}", place) for place in ({"kabupaten": HOME}, place) * 2]

    assert distances == [distances[0]] * 4
    assert distances[0] > 0


async def test_introspection_reports_the_place_input_as_one_of(api: Api) -> None:
    data = await api.ask(
        """{ place: __type(name: "PlaceInput") { isOneOf } point: __type(name: "PointInput") { isOneOf } }"""
    )

    assert data == {"place": {"isOneOf": True}, "point": {"isOneOf": False}}


# Lists by distance.

LISTS = ("volunteers", "needs", "goodsNeeds", "sites", "incidents", "camps")


async def located(build: Build, name: str, position: Json) -> None:
    match name:
        case "volunteers":
            await build.person(**position)
        case "needs":
            await build.need(**position)
        case "goodsNeeds":
            await build.goods_need(**position)
        case "sites":
            await build.site(await build.incident(), **position)
        case "camps":
            await build.camp(**position)
        case _:
            await build.incident(**position)


async def all_pages(api: Api, actor: Any, name: str, arguments: str, size: str, node: str = "id") -> list[Any]:
    """The nodes of all pages, from the first or from the last on."""
    forwards, listed, cursor = size.startswith("first"), list[Any](), None
    document = f"""query($cursor: String) {{ page: {name}({arguments}, {size}, CURSOR: $cursor) {{
      nodes {{ {node} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
    document = document.replace("CURSOR", "after" if forwards else "before")
    while True:
        page = (await api.ask(document, actor=actor, cursor=cursor))["page"]
        listed = [*listed, *page["nodes"]] if forwards else [*page["nodes"], *listed]
        info = page["pageInfo"]
        if not info["hasNextPage" if forwards else "hasPreviousPage"]:
            return listed
        cursor = info["endCursor" if forwards else "startCursor"]


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_read_by_distance_on_pages_both_ways(api: Api, build: Build, name: str) -> None:
    nation = await build.coordinator()
    latitudes = [3.0, 1.0, 2.0, 1.0, -1.5]
    for latitude in latitudes:
        await located(build, name, {"latitude": latitude, "longitude": 110.0})
    near = "near: {point: {latitude: 0, longitude: 110}}"

    listed = await all_pages(api, nation, name, near, "first: 100", "id position { latitude }")
    forwards, backwards = [await all_pages(api, nation, name, near, size) for size in ("first: 2", "last: 2")]
    around = "filter: {near: {place: {point: {latitude: 0, longitude: 110}}, kilometres: KILOMETRES}}"
    within = [
        await all_pages(api, nation, name, around.replace("KILOMETRES", kilometres), "first: 100")
        for kilometres in ("0", "111", "112", "20100")
    ]

    # Incidents and others that came along stand on the equator or far away.
    by_distance = [node["position"]["latitude"] for node in listed if node["position"]["latitude"] in latitudes]
    assert by_distance == [1.0, 1.0, -1.5, 2.0, 3.0]
    assert forwards == backwards == [{"id": node["id"]} for node in listed]
    assert len(within[2]) - len(within[1]) == 2
    assert len(within[3]) == len(listed)


async def test_kabupaten_are_listed_from_the_nearest_on(api: Api) -> None:
    near = f'near: {{kabupaten: "{HOME}"}}, filter: {{near: {{place: {{kabupaten: "{HOME}"}}, kilometres: 200}}}}'

    listed = await all_pages(
        api, None, "kabupatens", near, "first: 3", f'code distanceTo(place: {{kabupaten: "{HOME}"}})'
    )

    kilometres = [node["distanceTo"] for node in listed]
    assert listed[0] == {"code": HOME, "distanceTo": 0}
    assert kilometres == sorted(kilometres)
    assert 190 < kilometres[-1] <= 200


async def test_neither_order_nor_filter_nor_cursor_tells_a_hidden_home(api: Api, build: Build) -> None:
    people = [
        await build.person(kabupaten_code=FAR, latitude=latitude, longitude=110.0) for latitude in (0.0, 2.0, 1.0)
    ]
    local, nation = await build.coordinator(kabupaten_code=HOME), await build.coordinator()
    near = "near: {point: {latitude: 0, longitude: 110}}"
    within = "filter: {near: {place: {point: {latitude: 0, longitude: 110}}, kilometres: 1}}"
    at_seat = f'filter: {{near: {{place: {{kabupaten: "{FAR}"}}, kilometres: 0.001}}}}'

    by_home, by_id = [await all_pages(api, actor, "volunteers", near, "first: 2") for actor in (nation, local)]
    known = [len(await all_pages(api, nation, "volunteers", each, "first: 9")) for each in (within, at_seat)]
    hidden = [len(await all_pages(api, local, "volunteers", each, "first: 9")) for each in (within, at_seat)]
    edges = await api.ask(f"{{ volunteers(first: 9, {near}) {{ edges {{ cursor }} }} }}", actor=local)

    assert by_home == [{"id": f"Volunteer:{people[index]}"} for index in (0, 2, 1)]
    assert by_id == [{"id": f"Volunteer:{person}"} for person in sorted(people)]
    assert (known, hidden) == ([1, 0], [0, 3])
    places = {json.loads(base64.b64decode(edge["cursor"]))[1] for edge in edges["volunteers"]["edges"]}
    assert len(places) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        "near: {point: {latitude: 91, longitude: 0}}",
        'near: {kabupaten: "62.99"}',
        f'near: {{kabupaten: "{HOME}"}}, orderBy: NAME_ASC',
        f'filter: {{near: {{place: {{kabupaten: "{HOME}"}}, kilometres: -1}}}}',
        f'near: {{kabupaten: "{HOME}"}}, after: "WyJWb2x1bnRlZXIuTkFNRV9BU0MiLCJhIiwiYSJd"',
    ],
)
async def test_a_wrong_place_or_distance_is_bad_input(api: Api, arguments: str) -> None:
    assert await api.errors(f"{{ volunteers(first: 1, {arguments}) {{ totalCount }} }}") == [
        ("BAD_USER_INPUT", ["volunteers"])
    ]
