"""What the services promise is held in plain SQL too: places of a need, the time of a promise, the feed.

Revision: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# A place is a person at a time: at the beginning of each commitment to the need, those that run are counted.
PLACES = """
CREATE FUNCTION keep_places_of_need() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted integer;
  need_key uuid;
BEGIN
  IF TG_TABLE_NAME = 'commitment' THEN
    SELECT need_id INTO need_key FROM assignment WHERE id = (to_jsonb(NEW) ->> 'assignment_id')::uuid;
  ELSE
    need_key := to_jsonb(NEW) ->> CASE TG_TABLE_NAME WHEN 'need' THEN 'id' ELSE 'need_id' END;
  END IF;
  -- The need first, so that of two acceptances at once the second finds the first. Not FOR UPDATE: both hold the lock of their
  -- foreign key already, and would wait for each other.
  SELECT people_wanted INTO wanted FROM need WHERE id = need_key FOR NO KEY UPDATE;
  IF EXISTS (
    SELECT FROM assignment AS one JOIN commitment AS begun ON begun.assignment_id = one.id
    WHERE one.need_id = need_key AND wanted < (
      SELECT count(*) FROM assignment AS other JOIN commitment AS running ON running.assignment_id = other.id
      WHERE other.need_id = need_key AND running.period @> lower(begun.period))
  ) THEN
    RAISE EXCEPTION 'A need cannot have more people at a time than it wants.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'places_of_need', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$
"""
# What is promised or running is committed as a whole; what is completed, for the time that was served.
COMMITMENTS = """
CREATE FUNCTION keep_commitment_of_promise() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  -- Of a commitment that is changed or deleted, the assignment that it was for.
  key uuid := CASE TG_TABLE_NAME WHEN 'commitment' THEN to_jsonb(OLD) ->> 'assignment_id' ELSE to_jsonb(NEW) ->> 'id' END;
BEGIN
  IF EXISTS (
    SELECT FROM assignment AS a
    WHERE a.id = key AND a.status IN ('ACCEPTED', 'MOBILIZED', 'ON_DUTY', 'COMPLETED') AND NOT EXISTS (
      SELECT FROM commitment AS c WHERE c.assignment_id = a.id AND c.volunteer_id = a.volunteer_id
        AND (a.status = 'COMPLETED' OR c.period @> tstzrange(a.starts_at, a.ends_at)))
  ) THEN
    RAISE EXCEPTION 'What a person has promised needs its commitment.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'commitment_of_promise', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$
"""
FEED = """
CREATE FUNCTION keep_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('sigap.erases_person', true) IS DISTINCT FROM 'on' THEN
    RAISE EXCEPTION 'An event is never changed or deleted.'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'event_is_kept', TABLE = 'event';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
"""
# What was said of a person goes, that something was done stays.
ERASE = """
CREATE FUNCTION erase_person_from_events(person uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('sigap.erases_person', 'on', true);
  UPDATE event SET reason = NULL, change = change - 'reason' WHERE (subject_type, subject_key) IN (
    SELECT 'Volunteer', person::text
    UNION ALL SELECT 'Assignment', id::text FROM assignment WHERE volunteer_id = person
    UNION ALL SELECT 'Certificate', id::text FROM certificate WHERE volunteer_id = person
    UNION ALL SELECT 'Membership', id::text FROM membership WHERE volunteer_id = person);
  PERFORM set_config('sigap.erases_person', '', true);
END $$
"""
DEFERRED = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
TRIGGERS = (
    f"""
CREATE CONSTRAINT TRIGGER places_of_need AFTER INSERT OR UPDATE ON commitment
{DEFERRED} WHEN (NEW.assignment_id IS NOT NULL) EXECUTE FUNCTION keep_places_of_need()
""",
    f"""
CREATE CONSTRAINT TRIGGER places_of_need AFTER UPDATE ON assignment
{DEFERRED} WHEN (NEW.need_id <> OLD.need_id) EXECUTE FUNCTION keep_places_of_need()
""",
    f"""
CREATE CONSTRAINT TRIGGER places_of_need AFTER UPDATE ON need
{DEFERRED} WHEN (NEW.people_wanted < OLD.people_wanted) EXECUTE FUNCTION keep_places_of_need()
""",
    f"""
CREATE CONSTRAINT TRIGGER commitment_of_promise AFTER INSERT OR UPDATE ON assignment
{DEFERRED} WHEN (NEW.status IN ('ACCEPTED', 'MOBILIZED', 'ON_DUTY', 'COMPLETED'))
EXECUTE FUNCTION keep_commitment_of_promise()
""",
    f"""
CREATE CONSTRAINT TRIGGER commitment_of_promise AFTER UPDATE OR DELETE ON commitment
{DEFERRED} WHEN (OLD.assignment_id IS NOT NULL) EXECUTE FUNCTION keep_commitment_of_promise()
""",
    """
CREATE TRIGGER event_is_kept BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION keep_event()
""",
    """
CREATE TRIGGER event_is_not_truncated BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION keep_event()
""",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in (PLACES, COMMITMENTS, FEED, ERASE, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    for trigger, tables in (
        ("places_of_need", ("commitment", "assignment", "need")),
        ("commitment_of_promise", ("assignment", "commitment")),
        ("event_is_kept", ("event",)),
        ("event_is_not_truncated", ("event",)),
    ):
        for table in tables:
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
    op.execute("""
DROP FUNCTION keep_places_of_need(), keep_commitment_of_promise(), keep_event(), erase_person_from_events(uuid)
""")
