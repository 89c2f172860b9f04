"""Duties at a site: the volunteer scans the code of the site, and what a scan has reported is taken back with it."""

import asyncio
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_attendance import report
from tests.test_hours import VERBS as DECIDE
from tests.test_scan import ANNUL, RECORD, code_of, scan
from tests.waiting import LOCK_WAITS, wait_until

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SCAN_SITE = f"""mutation($input: ScanSiteInput!) {{ scanSite(input: $input) {{
  scan {{ id point finding isOffline at assignment {{ status }} }} {PROBLEMS} }} }}"""
STATE = """SELECT status, checked_in_at, checked_out_at, lower(period) AS since, upper(period) AS until
  FROM assignment LEFT JOIN commitment ON assignment_id = assignment.id WHERE assignment.id = $1"""
KEYS: Mapping[str, dict[str, str]] = {"own": {}, "own, once": {"idempotencyKey": "1"}}
STARTS, ENDS = NOW - 10 * HOUR, NOW + 10 * HOUR


async def duty_at_site(build: Build, *, wanted: int = 10, **values: Any) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """A site, a volunteer, and the duty there."""
    incident = await build.incident()
    site = await build.site(incident)
    need = await build.need(incident, site_id=site, starts_at=STARTS, ends_at=ENDS, wanted=wanted)
    person = await build.volunteer()
    return site, person, await build.assignment(need, person, **{"status": "ACCEPTED", **values})


async def state(build: Build, duty: uuid.UUID) -> tuple[Any, ...]:
    row = await build.connection.fetchrow(STATE, duty)
    assert row is not None
    return tuple(row)


async def hours(build: Build, duty: uuid.UUID) -> list[tuple[Any, ...]]:
    rows = await build.connection.fetch(
        "SELECT starts_at, ends_at FROM served_hours WHERE assignment_id = $1 AND status = 'COUNTED'", duty
    )
    return [tuple(row) for row in rows]


async def test_a_volunteer_who_scans_the_code_of_a_site_is_checked_in_and_out(api: Api, build: Build) -> None:
    site, person, duty = await duty_at_site(build)
    account, code = (
        await build.volunteer_account(person),
        await code_of(api, await build.coordinator(), site=f"Site:{site}"),
    )
    came = {"code": code, "point": "ENTRY", "nonce": "1", "offlineAt": instant(NOW - 2 * HOUR)}

    payload = await api.do(SCAN_SITE, actor=account, **came)
    again = await api.do(SCAN_SITE, actor=account, **came)
    left = await api.do(SCAN_SITE, actor=account, code=code, point="EXIT", nonce="2")

    scanned = payload["scan"]
    assert payload["problems"] == []
    assert scanned == {
        "id": scanned["id"],
        "point": "ENTRY",
        "finding": None,
        "isOffline": True,
        "at": instant(NOW - 2 * HOUR),
        "assignment": {"status": "ON_DUTY"},
    }
    assert again == payload
    assert left["scan"] == {
        "id": left["scan"]["id"],
        "point": "EXIT",
        "finding": None,
        "isOffline": False,
        "at": instant(NOW),
        "assignment": {"status": "COMPLETED"},
    }
    assert await state(build, duty) == ("COMPLETED", NOW - 2 * HOUR, NOW, STARTS, NOW)


@pytest.mark.parametrize("by", ["volunteer", "desk"])
async def test_a_scan_holds_nothing_of_the_duty_and_the_person_while_it_waits_for_the_need(
    api: Api, build: Build, by: str
) -> None:
    """A row that refers to them holds them against a merge, which has locked the person before it waits for the duty."""
    site, person, duty = await duty_at_site(build)
    account, coordinator = await build.volunteer_account(person), await build.coordinator()
    of = {"site": f"Site:{site}"} if by == "volunteer" else {"volunteer": f"Volunteer:{person}"}
    code = await code_of(api, coordinator, **of)
    other = build.connection.transaction()
    await other.start()
    await build.connection.execute("SELECT FROM need FOR NO KEY UPDATE")

    if by == "volunteer":
        scanning = asyncio.create_task(api.do(SCAN_SITE, actor=account, code=code, point="ENTRY", nonce="1"))
    else:
        scanned = {"site": f"Site:{site}", "device": "hp-1", "scans": [scan(code, "1")]}
        scanning = asyncio.create_task(api.do(RECORD, actor=coordinator, **scanned))
    await wait_until(build.connection, LOCK_WAITS, 1)
    for table in ("volunteer", "assignment"):
        await build.connection.execute(f"SELECT FROM {table} FOR UPDATE NOWAIT")
    await other.commit()

    assert (await scanning)["problems"] == []
    assert (await state(build, duty))[0] == "ON_DUTY"


