"""Who has come to a camp, however late it is known: walk-ins, scans after the completion, camps that go on, and who is told."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, problem
from tests.builders import Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_scan import ANNUL, code_of, findings, participant, present, record, running_camp, scan

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WALK_IN = f"mutation($input: RegisterWalkInInput!) {{ registerWalkIn(input: $input) {{ {PROBLEMS} }} }}"


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
    expected = ("CHECKED_IN", NOW - HOUR, NOW + 2 * DAY) if is_reopened else ("COMPLETED", NOW - HOUR, NOW)
    assert await standing(build) == [expected]


async def test_a_late_entry_of_somebody_whose_days_are_taken_stays_in_the_log(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    codes = [await participant(api, build, actor, camp) for _ in range(2)]
    await complete(api, build, camp)
    busy = await build.connection.fetchval("SELECT volunteer_id FROM camp_registration WHERE number = 1")
    need = await build.need(starts_at=NOW - HOUR, ends_at=NOW + DAY)
    await build.assignment(need, busy, status="ACCEPTED")

    scans = [scan(code, str(number), at=(NOW - 2 * HOUR).isoformat()) for number, code in enumerate(codes)]
    results = await record(api, actor, camp, *scans, isOffline=True)

    assert findings(results) == [None, None]
    assert await standing(build) == [("NO_SHOW", None, None), ("COMPLETED", NOW - 2 * HOUR, NOW)]


async def test_late_entries_get_the_places_that_are_left(api: Api, build: Build) -> None:
    """Two who had not come are scanned late; one of their places is somebody else's since the camp went on."""
    actor, camp = await build.coordinator(), await running_camp(build, capacity=2)
    codes = [await participant(api, build, actor, camp) for _ in range(2)]
    await complete(api, build, camp)
    reopen = "mutation($input: ReopenCampInput!) { reopenCamp(input: $input) { problems { code } } }"
    await api.do(reopen, actor=actor, camp=f"Camp:{camp}", version=2, reason="Gerbang luring")
    await api.do(WALK_IN, actor=actor, camp=f"Camp:{camp}", volunteer=f"Volunteer:{await build.person()}")

    await record(api, actor, camp, *(scan(code, code) for code in codes), isOffline=True)

    statuses = sorted(row[0] for row in await standing(build))
    assert statuses == ["CHECKED_IN", "CHECKED_IN", "NO_SHOW"]
    assert await build.connection.fetchval("SELECT taken FROM camp WHERE id = $1", camp) == 2


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
    need = await build.need(starts_at=NOW - HOUR, ends_at=NOW + DAY)
    duty = await build.assignment(need, person, status="ACCEPTED")
    await record(api, actor, camp, scan(code, "1", at=(NOW - 2 * HOUR).isoformat()), isOffline=True)
    missed = await standing(build)
    async with build.connection.transaction():
        await build.connection.execute("UPDATE assignment SET status = 'CANCELLED' WHERE id = $1", duty)
        await build.connection.execute("DELETE FROM commitment")
    reopen = "mutation($input: ReopenCampInput!) { reopenCamp(input: $input) { problems { code } } }"

    await api.do(reopen, actor=actor, camp=f"Camp:{camp}", version=2, reason="Gerbang luring")

    assert missed == [("NO_SHOW", None, None)]
    assert await standing(build) == [("CHECKED_IN", NOW - 2 * HOUR, NOW + 2 * DAY)]


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


CANCEL = "mutation($input: CancelCampInput!) { cancelCamp(input: $input) { problems { code } } }"
CANCEL_OWN = """mutation($input: CancelRegistrationInput!) { cancelRegistration(input: $input) {
  problems { code } } }"""
RELEASE = """mutation($input: ReleaseParticipantInput!) { releaseParticipant(input: $input) { problems { code } } }"""


@pytest.mark.parametrize("is_late", [False, True])
@pytest.mark.parametrize("status", ["REGISTERED", "WAITLISTED", "OFFERED", "NO_SHOW", "CANCELLED"])
async def test_an_entry_from_before_the_cancellation_of_a_camp_counts_in_any_order(
    api: Api, build: Build, status: str, is_late: bool
) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    entry = scan(await participant(api, build, actor, camp, status=status), "1", at=(NOW - HOUR).isoformat())
    cancelled = {"camp": f"Camp:{camp}", "version": 1, "reason": "Banjir"}

    if not is_late:
        await record(api, actor, camp, entry, isOffline=True)
    await api.do(CANCEL, actor=actor, **cancelled)
    if is_late:
        results = [await record(api, actor, camp, entry, isOffline=True) for _ in range(2)]
        assert findings(results[0]) == findings(results[1])

    was_there = status in ("REGISTERED", "NO_SHOW")
    ((found, _, until),) = await standing(build)
    assert (found, until) == (("RELEASED", NOW) if was_there else ("CANCELLED", None))
    reason = await build.connection.fetchval("SELECT reason FROM camp_registration")
    assert reason == (None if status == "CANCELLED" else "Banjir")
    finding = await build.connection.fetchval("SELECT finding FROM scan")
    late_finding = "CANCELLED" if is_late else "WAITING"
    assert finding == {"REGISTERED": None, "NO_SHOW": None, "CANCELLED": "CANCELLED"}.get(status, late_finding)


@pytest.mark.parametrize(
    ("hours", "status", "finding"), [(-2, "RELEASED", None), (-1, "RELEASED", None), (0, "CANCELLED", "CANCELLED")]
)
async def test_an_entry_from_before_somebody_cancelled_tells_that_they_were_there(
    api: Api, build: Build, hours: int, status: str, finding: str | None
) -> None:
    actor, camp = await build.coordinator(), await running_camp(build, capacity=1)
    code = await participant(api, build, actor, camp)
    next_one = await build.camp_registration(camp, await build.person(), status="WAITLISTED")
    own = await build.connection.fetchval("SELECT id FROM camp_registration WHERE number = 1")
    gone = {"campRegistration": f"CampRegistration:{own}", "version": 1, "reason": "Sakit"}
    await api.do(CANCEL_OWN, actor=actor, **gone)
    moved = "UPDATE camp_registration SET updated_at = $1 WHERE id = $2"
    await build.connection.execute(moved, NOW - HOUR, own)

    at = NOW + hours * HOUR
    results = await record(api, actor, camp, scan(code, "1", at=at.isoformat()), isOffline=True)

    assert findings(results) == [finding]
    spent = (at, NOW - HOUR) if at < NOW - HOUR else (NOW - DAY, NOW - HOUR)
    days = spent if status == "RELEASED" else (None, None)
    assert (await standing(build))[0] == (status, *days)
    assert (
        await build.connection.fetchval("SELECT status FROM camp_registration WHERE id = $1", next_one) == "REGISTERED"
    )


@pytest.mark.parametrize(("hours", "finding"), [(-1, None), (1, "CANCELLED")])
async def test_what_was_scanned_before_somebody_was_released_has_no_fault(
    api: Api, build: Build, hours: int, finding: str | None
) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    code = await participant(api, build, actor, camp, status="CHECKED_IN")
    own = await build.connection.fetchval("SELECT id FROM camp_registration")
    leaves = {"campRegistration": f"CampRegistration:{own}", "version": 1, "reason": "Sakit"}
    await api.do(RELEASE, actor=actor, **leaves)
    await build.connection.execute("UPDATE camp_registration SET updated_at = $1", NOW - HOUR)

    at = (NOW - HOUR + hours * timedelta(minutes=1)).isoformat()
    results = await record(api, actor, camp, scan(code, "1", "MEAL", at=at), isOffline=True)

    assert findings(results) == [finding]


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
