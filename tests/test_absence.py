"""Leave and illness: whole days at home, on which nobody is sent."""

import uuid
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_race import run_concurrently

READ = "kind since until reason cancelledAt affectedDuties { id } version"
RECORD = (
    f"mutation($input: RecordAbsenceInput!) {{ recordAbsence(input: $input) {{ absence {{ id {READ} }} {PROBLEMS} }} }}"
)
CANCEL = (
    f"mutation($input: CancelAbsenceInput!) {{ cancelAbsence(input: $input) {{ absence {{ {READ} }} {PROBLEMS} }} }}"
)
OFFER = (
    f"mutation($input: OfferAssignmentInput!) {{ offerAssignment(input: $input) {{ assignment {{ id }} {PROBLEMS} }} }}"
)
ACCEPT = f"mutation($input: AcceptAssignmentInput!) {{ acceptAssignment(input: $input) {{ assignment {{ id }} {PROBLEMS} }} }}"
SENT = """query($need: ID!, $volunteer: ID!, $since: DateTime!, $until: DateTime!) { need(id: $need) {
  candidates(first: 9) { totalCount } refusals(volunteer: $volunteer) { code } }
  volunteers(first: 0, filter: {freeIn: {since: $since, until: $until}}) { totalCount } }"""
TODAY = NOW.date()
HOUR = timedelta(hours=1)


def day(number: int) -> str:
    return (TODAY + timedelta(days=number)).isoformat()


async def test_an_absence_is_recorded_and_ended(api: Api, build: Build) -> None:
    volunteer = await build.volunteer()
    duty = await build.assignment(await build.need(), volunteer, status="ACCEPTED")
    await build.assignment(await build.need(), volunteer)
    person = await build.volunteer_account(volunteer)
    values = {"volunteer": f"Volunteer:{volunteer}", "kind": "ILLNESS", "since": day(0), "until": day(3)}

    recorded = await api.do(RECORD, actor=person, **values, reason=" Demam  berdarah ")
    again = await api.do(RECORD, actor=person, **{**values, "since": day(3), "until": day(9)})
    id_ = recorded["absence"].pop("id")
    cancelled = await api.do(CANCEL, actor=person, absence=id_, version=1)
    twice = await api.do(CANCEL, actor=person, absence=id_, version=2)
    later = await api.do(RECORD, actor=person, **values)
    kinds = [
        row["kind"]
        for row in await build.connection.fetch(
            "SELECT kind FROM event WHERE kind <> 'account.call_refused' ORDER BY position"
        )
    ]

    shown: Json = {"kind": "ILLNESS", "since": day(0), "until": day(3), "reason": "Demam berdarah"}
    shown["affectedDuties"] = [{"id": f"Assignment:{duty}"}]
    assert recorded == {"absence": {**shown, "cancelledAt": None, "version": 1}, "problems": []}
    assert again == {"absence": None, "problems": [problem("Simple", "ALREADY_RECORDED", "since")]}
    assert cancelled == {"absence": {**shown, "cancelledAt": instant(NOW), "version": 2}, "problems": []}
    assert twice == {"absence": None, "problems": [problem("Simple", "ALREADY_ENDED", "absence")]}
    assert later["problems"] == []
    assert kinds == ["absence.recorded", "absence.cancelled", "absence.recorded"]


@pytest.mark.parametrize(
    ("since", "until", "path"),
    [
        ("1944-12-31", "2027-01-01", "since"),
        ("2026-03-05", "2026-03-04", "until"),
        ("2026-02-01", "2026-02-28", "until"),
        ("2026-02-01", "2026-03-01", None),
        ("2026-03-01", "2026-03-01", None),
    ],
)
async def test_an_absence_has_days_to_come(api: Api, build: Build, since: str, until: str, path: str | None) -> None:
    volunteer, coordinator = await build.person(), await build.coordinator()
    before = await snapshot(build.connection)

    answer = await api.do(
        RECORD, actor=coordinator, volunteer=f"Volunteer:{volunteer}", kind="LEAVE", since=since, until=until
    )

    assert answer["problems"] == ([problem("Simple", "INVALID", path)] if path else [])
    assert (await snapshot(build.connection) == before) is (path is not None)


