"""Hours that were served: from check-in to check-out, corrected, proposed, confirmed, and added up; and the letter."""

import json
import re
import uuid
from datetime import timedelta
from itertools import permutations
from typing import Any

import asyncpg
import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_attendance import report
from tests.test_duty import ACCEPT

HOUR = timedelta(hours=1)
FIELDS = "assignment { hours isUnconfirmed version servedHours { startsAt endsAt source status reason } }"
VERBS = {
    name: f"mutation($input: {name}HoursInput!) {{ {name.lower()}Hours(input: $input) {{ {FIELDS} {PROBLEMS} }} }}"
    for name in ("Correct", "Propose", "Confirm", "Refuse")
}
LETTER = "query($id: ID!) { assignment(id: $id) { letter { status endedAt } } }"
SUMS = """query($id: ID!, $from: DateTime, $until: DateTime) { volunteer(id: $id) { hours(from: $from, until: $until) {
  organization { name } incident { title } skill { code } hours } } }"""


async def duty(build: Build, status: str = "COMPLETED", **values: Any) -> tuple[uuid.UUID, dict[str, uuid.UUID]]:
    """A duty of eight hours that ended two hours ago, and who may do something with its hours."""
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    need = await build.need(starts_at=NOW - 10 * HOUR, ends_at=NOW - 2 * HOUR)
    actors = {
        "volunteer": await build.volunteer_account(volunteer),
        "manager": await build.manager(organization),
        "need": await build.coordinator(kabupaten_code=HOME),
    }
    return await build.assignment(need, volunteer, status=status, **values), actors


async def do(api: Api, name: str, key: uuid.UUID, actor: uuid.UUID, version: int = 1, **values: Any) -> Json:
    return await api.do(VERBS[name], actor=actor, assignment=f"Assignment:{key}", version=version, **values)


def hours(since: int, until: int, reason: str = "Daftar hadir") -> dict[str, Any]:
    return {"startsAt": instant(NOW + since * HOUR), "endsAt": instant(NOW + until * HOUR), "reason": reason}


def entry(since: int, until: int, source: str, status: str) -> Json:
    reason = None if source == "ATTENDANCE" else "Daftar hadir"
    return {**hours(since, until), "reason": reason, "source": source, "status": status}


async def test_hours_go_from_check_in_to_check_out_until_a_coordinator_corrects_them(api: Api, build: Build) -> None:
    key, actors = await duty(build, status="ACCEPTED")
    for verb, at in (("CheckIn", NOW - 10 * HOUR), ("CheckOut", NOW - HOUR), ("CheckOut", NOW - 3 * HOUR)):
        await report(api, verb, key, actors["need"], at)

    corrected = await do(api, "Correct", key, actors["need"], version=4, **hours(-9, -1))
    await report(api, "CheckOut", key, actors["need"], NOW - 4 * HOUR)
    again = await do(api, "Correct", key, actors["need"], version=6, **hours(-9, -2))

    assert corrected == {
        "assignment": {
            "hours": 8.0,
            "isUnconfirmed": False,
            "version": 5,
            "servedHours": [
                entry(-10, -3, "ATTENDANCE", "REPLACED"),
                entry(-9, -1, "CORRECTION", "COUNTED"),
            ],
        },
        "problems": [],
    }
    assert again["assignment"]["hours"] == 7.0
    assert [each["status"] for each in again["assignment"]["servedHours"]] == ["REPLACED", "REPLACED", "COUNTED"]


async def test_proposed_hours_count_once_a_coordinator_confirms_them(api: Api, build: Build) -> None:
    key, actors = await duty(build)

    first = await do(api, "Propose", key, actors["volunteer"], **hours(-10, -3))
    second = await do(api, "Propose", key, actors["manager"], version=2, **hours(-10, -2))
    confirmed = await do(api, "Confirm", key, actors["need"], version=3)
    third = await do(api, "Propose", key, actors["volunteer"], version=4, **hours(-10, -1))
    refused = await do(api, "Refuse", key, actors["need"], version=5, reason="Sudah dihitung")
    nothing = await do(api, "Confirm", key, actors["need"], version=6)

    assert [(each["assignment"]["hours"], each["assignment"]["isUnconfirmed"]) for each in (first, second)] == [
        (None, True)
    ] * 2
    assert [each["assignment"]["hours"] for each in (confirmed, third, refused)] == [8.0, 8.0, 8.0]
    assert refused["assignment"]["servedHours"] == [
        entry(-10, -3, "PROPOSAL", "REPLACED"),
        entry(-10, -2, "PROPOSAL", "COUNTED"),
        entry(-10, -1, "PROPOSAL", "REFUSED"),
    ]
    assert nothing == {"assignment": None, "problems": [problem("Simple", "NOTHING_PROPOSED", "assignment")]}
    events = await build.connection.fetch(
        "SELECT kind, reason FROM event WHERE kind <> 'account.call_refused' ORDER BY position"
    )
    assert [tuple(event) for event in events] == [
        ("assignment.hours_proposed", "Daftar hadir"),
        ("assignment.hours_proposed", "Daftar hadir"),
        ("assignment.hours_confirmed", "Daftar hadir"),
        ("assignment.hours_proposed", "Daftar hadir"),
        ("assignment.hours_refused", "Sudah dihitung"),
    ]


