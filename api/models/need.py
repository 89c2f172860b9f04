"""What is asked for: people of a skill, at a place, for a period."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, Symbol, labelled, optional, record, references, required, table, versioned
from api.models.choice import Choice
from api.models.person import Sex


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
    optional("merged_into_id", sa.Uuid, references("need.id")),
    sa.CheckConstraint("people_wanted BETWEEN 1 AND 10000", name="people_wanted"),
    sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
    sa.Index(None, "incident_id", "starts_at", "id"),
    sa.Index(None, "starts_at", "id"),
    sa.Index(None, "kabupaten_code", "starts_at", "id"),
    sa.Index(None, "skill_code"),
    sa.Index(None, "site_id", "starts_at", "id"),
    sa.Index(None, "merged_into_id"),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "ends_at", "id"),
)


# Of the people of a need, at least so many hold a rank, are of a sex, or both. A trigger holds that they are no more than
# the need wants.
NeedMinimum = table(
    "need_minimum",
    *record(),
    required("need_id", sa.Uuid, references("need.id")),
    required("people", sa.Integer),
    optional("rank_code", Symbol, references("rank.code")),
    optional("sex", Chosen(Sex)),
    sa.CheckConstraint("people >= 1", name="people"),
    sa.CheckConstraint("num_nonnulls(rank_code, sex) > 0", name="of_something"),
    sa.UniqueConstraint("need_id", "rank_code", "sex", postgresql_nulls_not_distinct=True),
)


# Goods wanted at a place by an instant. `pledged` counts what open pledges promise and what was delivered; it is changed
# with the pledges, under the lock of this row.
GoodsNeed = table(
    "goods_need",
    *versioned(),
    required("incident_id", sa.Uuid, references("incident.id")),
    required("item"),
    required("quantity", sa.Integer),
    required("unit"),
    required("needed_by", INSTANT),
    required("cluster_code", Symbol, references("cluster.code")),
    required("priority", Chosen(Priority)),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    required("latitude", sa.Float),
    required("longitude", sa.Float),
    optional("site_id", sa.Uuid, references("site.id")),
    required("pledged", sa.Integer, server_default="0"),
    optional("closed_at", INSTANT),
    sa.CheckConstraint("quantity BETWEEN 1 AND 100000000", name="quantity"),
    sa.CheckConstraint("pledged BETWEEN 0 AND quantity", name="pledged"),
    sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
    sa.Index(None, "incident_id", "needed_by", "id"),
    sa.Index(None, "needed_by", "id"),
    sa.Index(None, "kabupaten_code"),
    sa.Index(None, "site_id"),
    sa.Index(None, "created_at", "id"),
)
