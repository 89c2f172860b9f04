"""The life of organizations and licences.

Revision: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


# An organization that belonged to itself by way of others would have no home in the tree. One change at a time is
# checked, as two that run side by side could make a cycle together.
WITHOUT_CYCLE = """
CREATE FUNCTION organization_without_cycle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('sigap.organization tree'));
  IF EXISTS (
    WITH RECURSIVE above (id) AS (
      SELECT NEW.parent_id
      UNION
      SELECT organization.parent_id FROM organization JOIN above USING (id)
    )
    SELECT FROM above WHERE id = NEW.id
  ) THEN
    RAISE EXCEPTION 'organization belongs to itself'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'organization_without_cycle', TABLE = 'organization';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    # Organizations and licences are few: what locks their tables takes a moment.
    op.execute(
        "-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint, adding-not-nullable-field,"
        " ban-drop-constraint, require-concurrent-index-creation, require-concurrent-index-deletion\n"
        "SET LOCAL lock_timeout = '5s'"
    )
    op.create_table(
        "organization_contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_organization_contact_organization_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization_contact")),
    )
    op.create_index(
        op.f("ix_organization_contact_organization_id"), "organization_contact", ["organization_id"], unique=False
    )
    op.create_table(
        "organization_coverage",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_organization_coverage_kabupaten_code")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_organization_coverage_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "kabupaten_code", name=op.f("pk_organization_coverage")),
    )
    op.create_index(
        op.f("ix_organization_coverage_kabupaten_code"), "organization_coverage", ["kabupaten_code"], unique=False
    )
    op.create_table(
        "organization_focus",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("cluster_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["cluster_code"], ["cluster.code"], name=op.f("fk_organization_focus_cluster_code")),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name=op.f("fk_organization_focus_organization_id")
        ),
        sa.PrimaryKeyConstraint("organization_id", "cluster_code", name=op.f("pk_organization_focus")),
    )
    op.create_index(op.f("ix_organization_focus_cluster_code"), "organization_focus", ["cluster_code"], unique=False)
    op.add_column(
        "licence", sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    )
    op.add_column("licence", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("licence", sa.Column("status", sa.Text(), nullable=True))
    op.execute("UPDATE licence SET status = CASE WHEN revoked_on IS NULL THEN 'CONFIRMED' ELSE 'REVOKED' END")
    # The table is small: a licence or two for each organization.
    op.execute("ALTER TABLE licence ALTER COLUMN status SET NOT NULL")
    op.execute(
        ""
        "ALTER TABLE licence ADD CONSTRAINT ck_licence_status "
        "CHECK (status IN ('PENDING', 'CONFIRMED', 'REFUSED', 'REVOKED'))"
    )
    op.execute(
        ""
        "ALTER TABLE licence ADD CONSTRAINT ck_licence_revoked_on_a_day "
        "CHECK ((status = 'REVOKED') = (revoked_on IS NOT NULL))"
    )
    op.add_column("licence", sa.Column("reason", sa.Text(), nullable=True))
    op.drop_constraint(op.f("uq_licence_issuer_key_number_key"), "licence", type_="unique")
    op.create_index(
        "uq_licence_number",
        "licence",
        ["issuer_key", "number_key"],
        unique=True,
        postgresql_where=sa.text("status IN ('CONFIRMED', 'REVOKED')"),
    )
    op.add_column("organization", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("organization", sa.Column("requester_id", sa.Uuid(), nullable=True))
    op.drop_constraint(op.f("uq_organization_sort_key_kabupaten_code"), "organization", type_="unique")
    op.create_index(op.f("ix_organization_requester_id"), "organization", ["requester_id"], unique=False)
    op.create_index(
        "uq_organization_name",
        "organization",
        ["sort_key", "kabupaten_code"],
        unique=True,
        postgresql_where=sa.text("verification IN ('VERIFIED', 'SUSPENDED')"),
    )
    op.create_foreign_key(op.f("fk_organization_requester_id"), "organization", "account", ["requester_id"], ["id"])
    op.execute("ALTER TABLE licence DROP CONSTRAINT ck_licence_kind")
    op.execute(
        "ALTER TABLE licence ADD CONSTRAINT ck_licence_kind CHECK ((kind = ANY (ARRAY['REGISTRATION'::text, 'FUNDRAISING'::text, 'ACCREDITATION'::text, 'AGREEMENT'::text])))"
    )
    op.execute("ALTER TABLE organization DROP CONSTRAINT ck_organization_verification")
    op.execute(
        "ALTER TABLE organization ADD CONSTRAINT ck_organization_verification CHECK ((verification = ANY (ARRAY['PENDING'::text, 'VERIFIED'::text, 'REFUSED'::text, 'SUSPENDED'::text, 'CLOSED'::text])))"
    )
    op.execute(WITHOUT_CYCLE)
    op.execute(
        "CREATE TRIGGER without_cycle BEFORE INSERT OR UPDATE OF parent_id ON organization"
        " FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION organization_without_cycle()"
    )


def downgrade() -> None:
    """Fails where organizations or licences are in a status that there was not before."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER without_cycle ON organization")
    op.execute("DROP FUNCTION organization_without_cycle()")
    op.drop_constraint(op.f("fk_organization_requester_id"), "organization", type_="foreignkey")
    op.drop_index(
        "uq_organization_name",
        table_name="organization",
        postgresql_where=sa.text("verification IN ('VERIFIED', 'SUSPENDED')"),
    )
    op.drop_index(op.f("ix_organization_requester_id"), table_name="organization")
    op.create_unique_constraint(
        op.f("uq_organization_sort_key_kabupaten_code"),
        "organization",
        ["sort_key", "kabupaten_code"],
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("organization", "requester_id")
    op.drop_column("organization", "reason")
    op.drop_index(
        "uq_licence_number", table_name="licence", postgresql_where=sa.text("status IN ('CONFIRMED', 'REVOKED')")
    )
    op.create_unique_constraint(
        op.f("uq_licence_issuer_key_number_key"),
        "licence",
        ["issuer_key", "number_key"],
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("licence", "reason")
    op.drop_column("licence", "status")
    op.drop_column("licence", "version")
    op.drop_column("licence", "updated_at")
    op.drop_index(op.f("ix_organization_focus_cluster_code"), table_name="organization_focus")
    op.drop_table("organization_focus")
    op.drop_index(op.f("ix_organization_coverage_kabupaten_code"), table_name="organization_coverage")
    op.drop_table("organization_coverage")
    op.drop_index(op.f("ix_organization_contact_organization_id"), table_name="organization_contact")
    op.drop_table("organization_contact")
    op.execute("ALTER TABLE licence DROP CONSTRAINT ck_licence_kind")
    op.execute(
        "ALTER TABLE licence ADD CONSTRAINT ck_licence_kind CHECK ((kind = ANY (ARRAY['REGISTRATION'::text, 'FUNDRAISING'::text, 'ACCREDITATION'::text])))"
    )
    op.execute("ALTER TABLE organization DROP CONSTRAINT ck_organization_verification")
    op.execute(
        "ALTER TABLE organization ADD CONSTRAINT ck_organization_verification CHECK ((verification = ANY (ARRAY['PENDING'::text, 'VERIFIED'::text, 'SUSPENDED'::text])))"
    )
