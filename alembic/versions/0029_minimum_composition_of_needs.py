"""Minimum composition of needs.

Revision: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

KEEP_MINIMUMS = """
CREATE FUNCTION keep_minimums_of_need() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  need_key uuid := to_jsonb(NEW) ->> CASE TG_TABLE_NAME WHEN 'need' THEN 'id' ELSE 'need_id' END;
  wanted integer;
BEGIN
  -- The need first, so that a minimum and a smaller number that come at once find each other.
  SELECT people_wanted INTO wanted FROM need WHERE id = need_key FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM need_minimum WHERE need_id = need_key AND people > wanted) THEN
    RAISE EXCEPTION 'A minimum cannot be more people than the need wants.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'minimums_of_need', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$
"""
DEFERRED = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
TRIGGERS = (
    f"""
CREATE CONSTRAINT TRIGGER minimums_of_need AFTER INSERT OR UPDATE ON need_minimum
{DEFERRED} EXECUTE FUNCTION keep_minimums_of_need()
""",
    f"""
CREATE CONSTRAINT TRIGGER minimums_of_need AFTER UPDATE ON need
{DEFERRED} WHEN (NEW.people_wanted < OLD.people_wanted) EXECUTE FUNCTION keep_minimums_of_need()
""",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "need_minimum",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("rank_code", sa.Text(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.CheckConstraint("sex IN ('FEMALE', 'MALE')", name=op.f("ck_need_minimum_sex")),
        sa.CheckConstraint("num_nonnulls(rank_code, sex) > 0", name=op.f("ck_need_minimum_of_something")),
        sa.CheckConstraint("people >= 1", name=op.f("ck_need_minimum_people")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_need_minimum_need_id")),
        sa.ForeignKeyConstraint(["rank_code"], ["rank.code"], name=op.f("fk_need_minimum_rank_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_need_minimum")),
        sa.UniqueConstraint(
            "need_id",
            "rank_code",
            "sex",
            name=op.f("uq_need_minimum_need_id_rank_code_sex"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    for statement in (KEEP_MINIMUMS, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER minimums_of_need ON need")
    op.drop_table("need_minimum")
    op.execute("DROP FUNCTION keep_minimums_of_need")
