"""What is asked for: people of a skill, at a place, for a period."""

import sqlalchemy as sa

from api.models.base import INSTANT, Symbol, labelled, may, must, one_of, table, to, versioned

PRIORITIES = ("LOW", "NORMAL", "HIGH", "URGENT")


# One of the eight national clusters of disaster response.
Cluster = table(
    "cluster",
    *labelled(),
)


# People wanted at a place from one instant up to, not including, another.
Need = table(
    "need",
    *versioned(),
    must("incident_id", sa.Uuid, to("incident.id")),
    must("skill_code", Symbol, to("skill.code")),
    may("minimum_rank_code", Symbol, to("rank.code")),
    must("cluster_code", Symbol, to("cluster.code")),
    must("people_wanted", sa.Integer),
    must("priority", Symbol),
    must("starts_at", INSTANT),
    must("ends_at", INSTANT),
    must("kabupaten_code", Symbol, to("kabupaten.code")),
    must("latitude", sa.Float),
    must("longitude", sa.Float),
    may("closed_at", INSTANT),
    one_of("priority", *PRIORITIES),
    sa.CheckConstraint("people_wanted BETWEEN 1 AND 10000", name="people_wanted"),
    sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
    sa.Index(None, "incident_id", "starts_at", "id"),
    sa.Index(None, "starts_at", "id"),
    sa.Index(None, "kabupaten_code", "starts_at", "id"),
    sa.Index(None, "skill_code"),
)
