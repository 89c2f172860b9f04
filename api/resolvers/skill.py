"""Skills, certificate types, certificates."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Condition, FieldContext, Order, Row, Source, ToMany, ToOne, equals, refers_to
from api.models import (
    Certificate,
    CertificateType,
    CertificateTypeGrant,
    CertificateTypeInclusion,
    Skill,
)
from api.resolvers.common import ordered, reference
from api.rules.sending import days_between


def valid_on(row: Row, context: FieldContext, value: object) -> Condition:
    """Unrevoked, and the day lies between issue and expiry, both counted."""
    valid = days_between(row.c.issued_on, row.c.expires_on).op("@>", is_comparison=True)(context.bind(value))
    return sa.and_(row.c.revoked_on.is_(None), valid)


def soonest(row: Row) -> list[sa.ColumnElement[object]]:
    return [sa.func.coalesce(row.c.expires_on, sa.literal_column("'infinity'::date"), type_=sa.Date())]


SOURCES = (
    reference(
        "Skill",
        Skill,
        certificate_types=ToMany(
            "CertificateType",
            "CODE",
            through=lambda row, _context: sa.select(CertificateTypeGrant.c.certificate_type_code).where(
                CertificateTypeGrant.c.skill_code == row.c.code
            ),
        ),
    ),
    reference(
        "CertificateType",
        CertificateType,
        includes=ToMany(
            "CertificateType",
            "CODE",
            through=lambda row, _context: sa.select(CertificateTypeInclusion.c.included_code).where(
                CertificateTypeInclusion.c.certificate_type_code == row.c.code
            ),
        ),
        skills=ToMany(
            "Skill",
            "CODE",
            through=lambda row, _context: sa.select(CertificateTypeGrant.c.skill_code).where(
                CertificateTypeGrant.c.certificate_type_code == row.c.code
            ),
        ),
    ),
    Source(
        "Certificate",
        Certificate,
        visible=access.sees_record_of_volunteer,
        fields={
            "volunteer": ToOne(
                "Volunteer", on=lambda row, other: other.c.id == row.c.volunteer_id, visible_with_parent=True
            ),
            "type": ToOne("CertificateType", on=lambda row, other: other.c.code == row.c.certificate_type_code),
            "issuer": ToOne("Organization", on=lambda row, other: other.c.id == row.c.issuer_id),
        },
        orders={"ISSUED_ON": ordered("issued_on", descending=True), "EXPIRES_ON": Order(soonest)},
        filters={
            "type": equals("certificate_type_code"),
            "volunteer": refers_to("volunteer_id", "Volunteer"),
            "valid_on": valid_on,
        },
    ),
)
