"""What the database itself keeps of duties, their time, reports and hours: plain SQL, past all services."""

import uuid
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from api.models.assignment_status import ASSIGNMENT, OVER, AssignmentStatus
from tests.builders import Build
from tests.conftest import NOW
from tests.test_plain_sql import execute, refused

HOUR = timedelta(hours=1)
COMMITTED, PROMISED = ASSIGNMENT.group("COMMITTED"), ASSIGNMENT.group("PROMISED")
UNCOMMITTED = [status for status in AssignmentStatus if status not in COMMITTED]
NEVER_ACCEPTED = ("OFFERED", "DECLINED", "EXPIRED")
# Accepted days before, from eight hours ago until two hours from now; nobody has come.
TIMES: dict[str, Any] = {"starts_at": NOW - 8 * HOUR, "ends_at": NOW + 2 * HOUR}
ACCEPTED = {"accepted_at": NOW - 48 * HOUR}
COMMIT = """INSERT INTO commitment (id, volunteer_id, assignment_id, period)
  SELECT gen_random_uuid(), $2, id, tstzrange(starts_at + $3, ends_at + $4) FROM assignment WHERE id = $1"""


async def duty(build: Build, status: str, **values: Any) -> uuid.UUID:
    """A duty of a need for ten from a day ago on until tomorrow."""
    need = await build.need(starts_at=NOW - 24 * HOUR, ends_at=NOW + 24 * HOUR)
    accepted = {} if status in (*NEVER_ACCEPTED, "CANCELLED") else ACCEPTED
    arrived = {"checked_in_at": NOW - 7 * HOUR} if status == "ON_DUTY" else {}
    return await build.assignment(
        need, await build.volunteer(), status=status, **{**TIMES, **accepted, **arrived, **values}
    )


async def whose(build: Build, key: uuid.UUID) -> uuid.UUID:
    volunteer: uuid.UUID = await build.connection.fetchval("SELECT volunteer_id FROM assignment WHERE id = $1", key)
    return volunteer


HOURS_LATER = "ends_at + interval '1 hour'"
EVALUATED = "rating = 3, rated_at = now(), rater_id = (SELECT id FROM account LIMIT 1)"
NOT_ACCEPTED = (*NEVER_ACCEPTED, "CANCELLED")
# Statuses, what is set then, and the CHECK that refuses it.
KEPT: tuple[tuple[tuple[str, ...], str, str], ...] = (
    # What was never accepted has nothing of a duty.
    (NEVER_ACCEPTED, "accepted_at = starts_at", "not_accepted"),
    (NOT_ACCEPTED, "organization_id = (SELECT id FROM organization LIMIT 1)", "accepted_first"),
    (NOT_ACCEPTED, "checked_in_at = starts_at", "accepted_first"),
    (NOT_ACCEPTED, "checked_in_at = starts_at, checked_out_at = ends_at", "accepted_first"),
    (NOT_ACCEPTED, "checked_out_at = ends_at", "accepted_first"),
    (NOT_ACCEPTED, "released_at = starts_at", "accepted_first"),
    (NOT_ACCEPTED, f"proposed_ends_at = {HOURS_LATER}", "accepted_first"),
    (NOT_ACCEPTED, EVALUATED, "accepted_first"),
    (("ACCEPTED", "MOBILIZED", "COMPLETED", "NO_SHOW"), "accepted_at = NULL", "accepted"),
    (("ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED", "NO_SHOW"), "accepted_at = ends_at", "accepted_before_its_end"),
    # Who has come, and left.
    (("ACCEPTED", "MOBILIZED", "NO_SHOW"), "checked_in_at = starts_at", "checked_in"),
    (("ON_DUTY", "COMPLETED", "RELEASED"), "checked_in_at = accepted_at - interval '1 second'", "checked_in_on_duty"),
    (("ON_DUTY", "COMPLETED", "RELEASED"), "checked_in_at = ends_at", "checked_in_on_duty"),
    (("ON_DUTY",), "checked_in_at = NULL", "on_duty"),
    (("ON_DUTY",), "checked_out_at = ends_at", "checked_out_of_what_is_over"),
    (("COMPLETED", "RELEASED"), "checked_out_at = starts_at", "checked_out"),
    (("COMPLETED", "RELEASED"), "checked_in_at = starts_at, checked_out_at = starts_at", "checked_out"),
    (("RELEASED",), "checked_in_at = starts_at, checked_out_at = ends_at", "checked_out_with_release"),
    # Who was sent home.
    (("RELEASED",), "released_at = NULL", "released"),
    (("RELEASED",), "released_at = accepted_at - interval '1 second'", "released_on_duty"),
    (("RELEASED",), f"released_at = {HOURS_LATER}", "released_on_duty"),
    (("RELEASED",), "checked_in_at = released_at + interval '1 second'", "released_on_duty"),
    (("ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED", "NO_SHOW"), "released_at = ends_at", "released"),
    # Longer duties, replacements, evaluations.
    (PROMISED, "proposed_ends_at = ends_at", "proposal"),
    (tuple(AssignmentStatus), "proposal_expires_at = ends_at", "proposal_that_expires"),
    (("RELEASED",), f"proposed_ends_at = {HOURS_LATER}", "proposal_of_live_duty"),
    (tuple(AssignmentStatus), "replaces_id = id", "replaces_another"),
    (tuple(AssignmentStatus), "rating_comment = 'Sigap'", "rating_of_comment"),
    (OVER, "rating = 3", "rated"),
    (OVER, "rating = 6, rated_at = now(), rater_id = (SELECT id FROM account LIMIT 1)", "rating"),
)


