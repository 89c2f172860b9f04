"""Many at once: the last places, the line, and the camp that is changed under them."""

import uuid
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json
from tests.builders import Build
from tests.conftest import NOW
from tests.sampling import IS_FUZZ
from tests.test_camp_registration import REGISTER, REGISTER_ALL, answer, listed
from tests.test_race import run_concurrently
from tests.test_scan import RECORD, code_of, present, scan

DAY = timedelta(days=1)
ROUNDS = 20 if IS_FUZZ else 3
PEOPLE = 1_000 if IS_FUZZ else 60
ACCEPT = """mutation($input: AcceptAssignmentInput!) { acceptAssignment(input: $input) {
  assignment { status } problems { code } } }"""
CHANGE = f"mutation($input: ChangeCampInput!) {{ changeCamp(input: $input) {{ camp {{ version }} {PROBLEMS} }} }}"


async def statuses(build: Build, camp: uuid.UUID) -> Counter[str]:
    rows = await build.connection.fetch("SELECT status FROM camp_registration WHERE camp_id = $1", camp)
    return Counter(row["status"] for row in rows)


async def people(build: Build, count: int) -> list[uuid.UUID]:
    async with build.connection.transaction():
        return [await build.person() for _ in range(count)]


async def assert_counted(build: Build, camp: uuid.UUID) -> None:
    """The counters say what the rows say, and everybody with a place has promised the days."""
    row = await build.connection.fetchrow(
        """SELECT taken, capacity, (SELECT count(*) FROM camp_registration AS r WHERE r.camp_id = camp.id
          AND r.status IN ('OFFERED', 'REGISTERED', 'CHECKED_IN', 'COMPLETED') AND contingent_id IS NULL) AS held,
          (SELECT count(*) FROM camp_registration AS r WHERE r.camp_id = camp.id AND r.status = 'REGISTERED'
          AND NOT EXISTS (SELECT FROM commitment AS c WHERE c.registration_id = r.id)) AS unpromised
        FROM camp WHERE id = $1""",
        camp,
    )
    assert row is not None
    assert (row["taken"], row["unpromised"]) == (row["held"], 0)
    assert row["taken"] <= row["capacity"]


@pytest.mark.fuzz
async def test_the_last_three_places_are_given_three_times(api: Api, build: Build) -> None:
    for _round in range(ROUNDS):
        coordinator = await build.coordinator()
        camp = await build.camp(capacity=3)
        persons = await people(build, 100)

        await run_concurrently(
            partial(api.do, REGISTER, actor=coordinator, camp=f"Camp:{camp}", volunteer=f"Volunteer:{person}")
            for person in persons
        )

        assert await statuses(build, camp) == {"REGISTERED": 3, "WAITLISTED": 97}
        rows = await build.connection.fetch(
            "SELECT number FROM camp_registration WHERE camp_id = $1 ORDER BY status, number", camp
        )
        assert [row["number"] for row in rows] == list(range(1, 101))
        await assert_counted(build, camp)


@pytest.mark.fuzz
async def test_bulks_of_the_same_people_in_opposite_order_meet_without_a_deadlock(api: Api, build: Build) -> None:
    for _round in range(ROUNDS):
        coordinator = await build.coordinator()
        camps = [await build.camp(capacity=PEOPLE) for _ in range(2)]
        persons = await people(build, PEOPLE)
        orders: Sequence[list[uuid.UUID]] = (persons, persons[::-1])

        answers = await run_concurrently(
            partial(api.do, REGISTER_ALL, actor=coordinator, camp=f"Camp:{camp}", participants=listed(order))
            for camp, order in zip(camps, orders, strict=True)
        )

        codes = [{one["code"] for each in payload["results"] for one in each["problems"]} for payload in answers]
        assert sorted(codes, key=len) == [set(), {"IN_CAMP"}]
        assert await build.connection.fetchval("SELECT count(*) FROM commitment") == PEOPLE
        assert sorted([len(await statuses(build, camp)) for camp in camps]) == [0, 1]
        await build.connection.execute("UPDATE camp_registration SET status = 'CANCELLED'; DELETE FROM commitment")


@pytest.mark.fuzz
async def test_the_head_of_the_line_accepts_a_duty_while_a_place_is_freed(api: Api, build: Build) -> None:
    for _round in range(ROUNDS * 3):
        coordinator = await build.coordinator()
        camp = await build.camp(capacity=1)
        leaving = await build.camp_registration(camp, await build.person())
        head, next_ = await build.volunteer(), await build.volunteer()
        first, second = [await build.camp_registration(camp, person, status="WAITLISTED") for person in (head, next_)]
        need = await build.need(starts_at=NOW + 3 * DAY, ends_at=NOW + 4 * DAY)
        duty = await build.assignment(need, head)
        account = await build.volunteer_account(head)

        cancelled, accepted = await run_concurrently(
            [
                partial(
                    api.do,
                    answer("cancelRegistration"),
                    actor=coordinator,
                    campRegistration=f"CampRegistration:{leaving}",
                    version=1,
                    reason="Sakit",
                ),
                partial(api.do, ACCEPT, actor=account, assignment=f"Assignment:{duty}", version=1),
            ]
        )

        rows = await build.connection.fetch(
            "SELECT id, status FROM camp_registration WHERE id = ANY($1)", [first, second]
        )
        found = {row["id"]: row["status"] for row in rows}
        assert cancelled["problems"] == []
        if accepted["problems"]:
            # By the rule, or by the constraint where both had asked it already.
            assert [each["code"] for each in accepted["problems"]] in (["IN_CAMP"], ["PERSON_ELSEWHERE"])
            assert found == {first: "REGISTERED", second: "WAITLISTED"}
        else:
            assert found == {first: "WAITLISTED", second: "REGISTERED"}
        await assert_counted(build, camp)


