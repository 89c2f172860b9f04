"""How a mutation is answered: by a verb in its frame, then by the plan of its payload."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import sqlalchemy as sa
from graphql import GraphQLError

from api.compiler.error import BadInput, ReplacedKey
from api.compiler.key import key_type, source_key
from api.compiler.plan import Plan
from api.compiler.root import VALUES_FROM_PYTHON
from api.compiler.value import storable
from api.context import Context
from api.database.engine import timed
from api.execution.answer import (
    DATABASE_ERRORS_AS_GRAPHQL,
    BoundPlan,
    Info,
    bind_plan,
    count_cost,
    graphql_error,
    operation_variables,
    plan_info,
    run,
)
from api.log import unexpected
from api.resolvers.verb import payload_root, payload_values
from api.rules.code import ProblemCode
from api.services import account
from api.services.frame import Call, ItemResult, Outcome, perform
from api.services.problem import InputPath, Problem, input_path
from api.services.request import Request
from api.services.verb import ResultPerItem, Verb
from api.values.spelling import one_spelling


async def perform_verb(info: Info, verb: Verb[Any, Any], values: Mapping[str, Any]) -> orjson.Fragment:
    """Calls the service in its frame, then reads what the client selected of the outcome."""
    context = info.context
    if context.actor.account_id is None and not verb.callers.is_public:
        raise graphql_error("Sign in first.", "UNAUTHENTICATED")
    # The payload is planned before anything is changed: what is wrong with its selection is told first.
    plan = plan_info(info, payload_root(verb, context.planner.sources))
    unanswered = bind_payload(info, plan, verb, Outcome())
    count_cost(context, unanswered.cost)
    if plan.required:
        await run(context, unanswered)
    call = service_call(context, verb, values)
    with DATABASE_ERRORS_AS_GRAPHQL:
        request = Request(context.actor, context.clock, context.caller, context.limits)
        async with timed(context.client):
            outcome = await perform(context.database, request, call)
    context.problem_codes.extend(problem["code"] for problem in outcome.problems)
    try:
        if verb.changes_actor and not outcome.problems:
            info = await _as_changed(info)
            plan = plan_info(info, payload_root(verb, context.planner.sources))
        return await run(info.context, bind_payload(info, plan, verb, outcome))
    except Exception as unread:
        if outcome.problems:
            raise  # Nothing was changed, so the client may try again.
        if not isinstance(unread, GraphQLError):
            unexpected(unread, request=context.id, mutation=verb.name)
        # A client that tried again would make the change twice.
        raise graphql_error(
            "It was done, but its answer could not be read; read the thing again.", "UNREAD"
        ) from unread


async def _as_changed(info: Info) -> Info:
    """With the actor as it is now, also for the next requests."""
    context = info.context
    context.forget_actor()
    async with context.database.reading() as session:
        actor = await account.reload(session, context.actor, context.now)
    return info._replace(context=replace(context, actor=actor))


def service_call(context: Context, verb: Verb[Any, Any], values: Mapping[str, Any]) -> Call:
    """The arguments of the service: keys in place of global ids; the problems of values that cannot be used at all."""
    problems: list[Problem] = []
    arguments = {name: service_value(verb, context, value, (name,), problems) for name, value in values.items()}
    idempotency_key = arguments.pop("idempotency_key", None)
    body = arguments if not problems else {**values, "idempotency_key": None}
    digest = b"" if idempotency_key is None else _body_digest(context, body)
    if verb.needs_vault:
        arguments["vault"] = context.vault
    if not isinstance(verb.answers, ResultPerItem):
        return Call(verb, arguments, digest, idempotency_key, problems)
    name = verb.answers.items
    if not isinstance(arguments.get(name), list):  # The items are in a file that the input names.
        return Call(verb, arguments, digest, idempotency_key, problems)
    refused, others = split_problems(problems, name)
    arguments[name] = [item for position, item in enumerate(arguments[name]) if position not in refused]
    return Call(verb, arguments, digest, idempotency_key, others, refused)


def _body_digest(context: Context, body: Mapping[str, Any]) -> bytes:
    """Of the arguments, so that an id in another spelling is the same body; of what was sent if that cannot be used.

    Keyed: a bare digest of a body that holds a NIK would let the NIK be guessed.
    """
    return context.vault.blind_index(orjson.dumps(one_spelling(body), option=orjson.OPT_SORT_KEYS))


def split_problems(problems: Sequence[Problem], items: str) -> tuple[Mapping[int, ItemResult], Sequence[Problem]]:
    """The problems that are about items of a bulk mutation, by the position of the item; and the others."""
    of_items: dict[int, list[Problem]] = {}
    others: list[Problem] = []
    for problem in problems:
        if problem.path[: len(input_path(items))] != input_path(items):
            others.append(problem)
            continue
        start, _, position, *steps = problem.path
        of_items.setdefault(int(position), []).append(replace(problem, path=(start, *steps)))
    return {position: ItemResult(problems=each) for position, each in of_items.items()}, others


def service_value(verb: Verb[Any, Any], context: Context, value: Any, path: InputPath, problems: list[Problem]) -> Any:
    """A value of the input as the service takes it; ids become keys."""
    if isinstance(value, Mapping):
        return {name: service_value(verb, context, item, (*path, name), problems) for name, item in value.items()}
    if isinstance(value, list):
        return [service_value(verb, context, item, (*path, str(index)), problems) for index, item in enumerate(value)]
    noun = verb.ids.get(".".join(step for step in path if not step.isdecimal()))
    source = context.planner.sources[noun] if noun else None
    try:
        storable(value, ())
        return value if source is None or value is None else source_key(source, value, ())
    except ReplacedKey as replaced:
        fact = {"code_in_force": replaced.key_in_force}
        problems.append(Problem(ProblemCode.CODE_REPLACED, input_path(*path), fact))
        return ""
    except BadInput:
        problems.append(Problem(ProblemCode.NOT_FOUND if noun else ProblemCode.INVALID, input_path(*path)))
        # A key that no thing has.
        return uuid.UUID(int=0) if source and isinstance(key_type(source), sa.Uuid) else ""


def bind_payload(info: Info, plan: Plan, verb: Verb[Any, Any], outcome: Outcome) -> BoundPlan:
    values = payload_values(verb, outcome, info.context.planner.sources)
    variables = {**operation_variables(info), VALUES_FROM_PYTHON: values}
    with DATABASE_ERRORS_AS_GRAPHQL:
        return bind_plan(info.context, plan, variables)
