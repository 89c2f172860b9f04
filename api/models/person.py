"""Volunteers: one person, once."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Symbol, Versioned, one_of

REACHES = ("KABUPATEN", "PROVINCE", "NATIONAL")

# Columns with this mark are never answered by their name alone: the compiler wants a guard for them.
PRIVATE = {"private": True}


class Volunteer(Versioned, Base):
    __tablename__ = "volunteer"
    __table_args__ = (
        one_of("reach", *REACHES),
        one_of("status", "ACTIVE", "INACTIVE"),
        sa.CheckConstraint("phone ~ '^\\+62[0-9]{7,13}$'", name="phone_e164"),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="position_whole"),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
        sa.CheckConstraint("(consent_given_at IS NULL) = (consent_purpose IS NULL)", name="consent_whole"),
        sa.CheckConstraint("(nik_cipher IS NULL) = (nik_index IS NULL)", name="nik_whole"),
        sa.Index(None, "kabupaten_code", "name", "id"),
        sa.Index(None, "province_code", "name", "id"),
        sa.Index(None, "name", "id"),
        sa.Index("ix_volunteer_name_trigram", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )

    name: Mapped[str]
    phone: Mapped[str | None] = mapped_column(info=PRIVATE)
    nik_cipher: Mapped[bytes | None] = mapped_column(info=PRIVATE)
    nik_index: Mapped[bytes | None] = mapped_column(unique=True, info=PRIVATE)
    nik_tail: Mapped[str | None] = mapped_column(info=PRIVATE)
    kabupaten_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("kabupaten.code"))
    province_code: Mapped[str] = mapped_column(
        Symbol, sa.ForeignKey("province.code"), sa.Computed("left(kabupaten_code, 2)", persisted=True)
    )
    latitude: Mapped[float | None] = mapped_column(info=PRIVATE)
    longitude: Mapped[float | None] = mapped_column(info=PRIVATE)
    reach: Mapped[str] = mapped_column(Symbol)
    status: Mapped[str] = mapped_column(Symbol, default="ACTIVE")
    consent_given_at: Mapped[datetime | None] = mapped_column(info=PRIVATE)
    consent_purpose: Mapped[str | None] = mapped_column(info=PRIVATE)
    consent_withdrawn_at: Mapped[datetime | None] = mapped_column(info=PRIVATE)
