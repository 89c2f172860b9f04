"""A camp as a force: duties for those inside, and the camp that goes on without who accepts one."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_camp_certificate import COMPLETE, attend, camp_with_sessions, certificates, do
from tests.test_scan import code_of, record, scan

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOBILIZE = f"""mutation($input: MobilizeCampInput!) {{ mobilizeCamp(input: $input) {{
  results {{ position assignment {{ status startsAt camp {{ id }} volunteer {{ id }} }} {PROBLEMS} }} {PROBLEMS} }} }}"""
ACCEPT = f"""mutation($input: AcceptAssignmentInput!) {{ acceptAssignment(input: $input) {{
  assignment {{ status startsAt }} {PROBLEMS} }} }}"""
PERIOD: dict[str, Any] = {"starts_at": NOW - HOUR, "ends_at": NOW + DAY}


async def mobilize(
    api: Api, actor: uuid.UUID, camp: uuid.UUID, need: uuid.UUID, people: list[uuid.UUID], **values: Any
) -> Json:
    names = [f"Volunteer:{person}" for person in people]
    return await api.do(MOBILIZE, actor=actor, camp=f"Camp:{camp}", need=f"Need:{need}", volunteers=names, **values)


async def accept(api: Api, build: Build, person: uuid.UUID) -> Json:
    key = await build.connection.fetchval("SELECT id FROM assignment WHERE volunteer_id = $1", person)
    actor = await build.volunteer_account(person)
    return await api.do(ACCEPT, actor=actor, assignment=f"Assignment:{key}", version=1)


async def enter(api: Api, build: Build, actor: uuid.UUID, camp: uuid.UUID, people: list[uuid.UUID]) -> list[uuid.UUID]:
    """Registers people and scans them in at the gate; their registrations."""
    registrations = [await build.camp_registration(camp, person) for person in people]
    for person in people:
        code = await code_of(api, actor, volunteer=f"Volunteer:{person}")
        await record(api, actor, camp, scan(code, str(person), at=instant(NOW - 2 * HOUR)))
    return registrations


def offered(position: int, person: uuid.UUID, camp: uuid.UUID) -> Json:
    named = {"camp": {"id": f"Camp:{camp}"}, "volunteer": {"id": f"Volunteer:{person}"}}
    return {
        "position": position,
        "assignment": {"status": "OFFERED", "startsAt": instant(NOW), **named},
        "problems": [],
    }


def refused(position: int, *problems: Json) -> Json:
    found = [{**each, "path": ["input", "volunteers", str(position)]} for each in problems]
    return {"position": position, "assignment": None, "problems": found}


async def standing(build: Build, camp: uuid.UUID) -> list[tuple[Any, ...]]:
    """How the registrations of a camp stand, and until when their time is promised."""
    rows = await build.connection.fetch(
        "SELECT status, upper(period) FROM camp_registration AS r LEFT JOIN commitment AS c ON registration_id = r.id"
        " WHERE camp_id = $1 ORDER BY number",
        camp,
    )
    return [tuple(row) for row in rows]


async def test_the_camp_of_kalteng_goes_to_a_neighbouring_kabupaten_on_its_second_day(api: Api, build: Build) -> None:
    actor, issuer = await build.coordinator(province_code="62"), await build.organization()
    camp, sessions = await camp_with_sessions(build, issuer, kabupaten_code=NEIGHBOUR, capacity=4)
    need = await build.need(wanted=2, **PERIOD)
    # Nobody nearer stands in the way.
    await build.volunteer(issuer)
    people = [await build.volunteer(issuer, kabupaten_code=NEIGHBOUR) for _ in range(3)]
    untrained = await build.person(kabupaten_code=NEIGHBOUR)
    await build.membership(untrained, issuer)
    registrations = await enter(api, build, actor, camp, [*people, untrained])
    await attend(build, registrations[0], *sessions)
    await attend(build, registrations[2], *sessions)
    await build.camp_registration(camp, await build.volunteer(issuer), status="WAITLISTED")

    named = await mobilize(api, actor, camp, need, [people[0], untrained])
    further = await mobilize(api, actor, camp, need, [], further=5)
    answers = [await accept(api, build, person) for person in people]
    await do(api, COMPLETE, actor, camp, build)

    untaught = problem("Training", "NOT_TRAINED", skill={"code": "WATER_RESCUE"}, certificate=None)
    assert named == {"problems": [], "results": [offered(0, people[0], camp), refused(1, untaught)]}
    assert further["results"] == [offered(each, people[each + 1], camp) for each in range(2)]
    origins = await build.connection.fetch(
        "SELECT change ->> 'camp', change ->> 'tier', (change ->> 'kilometres')::float FROM event"
        " WHERE kind = 'assignment.offered'"
    )
    assert [tuple(row) for row in origins] == [(str(camp), "2", 87.8)] * 3
    accepted = {"assignment": {"status": "ACCEPTED", "startsAt": instant(NOW)}, "problems": []}
    full = problem("Limit", "NEED_FULL", "assignment", count=2, limit=2)
    assert answers == [accepted, accepted, {"assignment": None, "problems": [full]}]
    assert await standing(build, camp) == [
        *[("RELEASED", NOW)] * 2,
        *[("COMPLETED", NOW)] * 2,
        ("EXPIRED", None),
    ]
    assert [(person, valid) for person, _, valid in await certificates(build, camp)] == [
        (people[0], True),
        (people[2], True),
    ]


async def test_a_place_left_for_a_duty_is_not_filled_again(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await build.camp(status="RUNNING", capacity=2, **PERIOD)
    quota = await build.row("camp_quota", camp_id=camp, kabupaten_code=HOME, places=2)
    person, stays = await build.volunteer(), await build.volunteer()
    _, other = await enter(api, build, actor, camp, [person, stays])
    for _ in range(2):
        await build.camp_registration(camp, await build.volunteer(), status="WAITLISTED")
    await mobilize(api, actor, camp, await build.need(**PERIOD), [person])

    await accept(api, build, person)
    left = await build.connection.fetchrow(
        "SELECT taken, (SELECT taken FROM camp_quota WHERE id = $1) FROM camp", quota
    )
    release = """mutation($input: ReleaseParticipantInput!) { releaseParticipant(input: $input) {
      campRegistration { status } problems { code } } }"""
    version = await build.connection.fetchval("SELECT version FROM camp_registration WHERE id = $1", other)
    await api.do(release, actor=actor, campRegistration=f"CampRegistration:{other}", version=version, reason="Pulang")
    code = await code_of(api, actor, volunteer=f"Volunteer:{person}")
    await record(api, actor, camp, scan(code, "exit", "EXIT"))

    statuses = [status for status, _ in await standing(build, camp)]
    assert left is not None
    assert tuple(left) == (2, 2)
    assert statuses == ["RELEASED", "RELEASED", "REGISTERED", "WAITLISTED"]
    inside = "query($id: ID!) { camp(id: $id) { presentCount } }"
    assert await api.ask(inside, actor=actor, id=f"Camp:{camp}") == {"camp": {"presentCount": 1}}


async def test_only_who_is_inside_is_offered_it_and_reach_is_from_home(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await build.camp(status="RUNNING", **PERIOD)
    need = await build.need(**PERIOD)
    narrow = await build.volunteer(kabupaten_code=NEIGHBOUR, reach="KABUPATEN")
    outside, staff = await build.volunteer(), await build.volunteer()
    await enter(api, build, actor, camp, [narrow])
    await build.camp_registration(camp, outside, status="CHECKED_IN")
    await build.camp_staff_member(camp, staff)
    before = await snapshot(build.connection)

    answer = await mobilize(api, actor, camp, need, [outside, narrow, staff, uuid.UUID(int=7)], further=3)

    not_inside = problem("Simple", "NOT_INSIDE")
    reasons = [not_inside, problem("Simple", "BEYOND_REACH"), not_inside, problem("Simple", "NOT_FOUND")]
    assert answer == {"problems": [], "results": [refused(*each) for each in enumerate(reasons)]}
    assert await snapshot(build.connection) == before


# What was scanned at the gate, in the order in which it came: the point, and how many hours ago.
@pytest.mark.parametrize(
    ("scanned", "is_inside"),
    [
        ((), False),
        ((("ENTRY", 2),), True),
        ((("ENTRY", 2), ("EXIT", 1)), False),
        ((("EXIT", 1), ("ENTRY", 2)), False),
        ((("ENTRY", 3), ("EXIT", 2), ("ENTRY", 1)), True),
        ((("ENTRY", 1), ("EXIT", 2), ("ENTRY", 3)), True),
        ((("ENTRY", 2), ("ENTRY", 2), ("EXIT", 1)), False),
        ((("ENTRY", 2), ("EXIT", 2)), False),
        ((("ENTRY", -1),), False),
        ((("ENTRY", 2), ("EXIT", -1)), True),
        ((("EXIT", 2),), False),
    ],
)
async def test_who_is_inside_follows_from_the_gate_in_whatever_order_it_is_reported(
    api: Api, build: Build, scanned: tuple[tuple[str, int], ...], *, is_inside: bool
) -> None:
    actor, camp = await build.coordinator(), await build.camp(status="RUNNING", **{**PERIOD, "starts_at": NOW - DAY})
    need, person = await build.need(**PERIOD), await build.volunteer()
    await build.camp_registration(camp, person)
    code = await code_of(api, actor, volunteer=f"Volunteer:{person}")
    for number, (point, hours) in enumerate(scanned):
        await record(api, actor, camp, scan(code, str(number), point, at=instant(NOW - hours * HOUR)))

    named = await mobilize(api, actor, camp, need, [person])
    further = await mobilize(api, actor, camp, await build.need(**PERIOD), [], further=1)

    first = offered(0, person, camp) if is_inside else refused(0, problem("Simple", "NOT_INSIDE"))
    assert named == {"problems": [], "results": [first]}
    assert further == {"problems": [], "results": [offered(0, person, camp)] if is_inside else []}


async def test_why_nobody_can_be_sent_is_said_where_nobody_is_named(api: Api, build: Build) -> None:
    actor, camp = await build.coordinator(), await build.camp(status="RUNNING", **{**PERIOD, "starts_at": NOW - DAY})
    need = await build.need(**PERIOD)
    await enter(api, build, actor, camp, [await build.volunteer()])
    before = await snapshot(build.connection)

    answer = await mobilize(api, actor, camp, need, [], further=1, endsAt=instant(NOW + DAY + HOUR))

    assert answer["results"] == []
    assert [(each["code"], each["path"]) for each in answer["problems"]] == [("PERIOD_OUTSIDE", ["input", "further"])]
    assert await snapshot(build.connection) == before


# When the need begins and ends, and the period that is asked for, in hours from now.
@pytest.mark.parametrize(("of_need", "asked"), [((-30, -25), None), ((-30, 24), (-28, -26))])
async def test_a_duty_that_is_over_is_not_offered(
    api: Api, build: Build, of_need: tuple[int, int], asked: tuple[int, int] | None
) -> None:
    running: dict[str, Any] = {"status": "RUNNING", "starts_at": NOW - 2 * DAY, "ends_at": NOW + DAY}
    actor, camp = await build.coordinator(), await build.camp(**running)
    since, until = [NOW + hours * HOUR for hours in of_need]
    need, person = await build.need(starts_at=since, ends_at=until), await build.volunteer()
    await enter(api, build, actor, camp, [person])
    named = [NOW + hours * HOUR for hours in asked or ()]
    period = dict(zip(("startsAt", "endsAt"), map(instant, named), strict=False))
    before = await snapshot(build.connection)

    answer = await mobilize(api, actor, camp, need, [person], **period)

    past = problem("Deadline", "PERIOD_PAST", deadline=instant(named[1] if asked else until))
    assert answer == {"problems": [], "results": [refused(0, past)]}
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize("status", ["DRAFT", "OPEN", "CLOSED", "COMPLETED", "CANCELLED"])
async def test_only_a_camp_that_runs_is_mobilized(api: Api, build: Build, status: str) -> None:
    actor, need = await build.coordinator(), await build.need(**PERIOD)
    reason: dict[str, Any] = {"reason": "Batal"} if status == "CANCELLED" else {}
    camp = await build.camp(status=status, **PERIOD, **reason)
    before = await snapshot(build.connection)

    answer = await mobilize(api, actor, camp, need, [], further=1)

    refusal = problem("Status", "WRONG_STATUS", "camp", currentStatus=status)
    assert answer == {"results": [], "problems": [refusal]}
    assert await snapshot(build.connection) == before


async def test_both_the_camp_and_the_need_must_be_the_coordinators(api: Api, build: Build) -> None:
    host = await build.organization()
    camp = await build.camp(host, status="RUNNING", **PERIOD)
    over, need = await build.camp(host, **PERIOD), await build.need(kabupaten_code=NEIGHBOUR, **PERIOD)
    of_camp, of_need = [await build.coordinator(kabupaten_code=code) for code in (HOME, NEIGHBOUR)]
    province, manager = await build.coordinator(province_code="62"), await build.manager(host)
    before = await snapshot(build.connection)

    answers = [
        await mobilize(api, of_camp, camp, need, []),
        await mobilize(api, of_need, camp, need, []),
        await mobilize(api, manager, camp, need, []),
        await mobilize(api, province, over, need, []),
        await mobilize(api, province, camp, need, [], further=1_001),
    ]

    assert [answer["problems"] for answer in answers] == [
        [problem("Simple", "FORBIDDEN", "need")],
        [problem("Simple", "FORBIDDEN", "camp")],
        [problem("Simple", "FORBIDDEN")],
        [problem("Status", "WRONG_STATUS", "camp", currentStatus="OPEN")],
        [problem("Simple", "INVALID", "volunteers")],
    ]
    assert await snapshot(build.connection) == before