async def test_the_same_nonce_of_two_people_is_two_scans(api: Api, build: Build) -> None:
    site, person, _ = await duty_at_site(build)
    code = await code_of(api, await build.coordinator(), site=f"Site:{site}")
    accounts = [await build.volunteer_account(each) for each in (person, await build.volunteer())]

    payloads = [await api.do(SCAN_SITE, actor=each, code=code, point="ENTRY", nonce="1") for each in accounts]

    assert [each["scan"]["finding"] for each in payloads] == [None, "NO_DUTY"]
    assert await build.connection.fetchval("SELECT count(*) FROM scan") == 2


async def test_only_the_code_of_a_site_is_scanned_so(api: Api, build: Build) -> None:
    site, person, _ = await duty_at_site(build)
    coordinator, account = await build.coordinator(), await build.volunteer_account(person)
    code = await code_of(api, coordinator, site=f"Site:{site}")
    other = await code_of(api, coordinator, volunteer=f"Volunteer:{person}")
    before = await snapshot(build.connection)
    asked = ({"code": other}, {"code": "X"}, {"point": "MEAL"}, {"nonce": ""})

    found = [
        await api.do(SCAN_SITE, actor=account, **{"code": code, "point": "ENTRY", "nonce": "1", **each})
        for each in asked
    ]
    foreign = await api.do(SCAN_SITE, actor=coordinator, code=code, point="ENTRY", nonce="1")

    assert [[(p["code"], p["path"][1]) for p in each["problems"]] for each in found] == [
        [("NOT_FOUND", "code")],
        [("NOT_FOUND", "code")],
        [("INVALID", "point")],
        [("INVALID", "nonce")],
    ]
    assert [each["code"] for each in foreign["problems"]] == ["FORBIDDEN"]
    assert await snapshot(build.connection) == before


async def test_who_replaces_another_is_checked_in_alone(api: Api, build: Build) -> None:
    site, _, replaced = await duty_at_site(build)
    need = await build.connection.fetchval("SELECT need_id FROM assignment")
    other = await build.volunteer()
    duty = await build.assignment(need, other, status="ACCEPTED", starts_at=STARTS, ends_at=ENDS, replaces_id=replaced)
    code = await code_of(api, await build.coordinator(), site=f"Site:{site}")

    came = {"code": code, "point": "ENTRY", "nonce": "1"}
    payload = await api.do(SCAN_SITE, actor=await build.volunteer_account(other), **came)

    assert (payload["problems"], payload["scan"]["finding"]) == ([], None)
    assert await state(build, duty) == ("ON_DUTY", NOW, None, STARTS, ENDS)
    assert await state(build, replaced) == ("ACCEPTED", None, None, STARTS, ENDS)


@pytest.mark.parametrize("own", ["", "own", "own, once"])
async def test_a_scan_is_kept_where_the_place_of_the_no_show_is_taken(api: Api, build: Build, own: str) -> None:
    site, person, duty = await duty_at_site(build, wanted=1, status="NO_SHOW")
    need = await build.connection.fetchval("SELECT need_id FROM assignment")
    await build.assignment(need, await build.volunteer(), status="ACCEPTED", starts_at=STARTS, ends_at=ENDS)
    actor, account = await build.coordinator(), await build.volunteer_account(person)

    if own:
        code = await code_of(api, actor, site=f"Site:{site}")
        payload = await api.do(SCAN_SITE, actor=account, code=code, point="ENTRY", nonce="1", **KEYS[own])
    else:
        code = await code_of(api, actor, volunteer=f"Volunteer:{person}")
        payload = await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp", scans=[scan(code, "1")])

    assert payload["problems"] == []
    assert await build.connection.fetchval("SELECT count(*) FROM scan") == 1
    assert await state(build, duty) == ("NO_SHOW", None, None, None, None)


@pytest.mark.parametrize("is_offline", [True, False])
async def test_an_annulled_code_counts_at_a_site_only_from_offline(api: Api, build: Build, *, is_offline: bool) -> None:
    site, person, duty = await duty_at_site(build)
    actor = await build.coordinator()
    code = await code_of(api, actor, volunteer=f"Volunteer:{person}")
    await build.connection.execute("UPDATE scan_code SET annulled_at = $1, reason = 'Hilang'", NOW)
    scans = [scan(code, "1", at=instant(NOW - HOUR)), scan(code, "2", "EXIT", at=instant(NOW + HOUR))]

    payload = await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp", scans=scans, isOffline=is_offline)

    found = [(each["scan"]["finding"], each["scan"]["counts"]) for each in payload["results"]]
    assert found == [("ANNULLED_CODE", is_offline), ("IN_FUTURE", False)]
    arrived = ("ON_DUTY", NOW - HOUR) if is_offline else ("ACCEPTED", None)
    assert await state(build, duty) == (*arrived, None, STARTS, ENDS)


