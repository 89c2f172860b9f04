"""The limits of a camp, met by plain SQL."""

import uuid
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests import test_plain_sql as plain_sql
from tests.builders import FAR, HOME, Build
from tests.conftest import NOW

REGISTER = """INSERT INTO camp_registration (id, camp_id, volunteer_id, kabupaten_code, sex, category_code, number, status, offered_until)
  VALUES ($1, $2, $3, $4, $5, 'PARTICIPANT', $6, 'OFFERED', now())"""

# What triggers count, by table.
COUNTED = {
    "camp": "taken",
    "contingent": "named",
    "camp_quota": "taken",
    "camp_group": "taken",
    "camp_session": "taken",
}


async def people(build: Build, number: int) -> list[uuid.UUID]:
    return [await build.person() for _ in range(number)]


async def counters(build: Build, camp: uuid.UUID) -> tuple[int, list[int], list[int]]:
    """What is taken of the camp, of its contingents and of its quotas."""
    connection = build.connection
    taken = await connection.fetchval("SELECT taken FROM camp WHERE id = $1", camp)
    named = await connection.fetch("SELECT named FROM contingent WHERE camp_id = $1 ORDER BY created_at", camp)
    quotas = await connection.fetch("SELECT taken FROM camp_quota WHERE camp_id = $1 ORDER BY created_at", camp)
    return taken, [row["named"] for row in named], [row["taken"] for row in quotas]


async def refused(build: Build, constraint: str, statement: str, *values: object) -> None:
    before = await build.connection.fetch("SELECT * FROM camp_registration ORDER BY id")
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await build.connection.execute(statement, *values)
    assert caught.value.constraint_name == constraint
    assert await build.connection.fetch("SELECT * FROM camp_registration ORDER BY id") == before


async def test_a_camp_takes_no_more_than_its_capacity(build: Build) -> None:
    camp = await build.camp(capacity=2)
    first, second, third = await people(build, 3)
    await build.camp_registration(camp, first)
    await build.camp_registration(camp, second, status="OFFERED")
    waiting = await build.camp_registration(camp, third, status="WAITLISTED")

    await refused(build, "ck_camp_taken", REGISTER, uuid.uuid4(), camp, await build.person(), HOME, None, 9)
    await refused(build, "ck_camp_taken", f"UPDATE camp_registration SET status = 'REGISTERED' WHERE id = '{waiting}'")
    await refused(build, "ck_camp_taken", "UPDATE camp SET capacity = 1")

    assert await counters(build, camp) == (2, [], [])


async def test_a_contingent_holds_its_places_before_they_are_named(build: Build) -> None:
    camp, organization = await build.camp(capacity=4), await build.organization()
    contingent = await build.contingent(camp, organization, places=3)
    members = await people(build, 5)
    for member in members[:2]:
        await build.camp_registration(camp, member, contingent_id=contingent)
    await build.camp_registration(camp, members[2])

    assert await counters(build, camp) == (4, [2], [])
    await refused(build, "ck_camp_taken", REGISTER, uuid.uuid4(), camp, members[3], HOME, None, 9)
    await refused(build, "ck_contingent_named", "UPDATE contingent SET places = 1")
    await refused(build, "ck_camp_taken", "UPDATE contingent SET places = 4")
    await build.connection.execute("UPDATE contingent SET status = 'NAMED'")
    assert await counters(build, camp) == (3, [2], [])
    await build.connection.execute(REGISTER, uuid.uuid4(), camp, members[3], HOME, None, 9)
    await build.connection.execute("UPDATE camp_registration SET status = 'CANCELLED' WHERE contingent_id IS NOT NULL")
    assert await counters(build, camp) == (2, [0], [])


async def test_a_contingent_is_filled_by_its_own_camp_and_up_to_its_places(build: Build) -> None:
    camp, organization = await build.camp(), await build.organization()
    contingent = await build.contingent(camp, organization, places=1)
    elsewhere = await build.contingent(await build.camp(), organization)
    first, second = await people(build, 2)
    await build.camp_registration(camp, first, contingent_id=contingent)
    other = await build.camp_registration(camp, second, status="OFFERED")

    move = f"UPDATE camp_registration SET contingent_id = $1 WHERE id = '{other}'"
    await refused(build, "ck_contingent_named", move, contingent)
    await refused(build, "contingent_of_camp", move, elsewhere)

    assert await counters(build, camp) == (2, [1], [])


async def test_every_quota_that_a_person_meets_is_kept(build: Build) -> None:
    camp = await build.camp()
    for number, quota in enumerate(
        ({"kabupaten_code": FAR}, {"sex": "FEMALE", "kabupaten_code": FAR}, {"sex": "MALE"})
    ):
        created = build.now + timedelta(seconds=number)
        await build.row("camp_quota", camp_id=camp, places=2 - number % 2, created_at=created, **quota)
    one, two, three, four = await people(build, 4)
    key = uuid.uuid4()

    await build.connection.execute(REGISTER, key, camp, one, FAR, "FEMALE", 1)
    await refused(build, "ck_camp_quota_taken", REGISTER, uuid.uuid4(), camp, two, FAR, "FEMALE", 2)
    await build.connection.execute(REGISTER, uuid.uuid4(), camp, two, FAR, "MALE", 2)
    await refused(build, "ck_camp_quota_taken", REGISTER, uuid.uuid4(), camp, three, FAR, None, 3)
    await build.connection.execute(REGISTER, uuid.uuid4(), camp, three, HOME, "FEMALE", 3)
    await refused(build, "ck_camp_quota_taken", "UPDATE camp_quota SET places = 1 WHERE sex IS NULL")
    await refused(
        build, "ck_camp_quota_taken", f"UPDATE camp_registration SET sex = 'FEMALE' WHERE volunteer_id = '{two}'"
    )

    assert await counters(build, camp) == (3, [], [2, 1, 1])
    await build.connection.execute("DELETE FROM camp_registration WHERE id = $1", key)
    assert await counters(build, camp) == (2, [], [1, 0, 1])
    await build.connection.execute(REGISTER, key, camp, four, FAR, "FEMALE", 4)
    assert await counters(build, camp) == (3, [], [2, 1, 1])


