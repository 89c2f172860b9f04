import uuid
from datetime import date, timedelta
from typing import Any

import pytest

from api.services import camp_upkeep
from api.transport import Transport
from api.worker import Worker
from tests.asking import FACTS, PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

DAY, HOUR = timedelta(days=1), timedelta(hours=1)

THING = "campRegistration { id status number volunteer { id } guestName organization { id } offeredUntil }"
REGISTER = f"""mutation($input: RegisterForCampInput!) {{ registerForCamp(input: $input) {{
  {THING} {PROBLEMS} }} }}"""
REGISTER_ALL = f"""mutation($input: RegisterParticipantsInput!) {{ registerParticipants(input: $input) {{
  results {{ position {THING} {PROBLEMS} }} {PROBLEMS} }} }}"""
WALK_IN = f"mutation($input: RegisterWalkInInput!) {{ registerWalkIn(input: $input) {{ {THING} {PROBLEMS} }} }}"
REPLACE = f"""mutation($input: ReplaceParticipantInput!) {{ replaceParticipant(input: $input) {{
  {THING} {PROBLEMS} }} }}"""
LINE = """query($id: ID!) { camp(id: $id) { taken placesLeft registrations(first: 100, orderBy: NUMBER_ASC) { nodes {
  number status } } } }"""


def answer(name: str) -> str:
    return f"""mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{
      campRegistration {{ status reason version offeredUntil }} {PROBLEMS} }} }}"""


async def line(api: Api, build: Build, camp: uuid.UUID) -> tuple[int, list[tuple[int, str]]]:
    """The places left, and the registrations by their numbers."""
    data = await api.ask(LINE, actor=await build.coordinator(), id=f"Camp:{camp}")
    nodes = data["camp"]["registrations"]["nodes"]
    return data["camp"]["placesLeft"], [(each["number"], each["status"]) for each in nodes]


async def commitments(build: Build) -> list[tuple[uuid.UUID, Any, Any]]:
    rows = await build.connection.fetch("SELECT volunteer_id, period FROM commitment ORDER BY period, volunteer_id")
    return [(row["volunteer_id"], row["period"].lower, row["period"].upper) for row in rows]


async def members(build: Build, organization: uuid.UUID, count: int, **values: Any) -> list[uuid.UUID]:
    people = [await build.person(**values) for _ in range(count)]
    for person in people:
        await build.membership(person, organization)
    return people


def listed(people: list[uuid.UUID]) -> list[Json]:
    return [{"volunteer": f"Volunteer:{person}"} for person in people]


async def test_somebody_registers_and_has_promised_the_days(api: Api, build: Build) -> None:
    camp, organization = await build.camp(), await build.organization()
    (person,) = await members(build, organization, 1)
    account = await build.volunteer_account(person)

    payload = await api.do(REGISTER, actor=account, camp=f"Camp:{camp}")
    again = await api.do(REGISTER, actor=account, camp=f"Camp:{camp}")

    registration = payload["campRegistration"]
    assert payload["problems"] == []
    assert registration == {
        "id": registration["id"],
        "status": "REGISTERED",
        "number": 1,
        "volunteer": {"id": f"Volunteer:{person}"},
        "guestName": None,
        "organization": {"id": f"Organization:{organization}"},
        "offeredUntil": None,
    }
    period = {"startsAt": instant(NOW + 2 * DAY), "endsAt": instant(NOW + 5 * DAY)}
    expected = [
        problem("Simple", "ALREADY_REGISTERED", "volunteer"),
        problem("Camp", "IN_CAMP", "volunteer", camp={"id": f"Camp:{camp}"}, **period),
    ]
    assert again == {"campRegistration": None, "problems": expected}
    assert await commitments(build) == [(person, NOW + 2 * DAY, NOW + 5 * DAY)]


async def test_a_bulk_gets_places_in_its_order_and_the_rest_waits(api: Api, build: Build) -> None:
    camp, organization = await build.camp(capacity=2), await build.organization()
    people = await members(build, organization, 4)
    stranger = await build.person(reach="KABUPATEN")
    manager = await build.manager(organization)
    asked = listed([people[2], people[0], stranger, people[3], people[0], people[1]])

    payload = await api.do(REGISTER_ALL, actor=manager, camp=f"Camp:{camp}", participants=asked)

    found = [
        (
            each["campRegistration"] and (each["campRegistration"]["number"], each["campRegistration"]["status"]),
            [(one["code"], one["path"]) for one in each["problems"]],
        )
        for each in payload["results"]
    ]
    at = ["input", "participants"]
    assert found == [
        ((1, "REGISTERED"), []),
        ((2, "REGISTERED"), []),
        (None, [("NOT_FOUND", [*at, "2", "volunteer"])]),
        ((3, "WAITLISTED"), []),
        (None, [("ALREADY_REGISTERED", [*at, "4", "volunteer"])]),
        ((4, "WAITLISTED"), []),
    ]
    assert {person for person, _, _ in await commitments(build)} == {people[2], people[0]}
    kinds = await build.connection.fetch("SELECT kind FROM event ORDER BY position")
    assert [row["kind"].split(".")[1] for row in kinds] == ["registered", "registered", "waitlisted", "waitlisted"]


