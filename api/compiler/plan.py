"""Plans: the statement of a document or of one of its root fields, made once per shape of variables and cached."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from time import thread_time
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLInputType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    VariableDefinitionNode,
    is_input_type,
    type_from_ast,
)
from graphql.execution.values import VariableValues

from api.compiler.build import Builder
from api.compiler.cache import Cache
from api.compiler.error import BadInput
from api.compiler.root import root
from api.compiler.selection import Document, SelectedField
from api.compiler.source import Root, Source, Viewer
from api.compiler.step import QueryLevel, Sizes
from api.compiler.template import Templates
from api.compiler.text import SqlText, json_object
from api.compiler.value import RequiredThing, ShapeSplitter, ValueReader, Variables

_PARAMETER = re.compile("\x01([^\x02]+)\x02")

# What a statement returns in place of JSON, followed by a number, where a thing that an argument names is not there.
MISSING = "!"

# Characters of SQL; a plan with a longer statement is not cached.
MAX_CACHED_SQL = 100_000
# Characters of SQL of all cached plans.
MAX_CACHED_SQLS = 2_000_000
# Characters of SQL; PostgreSQL takes some hundred bytes of memory for each while it plans.
MAX_SQL = 250_000


class Cost(NamedTuple):
    """What an answer may have at most if all pages are full: rows of its lists, and about how many bytes."""

    rows: int = 0
    bytes: int = 0

    def plus(self, other: "Cost") -> "Cost":
        return Cost(self.rows + other.rows, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Plan:
    """A statement whose only value is the text of the JSON, and how its parameters are read from a request."""

    sql: str
    # Where the SELECT after the WITH clause begins.
    select_start: int
    parameters: Sequence[ValueReader | str]  # A `str` is the name of one of the viewer's values.
    checks: Sequence[ValueReader]
    # The sizes of a list and of those around it, how many such lists there are, and the bytes of each of their rows.
    lists: Sequence[tuple[Sizes, int, int]]
    required: Sequence[RequiredThing]
    # SQL for about how many bytes the answer has, by the rows that there are.
    counted_bytes: str

    @property
    def guarded_sql(self) -> str:
        """The statement with one parameter more: of an answer with more bytes only the rows are counted; it is null."""
        steps, select = self.sql[: self.select_start], self.sql[self.select_start :]
        largest = f"CAST(${len(self.parameters) + 1} AS bigint)"
        return f"{steps}SELECT CASE WHEN {self.counted_bytes} <= {largest} THEN ({select}) END"

    def result(self, text: str) -> str:
        """The JSON text that the statement returned; raises `BadInput` where it names a thing that is not there."""
        if not text.startswith(MISSING):
            return text
        missing = self.required[int(text.removeprefix(MISSING))]
        raise BadInput(f"{missing.argument}: there is no such {missing.type_name} for you.", missing.path)

    def bind(self, variables: Variables, viewer_values: Mapping[str, Any]) -> list[Any]:
        """The values of the statement's parameters in order; raises `BadInput`."""
        for check in self.checks:
            check(variables)
        return [viewer_values[each] if isinstance(each, str) else each(variables) for each in self.parameters]

    def cost(self, variables: Variables) -> Cost:
        """A list has as many rows as its size times the sizes of the lists around it."""
        rows = size = 0
        for sizes, count, row_bytes in self.lists:
            full = prod([read(variables) for read in sizes])
            rows += count * full
            size += row_bytes * full
        return Cost(rows, size)


@dataclass(slots=True)
class Operation:
    """A validated operation with its coerced variables and their types.

    `is_cacheable` says that later requests for the operation come with the same node, so that its plans can be found
    again in the cache. `planning_seconds` is the time of the processor in which plans were made that were not there.
    """

    schema: GraphQLSchema
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Variables
    types: Iterable[tuple[str, GraphQLInputType]] | None = None
    is_cacheable: bool = True
    planning_seconds: float = 0.0
    _split: tuple[dict[str, Any], Hashable] | None = None

    @property
    def split_variables(self) -> tuple[dict[str, Any], Hashable]:
        """The variables with slots for bound values, and their shape; computed once for all root fields."""
        if self._split is None:
            slots: dict[str, Any] = {}
            shapes: list[Hashable] = []
            splitter = ShapeSplitter(self.schema.type_map)
            for name, type_ in (
                types_of(self.schema, self.node.variable_definitions or ()) if self.types is None else self.types
            ):
                if name in self.variables:
                    slots[name], shape = splitter.split(self.variables[name], type_, (name,))
                    shapes.append((name, shape))
            self._split = slots, tuple(shapes)
        return self._split


def types_of(
    schema: GraphQLSchema, definitions: Iterable[VariableDefinitionNode]
) -> Iterator[tuple[str, GraphQLInputType]]:
    """The names and types of an operation's variables."""
    for definition in definitions:
        type_ = type_from_ast(schema, definition.type)
        if is_input_type(type_):
            yield definition.variable.name.value, type_


