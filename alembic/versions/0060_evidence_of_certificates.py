"""Evidence of certificates.

Revision: 0060
Revises: 0059
"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


# What was said of a person goes, and what was sent about the person.
ERASE = """
CREATE FUNCTION erase_person(person uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM erase_texts_about_person(person);
  DELETE FROM upload WHERE id IN (SELECT evidence_id FROM certificate_request WHERE volunteer_id = person);
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("certificate_request", sa.Column("evidence_id", sa.Uuid(), nullable=True))
    # The column is new, so that neither takes long.
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        "CREATE INDEX ix_certificate_request_evidence_id ON certificate_request (evidence_id)"
    )
    op.execute(
        "-- squawk-ignore adding-foreign-key-constraint, constraint-missing-not-valid\n"
        "ALTER TABLE certificate_request ADD CONSTRAINT fk_certificate_request_evidence_id"
        " FOREIGN KEY (evidence_id) REFERENCES upload (id) ON DELETE SET NULL"
    )
    op.add_column("upload", sa.Column("media_type", sa.Text(), nullable=True))
    op.execute("-- squawk-ignore renaming-object\nALTER FUNCTION erase_person(uuid) RENAME TO erase_texts_about_person")
    op.execute(ERASE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("-- squawk-ignore ban-drop-function\nDROP FUNCTION erase_person(uuid)")
    op.execute("ALTER FUNCTION erase_texts_about_person(uuid) RENAME TO erase_person")
    op.drop_column("upload", "media_type")
    op.drop_constraint(op.f("fk_certificate_request_evidence_id"), "certificate_request", type_="foreignkey")
    op.drop_index(op.f("ix_certificate_request_evidence_id"), table_name="certificate_request")
    op.drop_column("certificate_request", "evidence_id")
