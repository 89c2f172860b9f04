"""The hours that were served in duties."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from api.models.base import INSTANT, Chosen, optional, record, references, required, table
from api.models.choice import Choice


class HoursSource(Choice):
    """Where served hours are known from."""

    ATTENDANCE = "ATTENDANCE", "From the check-in to the check-out."
    CORRECTION = "CORRECTION", "Entered by a coordinator."
    PROPOSAL = "PROPOSAL", "Proposed by the volunteer's side."


class HoursStatus(Choice):
    """Whether served hours count."""

    PROPOSED = "PROPOSED", "Proposed: waits for a coordinator."
    COUNTED = "COUNTED", "Counted: these are the hours of the duty."
    REPLACED = "REPLACED", "Replaced by other hours."
    REFUSED = "REFUSED", "Refused: the proposal does not count."


# From when until when somebody served in a duty, as said by somebody. What counts is one row that somebody has decided, or those
# by attendance: several where hours elsewhere were decided in between. Of what counts for one person nothing overlaps; deferrable, so that a statement may move several of them at once.
ServedHours = table(
    "served_hours",
    *record(),
    required("assignment_id", sa.Uuid),
    required("volunteer_id", sa.Uuid),
    required("starts_at", INSTANT),
    required("ends_at", INSTANT),
    required("source", Chosen(HoursSource)),
    required("status", Chosen(HoursStatus)),
    optional("reason"),
    optional("account_id", sa.Uuid, references("account.id")),
    sa.ForeignKeyConstraint(
        ["assignment_id", "volunteer_id"], ["assignment.id", "assignment.volunteer_id"], onupdate="CASCADE"
    ),
    ExcludeConstraint(
        (sa.column("volunteer_id"), "="),
        (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
        using="gist",
        where=sa.text("status = 'COUNTED'"),
        name="ex_served_hours_one_duty_at_a_time",
        deferrable=True,
    ),
    sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    sa.CheckConstraint("(source = 'ATTENDANCE') = (reason IS NULL)", name="reason"),
    sa.CheckConstraint("source = 'PROPOSAL' OR status NOT IN ('PROPOSED', 'REFUSED')", name="proposal"),
    sa.CheckConstraint("source <> 'ATTENDANCE' OR account_id IS NULL", name="by_nobody"),
    sa.Index(
        "uq_served_hours_counted",
        "assignment_id",
        unique=True,
        postgresql_where=sa.text("status = 'COUNTED' AND source <> 'ATTENDANCE'"),
    ),
    sa.Index(
        "uq_served_hours_proposed",
        "assignment_id",
        unique=True,
        postgresql_where=sa.text("status = 'PROPOSED'"),
    ),
    sa.Index(None, "assignment_id", "created_at"),
)
