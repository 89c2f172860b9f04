"""Pledges.

Revision: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


# The places of a need that are taken at the fullest instant of a period: by people whose time is committed and who are not
# sent under an open pledge, and by open pledges in full. A pledge whose deadline has passed by `now` is not open.
PLACES_HELD = """
CREATE FUNCTION places_held(need_id uuid, starts timestamptz, ends timestamptz, now timestamptz) RETURNS integer
LANGUAGE sql STABLE AS $$
WITH open_pledge AS (
    SELECT id, quantity FROM pledge
    WHERE pledge.need_id = places_held.need_id AND status = 'OPEN' AND (deadline IS NULL OR deadline > now)
), direct AS (
    SELECT greatest(lower(period), starts) AS begins, upper(period) AS stops
    FROM assignment JOIN commitment ON commitment.assignment_id = assignment.id
    WHERE assignment.need_id = places_held.need_id AND period && tstzrange(starts, ends)
        AND NOT EXISTS (SELECT FROM open_pledge WHERE id = assignment.pledge_id)
), change AS (
    SELECT begins AS at, 1 AS number FROM direct UNION ALL SELECT stops, -1 FROM direct
), taken AS (
    SELECT sum(sum(number)) OVER (ORDER BY at) AS number FROM change WHERE at < ends GROUP BY at
)
SELECT (coalesce((SELECT max(number) FROM taken), 0) + coalesce((SELECT sum(quantity) FROM open_pledge), 0))::integer
$$
"""

# The people at the fullest instant of a period who are sent under a pledge.
PLEDGE_FILLED = """
CREATE FUNCTION pledge_filled(pledge_id uuid, starts timestamptz, ends timestamptz) RETURNS integer
LANGUAGE sql STABLE AS $$
SELECT coalesce(max(number), 0)::integer FROM (
    SELECT sum(sum(change.number)) OVER (ORDER BY at) AS number
    FROM assignment JOIN commitment ON assignment_id = assignment.id
    CROSS JOIN LATERAL (VALUES (greatest(lower(period), starts), 1), (upper(period), -1)) AS change (at, number)
    WHERE assignment.pledge_id = pledge_filled.pledge_id AND period && tstzrange(starts, ends) AND at < ends
    GROUP BY at
) AS filled
$$
"""

# As before, and pledges are counted as well.
KEEP_PLACES = """
CREATE OR REPLACE FUNCTION keep_places_of_need() RETURNS trigger LANGUAGE plpgsql AS $$
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
  IF {exceeded} THEN
    RAISE EXCEPTION 'A need cannot have more people at a time than it wants.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'places_of_need', TABLE = TG_TABLE_NAME;
  END IF;
  RETURN NULL;
END $$
"""
# Deadlines are the application's: what has lapsed is recorded before, so that no pledge lapses here.
WITH_PLEDGES = """places_held(need_key, '-infinity', 'infinity', '-infinity') > wanted OR EXISTS (
    SELECT FROM pledge
    WHERE pledge.need_id = need_key AND status = 'OPEN' AND pledge_filled(id, '-infinity', 'infinity') > quantity
  )"""
WITHOUT_PLEDGES = """EXISTS (
    SELECT FROM assignment AS one JOIN commitment AS begun ON begun.assignment_id = one.id
    WHERE one.need_id = need_key AND wanted < (
      SELECT count(*) FROM assignment AS other JOIN commitment AS running ON running.assignment_id = other.id
      WHERE other.need_id = need_key AND running.period @> lower(begun.period))
  )"""
DEFERRED = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
TRIGGERS = (
    f"""
CREATE CONSTRAINT TRIGGER places_of_need AFTER INSERT OR UPDATE ON pledge
{DEFERRED} WHEN (NEW.need_id IS NOT NULL) EXECUTE FUNCTION keep_places_of_need()
""",
    f"""
