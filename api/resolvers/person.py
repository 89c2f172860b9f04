"""Volunteers, and the accounts that sign in."""

import sqlalchemy as sa

from api import access
from api.access import TODAY
from api.compiler.source import Ask, Expression, Many, One, Page, Row, Source, Sql, Truth, equals
from api.models import Account, Kabupaten, Membership, Organization, Role, Volunteer
from api.resolvers.common import contains, ordered
from api.resolvers.place import distance_from
from api.rules.candidate import on_globe
from api.rules.sending import days_between, skills_on


def day(ask: Ask) -> Sql:
    """The day asked for; today where none is given."""
    given = ask.arguments.get("on")
    return TODAY if given is None else ask.bind(given)


def trained_for(row: Row, ask: Ask, value: object) -> Truth:
    assert isinstance(value, dict)
    on = TODAY if value.get("on") is None else ask.bind(value["on"])
    return ask.bind(value["skill"]).in_(skills_on(row.c.id, on).correlate(row))


def member_of(row: Row, ask: Ask, value: object) -> Truth:
    """A member today, of an organization that may be seen: a hidden one has no members to be found by."""
    members = (
        sa.select(Membership.c.volunteer_id)
        .join(Organization, Organization.c.id == Membership.c.organization_id)
        .where(
            Organization.c.id == ask.key(value, "Organization"),
            access.sees_organization(ask.viewer, Organization),
            days_between(Membership.c.since, Membership.c.until).op("@>", is_comparison=True)(TODAY),
        )
    )
    return row.c.id.in_(members)


def masked_nik(row: Row, _ask: Ask) -> Sql:
    return sa.literal("************").concat(row.c.nik_tail)


def known_start(row: Row, ask: Ask) -> Sql:
    """The person's home to whom may know it; to others the distances to a few places would tell where it is."""
    kabupaten = Kabupaten.alias()
    seat = sa.select(on_globe(kabupaten)).where(kabupaten.c.code == row.c.kabupaten_code).correlate(row)
    return sa.case((access.knows_volunteer(ask.viewer, row), row.c.home), else_=seat.scalar_subquery())


def private(name: str) -> Expression:
    return Expression(lambda row, _ask: row.c[name], guard=access.knows_volunteer)


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
            "kabupaten": One("Kabupaten", on=lambda row, other: other.c.code == row.c.kabupaten_code),
            "memberships": Page("Membership", on=lambda row, other: other.c.volunteer_id == row.c.id, covered=True),
            "certificates": Page("Certificate", on=lambda row, other: other.c.volunteer_id == row.c.id, covered=True),
            "assignments": Page("Assignment", on=lambda row, other: other.c.volunteer_id == row.c.id),
            "trained_for": Many("Skill", "CODE", through=lambda row, ask: skills_on(row.c.id, day(ask))),
        },
        orders={"NAME": ordered("name"), "CREATED_AT": ordered("created_at", descending=True)},
        filters={
            "kabupaten": equals("kabupaten_code"),
            "province": equals("province_code"),
            "organization": member_of,
            "trained_for": trained_for,
            "reach": lambda row, _ask, value: row.c.reach == str(value),
            "status": lambda row, _ask, value: row.c.status == str(value),
            "name": contains("name"),
        },
    ),
    Source(
        "Account",
        Account,
        visible=access.sees_account,
        fields={
            "volunteer": One("Volunteer", on=lambda row, other: other.c.id == row.c.volunteer_id),
            "roles": Many("Role", "CREATED_AT", on=lambda row, other: other.c.account_id == row.c.id, covered=True),
        },
    ),
    Source(
        "Role",
        Role,
        visible=access.sees_role,
        fields={
            "province": One("Province", on=lambda row, other: other.c.code == row.c.province_code),
            "kabupaten": One("Kabupaten", on=lambda row, other: other.c.code == row.c.kabupaten_code),
            "organization": One("Organization", on=lambda row, other: other.c.id == row.c.organization_id),
        },
        orders={"CREATED_AT": ordered("created_at")},
        node=False,
    ),
)
