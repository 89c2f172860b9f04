"""Requests for certificates, and decrees that extend them."""

import sqlalchemy as sa

from api import access
from api.compiler.source import Expression, FieldContext, Row, Sql
from api.compiler.structure import filters, orders, table_source, to_one
from api.models import CertificateExtension, CertificateRequest
from api.models.certificate_extension import CERTIFICATE_EXTENSION
from api.models.certificate_request import CERTIFICATE_REQUEST
from api.resolvers.common import allowed_actions
from api.resolvers.history import history

EVIDENCE_PATH = "/evidence/"


def evidence_path(row: Row, _context: FieldContext) -> Sql:
    path = sa.literal(EVIDENCE_PATH) + sa.cast(row.c.id, sa.Text)
    return sa.case((row.c.evidence_id.is_not(None), path))


SOURCES = (
    table_source(
        CertificateRequest,
        access.sees_certificate_request,
        fields={
            "type": to_one(CertificateRequest.c.certificate_type_code),
            "evidence": Expression(evidence_path, guard=access.reads_evidence),
            "history": history("CertificateRequest"),
            "allowed_actions": allowed_actions(CERTIFICATE_REQUEST),
        },
        orders=orders(CertificateRequest, "-created_at"),
        filters={
            "type": filters(CertificateRequest, "certificate_type_code")["certificate_type"],
            **filters(CertificateRequest, "volunteer_id", "issuer_id", "status"),
        },
    ),
    table_source(
        CertificateExtension,
        access.sees_extension,
        fields={
            "type": to_one(CertificateExtension.c.certificate_type_code),
            "history": history("CertificateExtension"),
            "allowed_actions": allowed_actions(CERTIFICATE_EXTENSION),
        },
        orders=orders(CertificateExtension, "-created_at"),
        filters={
            "type": filters(CertificateExtension, "certificate_type_code")["certificate_type"],
            **filters(CertificateExtension, "status", "decree_number", "extended_to"),
        },
    ),
)
