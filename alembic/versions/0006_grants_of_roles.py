"""Roles of more kinds, granted for a period, and at least one national coordinator.

Revision: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KINDS = "'COORDINATOR', 'MANAGER', 'DESK_OFFICER', 'CAMP_STAFF', 'AUDITOR'"

KEEP = """
CREATE FUNCTION keep_national_coordinator() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- One after the other: of two who remove each other, the second finds what the first has done.
  PERFORM pg_advisory_xact_lock(hashtext('national coordinator'));
  -- Where nobody has an account, there is nothing to coordinate either.
  IF EXISTS (SELECT FROM account) AND NOT EXISTS (
    SELECT FROM role JOIN account ON account.id = role.account_id
    WHERE account.active AND role.kind = 'COORDINATOR' AND role.ended_at IS NULL AND role.until IS NULL
      AND num_nonnulls(role.province_code, role.kabupaten_code) = 0 AND coalesce(role.since <= now(), true)
  ) THEN
    RAISE EXCEPTION 'The last national coordinator cannot be removed.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'last_national_coordinator', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$
"""
# At the end of the transaction, so that one national coordinator can be replaced by another in any order.
OF_ROLE = """
CREATE CONSTRAINT TRIGGER last_national_coordinator AFTER UPDATE OR DELETE ON role
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (OLD.kind = 'COORDINATOR' AND OLD.ended_at IS NULL AND OLD.until IS NULL
  AND num_nonnulls(OLD.province_code, OLD.kabupaten_code) = 0)
EXECUTE FUNCTION keep_national_coordinator()
"""
OF_ACCOUNT = """
CREATE CONSTRAINT TRIGGER last_national_coordinator AFTER UPDATE OF active ON account
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (OLD.active AND NOT NEW.active AND is_national_coordinator(OLD.id))
EXECUTE FUNCTION keep_national_coordinator()
"""
IS_NATIONAL = """
CREATE FUNCTION is_national_coordinator(key uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM role WHERE account_id = key AND kind = 'COORDINATOR' AND ended_at IS NULL AND until IS NULL
      AND num_nonnulls(province_code, kabupaten_code) = 0)
$$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE role ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now()")
    op.execute("ALTER TABLE role ADD COLUMN version integer NOT NULL DEFAULT 1")
    op.execute("ALTER TABLE role ADD COLUMN since timestamptz, ADD COLUMN until timestamptz")
    op.execute("ALTER TABLE role ADD COLUMN ended_at timestamptz")
    for name in ("kind", "manager_of_one"):
        op.execute(f"""
-- squawk-ignore ban-drop-constraint
ALTER TABLE role DROP CONSTRAINT ck_role_{name}
""")
    for name, condition in (
        ("kind", f"kind IN ({KINDS})"),
        ("scope_of_kind", "(kind IN ('MANAGER', 'CAMP_STAFF')) = (organization_id IS NOT NULL)"),
        ("ends_after_start", "until > since"),
    ):
        op.execute(f"""
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE role ADD CONSTRAINT ck_role_{name} CHECK ({condition})
""")
    op.execute("""
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX ix_role_created_at_id ON role (created_at, id)
""")
    for statement in (KEEP, IS_NATIONAL, OF_ROLE, OF_ACCOUNT):
        op.execute(statement)


def downgrade() -> None:
    for table in ("role", "account"):
        op.execute(f"DROP TRIGGER last_national_coordinator ON {table}")
    op.execute("DROP FUNCTION keep_national_coordinator(), is_national_coordinator(uuid)")
    op.execute("DROP INDEX ix_role_created_at_id")
    # What ended, and what was not known before, was no role.
    op.execute("DELETE FROM role WHERE ended_at IS NOT NULL OR kind NOT IN ('COORDINATOR', 'MANAGER')")
    op.execute("ALTER TABLE role DROP CONSTRAINT ck_role_kind, DROP CONSTRAINT ck_role_scope_of_kind")
    op.execute("ALTER TABLE role DROP COLUMN ended_at, DROP COLUMN until, DROP COLUMN since")
    op.execute("ALTER TABLE role DROP COLUMN version, DROP COLUMN updated_at")
    op.execute("ALTER TABLE role ADD CONSTRAINT ck_role_kind CHECK (kind IN ('COORDINATOR', 'MANAGER'))")
    op.execute("""
ALTER TABLE role ADD CONSTRAINT ck_role_manager_of_one CHECK ((kind = 'MANAGER') = (organization_id IS NOT NULL))
""")
