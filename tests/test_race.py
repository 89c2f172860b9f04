import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import anyio
import asyncpg
import pytest

from api.database.engine import WRITE_POOL_SIZE
from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import Build
from tests.conftest import NOW
from tests.sampling import IS_FUZZ

MANY = 50
ROUNDS = 10
MANY_ROUNDS = 20 if IS_FUZZ else 5
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
START = NOW + timedelta(days=1)
# What was done; what was refused leaves events, too.
ACTS = "SELECT count(*) FROM event WHERE kind <> 'account.call_refused'"

ACCEPT = f"""mutation($input: AcceptAssignmentInput!) {{ acceptAssignment(input: $input) {{
  assignment {{ id }} {PROBLEMS} }} }}"""
CANCEL = f"""mutation($input: CancelAssignmentInput!) {{ cancelAssignment(input: $input) {{
  assignment {{ id }} {PROBLEMS} }} }}"""
OFFER = f"""mutation($input: OfferAssignmentInput!) {{ offerAssignment(input: $input) {{
  assignment {{ id }} {PROBLEMS} }} }}"""
REGISTER = f"""mutation($input: RegisterVolunteerInput!) {{ registerVolunteer(input: $input) {{
  volunteer {{ id }} {PROBLEMS} }} }}"""

Call = Callable[[], Awaitable[Json]]


async def run_concurrently(calls: Iterable[Call]) -> list[Json]:
    """Runs all calls concurrently, and returns their answers in the order of the calls."""
    answers: dict[int, Json] = {}

    async def one(number: int, call: Call) -> None:
        answers[number] = await call()

    async with anyio.create_task_group() as group:
        for number, call in enumerate(calls):
            group.start_soon(one, number, call)
    return [answers[number] for number in sorted(answers)]


