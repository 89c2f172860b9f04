"""Invitations: how a volunteer who is registered already gets an account."""

import sqlalchemy as sa

from api.models.base import INSTANT, optional, record, references, required, table

# Of the code only a keyed digest. The latest of a volunteer counts, as long as who invited manages the organization, and the
# volunteer is a member of it.
Invitation = table(
    "invitation",
    *record(),
    required("organization_id", sa.Uuid, references("organization.id")),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    # Null of invitations of earlier versions, which are void.
    optional("inviter_id", sa.Uuid, references("account.id")),
    required("digest", sa.LargeBinary, unique=True),
    required("expires_at", INSTANT),
    optional("used_at", INSTANT),
    sa.Index(None, "volunteer_id"),
)
