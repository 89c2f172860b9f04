"""Which duty a scan at a site is of, and what it says of somebody who was said not to have come."""

import itertools
import uuid
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.asking import Api, Json, instant
from tests.builders import Build
from tests.conftest import NOW
from tests.test_attendance import report
from tests.test_scan import ANNUL, RECORD, code_of, scan
from tests.test_site_scan import SCAN_SITE, hours, state

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
STARTS, ENDS = NOW - 10 * HOUR, NOW + 10 * HOUR
Duty = tuple[str, int, int]
SAID = """INSERT INTO event (actor_kind, kind, subject_type, subject_key, change)
  VALUES ('CLOCK', 'assignment.no_show', 'Assignment', $1, '{}')"""


async def need_at_site(build: Build, **values: Any) -> tuple[uuid.UUID, uuid.UUID]:
    site = await build.site(incident := await build.incident())
    period = {"starts_at": STARTS, "ends_at": ENDS}
    return site, await build.need(incident, site_id=site, **{**period, **values})


async def record(api: Api, build: Build, site: uuid.UUID, *scans: Json) -> list[Json]:
    actor = await build.coordinator()
    payload = await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp", scans=[*scans], isOffline=True)
    assert payload["problems"] == []
    return [each["scan"] for each in payload["results"]]


async def code_of_person(api: Api, build: Build, person: uuid.UUID) -> str:
    return await code_of(api, await build.coordinator(), volunteer=f"Volunteer:{person}")


# Two duties of a person at a site: status, first and last hour. What is scanned, when, and which of the two it is of.
OF_WHICH: list[tuple[Duty, Duty, str, float, int]] = [
    # Time that is not promised any more is nobody's.
    (("RELEASED", -9, -5), ("ACCEPTED", -4, 9), "ENTRY", -1, 1),
    (("RELEASED", -9, -5), ("ACCEPTED", -4, 9), "EXIT", -1, 1),
    (("RELEASED", -9, -5), ("ACCEPTED", -4, 9), "ENTRY", -8, 0),
    (("COMPLETED", -9, -5), ("ACCEPTED", -4, 9), "ENTRY", -4, 1),
    # Who left early, and promised the rest of the time to another duty, comes to that one.
    (("COMPLETED", -9, -5), ("ACCEPTED", -2, 9), "ENTRY", -3, 1),
    (("COMPLETED", -9, -5), ("ACCEPTED", -2, 9), "EXIT", -1, 1),
    (("NO_SHOW", -10, 9), ("ACCEPTED", -4, 9), "ENTRY", -1, 1),
    (("NO_SHOW", -4, 9), ("ACCEPTED", -4, 9), "ENTRY", -5, 1),
    # Where it is promised to nothing, somebody has come after all.
    (("NO_SHOW", -10, -5), ("ACCEPTED", -4, 9), "ENTRY", -9, 0),
    # At the instant at which one follows on the other, the earlier one is left and the later one begun.
    (("ACCEPTED", -9, -2), ("ACCEPTED", -2, 9), "EXIT", -2, 0),
    (("ACCEPTED", -9, -2), ("ACCEPTED", -2, 9), "ENTRY", -2, 1),
    # Who comes a little earlier, comes to the later one; who leaves a little later, leaves the earlier one.
    (("ACCEPTED", -9, -2), ("ACCEPTED", -2, 9), "ENTRY", -2.4, 1),
    (("ACCEPTED", -9, -2), ("ACCEPTED", -2, 9), "EXIT", -1.6, 0),
    (("ACCEPTED", -9, -2), ("ACCEPTED", -2, 9), "ENTRY", -2.6, 0),
    (("ACCEPTED", -9, -2), ("ACCEPTED", -2, 9), "EXIT", -1.4, 1),
    # Where nothing follows or went before, of the duty that runs.
    (("ACCEPTED", -9, -7), ("ACCEPTED", -4, -2), "ENTRY", -2.1, 1),
    (("ACCEPTED", -9, -7), ("ACCEPTED", -4, -2), "EXIT", -3.9, 1),
    # Outside of both, the nearer one.
    (("ACCEPTED", -9, -7), ("ACCEPTED", -2, 9), "EXIT", -6, 0),
    (("ACCEPTED", -9, -7), ("ACCEPTED", -2, 9), "ENTRY", -3, 1),
]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("first", "second", "point", "at", "expected"), OF_WHICH)
async def test_a_scan_is_of_the_duty_whose_time_is_promised_or_nearest(
    api: Api, build: Build, first: Duty, second: Duty, point: str, at: float, expected: int, order: int
) -> None:
    site, person = await build.site(incident := await build.incident()), await build.volunteer()
    keys = await stand_both(build, incident, site, person, (first, second), order=order)
    code = await code_of_person(api, build, person)

    await record(api, build, site, scan(code, "1", point, at=instant(NOW + at * HOUR)))

    assert await build.connection.fetchval("SELECT assignment_id FROM scan") == keys[expected]


