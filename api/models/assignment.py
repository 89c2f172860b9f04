"""Who is sent where: assignments, what was overridden for them, and the one table of promised time."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint

from api.models.base import INSTANT, Symbol, one_of, optional, record, references, required, table, versioned

STATUSES = (
    *("OFFERED", "ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED"),
    *("DECLINED", "EXPIRED", "CANCELLED", "RELEASED", "NO_SHOW"),
)

# An offer that waits for its answer, or a duty that is promised or running.
LIVE = ("OFFERED", "ACCEPTED", "MOBILIZED", "ON_DUTY")

# What binds the volunteer's time now.
PROMISED = ("ACCEPTED", "MOBILIZED", "ON_DUTY")

# What fills a place of a need: a duty done still filled it.
FILLING = ("ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED")


Assignment = table(
    "assignment",
    *versioned(),
    required("need_id", sa.Uuid, references("need.id")),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    required("status", Symbol),
    required("starts_at", INSTANT),
    required("ends_at", INSTANT),
    optional("expires_at", INSTANT),
    optional("reason"),
    one_of("status", *STATUSES),
    sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    sa.Index(
        "uq_assignment_live",
        "need_id",
        "volunteer_id",
        unique=True,
        postgresql_where=sa.text("status IN ('OFFERED', 'ACCEPTED', 'MOBILIZED', 'ON_DUTY')"),
    ),
    sa.Index(None, "need_id", "starts_at", "id"),
    sa.Index(None, "volunteer_id", "starts_at", "id"),
    sa.Index(None, "starts_at", "id"),
)


# A recorded, reasoned, attributed exception to one rule for one assignment.
Override = table(
    "override",
    *record(),
    required("assignment_id", sa.Uuid, references("assignment.id")),
    required("rule_code", Symbol),
    required("fact", JSONB),
    required("reason"),
    required("account_id", sa.Uuid, references("account.id")),
    sa.UniqueConstraint("assignment_id", "rule_code"),
)


# Time a person has promised away, from one instant up to another; the database lets no two overlap.
Commitment = table(
    "commitment",
    *record(),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    optional("assignment_id", sa.Uuid, references("assignment.id"), unique=True),
    required("period", TSTZRANGE),
    sa.CheckConstraint("NOT isempty(period) AND NOT lower_inf(period) AND NOT upper_inf(period)", name="bounded"),
    ExcludeConstraint(
        (sa.column("volunteer_id"), "="),
        (sa.column("period"), "&&"),
        using="gist",
        name="ex_commitment_one_place_at_a_time",
    ),
)
