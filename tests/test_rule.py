import math
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from api.rules.code import ProblemCode
from api.rules.refusal import OFFER_RULES
from tests.asking import FACTS, PROBLEMS, Api, Json, instant
from tests.builders import FAR, HOME, NEIGHBOUR, SKILL, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

REFUSALS = f"""query($need: ID!, $volunteer: ID!) {{ need(id: $need) {{
  refusals(volunteer: $volunteer) {{ __typename code path overridable message(language: EN) {FACTS} }}
  candidates(first: 100) {{ totalCount nodes {{ volunteer {{ id }} }} }} }} }}"""
OFFER = f"""mutation($input: OfferAssignmentInput!) {{ offerAssignment(input: $input) {{
  assignment {{ status startsAt endsAt overrides {{ ruleCode reason }} }}
  problems {{ __typename code path overridable message(language: EN) {FACTS} }} }} }}"""
ACCEPT = f"""mutation($input: AcceptAssignmentInput!) {{ acceptAssignment(input: $input) {{
  assignment {{ status version }} {PROBLEMS} }} }}"""

START, END = NOW + timedelta(days=1), NOW + timedelta(days=4)  # The default period of `build.need()`.
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)

# A past period, which clashes with no other.
PAST_PERIOD = {"starts_at": NOW - timedelta(days=30), "ends_at": NOW - timedelta(days=29)}


class Violation(NamedTuple):
    """A need and a volunteer for whom exactly one rule is violated, and the expected fact."""

    need: uuid.UUID
    volunteer: uuid.UUID
    fact: Mapping[str, Any] = {}


def facts(problem: Json) -> Json:
    """The facts of a problem that are not null; objects are replaced by their id or code."""
    common = ("__typename", "code", "path", "overridable", "message")
    filled = {name: value for name, value in problem.items() if name not in common and value is not None}
    return {name: next(iter(value.values())) if isinstance(value, dict) else value for name, value in filled.items()}


async def refusals(api: Api, build: Build, need: uuid.UUID, volunteer: uuid.UUID) -> Json:
    """The code and the facts of each refusal."""
    data = await api.ask(
        REFUSALS, actor=await build.coordinator(), need=f"Need:{need}", volunteer=f"Volunteer:{volunteer}"
    )
    return [(refusal["code"], facts(refusal)) for refusal in data["need"]["refusals"]]


async def codes(api: Api, build: Build, need: uuid.UUID, volunteer: uuid.UUID) -> list[str]:
    return [code for code, _fact in await refusals(api, build, need, volunteer)]


async def offer(api: Api, build: Build, need: uuid.UUID, volunteer: uuid.UUID, **fields: object) -> Json:
    return await api.do(
        OFFER, actor=await build.coordinator(), need=f"Need:{need}", volunteer=f"Volunteer:{volunteer}", **fields
    )


async def busy(
    build: Build, volunteer: uuid.UUID, starts_at: datetime, ends_at: datetime, status: str = "ACCEPTED"
) -> uuid.UUID:
    """An assignment of the volunteer to another need, accepted by default."""
    need = await build.need(starts_at=starts_at, ends_at=ends_at)
    return await build.assignment(need, volunteer, status=status)


# Violations of a single rule.


async def a_closed_need(build: Build) -> Violation:
    return Violation(await build.need(closed_at=NOW - HOUR), await build.volunteer())


async def a_closed_incident(build: Build) -> Violation:
    return Violation(await build.need(await build.incident(status="CLOSED")), await build.volunteer())


async def an_unverified_incident(build: Build) -> Violation:
    return Violation(await build.need(await build.incident(status="REPORTED")), await build.volunteer())


async def a_need_that_is_over(build: Build) -> Violation:
    need = await build.need(starts_at=NOW - 5 * HOUR, ends_at=NOW)
    return Violation(need, await build.volunteer(), {"deadline": instant(NOW)})


async def a_full_need(build: Build) -> Violation:
    need = await build.need(wanted=2)
    for status in ("ACCEPTED", "COMPLETED"):
        await build.assignment(need, await build.volunteer(), status=status)
    return Violation(need, await build.volunteer(), {"count": 2, "limit": 2})


async def a_need_that_is_pledged(build: Build) -> Violation:
    need = await build.need(wanted=3)
    await build.assignment(need, await build.volunteer(), status="ACCEPTED")
    await build.pledge(need, await build.organization(), quantity=2)
    return Violation(need, await build.volunteer(), {"count": 3, "limit": 3})


async def no_emergency_status(build: Build) -> Violation:
    need = await build.need(await build.incident(has_decree=False))
    return Violation(need, await build.volunteer(kabupaten_code=FAR))


async def an_inactive_person(build: Build) -> Violation:
    return Violation(await build.need(), await build.volunteer(status="INACTIVE"))


async def consent_never_given(build: Build) -> Violation:
    return Violation(await build.need(), await build.volunteer(consent_given_at=None, consent_purpose=None))


async def consent_withdrawn(build: Build) -> Violation:
    return Violation(await build.need(), await build.volunteer(consent_withdrawn_at=NOW - HOUR))


async def a_reach_that_ends_before(build: Build) -> Violation:
    return Violation(await build.need(), await build.volunteer(kabupaten_code=NEIGHBOUR, reach="KABUPATEN"))


