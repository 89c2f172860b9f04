"""What must hold about duties is kept in plain SQL.

Revision: 0069
Revises: 0068
"""

from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

# Of what was recorded before, the feed tells the acceptance only roughly; what is left over of ended duties goes.
MENDED = (
    """
UPDATE assignment SET accepted_at = least(accepted_at, checked_in_at, released_at, ends_at - interval '1 second')
WHERE accepted_at > least(checked_in_at, released_at, ends_at - interval '1 second')
""",
    """
UPDATE assignment SET released_at = least(greatest(released_at, checked_in_at), ends_at)
WHERE released_at <> least(greatest(released_at, checked_in_at), ends_at)
""",
    "UPDATE assignment SET checked_out_at = released_at WHERE checked_out_at > released_at",
    """
UPDATE assignment SET proposed_ends_at = NULL
WHERE proposed_ends_at IS NOT NULL AND status IN ('DECLINED', 'EXPIRED', 'CANCELLED', 'RELEASED')
""",
    "UPDATE assignment SET proposal_expires_at = NULL WHERE proposal_expires_at IS NOT NULL AND proposed_ends_at IS NULL",
    """
UPDATE served_hours SET status = 'REFUSED' FROM assignment WHERE assignment.id = assignment_id AND served_hours.status = 'PROPOSED'
  AND assignment.status NOT IN ('ACCEPTED', 'MOBILIZED', 'ON_DUTY', 'COMPLETED', 'RELEASED')
""",
)
CHECKS = {
    "assignment": {
        "accepted_before_its_end": "accepted_at < ends_at",
        "accepted_first": "accepted_at IS NOT NULL OR num_nonnulls(organization_id, checked_in_at, checked_out_at, released_at,"
        " proposed_ends_at, rating) = 0",
        "checked_in": "checked_in_at IS NULL OR status IN ('ON_DUTY', 'COMPLETED', 'RELEASED')",
        "checked_in_on_duty": "checked_in_at >= accepted_at AND checked_in_at < ends_at",
        "checked_out_of_what_is_over": "checked_out_at IS NULL OR status IN ('COMPLETED', 'RELEASED')",
        "checked_out_with_release": "checked_out_at <= released_at",
        "not_accepted": "accepted_at IS NULL OR NOT status IN ('OFFERED', 'DECLINED', 'EXPIRED')",
        "proposal_of_live_duty": "proposed_ends_at IS NULL OR NOT status IN ('DECLINED', 'EXPIRED', 'CANCELLED', 'RELEASED')",
        "proposal_that_expires": "proposal_expires_at IS NULL OR proposed_ends_at IS NOT NULL",
        "rating_of_comment": "rating_comment IS NULL OR rating IS NOT NULL",
        "released_on_duty": "released_at >= accepted_at AND released_at >= coalesce(checked_in_at, accepted_at) AND released_at <= ends_at",
        "replaces_another": "replaces_id <> id",
    },
    "attendance": {"check_in_after_end": "mark <> 'AFTER_END' OR kind = 'CHECKED_IN'"},
    "scan": {
        "of_duty": "assignment_id IS NULL OR (site_id IS NOT NULL AND volunteer_id IS NOT NULL AND point IN ('ENTRY', 'EXIT'))"
    },
    "served_hours": {
        "by_nobody": "source <> 'ATTENDANCE' OR account_id IS NULL",
        "proposal": "source = 'PROPOSAL' OR status NOT IN ('PROPOSED', 'REFUSED')",
    },
}

