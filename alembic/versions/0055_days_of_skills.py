"""Days of skills.

Revision: 0055
Revises: 0054
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


FUNCTIONS = (
    """
CREATE FUNCTION is_available(person volunteer) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN
  person.status = 'ACTIVE' AND person.consent_given_at IS NOT NULL AND person.consent_withdrawn_at IS NULL
""",
    # The days on which an organization stands: it is verified, and a registration is in force if one was revoked.
    """
CREATE FUNCTION standing_days(organization uuid) RETURNS datemultirange LANGUAGE sql STABLE RETURN (
  SELECT CASE
    WHEN o.verification <> 'VERIFIED' THEN '{}'::datemultirange
    WHEN NOT EXISTS (SELECT FROM licence WHERE organization_id = o.id AND kind = 'REGISTRATION' AND status = 'REVOKED')
      THEN '{(,)}'
    ELSE coalesce((SELECT range_agg(daterange(valid_from, valid_until, '[]')) FROM licence
      WHERE organization_id = o.id AND kind = 'REGISTRATION' AND status = 'CONFIRMED'), '{}') END
  FROM organization AS o WHERE o.id = standing_days.organization)
""",
    """
CREATE FUNCTION member_days(volunteer uuid) RETURNS datemultirange LANGUAGE sql STABLE RETURN (
  SELECT coalesce(range_agg(datemultirange(daterange(since, until, '[]')) * standing_days(organization_id)), '{}')
  FROM membership WHERE volunteer_id = member_days.volunteer)
""",
    """
CREATE FUNCTION skill_days_of(people uuid[]) RETURNS SETOF skill_days LANGUAGE sql STABLE BEGIN ATOMIC
  WITH person AS MATERIALIZED (
    SELECT id, province_code, kabupaten_code, is_available(volunteer) AS is_available, member_days(id) AS member_on
    FROM volunteer WHERE id = ANY (people))
  SELECT p.id, skill_code, province_code, kabupaten_code, is_available,
    range_agg(daterange(issued_on, expires_on, '[]')), member_on
  FROM person AS p JOIN certificate ON volunteer_id = p.id AND revoked_on IS NULL
  JOIN certificate_type_grant USING (certificate_type_code)
  GROUP BY p.id, skill_code, province_code, kabupaten_code, is_available, member_on;
END
""",
    # The people are locked before their organizations, so that what somebody else has changed meanwhile is seen.
    """
CREATE FUNCTION refresh_skill_days(people uuid[], left_organizations uuid[] = '{}') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM volunteer WHERE id = ANY (people) ORDER BY id FOR NO KEY UPDATE;
  PERFORM FROM organization WHERE id = ANY (left_organizations)
    OR id IN (SELECT organization_id FROM membership WHERE volunteer_id = ANY (people)) ORDER BY id FOR SHARE;
  WITH fresh AS MATERIALIZED (SELECT * FROM skill_days_of(people)), gone AS (
    DELETE FROM skill_days AS old WHERE volunteer_id = ANY (people)
      AND NOT EXISTS (SELECT FROM fresh WHERE (volunteer_id, skill_code) = (old.volunteer_id, old.skill_code)))
  INSERT INTO skill_days AS old SELECT * FROM fresh ORDER BY volunteer_id, skill_code
  ON CONFLICT (volunteer_id, skill_code) DO UPDATE SET province_code = excluded.province_code,
    kabupaten_code = excluded.kabupaten_code, is_available = excluded.is_available, trained_on = excluded.trained_on, member_on = excluded.member_on
    WHERE old IS DISTINCT FROM excluded;
END $$
""",
    # Of certificates and memberships.
    """
CREATE FUNCTION follow_records() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  people uuid[];
  organizations uuid[] = '{}';
BEGIN
  IF TG_OP = 'INSERT' THEN
    people = ARRAY(SELECT DISTINCT volunteer_id FROM new_rows);
  ELSIF TG_OP = 'DELETE' THEN
    people = ARRAY(SELECT DISTINCT volunteer_id FROM old_rows);
  ELSE
    people = ARRAY(SELECT volunteer_id FROM old_rows UNION SELECT volunteer_id FROM new_rows);
  END IF;
  IF TG_TABLE_NAME = 'membership' AND TG_OP <> 'INSERT' THEN
    organizations = ARRAY(SELECT DISTINCT organization_id FROM old_rows);
  END IF;
  IF people <> '{}' THEN
    PERFORM refresh_skill_days(people, organizations);
  END IF;
  RETURN NULL;
END $$
""",
    # The organization is locked. The rows are locked in a statement of their own: another organization of the same people
    # may have changed them meanwhile.
    """
