"""Volunteers."""

from collections.abc import Mapping

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.filter import period_bounds
from api.compiler.source import (
    Condition,
    Embedded,
    Expression,
    FieldContext,
    Row,
    Source,
    Sql,
    ToMany,
    column,
    everybody,
)
from api.compiler.structure import connection, filters, orders, table_source, to_many_through, to_one
from api.models import (
    Absence,
    Assignment,
    Certificate,
    Commitment,
    DeclaredSkill,
    Insurance,
    Membership,
    MergedVolunteer,
    Rank,
    Volunteer,
)
from api.models.base import INSTANT
from api.models.day import local_day
from api.resolvers.activity import activity_of_person
from api.resolvers.hours import HOURS
from api.resolvers.place import NearFilter, distance_from, nearest_first, seat_of
from api.resolvers.readiness import READINESS
from api.rules.absence import absences
from api.rules.training import skills_on


def day_argument(row: Row, context: FieldContext, value: object) -> Sql:
    """The day that is given; where none is, today at the volunteer's home."""
    return local_day(row.c.kabupaten_code, NOW) if value is None else context.bind(value)


def trained_for(row: Row, context: FieldContext, value: object) -> Condition:
    assert isinstance(value, Mapping)
    trained = skills_on(row.c.id, day_argument(row, context, value.get("on"))).correlate(row)
    return context.key(value["skill"], "Skill").in_(trained)


def in_organization(row: Row, context: FieldContext, value: object) -> Condition:
    """A member today."""
    return row.c.id.in_(access.members_today(Membership.c.organization_id == context.key(value, "Organization")))


def has_rank(row: Row, context: FieldContext, value: object) -> Condition:
    """Today a member with the rank or a higher one of its corps."""
    held, wanted = Rank.alias(), Rank.alias()
    ranked = (
        access.members_today(wanted.c.code == context.key(value, "Rank"))
        .join(held, held.c.code == Membership.c.rank_code)
        .join(wanted, sa.and_(wanted.c.corps == held.c.corps, wanted.c.level <= held.c.level))
    )
    return row.c.id.in_(ranked)


def free_in(row: Row, context: FieldContext, value: object) -> Condition:
    """Without any promised time and any absence in the period, which may be one instant; nobody whose free days are hidden."""
    assert isinstance(value, Mapping)
    since, until = period_bounds(context, value, INSTANT)
    period = sa.func.tstzrange(since, until, sa.case((since == until, "[]"), else_="[)"))
    busy = access.exists_where(
        row, Commitment.c.volunteer_id == row.c.id, Commitment.c.period.op("&&", is_comparison=True)(period)
    )
    instant = sa.func.make_interval(0, 0, 0, 0, 0, 0, sa.literal_column("0.000001"))
    absent = absences(row, since, sa.func.greatest(until, since + instant), Absence.c.id).correlate(row).exists()
    return sa.and_(access.sees_free_days(context.viewer, row), sa.not_(sa.or_(busy, absent)))


def masked_nik(row: Row, _context: FieldContext) -> Sql:
    return sa.literal("************").concat(row.c.nik_tail)


def visible_start(row: Row, context: FieldContext) -> Sql:
    """Home for those who may know it; for others the seat, as distances to a few places would tell where home is."""
    return sa.case((access.knows_volunteer(context.viewer, row), row.c.home), else_=seat_of(row.c.kabupaten_code))


def private(name: str) -> Expression:
    return Expression(lambda row, _context: row.c[name], guard=access.knows_volunteer)


SKILLS_ON = ToMany(
    "Skill",
    "CODE_ASC",
    through=lambda row, context: skills_on(row.c.id, day_argument(row, context, context.arguments.get("on"))),
)

SOURCES = (
    table_source(
        Volunteer,
        access.sees_volunteer,
        fields={
            "activity": activity_of_person(),
            "phone": private("phone"),
            "email": private("email"),
            "emergency_contact": Embedded(
                "EmergencyContact", exists=lambda row: row.c.emergency_name.is_not(None), guard=access.knows_volunteer
            ),
            "birth_date": private("birth_date"),
            "sex": private("sex"),
            "nik": Expression(masked_nik, guard=access.knows_volunteer),
            "kecamatan": to_one(Volunteer.c.kecamatan_code, guard=access.knows_volunteer),
            "position": Embedded("Point", exists=lambda row: row.c.latitude.is_not(None), guard=access.knows_volunteer),
            "consent_given_at": private("consent_given_at"),
            "consent_purpose": private("consent_purpose"),
            "consent_withdrawn_at": private("consent_withdrawn_at"),
            "distance_to": distance_from(visible_start),
            "absences": connection(Absence.c.volunteer_id),
            "insurances": connection(Insurance.c.volunteer_id),
            "declared_skills": to_many_through(DeclaredSkill.c.volunteer_id, DeclaredSkill.c.skill_code, "CODE_ASC"),
            "memberships": connection(Membership.c.volunteer_id, visible_with_parent=True),
            "certificates": connection(Certificate.c.volunteer_id, visible_with_parent=True),
            "assignments": connection(Assignment.c.volunteer_id, policy=access.sees_assignment_of_volunteer),
            "trained_for": SKILLS_ON,
            "readiness": READINESS,
            "hours": HOURS,
        },
        former_keys=MergedVolunteer,
        orders=orders(Volunteer, "name", "-created_at"),
        argument_orders=nearest_first(visible_start),
        filters={
            "near": NearFilter(visible_start),
            **filters(Volunteer, "name", "kabupaten_code", "province_code", "reach", "status"),
            "organization": in_organization,
            "rank": has_rank,
            "trained_for": trained_for,
            "free_in": free_in,
        },
    ),
    Source(
        "EmergencyContact",
        None,
        visible=everybody,
        fields={name: column(f"emergency_{name}") for name in ("name", "phone", "relation")},
        node=False,
    ),
)
