"""Which duties and offers rest on one certificate, or on one organization: without it, a rule of sending would be broken."""

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.models import Certificate, CertificateTypeGrant, Membership, Need, Organization
from api.models.assignment_status import is_ahead
from api.models.day import days_between
from api.rules.rule import Condition, Sql, days_of, merged_days


def rests_on_certificate(certificate: sa.FromClause, assignment: sa.FromClause) -> Condition:
    """Whether the volunteer is not trained on all days of the duty without this certificate, which is valid on some."""
    other = Certificate.alias()
    valid = days_between(certificate.c.issued_on, certificate.c.expires_on)
    return _rests(certificate, assignment, valid, other, other.c.id != certificate.c.id)


def rested_on_certificate(certificate: sa.FromClause, assignment: sa.FromClause, days: Sql) -> Condition:
    """Whether the volunteer is not trained on all days of the duty since this certificate is not valid on those days."""
    return _rests(certificate, assignment, days, Certificate.alias())


def _rests(
    certificate: sa.FromClause, assignment: sa.FromClause, valid: Sql, other: sa.FromClause, *conditions: Condition
) -> Condition:
    """Whether the other certificates do not cover the duty, some of whose days are those days of the certificate."""
    need, grant, other_grant = Need.alias(), CertificateTypeGrant.alias(), CertificateTypeGrant.alias()
    days = days_of(need, assignment.c.starts_at, assignment.c.ends_at)
    others = (
        sa.select(merged_days(other.c.issued_on, other.c.expires_on))
        .join(other_grant, other_grant.c.certificate_type_code == other.c.certificate_type_code)
        .where(
            other.c.volunteer_id == certificate.c.volunteer_id,
            *conditions,
            other.c.revoked_on.is_(None),
            other_grant.c.skill_code == need.c.skill_code,
        )
        .correlate(certificate, need)
    )
    wanted = (
        sa.select(need.c.id)
        .join(grant, grant.c.skill_code == need.c.skill_code)
        .where(
            need.c.id == assignment.c.need_id,
            grant.c.certificate_type_code == certificate.c.certificate_type_code,
            valid.op("&&", is_comparison=True)(days),
            _lacks(others, days),
        )
    )
    return sa.and_(
        assignment.c.volunteer_id == certificate.c.volunteer_id,
        is_ahead(assignment, NOW),
        wanted.correlate(certificate, assignment).exists(),
    )


def rests_on_organization(organization: sa.FromClause, assignment: sa.FromClause) -> Condition:
    """Whether no other verified organization stands behind the volunteer on all days of the duty; a member on some."""
    need, membership = Need.alias(), Membership.alias()
    other, owner = Membership.alias(), Organization.alias()
    days = days_of(need, assignment.c.starts_at, assignment.c.ends_at)
    others = (
        sa.select(merged_days(other.c.since, other.c.until))
        .join(owner, owner.c.id == other.c.organization_id)
        .where(
            other.c.volunteer_id == assignment.c.volunteer_id,
            other.c.organization_id != organization.c.id,
            access.is_standing(owner, days),
        )
        .correlate(assignment, organization, need)
    )
    held = days_between(membership.c.since, membership.c.until)
    wanted = (
        sa.select(need.c.id)
        .select_from(need.join(membership, membership.c.volunteer_id == assignment.c.volunteer_id))
        .where(
            need.c.id == assignment.c.need_id,
            membership.c.organization_id == organization.c.id,
            held.op("&&", is_comparison=True)(days),
            _lacks(others, days),
        )
    )
    return sa.and_(is_ahead(assignment, NOW), wanted.correlate(organization, assignment).exists())


def _lacks(others: sa.Select[tuple[Sql]], days: Sql) -> Condition:
    """Whether the days that the statement returns are not all of these."""
    covered_days = others.scalar_subquery().op("@>", is_comparison=True)(days)
    return sa.not_(sa.func.coalesce(covered_days, sa.false(), type_=sa.Boolean()))
