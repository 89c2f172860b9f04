"""Who is ready to be sent, and why others are not."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.source import Condition, Embedded, Expression, FieldContext, Row, Source, Sql, ToMany, everybody
from api.models import Volunteer
from api.models.day import local_day
from api.rules.readiness import READINESS_RULES, WARNINGS, period_of_day
from api.rules.refusal import refusals
from api.rules.rule import Case, Rule, days_of, one_row


def code_argument(context: FieldContext, name: str, type_name: str) -> Sql:
    """The code that an argument names; null where it is left out."""
    value = context.arguments.get(name)
    return sa.cast(sa.null(), sa.Text) if value is None else context.key(value, type_name)


def day_argument(context: FieldContext, kabupaten_code: Sql) -> Sql:
    """The day of the argument `on`; today in the kabupaten where it is left out."""
    value = context.arguments.get("on")
    return local_day(kabupaten_code, NOW) if value is None else context.bind(value)


def asked(person: Row, context: FieldContext) -> sa.Select[Any]:
    """What a volunteer is asked to be ready for, in the columns of a need: place, skill, rank and period."""
    place = context.arguments.get("kabupaten")
    kabupaten = person.c.kabupaten_code if place is None else context.key(place, "Kabupaten")
    starts, ends = period_of_day(kabupaten, day_argument(context, kabupaten), NOW)
    return sa.select(
        person.c.id.label("volunteer_id"),
        kabupaten.label("kabupaten_code"),
        code_argument(context, "skill", "Skill").label("skill_code"),
        code_argument(context, "minimum_rank", "Rank").label("minimum_rank_code"),
        starts.label("starts_at"),
        ends.label("ends_at"),
    ).select_from(one_row())


def case_of(row: Row) -> Case:
    """The case of the volunteer for what is asked, which stands for the need."""
    volunteer = Volunteer.alias()
    person = sa.select(volunteer).where(volunteer.c.id == row.c.volunteer_id).correlate(row).lateral()
    return Case(person, row, row.c.starts_at, row.c.ends_at, days_of(row, row.c.starts_at, row.c.ends_at), NOW)


def is_ready(row: Row, _context: FieldContext) -> Condition:
    case = case_of(row)
    holding: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(case.person)
    return holding.where(*(rule.holds(case) for rule in READINESS_RULES)).correlate(row).exists()


def broken(rules: Sequence[Rule]) -> Callable[[Row, FieldContext], sa.SelectBase]:
    """The rules that the volunteer breaks, with their facts."""

    def broken_rows(row: Row, context: FieldContext) -> sa.SelectBase:
        case = case_of(row)
        found = refusals(context.viewer, case, rules).lateral()
        return sa.select(*found.c).select_from(case.person.join(found, sa.true())).correlate(row)

    return broken_rows


READINESS = Embedded("Readiness", computed_row=asked, guard=access.sees_readiness)

SOURCES = (
    Source(
        "Readiness",
        None,
        visible=everybody,
        fields={
            "is_ready": Expression(is_ready),
            "reasons": ToMany("Problem", "POSITION_ASC", rows=broken(READINESS_RULES)),
            "warnings": ToMany("Problem", "POSITION_ASC", rows=broken(WARNINGS)),
        },
        node=False,
    ),
)
