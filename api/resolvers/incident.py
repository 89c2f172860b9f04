"""Hazards and incidents."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Ask, Many, One, Page, Row, Source, Truth, equals
from api.models import Hazard, Incident, IncidentKabupaten
from api.resolvers.common import among, contains, ordered, reference


def touches(row: Row, ask: Ask, value: object) -> Truth:
    touched = sa.select(IncidentKabupaten.c.incident_id).where(IncidentKabupaten.c.kabupaten_code == ask.bind(value))
    return row.c.id.in_(touched)


SOURCES = (
    reference(
        "Hazard",
        Hazard,
        parent=One("Hazard", on=lambda row, other: other.c.code == row.c.parent_code),
        children=Many("Hazard", "CODE", on=lambda row, other: other.c.parent_code == row.c.code),
    ),
    Source(
        "Incident",
        Incident,
        visible=access.sees_incident,
        fields={
            "hazard": One("Hazard", on=lambda row, other: other.c.code == row.c.hazard_code),
            "kabupaten": Many(
                "Kabupaten",
                "CODE",
                through=lambda row, _ask: sa.select(IncidentKabupaten.c.kabupaten_code).where(
                    IncidentKabupaten.c.incident_id == row.c.id
                ),
            ),
            "needs": Page("Need", on=lambda row, other: other.c.incident_id == row.c.id, covered=True),
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