async def test_hours_are_refused_that_nobody_can_have_served(api: Api, build: Build) -> None:
    key, actors = await duty(build)
    running, _actors = await duty(build, status="ON_DUTY")
    before = await snapshot(build.connection)

    for since, until in ((-10, 1), (-3, -3), (-2, -3), (-24 * 30, -2)):
        refused = await do(api, "Correct", key, actors["need"], **hours(since, until))
        assert refused == {"assignment": None, "problems": [problem("Simple", "INVALID", "startsAt")]}
    unfinished = await do(api, "Correct", running, actors["need"], **hours(-10, -3))
    forbidden = [
        await do(api, name, key, actors[who], **values)
        for name, who, values in (
            ("Correct", "volunteer", hours(-10, -3)),
            ("Confirm", "manager", {}),
            ("Refuse", "volunteer", {"reason": "Tidak"}),
            ("Propose", "need", hours(-10, -3)),
        )
    ]

    assert [each["code"] for each in unfinished["problems"]] == ["WRONG_STATUS"]
    assert [[each["code"] for each in answer["problems"]] for answer in forbidden] == [["FORBIDDEN"]] * 4
    assert await snapshot(build.connection) == before


async def test_a_duty_whose_hours_count_is_no_no_show(api: Api, build: Build) -> None:
    key, actors = await duty(build)
    await do(api, "Correct", key, actors["need"], **hours(-10, -3))

    refused = await report(api, "RecordNoShow", key, actors["need"], reason="Salah", version=2)

    assert refused["problems"] == [problem("Status", "WRONG_STATUS", "assignment", currentStatus="COMPLETED")]


@pytest.mark.parametrize(
    ("name", "status", "ahead", "ended"),
    [("RecordNoShow", "COMPLETED", False, "NO_SHOW"), ("Cancel", "ACCEPTED", True, "CANCELLED")],
)
async def test_hours_that_were_proposed_are_refused_with_the_duty(
    api: Api, build: Build, name: str, status: str, ahead: bool, ended: str
) -> None:
    period = {"starts_at": NOW + HOUR, "ends_at": NOW + 2 * HOUR} if ahead else {}
    key, actors = await duty(build, status=status, **period)
    whose = "SELECT volunteer_id FROM assignment WHERE id = $1"
    times = {"starts_at": NOW - 10 * HOUR, "ends_at": NOW - 3 * HOUR}
    said = {"source": "PROPOSAL", "status": "PROPOSED", "reason": "Daftar hadir"}
    volunteer = await build.connection.fetchval(whose, key)
    await build.row("served_hours", assignment_id=key, volunteer_id=volunteer, **times, **said)

    payload = await report(api, name, key, actors["need"], reason="Tidak datang", version=1)

    assert payload["problems"] == []
    assert payload["assignment"]["status"] == ended
    assert await build.connection.fetchval("SELECT status FROM served_hours") == "REFUSED"


async def two_duties(build: Build) -> tuple[list[uuid.UUID], uuid.UUID]:
    """Two duties of one volunteer, one after the other, and who coordinates both."""
    volunteer = await build.volunteer()
    periods = [(NOW - 10 * HOUR, NOW - 6 * HOUR), (NOW - 6 * HOUR, NOW - HOUR)]
    needs = [await build.need(starts_at=starts, ends_at=ends) for starts, ends in periods]
    keys = [await build.assignment(need, volunteer, status="ACCEPTED") for need in needs]
    return keys, await build.coordinator(kabupaten_code=HOME)