async def stand_both(
    build: Build, incident: uuid.UUID, site: uuid.UUID, person: uuid.UUID, both: tuple[Duty, Duty], *, order: int = 1
) -> tuple[uuid.UUID, uuid.UUID]:
    """The second is accepted half an hour after the first was left; in both orders, as nothing follows from which was made first."""
    keys = {number: await stand(build, incident, site, person, both[number]) for number in (0, 1)[::order]}
    if both[0][0] == "COMPLETED":
        accepted = NOW + both[0][2] * HOUR + 30 * MINUTE
        await build.connection.execute("UPDATE assignment SET accepted_at = $2 WHERE id = $1", keys[1], accepted)
    return keys[0], keys[1]


async def stand(build: Build, incident: uuid.UUID, site: uuid.UUID, person: uuid.UUID, duty: Duty) -> uuid.UUID:
    """A duty of this status; one that has ended was to last until ENDS."""
    status, since, until = duty[0], NOW + duty[1] * HOUR, NOW + duty[2] * HOUR
    has_ended = status in ("COMPLETED", "RELEASED")
    reported: dict[str, Any] = {"checked_in_at": since, "checked_out_at": until} if status == "COMPLETED" else {}
    reported |= {"released_at": until} if status == "RELEASED" else {}
    need = await build.need(incident, site_id=site, starts_at=since, ends_at=ENDS if has_ended else until)
    async with build.connection.transaction():
        key = await build.assignment(need, person, status="NO_SHOW" if has_ended else status)
        if has_ended:
            await build.row("commitment", volunteer_id=person, assignment_id=key, period=asyncpg.Range(since, until))
            columns = {"status": status, **reported}
            places = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, 2))
            await build.connection.execute(f"UPDATE assignment SET {places} WHERE id = $1", key, *columns.values())
            for name in reported.keys() - {"released_at"}:
                kind, at = name.removesuffix("_at").upper(), reported[name]
                await build.row("attendance", assignment_id=key, kind=kind, at=at, created_at=at)
        elif status == "NO_SHOW":
            await build.connection.execute(SAID, str(key))
    return key


