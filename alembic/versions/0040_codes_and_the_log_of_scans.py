"""Codes and the log of scans.

Revision: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


# What was scanned stays; it can be annulled, once.
KEEP = """
CREATE FUNCTION keep_scan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changeable text[] := ARRAY['annulled_at', 'reason', 'counts', 'place_id', 'person_id'];
BEGIN
  IF current_setting('sigap.erases_person', true) IS DISTINCT FROM 'on' THEN
    IF TG_OP = 'DELETE' OR OLD.annulled_at IS NOT NULL OR to_jsonb(NEW) - changeable <> to_jsonb(OLD) - changeable THEN
      RAISE EXCEPTION 'A scan is never changed or deleted, only annulled.'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'scan_is_kept', TABLE = 'scan';
    END IF;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
KEPT = "CREATE TRIGGER keep_scan BEFORE UPDATE OR DELETE ON scan FOR EACH ROW EXECUTE FUNCTION keep_scan()"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "scan_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=True),
        sa.Column("registration_id", sa.Uuid(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("annulled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(annulled_at IS NULL) = (reason IS NULL)", name=op.f("ck_scan_code_annulled_with_reason")),
        sa.CheckConstraint(
            "num_nonnulls(volunteer_id, registration_id, site_id) = 1", name=op.f("ck_scan_code_of_one_thing")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["camp_registration.id"], name=op.f("fk_scan_code_registration_id")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_scan_code_site_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_scan_code_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_code")),
        sa.UniqueConstraint("code", name=op.f("uq_scan_code_code")),
    )
    op.create_index(op.f("ix_scan_code_created_at_id"), "scan_code", ["created_at", "id"], unique=False)
    op.create_index(
        "uq_scan_code_registration_id",
        "scan_code",
        ["registration_id"],
        unique=True,
        postgresql_where=sa.text("annulled_at IS NULL"),
    )
    op.create_index(
        "uq_scan_code_site_id", "scan_code", ["site_id"], unique=True, postgresql_where=sa.text("annulled_at IS NULL")
    )
    op.create_index(
        "uq_scan_code_volunteer_id",
        "scan_code",
        ["volunteer_id"],
        unique=True,
        postgresql_where=sa.text("annulled_at IS NULL"),
    )
    op.create_table(
        "scan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("camp_id", sa.Uuid(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("place_id", sa.Uuid(), sa.Computed("coalesce(camp_id, site_id)", persisted=True), nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("scan_code_id", sa.Uuid(), nullable=True),
        sa.Column("volunteer_id", sa.Uuid(), nullable=True),
        sa.Column("registration_id", sa.Uuid(), nullable=True),
        sa.Column(
            "person_id",
            sa.Uuid(),
            sa.Computed("coalesce(volunteer_id, registration_id)", persisted=True),
            nullable=True,
        ),
        sa.Column("assignment_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("is_offline", sa.Boolean(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("annulled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "counts",
            sa.Boolean(),
            sa.Computed(
                "annulled_at IS NULL AND num_nonnulls(volunteer_id, registration_id) > 0 AND (finding IS NULL OR (is_offline AND finding <> 'IN_FUTURE'))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("(point = 'SESSION') = (session_id IS NOT NULL)", name=op.f("ck_scan_session")),
        sa.CheckConstraint(
            "finding IN ('UNKNOWN_CODE', 'ANNULLED_CODE', 'NOT_REGISTERED', 'WAITING', 'CANCELLED', 'NO_DUTY', 'WRONG_DAY', 'IN_FUTURE', 'ALREADY_INSIDE', 'ALREADY_HAD')",
            name=op.f("ck_scan_finding"),
        ),
        sa.CheckConstraint("point IN ('ENTRY', 'EXIT', 'SESSION', 'MEAL', 'KIT')", name=op.f("ck_scan_point")),
        sa.CheckConstraint("(annulled_at IS NULL) = (reason IS NULL)", name=op.f("ck_scan_annulled_with_reason")),
        sa.CheckConstraint("num_nonnulls(camp_id, site_id) = 1", name=op.f("ck_scan_at_one_place")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_scan_account_id")),
        sa.ForeignKeyConstraint(["assignment_id"], ["assignment.id"], name=op.f("fk_scan_assignment_id")),
        sa.ForeignKeyConstraint(["camp_id"], ["camp.id"], name=op.f("fk_scan_camp_id")),
        sa.ForeignKeyConstraint(["registration_id"], ["camp_registration.id"], name=op.f("fk_scan_registration_id")),
        sa.ForeignKeyConstraint(["scan_code_id"], ["scan_code.id"], name=op.f("fk_scan_scan_code_id")),
        sa.ForeignKeyConstraint(["session_id"], ["camp_session.id"], name=op.f("fk_scan_session_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_scan_site_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_scan_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
        sa.UniqueConstraint("place_id", "device", "nonce", name=op.f("uq_scan_place_id_device_nonce")),
    )
    op.create_index(op.f("ix_scan_at_id"), "scan", ["at", "id"], unique=False)
    op.create_index(op.f("ix_scan_camp_id_at_id"), "scan", ["camp_id", "at", "id"], unique=False)
    op.create_index(
        "ix_scan_counted",
        "scan",
        ["place_id", "person_id", "point", "at"],
        unique=False,
        postgresql_where=sa.text("counts"),
    )
    op.create_index(op.f("ix_scan_session_id"), "scan", ["session_id"], unique=False)
    op.create_index(op.f("ix_scan_site_id_at_id"), "scan", ["site_id", "at", "id"], unique=False)
    op.create_index(op.f("ix_scan_volunteer_id"), "scan", ["volunteer_id"], unique=False)
    op.execute(KEEP)
    op.execute(KEPT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(op.f("ix_scan_volunteer_id"), table_name="scan")
    op.drop_index(op.f("ix_scan_site_id_at_id"), table_name="scan")
    op.drop_index(op.f("ix_scan_session_id"), table_name="scan")
    op.drop_index("ix_scan_counted", table_name="scan", postgresql_where=sa.text("counts"))
    op.drop_index(op.f("ix_scan_camp_id_at_id"), table_name="scan")
    op.drop_index(op.f("ix_scan_at_id"), table_name="scan")
    op.drop_table("scan")
    op.drop_index("uq_scan_code_volunteer_id", table_name="scan_code", postgresql_where=sa.text("annulled_at IS NULL"))
    op.drop_index("uq_scan_code_site_id", table_name="scan_code", postgresql_where=sa.text("annulled_at IS NULL"))
    op.drop_index(
        "uq_scan_code_registration_id", table_name="scan_code", postgresql_where=sa.text("annulled_at IS NULL")
    )
    op.drop_index(op.f("ix_scan_code_created_at_id"), table_name="scan_code")
    op.drop_table("scan_code")
    op.execute("DROP FUNCTION keep_scan()")