@pytest.mark.parametrize(
    ("statuses", "columns", "check"), KEPT, ids=[f"{check}: {columns}" for _, columns, check in KEPT]
)
async def test_a_duty_has_only_what_its_status_may_have(
    build: Build, statuses: tuple[str, ...], columns: str, check: str
) -> None:
    await build.account()
    for status in statuses:
        key = await duty(build, status)

        await refused(build.connection, f"ck_assignment_{check}", f"UPDATE assignment SET {columns} WHERE id = $1", key)


@pytest.mark.parametrize("status", UNCOMMITTED)
async def test_what_is_not_promised_commits_no_time(build: Build, status: str) -> None:
    key = await duty(build, status)

    await refused(build.connection, "commitment_of_promise", COMMIT, key, await whose(build, key), 0 * HOUR, 0 * HOUR)


@pytest.mark.parametrize("status", COMMITTED)
async def test_a_duty_commits_its_own_time_of_its_own_person(build: Build, status: str) -> None:
    """No more, no less, nobody else's; and none remains where the duty is taken back."""
    key, other = await duty(build, status), await build.volunteer()
    connection, own = build.connection, await whose(build, key)
    cut = "UPDATE commitment SET period = tstzrange(lower(period) + $1, upper(period) + $2)"

    await refused(connection, "commitment_of_promise", "UPDATE commitment SET volunteer_id = $1", other)
    for change in ((-HOUR, 0 * HOUR), (HOUR, 0 * HOUR), (0 * HOUR, HOUR), (0 * HOUR, -HOUR)):
        await refused(connection, "commitment_of_promise", cut, *change)
    await refused(connection, "commitment_of_promise", "DELETE FROM commitment")
    await refused(connection, "commitment_of_promise", "UPDATE assignment SET volunteer_id = $1", other)
    back = "UPDATE assignment SET status = 'NO_SHOW', checked_in_at = NULL, released_at = NULL WHERE id = $1"
    await refused(connection, "commitment_of_promise", back, key)
    async with connection.transaction():
        await connection.execute("DELETE FROM commitment")
        await execute(connection, COMMIT, key, own, 0 * HOUR, -2 * HOUR if status == "RELEASED" else 0 * HOUR)


