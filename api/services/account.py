"""Who an account is, and as what."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import PUBLIC, Actor
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Account, Role
from api.models.account import RoleKind

ROLES = compile_statement(
    sa.select(Account.c.volunteer_id, Role)
    .outerjoin(Role, sa.and_(Role.c.account_id == Account.c.id, access.is_in_force(Role)))
    .where(Account.c.id == sa.bindparam("account", type_=sa.Uuid()), Account.c.active)
)


async def actor(session: Transaction, account_id: uuid.UUID, now: datetime) -> Actor:
    """The actor behind an account with the roles in force; the public, where there is no such active account."""
    rows = await session.rows(ROLES, {"account": account_id, "now": now})
    if not rows:
        return PUBLIC
    coordinator = [row for row in rows if row.kind == RoleKind.COORDINATOR]
    return Actor(
        account_id=account_id,
        volunteer_id=rows[0].volunteer_id,
        nation=any(row.province_code is None and row.kabupaten_code is None for row in coordinator),
        province_codes=_sorted(coordinator, "province_code"),
        kabupaten_codes=_sorted(coordinator, "kabupaten_code"),
        organization_ids=_sorted([row for row in rows if row.kind == RoleKind.MANAGER], "organization_id"),
        role_ids=_sorted(rows, "id"),
    )


def _sorted(rows: list[Row], column: str) -> tuple[Any, ...]:
    return tuple(sorted({row[column] for row in rows if row[column] is not None}))


async def id_of(session: Transaction, login: str) -> uuid.UUID | None:
    found = await session.value(sa.select(Account.c.id).where(Account.c.login == login, Account.c.active))
    return found if isinstance(found, uuid.UUID) else None