@asynccontextmanager
async def lock_until_waiting(url: str, row: str, *, until: int) -> AsyncGenerator[None]:
    """Locks the row, and releases it when `until` connections wait for a lock."""
    connection = await asyncpg.connect(url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(f"SELECT FROM {row} FOR UPDATE")

    async def release() -> None:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        with anyio.fail_after(60):
            while await connection.fetchval(waiting) < until:
                # Within a transaction, statistics are cached until the snapshot is cleared.
                await connection.execute("SELECT pg_stat_clear_snapshot()")
        await transaction.rollback()

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(release)
            yield
    finally:
        await connection.close()


async def statuses(build: Build, condition: str, *values: object) -> Counter[tuple[str, int]]:
    rows = await build.connection.fetch(f"SELECT status, version FROM assignment WHERE {condition}", *values)
    return Counter((row["status"], row["version"]) for row in rows)


@pytest.mark.fuzz
async def test_one_of_fifty_overlapping_offers_can_be_accepted(api: Api, build: Build) -> None:
    organization, incident = await build.organization(), await build.incident()

    for _round in range(MANY_ROUNDS):
        offers: list[uuid.UUID] = []
        async with build.connection.transaction():
            volunteer = await build.volunteer(organization)
            actor = await build.volunteer_account(volunteer)
            for number in range(MANY):
                starts_at = START + number * MINUTE
                need = await build.need(incident, starts_at=starts_at, ends_at=starts_at + 10 * HOUR)
                offers.append(await build.assignment(need, volunteer))

        answers = await run_concurrently(
            partial(api.do, ACCEPT, actor=actor, assignment=f"Assignment:{offer}", version=1) for offer in offers
        )

        (winner,) = [answer["assignment"]["id"] for answer in answers if answer["assignment"]]
        starts_at = START + offers.index(uuid.UUID(winner.partition(":")[2])) * MINUTE
        period = {"startsAt": instant(starts_at), "endsAt": instant(starts_at + 10 * HOUR)}
        clash = problem("Commitment", "PERSON_ELSEWHERE", "assignment", assignment={"id": winner}, **period)
        problems = [answer["problems"] for answer in answers if answer["assignment"] is None]
        assert problems == [[clash]] * (MANY - 1)
        committed = await build.connection.fetch(
            "SELECT assignment_id FROM commitment WHERE volunteer_id = $1", volunteer
        )
        assert [f"Assignment:{row['assignment_id']}" for row in committed] == [winner]
        assert await statuses(build, "volunteer_id = $1", volunteer) == {("ACCEPTED", 2): 1, ("OFFERED", 1): MANY - 1}
    assert await build.connection.fetchval(ACTS) == MANY_ROUNDS


@pytest.mark.parametrize("places", [1, 7])
async def test_a_need_never_gets_more_people_than_it_wants(
    api: Api, build: Build, database_url: str, places: int
) -> None:
    organization = await build.organization()
    manager, need = await build.manager(organization), await build.need(wanted=places)
    offers = [await build.assignment(need, await build.volunteer(organization)) for _number in range(MANY)]

    async with lock_until_waiting(database_url, f"need WHERE id = '{need}'", until=WRITE_POOL_SIZE):
        answers = await run_concurrently(
            partial(api.do, ACCEPT, actor=manager, assignment=f"Assignment:{offer}", version=1) for offer in offers
        )

    full = problem("Limit", "NEED_FULL", "assignment", count=places, limit=places)
    problems = [answer["problems"] for answer in answers if answer["assignment"] is None]
    assert problems == [[full]] * (MANY - places)
    assert await statuses(build, "need_id = $1", need) == {("ACCEPTED", 2): places, ("OFFERED", 1): MANY - places}
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == places
    assert await build.connection.fetchval(ACTS) == places


async def test_concurrent_offers_of_a_need_to_a_volunteer_make_one_assignment(
    api: Api, build: Build, database_url: str
) -> None:
    coordinator, volunteer, need = await build.coordinator(), await build.volunteer(), await build.need()
    offer = partial(api.do, OFFER, actor=coordinator, need=f"Need:{need}", volunteer=f"Volunteer:{volunteer}")

    async with lock_until_waiting(database_url, f"need WHERE id = '{need}'", until=WRITE_POOL_SIZE):
        answers = await run_concurrently([offer] * MANY)

    (made,) = [answer["assignment"]["id"] for answer in answers if answer["assignment"]]
    problems = [answer["problems"] for answer in answers if answer["assignment"] is None]
    assert problems == [[problem("Duplicate", "ALREADY_OFFERED", "volunteer", assignment={"id": made})]] * (MANY - 1)
    assert await statuses(build, "need_id = $1", need) == {("OFFERED", 1): 1}
    assert await build.connection.fetchval(ACTS) == 1


@pytest.mark.parametrize("first", ["accept", "cancel"])
async def test_one_of_concurrent_accept_and_cancel_succeeds(
    api: Api, build: Build, database_url: str, first: str
) -> None:
    organization, coordinator = await build.organization(), await build.coordinator()

    for _round in range(ROUNDS):
        volunteer, need = await build.volunteer(organization), await build.need()
        offer = await build.assignment(need, volunteer)
        fields = {"assignment": f"Assignment:{offer}", "version": 1}
        calls: list[Call] = [
            partial(api.do, ACCEPT, actor=await build.volunteer_account(volunteer), **fields),
            partial(api.do, CANCEL, actor=coordinator, reason="Batal", **fields),
        ]

        async with lock_until_waiting(database_url, f"need WHERE id = '{need}'", until=2):
            answers = await run_concurrently(calls if first == "accept" else calls[::-1])

        accepted, cancelled = answers if first == "accept" else answers[::-1]
        refused = cancelled if accepted["assignment"] else accepted
        assert (accepted["assignment"] is None) != (cancelled["assignment"] is None)
        assert refused["problems"] == [problem("Version", "VERSION_CONFLICT", "version", currentVersion=2)]
        status = "ACCEPTED" if accepted["assignment"] else "CANCELLED"
        assert await statuses(build, "id = $1", offer) == {(status, 2): 1}
        commitments = "SELECT count(*) FROM commitment WHERE assignment_id = $1"
        assert await build.connection.fetchval(commitments, offer) == int(status == "ACCEPTED")
    assert await build.connection.fetchval(ACTS) == ROUNDS


async def test_a_concurrent_cancel_and_accept_leave_consistent_commitments(api: Api, build: Build) -> None:
    organization, incident = await build.organization(), await build.incident()
    coordinator = await build.coordinator()

    for _round in range(ROUNDS):
        volunteer = await build.volunteer(organization)
        actor = await build.volunteer_account(volunteer)
        period = {"starts_at": START, "ends_at": START + 10 * HOUR}
        accepted_id = await build.assignment(await build.need(incident, **period), volunteer, status="ACCEPTED")
        waiting = await build.assignment(await build.need(incident, **period), volunteer)

        cancelled, accepted = await run_concurrently(
            [
                partial(
                    api.do,
                    CANCEL,
                    actor=coordinator,
                    assignment=f"Assignment:{accepted_id}",
                    version=1,
                    reason="Pindah",
                ),
                partial(api.do, ACCEPT, actor=actor, assignment=f"Assignment:{waiting}", version=1),
            ]
        )

        assert cancelled["assignment"] == {"id": f"Assignment:{accepted_id}"}
        refused = [each["code"] for each in accepted["problems"]]
        assert refused == ([] if accepted["assignment"] else ["PERSON_ELSEWHERE"])
        committed = await build.connection.fetch(
            "SELECT assignment_id FROM commitment WHERE volunteer_id = $1", volunteer
        )
        assert [row["assignment_id"] for row in committed] == ([waiting] if accepted["assignment"] else [])


async def test_concurrent_registrations_with_the_same_nik_make_one_volunteer(api: Api, build: Build) -> None:
    """By as many accounts: the registrations of one wait for each other."""
    coordinators = [await build.coordinator() for _ in range(WRITE_POOL_SIZE)]
    person = {"name": "Sinta", "kabupaten": "62.02", "reach": "NATIONAL", "consentPurpose": "Penugasan relawan"}

    answers = await run_concurrently(
        partial(api.do, REGISTER, actor=coordinator, nik="6202014107900001", **person) for coordinator in coordinators
    )

    assert Counter(bool(answer["volunteer"]) for answer in answers) == {True: 1, False: WRITE_POOL_SIZE - 1}
    problems = [answer["problems"] for answer in answers if answer["volunteer"] is None]
    assert problems == [[problem("Simple", "ALREADY_REGISTERED", "nik")]] * (WRITE_POOL_SIZE - 1)
    assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == 1
    events = Counter(
        row["kind"]
        for row in await build.connection.fetch("SELECT kind FROM event WHERE kind <> 'account.call_refused'")
    )
    assert events == {"volunteer.registered": 1, "volunteer.recognized": WRITE_POOL_SIZE - 1}


async def test_the_database_rejects_one_of_two_concurrent_overlapping_commitments(
    build: Build, database_url: str
) -> None:
    volunteer = await build.volunteer()
    member = await build.camp_staff_member(await build.camp(), volunteer)
    await build.connection.execute("DELETE FROM commitment")
    other = await build.camp_staff_member(await build.camp(), volunteer, ended_at=START)
    insert = "INSERT INTO commitment (id, volunteer_id, staff_member_id, period) VALUES ($1, $2, $3, $4)"
    first, second = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    open_ = first.transaction()
    await open_.start()
    await first.execute(insert, uuid.uuid4(), volunteer, member, asyncpg.Range(START, START + 2 * HOUR))

    async def insert_overlapping() -> None:
        with pytest.raises(asyncpg.ExclusionViolationError, match="ex_commitment_one_place_at_a_time"):
            await second.execute(insert, uuid.uuid4(), volunteer, other, asyncpg.Range(START + HOUR, START + 3 * HOUR))

    async def commit_when_waiting() -> None:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        with anyio.fail_after(60):
            while await build.connection.fetchval(waiting) < 1:
                pass
        await open_.commit()

    await run_concurrently([insert_overlapping, commit_when_waiting])

    await first.close()
    await second.close()
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 1
