"""Organizations, their licences, the ranks of the corps."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Many, One, Page, Source, equals
from api.models import Licence, Organization, Rank
from api.resolvers.common import contains, ordered, reference

SOURCES = (
    Source(
        "Organization",
        Organization,
        visible=access.sees_organization,
        fields={
            "kabupaten": One("Kabupaten", on=lambda row, other: other.c.code == row.c.kabupaten_code),
            "parent": One("Organization", on=lambda row, other: other.c.id == row.c.parent_id),
            "branches": Page("Organization", on=lambda row, other: other.c.parent_id == row.c.id),
            "licences": Many(
                "Licence", "VALID_FROM", on=lambda row, other: other.c.organization_id == row.c.id, covered=True
            ),
            "memberships": Page("Membership", on=lambda row, other: other.c.organization_id == row.c.id),
        },
        orders={"NAME": ordered("name"), "CREATED_AT": ordered("created_at", descending=True)},
        filters={
            "kind": lambda row, _ask, value: row.c.kind == str(value),
            "verification": lambda row, _ask, value: row.c.verification == str(value),
            "kabupaten": equals("kabupaten_code"),
            "province": lambda row, ask, value: sa.func.left(row.c.kabupaten_code, 2) == ask.bind(value),
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