@pytest.fixture
async def served(api: Api, build: Build) -> tuple[uuid.UUID, uuid.UUID, list[str]]:
    """The volunteer, the duty and the scans of somebody who came four hours ago and left three hours ago."""
    actor = await build.coordinator()
    site, person, duty = await duty_at_site(build)
    code = await code_of(api, actor, volunteer=f"Volunteer:{person}")
    scans = [
        scan(code, "1", at=instant(NOW - 4 * HOUR)),
        scan(code, "2", "EXIT", at=instant(NOW - 3 * HOUR)),
    ]
    payload = await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp", scans=scans)
    assert await state(build, duty) == ("COMPLETED", NOW - 4 * HOUR, NOW - 3 * HOUR, STARTS, NOW - 3 * HOUR)
    assert await hours(build, duty) == [(NOW - 4 * HOUR, NOW - 3 * HOUR)]
    return person, duty, [each["scan"]["id"] for each in payload["results"]]


async def annul(api: Api, build: Build, scanned: str, **values: str) -> Json:
    return await api.do(ANNUL, actor=await build.coordinator(), scan=scanned, reason="Salah orang", **values)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_annulled_scans_leave_a_duty_as_if_nobody_had_scanned(
    api: Api, build: Build, served: tuple[uuid.UUID, uuid.UUID, list[str]], order: tuple[int, int]
) -> None:
    _, duty, scans = served

    first = await annul(api, build, scans[order[0]])
    between = await state(build, duty)
    second = await annul(api, build, scans[order[1]])

    assert [first["problems"], second["problems"]] == [[], []]
    arrived = (None, "ACCEPTED") if order[0] == 0 else (NOW - 4 * HOUR, "ON_DUTY")
    assert between == (arrived[1], arrived[0], None, STARTS, ENDS)
    assert await state(build, duty) == ("ACCEPTED", None, None, STARTS, ENDS)
    assert await hours(build, duty) == []


@pytest.mark.parametrize("nonce", [{}, {"nonce": "own"}])
async def test_what_a_coordinator_has_reported_of_the_same_instant_outlasts_an_annulled_scan(
    api: Api, build: Build, nonce: dict[str, str]
) -> None:
    actor = await build.coordinator()
    site, person, duty = await duty_at_site(build)
    code = await code_of(api, actor, volunteer=f"Volunteer:{person}")
    scans = [scan(code, "1", at=instant(NOW - HOUR)), scan(code, "2", "EXIT", at=instant(NOW))]
    payload = await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp", scans=scans)

    await report(api, "CheckIn", duty, actor, at=NOW - HOUR, **nonce)
    annulled = [await annul(api, build, each["scan"]["id"]) for each in payload["results"]]

    assert [each["problems"] for each in annulled] == [[], []]
    assert await state(build, duty) == ("ON_DUTY", NOW - HOUR, None, STARTS, ENDS)
    rows = await build.connection.fetch("SELECT kind, at, nonce FROM attendance")
    assert [tuple(row) for row in rows] == [("CHECKED_IN", NOW - HOUR, nonce.get("nonce"))]


@pytest.mark.parametrize("point", ["MEAL", "KIT"])
async def test_a_meal_at_a_site_is_kept_and_changes_no_duty(api: Api, build: Build, point: str) -> None:
    actor = await build.coordinator()
    site, person, duty = await duty_at_site(build)
    code = await code_of(api, actor, volunteer=f"Volunteer:{person}")

    payload = await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp", scans=[scan(code, "1", point)])
    annulled = await annul(api, build, payload["results"][0]["scan"]["id"])

    (result,) = payload["results"]
    assert (result["problems"], result["scan"]["finding"], result["scan"]["counts"]) == ([], None, True)
    assert annulled["problems"] == []
    assert await state(build, duty) == ("ACCEPTED", None, None, STARTS, ENDS)


