"""The one feed, and what a repeated request is answered from."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from api.models.base import INSTANT, Chosen, Symbol, labelled, optional, references, required, table
from api.models.choice import Choice


class Xid8(sa.types.UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction number, which never wraps."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


class ActorKind(Choice):
    """What kind of actor made a change."""

    ACCOUNT = "ACCOUNT", "Somebody who was signed in."
    PUBLIC = "PUBLIC", "Somebody without an account."
    CLOCK = "CLOCK", "Nobody: a deadline passed."
    OPERATOR = "OPERATOR", "Somebody who runs the installation, by its command line."


# The columns with what an event concerns.
CONCERNED = ("incident_id", "kabupaten_code", "organization_id", "volunteer_id", "site_id", "need_id")

# Who did what to which thing, when and why, written in the transaction that did it.
#
# `position` is given before the commit, so a reader may trust it only up to the oldest transaction still
# running: `transaction < pg_snapshot_xmin(pg_current_snapshot())`.
# `at` is when the event was written; `effective_at` is when it took effect, where that was earlier, as for an
# offer whose deadline passed before somebody recorded it. What it concerns, `incident_id` to `need_id`, is read
# from its subject; no foreign keys, as they would lock rows in the order of the events, not in that of the locks.
Event = table(
    "event",
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    required("transaction", Xid8, server_default=sa.text("pg_current_xact_id()")),
    required("at", INSTANT, server_default=sa.func.now()),
    optional("effective_at", INSTANT),
    required("actor_kind", Chosen(ActorKind)),
    optional("account_id", sa.Uuid, references("account.id")),
    required("kind", Symbol),
    required("subject_type", Symbol),
    required("subject_key", Symbol),
    optional("reason"),
    required("change", JSONB),
    optional("incident_id", sa.Uuid),
    optional("kabupaten_code", Symbol),
    optional("organization_id", sa.Uuid),
    optional("volunteer_id", sa.Uuid),
    optional("site_id", sa.Uuid),
    # Of people or of goods.
    optional("need_id", sa.Uuid),
    sa.CheckConstraint("(actor_kind = 'ACCOUNT') = (account_id IS NOT NULL)", name="actor"),
    sa.Index(None, "subject_type", "subject_key", "position"),
    sa.Index(None, "kind", "position"),
    sa.Index(None, "at", postgresql_using="brin"),
    *(
        sa.Index(None, name, "position", postgresql_where=sa.text(f"{name} IS NOT NULL"))
        for name in ("account_id", *CONCERNED)
    ),
)


# What kinds of events are called.
EventKind = table("event_kind", *labelled())


# The outcome of a mutation under the key its caller gave: what it made or changed, and its problems. Callers without
# an account share one name space; only the same body under the same key finds an outcome.
Idempotency = table(
    "idempotency",
    optional("account_id", sa.Uuid, references("account.id")),
    required("key"),
    required("mutation", Symbol),
    required("body_digest", sa.LargeBinary),
    optional("outcome", JSONB),
    required("created_at", INSTANT, server_default=sa.func.now()),
    sa.UniqueConstraint("account_id", "key", postgresql_nulls_not_distinct=True),
    # Small, as the rows are in the order of their making: for the purge.
    sa.Index(None, "created_at", postgresql_using="brin"),
)
