"""Who is ready without a need: the rules of sending that ask a person, a place, a skill and a rank only."""

from collections.abc import Sequence

import sqlalchemy as sa

from api.models import Assignment, Insurance
from api.models.assignment import AssignmentStatus
from api.models.day import day_bounds
from api.rules.code import ProblemCode
from api.rules.rule import Case, Condition, Refusal, Rule, Sql, merged_days
from api.rules.sending import RULES, covers_all_days

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
        refusals=(Refusal(ProblemCode.NOT_INSURED, lambda _case: {}),),
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


def _code(case: Case, rule: Rule) -> Sql:
    """The code of a broken rule: the first of its refusals that applies."""
    *others, last = rule.refusals
    code = _text(last.code)
    return sa.case(*((each.when(case), _text(each.code)) for each in others), else_=code) if others else code


def _text(code: ProblemCode) -> Sql:
    return sa.literal_column(f"'{code}'", sa.Text)
