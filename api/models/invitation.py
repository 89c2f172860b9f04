"""Invitations: how a volunteer who is registered already gets an account."""

import sqlalchemy as sa

from api.models.base import INSTANT, optional, record, references, required, table

# Of the code only a keyed digest. The latest of a volunteer counts.
Invitation = table(
    "invitation",
    *record(),
    required("organization_id", sa.Uuid, references("organization.id")),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    required("digest", sa.LargeBinary, unique=True),
    required("expires_at", INSTANT),
    optional("used_at", INSTANT),
    sa.Index(None, "volunteer_id"),
)
