"""Which secret key a database is used with.

Revision: 0013
Revises: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "CREATE TABLE key_fingerprint (key text NOT NULL, fingerprint bytea NOT NULL,"
        " CONSTRAINT pk_key_fingerprint PRIMARY KEY (key))"
    )


def downgrade() -> None:
    op.execute("DROP TABLE key_fingerprint")
