"""Whom an organization stands behind, and what it may issue."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api import access
from api.models import CertificateIssuer, CertificateType, CertificateTypeIssuer, Membership, Organization
from api.rules.code import ProblemCode
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, covers_all_days, first_value, merged_days


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


def memberships(case: Case, *columns: Any) -> sa.Select[Any]:
    return sa.select(*columns).select_from(Membership).where(Membership.c.volunteer_id == case.person.c.id)


def has_verified_organization(case: Case) -> Condition:
    days = memberships(case, merged_days(Membership.c.since, Membership.c.until)).join(
        Organization, Organization.c.id == Membership.c.organization_id
    )
    return covers_all_days(days.where(access.is_standing(Organization, case.days)), case)


def latest_organization(case: Case) -> Mapping[str, Sql]:
    latest = memberships(case, Membership.c.organization_id).order_by(Membership.c.since.desc(), Membership.c.id)
    return {"organization_id": first_value(latest, case)}


ORGANIZATION_VERIFIED = Rule(
    holds=has_verified_organization,
    refusals=(Refusal(ProblemCode.ORGANIZATION_NOT_VERIFIED, latest_organization),),
    counts="Every local day of the duty, in the zone of the need's kabupaten; an organization with a revoked registration does not count, unless another one is valid on all the days.",
)