# A promise commits its time as a whole; what is over, the time until the volunteer left; the rest nothing. The assignment is
# locked, so that of two transactions the second finds what the first has done.
COMMITMENTS = """
CREATE OR REPLACE FUNCTION keep_commitment_of_promise() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  keys uuid[] := CASE TG_TABLE_NAME
    WHEN 'commitment' THEN ARRAY[to_jsonb(OLD) ->> 'assignment_id', to_jsonb(NEW) ->> 'assignment_id']::uuid[]
    ELSE ARRAY[to_jsonb(NEW) ->> 'id']::uuid[] END;
BEGIN
  PERFORM FROM assignment WHERE id = ANY (keys) ORDER BY id FOR SHARE;
  IF EXISTS (
    SELECT FROM assignment AS a
    CROSS JOIN LATERAL (SELECT least(a.ends_at, a.checked_out_at, a.released_at) AS until) AS served
    LEFT JOIN commitment AS c ON c.assignment_id = a.id
    WHERE a.id = ANY (keys) AND (c.volunteer_id <> a.volunteer_id OR c.period IS DISTINCT FROM CASE
      WHEN a.status NOT IN ('OFFERED', 'DECLINED', 'EXPIRED', 'CANCELLED', 'NO_SHOW') AND a.starts_at < until
      THEN tstzrange(a.starts_at, until) END)
  ) THEN
    RAISE EXCEPTION 'What a person has promised, and only that, is committed.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'commitment_of_promise', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$
"""
# As it was.
COMMITMENTS_BEFORE = """
CREATE OR REPLACE FUNCTION keep_commitment_of_promise() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  key uuid := CASE TG_TABLE_NAME WHEN 'commitment' THEN to_jsonb(OLD) ->> 'assignment_id' ELSE to_jsonb(NEW) ->> 'id' END;
BEGIN
  IF EXISTS (
    SELECT FROM assignment AS a
    WHERE a.id = key AND a.status IN ('ACCEPTED', 'MOBILIZED', 'ON_DUTY', 'COMPLETED')
      AND (a.status <> 'COMPLETED' OR a.checked_out_at IS NULL OR a.checked_out_at > a.starts_at) AND NOT EXISTS (
      SELECT FROM commitment AS c WHERE c.assignment_id = a.id AND c.volunteer_id = a.volunteer_id
        AND (a.status = 'COMPLETED' OR c.period @> tstzrange(a.starts_at, a.ends_at)))
  ) THEN
    RAISE EXCEPTION 'What a person has promised needs its commitment.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'commitment_of_promise', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$
"""
# Five minutes, as the clocks of the servers may differ.
HOURS = """
CREATE FUNCTION keep_hours_of_duty() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  key uuid := to_jsonb(NEW) ->> CASE TG_TABLE_NAME WHEN 'assignment' THEN 'id' ELSE 'assignment_id' END;
BEGIN
  PERFORM FROM assignment WHERE id = key FOR SHARE;
  IF EXISTS (
    SELECT FROM served_hours AS h JOIN assignment AS a ON a.id = h.assignment_id
    WHERE h.assignment_id = key AND (
      a.accepted_at IS NULL OR h.starts_at < a.accepted_at OR h.ends_at > clock_timestamp() + interval '5 minutes'
      OR (h.status IN ('PROPOSED', 'COUNTED')
        AND a.status NOT IN ('ACCEPTED', 'MOBILIZED', 'ON_DUTY', 'COMPLETED', 'RELEASED')))
  ) THEN
    RAISE EXCEPTION 'Nobody has served before the acceptance, in the future, or in a duty that was taken back.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'hours_of_duty', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$
"""
REPORTS = """
CREATE FUNCTION keep_report_of_duty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM assignment AS a WHERE a.id = NEW.assignment_id AND a.accepted_at IS NOT NULL
      AND coalesce(NEW.mark = 'BEFORE_ACCEPTANCE', false) = (NEW.at < a.accepted_at)
      AND (NEW.mark IS NOT NULL OR NEW.at <= clock_timestamp() + interval '5 minutes')
      AND (NEW.mark IS NOT NULL OR NEW.kind <> 'CHECKED_IN' OR NEW.at < a.ends_at)
  ) THEN
    RAISE EXCEPTION 'What is reported of a time before the acceptance, in the future, or after the end does not count.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'report_of_duty', TABLE = 'attendance';
  END IF;
  RETURN NULL;
END $$
"""
REPLACEMENTS = """
CREATE FUNCTION keep_replacement_of_duty() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM assignment WHERE id IN (NEW.id, NEW.replaces_id) ORDER BY id FOR SHARE;
  IF EXISTS (
    SELECT FROM assignment AS other JOIN assignment AS duty ON duty.id = other.replaces_id
    WHERE (other.id = NEW.id OR other.replaces_id = NEW.id)
      AND (duty.accepted_at IS NULL OR (other.status = 'OFFERED' AND other.need_id <> duty.need_id))
  ) THEN
    RAISE EXCEPTION 'What replaces a duty was offered for the need of a duty that was accepted.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'replacement_of_duty', TABLE = 'assignment';
  END IF;
  RETURN NULL;
END $$
"""
DEFERRED = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
COMMITTED = "('ACCEPTED', 'MOBILIZED', 'ON_DUTY', 'COMPLETED', 'RELEASED')"
PROMISE = ("status", "volunteer_id", "starts_at", "ends_at", "checked_out_at", "released_at")


