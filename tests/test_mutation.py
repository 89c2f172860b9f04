import re
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import orjson
import pytest
from graphql.pyutils import camel_to_snake

from api.execution import mutation
from api.execution.answer import graphql_error
from api.rules.code import ProblemCode
from api.rules.refusal import OFFER_RULES
from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import CERTIFICATE_TYPE, FAR, HOME, NEIGHBOUR, SKILL, Build
from tests.conftest import NOW
from tests.serving import running_api
from tests.snapshot import snapshot

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START, END = NOW + DAY, NOW + 4 * DAY


def document(name: str, fields: str) -> str:
    """The mutation document with these fields and the problems."""
    payload = name[0].upper() + name[1:]
    return f"mutation($input: {payload}Input!) {{ {name}(input: $input) {{ {fields} {PROBLEMS} }} }}"


DECLARE = document(
    "declareIncident",
    """incident { id hazard { code } title status position { latitude longitude } startedAt endedAt kabupatens { code }
    needs(first: 1) { totalCount } version createdAt }""",
)
RAISE = document(
    "raiseNeed",
    """need { id incident { id } skill { code } minimumRank { code } cluster { code } kabupaten { code } peopleWanted
    priority startsAt endsAt position { latitude longitude } closedAt coverage { wanted offered accepted onDuty } version }""",
)
REGISTER = document(
    "registerVolunteer",
    """volunteer { id name status reach kabupaten { code } phone nik position { latitude longitude } consentGivenAt consentPurpose
    consentWithdrawnAt version memberships(first: 5) { nodes { organization { id } number rank { code } since until } }
    }""",
)
ISSUE = document(
    "issueCertificate",
    """certificate { id volunteer { id } type { code } issuer { id } number issuedOn expiresOn revokedOn version }""",
)
OFFER = document(
    "offerAssignment",
    """assignment { id need { id } volunteer { id } status startsAt endsAt expiresAt reason version
    overrides { ruleCode reason } }""",
)
MOVED = "assignment { id status reason version }"
ACCEPT = document("acceptAssignment", MOVED)
DECLINE = document("declineAssignment", MOVED)
CANCEL = document("cancelAssignment", MOVED)
ALLOWED_ACTIONS = "query($id: ID!) { assignment(id: $id) { allowedActions } }"
ANSWERS = {"ACCEPTED": ACCEPT, "DECLINED": DECLINE, "CANCELLED": CANCEL}
REASONS: Mapping[str, Mapping[str, str]] = {"CANCELLED": {"reason": "Batal"}}

