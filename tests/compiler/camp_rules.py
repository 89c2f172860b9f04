"""What holds somebody who waits for a camp, a second time, in plain Python."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from api.models import (
    Camp,
    CampQuota,
    CampRegistration,
    CertificateTypeInclusion,
    Contingent,
    Membership,
    Organization,
    Volunteer,
)
from tests.compiler.rows import Row

DIMENSIONS = ("organization_id", "kabupaten_code", "category_code", "sex")
BrokenRule = tuple[str, dict[str, Any]]


class CampRules:
    """Of a registration; `rules` are those of sending, from which some are taken."""

    def __init__(self, rules: Any) -> None:
        self.rules, self.rows, self.now = rules, rules.rows, rules.now

    def what_holds(self, registration: Row) -> list[BrokenRule]:
        if registration["status"] != "WAITLISTED":
            return []
        camp = self.rows.get(Camp, registration["camp_id"])
        volunteer = self.rows.get(Volunteer, registration["volunteer_id"])
        fixed = ("CONSENT_MISSING", "PERSON_ELSEWHERE", "IN_CAMP")
        lacking = [
            (code, fact)
            for code, fact in (self.lacking(volunteer, camp) if volunteer else ())
            if code in fixed or registration["admission_reason"] is None
        ]
        return sorted([*self.limits(registration, camp), *lacking], key=lambda broken: broken[0])

    def limits(self, registration: Row, camp: Row) -> Iterator[BrokenRule]:
        contingent = self.rows.get(Contingent, registration["contingent_id"])
        left = self.places_left(camp)
        if contingent is None and left <= 0:
            yield "CAMP_FULL", {"count": camp["capacity"] - left, "limit": camp["capacity"]}
        if contingent is not None and not (self.is_allotted(contingent) and contingent["named"] < contingent["places"]):
            yield "CONTINGENT_FULL", {"count": contingent["named"], "limit": contingent["places"]}
        organization = self.rows.get(Organization, registration["organization_id"])
        if organization is not None and not self.stands(organization):
            yield "ORGANIZATION_NOT_VERIFIED", {"organization_id": organization["id"], "overridable": False}
        full = [
            quota
            for quota in self.rows.where(CampQuota, "camp_id", camp["id"])
            if quota["taken"] >= quota["places"]
            and all(quota[name] in (None, registration[name]) for name in DIMENSIONS)
        ]
        if full:
            first = min(full, key=lambda quota: (quota["created_at"], quota["id"]))
            yield "QUOTA_FULL", {"quota_id": first["id"], "count": first["taken"], "limit": first["places"]}

    def stands(self, organization: Row) -> bool:
        today = self.rules.local_days(organization, self.now, self.now + timedelta(microseconds=1))
        return bool(self.rules.is_in_good_standing(organization["id"], today))

    def is_allotted(self, contingent: Row | None) -> bool:
        if contingent is None or contingent["status"] != "ALLOTTED":
            return False
        return contingent["names_due_at"] is None or bool(contingent["names_due_at"] > self.now)

    def places_left(self, camp: Row) -> int:
        unnamed = sum(
            contingent["places"] - contingent["named"]
            for contingent in self.rows.where(Contingent, "camp_id", camp["id"])
            if contingent["status"] == "ALLOTTED" and not self.is_allotted(contingent)
        )
        unanswered = sum(
            row["status"] == "OFFERED"
            and row["offered_until"] <= self.now
            and not self.is_allotted(self.rows.get(Contingent, row["contingent_id"]))
            for row in self.rows.where(CampRegistration, "camp_id", camp["id"])
        )
        return int(camp["capacity"] - camp["taken"] + unnamed + unanswered)

    def lacking(self, volunteer: Row, camp: Row) -> Iterator[BrokenRule]:
        if volunteer["status"] != "ACTIVE":
            yield "PERSON_INACTIVE", {}
        if not volunteer["consent_given_at"] or volunteer["consent_withdrawn_at"]:
            yield "CONSENT_MISSING", {}
        starts_at = min(max(camp["starts_at"], self.now), camp["ends_at"])
        yield from self.rules.clashes(volunteer, starts_at, camp["ends_at"])
        yield from self.rules.broken_by_absence(volunteer, {"starts_at": starts_at, "ends_at": camp["ends_at"]})
        days = self.rules.local_days(camp)
        if camp["minimum_age"] and not is_old_enough(volunteer["birth_date"], camp["minimum_age"], days[0]):
            yield "TOO_YOUNG", {"minimum_age": camp["minimum_age"]}
        memberships = self.rows.where(Membership, "volunteer_id", volunteer["id"])
        if camp["minimum_rank_code"] and not self.rules.has_rank(memberships, camp["minimum_rank_code"], days):
            yield "RANK_TOO_LOW", {"rank_code": camp["minimum_rank_code"]}
        if camp["certificate_type_code"] and not self.has_certificate(volunteer, camp, days[0]):
            yield "CERTIFICATE_NEEDED", {"certificate_type_code": camp["certificate_type_code"]}

    def has_certificate(self, volunteer: Row, camp: Row, day: date) -> bool:
        return any(
            row["issued_on"] <= day
            and lasts(row["expires_on"], camp["lapsed_years"], day)
            and camp["certificate_type_code"] in self.counts_as(row["certificate_type_code"])
            for row in self.rules.certificates(volunteer)
        )

    def counts_as(self, code: str) -> set[str]:
        included = self.rows.where(CertificateTypeInclusion, "certificate_type_code", code)
        return {code}.union(*(self.counts_as(row["included_code"]) for row in included))


def lasts(ends: date | None, lapsed_years: int | None, day: date) -> bool:
    if ends is None or ends >= day:
        return True
    return lapsed_years is not None and years_later(ends, lapsed_years) > day


def is_old_enough(born: date | None, age: int, day: date) -> bool:
    return born is not None and years_later(born, age) <= day


def years_later(day: date, years: int) -> date:
    """As PostgreSQL counts: 29 February becomes 28 February in other years."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, month=3, day=1) - timedelta(days=1)
