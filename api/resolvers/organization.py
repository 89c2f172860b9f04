"""Organizations, their licences, the ranks of the corps."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Source, ToConnection, ToMany, ToOne, equals
from api.models import Licence, Organization, Rank
from api.resolvers.common import contains, ordered, reference

SOURCES = (
    Source(
        "Organization",
        Organization,
        visible=access.sees_organization,
        fields={
            "kabupaten": ToOne("Kabupaten", on=lambda row, other: other.c.code == row.c.kabupaten_code),
            "parent": ToOne("Organization", on=lambda row, other: other.c.id == row.c.parent_id),
            "branches": ToConnection("Organization", on=lambda row, other: other.c.parent_id == row.c.id),
            "licences": ToMany(
                "Licence",
                "VALID_FROM",
                on=lambda row, other: other.c.organization_id == row.c.id,
                visible_with_parent=True,
            ),
            "memberships": ToConnection("Membership", on=lambda row, other: other.c.organization_id == row.c.id),
        },
        orders={"NAME": ordered("name"), "CREATED_AT": ordered("created_at", descending=True)},
        filters={
            "kind": lambda row, _context, value: row.c.kind == str(value),
            "verification": lambda row, _context, value: row.c.verification == str(value),
            "kabupaten": equals("kabupaten_code"),
            "province": lambda row, context, value: sa.func.left(row.c.kabupaten_code, 2) == context.bind(value),
            "name": contains("name"),
        },
    ),
    Source(
        "Licence",
        Licence,
        visible=access.sees_licence,
        orders={"VALID_FROM": ordered("valid_from", descending=True)},
    ),
    reference("Rank", Rank),
)
