"""Who asks for, issues and revokes certificates."""

import sqlalchemy as sa

from api.access.actor import Condition, Kind, Row
from api.access.condition import any_of, leads_to, manages
from api.access.organization import coordinates_home_of
from api.access.person import answers_for, coordinates_home_of_volunteer, sees_record_of_volunteer
from api.access.standing import manages_standing
from api.models import Organization, Volunteer
from api.models.certificate_request import CertificateRequestStatus


def asks_for_certificate(kind: Kind, request: Row) -> Condition:
    """The person, and managers of the person's standing organizations: while it waits, the issuer's managers see the person."""
    return answers_for(kind, request.c.volunteer_id, of_standing=True)


def withdraws_certificate_request(kind: Kind, request: Row) -> Condition:
    """The person, and managers of the person's organizations, also of one that does not stand."""
    return answers_for(kind, request.c.volunteer_id)


def judges_certificate(kind: Kind, request: Row) -> Condition:
    """Managers of the issuer, and coordinators of the homes of both issuer and person."""
    return any_of(manages(kind, request.c.issuer_id), _coordinates_both_homes(kind, request))


def _coordinates_both_homes(kind: Kind, request: Row) -> Condition | None:
    if not kind.coordinator:
        return None
    return sa.and_(
        leads_to(kind, request.c.issuer_id, Organization, coordinates_home_of),
        leads_to(kind, request.c.volunteer_id, Volunteer, coordinates_home_of_volunteer),
    )


def sees_certificate_request(kind: Kind, row: Row) -> Condition:
    """Who may withdraw it, and the coordinators and managers who decide."""
    if kind.nation:
        return sa.true()
    return any_of(withdraws_certificate_request(kind, row), judges_certificate(kind, row))


def reads_evidence(kind: Kind, request: Row) -> Condition:
    """The person, managers of the person's standing organizations, coordinators of both homes.

    Managers of the issuer while it stands, as long as the request waits, and of what they have accepted.
    """
    if kind.nation:
        return sa.true()
    needed = request.c.status.in_((CertificateRequestStatus.PENDING, CertificateRequestStatus.ACCEPTED))
    return any_of(
        asks_for_certificate(kind, request),
        _coordinates_both_homes(kind, request),
        sa.and_(manages_standing(kind, request.c.issuer_id), needed) if kind.organizations else None,
    )


def revokes_certificate(kind: Kind, certificate: Row) -> Condition:
    """Managers of the issuer, and coordinators of its home."""
    home = leads_to(kind, certificate.c.issuer_id, Organization, coordinates_home_of)
    return any_of(manages(kind, certificate.c.issuer_id), home if kind.coordinator else None)


def sees_certificate(kind: Kind, row: Row) -> Condition:
    """Who sees the volunteer, and managers of the issuer."""
    return any_of(sees_record_of_volunteer(kind, row), manages(kind, row.c.issuer_id))


def sees_extension(_kind: Kind, _row: Row) -> Condition:
    """Public, as the decree is."""
    return sa.true()


def coordinates_nation(kind: Kind, _row: Row) -> Condition:
    """Coordinators of the nation."""
    return sa.literal(kind.nation)
