"""Registrations for camps."""

from api import access
from api.compiler.structure import filters, orders, table_source
from api.models import CampRegistration
from api.models.camp_registration import CAMP_REGISTRATION
from api.resolvers.camp_completion import COMPLETION
from api.resolvers.common import status, status_filter
from api.resolvers.history import history
from api.resolvers.scan import FILTERS_OF_REGISTRATION, OF_REGISTRATION

SOURCES = (
    table_source(
        CampRegistration,
        access.sees_registration,
        fields={
            "status": status(CAMP_REGISTRATION),
            **OF_REGISTRATION,
            "completion": COMPLETION,
            "history": history("CampRegistration"),
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
