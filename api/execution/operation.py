"""Executes queries: fields compiled to SQL by statements of their own, introspection by graphql-core."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import orjson
from graphql import ExecutionResult, FieldNode, GraphQLError, is_non_null_type, located_error

from api.compiler.plan import Operation
from api.compiler.selection import SelectedField
from api.compiler.source import Root
from api.context import Context
from api.execution.answer import BoundPlan, bind_document, bind_field, count_cost, run
from api.execution.introspection import INTROSPECTION, introspect
from api.resolvers import ROOTS

# Reading connections that one document may use at the same time, of `engine.READ_POOL_SIZE` in all.
MAX_CONNECTIONS = 3

# Plans are made in the event loop; after this long, other requests have their turn.
PLANNING_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class RootField:
    """A selected root field: its response key, and the declaration of how it is read (None for `__…` fields)."""

    key: str
    nodes: Sequence[FieldNode]
    declaration: Root | None
    is_non_null: bool

    @classmethod
    def from_selected(cls, selected: SelectedField) -> "RootField":
        if selected.definition is None:
            return cls(selected.key, selected.nodes, None, is_non_null=True)
        is_non_null = is_non_null_type(selected.definition.type)
        return cls(selected.key, selected.nodes, ROOTS.get(selected.name), is_non_null)

    @property
    def is_introspection(self) -> bool:
        return self.nodes[0].name.value in INTROSPECTION


@dataclass(slots=True)
class ResultBuilder:
    """Collects the values and errors of the root fields. An error in a non-null field makes `data` null."""

    data: dict[str, Any]
    errors: list[GraphQLError] = field(default_factory=list)
    is_null: bool = False

    def add(self, root: RootField, value: orjson.Fragment | Exception) -> None:
        if isinstance(value, orjson.Fragment):
            self.data[root.key] = value
            return
        self.errors.append(located_error(value, list(root.nodes), [root.key]))
        self.is_null = self.is_null or root.is_non_null

    def build(self) -> ExecutionResult:
        return ExecutionResult(None if self.is_null else self.data, self.errors or None)


async def run_consistent(context: Context, operation: Operation) -> ExecutionResult:
    """Reads all root fields with one statement, so from one snapshot. An error in any of them makes `data` null."""
    try:
        ready = bind_document(context, operation, ROOTS)
        count_cost(context, ready.cost)
        data: Any = await run(context, ready)
    except GraphQLError as error:
        return ExecutionResult(None, [error])
    return ExecutionResult(data, None)


async def run_concurrently(context: Context, operation: Operation, roots: Sequence[RootField]) -> ExecutionResult:
    """Reads each root field with a statement of its own. An error in a nullable field leaves the others."""
    result = ResultBuilder(dict.fromkeys(root.key for root in roots))
    ready = await prepare_roots(context, operation, roots, result)
    if result.is_null:
        return result.build()
    try:
        count_cost(context, *(each.cost for _, each in ready))
        await add_introspection(context.client_name, operation, roots, result)
    except GraphQLError as error:
        return ExecutionResult(None, [error])
    if len(ready) == 1:  # Saves the task of `gather`.
        root, bound = ready[0]
        result.add(root, await run_or_error(context, bound))
    else:
        values = await run_side_by_side(context, [bound for _, bound in ready])
        for (root, _), value in zip(ready, values, strict=True):
            result.add(root, value)
    return result.build()


async def prepare_roots(
    context: Context, operation: Operation, roots: Sequence[RootField], result: ResultBuilder
) -> list[tuple[RootField, BoundPlan]]:
    """The root fields to read, with their plans. Adds `__typename` and the errors of the others to `result`."""
    query = operation.schema.query_type
    assert query is not None
    ready: list[tuple[RootField, BoundPlan]] = []
    paused_at = perf_counter()
    for root in roots:
        if root.declaration is None:
            result.data[root.key] = query.name
            continue
        if perf_counter() - paused_at > PLANNING_SECONDS:
            await asyncio.sleep(0)
            paused_at = perf_counter()
        try:
            one = bind_field(context, operation, root.declaration, parent=query, key=root.key, nodes=root.nodes)
        except GraphQLError as error:
            result.add(root, error)
        else:
            ready.append((root, one))
    return ready


async def add_introspection(
    client: str, operation: Operation, roots: Sequence[RootField], result: ResultBuilder
) -> None:
    nodes = [node for root in roots if root.is_introspection for node in root.nodes]
    if nodes:
        answered = await introspect(client, operation, nodes)
        result.data |= {key: orjson.Fragment(value) for key, value in answered.items()}


async def run_side_by_side(context: Context, ready: Sequence[BoundPlan]) -> Sequence[orjson.Fragment | Exception]:
    """As many at a time as a document may use connections."""
    slots = asyncio.Semaphore(MAX_CONNECTIONS)

    async def run_in_turn(bound: BoundPlan) -> orjson.Fragment | Exception:
        async with slots:
            return await run_or_error(context, bound)

    return await asyncio.gather(*map(run_in_turn, ready))


async def run_or_error(context: Context, ready: BoundPlan) -> orjson.Fragment | Exception:
    """The field's value, or the exception that reading it raised."""
    try:
        return await run(context, ready)
    except Exception as error:  # noqa: BLE001  # As graphql-core does for each field; `Schema` logs unexpected ones.
        return error
