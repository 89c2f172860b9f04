"""What the people of a camp say of its sessions."""

import sqlalchemy as sa

from api.models.base import optional, record, references, required, table

CampEvaluation = table(
    "camp_evaluation",
    *record(),
    required("session_id", sa.Uuid, references("camp_session.id")),
    required("registration_id", sa.Uuid, references("camp_registration.id")),
    required("score", sa.Integer),
    optional("text"),
    sa.CheckConstraint("score BETWEEN 1 AND 5", name="score"),
    sa.UniqueConstraint("session_id", "registration_id"),
    sa.Index(None, "registration_id"),
)