async def test_an_annulled_exit_of_who_was_released_leaves_the_time_until_the_release(api: Api, build: Build) -> None:
    actor, ended = await build.coordinator(), NOW - HOUR
    times: dict[str, Any] = {"checked_in_at": NOW - 5 * HOUR, "checked_out_at": ended, "released_at": ended}
    site, person, duty = await duty_at_site(build, status="RELEASED", **times)
    code = await code_of(api, actor, volunteer=f"Volunteer:{person}")
    scans = [scan(code, "1", "EXIT", at=instant(NOW - 3 * HOUR))]

    payload = await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp", scans=scans)
    left = await state(build, duty)
    annulled = await annul(api, build, payload["results"][0]["scan"]["id"])

    assert annulled["problems"] == []
    assert left == ("RELEASED", NOW - 5 * HOUR, NOW - 3 * HOUR, STARTS, NOW - 3 * HOUR)
    assert await state(build, duty) == ("RELEASED", NOW - 5 * HOUR, ended, STARTS, ended)
    assert await hours(build, duty) == [(NOW - 5 * HOUR, ended)]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("was_no_show", [False, True])
async def test_a_duty_whose_hours_were_decided_stays_served_without_its_scans(
    api: Api, build: Build, order: int, *, was_no_show: bool
) -> None:
    actor = await build.coordinator()
    site, person, duty = await duty_at_site(build)
    if was_no_show:
        await report(api, "RecordNoShow", duty, actor, reason="Salah", version=1)
    code = await code_of(api, actor, volunteer=f"Volunteer:{person}")
    scans = [scan(code, "1", at=instant(NOW - 4 * HOUR)), scan(code, "2", "EXIT", at=instant(NOW - 3 * HOUR))]
    payload = await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp", scans=scans)
    values = {"startsAt": instant(NOW - 2 * HOUR), "endsAt": instant(NOW - HOUR), "reason": "Daftar hadir"}
    version = await build.connection.fetchval("SELECT version FROM assignment")
    corrected = await api.do(DECIDE["Correct"], actor=actor, assignment=f"Assignment:{duty}", version=version, **values)

    annulled = [await annul(api, build, each["scan"]["id"]) for each in payload["results"][::order]]

    assert [each["problems"] for each in (corrected, *annulled)] == [[], [], []]
    assert await state(build, duty) == ("COMPLETED", None, None, STARTS, ENDS)
    assert await hours(build, duty) == [(NOW - 2 * HOUR, NOW - HOUR)]


async def test_a_scan_of_the_same_instant_still_counts(
    api: Api, build: Build, served: tuple[uuid.UUID, uuid.UUID, list[str]]
) -> None:
    person, duty, scans = served
    actor, site = await build.coordinator(), await build.connection.fetchval("SELECT site_id FROM scan LIMIT 1")
    code = await code_of(api, actor, volunteer=f"Volunteer:{person}")
    same = [scan(code, "3", at=instant(NOW - 4 * HOUR))]
    await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp-2", scans=same)
    before, version = await state(build, duty), "SELECT version FROM assignment"
    read = await build.connection.fetchval(version)

    payload = await annul(api, build, scans[0])
    kept = (await state(build, duty), await hours(build, duty), await build.connection.fetchval(version))
    other = await build.connection.fetchval("SELECT id FROM scan WHERE device = 'hp-2'")
    await annul(api, build, f"Scan:{other}")

    assert payload["problems"] == []
    assert kept == (before, [(NOW - 4 * HOUR, NOW - 3 * HOUR)], read)
    assert (await state(build, duty))[:2] == ("ACCEPTED", None)


@pytest.mark.parametrize("has_key", [False, True])
@pytest.mark.parametrize("given", ["time", "offer"])
async def test_a_scan_stays_where_what_it_freed_is_given_away(
    api: Api, build: Build, served: tuple[uuid.UUID, uuid.UUID, list[str]], given: str, *, has_key: bool
) -> None:
    person, _, scans = served
    if given == "time":
        await build.assignment(await build.need(starts_at=NOW + HOUR, ends_at=NOW + DAY), person, status="ACCEPTED")
        expected = problem("Commitment", "PERSON_ELSEWHERE", "scan", assignment=None, startsAt=None, endsAt=None)
    else:
        need = await build.connection.fetchval("SELECT need_id FROM assignment")
        await build.assignment(need, person, starts_at=NOW + HOUR, ends_at=ENDS)
        expected = problem("Duplicate", "ALREADY_OFFERED", "scan", assignment=None)
    before = await snapshot(build.connection)

    payload = await annul(api, build, scans[1], **({"idempotencyKey": "1"} if has_key else {}))

    assert payload == {"scan": None, "problems": [expected]}
    others: dict[str, list[Any]] = {"account": [], "role": [], "idempotency": []}
    assert {**await snapshot(build.connection), **others} == {**before, **others}
