"""What was overridden for an assignment."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from api.models.base import INSTANT, Symbol, optional, record, references, required, table

# A recorded, reasoned, attributed exception to one rule for one assignment.
Override = table(
    "override",
    *record(),
    required("assignment_id", sa.Uuid, references("assignment.id")),
    required("rule_code", Symbol),
    required("fact", JSONB),
    required("reason"),
    required("account_id", sa.Uuid, references("account.id")),
    # The end of the extension that it was made for; null for the offer.
    optional("extends_to", INSTANT),
    sa.UniqueConstraint("assignment_id", "rule_code", "extends_to", postgresql_nulls_not_distinct=True),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "account_id", "created_at", "id"),
)
