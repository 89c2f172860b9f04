import uuid
from datetime import timedelta
from typing import Any

import orjson
import pytest

from api.services.camp_change import MOST_QUOTAS, read_quota_inputs
from api.services.problem import Problems
from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_camp_registration import commitments, line

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CHANGE = f"""mutation($input: ChangeCampInput!) {{ changeCamp(input: $input) {{ camp {{ capacity taken startsAt endsAt
  quotas {{ organization {{ id }} kabupaten {{ code }} category {{ code }} sex places taken }} }} {PROBLEMS} }} }}"""
STAFF = f"""mutation($input: SetCampStaffInput!) {{ setCampStaff(input: $input) {{
  campStaffMember {{ duty endedAt volunteer {{ id }} }} {PROBLEMS} }} }}"""


async def change(api: Api, build: Build, camp: uuid.UUID, **values: Any) -> Json:
    return await api.do(CHANGE, actor=await build.coordinator(), camp=f"Camp:{camp}", version=1, **values)


def held(*registrations: uuid.UUID, at: tuple[str, ...]) -> list[Json]:
    return [
        problem("Registration", "PLACE_HELD", *at, registration={"id": f"CampRegistration:{each}"})
        for each in registrations
    ]


async def test_a_capacity_below_what_is_held_is_refused_with_the_last_names(api: Api, build: Build) -> None:
    camp = await build.camp(capacity=3)
    registrations = [await build.camp_registration(camp, await build.person()) for _ in range(3)]
    await build.camp_registration(camp, await build.person(), status="WAITLISTED")
    before = await snapshot(build.connection)

    payload = await change(api, build, camp, capacity=1)

    below = problem("Limit", "BELOW_TAKEN", "capacity", count=3, limit=1)
    assert payload["problems"] == [below, *held(registrations[2], registrations[1], at=("capacity",))]
    assert {**await snapshot(build.connection), "account": [], "role": []} == {**before, "account": [], "role": []}


async def test_a_raised_capacity_goes_to_the_line(api: Api, build: Build) -> None:
    camp = await build.camp(capacity=1)
    await build.camp_registration(camp, await build.person())
    for _ in range(3):
        await build.camp_registration(camp, await build.person(), status="WAITLISTED")

    payload = await change(api, build, camp, capacity=3)

    assert (payload["camp"]["capacity"], payload["camp"]["taken"]) == (3, 3)
    statuses = [(1, "REGISTERED"), (2, "REGISTERED"), (3, "REGISTERED"), (4, "WAITLISTED")]
    assert await line(api, build, camp) == (0, statuses)


class CountedText(str):
    """Counts how often it is compared with others like it."""

    __slots__ = ()
    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        CountedText.compared += 1
        return str.__eq__(self, other) is True


async def test_as_many_quotas_as_may_be_are_not_compared_with_each_other(api: Api) -> None:
    quotas = [{"sex": CountedText(str(number)), "places": 1} for number in range(MOST_QUOTAS)]
    problems = Problems()

    async with api.services.database.transaction() as session:
        read = await read_quota_inputs(session, problems, quotas)

    assert (len(read), problems.listed) == (MOST_QUOTAS, ())
    assert CountedText.compared < MOST_QUOTAS


async def test_quotas_are_replaced_and_count_who_is_there(api: Api, build: Build) -> None:
    camp, organization = await build.camp(), await build.organization()
    await build.row("camp_quota", camp_id=camp, kabupaten_code=HOME, places=3)
    await build.row("camp_quota", camp_id=camp, sex="MALE", places=1)
    registrations = [await build.camp_registration(camp, await build.person()) for _ in range(2)]
    await build.camp_registration(camp, await build.person(), organization_id=organization, sex="FEMALE")

    refused = await change(
        api,
        build,
        camp,
        quotas=[{"kabupaten": HOME, "places": 1}, {"organization": f"Organization:{organization}", "places": 0}],
    )
    senseless = await change(
        api, build, camp, quotas=[{"places": 1}, {"kabupaten": FAR, "places": 1}, {"kabupaten": FAR, "places": 2}]
    )
    payload = await change(
        api, build, camp, quotas=[{"kabupaten": HOME, "sex": "FEMALE", "places": 1}, {"kabupaten": HOME, "places": 4}]
    )

    first = problem("Limit", "BELOW_TAKEN", "quotas", "0", "places", count=3, limit=1)
    assert [each["path"][2] for each in refused["problems"]] == ["0", "0", "0", "1", "1"]
    assert refused["problems"][0] == first
    assert refused["problems"][2] == held(registrations[1], at=("quotas", "0", "places"))[0]
    assert [(each["code"], each["path"][2]) for each in senseless["problems"]] == [("INVALID", "0"), ("INVALID", "2")]
    general = {"organization": None, "category": None, "kabupaten": {"code": HOME}}
    assert sorted(payload["camp"]["quotas"], key=lambda each: each["places"]) == [
        {**general, "sex": "FEMALE", "places": 1, "taken": 1},
        {**general, "sex": None, "places": 4, "taken": 3},
    ]


