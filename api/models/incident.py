"""What has happened: hazards, incidents, and the kabupaten they touch."""

import sqlalchemy as sa

from api.models.base import INSTANT, Symbol, labelled, may, must, one_of, table, to, versioned

STATUSES = ("REPORTED", "VERIFIED", "ACTIVE", "CLOSED")


Hazard = table(
    "hazard",
    *labelled(),
    may("parent_code", Symbol, to("hazard.code")),
    sa.Index(None, "parent_code"),
)


Incident = table(
    "incident",
    *versioned(),
    must("hazard_code", Symbol, to("hazard.code")),
    must("title"),
    must("latitude", sa.Float),
    must("longitude", sa.Float),
    must("status", Symbol),
    must("started_at", INSTANT),
    may("ended_at", INSTANT),
    one_of("status", *STATUSES),
    sa.CheckConstraint("ended_at > started_at", name="ends_after_start"),
    sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
    sa.Index(None, "started_at", "id"),
    sa.Index(None, "status", "started_at", "id"),
    sa.Index(None, "hazard_code"),
)


IncidentKabupaten = table(
    "incident_kabupaten",
    sa.Column("incident_id", sa.Uuid, to("incident.id"), primary_key=True),
    sa.Column("kabupaten_code", Symbol, to("kabupaten.code"), primary_key=True),
    sa.Index(None, "kabupaten_code"),
)
