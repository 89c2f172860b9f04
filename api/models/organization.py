"""Who answers for volunteers: organizations, their licences, the ranks of the corps."""

import uuid
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Labelled, Record, Symbol, Versioned, one_of, symbol

KINDS = ("GOVERNMENT", "CORPS", "NGO", "ZAKAT", "WELFARE_INSTITUTION", "FORUM")
VERIFICATIONS = ("PENDING", "VERIFIED", "SUSPENDED")


class Organization(Versioned, Base):
    __tablename__ = "organization"
    __table_args__ = (
        one_of("kind", *KINDS),
        one_of("verification", *VERIFICATIONS),
        sa.CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        sa.UniqueConstraint("name", "kabupaten_code"),
        sa.Index(None, "name", "id"),
        sa.Index(None, "kabupaten_code", "name", "id"),
        sa.Index(None, "parent_id"),
    )

    name: Mapped[str]
    kind: Mapped[str] = mapped_column(Symbol)
    parent_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("organization.id"))
    kabupaten_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("kabupaten.code"))
    verification: Mapped[str] = mapped_column(Symbol, default="PENDING")


class Licence(Record, Base):
    """A permission to work; an organization whose REGISTRATION is revoked takes no new duty."""

    __tablename__ = "licence"
    __table_args__ = (
        one_of("kind", "REGISTRATION", "FUNDRAISING", "ACCREDITATION"),
        sa.CheckConstraint("valid_until >= valid_from", name="ends_after_start"),
        sa.UniqueConstraint("issuer", "number"),
        sa.Index(None, "organization_id"),
    )

    organization_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("organization.id"))
    kind: Mapped[str] = mapped_column(Symbol)
    number: Mapped[str]
    issuer: Mapped[str]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    revoked_on: Mapped[date | None]


class Rank(Labelled, Base):
    """A step in a corps: of two ranks of one corps, the higher level commands."""

    __tablename__ = "rank"
    __table_args__ = (symbol("code"), symbol("corps"), sa.UniqueConstraint("corps", "level"))

    corps: Mapped[str] = mapped_column(Symbol)
    level: Mapped[int]
