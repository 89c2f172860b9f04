"""The assignment rules a second time, in plain Python: candidates of a need, and refusals of one person."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from math import asin
from typing import Any
from zoneinfo import ZoneInfo

import anyio.from_thread
import asyncpg

from api.models import (
    Absence,
    Assignment,
    CampRegistration,
    CampStaffMember,
    Certificate,
    CertificateTypeInclusion,
    CertificateTypeSkill,
    Commitment,
    EmergencyStatus,
    Incident,
    Kabupaten,
    Licence,
    Membership,
    Need,
    NeedMinimum,
    Organization,
    Pledge,
    Province,
    Rank,
    Volunteer,
)
from tests.compiler.rows import Row, Rows
from tests.compiler.visibility import end_of, people_under

LIVE_STATUSES = ("OFFERED", "ACCEPTED", "MOBILIZED", "ON_DUTY")
# The rules that cannot be overridden.
NOT_OVERRIDABLE = (
    *("CONSENT_MISSING", "NEED_CLOSED", "PERIOD_PAST", "PERIOD_OUTSIDE", "NEED_FULL", "NEED_PLEDGED"),
    *("ALREADY_OFFERED", "PERSON_ELSEWHERE", "IN_CAMP"),
    *("CAMP_FULL", "CONTINGENT_FULL", "QUOTA_FULL"),
)
PAUSE, LIMIT = timedelta(hours=24), timedelta(hours=72)
DAY = timedelta(days=1)
# From then on a duty that nobody confirmed is completed.
UNCONFIRMED = timedelta(hours=12)

COUNTS = ("wanted", "pledged", "offered", "accepted", "mobilized", "on_duty", "shortfall")

BrokenRule = tuple[str, dict[str, Any]]


def is_valid_on(row: Row, since: str, until: str, day: date) -> bool:
    """Whether the day is in the row's period, both ends included; null as the end means no end."""
    return bool(row[since] <= day <= (row[until] or date.max))


