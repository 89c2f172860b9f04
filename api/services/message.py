"""Messages to people: written in the transaction that has something to tell, delivered by the worker.

A message may be delivered twice, if the program is killed after the delivery and before it is recorded; its id, which
goes with it, tells.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from api.access import NOW
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Message
from api.models.base import new_id
from api.models.message import Channel
from api.services.template import TEMPLATES, Text
from api.services.vault import Vault

LEASE = timedelta(seconds=120)
BATCH = 10
MOST_ATTEMPTS = 8
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=5), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it is delivered. `recipient` None: it is for nobody, and only takes the time of one that is."""

    id: uuid.UUID
    channel: Channel
    recipient: str | None
    text: Text


async def write(
    session: Transaction,
    vault: Vault,
    template: str,
    *,
    recipient: str | None,
    language: str,
    values: Mapping[str, str],
    now: datetime,
) -> None:
    """Writes a message, which is delivered once the transaction is committed."""
    channel = Channel.SMS if (recipient or "").startswith("+") else Channel.EMAIL
    cipher = vault.encrypt_json({"recipient": recipient, "values": dict(values)})
    message = {"channel": channel, "template": template, "language": language, "cipher": cipher}
    await session.insert(Message, id=new_id(), created_at=now, due_at=now, **message)


def read(vault: Vault, row: Row) -> Letter:
    content = vault.decrypt_json(row.cipher)
    text = TEMPLATES[row.template][row.language].filled(content["values"])
    return Letter(row.id, Channel[row.channel], content["recipient"], text)


async def claim(session: Transaction, now: datetime) -> Sequence[Row]:
    """Some messages that are due; for the time of the lease no other worker takes them."""
    return await session.rows(CLAIM, {"now": now, "lease": now + LEASE})


async def finish(session: Transaction, key: uuid.UUID, now: datetime) -> None:
    """It was delivered: what it said is forgotten."""
    await session.update(Message, key, delivered_at=now, leased_until=None, cipher=None, error=None)


async def fail(session: Transaction, key: uuid.UUID, now: datetime, *, attempts: int, error: str) -> None:
    """It could not be delivered: again later, or, after the last attempt, when somebody asks for it."""
    if attempts >= MOST_ATTEMPTS:
        await session.update(Message, key, failed_at=now, leased_until=None, error=error)
        return
    delay = min(LONGEST_DELAY, FIRST_DELAY * 4 ** (attempts - 1))
    await session.update(Message, key, due_at=now + delay, leased_until=None, error=error)


async def failed(session: Transaction) -> Sequence[Row]:
    """The messages that were given up, the oldest first."""
    return await session.rows(FAILED)


async def resend(session: Transaction, key: uuid.UUID, now: datetime) -> bool:
    """Tries a message that was given up again; whether there is one."""
    return await session.value(RESEND, {"key": key, "now": now}) is not None


_OPEN = sa.and_(Message.c.delivered_at.is_(None), Message.c.failed_at.is_(None))
_DUE = (
    sa.select(Message.c.id)
    .where(_OPEN, Message.c.due_at <= NOW, sa.or_(Message.c.leased_until.is_(None), Message.c.leased_until <= NOW))
    .order_by(Message.c.due_at)
    .limit(sa.literal_column(str(BATCH)))
    .with_for_update(key_share=True, skip_locked=True)
)
CLAIM = compile_statement(
    sa.update(Message)
    .where(Message.c.id.in_(_DUE))
    .values(leased_until=sa.bindparam("lease", type_=Message.c.leased_until.type), attempts=Message.c.attempts + 1)
    .returning(Message)
)
FAILED = compile_statement(sa.select(Message).where(Message.c.failed_at.is_not(None)).order_by(Message.c.created_at))
RESEND = compile_statement(
    sa.update(Message)
    .where(Message.c.id == sa.bindparam("key", type_=sa.Uuid()), Message.c.failed_at.is_not(None))
    .values(failed_at=None, attempts=0, due_at=NOW)
    .returning(Message.c.id)
)