async def test_the_days_of_a_camp_move_with_its_people(api: Api, build: Build) -> None:
    camp = await build.camp()
    person, cook = await build.person(), await build.person()
    await build.camp_registration(camp, person)
    await build.camp_staff_member(camp, cook)
    starts, ends = NOW + 3 * DAY, NOW + 7 * DAY

    payload = await change(api, build, camp, startsAt=starts.isoformat(), endsAt=ends.isoformat())

    assert payload["problems"] == []
    assert await commitments(build) == [(each, starts, ends) for each in sorted((person, cook))]


async def test_a_camp_does_not_move_onto_other_commitments_of_its_people(api: Api, build: Build) -> None:
    camp = await build.camp()
    busy, free, cook = await build.volunteer(), await build.volunteer(), await build.volunteer()
    for person in (busy, free):
        await build.camp_registration(camp, person)
    await build.camp_staff_member(camp, cook)
    for person in (busy, cook):
        need = await build.need(starts_at=NOW + 6 * DAY, ends_at=NOW + 8 * DAY)
        await build.assignment(need, person, status="ACCEPTED")
    before = await commitments(build)

    payload = await change(api, build, camp, endsAt=(NOW + 6 * DAY + HOUR).isoformat())

    period = {"startsAt": instant(NOW + 6 * DAY), "endsAt": instant(NOW + 8 * DAY)}
    assert payload["problems"] == [
        problem("BusyPerson", "DAYS_TAKEN", "startsAt", volunteer={"id": f"Volunteer:{person}"}, **period)
        for person in sorted((busy, cook))
    ]
    assert await commitments(build) == before


async def test_a_host_learns_no_days_of_whom_it_does_not_answer_for_by_moving_its_camp(api: Api, build: Build) -> None:
    host, person = await build.organization(), await build.volunteer()
    camp, manager = await build.camp(host), await build.manager(host)
    await build.camp_registration(camp, person)
    await build.assignment(await build.need(starts_at=NOW + 6 * DAY, ends_at=NOW + 8 * DAY), person, status="ACCEPTED")

    payload = await api.do(
        CHANGE, actor=manager, camp=f"Camp:{camp}", version=1, endsAt=(NOW + 6 * DAY + HOUR).isoformat()
    )

    hidden = dict.fromkeys(("volunteer", "startsAt", "endsAt"))
    assert payload["problems"] == [problem("BusyPerson", "DAYS_TAKEN", "startsAt", **hidden)]


