"""The camp of Kalimantan Tengah sent to a neighbouring kabupaten on its second day, over HTTP: to the way home and the certificates."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any

import pytest

from tests.asking import Api, Json, instant, problem
from tests.builders import NEIGHBOUR, Build
from tests.conftest import NOW
from tests.sampling import IS_FUZZ
from tests.test_camp_mobilization import ACCEPT, mobilize
from tests.test_camp_replay import CORPS, HOUR, codes_in_order, make_kambariat, replay, rows_of, volunteers
from tests.test_duty_replay import later
from tests.test_hours import SUMS
from tests.test_race import run_concurrently
from tests.test_scan import RECORD, scan

INSIDE, WANTED = (400, 120) if IS_FUZZ else (40, 12)
# Every tenth has no certificate of the skill, and every third misses the second session.
UNTRAINED, MISSING = 10, 3
CAME, LEFT, CAMP_ENDS, DUTY_ENDS = NOW + 4 * HOUR, NOW + 50 * HOUR, timedelta(days=2), timedelta(days=3)
CODES = "SELECT volunteer_id, code FROM scan_code WHERE volunteer_id = ANY($1)"


@dataclass(frozen=True, slots=True)
class Force:
    """The camp with those who are inside, in the order of their numbers, and where they are wanted."""

    camp: uuid.UUID
    people: Sequence[uuid.UUID]
    taught: frozenset[uuid.UUID]
    need: uuid.UUID
    site: uuid.UUID
    coordinator: uuid.UUID


async def make_force(api: Api, build: Build) -> Force:
    host = await build.organization(kabupaten_code="62.71", kind="GOVERNMENT", corps=None)
    organizations = [await build.organization(name=name, kabupaten_code="62.71") for name in CORPS]
    camp, sessions = await make_kambariat(build, host)
    coordinator = await build.coordinator(province_code="62")
    steps = replay(api, camp, coordinator)
    await steps.register([person for person, _, _ in await volunteers(build, organizations, INSIDE)])
    await steps.start(1)
    people, codes = [row["volunteer_id"] for row in await rows_of(build, camp)], await codes_in_order(build)
    for number, person in enumerate(people):
        if number % UNTRAINED:
            await build.certificate(person, host)
    attending = [code for number, code in enumerate(codes) if number % MISSING]
    await steps.scan(codes, instant(NOW - 7 * HOUR))
    await steps.scan(codes, instant(NOW - 6 * HOUR), "SESSION", sessions[0])
    await steps.scan(attending, instant(NOW - 4 * HOUR), "SESSION", sessions[1])
    incident = await build.incident([NEIGHBOUR])
    site = await build.site(incident, kabupaten_code=NEIGHBOUR)
    period = {"starts_at": NOW - HOUR, "ends_at": NOW + DUTY_ENDS, "kabupaten_code": NEIGHBOUR}
    need = await build.need(incident, wanted=WANTED, site_id=site, **period)
    taught = frozenset(person for number, person in enumerate(people) if number % MISSING)
    return Force(camp, people, taught, need, site, coordinator)


async def accept_all(api: Api, build: Build, need: uuid.UUID) -> list[Json]:
    """Everybody by their own account, many at once."""
    offers = await build.connection.fetch(
        "SELECT id, volunteer_id FROM assignment WHERE need_id = $1 ORDER BY id", need
    )
    calls = [
        partial(
            api.do,
            ACCEPT,
            actor=await build.volunteer_account(offer["volunteer_id"]),
            assignment=f"Assignment:{offer['id']}",
            version=1,
        )
        for offer in offers
    ]
    return await run_concurrently(calls)


async def scan_all(api: Api, build: Build, force: Force, people: Sequence[uuid.UUID], point: str) -> list[Json]:
    rows = await build.connection.fetch(CODES, people)
    at = CAME if point == "ENTRY" else LEFT
    scans = [scan(row["code"], f"{point} {row['volunteer_id']}", point, at=instant(at)) for row in rows]
    values: dict[str, Any] = {"site": f"Site:{force.site}", "device": "hp-posko", "scans": scans}
    payload = await api.do(RECORD, actor=force.coordinator, **values)
    return [each["problems"] for each in payload["results"]] + [payload["problems"]]


async def registered(build: Build, camp: uuid.UUID) -> Counter[str]:
    return Counter(row["status"] for row in await rows_of(build, camp))


@pytest.mark.fuzz
async def test_the_camp_goes_to_a_neighbouring_kabupaten_and_home_again(api: Api, build: Build) -> None:
    force = await make_force(api, build)
    send = partial(mobilize, api, force.coordinator, force.camp, force.need)

    untrained = await send([force.people[0]])
    offered = await send([], further=WANTED)
    answers = await accept_all(api, build, force.need)
    beyond = await send([], further=1)
    sent = [row["volunteer_id"] for row in await build.connection.fetch("SELECT volunteer_id FROM assignment")]
    after = await registered(build, force.camp)
    arrived = await scan_all(later(api, CAME + HOUR), build, force, sent, "ENTRY")
    at_camps_end = later(api, NOW + CAMP_ENDS)
    await replay(at_camps_end, force.camp, force.coordinator).complete(2)
    home = later(api, LEFT + HOUR)
    gone = await scan_all(home, build, force, sent, "EXIT")

    assert [each["code"] for each in untrained["results"][0]["problems"]] == ["NOT_TRAINED"]
    trained = (person for number, person in enumerate(force.people) if number % UNTRAINED)
    first = list(islice(trained, WANTED))
    assert [each["assignment"]["volunteer"]["id"] for each in offered["results"]] == [
        f"Volunteer:{person}" for person in first
    ]
    accepted = {"assignment": {"status": "ACCEPTED", "startsAt": instant(NOW)}, "problems": []}
    assert answers == [accepted] * WANTED
    full = problem("Limit", "NEED_FULL", "further", count=WANTED, limit=WANTED)
    assert beyond == {"results": [], "problems": [full]}
    assert after == {"RELEASED": WANTED, "CHECKED_IN": INSIDE - WANTED}
    assert arrived == gone == [[]] * (WANTED + 1)
    assert await registered(build, force.camp) == {"RELEASED": WANTED, "COMPLETED": INSIDE - WANTED}
    statuses = await build.connection.fetch("SELECT status, count(*) FROM assignment GROUP BY status")
    assert [tuple(row) for row in statuses] == [("COMPLETED", WANTED)]
    hours = [
        each["hours"]
        for person in first
        for each in (await home.ask(SUMS, actor=force.coordinator, id=f"Volunteer:{person}"))["volunteer"]["hours"]
    ]
    assert hours == [(LEFT - CAME) / HOUR] * WANTED
    certified = await build.connection.fetch("SELECT volunteer_id FROM certificate WHERE camp_id = $1", force.camp)
    assert sorted(row["volunteer_id"] for row in certified) == sorted(force.taught)