async def test_a_freed_place_goes_to_the_first_for_whom_everything_allows_it(api: Api, build: Build) -> None:
    """Of those who wait the first is on duty, the second of a full quota, the third may come."""
    camp, organization = await build.camp(capacity=2), await build.organization()
    people = await members(build, organization, 5)
    await build.connection.execute(
        "UPDATE volunteer SET kabupaten_code = $1 WHERE id = ANY($2)", FAR, [people[0], people[3]]
    )
    await build.row("camp_quota", camp_id=camp, kabupaten_code=FAR, places=1)
    await build.camp_registration(camp, people[0])
    leaving = await build.camp_registration(camp, people[1])
    waiting = [await build.camp_registration(camp, person, status="WAITLISTED") for person in people[2:]]
    need = await build.need(starts_at=NOW + 4 * DAY, ends_at=NOW + 6 * DAY)
    duty = await build.assignment(need, people[2], status="ACCEPTED")
    coordinator = await build.coordinator()

    payload = await api.do(
        answer("cancelRegistration"),
        actor=coordinator,
        campRegistration=f"CampRegistration:{leaving}",
        version=1,
        reason="Sakit",
    )

    assert payload["campRegistration"] == {"status": "CANCELLED", "reason": "Sakit", "version": 2, "offeredUntil": None}
    statuses = [(1, "REGISTERED"), (2, "CANCELLED"), (3, "WAITLISTED"), (4, "WAITLISTED"), (5, "REGISTERED")]
    assert await line(api, build, camp) == (0, statuses)
    why = await api.ask(
        """query($ids: [ID!]!) { nodes(ids: $ids) { ... on CampRegistration { number waitsFor { code
          ... on LimitProblem { count limit } ... on QuotaProblem { count limit }
          ... on CommitmentProblem { assignment { id } } } } } }""",
        actor=coordinator,
        ids=[f"CampRegistration:{each}" for each in waiting],
    )
    full = {"code": "CAMP_FULL", "count": 2, "limit": 2}
    assert why == {
        "nodes": [
            {"number": 3, "waitsFor": [full, {"code": "PERSON_ELSEWHERE", "assignment": {"id": f"Assignment:{duty}"}}]},
            {"number": 4, "waitsFor": [full, {"code": "QUOTA_FULL", "count": 1, "limit": 1}]},
            {"number": 5, "waitsFor": []},
        ]
    }


@pytest.mark.parametrize("is_struck_off", [False, True])
async def test_an_organization_that_does_not_stand_sends_nobody_from_the_line(
    api: Api, build: Build, *, is_struck_off: bool
) -> None:
    """Of those who wait a member and a guest come for it, the third for nobody; to a fourth a place was offered."""
    camp, organization, actor = await build.camp(capacity=3), await build.organization(), await build.coordinator()
    leaving = [await build.camp_registration(camp, await build.person()) for _ in range(2)]
    of_it = {"organization_id": organization, "status": "WAITLISTED"}
    waiting = await build.camp_registration(camp, await build.volunteer(organization), **of_it)
    await build.camp_registration(camp, None, guest_name="Budi", **of_it)
    await build.camp_registration(camp, await build.person(), status="WAITLISTED")
    offered = await build.camp_registration(camp, await build.volunteer(organization), **{**of_it, "status": "OFFERED"})
    if is_struck_off:
        await build.licence(organization, revoked_on=NOW.date())
    else:
        await build.connection.execute("UPDATE organization SET verification = 'SUSPENDED' WHERE id = $1", organization)

    for each in leaving:
        own = {"campRegistration": f"CampRegistration:{each}", "version": 1, "reason": "Sakit"}
        await api.do(answer("cancelRegistration"), actor=actor, **own)
    accepted = await api.do(
        answer("acceptPlace"), actor=actor, campRegistration=f"CampRegistration:{offered}", version=1
    )
    why = await api.ask(
        "query($id: ID!) { campRegistration(id: $id) { waitsFor { code ... on OrganizationProblem { organization { id } } } } }",
        actor=actor,
        id=f"CampRegistration:{waiting}",
    )

    gone = [(1, "CANCELLED"), (2, "CANCELLED"), (3, "WAITLISTED"), (4, "WAITLISTED")]
    assert await line(api, build, camp) == (1, [*gone, (5, "REGISTERED"), (6, "OFFERED")])
    fact = {"organization": {"id": f"Organization:{organization}"}}
    refused = problem("Organization", "ORGANIZATION_NOT_VERIFIED", "campRegistration", **fact)
    assert accepted == {"campRegistration": None, "problems": [refused]}
    assert why == {"campRegistration": {"waitsFor": [{"code": "ORGANIZATION_NOT_VERIFIED", **fact}]}}