async def test_who_has_left_a_camp_does_not_keep_it_from_moving(api: Api, build: Build) -> None:
    """One was released for a duty, one worked there before, one came after a duty of the first day."""
    camp = await build.camp(status="RUNNING", starts_at=NOW - DAY, ends_at=NOW + DAY)
    left, worked, later = await build.volunteer(), await build.volunteer(), await build.volunteer()
    released = await build.camp_registration(camp, left, status="RELEASED")
    ended = await build.camp_staff_member(camp, worked)
    stays = await build.camp_registration(camp, later, status="CHECKED_IN")
    await build.connection.execute("UPDATE camp_staff_member SET ended_at = $1", NOW - HOUR)
    past = "UPDATE commitment SET period = tstzrange(lower(period), $1) WHERE $2 IN (registration_id, staff_member_id)"
    for key in (released, ended):
        await build.connection.execute(past, NOW - HOUR, key)
    since = "UPDATE commitment SET period = tstzrange($1, upper(period)) WHERE registration_id = $2"
    await build.connection.execute(since, NOW - HOUR, stays)
    for person, starts_at in ((left, NOW), (worked, NOW), (later, NOW - 3 * HOUR)):
        need = await build.need(starts_at=starts_at, ends_at=starts_at + 2 * HOUR)
        await build.assignment(need, person, status="ACCEPTED")

    payload = await change(api, build, camp, endsAt=(NOW + 2 * DAY).isoformat())

    assert payload["problems"] == []
    period = "SELECT period FROM commitment WHERE registration_id = $1"
    moved = await build.connection.fetchval(period, stays)
    assert (moved.lower, moved.upper) == (NOW - HOUR, NOW + 2 * DAY)


# A camp from day 2 to day 5: what is set, the new days, and the field that is wrong then.
DEADLINES: list[tuple[Json, tuple[int, int], str | None]] = [
    ({"names_due_at": 2}, (2, 5), None),
    ({"names_due_at": 2}, (3, 6), None),
    ({"names_due_at": 2}, (1, 4), "startsAt"),
    ({"names_due_at": 1}, (1, 4), None),
    ({"names_due_at": 2, "status": "ASKED"}, (1, 4), "startsAt"),
    ({"names_due_at": 2, "status": "WAITLISTED"}, (1, 4), "startsAt"),
    ({"names_due_at": 2, "status": "RELEASED", "reason": "Batal"}, (1, 4), None),
    ({"names_due_at": 2}, (2, 3), None),
    ({"offers_from": 4}, (3, 6), None),
    ({"offers_from": 4}, (2, 5), None),
    ({"offers_from": 4}, (1, 4), "offersFrom"),
    ({"registration_opens_at": 3}, (3, 6), None),
    ({"registration_opens_at": 3}, (1, 3), "registrationOpensAt"),
    ({"registration_closes_at": 4}, (1, 4), None),
    ({"registration_closes_at": 4}, (1, 3), "registrationClosesAt"),
]


@pytest.mark.parametrize(("values", "days", "expected"), DEADLINES)
async def test_deadlines_stay_where_a_camp_moves_and_are_not_left_after_it(
    api: Api, build: Build, values: Json, days: tuple[int, int], expected: str | None
) -> None:
    own: dict[str, Any] = {name: NOW + each * DAY if isinstance(each, int) else each for name, each in values.items()}
    is_of_contingent = "names_due_at" in own
    camp = await build.camp(**({} if is_of_contingent else own))
    contingent = await build.contingent(camp, await build.organization(), **own) if is_of_contingent else None
    starts, ends = (instant(NOW + each * DAY) for each in days)

    payload = await change(api, build, camp, startsAt=starts, endsAt=ends)

    table, key = ("contingent", contingent) if is_of_contingent else ("camp", camp)
    row = await build.connection.fetchrow(f"SELECT * FROM {table} WHERE id = $1", key)
    assert row is not None
    assert [(each["code"], each["path"]) for each in payload["problems"]] == (
        [("INVALID", ["input", expected])] if expected else []
    )
    stays = {name: each for name, each in own.items() if name.endswith(("_at", "_from"))}
    assert {name: row[name] for name in stays} == stays
    moved = await build.connection.fetchrow("SELECT starts_at, ends_at FROM camp WHERE id = $1", camp)
    assert moved is not None
    assert tuple(moved) == tuple(NOW + each * DAY for each in ((2, 5) if expected else days))


