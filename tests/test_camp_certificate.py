"""What completes a camp, and the certificates that follow from it."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_scan import RECORD, code_of, record, scan
from tests.waiting import LOCK_WAITS, wait_until

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TYPE, OTHER_TYPE = "WATER_RESCUE_BASIC", "FIRST_AID_BASIC"
AGREE = f"mutation($input: AgreeIssuerInput!) {{ agreeIssuer(input: $input) {{ camp {{ version }} {PROBLEMS} }} }}"
COMPLETE = f"mutation($input: CompleteCampInput!) {{ completeCamp(input: $input) {{ camp {{ status }} {PROBLEMS} }} }}"
REOPEN = f"mutation($input: ReopenCampInput!) {{ reopenCamp(input: $input) {{ camp {{ status }} {PROBLEMS} }} }}"
RESULTS = f"""mutation($input: RecordResultsInput!) {{ recordResults(input: $input) {{
  results {{ campRegistration {{ completion {{ hasPassed isMet }} }} {PROBLEMS} }} {PROBLEMS} }} }}"""
REVOKE = f"""mutation($input: RevokeCertificateInput!) {{ revokeCertificate(input: $input) {{
  certificate {{ version }} {PROBLEMS} }} }}"""
REPORT = """query($id: ID!, $by: CampReportBy!) { camp(id: $id) { report(by: $by) {
  name registered came certified } } }"""
COMPLETION = """query($id: ID!) { campRegistration(id: $id) { completion {
  isMet hoursHeld hoursAttended hasPassed missedSessions { title } } } }"""


async def camp_with_sessions(build: Build, issuer: uuid.UUID, **values: Any) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """A running camp with two required sessions of two hours and one of four that is not."""
    agreed = {"issuer_id": issuer, "issuer_agreed_at": NOW, "participant_certificate_code": TYPE}
    times = {"starts_at": NOW - DAY, "ends_at": NOW + DAY, "status": "RUNNING"}
    camp = await build.camp(issuer, attendance_percent=80, **{**agreed, **times, **values})
    sessions = [
        await build.row(
            "camp_session",
            camp_id=camp,
            title=title,
            starts_at=NOW - 10 * HOUR,
            ends_at=NOW - 10 * HOUR + length * HOUR,
            is_required=is_required,
        )
        for title, length, is_required in (("Dapur", 2, True), ("Air", 2, True), ("Malam", 4, False))
    ]
    # The issuer agrees to the curriculum as it is.
    agreed_at = {**agreed, **values}["issuer_agreed_at"]
    await build.connection.execute("UPDATE camp SET issuer_agreed_at = $2, version = 1 WHERE id = $1", camp, agreed_at)
    return camp, sessions


async def attend(build: Build, registration: uuid.UUID, *sessions: uuid.UUID) -> None:
    row = await build.connection.fetchrow(
        "SELECT camp_id, volunteer_id FROM camp_registration WHERE id = $1", registration
    )
    assert row is not None
    account = await build.account()
    for session in sessions:
        await build.row(
            "scan",
            camp_id=row["camp_id"],
            volunteer_id=row["volunteer_id"],
            registration_id=registration,
            point="SESSION",
            session_id=session,
            text="x",
            at=NOW,
            device="hp",
            nonce=str(uuid.uuid4()),
            is_offline=False,
            account_id=account,
        )


async def certificates(build: Build, camp: uuid.UUID) -> list[tuple[uuid.UUID, str, bool]]:
    sql = "SELECT volunteer_id, certificate_type_code, revoked_on IS NULL FROM certificate WHERE camp_id = $1 ORDER BY number"
    return [tuple(row) for row in await build.connection.fetch(sql, camp)]


async def do(api: Api, document: str, actor: uuid.UUID, camp: uuid.UUID, build: Build, **values: object) -> Json:
    version = await build.connection.fetchval("SELECT version FROM camp WHERE id = $1", camp)
    return await api.do(document, actor=actor, camp=f"Camp:{camp}", version=version, **values)


async def test_who_was_at_all_required_sessions_or_long_enough_gets_a_certificate(api: Api, build: Build) -> None:
    actor, issuer = await build.coordinator(), await build.organization()
    camp, (kitchen, water, night) = await camp_with_sessions(build, issuer)
    people = [await build.volunteer() for _ in range(4)]
    registrations = [await build.camp_registration(camp, person, status="CHECKED_IN") for person in people]
    await attend(build, registrations[0], kitchen, water)
    await attend(build, registrations[1], kitchen, night)
    await attend(build, registrations[2], kitchen, water, night)

    found = [
        (await api.ask(COMPLETION, actor=actor, id=f"CampRegistration:{each}"))["campRegistration"]["completion"]
        for each in registrations[:2]
    ]
    payload = await do(api, COMPLETE, actor, camp, build)

    same = {"hoursHeld": 8.0, "hasPassed": None}
    assert found == [
        {**same, "isMet": True, "hoursAttended": 4.0, "missedSessions": []},
        {**same, "isMet": False, "hoursAttended": 6.0, "missedSessions": [{"title": "Air"}]},
    ]
    assert payload == {"camp": {"status": "COMPLETED"}, "problems": []}
    assert await certificates(build, camp) == [(people[0], TYPE, True), (people[2], TYPE, True)]
    reports = [
        (await api.ask(REPORT, actor=actor, id=f"Camp:{camp}", by=by))["camp"]["report"]
        for by in ("CATEGORY", "SESSION")
    ]
    hidden = await api.ask(REPORT, id=f"Camp:{camp}", by="SEX")
    assert reports == [
        [{"name": "Peserta", "registered": 4, "came": 4, "certified": 2}],
        [
            {"name": "Air", "registered": 4, "came": 2, "certified": 0},
            {"name": "Dapur", "registered": 4, "came": 3, "certified": 0},
            {"name": "Malam", "registered": 4, "came": 2, "certified": 0},
        ],
    ]
    assert hidden == {"camp": {"report": None}}
    events = "SELECT count(*) FROM event WHERE kind = 'certificate.issued'"
    assert await build.connection.fetchval(events) == 2


async def test_the_report_names_no_organization_that_is_hidden(api: Api, build: Build) -> None:
    host = await build.organization()
    hidden, shown = await build.organization(verification="SUSPENDED"), await build.organization(name="Tagana")
    camp, _ = await camp_with_sessions(build, host)
    for organization in (hidden, shown):
        contingent = await build.contingent(camp, organization)
        of = {"organization_id": organization, "contingent_id": contingent}
        await build.camp_registration(camp, await build.volunteer(), status="CHECKED_IN", **of)

    manager = await build.manager(host)
    found = [
        (await api.ask(REPORT, actor=manager, id=f"Camp:{camp}", by=by))["camp"]["report"]
        for by in ("ORGANIZATION", "CONTINGENT")
    ]

    counts = {"registered": 1, "came": 1, "certified": 0}
    assert found == [[{"name": None, **counts}, {"name": "Tagana", **counts}]] * 2


async def test_who_was_released_and_came_again_gets_one_certificate(api: Api, build: Build) -> None:
    actor, issuer = await build.coordinator(), await build.organization()
    camp, sessions = await camp_with_sessions(build, issuer)
    person = await build.volunteer()
    await attend(build, await build.camp_registration(camp, person, status="RELEASED"), *sessions)
    await build.connection.execute("DELETE FROM commitment")
    await build.camp_registration(camp, person, status="CHECKED_IN")

    await do(api, COMPLETE, actor, camp, build)

    assert await certificates(build, camp) == [(person, TYPE, True)]


async def test_reopening_revokes_exactly_those_and_completing_gives_them_again(api: Api, build: Build) -> None:
    actor, issuer = await build.coordinator(), await build.organization()
    camp, sessions = await camp_with_sessions(build, issuer, instructor_certificate_code=OTHER_TYPE)
    person, teacher = await build.volunteer(issuer), await build.person()
    await attend(build, await build.camp_registration(camp, person, status="CHECKED_IN"), *sessions)
    await build.camp_staff_member(camp, teacher, duty="INSTRUCTOR")
    await build.connection.execute(
        "INSERT INTO certificate_issuer VALUES ($1, $2), ($1, $3) ON CONFLICT DO NOTHING", issuer, TYPE, OTHER_TYPE
    )

    await do(api, COMPLETE, actor, camp, build)
    first = await certificates(build, camp)
    start = NOW + 3 * DAY
    need = await build.need(skill_code="FIRST_AID", starts_at=start, ends_at=start + DAY)
    duty = await build.assignment(need, teacher)
    await do(api, REOPEN, actor, camp, build, reason="Satu sesi lagi")
    revoked = await certificates(build, camp)
    told = await build.connection.fetch("SELECT subject_key FROM event WHERE kind = 'assignment.certificate_revoked'")
    others = await build.connection.fetchval(
        "SELECT count(*) FROM certificate WHERE camp_id IS NULL AND revoked_on IS NULL"
    )
    await build.connection.execute("UPDATE camp_registration SET status = 'CHECKED_IN' WHERE camp_id = $1", camp)
    await do(api, COMPLETE, actor, camp, build)

    assert first == [(person, TYPE, True), (teacher, OTHER_TYPE, True)]
    assert revoked == [(person, TYPE, False), (teacher, OTHER_TYPE, False)]
    assert [row["subject_key"] for row in told] == [str(duty)]
    assert others == 1
    again = await certificates(build, camp)
    assert [each[2] for each in again] == [False, True, False, True]


async def test_a_passed_result_is_asked_where_the_camp_asks_one(api: Api, build: Build) -> None:
    actor, issuer = await build.coordinator(), await build.organization()
    camp, sessions = await camp_with_sessions(build, issuer, needs_result=True)
    people = [await build.volunteer() for _ in range(2)]
    registrations = [await build.camp_registration(camp, person, status="CHECKED_IN") for person in people]
    for registration in registrations:
        await attend(build, registration, *sessions)
    absent = await build.camp_registration(camp, await build.volunteer())
    results: list[Json] = [
        {"registration": f"CampRegistration:{registrations[0]}", "hasPassed": True, "score": 80},
        {"registration": f"CampRegistration:{registrations[1]}", "hasPassed": True},
        {"registration": f"CampRegistration:{registrations[1]}", "hasPassed": False},
        {"registration": f"CampRegistration:{absent}", "hasPassed": True},
        {"registration": f"CampRegistration:{registrations[0]}", "hasPassed": True, "score": 101},
    ]

    payload = await api.do(RESULTS, actor=actor, camp=f"Camp:{camp}", results=results)
    await do(api, COMPLETE, actor, camp, build)

    passed, failed = {"hasPassed": True, "isMet": True}, {"hasPassed": False, "isMet": False}
    assert [each["campRegistration"] and each["campRegistration"]["completion"] for each in payload["results"]] == [
        passed,
        failed,
        failed,
        None,
        None,
    ]
    assert [[p["code"] for p in each["problems"]] for each in payload["results"]] == [
        [],
        [],
        [],
        ["NOT_FOUND"],
        ["INVALID"],
    ]
    assert await certificates(build, camp) == [(people[0], TYPE, True)]


async def test_the_issuer_agrees_before_anything_is_given_in_its_name(api: Api, build: Build) -> None:
    issuer, host = await build.organization(), await build.organization()
    camp, sessions = await camp_with_sessions(build, issuer, issuer_agreed_at=None, host_id=host)
    manager, stranger = await build.manager(issuer), await build.manager(host)
    await attend(build, await build.camp_registration(camp, await build.volunteer(), status="CHECKED_IN"), *sessions)
    wrong = await build.camp(host, issuer_id=issuer, participant_certificate_code="TKSK_BASIC")

    refused = await do(api, AGREE, stranger, camp, build)
    not_issued = await do(api, AGREE, manager, wrong, build)
    agreed = await do(api, AGREE, manager, camp, build)

    assert refused["problems"] == [problem("Simple", "FORBIDDEN", "camp")]
    assert [each["code"] for each in not_issued["problems"]] == ["TYPE_NOT_ISSUED"]
    assert agreed["problems"] == []
    assert await build.connection.fetchval("SELECT issuer_agreed_at FROM camp WHERE id = $1", camp) == NOW


@pytest.mark.parametrize(
    ("camp_values", "issuer_values", "code"),
    [
        ({"issuer_agreed_at": None}, {}, "ISSUER_NOT_AGREED"),
        ({"issuer_agreed_at": None, "issuer_id": None}, {}, "ISSUER_NOT_AGREED"),
        ({}, {"verification": "SUSPENDED"}, "ORGANIZATION_NOT_VERIFIED"),
        ({"participant_certificate_code": "TKSK_BASIC"}, {}, "TYPE_NOT_ISSUED"),
    ],
)
async def test_certificates_that_cannot_be_given_are_never_left_out_silently(
    api: Api, build: Build, camp_values: Json, issuer_values: Json, code: str
) -> None:
    actor, issuer = await build.coordinator(), await build.organization(**issuer_values)
    camp, sessions = await camp_with_sessions(build, issuer, **{"host_id": issuer, **camp_values})
    await attend(build, await build.camp_registration(camp, await build.volunteer(), status="CHECKED_IN"), *sessions)
    before = await snapshot(build.connection)

    refused = await do(api, COMPLETE, actor, camp, build)
    unchanged = await snapshot(build.connection)
    payload = await do(api, COMPLETE, actor, camp, build, withoutCertificates=True)

    organization = None if "issuer_id" in camp_values else {"id": f"Organization:{issuer}"}
    assert refused["problems"] == [problem("Organization", code, "camp", organization=organization)]
    assert unchanged == before
    assert payload == {"camp": {"status": "COMPLETED"}, "problems": []}
    assert await certificates(build, camp) == []
    withheld = "SELECT change FROM event WHERE kind = 'camp.certificates_withheld'"
    assert orjson.loads(await build.connection.fetchval(withheld)) == {"code": code, "count": 1}


async def test_nobody_needs_an_issuer_where_nobody_has_met_the_rule(api: Api, build: Build) -> None:
    actor, issuer = await build.coordinator(), await build.organization()
    camp, _ = await camp_with_sessions(build, issuer, issuer_agreed_at=None)
    await build.camp_registration(camp, await build.volunteer(), status="CHECKED_IN")

    payload = await do(api, COMPLETE, actor, camp, build)

    assert payload == {"camp": {"status": "COMPLETED"}, "problems": []}


CHANGE = (
    f"mutation($input: ChangeCampInput!) {{ changeCamp(input: $input) {{ camp {{ issuerAgreedAt }} {PROBLEMS} }} }}"
)
ADD_SESSION = f"""mutation($input: AddCampSessionInput!) {{ addCampSession(input: $input) {{
  campSession {{ camp {{ issuerAgreedAt version }} }} {PROBLEMS} }} }}"""
CHANGE_SESSION = f"""mutation($input: ChangeCampSessionInput!) {{ changeCampSession(input: $input) {{
  campSession {{ camp {{ issuerAgreedAt version }} }} {PROBLEMS} }} }}"""


@pytest.mark.parametrize(
    ("values", "is_kept"),
    [
        ({"participantCertificate": OTHER_TYPE}, False),
        ({"instructorCertificate": OTHER_TYPE}, False),
        ({"attendancePercent": 10}, False),
        ({"needsResult": True}, False),
        ({"issuer": None}, False),
        ({"attendancePercent": 80, "participantCertificate": TYPE}, True),
        ({"capacity": 20}, True),
    ],
)
@pytest.mark.parametrize("status", ["OPEN", "RUNNING"])
async def test_what_an_issuer_agreed_to_does_not_change_without_a_new_agreement(
    api: Api, build: Build, values: dict[str, Any], is_kept: bool, status: str
) -> None:
    issuer = await build.organization()
    camp, _ = await camp_with_sessions(build, issuer, status=status)

    payload = await do(api, CHANGE, await build.coordinator(), camp, build, **values)

    agreed_at = instant(NOW) if is_kept else None
    assert payload == {"camp": {"issuerAgreedAt": agreed_at}, "problems": []}


async def test_the_curriculum_is_part_of_what_an_issuer_agrees_to(api: Api, build: Build) -> None:
    actor, issuer = await build.coordinator(), await build.organization()
    camp, (kitchen, *_) = await camp_with_sessions(build, issuer)
    new = {"camp": f"Camp:{camp}", "title": "Api", "startsAt": NOW.isoformat(), "endsAt": (NOW + HOUR).isoformat()}

    moved = await api.do(
        CHANGE_SESSION,
        actor=actor,
        campSession=f"CampSession:{kitchen}",
        version=1,
        startsAt=(NOW - 8 * HOUR).isoformat(),
        endsAt=(NOW - 6 * HOUR).isoformat(),
    )
    optional = await api.do(
        CHANGE_SESSION, actor=actor, campSession=f"CampSession:{kitchen}", version=2, isRequired=False
    )
    stale = await api.do(AGREE, actor=await build.manager(issuer), camp=f"Camp:{camp}", version=1)
    await build.connection.execute("UPDATE camp SET issuer_agreed_at = $1", NOW)
    added = await api.do(ADD_SESSION, actor=actor, **new)

    assert moved["campSession"] == {"camp": {"issuerAgreedAt": instant(NOW), "version": 1}}
    assert optional["campSession"] == {"camp": {"issuerAgreedAt": None, "version": 2}}
    assert stale["problems"] == [problem("Version", "VERSION_CONFLICT", "version", currentVersion=2)]
    assert added["campSession"] == {"camp": {"issuerAgreedAt": None, "version": 3}}


async def test_who_has_come_after_all_gets_the_certificate_that_the_others_have(api: Api, build: Build) -> None:
    """The phone at the gate was offline until the camp had been completed."""
    actor, issuer = await build.coordinator(), await build.organization()
    camp, sessions = await camp_with_sessions(build, issuer)
    people = [await build.volunteer() for _ in range(2)]
    first = await build.camp_registration(camp, people[0], status="CHECKED_IN")
    await attend(build, first, *sessions)
    await build.camp_registration(camp, people[1])
    code = await code_of(api, actor, volunteer=f"Volunteer:{people[1]}")
    await do(api, COMPLETE, actor, camp, build)
    before = await certificates(build, camp)
    late = [
        scan(code, str(session), "SESSION", session=f"CampSession:{session}", at=(NOW - HOUR).isoformat())
        for session in sessions
    ]

    await record(api, actor, camp, scan(code, "entry", at=(NOW - 2 * HOUR).isoformat()), *late, isOffline=True)

    assert before == [(people[0], TYPE, True)]
    assert await certificates(build, camp) == [(person, TYPE, True) for person in people]


async def test_a_certificate_that_was_revoked_by_itself_does_not_come_back(api: Api, build: Build) -> None:
    """Neither with scans that were uploaded late, nor when the camp is reopened and completed again."""
    actor, issuer = await build.coordinator(), await build.organization()
    camp, sessions = await camp_with_sessions(build, issuer)
    kept, lost = [await build.volunteer() for _ in range(2)]
    for person in (kept, lost):
        await attend(build, await build.camp_registration(camp, person, status="CHECKED_IN"), *sessions)
    await do(api, COMPLETE, actor, camp, build)
    sql = "SELECT id FROM certificate WHERE camp_id = $1 AND volunteer_id = $2"
    certificate = f"Certificate:{await build.connection.fetchval(sql, camp, lost)}"

    revoked = await api.do(
        REVOKE, actor=await build.manager(issuer), certificate=certificate, version=1, reason="Bukan dia yang hadir"
    )
    await record(api, actor, camp, isOffline=True)
    late = await certificates(build, camp)
    await do(api, REOPEN, actor, camp, build, reason="Satu sesi lagi")
    await do(api, COMPLETE, actor, camp, build)

    assert revoked["problems"] == []
    assert late == [(kept, TYPE, True), (lost, TYPE, False)]
    assert await certificates(build, camp) == [(kept, TYPE, False), (kept, TYPE, True), (lost, TYPE, False)]


async def test_who_lost_a_certificate_of_the_wrong_type_gets_the_right_one(api: Api, build: Build) -> None:
    """Some were revoked one by one before the camp was reopened for it."""
    actor, issuer = await build.coordinator(), await build.organization()
    camp, sessions = await camp_with_sessions(build, issuer, participant_certificate_code=OTHER_TYPE)
    people = [await build.volunteer() for _ in range(2)]
    for person in people:
        await attend(build, await build.camp_registration(camp, person, status="CHECKED_IN"), *sessions)
    await do(api, COMPLETE, actor, camp, build)
    sql = "SELECT id FROM certificate WHERE camp_id = $1 AND volunteer_id = $2"
    wrong = f"Certificate:{await build.connection.fetchval(sql, camp, people[0])}"
    await api.do(REVOKE, actor=await build.manager(issuer), certificate=wrong, version=1, reason="Jenisnya salah")

    await do(api, REOPEN, actor, camp, build, reason="Jenis sertifikat salah")
    await do(api, CHANGE, actor, camp, build, participantCertificate=TYPE)
    await do(api, AGREE, await build.manager(issuer), camp, build)
    await do(api, COMPLETE, actor, camp, build)
    await do(api, REOPEN, actor, camp, build, reason="Satu sesi lagi")
    await do(api, CHANGE, actor, camp, build, participantCertificate=OTHER_TYPE)
    await do(api, AGREE, await build.manager(issuer), camp, build)
    await do(api, COMPLETE, actor, camp, build)

    own = [(type_, is_valid) for person, type_, is_valid in await certificates(build, camp) if person == people[0]]
    other = [(type_, is_valid) for person, type_, is_valid in await certificates(build, camp) if person == people[1]]
    assert own == [(OTHER_TYPE, False), (TYPE, False)]
    assert other == [(OTHER_TYPE, False), (TYPE, False), (OTHER_TYPE, True)]


async def test_every_instructor_gets_a_number_that_nobody_has_had(api: Api, build: Build) -> None:
    actor, issuer = await build.coordinator(), await build.organization()
    camp, _ = await camp_with_sessions(build, issuer, instructor_certificate_code=OTHER_TYPE)
    teachers = [await build.person() for _ in range(3)]
    ids = [uuid.UUID(int=number) for number in (1, 2, 3)]
    for member, teacher in zip(ids[:2], teachers[:2], strict=True):
        await build.camp_staff_member(camp, teacher, id=member, duty="INSTRUCTOR")
    await do(api, COMPLETE, actor, camp, build)
    await do(api, REOPEN, actor, camp, build, reason="Pelatih diganti")
    await build.connection.execute("UPDATE camp_staff_member SET ended_at = $2 WHERE id = $1", ids[0], NOW)
    await build.camp_staff_member(camp, teachers[2], id=ids[2], duty="INSTRUCTOR")

    await do(api, COMPLETE, actor, camp, build)

    sql = (
        "SELECT volunteer_id, substr(number, 9), revoked_on IS NULL FROM certificate WHERE camp_id = $1 ORDER BY number"
    )
    assert [tuple(row) for row in await build.connection.fetch(sql, camp)] == [
        (teachers[0], "-I0001", False),
        (teachers[1], "-I0002", False),
        (teachers[1], "-I0003/2", True),
        (teachers[2], "-I0004", True),
    ]


async def test_a_number_that_the_issuer_has_given_by_hand_is_passed_over(api: Api, build: Build) -> None:
    actor, issuer = await build.coordinator(), await build.organization()
    camp, _ = await camp_with_sessions(build, issuer, instructor_certificate_code=OTHER_TYPE)
    teacher = await build.person()
    await build.camp_staff_member(camp, teacher, duty="INSTRUCTOR")
    await build.certificate(await build.person(), issuer, number=f"{camp.hex[-8:]} -i0001")

    await do(api, COMPLETE, actor, camp, build)

    numbers = "SELECT substr(number, 9) FROM certificate WHERE camp_id = $1 AND volunteer_id = $2"
    assert await build.connection.fetchval(numbers, camp, teacher) == "-I0001/2"


async def test_a_number_that_is_given_by_hand_while_the_camp_is_completed_is_passed_over(
    api: Api, build: Build
) -> None:
    """The certificate given by hand is not committed yet when the completion begins."""
    actor, issuer = await build.coordinator(), await build.organization()
    camp, _ = await camp_with_sessions(build, issuer, instructor_certificate_code=OTHER_TYPE)
    teacher, other = await build.person(), await build.person()
    await build.camp_staff_member(camp, teacher, duty="INSTRUCTOR")
    by_hand = build.connection.transaction()
    await by_hand.start()
    # As `issueCertificate` does.
    await build.connection.execute("SELECT FROM organization WHERE id = $1 FOR SHARE", issuer)
    await build.certificate(other, issuer, number=f"{camp.hex[-8:]}-I0001")

    completion = asyncio.create_task(api.do(COMPLETE, actor=actor, camp=f"Camp:{camp}", version=1))
    await wait_until(build.connection, LOCK_WAITS, 1)
    await by_hand.commit()

    assert await completion == {"camp": {"status": "COMPLETED"}, "problems": []}
    numbers = "SELECT substr(number, 9) FROM certificate WHERE camp_id = $1 AND volunteer_id = $2"
    assert await build.connection.fetchval(numbers, camp, teacher) == "-I0001/2"


@pytest.mark.parametrize("verb", ["complete", "scan", "reopen", "revoke"])
async def test_who_writes_certificates_holds_neither_them_nor_their_issuer_while_it_waits_for_a_holder(
    api: Api, build: Build, verb: str
) -> None:
    """An acceptance has locked the holder before it waits for organizations and certificates."""
    actor, issuer = await build.coordinator(), await build.organization()
    camp, sessions = await camp_with_sessions(build, issuer)
    people = [await build.volunteer() for _ in range(2)]
    await attend(build, await build.camp_registration(camp, people[0], status="CHECKED_IN"), *sessions)
    second = await build.camp_registration(camp, people[1])
    code = await code_of(api, actor, volunteer=f"Volunteer:{people[1]}")
    if verb != "complete":
        await do(api, COMPLETE, actor, camp, build)
    if verb == "scan":
        await attend(build, second, *sessions)
    certificate = await build.connection.fetchval("SELECT id FROM certificate WHERE camp_id = $1", camp)
    manager, version = await build.manager(issuer), 1 if verb == "complete" else 2
    acceptance = build.connection.transaction()
    await acceptance.start()
    await build.connection.execute("SELECT FROM volunteer WHERE id = any($1) FOR NO KEY UPDATE", people)

    named: Json = {"actor": actor, "camp": f"Camp:{camp}"}
    reason: Json = {"reason": "Satu sesi lagi"}
    late = [scan(code, "entry", at=(NOW - 2 * HOUR).isoformat())]
    writing = asyncio.create_task(
        {
            "complete": lambda: api.do(COMPLETE, **named, version=version),
            "scan": lambda: api.do(RECORD, **named, device="hp-1", scans=late, isOffline=True),
            "reopen": lambda: api.do(REOPEN, **named, version=version, **reason),
            "revoke": lambda: api.do(
                REVOKE, actor=manager, certificate=f"Certificate:{certificate}", version=1, **reason
            ),
        }[verb]()
    )
    await wait_until(build.connection, LOCK_WAITS, 1)
    for table in ("organization", "certificate"):
        await build.connection.execute(f"SELECT FROM {table} FOR NO KEY UPDATE NOWAIT")
    await acceptance.commit()

    assert (await writing)["problems"] == []
    valid = {"complete": people[:1], "scan": people, "reopen": [], "revoke": []}[verb]
    assert [holder for holder, _, is_valid in await certificates(build, camp) if is_valid] == valid


async def test_the_note_of_a_result_is_stored_as_it_is_read(api: Api, build: Build) -> None:
    actor, issuer = await build.coordinator(), await build.organization()
    camp, _ = await camp_with_sessions(build, issuer)
    registration = await build.camp_registration(camp, await build.volunteer(), status="CHECKED_IN")
    result = {"registration": f"CampRegistration:{registration}", "hasPassed": True, "note": "  Tenang\r\n di  air \n"}

    payload = await api.do(RESULTS, actor=actor, camp=f"Camp:{camp}", results=[result])

    assert payload["results"][0]["problems"] == []
    assert await build.connection.fetchval("SELECT note FROM camp_result") == "Tenang\ndi air"
