"""Skills, certificate types, certificates."""

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.compiler.source import Condition, Expression, FieldContext, Row, Source, Sql, ToMany, everybody
from api.compiler.structure import filters, orders, table_source, to_many_through, to_one
from api.models import (
    Certificate,
    CertificateType,
    CertificateTypeGrant,
    CertificateTypeInclusion,
    Organization,
    Skill,
    Volunteer,
)
from api.models.day import days_between, local_day
from api.resolvers.common import reference
from api.resolvers.history import history
from api.rules.resting import rests_on_certificate


def valid_on(row: Row, context: FieldContext, value: object) -> Condition:
    """Unrevoked, and the day lies between issue and expiry, both counted."""
    valid = days_between(row.c.issued_on, row.c.expires_on).op("@>", is_comparison=True)(context.bind(value))
    return sa.and_(row.c.revoked_on.is_(None), valid)


def issuers_day(row: Row) -> Sql:
    home = sa.select(Organization.c.kabupaten_code).where(Organization.c.id == row.c.issuer_id)
    return local_day(home.correlate(row).scalar_subquery(), NOW)


def state(row: Row) -> Sql:
    """Whether it is valid today, the day at the issuer."""
    today = issuers_day(row)
    return sa.case(
        (row.c.revoked_on.is_not(None), sa.literal_column("'REVOKED'")),
        (row.c.issued_on > today, sa.literal_column("'AHEAD'")),
        (row.c.expires_on < today, sa.literal_column("'EXPIRED'")),
        else_=sa.literal_column("'VALID'"),
    )


def initials(row: Row, _context: FieldContext) -> Sql:
    """The first letter of each word of the name, each with a dot."""
    name = sa.select(Volunteer.c.name).where(Volunteer.c.id == row.c.volunteer_id).correlate(row).scalar_subquery()
    return sa.func.rtrim(sa.func.regexp_replace(name, r"(\S)\S*\s*", r"\1. ", "g"), type_=sa.Text())


GRANTS, INCLUSIONS = CertificateTypeGrant.c, CertificateTypeInclusion.c

SOURCES = (
    reference(
        Skill,
        certificate_types=to_many_through(GRANTS.skill_code, GRANTS.certificate_type_code, "CODE_ASC"),
    ),
    reference(
        CertificateType,
        includes=to_many_through(INCLUSIONS.certificate_type_code, INCLUSIONS.included_code, "CODE_ASC"),
        skills=to_many_through(GRANTS.certificate_type_code, GRANTS.skill_code, "CODE_ASC"),
    ),
    table_source(
        Certificate,
        access.sees_certificate,
        fields={
            "type": to_one(Certificate.c.certificate_type_code),
            "state": Expression(lambda row, _context: state(row)),
            "affected_duties": ToMany("Assignment", "STARTS_AT_ASC", on=rests_on_certificate),
            "history": history("Certificate"),
        },
        orders=orders(Certificate, "-issued_on", "expires_on"),
        filters={
            "type": filters(Certificate, "certificate_type_code")["certificate_type"],
            **filters(Certificate, "volunteer_id", "issuer_id", "number", "issued_on", "expires_on", "revoked_on"),
            "valid_on": valid_on,
        },
    ),
    # Read by who has the code only, and without the person.
    Source(
        "CertificateStatus",
        Certificate,
        visible=everybody,
        key="code",
        fields={
            "type": to_one(Certificate.c.certificate_type_code),
            "issuer": to_one(Certificate.c.issuer_id),
            "state": Expression(lambda row, _context: state(row)),
            "initials": Expression(initials),
        },
        node=False,
    ),
)