async def an_offer_that_waits(build: Build) -> Violation:
    need, volunteer = await build.need(), await build.volunteer()
    assignment = await build.assignment(need, volunteer)
    return Violation(need, volunteer, {"assignment": f"Assignment:{assignment}"})


async def a_duty_elsewhere(build: Build) -> Violation:
    need, volunteer = await build.need(), await build.volunteer()
    starts_at, ends_at = END - HOUR, END + HOUR
    assignment = await busy(build, volunteer, starts_at, ends_at)
    fact = {"assignment": f"Assignment:{assignment}", "startsAt": instant(starts_at), "endsAt": instant(ends_at)}
    return Violation(need, volunteer, fact)


async def no_certificate(build: Build) -> Violation:
    volunteer, organization = await build.person(), await build.organization()
    await build.membership(volunteer, organization)
    return Violation(await build.need(), volunteer, {"skill": SKILL})


async def an_expired_certificate(build: Build) -> Violation:
    volunteer, organization = await build.person(), await build.organization()
    await build.membership(volunteer, organization)
    await build.certificate(volunteer, organization, issued_on=date(2020, 1, 1), expires_on=date(2022, 1, 1))
    latest = await build.certificate(volunteer, organization, expires_on=date(2026, 3, 4))
    return Violation(await build.need(), volunteer, {"skill": SKILL, "certificate": f"Certificate:{latest}"})


async def a_rank_too_low(build: Build) -> Violation:
    volunteer, organization = await build.person(), await build.organization()
    await build.membership(volunteer, organization, rank_code="TAGANA_MUDA")
    await build.certificate(volunteer, organization)
    return Violation(await build.need(minimum_rank_code="TAGANA_MADYA"), volunteer, {"rank": "TAGANA_MADYA"})


async def an_organization_not_verified(build: Build) -> Violation:
    organization = await build.organization(verification="SUSPENDED")
    volunteer = await build.volunteer(organization)
    return Violation(await build.need(), volunteer, {"organization": f"Organization:{organization}"})


async def no_rest(build: Build) -> Violation:
    need, volunteer = await build.need(), await build.volunteer()
    starts_at, ends_at = START - 80 * HOUR, START - 8 * HOUR
    assignment = await busy(build, volunteer, starts_at, ends_at, "COMPLETED")
    fact = {"assignment": f"Assignment:{assignment}", "startsAt": instant(starts_at), "endsAt": instant(ends_at)}
    return Violation(need, volunteer, fact)


async def a_day_of_leave(build: Build) -> Violation:
    need, volunteer = await build.need(), await build.volunteer()
    absence = await build.absence(volunteer)
    midnight = datetime(2026, 2, 28, 17, tzinfo=UTC)
    period = {"startsAt": instant(midnight), "endsAt": instant(midnight + 48 * HOUR)}
    return Violation(need, volunteer, {"absence": f"Absence:{absence}", **period})


async def test_the_days_of_a_refusal_are_told_to_whoever_may_know_when_the_volunteer_is_free(
    api: Api, build: Build
) -> None:
    """A coordinator who sees the volunteer by another duty only, which is promised, does not know when else they are away."""
    person, need = await build.volunteer(kabupaten_code=FAR, reach="KABUPATEN"), await build.need()
    later = await build.need(starts_at=NOW + timedelta(days=30), ends_at=NOW + timedelta(days=31))
    await build.assignment(later, person, status="ACCEPTED")
    await build.absence(person)
    await build.assignment(await build.need(kabupaten_code=FAR), person, status="ACCEPTED")
    actors = [await build.coordinator(kabupaten_code=HOME), await build.coordinator()]
    ids = {"need": f"Need:{need}", "volunteer": f"Volunteer:{person}"}

    read = [(await api.ask(REFUSALS, actor=actor, **ids))["need"]["refusals"] for actor in actors]
    offered = [(await api.do(OFFER, actor=actor, **ids))["problems"] for actor in actors]

    for problems in (read, offered):
        local, nation = ([each for each in found if "startsAt" in each] for found in problems)
        assert [each["code"] for each in local] == [each["code"] for each in nation] == ["PERSON_ELSEWHERE", "ON_LEAVE"]
        assert {each[name] for each in local for name in ("startsAt", "endsAt")} == {None}
        assert None not in {each[name] for each in nation for name in ("startsAt", "endsAt")}


async def a_team_without_a_woman(build: Build) -> Violation:
    need = await build.need(wanted=2)
    await build.minimum(need, 2, sex="FEMALE")
    return Violation(need, await build.volunteer(), {"minimum": 2, "count": 1, "limit": 0})


MakeViolation = Callable[[Build], Awaitable[Violation]]

