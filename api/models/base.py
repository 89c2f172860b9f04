"""What every table shares: names of constraints, keys, the version that an update must have read."""

import time
import uuid
from datetime import datetime
from secrets import token_bytes
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def new_id() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562): ordered by the millisecond of its making, otherwise random."""
    raw = bytearray(int(time.time() * 1000).to_bytes(6) + token_bytes(10))
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(raw))


class Symbol(sa.TypeDecorator[str]):
    """Text of letters, digits, dot, dash and underscore only (a check holds it), so JSON needs no escaping."""

    impl = sa.Text
    cache_ok = True
    json_safe = True  # Read by the compiler.


class Base(DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {str: sa.Text, datetime: sa.DateTime(timezone=True)}

    @classmethod
    def columns(cls) -> sa.Table:
        """The table itself, for statements written in Core."""
        assert isinstance(cls.__table__, sa.Table)
        return cls.__table__


class Labelled:
    """Reference data: a code that never changes, and what people read, in Indonesian and English."""

    code: Mapped[str] = mapped_column(Symbol, primary_key=True)
    label_id: Mapped[str]
    label_en: Mapped[str]


class Record:
    """A thing that is made, changed and found by a key that tells nothing."""

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())


class Versioned(Record):
    """A thing that several people change: an update names the version it read."""

    version: Mapped[int] = mapped_column(default=1, server_default="1")


def one_of(column: str, *values: str) -> sa.CheckConstraint:
    """Only these values; they are the state names that code branches on, not data that a decree may change."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def symbol(column: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} ~ '^[A-Za-z0-9._-]+$'", name=f"{column}_symbol")