class Planner:
    """Makes plans from sources and caches the ones used last."""

    def __init__(self, schema: GraphQLSchema, sources: Mapping[str, Source], *, size: int = 128) -> None:
        self.schema = schema
        self.sources = sources
        self.templates = Templates(sources)
        # A key contains the `id()` of the operation's node. The value holds the node, so that the id is not reused.
        self.cache: Cache[Hashable, tuple[OperationDefinitionNode, Plan]] = Cache(size, MAX_CACHED_SQLS)

    def document(self, operation: Operation, viewer: Viewer, roots: Mapping[str, Root]) -> Plan:
        """The plan for the whole data of an operation that has compiled roots only."""

        def text(builder: Builder, level: QueryLevel) -> SqlText:
            query = self.schema.query_type
            assert query is not None
            selected = builder.document.select(query, (operation.node.selection_set,))
            return json_object(
                (
                    each.key,
                    f'"{query.name}"' if each.definition is None else root(builder, level, each, roots[each.name]),
                )
                for each in selected
            )

        return self._cached_plan(operation, viewer, None, text)

    def field(
        self,
        operation: Operation,
        viewer: Viewer,
        declared: Root,
        *,
        parent: GraphQLObjectType,
        key: str,
        nodes: Sequence[FieldNode],
    ) -> Plan:
        """The plan for the value of one field; `key` is its response key, `nodes` are its merged field nodes."""
        selected = SelectedField(key, tuple(nodes), parent.fields[nodes[0].name.value])
        part = (parent.name, key, nodes[0].loc and nodes[0].loc.start)
        return self._cached_plan(
            operation, viewer, part, lambda builder, level: root(builder, level, selected, declared)
        )

    def _cached_plan(
        self, operation: Operation, viewer: Viewer, part: Hashable, text: Callable[[Builder, QueryLevel], SqlText]
    ) -> Plan:
        """The plan from the cache, or a new one; `part` is the field of the operation that it answers, None for all."""
        slots, shape = operation.split_variables
        cache_key = (id(operation.node), part, viewer, shape)
        cached = self.cache.get(cache_key)
        if cached is not None:
            return cached[1]
        document = Document(self.schema, operation.fragments, VariableValues({}, slots))
        builder, level = Builder(self.sources, self.templates, viewer, document), QueryLevel()
        start = thread_time()
        try:
            plan = finish_plan(builder, level, text(builder, level))
        finally:
            operation.planning_seconds += thread_time() - start
        if operation.is_cacheable and len(plan.sql) <= MAX_CACHED_SQL:
            self.cache.put(cache_key, (operation.node, plan), weight=len(plan.sql))
        return plan


def finish_plan(builder: Builder, level: QueryLevel, text: SqlText) -> Plan:
    """The plan of the built statement: steps put in front, parameters numbered. Raises `BadInput` if it is too long."""
    numbers: dict[str, int] = {}
    required = tuple(builder.binds.required)

    def number(match: re.Match[str]) -> str:
        return f"${numbers.setdefault(match[1], len(numbers) + 1)}"

    cases = [f"WHEN {builder.missing(thing)} THEN '{MISSING}{index}'" for index, thing in enumerate(required)]
    checked = f"CASE {' '.join(cases)} ELSE {text} END" if cases else str(text)
    # The SELECT is written first, and the steps are numbered first.
    select = level.select([checked])
    steps = _PARAMETER.sub(number, builder.steps.with_clause())
    sql = steps + _PARAMETER.sub(number, select)
    if len(sql) > MAX_SQL:
        raise BadInput("This asks for too much in one statement; ask for it in several documents.")
    readers = builder.binds.readers
    # A value that the statement does not use is still read, so that a wrong one is refused.
    unused = [read for name, read in readers.items() if name not in numbers]
    parameters = tuple(readers.get(name, name) for name in numbers)
    checks = (*builder.binds.checks, *unused)
    return Plan(sql, len(steps), parameters, checks, list_weights(builder), required, counted_bytes(builder))


def list_weights(builder: Builder) -> Sequence[tuple[Sizes, int, int]]:
    """For each combination of sizes how many lists have it, and the bytes of one row of each of them."""
    counts, row_bytes = Counter(builder.list_sizes), Counter[Sizes]()
    for (_, sizes), size in builder.row_bytes.items():
        row_bytes[sizes] += size
    return [(sizes, counts[sizes], row_bytes[sizes]) for sizes in counts | row_bytes]


def counted_bytes(builder: Builder) -> str:
    rows = [f"{size} * (SELECT count(*) FROM {name})" for (name, _), size in builder.row_bytes.items() if name]
    return " + ".join(rows) or "0"
