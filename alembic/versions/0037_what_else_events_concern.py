"""What else events concern: volunteer, site and need; and what kinds of events are called.

Revision: 0037
Revises: 0036
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

COLUMNS = ("volunteer_id", "site_id", "need_id")
PLEDGE = """pledge AS thing LEFT JOIN need ON need.id = thing.need_id LEFT JOIN goods_need ON goods_need.id = thing.goods_need_id"""
OF_PLEDGE = "NULL::uuid, coalesce(need.site_id, goods_need.site_id), coalesce(thing.need_id, thing.goods_need_id)"
# The three columns for the events so far, read from their subjects.
SUBJECTS = (
    ("Site", "NULL::uuid, thing.id, NULL::uuid", "site AS thing", "thing"),
    ("Need", "NULL::uuid, thing.site_id, thing.id", "need AS thing", "thing"),
    ("GoodsNeed", "NULL::uuid, thing.site_id, thing.id", "goods_need AS thing", "thing"),
    ("Pledge", OF_PLEDGE, PLEDGE, "thing"),
    ("PledgeRequest", OF_PLEDGE, f"{PLEDGE} JOIN pledge_request AS asked ON asked.pledge_id = thing.id", "asked"),
    (
        "Assignment",
        "thing.volunteer_id, need.site_id, thing.need_id",
        "assignment AS thing JOIN need ON need.id = thing.need_id",
        "thing",
    ),
    ("Volunteer", "thing.id, NULL::uuid, NULL::uuid", "volunteer AS thing", "thing"),
    ("Membership", "thing.volunteer_id, NULL::uuid, NULL::uuid", "membership AS thing", "thing"),
    ("Certificate", "thing.volunteer_id, NULL::uuid, NULL::uuid", "certificate AS thing", "thing"),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "event_kind",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_event_kind_code_symbol")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_event_kind")),
    )
    for column in COLUMNS:
        op.execute(f"ALTER TABLE event ADD COLUMN {column} uuid")
    # The feed is kept by a trigger, which knows only one exception.
    op.execute("SET LOCAL sigap.erases_person = 'on'")
    for subject, columns, tables, thing in SUBJECTS:
        op.execute(
            f"UPDATE event SET (volunteer_id, site_id, need_id) = (SELECT {columns} FROM {tables}"  # noqa: S608  # Our own names.
            f" WHERE {thing}.id::text = subject_key) WHERE subject_type = '{subject}'"
        )
    op.execute("SET LOCAL sigap.erases_person = ''")


def downgrade() -> None:
    for column in COLUMNS:
        op.execute(f"ALTER TABLE event DROP COLUMN {column}")
    op.drop_table("event_kind")
