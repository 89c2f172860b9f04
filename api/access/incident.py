"""Who sees and coordinates incidents, their needs, sites, figures and decrees."""

import sqlalchemy as sa

from api.access.actor import ACCOUNT, NOW, PROVINCES, Condition, Kind, Row, Sql
from api.access.condition import any_of, coordinates, is_desk_officer, manages, probes
from api.models import GoodsNeed, IncidentKabupaten, Need, Pledge, Site
from api.models.incident import INCIDENT, IncidentStatus
from api.models.pledge import PLEDGE, PledgeStatus
from api.models.situation import SituationStatus


def sees_incident(kind: Kind, row: Row) -> Condition:
    """Public once verified; else seen by coordinators and desk officers of a kabupaten it touches, and by who reported it."""
    touched = IncidentKabupaten.alias()
    at_desk = touched.c.incident_id == row.c.id, is_desk_officer(kind, touched.c.kabupaten_code)
    return any_of(
        row.c.status.in_(INCIDENT.group("PUBLIC")),
        sa.and_(row.c.status == IncidentStatus.MERGED, row.c.verified_at.is_not(None)),
        coordinates_incident(kind, row) if kind.coordinator else None,
        probes(row, *at_desk) if kind.desk else None,
        row.c.reporter_id == ACCOUNT if kind.own else None,
    )


def coordinates_incident(kind: Kind, incident: Row) -> Condition:
    """Coordinators of a kabupaten that the incident affects, of its province or the nation."""
    if kind.nation or not kind.places:
        return sa.literal(kind.nation)
    touched = IncidentKabupaten.alias()
    return probes(incident, touched.c.incident_id == incident.c.id, coordinates(kind, touched.c.kabupaten_code))


def sees_need(_kind: Kind, _row: Row) -> Condition:
    """Public: a need can only be raised for an incident that is itself public."""
    return sa.true()


def sees_part_of_incident(_kind: Kind, _row: Row) -> Condition:
    """Public: sites, decrees and the like are only entered for an incident that is itself public."""
    return sa.true()


def keeps_site(kind: Kind, site: Row) -> Condition:
    """Coordinators of its kabupaten, managers of the organization that runs it."""
    runs = sa.func.coalesce(manages(kind, site.c.organization_id), sa.false(), type_=sa.Boolean())
    return any_of(coordinates(kind, site.c.kabupaten_code), runs)


def sees_situation(kind: Kind, row: Row) -> Condition:
    """Public once verified; before and once withdrawn, to coordinators, desk officers of the kabupaten, who recorded it."""
    return any_of(
        row.c.status == SituationStatus.VERIFIED,
        sa.literal(kind.coordinator),
        is_desk_officer(kind, row.c.kabupaten_code) if kind.desk else None,
        row.c.recorder_id == ACCOUNT if kind.own else None,
    )


def reports_from(kind: Kind, incident_id: Sql, kabupaten_code: Sql) -> Condition:
    """Whether the actor coordinates the kabupaten, works at its desk, or manages an organization that works there.

    An organization works where it runs a site of the incident, or holds an open pledge for one of its needs, of people or goods.
    """
    site = Site.alias()
    promised = (
        _has_promised(kind, need, pledge_of, incident_id, kabupaten_code)
        for need, pledge_of in ((Need.alias(), "need_id"), (GoodsNeed.alias(), "goods_need_id"))
    )
    here = sa.exists().where(
        site.c.incident_id == incident_id,
        site.c.kabupaten_code == kabupaten_code,
        site.c.closed_at.is_(None),
        manages(kind, site.c.organization_id),
    )
    at_work = (here, *promised) if kind.organizations else ()
    return any_of(coordinates(kind, kabupaten_code), is_desk_officer(kind, kabupaten_code), *at_work)


def _has_promised(kind: Kind, need: Row, column: str, incident_id: Sql, kabupaten_code: Sql) -> Condition:
    """Whether an organization that the actor manages holds an open pledge for a need there, of people or of goods."""
    pledge = Pledge.alias()
    return sa.exists().where(
        need.c.incident_id == incident_id,
        need.c.kabupaten_code == kabupaten_code,
        pledge.c[column] == need.c.id,
        PLEDGE.current(pledge, NOW) == PledgeStatus.OPEN,
        manages(kind, pledge.c.organization_id),
    )


def records_situation(kind: Kind, report: Row) -> Condition:
    """Coordinators and desk officers of the kabupaten, managers of an organization with a site or pledge there."""
    return reports_from(kind, report.c.incident_id, report.c.kabupaten_code)


def verifies_situation(kind: Kind, report: Row) -> Condition:
    """Coordinators of the kabupaten that the figures are of."""
    return coordinates(kind, report.c.kabupaten_code)


def withdraws_situation(kind: Kind, report: Row) -> Condition:
    """Coordinators of the kabupaten that the figures are of, and who recorded them."""
    own = report.c.recorder_id == ACCOUNT if kind.own else None
    return any_of(verifies_situation(kind, report), own)


def coordinates_territory(kind: Kind, row: Row) -> Condition:
    """Coordinators of the territory of an emergency status: the kabupaten, else the province, else the nation."""
    return decrees_for(kind, row.c.kabupaten_code, row.c.province_code)


def decrees_for(kind: Kind, kabupaten_code: Sql, province_code: Sql) -> Condition:
    """Whether the actor coordinates the kabupaten, or the province; the nation if both are null."""
    if kind.nation or not kind.places:
        return sa.literal(kind.nation)
    in_province = sa.type_coerce(province_code, sa.Text) == sa.any_(PROVINCES)
    return sa.func.coalesce(sa.or_(coordinates(kind, kabupaten_code), in_province), sa.false(), type_=sa.Boolean())


def sends_to_need(kind: Kind, row: Row) -> Condition:
    """Who may look for people for a need, and offer it to them."""
    return coordinates(kind, row.c.kabupaten_code)