SINGLE_VIOLATIONS: list[tuple[MakeViolation, str, str, bool]] = [
    (a_closed_need, "SimpleProblem", "NEED_CLOSED", False),
    (a_closed_incident, "SimpleProblem", "NEED_CLOSED", False),
    (an_unverified_incident, "SimpleProblem", "NEED_CLOSED", False),
    (a_need_that_is_over, "DeadlineProblem", "PERIOD_PAST", False),
    (a_full_need, "LimitProblem", "NEED_FULL", False),
    (a_need_that_is_pledged, "LimitProblem", "NEED_PLEDGED", False),
    (an_inactive_person, "SimpleProblem", "PERSON_INACTIVE", True),
    (consent_never_given, "SimpleProblem", "CONSENT_MISSING", False),
    (consent_withdrawn, "SimpleProblem", "CONSENT_MISSING", False),
    (a_reach_that_ends_before, "SimpleProblem", "BEYOND_REACH", True),
    (an_offer_that_waits, "DuplicateProblem", "ALREADY_OFFERED", False),
    (a_duty_elsewhere, "CommitmentProblem", "PERSON_ELSEWHERE", False),
    (a_day_of_leave, "AbsenceProblem", "ON_LEAVE", True),
    (no_certificate, "TrainingProblem", "NOT_TRAINED", True),
    (an_expired_certificate, "TrainingProblem", "CERTIFICATE_EXPIRED", True),
    (a_rank_too_low, "RankProblem", "RANK_TOO_LOW", True),
    (an_organization_not_verified, "OrganizationProblem", "ORGANIZATION_NOT_VERIFIED", True),
    (no_rest, "CommitmentProblem", "NOT_RESTED", True),
    (no_emergency_status, "EmergencyProblem", "NO_EMERGENCY_STATUS", True),
    (a_team_without_a_woman, "CompositionProblem", "COMPOSITION", True),
]


def test_there_is_a_case_for_every_rule() -> None:
    written = {refusal.code for rule in OFFER_RULES for refusal in rule.refusals}

    # That somebody nearer may go, camp days, and parts of a need, are shown by tests of their own.
    elsewhere = {ProblemCode.NEARER_AVAILABLE, ProblemCode.IN_CAMP, ProblemCode.PERIOD_OUTSIDE}
    assert {code for _make_violation, _type, code, _overridable in SINGLE_VIOLATIONS} == written - elsewhere


