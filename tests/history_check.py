"""Judges what has happened by the tables alone: promises, places, coverage, events and served hours."""

import uuid
from collections import Counter
from datetime import datetime
from typing import Any

import asyncpg

from tests.conftest import NOW
from tests.history import PLACES, World

PROMISED = ("ACCEPTED", "MOBILIZED", "ON_DUTY")
KINDS = {"ENTRY": "CHECKED_IN", "EXIT": "CHECKED_OUT"}
COVERAGE = "query($id: ID!) { need(id: $id) { coverage { wanted offered accepted mobilized onDuty shortfall } } }"
Stay = tuple[datetime, datetime] | None


async def check(world: World) -> None:
    """What must hold whatever has happened."""
    tables = {
        name: list(await world.build.connection.fetch(f'SELECT * FROM "{name}"'))
        for name in ("assignment", "commitment", "camp_registration", "camp", "attendance", "scan", "served_hours")
    }
    events = list(await world.build.connection.fetch("SELECT * FROM event ORDER BY position"))
    duties = {row["id"]: row for row in tables["assignment"]}
    periods = {row["assignment_id"] or row["registration_id"]: row["period"] for row in tables["commitment"]}
    check_places(duties, tables["commitment"])
    check_promises(duties, periods)
    check_camps(tables["camp"], tables["camp_registration"], periods)
    check_events(duties, {row["id"]: row for row in tables["camp_registration"]}, events)
    check_scans(duties, tables["scan"], tables["attendance"])
    check_hours(duties, tables["attendance"], tables["served_hours"])
    await check_coverage(world, duties, periods)


def check_places(duties: dict[uuid.UUID, Any], held: list[Any]) -> None:
    """Nobody is in two places, and no need has more people than it wants, at any instant at which somebody begins."""
    for row in held:
        at = row["period"].lower
        there = [each for each in held if each["period"].lower <= at < each["period"].upper]
        assert sum(each["volunteer_id"] == row["volunteer_id"] for each in there) == 1
        at_needs = Counter(duties[each["assignment_id"]]["need_id"] for each in there if each["assignment_id"])
        assert max(at_needs.values(), default=0) <= PLACES


def check_promises(duties: dict[uuid.UUID, Any], periods: dict[uuid.UUID, Any]) -> None:
    """What is promised is committed as it says; nothing that was taken back, declined or not begun is."""
    for key, duty in duties.items():
        if duty["status"] in PROMISED:
            assert (periods[key].lower, periods[key].upper) == (duty["starts_at"], duty["ends_at"])
        elif duty["status"] not in ("COMPLETED", "RELEASED"):
            assert key not in periods


def check_camps(camps: list[Any], registrations: list[Any], periods: dict[uuid.UUID, Any]) -> None:
    """No camp has more people than it holds, and who has a place has promised its days."""
    for camp in camps:
        own = [row for row in registrations if row["camp_id"] == camp["id"]]
        held = [row for row in own if row["status"] in ("OFFERED", "REGISTERED", "CHECKED_IN", "COMPLETED")]
        # The place of who was mobilized is not filled again.
        gone = [row for row in own if row["status"] == "RELEASED" and row["is_mobilized"]]
        assert len(held) + len(gone) == camp["taken"] <= camp["capacity"]
        for row in own:
            period = periods.get(row["id"])
            if row["status"] in ("REGISTERED", "CHECKED_IN", "COMPLETED"):
                assert period == asyncpg.Range(camp["starts_at"], camp["ends_at"])
            else:
                # Who was released keeps the days at the camp.
                assert period is None or (row["status"] == "RELEASED" and period.upper == row["updated_at"])


def check_events(duties: dict[uuid.UUID, Any], registrations: dict[uuid.UUID, Any], events: list[Any]) -> None:
    """Every change of a duty has its event, and the last that names a status named the present one."""
    for noun, rows in (("assignment", duties), ("camp_registration", registrations)):
        for key, row in rows.items():
            own = [event for event in events if event["subject_key"] == str(key)]
            named = [event["kind"] for event in own if '"status"' in event["change"]]
            if noun == "assignment":
                assert len(own) == row["version"], key
            assert not named or named[-1] == f"{noun}.{row['status'].lower()}"


