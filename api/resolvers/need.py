"""Needs: their coverage, who may be sent, and what forbids one person."""

from functools import partial
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.source import (
    Condition,
    Embedded,
    Expression,
    FieldContext,
    Row,
    Source,
    TieredConnection,
    ToConnection,
    ToMany,
    ToOne,
    column,
    equals,
    everybody,
    refers_to,
)
from api.models import Assignment, Cluster, Need, Volunteer
from api.models.assignment import FILLING
from api.resolvers.common import LABEL, ordered, reference
from api.resolvers.place import distance_from, position
from api.rules.candidate import candidates, whole_need_case
from api.rules.code import MESSAGES, ProblemCode
from api.rules.refusal import refusals
from api.rules.rule import FACT_TYPES, days_of
from api.rules.sending import is_offer_overdue


def coverage(need: Row, _context: FieldContext) -> sa.Select[Any]:
    def of(*statuses: str) -> sa.ColumnElement[int]:
        return sa.func.count().filter(Assignment.c.status.in_(statuses), sa.not_(is_offer_overdue(NOW)))

    return sa.select(
        need.c.people_wanted.label("wanted"),
        of("OFFERED").label("offered"),
        of(*FILLING).label("accepted"),
        of("ON_DUTY").label("on_duty"),
    ).where(Assignment.c.need_id == need.c.id)


def of_tier(number: int, need: Row, _context: FieldContext) -> sa.Select[Any]:
    return candidates(number, need, need.c.starts_at, need.c.ends_at, now=NOW)


TIERS = tuple(partial(of_tier, number) for number in range(3))


def is_open(row: Row, _context: FieldContext, value: object) -> Condition:
    still = sa.and_(row.c.closed_at.is_(None), row.c.ends_at > NOW)
    return still if value else sa.not_(still)


def refused(need: Row, context: FieldContext) -> sa.SelectBase:
    """The broken rules for one volunteer; one whom the asker may not see is not found, like one who is not there."""
    volunteer = Volunteer.alias()
    seen = sa.select(volunteer).where(
        volunteer.c.id == context.key(context.arguments["volunteer"], "Volunteer"),
        access.sees_volunteer(context.viewer, volunteer),
    )
    person = seen.lateral()
    days = days_of(need, need.c.starts_at, need.c.ends_at)
    broken = refusals(whole_need_case(person, need, days=days, now=NOW)).lateral()
    label_id, label_en = MESSAGES[ProblemCode.NOT_FOUND]
    missing = sa.select(
        sa.literal_column("0").label("position"),
        sa.literal("NOT_FOUND", sa.Text).label("code"),
        sa.literal(label_id, sa.Text).label("label_id"),
        sa.literal(label_en, sa.Text).label("label_en"),
        sa.false().label("overridable"),
        *(sa.cast(sa.null(), type_).label(name) for name, type_ in FACT_TYPES.items()),
    ).where(~seen.exists())
    return sa.union_all(sa.select(*broken.c).select_from(person.join(broken, sa.true())).correlate(need), missing)


SOURCES = (
    reference("Cluster", Cluster),
    Source(
        "Need",
        Need,
        visible=access.sees_need,
        fields={
            "incident": ToOne(
                "Incident", on=lambda row, other: other.c.id == row.c.incident_id, visible_with_parent=True
            ),
            "skill": ToOne("Skill", on=lambda row, other: other.c.code == row.c.skill_code),
            "minimum_rank": ToOne("Rank", on=lambda row, other: other.c.code == row.c.minimum_rank_code),
            "cluster": ToOne("Cluster", on=lambda row, other: other.c.code == row.c.cluster_code),
            "kabupaten": ToOne("Kabupaten", on=lambda row, other: other.c.code == row.c.kabupaten_code),
            "distance_to": distance_from(position),
            "coverage": Embedded("Coverage", computed_row=coverage),
            "assignments": ToConnection("Assignment", on=lambda row, other: other.c.need_id == row.c.id),
            "candidates": TieredConnection("Candidate", tiers=TIERS, guard=access.sends_to_need),
            "refusals": ToMany("Refusal", "POSITION", rows=refused, guard=access.sends_to_need),
        },
        orders={"STARTS_AT": ordered("starts_at"), "CREATED_AT": ordered("created_at", descending=True)},
        filters={
            "incident": refers_to("incident_id", "Incident"),
            "skill": equals("skill_code"),
            "kabupaten": equals("kabupaten_code"),
            "province": lambda row, context, value: sa.func.left(row.c.kabupaten_code, 2) == context.bind(value),
            "priority": lambda row, _context, value: row.c.priority == str(value),
            "open": is_open,
        },
    ),
    Source(
        "Coverage",
        None,
        visible=everybody,
        fields={name: column(name) for name in ("wanted", "offered", "accepted", "on_duty")},
        node=False,
    ),
    Source(
        "Candidate",
        None,
        # Reach and consent, which a candidate has, are also what lets the need's coordinator see the person.
        visible=everybody,
        fields={
            "volunteer": Embedded("Volunteer"),
            "tier": Expression(
                lambda row, _context: sa.case(
                    (row.c.tier == 1, "KABUPATEN"), (row.c.tier == 2, "PROVINCE"), else_="NATIONAL"
                )
            ),
            "kilometres": column("kilometres"),
        },
        orders={"NEAREST": ordered("tier", "chord")},
        node=False,
    ),
    Source(
        "Refusal",
        None,
        visible=everybody,
        fields={
            "code": column("code"),
            "message": LABEL,
            "overridable": column("overridable"),
            "fact": Embedded("Fact"),
        },
        orders={"POSITION": ordered("position")},
        node=False,
    ),
    Source(
        "Fact",
        None,
        visible=everybody,
        fields={
            "assignment": ToOne("Assignment", on=lambda row, other: other.c.id == row.c.assignment_id),
            "certificate": ToOne("Certificate", on=lambda row, other: other.c.id == row.c.certificate_id),
            "organization": ToOne("Organization", on=lambda row, other: other.c.id == row.c.organization_id),
            "volunteer": ToOne("Volunteer", on=lambda row, other: other.c.id == row.c.volunteer_id),
            "skill": ToOne("Skill", on=lambda row, other: other.c.code == row.c.skill_code),
            "rank": ToOne("Rank", on=lambda row, other: other.c.code == row.c.rank_code),
            **{name: column(name) for name in ("starts_at", "ends_at", "count", "limit", "version")},
        },
        node=False,
    ),
)
