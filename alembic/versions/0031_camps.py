"""Camps.

Revision: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


# What holds a place is counted by the camp or the contingent, and by every quota that it meets. `rows` are all of one
# statement, so that a bulk counts once.
COUNT_PLACES = """
CREATE FUNCTION count_places(rows camp_registration[], step integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE camp SET taken = taken + step * counted.number
  FROM (SELECT camp_id, count(*) AS number FROM unnest(rows) WHERE contingent_id IS NULL GROUP BY camp_id) AS counted
  WHERE id = counted.camp_id;
  UPDATE contingent SET named = named + step * counted.number
  FROM (SELECT contingent_id, count(*) AS number FROM unnest(rows) GROUP BY contingent_id) AS counted
  WHERE id = counted.contingent_id;
  UPDATE camp_quota SET taken = taken + step * counted.number
  FROM (
    SELECT quota.id, count(*) AS number FROM unnest(rows) AS one JOIN camp_quota AS quota ON is_of_quota(one, quota) GROUP BY quota.id
  ) AS counted
  WHERE camp_quota.id = counted.id;
END $$
"""
IS_OF_QUOTA = """
CREATE FUNCTION is_of_quota(one camp_registration, quota camp_quota) RETURNS boolean LANGUAGE sql STABLE AS $$
SELECT one.camp_id = quota.camp_id
  AND (quota.organization_id IS NULL OR quota.organization_id IS NOT DISTINCT FROM one.organization_id)
  AND (quota.kabupaten_code IS NULL OR quota.kabupaten_code = one.kabupaten_code)
  AND (quota.category_code IS NULL OR quota.category_code = one.category_code)
  AND (quota.sex IS NULL OR quota.sex IS NOT DISTINCT FROM one.sex)
$$
"""
HOLDS_PLACE = """
CREATE FUNCTION holds_place(one camp_registration) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
SELECT one.status IN ('OFFERED', 'REGISTERED', 'CHECKED_IN', 'COMPLETED')
$$
"""
# Of an update that changes nothing of this kind, nothing is counted.
KEEP_PLACES = """
CREATE FUNCTION keep_places_of_camp() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  lost camp_registration[];
  won camp_registration[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    won := ARRAY(SELECT one FROM new_rows AS one WHERE holds_place(one));
  ELSIF TG_OP = 'DELETE' THEN
    lost := ARRAY(SELECT one FROM old_rows AS one WHERE holds_place(one));
  ELSE
    lost := ARRAY(SELECT o FROM old_rows AS o JOIN new_rows AS n USING (id) WHERE holds_place(o) AND {changed});
    won := ARRAY(SELECT n FROM old_rows AS o JOIN new_rows AS n USING (id) WHERE holds_place(n) AND {changed});
  END IF;
  -- The camps first, in one order, so that of two at once the second finds what the first has counted.
  PERFORM FROM camp WHERE id IN (SELECT camp_id FROM unnest(lost || won)) ORDER BY id FOR NO KEY UPDATE;
  IF EXISTS (
    SELECT FROM unnest(won) AS one JOIN contingent ON contingent.id = one.contingent_id WHERE contingent.camp_id <> one.camp_id
  ) THEN
    RAISE EXCEPTION 'A contingent takes people of its own camp only.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'contingent_of_camp', TABLE = 'camp_registration';
  END IF;
  PERFORM count_places(lost, -1), count_places(won, 1);
  RETURN NULL;
END $$
"""
CHANGED = """(NOT (holds_place(o) AND holds_place(n))
      OR (o.camp_id, o.contingent_id, o.organization_id, o.kabupaten_code, o.category_code, o.sex)
        IS DISTINCT FROM (n.camp_id, n.contingent_id, n.organization_id, n.kabupaten_code, n.category_code, n.sex))"""
KEEP_CONTINGENT = """
CREATE FUNCTION keep_places_of_contingent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.held <> 0 THEN
    UPDATE camp SET taken = taken - OLD.held WHERE id = OLD.camp_id;
  END IF;
  IF TG_OP <> 'DELETE' AND NEW.held <> 0 THEN
    UPDATE camp SET taken = taken + NEW.held WHERE id = NEW.camp_id;
  END IF;
  RETURN NULL;
END $$
"""
# A quota that is new, or of somebody else now, counts who is there already.
COUNT_QUOTA = """
CREATE FUNCTION count_quota() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM camp WHERE id = NEW.camp_id FOR NO KEY UPDATE;
  NEW.taken := (
    SELECT count(*) FROM camp_registration AS one
    WHERE one.camp_id = NEW.camp_id AND holds_place(one) AND is_of_quota(one, NEW)
  );
  RETURN NEW;
END $$
"""
# Who has a place, or was there, has promised the time; who has a place, until the end of the camp.
KEEP_COMMITMENT = """
CREATE FUNCTION keep_commitment_of_place() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  key uuid := CASE TG_TABLE_NAME WHEN 'commitment' THEN to_jsonb(OLD) ->> 'registration_id' ELSE to_jsonb(NEW) ->> 'id' END;
BEGIN
  IF EXISTS (
    SELECT FROM camp_registration AS one JOIN camp ON camp.id = one.camp_id
    WHERE {this} = key AND one.status IN ('REGISTERED', 'CHECKED_IN', 'COMPLETED') AND one.volunteer_id IS NOT NULL
      AND NOT EXISTS (
        SELECT FROM commitment AS c WHERE c.registration_id = one.id AND c.volunteer_id = one.volunteer_id
          AND (one.status <> 'REGISTERED' OR upper(c.period) = camp.ends_at))
  ) THEN
    RAISE EXCEPTION 'Who has a place at a camp needs its commitment.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'commitment_of_place', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$
"""
IN_CAMP = "CASE TG_TABLE_NAME WHEN 'camp' THEN one.camp_id ELSE one.id END"
DEFERRED = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
TRIGGERS = (
    *(
        f"""
CREATE TRIGGER places_of_camp_{event.lower()} AFTER {event} ON camp_registration REFERENCING {rows}
FOR EACH STATEMENT EXECUTE FUNCTION keep_places_of_camp()
"""
        for event, rows in (
            ("INSERT", "NEW TABLE AS new_rows"),
            ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
            ("DELETE", "OLD TABLE AS old_rows"),
        )
    ),
    """
CREATE TRIGGER places_of_contingent AFTER INSERT OR UPDATE OR DELETE ON contingent
FOR EACH ROW EXECUTE FUNCTION keep_places_of_contingent()
""",
    """
CREATE TRIGGER count_quota BEFORE INSERT OR UPDATE OF camp_id, organization_id, kabupaten_code, category_code, sex
ON camp_quota FOR EACH ROW EXECUTE FUNCTION count_quota()
""",
    f"""
CREATE CONSTRAINT TRIGGER commitment_of_place AFTER INSERT OR UPDATE ON camp_registration
{DEFERRED} WHEN (NEW.status IN ('REGISTERED', 'CHECKED_IN', 'COMPLETED')) EXECUTE FUNCTION keep_commitment_of_place()
""",
    f"""
CREATE CONSTRAINT TRIGGER commitment_of_place AFTER UPDATE OR DELETE ON commitment
{DEFERRED} WHEN (OLD.registration_id IS NOT NULL) EXECUTE FUNCTION keep_commitment_of_place()
""",
    f"""
CREATE CONSTRAINT TRIGGER commitment_of_place AFTER UPDATE ON camp
{DEFERRED} WHEN (NEW.ends_at <> OLD.ends_at) EXECUTE FUNCTION keep_commitment_of_place()
""",
)
FUNCTIONS = (
    *(IS_OF_QUOTA, HOLDS_PLACE, COUNT_PLACES, KEEP_PLACES.format(changed=CHANGED), KEEP_CONTINGENT, COUNT_QUOTA),
    KEEP_COMMITMENT.format(this=IN_CAMP),
)


def upgrade() -> None:
    # This runs while the server starts, on tables that nobody else uses yet.
    op.execute(
        "-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint,"
        " require-concurrent-index-creation, disallowed-unique-constraint\nSET LOCAL lock_timeout = '5s'"
    )
    op.create_table(
        "camp_category",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_camp_category_code_symbol")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_camp_category")),
    )
    op.create_table(
        "payer",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_payer_code_symbol")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_payer")),
    )
    op.create_table(
        "camp_kind",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("attendees", sa.Text(), nullable=False),
        sa.Column("minimum_age", sa.Integer(), nullable=True),
        sa.Column("minimum_rank_code", sa.Text(), nullable=True),
        sa.Column("certificate_type_code", sa.Text(), nullable=True),
        sa.Column("lapsed_years", sa.Integer(), nullable=True),
        sa.Column("needs_consent", sa.Boolean(), nullable=False),
        sa.Column("attendance_percent", sa.Integer(), nullable=False),
        sa.Column("needs_result", sa.Boolean(), nullable=False),
        sa.CheckConstraint("attendees IN ('VOLUNTEERS', 'INSTITUTIONS')", name=op.f("ck_camp_kind_attendees")),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_camp_kind_code_symbol")),
        sa.ForeignKeyConstraint(
            ["certificate_type_code"], ["certificate_type.code"], name=op.f("fk_camp_kind_certificate_type_code")
        ),
        sa.ForeignKeyConstraint(["minimum_rank_code"], ["rank.code"], name=op.f("fk_camp_kind_minimum_rank_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_camp_kind")),
    )
    op.create_table(
        "camp",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("kind_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(collation="C"), nullable=False),
        sa.Column("sort_key", sa.Text(collation="C"), nullable=False),
        sa.Column("series", sa.Text(), nullable=True),
        sa.Column("series_key", sa.Text(collation="C"), nullable=True),
        sa.Column("host_id", sa.Uuid(), nullable=False),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("registration_opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registration_closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("self_registration", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attendees", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("offers_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offer_hours", sa.Integer(), server_default="24", nullable=False),
        sa.Column("minimum_age", sa.Integer(), nullable=True),
        sa.Column("minimum_rank_code", sa.Text(), nullable=True),
        sa.Column("certificate_type_code", sa.Text(), nullable=True),
        sa.Column("lapsed_years", sa.Integer(), nullable=True),
        sa.Column("needs_consent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("attendance_percent", sa.Integer(), server_default="100", nullable=False),
        sa.Column("needs_result", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=True),
        sa.Column("issuer_agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("participant_certificate_code", sa.Text(), nullable=True),
        sa.Column("instructor_certificate_code", sa.Text(), nullable=True),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("attendees IN ('VOLUNTEERS', 'INSTITUTIONS')", name=op.f("ck_camp_attendees")),
        sa.CheckConstraint(
            "status IN ('DRAFT', 'OPEN', 'CLOSED', 'RUNNING', 'COMPLETED', 'CANCELLED')", name=op.f("ck_camp_status")
        ),
        sa.CheckConstraint("attendance_percent BETWEEN 0 AND 100", name=op.f("ck_camp_attendance_percent")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 100000", name=op.f("ck_camp_capacity")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_camp_ends_after_start")),
        sa.CheckConstraint("issuer_agreed_at IS NULL OR issuer_id IS NOT NULL", name=op.f("ck_camp_agreed_by_issuer")),
        sa.CheckConstraint("lapsed_years BETWEEN 0 AND 50", name=op.f("ck_camp_lapsed_years")),
        sa.CheckConstraint("last_number >= 0", name=op.f("ck_camp_last_number")),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_camp_position")
        ),
        sa.CheckConstraint("minimum_age BETWEEN 0 AND 100", name=op.f("ck_camp_minimum_age")),
        sa.CheckConstraint("offer_hours BETWEEN 1 AND 720", name=op.f("ck_camp_offer_hours")),
        sa.CheckConstraint("registration_closes_at > registration_opens_at", name=op.f("ck_camp_closes_after_opening")),
        sa.CheckConstraint("taken BETWEEN 0 AND capacity", name=op.f("ck_camp_taken")),
        sa.ForeignKeyConstraint(
            ["certificate_type_code"], ["certificate_type.code"], name=op.f("fk_camp_certificate_type_code")
        ),
        sa.ForeignKeyConstraint(["host_id"], ["organization.id"], name=op.f("fk_camp_host_id")),
        sa.ForeignKeyConstraint(
            ["instructor_certificate_code"], ["certificate_type.code"], name=op.f("fk_camp_instructor_certificate_code")
        ),
        sa.ForeignKeyConstraint(["issuer_id"], ["organization.id"], name=op.f("fk_camp_issuer_id")),
        sa.ForeignKeyConstraint(["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_camp_kabupaten_code")),
        sa.ForeignKeyConstraint(["kind_code"], ["camp_kind.code"], name=op.f("fk_camp_kind_code")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_camp_site_id")),
        sa.ForeignKeyConstraint(["minimum_rank_code"], ["rank.code"], name=op.f("fk_camp_minimum_rank_code")),
        sa.ForeignKeyConstraint(
            ["participant_certificate_code"],
            ["certificate_type.code"],
            name=op.f("fk_camp_participant_certificate_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camp")),
    )
    op.create_index(op.f("ix_camp_created_at_id"), "camp", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_camp_host_id_starts_at_id"), "camp", ["host_id", "starts_at", "id"], unique=False)
    op.create_index(
        op.f("ix_camp_kabupaten_code_starts_at_id"), "camp", ["kabupaten_code", "starts_at", "id"], unique=False
    )
    op.create_index(
        "ix_camp_search_key",
        "camp",
        ["search_key"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_key": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_camp_site_id"), "camp", ["site_id"], unique=False)
    op.create_index(op.f("ix_camp_series_key"), "camp", ["series_key"], unique=False)
    op.create_index(op.f("ix_camp_sort_key_id"), "camp", ["sort_key", "id"], unique=False)
    op.create_index(op.f("ix_camp_starts_at_id"), "camp", ["starts_at", "id"], unique=False)
    op.create_table(
        "camp_quota",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("camp_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("kabupaten_code", sa.Text(), nullable=True),
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("sex IN ('FEMALE', 'MALE')", name=op.f("ck_camp_quota_sex")),
        sa.CheckConstraint(
            "num_nonnulls(organization_id, kabupaten_code, category_code, sex) > 0",
            name=op.f("ck_camp_quota_of_somebody"),
        ),
        sa.CheckConstraint("places BETWEEN 0 AND 100000", name=op.f("ck_camp_quota_places")),
        sa.CheckConstraint("taken BETWEEN 0 AND places", name=op.f("ck_camp_quota_taken")),
        sa.ForeignKeyConstraint(["camp_id"], ["camp.id"], name=op.f("fk_camp_quota_camp_id")),
        sa.ForeignKeyConstraint(["category_code"], ["camp_category.code"], name=op.f("fk_camp_quota_category_code")),
        sa.ForeignKeyConstraint(["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_camp_quota_kabupaten_code")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_camp_quota_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camp_quota")),
        sa.UniqueConstraint(
            "camp_id",
            "organization_id",
            "kabupaten_code",
            "category_code",
            "sex",
            name="uq_camp_quota_once",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_camp_quota_camp_id_created_at_id"), "camp_quota", ["camp_id", "created_at", "id"], unique=False
    )
    op.create_index(op.f("ix_camp_quota_created_at_id"), "camp_quota", ["created_at", "id"], unique=False)
    op.create_table(
        "contingent",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("camp_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("kabupaten_code", sa.Text(), nullable=True),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("payer_code", sa.Text(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("named", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "held",
            sa.Integer(),
            sa.Computed("CASE WHEN status = 'ALLOTTED' THEN places ELSE named END", persisted=True),
            nullable=False,
        ),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("leader_id", sa.Uuid(), nullable=True),
        sa.Column("letter_number", sa.Text(), nullable=True),
        sa.Column("names_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrives_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("transport", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("status <> 'WAITLISTED' OR number IS NOT NULL", name=op.f("ck_contingent_waits_by_number")),
        sa.CheckConstraint(
            "status IN ('ASKED', 'WAITLISTED', 'ALLOTTED', 'NAMED', 'RELEASED')", name=op.f("ck_contingent_status")
        ),
        sa.CheckConstraint(
            "status NOT IN ('ASKED', 'WAITLISTED') OR named = 0", name=op.f("ck_contingent_allotted_before_named")
        ),
        sa.CheckConstraint("named BETWEEN 0 AND places", name=op.f("ck_contingent_named")),
        sa.CheckConstraint("num_nonnulls(organization_id, kabupaten_code) = 1", name=op.f("ck_contingent_of_one")),
        sa.CheckConstraint("places BETWEEN 1 AND 100000", name=op.f("ck_contingent_places")),
        sa.ForeignKeyConstraint(["camp_id"], ["camp.id"], name=op.f("fk_contingent_camp_id")),
        sa.ForeignKeyConstraint(["category_code"], ["camp_category.code"], name=op.f("fk_contingent_category_code")),
        sa.ForeignKeyConstraint(["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_contingent_kabupaten_code")),
        sa.ForeignKeyConstraint(["leader_id"], ["volunteer.id"], name=op.f("fk_contingent_leader_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_contingent_organization_id")),
        sa.ForeignKeyConstraint(["payer_code"], ["payer.code"], name=op.f("fk_contingent_payer_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contingent")),
        sa.UniqueConstraint("camp_id", "number", name=op.f("uq_contingent_camp_id_number")),
    )
    op.create_index(
        op.f("ix_contingent_camp_id_created_at_id"), "contingent", ["camp_id", "created_at", "id"], unique=False
    )
    op.create_index(op.f("ix_contingent_created_at_id"), "contingent", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_contingent_kabupaten_code"), "contingent", ["kabupaten_code"], unique=False)
    op.create_index(op.f("ix_contingent_leader_id"), "contingent", ["leader_id"], unique=False)
    op.create_index(
        op.f("ix_contingent_organization_id_created_at_id"),
        "contingent",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "camp_registration",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("camp_id", sa.Uuid(), nullable=False),
        sa.Column("contingent_id", sa.Uuid(), nullable=True),
        sa.Column("volunteer_id", sa.Uuid(), nullable=True),
        sa.Column("guest_name", sa.Text(), nullable=True),
        sa.Column("guest_key", sa.Text(collation="C"), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("offered_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("has_consent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("admission_reason", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("sex IN ('FEMALE', 'MALE')", name=op.f("ck_camp_registration_sex")),
        sa.CheckConstraint(
            "status <> 'OFFERED' OR offered_until IS NOT NULL",
            name=op.f("ck_camp_registration_offered_until_an_instant"),
        ),
        sa.CheckConstraint(
            "status IN ('WAITLISTED', 'OFFERED', 'REGISTERED', 'CHECKED_IN', 'COMPLETED', 'NO_SHOW', 'RELEASED', 'CANCELLED', 'EXPIRED')",
            name=op.f("ck_camp_registration_status"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(volunteer_id, guest_name) = 1", name=op.f("ck_camp_registration_of_one_person")
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_camp_registration_number")),
        sa.CheckConstraint(
            "volunteer_id IS NOT NULL OR organization_id IS NOT NULL",
            name=op.f("ck_camp_registration_guest_of_an_organization"),
        ),
        sa.ForeignKeyConstraint(["camp_id"], ["camp.id"], name=op.f("fk_camp_registration_camp_id")),
        sa.ForeignKeyConstraint(
            ["category_code"], ["camp_category.code"], name=op.f("fk_camp_registration_category_code")
        ),
        sa.ForeignKeyConstraint(["contingent_id"], ["contingent.id"], name=op.f("fk_camp_registration_contingent_id")),
        sa.ForeignKeyConstraint(
            ["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_camp_registration_kabupaten_code")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_camp_registration_organization_id")
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"], ["camp_registration.id"], name=op.f("fk_camp_registration_replaces_id")
        ),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_camp_registration_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camp_registration")),
        sa.UniqueConstraint("camp_id", "number", name=op.f("uq_camp_registration_camp_id_number")),
    )
    op.create_index(
        op.f("ix_camp_registration_camp_id_created_at_id"),
        "camp_registration",
        ["camp_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_camp_registration_contingent_id_number"),
        "camp_registration",
        ["contingent_id", "number"],
        unique=False,
    )
    op.create_index(op.f("ix_camp_registration_created_at_id"), "camp_registration", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_camp_registration_number_id"), "camp_registration", ["number", "id"], unique=False)
    op.create_index(
        op.f("ix_camp_registration_organization_id_created_at_id"),
        "camp_registration",
        ["organization_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_camp_registration_replaces_id"), "camp_registration", ["replaces_id"], unique=False)
    op.create_index(
        op.f("ix_camp_registration_volunteer_id_created_at_id"),
        "camp_registration",
        ["volunteer_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_camp_registration_waiting",
        "camp_registration",
        ["camp_id", "number"],
        unique=False,
        postgresql_where=sa.text("status = 'WAITLISTED'"),
    )
    op.create_index(
        "uq_camp_registration_guest",
        "camp_registration",
        ["camp_id", "organization_id", "guest_key"],
        unique=True,
        postgresql_where=sa.text(
            "guest_key IS NOT NULL AND status IN ('WAITLISTED', 'OFFERED', 'REGISTERED', 'CHECKED_IN', 'COMPLETED')"
        ),
    )
    op.create_index(
        "uq_camp_registration_volunteer",
        "camp_registration",
        ["camp_id", "volunteer_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('WAITLISTED', 'OFFERED', 'REGISTERED', 'CHECKED_IN', 'COMPLETED')"),
    )
    op.create_table(
        "camp_staff_member",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("camp_id", sa.Uuid(), nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("duty", sa.Text(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "duty IN ('COMMITTEE', 'INSTRUCTOR', 'MEDIC', 'COOK')", name=op.f("ck_camp_staff_member_duty")
        ),
        sa.ForeignKeyConstraint(["camp_id"], ["camp.id"], name=op.f("fk_camp_staff_member_camp_id")),
        sa.ForeignKeyConstraint(["role_id"], ["role.id"], name=op.f("fk_camp_staff_member_role_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_camp_staff_member_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camp_staff_member")),
    )
    op.create_index(
        op.f("ix_camp_staff_member_camp_id_created_at_id"),
        "camp_staff_member",
        ["camp_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_camp_staff_member_created_at_id"), "camp_staff_member", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_camp_staff_member_volunteer_id"), "camp_staff_member", ["volunteer_id"], unique=False)
    op.create_index(
        "uq_camp_staff_member_once",
        "camp_staff_member",
        ["camp_id", "volunteer_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "camp_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("camp_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("instructor_id", sa.Uuid(), nullable=True),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.CheckConstraint("capacity BETWEEN 1 AND 100000", name=op.f("ck_camp_session_capacity")),
        sa.CheckConstraint("capacity IS NULL OR NOT is_required", name=op.f("ck_camp_session_required_for_all")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_camp_session_ends_after_start")),
        sa.ForeignKeyConstraint(["camp_id"], ["camp.id"], name=op.f("fk_camp_session_camp_id")),
        sa.ForeignKeyConstraint(
            ["instructor_id"], ["camp_staff_member.id"], name=op.f("fk_camp_session_instructor_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_camp_session")),
    )
    op.create_index(
        op.f("ix_camp_session_camp_id_starts_at_id"), "camp_session", ["camp_id", "starts_at", "id"], unique=False
    )
    op.create_index(op.f("ix_camp_session_created_at_id"), "camp_session", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_camp_session_instructor_id"), "camp_session", ["instructor_id"], unique=False)
    op.create_index(op.f("ix_camp_session_starts_at_id"), "camp_session", ["starts_at", "id"], unique=False)
    op.add_column("commitment", sa.Column("registration_id", sa.Uuid(), nullable=True))
    op.add_column("commitment", sa.Column("staff_member_id", sa.Uuid(), nullable=True))
    op.create_unique_constraint(op.f("uq_commitment_registration_id"), "commitment", ["registration_id"])
    op.create_unique_constraint(op.f("uq_commitment_staff_member_id"), "commitment", ["staff_member_id"])
    op.create_foreign_key(
        op.f("fk_commitment_staff_member_id"), "commitment", "camp_staff_member", ["staff_member_id"], ["id"]
    )
    op.create_foreign_key(
        op.f("fk_commitment_registration_id"), "commitment", "camp_registration", ["registration_id"], ["id"]
    )
    op.add_column("role", sa.Column("camp_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_role_camp_id"), "role", ["camp_id"], unique=False)
    op.create_foreign_key(op.f("fk_role_camp_id"), "role", "camp", ["camp_id"], ["id"])
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE commitment ADD CONSTRAINT ck_commitment_for_one_thing CHECK ((num_nonnulls(assignment_id, registration_id, staff_member_id) = 1))"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE role ADD CONSTRAINT ck_role_camp_of_staff CHECK (((camp_id IS NULL) OR (kind = 'CAMP_STAFF'::text)))"
    )
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE role DROP CONSTRAINT ck_role_one_scope")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE role ADD CONSTRAINT ck_role_one_scope CHECK ((num_nonnulls(province_code, kabupaten_code, organization_id, camp_id) <= 1))"
    )
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE role DROP CONSTRAINT ck_role_scope_of_kind")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE role ADD CONSTRAINT ck_role_scope_of_kind CHECK (((kind = ANY (ARRAY['MANAGER'::text, 'CAMP_STAFF'::text])) = (num_nonnulls(organization_id, camp_id) = 1)))"
    )
    for statement in (*FUNCTIONS, *TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("""
DROP FUNCTION keep_places_of_camp(), keep_places_of_contingent(), count_quota(), keep_commitment_of_place(),
  count_places(camp_registration[], integer), is_of_quota(camp_registration, camp_quota), holds_place(camp_registration)
CASCADE
""")
    op.execute("UPDATE camp_staff_member SET role_id = NULL")
    op.execute("DELETE FROM role WHERE camp_id IS NOT NULL")
    op.execute("DELETE FROM commitment WHERE assignment_id IS NULL")
    op.execute(
        "-- squawk-ignore ban-drop-constraint\nALTER TABLE commitment DROP CONSTRAINT ck_commitment_for_one_thing"
    )
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE role DROP CONSTRAINT ck_role_camp_of_staff")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE role DROP CONSTRAINT ck_role_one_scope")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE role DROP CONSTRAINT ck_role_scope_of_kind")
    op.drop_constraint(op.f("fk_role_camp_id"), "role", type_="foreignkey")
    op.drop_index(op.f("ix_role_camp_id"), table_name="role")
    op.drop_column("role", "camp_id")
    op.drop_constraint(op.f("fk_commitment_registration_id"), "commitment", type_="foreignkey")
    op.drop_constraint(op.f("fk_commitment_staff_member_id"), "commitment", type_="foreignkey")
    op.drop_constraint(op.f("uq_commitment_staff_member_id"), "commitment", type_="unique")
    op.drop_constraint(op.f("uq_commitment_registration_id"), "commitment", type_="unique")
    op.drop_column("commitment", "staff_member_id")
    op.drop_column("commitment", "registration_id")
    op.drop_index(op.f("ix_camp_session_starts_at_id"), table_name="camp_session")
    op.drop_index(op.f("ix_camp_session_instructor_id"), table_name="camp_session")
    op.drop_index(op.f("ix_camp_session_created_at_id"), table_name="camp_session")
    op.drop_index(op.f("ix_camp_session_camp_id_starts_at_id"), table_name="camp_session")
    op.drop_table("camp_session")
    op.drop_index(
        "uq_camp_staff_member_once", table_name="camp_staff_member", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_index(op.f("ix_camp_staff_member_volunteer_id"), table_name="camp_staff_member")
    op.drop_index(op.f("ix_camp_staff_member_created_at_id"), table_name="camp_staff_member")
    op.drop_index(op.f("ix_camp_staff_member_camp_id_created_at_id"), table_name="camp_staff_member")
    op.drop_table("camp_staff_member")
    op.drop_index(
        "uq_camp_registration_volunteer",
        table_name="camp_registration",
        postgresql_where=sa.text("status IN ('WAITLISTED', 'OFFERED', 'REGISTERED', 'CHECKED_IN', 'COMPLETED')"),
    )
    op.drop_index(
        "uq_camp_registration_guest",
        table_name="camp_registration",
        postgresql_where=sa.text(
            "guest_key IS NOT NULL AND status IN ('WAITLISTED', 'OFFERED', 'REGISTERED', 'CHECKED_IN', 'COMPLETED')"
        ),
    )
    op.drop_index(
        "ix_camp_registration_waiting",
        table_name="camp_registration",
        postgresql_where=sa.text("status = 'WAITLISTED'"),
    )
    op.drop_index(op.f("ix_camp_registration_volunteer_id_created_at_id"), table_name="camp_registration")
    op.drop_index(op.f("ix_camp_registration_replaces_id"), table_name="camp_registration")
    op.drop_index(op.f("ix_camp_registration_organization_id_created_at_id"), table_name="camp_registration")
    op.drop_index(op.f("ix_camp_registration_number_id"), table_name="camp_registration")
    op.drop_index(op.f("ix_camp_registration_created_at_id"), table_name="camp_registration")
    op.drop_index(op.f("ix_camp_registration_contingent_id_number"), table_name="camp_registration")
    op.drop_index(op.f("ix_camp_registration_camp_id_created_at_id"), table_name="camp_registration")
    op.drop_table("camp_registration")
    op.drop_index(op.f("ix_contingent_organization_id_created_at_id"), table_name="contingent")
    op.drop_index(op.f("ix_contingent_leader_id"), table_name="contingent")
    op.drop_index(op.f("ix_contingent_kabupaten_code"), table_name="contingent")
    op.drop_index(op.f("ix_contingent_created_at_id"), table_name="contingent")
    op.drop_index(op.f("ix_contingent_camp_id_created_at_id"), table_name="contingent")
    op.drop_table("contingent")
    op.drop_index(op.f("ix_camp_quota_created_at_id"), table_name="camp_quota")
    op.drop_index(op.f("ix_camp_quota_camp_id_created_at_id"), table_name="camp_quota")
    op.drop_table("camp_quota")
    op.drop_index(op.f("ix_camp_starts_at_id"), table_name="camp")
    op.drop_index(op.f("ix_camp_sort_key_id"), table_name="camp")
    op.drop_index(op.f("ix_camp_site_id"), table_name="camp")
    op.drop_index(op.f("ix_camp_series_key"), table_name="camp")
    op.drop_index(
        "ix_camp_search_key", table_name="camp", postgresql_using="gin", postgresql_ops={"search_key": "gin_trgm_ops"}
    )
    op.drop_index(op.f("ix_camp_kabupaten_code_starts_at_id"), table_name="camp")
    op.drop_index(op.f("ix_camp_host_id_starts_at_id"), table_name="camp")
    op.drop_index(op.f("ix_camp_created_at_id"), table_name="camp")
    op.drop_table("camp")
    op.drop_table("camp_kind")
    op.drop_table("payer")
    op.drop_table("camp_category")
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE role ADD CONSTRAINT ck_role_one_scope CHECK ((num_nonnulls(province_code, kabupaten_code, organization_id) <= 1))"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE role ADD CONSTRAINT ck_role_scope_of_kind CHECK (((kind = ANY (ARRAY['MANAGER'::text, 'CAMP_STAFF'::text])) = (organization_id IS NOT NULL)))"
    )
