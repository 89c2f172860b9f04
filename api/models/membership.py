"""Who belongs to which organization, and when."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from api.models.base import Symbol, endless_index, optional, references, required, table, versioned
from api.models.key import numbered

# Whole days, both ends counted; several at once are allowed, two of one organization are not.
Membership = table(
    "membership",
    *versioned(),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    required("organization_id", sa.Uuid, references("organization.id")),
    *numbered(nullable=True),
    optional("rank_code", Symbol, references("rank.code")),
    # Where the member serves as TKSK, the social welfare worker of a kecamatan.
    optional("kecamatan_code", Symbol, references("kecamatan.code")),
    # The first day there, which may be later than that of the membership.
    optional("kecamatan_since", sa.Date),
    required("since", sa.Date),
    optional("until", sa.Date),
    optional("end_reason"),
    sa.CheckConstraint("until >= since", name="ends_after_start"),
    sa.CheckConstraint("end_reason IS NULL OR until IS NOT NULL", name="reason_of_an_end"),
    sa.CheckConstraint("(kecamatan_code IS NULL) = (kecamatan_since IS NULL)", name="kecamatan_whole"),
    sa.CheckConstraint(
        "kecamatan_since >= since AND (until IS NULL OR until >= kecamatan_since)", name="kecamatan_within"
    ),
    ExcludeConstraint(
        # Expressions, so that the planner never takes this index for somebody's memberships: the B-trees below find them
        # in a third of the time.
        (sa.text("coalesce(volunteer_id, volunteer_id)"), "="),
        (sa.text("coalesce(organization_id, organization_id)"), "="),
        (sa.text("daterange(since, until, '[]')"), "&&"),
        using="gist",
        name="ex_membership_once",
    ),
    ExcludeConstraint(
        # At most one TKSK at a time; an expression for the same reason.
        (sa.text("coalesce(kecamatan_code, kecamatan_code)"), "="),
        (sa.text("daterange(kecamatan_since, until, '[]')"), "&&"),
        using="gist",
        where=sa.text("kecamatan_code IS NOT NULL"),
        name="ex_membership_tksk",
    ),
    sa.Index(None, "kecamatan_code", postgresql_where=sa.text("kecamatan_code IS NOT NULL")),
    sa.UniqueConstraint("organization_id", "number_key"),
    sa.Index(None, "number_key"),
    sa.Index(None, "volunteer_id", "since", "id"),
    sa.Index(None, "organization_id", "since", "id"),
    sa.Index(None, "since", "id"),
    sa.Index(None, "rank_code", "since", "id"),
    sa.Index(None, "until", postgresql_where=sa.text("until IS NOT NULL")),
    endless_index("membership", "until"),
)
