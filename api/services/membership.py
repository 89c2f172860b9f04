"""Memberships: their beginning."""

import uuid
from datetime import date

from api.database.engine import Transaction
from api.models import Membership
from api.models.base import new_id
from api.services.feed import record
from api.services.request import Request


async def begin(
    session: Transaction,
    request: Request,
    *,
    volunteer: uuid.UUID,
    organization: uuid.UUID,
    since: date,
    number: str | None,
    rank: str | None,
) -> uuid.UUID:
    """A membership on which both sides agree. The database refuses a second one on the same days, and a number twice."""
    key = new_id()
    await session.insert(
        Membership,
        id=key,
        volunteer_id=volunteer,
        organization_id=organization,
        since=since,
        number=number,
        rank_code=rank,
    )
    change = {"volunteer": str(volunteer), "organization": str(organization), "rank": rank}
    await record(session, request, "membership.begun", subject=("Membership", key), change=change)
    return key
