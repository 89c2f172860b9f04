"""Every rule of sending is asked where a duty is made longer or taken over, and again at the answer, whatever changed between."""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from tests.asking import Api, Json, instant
from tests.builders import FAR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_extension import codes, do

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RANK = "TAGANA_MADYA"
# The day between now and the end that is asked for.
TOMORROW = date(2026, 3, 2)


@dataclass(frozen=True, slots=True)
class Asked:
    """A volunteer of another province who is asked, and what the duty rests on."""

    person: uuid.UUID
    organization: uuid.UUID
    incident: uuid.UUID
    need: uuid.UUID


async def update(build: Build, table: str, key: uuid.UUID, change: str, column: str = "id") -> None:
    await build.connection.execute(f'UPDATE "{table}" SET {change} WHERE {column} = $1', key)


async def serve_elsewhere(build: Build, asked: Asked) -> None:
    need = await build.need(starts_at=NOW + 20 * HOUR, ends_at=NOW + 30 * HOUR)
    await build.assignment(need, asked.person, status="ACCEPTED")


async def serve_long(build: Build, asked: Asked) -> None:
    """Ends too shortly before."""
    need = await build.need(starts_at=NOW - 80 * HOUR, ends_at=NOW - 3 * HOUR)
    await build.assignment(need, asked.person, status="COMPLETED")


def person(change: str) -> Callable[[Build, Asked], Awaitable[None]]:
    return lambda build, asked: update(build, "volunteer", asked.person, change)


def record(table: str, change: str) -> Callable[[Build, Asked], Awaitable[None]]:
    return lambda build, asked: update(build, table, asked.person, change, "volunteer_id")


BROKEN: Mapping[str, tuple[Callable[[Build, Asked], Awaitable[object]], list[str]]] = {
    "camp": (lambda build, asked: build.camp_days(asked.person, NOW + 20 * HOUR, NOW + 30 * HOUR), ["IN_CAMP"]),
    "duty": (serve_elsewhere, ["PERSON_ELSEWHERE"]),
    "rest": (serve_long, ["NOT_RESTED"]),
    "leave": (lambda build, asked: build.absence(asked.person, since=TOMORROW, until=TOMORROW), ["ON_LEAVE"]),
    "consent": (person("consent_withdrawn_at = now()"), ["CONSENT_MISSING"]),
    "status": (person("status = 'INACTIVE'"), ["PERSON_INACTIVE"]),
    "reach": (person("reach = 'PROVINCE'"), ["BEYOND_REACH"]),
    "expiry": (record("certificate", f"expires_on = '{TOMORROW}'"), ["CERTIFICATE_EXPIRED"]),
    "revocation": (record("certificate", "revoked_on = '2026-03-01', revocation_reason = 'Palsu'"), ["NOT_TRAINED"]),
    "rank": (record("membership", "rank_code = 'TAGANA_MUDA'"), ["RANK_TOO_LOW"]),
    "membership": (record("membership", f"until = '{TOMORROW}'"), ["RANK_TOO_LOW", "ORGANIZATION_NOT_VERIFIED"]),
    "organization": (
        lambda build, asked: update(build, "organization", asked.organization, "verification = 'SUSPENDED'"),
        ["ORGANIZATION_NOT_VERIFIED"],
    ),
    "decree": (
        lambda build, asked: update(
            build, "emergency_status", asked.incident, f"ends_on = '{TOMORROW}'", "incident_id"
        ),
        ["NO_EMERGENCY_STATUS"],
    ),
    "need": (lambda build, asked: update(build, "need", asked.need, "closed_at = now()"), ["NEED_CLOSED"]),
}


async def ranked(build: Build, organization: uuid.UUID) -> uuid.UUID:
    member = await build.volunteer(organization, kabupaten_code=FAR)
    await update(build, "membership", member, f"rank_code = '{RANK}'", "volunteer_id")
    return member


async def make(build: Build, left: timedelta) -> tuple[Asked, uuid.UUID]:
    """Somebody on duty, with some time left, whose place is wanted for longer."""
    organization, incident = await build.organization(), await build.incident()
    period = {"starts_at": NOW - 2 * HOUR, "ends_at": NOW + 3 * DAY}
    need = await build.need(incident, wanted=1, minimum_rank_code=RANK, **period)
    member = await ranked(build, organization)
    duty = await build.assignment(need, member, status="ON_DUTY", ends_at=NOW + left)
    return Asked(member, organization, incident, need), duty


Ask = tuple[Asked, Callable[[], Awaitable[Json]], Callable[[], Awaitable[Json]]]


async def longer(api: Api, build: Build) -> Ask:
    asked, duty = await make(build, 2 * HOUR)
    coordinator, own = await build.coordinator(), await build.volunteer_account(asked.person)
    propose = lambda: do(api, "Extend", duty, coordinator, endsAt=instant(NOW + 2 * DAY))  # noqa: E731
    return asked, propose, lambda: do(api, "Accept", duty, own, version=2)


async def taken_over(api: Api, build: Build) -> Ask:
    asked, duty = await make(build, 2 * DAY)
    organization = await build.organization()
    other = await ranked(build, organization)
    coordinator, own = await build.coordinator(), await build.volunteer_account(other)

    async def accept() -> Json:
        offer = await build.connection.fetchval(
            "SELECT id FROM assignment WHERE volunteer_id = $1 AND status = 'OFFERED'", other
        )
        return await do(api, "Accept", offer, own)

    propose = lambda: do(api, "Replace", duty, coordinator, volunteer=f"Volunteer:{other}")  # noqa: E731
    return Asked(other, organization, asked.incident, asked.need), propose, accept


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("make_asked", [longer, taken_over], ids=["longer", "taken over"])
async def test_every_rule_is_asked_when_it_is_proposed_and_again_at_the_answer(
    api: Api, build: Build, make_asked: Callable[[Api, Build], Awaitable[Ask]], what: str
) -> None:
    break_it, expected = BROKEN[what]
    asked, propose, accept = await make_asked(api, build)

    proposed = await propose()
    await break_it(build, asked)
    before = await snapshot(build.connection)
    accepted = await accept()
    unchanged = await snapshot(build.connection)

    assert codes(proposed) == []
    assert codes(accepted) == expected
    assert unchanged == before


@pytest.mark.parametrize("what", BROKEN)
@pytest.mark.parametrize("make_asked", [longer, taken_over], ids=["longer", "taken over"])
async def test_nothing_is_proposed_that_a_rule_forbids(
    api: Api, build: Build, make_asked: Callable[[Api, Build], Awaitable[Ask]], what: str
) -> None:
    break_it, expected = BROKEN[what]
    asked, propose, _accept = await make_asked(api, build)
    await break_it(build, asked)
    before = await snapshot(build.connection)

    proposed = await propose()

    assert codes(proposed) == expected
    assert await snapshot(build.connection) == before
