"""Whether an organization stands, and what it may issue."""

import sqlalchemy as sa

from api.models import CertificateIssuer, CertificateType, CertificateTypeIssuer, Licence
from api.models.day import days_between
from api.models.organization import LicenceStatus, Verification
from api.rules.rule import Condition, Sql


def is_standing(organization: sa.FromClause, days: Sql) -> Condition:
    """Verified, and with a registration that is in force on these days, or this day, if any of its registrations was revoked."""
    registration = sa.select(Licence.c.id).where(
        Licence.c.organization_id == organization.c.id, Licence.c.kind == "REGISTRATION"
    )
    revoked = registration.where(Licence.c.status == LicenceStatus.REVOKED).correlate_except(Licence).exists()
    in_force = days_between(Licence.c.valid_from, Licence.c.valid_until).op("@>", is_comparison=True)(days)
    # `days` may be of a query several subqueries further out, so only Licence belongs to this subquery.
    valid = registration.where(Licence.c.status == LicenceStatus.CONFIRMED, in_force).correlate_except(Licence).exists()
    return sa.and_(organization.c.verification == Verification.VERIFIED, sa.or_(~revoked, valid))


def issued_types(organization: sa.FromClause) -> sa.Select[str]:
    """The codes of the certificate types that an organization may issue: those of its kind, of its corps, and its own."""
    general, own = CertificateTypeIssuer.c, CertificateIssuer.c
    by_kind = sa.select(general.certificate_type_code).where(
        sa.or_(general.issuer == organization.c.kind, general.issuer == organization.c.corps)
    )
    by_itself = sa.select(own.certificate_type_code).where(own.organization_id == organization.c.id)
    # The organization is of the query around all three.
    codes = (each.correlate(organization) for each in (by_kind, by_itself))
    code = CertificateType.c.code
    return sa.select(code).where(sa.or_(*(code.in_(each) for each in codes))).correlate(organization)