@pytest.mark.parametrize("is_kept", [True, False])
async def test_who_is_on_leave_waits_and_gets_the_place_once_the_leave_has_ended(
    api: Api, build: Build, is_kept: bool
) -> None:
    camp = await build.camp(capacity=1)
    leaving = await build.camp_registration(camp, await build.person())
    waiting = await build.camp_registration(camp, person := await build.person(), status="WAITLISTED")
    first_day = (NOW + 2 * DAY).date()
    absence = await build.absence(person, since=first_day, until=first_day)
    cancel = {"campRegistration": f"CampRegistration:{leaving}", "version": 1, "reason": "Sakit"}
    services = api.services
    worker = Worker(services.database, services.vault, services.clock, Transport())

    await api.do(answer("cancelRegistration"), actor=await build.coordinator(), **cancel)
    freed = await line(api, build, camp)
    why = await api.ask(
        "query($id: ID!) { campRegistration(id: $id) { waitsFor { code } } }",
        actor=await build.coordinator(),
        id=f"CampRegistration:{waiting}",
    )
    if not is_kept:
        await build.connection.execute("UPDATE absence SET cancelled_at = $1 WHERE id = $2", NOW, absence)
    await worker.clean(camp_upkeep.update_all_lines)

    assert freed == (1, [(1, "CANCELLED"), (2, "WAITLISTED")])
    assert why == {"campRegistration": {"waitsFor": [{"code": "ON_LEAVE"}]}}
    left, status = (1, "WAITLISTED") if is_kept else (0, "REGISTERED")
    assert await line(api, build, camp) == (left, [(1, "CANCELLED"), (2, status)])


@pytest.mark.parametrize("may_know", [True, False])
async def test_days_are_told_to_whoever_may_know_when_the_person_is_free(
    api: Api, build: Build, may_know: bool
) -> None:
    """Not to a host that does not answer for the person: neither those of an illness nor those of a duty or another camp."""
    host, starts = await build.organization(), NOW - DAY
    camp = await build.camp(host, status="RUNNING", starts_at=starts)
    away, sent, elsewhere = [await build.person() for _ in range(3)]
    for person in (away, sent, elsewhere):
        await build.membership(person, host, until=NOW.date() - DAY)
    days = {"since": (NOW + DAY).date(), "until": (NOW + 2 * DAY).date()}
    await build.absence(away, kind="ILLNESS", **days)
    await build.assignment(await build.need(starts_at=NOW + DAY), sent, status="ACCEPTED")
    await build.camp_registration(await build.camp(), elsewhere)
    waiting = await build.camp_registration(camp, away, status="WAITLISTED")
    actor = await (build.coordinator(kabupaten_code=HOME) if may_know else build.manager(host))
    asked = f"query($id: ID!) {{ campRegistration(id: $id) {{ waitsFor {{ code {FACTS} }} }} }}"
    values = [{"camp": f"Camp:{camp}", "volunteer": f"Volunteer:{person}"} for person in (away, sent, elsewhere)]

    refused = [await api.do(document, actor=actor, **each) for document in (REGISTER, WALK_IN) for each in values]
    waits = await api.ask(asked, actor=actor, id=f"CampRegistration:{waiting}")

    told = [payload["problems"][-1] for payload in refused] + waits["campRegistration"]["waitsFor"]
    codes = ["ON_LEAVE", "PERSON_ELSEWHERE", "IN_CAMP"]
    assert [each["code"] for each in told] == [*codes, *codes, "ON_LEAVE"]
    assert {each["startsAt"] is not None for each in told} == {may_know}
    assert {each["endsAt"] is not None for each in told} == {may_know}


async def test_a_camp_of_a_suspended_host_goes_on_and_nothing_private_of_its_people_is_read(
    api: Api, build: Build
) -> None:
    """Its managers and the coordinators see who comes; the person, and from when to when they are away, only the coordinators."""
    host, (person,) = await build.organization(), [await build.person(phone="+6281234567890")]
    await build.membership(person, host, until=NOW.date() - DAY * 100)
    camp = await build.camp(host, capacity=1)
    day = (NOW + 2 * DAY).date()
    await build.absence(person, kind="ILLNESS", since=day, until=day)
    await build.camp_registration(camp, person, status="WAITLISTED")
    actors = [await build.manager(host), await build.coordinator(kabupaten_code=HOME)]
    await build.connection.execute("UPDATE organization SET verification = 'SUSPENDED'")
    asked = f"""query($id: ID!) {{ camp(id: $id) {{ registrations(first: 9) {{ nodes {{
      number volunteer {{ phone }} waitsFor {{ code {FACTS} }} }} }} }} }}"""

    seen = [await api.ask(asked, actor=actor, id=f"Camp:{camp}") for actor in actors]

    by_manager, by_coordinator = [data["camp"]["registrations"]["nodes"] for data in seen]
    away = {"code": "ON_LEAVE", "absence": None, "startsAt": None, "endsAt": None}
    assert by_manager == [{"number": 1, "volunteer": None, "waitsFor": [away]}]
    assert [(each["number"], each["volunteer"]) for each in by_coordinator] == [(1, {"phone": "+6281234567890"})]
    assert by_coordinator[0]["waitsFor"][0]["startsAt"] is not None


