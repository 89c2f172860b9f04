"""Places of needs and camps are counted only where a change concerns them, so that no other change locks needs and camps.

Revision: 0078
Revises: 0077
"""

from alembic import op

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER places_of_need ON commitment")
    op.execute(
        "CREATE CONSTRAINT TRIGGER places_of_need AFTER INSERT ON commitment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
        " WHEN (NEW.assignment_id IS NOT NULL) EXECUTE FUNCTION keep_places_of_need()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER places_of_need_by_change AFTER UPDATE ON commitment DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (NEW.assignment_id IS NOT NULL"
        " AND (OLD.period, OLD.assignment_id) IS DISTINCT FROM (NEW.period, NEW.assignment_id))"
        " EXECUTE FUNCTION keep_places_of_need()"
    )
    op.execute("DROP TRIGGER places_of_contingent ON contingent")
    op.execute(
        "CREATE TRIGGER places_of_contingent AFTER INSERT OR DELETE ON contingent FOR EACH ROW"
        " EXECUTE FUNCTION keep_places_of_contingent()"
    )
    op.execute(
        "CREATE TRIGGER places_of_contingent_by_change AFTER UPDATE ON contingent FOR EACH ROW"
        " WHEN ((OLD.held, OLD.camp_id) IS DISTINCT FROM (NEW.held, NEW.camp_id))"
        " EXECUTE FUNCTION keep_places_of_contingent()"
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER places_of_need_by_change ON commitment")
    op.execute("DROP TRIGGER places_of_need ON commitment")
    op.execute(
        "CREATE CONSTRAINT TRIGGER places_of_need AFTER INSERT OR UPDATE ON commitment DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (NEW.assignment_id IS NOT NULL) EXECUTE FUNCTION keep_places_of_need()"
    )
    op.execute("DROP TRIGGER places_of_contingent_by_change ON contingent")
    op.execute("DROP TRIGGER places_of_contingent ON contingent")
    op.execute(
        "CREATE TRIGGER places_of_contingent AFTER INSERT OR UPDATE OR DELETE ON contingent FOR EACH ROW"
        " EXECUTE FUNCTION keep_places_of_contingent()"
    )
