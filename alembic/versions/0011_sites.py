"""Sites.

Revision: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "kitchen_type",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label_id", sa.Text(), nullable=False),
        sa.Column("label_en", sa.Text(), nullable=False),
        sa.Column("packs_per_cooking", sa.Integer(), nullable=False),
        sa.Column("cookings_per_day", sa.Integer(), nullable=False),
        sa.Column("meals_per_day", sa.Integer(), nullable=False),
        sa.Column("crew", sa.Integer(), nullable=False),
        sa.Column("skill_code", sa.Text(), nullable=False),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_kitchen_type_code_symbol")),
        sa.ForeignKeyConstraint(["skill_code"], ["skill.code"], name=op.f("fk_kitchen_type_skill_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_kitchen_type")),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kabupaten_code", sa.Text(), nullable=False),
        sa.Column("latitude", sa.Float(), nullable=False),
        sa.Column("longitude", sa.Float(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("organization_id", sa.Uuid(), nullable=True),
        sa.Column("kitchen_id", sa.Uuid(), nullable=True),
        sa.Column("kitchen_type_code", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'PUBLIC_KITCHEN') = (kitchen_type_code IS NOT NULL)", name=op.f("ck_site_kitchen_of_a_type")
        ),
        sa.CheckConstraint("incident_id IS NOT NULL OR kind = 'CAMP'", name=op.f("ck_site_of_an_incident")),
        sa.CheckConstraint(
            "kind IN ('COMMAND_POST', 'FIELD_POST', 'PUBLIC_KITCHEN', 'SHELTER', 'LOGISTICS_HUB', 'HEALTH_POST', 'CAMP')",
            name=op.f("ck_site_kind"),
        ),
        sa.CheckConstraint("kitchen_id IS NULL OR kind = 'SHELTER'", name=op.f("ck_site_kitchen_of_a_shelter")),
        sa.CheckConstraint("capacity BETWEEN 1 AND 1000000", name=op.f("ck_site_capacity")),
        sa.CheckConstraint("closed_at >= opened_at", name=op.f("ck_site_closes_after_opening")),
        sa.CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name=op.f("ck_site_position")
        ),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_site_incident_id")),
        sa.ForeignKeyConstraint(["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_site_kabupaten_code")),
        sa.ForeignKeyConstraint(["kitchen_id"], ["site.id"], name=op.f("fk_site_kitchen_id")),
        sa.ForeignKeyConstraint(["kitchen_type_code"], ["kitchen_type.code"], name=op.f("fk_site_kitchen_type_code")),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name=op.f("fk_site_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
    )
    op.create_index(op.f("ix_site_incident_id_opened_at_id"), "site", ["incident_id", "opened_at", "id"], unique=False)
    op.create_index(
        op.f("ix_site_kabupaten_code_opened_at_id"), "site", ["kabupaten_code", "opened_at", "id"], unique=False
    )
    op.create_index(op.f("ix_site_kitchen_id"), "site", ["kitchen_id"], unique=False)
    op.create_index(op.f("ix_site_opened_at_id"), "site", ["opened_at", "id"], unique=False)
    op.create_index(op.f("ix_site_organization_id"), "site", ["organization_id"], unique=False)
    op.create_table(
        "site_load",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.CheckConstraint("people BETWEEN 0 AND 1000000", name=op.f("ck_site_load_people")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_load_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_load")),
        sa.UniqueConstraint("site_id", "at", name=op.f("uq_site_load_site_id_at")),
    )
    op.create_index(op.f("ix_site_load_at_id"), "site_load", ["at", "id"], unique=False)
    op.create_index(op.f("ix_site_load_site_id_at_id"), "site_load", ["site_id", "at", "id"], unique=False)
    op.add_column("need", sa.Column("site_id", sa.Uuid(), nullable=True))
    # Needs are few: to scan them takes no time.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX ix_need_site_id_starts_at_id ON need (site_id, starts_at, id)"
    )
    op.execute(
        "-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid\n"
        "ALTER TABLE need ADD CONSTRAINT fk_need_site_id FOREIGN KEY (site_id) REFERENCES site (id)"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_constraint(op.f("fk_need_site_id"), "need", type_="foreignkey")
    op.drop_index(op.f("ix_need_site_id_starts_at_id"), table_name="need")
    op.drop_column("need", "site_id")
    op.drop_index(op.f("ix_site_load_site_id_at_id"), table_name="site_load")
    op.drop_index(op.f("ix_site_load_at_id"), table_name="site_load")
    op.drop_table("site_load")
    op.drop_index(op.f("ix_site_organization_id"), table_name="site")
    op.drop_index(op.f("ix_site_opened_at_id"), table_name="site")
    op.drop_index(op.f("ix_site_kitchen_id"), table_name="site")
    op.drop_index(op.f("ix_site_kabupaten_code_opened_at_id"), table_name="site")
    op.drop_index(op.f("ix_site_incident_id_opened_at_id"), table_name="site")
    op.drop_table("site")
    op.drop_table("kitchen_type")
