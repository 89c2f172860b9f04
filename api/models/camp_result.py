"""What somebody achieved at a camp."""

import sqlalchemy as sa

from api.models.base import optional, record, references, required, table

CampResult = table(
    "camp_result",
    *record(),
    required("registration_id", sa.Uuid, references("camp_registration.id"), unique=True),
    required("has_passed", sa.Boolean),
    optional("score", sa.Integer),
    optional("note"),
    required("account_id", sa.Uuid, references("account.id")),
    sa.CheckConstraint("score BETWEEN 0 AND 100", name="score"),
)
