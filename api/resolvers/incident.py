"""Hazards and incidents."""

from api import access
from api.compiler.structure import connection, filters, orders, related, table_source, to_many, to_many_through
from api.models import Hazard, Incident, IncidentKabupaten, Need
from api.resolvers.common import POSITION, reference

SOURCES = (
    reference(Hazard, "parent_code", children=to_many(Hazard.c.parent_code, "CODE_ASC")),
    table_source(
        Incident,
        access.sees_incident,
        fields={
            "position": POSITION,
            "kabupatens": to_many_through(
                IncidentKabupaten.c.incident_id, IncidentKabupaten.c.kabupaten_code, "CODE_ASC"
            ),
            "needs": connection(Need.c.incident_id, visible_with_parent=True),
        },
        orders=orders(Incident, "-started_at", "-created_at", "title"),
        filters={
            **filters(Incident, "status", "hazard_code", "title", "started_at", "ended_at"),
            "kabupaten": related(IncidentKabupaten.c.incident_id, IncidentKabupaten.c.kabupaten_code),
        },
    ),
)
