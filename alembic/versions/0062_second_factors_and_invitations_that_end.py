"""Second factors and invitations that end.

Revision: 0062
Revises: 0061
"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("credential", sa.Column("totp_new_cipher", sa.LargeBinary(), nullable=True))
    # A secret that nobody has confirmed yet is one that is being set up.
    op.execute("UPDATE credential SET totp_new_cipher = totp_cipher, totp_cipher = NULL WHERE NOT totp_confirmed")
    op.execute("-- squawk-ignore ban-drop-column\nALTER TABLE credential DROP COLUMN totp_confirmed")
    op.add_column("invitation", sa.Column("inviter_id", sa.Uuid(), nullable=True))
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid, adding-foreign-key-constraint\n"
        "ALTER TABLE invitation ADD CONSTRAINT fk_invitation_inviter_id FOREIGN KEY(inviter_id) REFERENCES account (id)"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_invitation_inviter_id"), "invitation", type_="foreignkey")
    op.drop_column("invitation", "inviter_id")
    op.add_column(
        "credential",
        sa.Column("totp_confirmed", sa.BOOLEAN(), server_default=sa.text("false"), autoincrement=False, nullable=False),
    )
    op.execute("UPDATE credential SET totp_confirmed = totp_cipher IS NOT NULL")
    op.execute("UPDATE credential SET totp_cipher = totp_new_cipher WHERE totp_cipher IS NULL")
    op.drop_column("credential", "totp_new_cipher")
