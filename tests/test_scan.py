"""Codes, the gate of a camp and of a site, and the log that tells who is inside."""

import asyncio
import itertools
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.waiting import LOCK_WAITS, wait_until

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ISSUE = f"""mutation($input: IssueScanCodeInput!) {{ issueScanCode(input: $input) {{
  scanCode {{ id code qr annulledAt }} {PROBLEMS} }} }}"""
ISSUE_ALL = f"mutation($input: IssueCampCodesInput!) {{ issueCampCodes(input: $input) {{ camp {{ id }} {PROBLEMS} }} }}"
RECORD = f"""mutation($input: RecordScansInput!) {{ recordScans(input: $input) {{
  results {{ scan {{ id finding counts }} {PROBLEMS} }} {PROBLEMS} }} }}"""
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


async def test_managers_read_where_members_were_scanned_while_the_organization_stands(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    code = await participant(api, build, actor, camp)
    await record(api, actor, camp, scan(code, "1"))
    person = await build.connection.fetchval("SELECT volunteer_id FROM scan")
    organization = await build.connection.fetchval(
        "SELECT organization_id FROM membership WHERE volunteer_id = $1", person
    )
    readers = {"manager": await build.manager(organization), "person": await build.volunteer_account(person)}
    found = {}

    for verification in ("VERIFIED", "SUSPENDED", "CLOSED"):
        await build.connection.execute(
            "UPDATE organization SET verification = $2 WHERE id = $1", organization, verification
        )
        for name, reader in readers.items():
            scans = (await api.ask("{ scans(first: 9) { totalCount } }", actor=reader))["scans"]
            found[name, verification] = scans["totalCount"]

    assert found == {
        **dict.fromkeys((("person", each) for each in ("VERIFIED", "SUSPENDED", "CLOSED")), 1),
        ("manager", "VERIFIED"): 1,
        ("manager", "SUSPENDED"): 0,
        ("manager", "CLOSED"): 0,
    }


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


@pytest.mark.parametrize("verb", ["record", "annul"])
async def test_a_scan_at_a_camp_holds_nothing_of_the_person_while_it_waits_for_them(
    api: Api, build: Build, verb: str
) -> None:
    """A merge has locked the person before it moves registrations, and then the scans."""
    actor, camp = await build.coordinator(), await running_camp(build)
    code = await participant(api, build, actor, camp)
    first = scan(code, "1")
    entered: Json = (await record(api, actor, camp, first))[0] if verb == "annul" else None
    merge = build.connection.transaction()
    await merge.start()
    await build.connection.execute("SELECT FROM volunteer FOR NO KEY UPDATE")

    if verb == "annul":
        writing = api.do(ANNUL, actor=actor, scan=entered["scan"]["id"], reason="Salah orang")
    else:
        writing = api.do(RECORD, actor=actor, camp=f"Camp:{camp}", device="hp-1", scans=[first])
    scanning = asyncio.create_task(writing)
    await wait_until(build.connection, LOCK_WAITS, 1)
    for table in ("volunteer", "camp_registration", "scan"):
        await build.connection.execute(f"SELECT FROM {table} FOR UPDATE NOWAIT")
    await merge.commit()

    assert (await scanning)["problems"] == []
    status = "REGISTERED" if verb == "annul" else "CHECKED_IN"
    assert await build.connection.fetchval("SELECT status FROM camp_registration") == status


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
    gone = await build.volunteer()
    await build.camp_registration(camp, gone, status="CANCELLED")
    await code_of(api, actor, volunteer=f"Volunteer:{gone}")

    payloads = [await api.do(ISSUE_ALL, actor=actor, camp=f"Camp:{camp}") for _ in range(2)]

    assert payloads == [{"camp": {"id": f"Camp:{camp}"}, "problems": []}] * 2
    carriers = await build.connection.fetch("SELECT volunteer_id IS NULL AS is_guest FROM scan_code ORDER BY 1")
    assert [row["is_guest"] for row in carriers] == [False, False, True]
    hashes = "query($id: ID!) { camp(id: $id) { registrations(first: 9) { nodes { number codeHash } } } }"
    nodes = (await api.ask(hashes, actor=actor, id=f"Camp:{camp}"))["camp"]["registrations"]["nodes"]
    assert [(each["number"], each["codeHash"] is not None) for each in nodes] == [
        (1, True),
        (2, False),
        (3, True),
        (4, False),
    ]


@pytest.mark.parametrize(
    ("at", "finding"),
    [
        # By days in Kotawaringin Timur, seven hours ahead: the camp is on the last two of February, until midnight.
        (datetime(2026, 2, 26, 16, 59, 59, tzinfo=UTC), "WRONG_DAY"),
        (datetime(2026, 2, 26, 17, tzinfo=UTC), None),
        (datetime(2026, 2, 28, 16, 59, 59, tzinfo=UTC), None),
        (datetime(2026, 2, 28, 17, tzinfo=UTC), "WRONG_DAY"),
    ],
)
async def test_the_days_of_a_camp_are_those_of_its_kabupaten_and_end_at_midnight(
    api: Api, build: Build, at: datetime, finding: str | None
) -> None:
    times: dict[str, Any] = {
        "starts_at": datetime(2026, 2, 27, 1, tzinfo=UTC),
        "ends_at": datetime(2026, 2, 28, 17, tzinfo=UTC),
    }
    camp, actor = await build.camp(status="RUNNING", **times), await build.coordinator()
    code = await participant(api, build, actor, camp)

    results = await record(api, actor, camp, scan(code, "1", at=at.isoformat()), isOffline=True)

    assert findings(results) == [finding]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_scans_at_the_same_instant_the_same_one_is_needless_in_any_order(
    api: Api, build: Build, order: tuple[int, int]
) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    code = await participant(api, build, actor, camp)
    scans = [scan(code, "a", "KIT"), scan(code, "b", "KIT")]

    for number in order:
        await record(api, actor, camp, scans[number], isOffline=True)

    listed = "query($id: ID!) { camp(id: $id) { scans(first: 9) { nodes { nonce finding } } } }"
    nodes = (await api.ask(listed, actor=actor, id=f"Camp:{camp}"))["camp"]["scans"]["nodes"]
    assert {each["nonce"]: each["finding"] for each in nodes} == {"a": None, "b": "ALREADY_HAD"}


async def test_plain_sql_changes_no_scan(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    await record(api, actor, camp, scan("X", "1"))

    for statement in ("DELETE FROM scan", "UPDATE scan SET at = now()"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await build.connection.execute(statement)
