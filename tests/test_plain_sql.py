"""What the database itself keeps: each test speaks SQL only, past all services."""

import asyncio
import uuid

import asyncpg
import pytest

from tests.builders import SET_WANTED, Build
from tests.isolation import connected
from tests.snapshot import snapshot


async def accept(
    connection: "asyncpg.Connection[asyncpg.Record]", need: uuid.UUID, volunteer: uuid.UUID, *, commits: bool = True
) -> None:
    """An accepted assignment for the whole need, with its commitment."""
    async with connection.transaction():
        key = uuid.uuid4()
        await connection.execute(
            """INSERT INTO assignment (id, need_id, volunteer_id, status, starts_at, ends_at, accepted_at)
               SELECT $1, id, $3, 'ACCEPTED', starts_at, ends_at, starts_at FROM need WHERE id = $2""",
            *(key, need, volunteer),
        )
        if commits:
            await connection.execute(
                """INSERT INTO commitment (id, volunteer_id, assignment_id, period)
                   SELECT gen_random_uuid(), $2, $3, tstzrange(starts_at, ends_at) FROM need WHERE id = $1""",
                *(need, volunteer, key),
            )


async def execute(connection: "asyncpg.Connection[asyncpg.Record]", statement: str, *values: object) -> None:
    async with connection.transaction():
        await connection.execute(statement, *values)


async def refused(
    connection: "asyncpg.Connection[asyncpg.Record]", constraint: str, statement: str, *values: object
) -> None:
    """Asserts that the statement violates the constraint and changes nothing."""
    before = await snapshot(connection)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await execute(connection, statement, *values)
    assert caught.value.constraint_name == constraint
    assert await snapshot(connection) == before


async def add_event(connection: "asyncpg.Connection[asyncpg.Record]", type_: str, key: object) -> None:
    await connection.execute(
        """INSERT INTO event (actor_kind, kind, subject_type, subject_key, reason, change)
           VALUES ('PUBLIC', 'noun.done', $1, $2, 'Sakit', '{"status": "DECLINED", "reason": "Sakit"}')""",
        *(type_, str(key)),
    )


async def test_a_need_of_four_gets_four_also_of_nine_at_once(database_url: str, build: Build) -> None:
    need = await build.need(wanted=4)
    people = [await build.volunteer() for _ in range(9)]

    async def try_to_accept(volunteer: uuid.UUID) -> str | None:
        """The constraint that was violated."""
        async with connected(database_url) as connection:
            try:
                await accept(connection, need, volunteer)
            except asyncpg.CheckViolationError as error:
                return error.constraint_name
        return None

    violated = await asyncio.gather(*map(try_to_accept, people))

    assert sorted(map(str, violated)) == ["None"] * 4 + ["places_of_need"] * 5
    assert await build.connection.fetchval("SELECT count(*) FROM assignment WHERE status = 'ACCEPTED'") == 4
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 4


async def test_a_place_is_a_person_at_a_time(build: Build) -> None:
    need = await build.need(wanted=1)
    await build.assignment(need, await build.volunteer(), status="COMPLETED")
    connection, other = build.connection, await build.volunteer()

    await connection.execute("UPDATE need SET ends_at = ends_at + interval '3 days'")
    async with connection.transaction():
        key = uuid.uuid4()
        await connection.execute(
            """INSERT INTO assignment (id, need_id, volunteer_id, status, starts_at, ends_at, accepted_at)
               SELECT $1, id, $3, 'ACCEPTED', ends_at - interval '3 days', ends_at, starts_at FROM need WHERE id = $2""",
            *(key, need, other),
        )
        await connection.execute(
            """INSERT INTO commitment (id, volunteer_id, assignment_id, period)
               SELECT gen_random_uuid(), volunteer_id, id, tstzrange(starts_at, ends_at) FROM assignment WHERE id = $1""",
            key,
        )

    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await accept(connection, need, await build.volunteer())

    assert caught.value.constraint_name == "places_of_need"


async def test_a_need_cannot_be_made_smaller_than_what_has_been_accepted(build: Build) -> None:
    need = await build.need(wanted=2)
    for _ in range(2):
        await build.assignment(need, await build.volunteer(), status="ACCEPTED")

    await build.connection.execute(SET_WANTED, need, 3)
    await build.connection.execute(SET_WANTED, need, 2)
    await refused(build.connection, "places_of_need", SET_WANTED, need, 1)


async def test_one_acceptance_can_be_exchanged_for_another_in_any_order(build: Build) -> None:
    need, volunteer = await build.need(wanted=1), await build.volunteer()
    await build.assignment(need, await build.volunteer(), status="ACCEPTED")
    connection = build.connection

    async with connection.transaction():
        await accept(connection, need, volunteer)
        await connection.execute("DELETE FROM commitment WHERE volunteer_id <> $1", volunteer)
        await connection.execute("UPDATE assignment SET status = 'CANCELLED' WHERE volunteer_id <> $1", volunteer)

    assert await connection.fetchval("SELECT count(*) FROM assignment WHERE status = 'ACCEPTED'") == 1


async def test_an_acceptance_needs_its_commitment(build: Build) -> None:
    need, volunteer = await build.need(), await build.volunteer()
    before = await snapshot(build.connection)

    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await accept(build.connection, need, volunteer, commits=False)

    assert caught.value.constraint_name == "commitment_of_promise"
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM commitment",
        "UPDATE commitment SET period = tstzrange(lower(period), upper(period) - interval '1 hour')",
        """WITH other AS (SELECT id FROM camp_registration)
        UPDATE commitment SET assignment_id = NULL, registration_id = other.id FROM other""",
        "UPDATE assignment SET ends_at = ends_at + interval '1 hour'",
    ],
)
async def test_a_commitment_stays_that_of_its_assignment(build: Build, statement: str) -> None:
    await build.assignment(await build.need(), await build.volunteer(), status="ACCEPTED")
    await build.camp_registration(await build.camp(), await build.volunteer(), status="WAITLISTED")

    await refused(build.connection, "commitment_of_promise", statement)


@pytest.mark.parametrize(
    "statement", ["UPDATE event SET kind = 'other'", "DELETE FROM event", "TRUNCATE event", "TRUNCATE event CASCADE"]
)
async def test_events_are_kept(build: Build, statement: str) -> None:
    await add_event(build.connection, "Noun", 1)

    await refused(build.connection, "event_is_kept", statement)


async def test_the_erasure_of_a_person_leaves_that_something_was_done(build: Build) -> None:
    one, other = await build.volunteer(), await build.volunteer()
    assignment = await build.assignment(await build.need(), one)
    for type_, key in (("Volunteer", one), ("Assignment", assignment), ("Volunteer", other)):
        await add_event(build.connection, type_, key)

    await build.connection.execute("SELECT erase_person($1)", one)
    rows = await build.connection.fetch(
        "SELECT reason, change ->> 'status' AS status, change ->> 'reason' AS told FROM event ORDER BY position"
    )

    assert [tuple(row) for row in rows] == [
        (None, "DECLINED", None),
        (None, "DECLINED", None),
        ("Sakit", "DECLINED", "Sakit"),
    ]
    await refused(build.connection, "event_is_kept", "DELETE FROM event")
