"""How many people at home in a place are ready, and what stands in the way of the others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from api import access
from api.access import NOW
from api.compiler.source import Condition, Embedded, FieldContext, Order, Row, Source, Sql, ToMany, column, everybody
from api.models import SkillDays, Volunteer
from api.resolvers.common import LABEL
from api.resolvers.problem import json_rows
from api.resolvers.readiness import day_argument
from api.rules.code import ProblemCode
from api.rules.readiness import (
    READINESS_RULES,
    availability,
    first_reason,
    period_of_day,
    stored_reason,
    text,
    with_little_time,
)
from api.rules.refusal import codes_of
from api.rules.rule import Case, days_of, one_row

REASON = (sa.column("code", sa.Text()), sa.column("people", sa.Integer()))
CODES = codes_of(READINESS_RULES)


def counted(home: str) -> Callable[[Row, FieldContext], sa.Select[Any]]:
    """The counts of the place's people; `home` is the volunteer's column that refers to the place."""

    def counts(place: Row, context: FieldContext) -> sa.Select[Any]:
        skill, day = context.key(context.arguments["skill"], "Skill"), day_argument(context, place.c.code)
        asked = Asked(place, home, skill, day, period_at(place, day))
        residents = residents_of(asked)
        found = sa.union_all(*as_stored(asked, residents), as_asked(asked, residents)).lateral()
        number = sa.cast(sa.func.sum(found.c.people), sa.Integer)
        by_code = (
            sa.select(found.c.code, number.label("people"))
            .select_from(asked.period.join(residents, sa.true()).join(found, sa.true()))
            .group_by(found.c.code)
            .having(number > 0)
            .correlate(place)
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


@dataclass(frozen=True)
class Asked:
    """Who is counted, by the column of the home, and for what."""

    place: Row
    home: str
    skill: Sql
    day: Sql
    period: sa.FromClause

    def is_of(self, row: Row) -> Condition:
        """Whether a person, or a row of `SkillDays`, is of the place."""
        return row.c[self.home] == self.place.c.code

    def is_of_province(self, row: Row) -> Condition:
        """Whether it is of the place's province, with which some indexes begin."""
        return row.c.province_code == sa.func.left(self.place.c.code, 2)


def period_at(place: Row, day: Sql) -> sa.FromClause:
    """The instants of the day, computed once and, by OFFSET 0, not for every person."""
    starts, ends = period_of_day(place.c.code, day, NOW)
    bounds = sa.select(starts.label("starts_at"), ends.label("ends_at")).select_from(one_row()).offset(0)
    return bounds.correlate(place).lateral()


def residents_of(asked: Asked) -> sa.FromClause:
    """How many people are at home in the place, and the ids of those whose time is not free.

    All people at home are read from an index, which takes less time than to look up everybody who is busy anywhere.
    """
    person, period = Volunteer.alias(), asked.period
    busy = with_little_time(period.c.starts_at, period.c.ends_at, asked.day)
    ids = sa.func.array_agg(person.c.id, type_=ARRAY(sa.Uuid())).filter(busy.c.volunteer_id.is_not(None))
    return (
        sa.select(sa.func.count().label("people"), ids.label("busy"))
        .select_from(person.outerjoin(busy, busy.c.volunteer_id == person.c.id))
        .where(asked.is_of(person))
        .correlate(period, asked.place)
        .lateral()
    )


def as_stored(asked: Asked, residents: sa.FromClause) -> list[sa.Select[Any]]:
    """How many people each code keeps, as if everybody's time were free; null for those who are ready.

    Everybody counts as untrained first; who is unavailable or has the skill is moved to the code that keeps them, if any.
    """
    unavailable, days = Volunteer.alias(), SkillDays.alias()
    is_active, consents = availability(unavailable)

    def by_code(table: Row, code: Sql, where: Condition) -> Row:
        here = sa.and_(asked.is_of_province(table), asked.is_of(table), where)
        people = sa.select(code.label("code"), sa.func.count().label("people"))
        return people.where(here).group_by("code").correlate(asked.place).subquery()

    absent = sa.case((~is_active, text(ProblemCode.PERSON_INACTIVE)), else_=text(ProblemCode.CONSENT_MISSING))
    skilled = sa.and_(days.c.skill_code == asked.skill, days.c.is_available)
    untrained = text(ProblemCode.NOT_TRAINED)
    moved = (
        by_code(unavailable, absent, ~sa.and_(is_active, consents)),
        by_code(days, stored_reason(days, asked.day), skilled),
    )
    return [
        sa.select(untrained.label("code"), residents.c.people).select_from(one_row()).correlate(residents),
        *(entered(each, (each.c.code, each.c.people), (untrained, -each.c.people)) for each in moved),
    ]


def as_asked(asked: Asked, residents: sa.FromClause) -> sa.Select[Any]:
    """Of the people whose time is not free: one more for the rule that they break, one fewer for what is stored of them."""
    person, days, period = Volunteer.alias(), SkillDays.alias(), asked.period
    busy = sa.func.unnest(residents.c.busy).table_valued(sa.column("id", sa.Uuid()), name="busy").render_derived()
    need = (
        sa.select(
            person.c.kabupaten_code,
            asked.skill.label("skill_code"),
            sa.cast(sa.null(), sa.Text).label("minimum_rank_code"),
            period.c.starts_at,
            period.c.ends_at,
        )
        .select_from(one_row())
        .correlate(person, period)
        .lateral()
    )
    case = Case(person, need, need.c.starts_at, need.c.ends_at, days_of(need, need.c.starts_at, need.c.ends_at), NOW)
    own = sa.and_(days.c.volunteer_id == person.c.id, days.c.skill_code == asked.skill)
    verdict = (
        sa.select(first_reason(case).label("broken"), stored_reason(days, asked.day).label("stored"))
        .select_from(
            busy.join(person, sa.and_(person.c.id == busy.c.id, *availability(person)))
            .join(need, sa.true())
            .outerjoin(days, own)
        )
        .correlate(period, residents)
        .subquery()
    )
    one = sa.literal_column("1", sa.Integer)
    return entered(verdict, (verdict.c.broken, one), (verdict.c.stored, -one))


def entered(source: sa.FromClause, *rows: tuple[Sql, Sql]) -> sa.Select[Any]:
    """For each row of the source, codes with a number of people each."""
    selects = (
        sa.select(sa.cast(code, sa.Text).label("code"), sa.cast(people, sa.BigInteger).label("people")).select_from(
            one_row()
        )
        for code, people in rows
    )
    found = sa.union_all(*selects).lateral()
    return sa.select(found.c.code, found.c.people).select_from(source.join(found, sa.true()))


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
