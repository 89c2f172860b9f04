"""The pace of guessing: each attempt is counted before it is made, and the next one has to wait longer.

Nobody is ever locked out: the wait ends by itself, is at most a minute, and an account that is guessed at has another
count for the addresses from which its owner has signed in.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from api.access import NOW
from api.database.engine import Database, Transaction
from api.database.statement import compile_statement
from api.models import Attempt
from api.rules.code import ProblemCode
from api.services.problem import Problem, Refused
from api.services.request import Request

# Attempts without a wait: at one account, and from one address, behind which a whole office may be.
FREE_AT_ACCOUNT, FREE_FROM_ADDRESS = 5.0, 30.0
LONGEST_WAIT = timedelta(seconds=60)
# One attempt is forgotten in so much time.
FORGOTTEN_IN = timedelta(minutes=2)

_KEY: sa.BindParameter[bytes] = sa.bindparam("attempt_key", type_=sa.LargeBinary())
_FREE: sa.BindParameter[float] = sa.bindparam("free", type_=sa.Float())


def _seconds(since: sa.ColumnElement[object]) -> sa.ColumnElement[float]:
    return sa.cast(sa.extract("epoch", NOW - since), sa.Float)


_LEVEL = sa.func.greatest(
    0.0, Attempt.c.level - _seconds(Attempt.c.at) / FORGOTTEN_IN.total_seconds(), type_=sa.Float()
)
_WAIT = sa.case(
    (_LEVEL < _FREE, 0.0),
    else_=sa.func.least(LONGEST_WAIT.total_seconds(), sa.func.power(2.0, sa.func.least(_LEVEL - _FREE, 10.0))),
)
_TAKEN = sa.dialects.postgresql.insert(Attempt).values(key=_KEY, level=1.0, at=NOW)
# One statement, so that attempts at the same time wait for each other and are all counted.
TAKE = compile_statement(
    _TAKEN.on_conflict_do_update(
        index_elements=[Attempt.c.key], set_={"level": _LEVEL + 1.0, "at": NOW}, where=_seconds(Attempt.c.at) >= _WAIT
    ).returning(Attempt.c.level)
)
WAIT = compile_statement(
    sa.select((Attempt.c.at + sa.func.make_interval(0, 0, 0, 0, 0, 0, _WAIT)).label("until")).where(
        Attempt.c.key == _KEY
    )
)
FORGET = compile_statement(sa.delete(Attempt).where(Attempt.c.key == _KEY))
GIVE_BACK = compile_statement(
    sa.update(Attempt).where(Attempt.c.key == _KEY).values(level=sa.func.greatest(0.0, Attempt.c.level - 1.0))
)
FORGET_OLD = compile_statement(sa.delete(Attempt).where(Attempt.c.at < NOW - timedelta(days=1)))


async def count(database: Database, request: Request, *, of_address: bytes, of_name: bytes) -> None:
    """Counts one attempt, for good; raises `Refused` where it comes too early, and then counts nothing more."""
    for key, free in ((of_address, FREE_FROM_ADDRESS), (of_name, FREE_AT_ACCOUNT)):
        until = await _take(database, request, key, free)
        if until is not None:
            raise Refused(Problem(ProblemCode.TOO_MANY_ATTEMPTS, fact={"retry_at": until.isoformat()}))


async def is_too_early(database: Database, request: Request, *, of_account: bytes) -> bool:
    """Whether an attempt at the account comes too early, under whichever name; one that does not is counted, for good.

    That is told to nobody, as it would tell that two names are those of one account.
    """
    return await _take(database, request, of_account, FREE_AT_ACCOUNT) is not None


async def _take(database: Database, request: Request, key: bytes, free: float) -> datetime | None:
    """Counts one attempt; until when it would have to wait, if it comes too early and is not counted."""
    parameters = {"attempt_key": key, "free": free, "now": request.now}
    async with database.transaction() as session:
        if await session.value(TAKE, parameters) is not None:
            return None
        until: datetime = await session.value(WAIT, parameters)
        return until


async def forget(session: Transaction, *, of_address: bytes, of_name: bytes, of_account: bytes) -> None:
    """After a success: all attempts at the account, but of those from the address this one only.

    Else whoever guesses at others would sign in to an own account now and then, and guess on without a wait.
    """
    for key in (of_name, of_account):
        await session.rows(FORGET, {"attempt_key": key})
    await session.rows(GIVE_BACK, {"attempt_key": of_address})
