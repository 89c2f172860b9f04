"""What is asked for: people of a skill, at a place, for a period."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, Symbol, labelled, optional, references, required, table, versioned
from api.models.choice import Choice


class Priority(Choice):
    """How urgent a need is."""

    LOW = "LOW", "To be met when people are free."
    NORMAL = "NORMAL", "To be met as planned."
    HIGH = "HIGH", "To be met today."
    URGENT = "URGENT", "Lives depend on it now."


# One of the eight national clusters of disaster response.
Cluster = table(
    "cluster",
    *labelled(),
)


# People wanted at a place from one instant up to, not including, another.
Need = table(
    "need",
    *versioned(),
    required("incident_id", sa.Uuid, references("incident.id")),
    required("skill_code", Symbol, references("skill.code")),
    optional("minimum_rank_code", Symbol, references("rank.code")),
    optional("site_id", sa.Uuid, references("site.id")),
    required("cluster_code", Symbol, references("cluster.code")),
    required("people_wanted", sa.Integer),
    required("priority", Chosen(Priority)),
    required("starts_at", INSTANT),
    required("ends_at", INSTANT),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    required("latitude", sa.Float),
    required("longitude", sa.Float),
    optional("closed_at", INSTANT),
    sa.CheckConstraint("people_wanted BETWEEN 1 AND 10000", name="people_wanted"),
    sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
    sa.Index(None, "incident_id", "starts_at", "id"),
    sa.Index(None, "starts_at", "id"),
    sa.Index(None, "kabupaten_code", "starts_at", "id"),
    sa.Index(None, "skill_code"),
    sa.Index(None, "site_id", "starts_at", "id"),
)
