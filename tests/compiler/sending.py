"""The rules of sending people, said a second time: who may be sent to a need, and what forbids one person."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from tests.compiler.rows import Row, Rows

FILLING = ("ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED")
LIVE = ("OFFERED", "ACCEPTED", "MOBILIZED", "ON_DUTY")
# Those that no exception can set aside.
FIRM = (
    "CONSENT_MISSING",
    "NEED_CLOSED",
    "PERIOD_PAST",
    "NEED_FULL",
    "ALREADY_OFFERED",
    "PERSON_ELSEWHERE",
    "NOT_FOUND",
)
REST, LONG = timedelta(hours=24), timedelta(hours=72)
DAY = timedelta(days=1)

Broken = tuple[str, dict[str, Any]]


def lasts(row: Row, since: str, until: str, day: date) -> bool:
    """Both ends counted; without an end, for ever."""
    return bool(row[since] <= day <= (row[until] or date.max))


@dataclass
class Sending:
    rows: Rows
    now: datetime

    def __hash__(self) -> int:
        return id(self)

    def days(self, need: Row) -> list[date]:
        """The days the need touches at its place."""
        province = self.rows.get("Province", need["kabupaten_code"][:2])
        assert province is not None
        zone = ZoneInfo(province["time_zone"])
        first = need["starts_at"].astimezone(zone).date()
        last = (need["ends_at"].astimezone(UTC) - timedelta(microseconds=1)).astimezone(zone).date()
        return [first + DAY * number for number in range((last - first).days + 1)]

    def skills(self, volunteer: Row, on: date) -> set[str]:
        valid = [each for each in self.certificates(volunteer) if lasts(each, "issued_on", "expires_on", on)]
        return {code for each in valid for code in self.rows.granted(each["certificate_type_code"])}

    def certificates(self, volunteer: Row) -> list[Row]:
        return [row for row in self.rows.where("Certificate", "volunteer_id", volunteer["id"]) if not row["revoked_on"]]

    def tier(self, volunteer: Row, need: Row) -> int:
        if volunteer["kabupaten_code"] == need["kabupaten_code"]:
            return 1
        return 2 if volunteer["province_code"] == need["kabupaten_code"][:2] else 3

    def chord(self, volunteer: Row, need: Row) -> float:
        """The straight line on the unit globe, from home in the need's own kabupaten, else from the home's seat."""
        home = self.rows.get("Kabupaten", volunteer["kabupaten_code"])
        assert home is not None
        start = home if volunteer["latitude"] is None or self.tier(volunteer, need) > 1 else volunteer
        return chord(start, need)

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
            if not list(self.broken(volunteer, need))
            for way in [self.chord(volunteer, need)]
        ]
        return tuple(sorted(found, key=lambda row: (row["number"], row["chord"], row["volunteer"]["id"])))

    def refusals(self, volunteer: Row, need: Row) -> list[Broken]:
        """Every rule that forbids, rule 4 at the end."""
        nearer = [row for row in self.candidates(need) if row["number"] < self.tier(volunteer, need)]
        late = [("NEARER_AVAILABLE", {"volunteer_id": nearer[0]["volunteer"]["id"]})] if nearer else []
        return [*self.broken(volunteer, need), *late]

    def broken(self, volunteer: Row, need: Row) -> Iterator[Broken]:
        yield from self.broken_by_need(need)
        yield from self.broken_by_person(volunteer, need)
        yield from self.broken_by_promises(volunteer, need)
        yield from self.broken_by_training(volunteer, need)
        yield from self.broken_by_rest(volunteer, need)

    def broken_by_need(self, need: Row) -> Iterator[Broken]:
        incident = self.rows.get("Incident", need["incident_id"])
        assert incident is not None
        if need["closed_at"] or incident["status"] not in ("VERIFIED", "ACTIVE"):
            yield "NEED_CLOSED", {}
        if need["ends_at"] <= self.now:
            yield "PERIOD_PAST", {"ends_at": need["ends_at"]}
        filled = sum(row["status"] in FILLING for row in self.rows.where("Assignment", "need_id", need["id"]))
        if filled >= need["people_wanted"]:
            yield "NEED_FULL", {"count": filled, "limit": need["people_wanted"]}

    def broken_by_person(self, volunteer: Row, need: Row) -> Iterator[Broken]:
        if volunteer["status"] != "ACTIVE":
            yield "PERSON_INACTIVE", {}
        if not volunteer["consent_given_at"] or volunteer["consent_withdrawn_at"]:
            yield "CONSENT_MISSING", {}
        if self.tier(volunteer, need) > {"KABUPATEN": 1, "PROVINCE": 2, "NATIONAL": 3}[volunteer["reach"]]:
            yield "BEYOND_REACH", {}

    def broken_by_promises(self, volunteer: Row, need: Row) -> Iterator[Broken]:
        for row in self.rows.where("Assignment", "volunteer_id", volunteer["id"]):
            overdue = row["status"] == "OFFERED" and row["expires_at"] and row["expires_at"] <= self.now
            if row["need_id"] == need["id"] and row["status"] in LIVE and not overdue:
                yield "ALREADY_OFFERED", {"assignment_id": row["id"]}
        for promise in self.promises(volunteer):
            if promise["starts_at"] < need["ends_at"] and need["starts_at"] < promise["ends_at"]:
                yield "PERSON_ELSEWHERE", promise
                break

    def promises(self, volunteer: Row) -> list[Row]:
        found = [
            {"assignment_id": row["assignment_id"], "starts_at": row["period"].lower, "ends_at": row["period"].upper}
            for row in self.rows.where("Commitment", "volunteer_id", volunteer["id"])
        ]
        return sorted(found, key=lambda promise: promise["starts_at"])

    def broken_by_training(self, volunteer: Row, need: Row) -> Iterator[Broken]:
        days, skill = self.days(need), need["skill_code"]
        granting = [
            row for row in self.certificates(volunteer) if skill in self.rows.granted(row["certificate_type_code"])
        ]
        if not granting:
            yield "NOT_TRAINED", {"skill_code": skill}
        elif not every(days, granting, "issued_on", "expires_on"):
            latest = min(granting, key=lambda row: (-(row["expires_on"] or date.max).toordinal(), row["id"]))
            yield "CERTIFICATE_EXPIRED", {"skill_code": skill, "certificate_id": latest["id"]}
        memberships = self.rows.where("Membership", "volunteer_id", volunteer["id"])
        ranked = [row for row in memberships if self.is_high_enough(row["rank_code"], need["minimum_rank_code"])]
        if need["minimum_rank_code"] and not every(days, ranked, "since", "until"):
            yield "RANK_TOO_LOW", {"rank_code": need["minimum_rank_code"]}
        backing = [row for row in memberships if self.is_in_good_standing(row["organization_id"], days)]
        if not every(days, backing, "since", "until"):
            yield "ORGANIZATION_NOT_VERIFIED", latest_organization(memberships)

    def is_high_enough(self, held: str | None, wanted: str | None) -> bool:
        one, other = self.rows.get("Rank", held), self.rows.get("Rank", wanted)
        return bool(one and other and one["corps"] == other["corps"] and one["level"] >= other["level"])

    def is_in_good_standing(self, organization_id: object, days: list[date]) -> bool:
        """Verified, and not without its registration: where one was revoked, another holds all the time."""
        organization = self.rows.get("Organization", organization_id)
        assert organization is not None
        licences = self.rows.where("Licence", "organization_id", organization_id)
        registrations = [row for row in licences if row["kind"] == "REGISTRATION"]
        holding = [row for row in registrations if row["revoked_on"] is None]
        revoked = len(holding) < len(registrations)
        holds = any(every(days, [row], "valid_from", "valid_until") for row in holding)
        return organization["verification"] == "VERIFIED" and (not revoked or holds)

    def broken_by_rest(self, volunteer: Row, need: Row) -> Iterator[Broken]:
        starts, ends = need["starts_at"], need["ends_at"]
        for promise in self.promises(volunteer):
            before = promise["ends_at"] <= starts < promise["ends_at"] + REST
            after = ends <= promise["starts_at"] < ends + REST
            long_before = promise["ends_at"] - promise["starts_at"] >= LONG
            if (before and long_before) or (after and ends - starts >= LONG):
                yield "NOT_RESTED", promise
                break


def chord(start: Row, end: Row) -> float:
    return math.sqrt(sum((one - other) ** 2 for one, other in zip(on_globe(start), on_globe(end), strict=True)))


def on_globe(place: Row) -> tuple[float, float, float]:
    latitude, longitude = math.radians(place["latitude"]), math.radians(place["longitude"])
    return math.cos(latitude) * math.cos(longitude), math.cos(latitude) * math.sin(longitude), math.sin(latitude)


def every(days: Iterable[date], rows: list[Row], since: str, until: str) -> bool:
    """Whether on every day one of the rows lasts."""
    return all(any(lasts(row, since, until, day) for row in rows) for day in days)


def latest_organization(memberships: list[Row]) -> dict[str, Any]:
    latest = sorted(memberships, key=lambda row: (-row["since"].toordinal(), row["id"]))
    return {"organization_id": latest[0]["organization_id"]} if latest else {}
