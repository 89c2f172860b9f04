"""Answers that tell that somebody is registered, or what the NIK or phone of somebody is: so many of an account and day.

The day's budget is held from before the look until the transaction's end, so that answers at the same time are all
counted; and before the locks of numbers and names, so that two transactions never wait for each other.
"""

import hashlib
import uuid
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api.access import NOW
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Attempt
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.problem import Problem, RefusedAfterChange, input_path
from api.services.request import Request

DAY = timedelta(days=1)


async def hold(session: Transaction, request: Request) -> Row:
    """How much of the day's budget is used, and since when the day runs."""
    held = await session.row(HOLD, {"attempt_key": _key(request), "now": request.now})
    assert held is not None
    return held


async def left(session: Transaction, request: Request) -> int:
    """How many answers may still tell; held."""
    held = await hold(session, request)
    return request.limits.join_requests - int(held.level)


async def refuse_used_up(session: Transaction, request: Request, field: str) -> None:
    """Refuses where the budget is used up; to be asked before anything is looked for, so that the refusal tells nothing."""
    held = await hold(session, request)
    if held.level < request.limits.join_requests:
        return
    await record(session, request, "account.nik_refused", subject=("Account", _account(request)), change={})
    raise RefusedAfterChange(used_up(held, field))


def used_up(held: Row, field: str) -> Problem:
    """That nothing more is told today, as the problem of a field of the input."""
    fact = {"retry_at": (held.at + DAY).isoformat()}
    return Problem(ProblemCode.TOO_MANY_ATTEMPTS, input_path(field), fact)


async def spend(session: Transaction, request: Request, count: int = 1) -> None:
    """Takes answers from the day's budget, which is held."""
    await session.rows(SPEND, {"attempt_key": _key(request), "count": float(count)})


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
