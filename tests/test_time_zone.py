"""Beside local times stands the zone in which people read them."""

from tests.asking import Api
from tests.builders import HOME, Build

WITA, WIT = "64.72", "91.71"
ZONES = {HOME: "Asia/Jakarta", WITA: "Asia/Makassar", WIT: "Asia/Jayapura"}
DOCUMENT = """query($ids: [ID!]!) { nodes(ids: $ids) {
  ... on Kabupaten { timeZone } ... on Need { timeZone } ... on GoodsNeed { timeZone } ... on Site { timeZone }
  ... on Assignment { timeZone } } }"""


async def test_what_happens_in_a_kabupaten_has_its_time_zone(api: Api, build: Build) -> None:
    nation = await build.coordinator()
    found = {}
    for kabupaten in ZONES:
        need = await build.need(kabupaten_code=kabupaten)
        ids = [
            f"Kabupaten:{kabupaten}",
            f"Need:{need}",
            f"GoodsNeed:{await build.goods_need(kabupaten_code=kabupaten)}",
            f"Site:{await build.site(await build.incident(), kabupaten_code=kabupaten)}",
            # Home is in another zone.
            f"Assignment:{await build.assignment(need, await build.volunteer(), status='DECLINED')}",
        ]
        answer = await api.ask(DOCUMENT, actor=nation, ids=ids)
        found[kabupaten] = [node["timeZone"] for node in answer["nodes"]]

    assert found == {kabupaten: [zone] * 5 for kabupaten, zone in ZONES.items()}


async def test_an_incident_has_the_time_zone_of_the_affected_kabupaten_nearest_to_it(api: Api, build: Build) -> None:
    seats = {
        row["code"]: {"latitude": row["latitude"], "longitude": row["longitude"]}
        for row in await build.connection.fetch("SELECT code, latitude, longitude FROM kabupaten")
    }
    across = [await build.incident([HOME, WITA, WIT], **seats[kabupaten]) for kabupaten in ZONES]
    nowhere = await build.incident([], **seats[WIT])

    answer = await api.ask(
        "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Incident { timeZone } } }",
        ids=[f"Incident:{incident}" for incident in (*across, nowhere)],
    )

    assert [node["timeZone"] for node in answer["nodes"]] == [*ZONES.values(), None]
