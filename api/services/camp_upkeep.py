"""What the worker does for the waiting lines of all camps."""

import sqlalchemy as sa

from api import access
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import Camp, CampRegistration, Contingent
from api.models.camp import CAMP
from api.models.camp_registration import CAMP_REGISTRATION
from api.models.contingent import CONTINGENT, ContingentStatus
from api.services.camp_line import update_line
from api.services.request import Request


async def update_all_lines(session: Transaction, request: Request) -> None:
    """Of every camp where something lapsed, or where people wait while there is room, and that nobody else works on.

    Whom a leave or a duty held that has ended since gets a place by this.
    """
    for row in await session.rows(UNSETTLED, request.parameters):
        await update_line(session, request, row.id)


def _waits(table: sa.Table) -> sa.ColumnElement[bool]:
    return sa.exists().where(table.c.camp_id == Camp.c.id, table.c.status == "WAITLISTED")


_open_contingent = sa.exists().where(
    Contingent.c.camp_id == Camp.c.id,
    Contingent.c.status == ContingentStatus.ALLOTTED,
    Contingent.c.named < Contingent.c.places,
)
UNSETTLED = compile_statement(
    sa.select(Camp.c.id)
    .where(
        sa.or_(
            Camp.c.id.in_(
                sa.select(CampRegistration.c.camp_id).where(CAMP_REGISTRATION.has_lapsed(CampRegistration, access.NOW))
            ),
            Camp.c.id.in_(sa.select(Contingent.c.camp_id).where(CONTINGENT.has_lapsed(Contingent, access.NOW))),
            sa.and_(
                Camp.c.status.in_(CAMP.group("TAKING")),
                Camp.c.ends_at > access.NOW,
                sa.or_(Camp.c.taken < Camp.c.capacity, _open_contingent),
                sa.or_(_waits(CampRegistration), _waits(Contingent)),
            ),
        )
    )
    .order_by(Camp.c.id)
    .with_for_update(key_share=True, skip_locked=True)
)
