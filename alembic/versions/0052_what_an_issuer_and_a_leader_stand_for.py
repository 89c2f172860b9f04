"""What an issuer and a leader stand for.

Revision: 0052
Revises: 0051
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None


# An issuer agrees to the types of certificates and to what they are given for: the rule, and the curriculum that it counts.
KEEP_AGREEMENT = """
CREATE FUNCTION keep_agreement_of_issuer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.issuer_agreed_at IS NOT DISTINCT FROM OLD.issuer_agreed_at THEN
    NEW.issuer_agreed_at := NULL;
  END IF;
  RETURN NEW;
END $$
"""
AGREED = (
    "issuer_id",
    "participant_certificate_code",
    "instructor_certificate_code",
    "attendance_percent",
    "needs_result",
)
KEPT = """
CREATE TRIGGER agreement_of_issuer BEFORE UPDATE ON camp
FOR EACH ROW WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION keep_agreement_of_issuer()
""".format(**{row: ", ".join(f"{row.upper()}.{name}" for name in AGREED) for row in ("old", "new")})
# The version is raised, so that nobody agrees to a curriculum that has changed since it was read.
END_AGREEMENT = """
CREATE FUNCTION end_agreement_of_issuer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND (OLD.camp_id, OLD.is_required, OLD.ends_at - OLD.starts_at)
    = (NEW.camp_id, NEW.is_required, NEW.ends_at - NEW.starts_at) THEN
    RETURN NULL;
  END IF;
  UPDATE camp SET issuer_agreed_at = NULL, version = version + 1
  WHERE issuer_agreed_at IS NOT NULL AND id IN (OLD.camp_id, NEW.camp_id);
  RETURN NULL;
END $$
"""
ENDED = """
CREATE TRIGGER agreement_of_issuer AFTER INSERT OR DELETE OR UPDATE OF camp_id, is_required, starts_at, ends_at ON camp_session
FOR EACH ROW EXECUTE FUNCTION end_agreement_of_issuer()
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "contingent", sa.Column("has_own_leader", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\nALTER TABLE contingent ADD CONSTRAINT ck_contingent_own_leader CHECK (((leader_id IS NOT NULL) OR (NOT has_own_leader)))"
    )
    for statement in (KEEP_AGREEMENT, KEPT, END_AGREEMENT, ENDED):
        op.execute(statement)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION keep_agreement_of_issuer(), end_agreement_of_issuer() CASCADE")
    op.execute("-- squawk-ignore ban-drop-constraint\nALTER TABLE contingent DROP CONSTRAINT ck_contingent_own_leader")
    op.drop_column("contingent", "has_own_leader")
