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
