"""Who sees what happened: of each kind of thing, who may see the thing."""

from collections.abc import Mapping

import sqlalchemy as sa

from api.access.account import sees_role
from api.access.actor import Condition, Kind, Row
from api.access.assignment import cancels_assignment, sees_assignment
from api.access.camp import keeps_camp, runs_camp, sees_camp, sees_contingent
from api.access.certificate import sees_certificate, sees_certificate_request, sees_extension
from api.access.condition import Predicate, audits
from api.access.incident import keeps_site, sees_incident, sees_need, sees_part_of_incident, sees_situation
from api.access.membership import sees_membership_request, sees_transfer
from api.access.organization import keeps_organization, sees_licence, sees_organization
from api.access.person import knows_volunteer, sees_record_of_volunteer
from api.access.pledge import sees_pledge, sees_pledge_request
from api.access.record import sees_private_record
from api.models import (
    Absence,
    Assignment,
    Camp,
    Certificate,
    CertificateExtension,
    CertificateRequest,
    Contingent,
    EmergencyStatus,
    GoodsNeed,
    Incident,
    Insurance,
    Licence,
    Membership,
    MembershipRequest,
    MembershipTransfer,
    Need,
    Organization,
    Pledge,
    PledgeRequest,
    Role,
    Site,
    SituationReport,
    Volunteer,
)
from api.models.merged import surviving_id

# The things whose events are shown in an activity, by the name of their type, and to whom: who sees the thing. What was done
# with a volunteer's own record is private, like the record. Events of other things are shown to nobody.
SUBJECTS: Mapping[str, tuple[sa.Table, Predicate]] = {
    "Absence": (Absence, sees_private_record),
    "Assignment": (Assignment, sees_assignment),
    "Camp": (Camp, sees_camp),
    "Certificate": (Certificate, sees_certificate),
    "CertificateExtension": (CertificateExtension, sees_extension),
    "CertificateRequest": (CertificateRequest, sees_certificate_request),
    "Contingent": (Contingent, sees_contingent),
    "EmergencyStatus": (EmergencyStatus, sees_part_of_incident),
    "GoodsNeed": (GoodsNeed, sees_part_of_incident),
    "Incident": (Incident, sees_incident),
    "Insurance": (Insurance, sees_private_record),
    "Licence": (Licence, sees_licence),
    "Membership": (Membership, sees_record_of_volunteer),
    "MembershipRequest": (MembershipRequest, sees_membership_request),
    "MembershipTransfer": (MembershipTransfer, sees_transfer),
    "Need": (Need, sees_need),
    "Organization": (Organization, sees_organization),
    "Pledge": (Pledge, sees_pledge),
    "PledgeRequest": (PledgeRequest, sees_pledge_request),
    "Role": (Role, sees_role),
    "Site": (Site, sees_part_of_incident),
    "SituationReport": (SituationReport, sees_situation),
    "Volunteer": (Volunteer, knows_volunteer),
}

# What tells who is where, how they did, and who reads of it, is told to those only who may read that.
OF_KIND: Mapping[str, Predicate] = {
    **dict.fromkeys(
        ("camp.certificates_withheld", "camp.codes_issued", "camp.results_recorded", "camp.scanned"), runs_camp
    ),
    "assignment.evaluated": cancels_assignment,
    "camp.exported": keeps_camp,
    "organization.exported": keeps_organization,
    "site.scanned": keeps_site,
}


def subject_key(event: Row, noun: str) -> sa.ColumnElement[object]:
    """The key of the thing that an event is about; null if it is of another type."""
    return sa.case((event.c.subject_type == noun, sa.cast(event.c.subject_key, sa.Uuid())))


def sees_event(kind: Kind, row: Row) -> Condition:
    """Who sees the thing that it is about; of a volunteer, who may read what is private; of some kinds, fewer."""
    cases = []
    for noun, (table, sees) in SUBJECTS.items():
        thing = table.alias()
        key = sa.cast(row.c.subject_key, sa.Uuid())
        is_it = thing.c.id == (surviving_id(key) if table is Volunteer else key)
        own = [
            (row.c.kind == code, of(kind, thing)) for code, of in OF_KIND.items() if code.startswith(f"{table.name}.")
        ]
        seen = sa.case(*own, else_=sees(kind, thing)) if own else sees(kind, thing)
        this: sa.Select[int] = sa.select(sa.literal_column("1", sa.Integer)).where(is_it, seen)
        # OFFSET 0 keeps the planner from reading the things of all events at once, for a page of a few.
        cases.append((row.c.subject_type == noun, this.offset(0).correlate(row).exists()))
    return sa.case(*cases, else_=sa.false())


# What was done with a volunteer's own record is private, and may have a reason that is.
PRIVATE_SUBJECTS = ("Absence", "Insurance", "Volunteer")


def sees_audit_entry(kind: Kind, row: Row) -> Condition:
    """Auditors of the kabupaten that the event concerns; those of the nation all events."""
    return audits(kind, row.c.kabupaten_code)


def reads_reason(_kind: Kind, event: Row) -> Condition:
    """Whoever sees the event, unless its reason may tell what is private of a volunteer."""
    return event.c.subject_type.in_(SUBJECTS.keys() - set(PRIVATE_SUBJECTS))
