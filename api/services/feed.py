"""Writing the one feed: who did what to which thing, when and why."""

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api.access import Actor
from api.database.engine import Transaction
from api.models import Event


async def record(
    session: Transaction,
    actor: Actor,
    kind: str,
    *,
    subject: tuple[str, uuid.UUID],
    change: Mapping[str, Any],
    reason: str | None = None,
) -> None:
    """An event row, in the transaction of the change it tells of. Nothing private goes into `change`."""
    subject_type, key = subject
    await session.rows(
        sa.insert(Event).values(
            account_id=actor.account_id,
            kind=kind,
            subject_type=subject_type,
            subject_key=str(key),
            reason=reason,
            change=change,
        )
    )
