"""What has happened: hazards, incidents, and the kabupaten they touch."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Labelled, Symbol, Versioned, one_of, symbol

STATUSES = ("REPORTED", "VERIFIED", "ACTIVE", "CLOSED")


class Hazard(Labelled, Base):
    __tablename__ = "hazard"
    __table_args__ = (symbol("code"), sa.Index(None, "parent_code"))

    parent_code: Mapped[str | None] = mapped_column(Symbol, sa.ForeignKey("hazard.code"))


class Incident(Versioned, Base):
    __tablename__ = "incident"
    __table_args__ = (
        one_of("status", *STATUSES),
        sa.CheckConstraint("ended_at > started_at", name="ends_after_start"),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
        sa.Index(None, "started_at", "id"),
        sa.Index(None, "status", "started_at", "id"),
        sa.Index(None, "hazard_code"),
    )

    hazard_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("hazard.code"))
    title: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]
    status: Mapped[str] = mapped_column(Symbol)
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class IncidentKabupaten(Base):
    __tablename__ = "incident_kabupaten"
    __table_args__ = (sa.Index(None, "kabupaten_code"),)

    incident_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("incident.id"), primary_key=True)
    kabupaten_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("kabupaten.code"), primary_key=True)
