"""Registering somebody who is registered already: what the answer tells, and what it leaves behind."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Volunteer
from api.rules.code import ProblemCode
from api.services import disclosure, membership_request
from api.services.duplicate import LOCK
from api.services.feed import record
from api.services.problem import Problem, RefusedAfterChange, input_path
from api.services.request import Request


async def refuse_registered(
    session: Transaction, request: Request, *, nik_index: bytes | None, joining: Mapping[str, Any]
) -> None:
    """Looks for the NIK; to be called last, when all else is right, as the answer tells that the person is registered.

    Of somebody whom the actor may not see it only says that a request to join was sent. All such answers are counted: the
    NIK of somebody whom the actor sees is masked, and must not be guessed either.
    """
    if nik_index is None:
        return
    await disclosure.refuse_used_up(session, request, "nik")
    await session.rows(LOCK, {"locks": [nik_index.hex()]})
    found = await session.row(_registered(request.actor.kind), {**request.parameters, "nik_index": nik_index})
    if found is None:
        return
    is_asked = not found.is_seen and joining["organization"] is not None
    await disclosure.spend(session, request)
    code = ProblemCode.REQUEST_SENT if is_asked else ProblemCode.ALREADY_REGISTERED
    change = {"code": code, "organization": joining["organization"] and str(joining["organization"])}
    await record(session, request, "volunteer.recognized", subject=("Volunteer", found.id), change=change)
    if is_asked:
        await membership_request.send(session, request, found.id, joining)
    raise RefusedAfterChange(Problem(code, input_path("nik")))


@cache
def _registered(kind: Kind) -> CompiledStatement:
    wanted = sa.bindparam("nik_index", type_=sa.LargeBinary())
    return compile_statement(
        sa.select(Volunteer.c.id, access.sees_volunteer(kind, Volunteer).label("is_seen")).where(
            Volunteer.c.nik_index == wanted
        )
    )
