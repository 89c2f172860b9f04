"""Executes operations whose root fields are all compiled to SQL, without graphql-core's executor."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import ExecutionResult, FieldNode, GraphQLError, is_non_null_type, located_error

from api.compiler.plan import Operation
from api.compiler.selection import SelectedField
from api.compiler.source import Root
from api.context import Context
from api.execution.answer import BoundPlan, bind_document, bind_field, count_rows, run
from api.execution.limit import row_limit_error
from api.resolvers import ROOTS


@dataclass(frozen=True, slots=True)
class RootField:
    """A selected root field: its response key, and the declaration of how it is read (None for `__typename`)."""

    key: str
    nodes: Sequence[FieldNode]
    declaration: Root | None
    is_non_null: bool

    @classmethod
    def from_selected(cls, selected: SelectedField) -> "RootField":
        if selected.definition is None:
            return cls(selected.key, selected.nodes, None, is_non_null=True)
        is_non_null = is_non_null_type(selected.definition.type)
        return cls(selected.key, selected.nodes, ROOTS[selected.name], is_non_null)


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
        count_rows(context, ready)
        data: Any = await run(context, ready)
    except GraphQLError as error:
        return ExecutionResult(None, [error])
    return ExecutionResult(data, None)


async def run_concurrently(context: Context, operation: Operation, roots: Sequence[RootField]) -> ExecutionResult:
    """Reads each root field with a statement of its own. An error in a nullable field leaves the others."""
    result = ResultBuilder(dict.fromkeys(root.key for root in roots))
    ready = prepare_roots(context, operation, roots, result)
    context.row_counts.extend(each.rows for _, each in ready)
    if limit_error := row_limit_error(sum(context.row_counts)):
        return ExecutionResult(None, [limit_error])
    if result.is_null:
        return result.build()
    reads = [run_or_error(context, each) for _, each in ready]
    # Saves the task that `gather` would create for a single read.
    values = await asyncio.gather(*reads) if len(reads) > 1 else [await each for each in reads]
    for (root, _), value in zip(ready, values, strict=True):
        result.add(root, value)
    return result.build()


def prepare_roots(
    context: Context, operation: Operation, roots: Sequence[RootField], result: ResultBuilder
) -> list[tuple[RootField, BoundPlan]]:
    """The root fields to read, with their plans. Adds `__typename` and the errors of the others to `result`."""
    query = operation.schema.query_type
    assert query is not None
    ready: list[tuple[RootField, BoundPlan]] = []
    for root in roots:
        if root.declaration is None:
            result.data[root.key] = query.name
            continue
        try:
            one = bind_field(context, operation, root.declaration, parent=query, key=root.key, nodes=root.nodes)
        except GraphQLError as error:
            result.add(root, error)
        else:
            ready.append((root, one))
    return ready


async def run_or_error(context: Context, ready: BoundPlan) -> orjson.Fragment | Exception:
    """The field's value, or the exception that reading it raised."""
    try:
        return await run(context, ready)
    except Exception as error:  # noqa: BLE001  # As graphql-core does for each field; `Schema` logs unexpected ones.
        return error