COUNTED = """SELECT assignment_id, starts_at, ends_at FROM served_hours WHERE status = 'COUNTED' ORDER BY starts_at"""
# Overtime at the first, an earlier check-in found later, and one that was repeated.
REPORTS = ((0, "CheckIn", -10), (0, "CheckOut", -4), (1, "CheckIn", -5), (1, "CheckIn", -6), (1, "CheckOut", -2))


@pytest.mark.parametrize("order", [*permutations(range(5))][::7])
async def test_whoever_checks_in_elsewhere_has_left_in_whatever_order_it_is_reported(
    api: Api, build: Build, order: tuple[int, ...]
) -> None:
    keys, actor = await two_duties(build)

    for index in order:
        number, verb, at = REPORTS[index]
        answer = await report(api, verb, keys[number], actor, NOW + at * HOUR)
        assert answer["problems"] == []

    counted = [tuple(row) for row in await build.connection.fetch(COUNTED)]
    assert counted == [(keys[0], NOW - 10 * HOUR, NOW - 6 * HOUR), (keys[1], NOW - 6 * HOUR, NOW - 2 * HOUR)]
    events = (
        """SELECT count(*) = (SELECT sum(version - 1) FROM assignment) FROM event WHERE subject_type = 'Assignment'"""
    )
    assert await build.connection.fetchval(events)