Seen = tuple[str, float]
# Two duties of a person at a site, and what is scanned there: in whatever order and parts it is uploaded, the end is the same.
SEQUENCES: list[tuple[Duty, Duty, tuple[Seen, ...], tuple[str, str]]] = [
    # Back within the time of the duty that was left.
    (
        ("ACCEPTED", -9, -2),
        ("ACCEPTED", -2, 9),
        (("ENTRY", -8), ("EXIT", -4), ("ENTRY", -3)),
        ("COMPLETED", "ACCEPTED"),
    ),
    # Left before the duty began, and back for it.
    (
        ("ACCEPTED", -4, -1),
        ("ACCEPTED", -1, 9),
        (("ENTRY", -6), ("EXIT", -5), ("ENTRY", -3)),
        ("COMPLETED", "ACCEPTED"),
    ),
    # One after the other.
    (
        ("ACCEPTED", -9, -5),
        ("ACCEPTED", -5, 9),
        (("ENTRY", -9), ("EXIT", -5.2), ("ENTRY", -5), ("EXIT", -1)),
        ("COMPLETED", "COMPLETED"),
    ),
    # Came after all to a duty that reaches into another.
    (
        ("NO_SHOW", -10, 9),
        ("ACCEPTED", -4, 9),
        (("ENTRY", -9), ("EXIT", -5), ("ENTRY", -3), ("EXIT", -1)),
        ("COMPLETED", "COMPLETED"),
    ),
    # The same, but for its end, which is free once the other was left early.
    (
        ("ACCEPTED", -10, -5),
        ("NO_SHOW", -6, 9),
        (("ENTRY", -10), ("EXIT", -7), ("ENTRY", -5.6), ("ENTRY", -4)),
        ("COMPLETED", "ON_DUTY"),
    ),
    # That it was left earlier is reported once another was accepted for the rest.
    (
        ("COMPLETED", -9, -5),
        ("ACCEPTED", -2, 9),
        (("EXIT", -7), ("ENTRY", -4.1)),
        ("COMPLETED", "ACCEPTED"),
    ),
]


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize(("first", "second", "seen", "expected"), SEQUENCES)
async def test_scans_end_the_same_in_whatever_order_and_parts_they_come(
    api: Api, build: Build, first: Duty, second: Duty, seen: tuple[Seen, ...], expected: tuple[str, str], size: int
) -> None:
    """Of another person for each order, as all must end alike."""
    site, ends = await build.site(incident := await build.incident()), set()
    for order in itertools.permutations(seen):
        person = await build.volunteer()
        duties = await stand_both(build, incident, site, person, (first, second))
        code = await code_of_person(api, build, person)
        scans = [scan(code, f"{person} {at}", point, at=instant(NOW + at * HOUR)) for point, at in order]

        for start in range(0, len(scans), size):
            await record(api, build, site, *scans[start : start + size])

        ends.add(tuple([(await state(build, each), tuple(await hours(build, each))) for each in duties]))

    ((one, other),) = ends
    assert (one[0][0], other[0][0]) == expected


@pytest.mark.parametrize(("since", "finding"), [(timedelta(), None), (MINUTE, "NO_DUTY")])
async def test_who_scans_more_than_three_days_before_a_duty_does_not_begin_or_end_it(
    api: Api, build: Build, since: timedelta, finding: str | None
) -> None:
    period = {"starts_at": NOW - HOUR + 72 * HOUR + since, "ends_at": NOW + 90 * HOUR}
    (site, need), person = await need_at_site(build, **period), await build.volunteer()
    duty = await build.assignment(need, person, status="ACCEPTED")
    code = await code_of_person(api, build, person)

    scans = [scan(code, point, point, at=instant(NOW - HOUR)) for point in ("ENTRY", "EXIT")]
    scanned = await record(api, build, site, *scans)

    assert [each["finding"] for each in scanned] == [finding] * 2
    arrived = ("ACCEPTED", None) if finding else ("ON_DUTY", NOW - HOUR)
    assert await state(build, duty) == (*arrived, None, *period.values())


@pytest.mark.parametrize(("ahead", "status"), [(5 * MINUTE, "ON_DUTY"), (5 * MINUTE + MINUTE, "ACCEPTED")])
async def test_the_clock_of_a_phone_may_be_five_minutes_ahead(
    api: Api, build: Build, ahead: timedelta, status: str
) -> None:
    (site, need), person = await need_at_site(build), await build.volunteer()
    duty = await build.assignment(need, person, status="ACCEPTED")
    other = await build.assignment(need, await build.volunteer(), status="ACCEPTED")
    code = await code_of(api, await build.coordinator(), site=f"Site:{site}")
    at = instant(NOW + ahead)

    payload = await api.do(
        SCAN_SITE, actor=await build.volunteer_account(person), code=code, point="ENTRY", nonce="1", offlineAt=at
    )
    reported = await report(api, "CheckIn", other, await build.coordinator(), NOW + ahead)

    finding, mark = (None, None) if status == "ON_DUTY" else ("IN_FUTURE", "IN_FUTURE")
    assert payload["scan"]["finding"] == finding
    assert [each["mark"] for each in reported["assignment"]["attendance"]] == [mark]
    arrived = (status, NOW if finding is None else None)
    assert [(await state(build, each))[:2] for each in (duty, other)] == [arrived] * 2


