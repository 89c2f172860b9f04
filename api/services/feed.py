"""Writing the one feed of events: who did what to which thing, when and why."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Event
from api.models.event import ActorKind
from api.services.event_context import event_context
from api.services.request import Request

# The columns that `record` fills with values.
VALUES = (
    *("at", "effective_at", "actor_kind", "account_id", "kind", "subject_type", "subject_key", "reason", "change"),
)


async def record(
    session: Transaction,
    request: Request,
    kind: str,
    *,
    subject: tuple[str, uuid.UUID],
    change: Mapping[str, Any],
    reason: str | None = None,
    effective_at: datetime | None = None,
    by: ActorKind | None = None,
) -> None:
    """Writes an event in the transaction of the change, after it; nothing private goes into `change`.

    The incident, kabupaten and organization are those of the subject. `by` is the actor's kind where it is not the
    request's: with `CLOCK` a deadline passed, at `effective_at`, and the request only records it.
    """
    subject_type, key = subject
    values = {**_frame(request, kind, subject_type, reason, by), "subject_key": str(key), "change": change}
    await session.rows(_insert(subject_type), {**values, "effective_at": effective_at, "subject": key})


async def record_all(
    session: Transaction,
    request: Request,
    kind: str,
    subject_type: str,
    changes: Sequence[tuple[uuid.UUID, Mapping[str, Any]]],
    *,
    reason: str | None = None,
    effective_at: Mapping[uuid.UUID, datetime] | None = None,
) -> None:
    """As `record`, for many things of one type, each with its change; `effective_at`: the clock made each change then."""
    if not changes:
        return
    by = ActorKind.CLOCK if effective_at is not None else None
    listed = {
        "keys": [key for key, _ in changes],
        "changes": [orjson.dumps(change).decode() for _, change in changes],
        "instants": [(effective_at or {}).get(key) for key, _ in changes],
    }
    await session.rows(_insert_all(subject_type), {**_frame(request, kind, subject_type, reason, by), **listed})


def _frame(
    request: Request, kind: str, subject_type: str, reason: str | None, by: ActorKind | None
) -> Mapping[str, Any]:
    """What the events of one change share."""
    signed_in = ActorKind.ACCOUNT if request.actor.account_id else ActorKind.PUBLIC
    return {
        # Read after the last lock, so that the events of a thing follow one another.
        "at": request.now,
        "actor_kind": by or signed_in,
        "account_id": None if by else request.actor.account_id,
        "kind": kind,
        "subject_type": subject_type,
        "reason": reason,
    }


@cache
def _insert(noun: str) -> CompiledStatement:
    values = {name: sa.bindparam(name, type_=Event.c[name].type) for name in VALUES}
    return compile_statement(sa.insert(Event).values({**values, **event_context(noun)}))


@cache
def _insert_all(noun: str) -> CompiledStatement:
    """An event for each of the keys, in their order, with its change and instant."""
    arrays = (("keys", sa.Uuid()), ("changes", sa.Text()), ("instants", Event.c.effective_at.type))
    listed = (
        sa.func.unnest(*(sa.bindparam(name, type_=ARRAY(type_)) for name, type_ in arrays))
        .table_valued(*(sa.column(name, type_) for name, type_ in arrays), with_ordinality="position", name="listed")
        .render_derived()
    )
    own = {
        "effective_at": listed.c.instants,
        "subject_key": sa.cast(listed.c["keys"], sa.Text),
        "change": sa.cast(listed.c.changes, JSONB),
    }
    shared = {name: sa.bindparam(name, type_=Event.c[name].type) for name in VALUES if name not in own}
    context = event_context(noun, listed.c["keys"])
    values = {**shared, **own, **context}
    rows = sa.select(*values.values()).select_from(listed).order_by(listed.c.position)
    return compile_statement(sa.insert(Event).from_select([*values], rows))
