"""Secret addresses under which calendar programs read."""

import sqlalchemy as sa

from api.models.base import optional, record, references, required, table

# Of an account's own camps and duties, or of the sessions of a camp. The address itself is not stored.
CalendarAddress = table(
    "calendar_address",
    *record(),
    required("account_id", sa.Uuid, references("account.id")),
    optional("camp_id", sa.Uuid, references("camp.id")),
    required("digest", sa.LargeBinary, unique=True),
    sa.UniqueConstraint("account_id", "camp_id", postgresql_nulls_not_distinct=True),
    sa.Index(None, "camp_id"),
)