async def test_a_new_quota_counts_who_is_there_already(build: Build) -> None:
    camp = await build.camp()
    for person in await people(build, 3):
        await build.camp_registration(camp, person)

    with pytest.raises(asyncpg.CheckViolationError, match="ck_camp_quota_taken"):
        await build.row("camp_quota", camp_id=camp, kabupaten_code=HOME, places=2)
    await build.row("camp_quota", camp_id=camp, kabupaten_code=HOME, places=4)

    assert await counters(build, camp) == (3, [], [3])


async def test_a_place_needs_its_commitment(build: Build) -> None:
    camp, person = await build.camp(), await build.person()
    await build.camp_registration(camp, person)
    waiting = await build.camp_registration(camp, await build.person(), status="WAITLISTED")

    for statement in (
        "DELETE FROM commitment",
        "UPDATE commitment SET period = tstzrange(lower(period), upper(period) - interval '1 hour')",
        "UPDATE camp SET ends_at = ends_at + interval '1 hour'",
        f"UPDATE camp_registration SET status = 'REGISTERED' WHERE id = '{waiting}'",
    ):
        await refused(build, "commitment_of_place", statement)


async def test_a_commitment_is_for_one_thing(build: Build) -> None:
    camp, person = await build.camp(), await build.person()
    await build.camp_registration(camp, person)
    member = await build.camp_staff_member(
        await build.camp(starts_at=build.now, ends_at=build.now + timedelta(1)), person
    )

    for statement in (
        "UPDATE commitment SET registration_id = NULL WHERE staff_member_id IS NULL",
        f"UPDATE commitment SET staff_member_id = '{member}' WHERE staff_member_id IS NULL",
    ):
        await refused(build, "ck_commitment_for_one_thing", statement)


@pytest.mark.parametrize(
    ("constraint", "statement"),
    [
        *(("counted", f"UPDATE {table} SET {column} = 0") for table, column in COUNTED.items()),
        *(("counted", f"UPDATE {table} SET {column} = {column} + 1") for table, column in COUNTED.items()),
        *(("stays_at_camp", f"UPDATE {table} SET camp_id = (SELECT camp_id FROM camp_quota WHERE places = 9)")
          for table in (*[each for each in COUNTED if each not in ("camp", "camp_quota")], "camp_registration", "camp_staff_member")),
        ("stays_at_camp", "UPDATE camp_quota SET camp_id = (SELECT camp_id FROM contingent)"),
        ("stays_at_camp", "UPDATE camp_group SET kind = 'BUS'"),
        ("stays_at_camp", "UPDATE camp_group SET sex = NULL"),
        ("of_group", "UPDATE camp_registration SET sex = 'MALE'"),
        ("ck_camp_group_taken", "UPDATE camp_group SET capacity = 1"),
        ("ck_contingent_named", "UPDATE contingent SET places = 1"),
        ("ck_camp_quota_taken", "UPDATE camp_quota SET places = 1 WHERE places <> 9"),
    ],
)  # fmt: skip
async def test_what_is_counted_is_not_set_and_a_part_of_a_camp_stays_there(
    build: Build, constraint: str, statement: str
) -> None:
    camp, other = await build.camp(), await build.camp()
    await build.row("camp_quota", camp_id=other, sex="FEMALE", places=9)
    await build.row("camp_quota", camp_id=camp, sex="FEMALE", places=8)
    contingent = await build.contingent(camp, await build.organization())
    group = await build.row("camp_group", camp_id=camp, kind="TENT", name="Melati", capacity=3, sex="FEMALE")
    times = {"starts_at": NOW, "ends_at": NOW + timedelta(1)}
    session = await build.row("camp_session", camp_id=camp, title="Selam", is_required=False, capacity=2, **times)
    await build.camp_staff_member(camp, await build.person())
    for person in await people(build, 2):
        key = await build.camp_registration(camp, person, sex="FEMALE", contingent_id=contingent)
        await build.row("camp_group_member", group_id=group, registration_id=key)
        await build.row("camp_enrolment", session_id=session, registration_id=key)

    await plain_sql.refused(build.connection, constraint, statement)


@pytest.mark.parametrize("table", sorted(COUNTED.keys() - {"camp_quota"}))
async def test_counting_begins_at_zero(build: Build, table: str) -> None:
    camp = await build.camp()
    of_camp: dict[str, dict[str, object]] = {
        "contingent": {"kabupaten_code": HOME, "category_code": "CORE", "payer_code": "SENDER", "places": 3, "status": "NAMED"},
        "camp_group": {"kind": "TENT", "name": "Melati", "capacity": 3},
        "camp_session": {"title": "Selam", "is_required": False, "starts_at": NOW, "ends_at": NOW + timedelta(1)},
    }  # fmt: skip

    counted: dict[str, Any] = {COUNTED[table]: 1}
    making = build.camp(**counted) if table == "camp" else build.row(table, camp_id=camp, **counted, **of_camp[table])
    with pytest.raises(asyncpg.CheckViolationError) as caught:
        await making

    assert caught.value.constraint_name == "counted"
