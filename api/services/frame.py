"""The frame of every mutation: one transaction, the right to call it, the idempotency key, the outcome."""

import asyncio
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import uniform
from typing import Any

import asyncpg
import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from structlog import get_logger
from structlog.typing import FilteringBoundLogger

from api.database.engine import Database, Transaction
from api.database.error import Unavailable
from api.database.statement import compile_statement
from api.models import Idempotency
from api.rules.code import ProblemCode
from api.services import account
from api.services.feed import record
from api.services.merged import VOLUNTEER_KEYS, with_surviving_ids
from api.services.problem import Problem, Refused, RefusedAfterChange, input_path, refuse
from api.services.request import Request
from api.services.retirement import retired_codes
from api.services.standing import refuse_fallen
from api.services.verb import ComputedReport, OneThing, ResultPerItem, SeveralThings, Verb
from api.values.name import camel_case

LONGEST_KEY = 200

# The key of a thing: a UUID, or the code of reference data.
Key = uuid.UUID | str


# What may be wrong with an id before the service has it; the service then finds out what else is wrong.
OF_AN_ID = (ProblemCode.NOT_FOUND, ProblemCode.CODE_REPLACED)

# Attempts at a mutation that the database broke off so that another could go on.
MAX_ATTEMPTS = 3
# Before the next attempt, longer each time: at once it would take the locks that the other still waits for.
PAUSE_SECONDS = 0.1

CALL_REFUSED = "account.call_refused"

log: FilteringBoundLogger = get_logger()


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The result for one item of a bulk mutation: the key of the thing, or the problems with the item.

    The paths of the problems lead through the item as if it were the whole input: `input`, `name`.
    """

    key: Key | None = None
    problems: Sequence[Problem] = ()

    def as_row(self, *steps: str) -> dict[str, Any]:
        """As the payload's statement reads it; `steps` lead to the item in the input."""
        problems = [replace(each, path=(*input_path(*steps), *each.path[1:])) for each in self.problems]
        return {"key": self.key and str(self.key), "problems": [problem.as_row() for problem in problems]}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a mutation did, as JSON has it: keys of things, a result per item, or a report; or the problems."""

    problems: Sequence[Mapping[str, Any]] = ()
    keys: Sequence[str] = ()
    results: Sequence[Mapping[str, Any]] = ()
    report: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def refused(cls, *problems: Problem) -> "Outcome":
        return cls([problem.as_row() for problem in problems])

    @classmethod
    def of(cls, call: "Call", returned: Any) -> "Outcome":
        """The outcome for what the verb's function returned."""
        match call.verb.answers:
            case OneThing():
                return cls(keys=[str(returned)])
            case SeveralThings():
                return cls(keys=[str(key) for key in returned])
            case ResultPerItem(items=name):
                results = enumerate(call.all_results(returned))
                return cls(results=[result.as_row(name, str(position)) for position, result in results])
            case ComputedReport():
                return cls(report=returned)

    def as_json(self) -> dict[str, Any]:
        members = {"problems": self.problems, "keys": self.keys, "results": self.results, "report": self.report}
        stored: dict[str, Any] = orjson.loads(orjson.dumps(members))
        return stored


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a verb: its arguments, what is wrong with the input already, and the caller's idempotency key.

    In place of a malformed id the arguments have a key that no thing has, so that the service tells what else is wrong.
    `refused_items` are the items of a bulk mutation with which something is wrong already, by their position; they are
    not among the arguments.
    """

    verb: Verb[Any, Any]
    arguments: Mapping[str, Any]
    body_digest: bytes
    idempotency_key: str | None = None
    problems: Sequence[Problem] = ()
    refused_items: Mapping[int, ItemResult] = field(default_factory=dict)

    def all_results(self, returned: Sequence[ItemResult]) -> Iterator[ItemResult]:
        """The results of all items in the order of the input: of those that were refused, and those that were returned."""
        others = iter(returned)
        for position in range(len(returned) + len(self.refused_items)):
            yield self.refused_items.get(position) or next(others)


async def perform(database: Database, request: Request, call: Call) -> Outcome:
    """Runs the verb in a transaction; a key that was used before only answers with the first outcome.

    What an account is refused leaves an event, in a transaction of its own, as that of the verb is rolled back.
    """
    outcome = await _perform(database, request, call)
    if outcome.problems and request.actor.account_id is not None:
        change = {
            "mutation": camel_case(call.verb.name),
            "codes": sorted({problem["code"] for problem in outcome.problems}),
        }
        async with database.transaction() as session:
            await record(session, request, CALL_REFUSED, subject=("Account", request.actor.account_id), change=change)
    return outcome


async def _perform(database: Database, request: Request, call: Call) -> Outcome:
    """A transaction that the database ended to resolve a deadlock is tried again."""
    try:
        call = await _prepared(database, request, call)
    except Refused as refused:
        return Outcome.refused(*refused.problems)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            return await _attempt(database, request, call)
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, MergedMeanwhile) as error:
            log.warning("broken off", mutation=call.verb.name, attempt=attempt, error=type(error).__name__)
            await asyncio.sleep(PAUSE_SECONDS * attempt * uniform(1, 2))  # noqa: S311  # No secret.
    raise Unavailable


async def _prepared(database: Database, request: Request, call: Call) -> Call:
    if call.verb.prepare is None or call.problems or not call.verb.is_called_by(request.actor):
        return call
    return replace(call, arguments=await call.verb.prepare(database, request, call.arguments))


async def _attempt(database: Database, request: Request, call: Call) -> Outcome:
    account_id = request.actor.account_id
    try:
        async with database.transaction() as session:
            # Read again in the transaction, so that a right that was taken away no longer writes.
            actor = await account.reload(session, request.actor, request.now)
            request = replace(request, actor=actor, verb=call.verb.name, relied_on={})
            # First, so that no API key is told the outcome of a mutation that it may not call; an account is, after its role, too.
            if not call.verb.is_open_to_key(actor):
                raise Refused(Problem(ProblemCode.FORBIDDEN))
            if call.idempotency_key is None:
                return await _run(session, request, call)
            return await _run_once(session, request, account_id, call, call.idempotency_key)
    except REFUSALS as error:
        return _refusal(call, error)


async def _run_once(
    session: Transaction, request: Request, account_id: uuid.UUID | None, call: Call, key: str
) -> Outcome:
    """Runs the verb unless the key was used before; the outcome is stored, also when it is a refusal."""
    first = await _claim_key(session, account_id, call, key)
    if first is not None:
        return first
    try:
        async with session.savepoint():
            outcome = await _run(session, request, call)
    except REFUSALS as error:
        outcome = _refusal(call, error)
    await session.rows(STORE_OUTCOME, {**_key_of(account_id, key), "outcome": outcome.as_json()})
    return outcome


async def _run(session: Transaction, request: Request, call: Call) -> Outcome:
    """Raises one of `REFUSALS` when nothing may be changed; what was changed already has to be rolled back."""
    if not call.verb.is_called_by(request.actor):
        raise Refused(Problem(ProblemCode.FORBIDDEN))
    if any(problem.code not in OF_AN_ID for problem in call.problems):
        raise Refused(*call.problems)
    known = [*call.problems, *await retired_codes(session, request, call.verb, call.arguments)]
    arguments = await with_surviving_ids(session, call.verb, call.arguments)
    try:
        outcome = Outcome.of(call, await call.verb(session, request, **arguments))
        await refuse_fallen(session, request)
    except RefusedAfterChange as refused:
        refuse(known)
        return Outcome.refused(*refused.problems)
    except Refused as refused:
        await _check_not_merged(session, call, arguments)
        raise Refused(*known, *_further(refused.problems, known)) from None
    refuse(known)
    if any(result["problems"] for result in outcome.results):
        await _check_not_merged(session, call, arguments)
    return outcome


async def _check_not_merged(session: Transaction, call: Call, arguments: Mapping[str, Any]) -> None:
    """What was refused because somebody's record went away while the verb waited for a lock, is no refusal."""
    if await with_surviving_ids(session, call.verb, arguments) is not arguments:
        raise MergedMeanwhile


