"""The frame of every mutation: one transaction, the right to call it, the idempotency key, the outcome."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api import access
from api.access import Actor
from api.database.engine import Database, Transaction
from api.models import Idempotency
from api.rules.code import ProblemCode
from api.services import account
from api.services.problem import Problem, Refused, input_path

LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Request:
    """What a service works with besides its own arguments: who asks, and the instant of asking."""

    actor: Actor
    now: datetime

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.actor.parameters(self.now)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a mutation did: the key of the thing it made or changed, or why it refused."""

    key: uuid.UUID | None
    problems: Sequence[Mapping[str, Any]] = ()

    def stored(self) -> dict[str, Any]:
        key = self.key and str(self.key)
        outcome: dict[str, Any] = orjson.loads(orjson.dumps({"key": key, "problems": self.problems}))
        return outcome

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> "Outcome":
        return cls(stored["key"] and uuid.UUID(stored["key"]), stored["problems"])


Work = Callable[[Transaction, Request], Awaitable[uuid.UUID]]

# The database has the last word; these are its words, by the name of the constraint.
CONSTRAINTS: Mapping[str, Problem] = {
    "ex_commitment_one_place_at_a_time": Problem(ProblemCode.PERSON_ELSEWHERE, input_path("assignment")),
    "uq_assignment_live": Problem(ProblemCode.ALREADY_OFFERED, input_path("volunteer")),
    "uq_volunteer_nik_index": Problem(ProblemCode.ALREADY_REGISTERED, input_path("nik")),
    "uq_membership_organization_id_number": Problem(ProblemCode.NUMBER_TAKEN, input_path("number")),
    "uq_certificate_issuer_id_number": Problem(ProblemCode.NUMBER_TAKEN, input_path("number")),
}


async def perform(
    database: Database,
    account_id: uuid.UUID,
    now: datetime,
    *,
    mutation: str,
    body_digest: bytes,
    idempotency_key: str | None,
    work: Work,
) -> Outcome:
    """Does the work and says what came of it; under a key that was used before, only says it again."""
    async with database.transaction() as session:
        # Read anew in the transaction, so that a right that was taken away writes nothing any more.
        request = Request(await account.actor(session, account_id), now)
        if idempotency_key is None:
            return await _attempt(session, request, mutation, work)
        first = await _claimed(session, account_id, mutation, idempotency_key, body_digest)
        if first is not None:
            return first
        outcome = await _attempt(session, request, mutation, work)
        await session.rows(
            sa.update(Idempotency)
            .where(Idempotency.c.account_id == account_id, Idempotency.c.key == idempotency_key)
            .values(outcome=outcome.stored())
        )
        return outcome


async def _attempt(session: Transaction, request: Request, mutation: str, work: Work) -> Outcome:
    if not request.actor.roles & access.CALLERS[mutation]:
        return Outcome(None, [Problem(ProblemCode.FORBIDDEN).as_row()])
    try:
        async with session.savepoint():
            return Outcome(await work(session, request))
    except Refused as refused:
        return Outcome(None, [problem.as_row() for problem in refused.problems])
    except asyncpg.IntegrityConstraintViolationError as error:
        problem = CONSTRAINTS.get(error.constraint_name or "")
        if problem is None:
            raise
        return Outcome(None, [problem.as_row()])


async def _claimed(
    session: Transaction, account_id: uuid.UUID, mutation: str, key: str, digest: bytes
) -> Outcome | None:
    """The first outcome under this key; nothing, if this is the first time. A second request waits for the first."""
    if not 1 <= len(key) <= LONGEST_KEY:
        return Outcome(None, [Problem(ProblemCode.INVALID, ("input", "idempotencyKey")).as_row()])
    values = {"account_id": account_id, "key": key, "mutation": mutation, "body_digest": digest}
    claim = insert(Idempotency).values(values).on_conflict_do_nothing().returning(Idempotency.c.key)
    if await session.value(claim) is not None:
        return None
    found = sa.select(Idempotency).where(Idempotency.c.account_id == account_id, Idempotency.c.key == key)
    (stored,) = await session.rows(found)
    if (stored.mutation, stored.body_digest) != (mutation, digest) or stored.outcome is None:
        return Outcome(None, [Problem(ProblemCode.KEY_REUSED, ("input", "idempotencyKey")).as_row()])
    return Outcome.restored(orjson.loads(stored.outcome))
