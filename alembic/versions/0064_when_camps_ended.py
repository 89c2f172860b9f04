"""When camps ended.

Revision: 0064
Revises: 0063
"""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("camp", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "camp_registration", sa.Column("had_place", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE camp ADD CONSTRAINT ck_camp_ended CHECK (((ended_at IS NULL) OR (status = ANY (ARRAY['COMPLETED'::text, 'CANCELLED'::text]))))"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE camp_registration ADD CONSTRAINT ck_camp_registration_had_place CHECK (((status = 'CANCELLED'::text) OR (NOT had_place)))"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE camp DROP CONSTRAINT ck_camp_ended")
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nALTER TABLE camp_registration DROP CONSTRAINT ck_camp_registration_had_place"
    )
    op.drop_column("camp_registration", "had_place")
    op.drop_column("camp", "ended_at")
