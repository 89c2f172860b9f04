"""The one feed, and what a repeated request is answered from."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from api.models.base import INSTANT, Symbol, optional, references, required, table


class Xid8(sa.types.UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction number, which never wraps."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


# Who did what to which thing, when and why, written in the transaction that did it.
#
# `position` is given before the commit, so a reader may trust it only up to the oldest transaction still
# running: `transaction < pg_snapshot_xmin(pg_current_snapshot())`.
Event = table(
    "event",
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    required("transaction", Xid8, server_default=sa.text("pg_current_xact_id()")),
    required("at", INSTANT, server_default=sa.func.now()),
    required("account_id", sa.Uuid, references("account.id")),
    required("kind", Symbol),
    required("subject_type", Symbol),
    required("subject_key", Symbol),
    optional("reason"),
    required("change", JSONB),
    sa.Index(None, "subject_type", "subject_key", "position"),
)


# The outcome of a mutation under the key its caller gave: the thing it made or changed, and its problems.
Idempotency = table(
    "idempotency",
    sa.Column("account_id", sa.Uuid, references("account.id"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    required("mutation", Symbol),
    required("body_digest", sa.LargeBinary),
    optional("outcome", JSONB),
    required("created_at", INSTANT, server_default=sa.func.now()),
)
