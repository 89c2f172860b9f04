"""Which volunteers were found to be two people, though they look like one."""

import sqlalchemy as sa

from api.models.base import INSTANT, references, required, table

# The smaller id first, so that a pair is one row.
DistinctPair = table(
    "distinct_pair",
    sa.Column("one_id", sa.Uuid, references("volunteer.id"), primary_key=True),
    sa.Column("other_id", sa.Uuid, references("volunteer.id"), primary_key=True),
    required("reason"),
    required("account_id", sa.Uuid, references("account.id")),
    required("created_at", INSTANT),
    sa.CheckConstraint("one_id < other_id", name="ordered"),
    sa.Index(None, "other_id"),
)
