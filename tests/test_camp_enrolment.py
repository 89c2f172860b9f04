"""Places in sessions that not everybody attends: taken, given back, scanned, never more than the session holds."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_camp_certificate import DAY, HOUR
from tests.test_camp_change import held
from tests.test_plain_sql import refused
from tests.test_scan import code_of, findings, record, running_camp, scan

RESULTS = f"results {{ campRegistration {{ number sessions {{ title taken }} }} {PROBLEMS} }} {PROBLEMS}"
ENROL = f"mutation($input: EnrolInCampSessionInput!) {{ enrolInCampSession(input: $input) {{ {RESULTS} }} }}"
LEAVE = f"mutation($input: LeaveCampSessionInput!) {{ leaveCampSession(input: $input) {{ {RESULTS} }} }}"
CHANGE = f"""mutation($input: ChangeCampSessionInput!) {{ changeCampSession(input: $input) {{
  campSession {{ capacity taken registrations {{ number }} }} {PROBLEMS} }} }}"""
FULL = problem("Limit", "SESSION_FULL", "registrations", "2", count=2, limit=2)


async def session_of(build: Build, camp: uuid.UUID, **values: Any) -> uuid.UUID:
    """Of a camp that runs: a session that is not required, for two, in an hour."""
    times = {"starts_at": NOW + HOUR, "ends_at": NOW + 2 * HOUR}
    own = {"title": "Selam", "is_required": False, "capacity": 2}
    return await build.row("camp_session", camp_id=camp, **{**times, **own, **values})


async def staff(build: Build, camp: uuid.UUID) -> uuid.UUID:
    """The account of somebody who works at the camp."""
    account = await build.account()
    await build.row("role", account_id=account, kind="CAMP_STAFF", camp_id=camp)
    return account


async def people(build: Build, camp: uuid.UUID, *statuses: str) -> list[uuid.UUID]:
    return [await build.camp_registration(camp, await build.person(), status=status) for status in statuses]


async def do(api: Api, document: str, actor: uuid.UUID | None, session: uuid.UUID, *named: uuid.UUID) -> Json:
    listed = [f"CampRegistration:{each}" for each in named]
    return await api.do(document, actor=actor, campSession=f"CampSession:{session}", registrations=listed)


def outcomes(payload: Json) -> list[Any]:
    """Of each result the code of its problem, or the number."""
    assert payload["problems"] == []
    return [
        each["problems"][0]["code"] if each["problems"] else each["campRegistration"]["number"]
        for each in payload["results"]
    ]


async def taken(build: Build, session: uuid.UUID) -> tuple[int, int]:
    """As it is counted, and as it is."""
    count = "SELECT taken, (SELECT count(*) FROM camp_enrolment WHERE session_id = s.id) AS real FROM camp_session AS s WHERE id = $1"
    row = await build.connection.fetchrow(count, session)
    assert row is not None
    return row["taken"], row["real"]


async def test_a_session_takes_as_many_as_it_holds(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    session = await session_of(build, camp)
    registrations = await people(build, camp, *["REGISTERED"] * 3, "WAITLISTED", "OFFERED")
    stranger = await build.camp_registration(await build.camp(), await build.person())

    first = await do(api, ENROL, actor, session, registrations[0], registrations[3], stranger, registrations[4])
    rest = await do(api, ENROL, actor, session, registrations[0], registrations[1], registrations[2])
    left = await do(api, LEAVE, actor, session, registrations[0], registrations[2])
    again = await do(api, ENROL, actor, session, registrations[2], registrations[2])

    named = {"number": 1, "sessions": [{"title": "Selam", "taken": 1}]}
    assert first["results"][0] == {"campRegistration": named, "problems": []}
    assert outcomes(first) == [1, "WRONG_STATUS", "NOT_FOUND", "WRONG_STATUS"]
    assert outcomes(rest) == [1, 2, "SESSION_FULL"]
    assert rest["results"][2]["problems"] == [FULL]
    assert (outcomes(left), outcomes(again)) == ([1, 3], [3, 3])
    assert await taken(build, session) == (2, 2)
    kinds = "SELECT kind, count(*) FROM event WHERE kind LIKE 'camp_registration.%' GROUP BY kind ORDER BY kind"
    assert [tuple(row) for row in await build.connection.fetch(kinds)] == [
        ("camp_registration.enrolled", 3),
        ("camp_registration.left_session", 1),
    ]


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("person", [1]),
        ("manager", [1]),
        ("host", [1]),
        ("staff", [1]),
        ("coordinator", [1]),
        ("home", ["FORBIDDEN"]),
        ("stranger", ["NOT_FOUND"]),
    ],
)
async def test_who_gives_whom_a_place(api: Api, build: Build, who: str, expected: list[Any]) -> None:
    host, own = await build.organization(), await build.organization()
    camp, person = await running_camp(build, host_id=host), await build.volunteer(own)
    registration = await build.camp_registration(camp, person, organization_id=own, kabupaten_code="18.03")
    actors: dict[str, Callable[[], Awaitable[uuid.UUID]]] = {
        "person": lambda: build.volunteer_account(person),
        "manager": lambda: build.manager(own),
        "host": lambda: build.manager(host),
        "staff": lambda: staff(build, camp),
        "coordinator": build.coordinator,
        "home": lambda: build.coordinator(kabupaten_code="18.03"),
        "stranger": build.account,
    }

    payload = await do(api, ENROL, await actors[who](), await session_of(build, camp), registration)

    assert outcomes(payload) == expected


@pytest.mark.parametrize(
    ("camp_values", "session_values", "expected"),
    [
        ({}, {"is_required": True, "capacity": None}, {"code": "INVALID"}),
        ({}, {"starts_at": NOW - 2 * HOUR, "ends_at": NOW}, {"code": "PERIOD_PAST", "deadline": instant(NOW)}),
        ({"status": "COMPLETED"}, {}, {"code": "WRONG_STATUS", "currentStatus": "COMPLETED"}),
        ({"status": "CANCELLED"}, {}, {"code": "WRONG_STATUS", "currentStatus": "CANCELLED"}),
        ({"status": "DRAFT"}, {}, {"code": "WRONG_STATUS", "currentStatus": "DRAFT"}),
    ],
)
@pytest.mark.parametrize("document", [ENROL, LEAVE])
async def test_a_session_that_takes_nobody(
    api: Api, build: Build, camp_values: Json, session_values: Json, expected: Json, document: str
) -> None:
    camp = await build.camp(**{"starts_at": NOW - DAY, "status": "RUNNING", **camp_values})
    (registration,) = await people(build, camp, "REGISTERED")
    session, actor = await session_of(build, camp, **session_values), await build.coordinator()
    before = await snapshot(build.connection)

    payload = await do(api, document, actor, session, registration)

    (found,) = payload["problems"]
    assert {name: found[name] for name in expected} == expected
    assert found["path"] == ["input", "campSession"]
    assert await snapshot(build.connection) == before


async def test_fewer_places_than_are_held_are_refused_with_the_names(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    session = await session_of(build, camp)
    registrations = await people(build, camp, "REGISTERED", "REGISTERED")
    await do(api, ENROL, actor, session, *registrations)
    this = {"campSession": f"CampSession:{session}", "version": 1}

    refused_change = await api.do(CHANGE, actor=actor, **this, capacity=1)
    unlimited = await api.do(CHANGE, actor=actor, **this, capacity=None)
    raised = await api.do(CHANGE, actor=actor, **{**this, "version": 2}, capacity=3)

    below = problem("Limit", "BELOW_TAKEN", "capacity", count=2, limit=1)
    assert refused_change["problems"] == [below, *held(registrations[1], at=("capacity",))]
    listed = {"taken": 2, "registrations": [{"number": 1}, {"number": 2}]}
    assert unlimited["campSession"] == {"capacity": None, **listed}
    assert raised["campSession"] == {"capacity": 3, **listed}


@pytest.mark.parametrize(
    ("status", "stays"),
    [
        *((status, True) for status in ("CHECKED_IN", "COMPLETED", "NO_SHOW")),
        *((status, False) for status in ("CANCELLED", "RELEASED", "EXPIRED", "WAITLISTED")),
    ],
)
async def test_who_no_longer_comes_has_no_place_in_a_session(build: Build, status: str, stays: bool) -> None:
    camp = await running_camp(build)
    session, (registration,) = await session_of(build, camp), await people(build, camp, "REGISTERED")
    await build.row("camp_enrolment", session_id=session, registration_id=registration)

    await build.connection.execute("UPDATE camp_registration SET status = $2 WHERE id = $1", registration, status)

    assert await taken(build, session) == (int(stays), int(stays))


@pytest.mark.parametrize(
    ("constraint", "statement"),
    [
        ("ck_camp_session_taken", "UPDATE camp_session SET capacity = 1 WHERE title = 'Selam'"),
        ("ck_camp_session_taken", "INSERT INTO camp_enrolment SELECT gen_random_uuid(), now(), s.id, r.id FROM camp_session AS s, camp_registration AS r WHERE r.number = 3 AND title = 'Selam'"),
        ("ck_camp_session_taken", "UPDATE camp_enrolment SET session_id = (SELECT id FROM camp_session WHERE title = 'Satu')"),
        ("of_session", "UPDATE camp_enrolment SET session_id = (SELECT id FROM camp_session WHERE title = 'Wajib')"),
        ("of_session", "UPDATE camp_enrolment SET session_id = (SELECT id FROM camp_session WHERE title = 'Lain')"),
        ("of_session", "UPDATE camp_enrolment SET registration_id = (SELECT id FROM camp_registration WHERE status = 'OFFERED')"),
    ],
)  # fmt: skip
async def test_plain_sql_passes_no_limit_of_a_session(build: Build, constraint: str, statement: str) -> None:
    camp = await running_camp(build)
    session = await session_of(build, camp)
    await session_of(build, camp, title="Satu", capacity=1)
    await session_of(build, camp, title="Wajib", capacity=None, is_required=True)
    await session_of(build, await running_camp(build), title="Lain")
    for registration in (await people(build, camp, "REGISTERED", "REGISTERED", "REGISTERED", "OFFERED"))[:2]:
        await build.row("camp_enrolment", session_id=session, registration_id=registration)

    await refused(build.connection, constraint, statement)


async def test_the_last_places_of_a_session_are_given_once(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build, capacity=40)
    session = await session_of(build, camp, capacity=3)
    registrations = await people(build, camp, *["REGISTERED"] * 24)

    payloads = await asyncio.gather(
        *(do(api, ENROL, actor, session, *registrations[n : n + 2]) for n in range(0, 24, 2))
    )

    assert sum(isinstance(each, int) for payload in payloads for each in outcomes(payload)) == 3
    assert await taken(build, session) == (3, 3)


async def test_a_scan_at_a_session_says_who_has_no_place_in_it(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await running_camp(build)
    limited, open_ = await session_of(build, camp), await session_of(build, camp, title="Bebas", capacity=None)
    registrations = await people(build, camp, "CHECKED_IN", "CHECKED_IN")
    await build.camp_staff_member(camp, cook := await build.person())
    await do(api, ENROL, actor, limited, registrations[0])
    carriers = [
        f"Volunteer:{await build.connection.fetchval('SELECT volunteer_id FROM camp_registration WHERE id = $1', each)}"
        for each in registrations
    ]
    codes = [await code_of(api, actor, volunteer=each) for each in (*carriers, f"Volunteer:{cook}")]

    scans = [
        scan(code, f"{point} {session} {number}", point, **({"session": f"CampSession:{session}"} if session else {}))
        for point, session in (("SESSION", limited), ("SESSION", open_), ("MEAL", None))
        for number, code in enumerate(codes)
    ]
    results = await record(api, actor, camp, *scans)
    late = await record(api, actor, camp, {**scans[1], "nonce": "offline"}, isOffline=True)

    assert findings(results) == [None, "NOT_ENROLLED", *[None] * 7]
    assert [each["scan"]["counts"] for each in results[:3]] == [True, False, True]
    assert late[0]["scan"] == {"id": late[0]["scan"]["id"], "finding": "NOT_ENROLLED", "counts": True}