async def test_from_the_hour_of_offers_a_place_is_offered_and_goes_on(api: Api, build: Build) -> None:
    camp = await build.camp(capacity=1, offers_from=NOW - HOUR, offer_hours=6)
    first, second, third = [await build.person() for _ in range(3)]
    leaving = await build.camp_registration(camp, first)
    waiting = [await build.camp_registration(camp, person, status="WAITLISTED") for person in (second, third)]
    coordinator = await build.coordinator()
    one, other = (f"CampRegistration:{each}" for each in waiting)

    await api.do(
        answer("cancelRegistration"),
        actor=coordinator,
        campRegistration=f"CampRegistration:{leaving}",
        version=1,
        reason="Sakit",
    )
    assert await line(api, build, camp) == (0, [(1, "CANCELLED"), (2, "OFFERED"), (3, "WAITLISTED")])
    assert await commitments(build) == []
    declined = await api.do(
        answer("declinePlace"), actor=await build.volunteer_account(second), campRegistration=one, version=2
    )
    assert declined["problems"] == []
    accepted = await api.do(
        answer("acceptPlace"), actor=await build.volunteer_account(third), campRegistration=other, version=2
    )

    assert accepted == {
        "campRegistration": {"status": "REGISTERED", "reason": None, "version": 3, "offeredUntil": None},
        "problems": [],
    }
    assert await line(api, build, camp) == (0, [(1, "CANCELLED"), (2, "CANCELLED"), (3, "REGISTERED")])
    assert await commitments(build) == [(third, NOW + 2 * DAY, NOW + 5 * DAY)]


async def test_an_offer_that_is_not_answered_reads_as_expired_and_the_next_writer_gives_it_on(
    api: Api, build: Build
) -> None:
    camp = await build.camp(capacity=1)
    first, second, third = [await build.person() for _ in range(3)]
    offer = await build.camp_registration(camp, first, status="OFFERED", offered_until=NOW)
    await build.camp_registration(camp, second, status="WAITLISTED")
    coordinator = await build.coordinator()

    before = await line(api, build, camp)
    late = await api.do(
        answer("acceptPlace"), actor=coordinator, campRegistration=f"CampRegistration:{offer}", version=1
    )
    await api.do(REGISTER, actor=coordinator, camp=f"Camp:{camp}", volunteer=f"Volunteer:{third}")

    assert before == (1, [(1, "EXPIRED"), (2, "WAITLISTED")])
    assert late["problems"] == [problem("Status", "WRONG_STATUS", "campRegistration", currentStatus="EXPIRED")]
    assert await line(api, build, camp) == (0, [(1, "EXPIRED"), (2, "REGISTERED"), (3, "WAITLISTED")])
    events = "SELECT effective_at, actor_kind FROM event WHERE kind = 'camp_registration.expired'"
    assert [tuple(row) for row in await build.connection.fetch(events)] == [(NOW, "CLOCK")]


async def test_nobody_registers_for_an_organization_that_was_struck_off(api: Api, build: Build) -> None:
    camp, organization = await build.camp(), await build.organization()
    (person,) = await members(build, organization, 1)
    await build.licence(organization, revoked_on=NOW.date())
    values, actor = {"camp": f"Camp:{camp}", "organization": f"Organization:{organization}"}, await build.coordinator()
    before = await snapshot(build.connection)

    refused = [
        await api.do(REGISTER, actor=actor, **values, **who)
        for who in ({"volunteer": f"Volunteer:{person}"}, {"guestName": "Ibu Rahma"})
    ]

    about = {"organization": {"id": f"Organization:{organization}"}}
    assert [each["problems"] for each in refused] == [
        [problem("Organization", "ORGANIZATION_NOT_VERIFIED", "organization", **about)],
        [problem("Simple", "NOT_FOUND", "organization")],
    ]
    assert await snapshot(build.connection) == before


async def test_guests_come_for_an_organization(api: Api, build: Build) -> None:
    camp = await build.camp(kind_code="COACHING", attendees="INSTITUTIONS")
    institution = await build.organization(kind="WELFARE_INSTITUTION", corps=None, kabupaten_code=NEIGHBOUR)
    manager, other = await build.manager(institution), await build.manager(await build.organization())
    guest = {"camp": f"Camp:{camp}", "guestName": "Ibu Rahma", "organization": f"Organization:{institution}"}

    first = await api.do(REGISTER, actor=manager, **guest)
    same = await api.do(REGISTER, actor=manager, **{**guest, "guestName": "ibu  rahma"})
    stranger = await api.do(REGISTER, actor=other, **guest)
    nobody = await api.do(REGISTER, actor=manager, camp=f"Camp:{camp}", guestName="Ibu Rahma")

    registration = first["campRegistration"]
    assert (registration["status"], registration["guestName"]) == ("REGISTERED", "Ibu Rahma")
    assert same["problems"] == [problem("Simple", "ALREADY_REGISTERED", "guestName")]
    assert stranger["problems"] == [problem("Simple", "FORBIDDEN", "organization")]
    assert {each["path"][-1] for each in nobody["problems"]} == {"organization"}
    rows = await build.connection.fetch("SELECT kabupaten_code, volunteer_id FROM camp_registration")
    assert [tuple(row) for row in rows] == [(NEIGHBOUR, None)]
    assert await commitments(build) == []


