"""Codes, the gate of a camp and of a site, and the log that tells who is inside."""

import itertools
import uuid
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ISSUE = f"""mutation($input: IssueScanCodeInput!) {{ issueScanCode(input: $input) {{
  scanCode {{ id code qr annulledAt }} {PROBLEMS} }} }}"""
ISSUE_ALL = f"mutation($input: IssueCampCodesInput!) {{ issueCampCodes(input: $input) {{ camp {{ id }} {PROBLEMS} }} }}"
RECORD = f"""mutation($input: RecordScansInput!) {{ recordScans(input: $input) {{
  results {{ scan {{ id finding counts }} {PROBLEMS} }} {PROBLEMS} }} }}"""
WALK_IN = f"mutation($input: RegisterWalkInInput!) {{ registerWalkIn(input: $input) {{ {PROBLEMS} }} }}"
ANNUL = f"mutation($input: AnnulScanInput!) {{ annulScan(input: $input) {{ scan {{ counts reason }} {PROBLEMS} }} }}"
PRESENT = """query($id: ID!) { camp(id: $id) { presentCount scans(first: 20) { totalCount }
  registrations(first: 20, filter: {inside: true}) { nodes { number status isInside } } } }"""


async def running_camp(build: Build, **values: Any) -> uuid.UUID:
    return await build.camp(status="RUNNING", starts_at=NOW - DAY, ends_at=NOW + 2 * DAY, **values)


async def code_of(api: Api, actor: uuid.UUID, **carrier: str) -> str:
    payload = await api.do(ISSUE, actor=actor, **carrier)
    assert payload["problems"] == []
    code: str = payload["scanCode"]["code"]
    return code


async def participant(api: Api, build: Build, actor: uuid.UUID, camp: uuid.UUID, **values: object) -> str:
    volunteer = await build.volunteer()
    await build.camp_registration(camp, volunteer, **values)
    return await code_of(api, actor, volunteer=f"Volunteer:{volunteer}")


def scan(code: str, nonce: str, point: str = "ENTRY", **values: object) -> Json:
    return {"code": code, "point": point, "nonce": nonce, "at": NOW.isoformat(), **values}


async def record(api: Api, actor: uuid.UUID, camp: uuid.UUID, *scans: Json, **values: object) -> Json:
    payload = await api.do(RECORD, actor=actor, camp=f"Camp:{camp}", device="hp-1", scans=[*scans], **values)
    assert payload["problems"] == []
    return payload["results"]


def findings(results: Json) -> Json:
    return [result["scan"] and result["scan"]["finding"] for result in results]


async def present(api: Api, actor: uuid.UUID, camp: uuid.UUID) -> Json:
    found = (await api.ask(PRESENT, actor=actor, id=f"Camp:{camp}"))["camp"]
    people = [(each["number"], each["status"]) for each in found["registrations"]["nodes"]]
    return found["presentCount"], people


async def test_a_code_is_issued_once_and_replaced_for_a_reason(api: Api, build: Build) -> None:
    volunteer = await build.volunteer()
    own, other = await build.volunteer_account(volunteer), await build.volunteer_account(await build.volunteer())
    carrier = {"volunteer": f"Volunteer:{volunteer}"}

    first = await api.do(ISSUE, actor=own, **carrier)
    again = await api.do(ISSUE, actor=own, **carrier)
    replaced = await api.do(ISSUE, actor=own, replaceReason="Kartu hilang", **carrier)
    refused = await api.do(ISSUE, actor=other, **carrier)
    drawing = await api.client.get(first["scanCode"]["qr"])
    unknown = await api.client.get("/qr/abc.svg")

    assert again == first
    assert first["scanCode"]["qr"] == f"/qr/{first['scanCode']['code']}.svg"
    assert len(first["scanCode"]["code"]) == 18
    assert replaced["scanCode"]["code"] != first["scanCode"]["code"]
    assert refused == {"scanCode": None, "problems": [problem("Simple", "NOT_FOUND", "volunteer")]}
    assert (drawing.status_code, drawing.headers["content-type"], unknown.status_code) == (200, "image/svg+xml", 404)
    assert drawing.text.startswith("<svg")


