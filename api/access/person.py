"""Who sees, and answers for, volunteers and their records."""

from typing import Any

import sqlalchemy as sa

from api.access.actor import NEAR_PROVINCES, NOW, ORGANIZATIONS, VOLUNTEER, Condition, Kind, Row, Sql
from api.access.condition import any_of, coordinates, leads_to, manages
from api.access.standing import is_standing
from api.models import (
    Assignment,
    CertificateRequest,
    Membership,
    MembershipRequest,
    MembershipTransfer,
    Need,
    Organization,
    Volunteer,
)
from api.models.assignment_status import ASSIGNMENT, is_ahead
from api.models.certificate_request import CertificateRequestStatus
from api.models.day import days_of_provinces
from api.models.membership_request import MembershipRequestStatus, MembershipSide
from api.models.membership_transfer import MembershipTransferStatus
from api.models.person import Reach, VolunteerStatus, has_consented

# So long after a membership the organization's managers still see the record.
DAYS_SEEN_AFTERWARDS = 90


def members_today(*conditions: Condition, of_standing: bool = False, days_after: int = 0) -> sa.Select[Any]:
    """The ids of those who are members today, the day in the kabupaten of the organization; of standing ones only.

    With `days_after`, also of those who were members so many days ago or later.
    """
    organization, province = Organization.alias(), days_of_provinces(NOW)
    standing = [is_standing(organization, province.c.day)] if of_standing else []
    return (
        sa.select(Membership.c.volunteer_id)
        .join(organization, organization.c.id == Membership.c.organization_id)
        .join(province, province.c.code == sa.func.left(organization.c.kabupaten_code, 2))
        .where(
            Membership.c.since <= province.c.day,
            sa.or_(Membership.c.until.is_(None), Membership.c.until >= province.c.day - days_after),
            *conditions,
            *standing,
        )
    )


def managed(*, of_standing: bool = False, days_after: int = 0) -> sa.Select[Any]:
    """The ids of the members of the organizations that the actor manages."""
    is_managed = Membership.c.organization_id == sa.any_(ORGANIZATIONS)
    return members_today(is_managed, of_standing=of_standing, days_after=days_after)


def answers_for(kind: Kind, volunteer_id: Sql, *, of_standing: bool = False) -> Condition:
    """The volunteer alone, and the managers of the (standing) organizations the volunteer belongs to today."""
    return any_of(
        volunteer_id == VOLUNTEER if kind.volunteer else None,
        volunteer_id.in_(managed(of_standing=of_standing)) if kind.organizations else None,
    )


def applies(kind: Kind, volunteer_id: Sql) -> Condition | None:
    """Whether an organization that the actor manages is asked to take the volunteer as a member, or for a certificate."""
    if not kind.organizations:
        return None
    joining = sa.select(MembershipRequest.c.volunteer_id).where(
        MembershipRequest.c.status == MembershipRequestStatus.PENDING,
        MembershipRequest.c.asked_by == MembershipSide.PERSON,
        manages(kind, MembershipRequest.c.organization_id),
    )
    certified = sa.select(CertificateRequest.c.volunteer_id).where(
        CertificateRequest.c.status == CertificateRequestStatus.PENDING, manages(kind, CertificateRequest.c.issuer_id)
    )
    transferred = sa.select(MembershipTransfer.c.volunteer_id).where(
        MembershipTransfer.c.status == MembershipTransferStatus.PENDING,
        manages(kind, MembershipTransfer.c.organization_id),
    )
    return volunteer_id.in_(joining.union_all(certified, transferred))


def serves(kind: Kind, volunteer_id: Sql, standing: Condition) -> Condition | None:
    """Whether the volunteer has an assignment that stands so at a need in the scope."""
    if not kind.places:
        return None
    sent = sa.select(Assignment.c.volunteer_id).join(Need, Need.c.id == Assignment.c.need_id)
    return volunteer_id.in_(sent.where(standing, coordinates(kind, Need.c.kabupaten_code)))