@pytest.mark.parametrize("left", ["checked_out_at", "released_at"])
async def test_whoever_left_early_commits_the_time_until_then(build: Build, left: str) -> None:
    status = "COMPLETED" if left == "checked_out_at" else "RELEASED"
    arrived = {"checked_in_at": NOW - 7 * HOUR}
    key = await duty(build, status, **arrived, **{left: NOW - HOUR})

    await refused(
        build.connection,
        "commitment_of_promise",
        "UPDATE commitment SET period = tstzrange(lower(period), $1)",
        NOW + 2 * HOUR,
    )
    early = await duty(build, status, **{"checked_in_at": NOW - 10 * HOUR, left: NOW - 9 * HOUR})
    own = await whose(build, early)
    await refused(build.connection, "commitment_of_promise", COMMIT, early, own, 0 * HOUR, 0 * HOUR)
    assert await build.connection.fetchval("SELECT array_agg(assignment_id) FROM commitment") == [key]


HOURS = """INSERT INTO served_hours (id, assignment_id, volunteer_id, starts_at, ends_at, source, status, reason)
  SELECT gen_random_uuid(), id, volunteer_id, $2, $3, $4, $5, nullif('x', $6) FROM assignment WHERE id = $1"""


@pytest.mark.parametrize("status", AssignmentStatus)
async def test_hours_count_or_wait_only_in_what_is_a_duty(build: Build, status: str) -> None:
    key, connection = await duty(build, status), build.connection
    period = (key, NOW - 6 * HOUR, NOW - 5 * HOUR)

    for said in ("PROPOSED", "COUNTED"):
        if status in COMMITTED:
            await execute(connection, HOURS, *period, "PROPOSAL", said, "")
        else:
            await refused(connection, "hours_of_duty", HOURS, *period, "PROPOSAL", said, "")
    if status in NOT_ACCEPTED:
        await refused(connection, "hours_of_duty", HOURS, *period, "PROPOSAL", "REFUSED", "")
    if status in PROMISED:
        await refused(
            connection,
            "hours_of_duty",
            """WITH gone AS (DELETE FROM commitment)
            UPDATE assignment SET status = 'CANCELLED', checked_in_at = NULL WHERE id = $1""",
            key,
        )


async def test_hours_lie_between_the_acceptance_and_now(build: Build) -> None:
    key, connection = await duty(build, "COMPLETED"), build.connection
    now = await connection.fetchval("SELECT now()")
    early, other = NOW - 48 * HOUR - timedelta(seconds=1), await build.volunteer()

    for source, status, reason in (("ATTENDANCE", "COUNTED", "x"), ("PROPOSAL", "REFUSED", "")):
        for period in ((early, NOW), (NOW, now + HOUR)):
            await refused(connection, "hours_of_duty", HOURS, key, *period, source, status, reason)
        await refused(connection, "ck_served_hours_ends_after_start", HOURS, key, NOW, NOW, source, status, reason)
    for source, reason in (("ATTENDANCE", "x"), ("CORRECTION", "")):
        for status in ("PROPOSED", "REFUSED"):
            await refused(connection, "ck_served_hours_proposal", HOURS, key, NOW - HOUR, NOW, source, status, reason)
    await execute(connection, HOURS, key, NOW - HOUR, NOW, "ATTENDANCE", "COUNTED", "x")
    await refused(connection, "hours_of_duty", "UPDATE served_hours SET ends_at = $1", now + HOUR)
    await refused(
        connection, "ck_served_hours_by_nobody", "UPDATE served_hours SET account_id = $1", await build.account()
    )
    await refused(connection, "hours_of_duty", "UPDATE assignment SET accepted_at = $1", NOW - HOUR / 2)
    stranger = "UPDATE served_hours SET volunteer_id = $1"
    await refused(connection, "fk_served_hours_assignment_id_volunteer_id", stranger, other)


REPORT = "INSERT INTO attendance (id, assignment_id, kind, at, mark) VALUES (gen_random_uuid(), $1, $2, $3, $4)"


