"""Hazards and incidents."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Condition, FieldContext, Row, Source, ToConnection, ToMany, ToOne, equals
from api.models import Hazard, Incident, IncidentKabupaten
from api.resolvers.common import among, contains, ordered, reference


def touches(row: Row, context: FieldContext, value: object) -> Condition:
    touched = sa.select(IncidentKabupaten.c.incident_id).where(
        IncidentKabupaten.c.kabupaten_code == context.bind(value)
    )
    return row.c.id.in_(touched)


SOURCES = (
    reference(
        "Hazard",
        Hazard,
        parent=ToOne("Hazard", on=lambda row, other: other.c.code == row.c.parent_code),
        children=ToMany("Hazard", "CODE", on=lambda row, other: other.c.parent_code == row.c.code),
    ),
    Source(
        "Incident",
        Incident,
        visible=access.sees_incident,
        fields={
            "hazard": ToOne("Hazard", on=lambda row, other: other.c.code == row.c.hazard_code),
            "kabupaten": ToMany(
                "Kabupaten",
                "CODE",
                through=lambda row, _context: sa.select(IncidentKabupaten.c.kabupaten_code).where(
                    IncidentKabupaten.c.incident_id == row.c.id
                ),
            ),
            "needs": ToConnection(
                "Need", on=lambda row, other: other.c.incident_id == row.c.id, visible_with_parent=True
            ),
        },
        orders={
            "STARTED_AT": ordered("started_at", descending=True),
            "CREATED_AT": ordered("created_at", descending=True),
        },
        filters={
            "status": among("status"),
            "hazard": equals("hazard_code"),
            "kabupaten": touches,
            "title": contains("title"),
        },
    ),
)
