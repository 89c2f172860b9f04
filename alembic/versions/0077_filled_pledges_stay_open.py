"""A pledge that is filled at its deadline holds its places on, as it reads and as the constraint counts it.

Revision: 0077
Revises: 0076
"""

from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None

BEFORE = "(deadline IS NULL OR deadline > now)"
NOW = "(deadline IS NULL OR deadline > now OR pledge_filled(id, '-infinity', 'infinity') >= quantity)"


def places_held(is_open: str) -> str:
    return f"""CREATE OR REPLACE FUNCTION places_held(need_id uuid, starts timestamptz, ends timestamptz, now timestamptz) RETURNS integer LANGUAGE sql STABLE AS $$
WITH open_pledge AS (
    SELECT id, quantity FROM pledge
    WHERE pledge.need_id = places_held.need_id AND status = 'OPEN' AND {is_open}
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
$$;"""  # noqa: S608  # Only our own conditions.


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(places_held(NOW))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(places_held(BEFORE))
