"""How many people at home in a place are ready, and what stands in the way of the others."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from api import access
from api.access import NOW
from api.compiler.source import Embedded, FieldContext, Order, Row, Source, Sql, ToMany, column, everybody
from api.models import Volunteer
from api.resolvers.common import LABEL
from api.resolvers.problem import json_rows
from api.resolvers.readiness import day_argument
from api.rules.readiness import READINESS_RULES, first_reason, period_of_day
from api.rules.refusal import codes_of
from api.rules.rule import Case, days_of, one_row

REASON = (sa.column("code", sa.Text()), sa.column("people", sa.Integer()))
CODES = codes_of(READINESS_RULES)


def counted(home: str) -> Callable[[Row, FieldContext], sa.Select[Any]]:
    """The counts of the place's people; `home` is the volunteer's column that refers to the place."""

    def counts(place: Row, context: FieldContext) -> sa.Select[Any]:
        skill = context.key(context.arguments["skill"], "Skill")
        person = verdicts(place, home, skill, day_argument(context, place.c.code))
        by_code = (
            sa.select(person.c.code, sa.cast(sa.func.count(), sa.Integer).label("people"))
            .group_by(person.c.code)
            .subquery()
        )
        row = sa.func.jsonb_build_object("code", by_code.c.code, "people", by_code.c.people)
        is_ready = by_code.c.code.is_(None)
        people = sa.func.coalesce(sa.func.sum(by_code.c.people), 0)
        ready = sa.func.coalesce(sa.func.sum(by_code.c.people).filter(is_ready), 0)
        reasons = sa.func.coalesce(sa.func.jsonb_agg(row).filter(~is_ready), sa.text("'[]'"), type_=JSONB())
        numbers = {"people": people, "ready": ready}
        columns: list[Sql] = [sa.cast(number, sa.Integer).label(name) for name, number in numbers.items()]
        return sa.select(*columns, reasons.label("reasons"))

    return counts


def verdicts(place: Row, home: str, skill: Sql, day: Sql) -> sa.Subquery:
    """For each person at home in the place the code of the first rule broken; null for who is ready."""
    person = Volunteer.alias()
    starts, ends = period_of_day(place.c.code, day, NOW)
    # OFFSET 0, so that the period is computed once and not for every person.
    period = sa.select(starts.label("starts_at"), ends.label("ends_at")).select_from(one_row()).offset(0)
    asked = period.correlate(place).lateral()
    need = (
        sa.select(
            person.c.kabupaten_code,
            skill.label("skill_code"),
            sa.cast(sa.null(), sa.Text).label("minimum_rank_code"),
            asked.c.starts_at,
            asked.c.ends_at,
        )
        .select_from(one_row())
        .correlate(person, asked)
        .lateral()
    )
    case = Case(person, need, need.c.starts_at, need.c.ends_at, days_of(need, need.c.starts_at, need.c.ends_at), NOW)
    at_home = asked.join(person, person.c[home] == place.c.code).join(need, sa.true())
    return sa.select(first_reason(case).label("code")).select_from(at_home).correlate(place).subquery()


def reasons(row: Row, _context: FieldContext) -> sa.Select[Any]:
    counted = json_rows(row.c.reasons, *REASON).subquery()
    return sa.select(counted, *labels(counted.c.code))


def labels(code: Sql) -> list[Sql]:
    """The messages of a code, as columns of reference data."""
    texts = {
        "label_id": {str(each): each.label_id for each in CODES},
        "label_en": {str(each): each.label_en for each in CODES},
    }
    return [sa.case(by_code, value=code).label(name) for name, by_code in texts.items()]


def summary(home: sa.Column[Any]) -> Embedded:
    return Embedded("ReadinessSummary", computed_row=counted(home.name), guard=access.coordinates_place)


SOURCES = (
    Source(
        "ReadinessSummary",
        None,
        visible=everybody,
        fields={
            "people": column("people"),
            "ready": column("ready"),
            "reasons": ToMany("ReadinessReason", "MOST_FIRST", rows=reasons),
        },
        node=False,
    ),
    Source(
        "ReadinessReason",
        None,
        visible=everybody,
        fields={"code": column("code"), "message": LABEL, "people": column("people")},
        orders={"MOST_FIRST": Order(lambda row: [-row.c.people, row.c.code])},
        node=False,
    ),
)
