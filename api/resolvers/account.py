"""The accounts that sign in, and their roles."""

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.source import Expression, FieldContext, Row, Sql, ToMany
from api.compiler.structure import filters, orders, table_source, to_one
from api.models import Account, Role
from api.resolvers.history import history


def end_of_role(row: Row, _context: FieldContext) -> Sql:
    """When the role was revoked, or its period was over, whether that was recorded or not."""
    over = sa.case((row.c.until <= NOW, row.c.until))
    return sa.func.coalesce(row.c.ended_at, over, type_=row.c.ended_at.type)


def current_roles(row: Row, context: FieldContext) -> sa.Select[tuple[object]]:
    return sa.select(Role.c.id).where(
        Role.c.account_id == row.c.id, access.is_in_force(Role), access.sees_role(context.viewer, Role)
    )


SOURCES = (
    table_source(
        Account,
        access.sees_account,
        fields={"roles": ToMany("Role", "CREATED_AT_ASC", through=current_roles)},
        orders=orders(Account, "login"),
    ),
    table_source(
        Role,
        access.sees_role,
        fields={
            "account": to_one(Role.c.account_id, visible_with_parent=True),
            "ended_at": Expression(end_of_role),
            "history": history("Role"),
        },
        orders=orders(Role, "created_at"),
        filters=filters(Role, "account_id", "kind", "province_code", "kabupaten_code", "organization_id"),
    ),
)
