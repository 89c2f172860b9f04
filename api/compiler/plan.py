"""Plans: the statement of a document, made once per shape and kept in a bounded cache."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    type_from_ast,
)
from graphql.execution.values import VariableValues
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg, PGDialect_asyncpg

from api.compiler.build import Builder
from api.compiler.root import root
from api.compiler.selection import Document, Selected
from api.compiler.source import Root, Source, Viewer
from api.compiler.step import Level
from api.compiler.text import joined
from api.compiler.value import Binds, Reader, Tagger, Variables


class Compiler(PGCompiler_asyncpg):
    """Writes the program's own constants into the SQL, where the planner can use them; values of requests are bound."""

    def visit_bindparam(self, bindparam: sa.BindParameter[Any], *details: Any, **options: Any) -> str:
        if not bindparam.required:
            options["literal_binds"] = True
        # SQLAlchemy leaves its compilers and dialects untyped.
        written: str = super().visit_bindparam(bindparam, *details, **options)  # type: ignore[no-untyped-call]
        return written


class Dialect(PGDialect_asyncpg):
    statement_compiler = Compiler


DIALECT = Dialect()  # type: ignore[no-untyped-call]  # As above.


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement, and how its parameters are read from a request."""

    sql: str
    names: tuple[str, ...]
    readers: Mapping[str, Reader]
    checks: Sequence[Reader]

    def bind(self, variables: Variables, viewer_values: Mapping[str, Any]) -> list[Any]:
        """The statement's parameters in their order; raises `BadInput`."""
        for check in self.checks:
            check(variables)
        return [self.readers[name](variables) if name in self.readers else viewer_values[name] for name in self.names]


@dataclass(frozen=True, slots=True)
class Operation:
    """A checked operation with its coerced variables."""

    schema: GraphQLSchema
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Variables

    def tagged(self) -> tuple[dict[str, Any], Hashable]:
        """The variables with slots for their values, and their shape."""
        slots: dict[str, Any] = {}
        shapes: list[Hashable] = []
        tagger = Tagger(self.schema.type_map)
        for definition in self.node.variable_definitions or ():
            name = definition.variable.name.value
            if name in self.variables:
                type_: Any = type_from_ast(self.schema, definition.type)
                slots[name], shape = tagger.tagged(self.variables[name], type_, (name,))
                shapes.append((name, shape))
        return slots, tuple(shapes)


# Characters; a plan with a longer statement is made anew each time.
LONGEST_REMEMBERED = 60_000


class Planner:
    """Makes plans from sources, and remembers the ones used last."""

    def __init__(self, schema: GraphQLSchema, sources: Mapping[str, Source], *, size: int = 128) -> None:
        self.schema = schema
        self.sources = sources
        self.size = size
        self.hits = self.misses = 0
        # The operation stands in the value as well, so that its address in the key stays its own.
        self._plans: OrderedDict[Hashable, tuple[OperationDefinitionNode, Plan]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._plans)

    def document(self, operation: Operation, viewer: Viewer, roots: Mapping[str, Root]) -> Plan:
        """A plan for the whole data of an operation made of compiled roots only."""
        return self._remembered(operation, viewer, None, lambda slots: self._whole(operation, slots, viewer, roots))

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
        """A plan for the value of one field."""

        def build(slots: Mapping[str, Any]) -> Plan:
            builder = self._builder(operation, slots, viewer)
            level = Level()
            selected = Selected(key, tuple(nodes), parent.fields[nodes[0].name.value])
            return finished(level, root(builder, level, selected, declared), builder.binds)

        return self._remembered(operation, viewer, (parent.name, key, nodes[0].loc and nodes[0].loc.start), build)

    def _whole(self, operation: Operation, slots: Mapping[str, Any], viewer: Viewer, roots: Mapping[str, Root]) -> Plan:
        builder = self._builder(operation, slots, viewer)
        level = Level()
        query = self.schema.query_type
        assert query is not None
        parts: list[Any] = ["{"]
        for index, selected in enumerate(builder.document.select(query, (operation.node.selection_set,))):
            parts.append(f'{"," if index else ""}"{selected.key}":')
            if selected.definition is None:
                parts.append(f'"{query.name}"')
            else:
                parts.append(root(builder, level, selected, roots[selected.name]))
        return finished(level, joined([*parts, "}"]), builder.binds)

    def _builder(self, operation: Operation, slots: Mapping[str, Any], viewer: Viewer) -> Builder:
        variables = VariableValues({}, dict(slots))
        return Builder(Document(self.schema, operation.fragments, variables), self.sources, viewer)

    def _remembered(
        self,
        operation: Operation,
        viewer: Viewer,
        part: Hashable,
        build: Callable[[Mapping[str, Any]], Plan],
    ) -> Plan:
        slots, shape = operation.tagged()
        key = (id(operation.node), part, viewer, shape)
        if key in self._plans:
            self.hits += 1
            self._plans.move_to_end(key)
            return self._plans[key][1]
        self.misses += 1
        plan = build(slots)
        if len(plan.sql) > LONGEST_REMEMBERED:
            return plan
        self._plans[key] = operation.node, plan
        while len(self._plans) > self.size:
            self._plans.popitem(last=False)
        return plan


def finished(level: Level, text: sa.ColumnElement[Any], binds: Binds) -> Plan:
    compiled = level.select(text).compile(dialect=DIALECT)
    names = tuple(compiled.positiontup or ())
    # What the statement does not need may be wrong all the same.
    unused = [read for name, read in binds.readers.items() if name not in names]
    return Plan(str(compiled), names, binds.readers, [*binds.checks, *unused])
