"""What is asked for: people of a skill, at a place, for a period."""

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Labelled, Symbol, Versioned, one_of, symbol

PRIORITIES = ("LOW", "NORMAL", "HIGH", "URGENT")


class Cluster(Labelled, Base):
    """One of the eight national clusters of disaster response."""

    __tablename__ = "cluster"
    __table_args__ = (symbol("code"),)


class Need(Versioned, Base):
    """People wanted at a place from one instant up to, not including, another."""

    __tablename__ = "need"
    __table_args__ = (
        one_of("priority", *PRIORITIES),
        sa.CheckConstraint("people_wanted BETWEEN 1 AND 10000", name="people_wanted"),
        sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
        sa.Index(None, "incident_id", "starts_at", "id"),
        sa.Index(None, "starts_at", "id"),
        sa.Index(None, "kabupaten_code", "starts_at", "id"),
        sa.Index(None, "skill_code"),
    )

    incident_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("incident.id"))
    skill_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("skill.code"))
    minimum_rank_code: Mapped[str | None] = mapped_column(Symbol, sa.ForeignKey("rank.code"))
    cluster_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("cluster.code"))
    people_wanted: Mapped[int]
    priority: Mapped[str] = mapped_column(Symbol)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    kabupaten_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("kabupaten.code"))
    latitude: Mapped[float]
    longitude: Mapped[float]
    closed_at: Mapped[datetime | None]
