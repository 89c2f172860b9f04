"""Memberships."""

from api import access
from api.compiler.source import Ask, One, Row, Source, Truth, equals
from api.models import Membership
from api.resolvers.common import ordered
from api.rules.sending import days_between


def active_on(row: Row, ask: Ask, value: object) -> Truth:
    return days_between(row.c.since, row.c.until).op("@>", is_comparison=True)(ask.bind(value))


SOURCES = (
    Source(
        "Membership",
        Membership,
        visible=access.sees_record_of_volunteer,
        fields={
            "volunteer": One("Volunteer", on=lambda row, other: other.c.id == row.c.volunteer_id, covered=True),
            "organization": One("Organization", on=lambda row, other: other.c.id == row.c.organization_id),
            "rank": One("Rank", on=lambda row, other: other.c.code == row.c.rank_code),
        },
        orders={"SINCE": ordered("since", descending=True)},
        filters={"active_on": active_on, "rank": equals("rank_code")},
    ),
)
