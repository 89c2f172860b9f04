"""An extension meets the closing of its incident, or the suspension of the organization: whichever commits first is respected."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import pytest

from tests.asking import Api, Json, instant
from tests.builders import Build
from tests.conftest import NOW
from tests.test_extension import HOUR, Duty, codes, do, make_duty
from tests.waiting import LOCK_WAITS, wait_until

CLOSE = """mutation($input: CloseIncidentInput!) { closeIncident(input: $input) {
  incident { status } problems { code } } }"""
SUSPEND = """mutation($input: SuspendOrganizationInput!) { suspendOrganization(input: $input) {
  organization { verification } problems { code } } }"""

Call = Callable[[], Awaitable[Json]]


async def with_proposal(build: Build, *, since: int, status: str) -> Duty:
    """A duty whose extension by four hours waits for the answer."""
    duty = await make_duty(build, status, since)
    proposal = "UPDATE assignment SET proposed_ends_at = ends_at + interval '4 hours' WHERE id = $1"
    await build.connection.execute(proposal, duty.key)
    return duty


def accepting(api: Api, duty: Duty, account: uuid.UUID) -> Call:
    return lambda: do(api, "Accept", duty.key, account)


def closing(api: Api, incident: uuid.UUID, coordinator: uuid.UUID) -> Call:
    values = {"incident": f"Incident:{incident}", "version": 1, "reason": "Surut"}
    return lambda: api.do(CLOSE, actor=coordinator, **values)


async def in_order(build: Build, row: str, calls: list[Call], *, is_turned: bool) -> list[Json]:
    """The answers of both calls, which wait for one row, the first of them first; turned, the second."""
    tasks = []
    async with build.connection.transaction():
        await build.connection.execute(f"SELECT FROM {row} FOR UPDATE")
        for number, call in enumerate(calls[::-1] if is_turned else calls, 1):
            tasks.append(asyncio.ensure_future(call()))
            await wait_until(build.connection, LOCK_WAITS, number)
    answers = [await task for task in tasks]
    return answers[::-1] if is_turned else answers


async def state(build: Build, duty: Duty) -> tuple[str, object, object]:
    """The status, the end, and the end of the time that is promised."""
    row = await build.connection.fetchrow("SELECT status, ends_at FROM assignment WHERE id = $1", duty.key)
    assert row is not None
    until = await build.connection.fetchval("SELECT upper(period) FROM commitment WHERE assignment_id = $1", duty.key)
    return row["status"], row["ends_at"], until


@pytest.mark.parametrize("is_turned", [False, True])
async def test_an_accepted_extension_ends_with_the_incident_before_the_duty_begins(
    api: Api, build: Build, is_turned: bool
) -> None:
    duty = await with_proposal(build, since=5, status="ACCEPTED")
    incident = await build.connection.fetchval("SELECT incident_id FROM need WHERE id = $1", duty.need)
    calls = [
        accepting(api, duty, await build.volunteer_account(duty.volunteer)),
        closing(api, incident, await build.coordinator()),
    ]

    accepted, closed = await in_order(build, f"need WHERE id = '{duty.need}'", calls, is_turned=is_turned)

    assert closed == {"incident": {"status": "CLOSED"}, "problems": []}
    ends = NOW + (13 if is_turned else 17) * HOUR
    assert await state(build, duty) == ("CANCELLED", ends, None)
    assert codes(accepted) == (["VERSION_CONFLICT"] if is_turned else [])


@pytest.mark.parametrize("is_turned", [False, True])
async def test_an_incident_is_not_closed_over_a_duty_that_runs_and_is_extended(
    api: Api, build: Build, is_turned: bool
) -> None:
    duty = await with_proposal(build, since=-2, status="ON_DUTY")
    incident = await build.connection.fetchval("SELECT incident_id FROM need WHERE id = $1", duty.need)
    calls = [
        accepting(api, duty, await build.volunteer_account(duty.volunteer)),
        closing(api, incident, await build.coordinator()),
    ]

    accepted, closed = await in_order(build, f"need WHERE id = '{duty.need}'", calls, is_turned=is_turned)

    assert closed == {"incident": None, "problems": [{"code": "DUTY_RUNNING"}]}
    assert accepted["assignment"]["endsAt"] == instant(NOW + 10 * HOUR)
    assert await state(build, duty) == ("ON_DUTY", NOW + 10 * HOUR, NOW + 10 * HOUR)


@pytest.mark.parametrize("is_turned", [False, True])
async def test_an_extension_is_accepted_before_the_organization_is_suspended_and_not_after(
    api: Api, build: Build, is_turned: bool
) -> None:
    duty = await with_proposal(build, since=-2, status="ON_DUTY")
    coordinator = await build.coordinator()
    values = {"organization": f"Organization:{duty.organization}", "version": 1, "reason": "Laporan palsu"}
    calls: list[Call] = [
        accepting(api, duty, await build.volunteer_account(duty.volunteer)),
        lambda: api.do(SUSPEND, actor=coordinator, **values),
    ]

    row = f"organization WHERE id = '{duty.organization}'"
    accepted, suspended = await in_order(build, row, calls, is_turned=is_turned)

    assert suspended == {"organization": {"verification": "SUSPENDED"}, "problems": []}
    assert codes(accepted) == (["ORGANIZATION_NOT_VERIFIED"] if is_turned else [])
    ends = NOW + (6 if is_turned else 10) * HOUR
    assert await state(build, duty) == ("ON_DUTY", ends, ends)
