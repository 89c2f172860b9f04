"""Who an account is, and as what."""

import uuid

import sqlalchemy as sa

from api.access import PUBLIC, Actor
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import Account, Role

ROLES = compile_statement(
    sa.select(Account.c.volunteer_id, Role)
    .outerjoin(Role, Role.c.account_id == Account.c.id)
    .where(Account.c.id == sa.bindparam("account", type_=sa.Uuid()), Account.c.active)
)


async def actor(session: Transaction, account_id: uuid.UUID) -> Actor:
    """The actor behind an account as its roles stand now; the public, where there is no such active account."""
    rows = await session.rows(ROLES, {"account": account_id})
    if not rows:
        return PUBLIC
    coordinator = [row for row in rows if row.kind == "COORDINATOR"]
    return Actor(
        account_id=account_id,
        volunteer_id=rows[0].volunteer_id,
        nation=any(row.province_code is None and row.kabupaten_code is None for row in coordinator),
        province_codes=tuple(sorted(row.province_code for row in coordinator if row.province_code)),
        kabupaten_codes=tuple(sorted(row.kabupaten_code for row in coordinator if row.kabupaten_code)),
        organization_ids=tuple(sorted(row.organization_id for row in rows if row.organization_id)),
    )


async def id_of(session: Transaction, login: str) -> uuid.UUID | None:
    found = await session.value(sa.select(Account.c.id).where(Account.c.login == login, Account.c.active))
    return found if isinstance(found, uuid.UUID) else None