@pytest.mark.parametrize(("ends", "until"), [(5, 4), (4, 4), (3, 3)])
async def test_the_answer_to_an_offer_is_due_when_the_camp_ends_at_the_latest(
    api: Api, build: Build, ends: int, until: int
) -> None:
    camp = await build.camp()
    offer = await build.camp_registration(camp, await build.person(), status="OFFERED", offered_until=NOW + 4 * DAY)

    payload = await change(api, build, camp, endsAt=instant(NOW + ends * DAY))

    assert payload["problems"] == []
    row = await build.connection.fetchrow("SELECT offered_until, version FROM camp_registration WHERE id = $1", offer)
    assert tuple(row or ()) == (NOW + until * DAY, 2 if until < 4 else 1)
    told = "SELECT change FROM event WHERE subject_type = 'CampRegistration' AND kind = 'camp_registration.offer_cut'"
    events = [orjson.loads(event["change"]) for event in await build.connection.fetch(told)]
    due = {"camp": str(camp), "offered_until": (NOW + until * DAY).isoformat()}
    assert events == ([due] if until < 4 else [])


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (1, 1, (1, 1, 2)),
        (-1, 0, (-1, -1, 2)),
        (0, 1, (0, 0, 1)),
        (0, -2, "endsAt"),
        (1, 0, "endsAt"),
    ],
)
async def test_the_sessions_of_a_camp_move_with_it(
    api: Api, build: Build, starts: int, ends: int, expected: Any
) -> None:
    """By days: of the camp from 2 to 5, whose last session is on the last day."""
    camp = await build.camp()
    times = {"starts_at": NOW + 4 * DAY, "ends_at": NOW + 5 * DAY}
    session = await build.row("camp_session", camp_id=camp, title="Air", is_required=True, **times)

    payload = await change(
        api,
        build,
        camp,
        startsAt=(NOW + (2 + starts) * DAY).isoformat(),
        endsAt=(NOW + (5 + ends) * DAY).isoformat(),
    )

    row = await build.connection.fetchrow("SELECT starts_at, ends_at, version FROM camp_session WHERE id = $1", session)
    assert row is not None
    if isinstance(expected, str):
        assert [each["path"] for each in payload["problems"]] == [["input", expected]]
        assert tuple(row) == (NOW + 4 * DAY, NOW + 5 * DAY, 1)
        return
    assert payload["problems"] == []
    assert tuple(row) == (NOW + (4 + expected[0]) * DAY, NOW + (5 + expected[1]) * DAY, expected[2])


@pytest.mark.parametrize(("by", "version"), [(3, 2), (0, 1)])
async def test_the_arrivals_of_contingents_move_with_the_start_of_a_camp(
    api: Api, build: Build, by: int, version: int
) -> None:
    camp = await build.camp()
    arrives, unknown = [
        await build.contingent(camp, await build.organization(), arrives_at=at) for at in (NOW + DAY, None)
    ]

    payload = await change(
        api,
        build,
        camp,
        startsAt=(NOW + (2 + by) * DAY).isoformat(),
        endsAt=(NOW + 9 * DAY).isoformat(),
    )

    rows = await build.connection.fetch("SELECT id, arrives_at, version FROM contingent")
    assert payload["problems"] == []
    assert {tuple(row) for row in rows} == {(arrives, NOW + (1 + by) * DAY, version), (unknown, None, 1)}


@pytest.mark.parametrize("field", ["startsAt", "endsAt"])
async def test_the_start_of_a_running_camp_stays_and_its_end_lies_ahead(api: Api, build: Build, field: str) -> None:
    camp = await build.camp(status="RUNNING", starts_at=NOW - DAY)

    payload = await change(api, build, camp, **{field: NOW.isoformat()})

    assert payload["problems"] == [problem("Simple", "INVALID", field)]


async def test_staff_promise_their_days_and_run_the_camp_with_their_accounts(api: Api, build: Build) -> None:
    host = await build.organization()
    camp = await build.camp(host, capacity=1)
    medic, cook = await build.person(), await build.person()
    account = await build.volunteer_account(medic)
    keeper, id_ = await build.coordinator(), f"Camp:{camp}"

    answers = [
        await api.do(STAFF, actor=keeper, camp=id_, volunteer=f"Volunteer:{person}", duty=duty)
        for person, duty in ((medic, "MEDIC"), (cook, "COOK"), (medic, "COMMITTEE"))
    ]

    assert [each["campStaffMember"]["duty"] for each in answers] == ["MEDIC", "COOK", "COMMITTEE"]
    assert await commitments(build) == [(each, NOW + 2 * DAY, NOW + 5 * DAY) for each in sorted((medic, cook))]
    roles = "SELECT account_id, kind, camp_id, since, until, ended_at FROM role WHERE camp_id IS NOT NULL"
    # 08:00 of the third to 08:00 of the sixth, in Jakarta.
    midnight = NOW + 2 * DAY - 8 * HOUR
    granted = (account, "CAMP_STAFF", camp, midnight, midnight + 4 * DAY)
    assert [tuple(row) for row in await build.connection.fetch(roles)] == [(*granted, None)]

    ended = await api.do(STAFF, actor=keeper, camp=id_, volunteer=f"Volunteer:{medic}", duty=None)

    assert ended["campStaffMember"]["endedAt"] == instant(NOW)
    assert await commitments(build) == [(cook, NOW + 2 * DAY, NOW + 5 * DAY)]
    assert [tuple(row) for row in await build.connection.fetch(roles)] == [(*granted, NOW)]


