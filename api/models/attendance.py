"""What was reported of a duty: that the volunteer set out, arrived and left."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, optional, record, references, required, table
from api.models.choice import Choice


class AttendanceKind(Choice):
    """What was reported of a duty."""

    MOBILIZED = "MOBILIZED", "The volunteer has set out."
    CHECKED_IN = "CHECKED_IN", "The volunteer has arrived."
    CHECKED_OUT = "CHECKED_OUT", "The volunteer has left."


class AttendanceMark(Choice):
    """Why a report is kept and does not count."""

    BEFORE_ACCEPTANCE = "BEFORE_ACCEPTANCE", "Its time lies before the acceptance."
    TOO_EARLY = "TOO_EARLY", "An arrival or departure more than 72 hours before the duty."
    IN_FUTURE = "IN_FUTURE", "Its time lay more than five minutes in the future when it came."
    AFTER_END = "AFTER_END", "A check-in at or after the end of the duty."


# Reports come late, out of order and more than once; all are kept. Those without a mark count.
Attendance = table(
    "attendance",
    *record(),
    required("assignment_id", sa.Uuid, references("assignment.id")),
    required("kind", Chosen(AttendanceKind)),
    required("at", INSTANT),
    optional("mark", Chosen(AttendanceMark)),
    # Chosen by whoever reports, so that a repeated report is recognized.
    optional("nonce"),
    optional("account_id", sa.Uuid, references("account.id")),
    sa.CheckConstraint("mark <> 'AFTER_END' OR kind = 'CHECKED_IN'", name="check_in_after_end"),
    sa.UniqueConstraint("assignment_id", "kind", "at"),
    sa.UniqueConstraint("assignment_id", "nonce"),
)