PERSON = {"name": "Sinta", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan relawan"}
NIK = "6202014107900001"


def key(global_id: str) -> str:
    return global_id.partition(":")[2]


def codes_and_paths(payload: Json) -> list[tuple[str, list[str]]]:
    """The code and the path of each problem; if there are problems, the rest of the payload must be null."""
    problems: list[Json] = payload["problems"]
    assert not problems or [value for name, value in payload.items() if name != "problems"] == [None]
    return [(problem["code"], problem["path"]) for problem in problems]


async def events(build: Build) -> list[tuple[object, ...]]:
    """Kind, subject, account, reason and change of every event."""
    rows = await build.connection.fetch("SELECT * FROM event ORDER BY position")
    return [
        (
            row["kind"],
            f"{row['subject_type']}:{row['subject_key']}",
            row["account_id"],
            row["reason"],
            orjson.loads(row["change"]),
        )
        for row in rows
    ]


async def assert_refused(
    api: Api, build: Build, mutation: str, actor: uuid.UUID, good: Json, cases: list[tuple[Json, str, str]]
) -> None:
    """Sends the valid input with each change; checks code and path of the problem, and that the database is unchanged.

    A path is written with dots: `kabupatens.0`.
    """
    before = await snapshot(build.connection)
    refused = [
        (change, *codes_and_paths(await api.do(mutation, actor=actor, **{**good, **change})))
        for change, _code, _name in cases
    ]
    assert refused == [(change, (code, ["input", *name.split(".")])) for change, code, name in cases]
    assert await snapshot(build.connection) == before


# Successful mutations.


async def test_an_incident_is_declared(api: Api, build: Build) -> None:
    coordinator = await build.coordinator(province_code="62")
    seat = await build.connection.fetchrow("SELECT latitude, longitude FROM kabupaten WHERE code = $1", NEIGHBOUR)
    assert seat is not None

    declared = await api.do(
        DECLARE,
        actor=coordinator,
        hazard="FLOOD",
        title="  Banjir Katingan ",
        kabupatens=[NEIGHBOUR, HOME, NEIGHBOUR],
        startedAt="2026-02-28T20:00:00+07:00",
    )

    created_at = await build.connection.fetchval("SELECT created_at FROM incident")
    incident = declared["incident"]
    assert incident == {
        "id": incident["id"],
        "hazard": {"code": "FLOOD"},
        "title": "Banjir Katingan",
        "status": "ACTIVE",
        "position": dict(seat),
        "startedAt": "2026-02-28T13:00:00+00:00",
        "endedAt": None,
        "kabupatens": [{"code": HOME}, {"code": NEIGHBOUR}],
        "needs": {"totalCount": 0},
        "version": 1,
        "createdAt": instant(created_at),
    }
    assert declared["problems"] == []
    change = {"status": "ACTIVE", "hazard": "FLOOD", "kabupaten": [NEIGHBOUR, HOME]}
    assert await events(build) == [("incident.declared", incident["id"], coordinator, None, change)]


async def test_a_need_is_raised(api: Api, build: Build) -> None:
    coordinator, incident = await build.coordinator(kabupaten_code=HOME), await build.incident([HOME, NEIGHBOUR])
    values = {"skill": SKILL, "peopleWanted": 12, "kabupaten": HOME}

    raised = await api.do(
        RAISE,
        actor=coordinator,
        incident=f"Incident:{incident}",
        **values,
        cluster="SEARCH_AND_RESCUE",
        startsAt=instant(START),
        endsAt=instant(END),
        priority="URGENT",
        minimumRank="TAGANA_MADYA",
        position={"latitude": -2.5, "longitude": 112.5},
    )

    need = raised["need"]
    assert need == {
        "id": need["id"],
        "incident": {"id": f"Incident:{incident}"},
        "skill": {"code": SKILL},
        "minimumRank": {"code": "TAGANA_MADYA"},
        "cluster": {"code": "SEARCH_AND_RESCUE"},
        "kabupaten": {"code": HOME},
        "peopleWanted": 12,
        "priority": "URGENT",
        "startsAt": instant(START),
        "endsAt": instant(END),
        "position": {"latitude": -2.5, "longitude": 112.5},
        "closedAt": None,
        "coverage": {"wanted": 12, "offered": 0, "accepted": 0, "onDuty": 0},
        "version": 1,
    }
    assert raised["problems"] == []
    change = {"incident": str(incident), **{camel_to_snake(name): value for name, value in values.items()}}
    assert await events(build) == [("need.raised", need["id"], coordinator, None, change)]


async def test_a_volunteer_is_registered_with_a_membership(api: Api, build: Build) -> None:
    organization = await build.organization()
    manager = await build.manager(organization)

    registered = await api.do(
        REGISTER,
        actor=manager,
        name=" Sinta ",
        kabupaten=FAR,
        reach="PROVINCE",
        consentPurpose="Penugasan relawan",
        phone="0812-3456-789",
        nik=NIK,
        position={"latitude": -4.8, "longitude": 104.9},
        organization=f"Organization:{organization}",
        number="TGN-7",
        rank="TAGANA_MUDA",
        since="2025-02-03",
    )

    volunteer = registered["volunteer"]
    membership = {
        "organization": {"id": f"Organization:{organization}"},
        "number": "TGN-7",
        "rank": {"code": "TAGANA_MUDA"},
        "since": "2025-02-03",
        "until": None,
    }
    assert volunteer == {
        "id": volunteer["id"],
        "name": "Sinta",
        "status": "ACTIVE",
        "reach": "PROVINCE",
        "kabupaten": {"code": FAR},
        "phone": "+628123456789",
        "nik": "************0001",
        "position": {"latitude": -4.8, "longitude": 104.9},
        "consentGivenAt": instant(NOW),
        "consentPurpose": "Penugasan relawan",
        "consentWithdrawnAt": None,
        "version": 1,
        "memberships": {"nodes": [membership]},
    }
    assert registered["problems"] == []
    change = {"kabupaten": FAR, "reach": "PROVINCE", "organization": str(organization)}
    key = await build.connection.fetchval("SELECT id FROM membership")
    began = {"volunteer": volunteer["id"].partition(":")[2], "organization": str(organization)}
    assert await events(build) == [
        ("membership.begun", f"Membership:{key}", manager, None, began),
        ("volunteer.registered", volunteer["id"], manager, None, change),
    ]


POSITION = {"latitude": -2.25, "longitude": 113.5}


@pytest.mark.parametrize("given", [{}, {"position": None}, {"position": POSITION}], ids=["left out", "null", "given"])
async def test_the_position_of_an_incident_and_of_a_need_is_the_seat_unless_given(
    api: Api, build: Build, given: Json
) -> None:
    coordinator, good = await build.coordinator(), await inputs(build)
    seat = await build.connection.fetchrow("SELECT latitude, longitude FROM kabupaten WHERE code = $1", HOME)
    assert seat is not None

    declared = await api.do(DECLARE, actor=coordinator, **good[DECLARE], **given)
    raised = await api.do(RAISE, actor=coordinator, **good[RAISE], **given)
    registered = await api.do(REGISTER, actor=coordinator, **PERSON, **given)

    assert declared["incident"]["position"] == (given.get("position") or dict(seat))
    assert raised["need"]["position"] == (given.get("position") or dict(seat))
    assert registered["volunteer"]["position"] == given.get("position")


async def test_a_volunteer_is_registered_with_required_fields_only(api: Api, build: Build) -> None:
    coordinator = await build.coordinator(kabupaten_code=HOME)

    registered = await api.do(REGISTER, actor=coordinator, **PERSON)

    assert registered["problems"] == []
    volunteer = registered["volunteer"]
    assert [volunteer[name] for name in ("phone", "nik", "position")] == [None] * 3
    assert volunteer["memberships"] == {"nodes": []}


async def test_a_certificate_is_issued(api: Api, build: Build) -> None:
    organization = await build.organization()
    volunteer, manager = await build.person(), await build.manager(organization)
    await build.membership(volunteer, organization)

    issued = await api.do(
        ISSUE,
        actor=manager,
        volunteer=f"Volunteer:{volunteer}",
        type=CERTIFICATE_TYPE,
        issuer=f"Organization:{organization}",
        number=" WR-1 ",
        issuedOn="2026-02-28",
    )

    certificate = issued["certificate"]
    assert certificate == {
        "id": certificate["id"],
        "volunteer": {"id": f"Volunteer:{volunteer}"},
        "type": {"code": CERTIFICATE_TYPE},
        "issuer": {"id": f"Organization:{organization}"},
        "number": "WR-1",
        "issuedOn": "2026-02-28",
        "expiresOn": "2028-02-28",
        "revokedOn": None,
        "version": 1,
    }
    assert issued["problems"] == []
    change = {"volunteer": str(volunteer), "type": CERTIFICATE_TYPE, "issuer": str(organization)}
    assert await events(build) == [("certificate.issued", certificate["id"], manager, None, change)]


@pytest.mark.parametrize(
    ("type_", "issued_on", "expires_on", "expected"),
    [
        ("WATER_RESCUE_BASIC", "2024-02-29", None, "2026-02-28"),
        ("WATER_RESCUE_BASIC", "2024-02-29", "2026-02-28", "2026-02-28"),
        ("WATER_RESCUE_BASIC", "2026-01-31", "2026-01-31", "2026-01-31"),
        ("TKSK_BASIC", "2026-01-31", None, None),
        ("TKSK_BASIC", "2026-01-31", "2199-01-01", "2199-01-01"),
    ],
)
async def test_the_validity_of_a_type_limits_the_expiry_of_a_certificate(
    api: Api, build: Build, type_: str, issued_on: str, expires_on: str | None, expected: str | None
) -> None:
    volunteer, issuer = await build.person(), await build.organization(kind="GOVERNMENT")

    issued = await api.do(
        ISSUE,
        actor=await build.coordinator(),
        volunteer=f"Volunteer:{volunteer}",
        type=type_,
        issuer=f"Organization:{issuer}",
        number="1",
        issuedOn=issued_on,
        expiresOn=expires_on,
    )

    assert issued["problems"] == []
    assert issued["certificate"]["expiresOn"] == expected


async def test_an_assignment_is_offered_for_a_part_of_the_need(api: Api, build: Build) -> None:
    volunteer, need = await build.volunteer(), await build.need()
    coordinator = await build.coordinator(kabupaten_code=HOME)

    offered = await api.do(
        OFFER,
        actor=coordinator,
        need=f"Need:{need}",
        volunteer=f"Volunteer:{volunteer}",
        startsAt=instant(START + HOUR),
        endsAt=instant(END - HOUR),
        expiresAt=instant(NOW + HOUR),
    )

    assignment = offered["assignment"]
    assert assignment == {
        "id": assignment["id"],
        "need": {"id": f"Need:{need}"},
        "volunteer": {"id": f"Volunteer:{volunteer}"},
        "status": "OFFERED",
        "startsAt": instant(START + HOUR),
        "endsAt": instant(END - HOUR),
        "expiresAt": instant(NOW + HOUR),
        "reason": None,
        "version": 1,
        "overrides": [],
    }
    assert offered["problems"] == []
    change = {"status": "OFFERED", "need": str(need), "volunteer": str(volunteer), "overridden": []}
    assert await events(build) == [("assignment.offered", assignment["id"], coordinator, None, change)]
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 0


@pytest.mark.parametrize(
    ("status", "reason", "commitments"),
    [("ACCEPTED", None, 1), ("DECLINED", None, 0), ("DECLINED", "Sakit", 0), ("CANCELLED", "Cukup orang", 0)],
)
async def test_an_offer_is_answered(api: Api, build: Build, status: str, reason: str | None, commitments: int) -> None:
    volunteer, need = await build.volunteer(), await build.need()
    assignment = f"Assignment:{await build.assignment(need, volunteer)}"
    actor = await build.volunteer_account(volunteer)
    fields = {} if reason is None else {"reason": reason}

    answered = await api.do(ANSWERS[status], actor=actor, assignment=assignment, version=1, **fields)

    assert answered == {
        "assignment": {"id": assignment, "status": status, "reason": reason, "version": 2},
        "problems": [],
    }
    change = {"status": status, "from": "OFFERED", "need": str(need), "volunteer": str(volunteer)}
    assert await events(build) == [(f"assignment.{status.lower()}", assignment, actor, reason, change)]
    periods = await build.connection.fetch("SELECT * FROM commitment")
    assert [
        (row["volunteer_id"], f"Assignment:{row['assignment_id']}", row["period"].lower, row["period"].upper)
        for row in periods
    ] == [(volunteer, assignment, START, END)] * commitments


async def test_cancelling_an_accepted_assignment_deletes_its_commitment(api: Api, build: Build) -> None:
    volunteer, need = await build.volunteer(), await build.need(wanted=1)
    accepted = await build.assignment(need, volunteer, status="ACCEPTED")
    coordinator = await build.coordinator(kabupaten_code=HOME)

    cancelled = await api.do(CANCEL, actor=coordinator, assignment=f"Assignment:{accepted}", version=1, reason="Pindah")
    offered = await api.do(OFFER, actor=coordinator, need=f"Need:{need}", volunteer=f"Volunteer:{volunteer}")

    assert cancelled["assignment"]["status"] == "CANCELLED"
    assert offered["problems"] == []
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 0


# Versions and status transitions.


@pytest.mark.parametrize("status", ANSWERS)
async def test_a_wrong_version_changes_nothing_and_returns_the_current_one(api: Api, build: Build, status: str) -> None:
    volunteer = await build.volunteer()
    assignment = await build.assignment(await build.need(), volunteer, version=5)
    actor = await build.volunteer_account(volunteer)
    before = await snapshot(build.connection)

    for version in (4, 6, 0, -1):
        answered = await api.do(
            ANSWERS[status],
            actor=actor,
            assignment=f"Assignment:{assignment}",
            version=version,
            **REASONS.get(status, {}),
        )
        assert answered == {
            "assignment": None,
            "problems": [problem("Version", "VERSION_CONFLICT", "version", currentVersion=5)],
        }
    assert await snapshot(build.connection) == before


async def test_the_second_of_two_writers_gets_a_version_conflict(api: Api, build: Build) -> None:
    volunteer = await build.volunteer()
    assignment = f"Assignment:{await build.assignment(await build.need(), volunteer)}"
    actor = await build.volunteer_account(volunteer)

    first = await api.do(ACCEPT, actor=actor, assignment=assignment, version=1)
    second = await api.do(DECLINE, actor=actor, assignment=assignment, version=1)

    assert first["problems"] == []
    assert second == {
        "assignment": None,
        "problems": [problem("Version", "VERSION_CONFLICT", "version", currentVersion=2)],
    }


@pytest.mark.parametrize(("pause", "codes"), [(timedelta(0), ["OFFER_EXPIRED"]), (timedelta(microseconds=1), [])])
async def test_an_offer_can_be_accepted_until_it_expires(
    api: Api, build: Build, pause: timedelta, codes: list[str]
) -> None:
    volunteer = await build.volunteer()
    assignment = await build.assignment(await build.need(), volunteer, expires_at=NOW + pause)

    accepted = await api.do(
        ACCEPT, actor=await build.volunteer_account(volunteer), assignment=f"Assignment:{assignment}", version=1
    )

    assert accepted["problems"] == [problem("Deadline", code, "assignment", deadline=instant(NOW)) for code in codes]
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 1 - len(codes)


# Invalid input.


async def test_declare_incident_refuses_invalid_input(api: Api, build: Build) -> None:
    good = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": instant(NOW)}
    cases: list[tuple[Json, str, str]] = [
        ({"title": "ab"}, "INVALID", "title"),
        ({"title": " ab "}, "INVALID", "title"),
        ({"title": "x" * 201}, "INVALID", "title"),
        ({"startedAt": instant(NOW + 25 * HOUR)}, "INVALID", "startedAt"),
        ({"hazard": "DRAGON"}, "NOT_FOUND", "hazard"),
        ({"kabupatens": []}, "INVALID", "kabupatens"),
        ({"kabupatens": ["99.99"]}, "NOT_FOUND", "kabupatens.0"),
        ({"kabupatens": [HOME, NEIGHBOUR]}, "FORBIDDEN", "kabupatens.1"),
        ({"position": {"latitude": -90.5, "longitude": 112.5}}, "INVALID", "position"),
        ({"position": {"latitude": -2.5, "longitude": 180.5}}, "INVALID", "position"),
    ]

    await assert_refused(api, build, DECLARE, await build.coordinator(kabupaten_code=HOME), good, cases)


async def test_raise_need_refuses_invalid_input(api: Api, build: Build) -> None:
    good = {
        "incident": f"Incident:{await build.incident()}",
        "skill": SKILL,
        "cluster": "HEALTH",
        "kabupaten": HOME,
        "peopleWanted": 1,
        "startsAt": instant(START),
        "endsAt": instant(END),
    }
    cases: list[tuple[Json, str, str]] = [
        ({"incident": f"Incident:{uuid.uuid4()}"}, "NOT_FOUND", "incident"),
        ({"incident": f"Incident:{await build.incident(status='CLOSED')}"}, "NEED_CLOSED", "incident"),
        ({"incident": f"Incident:{await build.incident(status='REPORTED')}"}, "NEED_CLOSED", "incident"),
        ({"skill": "FLYING"}, "NOT_FOUND", "skill"),
        ({"cluster": "NONE"}, "NOT_FOUND", "cluster"),
        ({"minimumRank": "GENERAL"}, "NOT_FOUND", "minimumRank"),
        ({"kabupaten": "99.99"}, "NOT_FOUND", "kabupaten"),
        ({"kabupaten": FAR}, "FORBIDDEN", "kabupaten"),
        ({"kabupaten": NEIGHBOUR}, "INVALID", "kabupaten"),
        ({"peopleWanted": 0}, "INVALID", "peopleWanted"),
        ({"peopleWanted": 10_001}, "INVALID", "peopleWanted"),
        ({"endsAt": instant(START)}, "INVALID", "endsAt"),
        ({"endsAt": instant(START + 366 * DAY + HOUR)}, "INVALID", "endsAt"),
        ({"startsAt": instant(NOW - DAY), "endsAt": instant(NOW)}, "PERIOD_PAST", "endsAt"),
        ({"position": {"latitude": 90.5, "longitude": 1.0}}, "INVALID", "position"),
    ]

    await assert_refused(api, build, RAISE, await build.coordinator(province_code="62"), good, cases)


async def test_register_volunteer_refuses_invalid_input(api: Api, build: Build) -> None:
    organization, pending = await build.organization(), await build.organization(verification="PENDING")
    await build.membership(await build.person(), organization, number="7")
    member = {"organization": f"Organization:{organization}"}
    cases: list[tuple[Json, str, str]] = [
        ({"name": "  "}, "INVALID", "name"),
        ({"name": "x" * 201}, "INVALID", "name"),
        ({"consentPurpose": " ab "}, "INVALID", "consentPurpose"),
        ({"consentPurpose": "x" * 501}, "INVALID", "consentPurpose"),
        ({"position": {"latitude": 1.0, "longitude": -180.5}}, "INVALID", "position"),
        ({"kabupaten": "99.99"}, "NOT_FOUND", "kabupaten"),
        ({"kabupaten": NEIGHBOUR}, "FORBIDDEN", "kabupaten"),
        ({"organization": f"Organization:{uuid.uuid4()}"}, "NOT_FOUND", "organization"),
        ({"organization": f"Organization:{pending}"}, "ORGANIZATION_NOT_VERIFIED", "organization"),
        ({**member, "kabupaten": NEIGHBOUR}, "FORBIDDEN", "organization"),
        ({**member, "rank": "GENERAL"}, "NOT_FOUND", "rank"),
        ({**member, "number": "7"}, "NUMBER_TAKEN", "number"),
        ({"number": "8"}, "INVALID", "organization"),
        ({"rank": "TAGANA_MUDA"}, "INVALID", "organization"),
        ({"since": "2026-01-01"}, "INVALID", "organization"),
        # Before the republic, or before the fifteenth birthday that the NIK tells.
        ({**member, "since": "1900-01-01"}, "INVALID", "since"),
        ({**member, "since": "1944-12-31"}, "INVALID", "since"),
        ({**member, "nik": NIK, "since": "2005-01-30"}, "INVALID", "since"),
        *(
            ({"nik": nik}, "INVALID", "nik")
            for nik in (
                *("620201410790000", "62020141079000011", "0202014107900001", "6202010007900001"),
                *("6202013207900001", "6202017207900001", "6202014100900001", "6202014113900001"),
                *("6202014107900000", "620201410790000X"),
            )
        ),
    ]

    await assert_refused(api, build, REGISTER, await build.coordinator(kabupaten_code=HOME), PERSON, cases)


async def test_issue_certificate_refuses_invalid_input(api: Api, build: Build) -> None:
    issuer, suspended = await build.organization(), await build.organization(verification="SUSPENDED")
    volunteer = await build.person()
    await build.certificate(volunteer, issuer, number="WR-1")
    good = {
        "volunteer": f"Volunteer:{volunteer}",
        "issuer": f"Organization:{issuer}",
        "type": CERTIFICATE_TYPE,
        "number": "WR-2",
        "issuedOn": "2026-02-28",
    }
    cases: list[tuple[Json, str, str]] = [
        ({"volunteer": f"Volunteer:{uuid.uuid4()}"}, "NOT_FOUND", "volunteer"),
        ({"issuer": f"Organization:{uuid.uuid4()}"}, "NOT_FOUND", "issuer"),
        ({"issuer": f"Organization:{suspended}"}, "ORGANIZATION_NOT_VERIFIED", "issuer"),
        ({"type": "WIZARDRY"}, "NOT_FOUND", "type"),
        ({"expiresOn": "2026-02-27"}, "INVALID", "expiresOn"),
        ({"expiresOn": "2028-02-29"}, "INVALID", "expiresOn"),
        ({"issuedOn": "2026-03-03"}, "INVALID", "issuedOn"),
        ({"issuedOn": "1900-01-01"}, "INVALID", "issuedOn"),
        ({"issuedOn": "1944-12-31"}, "INVALID", "issuedOn"),
        ({"number": "  "}, "INVALID", "number"),
        ({"number": "x" * 101}, "INVALID", "number"),
        ({"number": "WR-1"}, "NUMBER_TAKEN", "number"),
    ]

    await assert_refused(api, build, ISSUE, await build.coordinator(kabupaten_code=HOME), good, cases)


async def test_offer_assignment_refuses_invalid_input(api: Api, build: Build) -> None:
    volunteer, need = await build.volunteer(), await build.need()
    good = {"need": f"Need:{need}", "volunteer": f"Volunteer:{volunteer}"}
    overridable = {refusal.code for rule in OFFER_RULES if rule.overridable for refusal in rule.refusals}
    cases: list[tuple[Json, str, str]] = [
        ({"need": f"Need:{uuid.uuid4()}"}, "NOT_FOUND", "need"),
        ({"volunteer": f"Volunteer:{uuid.uuid4()}"}, "NOT_FOUND", "volunteer"),
        ({"startsAt": instant(START - HOUR)}, "PERIOD_OUTSIDE", "volunteer"),
        ({"endsAt": instant(END + HOUR)}, "PERIOD_OUTSIDE", "volunteer"),
        ({"startsAt": instant(END), "endsAt": instant(START)}, "INVALID", "startsAt"),
        ({"startsAt": instant(START), "endsAt": instant(START)}, "INVALID", "startsAt"),
        ({"expiresAt": instant(NOW)}, "INVALID", "expiresAt"),
        ({"overrideRules": ["NOT_RESTED"]}, "INVALID", "overrideReason"),
        ({"overrideRules": ["NOT_RESTED"], "overrideReason": "  "}, "INVALID", "overrideReason"),
        ({"overrideReason": "x" * 1001}, "INVALID", "overrideReason"),
        *(
            ({"overrideRules": ["NOT_RESTED", code], "overrideReason": "Darurat"}, "NOT_OVERRIDABLE", "overrideRules")
            for code in ProblemCode
            if code not in overridable
        ),
    ]

    await assert_refused(api, build, OFFER, await build.coordinator(kabupaten_code=HOME), good, cases)


async def test_answers_to_an_offer_refuse_invalid_input(api: Api, build: Build) -> None:
    volunteer = await build.volunteer()
    assignment = await build.assignment(await build.need(), volunteer)
    actor, good = await build.volunteer_account(volunteer), {"assignment": f"Assignment:{assignment}", "version": 1}
    absent: tuple[Json, str, str] = ({"assignment": f"Assignment:{uuid.uuid4()}"}, "NOT_FOUND", "assignment")
    long: tuple[Json, str, str] = ({"reason": "x" * 1001}, "INVALID", "reason")

    await assert_refused(api, build, ACCEPT, actor, good, [absent])
    await assert_refused(api, build, DECLINE, actor, good, [absent, long])
    await assert_refused(
        api, build, CANCEL, actor, {**good, "reason": "Batal"}, [absent, long, ({"reason": "  "}, "INVALID", "reason")]
    )


# Overrides.


async def test_an_override_is_stored_with_reason_fact_and_account(api: Api, build: Build) -> None:
    suspended = await build.organization(verification="SUSPENDED")
    volunteer, need = await build.volunteer(suspended, status="INACTIVE"), await build.need()
    coordinator = await build.coordinator(kabupaten_code=HOME)

    offered = await api.do(
        OFFER,
        actor=coordinator,
        need=f"Need:{need}",
        volunteer=f"Volunteer:{volunteer}",
        overrideRules=["ORGANIZATION_NOT_VERIFIED", "PERSON_INACTIVE", "NOT_RESTED"],
        overrideReason="Hanya dia yang ada",
    )

    assert offered["problems"] == []
    assert sorted(override["ruleCode"] for override in offered["assignment"]["overrides"]) == [
        "ORGANIZATION_NOT_VERIFIED",
        "PERSON_INACTIVE",
    ]
    assignment = key(offered["assignment"]["id"])
    rows = await build.connection.fetch("SELECT * FROM override ORDER BY rule_code")
    assert [
        (str(row["assignment_id"]), row["rule_code"], row["reason"], row["account_id"], orjson.loads(row["fact"]))
        for row in rows
    ] == [
        (
            *(assignment, "ORGANIZATION_NOT_VERIFIED", "Hanya dia yang ada", coordinator),
            {"organization_id": str(suspended)},
        ),
        (assignment, "PERSON_INACTIVE", "Hanya dia yang ada", coordinator, {}),
    ]
    ((kind, _subject, account, reason, change),) = await events(build)
    assert (kind, account, reason) == ("assignment.offered", coordinator, "Hanya dia yang ada")
    assert change == {
        "status": "OFFERED",
        "need": str(need),
        "volunteer": str(volunteer),
        "overridden": ["PERSON_INACTIVE", "ORGANIZATION_NOT_VERIFIED"],
    }


async def test_an_override_does_not_cover_other_rules(api: Api, build: Build) -> None:
    volunteer, need = await build.volunteer(status="INACTIVE", consent_withdrawn_at=NOW), await build.need()
    coordinator = await build.coordinator()
    before = await snapshot(build.connection)

    offered = await api.do(
        OFFER,
        actor=coordinator,
        need=f"Need:{need}",
        volunteer=f"Volunteer:{volunteer}",
        overrideRules=["PERSON_INACTIVE"],
        overrideReason="Siap",
    )

    assert codes_and_paths(offered) == [("CONSENT_MISSING", ["input", "volunteer"])]
    assert await snapshot(build.connection) == before


# Personal data and duplicates.


async def test_a_nik_is_stored_encrypted_with_a_blind_index(api: Api, build: Build) -> None:
    coordinator, other = await build.coordinator(), "6202014107900002"

    for nik in (NIK, other):
        registered = await api.do(REGISTER, actor=coordinator, **PERSON, nik=nik, idempotencyKey=nik[-4:])
        assert registered["volunteer"]["nik"] == f"************{nik[-4:]}"

    vault = api.services.vault
    row = await build.connection.fetchrow("SELECT * FROM volunteer WHERE nik_index = $1", vault.blind_index(NIK))
    assert row is not None
    assert vault.decrypt(row["nik_cipher"]) == NIK
    assert NIK.encode() not in row["nik_cipher"]
    everything = str(await snapshot(build.connection))
    assert not re.search(rf"{NIK}|{NIK[:-4]}", everything)
    assert NIK.encode().hex() not in everything
    ciphers = await build.connection.fetch("SELECT nik_cipher FROM volunteer")
    assert len({cipher["nik_cipher"][:12] for cipher in ciphers}) == 2


async def test_the_same_nik_is_registered_once(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    await api.do(REGISTER, actor=coordinator, **PERSON, nik=NIK)
    before = await snapshot(build.connection)

    again = await api.do(REGISTER, actor=coordinator, **{**PERSON, "name": "Orang Lain"}, nik=NIK)

    after = await snapshot(build.connection)
    assert codes_and_paths(again) == [("ALREADY_REGISTERED", ["input", "nik"])]
    assert {**after, "event": before["event"]} == before


@pytest.mark.parametrize("written", ["08123456789", "+62 812-3456-789", "62812 3456 789", "(0812) 3456789"])
async def test_phone_numbers_in_usual_formats_are_stored_as_e164(api: Api, build: Build, written: str) -> None:
    registered = await api.do(REGISTER, actor=await build.coordinator(), **PERSON, phone=written)

    expected = "+628123456789"
    assert registered["volunteer"]["phone"] == expected
    assert await build.connection.fetchval("SELECT phone FROM volunteer") == expected


@pytest.mark.parametrize(
    "written", ["", "123", "+60123456789", "telepon", "0812345678901234567", "+6280312345678901234"]
)
async def test_other_than_indonesian_phone_numbers_are_problems(api: Api, build: Build, written: str) -> None:
    coordinator = await build.coordinator()

    registered = await api.do(REGISTER, actor=coordinator, **PERSON, phone=written)

    problems = [(each["code"], each["path"]) for each in registered["problems"]]
    assert problems == [("INVALID", ["input", "phone"])]
    assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == 0


async def test_a_manager_sees_a_new_member_at_once_in_every_time_zone(
    build: Build, database_url: str, keys: Path
) -> None:
    organization = await build.organization()
    manager = await build.manager(organization)
    # 23:00 in Jakarta is already the next day in Jayapura.
    night = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)

    async with running_api(database_url, keys, lambda: night) as api:
        registered = await api.do(
            REGISTER, actor=manager, **{**PERSON, "kabupaten": "91.71"}, organization=f"Organization:{organization}"
        )

    assert registered["problems"] == []
    assert registered["volunteer"]["name"] == "Sinta"
    assert await build.connection.fetchval("SELECT since FROM membership") <= date(2026, 3, 1)


# Idempotency.


async def test_a_repeated_request_is_executed_once_and_gets_the_same_answer(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    fields = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "idempotencyKey": "k"}

    first = await api.do(DECLARE, actor=coordinator, **fields, startedAt="2026-03-01T00:00:00Z")
    before = await snapshot(build.connection)
    # The same instant in another zone is the same request.
    again = await api.do(DECLARE, actor=coordinator, **fields, startedAt="2026-03-01T07:00:00+07:00")

    assert first["problems"] == []
    assert again == first
    assert await snapshot(build.connection) == before
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 1
    assert len(await events(build)) == 1


@pytest.mark.parametrize("status", ANSWERS)
async def test_a_repeated_answer_to_an_offer_is_executed_once(api: Api, build: Build, status: str) -> None:
    volunteer = await build.volunteer()
    assignment = await build.assignment(await build.need(), volunteer)
    fields = {
        "assignment": f"Assignment:{assignment}",
        "version": 1,
        "idempotencyKey": "k",
        **REASONS.get(status, {}),
    }
    actor = await build.volunteer_account(volunteer)

    first = await api.do(ANSWERS[status], actor=actor, **fields)
    again = await api.do(ANSWERS[status], actor=actor, **fields)

    assert first["problems"] == []
    assert first["assignment"]["status"] == status
    assert again == first
    assert len(await events(build)) == 1


async def test_a_repeated_refused_request_gets_the_same_problems(api: Api, build: Build) -> None:
    volunteer, need = await build.volunteer(), await build.need(wanted=1)
    await build.assignment(need, await build.volunteer(), status="ACCEPTED")
    elsewhere = await build.assignment(await build.need(), volunteer, status="ACCEPTED")
    coordinator = await build.coordinator()
    fields = {"need": f"Need:{need}", "volunteer": f"Volunteer:{volunteer}", "idempotencyKey": "k"}

    first = await api.do(OFFER, actor=coordinator, **fields)
    async with build.connection.transaction():
        await build.connection.execute("DELETE FROM commitment")
        await build.connection.execute("UPDATE assignment SET status = 'CANCELLED'")
    again = await api.do(OFFER, actor=coordinator, **fields)

    clash = {"assignment": {"id": f"Assignment:{elsewhere}"}, "startsAt": instant(START), "endsAt": instant(END)}
    assert first["problems"] == [
        problem("Limit", "NEED_FULL", "volunteer", count=1, limit=1),
        problem("Commitment", "PERSON_ELSEWHERE", "volunteer", **clash),
    ]
    assert again == first
    assert await build.connection.fetchval("SELECT count(*) FROM assignment") == 2
    assert [kind for kind, *_rest in await events(build)] == ["account.call_refused"] * 2


async def test_a_request_that_is_repeated_in_another_spelling_is_the_same_request(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    fields = {"reach": "NATIONAL", "kabupaten": HOME, "idempotencyKey": "k"}
    spellings = (
        {"name": "Siti Rahayu", "phone": "+6281234567890", "consentPurpose": "Penugasan", "nik": "6202014107900001"},
        {
            "name": " Siti\u00a0 Rahayu ",
            "phone": "0812-3456-7890",
            "consentPurpose": "Penugasan ",
            "nik": "6202 0141 0790 0001",
        },
    )

    first, again = [await api.do(REGISTER, actor=coordinator, **fields, **each) for each in spellings]
    other = await api.do(REGISTER, actor=coordinator, **fields, **{**spellings[0], "name": "Siti Rahayu W"})

    assert first["volunteer"] is not None
    assert again == first
    assert [each["code"] for each in other["problems"]] == ["KEY_REUSED"]
    assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == 1


async def test_an_idempotency_key_is_valid_for_one_request_of_one_account(api: Api, build: Build) -> None:
    coordinator, colleague = await build.coordinator(), await build.coordinator()
    fields = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": instant(NOW)}
    reused = [("KEY_REUSED", ["input", "idempotencyKey"])]
    first = await api.do(DECLARE, actor=coordinator, **fields, idempotencyKey="k")
    before = await snapshot(build.connection)

    another_body = await api.do(DECLARE, actor=coordinator, **{**fields, "title": "Longsor"}, idempotencyKey="k")
    with_a_null = await api.do(DECLARE, actor=coordinator, **fields, position=None, idempotencyKey="k")
    another_mutation = await api.do(REGISTER, actor=coordinator, **PERSON, idempotencyKey="k")
    after = await snapshot(build.connection)
    by_colleague = await api.do(DECLARE, actor=colleague, **fields, idempotencyKey="k")

    refused = [codes_and_paths(answer) for answer in (another_body, with_a_null, another_mutation)]
    assert refused == [reused] * 3
    assert after == before
    assert by_colleague["problems"] == []
    assert by_colleague["incident"]["id"] != first["incident"]["id"]
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 2


async def test_a_request_in_another_spelling_is_the_same_request(api: Api, build: Build) -> None:
    coordinator, need, volunteer = await build.coordinator(), await build.need(), await build.volunteer()
    declare = partial(api.do, DECLARE, actor=coordinator, hazard="FLOOD", title="Longsor", idempotencyKey="k")
    offer = partial(api.do, OFFER, actor=coordinator, need=f"Need:{need}", idempotencyKey="another")

    declared = [
        await declare(kabupatens=[HOME], startedAt="2026-02-28T20:00:00+07:00"),
        await declare(kabupatens=[f"Kabupaten:{HOME}"], startedAt="2026-02-28T22:00:00+09:00"),
    ]
    offered = [await offer(volunteer=f"Volunteer:{each}") for each in (volunteer, str(volunteer).upper())]

    assert declared[0] == declared[1]
    assert offered[0] == offered[1]
    assert declared[0]["problems"] == offered[0]["problems"] == []
    assert await build.connection.fetchval("SELECT count(*) FROM incident WHERE title = 'Longsor'") == 1


async def test_a_payload_that_names_an_unknown_thing_changes_nothing(api: Api, build: Build) -> None:
    fields = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": instant(NOW)}
    selected = """incident { needs(first: 1, filter: {minimumRank: {eq: "GENERAL"}}) { totalCount } }"""

    errors = await api.errors(document("declareIncident", selected), actor=await build.coordinator(), input=fields)

    assert errors == [("BAD_USER_INPUT", ["declareIncident", "incident", "needs"])]
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0


async def test_repeated_requests_without_a_key_are_all_executed(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    fields = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": instant(NOW)}

    for _time in range(2):
        await api.do(DECLARE, actor=coordinator, **fields)

    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 2


@pytest.mark.parametrize("bad", ["", "x" * 201])
async def test_an_idempotency_key_has_1_to_200_characters(api: Api, build: Build, bad: str) -> None:
    coordinator = await build.coordinator()
    before = await snapshot(build.connection)

    refused = await api.do(REGISTER, actor=coordinator, **PERSON, idempotencyKey=bad)

    assert codes_and_paths(refused) == [("INVALID", ["input", "idempotencyKey"])]
    assert await snapshot(build.connection) == before


async def test_concurrent_requests_with_the_same_key_are_executed_once(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    answers: list[Json] = []
    register = partial(api.do, REGISTER, actor=coordinator, **PERSON, idempotencyKey="k")

    async def one() -> None:
        answers.append(await register())

    for round_ in range(5):
        await build.connection.execute("DELETE FROM idempotency")
        answers.clear()
        async with anyio.create_task_group() as group:
            for _number in range(8):
                group.start_soon(one)
        assert len({orjson.dumps(answer) for answer in answers}) == 1
        assert answers[0]["problems"] == []
        assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == round_ + 1
    assert len(await events(build)) == 5


# Bad input.


TEXTS = [
    (DECLARE, "title"),
    (DECLARE, "idempotencyKey"),
    (REGISTER, "name"),
    (REGISTER, "consentPurpose"),
    (REGISTER, "nik"),
    (REGISTER, "number"),
    (ISSUE, "number"),
    (OFFER, "overrideReason"),
    (DECLINE, "reason"),
    (CANCEL, "reason"),
]


async def inputs(build: Build) -> Mapping[str, Any]:
    """A valid input for each mutation."""
    organization = await build.organization()
    volunteer, other, need = (
        await build.volunteer(organization),
        await build.volunteer(organization),
        await build.need(),
    )
    member = {"organization": f"Organization:{organization}"}
    answer = {"assignment": f"Assignment:{await build.assignment(need, other)}", "version": 1}
    return {
        DECLARE: {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": instant(NOW)},
        RAISE: {
            "incident": f"Incident:{await build.incident()}",
            "skill": SKILL,
            "cluster": "HEALTH",
            "kabupaten": HOME,
            "peopleWanted": 1,
            "startsAt": instant(START),
            "endsAt": instant(END),
        },
        REGISTER: {**PERSON, **member, "number": "1"},
        ISSUE: {
            "volunteer": f"Volunteer:{volunteer}",
            "issuer": member["organization"],
            "type": CERTIFICATE_TYPE,
            "number": "1",
            "issuedOn": "2026-01-01",
        },
        OFFER: {"need": f"Need:{need}", "volunteer": f"Volunteer:{volunteer}"},
        ACCEPT: answer,
        DECLINE: answer,
        CANCEL: {**answer, "reason": "Batal"},
    }


def field(mutation: str) -> str:
    match = re.search(r"\{ (\w+)\(", mutation)
    assert match
    return match[1]


@pytest.mark.parametrize(("mutation", "name"), TEXTS, ids=lambda value: value if value.isalpha() else field(value))
async def test_a_text_that_cannot_be_stored_is_invalid(api: Api, build: Build, mutation: str, name: str) -> None:
    good, actor = (await inputs(build))[mutation], await build.coordinator()
    await build.row("role", account_id=actor, kind="MANAGER", organization_id=await build.organization())
    before = await snapshot(build.connection)

    refused = await api.do(mutation, actor=actor, **{**good, name: "Ban\x00jir"})

    assert codes_and_paths(refused) == [("INVALID", ["input", name])]
    assert await snapshot(build.connection) == before


async def test_a_lone_surrogate_is_bad_input(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    written = DECLARE.replace("$input: DeclareIncidentInput!", "$hazard: ID!").replace(
        "input: $input",
        'input: {hazard: $hazard, title: "Ban\\uD800jir", kabupatens: ["62.02"], startedAt: "2026-03-01T00:00:00Z"}',
    )
    body = rb'{"query": "{ me { id } }", "variables": {"title": "Ban\ud800jir"}}'

    in_the_document = await api.errors(written, actor=coordinator, hazard="FLOOD")
    in_json = await api.client.post("/graphql", content=body, headers={"Content-Type": "application/json"})

    assert in_the_document == [("BAD_USER_INPUT", None)]
    assert in_json.status_code == 400
    assert in_json.json()["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0


async def test_a_problem_has_its_message_in_both_languages(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    mutation = document("registerVolunteer", "volunteer { id }").replace(
        PROBLEMS, "problems { code en: message(language: EN) id: message }"
    )

    refused = await api.do(mutation, actor=coordinator, **{**PERSON, "kabupaten": "99.99"})

    (problem,) = refused["problems"]
    assert (problem["id"], problem["en"]) == ("Tidak ditemukan.", "Not found.")


UNAVAILABLE = graphql_error("The database does not answer; try again.", "UNAVAILABLE")


@pytest.mark.parametrize("error", [UNAVAILABLE, RuntimeError()], ids=["unavailable", "unexpected"])
async def test_a_committed_mutation_whose_payload_cannot_be_read_is_unread(
    api: Api, build: Build, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def unread(*_: object) -> None:
        raise error

    monkeypatch.setattr(mutation, "run", unread)
    fields = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": "2026-02-28T20:00:00+07:00"}

    errors = await api.errors(DECLARE, actor=await build.coordinator(), input=fields)

    assert errors == [("UNREAD", ["declareIncident"])]
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 1


async def test_a_refused_mutation_whose_payload_cannot_be_read_is_unavailable(
    api: Api, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unread(*_: object) -> None:
        raise graphql_error("The database does not answer; try again.", "UNAVAILABLE")

    monkeypatch.setattr(mutation, "run", unread)
    fields = {"hazard": "NO", "title": "Banjir", "kabupatens": [HOME], "startedAt": "2026-02-28T20:00:00+07:00"}

    errors = await api.errors(DECLARE, actor=await build.coordinator(), input=fields)

    assert errors == [("UNAVAILABLE", ["declareIncident"])]
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0
