"""Groups of camps."""

import sqlalchemy as sa

from api import access
from api.compiler.source import FieldContext, Row, ToMany
from api.compiler.structure import filters, orders, table_source, to_many_through
from api.models import CampGroup, CampGroupMember


def groups_of(registration: Row, _context: FieldContext) -> sa.Select[tuple[object]]:
    return sa.select(CampGroupMember.c.group_id).where(CampGroupMember.c.registration_id == registration.c.id)


GROUPS_OF_REGISTRATION = ToMany("CampGroup", "NAME_ASC", through=groups_of)

SOURCES = (
    table_source(
        CampGroup,
        access.sees_camp_group,
        fields={
            "members": to_many_through(CampGroupMember.c.group_id, CampGroupMember.c.registration_id, "NUMBER_ASC")
        },
        orders=orders(CampGroup, "name", "-created_at"),
        filters=filters(CampGroup, "camp_id", "kind", "sex", "leader_id"),
    ),
)
