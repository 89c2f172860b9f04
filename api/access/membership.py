"""Who agrees to memberships, for the person and for the organization."""

import sqlalchemy as sa

from api.access.actor import ACCOUNT, NOW, VOLUNTEER, Condition, Kind, Row
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
    return any_of(_is_person(kind, row), _coordinates_home(kind, row), managers)


def agrees_to_transfer(kind: Kind, transfer: Row) -> Condition:
    """The person; without an account, coordinators of the home, but not who proposed it, and no managers: one of theirs has."""
    home = _coordinates_home(kind, transfer)
    return any_of(_is_person(kind, transfer), None if home is None else sa.and_(home, _has_not_asked(transfer)))


def _is_person(kind: Kind, row: Row) -> Condition | None:
    return row.c.volunteer_id == VOLUNTEER if kind.volunteer else None


def _coordinates_home(kind: Kind, row: Row) -> Condition | None:
    """Whether it is the home of somebody without an account."""
    if not kind.coordinator:
        return None
    return sa.and_(~_has_account(row), leads_to(kind, row.c.volunteer_id, Volunteer, coordinates_home_of_volunteer))


def _has_not_asked(row: Row) -> Condition:
    """Whether it was asked by another account: who asked for one side gives no yes for the other."""
    return row.c.asker_id.is_distinct_from(ACCOUNT)


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
    """The other side, but not who asked: the person (without an account, who answers for the person), or managers of the organization.

    The person may have asked for the organization, and answers all the same.
    """
    answers = any_of(
        sa.and_(request.c.asked_by == MembershipSide.ORGANIZATION, speaks_for_person(kind, request)),
        sa.and_(request.c.asked_by == MembershipSide.PERSON, manages(kind, request.c.organization_id)),
    )
    return sa.and_(answers, any_of(_is_person(kind, request), _has_not_asked(request)))


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
    """The person (without an account, coordinators of the home, but not who proposed it), and managers of the other organization."""
    return any_of(agrees_to_transfer(kind, transfer), manages(kind, transfer.c.organization_id))


def sees_transfer(kind: Kind, row: Row) -> Condition:
    """The person, both organizations, and the coordinators of the homes of the person and of the other organization."""
    if kind.nation:
        return sa.true()
    return any_of(speaks_for_person(kind, row), enrols_in(kind, row), proposes_transfer(kind, row))