async def test_an_absence_that_is_over_is_not_cancelled(api: Api, build: Build) -> None:
    volunteer, coordinator = await build.person(), await build.coordinator()
    absence = await build.absence(volunteer, since=date(2026, 2, 1), until=TODAY - timedelta(days=1))

    answer = await api.do(CANCEL, actor=coordinator, absence=f"Absence:{absence}", version=1)

    assert answer == {"absence": None, "problems": [problem("Simple", "ALREADY_ENDED", "absence")]}


FREE = """query($since: DateTime!, $until: DateTime!) { volunteers(first: 9, filter: {freeIn: {since: $since, until: $until}})
  { nodes { name } } }"""


async def test_who_may_not_know_of_absences_learns_nothing_of_them_by_the_filter(api: Api, build: Build) -> None:
    """Nobody matches whose free days the viewer may not know, whether they are away or not."""
    organization, fallen = await build.organization(), await build.organization(verification="SUSPENDED")
    ill, well = await build.volunteer(organization, name="Ani"), await build.volunteer(organization, name="Budi")
    left = await build.person(name="Citra")
    await build.membership(left, organization, until=TODAY - timedelta(days=1))
    for person in (ill, well):
        await build.membership(person, fallen)
    await build.absence(ill, kind="ILLNESS")
    await build.volunteer(kabupaten_code=FAR, reach="KABUPATEN", name="Dewi")
    actors = {
        "manager": await build.manager(organization),
        "manager of the suspended": await build.manager(fallen),
        "the ill": await build.volunteer_account(ill),
        "the well": await build.volunteer_account(well),
        "coordinator of another province": await build.coordinator(kabupaten_code=FAR),
        "coordinator of the home": await build.coordinator(kabupaten_code=HOME),
        "nation": await build.coordinator(),
    }
    period = {"since": instant(NOW), "until": instant(NOW + HOUR)}

    found = {}
    for name, actor in actors.items():
        nodes = (await api.ask(FREE, actor=actor, **period))["volunteers"]["nodes"]
        found[name] = [each["name"] for each in nodes]

    assert found == {
        "manager": ["Budi"],
        "manager of the suspended": [],
        "the ill": [],
        "the well": ["Budi"],
        "coordinator of another province": ["Budi", "Citra", "Dewi"],
        "coordinator of the home": ["Budi", "Citra"],
        "nation": ["Budi", "Citra", "Dewi"],
    }


async def test_plain_sql_meets_the_overlap(build: Build) -> None:
    volunteer = await build.person()
    await build.absence(volunteer, cancelled_at=NOW)
    await build.absence(volunteer)

    with pytest.raises(asyncpg.ExclusionViolationError, match="ex_absence_once"):
        await build.absence(volunteer, since=TODAY + timedelta(days=1), until=TODAY + timedelta(days=1))


async def test_who_keeps_the_record_keeps_absences_and_who_knows_the_person_sees_them(api: Api, build: Build) -> None:
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    duty = await build.need(kabupaten_code=FAR, starts_at=NOW + 999 * HOUR, ends_at=NOW + 1000 * HOUR)
    await build.assignment(duty, volunteer, status="ACCEPTED")
    absence = await build.absence(volunteer)
    await build.connection.execute("UPDATE absence SET version = 5")
    stale = problem("Version", "VERSION_CONFLICT", "version", currentVersion=5)
    not_found, forbidden = (problem("Simple", code, "absence") for code in ("NOT_FOUND", "FORBIDDEN"))
    actors: list[tuple[uuid.UUID, int, Json]] = [
        (await build.volunteer_account(volunteer), 1, stale),
        (await build.manager(organization), 1, stale),
        (await build.coordinator(kabupaten_code=HOME), 1, stale),
        (await build.coordinator(kabupaten_code=FAR), 1, forbidden),
        (await build.coordinator(kabupaten_code=NEIGHBOUR), 0, not_found),
        (await build.manager(await build.organization()), 0, not_found),
    ]

    found = []
    for actor, _seen, _problem in actors:
        listed = await api.ask("{ absences(first: 9) { totalCount } }", actor=actor)
        answer = await api.do(CANCEL, actor=actor, absence=f"Absence:{absence}", version=1)
        found.append((listed["absences"]["totalCount"], answer["problems"]))

    assert found == [(seen, [refused]) for _, seen, refused in actors]


