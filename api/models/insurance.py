"""Insurances of volunteers against accidents and death in service."""

import sqlalchemy as sa

from api.models.base import Chosen, endless_index, optional, references, required, table, versioned
from api.models.choice import Choice
from api.models.key import numbered


class InsuranceKind(Choice):
    """What an insurance covers, and by whom."""

    BPJS_JKK = "BPJS_JKK", "BPJS Ketenagakerjaan, work accidents (JKK)."
    BPJS_JKM = "BPJS_JKM", "BPJS Ketenagakerjaan, death (JKM)."
    OTHER = "OTHER", "Another insurance."


# Whole days, both ends counted; without an end until further notice.
Insurance = table(
    "insurance",
    *versioned(),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    required("kind", Chosen(InsuranceKind)),
    required("insurer"),
    *numbered(nullable=True),
    required("since", sa.Date),
    optional("until", sa.Date),
    sa.CheckConstraint("until >= since", name="ends_after_start"),
    # A number of another insurer may be the same.
    sa.UniqueConstraint("volunteer_id", "kind", "insurer", "since"),
    sa.Index(None, "volunteer_id", "since", "id"),
    sa.Index(None, "since", "id"),
    endless_index("insurance", "until"),
    sa.Index(None, "number_key"),
)
