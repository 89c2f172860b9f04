"""Who is sent where: assignments, what was overridden for them, and the one table of promised time."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Record, Symbol, Versioned, one_of

STATUSES = (
    *("OFFERED", "ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED"),
    *("DECLINED", "EXPIRED", "CANCELLED", "RELEASED", "NO_SHOW"),
)

# An offer that waits for its answer, or a duty that is promised or running.
LIVE = ("OFFERED", "ACCEPTED", "MOBILIZED", "ON_DUTY")

# What fills a place of a need: a duty done still filled it.
FILLING = ("ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED")


class Assignment(Versioned, Base):
    __tablename__ = "assignment"
    __table_args__ = (
        one_of("status", *STATUSES),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.Index(
            "uq_assignment_live",
            "need_id",
            "volunteer_id",
            unique=True,
            postgresql_where=sa.text("status IN ('OFFERED', 'ACCEPTED', 'MOBILIZED', 'ON_DUTY')"),
        ),
        sa.Index(None, "need_id", "starts_at", "id"),
        sa.Index(None, "volunteer_id", "starts_at", "id"),
        sa.Index(None, "starts_at", "id"),
    )

    need_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("need.id"))
    volunteer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("volunteer.id"))
    status: Mapped[str] = mapped_column(Symbol)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class Override(Record, Base):
    """A recorded, reasoned, attributed exception to one rule for one assignment."""

    __tablename__ = "override"
    __table_args__ = (sa.UniqueConstraint("assignment_id", "rule_code"),)

    assignment_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("assignment.id"))
    rule_code: Mapped[str] = mapped_column(Symbol)
    fact: Mapped[dict[str, object]] = mapped_column(JSONB)
    reason: Mapped[str]
    account_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("account.id"))


class Commitment(Record, Base):
    """Time a person has promised away, from one instant up to another; the database lets no two overlap."""

    __tablename__ = "commitment"
    __table_args__ = (
        sa.CheckConstraint("NOT isempty(period) AND NOT lower_inf(period) AND NOT upper_inf(period)", name="bounded"),
        ExcludeConstraint(
            (sa.column("volunteer_id"), "="),
            (sa.column("period"), "&&"),
            using="gist",
            name="ex_commitment_one_place_at_a_time",
        ),
    )

    volunteer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("volunteer.id"))
    assignment_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("assignment.id"), unique=True)
    period: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
