"""Assignments of the demo volunteers, with the commitments that belong to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID, uuid5

import asyncpg

from api.demo import row
from api.demo.catalogue import Catalogue
from api.demo.incident import IncidentRows
from api.demo.person import Person
from api.demo.random_source import RandomSource
from api.models.assignment_status import ASSIGNMENT

REASONS = {
    "DECLINED": "Ada acara keluarga",
    "CANCELLED": "Akses jalan terputus, regu dikurangi",
    "NO_SHOW": "Tidak hadir di posko",
    "EXPIRED": "Tidak dijawab sampai batas waktu",
}


# Those who have accepted did so this long before the duty.
LEAD = timedelta(days=2)
ACCEPTED = (*ASSIGNMENT.group("COMMITTED"), "NO_SHOW")


class PlannedAssignments(NamedTuple):
    """Assignments with a status: at most `people` volunteers from the kabupaten whose codes start with a `home` prefix.

    The volunteers must be eligible for `need`, and also for `other_need` if it is given.
    """

    people: int
    status: str
    need: row.Need
    home: tuple[str, ...]
    other_need: row.Need | None = None


@dataclass
class AssignmentGenerator:
    """Assigns eligible volunteers, each of them once."""

    catalogue: Catalogue
    valid_organization_ids: frozenset[UUID]
    unassigned: list[Person]

    def assign(self, rng: RandomSource, planned: PlannedAssignments) -> Iterator[row.Row]:
        suitable = [person for person in self.unassigned if self.is_suitable(person, planned)]
        for person in suitable[: planned.people]:
            self.unassigned.remove(person)
            joined = (each for each in person.memberships if self.is_membership_valid(each, planned.need))
            yield from assignment_rows(rng, person, planned, next(joined).organization_id)

    def is_suitable(self, person: Person, planned: PlannedAssignments) -> bool:
        return person.row.kabupaten_code.startswith(planned.home) and all(
            self.is_eligible(person, need) for need in (planned.need, planned.other_need) if need
        )

    def is_eligible(self, person: Person, need: row.Need) -> bool:
        """A simplified check of the rules in `api.rules`, sufficient for demo data."""
        return (
            is_available(person.row, need)
            and any(self.is_certificate_valid(certificate, need) for certificate in person.certificates)
            and any(self.is_membership_valid(membership, need) for membership in person.memberships)
        )

    def is_certificate_valid(self, certificate: row.Certificate, need: row.Need) -> bool:
        first, last = need_days(need)
        return (
            need.skill_code in self.catalogue.grants[certificate.certificate_type_code]
            and certificate.issued_on <= first
            and (certificate.expires_on is None or last <= certificate.expires_on)
            and certificate.revoked_on is None
        )

    def is_membership_valid(self, membership: row.Membership, need: row.Need) -> bool:
        first, last = need_days(need)
        return (
            membership.organization_id in self.valid_organization_ids
            and membership.since <= first
            and (membership.until is None or last <= membership.until)
            and self.catalogue.is_rank_sufficient(membership.rank_code, need.minimum_rank_code)
        )


def is_available(volunteer: row.Volunteer, need: row.Need) -> bool:
    """Whether the volunteer is active, has given consent, and agreed to be sent as far as the need."""
    if volunteer.status != "ACTIVE" or volunteer.consent_given_at is None or volunteer.consent_withdrawn_at:
        return False
    if volunteer.kabupaten_code == need.kabupaten_code:
        return True
    same_province = volunteer.kabupaten_code[:2] == need.kabupaten_code[:2]
    return volunteer.reach == "NATIONAL" or (same_province and volunteer.reach == "PROVINCE")


def need_days(need: row.Need) -> tuple[date, date]:
    """The first and the last day of a need."""
    return need.starts_at.date(), need.ends_at.date()


def assignment_rows(
    rng: RandomSource, person: Person, planned: PlannedAssignments, organization_id: UUID
) -> Iterator[row.Row]:
    """An assignment, its commitment if the status has one, and its attendance and hours if it is over."""
    assignment_id, need = rng.uuid(), planned.need
    is_done = planned.status == "COMPLETED"
    yield row.Assignment(
        id=assignment_id,
        need_id=need.id,
        volunteer_id=person.row.id,
        status=planned.status,
        starts_at=need.starts_at,
        ends_at=need.ends_at,
        expires_at=need.starts_at,
        reason=REASONS.get(planned.status),
        accepted_at=need.starts_at - LEAD if planned.status in ACCEPTED else None,
        checked_in_at=need.starts_at if is_done else None,
        checked_out_at=need.ends_at if is_done else None,
        organization_id=organization_id if planned.status in ACCEPTED else None,
    )
    if is_done:
        yield from attendance_rows(assignment_id, person.row.id, need)
    if planned.status in ASSIGNMENT.group("COMMITTED"):
        yield row.Commitment(
            id=rng.uuid(),
            volunteer_id=person.row.id,
            assignment_id=assignment_id,
            period=asyncpg.Range(need.starts_at, need.ends_at),
        )


def attendance_rows(assignment_id: UUID, volunteer_id: UUID, need: row.Need) -> Iterator[row.Row]:
    """Somebody came when the need began, and left when it ended. The ids follow from the assignment's."""
    starts, ends = need.starts_at, need.ends_at
    for kind, at in (("CHECKED_IN", starts), ("CHECKED_OUT", ends)):
        yield row.Attendance(uuid5(assignment_id, kind), assignment_id, kind, at)
    key = uuid5(assignment_id, "HOURS")
    yield row.ServedHours(key, assignment_id, volunteer_id, starts, ends, "ATTENDANCE", "COUNTED")


