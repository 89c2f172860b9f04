"""Days on which a volunteer cannot serve."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from api.models.base import INSTANT, Chosen, optional, references, required, table, versioned
from api.models.choice import Choice


class AbsenceKind(Choice):
    """Why a volunteer cannot serve for some days."""

    LEAVE = "LEAVE", "Leave: away, or busy otherwise."
    ILLNESS = "ILLNESS", "Ill or recovering."


# Whole days of the home kabupaten, both ends counted.
Absence = table(
    "absence",
    *versioned(),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    required("kind", Chosen(AbsenceKind)),
    required("since", sa.Date),
    required("until", sa.Date),
    optional("reason"),
    optional("cancelled_at", INSTANT),
    sa.CheckConstraint("until >= since", name="ends_after_start"),
    ExcludeConstraint(
        (sa.column("volunteer_id"), "="),
        (sa.text("daterange(since, until, '[]')"), "&&"),
        using="gist",
        where=sa.text("cancelled_at IS NULL"),
        name="ex_absence_once",
    ),
    sa.Index(None, "volunteer_id", "since", "id"),
    sa.Index(None, "since", "id"),
)
