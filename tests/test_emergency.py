"""Emergency statuses: who may decree what, for which days."""

import uuid
from datetime import date
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.snapshot import snapshot

READ = """emergencyStatus { kind level kabupaten { code } province { code } decreeNumber startsOn endsOn isInForce version
    incident { id } history { kind } }"""


def document(name: str) -> str:
    payload = name[0].upper() + name[1:]
    return f"mutation($input: {payload}Input!) {{ {name}(input: $input) {{ {READ} {PROBLEMS} }} }}"


DECLARE, EXTEND, END = (document(f"{name}EmergencyStatus") for name in ("declare", "extend", "end"))


def decree(incident: uuid.UUID, **values: Any) -> Json:
    return {
        "incident": f"Incident:{incident}",
        "kind": "TANGGAP_DARURAT",
        "level": "KABUPATEN",
        "decreeNumber": "300/12/2026",
        "startsOn": "2026-02-27",
        "endsOn": "2026-03-12",
        **({"kabupaten": HOME} if values.get("level", "KABUPATEN") == "KABUPATEN" else {}),
        **values,
    }


async def test_a_status_is_declared_extended_and_ended(api: Api, build: Build) -> None:
    incident, bupati = await build.incident(has_decree=False), await build.coordinator(kabupaten_code=HOME)

    declared = await api.do(DECLARE, actor=bupati, **decree(incident))
    key = f"EmergencyStatus:{await build.connection.fetchval('SELECT id FROM emergency_status')}"
    extended = await api.do(
        EXTEND, actor=bupati, emergencyStatus=key, version=1, endsOn="2026-03-20", decreeNumber="300/13/2026"
    )
    ended = await api.do(END, actor=bupati, emergencyStatus=key, version=2, endsOn="2026-03-02", reason="Surut")

    expected = {
        "kind": "TANGGAP_DARURAT",
        "level": "KABUPATEN",
        "kabupaten": {"code": HOME},
        "province": None,
        "decreeNumber": "300/12/2026",
        "startsOn": "2026-02-27",
        "endsOn": "2026-03-12",
        "isInForce": True,
        "version": 1,
        "incident": {"id": f"Incident:{incident}"},
        "history": [{"kind": "emergency_status.declared"}],
    }
    assert declared == {"emergencyStatus": expected, "problems": []}
    assert (extended["problems"], ended["problems"]) == ([], [])
    assert ended["emergencyStatus"] == {
        **expected,
        "decreeNumber": "300/13/2026",
        "endsOn": "2026-03-02",
        "version": 3,
        "history": [{"kind": f"emergency_status.{each}"} for each in ("declared", "extended", "ended")],
    }


PROVINCE, NATION = {"level": "PROVINCE", "province": HOME[:2]}, {"level": "NATIONAL"}


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        ({"kabupaten_code": HOME}, [True, False, False]),
        ({"kabupaten_code": NEIGHBOUR}, [False, False, False]),
        ({"province_code": HOME[:2]}, [True, True, False]),
        ({"province_code": FAR[:2]}, [False, False, False]),
        ({}, [True, True, True]),
    ],
)
async def test_each_decrees_for_the_own_territory(
    api: Api, build: Build, scope: dict[str, str], allowed: list[bool]
) -> None:
    incident, actor = await build.incident(has_decree=False), await build.coordinator(**scope)
    names = ("kabupaten", "province", "level")

    answers = [await api.do(DECLARE, actor=actor, **decree(incident, **level)) for level in ({}, PROVINCE, NATION)]

    assert [each["problems"] for each in answers] == [
        [] if may else [problem("Simple", "FORBIDDEN", name)] for may, name in zip(allowed, names, strict=True)
    ]
    assert await build.connection.fetchval("SELECT count(*) FROM emergency_status") == sum(allowed)


def invalid(path: str) -> Json:
    return problem("Simple", "INVALID", path)


