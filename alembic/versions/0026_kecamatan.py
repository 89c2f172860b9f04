"""Kecamatan, and in which of them a volunteer lives.

Revision: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint
SET LOCAL lock_timeout = '5s'
""")
    op.create_table(
        "kecamatan",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kabupaten_code", sa.Text(), sa.Computed("left(code, 5)", persisted=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("search_key", sa.Text(collation="C"), nullable=False),
        sa.Column("sort_key", sa.Text(collation="C"), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.CheckConstraint("code ~ '^[A-Za-z0-9._-]+$'", name=op.f("ck_kecamatan_code_symbol")),
        sa.ForeignKeyConstraint(["kabupaten_code"], ["kabupaten.code"], name=op.f("fk_kecamatan_kabupaten_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_kecamatan")),
    )
    op.create_index(
        op.f("ix_kecamatan_kabupaten_code_sort_key_code"),
        "kecamatan",
        ["kabupaten_code", "sort_key", "code"],
        unique=False,
    )
    op.create_index(
        "ix_kecamatan_search_key",
        "kecamatan",
        ["search_key"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"search_key": "gin_trgm_ops"},
    )
    op.create_index(op.f("ix_kecamatan_sort_key_code"), "kecamatan", ["sort_key", "code"], unique=False)
    op.add_column("volunteer", sa.Column("kecamatan_code", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_volunteer_kecamatan_code"), "volunteer", "kecamatan", ["kecamatan_code"], ["code"])
    op.create_check_constraint(
        op.f("ck_volunteer_kecamatan_of_home"), "volunteer", "left(kecamatan_code, 5) = kabupaten_code"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("volunteer", "kecamatan_code")
    op.drop_table("kecamatan")
