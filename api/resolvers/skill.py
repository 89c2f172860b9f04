"""Skills, certificate types, certificates."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Condition, FieldContext, Row
from api.compiler.structure import filters, orders, table_source, to_many_through, to_one
from api.models import (
    Certificate,
    CertificateType,
    CertificateTypeGrant,
    CertificateTypeInclusion,
    Skill,
)
from api.models.day import days_between
from api.resolvers.common import reference


def valid_on(row: Row, context: FieldContext, value: object) -> Condition:
    """Unrevoked, and the day lies between issue and expiry, both counted."""
    valid = days_between(row.c.issued_on, row.c.expires_on).op("@>", is_comparison=True)(context.bind(value))
    return sa.and_(row.c.revoked_on.is_(None), valid)


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
        access.sees_record_of_volunteer,
        fields={
            "volunteer": to_one(Certificate.c.volunteer_id, visible_with_parent=True),
            "type": to_one(Certificate.c.certificate_type_code),
        },
        orders=orders(Certificate, "-issued_on", "expires_on"),
        filters={
            "type": filters(Certificate, "certificate_type_code")["certificate_type"],
            **filters(Certificate, "volunteer_id", "issuer_id", "number", "issued_on", "expires_on", "revoked_on"),
            "valid_on": valid_on,
        },
    ),
)
