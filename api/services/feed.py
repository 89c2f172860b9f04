"""Writing the one feed: who did what to which thing, when and why."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from api.access import Actor
from api.models import Event


def record(
    session: AsyncSession,
    actor: Actor,
    kind: str,
    *,
    subject: tuple[str, uuid.UUID],
    change: Mapping[str, Any],
    reason: str | None = None,
) -> None:
    """An event row, in the transaction of the change it tells of. Nothing private goes into `change`."""
    assert actor.account_id is not None
    session.add(
        Event(
            account_id=actor.account_id,
            kind=kind,
            subject_type=subject[0],
            subject_key=str(subject[1]),
            reason=reason,
            change=dict(change),
        )
    )
