"""Whole operations answered without the executor: their roots side by side, or all at once."""

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
from api.resolvers import ROOTS
from api.resolvers.answer import Ready, ready_document, ready_field, run
from api.resolvers.limit import too_many_rows


@dataclass(frozen=True, slots=True)
class RootField:
    """A key of the answer, and how its value is read; `__typename` is not."""

    key: str
    nodes: Sequence[FieldNode]
    declared: Root | None
    is_needed: bool  # It may not be null.

    @classmethod
    def of(cls, selected: SelectedField) -> "RootField":
        if selected.definition is None:
            return cls(selected.key, selected.nodes, None, is_needed=True)
        is_needed = is_non_null_type(selected.definition.type)
        return cls(selected.key, selected.nodes, ROOTS[selected.name], is_needed)


@dataclass(slots=True)
class Answer:
    """An answer in the making: a root that fails is null, and so is everything where it may not be."""

    data: dict[str, Any]
    errors: list[GraphQLError] = field(default_factory=list)
    is_null: bool = False

    def put(self, root: RootField, value: orjson.Fragment | Exception) -> None:
        if isinstance(value, orjson.Fragment):
            self.data[root.key] = value
            return
        self.errors.append(located_error(value, list(root.nodes), [root.key]))
        self.is_null = self.is_null or root.is_needed

    def result(self) -> ExecutionResult:
        return ExecutionResult(None if self.is_null else self.data, self.errors or None)


async def at_once(context: Context, operation: Operation) -> ExecutionResult:
    """All roots by one statement, and so as of one instant; none where one of them is refused."""
    try:
        ready = ready_document(context, operation, ROOTS)
        if large := too_many_rows(ready.rows):
            return ExecutionResult(None, [large])
        data: Any = await run(context, ready)
    except GraphQLError as refused:
        return ExecutionResult(None, [refused])
    return ExecutionResult(data, None)


async def side_by_side(context: Context, operation: Operation, roots: Sequence[RootField]) -> ExecutionResult:
    """Each root by a statement of its own; what fails leaves the others."""
    answer = Answer(dict.fromkeys(root.key for root in roots))
    ready = prepared(context, operation, roots, answer)
    if large := too_many_rows(sum(each.rows for _, each in ready)):
        return ExecutionResult(None, [large])
    if answer.is_null:
        return answer.result()
    reading = [settled(context, each) for _, each in ready]
    # A single one is not worth a task.
    found = await asyncio.gather(*reading) if len(reading) > 1 else [await each for each in reading]
    for (root, _), value in zip(ready, found, strict=True):
        answer.put(root, value)
    return answer.result()


def prepared(
    context: Context, operation: Operation, roots: Sequence[RootField], answer: Answer
) -> list[tuple[RootField, Ready]]:
    """The roots to be read; the answer has what needs no reading, and what is refused."""
    query = operation.schema.query_type
    assert query is not None
    ready: list[tuple[RootField, Ready]] = []
    for root in roots:
        if root.declared is None:
            answer.data[root.key] = query.name
            continue
        try:
            one = ready_field(context, operation, root.declared, parent=query, key=root.key, nodes=root.nodes)
        except GraphQLError as refused:
            answer.put(root, refused)
        else:
            ready.append((root, one))
    return ready


async def settled(context: Context, ready: Ready) -> orjson.Fragment | Exception:
    try:
        return await run(context, ready)
    except Exception as error:  # noqa: BLE001  # As the executor does for each field; the schema logs what is unforeseen.
        return error