async def test_staff_whose_account_came_later_are_granted_the_role_when_set_again(api: Api, build: Build) -> None:
    camp, medic = await build.camp(), await build.person()
    keeper, id_ = await build.coordinator(), f"Camp:{camp}"
    member: Json = {"actor": keeper, "camp": id_, "volunteer": f"Volunteer:{medic}", "duty": "MEDIC"}
    await api.do(STAFF, **member)
    account = await build.volunteer_account(medic)

    answers = [await api.do(STAFF, **member) for _ in range(2)]
    roles = "SELECT account_id, kind, camp_id, ended_at FROM role WHERE camp_id IS NOT NULL"
    granted = [tuple(row) for row in await build.connection.fetch(roles)]
    await api.do(STAFF, **{**member, "duty": None})

    assert [each["problems"] for each in answers] == [[], []]
    assert granted == [(account, "CAMP_STAFF", camp, None)]
    assert [tuple(row) for row in await build.connection.fetch(roles)] == [(account, "CAMP_STAFF", camp, NOW)]


@pytest.mark.parametrize("how", ["former", "suspended", "closed"])
async def test_a_host_learns_nothing_of_the_days_of_somebody_it_does_not_answer_for(
    api: Api, build: Build, how: str
) -> None:
    """Not by the refusal of a person who is away; who works at the camp already is still taken off."""
    host = await build.organization()
    camp, keeper = await build.camp(host), await build.manager(host)
    away, free, member = await build.person(), await build.person(), await build.person()
    until = NOW.date() - DAY if how == "former" else None
    for person in (away, free, member):
        await build.membership(person, host, until=until)
    await build.absence(away, kind="ILLNESS", since=NOW.date(), until=NOW.date() + 9 * DAY)
    await build.camp_staff_member(camp, member)
    if how != "former":
        await build.connection.execute("UPDATE organization SET verification = $1", how.upper())
    before = await snapshot(build.connection)

    refused = [
        await api.do(STAFF, actor=keeper, camp=f"Camp:{camp}", volunteer=f"Volunteer:{person}", duty="COOK")
        for person in (away, free)
    ]
    unchanged = await snapshot(build.connection)
    ended = await api.do(STAFF, actor=keeper, camp=f"Camp:{camp}", volunteer=f"Volunteer:{member}", duty=None)

    assert refused == [{"campStaffMember": None, "problems": [problem("Simple", "FORBIDDEN", "volunteer")]}] * 2
    assert unchanged == before
    assert ended["campStaffMember"]["endedAt"] == instant(NOW)