@dataclass
class AssignmentRules:
    rows: Rows
    now: datetime
    connection: "asyncpg.Connection[asyncpg.Record]"
    _candidates: dict[Any, list[Row]] = field(default_factory=dict)

    def get(self, table: Any, key: Any) -> Row:
        row = self.rows.get(table, key)
        assert row is not None
        return row

    def local_days(self, need: Row, starts: datetime | None = None, ends: datetime | None = None) -> list[date]:
        """The local dates that a period touches; that of the need, if none is named."""
        zone = ZoneInfo(self.get(Province, need["kabupaten_code"][:2])["time_zone"])
        first = (starts or need["starts_at"]).astimezone(zone).date()
        last = ((ends or need["ends_at"]).astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone).date()
        return [first + DAY * number for number in range((last - first).days + 1)]

    def certificates(self, volunteer: Row) -> list[Row]:
        return [row for row in self.rows.where(Certificate, "volunteer_id", volunteer["id"]) if not row["revoked_on"]]

    def granted(self, certificate_type_code: str) -> set[str]:
        """The skills that a certificate type grants, itself or by inclusion."""
        types, further = set[str](), {certificate_type_code}
        while further:
            types |= further
            inclusions = [
                row
                for code in further
                for row in self.rows.where(CertificateTypeInclusion, "certificate_type_code", code)
            ]
            further = {row["included_code"] for row in inclusions} - types
        grants = [row for code in types for row in self.rows.where(CertificateTypeSkill, "certificate_type_code", code)]
        return {row["skill_code"] for row in grants}

    def tier(self, volunteer: Row, need: Row) -> int:
        if volunteer["kabupaten_code"] == need["kabupaten_code"]:
            return 1
        return 2 if volunteer["province_code"] == need["kabupaten_code"][:2] else 3

    def candidates(self, need: Row) -> list[Row]:
        """The rows of the volunteers that may be sent, nearest first, with their tier and distance."""
        asked = tuple(need[name] for name in ("id", "starts_at", "ends_at"))
        if asked not in self._candidates:
            found = [
                self.candidate(volunteer, need)
                for volunteer in self.rows.tables[Volunteer.name]
                if not list(self.all_broken(volunteer, need))
            ]
            self._candidates[asked] = sorted(found, key=lambda row: (row["tier"], row["chord"], row["id"]))
        return self._candidates[asked]

    def candidate(self, volunteer: Row, need: Row) -> Row:
        """The distance is from home in the need's own kabupaten, else from the seat of the home kabupaten."""
        tier = self.tier(volunteer, need)
        has_position = tier == 1 and volunteer["latitude"] is not None
        chord = self.chord(volunteer if has_position else self.get(Kabupaten, volunteer["kabupaten_code"]), need)
        return {**volunteer, "tier": tier, "chord": chord, "kilometres": 2 * 6371.0 * asin(min(1.0, chord / 2))}

    def refusals(self, volunteer: Row, need: Row) -> list[BrokenRule]:
        """Every broken rule; NEARER_AVAILABLE is the last one."""
        nearer = [row for row in self.candidates(need) if row["tier"] < self.tier(volunteer, need)]
        nearer_rule = [("NEARER_AVAILABLE", {"volunteer_id": nearer[0]["id"]})] if nearer else []
        return [*self.all_broken(volunteer, need), *nearer_rule]

    # The second versions of declarations, by their names.

    def of_period(self, need: Row, arguments: Mapping[str, Any]) -> Row:
        """The need as if it were for what is left of the period of the argument, or of its own."""
        period = arguments.get("period") or {"since": need["starts_at"], "until": need["ends_at"]}
        has_begun = period["since"] < self.now < period["until"]
        return {**need, "starts_at": self.now if has_begun else period["since"], "ends_at": period["until"]}

    def candidates_of_tier(self, index: int, need: Row, arguments: Mapping[str, Any]) -> list[Row]:
        asked = self.of_period(need, arguments)
        # Anything else is refused, whatever is answered here.
        is_period = asked["starts_at"] < asked["ends_at"]
        return [row for row in self.candidates(asked) if row["tier"] == index + 1] if is_period else []

    def coverage(self, need: Row, arguments: Mapping[str, Any]) -> list[Row]:
        rows = self.rows.where(Assignment, "need_id", need["id"])
        begins, ends = self.part_of(need, arguments["on"])
        live = [row for row in rows if row["status"] == "OFFERED" and end_of(row) > self.now]
        instants = [begins, *(each for each in self.changes(need) if begins < each < ends)]
        accepted = min(self.people_at(instant, need) for instant in instants)
        of_period = {
            "wanted": need["people_wanted"],
            "pledged": sum(self.open_pledges(need).values()),
            "offered": sum(row["starts_at"] < ends and row["ends_at"] > begins for row in live),
            "accepted": accepted,
            "shortfall": max(need["people_wanted"] - accepted, 0),
        }
        running = [row["status"] for row in rows if row["ends_at"] + UNCONFIRMED > self.now]
        now = {status.lower(): running.count(status) for status in ("MOBILIZED", "ON_DUTY")}
        return [{**(of_period if begins < ends else dict.fromkeys(of_period, 0)), **now}]

    def part_of(self, need: Row, day: date | None) -> tuple[datetime, datetime]:
        """The period of the need, or what of it lies in the local day."""
        if day is None:
            return need["starts_at"], need["ends_at"]
        zone = ZoneInfo(self.get(Province, need["kabupaten_code"][:2])["time_zone"])
        midnight = datetime.combine(day, time.min, zone).astimezone(UTC)
        return max(need["starts_at"], midnight), min(need["ends_at"], midnight + DAY)

    def total_coverage(self, group: str | None, incident: Row, arguments: Mapping[str, Any]) -> list[Row]:
        """The sums over the needs that are open, or open on the day; for each value of a column, if one is named."""
        sums: dict[Any, Row] = {} if group else {None: dict.fromkeys(COUNTS, 0)}
        for need in self.rows.where(Need, "incident_id", incident["id"]):
            (own,) = self.coverage(need, arguments)
            is_asked = need["ends_at"] > self.now if arguments["on"] is None else own["wanted"]
            if not is_asked or not self.stood_on(need, arguments["on"]):
                continue
            known = sums.setdefault(group and need[group], dict.fromkeys(COUNTS, 0))
            known.update({name: known[name] + own[name] for name in COUNTS})
        return [{**row, **({group: value} if group else {})} for value, row in sums.items()]

    def stood_on(self, need: Row, day: date | None) -> bool:
        """Open, or closed only after the day."""
        if not need["closed_at"]:
            return True
        zone = ZoneInfo(self.get(Province, need["kabupaten_code"][:2])["time_zone"])
        return bool(day and not need["merged_into_id"] and need["closed_at"].astimezone(zone).date() > day)

    # The rules.

    def chord(self, here: Row, there: Row) -> float:
        """The straight line between two places on the unit sphere; by the database, so that cursors agree to the digit."""
        places = [row[name] for row in (here, there) for name in ("latitude", "longitude")]
        sql = "SELECT on_globe($1, $2) <-> on_globe($3, $4)"
        chord: float = anyio.from_thread.run(self.connection.fetchval, sql, *places)
        return chord

    def all_broken(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        yield from self.broken_by_need(need)
        yield from self.broken_by_person(volunteer, need)
        yield from self.broken_by_promises(volunteer, need)
        yield from self.broken_by_training(volunteer, need)
        yield from self.broken_by_rest(volunteer, need)
        yield from self.broken_by_status(volunteer, need)
        yield from self.broken_by_composition(volunteer, need)

    def broken_by_need(self, need: Row) -> Iterator[BrokenRule]:
        if need["closed_at"] or self.get(Incident, need["incident_id"])["status"] != "ACTIVE":
            yield "NEED_CLOSED", {}
        if need["ends_at"] <= self.now:
            yield "PERIOD_PAST", {"ends_at": need["ends_at"]}
        period = {name: self.get(Need, need["id"])[name] for name in ("starts_at", "ends_at")}
        if need["starts_at"] < period["starts_at"] or need["ends_at"] > period["ends_at"]:
            yield "PERIOD_OUTSIDE", period
        most = max(self.people_at(instant, need) for instant in self.changes(need))
        if most >= need["people_wanted"]:
            yield "NEED_FULL", {"count": most, "limit": need["people_wanted"]}
        held = self.places_held(need)
        if most < need["people_wanted"] <= held:
            yield "NEED_PLEDGED", {"count": held, "limit": need["people_wanted"]}

    def places_held(self, need: Row) -> int:
        """The people at the fullest instant who are sent under no open pledge, and the places of open pledges."""
        pledges = self.open_pledges(need)
        periods = [
            commitment["period"]
            for row in self.rows.where(Assignment, "need_id", need["id"])
            for commitment in self.rows.where(Commitment, "assignment_id", row["id"])
            if row["pledge_id"] not in pledges
        ]
        direct: int = max(
            sum(period.lower <= instant < period.upper for period in periods) for instant in self.changes(need)
        )
        promised: int = sum(pledges.values())
        return direct + promised

    def open_pledges(self, need: Row) -> dict[Any, int]:
        """What is promised by each pledge that is open and not past its deadline, or filled."""
        return {
            row["id"]: row["quantity"]
            for row in self.rows.where(Pledge, "need_id", need["id"])
            if row["status"] == "OPEN"
            and not (row["deadline"] and row["deadline"] <= self.now and not self.is_filled(row))
        }

    def is_filled(self, pledge: Row) -> bool:
        return bool(people_under(self.rows, pledge) >= pledge["quantity"])

    def periods(self, need: Row) -> list[Any]:
        """The promised and served times of the people of the need."""
        assignments = self.rows.where(Assignment, "need_id", need["id"])
        return [
            commitment["period"]
            for assignment in assignments
            for commitment in self.rows.where(Commitment, "assignment_id", assignment["id"])
        ]

    def changes(self, need: Row) -> list[datetime]:
        """The start of the need, and the instants within it at which somebody comes or goes."""
        bounds = [bound for period in self.periods(need) for bound in (period.lower, period.upper)]
        return [need["starts_at"], *(each for each in bounds if need["starts_at"] < each < need["ends_at"])]

    def people_at(self, instant: datetime, need: Row) -> int:
        return sum(period.lower <= instant < period.upper for period in self.periods(need))

    def broken_by_person(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        if volunteer["status"] != "ACTIVE":
            yield "PERSON_INACTIVE", {}
        if not volunteer["consent_given_at"] or volunteer["consent_withdrawn_at"]:
            yield "CONSENT_MISSING", {}
        if self.tier(volunteer, need) > {"KABUPATEN": 1, "PROVINCE": 2, "NATIONAL": 3}[volunteer["reach"]]:
            yield "BEYOND_REACH", {}

    def broken_by_promises(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        for row in self.rows.where(Assignment, "volunteer_id", volunteer["id"]):
            has_lapsed = end_of(row) + (timedelta() if row["status"] == "OFFERED" else UNCONFIRMED) <= self.now
            if row["need_id"] == need["id"] and row["status"] in LIVE_STATUSES and not has_lapsed:
                yield "ALREADY_OFFERED", {"assignment_id": row["id"]}
        yield from self.clashes(volunteer, need["starts_at"], need["ends_at"])
        yield from self.broken_by_absence(volunteer, need)

    def broken_by_absence(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        """The first leave or illness with a day at home on which the need wants people."""
        zone = ZoneInfo(self.get(Province, volunteer["province_code"])["time_zone"])
        for row in sorted(self.rows.where(Absence, "volunteer_id", volunteer["id"]), key=lambda each: each["since"]):
            starts, ends = (
                datetime.combine(day, time(), zone).astimezone(UTC) for day in (row["since"], row["until"] + DAY)
            )
            if not row["cancelled_at"] and starts < need["ends_at"] and ends > need["starts_at"]:
                yield "ON_LEAVE", {"absence_id": row["id"], "starts_at": starts, "ends_at": ends}
                break

    def clashes(self, volunteer: Row, starts_at: datetime, ends_at: datetime) -> Iterator[BrokenRule]:
        """The first duty and the first camp in the way."""
        clashes = [
            commitment
            for commitment in self.commitments(volunteer)
            if starts_at < ends_at and commitment["starts_at"] < ends_at and starts_at < commitment["ends_at"]
        ]
        for code, key in (("PERSON_ELSEWHERE", "assignment_id"), ("IN_CAMP", "camp_id")):
            of_kind = [each for each in clashes if each[key]]
            if of_kind:
                yield code, {name: of_kind[0][name] for name in (key, "starts_at", "ends_at")}

    def commitments(self, volunteer: Row) -> list[Row]:
        found = [
            {
                "assignment_id": row["assignment_id"],
                "camp_id": self.camp_of(row),
                "starts_at": row["period"].lower,
                "ends_at": row["period"].upper,
            }
            for row in self.rows.where(Commitment, "volunteer_id", volunteer["id"])
        ]
        return sorted(found, key=lambda commitment: commitment["starts_at"])

    def camp_of(self, commitment: Row) -> Any:
        """The camp that the time is for; none for a duty."""
        registration = self.rows.get(CampRegistration, commitment["registration_id"])
        found = registration or self.rows.get(CampStaffMember, commitment["staff_member_id"])
        return found and found["camp_id"]

    def broken_by_training(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        local_days, skill = self.local_days(need), need["skill_code"]
        granting = [row for row in self.certificates(volunteer) if skill in self.granted(row["certificate_type_code"])]
        if not granting:
            yield "NOT_TRAINED", {"skill_code": skill}
        elif not valid_on_all(local_days, granting, "issued_on", "expires_on"):
            latest = min(granting, key=lambda row: (-(row["expires_on"] or date.max).toordinal(), row["id"]))
            yield "CERTIFICATE_EXPIRED", {"skill_code": skill, "certificate_id": latest["id"]}
        memberships = self.rows.where(Membership, "volunteer_id", volunteer["id"])
        if need["minimum_rank_code"] and not self.has_rank(memberships, need["minimum_rank_code"], local_days):
            yield "RANK_TOO_LOW", {"rank_code": need["minimum_rank_code"]}
        backing = [row for row in memberships if self.is_in_good_standing(row["organization_id"], local_days)]
        if not valid_on_all(local_days, backing, "since", "until"):
            yield "ORGANIZATION_NOT_VERIFIED", latest_organization(memberships)

    def has_rank(self, memberships: list[Row], minimum_code: str, local_days: list[date]) -> bool:
        ranked = [row for row in memberships if self.is_high_enough(row["rank_code"], minimum_code)]
        return valid_on_all(local_days, ranked, "since", "until")

    def is_high_enough(self, rank_code: str | None, minimum_code: str | None) -> bool:
        one, other = self.rows.get(Rank, rank_code), self.rows.get(Rank, minimum_code)
        return bool(one and other and one["corps"] == other["corps"] and one["level"] >= other["level"])

    def is_in_good_standing(self, organization_id: object, local_days: list[date]) -> bool:
        """Whether it is verified and, if a registration was revoked, another one is valid on all the days."""
        licences = self.rows.where(Licence, "organization_id", organization_id)
        registrations = [row for row in licences if row["kind"] == "REGISTRATION"]
        holding = [row for row in registrations if row["status"] == "CONFIRMED"]
        revoked = any(row["status"] == "REVOKED" for row in registrations)
        holds = any(valid_on_all(local_days, [row], "valid_from", "valid_until") for row in holding)
        is_verified = self.get(Organization, organization_id)["verification"] == "VERIFIED"
        return is_verified and (not revoked or holds)

    def broken_by_status(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        home, place = volunteer["province_code"], need["kabupaten_code"]
        statuses = [
            row
            for row in self.rows.where(EmergencyStatus, "incident_id", need["incident_id"])
            if row["level"] == "NATIONAL" or row["kabupaten_code"] == place or row["province_code"] == place[:2]
        ]
        if home != place[:2] and not valid_on_all(self.local_days(need), statuses, "starts_on", "ends_on"):
            latest = sorted(statuses, key=lambda row: (-row["ends_on"].toordinal(), row["id"]))
            yield "NO_EMERGENCY_STATUS", {"emergency_status_id": latest[0]["id"]} if latest else {}

    def broken_by_composition(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        """The first minimum for which there would be more others than places beyond it; a full need is refused as such."""
        minimums = sorted(self.rows.where(NeedMinimum, "need_id", need["id"]), key=lambda row: row["id"])
        instants, days = self.changes(need), self.local_days(need)
        if max(self.people_at(instant, need) for instant in instants) >= need["people_wanted"]:
            return
        for minimum in minimums:
            others = [
                period for person, period in self.team(need) if not self.counts_towards(minimum, person, need, period)
            ]
            most = max(sum(period.lower <= instant < period.upper for period in others) for instant in instants)
            count, room = most + (not self.is_of(minimum, volunteer, days)), need["people_wanted"] - minimum["people"]
            if count > room:
                yield "COMPOSITION", {"minimum_id": minimum["id"], "count": count, "limit": room}
                return

    def team(self, need: Row) -> list[tuple[Row, Any]]:
        """The people of the need, each with the time that is promised or served."""
        return [
            (self.get(Volunteer, assignment["volunteer_id"]), commitment["period"])
            for assignment in self.rows.where(Assignment, "need_id", need["id"])
            for commitment in self.rows.where(Commitment, "assignment_id", assignment["id"])
        ]

    def counts_towards(self, minimum: Row, volunteer: Row, need: Row, period: Any) -> bool:
        return self.is_of(minimum, volunteer, self.local_days(need, period.lower, period.upper))

    def is_of(self, minimum: Row, volunteer: Row, local_days: list[date]) -> bool:
        """Whether a person is of the rank on all the days, and of the sex, as far as the minimum names them."""
        memberships = self.rows.where(Membership, "volunteer_id", volunteer["id"])
        ranked = [row for row in memberships if self.is_high_enough(row["rank_code"], minimum["rank_code"])]
        has_rank = minimum["rank_code"] is None or valid_on_all(local_days, ranked, "since", "until")
        return has_rank and minimum["sex"] in (None, volunteer["sex"])

    def broken_by_rest(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        asked = {"starts_at": need["starts_at"], "ends_at": need["ends_at"]}
        duties = [
            duty
            for duty in self.commitments(volunteer)
            if duty["assignment_id"]
            and not (duty["starts_at"] < asked["ends_at"] and asked["starts_at"] < duty["ends_at"])
        ]
        broken = unrested(duties, asked)
        if broken:
            yield "NOT_RESTED", broken


def unrested(duties: list[Row], asked: Row) -> Row | None:
    """The first duty from the asked one on that begins after too many hours; the one before it if it is the asked one.

    Reads back from each duty, hour by hour of promise, until a pause.
    """
    ordered = sorted([*duties, asked], key=lambda duty: duty["starts_at"])
    for index in range(ordered.index(asked), len(ordered)):
        promised, first = timedelta(0), index
        while first and ordered[first]["starts_at"] - ordered[first - 1]["ends_at"] < PAUSE:
            first -= 1
            promised += ordered[first]["ends_at"] - ordered[first]["starts_at"]
        if promised >= LIMIT and first <= ordered.index(asked):
            return ordered[index - 1] if ordered[index] is asked else ordered[index]
    return None


def valid_on_all(local_days: Iterable[date], rows: list[Row], since: str, until: str) -> bool:
    """Whether on every day one of the rows is valid."""
    return all(any(is_valid_on(row, since, until, day) for row in rows) for day in local_days)


def latest_organization(memberships: list[Row]) -> dict[str, Any]:
    latest = sorted(memberships, key=lambda row: (-row["since"].toordinal(), row["id"]))
    return {"organization_id": latest[0]["organization_id"]} if latest else {}