CREATE CONSTRAINT TRIGGER places_of_pledge AFTER UPDATE ON assignment
{DEFERRED} WHEN (NEW.pledge_id IS DISTINCT FROM OLD.pledge_id) EXECUTE FUNCTION keep_places_of_need()
""",
)


def upgrade() -> None:
    # This runs while the server starts, on tables that nobody else uses yet.
    op.execute(
        "-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint,"
        " require-concurrent-index-creation\nSET LOCAL lock_timeout = '5s'"
    )
    op.create_table(
        "goods_need",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("needed_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cluster_code", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("pledged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')", name=op.f("ck_goods_need_priority")),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_goods_need_position")
        ),
        sa.CheckConstraint("pledged BETWEEN 0 AND quantity", name=op.f("ck_goods_need_pledged")),
        sa.CheckConstraint("quantity BETWEEN 1 AND 100000000", name=op.f("ck_goods_need_quantity")),
        sa.ForeignKeyConstraint(["cluster_code"], ["cluster.code"], name=op.f("fk_goods_need_cluster_code")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_goods_need_incident_id")),
        sa.ForeignKeyConstraint(["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_goods_need_kabupaten_code")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_goods_need_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goods_need")),
    )
    op.create_index(
        op.f("ix_goods_need_incident_id_needed_by_id"), "goods_need", ["incident_id", "needed_by", "id"], unique=False
    )
    op.create_index(op.f("ix_goods_need_kabupaten_code"), "goods_need", ["kabupaten_code"], unique=False)
    op.create_index(op.f("ix_goods_need_needed_by_id"), "goods_need", ["needed_by", "id"], unique=False)
    op.create_index(op.f("ix_goods_need_site_id"), "goods_need", ["site_id"], unique=False)
    op.create_table(
        "pledge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("need_id", sa.Uuid(), nullable=True),
        sa.Column("goods_need_id", sa.Uuid(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("handed_over_to_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(status = 'HANDED_OVER') = (handed_over_to_id IS NOT NULL)", name=op.f("ck_pledge_handed_over")
        ),
        sa.CheckConstraint("status IN ('OPEN', 'RELEASED', 'HANDED_OVER', 'LAPSED')", name=op.f("ck_pledge_status")),
        sa.CheckConstraint("delivered BETWEEN 0 AND quantity", name=op.f("ck_pledge_delivered")),
        sa.CheckConstraint("num_nonnulls(need_id, goods_need_id) = 1", name=op.f("ck_pledge_of_one_need")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_pledge_quantity")),
        sa.ForeignKeyConstraint(["goods_need_id"], ["goods_need.id"], name=op.f("fk_pledge_goods_need_id")),
        sa.ForeignKeyConstraint(["handed_over_to_id"], ["pledge.id"], name=op.f("fk_pledge_handed_over_to_id")),
        sa.ForeignKeyConstraint(["need_id"], ["need.id"], name=op.f("fk_pledge_need_id")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_pledge_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge")),
    )
    op.create_index(op.f("ix_pledge_created_at_id"), "pledge", ["created_at", "id"], unique=False)
    op.create_index(
        op.f("ix_pledge_goods_need_id_created_at_id"), "pledge", ["goods_need_id", "created_at", "id"], unique=False
    )
    op.create_index(op.f("ix_pledge_need_id_created_at_id"), "pledge", ["need_id", "created_at", "id"], unique=False)
    op.create_index(
        op.f("ix_pledge_organization_id_created_at_id"), "pledge", ["organization_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "pledge_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("pledge_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'ASKED') = (answered_at IS NULL)", name=op.f("ck_pledge_request_answered")),
        sa.CheckConstraint("status IN ('ASKED', 'GRANTED', 'REFUSED')", name=op.f("ck_pledge_request_status")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_pledge_request_organization_id")
        ),
        sa.ForeignKeyConstraint(["pledge_id"], ["pledge.id"], name=op.f("fk_pledge_request_pledge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pledge_request")),
    )
    op.create_index(op.f("ix_pledge_request_created_at_id"), "pledge_request", ["created_at", "id"], unique=False)
    op.create_index(op.f("ix_pledge_request_organization_id"), "pledge_request", ["organization_id"], unique=False)
    op.create_index(
        op.f("ix_pledge_request_pledge_id_created_at_id"),
        "pledge_request",
        ["pledge_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_pledge_request_open",
        "pledge_request",
        ["pledge_id", "organization_id"],
        unique=True,
        postgresql_where=sa.text("status = 'ASKED'"),
    )
    op.add_column("assignment", sa.Column("pledge_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_assignment_pledge_id"), "assignment", ["pledge_id"], unique=False)
    op.create_foreign_key(op.f("fk_assignment_pledge_id"), "assignment", "pledge", ["pledge_id"], ["id"])
    op.add_column("need", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_need_merged_into_id"), "need", ["merged_into_id"], unique=False)
    op.create_foreign_key(op.f("fk_need_merged_into_id"), "need", "need", ["merged_into_id"], ["id"])
    op.execute(PLACES_HELD)
    op.execute(PLEDGE_FILLED)
    op.execute(KEEP_PLACES.format(exceeded=WITH_PLEDGES))
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER places_of_need ON pledge")
    op.execute("DROP TRIGGER places_of_pledge ON assignment")
    op.execute(KEEP_PLACES.format(exceeded=WITHOUT_PLEDGES))
    op.drop_column("need", "merged_into_id")
    op.execute("DROP FUNCTION places_held")
    op.execute("DROP FUNCTION pledge_filled")
    op.drop_constraint(op.f("fk_assignment_pledge_id"), "assignment", type_="foreignkey")
    op.drop_index(op.f("ix_assignment_pledge_id"), table_name="assignment")
    op.drop_column("assignment", "pledge_id")
    op.drop_index("uq_pledge_request_open", table_name="pledge_request", postgresql_where=sa.text("status = 'ASKED'"))
    op.drop_index(op.f("ix_pledge_request_pledge_id_created_at_id"), table_name="pledge_request")
    op.drop_index(op.f("ix_pledge_request_organization_id"), table_name="pledge_request")
    op.drop_index(op.f("ix_pledge_request_created_at_id"), table_name="pledge_request")
    op.drop_table("pledge_request")
    op.drop_index(op.f("ix_pledge_organization_id_created_at_id"), table_name="pledge")
    op.drop_index(op.f("ix_pledge_need_id_created_at_id"), table_name="pledge")
    op.drop_index(op.f("ix_pledge_goods_need_id_created_at_id"), table_name="pledge")
    op.drop_index(op.f("ix_pledge_created_at_id"), table_name="pledge")
    op.drop_table("pledge")
    op.drop_index(op.f("ix_goods_need_site_id"), table_name="goods_need")
    op.drop_index(op.f("ix_goods_need_needed_by_id"), table_name="goods_need")
    op.drop_index(op.f("ix_goods_need_kabupaten_code"), table_name="goods_need")
    op.drop_index(op.f("ix_goods_need_incident_id_needed_by_id"), table_name="goods_need")
    op.drop_table("goods_need")
