"""What has happened: hazards, incidents, and the kabupaten they touch."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, Symbol, labelled, optional, references, required, table, versioned
from api.models.choice import Choice
from api.models.key import name_indexes, named
from api.values.key import title_search_key


class IncidentStatus(Choice):
    """How far the handling of an incident has come."""

    REPORTED = "REPORTED", "Reported, not verified yet and not public."
    VERIFIED = "VERIFIED", "Verified by a coordinator."
    ACTIVE = "ACTIVE", "People are at work."
    CLOSED = "CLOSED", "Closed: nothing more is done."


Hazard = table(
    "hazard",
    *labelled(),
    optional("parent_code", Symbol, references("hazard.code")),
    sa.Index(None, "parent_code"),
)


Incident = table(
    "incident",
    *versioned(),
    required("hazard_code", Symbol, references("hazard.code")),
    *named("title", search=title_search_key),
    required("latitude", sa.Float),
    required("longitude", sa.Float),
    required("status", Chosen(IncidentStatus)),
    required("started_at", INSTANT),
    optional("ended_at", INSTANT),
    sa.CheckConstraint("ended_at > started_at", name="ends_after_start"),
    sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
    *name_indexes("incident"),
    sa.Index(None, "started_at", "id"),
    sa.Index(None, "status", "started_at", "id"),
    sa.Index(None, "hazard_code"),
)


IncidentKabupaten = table(
    "incident_kabupaten",
    sa.Column("incident_id", sa.Uuid, references("incident.id"), primary_key=True),
    sa.Column("kabupaten_code", Symbol, references("kabupaten.code"), primary_key=True),
    sa.Index(None, "kabupaten_code"),
)
