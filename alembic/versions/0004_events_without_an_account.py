"""Events and idempotency keys of those who have no account: the public, and the clock.

Revision: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE event ADD COLUMN effective_at timestamptz")
    # Every event so far is of an account; a constant default is not written into the rows.
    op.execute("ALTER TABLE event ADD COLUMN actor_kind text NOT NULL DEFAULT 'ACCOUNT'")
    op.execute("""
-- squawk-ignore ban-drop-default
ALTER TABLE event ALTER COLUMN actor_kind DROP DEFAULT
""")
    op.execute("""
-- squawk-ignore ban-drop-not-null
ALTER TABLE event ALTER COLUMN account_id DROP NOT NULL
""")
    op.execute("""
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE event ADD CONSTRAINT ck_event_actor_kind CHECK (actor_kind IN ('ACCOUNT', 'PUBLIC', 'CLOCK'))
""")
    op.execute("""
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE event ADD CONSTRAINT ck_event_actor CHECK ((actor_kind = 'ACCOUNT') = (account_id IS NOT NULL))
""")
    op.execute("""
-- squawk-ignore ban-drop-constraint
ALTER TABLE idempotency DROP CONSTRAINT pk_idempotency
""")
    op.execute("""
-- squawk-ignore ban-drop-not-null
ALTER TABLE idempotency ALTER COLUMN account_id DROP NOT NULL
""")
    op.execute("""
-- squawk-ignore disallowed-unique-constraint, constraint-missing-not-valid
ALTER TABLE idempotency ADD CONSTRAINT uq_idempotency_account_id_key UNIQUE NULLS NOT DISTINCT (account_id, key)
""")


def downgrade() -> None:
    op.execute("DELETE FROM idempotency WHERE account_id IS NULL")
    op.execute("ALTER TABLE idempotency DROP CONSTRAINT uq_idempotency_account_id_key")
    op.execute("ALTER TABLE idempotency ADD CONSTRAINT pk_idempotency PRIMARY KEY (account_id, key)")
    op.execute("DELETE FROM event WHERE account_id IS NULL")
    op.execute("ALTER TABLE event DROP CONSTRAINT ck_event_actor")
    op.execute("ALTER TABLE event DROP COLUMN actor_kind")
    op.execute("ALTER TABLE event DROP COLUMN effective_at")
    op.execute("ALTER TABLE event ALTER COLUMN account_id SET NOT NULL")
