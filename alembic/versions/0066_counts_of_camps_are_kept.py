"""Counts of camps are kept.

Revision: 0066
Revises: 0065
"""

from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

# What the triggers count is not set by hand: every limit rests on it. Their own statements run at a depth above 0.
COUNTED = (
    ("camp", "taken"),
    ("contingent", "named"),
    ("camp_quota", "taken"),
    ("camp_group", "taken"),
    ("camp_session", "taken"),
)
REFUSE_COUNT = """
CREATE FUNCTION refuse_count_of_camp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Triggers count this; it is not set.'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'counted', TABLE = TG_TABLE_NAME;
END $$
"""
# What is part of a camp stays there, and a group stays what its members were compared with.
STAYING = (
    *(
        (table, "camp_id")
        for table in (
            *("contingent", "camp_quota", "camp_group", "camp_session"),
            *("camp_registration", "camp_staff_member"),
        )
    ),
    ("camp_group", "kind"),
    ("camp_group", "sex"),
)
REFUSE_MOVE = """
CREATE FUNCTION refuse_move_of_camp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'A part of a camp stays what it is a part of.'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'stays_at_camp', TABLE = TG_TABLE_NAME;
END $$
"""
# Whoever is in a group for one sex only is of that sex.
CHECK_SEX = """
CREATE FUNCTION check_sex_in_groups() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM camp_group_member AS m JOIN camp_group AS g ON g.id = m.group_id
    WHERE m.registration_id = NEW.id AND g.sex IS DISTINCT FROM NEW.sex AND g.sex IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'The person is in a group for the other sex.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'of_group', TABLE = 'camp_registration';
  END IF;
  RETURN NULL;
END $$
"""
TRIGGERS = (
    *(
        f"CREATE TRIGGER counted_{column} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW"
        f" WHEN (NEW.{column} <> OLD.{column} AND pg_trigger_depth() = 0) EXECUTE FUNCTION refuse_count_of_camp()"
        for table, column in COUNTED
    ),
    # A quota counts who is there already when it is made.
    *(
        f"CREATE TRIGGER counted_from_zero BEFORE INSERT ON {table} FOR EACH ROW"
        f" WHEN (NEW.{column} <> 0) EXECUTE FUNCTION refuse_count_of_camp()"
        for table, column in COUNTED
        if table != "camp_quota"
    ),
    *(
        f"CREATE TRIGGER stays_{column} BEFORE UPDATE OF {column} ON {table} FOR EACH ROW"
        f" WHEN (NEW.{column} IS DISTINCT FROM OLD.{column}) EXECUTE FUNCTION refuse_move_of_camp()"
        for table, column in STAYING
    ),
    (
        "CREATE TRIGGER check_sex_in_groups AFTER UPDATE OF sex ON camp_registration FOR EACH ROW"
        " WHEN (NEW.sex IS DISTINCT FROM OLD.sex) EXECUTE FUNCTION check_sex_in_groups()"
    ),
)
# What its medics know of a person goes with the person.
ERASE = """
CREATE OR REPLACE FUNCTION erase_person(person uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM erase_texts_about_person(person);
  DELETE FROM upload WHERE id IN (SELECT evidence_id FROM certificate_request WHERE volunteer_id = person);{care}
END $$
"""
CARE = """
  DELETE FROM camp_care WHERE registration_id IN (SELECT id FROM camp_registration WHERE volunteer_id = person);"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in (REFUSE_COUNT, REFUSE_MOVE, CHECK_SEX, *TRIGGERS, ERASE.format(care=CARE)):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION refuse_count_of_camp(), refuse_move_of_camp(), check_sex_in_groups() CASCADE")
    op.execute(ERASE.format(care=""))
