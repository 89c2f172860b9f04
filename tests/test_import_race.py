"""Imports beside somebody who is faster: the batch is undone and tried again."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.isolation import connected
from tests.test_import import ANI, BUDI, HEADER, Office, counts, refusals
from tests.test_import import office as office  # noqa: PLC0414  # The fixture.
from tests.test_installation import as_superuser
from tests.waiting import LOCK_WAITS, wait_until

ONE_BY_ONE, WHOLE = {"apply": True}, {"apply": True, "allOrNothing": True}


@pytest.mark.parametrize(
    ("options", "status", "counted", "names"),
    [
        (ONE_BY_ONE, "DONE", (1, 0, 0, 0, 1), ["Budi Santoso", "Sinta"]),
        (WHOLE, "REFUSED", (1, 0, 0, 0, 1), ["Sinta"]),
    ],
)
async def test_an_import_that_is_overtaken_decides_again(
    office: Office, options: Any, status: str, counted: tuple[int, ...], names: list[str]
) -> None:
    other = await office.build.person(name="Sinta")
    payload = await office.start([HEADER, ANI, BUDI], **options)

    with capture_logs() as lines:
        async with office.build.connection.transaction():
            await office.build.membership(other, office.organization, number="A-1")
            working = asyncio.create_task(office.work())
            await wait_until(office.build.connection, LOCK_WAITS, 1)
        await working

    job = await office.job(payload["importJob"]["id"])
    assert broken_off(lines) == [(1, "OvertakenError")]
    assert (job["status"], counts(job)) == (status, counted)
    assert refusals(job) == [(2, "NUMBER", "A-1", "NUMBER_TAKEN")]
    assert [each["volunteer"]["name"] for each in await office.members()] == names


@pytest.mark.parametrize("options", [ONE_BY_ONE, WHOLE])
async def test_an_import_that_met_another_in_a_deadlock_goes_on(
    office: Office, database_url: str, options: Any
) -> None:
    other = await office.build.person(name="Sinta")
    payload = await office.start([HEADER, ANI, BUDI], **options)

    with capture_logs() as lines:
        # As a superuser, who may let the other one see the deadlock first.
        async with connected(as_superuser(database_url)) as faster:
            await faster.execute("SET deadlock_timeout = '1h'")
            meeting = faster.transaction()
            await meeting.start()
            await faster.execute(MEMBERSHIP, other, office.organization)
            working = asyncio.create_task(office.work())
            await wait_until(office.build.connection, LOCK_WAITS, 1)
            await faster.execute("UPDATE organization SET reason = 'x' WHERE id = $1", office.organization)
            await meeting.rollback()
        await working

    job = await office.job(payload["importJob"]["id"])
    assert broken_off(lines) == [(1, "DeadlockDetectedError")]
    assert (job["status"], counts(job), refusals(job)) == ("DONE", (2, 0, 0, 0, 0), [])
    assert [each["volunteer"]["name"] for each in await office.members()] == ["Ani Wijaya", "Budi Santoso"]


MEMBERSHIP = """
INSERT INTO membership (id, volunteer_id, organization_id, since, number, number_key)
VALUES (gen_random_uuid(), $1, $2, '2020-01-01', 'A-1', 'a-1')"""


def broken_off(lines: Any) -> list[tuple[int, str]]:
    return [(line["attempt"], line["error"]) for line in lines if line["event"] == "broken off"]
