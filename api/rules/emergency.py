"""People of another province are sent where an emergency status is in force."""

from typing import Any

import sqlalchemy as sa

from api.models import EmergencyStatus
from api.models.day import days_between
from api.models.emergency import EmergencyLevel
from api.rules.code import ProblemCode
from api.rules.rule import Case, Condition, Refusal, Rule, Sql


def statuses(need: sa.FromClause, *columns: Any) -> sa.Select[Any]:
    """The emergency statuses of the need's incident for its kabupaten, its province or the nation."""
    status = EmergencyStatus.c
    here = sa.or_(
        status.kabupaten_code == need.c.kabupaten_code,
        status.province_code == sa.func.left(need.c.kabupaten_code, 2),
        status.level == EmergencyLevel.NATIONAL,
    )
    return sa.select(*columns).where(status.incident_id == need.c.incident_id, here)


def decree(need: sa.FromClause, day: Sql) -> sa.Select[Any]:
    """The status in force at the need on a day: of the kabupaten before the province before the nation."""
    status = EmergencyStatus.c
    lowest = sa.case(
        (status.level == EmergencyLevel.KABUPATEN, 1), (status.level == EmergencyLevel.PROVINCE, 2), else_=3
    )
    in_force = statuses(need, status.id.label("emergency_status_id"), status.decree_number)
    return in_force.where(status.starts_on <= day, status.ends_on >= day).order_by(lowest, status.id).limit(1)


def is_in_force(case: Case) -> Condition:
    """Whether the person is of the need's province, or a status is in force on every day of the period."""
    status = EmergencyStatus.c
    days = sa.func.range_agg(days_between(status.starts_on, status.ends_on))
    in_force = statuses(case.need, days).correlate(case.person, case.need).scalar_subquery()
    covers = sa.func.coalesce(in_force.op("@>", is_comparison=True)(case.days), sa.false(), type_=sa.Boolean())
    return sa.or_(case.person.c.province_code == sa.func.left(case.need.c.kabupaten_code, 2), covers)


def latest_status(case: Case) -> dict[str, Sql]:
    status = EmergencyStatus.c
    latest = statuses(case.need, status.id).order_by(status.ends_on.desc(), status.id).limit(1)
    return {"emergency_status_id": latest.correlate(case.person, case.need).scalar_subquery()}


EMERGENCY_IN_FORCE = Rule(
    holds=is_in_force,
    concerns_need=True,
    refusals=(Refusal(ProblemCode.NO_EMERGENCY_STATUS, latest_status),),
    counts="Every local day of the duty, in the zone of the need's kabupaten, for people of another province; statuses of the kabupaten, its province and the nation may follow one another.",
)
