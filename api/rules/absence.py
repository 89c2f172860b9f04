"""Nobody is sent on days of leave or illness."""

from typing import Any

import sqlalchemy as sa

from api.models import Absence
from api.models.day import time_zone
from api.rules.code import ProblemCode
from api.rules.rule import Case, Refusal, Rule, Sql


def midnight(kabupaten_code: Sql, day: Sql) -> Sql:
    """The instant at which a day begins in a kabupaten."""
    return sa.func.timezone(time_zone(kabupaten_code), sa.cast(day, sa.DateTime()), type_=sa.DateTime(timezone=True))


def absences(person: sa.FromClause, starts: Sql, ends: Sql, *columns: Any) -> sa.Select[Any]:
    """The absences that a person has at some instant from `starts` up to `ends`; by whole days at home."""
    home = person.c.kabupaten_code
    return sa.select(*columns).where(
        Absence.c.volunteer_id == person.c.id,
        Absence.c.cancelled_at.is_(None),
        midnight(home, Absence.c.since) < ends,
        midnight(home, Absence.c.until + 1) > starts,
    )


def _days_away(case: Case) -> sa.Select[Any]:
    """The absences of the case with their bounds, the earliest first."""
    home = case.person.c.kabupaten_code
    columns = (
        Absence.c.id.label("absence_id"),
        midnight(home, Absence.c.since).label("starts_at"),
        midnight(home, Absence.c.until + 1).label("ends_at"),
    )
    return absences(case.person, case.starts, case.ends, *columns).order_by(Absence.c.since)


def _is_present(case: Case) -> Sql:
    found = absences(case.person, case.starts, case.ends, Absence.c.id)
    # OFFSET 0, as in `exists_for`.
    return ~found.offset(0).correlate(case.person, case.need).exists()


PRESENT = Rule(
    holds=_is_present,
    refusals=(Refusal(ProblemCode.ON_LEAVE, proof=_days_away, tells_time=True),),
    counts="Leave and illness, by whole days in the zone of the volunteer's home; one that is cancelled no longer counts.",
)
