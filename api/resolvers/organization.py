"""Organizations, their licences, the ranks of the corps."""

from api import access
from api.compiler.source import ToMany
from api.compiler.structure import connection, filters, orders, table_source, to_many, to_one
from api.models import Licence, Membership, Organization, Rank
from api.resolvers.common import reference
from api.resolvers.place import IN_PROVINCE
from api.rules.organization import issued_types

SOURCES = (
    table_source(
        Organization,
        access.sees_organization,
        fields={
            "branches": connection(Organization.c.parent_id),
            "licences": to_many(Licence.c.organization_id, "VALID_FROM_DESC", visible_with_parent=True),
            "memberships": connection(Membership.c.organization_id),
            "issues": ToMany("CertificateType", "CODE_ASC", through=lambda row, _context: issued_types(row)),
        },
        orders=orders(Organization, "name", "-created_at"),
        filters={
            **filters(Organization, "name", "kind", "corps", "verification", "kabupaten_code", "parent_id"),
            "province": IN_PROVINCE,
        },
    ),
    table_source(
        Licence,
        access.sees_licence,
        fields={"organization": to_one(Licence.c.organization_id, visible_with_parent=True)},
        orders=orders(Licence, "-valid_from", "valid_until"),
        filters=filters(Licence, "organization_id", "kind", "valid_from", "valid_until", "revoked_on"),
    ),
    reference(Rank, "corps", "level"),
)
