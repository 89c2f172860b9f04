"""Volunteers, and the accounts that sign in."""

import sqlalchemy as sa

from api import access
from api.access import TODAY
from api.compiler.source import (
    Condition,
    Expression,
    FieldContext,
    Row,
    Source,
    Sql,
    ToConnection,
    ToMany,
    ToOne,
    equals,
)
from api.models import Account, Membership, Organization, Role, Volunteer
from api.resolvers.common import contains, ordered
from api.resolvers.place import distance_from, seat_of
from api.rules.sending import days_between, skills_on


def day(context: FieldContext) -> Sql:
    """The day asked for; today where none is given."""
    given = context.arguments.get("on")
    return TODAY if given is None else context.bind(given)


def trained_for(row: Row, context: FieldContext, value: object) -> Condition:
    assert isinstance(value, dict)
    on = TODAY if value.get("on") is None else context.bind(value["on"])
    return context.bind(value["skill"]).in_(skills_on(row.c.id, on).correlate(row))


def member_of(row: Row, context: FieldContext, value: object) -> Condition:
    """A member today, of an organization that may be seen: a hidden one has no members to be found by."""
    members = (
        sa.select(Membership.c.volunteer_id)
        .join(Organization, Organization.c.id == Membership.c.organization_id)
        .where(
            Organization.c.id == context.key(value, "Organization"),
            access.sees_organization(context.viewer, Organization),
            days_between(Membership.c.since, Membership.c.until).op("@>", is_comparison=True)(TODAY),
        )
    )
    return row.c.id.in_(members)


def masked_nik(row: Row, _context: FieldContext) -> Sql:
    return sa.literal("************").concat(row.c.nik_tail)


def known_start(row: Row, context: FieldContext) -> Sql:
    """From home to whom may know it; to others the distances to a few places would tell where it is."""
    return sa.case((access.knows_volunteer(context.viewer, row), row.c.home), else_=seat_of(row.c.kabupaten_code))


def private(name: str) -> Expression:
    return Expression(lambda row, _context: row.c[name], guard=access.knows_volunteer)


SOURCES = (
    Source(
        "Volunteer",
        Volunteer,
        visible=access.sees_volunteer,
        fields={
            "phone": private("phone"),
            "nik": Expression(masked_nik, guard=access.knows_volunteer),
            "latitude": private("latitude"),
            "longitude": private("longitude"),
            "consent_given_at": private("consent_given_at"),
            "consent_purpose": private("consent_purpose"),
            "consent_withdrawn_at": private("consent_withdrawn_at"),
            "distance_to": distance_from(known_start),
            "kabupaten": ToOne("Kabupaten", on=lambda row, other: other.c.code == row.c.kabupaten_code),
            "memberships": ToConnection(
                "Membership", on=lambda row, other: other.c.volunteer_id == row.c.id, visible_with_parent=True
            ),
            "certificates": ToConnection(
                "Certificate", on=lambda row, other: other.c.volunteer_id == row.c.id, visible_with_parent=True
            ),
            "assignments": ToConnection("Assignment", on=lambda row, other: other.c.volunteer_id == row.c.id),
            "trained_for": ToMany("Skill", "CODE", through=lambda row, context: skills_on(row.c.id, day(context))),
        },
        orders={"NAME": ordered("name"), "CREATED_AT": ordered("created_at", descending=True)},
        filters={
            "kabupaten": equals("kabupaten_code"),
            "province": equals("province_code"),
            "organization": member_of,
            "trained_for": trained_for,
            "reach": lambda row, _context, value: row.c.reach == str(value),
            "status": lambda row, _context, value: row.c.status == str(value),
            "name": contains("name"),
        },
    ),
    Source(
        "Account",
        Account,
        visible=access.sees_account,
        fields={
            "volunteer": ToOne("Volunteer", on=lambda row, other: other.c.id == row.c.volunteer_id),
            "roles": ToMany(
                "Role", "CREATED_AT", on=lambda row, other: other.c.account_id == row.c.id, visible_with_parent=True
            ),
        },
    ),
    Source(
        "Role",
        Role,
        visible=access.sees_role,
        fields={
            "province": ToOne("Province", on=lambda row, other: other.c.code == row.c.province_code),
            "kabupaten": ToOne("Kabupaten", on=lambda row, other: other.c.code == row.c.kabupaten_code),
            "organization": ToOne("Organization", on=lambda row, other: other.c.id == row.c.organization_id),
        },
        orders={"CREATED_AT": ordered("created_at")},
        node=False,
    ),
)
