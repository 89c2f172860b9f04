"""Who may be sent in a part of a need: candidates, refusals and offers take the same period."""

import uuid
from datetime import datetime, timedelta

import asyncpg
import pytest

from tests.asking import Api, instant
from tests.builders import Build
from tests.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FREE = """query($need: ID!, $volunteer: ID!, $period: PeriodInput) { need(id: $need) {
  candidates(first: 9, period: $period) { nodes { volunteer { id } } }
  refusals(volunteer: $volunteer, period: $period) { code overridable
    ... on DutyProblem { dutyStartsAt dutyEndsAt } } } }"""
OFFER = """mutation($input: OfferAssignmentInput!) { offerAssignment(input: $input) {
  assignment { startsAt endsAt } problems { code path } } }"""
OFFERS = """mutation($input: OfferAssignmentsInput!) { offerAssignments(input: $input) {
  results { assignment { startsAt endsAt volunteer { id } } problems { code } } problems { code } } }"""


async def need_that_runs(build: Build) -> uuid.UUID:
    """Since yesterday, until tomorrow."""
    return await build.need(wanted=2, starts_at=NOW - DAY, ends_at=NOW + DAY)


async def busy_until(build: Build, ends_at: datetime) -> uuid.UUID:
    """A volunteer who has served elsewhere, and is free from then on."""
    person = await build.volunteer()
    other = await build.need(starts_at=NOW - 2 * DAY, ends_at=NOW + 2 * DAY)
    period = {"starts_at": NOW - DAY, "ends_at": ends_at}
    await build.assignment(other, person, status="ACCEPTED", accepted_at=NOW - 2 * DAY, **period)
    return person


@pytest.mark.parametrize(
    ("left", "starts_at", "is_free"), [(HOUR, None, True), (-HOUR, None, False), (-HOUR, HOUR, True)]
)
async def test_whoever_is_free_from_then_on_is_found_and_offered(
    api: Api, build: Build, left: timedelta, starts_at: timedelta | None, is_free: bool
) -> None:
    need, person = await need_that_runs(build), await busy_until(build, NOW - left)
    ids = {"need": f"Need:{need}", "volunteer": f"Volunteer:{person}"}
    period = starts_at and {"since": instant(NOW + starts_at), "until": instant(NOW + DAY)}
    start = {"startsAt": instant(NOW + starts_at)} if starts_at else {}
    coordinator = await build.coordinator()

    found = await api.ask(FREE, actor=coordinator, period=period, **ids)
    offered = await api.do(OFFER, actor=coordinator, **ids, **start)
    many = await api.do(OFFERS, actor=coordinator, need=ids["need"], volunteers=[], nearest=5, **start)

    codes = [] if is_free else ["PERSON_ELSEWHERE"]
    duty = {"startsAt": instant(NOW + (starts_at or timedelta())), "endsAt": instant(NOW + DAY)}
    people = [{"volunteer": {"id": ids["volunteer"]}}] if is_free else []
    assert found["need"]["candidates"] == {"nodes": people}
    assert [each["code"] for each in found["need"]["refusals"]] == codes
    assert offered["assignment"] == (duty if is_free else None)
    assert [each["code"] for each in offered["problems"]] == codes
    assert many["results"] == []


async def test_the_nearest_are_found_for_what_is_left(api: Api, build: Build) -> None:
    need, person = await need_that_runs(build), await busy_until(build, NOW)
    await busy_until(build, NOW + HOUR)

    many = await api.do(OFFERS, actor=await build.coordinator(), need=f"Need:{need}", volunteers=[], nearest=5)

    offer = {"startsAt": instant(NOW), "endsAt": instant(NOW + DAY), "volunteer": {"id": f"Volunteer:{person}"}}
    assert many["results"] == [{"assignment": offer, "problems": []}]