@pytest.mark.parametrize(
    ("make_violation", "type_", "code", "overridable"),
    SINGLE_VIOLATIONS,
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_violated_rule_is_reported_with_its_fact_by_refusals_and_offer(
    api: Api, build: Build, make_violation: MakeViolation, type_: str, code: str, overridable: bool
) -> None:
    need, volunteer, fact = await make_violation(build)
    coordinator = await build.coordinator()
    before = await snapshot(build.connection)

    data = await api.ask(REFUSALS, actor=coordinator, need=f"Need:{need}", volunteer=f"Volunteer:{volunteer}")
    offered = await api.do(OFFER, actor=coordinator, need=f"Need:{need}", volunteer=f"Volunteer:{volunteer}")

    (refusal,) = data["need"]["refusals"]
    assert refusal["message"] == ProblemCode[code].label_en
    common = ("__typename", "code", "path", "overridable")
    assert [refusal[name] for name in common] == [type_, code, [], overridable]
    assert facts(refusal) == fact
    assert data["need"]["candidates"] == {"totalCount": 0, "nodes": []}
    assert offered == {"assignment": None, "problems": [{**refusal, "path": ["input", "volunteer"]}]}
    assert await snapshot(build.connection) == before


async def test_a_volunteer_for_whom_all_rules_hold_is_a_candidate(api: Api, build: Build) -> None:
    need, volunteer = await build.need(), await build.volunteer()

    data = await api.ask(
        REFUSALS, actor=await build.coordinator(), need=f"Need:{need}", volunteer=f"Volunteer:{volunteer}"
    )

    assert data["need"] == {
        "refusals": [],
        "candidates": {"totalCount": 1, "nodes": [{"volunteer": {"id": f"Volunteer:{volunteer}"}}]},
    }


async def test_all_violated_rules_are_reported_in_order(api: Api, build: Build) -> None:
    need = await build.need(
        wanted=1,
        closed_at=NOW,
        starts_at=NOW - 80 * HOUR,
        ends_at=NOW,
        minimum_rank_code="TAGANA_UTAMA",
    )
    await build.assignment(need, await build.volunteer(), status="COMPLETED")
    volunteer = await build.person(
        kabupaten_code=FAR, reach="PROVINCE", status="INACTIVE", consent_given_at=None, consent_purpose=None
    )
    await build.assignment(need, volunteer, ends_at=NOW + HOUR)
    await busy(build, volunteer, NOW - HOUR, NOW + HOUR)
    await busy(build, volunteer, NOW - 160 * HOUR, NOW - 81 * HOUR, "COMPLETED")
    expected = [
        *("NEED_CLOSED", "PERIOD_PAST", "NEED_FULL", "PERSON_INACTIVE", "CONSENT_MISSING", "BEYOND_REACH"),
        *("ALREADY_OFFERED", "PERSON_ELSEWHERE", "NOT_TRAINED", "RANK_TOO_LOW", "ORGANIZATION_NOT_VERIFIED"),
        "NOT_RESTED",
    ]
    before = await snapshot(build.connection)

    reported = await refusals(api, build, need, volunteer)
    offered = await offer(api, build, need, volunteer)

    assert [code for code, _fact in reported] == expected
    assert [(problem["code"], facts(problem)) for problem in offered["problems"]] == reported
    assert offered["assignment"] is None
    assert await snapshot(build.connection) == before


# Rule 1 and rest: assignments that follow each other.


async def test_consecutive_duties_do_not_clash(api: Api, build: Build) -> None:
    volunteer = await build.volunteer()
    need = await build.need(starts_at=START, ends_at=START + 48 * HOUR)
    await busy(build, volunteer, START - 5 * HOUR, START)
    await busy(build, volunteer, START + 48 * HOUR, START + 50 * HOUR)

    reported = await refusals(api, build, need, volunteer)
    assignment = await build.assignment(need, volunteer)
    accepted = await api.do(
        ACCEPT, actor=await build.volunteer_account(volunteer), assignment=f"Assignment:{assignment}", version=1
    )

    assert reported == []
    assert accepted == {"assignment": {"status": "ACCEPTED", "version": 2}, "problems": []}
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 3


@pytest.mark.parametrize("side", ["before", "after"])
async def test_an_overlap_of_one_microsecond_is_a_clash(api: Api, build: Build, side: str) -> None:
    volunteer = await build.volunteer()
    need = await build.need(starts_at=START, ends_at=START + 48 * HOUR)
    microsecond = timedelta(microseconds=1)
    if side == "before":
        await busy(build, volunteer, START - 5 * HOUR, START + microsecond)
    else:
        await busy(build, volunteer, START + 48 * HOUR - microsecond, START + 50 * HOUR)

    reported = await codes(api, build, need, volunteer)

    assert reported == ["PERSON_ELSEWHERE"]


@pytest.mark.parametrize(
    ("length", "pause", "expected"),
    [
        (72 * HOUR, 24 * HOUR, []),
        (72 * HOUR, 24 * HOUR - SECOND, ["NOT_RESTED"]),
        (72 * HOUR, 0 * HOUR, ["NOT_RESTED"]),
        (72 * HOUR - SECOND, 0 * HOUR, []),
    ],
)
async def test_24_hours_of_rest_follow_a_duty_of_72_hours(
    api: Api, build: Build, length: timedelta, pause: timedelta, expected: list[str]
) -> None:
    rested, resting = await build.volunteer(), await build.volunteer()
    after = await build.need(starts_at=START, ends_at=START + HOUR)
    await busy(build, rested, START - pause - length, START - pause)
    before = await build.need(starts_at=START, ends_at=START + length)
    await busy(build, resting, START + length + pause, START + length + pause + HOUR)

    reported = [await codes(api, build, after, rested), await codes(api, build, before, resting)]

    assert reported == [expected, expected]


async def test_a_part_of_a_need_that_starts_after_the_rest_can_be_offered(api: Api, build: Build) -> None:
    volunteer, need = await build.volunteer(), await build.need()
    await busy(build, volunteer, START - 72 * HOUR, START)

    full_period = await offer(api, build, need, volunteer)
    part = await offer(api, build, need, volunteer, startsAt=instant(START + 24 * HOUR))

    assert [problem["code"] for problem in full_period["problems"]] == ["NOT_RESTED"]
    assert part["problems"] == []
    assert (part["assignment"]["startsAt"], part["assignment"]["endsAt"]) == (
        instant(START + 24 * HOUR),
        instant(END),
    )


# Rule 2: full and ended needs.


async def test_only_accepted_and_later_statuses_fill_a_need(api: Api, build: Build) -> None:
    need, volunteer = await build.need(wanted=4), await build.volunteer()
    for status in ("OFFERED", "DECLINED", "EXPIRED", "CANCELLED", "RELEASED", "NO_SHOW"):
        await build.assignment(need, await build.volunteer(), status=status)
    for status in ("ACCEPTED", "MOBILIZED", "ON_DUTY"):
        await build.assignment(need, await build.volunteer(), status=status)

    with_one_left = await refusals(api, build, need, volunteer)
    await build.assignment(need, await build.volunteer(), status="COMPLETED")
    with_none_left = await refusals(api, build, need, volunteer)

    assert with_one_left == []
    assert with_none_left == [("NEED_FULL", {"count": 4, "limit": 4})]


async def test_a_need_is_open_until_its_end(api: Api, build: Build) -> None:
    volunteer = await build.volunteer()
    need = await build.need(starts_at=NOW - HOUR, ends_at=NOW + timedelta(microseconds=1))

    reported = await codes(api, build, need, volunteer)

    assert reported == []


@pytest.mark.parametrize("status", ["DECLINED", "EXPIRED", "CANCELLED", "RELEASED", "NO_SHOW", "COMPLETED"])
async def test_an_ended_assignment_does_not_prevent_another(api: Api, build: Build, status: str) -> None:
    volunteer, need = await build.volunteer(), await build.need()
    await build.assignment(need, volunteer, status=status, **PAST_PERIOD)

    reported = await codes(api, build, need, volunteer)

    assert reported == []


# Rule 3: certificates on every local day of the need.


@pytest.mark.parametrize(
    ("kabupaten", "zone"), [(HOME, "Asia/Jakarta"), ("64.71", "Asia/Makassar"), ("91.71", "Asia/Jayapura")]
)
async def test_a_certificate_must_be_valid_on_every_local_day_of_the_need(
    api: Api, build: Build, kabupaten: str, zone: str
) -> None:
    volunteer, organization = await build.person(kabupaten_code=kabupaten), await build.organization()
    await build.membership(volunteer, organization)
    await build.certificate(volunteer, organization, issued_on=date(2026, 3, 10), expires_on=date(2026, 3, 12))
    first, over = (datetime(2026, 3, day, tzinfo=ZoneInfo(zone)) for day in (10, 13))
    microsecond = timedelta(microseconds=1)

    async def reported_codes(starts_at: datetime, ends_at: datetime) -> list[str]:
        need = await build.need(kabupaten_code=kabupaten, starts_at=starts_at, ends_at=ends_at)
        return await codes(api, build, need, volunteer)

    assert await reported_codes(first, over) == []
    assert await reported_codes(first - microsecond, over) == ["CERTIFICATE_EXPIRED"]
    assert await reported_codes(first, over + microsecond) == ["CERTIFICATE_EXPIRED"]


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        ([((2024, 1, 1), (2026, 3, 3)), ((2026, 3, 4), (2028, 1, 1))], []),
        ([((2024, 1, 1), (2026, 3, 4)), ((2026, 3, 3), None)], []),
        ([((2024, 1, 1), (2026, 3, 2)), ((2026, 3, 4), (2028, 1, 1))], ["CERTIFICATE_EXPIRED"]),
        ([((2024, 1, 1), None)], []),
        ([((2026, 3, 3), None)], ["CERTIFICATE_EXPIRED"]),
    ],
    ids=["adjoining", "overlapping", "a day between", "without end", "issued too late"],
)
async def test_several_certificates_can_cover_the_days_together(
    api: Api,
    build: Build,
    periods: list[tuple[tuple[int, int, int], tuple[int, int, int] | None]],
    expected: list[str],
) -> None:
    volunteer, organization, need = await build.person(), await build.organization(), await build.need()
    await build.membership(volunteer, organization)
    for issued, expires in periods:
        await build.certificate(volunteer, organization, issued_on=date(*issued), expires_on=expires and date(*expires))

    reported = await codes(api, build, need, volunteer)

    assert reported == expected