async def test_a_wrong_decree_is_refused(api: Api, build: Build) -> None:
    incident, actor = await build.incident(has_decree=False), await build.coordinator()
    await build.emergency_status(incident)
    overlap = problem("Emergency", "STATUS_OVERLAPS", "startsOn", emergencyStatus=None)
    closed, reported = [await build.incident(status=status, has_decree=False) for status in ("CLOSED", "REPORTED")]
    cases = [
        (decree(incident), [overlap]),
        (decree(incident, startsOn="2026-03-31", endsOn="2026-04-30"), [overlap]),
        (decree(incident, kabupaten=NEIGHBOUR), [invalid("kabupaten")]),
        (decree(incident, level="PROVINCE", province=FAR[:2]), [invalid("province")]),
        (decree(incident, level="NATIONAL", province="62"), [invalid("province")]),
        (decree(incident, level="PROVINCE"), [invalid("province")]),
        (decree(incident, level="PROVINCE", province="62", kabupaten=HOME), [invalid("kabupaten")]),
        (decree(incident, endsOn="2026-02-26"), [invalid("endsOn")]),
        (decree(incident, endsOn="2027-03-01"), [invalid("endsOn")]),
        (decree(incident, decreeNumber=" "), [invalid("decreeNumber")]),
        (decree(closed), [problem("Status", "WRONG_STATUS", "incident", currentStatus="CLOSED")]),
        (decree(reported), [problem("Status", "WRONG_STATUS", "incident", currentStatus="REPORTED")]),
        (decree(uuid.uuid4()), [problem("Simple", "NOT_FOUND", "incident")]),
    ]
    before = await snapshot(build.connection)

    for values, expected in cases:
        assert await api.do(DECLARE, actor=actor, **values) == {"emergencyStatus": None, "problems": expected}

    assert await snapshot(build.connection) == before


async def test_statuses_follow_one_another_and_those_of_other_territories_overlap(api: Api, build: Build) -> None:
    incident, actor = await build.incident([HOME, NEIGHBOUR], has_decree=False), await build.coordinator()
    await build.emergency_status(incident)

    for values in (
        {"startsOn": "2026-04-01", "endsOn": "2026-04-30", "kind": "TRANSISI_DARURAT"},
        {"kabupaten": NEIGHBOUR},
        PROVINCE,
        NATION,
    ):
        assert (await api.do(DECLARE, actor=actor, **decree(incident, **values)))["problems"] == []


async def test_an_extension_that_reaches_the_next_status_is_refused(api: Api, build: Build) -> None:
    incident, actor = await build.incident(has_decree=False), await build.coordinator(kabupaten_code=HOME)
    first = await build.emergency_status(incident)
    await build.emergency_status(incident, starts_on=date(2026, 4, 5), ends_on=date(2026, 4, 6))
    values = {"emergencyStatus": f"EmergencyStatus:{first}", "version": 1, "decreeNumber": "2"}
    before = await snapshot(build.connection)

    overlap = await api.do(EXTEND, actor=actor, **values, endsOn="2026-04-05")
    earlier = await api.do(EXTEND, actor=actor, **values, endsOn="2026-03-31")
    stranger = await api.do(EXTEND, actor=await build.coordinator(kabupaten_code=FAR), **values, endsOn="2026-04-04")

    assert overlap["problems"] == [problem("Emergency", "STATUS_OVERLAPS", "endsOn", emergencyStatus=None)]
    assert earlier["problems"] == [problem("Simple", "INVALID", "endsOn")]
    assert stranger["problems"] == [problem("Simple", "FORBIDDEN", "emergencyStatus")]
    rows = await snapshot(build.connection)
    assert rows["emergency_status"] == before["emergency_status"]


async def test_a_status_of_a_closed_incident_is_ended_but_not_extended(api: Api, build: Build) -> None:
    incident, actor = await build.incident(status="CLOSED", has_decree=False), await build.coordinator()
    status = await build.emergency_status(incident)
    values = {"emergencyStatus": f"EmergencyStatus:{status}", "version": 1}
    before = await snapshot(build.connection)

    extended = await api.do(EXTEND, actor=actor, **values, endsOn="2026-04-05", decreeNumber="2")
    unchanged = await snapshot(build.connection)
    ended = await api.do(END, actor=actor, **values, endsOn="2026-03-30")

    closed = problem("Status", "WRONG_STATUS", "emergencyStatus", currentStatus="CLOSED")
    assert extended == {"emergencyStatus": None, "problems": [closed]}
    assert unchanged == before
    assert ended["problems"] == []