async def test_whose_place_is_taken_stays_a_no_show_and_all_others_of_the_phone_are_checked_in(
    api: Api, build: Build
) -> None:
    site, need = await need_at_site(build, wanted=1)
    people = [await build.volunteer() for _ in range(2)]
    gone = await build.assignment(need, people[0], status="NO_SHOW")
    there = await build.assignment(need, people[1], status="ACCEPTED")

    codes = [await code_of_person(api, build, each) for each in people]
    scans = await record(api, build, site, *(scan(code, code, at=instant(NOW - HOUR)) for code in codes))

    assert [(each["finding"], each["counts"]) for each in scans] == [(None, True)] * 2
    assert await state(build, gone) == ("NO_SHOW", None, None, None, None)
    assert await state(build, there) == ("ON_DUTY", NOW - HOUR, None, STARTS, ENDS)


LEFT = NOW - 5 * HOUR
# The arrival, and the departure before the time that is promised to something else by now.
STAYED = (("ENTRY", NOW - 9 * HOUR), ("EXIT", LEFT))


@pytest.mark.parametrize("order", [*itertools.permutations((0, 1)), "at once"])
async def test_a_no_show_who_was_there_and_left_takes_no_more_time_than_that(
    api: Api, build: Build, order: Any
) -> None:
    (site, need), person = await need_at_site(build), await build.volunteer()
    duty = await build.assignment(need, person, status="NO_SHOW")
    later = await build.assignment(await build.need(starts_at=LEFT, ends_at=ENDS), person, status="ACCEPTED")
    code = await code_of_person(api, build, person)
    scans = [scan(code, point, point, at=instant(at)) for point, at in STAYED]

    for batch in [scans] if order == "at once" else [[scans[number]] for number in order]:
        await record(api, build, site, *batch)

    assert await state(build, duty) == ("COMPLETED", NOW - 9 * HOUR, LEFT, STARTS, LEFT)
    assert await hours(build, duty) == [(NOW - 9 * HOUR, LEFT)]
    assert await state(build, later) == ("ACCEPTED", None, None, LEFT, ENDS)


async def test_who_is_reported_to_have_left_may_be_checked_in_by_a_coordinator(api: Api, build: Build) -> None:
    (_, need), person, actor = await need_at_site(build), await build.volunteer(), await build.coordinator()
    duty = await build.assignment(need, person, status="NO_SHOW")
    await build.assignment(await build.need(starts_at=LEFT, ends_at=ENDS), person, status="ACCEPTED")

    answers = [
        await report(api, verb, duty, actor, at)
        for verb, at in (("CheckIn", NOW - 9 * HOUR), ("CheckOut", LEFT), ("CheckIn", NOW - 9 * HOUR))
    ]

    assert [[each["code"] for each in answer["problems"]] for answer in answers] == [["PERSON_ELSEWHERE"], [], []]
    assert await state(build, duty) == ("COMPLETED", NOW - 9 * HOUR, LEFT, STARTS, LEFT)


@pytest.mark.parametrize("gone", [0, 2])
async def test_what_is_taken_back_promises_no_time_after_the_end(api: Api, build: Build, gone: int) -> None:
    """Two arrivals and a departure after the end: without the first arrival or the departure."""
    end = NOW - 5 * HOUR
    (site, need), person = await need_at_site(build, ends_at=end), await build.volunteer()
    duty = await build.assignment(need, person, status="ACCEPTED")
    code = await code_of_person(api, build, person)
    times = (("ENTRY", -9), ("ENTRY", -8), ("EXIT", -2))
    scans = [scan(code, str(at), point, at=instant(NOW + at * HOUR)) for point, at in times]
    scanned = await record(api, build, site, *scans)

    annulled = await api.do(ANNUL, actor=await build.coordinator(), scan=scanned[gone]["id"], reason="Salah orang")

    left = [("COMPLETED", NOW - 8 * HOUR, NOW - 2 * HOUR), None, ("ON_DUTY", NOW - 9 * HOUR, None)][gone]
    assert annulled["problems"] == []
    assert await state(build, duty) == (*(left or ()), STARTS, end)