def check_scans(duties: dict[uuid.UUID, Any], scans: list[Any], attendance: list[Any]) -> None:
    """What was scanned at a site for a duty that stands counts where it is not annulled, and nothing that is."""
    reported = {(row["assignment_id"], row["kind"], row["at"]) for row in attendance}
    by_scan = {row["nonce"] for row in attendance if (row["nonce"] or "").startswith("scan ")}
    counting = [row for row in scans if row["assignment_id"] and row["annulled_at"] is None and row["finding"] is None]
    for row in counting:
        status = duties[row["assignment_id"]]["status"]
        # Where the time or the place was somebody else's by then, the volunteer stays one who did not come.
        assert status in ("CANCELLED", "DECLINED", "NO_SHOW") or (
            (row["assignment_id"], KINDS[row["point"]], row["at"]) in reported
        ), (dict(row), status)
    assert by_scan <= {f"scan {row['id']}" for row in scans if row["annulled_at"] is None}


def check_hours(duties: dict[uuid.UUID, Any], attendance: list[Any], served: list[Any]) -> None:
    """No served hour is lost, and none counts twice."""
    reports = [row for row in attendance if row["mark"] is None]
    hours = {row["assignment_id"]: row for row in served}
    stays = {key: stay(duty, [row for row in reports if row["assignment_id"] == key]) for key, duty in duties.items()}
    for key, duty in duties.items():
        counted = hours.get(key)
        others = [stays[other] for other in duties if duties[other]["volunteer_id"] == duty["volunteer_id"]]
        assert (counted and (counted["starts_at"], counted["ends_at"])) == until_elsewhere(stays[key], others), key


def stay(duty: Any, reports: list[Any]) -> Stay:
    """From the first check-in to the first check-out or release after it."""
    if duty["status"] == "NO_SHOW":
        return None
    arrivals = [each["at"] for each in reports if each["kind"] == "CHECKED_IN"]
    if not arrivals:
        return None
    departures = [each["at"] for each in reports if each["kind"] == "CHECKED_OUT"] + [duty["released_at"]]
    later = [each for each in departures if each is not None and each > min(arrivals)]
    return (min(arrivals), min(later)) if later else None


def until_elsewhere(own: Stay, stays: list[Stay]) -> Stay:
    """Who has come to another duty has left this one, so that no hour is served twice."""
    return own and (own[0], min(own[1], *(each[0] for each in stays if each and each[0] > own[0]), own[1]))


async def check_coverage(world: World, duties: dict[uuid.UUID, Any], periods: dict[uuid.UUID, Any]) -> None:
    """The coverage that is answered is what the rows count."""
    needs = await world.build.connection.fetch("SELECT * FROM need")
    for need in needs:
        own = [duty for duty in duties.values() if duty["need_id"] == need["id"]]
        held = [periods[duty["id"]] for duty in own if duty["id"] in periods]
        begins = {need["starts_at"], *(period.upper for period in held)}
        instants = [at for at in begins if need["starts_at"] <= at < need["ends_at"]]
        accepted = min(sum(period.lower <= at < period.upper for period in held) for at in instants)
        statuses = Counter(duty["status"] for duty in own)
        offered = [
            duty
            for duty in own
            if duty["status"] == "OFFERED" and min(duty["expires_at"] or NOW, duty["ends_at"]) >= NOW
        ]
        expected = {
            "wanted": PLACES,
            "offered": len(offered),
            "accepted": accepted,
            "mobilized": statuses["MOBILIZED"],
            "onDuty": statuses["ON_DUTY"],
            "shortfall": PLACES - accepted,
        }
        answer = await world.api.ask(COVERAGE, actor=world.coordinator, id=f"Need:{need['id']}")
        assert answer["need"]["coverage"] == expected