CERTIFIED = {"certificate_type_code": "TAGANA_MADYA", "lapsed_years": 2, "minimum_age": 18}
CERTIFIED |= {"minimum_rank_code": "TAGANA_MADYA", "needs_consent": True}


@pytest.mark.parametrize("is_there", [False, True])
async def test_a_guest_comes_once_however_the_name_is_written(api: Api, build: Build, is_there: bool) -> None:
    camp, organization = await build.camp(), await build.organization()
    if is_there:
        of_it = {"guest_name": "Budi Santoso", "organization_id": organization}
        await build.camp_registration(camp, None, **of_it)
    names = ("Budi Santoso", "budi  SANTOSO", "Budi Santosa")
    guests = [{"guestName": name, "organization": f"Organization:{organization}"} for name in names]

    payload = await api.do(REGISTER_ALL, actor=await build.coordinator(), camp=f"Camp:{camp}", participants=guests)

    codes = [[each["code"] for each in result["problems"]] for result in payload["results"]]
    assert codes == [["ALREADY_REGISTERED"] if is_there else [], ["ALREADY_REGISTERED"], []]
    assert await line(api, build, camp) == (8, [(1, "REGISTERED"), (2, "REGISTERED")])
    assert await build.connection.fetchval("SELECT count(*) FROM event WHERE kind LIKE 'camp_reg%'") == 2 - is_there


@pytest.mark.parametrize("document", [REGISTER, REGISTER_ALL, WALK_IN])
async def test_an_unknown_category_is_refused(api: Api, build: Build, document: str) -> None:
    camp = await build.camp(status="RUNNING" if document == WALK_IN else "OPEN", starts_at=NOW - DAY)
    person, actor = f"Volunteer:{await build.volunteer()}", await build.coordinator()
    named: Json = {"participants": [{"volunteer": person}]} if document == REGISTER_ALL else {"volunteer": person}
    before = await snapshot(build.connection)

    payload = await api.do(document, actor=actor, camp=f"Camp:{camp}", category="CampCategory:NOPE", **named)

    assert payload["problems"] == [problem("Simple", "NOT_FOUND", "category")]
    assert await snapshot(build.connection) == before


async def test_all_that_somebody_lacks_is_told_and_the_host_may_admit_all_the_same(api: Api, build: Build) -> None:
    host, organization = await build.organization(), await build.organization()
    camp = await build.camp(host, capacity=1, **CERTIFIED)
    first, second = await members(build, organization, 2, birth_date=date(2010, 1, 1))
    await build.certificate(first, organization, certificate_type_code="TAGANA_MUDA")
    await build.membership(second, host)
    keeper = await build.coordinator(kabupaten_code=HOME)
    values: dict[str, Any] = {"camp": f"Camp:{camp}", "volunteer": f"Volunteer:{first}", "guardianConsent": True}

    alone = await api.do(REGISTER, actor=await build.volunteer_account(first), **values)
    refused = await api.do(REGISTER, actor=await build.manager(organization), **values, admissionReason="Panitia")
    admitted = await api.do(REGISTER, actor=keeper, **values, admissionReason="Pelatih cadangan")
    late = await api.do(
        REGISTER, actor=keeper, **{**values, "volunteer": f"Volunteer:{second}"}, admissionReason="Pelatih"
    )

    lacking = [
        problem("Simple", "ORGANIZATION_CONSENT", "volunteer"),
        problem("Age", "TOO_YOUNG", "volunteer", minimumAge=18),
        problem("Rank", "RANK_TOO_LOW", "volunteer", rank={"code": "TAGANA_MADYA"}),
        problem("Certificate", "CERTIFICATE_NEEDED", "volunteer", certificateType={"code": "TAGANA_MADYA"}),
    ]
    assert alone == {"campRegistration": None, "problems": lacking}
    assert refused["problems"] == [problem("Simple", "FORBIDDEN", "admissionReason")]
    assert admitted["campRegistration"]["status"] == "REGISTERED"
    # A reason sets no limit aside.
    assert late["campRegistration"]["status"] == "WAITLISTED"
    rows = await build.connection.fetch("SELECT admission_reason FROM camp_registration ORDER BY number")
    assert [row["admission_reason"] for row in rows] == ["Pelatih cadangan", "Pelatih"]


@pytest.mark.parametrize(
    ("type_", "expires", "is_enough"),
    [
        ("TAGANA_MADYA", date(2026, 3, 3), True),
        ("TAGANA_UTAMA", None, True),
        ("TAGANA_MUDA", None, False),
        ("TAGANA_MADYA", date(2024, 3, 4), True),
        ("TAGANA_MADYA", date(2024, 3, 3), False),
    ],
)
async def test_a_certificate_counts_by_inclusion_and_some_years_after_its_end(
    api: Api, build: Build, type_: str, expires: date | None, is_enough: bool
) -> None:
    camp = await build.camp(certificate_type_code="TAGANA_MADYA", lapsed_years=2)
    organization = await build.organization()
    (person,) = await members(build, organization, 1)
    issued = date(2020, 1, 1)
    await build.certificate(person, organization, certificate_type_code=type_, issued_on=issued, expires_on=expires)

    payload = await api.do(REGISTER, actor=await build.volunteer_account(person), camp=f"Camp:{camp}")

    assert [each["code"] for each in payload["problems"]] == ([] if is_enough else ["CERTIFICATE_NEEDED"])


