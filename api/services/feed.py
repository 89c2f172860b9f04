"""Writing the one feed of events: who did what to which thing, when and why."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from api.database.engine import Transaction
from api.models import Event
from api.models.event import ActorKind
from api.services.request import Request


async def record(
    session: Transaction,
    request: Request,
    kind: str,
    *,
    subject: tuple[str, uuid.UUID],
    change: Mapping[str, Any],
    reason: str | None = None,
    effective_at: datetime | None = None,
    by_clock: bool = False,
) -> None:
    """Writes an event in the transaction of the change; nothing private goes into `change`.

    `by_clock`: a deadline passed, at `effective_at`, and the request only records it.
    """
    subject_type, key = subject
    signed_in = ActorKind.ACCOUNT if request.actor.account_id else ActorKind.PUBLIC
    await session.insert(
        Event,
        # Read after the last lock, so that the events of a thing follow one another.
        at=request.now,
        effective_at=effective_at,
        actor_kind=ActorKind.CLOCK if by_clock else signed_in,
        account_id=None if by_clock else request.actor.account_id,
        kind=kind,
        subject_type=subject_type,
        subject_key=str(key),
        reason=reason,
        change=change,
    )
