"""The assignment rules a second time, in plain Python: candidates of a need, and refusals of one person."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.compiler.rows import Row, Rows

FILLING_STATUSES = ("ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED")
OPEN_STATUSES = ("OFFERED", "ACCEPTED", "MOBILIZED", "ON_DUTY")
# The rules that cannot be overridden.
NOT_OVERRIDABLE = (
    "CONSENT_MISSING",
    "NEED_CLOSED",
    "PERIOD_PAST",
    "NEED_FULL",
    "ALREADY_OFFERED",
    "PERSON_ELSEWHERE",
    "NOT_FOUND",
)
REST_AFTER_LONG_DUTY, LONG_DUTY = timedelta(hours=24), timedelta(hours=72)
DAY = timedelta(days=1)

BrokenRule = tuple[str, dict[str, Any]]


def is_valid_on(row: Row, since: str, until: str, day: date) -> bool:
    """Whether the day is in the row's period, both ends included; null as the end means no end."""
    return bool(row[since] <= day <= (row[until] or date.max))


@dataclass
class AssignmentRules:
    rows: Rows
    now: datetime

    def __hash__(self) -> int:
        return id(self)

    def local_days(self, need: Row) -> list[date]:
        """The local dates that the need's period touches."""
        province = self.rows.get("Province", need["kabupaten_code"][:2])
        assert province is not None
        zone = ZoneInfo(province["time_zone"])
        first = need["starts_at"].astimezone(zone).date()
        last = (need["ends_at"].astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone).date()
        return [first + DAY * number for number in range((last - first).days + 1)]

    def skills(self, volunteer: Row, on: date) -> set[str]:
        valid = [each for each in self.certificates(volunteer) if is_valid_on(each, "issued_on", "expires_on", on)]
        return {code for each in valid for code in self.rows.granted(each["certificate_type_code"])}

    def certificates(self, volunteer: Row) -> list[Row]:
        return [row for row in self.rows.where("Certificate", "volunteer_id", volunteer["id"]) if not row["revoked_on"]]

    def tier(self, volunteer: Row, need: Row) -> int:
        if volunteer["kabupaten_code"] == need["kabupaten_code"]:
            return 1
        return 2 if volunteer["province_code"] == need["kabupaten_code"][:2] else 3

    def starting_point(self, volunteer: Row, *, is_position_visible: bool) -> Row:
        """The volunteer's position if it is visible and known, otherwise the centre of their kabupaten."""
        home = self.rows.get("Kabupaten", volunteer["kabupaten_code"])
        assert home is not None
        return volunteer if is_position_visible and volunteer["latitude"] is not None else home

    def candidates(self, need: Row) -> list[Row]:
        return list(self._candidates(str(need["id"])))

    @cache  # noqa: B019  # A reader lives as long as its test.
    def _candidates(self, need_id: str) -> tuple[Row, ...]:
        need = self.rows.by_key["Need", need_id]
        found = [
            {
                "__typename": "Candidate",
                "volunteer": volunteer,
                "number": self.tier(volunteer, need),
                "chord": way,
                "kilometres": 2 * 6371.0 * math.asin(min(1.0, way / 2)),
            }
            for volunteer in self.rows.tables["Volunteer"]
            if not list(self.broken_rules(volunteer, need))
            for way in [
                chord_length(self.starting_point(volunteer, is_position_visible=self.tier(volunteer, need) == 1), need)
            ]
        ]
        return tuple(sorted(found, key=lambda row: (row["number"], row["chord"], row["volunteer"]["id"])))

    def refusals(self, volunteer: Row, need: Row) -> list[BrokenRule]:
        """Every broken rule; NEARER_AVAILABLE is the last one."""
        nearer = [row for row in self.candidates(need) if row["number"] < self.tier(volunteer, need)]
        nearer_rule = [("NEARER_AVAILABLE", {"volunteer_id": nearer[0]["volunteer"]["id"]})] if nearer else []
        return [*self.broken_rules(volunteer, need), *nearer_rule]

    def broken_rules(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        yield from self.broken_by_need(need)
        yield from self.broken_by_person(volunteer, need)
        yield from self.broken_by_promises(volunteer, need)
        yield from self.broken_by_training(volunteer, need)
        yield from self.broken_by_rest(volunteer, need)

    def broken_by_need(self, need: Row) -> Iterator[BrokenRule]:
        incident = self.rows.get("Incident", need["incident_id"])
        assert incident is not None
        if need["closed_at"] or incident["status"] not in ("VERIFIED", "ACTIVE"):
            yield "NEED_CLOSED", {}
        if need["ends_at"] <= self.now:
            yield "PERIOD_PAST", {"ends_at": need["ends_at"]}
        filled = sum(row["status"] in FILLING_STATUSES for row in self.rows.where("Assignment", "need_id", need["id"]))
        if filled >= need["people_wanted"]:
            yield "NEED_FULL", {"count": filled, "limit": need["people_wanted"]}

    def broken_by_person(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        if volunteer["status"] != "ACTIVE":
            yield "PERSON_INACTIVE", {}
        if not volunteer["consent_given_at"] or volunteer["consent_withdrawn_at"]:
            yield "CONSENT_MISSING", {}
        if self.tier(volunteer, need) > {"KABUPATEN": 1, "PROVINCE": 2, "NATIONAL": 3}[volunteer["reach"]]:
            yield "BEYOND_REACH", {}

    def broken_by_promises(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        for row in self.rows.where("Assignment", "volunteer_id", volunteer["id"]):
            overdue = row["status"] == "OFFERED" and row["expires_at"] and row["expires_at"] <= self.now
            if row["need_id"] == need["id"] and row["status"] in OPEN_STATUSES and not overdue:
                yield "ALREADY_OFFERED", {"assignment_id": row["id"]}
        for commitment in self.commitments(volunteer):
            if commitment["starts_at"] < need["ends_at"] and need["starts_at"] < commitment["ends_at"]:
                yield "PERSON_ELSEWHERE", commitment
                break

    def commitments(self, volunteer: Row) -> list[Row]:
        found = [
            {"assignment_id": row["assignment_id"], "starts_at": row["period"].lower, "ends_at": row["period"].upper}
            for row in self.rows.where("Commitment", "volunteer_id", volunteer["id"])
        ]
        return sorted(found, key=lambda commitment: commitment["starts_at"])

    def broken_by_training(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        local_days, skill = self.local_days(need), need["skill_code"]
        granting = [
            row for row in self.certificates(volunteer) if skill in self.rows.granted(row["certificate_type_code"])
        ]
        if not granting:
            yield "NOT_TRAINED", {"skill_code": skill}
        elif not valid_on_all(local_days, granting, "issued_on", "expires_on"):
            latest = min(granting, key=lambda row: (-(row["expires_on"] or date.max).toordinal(), row["id"]))
            yield "CERTIFICATE_EXPIRED", {"skill_code": skill, "certificate_id": latest["id"]}
        memberships = self.rows.where("Membership", "volunteer_id", volunteer["id"])
        ranked = [row for row in memberships if self.is_high_enough(row["rank_code"], need["minimum_rank_code"])]
        if need["minimum_rank_code"] and not valid_on_all(local_days, ranked, "since", "until"):
            yield "RANK_TOO_LOW", {"rank_code": need["minimum_rank_code"]}
        backing = [row for row in memberships if self.is_in_good_standing(row["organization_id"], local_days)]
        if not valid_on_all(local_days, backing, "since", "until"):
            yield "ORGANIZATION_NOT_VERIFIED", latest_organization(memberships)

    def is_high_enough(self, rank_code: str | None, minimum_code: str | None) -> bool:
        one, other = self.rows.get("Rank", rank_code), self.rows.get("Rank", minimum_code)
        return bool(one and other and one["corps"] == other["corps"] and one["level"] >= other["level"])

    def is_in_good_standing(self, organization_id: object, local_days: list[date]) -> bool:
        """Whether it is verified and, if a registration was revoked, another one is valid on all the days."""
        organization = self.rows.get("Organization", organization_id)
        assert organization is not None
        licences = self.rows.where("Licence", "organization_id", organization_id)
        registrations = [row for row in licences if row["kind"] == "REGISTRATION"]
        holding = [row for row in registrations if row["revoked_on"] is None]
        revoked = len(holding) < len(registrations)
        holds = any(valid_on_all(local_days, [row], "valid_from", "valid_until") for row in holding)
        return organization["verification"] == "VERIFIED" and (not revoked or holds)

    def broken_by_rest(self, volunteer: Row, need: Row) -> Iterator[BrokenRule]:
        starts, ends = need["starts_at"], need["ends_at"]
        for commitment in self.commitments(volunteer):
            before = commitment["ends_at"] <= starts < commitment["ends_at"] + REST_AFTER_LONG_DUTY
            after = ends <= commitment["starts_at"] < ends + REST_AFTER_LONG_DUTY
            long_before = commitment["ends_at"] - commitment["starts_at"] >= LONG_DUTY
            if (before and long_before) or (after and ends - starts >= LONG_DUTY):
                yield "NOT_RESTED", commitment
                break


def chord_length(here: Mapping[str, float], there: Mapping[str, float]) -> float:
    """The length of the straight line between two places on the unit sphere."""
    return math.sqrt(
        sum((one - other) ** 2 for one, other in zip(unit_sphere_point(here), unit_sphere_point(there), strict=True))
    )


def unit_sphere_point(place: Mapping[str, float]) -> tuple[float, float, float]:
    latitude, longitude = math.radians(place["latitude"]), math.radians(place["longitude"])
    return math.cos(latitude) * math.cos(longitude), math.cos(latitude) * math.sin(longitude), math.sin(latitude)


def kilometres(here: Mapping[str, float], there: Mapping[str, float]) -> float:
    """Great-circle distance (mean radius 6,371 km)."""
    return 2 * 6371.0 * math.asin(min(1.0, chord_length(here, there) / 2))


def valid_on_all(local_days: Iterable[date], rows: list[Row], since: str, until: str) -> bool:
    """Whether on every day one of the rows is valid."""
    return all(any(is_valid_on(row, since, until, day) for row in rows) for day in local_days)


def latest_organization(memberships: list[Row]) -> dict[str, Any]:
    latest = sorted(memberships, key=lambda row: (-row["since"].toordinal(), row["id"]))
    return {"organization_id": latest[0]["organization_id"]} if latest else {}
