"""Places in sessions of camps.

Revision: 0063
Revises: 0062
"""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


# Locked, so that of an enrolment and a cancellation at once the second finds the first.
CHECK = """
CREATE FUNCTION check_camp_enrolment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM camp_registration AS r JOIN camp_session AS s ON s.camp_id = r.camp_id
  WHERE r.id = NEW.registration_id AND s.id = NEW.session_id AND NOT s.is_required
    AND r.status IN ('REGISTERED', 'CHECKED_IN', 'COMPLETED')
  FOR SHARE OF r;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'The person has no place at the camp of the session, or everybody attends the session.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'of_session', TABLE = 'camp_enrolment';
  END IF;
  RETURN NEW;
END $$
"""
# `rows` are all of one statement, so that a bulk counts once.
COUNT = """
CREATE FUNCTION count_camp_enrolments() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    UPDATE camp_session SET taken = taken - counted.number
    FROM (SELECT session_id, count(*) AS number FROM old_rows GROUP BY session_id) AS counted WHERE id = counted.session_id;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    UPDATE camp_session SET taken = taken + counted.number
    FROM (SELECT session_id, count(*) AS number FROM new_rows GROUP BY session_id) AS counted WHERE id = counted.session_id;
  END IF;
  RETURN NULL;
END $$
"""
# Who is taken for not having come keeps group and sessions: an entry that arrives late gives the place back.
LEAVE = """
CREATE FUNCTION leave_camp_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM camp_enrolment WHERE registration_id = NEW.id;
  RETURN NULL;
END $$
"""
TRIGGERS = (
    (
        "CREATE TRIGGER check_camp_enrolment BEFORE INSERT OR UPDATE ON camp_enrolment"
        " FOR EACH ROW EXECUTE FUNCTION check_camp_enrolment()"
    ),
    *(
        f"CREATE TRIGGER count_camp_enrolments_{event.lower()} AFTER {event} ON camp_enrolment REFERENCING {rows}"
        " FOR EACH STATEMENT EXECUTE FUNCTION count_camp_enrolments()"
        for event, rows in (
            ("INSERT", "NEW TABLE AS new_rows"),
            ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            ("DELETE", "OLD TABLE AS old_rows"),
        )
    ),
)
LEAVES = (
    "CREATE TRIGGER {name} AFTER UPDATE OF status ON camp_registration"
    " FOR EACH ROW WHEN (NEW.status NOT IN ({statuses})) EXECUTE FUNCTION {name}()"
)
HOLDING = "'OFFERED', 'REGISTERED', 'CHECKED_IN', 'COMPLETED'"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "camp_enrolment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"], ["camp_registration.id"], name=op.f("fk_camp_enrolment_registration_id")
        ),
        sa.ForeignKeyConstraint(["session_id"], ["camp_session.id"], name=op.f("fk_camp_enrolment_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camp_enrolment")),
        sa.UniqueConstraint("session_id", "registration_id", name=op.f("uq_camp_enrolment_session_id_registration_id")),
    )
    op.create_index(op.f("ix_camp_enrolment_registration_id"), "camp_enrolment", ["registration_id"], unique=False)
    op.add_column("camp_session", sa.Column("taken", sa.Integer(), server_default="0", nullable=False))
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE camp_session ADD CONSTRAINT ck_camp_session_taken CHECK (((taken >= 0) AND (taken <= COALESCE(capacity, taken))))"
    )
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE scan DROP CONSTRAINT ck_scan_finding")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE scan ADD CONSTRAINT ck_scan_finding CHECK ((finding = ANY (ARRAY['UNKNOWN_CODE'::text, 'ANNULLED_CODE'::text, 'NOT_REGISTERED'::text, 'WAITING'::text, 'CANCELLED'::text, 'NOT_ENROLLED'::text, 'NO_DUTY'::text, 'WRONG_DAY'::text, 'IN_FUTURE'::text, 'ALREADY_INSIDE'::text, 'ALREADY_HAD'::text])))"
    )
    for statement in (CHECK, COUNT, LEAVE, *TRIGGERS):
        op.execute(statement)
    op.execute("DROP TRIGGER leave_camp_groups ON camp_registration")
    for name in ("leave_camp_groups", "leave_camp_sessions"):
        op.execute(LEAVES.format(name=name, statuses=f"{HOLDING}, 'NO_SHOW'"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER leave_camp_groups ON camp_registration")
    op.execute(LEAVES.format(name="leave_camp_groups", statuses=HOLDING))
    op.execute("DROP FUNCTION check_camp_enrolment(), count_camp_enrolments(), leave_camp_sessions() CASCADE")
    op.drop_index(op.f("ix_camp_enrolment_registration_id"), table_name="camp_enrolment")
    op.drop_table("camp_enrolment")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE camp_session DROP CONSTRAINT ck_camp_session_taken")
    op.drop_column("camp_session", "taken")
    # The log is kept by a trigger, but for the erasure of a person.
    op.execute("SET LOCAL sigap.erases_person = 'on'")
    op.execute("UPDATE scan SET finding = 'NOT_REGISTERED' WHERE finding = 'NOT_ENROLLED'")
    op.execute("SET LOCAL sigap.erases_person = ''")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE scan DROP CONSTRAINT ck_scan_finding")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE scan ADD CONSTRAINT ck_scan_finding CHECK ((finding = ANY (ARRAY['UNKNOWN_CODE'::text, 'ANNULLED_CODE'::text, 'NOT_REGISTERED'::text, 'WAITING'::text, 'CANCELLED'::text, 'NO_DUTY'::text, 'WRONG_DAY'::text, 'IN_FUTURE'::text, 'ALREADY_INSIDE'::text, 'ALREADY_HAD'::text])))"
    )