@pytest.mark.parametrize(
    ("who", "values", "codes"),
    [
        ("self", {}, []),
        ("self", {"self_registration": False}, ["FORBIDDEN"]),
        ("self", {"status": "CLOSED"}, ["CAMP_CLOSED"]),
        ("self", {"registration_opens_at": NOW + HOUR}, ["CAMP_CLOSED"]),
        ("self", {"registration_closes_at": NOW}, ["CAMP_CLOSED"]),
        ("manager", {"self_registration": False}, []),
        ("manager", {"status": "CLOSED"}, ["CAMP_CLOSED"]),
        ("host", {"status": "CLOSED"}, []),
        ("host", {"status": "RUNNING", "starts_at": NOW - DAY}, []),
        ("host", {"status": "COMPLETED"}, ["CAMP_CLOSED"]),
        ("host", {"starts_at": NOW - DAY, "ends_at": NOW}, ["PERIOD_PAST"]),
        ("stranger", {}, ["NOT_FOUND"]),
        ("neighbour", {}, ["FORBIDDEN"]),
    ],
)
async def test_who_registers_whom_and_when(
    api: Api, build: Build, who: str, values: dict[str, Any], codes: list[str]
) -> None:
    camp, organization = await build.camp(**values), await build.organization()
    (person,) = await members(build, organization, 1)
    actors = {
        "self": await build.volunteer_account(person),
        "manager": await build.manager(organization),
        "host": await build.coordinator(kabupaten_code=HOME),
        "stranger": await build.manager(await build.organization()),
        "neighbour": await build.coordinator(kabupaten_code=FAR),
    }

    payload = await api.do(REGISTER, actor=actors[who], camp=f"Camp:{camp}", volunteer=f"Volunteer:{person}")

    assert [each["code"] for each in payload["problems"]] == codes
    assert await build.connection.fetchval("SELECT count(*) FROM camp_registration") == (not codes)


async def test_staff_register_nobody_before_the_camp_runs(api: Api, build: Build) -> None:
    """Neither people whom they see, nor guests; walk-ins alone are theirs."""
    camp, organization = await build.camp(), await build.organization()
    staff, person = await build.account(), await build.person()
    await build.row("role", account_id=staff, kind="CAMP_STAFF", camp_id=camp)
    await build.row("role", account_id=staff, kind="COORDINATOR", kabupaten_code=FAR)
    guest = {"guestName": "Bu Camat", "organization": f"Organization:{organization}"}
    id_, participants = f"Camp:{camp}", [*listed([person]), guest]
    before = await snapshot(build.connection)

    alone = [await api.do(REGISTER, actor=staff, camp=id_, **each) for each in participants]
    together = await api.do(REGISTER_ALL, actor=staff, camp=id_, participants=participants)
    unchanged = await snapshot(build.connection)
    await build.connection.execute("UPDATE camp SET status = 'RUNNING', starts_at = $1", NOW - DAY)
    inside = [await api.do(WALK_IN, actor=staff, camp=id_, **each) for each in participants]

    assert [[each["code"] for each in answer["problems"]] for answer in alone] == [["FORBIDDEN"]] * 2
    assert [[each["code"] for each in answer["problems"]] for answer in together["results"]] == [["FORBIDDEN"]] * 2
    assert unchanged == before
    assert [each["campRegistration"]["status"] for each in inside] == ["CHECKED_IN"] * 2


async def test_a_walk_in_is_checked_in_and_waits_when_the_camp_is_full(api: Api, build: Build) -> None:
    camp = await build.camp(status="RUNNING", starts_at=NOW - DAY, capacity=1)
    staff = await build.account()
    await build.row("role", account_id=staff, kind="CAMP_STAFF", camp_id=camp)
    await build.row("role", account_id=staff, kind="COORDINATOR", kabupaten_code=FAR)
    first, second = [await build.person() for _ in range(2)]
    id_ = f"Camp:{camp}"

    inside = await api.do(WALK_IN, actor=staff, camp=id_, volunteer=f"Volunteer:{first}")
    waiting = await api.do(WALK_IN, actor=staff, camp=id_, volunteer=f"Volunteer:{second}")
    raised = await api.do(
        "mutation($input: ChangeCampInput!) { changeCamp(input: $input) { camp { capacity taken } problems { code } } }",
        actor=await build.coordinator(),
        camp=id_,
        version=1,
        capacity=2,
    )

    assert [each["campRegistration"]["status"] for each in (inside, waiting)] == ["CHECKED_IN", "WAITLISTED"]
    assert raised == {"camp": {"capacity": 2, "taken": 2}, "problems": []}
    assert await line(api, build, camp) == (0, [(1, "CHECKED_IN"), (2, "REGISTERED")])
    assert await commitments(build) == [(person, NOW, NOW + 5 * DAY) for person in sorted((first, second))]


