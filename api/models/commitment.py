"""Promised time: the one table that keeps a person from being in two places."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint

from api.models.base import optional, record, references, required, table

# Time a person has promised away, from one instant up to another, to a duty, or to a camp as one who comes or works there;
# the database lets no two overlap.
Commitment = table(
    "commitment",
    *record(),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    optional("assignment_id", sa.Uuid, references("assignment.id"), unique=True),
    optional("registration_id", sa.Uuid, references("camp_registration.id"), unique=True),
    optional("staff_member_id", sa.Uuid, references("camp_staff_member.id"), unique=True),
    required("period", TSTZRANGE),
    sa.CheckConstraint("num_nonnulls(assignment_id, registration_id, staff_member_id) = 1", name="for_one_thing"),
    sa.CheckConstraint("NOT isempty(period) AND NOT lower_inf(period) AND NOT upper_inf(period)", name="bounded"),
    ExcludeConstraint(
        (sa.column("volunteer_id"), "="),
        (sa.column("period"), "&&"),
        using="gist",
        name="ex_commitment_one_place_at_a_time",
    ),
    sa.Index(None, "period", postgresql_using="gist", postgresql_include=["volunteer_id"]),
)
