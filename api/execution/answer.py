"""How a field that is read is answered: by the statement of a plan."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import orjson
from graphql import FieldNode, GraphQLError, GraphQLObjectType, GraphQLResolveInfo

from api.compiler.error import BadInput
from api.compiler.plan import Operation, Plan
from api.compiler.source import Root
from api.context import Context
from api.database import engine
from api.execution.limit import row_limit_error

Info = GraphQLResolveInfo[Context]


def graphql_error(message: str, code: str, path: tuple[str, ...] = ()) -> GraphQLError:
    return GraphQLError(message, path=list(path) or None, extensions={"code": code})


@contextmanager
def database_errors_as_graphql() -> Generator[None]:
    """Turns what may go wrong with a statement into GraphQL errors with a code."""
    try:
        yield
    except BadInput as bad:
        raise graphql_error(str(bad), "BAD_USER_INPUT", bad.path) from None
    except engine.InvalidValue:
        raise graphql_error("A value cannot be stored as it is.", "BAD_USER_INPUT") from None
    except engine.Unavailable:
        raise graphql_error("The database does not answer; try again.", "UNAVAILABLE") from None


@dataclass(frozen=True, slots=True)
class BoundPlan:
    """A plan, the values of its parameters, and how many rows of pages it may read at most."""

    plan: Plan
    parameters: Sequence[object]
    rows: int


def bind_document(context: Context, operation: Operation, roots: Mapping[str, Root]) -> BoundPlan:
    """All roots by one statement."""
    with database_errors_as_graphql():
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
    with database_errors_as_graphql():
        plan = context.planner.field(operation, context.actor.kind, declared, parent=parent, key=key, nodes=nodes)
        return bind_plan(context, plan, operation.variables)


def bind_plan(context: Context, plan: Plan, variables: Mapping[str, Any]) -> BoundPlan:
    return BoundPlan(plan, plan.bind(variables, context.parameters), plan.cost(variables))


async def run(context: Context, bound: BoundPlan) -> orjson.Fragment:
    """The answer as JSON. No document uses more connections than its share."""
    with database_errors_as_graphql():
        async with context.connection_slots:
            text = await context.database.read(bound.plan.sql, bound.parameters)
        return orjson.Fragment(bound.plan.result(text))


def operation_variables(info: Info) -> Mapping[str, Any]:
    # Strawberry's executor makes it the plain dict of coerced variables.
    return cast("Mapping[str, Any]", info.variable_values)


def plan_info(info: Info, declared: Root) -> Plan:
    """The plan of the field that the executor resolves."""
    operation = Operation(info.schema, info.operation, info.fragments, operation_variables(info))
    parent, key, nodes = info.parent_type, str(info.path.key), info.field_nodes
    with database_errors_as_graphql():
        planner, kind = info.context.planner, info.context.actor.kind
        return planner.field(operation, kind, declared, parent=parent, key=key, nodes=nodes)


async def read(info: Info, declared: Root) -> orjson.Fragment:
    """The value of the field being resolved, as JSON."""
    plan = plan_info(info, declared)
    with database_errors_as_graphql():
        bound = bind_plan(info.context, plan, operation_variables(info))
    count_rows(info.context, bound)
    return await run(info.context, bound)


def count_rows(context: Context, bound: BoundPlan) -> None:
    """Counts the rows that the document's fields ask for together; raises where there are too many."""
    context.row_counts.append(bound.rows)
    if large := row_limit_error(sum(context.row_counts)):
        raise large
