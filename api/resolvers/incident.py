"""Hazards, their desks, and incidents."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Embedded, Expression, FieldContext, Row, Sql, ToMany, ToOne
from api.compiler.structure import connection, filters, orders, related, table_source, to_many, to_many_through
from api.models import (
    Desk,
    EmergencyStatus,
    GoodsNeed,
    Hazard,
    Incident,
    IncidentKabupaten,
    Kabupaten,
    Need,
    Site,
    SituationReport,
)
from api.models.day import time_zone
from api.models.incident import INCIDENT
from api.resolvers.activity import activity
from api.resolvers.common import POSITION, allowed_actions, reference, status, status_filter
from api.resolvers.coverage import (
    coverage_by_cluster,
    coverage_by_kabupaten,
    coverage_by_skill,
    incident_coverage,
)
from api.resolvers.history import history
from api.resolvers.matrix import coverage_matrix
from api.resolvers.override import OVERRIDE_COUNTS
from api.resolvers.place import NearFilter, nearest_first, point
from api.resolvers.pledge import delivered
from api.resolvers.situation import added_up, by_kabupaten
from api.rules.candidate import chord, on_globe


def has_desk(incident: Row, desk: Row) -> sa.ColumnElement[bool]:
    """Whether the hazard of the incident goes to the desk."""
    code = sa.select(Hazard.c.desk_code).where(Hazard.c.code == incident.c.hazard_code)
    return desk.c.code == code.correlate(incident).scalar_subquery()


def main_zone(incident: Row, _context: FieldContext) -> Sql:
    """The time zone of the affected kabupaten whose seat is nearest."""
    affected, seat = IncidentKabupaten.alias(), Kabupaten.alias()
    nearest = (
        sa.select(seat.c.code)
        .join(affected, affected.c.kabupaten_code == seat.c.code)
        .where(affected.c.incident_id == incident.c.id)
        .order_by(chord(on_globe(seat), on_globe(incident)), seat.c.code)
        .limit(1)
    )
    return time_zone(nearest.correlate(incident).scalar_subquery())


def is_still_wanted(incident: Row, goods: Row) -> sa.ColumnElement[bool]:
    """Whether goods of the incident are neither closed nor delivered in whole."""
    is_open = goods.c.closed_at.is_(None)
    return sa.and_(goods.c.incident_id == incident.c.id, is_open, delivered(goods) < goods.c.quantity)


SOURCES = (
    reference(Desk, hazards=to_many(Hazard.c.desk_code, "CODE_ASC")),
    reference(Hazard, "parent_code", "desk_code", children=to_many(Hazard.c.parent_code, "CODE_ASC")),
    table_source(
        Incident,
        access.sees_incident,
        fields={
            "status": status(INCIDENT),
            "desk": ToOne("Desk", on=has_desk),
            "history": history("Incident"),
            "activity": activity("incident_id"),
            "allowed_actions": allowed_actions(INCIDENT),
            "position": POSITION,
            "time_zone": Expression(main_zone),
            "kabupatens": to_many_through(
                IncidentKabupaten.c.incident_id, IncidentKabupaten.c.kabupaten_code, "CODE_ASC"
            ),
            "emergency_statuses": connection(EmergencyStatus.c.incident_id, visible_with_parent=True),
            "situation": Embedded("Situation", computed_row=added_up),
            "situation_by_kabupaten": ToMany("KabupatenSituation", "KABUPATEN_ASC", rows=by_kabupaten),
            "situation_reports": connection(SituationReport.c.incident_id),
            "coverage": Embedded("Coverage", computed_row=incident_coverage),
            "override_counts": OVERRIDE_COUNTS,
            "coverage_by_skill": ToMany("SkillCoverage", "CODE_ASC", rows=coverage_by_skill),
            "coverage_by_cluster": ToMany("ClusterCoverage", "CODE_ASC", rows=coverage_by_cluster),
            "coverage_by_kabupaten": ToMany("KabupatenCoverage", "CODE_ASC", rows=coverage_by_kabupaten),
            "coverage_matrix": ToMany("CoverageCell", "EXTREMES_FIRST", rows=coverage_matrix, guard=access.shares_work),
            "sites": connection(Site.c.incident_id, visible_with_parent=True),
            "open_goods_needs": ToMany("GoodsNeed", "NEEDED_BY_ASC", on=is_still_wanted, visible_with_parent=True),
            "goods_needs": connection(GoodsNeed.c.incident_id, visible_with_parent=True),
            "needs": connection(Need.c.incident_id, visible_with_parent=True),
        },
        orders=orders(Incident, "-started_at", "-created_at", "title"),
        argument_orders=nearest_first(point),
        filters={
            "near": NearFilter(point),
            "status": status_filter(INCIDENT, Incident),
            **filters(Incident, "hazard_code", "title", "started_at", "ended_at"),
            "desk": related(Incident.c.hazard_code, Hazard.c.desk_code),
            "kabupaten": related(IncidentKabupaten.c.incident_id, IncidentKabupaten.c.kabupaten_code),
        },
    ),
)
