"""Sending people by a clock that moves on at every reading, as a real one does."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from tests.asking import Api, Json, instant
from tests.builders import Build
from tests.conftest import NOW
from tests.test_attendance import VERBS as REPORTS
from tests.test_camp_certificate import COMPLETE, camp_with_sessions
from tests.test_camp_certificate import do as do_at_camp
from tests.test_camp_change import STAFF
from tests.test_camp_mobilization import PERIOD, accept, enter, mobilize
from tests.test_camp_registration import REGISTER, answer
from tests.test_contingent import document
from tests.test_duty import OFFER
from tests.test_extension import do
from tests.test_need import CHANGE, CLOSE
from tests.test_role import GRANT

HOUR, TICK = timedelta(hours=1), timedelta(microseconds=100)


@dataclass
class Clock:
    """One tick later at each reading."""

    readings: int = 0

    def __call__(self) -> datetime:
        self.readings += 1
        return self.ahead(0)

    def ahead(self, ticks: int) -> datetime:
        return NOW + TICK * (self.readings + ticks)


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def codes_around(clock: Clock, call: Callable[[datetime], Awaitable[Json]]) -> list[str | None]:
    """The code that each call is answered, without those that follow with the same one; None where it is done.

    Each gets an instant, which is over at the first reading of its clock, at the second, and so on.
    """
    codes: list[str | None] = []
    for ticks in range(1, 40):
        payload = await call(clock.ahead(ticks))
        found = [each["code"] for each in payload["problems"]]
        code = found[0] if found else None
        codes += [code] if [code] != codes[-1:] else []
    return codes


async def offered(api: Api, build: Build, need: uuid.UUID, coordinator: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    """The volunteer's account, and the offer."""
    person = await build.volunteer()
    offer = await api.do(OFFER, actor=coordinator, need=f"Need:{need}", volunteer=f"Volunteer:{person}")
    assert offer["problems"] == []
    key: uuid.UUID = await build.connection.fetchval("SELECT id FROM assignment WHERE volunteer_id = $1", person)
    return await build.volunteer_account(person), key


async def duties(build: Build) -> list[tuple[str, bool, bool]]:
    """Each duty's status, and whether its promise begins and ends with it."""
    rows = await build.connection.fetch(
        "SELECT status, lower(period) = starts_at, upper(period) = least(ends_at, released_at, checked_out_at)"
        " FROM assignment LEFT JOIN commitment ON assignment_id = assignment.id ORDER BY assignment.id"
    )
    return [tuple(row) for row in rows]


async def test_who_is_mobilized_from_a_camp_leaves_it_when_the_duty_begins(api: Api, build: Build) -> None:
    actor, issuer = await build.coordinator(), await build.organization()
    camp, _ = await camp_with_sessions(build, issuer, capacity=4)
    need = await build.need(wanted=2, **PERIOD)
    people = [await build.volunteer(issuer) for _ in range(3)]
    await enter(api, build, actor, camp, people)

    results = await mobilize(api, actor, camp, need, people[:1], further=1)
    answers = [await accept(api, build, person) for person in people[:2]]
    completed = await do_at_camp(api, COMPLETE, actor, camp, build)

    assert [each["problems"] for each in (*results["results"], *answers, completed)] == [[]] * 5
    stays = await build.connection.fetch(
        "SELECT r.status, upper(stay.period) = coalesce(lower(duty.period), ended_at) FROM camp_registration AS r"
        " JOIN camp ON camp.id = r.camp_id JOIN commitment AS stay ON stay.registration_id = r.id"
        " LEFT JOIN commitment AS duty ON duty.volunteer_id = r.volunteer_id AND duty.assignment_id IS NOT NULL"
        " ORDER BY r.number"
    )
    assert [tuple(row) for row in stays] == [("RELEASED", True), ("RELEASED", True), ("COMPLETED", True)]
    assert await duties(build) == [("ACCEPTED", True, True)] * 2


async def test_who_takes_over_begins_when_the_duty_ends(api: Api, build: Build) -> None:
    coordinator, other = await build.coordinator(), await build.volunteer()
    need = await build.need(wanted=1, starts_at=NOW - HOUR, ends_at=NOW + 8 * HOUR)
    person, duty = await offered(api, build, need, coordinator)

    accepted = await do(api, "Accept", duty, person)
    replaced = await do(api, "Replace", duty, coordinator, 2, volunteer=f"Volunteer:{other}")
    key = replaced["assignment"]["id"].partition(":")[2]
    taken_over = await do(api, "Accept", key, await build.volunteer_account(other))

    assert [each["problems"] for each in (accepted, replaced, taken_over)] == [[]] * 3
    assert await duties(build) == [("RELEASED", True, True), ("ACCEPTED", True, True)]
    periods = await build.connection.fetch("SELECT period FROM commitment ORDER BY period")
    assert periods[0]["period"].upper == periods[1]["period"].lower


