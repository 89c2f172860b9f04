"""Who agrees to memberships, for the person and for the organization."""

import sqlalchemy as sa

from api.access.actor import NOW, VOLUNTEER, Condition, Kind, Row
from api.access.condition import any_of, exists_where, leads_to, manages
from api.access.person import answers_for, coordinates_home_of_volunteer, enrols
from api.models import Account, Membership, Organization, Volunteer
from api.models.day import days_between, local_day
from api.models.membership_request import MembershipSide


def speaks_for_person(kind: Kind, row: Row) -> Condition:
    """The person; without an account, managers of the person's standing organizations and coordinators of the home."""
    managers = None
    if kind.organizations:
        managers = sa.and_(~_has_account(row), answers_for(kind, row.c.volunteer_id, of_standing=True))
    return any_of(agrees_to_transfer(kind, row), managers)


def agrees_to_transfer(kind: Kind, row: Row) -> Condition:
    """The person; without an account, coordinators of the home, and no managers: one of theirs has proposed it."""
    home = leads_to(kind, row.c.volunteer_id, Volunteer, coordinates_home_of_volunteer)
    return any_of(
        row.c.volunteer_id == VOLUNTEER if kind.volunteer else None,
        sa.and_(~_has_account(row), home) if kind.coordinator else None,
    )


def _has_account(row: Row) -> Condition:
    account = Account.alias()
    return exists_where(row, account.c.volunteer_id == row.c.volunteer_id, account.c.active)


def enrols_in(kind: Kind, row: Row) -> Condition:
    """Managers of the organization, coordinators of its home."""
    return leads_to(kind, row.c.organization_id, Organization, enrols)


def asks_for_membership(kind: Kind, request: Row) -> Condition:
    """The side that asks: the person, or managers of the organization and coordinators of its home."""
    return any_of(
        sa.and_(request.c.asked_by == MembershipSide.PERSON, speaks_for_person(kind, request)),
        sa.and_(request.c.asked_by == MembershipSide.ORGANIZATION, enrols_in(kind, request)),
    )


def answers_membership_request(kind: Kind, request: Row) -> Condition:
    """The other side: the person (without an account, who answers for the person), or managers of the organization."""
    return any_of(
        sa.and_(request.c.asked_by == MembershipSide.ORGANIZATION, speaks_for_person(kind, request)),
        sa.and_(request.c.asked_by == MembershipSide.PERSON, manages(kind, request.c.organization_id)),
    )


def sees_membership_request(kind: Kind, row: Row) -> Condition:
    """Both sides."""
    if kind.nation:
        return sa.true()
    return any_of(speaks_for_person(kind, row), enrols_in(kind, row))


def manages_own(kind: Kind, row: Row) -> Condition:
    """Managers of the organization."""
    return manages(kind, row.c.organization_id)


def ends_membership(kind: Kind, membership: Row) -> Condition:
    """The member, managers of the organization, coordinators of its home."""
    own = membership.c.volunteer_id == VOLUNTEER if kind.volunteer else None
    return any_of(own, enrols_in(kind, membership))


def is_tksk_today(_kind: Kind, membership: Row) -> Condition:
    """Who serves in a kecamatan today, the day in the kabupaten of the organization."""
    organization = Organization.alias()
    today = sa.select(local_day(organization.c.kabupaten_code, NOW)).where(
        organization.c.id == membership.c.organization_id
    )
    days = days_between(membership.c.kecamatan_since, membership.c.until)
    return days.op("@>", is_comparison=True)(today.correlate(membership).scalar_subquery())


def proposes_transfer(kind: Kind, transfer: Row) -> Condition:
    """Managers of the organization whose member is to go over."""
    return leads_to(kind, transfer.c.membership_id, Membership, manages_own)


def answers_transfer(kind: Kind, transfer: Row) -> Condition:
    """The person (without an account, coordinators of the home), and managers of the other organization."""
    return any_of(agrees_to_transfer(kind, transfer), manages(kind, transfer.c.organization_id))


def sees_transfer(kind: Kind, row: Row) -> Condition:
    """The person, both organizations, and the coordinators of the homes of the person and of the other organization."""
    if kind.nation:
        return sa.true()
    return any_of(speaks_for_person(kind, row), enrols_in(kind, row), proposes_transfer(kind, row))
