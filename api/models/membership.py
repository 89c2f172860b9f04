"""Who belongs to which organization, and when."""

import uuid
from datetime import date

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Symbol, Versioned


class Membership(Versioned, Base):
    """Whole days, both ends counted; several at once are allowed, two of one organization are not."""

    __tablename__ = "membership"
    __table_args__ = (
        sa.CheckConstraint("until >= since", name="ends_after_start"),
        sa.CheckConstraint("end_reason IS NULL OR until IS NOT NULL", name="reason_of_an_end"),
        ExcludeConstraint(
            (sa.column("volunteer_id"), "="),
            (sa.column("organization_id"), "="),
            (sa.text("daterange(since, until, '[]')"), "&&"),
            using="gist",
            name="ex_membership_once",
        ),
        sa.UniqueConstraint("organization_id", "number"),
        sa.Index(None, "volunteer_id", "since", "id"),
        sa.Index(None, "organization_id", "since", "id"),
    )

    volunteer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("volunteer.id"))
    organization_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("organization.id"))
    number: Mapped[str | None]
    rank_code: Mapped[str | None] = mapped_column(Symbol, sa.ForeignKey("rank.code"))
    since: Mapped[date]
    until: Mapped[date | None]
    end_reason: Mapped[str | None]
