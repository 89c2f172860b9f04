"""The documents and pictures that prove certificates: sent with a request, read by whoever decides on it."""

import uuid
from functools import cache

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import CertificateRequest, Upload
from api.services.request import Request


async def find(session: Transaction, request: Request, certificate_request: uuid.UUID) -> Row | None:
    """The upload and its media type; None where the actor may not read that of such a request, or nothing was sent with it."""
    parameters = {**request.parameters, "certificate_request": certificate_request}
    return await session.row(_of_request(request.actor.kind), parameters)


@cache
def _of_request(kind: Kind) -> CompiledStatement:
    asked = CertificateRequest
    return compile_statement(
        sa.select(Upload.c.id, Upload.c.media_type)
        .select_from(Upload.join(asked, asked.c.evidence_id == Upload.c.id))
        .where(
            asked.c.id == sa.bindparam("certificate_request", type_=sa.Uuid()),
            access.reads_evidence(kind, asked),
        )
    )