def past_assignments(
    flood: IncidentRows, landslide: IncidentRows, legundi: IncidentRows
) -> Iterator[PlannedAssignments]:
    """Assignments to the ended incidents. Four volunteers who are eligible for the flood must still rest after the landslide."""
    rescue = flood.needs["WATER_RESCUE"]
    yield PlannedAssignments(4, "COMPLETED", landslide.needs["RAPID_ASSESSMENT"], ("62.05", "62.12"), other_need=rescue)
    yield PlannedAssignments(6, "COMPLETED", landslide.needs["LOGISTICS"], ("62.10",))
    yield PlannedAssignments(1, "NO_SHOW", landslide.needs["LOGISTICS"], ("62.10",))
    yield PlannedAssignments(1, "EXPIRED", landslide.needs["LOGISTICS"], ("62.10",))
    yield PlannedAssignments(8, "COMPLETED", legundi.needs["LOGISTICS"], ("18.",))
    yield PlannedAssignments(1, "CANCELLED", legundi.needs["LOGISTICS"], ("18.",))
    yield PlannedAssignments(5, "COMPLETED", legundi.needs["FIELD_KITCHEN"], ("18.",))
    yield PlannedAssignments(1, "DECLINED", legundi.needs["FIELD_KITCHEN"], ("18.",))


def current_assignments(flood: IncidentRows) -> Iterator[PlannedAssignments]:
    """Assignments to the flood: from its own kabupaten, and for water rescue from other kabupaten."""
    yield PlannedAssignments(4, "ACCEPTED", flood.needs["FIELD_KITCHEN"], ("62.02",))
    yield PlannedAssignments(3, "OFFERED", flood.needs["FIELD_KITCHEN"], ("62.02",))
    yield PlannedAssignments(1, "DECLINED", flood.needs["FIELD_KITCHEN"], ("62.02",))
    yield PlannedAssignments(3, "ACCEPTED", flood.needs["LOGISTICS"], ("62.02",))
    yield PlannedAssignments(1, "OFFERED", flood.needs["LOGISTICS"], ("62.02",))
    yield PlannedAssignments(2, "OFFERED", flood.needs["SHELTER"], ("62.02",))
    yield PlannedAssignments(1, "ACCEPTED", flood.needs["WATER_RESCUE"], ("62.71",))
    yield PlannedAssignments(1, "OFFERED", flood.needs["WATER_RESCUE"], ("62.11",))
    yield PlannedAssignments(1, "DECLINED", flood.needs["WATER_RESCUE"], ("62.03",))
