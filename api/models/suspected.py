"""Pairs of volunteers of one kabupaten with similar names, until a coordinator has looked at them."""

import sqlalchemy as sa

from api.models.base import Symbol, record, references, required, table

# The smaller id first, so that a pair is one row.
SuspectedPair = table(
    "suspected_pair",
    *record(),
    required("one_id", sa.Uuid, references("volunteer.id")),
    required("other_id", sa.Uuid, references("volunteer.id")),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    required("similarity", sa.Float),
    sa.CheckConstraint("one_id < other_id", name="ordered"),
    sa.UniqueConstraint("one_id", "other_id"),
    sa.Index(None, "other_id"),
    sa.Index(None, "kabupaten_code", "created_at", "id"),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "similarity", "id"),
)
