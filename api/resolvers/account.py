"""The accounts that sign in, and their roles."""

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.source import Expression, FieldContext, Row, Source, Sql, ToMany, column, everybody
from api.compiler.structure import filters, orders, table_source, to_many, to_one
from api.models import Account, ApiKey, ProviderIdentity, Role, Session
from api.resolvers.history import history
from api.services.api_key import create
from api.services.invitation import invite
from api.services.second_factor import set_up
from api.services.sign_in import request_reset, sign_in
from api.services.verb import ComputedReport


def end_of_role(row: Row, _context: FieldContext) -> Sql:
    """When the role was revoked, or its period was over, whether that was recorded or not."""
    over = sa.case((row.c.until <= NOW, row.c.until))
    return sa.func.coalesce(row.c.ended_at, over, type_=row.c.ended_at.type)


def current_roles(row: Row, context: FieldContext) -> sa.Select[tuple[object]]:
    return sa.select(Role.c.id).where(
        Role.c.account_id == row.c.id, access.is_in_force(Role), access.sees_role(context.viewer, Role)
    )


def own(name: str) -> Expression:
    return Expression(lambda row, _context: row.c[name], guard=access.keeps_account)


def open_sessions(row: Row, context: FieldContext) -> sa.Select[tuple[object]]:
    return sa.select(Session.c.id).where(
        Session.c.account_id == row.c.id, access.is_open(Session), access.sees_session(context.viewer, Session)
    )


def is_current(row: Row, _context: FieldContext) -> Sql:
    return sa.func.coalesce(row.c.id == access.SESSION, False, type_=sa.Boolean())


def report(declared: ComputedReport) -> Source:
    return Source(
        declared.type, None, visible=everybody, fields={name: column(name) for name in declared.columns}, node=False
    )


def roles_of_key(row: Row, _context: FieldContext) -> sa.Select[tuple[object]]:
    return sa.select(Role.c.id).where(Role.c.id == sa.any_(row.c.role_ids))


def mutation_names(row: Row, _context: FieldContext) -> Sql:
    return row.c.verbs


SOURCES = (
    table_source(
        Account,
        access.sees_account,
        fields={
            "email": own("email"),
            "phone": own("phone"),
            "roles": ToMany("Role", "CREATED_AT_ASC", through=current_roles),
            "api_keys": to_many(ApiKey.c.account_id, "CREATED_AT_DESC"),
            "identities": to_many(ProviderIdentity.c.account_id, "CREATED_AT_DESC"),
            "sessions": ToMany("Session", "CREATED_AT_ASC", through=open_sessions),
        },
        orders=orders(Account, "login"),
    ),
    table_source(
        ProviderIdentity,
        access.sees_provider_identity,
        fields={"account": to_one(ProviderIdentity.c.account_id, visible_with_parent=True)},
        orders=orders(ProviderIdentity, "-created_at"),
    ),
    table_source(
        Session,
        access.sees_session,
        fields={
            "is_current": Expression(is_current),
            "account": to_one(Session.c.account_id, visible_with_parent=True),
        },
        orders=orders(Session, "-created_at"),
    ),
    table_source(
        ApiKey,
        access.sees_api_key,
        fields={
            "account": to_one(ApiKey.c.account_id, visible_with_parent=True),
            "roles": ToMany("Role", "CREATED_AT_ASC", through=roles_of_key),
            "mutations": Expression(mutation_names),
        },
        orders=orders(ApiKey, "-created_at"),
    ),
    *(
        report(each.answers)
        for each in (sign_in, request_reset, set_up, create, invite)
        if isinstance(each.answers, ComputedReport)
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
        filters=filters(Role, "account_id", "kind", "province_code", "kabupaten_code", "organization_id", "camp_id"),
    ),
)
