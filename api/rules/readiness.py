"""Who is ready without a need: the rules of sending that ask a person, a place, a skill and a rank only."""

from collections.abc import Sequence

import sqlalchemy as sa

from api.models.day import time_zone
from api.rules.code import ProblemCode
from api.rules.rule import Case, Rule, Sql
from api.rules.sending import RULES

READINESS_RULES: Sequence[Rule] = tuple(rule for rule in RULES if not (rule.uses_only_need or rule.concerns_need))


def period_of_day(kabupaten_code: Sql, day: Sql, now: Sql) -> tuple[Sql, Sql]:
    """The instants between which a day lies in a kabupaten; the day that runs is what is left of it."""
    zone = time_zone(kabupaten_code)
    starts, ends = (sa.func.timezone(zone, sa.cast(each, sa.DateTime)) for each in (day, day + 1))
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