@pytest.mark.parametrize(("since", "until"), [(-DAY - HOUR, DAY + HOUR), (HOUR, DAY + HOUR), (2 * DAY, 3 * DAY)])
async def test_a_duty_lies_within_its_need(api: Api, build: Build, since: timedelta, until: timedelta) -> None:
    need, person = await need_that_runs(build), await build.volunteer()
    ids = {"need": f"Need:{need}", "volunteer": f"Volunteer:{person}"}
    starts, ends = instant(NOW + since), instant(NOW + until)
    coordinator = await build.coordinator()

    found = await api.ask(FREE, actor=coordinator, period={"since": starts, "until": ends}, **ids)
    offered = await api.do(OFFER, actor=coordinator, **ids, startsAt=starts, endsAt=ends)

    of_need = {"dutyStartsAt": instant(NOW - DAY), "dutyEndsAt": instant(NOW + DAY)}
    refusal = {"code": "PERIOD_OUTSIDE", "overridable": False, **of_need}
    assert found == {"need": {"candidates": {"nodes": []}, "refusals": [refusal]}}
    assert offered == {"assignment": None, "problems": [{"code": "PERIOD_OUTSIDE", "path": ["input", "volunteer"]}]}
    assert await build.connection.fetchval("SELECT count(*) FROM assignment") == 0


@pytest.mark.parametrize(
    ("hours", "message"), [(0, "The period is empty."), (-1, "The end of the period lies before its start.")]
)
async def test_a_period_ends_after_it_begins(api: Api, build: Build, hours: int, message: str) -> None:
    need, person = await need_that_runs(build), await build.volunteer()
    period = {"since": instant(NOW), "until": instant(NOW + hours * HOUR)}
    ids = {"need": f"Need:{need}", "volunteer": f"Volunteer:{person}"}
    coordinator = await build.coordinator()

    answer = await api.post(FREE, actor=coordinator, period=period, **ids)
    offered = await api.do(OFFER, actor=coordinator, **ids, startsAt=period["since"], endsAt=period["until"])

    assert {error["message"] for error in answer["errors"]} == {message}
    assert offered == {"assignment": None, "problems": [{"code": "INVALID", "path": ["input", "startsAt"]}]}
    assert await build.connection.fetchval("SELECT count(*) FROM assignment") == 0


async def test_of_a_need_that_is_over_nothing_is_left(api: Api, build: Build) -> None:
    need, person = await build.need(starts_at=NOW - DAY, ends_at=NOW), await build.volunteer()
    ids = {"need": f"Need:{need}", "volunteer": f"Volunteer:{person}"}
    coordinator = await build.coordinator()

    found = await api.ask(FREE, actor=coordinator, period=None, **ids)
    offered = await api.do(OFFER, actor=coordinator, **ids)

    assert found == {"need": {"candidates": {"nodes": []}, "refusals": [{"code": "PERIOD_PAST", "overridable": False}]}}
    assert offered == {"assignment": None, "problems": [{"code": "PERIOD_PAST", "path": ["input", "volunteer"]}]}


ACCEPT = """mutation($input: AcceptAssignmentInput!) { acceptAssignment(input: $input) {
  assignment { startsAt endsAt letter { startsAt } } problems { code } } }"""


@pytest.mark.parametrize("begun", [DAY, timedelta()])
async def test_nobody_is_asked_about_or_promised_for_time_that_has_passed(
    api: Api, build: Build, begun: timedelta
) -> None:
    """Who has served elsewhere since the offer was made accepts what is left of it, whatever start was named."""
    need, person = await need_that_runs(build), await busy_until(build, NOW)
    ids = {"need": f"Need:{need}", "volunteer": f"Volunteer:{person}"}
    starts, ends = instant(NOW - begun), instant(NOW + DAY)
    coordinator = await build.coordinator()

    found = await api.ask(FREE, actor=coordinator, period={"since": starts, "until": ends}, **ids)
    offered = await api.do(OFFER, actor=coordinator, **ids, startsAt=starts)
    key = await build.connection.fetchval(
        "UPDATE assignment SET starts_at = $1 WHERE status = 'OFFERED' RETURNING id", NOW - begun
    )
    accepted = await api.do(
        ACCEPT, actor=await build.volunteer_account(person), assignment=f"Assignment:{key}", version=1
    )

    period = "SELECT period FROM commitment WHERE assignment_id = $1"
    assert found["need"] == {"candidates": {"nodes": [{"volunteer": {"id": ids["volunteer"]}}]}, "refusals": []}
    assert offered == {"assignment": {"startsAt": instant(NOW), "endsAt": ends}, "problems": []}
    duty = {"startsAt": instant(NOW), "endsAt": ends, "letter": {"startsAt": instant(NOW)}}
    assert accepted == {"assignment": duty, "problems": []}
    assert await build.connection.fetchval(period, key) == asyncpg.Range(NOW, NOW + DAY)