def changed(*names: str) -> str:
    before, after = (", ".join(f"{row}.{name}" for name in names) for row in ("OLD", "NEW"))
    return f"({before}) IS DISTINCT FROM ({after})"


# Name, table, when, condition, function.
TRIGGERS = (
    ("commitment_of_promise", "commitment", "INSERT OR UPDATE OR DELETE", "true", "keep_commitment_of_promise"),
    ("commitment_of_new_promise", "assignment", "INSERT", f"NEW.status IN {COMMITTED}", "keep_commitment_of_promise"),
    (
        "commitment_of_promise",
        "assignment",
        "UPDATE",
        f"(OLD.status IN {COMMITTED} OR NEW.status IN {COMMITTED}) AND {changed(*PROMISE)}",
        "keep_commitment_of_promise",
    ),
    ("hours_of_duty", "served_hours", "INSERT OR UPDATE", "true", "keep_hours_of_duty"),
    ("hours_of_duty", "assignment", "UPDATE", changed("status", "accepted_at"), "keep_hours_of_duty"),
    ("report_of_duty", "attendance", "INSERT OR UPDATE", "true", "keep_report_of_duty"),
    ("replacement_of_duty", "assignment", "INSERT", "NEW.replaces_id IS NOT NULL", "keep_replacement_of_duty"),
    (
        "replacement_of_changed_duty",
        "assignment",
        "UPDATE",
        changed("need_id", "replaces_id", "accepted_at"),
        "keep_replacement_of_duty",
    ),
)
BEFORE = (
    ("commitment_of_promise", "commitment", "UPDATE OR DELETE", "OLD.assignment_id IS NOT NULL"),
    (
        "commitment_of_promise",
        "assignment",
        "INSERT OR UPDATE",
        "NEW.status IN ('ACCEPTED', 'MOBILIZED', 'ON_DUTY', 'COMPLETED')",
    ),
)


def trigger(name: str, table: str, when: str, condition: str, function: str = "keep_commitment_of_promise") -> str:
    return f"""
CREATE CONSTRAINT TRIGGER {name} AFTER {when} ON {table} {DEFERRED} WHEN ({condition}) EXECUTE FUNCTION {function}()
"""


def upgrade() -> None:
    # This runs while the server starts, on tables that nobody else uses yet.
    op.execute(
        "-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint, disallowed-unique-constraint\n"
        "SET LOCAL lock_timeout = '5s'"
    )
    for statement in MENDED:
        op.execute(statement)
    # What the updates have queued is checked now, or the tables could not be altered.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.create_unique_constraint(op.f("uq_pledge_id_need_id"), "pledge", ["id", "need_id"])
    op.create_foreign_key(
        op.f("fk_assignment_pledge_id_need_id"), "assignment", "pledge", ["pledge_id", "need_id"], ["id", "need_id"]
    )
    op.create_foreign_key(
        op.f("fk_scan_assignment_id_volunteer_id"),
        "scan",
        "assignment",
        ["assignment_id", "volunteer_id"],
        ["id", "volunteer_id"],
        onupdate="CASCADE",
    )
    for table, checks in CHECKS.items():
        for name, check in checks.items():
            op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({check})")
    for table in ("commitment", "assignment"):
        op.execute(f"DROP TRIGGER commitment_of_promise ON {table}")
    for statement in (COMMITMENTS, HOURS, REPORTS, REPLACEMENTS):
        op.execute(statement)
    for each in TRIGGERS:
        op.execute(trigger(*each))


def downgrade() -> None:
    """What was mended stays so."""
    op.execute("-- squawk-ignore-file ban-drop-constraint, ban-drop-function\nSET LOCAL lock_timeout = '5s'")
    for name, table, *_ in TRIGGERS:
        op.execute(f"DROP TRIGGER {name} ON {table}")
    op.execute("DROP FUNCTION keep_hours_of_duty(), keep_report_of_duty(), keep_replacement_of_duty()")
    op.execute(COMMITMENTS_BEFORE)
    for each in BEFORE:
        op.execute(trigger(*each))
    for table, checks in CHECKS.items():
        for name in checks:
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
    op.drop_constraint(op.f("fk_scan_assignment_id_volunteer_id"), "scan", type_="foreignkey")
    op.drop_constraint(op.f("fk_assignment_pledge_id_need_id"), "assignment", type_="foreignkey")
    op.drop_constraint(op.f("uq_pledge_id_need_id"), "pledge", type_="unique")
