"""Who is ready without a need: the rules of sending that ask a person, a place, a skill and a rank only.

Of a person at home whose time is free, the days that triggers keep (`SkillDays`) tell the same; so only others are asked by
the rules where all people of a place are counted. A test compares both.
"""

from collections.abc import Sequence

import sqlalchemy as sa

from api.models import Absence, Assignment, Commitment, Insurance
from api.models.assignment_status import AssignmentStatus
from api.models.day import day_bounds
from api.rules.code import ProblemCode
from api.rules.rest import PAUSE_HOURS
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, covers_all_days, hours, merged_days
from api.rules.sending import ACTIVE, CONSENT_GIVEN, RULES

MOST_NO_SHOWS = 3


def is_insured(case: Case) -> Condition:
    days = sa.select(merged_days(Insurance.c.since, Insurance.c.until)).where(
        Insurance.c.volunteer_id == case.person.c.id
    )
    return covers_all_days(days, case)


def no_shows(case: Case) -> Sql:
    """How often the person did not come to a duty that began within the last year."""
    a_year_ago = case.now - sa.func.make_interval(1)
    count = sa.select(sa.cast(sa.func.count(), sa.Integer)).where(
        Assignment.c.volunteer_id == case.person.c.id,
        Assignment.c.status == AssignmentStatus.NO_SHOW,
        Assignment.c.starts_at > a_year_ago,
    )
    return count.correlate(case.person, case.need).scalar_subquery()


# What a coordinator should know, and what forbids nothing.
WARNINGS: Sequence[Rule] = (
    Rule(
        holds=is_insured,
        refusals=(Refusal(ProblemCode.NOT_INSURED),),
        overridable=False,
        counts="Every local day; insurances may follow one another.",
    ),
    Rule(
        holds=lambda case: no_shows(case) < MOST_NO_SHOWS,
        refusals=(
            Refusal(
                ProblemCode.NO_SHOWS,
                lambda case: {"count": no_shows(case), "limit": sa.literal_column(str(MOST_NO_SHOWS), sa.Integer)},
            ),
        ),
        overridable=False,
        counts="Duties that began within the last year, and to which the volunteer did not come.",
    ),
)

READINESS_RULES: Sequence[Rule] = tuple(rule for rule in RULES if not (rule.uses_only_need or rule.concerns_need))


def period_of_day(kabupaten_code: Sql, day: Sql, now: Sql) -> tuple[Sql, Sql]:
    """The instants between which a day lies in a kabupaten; the day that runs is what is left of it."""
    starts, ends = day_bounds(kabupaten_code, day)
    return sa.case((sa.and_(starts <= now, now < ends), now), else_=starts), ends


def first_reason(case: Case) -> Sql:
    """The code of the first rule broken, in their order; null where none is."""
    return sa.case(*((sa.not_(rule.holds(case)), _code(case, rule)) for rule in READINESS_RULES), else_=sa.null())


def availability(person: sa.FromClause) -> tuple[Condition, Condition]:
    """Whether the person is active, and consents."""
    case = Case(person, person, *([sa.null()] * 4))
    return ACTIVE.holds(case), CONSENT_GIVEN.holds(case)


def with_little_time(starts: Sql, ends: Sql, day: Sql) -> sa.Subquery:
    """The ids of all of whom the rules about time have to be asked: with a promise within a pause of the period, or away.

    Whoever is not among them is free and rested. Absences are by days at home, which may begin earlier or later.
    """
    around = sa.func.tstzrange(starts - hours(PAUSE_HOURS), ends + hours(PAUSE_HOURS))
    promised = sa.select(Commitment.c.volunteer_id).where(Commitment.c.period.op("&&", is_comparison=True)(around))
    away = sa.select(Absence.c.volunteer_id).where(
        Absence.c.cancelled_at.is_(None), Absence.c.since <= day + 1, Absence.c.until >= day - 1
    )
    return sa.union(promised, away).subquery()


def stored_reason(days: sa.FromClause, day: Sql) -> Sql:
    """As `first_reason` of an available person at home whose time is free, by the person's row of `SkillDays`, if any."""
    return sa.case(
        (days.c.volunteer_id.is_(None), text(ProblemCode.NOT_TRAINED)),
        (~contains(days.c.trained_on, day), text(ProblemCode.CERTIFICATE_EXPIRED)),
        (~contains(days.c.member_on, day), text(ProblemCode.ORGANIZATION_NOT_VERIFIED)),
        else_=sa.null(),
    )


def contains(days: Sql, day: Sql) -> Condition:
    return days.op("@>", is_comparison=True)(day)


def _code(case: Case, rule: Rule) -> Sql:
    """The code of a broken rule: the first of its refusals that applies."""
    *others, last = rule.refusals
    code = text(last.code)
    return sa.case(*((each.when(case), text(each.code)) for each in others), else_=code) if others else code


def text(code: ProblemCode) -> Sql:
    """A code as a constant of a statement."""
    return sa.literal_column(f"'{code}'", sa.Text)