@pytest.mark.parametrize(
    ("code", "skill", "expected"),
    [
        ("TAGANA_MUDA", "SHELTER", []),
        ("TAGANA_MADYA", "SHELTER", []),
        ("TAGANA_UTAMA", "SHELTER", []),
        ("TAGANA_MUDA", "FIELD_KITCHEN", ["NOT_TRAINED"]),
    ],
)
async def test_a_certificate_includes_the_skills_of_lower_ones(
    api: Api, build: Build, code: str, skill: str, expected: list[str]
) -> None:
    volunteer, organization = await build.person(), await build.organization()
    await build.membership(volunteer, organization)
    await build.certificate(volunteer, organization, certificate_type_code=code)
    need = await build.need(skill_code=skill)

    reported = await codes(api, build, need, volunteer)

    assert reported == expected


async def test_a_revoked_certificate_never_counts(api: Api, build: Build) -> None:
    volunteer, organization, need = await build.person(), await build.organization(), await build.need()
    await build.membership(volunteer, organization)
    await build.certificate(volunteer, organization, revoked_on=date(2027, 1, 1), revocation_reason="Palsu")

    reported = await refusals(api, build, need, volunteer)

    assert reported == [("NOT_TRAINED", {"skill": SKILL})]


# Rule 3: ranks, organizations and reach.


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("TAGANA_MADYA", []),
        ("TAGANA_UTAMA", []),
        ("TAGANA_MUDA", ["RANK_TOO_LOW"]),
        ("PELOPOR_KOORDINATOR", ["RANK_TOO_LOW"]),
        (None, ["RANK_TOO_LOW"]),
    ],
)
async def test_a_rank_counts_only_in_its_corps(api: Api, build: Build, code: str | None, expected: list[str]) -> None:
    corps = "PELOPOR" if code == "PELOPOR_KOORDINATOR" else "TAGANA"
    volunteer, organization = await build.person(), await build.organization(corps=corps)
    await build.membership(volunteer, organization, rank_code=code)
    await build.certificate(volunteer, organization)
    need = await build.need(minimum_rank_code="TAGANA_MADYA")

    reported = await codes(api, build, need, volunteer)

    assert reported == expected


@pytest.mark.parametrize(
    ("promoted", "expected"), [(date(2026, 3, 2), []), (date(2026, 3, 3), ["RANK_TOO_LOW"])], ids=["in time", "late"]
)
async def test_the_rank_is_needed_from_the_first_day(
    api: Api, build: Build, promoted: date, expected: list[str]
) -> None:
    volunteer, organization = await build.person(), await build.organization()
    await build.certificate(volunteer, organization)
    await build.membership(volunteer, organization, rank_code="TAGANA_MUDA", until=promoted - timedelta(days=1))
    await build.membership(volunteer, organization, rank_code="TAGANA_MADYA", since=promoted)
    need = await build.need(minimum_rank_code="TAGANA_MADYA")

    reported = await codes(api, build, need, volunteer)

    assert reported == expected


@pytest.mark.parametrize(
    ("verification", "expected"),
    [("VERIFIED", []), ("PENDING", ["ORGANIZATION_NOT_VERIFIED"]), ("SUSPENDED", ["ORGANIZATION_NOT_VERIFIED"])],
)
async def test_a_volunteer_needs_a_verified_organization(
    api: Api, build: Build, verification: str, expected: list[str]
) -> None:
    volunteer, need = await build.volunteer(await build.organization(verification=verification)), await build.need()

    reported = await codes(api, build, need, volunteer)

    assert reported == expected


