"""How far needs are met: on a day, over the period, together; and where most is short."""

from datetime import timedelta

from tests.asking import Api, Json
from tests.builders import FAR, HOME, NEIGHBOUR, SKILL, Build
from tests.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COUNTS = "wanted pledged offered accepted mobilized onDuty shortfall"
NEED = f"query($id: ID!, $on: Date) {{ need(id: $id) {{ coverage(on: $on) {{ {COUNTS} }} }} }}"
INCIDENT = f"""query($id: ID!, $on: Date) {{ incident(id: $id) {{ coverage(on: $on) {{ {COUNTS} }}
    coverageBySkill(on: $on) {{ skill {{ code }} {COUNTS} }} coverageByCluster(on: $on) {{ cluster {{ code }} {COUNTS} }}
    coverageByKabupaten(on: $on) {{ kabupaten {{ code }} {COUNTS} }} }} }}"""


def counts(*numbers: int, **group: str) -> Json:
    named = {name: {"code": code} for name, code in group.items()}
    return {**dict(zip(COUNTS.split(), numbers, strict=True)), **named}


async def test_the_coverage_of_a_day_is_the_least_within_it(api: Api, build: Build) -> None:
    # NOW is the morning of 1 March in WIB; the day of HOME begins at 17:00 UTC the day before.
    begin = NOW.replace(hour=17, minute=0, second=0, microsecond=0)
    need = await build.need(wanted=6, starts_at=begin, ends_at=begin + 2 * DAY)
    await build.pledge(need, await build.organization(), quantity=2)
    for status, starts, ends in (
        ("ACCEPTED", 0, 48),
        ("MOBILIZED", 0, 24),
        ("ON_DUTY", 23, 48),
        ("OFFERED", 24, 48),
    ):
        period = {"starts_at": begin + starts * HOUR, "ends_at": begin + ends * HOUR}
        await build.assignment(need, await build.volunteer(), status=status, **period)

    days = [str((begin + timedelta(hours=7)).date() + number * DAY) for number in range(-1, 3)]
    answers = [(await api.ask(NEED, id=f"Need:{need}", on=day))["need"]["coverage"] for day in (None, *days)]

    assert answers == [
        counts(6, 2, 1, 2, 1, 1, 4),
        counts(0, 0, 0, 0, 1, 1, 0),
        counts(6, 2, 0, 2, 1, 1, 4),
        counts(6, 2, 1, 2, 1, 1, 4),
        counts(0, 0, 0, 0, 1, 1, 0),
    ]


async def test_the_needs_of_an_incident_are_added_up(api: Api, build: Build) -> None:
    incident = await build.incident([HOME, NEIGHBOUR])
    rescue = await build.need(incident, wanted=4)
    await build.need(incident, wanted=5, kabupaten_code=NEIGHBOUR, starts_at=NOW + 9 * DAY, ends_at=NOW + 10 * DAY)
    await build.need(incident, wanted=2, skill_code="FIRST_AID", cluster_code="HEALTH")
    await build.need(incident, wanted=90, closed_at=NOW)
    await build.need(incident, wanted=90, starts_at=NOW - 2 * DAY, ends_at=NOW)
    await build.need(wanted=90)
    await build.assignment(rescue, await build.volunteer(), status="ACCEPTED")
    await build.pledge(rescue, await build.organization(), quantity=2)

    whole = (await api.ask(INCIDENT, id=f"Incident:{incident}"))["incident"]
    later = (await api.ask(INCIDENT, id=f"Incident:{incident}", on="2026-03-11"))["incident"]

    search, health = "SEARCH_AND_RESCUE", "HEALTH"
    assert whole == {
        "coverage": counts(11, 2, 0, 1, 0, 0, 10),
        "coverageBySkill": [
            counts(2, 0, 0, 0, 0, 0, 2, skill="FIRST_AID"),
            counts(9, 2, 0, 1, 0, 0, 8, skill=SKILL),
        ],
        "coverageByCluster": [
            counts(2, 0, 0, 0, 0, 0, 2, cluster=health),
            counts(9, 2, 0, 1, 0, 0, 8, cluster=search),
        ],
        "coverageByKabupaten": [
            counts(6, 2, 0, 1, 0, 0, 5, kabupaten=HOME),
            counts(5, 0, 0, 0, 0, 0, 5, kabupaten=NEIGHBOUR),
        ],
    }
    only = counts(5, 0, 0, 0, 0, 0, 5)
    assert later == {
        "coverage": only,
        "coverageBySkill": [{**only, "skill": {"code": SKILL}}],
        "coverageByCluster": [{**only, "cluster": {"code": search}}],
        "coverageByKabupaten": [{**only, "kabupaten": {"code": NEIGHBOUR}}],
    }


async def test_an_incident_without_needs_has_none(api: Api, build: Build) -> None:
    data = await api.ask(INCIDENT, id=f"Incident:{await build.incident([FAR])}")

    none: list[Json] = []
    lists = dict.fromkeys(("coverageBySkill", "coverageByCluster", "coverageByKabupaten"), none)
    assert data["incident"] == {"coverage": counts(0, 0, 0, 0, 0, 0, 0), **lists}


async def test_needs_are_ordered_and_filtered_by_what_is_short(api: Api, build: Build) -> None:
    incident = await build.incident()
    short = {}
    for wanted, accepted in ((3, 0), (5, 1), (2, 2)):
        need = await build.need(incident, wanted=wanted)
        for _ in range(accepted):
            await build.assignment(need, await build.volunteer(), status="ACCEPTED")
        short[f"Need:{need}"] = wanted - accepted
    query = """query($filter: NeedFilter, $after: String) {
        needs(first: 2, after: $after, orderBy: SHORTFALL_DESC, filter: $filter) { totalCount pageInfo { endCursor }
        nodes { id coverage { shortfall } } } }"""

    first = (await api.ask(query))["needs"]
    second = (await api.ask(query, after=first["pageInfo"]["endCursor"]))["needs"]
    filtered = (await api.ask(query, filter={"shortfall": {"lt": 4, "gt": 0}}))["needs"]

    listed = [*first["nodes"], *second["nodes"]]
    assert [each["coverage"]["shortfall"] for each in listed] == [4, 3, 0]
    assert {each["id"]: each["coverage"]["shortfall"] for each in listed} == short
    assert (filtered["totalCount"], filtered["nodes"][0]["coverage"]["shortfall"]) == (1, 3)
