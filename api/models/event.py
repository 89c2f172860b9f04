"""The one feed, and what a repeated request is answered from."""

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Symbol


class Xid8(sa.types.UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction number, which never wraps."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


class Event(Base):
    """Who did what to which thing, when and why, written in the transaction that did it.

    `position` is given before the commit, so a reader may trust it only up to the oldest transaction still
    running: `transaction < pg_snapshot_xmin(pg_current_snapshot())`.
    """

    __tablename__ = "event"
    __table_args__ = (sa.Index(None, "subject_type", "subject_key", "position"),)

    position: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    transaction: Mapped[int] = mapped_column(Xid8, server_default=sa.text("pg_current_xact_id()"))
    at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
    account_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(Symbol)
    subject_type: Mapped[str] = mapped_column(Symbol)
    subject_key: Mapped[str] = mapped_column(Symbol)
    reason: Mapped[str | None]
    change: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Idempotency(Base):
    """The outcome of a mutation under the key its caller gave: the thing it made or changed, and its problems."""

    __tablename__ = "idempotency"

    account_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("account.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    mutation: Mapped[str] = mapped_column(Symbol)
    body_digest: Mapped[bytes]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())
