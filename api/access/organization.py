"""Who sees, keeps and judges organizations, their licences and contacts."""

import sqlalchemy as sa

from api.access.account import grants_manager
from api.access.actor import ACCOUNT, VOLUNTEER, Condition, Kind, Row
from api.access.condition import any_of, coordinates, leads_to, manages, works_beyond_its_province
from api.access.person import members_today
from api.models import Membership, Organization
from api.models.organization import LICENCE, LicenceKind, Verification


def sees_organization(kind: Kind, row: Row) -> Condition:
    """Verified ones are public; the others are seen by their coordinators, managers, members of today and who asked for them."""
    member = None
    if kind.volunteer:
        own = members_today(Membership.c.volunteer_id == VOLUNTEER)
        member = row.c.id.in_(own.with_only_columns(Membership.c.organization_id))
    return any_of(
        row.c.verification == Verification.VERIFIED,
        coordinates(kind, row.c.kabupaten_code),
        manages(kind, row.c.id),
        member,
        row.c.requester_id == ACCOUNT if kind.own else None,
    )


def keeps_organization(kind: Kind, organization: Row) -> Condition:
    """Its managers, and the coordinators of its home."""
    return any_of(manages(kind, organization.c.id), coordinates(kind, organization.c.kabupaten_code))


def coordinates_home_of(kind: Kind, organization: Row) -> Condition:
    """The coordinators of the organization's home."""
    return coordinates(kind, organization.c.kabupaten_code)


def supervises_organization(kind: Kind, organization: Row) -> Condition:
    """The coordinators of the organization's home; of the nation where it works in several provinces."""
    if kind.nation or not kind.places:
        return sa.literal(kind.nation)
    return sa.and_(coordinates(kind, organization.c.kabupaten_code), sa.not_(works_beyond_its_province(organization)))


def leaves_to_home(kind: Kind, organization: Row) -> Condition:
    """Who may leave the organization to its home alone: where it works in several provinces, whoever supervises it."""
    return any_of(supervises_organization(kind, organization), sa.not_(works_beyond_its_province(organization)))


def verifies_organization(kind: Kind, organization: Row) -> Condition:
    """Who supervises the organization, may make who has asked for it its manager without end, and is not that account."""
    if not kind.coordinator:
        return sa.false()
    asker = organization.c.requester_id
    return sa.and_(
        supervises_organization(kind, organization),
        asker.is_distinct_from(ACCOUNT),
        sa.or_(asker.is_(None), grants_manager(organization)),
    )


def sees_contact(kind: Kind, row: Row) -> Condition:
    """All coordinators, and the managers of the organization."""
    return any_of(sa.literal(kind.coordinator), manages(kind, row.c.organization_id))


def sees_licence(kind: Kind, row: Row) -> Condition:
    """Who sees the organization sees the licences that were confirmed; its managers and coordinators, the others too."""
    is_counted = row.c.status.in_(LICENCE.group("COUNTED"))

    def seen(kind: Kind, owner: Row) -> Condition:
        return any_of(keeps_organization(kind, owner), sa.and_(is_counted, sees_organization(kind, owner)))

    return leads_to(kind, row.c.organization_id, Organization, seen)


def keeps_licence(kind: Kind, licence: Row) -> Condition:
    """Managers of the organization, and coordinators of its home."""
    return leads_to(kind, licence.c.organization_id, Organization, keeps_organization)


def judges_licence(kind: Kind, licence: Row) -> Condition:
    """The coordinators of the organization's home; of a registration, by which it stands, who supervises the organization."""

    def judges(kind: Kind, owner: Row) -> Condition:
        is_other = licence.c.kind != LicenceKind.REGISTRATION
        return any_of(supervises_organization(kind, owner), sa.and_(is_other, coordinates_home_of(kind, owner)))

    return leads_to(kind, licence.c.organization_id, Organization, judges)
