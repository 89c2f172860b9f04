"""The scan log, the codes, and who is inside."""

import sqlalchemy as sa

from api import access
from api.compiler.filter import ConditionFilter
from api.compiler.source import Condition, Expression, FieldContext, Row, Sql
from api.compiler.structure import connection, filters, orders, table_source
from api.models import Camp, Scan, ScanCode, Site
from api.models.camp_registration import CAMP_REGISTRATION
from api.rules.presence import finding, is_inside, present_count

QR_PATH = "/qr/"


def kabupaten_of_place(scan: Row) -> Sql:
    places = (
        sa.select(table.c.kabupaten_code).where(table.c.id == scan.c[f"{table.name}_id"]).correlate(scan)
        for table in (Camp, Site)
    )
    return sa.func.coalesce(*(each.scalar_subquery() for each in places), type_=sa.Text())


def registration_inside(row: Row) -> Condition:
    return is_inside(row.c.camp_id, sa.func.coalesce(row.c.volunteer_id, row.c.id, type_=sa.Uuid()))


def is_known_inside(row: Row, context: FieldContext) -> Condition:
    """Inside now, for those who may know it."""
    return sa.and_(access.receives_registration(context.viewer, row), registration_inside(row))


def code_hash(row: Row, _context: FieldContext) -> Sql:
    """SHA-256 of the code that the person carries, so that a phone without a connection knows it and cannot make one.

    A volunteer has the code for other places, too: it is told of as long as the registration has not ended.
    """
    comes = row.c.status.in_(CAMP_REGISTRATION.group("LIVE"))
    carried = sa.or_(
        sa.and_(ScanCode.c.volunteer_id == row.c.volunteer_id, comes), ScanCode.c.registration_id == row.c.id
    )
    digest = sa.func.sha256(sa.func.convert_to(ScanCode.c.code, sa.literal_column("'UTF8'")))
    found = sa.select(sa.func.encode(digest, sa.literal_column("'hex'"), type_=sa.Text()))
    return found.where(carried, ScanCode.c.annulled_at.is_(None)).limit(1).correlate(row).scalar_subquery()


# Fields of the nouns of camps and sites.
OF_CAMP = {
    "present_count": Expression(lambda row, _context: present_count(row.c.id), guard=access.runs_camp),
    "scans": connection(Scan.c.camp_id),
}
OF_SITE = {
    "present_count": Expression(lambda row, _context: present_count(row.c.id), guard=access.keeps_site),
    "scans": connection(Scan.c.site_id),
}
OF_REGISTRATION = {
    "is_inside": Expression(lambda row, _context: registration_inside(row), guard=access.receives_registration),
    "code_hash": Expression(code_hash, guard=access.receives_registration),
}
FILTERS_OF_REGISTRATION = {"inside": ConditionFilter(is_known_inside)}

SOURCES = (
    table_source(
        ScanCode,
        access.sees_scan_code,
        fields={"qr": Expression(lambda row, _context: sa.literal(QR_PATH) + row.c.code + sa.literal(".svg"))},
        orders=orders(ScanCode, "-created_at"),
        filters=filters(ScanCode, "volunteer_id", "registration_id", "site_id", "annulled_at"),
    ),
    table_source(
        Scan,
        access.sees_scan,
        fields={"finding": Expression(lambda row, _context: finding(row, kabupaten_of_place(row)))},
        orders=orders(Scan, "-at"),
        filters=filters(Scan, "camp_id", "site_id", "point", "session_id", "volunteer_id", "at", "device", "counts"),
    ),
)
