"""Who an account is, and as what."""

import uuid

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from api.access import PUBLIC, Actor
from api.models import Account, Role


async def actor(session: AsyncSession, account_id: uuid.UUID) -> Actor:
    """The actor behind an account as its roles stand now; the public, where there is no such active account."""
    account = await session.get(Account, account_id)
    if account is None or not account.active:
        return PUBLIC
    roles = (await session.scalars(sa.select(Role).where(Role.account_id == account_id))).all()
    coordinator = [role for role in roles if role.kind == "COORDINATOR"]
    return Actor(
        account_id=account.id,
        volunteer_id=account.volunteer_id,
        nation=any(role.province_code is None and role.kabupaten_code is None for role in coordinator),
        province_codes=tuple(sorted(role.province_code for role in coordinator if role.province_code)),
        kabupaten_codes=tuple(sorted(role.kabupaten_code for role in coordinator if role.kabupaten_code)),
        organization_ids=tuple(sorted(role.organization_id for role in roles if role.organization_id)),
    )


async def id_of(session: AsyncSession, login: str) -> uuid.UUID | None:
    found = await session.scalar(sa.select(Account.id).where(Account.login == login, Account.active))
    return found if isinstance(found, uuid.UUID) else None
