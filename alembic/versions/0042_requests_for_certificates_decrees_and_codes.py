"""Requests for certificates, decrees that extend them, and codes by which they are looked up.

Revision: 0042
Revises: 0041
"""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


# 20 hexadecimal digits: 80 of the bits that PostgreSQL draws for a UUID.
RANDOM_CODE = """
CREATE FUNCTION random_code() RETURNS text LANGUAGE sql VOLATILE
RETURN upper(left(encode(sha256(gen_random_uuid()::text::bytea), 'hex'), 20))
"""

# A type that included itself by way of others would count as one of them, and they as it. Asked at the end of the
# transaction, so that inclusions can be exchanged; one transaction at a time, as two could make a cycle together.
WITHOUT_CYCLE = """
CREATE FUNCTION inclusion_without_cycle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('sigap.inclusions'));
  IF EXISTS (
    WITH RECURSIVE below (code) AS (
      SELECT NEW.included_code
      UNION
      SELECT included_code FROM certificate_type_inclusion JOIN below ON certificate_type_code = below.code
    )
    SELECT FROM below WHERE code = NEW.certificate_type_code
  ) THEN
    RAISE EXCEPTION 'certificate type % includes itself', NEW.certificate_type_code
      USING ERRCODE = 'check_violation', CONSTRAINT = 'inclusion_without_cycle', TABLE = 'certificate_type_inclusion';
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    # Certificates get a random code each, which rewrites their table: 12 seconds for a million.
    op.execute("""
-- squawk-ignore-file constraint-missing-not-valid, adding-field-with-default, adding-not-nullable-field, disallowed-unique-constraint, prefer-robust-stmts
SET LOCAL lock_timeout = '5s'
""")
    op.create_table(
        "certificate_extension",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("certificate_type_code", sa.Text(), nullable=False),
        sa.Column("expiring_from", sa.Date(), nullable=False),
        sa.Column("expiring_until", sa.Date(), nullable=False),
        sa.Column("extended_to", sa.Date(), nullable=False),
        sa.Column("decree_number", sa.Text(), nullable=False),
        sa.Column("decree_number_key", sa.Text(collation="C"), nullable=False),
        sa.Column("certificates", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('IN_FORCE', 'REVERTED')", name=op.f("ck_certificate_extension_status")),
        sa.CheckConstraint(
            "expiring_from <= expiring_until AND expiring_until < extended_to",
            name=op.f("ck_certificate_extension_days_in_order"),
        ),
        sa.ForeignKeyConstraint(
            ["certificate_type_code"],
            ["certificate_type.code"],
            name=op.f("fk_certificate_extension_certificate_type_code"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_extension")),
    )
    op.create_index(
        op.f("ix_certificate_extension_certificate_type_code"),
        "certificate_extension",
        ["certificate_type_code"],
        unique=False,
    )
    op.create_index(
        op.f("ix_certificate_extension_created_at_id"), "certificate_extension", ["created_at", "id"], unique=False
    )
    op.create_index(
        "uq_certificate_extension_decree",
        "certificate_extension",
        ["decree_number_key", "certificate_type_code"],
        unique=True,
        postgresql_where=sa.text("status = 'IN_FORCE'"),
    )
    op.create_table(
        "certificate_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("volunteer_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_type_code", sa.Text(), nullable=False),
        sa.Column("issuer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("number_key", sa.Text(collation="C"), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(status = 'ACCEPTED') = (certificate_id IS NOT NULL)",
            name=op.f("ck_certificate_request_accepted_with_certificate"),
        ),
        sa.CheckConstraint(
            "status IN ('PENDING', 'ACCEPTED', 'REFUSED', 'WITHDRAWN')", name=op.f("ck_certificate_request_status")
        ),
        sa.CheckConstraint("expires_on >= issued_on", name=op.f("ck_certificate_request_expires_after_issue")),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_certificate_request_certificate_id")
        ),
        sa.ForeignKeyConstraint(
            ["certificate_type_code"],
            ["certificate_type.code"],
            name=op.f("fk_certificate_request_certificate_type_code"),
        ),
        sa.ForeignKeyConstraint(["issuer_id"], ["organization.id"], name=op.f("fk_certificate_request_issuer_id")),
        sa.ForeignKeyConstraint(["volunteer_id"], ["volunteer.id"], name=op.f("fk_certificate_request_volunteer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_request")),
    )
    op.create_index(
        op.f("ix_certificate_request_certificate_id"), "certificate_request", ["certificate_id"], unique=False
    )
    op.create_index(
        op.f("ix_certificate_request_certificate_type_code"),
        "certificate_request",
        ["certificate_type_code"],
        unique=False,
    )
    op.create_index(
        op.f("ix_certificate_request_created_at_id"), "certificate_request", ["created_at", "id"], unique=False
    )
    op.create_index(
        op.f("ix_certificate_request_issuer_id_created_at_id"),
        "certificate_request",
        ["issuer_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_certificate_request_pending",
        "certificate_request",
        ["volunteer_id", "issuer_id", "number_key"],
        unique=True,
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_table(
        "extended_certificate",
        sa.Column("extension_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("expired_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["certificate_id"], ["certificate.id"], name=op.f("fk_extended_certificate_certificate_id")
        ),
        sa.ForeignKeyConstraint(
            ["extension_id"], ["certificate_extension.id"], name=op.f("fk_extended_certificate_extension_id")
        ),
        sa.PrimaryKeyConstraint("extension_id", "certificate_id", name=op.f("pk_extended_certificate")),
    )
    op.create_index(
        op.f("ix_extended_certificate_certificate_id"), "extended_certificate", ["certificate_id"], unique=False
    )
    op.execute(RANDOM_CODE)
    op.add_column(
        "certificate",
        sa.Column(
            "code",
            sa.Text(),
            server_default=sa.text("random_code()"),
            nullable=False,
        ),
    )
    op.create_unique_constraint(op.f("uq_certificate_code"), "certificate", ["code"])
    op.execute(WITHOUT_CYCLE)
    op.execute(
        "CREATE CONSTRAINT TRIGGER without_cycle AFTER INSERT OR UPDATE ON certificate_type_inclusion"
        " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION inclusion_without_cycle()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER without_cycle ON certificate_type_inclusion")
    op.execute("DROP FUNCTION inclusion_without_cycle()")
    op.drop_constraint(op.f("uq_certificate_code"), "certificate", type_="unique")
    op.drop_column("certificate", "code")
    op.execute("DROP FUNCTION random_code()")
    op.drop_index(op.f("ix_extended_certificate_certificate_id"), table_name="extended_certificate")
    op.drop_table("extended_certificate")
    op.drop_index(
        "uq_certificate_request_pending",
        table_name="certificate_request",
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.drop_index(op.f("ix_certificate_request_issuer_id_created_at_id"), table_name="certificate_request")
    op.drop_index(op.f("ix_certificate_request_created_at_id"), table_name="certificate_request")
    op.drop_index(op.f("ix_certificate_request_certificate_type_code"), table_name="certificate_request")
    op.drop_index(op.f("ix_certificate_request_certificate_id"), table_name="certificate_request")
    op.drop_table("certificate_request")
    op.drop_index(
        "uq_certificate_extension_decree",
        table_name="certificate_extension",
        postgresql_where=sa.text("status = 'IN_FORCE'"),
    )
    op.drop_index(op.f("ix_certificate_extension_created_at_id"), table_name="certificate_extension")
    op.drop_index(op.f("ix_certificate_extension_certificate_type_code"), table_name="certificate_extension")
    op.drop_table("certificate_extension")
