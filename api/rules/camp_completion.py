"""Who has completed a camp: came, attended enough of its sessions by the scan log, and passed where that is asked."""

from typing import Any

import sqlalchemy as sa

from api.models import CampResult, CampSession, Scan
from api.models.camp_registration import CampRegistrationStatus
from api.models.scan import ScanPoint
from api.rules.rule import Condition, Sql

CAME = (CampRegistrationStatus.CHECKED_IN, CampRegistrationStatus.COMPLETED, CampRegistrationStatus.RELEASED)


def attended(registration: sa.FromClause, session: sa.FromClause) -> Condition:
    """Whether the person was scanned at the session."""
    scan = Scan.alias()
    person = sa.func.coalesce(registration.c.volunteer_id, registration.c.id)
    found: sa.Select[Any] = sa.select(sa.literal_column("1")).where(
        scan.c.place_id == registration.c.camp_id,
        scan.c.person_id == person,
        scan.c.session_id == session.c.id,
        scan.c.point == ScanPoint.SESSION,
        scan.c.counts,
    )
    return found.correlate(registration, session).exists()


def missed_sessions(registration: sa.FromClause) -> sa.Select[Any]:
    """The required sessions at which the person was not."""
    session = CampSession.alias()
    missed = sa.select(session.c.id).where(
        session.c.camp_id == registration.c.camp_id, session.c.is_required, sa.not_(attended(registration, session))
    )
    return missed.correlate(registration)


def completion(registration: sa.FromClause, camp: sa.FromClause) -> sa.Select[Any]:
    """One row: the hours of all sessions and those attended, whether the person passed, and whether all that is asked is met.

    Attended enough has who was at every required session, or at the share of the hours that the camp asks for.
    """
    session = CampSession.alias()
    length = session.c.ends_at - session.c.starts_at
    hours = sa.func.extract("epoch", length) / 3600
    was_there = attended(registration, session)
    held = sa.func.coalesce(sa.func.sum(hours), 0)
    heard = sa.func.coalesce(sa.func.sum(hours).filter(was_there), 0)
    required = sa.func.count().filter(session.c.is_required)
    missed = sa.func.count().filter(session.c.is_required, sa.not_(was_there))
    enough = sa.or_(
        sa.and_(required > 0, missed == 0),
        heard * 100 >= held * camp.c.attendance_percent,
    )
    passed = has_passed(registration)
    met = sa.and_(
        registration.c.status.in_(CAME),
        enough,
        sa.or_(sa.not_(camp.c.needs_result), sa.func.coalesce(passed, sa.false(), type_=sa.Boolean())),
    )
    return (
        sa.select(
            sa.cast(held, sa.Float).label("hours_held"),
            sa.cast(heard, sa.Float).label("hours_attended"),
            passed.label("has_passed"),
            met.label("is_met"),
        )
        .where(session.c.camp_id == registration.c.camp_id)
        .correlate(registration, camp)
    )


def has_passed(registration: sa.FromClause) -> Sql:
    result = CampResult.alias()
    passed = sa.select(result.c.has_passed).where(result.c.registration_id == registration.c.id)
    return passed.correlate(registration).scalar_subquery()