async def test_nobody_walks_in_after_the_end(api: Api, build: Build) -> None:
    camp = await build.camp(status="RUNNING", starts_at=NOW - DAY, ends_at=NOW)
    person, actor = await build.person(), await build.coordinator()
    before = await snapshot(build.connection)

    payload = await api.do(WALK_IN, actor=actor, camp=f"Camp:{camp}", volunteer=f"Volunteer:{person}")

    past = problem("Deadline", "PERIOD_PAST", "camp", deadline=instant(NOW))
    assert payload == {"campRegistration": None, "problems": [past]}
    assert await snapshot(build.connection) == before


async def test_a_participant_is_replaced_and_nobody_comes_in_between(api: Api, build: Build) -> None:
    camp, organization = await build.camp(capacity=1), await build.organization()
    old, new, waiting = await members(build, organization, 3)
    registration = await build.camp_registration(camp, old)
    await build.camp_registration(camp, waiting, status="WAITLISTED")
    manager, id_ = await build.manager(organization), f"CampRegistration:{registration}"

    payload = await api.do(
        REPLACE, actor=manager, campRegistration=id_, version=1, reason="Sakit", volunteer=f"Volunteer:{new}"
    )

    assert payload["problems"] == []
    assert payload["campRegistration"]["status"] == "REGISTERED"
    assert await line(api, build, camp) == (0, [(1, "CANCELLED"), (2, "WAITLISTED"), (3, "REGISTERED")])
    assert [person for person, _, _ in await commitments(build)] == [new]
    rows = await build.connection.fetch("SELECT replaces_id FROM camp_registration ORDER BY number")
    assert [row["replaces_id"] for row in rows] == [None, None, registration]


async def test_a_replacement_meets_the_limits(api: Api, build: Build) -> None:
    camp, organization = await build.camp(), await build.organization()
    old, new = await members(build, organization, 2)
    await build.connection.execute("UPDATE volunteer SET kabupaten_code = $1 WHERE id = $2", FAR, new)
    quota = await build.row("camp_quota", camp_id=camp, kabupaten_code=FAR, places=0)
    registration = await build.camp_registration(camp, old)
    manager, id_ = await build.manager(organization), f"CampRegistration:{registration}"
    before = await snapshot(build.connection)

    payload = await api.do(
        REPLACE, actor=manager, campRegistration=id_, version=1, reason="Sakit", volunteer=f"Volunteer:{new}"
    )

    full = problem("Quota", "QUOTA_FULL", "campRegistration", quota={"id": f"CampQuota:{quota}"}, count=0, limit=0)
    assert payload == {"campRegistration": None, "problems": [full]}
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize(
    ("camp", "expected"),
    [
        ({"status": "COMPLETED"}, problem("Simple", "CAMP_CLOSED", "campRegistration")),
        (
            {"status": "RUNNING", "starts_at": NOW - DAY, "ends_at": NOW},
            problem("Deadline", "PERIOD_PAST", "campRegistration", deadline=instant(NOW)),
        ),
    ],
)
async def test_nobody_is_replaced_at_a_camp_that_is_over(
    api: Api, build: Build, camp: dict[str, Any], expected: dict[str, Any]
) -> None:
    key, (old, new) = await build.camp(**camp), await members(build, await build.organization(), 2)
    registration = f"CampRegistration:{await build.camp_registration(key, old)}"
    before = await snapshot(build.connection)

    payload = await api.do(
        REPLACE,
        actor=await build.coordinator(),
        campRegistration=registration,
        version=1,
        reason="Sakit",
        volunteer=f"Volunteer:{new}",
    )

    assert payload == {"campRegistration": None, "problems": [expected]}
    assert await snapshot(build.connection) == before


async def test_who_is_released_keeps_the_days_that_were_spent(api: Api, build: Build) -> None:
    camp = await build.camp(status="RUNNING", starts_at=NOW - DAY, capacity=1)
    first, second = [await build.person() for _ in range(2)]
    registration = await build.camp_registration(camp, first, status="CHECKED_IN")
    await build.camp_registration(camp, second, status="WAITLISTED")

    payload = await api.do(
        answer("releaseParticipant"),
        actor=await build.coordinator(),
        campRegistration=f"CampRegistration:{registration}",
        version=1,
        reason="Keluarga sakit",
    )

    assert payload["campRegistration"]["status"] == "RELEASED"
    assert await line(api, build, camp) == (0, [(1, "RELEASED"), (2, "REGISTERED")])
    assert await commitments(build) == [(first, NOW - DAY, NOW), (second, NOW, NOW + 5 * DAY)]


