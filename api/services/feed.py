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
    signed_in = ActorKind.ACCOUNT if request.actor.account_id else ActorKind.PUBLIC
    values = {
        # Read after the last lock, so that the events of a thing follow one another.
        "at": request.now,
        "effective_at": effective_at,
        "actor_kind": by or signed_in,
        "account_id": None if by else request.actor.account_id,
        "kind": kind,
        "subject_type": subject_type,
        "subject_key": str(key),
        "reason": reason,
        "change": change,
    }
    await session.rows(_insert(subject_type), {**values, "subject": key})


async def record_all(
    session: Transaction,
    request: Request,
    kind: str,
    subject_type: str,
    changes: Sequence[tuple[uuid.UUID, Mapping[str, Any]]],
    *,
    reason: str | None = None,
) -> None:
    """As `record`, for many things of one type, each with its change."""
    if not changes:
        return
    values = {
        "at": request.now,
        "actor_kind": ActorKind.ACCOUNT if request.actor.account_id else ActorKind.PUBLIC,
        "account_id": request.actor.account_id,
        "kind": kind,
        "subject_type": subject_type,
        "reason": reason,
        "subjects": [key for key, _ in changes],
        "changes": [orjson.dumps(change).decode() for _, change in changes],
    }
    await session.rows(_insert_all(subject_type), values)


@cache
def _insert_all(noun: str) -> CompiledStatement:
    arrays = sa.bindparam("subjects", type_=ARRAY(sa.Uuid())), sa.bindparam("changes", type_=ARRAY(sa.Text()))
    columns = sa.column("subject", sa.Uuid()), sa.column("change", sa.Text())
    listed = sa.func.unnest(*arrays).table_valued(*columns, name="listed").render_derived()
    same = ("at", "actor_kind", "account_id", "kind", "subject_type", "reason")
    values: dict[str, Any] = {name: sa.bindparam(name, type_=Event.c[name].type) for name in same}
    values["subject_key"] = sa.cast(listed.c.subject, sa.Text)
    values["change"] = sa.cast(listed.c.change, JSONB)
    values |= event_context(noun, listed.c.subject)
    rows = sa.select(*(value.label(name) for name, value in values.items())).select_from(listed)
    return compile_statement(sa.insert(Event).from_select([*values], rows))


@cache
def _insert(noun: str) -> CompiledStatement:
    values = {name: sa.bindparam(name, type_=Event.c[name].type) for name in VALUES}
    return compile_statement(sa.insert(Event).values({**values, **event_context(noun)}))
