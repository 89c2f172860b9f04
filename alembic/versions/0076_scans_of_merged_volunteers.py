"""Scans go over to the record into which a volunteer is merged, annulled ones too.

Revision: 0076
Revises: 0075
"""

from alembic import op

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None

KEEP = """CREATE OR REPLACE FUNCTION keep_scan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  merges boolean := TG_OP = 'UPDATE' AND current_setting('sigap.merges_person', true) IS NOT DISTINCT FROM 'on';
  computed text[] := ARRAY['counts', 'place_id', 'person_id'];
  changeable text[] := computed || CASE WHEN merges THEN ARRAY['volunteer_id'] ELSE ARRAY['annulled_at', 'reason'] END;
BEGIN
  IF current_setting('sigap.erases_person', true) IS DISTINCT FROM 'on' THEN
    IF TG_OP = 'DELETE' OR (OLD.annulled_at IS NOT NULL AND NOT merges)
      OR to_jsonb(NEW) - changeable <> to_jsonb(OLD) - changeable THEN
      RAISE EXCEPTION 'A scan is never changed or deleted, only annulled.'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'scan_is_kept', TABLE = 'scan';
    END IF;
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$"""
KEEP_BEFORE = """CREATE OR REPLACE FUNCTION keep_scan() RETURNS trigger LANGUAGE plpgsql AS $$
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
END $$"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(KEEP)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(KEEP_BEFORE)
