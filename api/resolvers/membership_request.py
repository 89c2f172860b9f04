"""Requests for memberships."""

from api import access
from api.compiler.structure import filters, orders, table_source
from api.models import MembershipRequest
from api.models.membership_request import MEMBERSHIP_REQUEST
from api.resolvers.common import allowed_actions
from api.resolvers.history import history

SOURCES = (
    table_source(
        MembershipRequest,
        access.sees_membership_request,
        fields={
            "history": history("MembershipRequest"),
            "allowed_actions": allowed_actions(MEMBERSHIP_REQUEST),
        },
        orders=orders(MembershipRequest, "-created_at"),
        filters=filters(MembershipRequest, "volunteer_id", "organization_id", "asked_by", "status"),
    ),
)