class MergedMeanwhile(Exception):
    """A volunteer whose record was merged into another while the mutation ran; the next attempt finds the person."""


REFUSALS = (Refused, asyncpg.IntegrityConstraintViolationError)


def _refusal(call: Call, error: Refused | asyncpg.IntegrityConstraintViolationError) -> Outcome:
    """Raises the error again where it is a violated constraint that the verb does not expect."""
    if isinstance(error, Refused):
        return Outcome.refused(*error.problems)
    if error.constraint_name in VOLUNTEER_KEYS:
        raise MergedMeanwhile from error
    problem = call.verb.conflicts.get(error.constraint_name or "")
    if problem is None:
        raise error
    return Outcome.refused(problem)


def _further(found: Sequence[Problem], known: Sequence[Problem]) -> Iterator[Problem]:
    """The problems that are not known already: an id that was malformed is one that the service did not find."""
    paths = {problem.path for problem in known}
    return (problem for problem in found if problem.path not in paths)


async def _claim_key(session: Transaction, account_id: uuid.UUID | None, call: Call, key: str) -> Outcome | None:
    """The first outcome under this key; None if this is the first call. A second call waits for the first."""
    if not 1 <= len(key) <= LONGEST_KEY:
        return Outcome.refused(Problem(ProblemCode.INVALID, ("input", "idempotencyKey")))
    identity = {"mutation": call.verb.name, "body_digest": call.body_digest}
    parameters = _key_of(account_id, key)
    if await session.value(CLAIM_KEY, {**parameters, **identity}) is not None:
        return None
    stored = await session.row(READ_OUTCOME, parameters)
    if stored is None:
        return await _claim_key(session, account_id, call, key)  # It was purged just now, so the key acts anew.
    if {name: stored[name] for name in identity} != identity or stored.outcome is None:
        return Outcome.refused(Problem(ProblemCode.KEY_REUSED, ("input", "idempotencyKey")))
    return Outcome(**orjson.loads(stored.outcome))


def _key_of(account_id: uuid.UUID | None, key: str) -> dict[str, Any]:
    return {"account": account_id, "idempotency_key": key}


def _parameter(name: str, column: sa.Column[Any]) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=column.type)


_ACCOUNT = _parameter("account", Idempotency.c.account_id)
_KEY = _parameter("idempotency_key", Idempotency.c.key)
_SAME_KEY = sa.and_(Idempotency.c.account_id.is_not_distinct_from(_ACCOUNT), Idempotency.c.key == _KEY)
CLAIM_KEY = compile_statement(
    insert(Idempotency)
    .values(
        account_id=_ACCOUNT,
        key=_KEY,
        mutation=_parameter("mutation", Idempotency.c.mutation),
        body_digest=_parameter("body_digest", Idempotency.c.body_digest),
    )
    .on_conflict_do_nothing()
    .returning(Idempotency.c.key)
)
READ_OUTCOME = compile_statement(sa.select(Idempotency).where(_SAME_KEY))
STORE_OUTCOME = compile_statement(
    sa.update(Idempotency).where(_SAME_KEY).values(outcome=_parameter("outcome", Idempotency.c.outcome))
)