# A duty that is promised or running. Before the acceptance, and once it is over, nobody needs to call.
_PROMISED = sa.and_(Assignment.c.status.in_(ASSIGNMENT.group("PROMISED")), Assignment.c.ends_at > NOW)


def knows_volunteer(kind: Kind, row: Row) -> Condition:
    """Who may read what is private: phone, position, consent. Not the managers of an organization that does not stand."""
    return any_of(
        coordinates(kind, row.c.kabupaten_code),
        answers_for(kind, row.c.id, of_standing=True),
        serves(kind, row.c.id, _PROMISED),
    )


def keeps_volunteer(kind: Kind, row: Row) -> Condition:
    """Who keeps the record: the volunteer, managers of a standing organization of theirs, coordinators of home."""
    return any_of(coordinates(kind, row.c.kabupaten_code), answers_for(kind, row.c.id, of_standing=True))


def coordinates_home_of_volunteer(kind: Kind, row: Row) -> Condition:
    """The coordinators of the volunteer's home."""
    return coordinates(kind, row.c.kabupaten_code)


def agreed_to_be_sent(kind: Kind, row: Row) -> Condition | None:
    """Whether the volunteer agreed to be sent to a place in the scope."""
    if not kind.places:
        return None
    return sa.and_(
        row.c.status == VolunteerStatus.ACTIVE,
        has_consented(row),
        sa.or_(
            row.c.reach == Reach.NATIONAL,
            sa.and_(
                row.c.reach == Reach.PROVINCE,
                sa.type_coerce(row.c.province_code, sa.Text) == sa.any_(NEAR_PROVINCES),
            ),
        ),
    )


def sees_volunteer(kind: Kind, row: Row) -> Condition:
    """Who knows a volunteer, has asked one or is asked by one, and coordinators as far as the volunteer agreed to be sent.

    Managers also for 90 days after the end of the membership.
    """
    if kind.nation:
        return sa.true()
    near = (
        agreed_to_be_sent(kind, row),
        coordinates(kind, row.c.kabupaten_code),
        serves(kind, row.c.id, is_ahead(Assignment, NOW)),
    )
    return any_of(*near, _sees_by_key(kind, row.c.id))


def _sees_by_key(kind: Kind, volunteer_id: Sql) -> Condition:
    """The volunteer, and the managers of an organization of theirs, of 90 days ago, or of one that is asked to take or certify them."""
    return any_of(
        volunteer_id == VOLUNTEER if kind.volunteer else None,
        volunteer_id.in_(managed(days_after=DAYS_SEEN_AFTERWARDS)) if kind.organizations else None,
        applies(kind, volunteer_id),
    )


def sees_record_of_volunteer(kind: Kind, row: Row) -> Condition:
    """Certificates and memberships are seen by who sees their volunteer."""
    if kind.nation:
        return sa.true()
    if not kind.places:
        # The volunteer's own row has nothing to say.
        return _sees_by_key(kind, row.c.volunteer_id)
    return leads_to(kind, row.c.volunteer_id, Volunteer, sees_volunteer)


def enrols(kind: Kind, organization: Row) -> Condition:
    """Who may make somebody a member: managers of the organization, coordinators of its home."""
    return any_of(manages(kind, organization.c.id), coordinates(kind, organization.c.kabupaten_code))


def certifies(kind: Kind, volunteer: Row, issuer: Row) -> Condition:
    """Coordinators of the homes of both volunteer and issuer, managers of the issuer for its members of today."""
    members = members_today(Membership.c.organization_id == issuer.c.id).correlate(issuer)
    return any_of(
        sa.and_(coordinates(kind, volunteer.c.kabupaten_code), coordinates(kind, issuer.c.kabupaten_code)),
        sa.and_(manages(kind, issuer.c.id), volunteer.c.id.in_(members)),
    )
