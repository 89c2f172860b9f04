"""How a field of the executor is answered: by a plan's statement, or by a service and then a plan."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import sqlalchemy as sa
from graphql import FieldNode, GraphQLError, GraphQLObjectType, GraphQLResolveInfo
from graphql.pyutils import snake_to_camel

from api.compiler.error import BadInput
from api.compiler.plan import Operation, Plan
from api.compiler.root import VALUES_FROM_PYTHON
from api.compiler.source import Root, RowsFromPython, Source, ToMany, ToOne, everybody
from api.compiler.value import key_of, storable
from api.context import Context
from api.database import engine
from api.resolvers.limit import row_limit_error
from api.resolvers.problem import problem_rows
from api.services.frame import Outcome, perform

# The values that a payload's statement is given.
OUTCOME: Mapping[str, sa.types.TypeEngine[Any]] = {"key": sa.Uuid(), "problems": sa.Text()}

NO_OUTCOME: Mapping[str, Any] = dict.fromkeys(OUTCOME)

# As Strawberry's executor makes it: `variable_values` is the plain dict of coerced variables.
Info = GraphQLResolveInfo[Context]


def error(message: str, code: str, path: tuple[str, ...] = ()) -> GraphQLError:
    return GraphQLError(message, path=list(path) or None, extensions={"code": code})


class _ToldApart:
    """What may go wrong with a database, as errors with a code."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, raised: BaseException | None, _traceback: object) -> None:
        if isinstance(raised, BadInput):
            raise error(str(raised), "BAD_USER_INPUT", raised.path) from None
        if isinstance(raised, engine.InvalidValue):
            raise error("A value cannot be stored as it is.", "BAD_USER_INPUT") from None
        if isinstance(raised, engine.Unavailable):
            raise error("The database does not answer; try again.", "UNAVAILABLE") from None


# One for all: it is entered several times in each request, and keeps nothing.
TOLD_APART = _ToldApart()


@dataclass(frozen=True, slots=True)
class Ready:
    """A plan, and the values for its parameters."""

    plan: Plan
    parameters: Sequence[object]
    rows: int  # Of pages, at most.


def ready_document(context: Context, operation: Operation, roots: Mapping[str, Root]) -> Ready:
    """All roots by one statement."""
    with TOLD_APART:
        plan = context.planner.document(operation, context.actor.kind, roots)
        return ready(context, plan, operation.variables)


def ready_field(
    context: Context,
    operation: Operation,
    declared: Root,
    *,
    parent: GraphQLObjectType,
    key: str,
    nodes: Sequence[FieldNode],
    given: Mapping[str, Any] | None = None,
) -> Ready:
    """One field; `given` are the values that Python has decided."""
    variables = {**operation.variables, VALUES_FROM_PYTHON: given} if given else operation.variables
    with TOLD_APART:
        plan = context.planner.field(operation, context.actor.kind, declared, parent=parent, key=key, nodes=nodes)
        return ready(context, plan, variables)


def ready(context: Context, plan: Plan, variables: Mapping[str, Any]) -> Ready:
    return Ready(plan, plan.bind(variables, context.parameters), plan.cost(variables))


async def run(context: Context, ready: Ready) -> orjson.Fragment:
    """The answer as JSON. No document takes more than its share of the connections."""
    with TOLD_APART:
        async with context.connection_slots:
            return orjson.Fragment(await context.database.read(ready.plan.sql, ready.parameters))


def ready_info(info: Info, declared: Root, given: Mapping[str, Any] | None = None) -> Ready:
    """The field that the executor is at."""
    variables: Mapping[str, Any] = cast("Mapping[str, Any]", info.variable_values)
    operation = Operation(info.schema, info.operation, info.fragments, variables)
    parent, key, nodes = info.parent_type, str(info.path.key), info.field_nodes
    return ready_field(info.context, operation, declared, parent=parent, key=key, nodes=nodes, given=given)


async def read(info: Info, declared: Root) -> orjson.Fragment:
    """The value of the field being resolved, as JSON."""
    ready = ready_info(info, declared)
    spend(info.context, ready)
    return await run(info.context, ready)


def spend(context: Context, ready: Ready) -> None:
    """Counts the rows that the document's fields ask for together; raises where they become too many."""
    context.row_counts.append(ready.rows)
    if large := row_limit_error(sum(context.row_counts)):
        raise large


@dataclass(frozen=True, slots=True)
class Verb:
    """A mutation: the service behind it, the thing it answers with, and which of its inputs are global ids."""

    name: str
    call: Callable[..., Awaitable[Any]]
    noun: str
    ids: Mapping[str, str] = field(default_factory=dict)
    needs_vault: bool = False

    @property
    def payload(self) -> str:
        return "".join(part.capitalize() for part in self.name.split("_")) + "Payload"

    @property
    def source(self) -> Source:
        """How the payload is read: the thing by its key, the problems from what the service said."""
        thing = self.noun[0].lower() + self.noun[1:]
        return Source(
            self.payload,
            None,
            visible=everybody,
            fields={
                thing: ToOne(self.noun, on=lambda row, other: other.c.id == row.c.key),
                "problems": ToMany("Problem", "POSITION", rows=problem_rows),
            },
            node=False,
        )


async def perform_verb(info: Info, verb: Verb, given: Mapping[str, Any]) -> orjson.Fragment:
    """Calls the service in its frame, then reads what the client asked of the outcome."""
    context = info.context
    if context.actor.account_id is None:
        raise error("Sign in first.", "UNAUTHENTICATED")
    arguments = checked(verb, given, (str(info.path.key), "input"))
    idempotency_key = arguments.pop("idempotency_key", None)
    body = {name: value for name, value in given.items() if name != "idempotency_key"}
    if verb.needs_vault:
        arguments["vault"] = context.vault
    payload = RowsFromPython(verb.payload, OUTCOME)
    # What is wrong about the payload's selection is told before anything is changed.
    spend(context, ready_info(info, payload, NO_OUTCOME))
    with TOLD_APART:
        outcome = await perform(
            context.database,
            context.actor.account_id,
            context.now,
            mutation=verb.name,
            # Keyed: a bare digest of a body that holds a NIK would let the NIK be guessed.
            body_digest=context.vault.blind_index(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)),
            idempotency_key=idempotency_key,
            work=lambda session, request: verb.call(session, request, **arguments),
        )
    try:
        return await run(context, ready_info(info, payload, told(outcome)))
    except GraphQLError as unread:
        if outcome.problems:
            raise  # Nothing was done, so it may be tried again.
        # Whoever tried again would do it twice.
        raise error("It was done, but its answer could not be read; ask for what has changed.", "UNREAD") from unread


def checked(verb: Verb, given: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """The service's arguments: keys instead of global ids, and no text that cannot be stored."""
    arguments: dict[str, Any] = {}
    with TOLD_APART:
        for name, value in given.items():
            place = (*path, snake_to_camel(name, upper=False))
            noun = verb.ids.get(name)
            arguments[name] = storable(value, place) if noun is None else key_of(value, noun, sa.Uuid(), place)
    return arguments


def told(outcome: Outcome) -> Mapping[str, Any]:
    problems = [{**problem, "position": position} for position, problem in enumerate(outcome.problems)]
    return {"key": outcome.key, "problems": orjson.dumps(problems).decode()}