async def test_hours_that_were_decided_are_counted_by_no_report_again(api: Api, build: Build) -> None:
    keys, actor = await two_duties(build)
    for number, verb, at in REPORTS[:2]:
        await report(api, verb, keys[number], actor, NOW + at * HOUR)
    for number, verb, at in REPORTS[3:]:
        await report(api, verb, keys[number], actor, NOW + at * HOUR)
    before = await snapshot(build.connection)

    too_long = await do(api, "Correct", keys[1], actor, version=3, **hours(-7, -2))
    unchanged = await snapshot(build.connection)
    shorter = await do(api, "Correct", keys[1], actor, version=3, **hours(-3, -2))
    restored = [tuple(row) for row in await build.connection.fetch(COUNTED)]
    longer = await do(api, "Correct", keys[0], actor, version=5, **hours(-10, -1))

    elsewhere = {"assignment": {"id": f"Assignment:{keys[0]}"}, **hours(-10, -6)}
    del elsewhere["reason"]
    assert too_long["problems"] == [problem("Commitment", "PERSON_ELSEWHERE", "startsAt", **elsewhere)]
    assert unchanged == before
    assert shorter["assignment"]["hours"] == 1.0
    assert restored == [(keys[0], NOW - 10 * HOUR, NOW - 4 * HOUR), (keys[1], NOW - 3 * HOUR, NOW - 2 * HOUR)]
    assert [each["code"] for each in longer["problems"]] == ["PERSON_ELSEWHERE"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_a_stay_around_hours_that_were_decided_all_the_rest_counts(
    api: Api, build: Build, order: tuple[int, int]
) -> None:
    keys, actor = await two_duties(build)
    for verb, at in (("CheckIn", -10), ("CheckOut", -7)):
        await report(api, verb, keys[0], actor, NOW + at * HOUR)
    corrected = await do(api, "Correct", keys[0], actor, version=3, **hours(-4, -3))

    reports = (("CheckIn", -6), ("CheckOut", -2))
    for verb, at in (reports[index] for index in order):
        await report(api, verb, keys[1], actor, NOW + at * HOUR)
    counted = [tuple(row) for row in await build.connection.fetch(COUNTED)]
    moved = await do(api, "Correct", keys[0], actor, version=4, **hours(-10, -7))

    parts = [(keys[1], -6, -4), (keys[0], -4, -3), (keys[1], -3, -2)]
    whole = [(keys[0], -10, -7), (keys[1], -6, -2)]
    assert (corrected["problems"], moved["problems"]) == ([], [])
    assert counted == [(key, NOW + since * HOUR, NOW + until * HOUR) for key, since, until in parts]
    assert [tuple(row) for row in await build.connection.fetch(COUNTED)] == [
        (key, NOW + since * HOUR, NOW + until * HOUR) for key, since, until in whole
    ]
    told = "SELECT change FROM event WHERE kind = 'assignment.hours_counted' AND subject_key = $1"
    changes = [json.loads(row["change"]) for row in await build.connection.fetch(told, str(keys[1]))]
    assert [each["parts"] for each in changes] == [[said(-6, -2)]]


def said(since: int, until: int) -> Json:
    """Hours as an event has them."""
    return {"starts_at": (NOW + since * HOUR).isoformat(), "ends_at": (NOW + until * HOUR).isoformat()}


async def test_the_parts_of_a_stay_are_told_and_listed_one_after_the_other(api: Api, build: Build) -> None:
    """What was decided for another duty gets shorter, so that ever more of the stay around it counts."""
    keys, actor = await two_duties(build)
    for verb, at in (("CheckIn", -10), ("CheckOut", -9)):
        await report(api, verb, keys[0], actor, NOW + at * HOUR)
    await do(api, "Correct", keys[0], actor, version=3, **hours(-7, -2))
    for verb, at in (("CheckIn", -8), ("CheckOut", -1)):
        await report(api, verb, keys[1], actor, NOW + at * HOUR)

    listed = []
    for version, period in enumerate(((-6, -3), (-5, -4), (-10, -9)), 4):
        corrected = await do(api, "Correct", keys[0], actor, version=version, **hours(*period))
        assert corrected["problems"] == []
        query = "query($id: ID!) { assignment(id: $id) { servedHours { startsAt endsAt source status reason } } }"
        listed.append((await api.ask(query, actor=actor, id=f"Assignment:{keys[1]}"))["assignment"]["servedHours"])

    parts = [[(-8, -6), (-3, -1)], [(-8, -5), (-4, -1)], [(-8, -1)]]
    assert listed == [[entry(*part, "ATTENDANCE", "COUNTED") for part in each] for each in parts]
    told = "SELECT change FROM event WHERE kind = 'assignment.hours_counted' AND subject_key = $1 ORDER BY position"
    changes = [json.loads(row["change"]) for row in await build.connection.fetch(told, str(keys[1]))]
    assert [each["parts"] for each in changes] == [[said(*part) for part in each] for each in parts]


async def test_the_hours_of_a_duty_that_is_hidden_are_not_told(api: Api, build: Build) -> None:
    keys, actor = await two_duties(build)
    for number, verb, at in REPORTS[:2]:
        await report(api, verb, keys[number], actor, NOW + at * HOUR)
    for number, verb, at in REPORTS[3:]:
        await report(api, verb, keys[number], actor, NOW + at * HOUR)
    elsewhere = "UPDATE need SET kabupaten_code = $2 WHERE id = (SELECT need_id FROM assignment WHERE id = $1)"
    await build.connection.execute(elsewhere, keys[0], FAR)
    await build.connection.execute("UPDATE volunteer SET kabupaten_code = $1", FAR)
    local = await build.coordinator(kabupaten_code=HOME)

    refused = await do(api, "Correct", keys[1], local, version=3, **hours(-7, -2))

    hidden = dict.fromkeys(("assignment", "startsAt", "endsAt"))
    assert refused["problems"] == [problem("Commitment", "PERSON_ELSEWHERE", "startsAt", **hidden)]


async def test_proposed_hours_that_another_duty_has_meanwhile_are_not_confirmed(api: Api, build: Build) -> None:
    keys, actor = await two_duties(build)
    person = await build.account(volunteer_id=await build.connection.fetchval("SELECT volunteer_id FROM assignment"))
    await build.connection.execute("UPDATE assignment SET status = 'COMPLETED' WHERE id = $1", keys[0])
    proposed = await do(api, "Propose", keys[0], person, **hours(-10, -4))
    for number, verb, at in REPORTS[3:]:
        await report(api, verb, keys[number], actor, NOW + at * HOUR)

    refused = await do(api, "Confirm", keys[0], actor, version=2)

    assert proposed["problems"] == []
    assert [(each["code"], each["path"]) for each in refused["problems"]] == [
        ("PERSON_ELSEWHERE", ["input", "assignment"])
    ]


async def test_plain_sql_counts_no_hour_twice(build: Build) -> None:
    keys, _ = await two_duties(build)
    (volunteer,) = {*await build.connection.fetchval("SELECT array_agg(volunteer_id) FROM assignment")}
    values = {"volunteer_id": volunteer, "source": "ATTENDANCE", "starts_at": NOW - 9 * HOUR, "ends_at": NOW - HOUR}
    await build.row("served_hours", assignment_id=keys[0], status="COUNTED", **values)
    refused = {**values, "source": "PROPOSAL", "reason": "Lebih"}
    await build.row("served_hours", assignment_id=keys[1], status="REFUSED", **refused)

    with pytest.raises(asyncpg.ExclusionViolationError):
        await build.row("served_hours", assignment_id=keys[1], status="COUNTED", **values)
    stranger = {**values, "volunteer_id": await build.volunteer()}
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await build.row("served_hours", assignment_id=keys[1], status="COUNTED", **stranger)


async def test_hours_are_added_up_within_a_period_by_organization_incident_and_skill(api: Api, build: Build) -> None:
    tagana, mri = [await build.organization(name=name) for name in ("Tagana", "MRI")]
    volunteer, incident = await build.volunteer(tagana), await build.incident(title="Banjir")
    await build.membership(volunteer, mri)
    account = await build.volunteer_account(volunteer)
    for since, until, organization in ((-30, -28, tagana), (-10, -6, tagana), (-5, -2, mri)):
        period = {"starts_at": NOW + since * HOUR, "ends_at": NOW + until * HOUR}
        need = await build.need(incident, **period)
        key = await build.assignment(need, volunteer, status="COMPLETED", organization_id=organization)
        whose = {"assignment_id": key, "volunteer_id": volunteer}
        await build.row("served_hours", source="ATTENDANCE", status="COUNTED", **whose, **period)
        await build.row("served_hours", source="PROPOSAL", status="PROPOSED", reason="Lebih", **whose, **period)

    whole = await api.ask(SUMS, actor=account, id=f"Volunteer:{volunteer}")
    part = await api.ask(
        SUMS,
        actor=account,
        id=f"Volunteer:{volunteer}",
        **{"from": instant(NOW - 8 * HOUR), "until": instant(NOW - 3 * HOUR)},
    )
    hidden = await api.ask(SUMS, actor=await build.coordinator(kabupaten_code=FAR), id=f"Volunteer:{volunteer}")

    def sums(answer: Json) -> dict[str, float]:
        rows = answer["volunteer"]["hours"]
        assert {(row["incident"]["title"], row["skill"]["code"]) for row in rows} == {("Banjir", "WATER_RESCUE")}
        return {row["organization"]["name"]: row["hours"] for row in rows}

    assert sums(whole) == {"Tagana": 6.0, "MRI": 3.0}
    assert sums(part) == {"Tagana": 2.0, "MRI": 2.0}
    assert hidden == {"volunteer": {"hours": None}}


async def test_the_letter_says_who_is_sent_where_until_when_and_by_whose_decree(api: Api, build: Build) -> None:
    organization, incident = await build.organization(name="Tagana"), await build.incident(title="Banjir")
    await build.emergency_status(incident, decree_number="SK-7/2026")
    volunteer, need = await build.volunteer(organization, name="Sinta"), await build.need(incident)
    key, account = await build.assignment(need, volunteer), await build.volunteer_account(volunteer)
    document = """query($id: ID!) { assignment(id: $id) { organization { name } letter { number issuedAt startsAt endsAt status endedAt
      volunteer { name } organization { name } incident { title } skill { code } kabupaten { code } site { id }
      decreeNumber emergencyStatus { decreeNumber level } } } }"""

    before = await api.ask(document, actor=account, id=f"Assignment:{key}")
    await api.do(ACCEPT, actor=account, assignment=f"Assignment:{key}", version=1)
    after = await api.ask(document, actor=account, id=f"Assignment:{key}")

    assert before == {"assignment": {"organization": None, "letter": None}}
    letter = after["assignment"]["letter"]
    assert re.fullmatch(r"ST/62\.02/2026/[0-9A-F]{12}", letter.pop("number"))
    assert after == {
        "assignment": {
            "organization": {"name": "Tagana"},
            "letter": {
                "issuedAt": instant(NOW),
                "startsAt": instant(NOW + timedelta(days=1)),
                "endsAt": instant(NOW + timedelta(days=4)),
                "status": "ACCEPTED",
                "endedAt": None,
                "volunteer": {"name": "Sinta"},
                "organization": {"name": "Tagana"},
                "incident": {"title": "Banjir"},
                "skill": {"code": "WATER_RESCUE"},
                "kabupaten": {"code": HOME},
                "site": None,
                "decreeNumber": "SK-7/2026",
                "emergencyStatus": {"decreeNumber": "SK-7/2026", "level": "KABUPATEN"},
            },
        }
    }


EXTEND_STATUS = (
    """mutation($input: ExtendEmergencyStatusInput!) { extendEmergencyStatus(input: $input) { problems { code } } }"""
)
END_STATUS = "mutation($input: EndEmergencyStatusInput!) { endEmergencyStatus(input: $input) { problems { code } } }"
DECREE = """query($id: ID!) { assignment(id: $id) { letter { decreeNumber
  emergencyStatus { id decreeNumber level endsOn } } } }"""


async def test_the_letter_goes_on_naming_the_decree_that_was_in_force_at_the_acceptance(api: Api, build: Build) -> None:
    """Whatever is decreed, extended or ended later."""
    incident, coordinator = await build.incident(has_decree=False), await build.coordinator()
    province = await build.emergency_status(
        incident, level="PROVINCE", kabupaten_code=None, province_code=HOME[:2], decree_number="SK-P/2026"
    )
    need, volunteer = await build.need(incident), await build.volunteer()
    key, account = await build.assignment(need, volunteer), await build.volunteer_account(volunteer)
    await api.do(ACCEPT, actor=account, assignment=f"Assignment:{key}", version=1)

    await build.emergency_status(incident, decree_number="SK-K/2026")
    status = {"emergencyStatus": f"EmergencyStatus:{province}"}
    extended = await api.do(
        EXTEND_STATUS, actor=coordinator, **status, version=1, endsOn="2026-05-30", decreeNumber="SK-P2/2026"
    )
    ended = await api.do(END_STATUS, actor=coordinator, **status, version=2, endsOn="2026-03-01", reason="Aman")
    answer = await api.ask(DECREE, actor=account, id=f"Assignment:{key}")

    as_it_is_now = {
        "id": status["emergencyStatus"],
        "decreeNumber": "SK-P2/2026",
        "level": "PROVINCE",
        "endsOn": "2026-03-01",
    }
    assert [extended, ended] == [{"problems": []}] * 2
    assert answer == {"assignment": {"letter": {"decreeNumber": "SK-P/2026", "emergencyStatus": as_it_is_now}}}


async def test_a_letter_names_no_decree_that_came_after_the_acceptance(api: Api, build: Build) -> None:
    incident = await build.incident(has_decree=False)
    volunteer, need = await build.volunteer(), await build.need(incident)
    key, account = await build.assignment(need, volunteer), await build.volunteer_account(volunteer)
    await api.do(ACCEPT, actor=account, assignment=f"Assignment:{key}", version=1)
    await build.emergency_status(incident)

    answer = await api.ask(DECREE, actor=account, id=f"Assignment:{key}")

    assert answer == {"assignment": {"letter": {"decreeNumber": None, "emergencyStatus": None}}}


@pytest.mark.parametrize(
    ("status", "times", "ended"),
    [
        ("ON_DUTY", {}, None),
        ("RELEASED", {"released_at": NOW - 3 * HOUR}, -3),
        ("COMPLETED", {}, -2),
        ("COMPLETED", {"checked_in_at": NOW - 9 * HOUR, "checked_out_at": NOW - 4 * HOUR}, -4),
    ],
)
async def test_the_letter_of_a_duty_that_has_ended_says_so(
    api: Api, build: Build, status: str, times: dict[str, Any], ended: int | None
) -> None:
    key, actors = await duty(build, status=status, **times)

    answer = await api.ask(LETTER, actor=actors["volunteer"], id=f"Assignment:{key}")

    at = None if ended is None else instant(NOW + ended * HOUR)
    assert answer == {"assignment": {"letter": {"status": status, "endedAt": at}}}


@pytest.mark.parametrize(("name", "ahead", "status"), [("Cancel", 1, "CANCELLED"), ("RecordNoShow", -10, "NO_SHOW")])
async def test_the_letter_of_a_duty_that_was_taken_back_says_so(
    api: Api, build: Build, name: str, ahead: int, status: str
) -> None:
    period = {"starts_at": NOW + ahead * HOUR, "ends_at": NOW + (ahead + 8) * HOUR}
    key, actors = await duty(build, status="ACCEPTED", **period)
    before = await api.ask(LETTER, actor=actors["volunteer"], id=f"Assignment:{key}")

    await report(api, name, key, actors["need"], reason="Jalan putus", version=1)
    after = await api.ask(LETTER, actor=actors["volunteer"], id=f"Assignment:{key}")

    assert before == {"assignment": {"letter": {"status": "ACCEPTED", "endedAt": None}}}
    assert after == {"assignment": {"letter": {"status": status, "endedAt": instant(NOW)}}}
