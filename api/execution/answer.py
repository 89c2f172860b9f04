"""How a field that is read is answered: by the statement of a plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson
from graphql import FieldNode, GraphQLError, GraphQLObjectType, GraphQLResolveInfo

from api.compiler.error import BadInput, ReplacedKey
from api.compiler.plan import Cost, Operation, Plan
from api.compiler.root import VALUES_FROM_PYTHON
from api.compiler.source import Root
from api.context import Context
from api.database.error import InvalidValue, TooLarge, Unavailable
from api.execution.limit import cost_error, too_large

# An answer whose pages, if they are full, are estimated at less than the largest answer by this factor cannot be as large:
# no value of the graph is so much longer than the estimate.
LARGEST_BY_ESTIMATE = 100

Info = GraphQLResolveInfo[Context]


def graphql_error(message: str, code: str, path: tuple[str, ...] = (), **more: str) -> GraphQLError:
    return GraphQLError(message, path=list(path) or None, extensions={"code": code, **more})


class _DatabaseErrorsAsGraphQL:
    """Turns what may go wrong with a statement into GraphQL errors with a code."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if isinstance(error, ReplacedKey):
            raise graphql_error(str(error), "BAD_USER_INPUT", error.path, codeInForce=error.key_in_force) from None
        if isinstance(error, BadInput):
            raise graphql_error(str(error), "BAD_USER_INPUT", error.path) from None
        if isinstance(error, InvalidValue):
            raise graphql_error("A value cannot be stored as it is.", "BAD_USER_INPUT") from None
        if isinstance(error, TooLarge):
            raise too_large("The answer is larger than the limit; ask for less, or for smaller pages.") from None
        if isinstance(error, Unavailable):
            raise graphql_error(error.message, error.code) from None


# Has no state, so one object serves all statements.
DATABASE_ERRORS_AS_GRAPHQL = _DatabaseErrorsAsGraphQL()


@dataclass(frozen=True, slots=True)
class BoundPlan:
    """A plan, the values of its parameters, and what it may cost at most."""

    plan: Plan
    parameters: Sequence[object]
    cost: Cost


def bind_document(context: Context, operation: Operation, roots: Mapping[str, Root]) -> BoundPlan:
    """All roots by one statement."""
    with DATABASE_ERRORS_AS_GRAPHQL:
        plan = context.planner.document(operation, context.actor.kind, roots)
        return bind_plan(context, plan, operation.variables)


def bind_field(
    context: Context,
    operation: Operation,
    declared: Root,
    *,
    parent: GraphQLObjectType,
    key: str,
    nodes: Sequence[FieldNode],
) -> BoundPlan:
    """One root by a statement of its own."""
    with DATABASE_ERRORS_AS_GRAPHQL:
        plan = context.planner.field(operation, context.actor.kind, declared, parent=parent, key=key, nodes=nodes)
        return bind_plan(context, plan, operation.variables)


@dataclass(frozen=True, slots=True)
class RateLimitValues:
    """The values of the root `rateLimit`, read only where a document asks for it."""

    context: Context

    def __getitem__(self, name: str) -> object:
        return self.context.rate_limit()[name]


def bind_plan(context: Context, plan: Plan, variables: Mapping[str, Any]) -> BoundPlan:
    return BoundPlan(
        plan,
        plan.bind({VALUES_FROM_PYTHON: RateLimitValues(context), **variables}, context.parameters),
        plan.cost(variables),
    )


async def run(context: Context, bound: BoundPlan) -> orjson.Fragment:
    """The answer as JSON."""
    largest = context.limits.max_answer_bytes
    # Only where an answer may be large: the checks cost a short statement as much as the statement itself.
    max_bytes = largest if bound.cost.bytes > largest // LARGEST_BY_ESTIMATE else None
    sql, parameters = bound.plan.sql, bound.parameters
    if bound.cost.bytes > largest:
        sql, parameters = bound.plan.guarded_sql, [*parameters, largest]
    with DATABASE_ERRORS_AS_GRAPHQL:
        text = await context.database.read(sql, parameters, max_bytes=max_bytes, client=context.client)
        context.usage.answered_bytes += len(text)
        if context.usage.answered_bytes > largest:
            raise TooLarge
        return orjson.Fragment(bound.plan.result(text))


def operation_variables(info: Info) -> Mapping[str, Any]:
    # Strawberry's executor makes it the plain dict of coerced variables.
    return cast("Mapping[str, Any]", info.variable_values)


def plan_info(info: Info, declared: Root) -> Plan:
    """The plan of the field that the executor resolves."""
    operation = Operation(info.schema, info.operation, info.fragments, operation_variables(info))
    parent, key, nodes = info.parent_type, str(info.path.key), info.field_nodes
    with DATABASE_ERRORS_AS_GRAPHQL:
        context = info.context
        plan = context.planner.field(operation, context.actor.kind, declared, parent=parent, key=key, nodes=nodes)
        if context.client is not None:
            context.client.validation_seconds += operation.planning_seconds
        return plan


def count_cost(context: Context, *costs: Cost) -> None:
    """Adds what parts of the document may cost; raises where it is too much together, before any of them is read."""
    for cost in costs:
        context.usage.cost = context.usage.cost.plus(cost)
    if error := cost_error(context.usage.cost, context.limits.max_answer_bytes):
        raise error
