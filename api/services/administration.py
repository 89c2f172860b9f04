"""What the operator of an installation does with accounts and keys by hand."""

import uuid

import asyncpg
import sqlalchemy as sa

from api.database.engine import Transaction
from api.models import Account, ApiKey
from api.models.event import ActorKind
from api.services import account
from api.services.account import AccountError
from api.services.feed import record
from api.services.request import Request
from api.services.session import end_all
from api.services.sign_in import set_password


async def close(session: Transaction, request: Request, login: str) -> None:
    """Closes an account: it signs in no more, and its sessions, roles and keys do nothing. Raises `AccountError`."""
    key = await _find(session, login)
    await session.update(Account, key, active=False)
    try:
        await session.rows(sa.text("SET CONSTRAINTS last_national_coordinator IMMEDIATE"))
    except asyncpg.CheckViolationError:
        raise AccountError("The last national coordinator cannot be closed.") from None
    await end_all(session, request, key, why="account.closed", by=ActorKind.OPERATOR)


async def replace_password(session: Transaction, request: Request, login: str, password_hash: str) -> None:
    """Sets another password and ends all sessions. Raises `AccountError`."""
    key = await _find(session, login)
    await session.lock_all(Account, [key])
    await set_password(session, key, password_hash)
    await end_all(session, request, key, why="account.password_reset", by=ActorKind.OPERATOR)


async def revoke_key(session: Transaction, request: Request, key: uuid.UUID) -> None:
    """Raises `AccountError`."""
    revoked = sa.update(ApiKey).where(ApiKey.c.id == key, ApiKey.c.revoked_at.is_(None)).values(revoked_at=request.now)
    if await session.value(revoked.returning(ApiKey.c.id)) is None:
        raise AccountError(f"There is no API key {key} that is not revoked.")
    await record(session, request, "api_key.revoked", subject=("ApiKey", key), change={}, by=ActorKind.OPERATOR)


async def keys(session: Transaction) -> list[str]:
    """A line for each API key that is not revoked."""
    listed = (
        sa.select(ApiKey, Account.c.login)
        .join(Account, Account.c.id == ApiKey.c.account_id)
        .where(ApiKey.c.revoked_at.is_(None))
        .order_by(Account.c.login, ApiKey.c.created_at)
    )
    rows = await session.rows(listed)
    return [f"{row.id} {row.login} until {row.expires_at:%Y-%m-%d} {' '.join(row.verbs)}" for row in rows]


async def _find(session: Transaction, login: str) -> uuid.UUID:
    key = await account.id_of(session, login)
    if key is None:
        raise AccountError(f"There is no active account {login!r}.")
    return key
