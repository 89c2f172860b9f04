"""Registering somebody who is registered already: what the answer tells, how often in a day, and what it leaves behind."""

import hashlib
import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api import access
from api.access import NOW, Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Attempt, Volunteer
from api.rules.code import ProblemCode
from api.services import membership_request
from api.services.duplicate import LOCK
from api.services.feed import record
from api.services.problem import Problem, RefusedAfterChange, input_path
from api.services.request import Request

DAY = timedelta(days=1)


async def refuse_registered(
    session: Transaction, request: Request, *, nik_index: bytes | None, joining: Mapping[str, Any]
) -> None:
    """Looks for the NIK; to be called last, when all else is right, as the answer tells that the person is registered.

    Of somebody whom the actor may not see it only says that a request to join was sent, and so many times a day. Whether
    that is used up is asked before the NIK is looked for, so that the refusal tells nothing.
    """
    if nik_index is None:
        return
    spent = await hold_budget(session, request)
    if spent.level >= request.limits.join_requests:
        await record(session, request, "account.nik_refused", subject=("Account", _account(request)), change={})
        fact = {"retry_at": (spent.at + DAY).isoformat()}
        raise RefusedAfterChange(Problem(ProblemCode.TOO_MANY_ATTEMPTS, input_path("nik"), fact))
    await session.rows(LOCK, {"locks": [nik_index.hex()]})
    found = await session.row(_registered(request.actor.kind), {**request.parameters, "nik_index": nik_index})
    if found is None:
        return
    is_asked = not found.is_seen and joining["organization"] is not None
    if not found.is_seen:
        await spend(session, request, 1)
    code = ProblemCode.REQUEST_SENT if is_asked else ProblemCode.ALREADY_REGISTERED
    change = {"code": code, "organization": joining["organization"] and str(joining["organization"])}
    await record(session, request, "volunteer.recognized", subject=("Volunteer", found.id), change=change)
    if is_asked:
        await membership_request.send(session, request, found.id, joining)
    raise RefusedAfterChange(Problem(code, input_path("nik")))


async def spend(session: Transaction, request: Request, count: int) -> None:
    """Takes answers from the day's budget, which is held."""
    await session.rows(SPEND, {"attempt_key": _key(request), "count": float(count)})


async def hold_budget(session: Transaction, request: Request) -> Row:
    """How much of the day's budget is used, and since when the day runs; held until the transaction's end."""
    held = await session.row(HOLD, {"attempt_key": _key(request), "now": request.now})
    assert held is not None
    return held


def _account(request: Request) -> uuid.UUID:
    assert request.actor.account_id is not None
    return request.actor.account_id


def _key(request: Request) -> bytes:
    return hashlib.sha256(f"join requests of {_account(request)}".encode()).digest()


_KEY: sa.BindParameter[bytes] = sa.bindparam("attempt_key", type_=sa.LargeBinary())
_COUNT = sa.bindparam("count", type_=sa.Float())
_IS_TODAY = Attempt.c.at > NOW - DAY
HOLD = compile_statement(
    insert(Attempt)
    .values(key=_KEY, level=0.0, at=NOW)
    .on_conflict_do_update(
        index_elements=[Attempt.c.key],
        set_={
            "level": sa.case((_IS_TODAY, Attempt.c.level), else_=0.0),
            "at": sa.case((_IS_TODAY, Attempt.c.at), else_=NOW),
        },
    )
    .returning(Attempt.c.level, Attempt.c.at)
)
SPEND = compile_statement(sa.update(Attempt).where(Attempt.c.key == _KEY).values(level=Attempt.c.level + _COUNT))


@cache
def _registered(kind: Kind) -> CompiledStatement:
    wanted = sa.bindparam("nik_index", type_=sa.LargeBinary())
    return compile_statement(
        sa.select(Volunteer.c.id, access.sees_volunteer(kind, Volunteer).label("is_seen")).where(
            Volunteer.c.nik_index == wanted
        )
    )