@pytest.mark.parametrize("is_host", [True, False])
async def test_nobody_gives_staff_a_role_for_longer_than_their_own(api: Api, build: Build, is_host: bool) -> None:
    host = await build.organization()
    camp = await build.camp(host)
    medic, cook = await build.person(), await build.person()
    await build.volunteer_account(medic)
    keeper, id_ = await build.account(), f"Camp:{camp}"
    scope = {"kind": "MANAGER", "organization_id": host} if is_host else {"kind": "COORDINATOR", "kabupaten_code": HOME}
    own = await build.row("role", account_id=keeper, **scope, until=NOW + 4 * DAY)
    if is_host:
        for person in (medic, cook):
            await build.membership(person, host)
    before = await snapshot(build.connection)

    refused = await api.do(STAFF, actor=keeper, camp=id_, volunteer=f"Volunteer:{medic}", duty="MEDIC")
    assert refused == {"campStaffMember": None, "problems": [problem("Simple", "FORBIDDEN", "volunteer")]}
    assert await snapshot(build.connection) == before
    without_account = await api.do(STAFF, actor=keeper, camp=id_, volunteer=f"Volunteer:{cook}", duty="COOK")
    # 08:00 of the sixth, in Jakarta.
    await build.connection.execute("UPDATE role SET until = $2 WHERE id = $1", own, NOW + 6 * DAY - 8 * HOUR)
    allowed = await api.do(STAFF, actor=keeper, camp=id_, volunteer=f"Volunteer:{medic}", duty="MEDIC")
    before = await snapshot(build.connection)
    longer = {"endsAt": (NOW + 6 * DAY).isoformat()}
    extended = await api.do(CHANGE, actor=keeper, camp=id_, version=1, **longer)
    unchanged = await snapshot(build.connection)
    others = await api.do(CHANGE, actor=await build.coordinator(), camp=id_, version=1, **longer)

    assert [each["problems"] for each in (without_account, allowed, others)] == [[], [], []]
    assert extended == {"camp": None, "problems": [problem("Simple", "FORBIDDEN", "endsAt")]}
    assert unchanged == before
    until = await build.connection.fetchval("SELECT until FROM role WHERE camp_id = $1", camp)
    assert until == NOW + 7 * DAY - 8 * HOUR


async def test_who_comes_to_a_camp_does_not_work_there(api: Api, build: Build) -> None:
    camp = await build.camp()
    person = await build.person()
    await build.camp_registration(camp, person)

    payload = await api.do(
        STAFF, actor=await build.coordinator(), camp=f"Camp:{camp}", volunteer=f"Volunteer:{person}", duty="COOK"
    )

    period = {"startsAt": instant(NOW + 2 * DAY), "endsAt": instant(NOW + 5 * DAY)}
    clash = problem("Camp", "IN_CAMP", "volunteer", camp={"id": f"Camp:{camp}"}, **period)
    assert payload == {"campStaffMember": None, "problems": [clash]}


END = """mutation($input: %sInput!) { %s(input: $input) { camp { status } problems { code } } }"""


async def end(api: Api, build: Build, name: str, camp: uuid.UUID, version: int = 1, **values: Any) -> None:
    payload = await api.do(
        END % (name[0].upper() + name[1:], name),
        actor=await build.coordinator(),
        camp=f"Camp:{camp}",
        version=version,
        **values,
    )
    assert payload["problems"] == []


async def running_camp(build: Build) -> uuid.UUID:
    camp = await build.camp(status="RUNNING", starts_at=NOW - DAY, ends_at=NOW + DAY, capacity=4)
    for status in ("CHECKED_IN", "REGISTERED", "OFFERED", "WAITLISTED", "CANCELLED"):
        await build.camp_registration(camp, await build.person(), status=status)
    return camp


async def test_a_completed_camp_has_completed_and_missed_registrations(api: Api, build: Build) -> None:
    camp = await running_camp(build)

    await end(api, build, "completeCamp", camp)
    completed = await line(api, build, camp)
    await end(api, build, "reopenCamp", camp, 2, reason="Satu sesi tertinggal")

    rest = [(3, "EXPIRED"), (4, "EXPIRED"), (5, "CANCELLED")]
    assert completed == (3, [(1, "COMPLETED"), (2, "NO_SHOW"), *rest])
    assert await line(api, build, camp) == (3, [(1, "CHECKED_IN"), (2, "NO_SHOW"), *rest])
    assert [(first, last) for _, first, last in await commitments(build)] == [(NOW - DAY, NOW + DAY)]


