"""Served time stays served: a duty that has begun is released, not cancelled, and once over it is neither."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

HOUR, DAY, MICROSECOND = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)


def document(verb: str) -> str:
    name = verb[0].upper() + verb[1:]
    return (
        f"mutation($input: {name}AssignmentInput!) {{ {verb}Assignment(input: $input) {{"
        f" assignment {{ status reason version allowedActions endsAt }} {PROBLEMS} }} }}"
    )


CANCEL, RELEASE, ACCEPT, OFFER = (document(verb) for verb in ("cancel", "release", "accept", "offer"))
READ = """query($need: ID!, $volunteer: ID!) { need(id: $need) {
  coverage { wanted offered accepted onDuty } refusals(volunteer: $volunteer) { code } } }"""


async def commitments(build: Build) -> list[tuple[uuid.UUID, datetime, datetime]]:
    rows = await build.connection.fetch("SELECT * FROM commitment ORDER BY period")
    return [(row["assignment_id"], row["period"].lower, row["period"].upper) for row in rows]


async def duty(
    build: Build, starts_at: datetime, ends_at: datetime, status: str = "ACCEPTED", **need: Any
) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """The assignment, its need for one person, and the volunteer."""
    made = await build.need(wanted=1, starts_at=starts_at, ends_at=ends_at, **need)
    volunteer = await build.volunteer()
    return await build.assignment(made, volunteer, status=status), made, volunteer


# What happens to a duty whose start is so far away from now: cancelling, releasing.
BEGUN, NOT_BEGUN, OVER, WRONG = "DUTY_BEGUN", "DUTY_NOT_BEGUN", "DUTY_OVER", "WRONG_STATUS"
CASES = [
    ("ACCEPTED", MICROSECOND, "CANCELLED", NOT_BEGUN),
    ("ACCEPTED", 0 * HOUR, BEGUN, "RELEASED"),
    ("ACCEPTED", -79 * HOUR, BEGUN, "RELEASED"),
    ("ACCEPTED", -80 * HOUR + MICROSECOND, BEGUN, "RELEASED"),
    ("ACCEPTED", -80 * HOUR, BEGUN, OVER),
    ("ACCEPTED", -92 * HOUR + MICROSECOND, BEGUN, OVER),
    # Half a day after its end it counts as completed.
    ("ACCEPTED", -92 * HOUR, WRONG, WRONG),
    ("MOBILIZED", HOUR, "CANCELLED", NOT_BEGUN),
    ("MOBILIZED", -HOUR, BEGUN, "RELEASED"),
    ("MOBILIZED", -80 * HOUR, BEGUN, OVER),
    # Whoever has checked in before the start is on duty.
    ("ON_DUTY", HOUR, BEGUN, "RELEASED"),
    ("ON_DUTY", -HOUR, BEGUN, "RELEASED"),
    ("ON_DUTY", -80 * HOUR, BEGUN, OVER),
    ("COMPLETED", -80 * HOUR, WRONG, WRONG),
    ("RELEASED", -HOUR, WRONG, WRONG),
    ("NO_SHOW", -HOUR, WRONG, WRONG),
    # An offer has promised nothing, so it can be taken back as long as it can be answered.
    ("OFFERED", HOUR, "CANCELLED", WRONG),
    ("OFFERED", -HOUR, "CANCELLED", WRONG),
    ("OFFERED", -80 * HOUR, "OFFER_EXPIRED", "OFFER_EXPIRED"),
]


@pytest.mark.parametrize(("status", "distance", "cancelled", "released"), CASES)
@pytest.mark.parametrize("verb", ["cancel", "release"])
async def test_a_duty_is_cancelled_before_it_begins_and_released_while_it_runs(
    api: Api, build: Build, verb: str, status: str, distance: timedelta, cancelled: str, released: str
) -> None:
    expected = cancelled if verb == "cancel" else released
    starts, ends = NOW + distance, NOW + distance + 80 * HOUR
    key, _need, _volunteer = await duty(build, starts, ends, status)
    actor, before = await build.coordinator(kabupaten_code=HOME), await snapshot(build.connection)

    answer = await api.do(document(verb), actor=actor, assignment=f"Assignment:{key}", version=1, reason="Cukup")

    period = {"dutyStartsAt": instant(starts), "dutyEndsAt": instant(ends)}
    current = "COMPLETED" if status == "ACCEPTED" and distance == -92 * HOUR else status
    problems: dict[str, Json] = {
        **{code: problem("Duty", code, "assignment", **period) for code in (BEGUN, NOT_BEGUN, OVER)},
        WRONG: problem("Status", WRONG, "assignment", currentStatus=current),
        "OFFER_EXPIRED": problem("Deadline", "OFFER_EXPIRED", "assignment", deadline=instant(ends)),
    }
    if expected in problems:
        assert answer == {"assignment": None, "problems": [problems[expected]]}
        assert await snapshot(build.connection) == before
    else:
        moved = {"status": expected, "reason": "Cukup", "version": 2, "allowedActions": [], "endsAt": instant(ends)}
        assert answer == {"assignment": moved, "problems": []}
        served = [(key, starts, NOW)] if expected == "RELEASED" and starts < NOW else []
        assert await commitments(build) == served


@pytest.mark.parametrize("status", ["ACCEPTED", "MOBILIZED", "ON_DUTY"])
@pytest.mark.parametrize("side", ["volunteer", "manager", "coordinator"])
async def test_neither_side_cancels_what_has_begun(api: Api, build: Build, side: str, status: str) -> None:
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    need = await build.need(starts_at=NOW - 100 * HOUR, ends_at=NOW + 2 * HOUR)
    key = await build.assignment(need, volunteer, status=status)
    actors = {
        "volunteer": await build.volunteer_account(volunteer),
        "manager": await build.manager(organization),
        "coordinator": await build.coordinator(),
    }
    before = await snapshot(build.connection)

    fields = {"assignment": f"Assignment:{key}", "version": 1, "reason": "Batal"}
    refused = await api.do(CANCEL, actor=actors[side], **fields)
    offered = await api.ask(
        "query($id: ID!) { assignment(id: $id) { allowedActions } }", actor=actors[side], id=f"Assignment:{key}"
    )

    assert [each["code"] for each in refused["problems"]] == ["DUTY_BEGUN"]
    setting_out = ["MOBILIZE"] if status == "ACCEPTED" else []
    arriving = ["CHECK_OUT"] if status == "ON_DUTY" else ["CHECK_IN", "RECORD_NO_SHOW"]
    receiving = ["RELEASE", "EXTEND", *setting_out, *arriving] if side == "coordinator" else setting_out
    assert offered == {"assignment": {"allowedActions": receiving}}
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize("side", ["volunteer", "manager"])
async def test_only_coordinators_of_the_need_release(api: Api, build: Build, side: str) -> None:
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    key = await build.assignment(await build.need(starts_at=NOW - HOUR), volunteer, status="ACCEPTED")
    actor = await (build.manager(organization) if side == "manager" else build.volunteer_account(volunteer))
    before = await snapshot(build.connection)

    refused = await api.do(RELEASE, actor=actor, assignment=f"Assignment:{key}", version=1, reason="Pulang")

    assert refused == {"assignment": None, "problems": [problem("Simple", "FORBIDDEN")]}
    assert await snapshot(build.connection) == before


async def test_the_served_part_counts_for_rest_and_places_and_the_rest_is_free(api: Api, build: Build) -> None:
    key, need, volunteer = await duty(build, NOW - 80 * HOUR, NOW + 100 * HOUR)
    soon = await build.need(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
    later = await build.need(starts_at=NOW + DAY, ends_at=NOW + DAY + HOUR)
    other, coordinator = await build.volunteer(), await build.coordinator()
    ids = {"need": f"Need:{need}", "volunteer": f"Volunteer:{other}"}
    whole = await api.ask(READ, actor=coordinator, **ids)

    released = await api.do(RELEASE, actor=coordinator, assignment=f"Assignment:{key}", version=1, reason="Diganti")

    assert released["problems"] == []
    assert whole["need"]["coverage"] == {"wanted": 1, "offered": 0, "accepted": 1, "onDuty": 0}
    rested = [
        (await api.ask(READ, actor=coordinator, need=f"Need:{each}", volunteer=f"Volunteer:{volunteer}"))["need"]
        for each in (soon, later)
    ]
    assert [each["refusals"] for each in rested] == [[{"code": "NOT_RESTED"}], []]
    # The place is taken until now and free from now on.
    data = await api.ask(READ, actor=coordinator, **ids)
    assert data["need"] == {
        "coverage": {"wanted": 1, "offered": 0, "accepted": 0, "onDuty": 0},
        "refusals": [],
    }
    offered = await api.do(OFFER, actor=coordinator, **ids, startsAt=instant(NOW))
    replaced = await api.ask(
        "{ assignments(first: 1, filter: {status: {eq: OFFERED}}) { nodes { id } } }", actor=coordinator
    )
    accepted = await api.do(
        ACCEPT,
        actor=await build.volunteer_account(other),
        assignment=replaced["assignments"]["nodes"][0]["id"],
        version=1,
    )
    assert (offered["problems"], accepted["problems"]) == ([], [])
    data = await api.ask(READ, actor=coordinator, **ids)
    assert data["need"]["coverage"] == {"wanted": 1, "offered": 0, "accepted": 1, "onDuty": 0}


async def test_a_no_show_holds_no_time(api: Api, build: Build) -> None:
    _key, need, volunteer = await duty(build, NOW - 80 * HOUR, NOW + HOUR, "NO_SHOW")
    other = await build.need(starts_at=NOW, ends_at=NOW + HOUR)
    coordinator = await build.coordinator()

    data = await api.ask(READ, actor=coordinator, need=f"Need:{need}", volunteer=f"Volunteer:{volunteer}")
    free = await api.ask(READ, actor=coordinator, need=f"Need:{other}", volunteer=f"Volunteer:{volunteer}")

    assert data["need"]["coverage"] == {"wanted": 1, "offered": 0, "accepted": 0, "onDuty": 0}
    assert (free["need"]["refusals"], await commitments(build)) == ([], [])
