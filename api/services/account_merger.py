"""Two accounts of one person whose records are merged: the person is who signs in with the account of the record that stays.

The other account is no longer the person's, and its sessions end. Nobody's rights grow: it keeps what it was granted, and is
deactivated where that is nothing. Only the roles of the staff of a camp go over, as they are the person's at that camp.
"""

import uuid

import sqlalchemy as sa

from api import access
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import Account, CampStaffMember, Role
from api.models.account import RoleKind
from api.services import session as sessions
from api.services.feed import record
from api.services.request import Request


async def separate(
    session: Transaction, request: Request, *, old: uuid.UUID, new: uuid.UUID, reason: str | None
) -> None:
    """Nothing where only one of the two volunteers has an account. The accounts are locked."""
    accounts = {row.volunteer_id: row.id for row in await session.rows(ACCOUNTS, {"old": old, "new": new})}
    if len(accounts) < 2:
        return
    other, own = accounts[old], accounts[new]
    moved = await session.rows(MOVE_ROLES, {**request.parameters, "account": other, "own": own, "volunteer": old})
    for row in moved:
        change = {"account": str(own), "from": str(other)}
        await record(session, request, "role.moved", subject=("Role", row.id), change=change, reason=reason)
    is_active = await session.value(HAS_ROLES, {**request.parameters, "account": other}) is not None
    await session.update(Account, other, volunteer_id=None, active=is_active)
    left = {"volunteer": str(new), "active": is_active}
    await record(session, request, "account.separated", subject=("Account", other), change=left, reason=reason)
    await sessions.end_all(session, request, other, why="account.signed_out")


# The statements, compiled once.

_ACCOUNT, _OWN, _OLD = (sa.bindparam(name, type_=sa.Uuid()) for name in ("account", "own", "volunteer"))
# In force, or granted for later.
_HELD = sa.and_(
    Role.c.account_id == _ACCOUNT,
    Role.c.ended_at.is_(None),
    sa.or_(Role.c.until.is_(None), Role.c.until > access.NOW),
)
ACCOUNTS = compile_statement(
    sa.select(Account.c.id, Account.c.volunteer_id).where(
        Account.c.volunteer_id.in_([sa.bindparam(name, type_=sa.Uuid()) for name in ("old", "new")])
    )
)
HAS_ROLES = compile_statement(sa.select(Role.c.id).where(_HELD).limit(1))
MOVE_ROLES = compile_statement(
    sa.update(Role)
    .where(
        Role.c.account_id == _ACCOUNT,
        Role.c.kind == RoleKind.CAMP_STAFF,
        Role.c.ended_at.is_(None),
        Role.c.id.in_(sa.select(CampStaffMember.c.role_id).where(CampStaffMember.c.volunteer_id == _OLD)),
    )
    .values(account_id=_OWN, version=Role.c.version + 1, updated_at=access.NOW)
    .returning(Role.c.id)
)