async def test_an_early_completion_ends_the_days_of_all(api: Api, build: Build) -> None:
    camp = await running_camp(build)
    await build.connection.execute("UPDATE camp SET capacity = 9")
    await build.camp_staff_member(camp, await build.person())
    for status in ("ASKED", "ALLOTTED", "WAITLISTED", "NAMED", "RELEASED"):
        await build.contingent(camp, await build.organization(), places=1, status=status)
    late = await build.contingent(camp, await build.organization(), places=1, names_due_at=NOW - HOUR)

    await end(api, build, "completeCamp", camp)

    assert [(first, last) for _, first, last in await commitments(build)] == [(NOW - DAY, NOW)] * 2
    statuses = "SELECT status FROM contingent ORDER BY created_at, id"
    assert sorted(row["status"] for row in await build.connection.fetch(statuses)) == [
        *["NAMED"] * 3,
        *["RELEASED"] * 3,
    ]
    lapsed = "SELECT effective_at FROM event WHERE kind = 'contingent.named' AND subject_key = $1"
    assert await build.connection.fetchval(lapsed, str(late)) == NOW - HOUR
    assert await build.connection.fetchval("SELECT ended_at FROM camp") == NOW


async def test_a_camp_that_goes_on_promises_the_days_that_are_still_free(api: Api, build: Build) -> None:
    camp = await running_camp(build)
    account = await build.volunteer_account(cook := await build.person())
    role = await build.row("role", account_id=account, kind="CAMP_STAFF", camp_id=camp)
    members = [await build.camp_staff_member(camp, cook, role_id=role)]
    members.append(await build.camp_staff_member(camp, await build.person()))
    busy = await build.camp_registration(camp, other := await build.person(), status="CHECKED_IN")
    await end(api, build, "completeCamp", camp)
    for person in (cook, other):
        need = await build.need(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
        await build.assignment(need, person, status="ACCEPTED")

    await end(api, build, "reopenCamp", camp, 2, reason="Satu sesi tertinggal")

    periods = await build.connection.fetch(
        "SELECT registration_id, staff_member_id, upper(period) AS until FROM commitment WHERE assignment_id IS NULL"
    )
    assert {row["registration_id"] or row["staff_member_id"]: row["until"] for row in periods} == {
        await build.connection.fetchval("SELECT id FROM camp_registration WHERE number = 1"): NOW + DAY,
        busy: NOW,
        members[0]: NOW,
        members[1]: NOW + DAY,
    }
    assert [status for _, status in (await line(api, build, camp))[1]][0::5] == ["CHECKED_IN", "RELEASED"]
    ended = "SELECT id FROM camp_staff_member WHERE ended_at IS NOT NULL"
    assert await build.connection.fetchval(ended) == members[0]
    assert await build.connection.fetchval("SELECT ended_at FROM role WHERE id = $1", role) == NOW
    assert await build.connection.fetchval("SELECT ended_at FROM camp") is None


async def test_a_camp_whose_last_day_is_over_goes_on_with_everybody(api: Api, build: Build) -> None:
    camp = await build.camp(status="RUNNING", starts_at=NOW - 2 * DAY, ends_at=NOW - DAY)
    await build.camp_registration(camp, person := await build.person(), status="CHECKED_IN")
    await end(api, build, "completeCamp", camp)
    need = await build.need(starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    await build.assignment(need, person, status="ACCEPTED")

    await end(api, build, "reopenCamp", camp, 2, reason="Satu sesi tertinggal")

    assert await line(api, build, camp) == (9, [(1, "CHECKED_IN")])


async def test_a_cancelled_camp_frees_everybody(api: Api, build: Build) -> None:
    camp = await running_camp(build)
    account = await build.volunteer_account(cook := await build.person())
    role = await build.row("role", account_id=account, kind="CAMP_STAFF", camp_id=camp)
    await build.camp_staff_member(camp, cook, role_id=role)
    contingent = await build.contingent(camp, await build.organization(), places=1)

    await end(api, build, "cancelCamp", camp, reason="Banjir")

    cancelled = [(number, "CANCELLED") for number in range(2, 6)]
    assert await line(api, build, camp) == (4, [(1, "RELEASED"), *cancelled])
    assert [(first, last) for _, first, last in await commitments(build)] == [(NOW - DAY, NOW)] * 2
    rows = await build.connection.fetch("SELECT status, reason FROM contingent WHERE id = $1", contingent)
    assert [tuple(row) for row in rows] == [("RELEASED", "Banjir")]
    assert await build.connection.fetchval("SELECT ended_at FROM role WHERE id = $1", role) == NOW