async def test_who_comes_is_inside_until_they_leave(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    one, two = [await participant(api, build, actor, camp) for _ in range(2)]

    came = await record(api, actor, camp, scan(one, "1"), scan(two, "2"))
    inside = await present(api, actor, camp)
    left = await record(api, actor, camp, scan(one, "3", "EXIT", at=(NOW + 1 * timedelta(minutes=1)).isoformat()))

    assert [findings(came), findings(left)] == [[None, None], [None]]
    assert inside == (2, [(1, "CHECKED_IN"), (2, "CHECKED_IN")])
    assert await present(api, actor, camp) == (1, [(2, "CHECKED_IN")])


async def test_what_is_wrong_is_kept_with_the_scan(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    waiting = await participant(api, build, actor, camp, status="WAITLISTED")
    cancelled = await participant(api, build, actor, camp, status="CANCELLED")
    good = await participant(api, build, actor, camp)
    stranger = await code_of(api, actor, volunteer=f"Volunteer:{await build.volunteer()}")
    annulled = await participant(api, build, actor, camp)
    row = await build.connection.fetchval("SELECT volunteer_id FROM scan_code WHERE code = $1", annulled)
    await api.do(ISSUE, actor=actor, volunteer=f"Volunteer:{row}", replaceReason="Kartu hilang")

    results = await record(
        api,
        actor,
        camp,
        scan(good[:-1] + "0" if good[-1] != "0" else good[:-1] + "1", "1"),
        scan(annulled, "2"),
        scan(stranger, "3"),
        scan(waiting, "4"),
        scan(cancelled, "5"),
        scan(good, "6", at=(NOW - 3 * DAY).isoformat()),
        scan(good, "7", at=(NOW + HOUR).isoformat()),
        scan(good.lower(), "8", at=(NOW - HOUR).isoformat()),
        scan(good, "9"),
        scan(good, "10", "KIT"),
        scan(good, "11", "KIT", at=(NOW + timedelta(minutes=1)).isoformat()),
        scan(good, "12", "SESSION"),
    )

    wrong = ["UNKNOWN_CODE", "ANNULLED_CODE", "NOT_REGISTERED", "WAITING", "CANCELLED", "WRONG_DAY", "IN_FUTURE"]
    assert findings(results) == [*wrong, None, "ALREADY_INSIDE", None, "ALREADY_HAD", None]
    assert results[-1]["scan"] is None
    assert [each["code"] for each in results[-1]["problems"]] == ["INVALID"]
    assert await present(api, actor, camp) == (1, [(3, "CHECKED_IN")])
    assert await build.connection.fetchval("SELECT count(*) FROM scan") == 11


async def test_scans_from_offline_are_marked_and_count(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    waiting = await participant(api, build, actor, camp, status="WAITLISTED")

    results = await record(api, actor, camp, scan(waiting, "1"), isOffline=True)

    assert [(each["scan"]["finding"], each["scan"]["counts"]) for each in results] == [("WAITING", True)]
    assert await present(api, actor, camp) == (1, [(1, "WAITLISTED")])


@pytest.mark.parametrize("order", [*itertools.permutations(range(4))][::5])
async def test_any_order_and_any_repetition_end_in_the_same_state(
    api: Api, build: Build, order: tuple[int, ...]
) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    code = await participant(api, build, actor, camp)
    points = ("ENTRY", "EXIT", "ENTRY", "EXIT")
    scans = [
        scan(code, str(number), point, at=(NOW - HOUR + number * timedelta(minutes=5)).isoformat())
        for number, point in enumerate(points)
    ]

    for number in (*order, *order):
        await record(api, actor, camp, scans[number])

    assert await present(api, actor, camp) == (0, [])
    assert await build.connection.fetchval("SELECT count(*) FROM scan") == 4
    assert await build.connection.fetchval("SELECT status FROM camp_registration") == "CHECKED_IN"


async def test_an_annulled_entry_no_longer_counts(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    code = await participant(api, build, actor, camp)
    (entered,) = await record(api, actor, camp, scan(code, "1"))

    payload = await api.do(ANNUL, actor=actor, scan=entered["scan"]["id"], reason="Salah orang")
    again = await api.do(ANNUL, actor=actor, scan=entered["scan"]["id"], reason="Salah orang")

    assert payload == {"scan": {"counts": False, "reason": "Salah orang"}, "problems": []}
    assert again["problems"] == [problem("Status", "WRONG_STATUS", "scan", currentStatus="ANNULLED")]
    assert await present(api, actor, camp) == (0, [])
    assert await build.connection.fetchval("SELECT status FROM camp_registration") == "REGISTERED"


async def test_a_walk_in_whose_scan_is_annulled_is_still_there(api: Api, build: Build) -> None:
    actor, camp, person = await build.coordinator(), await running_camp(build), await build.person()
    id_ = f"Volunteer:{person}"
    await api.do(WALK_IN, actor=actor, camp=f"Camp:{camp}", volunteer=id_)
    code = await code_of(api, actor, volunteer=id_)
    at = (NOW + timedelta(minutes=1)).isoformat()
    (scanned,) = await record(api, actor, camp, scan(code, "1", at=at))

    annulled = await api.do(ANNUL, actor=actor, scan=scanned["scan"]["id"], reason="Salah orang")
    inside = await present(api, actor, camp)
    own = await build.connection.fetchval("SELECT id FROM scan WHERE annulled_at IS NULL")
    await api.do(ANNUL, actor=actor, scan=f"Scan:{own}", reason="Salah orang")

    assert annulled["problems"] == []
    assert inside == (1, [(1, "CHECKED_IN")])
    assert await build.connection.fetchval("SELECT status FROM camp_registration") == "REGISTERED"


async def test_a_walk_in_who_waits_has_not_come_in(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build, capacity=1)
    for _ in range(2):
        await api.do(WALK_IN, actor=actor, camp=f"Camp:{camp}", volunteer=f"Volunteer:{await build.person()}")

    assert await present(api, actor, camp) == (1, [(1, "CHECKED_IN")])
    assert await build.connection.fetchval("SELECT count(*) FROM scan") == 1


async def complete(api: Api, build: Build, camp: uuid.UUID) -> None:
    version = await build.connection.fetchval("SELECT version FROM camp WHERE id = $1", camp)
    document = "mutation($input: CompleteCampInput!) { completeCamp(input: $input) { problems { code } } }"
    assert await api.do(document, actor=await build.coordinator(), camp=f"Camp:{camp}", version=version) == {
        "problems": []
    }


async def standing(build: Build) -> list[tuple[str, Any, Any]]:
    """The statuses by number, and the days that are promised."""
    rows = await build.connection.fetch(
        """SELECT status, lower(period) AS since, upper(period) AS until FROM camp_registration
        LEFT JOIN commitment ON registration_id = camp_registration.id ORDER BY number"""
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("is_reopened", [False, True])
async def test_an_entry_that_arrives_after_the_completion_counts(api: Api, build: Build, is_reopened: bool) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    code = await participant(api, build, actor, camp)
    await complete(api, build, camp)
    missed = await standing(build)
    reopen = "mutation($input: ReopenCampInput!) { reopenCamp(input: $input) { problems { code } } }"

    if is_reopened:
        await api.do(reopen, actor=actor, camp=f"Camp:{camp}", version=2, reason="Gerbang luring")
    late = scan(code, "1", at=(NOW - HOUR).isoformat())
    results = [await record(api, actor, camp, late, isOffline=not is_reopened) for _ in range(2)]

    assert missed == [("NO_SHOW", None, None)]
    assert [findings(each) for each in results] == [[None], [None]]
    status = "CHECKED_IN" if is_reopened else "COMPLETED"
    assert await standing(build) == [(status, NOW - HOUR, NOW + 2 * DAY)]


async def test_a_late_entry_of_somebody_whose_days_are_taken_stays_in_the_log(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    codes = [await participant(api, build, actor, camp) for _ in range(2)]
    await complete(api, build, camp)
    busy = await build.connection.fetchval("SELECT volunteer_id FROM camp_registration WHERE number = 1")
    need = await build.need(starts_at=NOW, ends_at=NOW + DAY)
    await build.assignment(need, busy, status="ACCEPTED")

    scans = [scan(code, str(number)) for number, code in enumerate(codes)]
    results = await record(api, actor, camp, *scans, isOffline=True)

    assert findings(results) == [None, None]
    assert await standing(build) == [("NO_SHOW", None, None), ("COMPLETED", NOW, NOW + 2 * DAY)]


async def test_whose_entry_came_before_their_place_has_come(api: Api, build: Build) -> None:
    """Scanned offline while waiting, promoted, and nobody scanned again until the completion."""
    actor, camp = await build.coordinator(), await running_camp(build, capacity=1)
    leaving = await build.camp_registration(camp, await build.person(), status="CHECKED_IN")
    code = await participant(api, build, actor, camp, status="WAITLISTED")
    await record(api, actor, camp, scan(code, "1"), isOffline=True)
    release = "mutation($input: ReleaseParticipantInput!) { releaseParticipant(input: $input) { problems { code } } }"
    leaves = {"campRegistration": f"CampRegistration:{leaving}", "version": 1, "reason": "Sakit"}
    await api.do(release, actor=actor, **leaves)

    await complete(api, build, camp)

    assert [row[0] for row in await standing(build)] == ["RELEASED", "COMPLETED"]


async def test_a_reopened_camp_takes_back_whose_days_are_free_again(api: Api, build: Build) -> None:
    """The days of one who had come were taken when the scan arrived, and are free now."""
    actor, camp = await build.coordinator(), await running_camp(build)
    code = await participant(api, build, actor, camp)
    await complete(api, build, camp)
    person = await build.connection.fetchval("SELECT volunteer_id FROM camp_registration")
    duty = await build.assignment(await build.need(starts_at=NOW, ends_at=NOW + DAY), person, status="ACCEPTED")
    await record(api, actor, camp, scan(code, "1"), isOffline=True)
    missed = await standing(build)
    async with build.connection.transaction():
        await build.connection.execute("UPDATE assignment SET status = 'CANCELLED' WHERE id = $1", duty)
        await build.connection.execute("DELETE FROM commitment")
    reopen = "mutation($input: ReopenCampInput!) { reopenCamp(input: $input) { problems { code } } }"

    await api.do(reopen, actor=actor, camp=f"Camp:{camp}", version=2, reason="Gerbang luring")

    assert missed == [("NO_SHOW", None, None)]
    assert await standing(build) == [("CHECKED_IN", NOW, NOW + 2 * DAY)]


async def test_who_had_come_before_the_place_was_free_keeps_the_days_of_a_cancelled_camp(
    api: Api, build: Build
) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    code = await participant(api, build, actor, camp, status="WAITLISTED")
    await record(api, actor, camp, scan(code, "1"), isOffline=True)
    raise_capacity = "mutation($input: ChangeCampInput!) { changeCamp(input: $input) { problems { code } } }"
    await api.do(raise_capacity, actor=actor, camp=f"Camp:{camp}", version=1, capacity=20)
    promoted = await standing(build)
    cancel = "mutation($input: CancelCampInput!) { cancelCamp(input: $input) { problems { code } } }"

    await api.do(cancel, actor=actor, camp=f"Camp:{camp}", version=2, reason="Banjir")

    assert [row[0] for row in promoted] == ["REGISTERED"]
    assert [row[0] for row in await standing(build)] == ["RELEASED"]


async def test_scans_of_a_camp_that_is_over_are_not_annulled(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    (entered,) = await record(api, actor, camp, scan(await participant(api, build, actor, camp), "1"))
    await complete(api, build, camp)
    before = await snapshot(build.connection)

    payload = await api.do(ANNUL, actor=actor, scan=entered["scan"]["id"], reason="Salah orang")

    over = problem("Status", "WRONG_STATUS", "scan", currentStatus="COMPLETED")
    assert payload == {"scan": None, "problems": [over]}
    assert await snapshot(build.connection) == before


async def test_who_was_scanned_is_told_to_those_only_who_read_the_scans(api: Api, build: Build) -> None:
    host = await build.organization()
    actor, camp = await build.coordinator(), await running_camp(build, host_id=host)
    await record(api, actor, camp, scan("X", "1"))
    document = """query($camp: ID!, $host: ID!) { camp(id: $camp) { history { kind } }
      organization(id: $host) { activity(first: 9) { nodes { kind } } } }"""
    things: dict[str, Any] = {"camp": f"Camp:{camp}", "host": f"Organization:{host}"}

    public = await api.ask(document, **things)
    manager = await api.ask(document, actor=await build.manager(host), **things)

    assert public == {"camp": {"history": []}, "organization": {"activity": {"nodes": []}}}
    told = {"nodes": [{"kind": "camp.scanned"}]}
    assert manager == {"camp": {"history": []}, "organization": {"activity": told}}


async def test_an_entry_and_an_exit_at_a_site_are_check_in_and_check_out(api: Api, build: Build) -> None:
    actor = await build.coordinator()
    incident = await build.incident()
    site = await build.site(incident)
    need = await build.need(incident, site_id=site, starts_at=NOW - 10 * HOUR, ends_at=NOW + 10 * HOUR)
    volunteer = await build.volunteer()
    duty = await build.assignment(need, volunteer, status="ACCEPTED")
    code = await code_of(api, actor, volunteer=f"Volunteer:{volunteer}")
    times = [(NOW - HOUR).isoformat(), (NOW - timedelta(minutes=5)).isoformat()]
    scans = [scan(code, "2", "EXIT", at=times[1]), scan(code, "1", at=times[0])]

    payload = await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp-1", scans=scans)
    again = await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp-1", scans=scans)
    stranger = await code_of(api, actor, volunteer=f"Volunteer:{await build.volunteer()}")
    other = await api.do(RECORD, actor=actor, site=f"Site:{site}", device="hp-1", scans=[scan(stranger, "3")])

    row = await build.connection.fetchrow(
        "SELECT status, checked_in_at, checked_out_at FROM assignment WHERE id = $1", duty
    )
    assert findings(payload["results"]) == [None, None]
    assert again == payload
    assert findings(other["results"]) == ["NO_DUTY"]
    assert dict(row or {}) == {
        "status": "COMPLETED",
        "checked_in_at": NOW - HOUR,
        "checked_out_at": NOW - timedelta(minutes=5),
    }


async def test_only_who_runs_the_camp_scans_while_it_lasts(api: Api, build: Build) -> None:
    camp = await running_camp(build, kabupaten_code=HOME)
    over = await build.camp(status="COMPLETED", starts_at=NOW - 3 * DAY, ends_at=NOW - DAY)
    staff = await build.account()
    await build.row("role", account_id=staff, kind="CAMP_STAFF", camp_id=camp)
    stranger = await build.volunteer_account(await build.volunteer())
    coordinator = await build.coordinator()

    allowed = await api.do(RECORD, actor=staff, camp=f"Camp:{camp}", device="a", scans=[scan("X", "1")])
    forbidden = await api.do(RECORD, actor=stranger, camp=f"Camp:{camp}", device="a", scans=[])
    ended = await api.do(RECORD, actor=coordinator, camp=f"Camp:{over}", device="a", scans=[])

    assert findings(allowed["results"]) == ["UNKNOWN_CODE"]
    assert forbidden["problems"] == [problem("Simple", "FORBIDDEN", "camp")]
    assert ended["problems"] == [problem("Status", "WRONG_STATUS", "camp", currentStatus="COMPLETED")]


async def test_everybody_with_a_place_gets_a_code(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    host = await build.organization()
    for status in ("REGISTERED", "WAITLISTED"):
        await build.camp_registration(camp, await build.volunteer(), status=status)
    await build.camp_registration(camp, None, guest_name="Pak Camat", organization_id=host)

    payloads = [await api.do(ISSUE_ALL, actor=actor, camp=f"Camp:{camp}") for _ in range(2)]

    assert payloads == [{"camp": {"id": f"Camp:{camp}"}, "problems": []}] * 2
    carriers = await build.connection.fetch("SELECT volunteer_id IS NULL AS is_guest FROM scan_code ORDER BY 1")
    assert [row["is_guest"] for row in carriers] == [False, True]
    hashes = "query($id: ID!) { camp(id: $id) { registrations(first: 9) { nodes { number codeHash } } } }"
    nodes = (await api.ask(hashes, actor=actor, id=f"Camp:{camp}"))["camp"]["registrations"]["nodes"]
    assert [(each["number"], each["codeHash"] is not None) for each in nodes] == [(1, True), (2, False), (3, True)]


async def test_plain_sql_changes_no_scan(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    await record(api, actor, camp, scan("X", "1"))

    for statement in ("DELETE FROM scan", "UPDATE scan SET at = now()"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await build.connection.execute(statement)