async def test_a_merger_with_overlapping_statuses_is_refused_with_their_list(api: Api, build: Build) -> None:
    one, other, actor = (
        await build.incident(has_decree=False),
        await build.incident(has_decree=False),
        await build.coordinator(),
    )
    merge = f"""mutation($input: MergeIncidentsInput!) {{ mergeIncidents(input: $input)
        {{ incident {{ mergedInto {{ emergencyStatuses(first: 5) {{ totalCount }} }} }} {PROBLEMS} }} }}"""
    status = await build.emergency_status(one)
    await build.emergency_status(other, starts_on=date(2026, 3, 31), ends_on=date(2026, 4, 2))
    values = {"incident": f"Incident:{one}", "into": f"Incident:{other}", "version": 1}

    refused = await api.do(merge, actor=actor, **values)
    await build.connection.execute("UPDATE emergency_status SET ends_on = '2026-03-30' WHERE id = $1", status)
    merged = await api.do(merge, actor=actor, **values)

    named = {"id": f"EmergencyStatus:{status}"}
    assert refused["problems"] == [problem("Emergency", "STATUS_OVERLAPS", "incident", emergencyStatus=named)]
    assert merged == {"incident": {"mergedInto": {"emergencyStatuses": {"totalCount": 2}}}, "problems": []}


@pytest.mark.parametrize(
    ("status", "is_allowed"),
    [
        ({}, True),
        ({"level": "PROVINCE", "province_code": HOME[:2]}, True),
        ({"level": "NATIONAL"}, True),
        ({"kabupaten_code": NEIGHBOUR}, False),
        ({"level": "PROVINCE", "province_code": FAR[:2]}, False),
        ({"ends_on": date(2026, 3, 4)}, False),
        ({"starts_on": date(2026, 3, 3)}, False),
        (None, False),
    ],
)
async def test_people_of_another_province_are_sent_where_a_status_is_in_force_on_every_day(
    api: Api, build: Build, status: Json, is_allowed: bool
) -> None:
    incident, actor = await build.incident(has_decree=False), await build.coordinator()
    own, far = [await build.volunteer(kabupaten_code=code) for code in (NEIGHBOUR, FAR)]
    key = status is not None and await build.emergency_status(incident, **status)
    need = await build.need(incident)  # From 2 to 5 March.
    refusals = """query($need: ID!, $volunteer: ID!) { need(id: $need) { refusals(volunteer: $volunteer) {
        code overridable ... on EmergencyProblem { emergencyStatus { id } } } } }"""

    found = [
        (await api.ask(refusals, actor=actor, need=f"Need:{need}", volunteer=f"Volunteer:{person}"))["need"]["refusals"]
        for person in (own, far)
    ]

    is_here = status is not None and not {"kabupaten_code", "province_code"} & status.keys()
    named = {"id": f"EmergencyStatus:{key}"} if is_here else None
    refused = {"code": "NO_EMERGENCY_STATUS", "overridable": True, "emergencyStatus": named}
    far_refusals = [each for each in found[1] if each["code"] != "NEARER_AVAILABLE"]
    assert (found[0], far_refusals) == ([], [] if is_allowed else [refused])


async def test_statuses_that_follow_one_another_count_together_and_the_rule_can_be_overridden(
    api: Api, build: Build
) -> None:
    incident, actor = await build.incident(has_decree=False), await build.coordinator()
    need, far = await build.need(incident), await build.volunteer(kabupaten_code=FAR)
    offer = f"""mutation($input: OfferAssignmentInput!) {{ offerAssignment(input: $input) {{
        assignment {{ overrides {{ ruleCode }} }} {PROBLEMS} }} }}"""
    values = {"need": f"Need:{need}", "volunteer": f"Volunteer:{far}"}

    refused = await api.do(offer, actor=actor, **values)
    overridden = await api.do(
        offer, actor=actor, **values, overrideRules=["NO_EMERGENCY_STATUS"], overrideReason="SK sedang diproses"
    )
    await build.emergency_status(incident, ends_on=date(2026, 3, 3))
    await build.emergency_status(incident, starts_on=date(2026, 3, 4), level="PROVINCE", province_code=HOME[:2])
    other = await build.volunteer(kabupaten_code=FAR)
    allowed = await api.do(offer, actor=actor, **{**values, "volunteer": f"Volunteer:{other}"})

    assert [each["code"] for each in refused["problems"]] == ["NO_EMERGENCY_STATUS"]
    assert overridden == {"assignment": {"overrides": [{"ruleCode": "NO_EMERGENCY_STATUS"}]}, "problems": []}
    assert allowed["problems"] == []
