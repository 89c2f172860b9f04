"""Organizations, their licences, the ranks of the corps."""

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.source import Condition, FieldContext, Row, ToConnection, ToMany
from api.compiler.structure import (
    connection,
    filters,
    orders,
    related,
    table_source,
    to_many,
    to_many_through,
    to_one,
)
from api.models import (
    Licence,
    Membership,
    Organization,
    OrganizationContact,
    OrganizationCoverage,
    OrganizationFocus,
    Rank,
)
from api.models.day import local_day
from api.models.organization import LICENCE, ORGANIZATION, LicenceStatus
from api.resolvers.activity import activity
from api.resolvers.common import allowed_actions, reference
from api.resolvers.history import history
from api.resolvers.place import IN_PROVINCE
from api.rules.organization import issued_types
from api.rules.resting import rests_on_organization

# A hundred years, so that every number of days leads to a day.
MOST_DAYS = 36_500


def ends_within(row: Row, context: FieldContext, value: object) -> Condition:
    """Confirmed, with its last day from today on, and not more than so many days away."""
    home = sa.select(Organization.c.kabupaten_code).where(Organization.c.id == row.c.organization_id)
    today = local_day(home.correlate(row).scalar_subquery(), NOW)
    days = sa.func.least(context.bind(value, type_=sa.Integer()), MOST_DAYS, type_=sa.Integer())
    return sa.and_(row.c.status == LicenceStatus.CONFIRMED, row.c.valid_until.between(today, today + days))


SOURCES = (
    table_source(
        Organization,
        access.sees_organization,
        fields={
            "branches": connection(Organization.c.parent_id),
            "licences": to_many(Licence.c.organization_id, "VALID_FROM_DESC"),
            "memberships": connection(Membership.c.organization_id),
            "issues": ToMany("CertificateType", "CODE_ASC", through=lambda row, _context: issued_types(row)),
            "coverage": to_many_through(
                OrganizationCoverage.c.organization_id, OrganizationCoverage.c.kabupaten_code, "CODE_ASC"
            ),
            "focus": to_many_through(OrganizationFocus.c.organization_id, OrganizationFocus.c.cluster_code, "CODE_ASC"),
            "contacts": to_many(OrganizationContact.c.organization_id, "CREATED_AT_ASC"),
            "affected_duties": ToConnection("Assignment", on=rests_on_organization),
            "history": history("Organization"),
            "activity": activity("organization_id"),
            "allowed_actions": allowed_actions(ORGANIZATION),
        },
        orders=orders(Organization, "name", "-created_at"),
        filters={
            **filters(Organization, "name", "kind", "corps", "verification", "kabupaten_code", "parent_id"),
            "province": IN_PROVINCE,
            "covers": related(OrganizationCoverage.c.organization_id, OrganizationCoverage.c.kabupaten_code),
            "focus": related(OrganizationFocus.c.organization_id, OrganizationFocus.c.cluster_code),
        },
    ),
    table_source(
        OrganizationContact, access.sees_contact, orders=orders(OrganizationContact, "created_at"), node=False
    ),
    table_source(
        Licence,
        access.sees_licence,
        fields={
            "organization": to_one(Licence.c.organization_id, visible_with_parent=True),
            "history": history("Licence"),
            "allowed_actions": allowed_actions(LICENCE),
        },
        orders=orders(Licence, "-valid_from", "valid_until"),
        filters={
            **filters(Licence, "organization_id", "kind", "status", "valid_from", "valid_until", "revoked_on"),
            "ends_within": ends_within,
        },
    ),
    reference(Rank, "corps", "level"),
)