REVOKED = {"valid_from": date(2020, 1, 1), "revoked_on": date(2026, 2, 1)}


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        ([{"kind": "REGISTRATION", "valid_from": date(2020, 1, 1)}], []),
        ([{"kind": "FUNDRAISING", **REVOKED}, {"kind": "ACCREDITATION", **REVOKED}], []),
        ([{"kind": "REGISTRATION", **REVOKED}], ["ORGANIZATION_NOT_VERIFIED"]),
        ([{"kind": "REGISTRATION", **REVOKED}, {"kind": "REGISTRATION", "valid_from": date(2026, 2, 2)}], []),
        ([{"kind": "REGISTRATION", **REVOKED}, {"status": "PENDING"}], ["ORGANIZATION_NOT_VERIFIED"]),
        ([{"status": "PENDING"}, {"status": "REFUSED"}], []),
        (
            [
                {"kind": "REGISTRATION", **REVOKED},
                {"kind": "REGISTRATION", "valid_from": date(2015, 1, 1), "valid_until": date(2019, 12, 31)},
            ],
            ["ORGANIZATION_NOT_VERIFIED"],
        ),
        (
            [
                {"kind": "REGISTRATION", **REVOKED},
                {"kind": "REGISTRATION", "valid_from": date(2026, 3, 3)},
            ],
            ["ORGANIZATION_NOT_VERIFIED"],
        ),
    ],
    ids=[
        "in force",
        "other licences revoked",
        "revoked",
        "replaced",
        "not confirmed",
        "none counts",
        "revoked after one that ran out",
        "not yet",
    ],
)
async def test_a_revoked_registration_needs_a_valid_replacement(
    api: Api, build: Build, licences: list[dict[str, Any]], expected: list[str]
) -> None:
    organization = await build.organization()
    volunteer, need = await build.volunteer(organization), await build.need()
    for licence in licences:
        await build.licence(organization, **licence)

    reported = await codes(api, build, need, volunteer)

    assert reported == expected


@pytest.mark.parametrize(
    ("until", "since", "expected"),
    [
        (date(2026, 3, 5), None, []),
        (date(2026, 3, 4), None, ["ORGANIZATION_NOT_VERIFIED"]),
        (date(2026, 3, 3), date(2026, 3, 4), []),
        (date(2026, 3, 2), date(2026, 3, 4), ["ORGANIZATION_NOT_VERIFIED"]),
    ],
    ids=["to the last day", "a day short", "one after another", "a day between"],
)
async def test_memberships_must_cover_every_day(
    api: Api, build: Build, until: date, since: date | None, expected: list[str]
) -> None:
    volunteer, need = await build.person(), await build.need()
    await build.certificate(volunteer, await build.organization())
    await build.membership(volunteer, await build.organization(), until=until)
    if since is not None:
        await build.membership(volunteer, await build.organization(), since=since)

    reported = await codes(api, build, need, volunteer)

    assert reported == expected


async def test_one_verified_organization_is_enough(api: Api, build: Build) -> None:
    volunteer, need = await build.volunteer(), await build.need()
    await build.membership(volunteer, await build.organization(verification="SUSPENDED"), since=date(2026, 1, 1))

    reported = await codes(api, build, need, volunteer)

    assert reported == []


async def test_reach_limits_where_a_volunteer_can_be_sent(api: Api, build: Build) -> None:
    need = await build.need()
    reported: dict[tuple[str, str], list[str]] = {}

    for reach in ("KABUPATEN", "PROVINCE", "NATIONAL"):
        for kabupaten in (HOME, NEIGHBOUR, FAR):
            volunteer = await build.volunteer(kabupaten_code=kabupaten, reach=reach)
            reported[reach, kabupaten] = [
                code for code in await codes(api, build, need, volunteer) if code != "NEARER_AVAILABLE"
            ]

    assert reported == {
        ("KABUPATEN", HOME): [],
        ("KABUPATEN", NEIGHBOUR): ["BEYOND_REACH"],
        ("KABUPATEN", FAR): ["BEYOND_REACH"],
        ("PROVINCE", HOME): [],
        ("PROVINCE", NEIGHBOUR): [],
        ("PROVINCE", FAR): ["BEYOND_REACH"],
        ("NATIONAL", HOME): [],
        ("NATIONAL", NEIGHBOUR): [],
        ("NATIONAL", FAR): [],
    }


# Rule 4: same kabupaten, same province, elsewhere.

CANDIDATES = """query($need: ID!, $first: Int, $after: String, $last: Int, $before: String) { node(id: $need) {
  ... on Need { candidates(first: $first, after: $after, last: $last, before: $before) {
    totalCount nodes { tier kilometres volunteer { name } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }"""