async def test_a_duty_is_served_extended_and_the_need_closed(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    need = await build.need(wanted=2, starts_at=NOW - HOUR, ends_at=NOW + 8 * HOUR)
    (one, duty), (two, other) = [await offered(api, build, need, coordinator) for _ in range(2)]

    async def report(verb: str, key: uuid.UUID, **values: object) -> Json:
        return await api.do(REPORTS[verb], actor=coordinator, assignment=f"Assignment:{key}", **values)

    await build.connection.execute("UPDATE assignment SET ends_at = ends_at - interval '2 hours'")
    answers = [
        await do(api, "Accept", duty, one),
        await do(api, "Accept", other, two),
        await do(api, "Extend", duty, coordinator, 2, endsAt=instant(NOW + 8 * HOUR)),
        await do(api, "Accept", duty, one, 3),
        await report("CheckIn", duty),
        await report("CheckOut", duty),
        await report("CheckIn", other),
        await report("Release", other, version=3, reason="Tugas selesai"),
        await api.do(CLOSE, actor=coordinator, need=f"Need:{need}", version=1, reason="Cukup"),
    ]

    assert [each["problems"] for each in answers] == [[]] * len(answers)
    assert await duties(build) == [("COMPLETED", True, True), ("RELEASED", True, True)]


async def test_an_offer_that_ends_while_it_is_accepted(api: Api, build: Build, clock: Clock) -> None:
    need = await build.need(wanted=40, starts_at=NOW - HOUR, ends_at=NOW + HOUR)

    async def accept_until(end: datetime) -> Json:
        person = await build.volunteer()
        offer = await build.assignment(need, person, ends_at=end)
        return await do(api, "Accept", offer, await build.volunteer_account(person))

    assert await codes_around(clock, accept_until) == ["OFFER_EXPIRED", None]


@pytest.mark.parametrize(
    ("verb", "code"), [("register", "PERIOD_PAST"), ("set staff", "PERIOD_PAST"), ("accept", "WRONG_STATUS")]
)
async def test_a_camp_that_ends_while_somebody_comes(
    api: Api, build: Build, clock: Clock, verb: str, code: str
) -> None:
    host, host_account = await build.organization(), await build.coordinator()

    async def come_until(end: datetime) -> Json:
        camp = await build.camp(host, status="RUNNING", starts_at=NOW - HOUR, ends_at=end)
        person = await build.volunteer()
        named = {"camp": f"Camp:{camp}", "volunteer": f"Volunteer:{person}"}
        if verb == "register":
            return await api.do(REGISTER, actor=host_account, **named)
        if verb == "set staff":
            return await api.do(STAFF, actor=host_account, **named, duty="COOK")
        place = await build.camp_registration(camp, person, status="OFFERED", offered_until=end)
        values = {"campRegistration": f"CampRegistration:{place}", "version": 1}
        return await api.do(answer("acceptPlace"), actor=host_account, **values)

    assert await codes_around(clock, come_until) == [code, None]


async def test_a_role_that_ends_while_it_is_granted(api: Api, build: Build, clock: Clock) -> None:
    coordinator, login = await build.coordinator(), "sinta"
    await build.account(login=login)

    async def grant_until(end: datetime) -> Json:
        await build.connection.execute("DELETE FROM role WHERE until IS NOT NULL")
        return await api.do(GRANT, actor=coordinator, login=login, kind="COORDINATOR", until=instant(end))

    assert await codes_around(clock, grant_until) == ["INVALID", None]


async def test_a_pledge_that_lapses_while_its_need_is_changed(api: Api, build: Build, clock: Clock) -> None:
    organization, coordinator = await build.organization(), await build.coordinator()
    are_named: set[bool] = set()

    async def change(deadline: datetime) -> Json:
        need = await build.need(wanted=2, starts_at=NOW - HOUR, ends_at=NOW + 8 * HOUR)
        pledge = await build.pledge(need, organization, quantity=2, deadline=deadline)
        payload = await api.do(CHANGE, actor=coordinator, need=f"Need:{need}", version=1, peopleWanted=1)
        are_named.update(each["pledge"] == {"id": f"Pledge:{pledge}"} for each in payload["problems"])
        return payload

    assert await codes_around(clock, change) == [None, "BELOW_PROMISED"]
    assert are_named == {True}


async def test_names_that_become_due_while_a_contingent_is_changed(api: Api, build: Build, clock: Clock) -> None:
    camp, organization, host = await build.camp(capacity=200), await build.organization(), await build.coordinator()

    async def change(due: datetime) -> Json:
        contingent = await build.contingent(camp, organization, places=3, names_due_at=due)
        values = {"contingent": f"Contingent:{contingent}", "version": 1, "places": 2}
        return await api.do(document("changeContingent"), actor=host, **values)

    assert await codes_around(clock, change) == ["WRONG_STATUS", None]
