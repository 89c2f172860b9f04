"""What of a camp is free, and when it takes registrations."""

import sqlalchemy as sa

from api.models import CampRegistration, Contingent
from api.models.camp import CampStatus
from api.models.camp_registration import CAMP_REGISTRATION
from api.models.contingent import CONTINGENT, ContingentStatus
from api.rules.rule import Condition, Sql


def takes_registrations(camp: sa.FromClause, now: Sql) -> Condition:
    """Whether people may register: the camp is open, within its window."""
    return sa.and_(
        camp.c.status == CampStatus.OPEN,
        sa.func.coalesce(camp.c.registration_opens_at <= now, sa.true(), type_=sa.Boolean()),
        sa.func.coalesce(camp.c.registration_closes_at > now, sa.true(), type_=sa.Boolean()),
    )


def places_left(camp: sa.FromClause, now: Sql) -> Sql:
    """The places that nobody holds: what has lapsed is free from that instant on, recorded or not."""
    contingent = Contingent.alias()
    unnamed = sa.select(sa.func.coalesce(sa.func.sum(contingent.c.places - contingent.c.named), 0)).where(
        contingent.c.camp_id == camp.c.id, CONTINGENT.has_lapsed(contingent, now)
    )
    return sa.cast(
        camp.c.capacity
        - camp.c.taken
        + unnamed.correlate(camp).scalar_subquery()
        + _unanswered(camp, now).correlate(camp).scalar_subquery(),
        sa.Integer,
    )


def _unanswered(camp: sa.FromClause, now: Sql) -> sa.Select[int]:
    """The number of offers that were not answered in time, without those whose place stays with a contingent."""
    offer, contingent = CampRegistration.alias(), Contingent.alias()
    stays = sa.select(contingent.c.id).where(
        contingent.c.id == offer.c.contingent_id, CONTINGENT.current(contingent, now) == ContingentStatus.ALLOTTED
    )
    return sa.select(sa.func.count()).where(
        offer.c.camp_id == camp.c.id,
        CAMP_REGISTRATION.has_lapsed(offer, now),
        ~stays.correlate(offer).exists(),
    )