# First and last day of the absence, the home, start and end of the duty, and whether they meet.
MEETINGS = [
    (1, 1, HOME, datetime(2026, 3, 1, 17, tzinfo=UTC), 24, True),
    (1, 1, HOME, datetime(2026, 3, 1, 16, tzinfo=UTC), 1, False),
    (1, 1, HOME, datetime(2026, 3, 1, 16, tzinfo=UTC), 2, True),
    (1, 1, HOME, datetime(2026, 3, 2, 17, tzinfo=UTC), 24, False),
    (1, 1, HOME, datetime(2026, 3, 2, 16, tzinfo=UTC), 24, True),
    (1, 1, "91.71", datetime(2026, 3, 2, 15, tzinfo=UTC), 24, False),
    (1, 1, "91.71", datetime(2026, 3, 1, 14, tzinfo=UTC), 2, True),
    (1, 9, HOME, datetime(2026, 3, 5, 3, tzinfo=UTC), 1, True),
]


@pytest.mark.parametrize(("first", "last", "home", "starts", "hours", "meets"), MEETINGS)
async def test_nobody_is_sent_on_a_day_of_absence_at_home(
    api: Api, build: Build, first: int, last: int, home: str, starts: datetime, hours: int, meets: bool
) -> None:
    ends = starts + hours * HOUR
    volunteer = await build.volunteer(kabupaten_code=home)
    days = {"since": TODAY + timedelta(days=first), "until": TODAY + timedelta(days=last)}
    absence = await build.absence(volunteer, **days)
    need = await build.need(starts_at=starts, ends_at=ends)
    coordinator = await build.coordinator()
    ids = {"need": f"Need:{need}", "volunteer": f"Volunteer:{volunteer}"}
    period = {"since": instant(starts), "until": instant(ends)}

    read = await api.ask(SENT, actor=coordinator, **ids, **period)
    offered = await api.do(OFFER, actor=coordinator, **ids)
    await build.connection.execute("UPDATE absence SET cancelled_at = now()")
    after = await api.ask(SENT, actor=coordinator, **ids, **period)

    zone = timedelta(hours=9 if home == "91.71" else 7)
    whole = [datetime.combine(each, datetime.min.time(), UTC) - zone for each in days.values()]
    facts = {"startsAt": instant(whole[0]), "endsAt": instant(whole[1] + 24 * HOUR)}
    refused = problem("Absence", "ON_LEAVE", "volunteer", absence={"id": f"Absence:{absence}"}, **facts)
    free = {"candidates": {"totalCount": 1}, "refusals": []}
    seen = {"candidates": {"totalCount": 0}, "refusals": [{"code": "ON_LEAVE"}]} if meets else free
    assert read == {"need": seen, "volunteers": {"totalCount": 0 if meets else 1}}
    assert offered["problems"] == ([refused] if meets else [])
    assert after["volunteers"] == {"totalCount": 1}


@pytest.mark.parametrize("attempt", range(5))
async def test_an_acceptance_and_an_absence_meet_one_another(api: Api, build: Build, attempt: int) -> None:
    """Whichever commits first is respected: an acceptance after it is refused, one before it is listed by the absence."""
    volunteer = await build.volunteer()
    offer = await build.assignment(await build.need(), volunteer)
    person = await build.volunteer_account(volunteer)
    values = {"volunteer": f"Volunteer:{volunteer}", "kind": "LEAVE", "since": day(0), "until": day(9)}

    recorded, accepted = await run_concurrently(
        [
            lambda: api.do(RECORD, actor=person, **values),
            lambda: api.do(ACCEPT, actor=person, assignment=f"Assignment:{offer}", version=1),
        ][:: 1 if attempt % 2 else -1]
    )
    if "absence" not in recorded:
        recorded, accepted = accepted, recorded
    affected = await api.ask(
        "query($id: ID!) { absence(id: $id) { affectedDuties { id } } }", actor=person, id=recorded["absence"]["id"]
    )

    codes = [each["code"] for each in accepted["problems"]]
    held = [] if codes else [{"id": f"Assignment:{offer}"}]
    assert codes in ([], ["ON_LEAVE"])
    assert affected == {"absence": {"affectedDuties": held}}