async def test_camp_days_and_duties_exclude_each_other(api: Api, build: Build) -> None:
    organization = await build.organization()
    person = await build.volunteer(organization)
    camp = await build.camp()
    need = await build.need(starts_at=NOW + 4 * DAY, ends_at=NOW + 6 * DAY)
    offer = await build.assignment(need, person)
    account = await build.volunteer_account(person)

    await api.do(REGISTER, actor=account, camp=f"Camp:{camp}")
    accepted = await api.do(
        f"mutation($input: AcceptAssignmentInput!) {{ acceptAssignment(input: $input) {{ assignment {{ id }} {PROBLEMS} }} }}",
        actor=account,
        assignment=f"Assignment:{offer}",
        version=1,
    )

    period = {"startsAt": instant(NOW + 2 * DAY), "endsAt": instant(NOW + 5 * DAY)}
    clash = problem("Camp", "IN_CAMP", "assignment", camp={"id": f"Camp:{camp}"}, **period)
    assert accepted == {"assignment": None, "problems": [clash]}


async def test_the_sex_must_be_known_where_quotas_count_it(api: Api, build: Build) -> None:
    camp = await build.camp()
    await build.row("camp_quota", camp_id=camp, sex="FEMALE", places=1)
    people = [await build.person(sex=sex) for sex in ("FEMALE", "FEMALE", "MALE", None)]

    payload = await api.do(
        REGISTER_ALL, actor=await build.coordinator(), camp=f"Camp:{camp}", participants=listed(people)
    )

    assert [each["campRegistration"] and each["campRegistration"]["status"] for each in payload["results"]] == [
        "REGISTERED",
        "WAITLISTED",
        "REGISTERED",
        None,
    ]
    assert [each["code"] for each in payload["results"][3]["problems"]] == ["INVALID"]


async def test_nobody_under_18_comes_without_a_guardians_consent(api: Api, build: Build) -> None:
    """By the first day; not even the host sets that aside. The day of birth of the third is not known."""
    camp, actor = await build.camp(capacity=2), await build.coordinator()
    first_day = (NOW + 2 * DAY).date()
    born = (first_day.replace(year=first_day.year - 18) + DAY, first_day.replace(year=first_day.year - 18), None)
    minor, adult, unknown = [await build.person(birth_date=day) for day in born]
    values: dict[str, Any] = {"camp": f"Camp:{camp}", "volunteer": f"Volunteer:{minor}"}
    before = await snapshot(build.connection)

    refused = await api.do(REGISTER, actor=actor, **values, admissionReason="Panitia")
    unchanged = await snapshot(build.connection)
    people = [*listed([adult, unknown]), {**listed([minor])[0], "guardianConsent": True}]
    payload = await api.do(REGISTER_ALL, actor=actor, camp=f"Camp:{camp}", participants=people)
    registration = payload["results"][2]["campRegistration"]["id"]
    record = f"mutation($input: RecordCareInput!) {{ recordCare(input: $input) {{ {PROBLEMS} }} }}"
    withdrawn = await api.do(record, actor=actor, campRegistration=registration, guardianConsent=False)

    missing = [problem("Simple", "GUARDIAN_CONSENT", "guardianConsent")]
    assert refused == {"campRegistration": None, "problems": missing}
    assert unchanged == before
    statuses = [each["campRegistration"]["status"] for each in payload["results"]]
    assert statuses == ["REGISTERED", "REGISTERED", "WAITLISTED"]
    assert withdrawn == {"problems": missing}
    care = await build.connection.fetch("SELECT registration_id, diet, fit_seen, guardian_consent FROM camp_care")
    assert [tuple(row) for row in care] == [(uuid.UUID(registration.partition(":")[2]), "REGULAR", False, True)]


async def test_who_waits_and_promises_the_days_elsewhere_is_told(api: Api, build: Build) -> None:
    organization = await build.organization()
    person = await build.volunteer(organization)
    account = await build.volunteer_account(person)
    waits = await build.camp_registration(await build.camp(), person, status="WAITLISTED")
    offered = await build.camp_registration(await build.camp(), person, status="OFFERED")
    later = await build.camp(starts_at=NOW + 9 * DAY, ends_at=NOW + 10 * DAY)
    await build.camp_registration(later, person, status="WAITLISTED")
    need = await build.need(starts_at=NOW + 4 * DAY, ends_at=NOW + 6 * DAY)
    duty = await build.assignment(need, person)
    accept = "mutation($input: AcceptAssignmentInput!) { acceptAssignment(input: $input) { problems { code } } }"
    told = "SELECT subject_key, change ->> 'promised_to' FROM event WHERE kind = 'camp_registration.days_taken'"

    accepted = await api.do(accept, actor=account, assignment=f"Assignment:{duty}", version=1)
    by_duty = [tuple(row) for row in await build.connection.fetch(told)]
    other = await api.do(
        REGISTER, actor=account, camp=f"Camp:{await build.camp(starts_at=NOW + 8 * DAY, ends_at=NOW + 11 * DAY)}"
    )
    by_camp = [tuple(row) for row in await build.connection.fetch(told)][2:]

    assert accepted == {"problems": []}
    assert sorted(by_duty) == sorted((str(each), str(duty)) for each in (waits, offered))
    place = other["campRegistration"]["id"].partition(":")[2]
    mine = await build.connection.fetchval("SELECT id FROM camp_registration WHERE camp_id = $1", later)
    assert by_camp == [(str(mine), place)]