CREATE FUNCTION refresh_member_days(organization uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  people uuid[] = ARRAY(SELECT DISTINCT volunteer_id FROM membership
    WHERE organization_id = refresh_member_days.organization);
BEGIN
  PERFORM FROM skill_days WHERE volunteer_id = ANY (people) ORDER BY volunteer_id, skill_code FOR UPDATE;
  WITH fresh AS MATERIALIZED (SELECT id, member_days(id) AS member_on FROM unnest(people) AS id)
  UPDATE skill_days SET member_on = fresh.member_on FROM fresh
  WHERE volunteer_id = fresh.id AND skill_days.member_on <> fresh.member_on;
END $$
""",
    """
CREATE FUNCTION follow_organization() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM refresh_member_days(NEW.id);
  RETURN NULL;
END $$
""",
    # Without a registration that is revoked none of them matters.
    """
CREATE FUNCTION follow_licence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  changed licence = CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  PERFORM FROM organization WHERE id = changed.organization_id FOR NO KEY UPDATE;
  IF (TG_OP <> 'INSERT' AND OLD.status = 'REVOKED') OR EXISTS (
    SELECT FROM licence WHERE organization_id = changed.organization_id AND kind = 'REGISTRATION' AND status = 'REVOKED')
  THEN
    PERFORM refresh_member_days(changed.organization_id);
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION follow_volunteer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE skill_days SET province_code = NEW.province_code, kabupaten_code = NEW.kabupaten_code,
    is_available = is_available(NEW) WHERE volunteer_id = NEW.id;
  RETURN NULL;
END $$
""",
    """
CREATE FUNCTION follow_grants() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  people uuid[] = ARRAY(SELECT DISTINCT volunteer_id FROM certificate
    WHERE certificate_type_code IN (SELECT certificate_type_code FROM changed_rows));
BEGIN
  IF people <> '{}' THEN
    PERFORM refresh_skill_days(people);
  END IF;
  RETURN NULL;
END $$
""",
)
_ROWS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}
TRIGGERS = (
    *(
        f"CREATE TRIGGER follow_{event.lower()} AFTER {event} ON {table} REFERENCING {rows}"
        " FOR EACH STATEMENT EXECUTE FUNCTION follow_records()"
        for table in ("certificate", "membership")
        for event, rows in _ROWS.items()
    ),
    (
        "CREATE TRIGGER follow_organization AFTER UPDATE OF verification ON organization FOR EACH ROW"
        " WHEN ((OLD.verification = 'VERIFIED') <> (NEW.verification = 'VERIFIED')) EXECUTE FUNCTION follow_organization()"
    ),
    *(
        f"CREATE TRIGGER follow_licence_{event.lower()} AFTER {event} ON licence FOR EACH ROW"
        f" WHEN ('REGISTRATION' IN ({kinds})) EXECUTE FUNCTION follow_licence()"
        for event, kinds in (("INSERT", "NEW.kind"), ("UPDATE", "OLD.kind, NEW.kind"), ("DELETE", "OLD.kind"))
    ),
    (
        "CREATE TRIGGER follow_volunteer AFTER UPDATE ON volunteer FOR EACH ROW"
        " WHEN ((OLD.kabupaten_code, is_available(OLD)) <> (NEW.kabupaten_code, is_available(NEW))) EXECUTE FUNCTION follow_volunteer()"
    ),
    *(
        f"CREATE TRIGGER follow_{event.lower()} AFTER {event} ON certificate_type_grant REFERENCING {rows} TABLE"
        " AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION follow_grants()"
        for event, rows in (("INSERT", "NEW"), ("DELETE", "OLD"))
    ),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "skill_days",
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("skill_code", sa.Text(), nullable=False),
        sa.Column("province_code", sa.Text(), nullable=False),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.Column("is_available", sa.Boolean(), nullable=False),
        sa.Column("trained_on", postgresql.DATEMULTIRANGE(), nullable=False),
        sa.Column("member_on", postgresql.DATEMULTIRANGE(), nullable=False),
        sa.PrimaryKeyConstraint("volunteer_id", "skill_code", name=op.f("pk_skill_days")),
    )
    # Certificates and memberships are read, but not written, until the rows are there: up to 20 seconds for 200,000 people.
    for statement in (*FUNCTIONS, *TRIGGERS):
        op.execute(statement)
    op.execute("INSERT INTO skill_days SELECT * FROM skill_days_of(ARRAY(SELECT id FROM volunteer))")
    op.create_index(
        op.f("ix_skill_days_province_code_skill_code"),
        "skill_days",
        ["province_code", "skill_code"],
        unique=False,
        postgresql_include=["volunteer_id", "kabupaten_code", "is_available", "trained_on", "member_on"],
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "DROP FUNCTION follow_records(), follow_organization(), follow_licence(), follow_volunteer(), follow_grants() CASCADE"
    )
    op.execute("DROP FUNCTION refresh_skill_days(uuid[], uuid[]), refresh_member_days(uuid), skill_days_of(uuid[])")
    op.execute("DROP FUNCTION member_days(uuid), standing_days(uuid), is_available(volunteer)")
    op.drop_table("skill_days")
