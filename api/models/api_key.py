"""Keys with which other programs act for an account."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api.models.base import INSTANT, optional, record, references, required, table

# A key acts with some of the account's roles, as long as these are in force, and calls some mutations.
ApiKey = table(
    "api_key",
    *record(),
    required("account_id", sa.Uuid, references("account.id")),
    required("name"),
    required("digest", sa.LargeBinary),
    required("role_ids", ARRAY(sa.Uuid)),
    required("verbs", ARRAY(sa.Text)),
    required("expires_at", INSTANT),
    optional("revoked_at", INSTANT),
    sa.Index(None, "account_id", "created_at", "id"),
    sa.Index(None, "created_at", "id"),
)
