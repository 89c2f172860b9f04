"""Memberships."""

from api import access
from api.compiler.source import Condition, FieldContext, Row, Source, ToOne, equals
from api.models import Membership
from api.resolvers.common import ordered
from api.rules.sending import days_between


def active_on(row: Row, context: FieldContext, value: object) -> Condition:
    return days_between(row.c.since, row.c.until).op("@>", is_comparison=True)(context.bind(value))


SOURCES = (
    Source(
        "Membership",
        Membership,
        visible=access.sees_record_of_volunteer,
        fields={
            "volunteer": ToOne(
                "Volunteer", on=lambda row, other: other.c.id == row.c.volunteer_id, visible_with_parent=True
            ),
            "organization": ToOne("Organization", on=lambda row, other: other.c.id == row.c.organization_id),
            "rank": ToOne("Rank", on=lambda row, other: other.c.code == row.c.rank_code),
        },
        orders={"SINCE": ordered("since", descending=True)},
        filters={"active_on": active_on, "rank": equals("rank_code")},
    ),
)
