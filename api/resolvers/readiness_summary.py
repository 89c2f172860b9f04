"""How many people at home in a place are ready, and what stands in the way of the others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

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
    contains,
    first_reason,
    period_of_day,
    stored_reason,
    with_little_time,
)
from api.rules.refusal import codes_of
from api.rules.rule import Case, days_of, one_row

REASON = (sa.column("code", sa.Text()), sa.column("people", sa.Integer()))
CODES = codes_of(READINESS_RULES)


def counted(home: str) -> Callable[[Row, FieldContext], sa.Select[Any]]:
    """The counts of the place's people; `home` is the volunteer's column that refers to the place."""

    def counts(place: Row, context: FieldContext) -> sa.Select[Any]:
        asked = Asked(
            place, home, context.key(context.arguments["skill"], "Skill"), day_argument(context, place.c.code)
        )
        found = sa.union_all(as_stored(asked), as_asked(asked)).subquery()
        number = sa.cast(sa.func.sum(found.c.people), sa.Integer)
        by_code = sa.select(found.c.code, number.label("people")).group_by(found.c.code).having(number > 0).subquery()
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

    def is_of(self, row: Row) -> Condition:
        """Whether a person, or a row of `SkillDays`, is of the place."""
        return row.c[self.home] == self.place.c.code

    def is_of_province(self, row: Row) -> Condition:
        """Whether it is of the place's province, with which some indexes begin."""
        return row.c.province_code == sa.func.left(self.place.c.code, 2)


def as_stored(asked: Asked) -> sa.Select[Any]:
    """How many people each code keeps, as if everybody's time were free; null for those who are ready."""
    person, unavailable, days = Volunteer.alias(), Volunteer.alias(), SkillDays.alias()
    is_active, consents = availability(unavailable)
    trained, member = (contains(days.c[name], asked.day) for name in ("trained_on", "member_on"))
    count = sa.func.count()

    def row(table: Row, *columns: Sql, where: Condition) -> Row:
        return sa.select(*columns).where(asked.is_of(table), where).correlate(asked.place).subquery()

    everybody = row(person, count.label("people"), where=sa.true())
    absent = row(
        unavailable,
        count.filter(~is_active).label("inactive"),
        count.filter(is_active).label("silent"),
        where=sa.and_(asked.is_of_province(unavailable), ~sa.and_(is_active, consents)),
    )
    skilled = row(
        days,
        count.label("people"),
        count.filter(trained).label("trained"),
        count.filter(trained, member).label("ready"),
        where=sa.and_(asked.is_of_province(days), days.c.skill_code == asked.skill, days.c.is_available),
    )
    others = everybody.c.people - absent.c.inactive - absent.c.silent - skilled.c.people
    counts = (
        (ProblemCode.PERSON_INACTIVE, absent.c.inactive),
        (ProblemCode.CONSENT_MISSING, absent.c.silent),
        (ProblemCode.NOT_TRAINED, others),
        (ProblemCode.CERTIFICATE_EXPIRED, skilled.c.people - skilled.c.trained),
        (ProblemCode.ORGANIZATION_NOT_VERIFIED, skilled.c.trained - skilled.c.ready),
        (None, skilled.c.ready),
    )
    found = entries(*((sa.null() if code is None else sa.literal_column(f"'{code}'"), each) for code, each in counts))
    tables = everybody.join(absent, sa.true()).join(skilled, sa.true()).join(found, sa.true())
    return sa.select(found.c.code, found.c.people).select_from(tables)


def as_asked(asked: Asked) -> sa.Select[Any]:
    """Of the people whose time is not free: one more for the rule that they break, one fewer for what is stored of them."""
    person, days = Volunteer.alias(), SkillDays.alias()
    starts, ends = period_of_day(asked.place.c.code, asked.day, NOW)
    # OFFSET 0, so that the period is computed once and not for every person.
    bounds = sa.select(starts.label("starts_at"), ends.label("ends_at")).select_from(one_row()).offset(0)
    period = bounds.correlate(asked.place).lateral()
    busy = with_little_time(period.c.starts_at, period.c.ends_at, asked.day)
    # All people at home are read from an index, which takes less time than to look up everybody who is busy anywhere.
    resident = Volunteer.alias()
    at_home = sa.select(resident.c.id).where(asked.is_of(resident)).correlate(asked.place).offset(0).subquery()
    both = at_home.join(busy, busy.c.volunteer_id == at_home.c.id)
    busy_here = sa.select(at_home.c.id).select_from(both).correlate(period, asked.place).offset(0).lateral()
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
            period.join(busy_here, sa.true())
            .join(person, sa.and_(person.c.id == busy_here.c.id, *availability(person)))
            .join(need, sa.true())
            .outerjoin(days, own)
        )
        .correlate(asked.place)
        .subquery()
    )
    found = entries((verdict.c.broken, sa.literal_column("1")), (verdict.c.stored, sa.literal_column("-1")))
    return sa.select(found.c.code, found.c.people).select_from(verdict.join(found, sa.true()))


def entries(*rows: tuple[Sql, Sql]) -> sa.FromClause:
    """Codes, each with a number of people."""
    selects = (
        sa.select(sa.cast(code, sa.Text).label("code"), sa.cast(people, sa.BigInteger).label("people")).select_from(
            one_row()
        )
        for code, people in rows
    )
    return sa.union_all(*selects).lateral()


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