async def test_a_report_that_cannot_be_true_is_marked(build: Build) -> None:
    key, connection = await duty(build, "COMPLETED"), build.connection
    late = await connection.fetchval("SELECT now()") + HOUR
    early, end = NOW - 48 * HOUR - timedelta(seconds=1), NOW + 2 * HOUR

    for kind in ("MOBILIZED", "CHECKED_IN", "CHECKED_OUT"):
        for at, mark in ((early, None), (early, "IN_FUTURE"), (late, None), (NOW, "BEFORE_ACCEPTANCE")):
            await refused(connection, "report_of_duty", REPORT, key, kind, at, mark)
        await execute(connection, REPORT, key, kind, early, "BEFORE_ACCEPTANCE")
    await refused(connection, "report_of_duty", REPORT, key, "CHECKED_IN", end, None)
    await refused(connection, "ck_attendance_check_in_after_end", REPORT, key, "CHECKED_OUT", end, "AFTER_END")
    await execute(connection, REPORT, key, "CHECKED_IN", end, "AFTER_END")
    await refused(connection, "report_of_duty", "UPDATE attendance SET mark = NULL WHERE kind = 'MOBILIZED'")


@pytest.mark.parametrize("status", NOT_ACCEPTED)
async def test_nothing_is_reported_of_what_was_never_accepted(build: Build, status: str) -> None:
    key = await duty(build, status)

    for mark in (None, "BEFORE_ACCEPTANCE", "IN_FUTURE"):
        await refused(build.connection, "report_of_duty", REPORT, key, "CHECKED_IN", NOW, mark)


async def test_a_duty_is_replaced_at_its_own_need(build: Build) -> None:
    key, connection = await duty(build, "ON_DUTY"), build.connection
    need = await connection.fetchval("SELECT need_id FROM assignment")
    other = await build.need(starts_at=NOW - 24 * HOUR, ends_at=NOW + 24 * HOUR)
    declined = await build.assignment(need, await build.volunteer(), status="DECLINED")
    offer = await build.assignment(need, await build.volunteer(), replaces_id=key)
    place = "UPDATE assignment SET need_id = $1 WHERE id = $2"

    await refused(connection, "replacement_of_duty", place, other, offer)
    await refused(connection, "replacement_of_duty", place, other, key)
    of_nothing = "UPDATE assignment SET replaces_id = $1 WHERE id = $2"
    await refused(connection, "replacement_of_duty", of_nothing, declined, offer)
    async with connection.transaction():
        await connection.execute(place, other, key)
        await connection.execute(place, other, offer)
    # Once it is answered, it is only told.
    async with connection.transaction():
        await connection.execute("UPDATE assignment SET status = 'DECLINED' WHERE id = $1", offer)
        await connection.execute(place, need, offer)


async def test_a_duty_under_a_pledge_is_at_its_need(build: Build) -> None:
    need, other = await build.need(), await build.need()
    pledge = await build.pledge(need, await build.organization())
    key = await build.assignment(need, await build.volunteer(), pledge_id=pledge)
    constraint = "fk_assignment_pledge_id_need_id"

    await refused(build.connection, constraint, "UPDATE assignment SET need_id = $1 WHERE id = $2", other, key)
    await refused(build.connection, constraint, "UPDATE pledge SET need_id = $1", other)


async def test_a_scan_of_a_duty_is_of_its_person_at_a_site(build: Build) -> None:
    key, other, account = await duty(build, "ON_DUTY"), await build.volunteer(), await build.account()
    site = await build.site(await build.connection.fetchval("SELECT incident_id FROM need"))
    values = {"assignment_id": key, "account_id": account, "text": "x", "at": NOW, "device": "hp"}
    values |= {"is_offline": False, "nonce": "1", "point": "ENTRY", "site_id": site}
    own = {**values, "volunteer_id": await whose(build, key)}

    for wrong, constraint in (
        ({"volunteer_id": other}, "fk_scan_assignment_id_volunteer_id"),
        ({"volunteer_id": None}, "ck_scan_of_duty"),
        ({"point": "MEAL"}, "ck_scan_of_duty"),
        ({"site_id": None, "camp_id": await build.camp()}, "ck_scan_of_duty"),
    ):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
            await build.row("scan", **{**own, **wrong})
        assert caught.value.constraint_name == constraint
    await build.row("scan", **own)