async def change_present(api: Api, actor: uuid.UUID, camp: uuid.UUID, **values: Any) -> Json:
    """Changes the camp as it is by then: with the version of whoever changed it before."""
    payload = await api.do(CHANGE, actor=actor, camp=f"Camp:{camp}", version=1, **values)
    conflicts = [each["currentVersion"] for each in payload["problems"] if each["code"] == "VERSION_CONFLICT"]
    if not conflicts:
        return payload
    return await api.do(CHANGE, actor=actor, camp=f"Camp:{camp}", version=conflicts[0], **values)


@pytest.mark.fuzz
async def test_a_camp_is_changed_while_people_register(api: Api, build: Build) -> None:
    """Fewer places and other days, meanwhile: each registration fits what the camp is then.

    The days move whatever is registered; the capacity is lowered unless more places are held by then.
    """
    for _round in range(ROUNDS):
        coordinator = await build.coordinator()
        camp = await build.camp(capacity=30)
        persons = await people(build, 40)
        later = NOW + 20 * DAY
        changes: Sequence[Json] = (
            {"capacity": 10},
            {"startsAt": later.isoformat(), "endsAt": (later + DAY).isoformat()},
        )
        calls: list[Any] = [
            partial(api.do, REGISTER, actor=coordinator, camp=f"Camp:{camp}", volunteer=f"Volunteer:{person}")
            for person in persons
        ]
        for number, values in enumerate(changes):
            calls.insert(
                10 + 10 * number,
                partial(change_present, api, coordinator, camp, **values),
            )

        answers = await run_concurrently(calls)

        await assert_counted(build, camp)
        row = await build.connection.fetchrow(
            """SELECT capacity, starts_at, ends_at, (SELECT array_agg(DISTINCT period) FROM commitment
              JOIN camp_registration AS r ON r.id = registration_id WHERE r.camp_id = camp.id) AS periods
            FROM camp WHERE id = $1""",
            camp,
        )
        assert row is not None
        lowered, moved = [{each["code"] for each in answers[index]["problems"]} for index in (10, 20)]
        assert moved == set()
        assert lowered in (set(), {"BELOW_TAKEN", "PLACE_HELD"})
        assert (row["capacity"], row["starts_at"]) == (30 if lowered else 10, later)
        assert [(each.lower, each.upper) for each in row["periods"]] == [(row["starts_at"], row["ends_at"])]
        assert (await statuses(build, camp))["REGISTERED"] == row["capacity"]


async def test_as_many_are_promoted_as_cancel_at_once(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    camp = await build.camp(capacity=20)
    persons = await people(build, 30)
    async with build.connection.transaction():
        held = [await build.camp_registration(camp, person) for person in persons[:20]]
        for person in persons[20:]:
            await build.camp_registration(camp, person, status="WAITLISTED")

    await run_concurrently(
        partial(
            api.do,
            answer("cancelRegistration"),
            actor=coordinator,
            campRegistration=f"CampRegistration:{registration}",
            version=1,
            reason="Sakit",
        )
        for registration in Random(7).sample(held, 6)
    )

    rows = await build.connection.fetch(
        "SELECT number FROM camp_registration WHERE status = 'WAITLISTED' ORDER BY number"
    )
    assert [row["number"] for row in rows] == [27, 28, 29, 30]
    assert await statuses(build, camp) == {"REGISTERED": 20, "CANCELLED": 6, "WAITLISTED": 4}
    await assert_counted(build, camp)


@pytest.mark.fuzz
async def test_the_same_scans_from_two_phones_in_opposite_order_end_in_one_state(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    for round_ in range(ROUNDS):
        camp = await build.camp(status="RUNNING", starts_at=NOW - DAY, ends_at=NOW + DAY)
        codes = []
        for _ in range(10):
            person = await build.person()
            await build.camp_registration(camp, person)
            codes.append(await code_of(api, coordinator, volunteer=f"Volunteer:{person}"))
        times = {"ENTRY": NOW - timedelta(hours=2), "EXIT": NOW - timedelta(hours=1)}
        scans = [
            scan(code, f"{number} {point}", point, at=times[point].isoformat())
            for number, code in enumerate(codes)
            for point in ([*times] if number % 2 else ["ENTRY"])
        ]

        await run_concurrently(
            partial(api.do, RECORD, actor=coordinator, camp=f"Camp:{camp}", device=device, scans=order)
            for device, order in (("hp-1", scans), ("hp-2", scans[::-1]))
        )

        inside = [(number, "CHECKED_IN") for number in range(1, 11, 2)]
        assert await present(api, coordinator, camp) == (5, inside), round_
        assert await statuses(build, camp) == {"CHECKED_IN": 10}
        assert await build.connection.fetchval("SELECT count(*) FROM scan WHERE camp_id = $1", camp) == 2 * len(scans)
