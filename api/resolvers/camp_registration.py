"""Registrations for camps."""

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.source import FieldContext, Row, ToMany
from api.compiler.structure import filters, orders, table_source, to_many_through
from api.models import Camp, CampEnrolment, CampRegistration, Volunteer
from api.models.camp_registration import CAMP_REGISTRATION, CampRegistrationStatus
from api.resolvers.camp_completion import COMPLETION
from api.resolvers.camp_group import GROUPS_OF_REGISTRATION
from api.resolvers.common import allowed_actions, status, status_filter
from api.resolvers.history import history
from api.resolvers.scan import FILTERS_OF_REGISTRATION, OF_REGISTRATION
from api.rules.camp import CAMP_RULES, LIMIT_RULES, SENT_BY_VERIFIED, case_of_camp
from api.rules.refusal import refusals


def what_holds(registration: Row, context: FieldContext) -> sa.SelectBase:
    """What holds a registration that waits: full limits, its organization, and what its person lacks that nobody has waived."""
    camp, person = Camp.alias(), Volunteer.alias()
    limits = refusals(context.viewer, case_of_camp(registration, camp, NOW), (*LIMIT_RULES, SENT_BY_VERIFIED)).lateral()
    lacking = refusals(context.viewer, case_of_camp(person, camp, NOW), CAMP_RULES).lateral()
    waits = sa.and_(registration.c.status == CampRegistrationStatus.WAITLISTED, camp.c.id == registration.c.camp_id)
    of_limits = sa.select(*limits.c).select_from(camp.join(limits, sa.true())).where(waits)
    of_person = (
        sa.select(*lacking.c)
        .select_from(camp.join(person, person.c.id == registration.c.volunteer_id).join(lacking, sa.true()))
        .where(waits, ~sa.and_(lacking.c.overridable, registration.c.admission_reason.is_not(None)))
    )
    found = sa.union_all(*(each.correlate(registration) for each in (of_limits, of_person))).subquery()
    position = sa.cast(sa.func.row_number().over(order_by=(found.c.code,)), sa.Integer).label("position")
    return sa.select(position, *(column for column in found.c if column.name != "position"))


SOURCES = (
    table_source(
        CampRegistration,
        access.sees_registration,
        fields={
            "status": status(CAMP_REGISTRATION),
            **OF_REGISTRATION,
            "completion": COMPLETION,
            "waits_for": ToMany("Problem", "POSITION_ASC", rows=what_holds),
            "sessions": to_many_through(CampEnrolment.c.registration_id, CampEnrolment.c.session_id, "STARTS_AT_ASC"),
            "groups": GROUPS_OF_REGISTRATION,
            "history": history("CampRegistration"),
            "allowed_actions": allowed_actions(CAMP_REGISTRATION),
        },
        orders=orders(CampRegistration, "number", "-created_at"),
        filters={
            **FILTERS_OF_REGISTRATION,
            "status": status_filter(CAMP_REGISTRATION, CampRegistration),
            **filters(CampRegistration, "camp_id", "contingent_id", "volunteer_id", "organization_id"),
            **filters(CampRegistration, "kabupaten_code", "category_code", "number", "offered_until", "guest_name"),
        },
    ),
)
