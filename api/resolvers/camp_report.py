"""The closing report of a camp: how many were registered, came, and got a certificate, by what they are counted by."""

from typing import Any

import sqlalchemy as sa

from api import access
from api.compiler.source import FieldContext, Order, Row, Source, Sql, ToMany, column, everybody
from api.models import (
    CampCategory,
    CampRegistration,
    CampSession,
    Certificate,
    Contingent,
    Kabupaten,
    Organization,
    Scan,
)
from api.models.camp import CampReportBy
from api.models.camp_registration import CAMP_REGISTRATION, CampRegistrationStatus
from api.models.scan import ScanPoint
from api.rules.camp_completion import CAME


def report(camp: Row, context: FieldContext) -> sa.Select[Any]:
    by = str(context.arguments["by"])
    found = sessions(camp) if by == "SESSION" else registrations(camp, by, context)
    each = found.subquery()
    return sa.select(*each.c)


def registrations(camp: Row, by: str, context: FieldContext) -> sa.Select[Any]:
    registration, certificate = CampRegistration.alias(), Certificate.alias()
    holds = sa.exists().where(
        certificate.c.camp_id == registration.c.camp_id,
        certificate.c.volunteer_id == registration.c.volunteer_id,
        certificate.c.revoked_on.is_(None),
    )
    counted = registration.c.status.in_((*CAMP_REGISTRATION.group("COMMITTED"), CampRegistrationStatus.NO_SHOW))
    name = label(registration, by, context)
    return (
        sa.select(
            name.label("name"),
            number(sa.func.count()).label("registered"),
            number(sa.func.count().filter(registration.c.status.in_(CAME))).label("came"),
            number(sa.func.count().filter(holds)).label("certified"),
        )
        .select_from(registration)
        .where(registration.c.camp_id == camp.c.id, counted)
        .group_by(name)
        .correlate(camp)
    )


def label(registration: Row, by: str, context: FieldContext) -> Sql:
    """What a registration is counted under; null where there is nothing of that, and for organizations that are hidden."""

    def of(table: sa.Table, key: str, reference: str, text: str = "name") -> Sql:
        other = table.alias()
        found = sa.select(other.c[text]).where(other.c[key] == registration.c[reference])
        return found.correlate(registration).scalar_subquery()

    match by:
        case CampReportBy.ORGANIZATION:
            is_seen = context.sees("Organization", registration.c.organization_id)
            return sa.case((is_seen, of(Organization, "id", "organization_id")))
        case CampReportBy.KABUPATEN:
            return of(Kabupaten, "code", "kabupaten_code")
        case CampReportBy.CATEGORY:
            return of(CampCategory, "code", "category_code", "label_id")
        case CampReportBy.SEX:
            return sa.type_coerce(registration.c.sex, sa.Text())
        case _:
            return contingent_name(registration, context)


def contingent_name(registration: Row, context: FieldContext) -> Sql:
    """The organization or kabupaten of the contingent."""
    contingent, organization, kabupaten = Contingent.alias(), Organization.alias(), Kabupaten.alias()
    holders = contingent.outerjoin(organization, organization.c.id == contingent.c.organization_id).outerjoin(
        kabupaten, kabupaten.c.code == contingent.c.kabupaten_code
    )
    of_organization = sa.case((context.sees("Organization", organization.c.id), organization.c.name))
    name = sa.func.coalesce(of_organization, kabupaten.c.name, type_=sa.Text())
    found = sa.select(name).select_from(holders).where(contingent.c.id == registration.c.contingent_id)
    return found.correlate(registration).scalar_subquery()


def sessions(camp: Row) -> sa.Select[Any]:
    """Those who were scanned at each session, of all who came."""
    session, scan, registration = CampSession.alias(), Scan.alias(), CampRegistration.alias()
    was_there = sa.and_(scan.c.session_id == session.c.id, scan.c.point == ScanPoint.SESSION, scan.c.counts)
    there = sa.select(sa.func.count(scan.c.person_id.distinct())).where(was_there, scan.c.registration_id.is_not(None))
    came = registration.c.status.in_(CAME)
    everybody_who_came = sa.select(sa.func.count()).where(registration.c.camp_id == session.c.camp_id, came)
    return (
        sa.select(
            session.c.title.label("name"),
            number(everybody_who_came.correlate(session).scalar_subquery()).label("registered"),
            number(there.correlate(session).scalar_subquery()).label("came"),
            number(sa.literal_column("0")).label("certified"),
        )
        .where(session.c.camp_id == camp.c.id)
        .correlate(camp)
    )


def number(count: Any) -> Sql:
    return sa.cast(count, sa.Integer)


REPORT = ToMany("CampReportRow", "NAME_ASC", rows=report, guard=access.runs_camp)

SOURCES = (
    Source(
        "CampReportRow",
        None,
        visible=everybody,
        fields={name: column(name) for name in ("name", "registered", "came", "certified")},
        orders={
            "NAME_ASC": Order(
                lambda row: [
                    sa.func.coalesce(row.c.name, "", type_=sa.Text()),
                    row.c.registered,
                    row.c.came,
                    row.c.certified,
                ]
            )
        },
        node=False,
    ),
)