def haversine(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """The great-circle distance in kilometres."""
    north, east = math.radians(to_latitude - latitude), math.radians(to_longitude - longitude)
    square = (
        math.sin(north / 2) ** 2
        + math.cos(math.radians(latitude)) * math.cos(math.radians(to_latitude)) * math.sin(east / 2) ** 2
    )
    return 2 * 6371 * math.asin(math.sqrt(square))


async def test_candidates_are_ordered_by_tier_and_distance(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need(latitude=-2.53, longitude=112.95)
    seats: dict[str, tuple[float, float]] = {
        row["code"]: (row["latitude"], row["longitude"])
        for row in await build.connection.fetch("SELECT * FROM kabupaten")
    }
    # Across kabupaten the seats count: the position of a home there must not be revealed by distances either.
    people: list[tuple[str, str, tuple[float, float] | None]] = [
        ("Ani", HOME, None),
        ("Budi", HOME, (-4.0, 114.0)),
        ("Citra", NEIGHBOUR, (-9.0, 120.0)),
        ("Dewi", "62.71", (-2.53, 112.95)),
        ("Eko", "63.71", None),
        ("Fitri", FAR, (-2.53, 112.96)),
        ("Gita", "94.01", None),
    ]
    for name, kabupaten, position in reversed(people):
        latitude, longitude = position or (None, None)
        await build.volunteer(organization, name=name, kabupaten_code=kabupaten, latitude=latitude, longitude=longitude)

    data = await api.ask(CANDIDATES, actor=await build.coordinator(), need=f"Need:{need}", first=10)

    candidates = data["node"]["candidates"]
    assert candidates["totalCount"] == 7
    assert [(node["volunteer"]["name"], node["tier"]) for node in candidates["nodes"]] == [
        ("Ani", "KABUPATEN"),
        ("Budi", "KABUPATEN"),
        ("Citra", "PROVINCE"),
        ("Dewi", "PROVINCE"),
        ("Eko", "NATIONAL"),
        ("Fitri", "NATIONAL"),
        ("Gita", "NATIONAL"),
    ]
    assert [node["kilometres"] for node in candidates["nodes"]] == pytest.approx(
        [
            haversine(*(position if position and kabupaten == HOME else seats[kabupaten]), -2.53, 112.95)
            for _name, kabupaten, position in people
        ],
        rel=1e-9,
    )


async def test_candidates_are_paged_across_tiers_in_both_directions(api: Api, build: Build) -> None:
    organization, need, coordinator = await build.organization(), await build.need(), await build.coordinator()
    homes = [HOME] * 3 + [NEIGHBOUR, "62.71", FAR, "94.01"]
    for number, kabupaten in enumerate(homes):
        await build.volunteer(
            organization, name=f"R{number}", kabupaten_code=kabupaten, latitude=-2.5 - number / 10, longitude=112.9
        )

    async def pages(**window: object) -> list[tuple[list[str], bool, bool]]:
        windows: list[tuple[list[str], bool, bool]] = []
        cursor = None
        forwards = "first" in window
        while True:
            data = await api.ask(
                CANDIDATES,
                actor=coordinator,
                need=f"Need:{need}",
                **{**window, "after" if forwards else "before": cursor},
            )
            page, info = data["node"]["candidates"], data["node"]["candidates"]["pageInfo"]
            assert page["totalCount"] == 7
            names = [node["volunteer"]["name"] for node in page["nodes"]]
            windows.append((names, info["hasPreviousPage"], info["hasNextPage"]))
            if not info["hasNextPage" if forwards else "hasPreviousPage"]:
                return windows
            cursor = info["endCursor" if forwards else "startCursor"]

    assert await pages(first=2) == [
        (["R0", "R1"], False, True),
        (["R2", "R3"], True, True),
        (["R4", "R5"], True, True),
        (["R6"], True, False),
    ]
    assert await pages(last=3) == [
        (["R4", "R5", "R6"], True, False),
        (["R1", "R2", "R3"], True, True),
        (["R0"], False, True),
    ]
    assert await pages(first=7) == [([f"R{number}" for number in range(7)], False, False)]


async def test_paging_of_candidates_at_the_same_distance_is_complete(api: Api, build: Build) -> None:
    organization, need, coordinator = await build.organization(), await build.need(), await build.coordinator()
    for number in range(5):
        await build.volunteer(organization, name=f"R{number}")
    nodes: list[tuple[str, bool]] = []
    cursor = None

    for _page in range(5):
        data = await api.ask(CANDIDATES, actor=coordinator, need=f"Need:{need}", first=1, after=cursor)
        (node,), info = data["node"]["candidates"]["nodes"], data["node"]["candidates"]["pageInfo"]
        nodes.append((node["volunteer"]["name"], info["hasNextPage"]))
        cursor = info["endCursor"]

    assert sorted(name for name, _more in nodes) == ["R0", "R1", "R2", "R3", "R4"]
    assert [more for _name, more in nodes] == [True, True, True, True, False]


@pytest.mark.parametrize("kabupaten", [NEIGHBOUR, FAR])
async def test_an_offer_to_a_farther_tier_reports_the_nearest_candidate(api: Api, build: Build, kabupaten: str) -> None:
    organization, need = await build.organization(), await build.need()
    await build.volunteer(organization, name="Budi", latitude=-3.0, longitude=113.0)
    ani = await build.volunteer(organization, name="Ani")
    await build.volunteer(organization, name="Citra", kabupaten_code=NEIGHBOUR, latitude=-2.53, longitude=112.95)
    sent = await build.volunteer(organization, kabupaten_code=kabupaten)
    before = await snapshot(build.connection)

    reported = await refusals(api, build, need, sent)
    offered = await offer(api, build, need, sent)

    assert reported == [("NEARER_AVAILABLE", {"volunteer": f"Volunteer:{ani}"})]
    assert [(problem["code"], problem["path"], facts(problem)) for problem in offered["problems"]] == [
        ("NEARER_AVAILABLE", ["input", "volunteer"], {"volunteer": f"Volunteer:{ani}"})
    ]
    assert offered["assignment"] is None
    assert await snapshot(build.connection) == before


async def test_the_nearest_of_the_province_is_reported_if_the_kabupaten_has_no_candidates(
    api: Api, build: Build
) -> None:
    organization, need = await build.organization(), await build.need()
    await build.volunteer(organization, status="INACTIVE")
    dewi = await build.volunteer(organization, kabupaten_code=NEIGHBOUR)
    await build.volunteer(organization, kabupaten_code="62.71")
    sent = await build.volunteer(organization, kabupaten_code=FAR)

    reported = await refusals(api, build, need, sent)

    assert reported == [("NEARER_AVAILABLE", {"volunteer": f"Volunteer:{dewi}"})]


async def test_a_farther_candidate_of_the_same_tier_can_be_offered(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    await build.volunteer(organization, name="Ani")
    sent = await build.volunteer(organization, name="Budi", latitude=-3.0, longitude=113.0)

    offered = await offer(api, build, need, sent)

    assert offered["problems"] == []
    assert offered["assignment"]["status"] == "OFFERED"


async def test_nearer_volunteers_with_an_offer_do_not_prevent_other_offers(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    await build.assignment(need, await build.volunteer(organization))
    sent = await build.volunteer(organization, kabupaten_code=FAR)

    offered = await offer(api, build, need, sent)

    assert offered["problems"] == []


async def test_the_order_of_tiers_can_be_overridden_with_a_reason(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    ani = await build.volunteer(organization)
    sent = await build.volunteer(organization, kabupaten_code=FAR)

    offered = await offer(
        api, build, need, sent, overrideRules=["NEARER_AVAILABLE"], overrideReason="Sudah berada di lokasi"
    )

    assert offered["problems"] == []
    assert offered["assignment"]["overrides"] == [{"ruleCode": "NEARER_AVAILABLE", "reason": "Sudah berada di lokasi"}]
    assert await build.connection.fetchval("SELECT fact->>'volunteer_id' FROM override") == str(ani)


async def test_nearer_available_is_the_last_of_the_refusals(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    ani = await build.volunteer(organization)
    sent = await build.volunteer(organization, kabupaten_code=FAR, status="INACTIVE")

    reported = await refusals(api, build, need, sent)

    assert reported == [("PERSON_INACTIVE", {}), ("NEARER_AVAILABLE", {"volunteer": f"Volunteer:{ani}"})]


# Acceptance checks the rules again.


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE volunteer SET status = 'INACTIVE'", "PERSON_INACTIVE"),
        ("UPDATE volunteer SET consent_withdrawn_at = now()", "CONSENT_MISSING"),
        ("UPDATE volunteer SET reach = 'KABUPATEN', kabupaten_code = '62.06'", "BEYOND_REACH"),
        ("UPDATE certificate SET revoked_on = '2026-01-01', revocation_reason = 'Palsu'", "NOT_TRAINED"),
        ("UPDATE certificate SET expires_on = '2026-03-04'", "CERTIFICATE_EXPIRED"),
        ("UPDATE organization SET verification = 'SUSPENDED'", "ORGANIZATION_NOT_VERIFIED"),
        ("UPDATE need SET minimum_rank_code = 'TAGANA_MUDA'", "RANK_TOO_LOW"),
        ("UPDATE need SET closed_at = now()", "NEED_CLOSED"),
        ("UPDATE incident SET status = 'CLOSED'", "NEED_CLOSED"),
    ],
)
async def test_an_offer_cannot_be_accepted_after_a_rule_is_violated(
    api: Api, build: Build, change: str, code: str
) -> None:
    volunteer, need = await build.volunteer(), await build.need()
    assignment = await build.assignment(need, volunteer)
    actor = await build.volunteer_account(volunteer)
    await build.connection.execute(change)
    before = await snapshot(build.connection)

    accepted = await api.do(ACCEPT, actor=actor, assignment=f"Assignment:{assignment}", version=1)

    assert accepted["assignment"] is None
    assert [(problem["code"], problem["path"]) for problem in accepted["problems"]] == [(code, ["input", "assignment"])]
    assert await snapshot(build.connection) == before


async def test_an_override_of_the_offer_also_applies_to_its_acceptance(api: Api, build: Build) -> None:
    volunteer, need = await build.volunteer(status="INACTIVE"), await build.need()
    actor = await build.volunteer_account(volunteer)
    await offer(api, build, need, volunteer, overrideRules=["PERSON_INACTIVE"], overrideReason="Siap bertugas")
    assignment = await build.connection.fetchval("SELECT id FROM assignment")

    accepted = await api.do(ACCEPT, actor=actor, assignment=f"Assignment:{assignment}", version=1)

    assert accepted == {"assignment": {"status": "ACCEPTED", "version": 2}, "problems": []}


async def test_acceptance_checks_rules_that_were_not_overridden(api: Api, build: Build) -> None:
    volunteer, need = await build.volunteer(status="INACTIVE"), await build.need()
    actor = await build.volunteer_account(volunteer)
    await offer(api, build, need, volunteer, overrideRules=["PERSON_INACTIVE"], overrideReason="Siap bertugas")
    assignment = await build.connection.fetchval("SELECT id FROM assignment")
    await build.connection.execute("UPDATE volunteer SET consent_withdrawn_at = now()")

    accepted = await api.do(ACCEPT, actor=actor, assignment=f"Assignment:{assignment}", version=1)

    assert accepted["assignment"] is None
    assert [problem["code"] for problem in accepted["problems"]] == ["CONSENT_MISSING"]


async def test_the_database_rejects_overlapping_commitments(build: Build) -> None:
    volunteer = await build.volunteer()
    await build.camp_days(volunteer, START, END)

    with pytest.raises(asyncpg.ExclusionViolationError):
        await build.camp_days(volunteer, END - SECOND, END + HOUR)
    await build.camp_days(volunteer, END, END + HOUR)

    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 2
