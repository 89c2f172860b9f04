"""Camps, their sessions, quotas and staff."""

from api import access
from api.access import NOW
from api.compiler.filter import ConditionFilter
from api.compiler.source import Condition, Expression, FieldContext, Row
from api.compiler.structure import connection, filters, orders, table_source, to_many, to_many_through, to_one
from api.models import (
    Camp,
    CampCategory,
    CampEnrolment,
    CampGroup,
    CampKind,
    CampQuota,
    CampRegistration,
    CampSession,
    CampStaffMember,
    Contingent,
    Payer,
)
from api.models.camp import CAMP
from api.resolvers.camp_care import HEADS
from api.resolvers.camp_evaluation import OF_SESSION
from api.resolvers.camp_report import REPORT
from api.resolvers.common import POSITION, ZONE, allowed_actions, reference
from api.resolvers.history import history
from api.resolvers.place import IN_PROVINCE, NearFilter, distance_from, nearest_first, point
from api.resolvers.scan import OF_CAMP
from api.rules.camp import places_left, takes_registrations


def is_taking(row: Row, _context: FieldContext) -> Condition:
    return takes_registrations(row, NOW)


SOURCES = (
    reference(CampKind),
    reference(CampCategory),
    reference(Payer),
    table_source(
        Camp,
        access.sees_camp,
        fields={
            "position": POSITION,
            "distance_to": distance_from(point),
            "time_zone": ZONE,
            "places_left": Expression(lambda row, _context: places_left(row, NOW)),
            "takes_registrations": Expression(is_taking),
            "sessions": to_many(CampSession.c.camp_id, "STARTS_AT_ASC", visible_with_parent=True),
            "quotas": to_many(CampQuota.c.camp_id, "CREATED_AT_ASC", visible_with_parent=True),
            "staff": connection(CampStaffMember.c.camp_id),
            "contingents": connection(Contingent.c.camp_id),
            "registrations": connection(CampRegistration.c.camp_id),
            **OF_CAMP,
            "heads": HEADS,
            "report": REPORT,
            "groups": connection(CampGroup.c.camp_id),
            "history": history("Camp"),
            "allowed_actions": allowed_actions(CAMP),
        },
        orders=orders(Camp, "-starts_at", "name", "-created_at"),
        argument_orders=nearest_first(point),
        filters={
            "near": NearFilter(point),
            **filters(Camp, "kind_code", "name", "series", "host_id", "kabupaten_code", "status", "attendees"),
            **filters(Camp, "capacity", "starts_at", "ends_at", "starts_at..ends_at"),
            "province": IN_PROVINCE,
            "takes_registrations": ConditionFilter(is_taking),
        },
    ),
    table_source(
        CampQuota,
        access.sees_part_of_camp,
        fields={"camp": to_one(CampQuota.c.camp_id, visible_with_parent=True)},
        orders=orders(CampQuota, "created_at"),
        filters=filters(CampQuota, "camp_id", "organization_id", "kabupaten_code", "category_code", "sex"),
    ),
    table_source(
        CampSession,
        access.sees_part_of_camp,
        fields={
            "camp": to_one(CampSession.c.camp_id, visible_with_parent=True),
            "registrations": to_many_through(CampEnrolment.c.session_id, CampEnrolment.c.registration_id, "NUMBER_ASC"),
            **OF_SESSION,
        },
        orders=orders(CampSession, "starts_at", "-created_at"),
        filters=filters(CampSession, "camp_id", "is_required", "starts_at", "ends_at", "starts_at..ends_at"),
    ),
    table_source(
        CampStaffMember,
        access.sees_staff_member,
        orders=orders(CampStaffMember, "-created_at"),
        filters=filters(CampStaffMember, "camp_id", "volunteer_id", "duty", "ended_at"),
    ),
)
