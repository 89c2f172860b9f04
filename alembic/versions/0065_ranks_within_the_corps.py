"""Ranks within the corps.

Revision: 0065
Revises: 0064
"""

from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


# The organization is locked, so that its corps does not change meanwhile.
KEEP_TERMS = """
CREATE FUNCTION keep_terms_of_corps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  own text;
BEGIN
  SELECT corps INTO own FROM organization WHERE id = NEW.organization_id FOR SHARE;
  IF (SELECT corps FROM rank WHERE code = NEW.rank_code) IS DISTINCT FROM own AND NEW.rank_code IS NOT NULL THEN
    RAISE check_violation USING CONSTRAINT = 'rank_of_corps', MESSAGE = 'The rank is not one of the corps of the organization.';
  END IF;
  IF NEW.kecamatan_code IS NOT NULL AND own IS DISTINCT FROM 'TKSK' THEN
    RAISE check_violation USING CONSTRAINT = 'kecamatan_of_tksk', MESSAGE = 'Only a TKSK serves in a kecamatan.';
  END IF;
  RETURN NEW;
END $$
"""
# What was before the last day of a membership stays as it was.
KEEP_CORPS = """
CREATE FUNCTION keep_corps_of_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM membership LEFT JOIN rank ON rank.code = rank_code
    WHERE organization_id = NEW.id AND (until IS NULL OR until >= current_date)
    AND (rank.corps <> NEW.corps OR (rank_code IS NOT NULL AND NEW.corps IS NULL)
      OR (kecamatan_code IS NOT NULL AND NEW.corps IS DISTINCT FROM 'TKSK')))
  THEN
    RAISE check_violation USING CONSTRAINT = 'corps_of_members', MESSAGE = 'Members have ranks or a kecamatan of the corps.';
  END IF;
  RETURN NULL;
END $$
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(KEEP_TERMS)
    op.execute(
        "CREATE TRIGGER terms_of_corps BEFORE INSERT OR UPDATE OF organization_id, rank_code, kecamatan_code ON membership"
        " FOR EACH ROW WHEN (NEW.rank_code IS NOT NULL OR NEW.kecamatan_code IS NOT NULL)"
        " EXECUTE FUNCTION keep_terms_of_corps()"
    )
    op.execute(KEEP_CORPS)
    op.execute(
        "CREATE TRIGGER corps_of_members AFTER UPDATE OF corps ON organization"
        " FOR EACH ROW WHEN (OLD.corps IS DISTINCT FROM NEW.corps) EXECUTE FUNCTION keep_corps_of_members()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER corps_of_members ON organization")
    op.execute("DROP FUNCTION keep_corps_of_members()")
    op.execute("DROP TRIGGER terms_of_corps ON membership")
    op.execute("DROP FUNCTION keep_terms_of_corps()")
