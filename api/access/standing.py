"""Whether an organization stands: on that rests what its managers may do, and what it may issue, promise and send."""

import sqlalchemy as sa

from api.access.actor import NOW, Condition, Kind, Row, Sql
from api.access.condition import manages
from api.models import Licence, Organization
from api.models.day import days_between, local_day
from api.models.organization import LicenceKind, LicenceStatus, Verification


def is_standing(organization: Row, days: Sql) -> Condition:
    """Verified, and with a registration that is in force on these days, or this day, if any of its registrations was revoked."""
    registration = sa.select(Licence.c.id).where(
        Licence.c.organization_id == organization.c.id, Licence.c.kind == LicenceKind.REGISTRATION
    )
    revoked = registration.where(Licence.c.status == LicenceStatus.REVOKED).correlate_except(Licence).exists()
    in_force = days_between(Licence.c.valid_from, Licence.c.valid_until).op("@>", is_comparison=True)(days)
    # `days` may be of a query several subqueries further out, so only Licence belongs to this subquery.
    valid = registration.where(Licence.c.status == LicenceStatus.CONFIRMED, in_force).correlate_except(Licence).exists()
    return sa.and_(organization.c.verification == Verification.VERIFIED, sa.or_(~revoked, valid))


def stands_today(organization_id: Sql) -> Condition:
    """Whether the organization with this id stands, on the day in its kabupaten."""
    organization = Organization.alias()
    return sa.exists().where(organization.c.id == organization_id, _stands(organization)).correlate_except(organization)


def manages_standing(kind: Kind, organization_id: Sql) -> Condition:
    """Whether the actor manages the organization, and it stands today."""
    return sa.and_(manages(kind, organization_id), stands_today(organization_id)) if kind.organizations else sa.false()


def manages_any_standing(kind: Kind) -> Condition:
    """Whether one of the organizations that the actor manages stands today."""
    organization = Organization.alias()
    managed = sa.exists().where(manages(kind, organization.c.id), _stands(organization))
    return managed.correlate_except(organization) if kind.organizations else sa.false()


def _stands(organization: Row) -> Condition:
    return is_standing(organization, local_day(organization.c.kabupaten_code, NOW))
