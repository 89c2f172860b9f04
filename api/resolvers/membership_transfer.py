"""Proposals that a member goes over to another organization."""

from api import access
from api.compiler.structure import filters, orders, table_source
from api.models import MembershipTransfer
from api.models.membership_transfer import MEMBERSHIP_TRANSFER
from api.resolvers.common import allowed_actions
from api.resolvers.history import history

SOURCES = (
    table_source(
        MembershipTransfer,
        access.sees_transfer,
        fields={
            "history": history("MembershipTransfer"),
            "allowed_actions": allowed_actions(MEMBERSHIP_TRANSFER),
        },
        orders=orders(MembershipTransfer, "-created_at"),
        filters=filters(MembershipTransfer, "membership_id", "volunteer_id", "organization_id", "status"),
    ),
)
