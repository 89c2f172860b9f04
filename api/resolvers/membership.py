"""Memberships of volunteers in organizations."""

from api import access
from api.compiler.structure import filters, orders, table_source, to_one
from api.models import Membership
from api.resolvers.history import history

SOURCES = (
    table_source(
        Membership,
        access.sees_record_of_volunteer,
        fields={
            "volunteer": to_one(Membership.c.volunteer_id, visible_with_parent=True),
            "history": history("Membership"),
        },
        orders=orders(Membership, "-since", "until"),
        filters=filters(
            Membership,
            *("organization_id", "volunteer_id", "rank_code", "kecamatan_code", "number"),
            *("since", "until", "since..until"),
        ),
    ),
)
