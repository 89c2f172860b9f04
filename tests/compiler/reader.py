"""A slow second reader that answers any query field by field, to compare with the compiled answers.

It interprets the same declarations as the compiler, naively: relations, filters and lists on rows in memory. Policies,
guards and rules have a second version in Python (`visibility.py`, `assignment_rules.py`). What else is computed is
evaluated for one row at a time by plain SQLAlchemy (`single_row.py`).
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from typing import Any

import anyio.from_thread
import asyncpg
import sqlalchemy as sa
from graphql import (
    DocumentNode,
    GraphQLResolveInfo,
    execute_sync,
    get_operation_ast,
    get_variable_values,
    parse,
    validate,
)
from graphql.pyutils import camel_to_snake

from api.access import Actor
from api.compiler.error import BadInput
from api.compiler.source import (
    ById,
    ByIds,
    Embedded,
    Expression,
    Order,
    SingleRow,
    Source,
    TieredConnection,
    ToConnection,
    ToMany,
    ToOne,
    column,
)
from api.compiler.structure import referenced
from api.resolvers import ROOTS, SOURCES
from tests.compiler.assignment_rules import AssignmentRules
from tests.compiler.reader_filter import Context, FilterReader, key_type
from tests.compiler.reader_value import cursor_text, names, reader_schema, snake_case, texts
from tests.compiler.rows import Row, Rows
from tests.compiler.single_row import SingleRowStatement, lateral_select, table_origin, values_select
from tests.compiler.visibility import Visibility

Place = tuple[Any, ...]  # Where a row stands in an order, as values that compare.
Arguments = Mapping[str, Any]  # By snake_case name.

MAX_PAGE_SIZE = MAX_IDS = 100
# What lists add to the cost of a document.
SHORT_LIST, TIERED_SEARCH = 10, 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The data, and the paths of what the client did wrong, without list positions; `valid` is the document.

    `cost` is how many rows of lists there may be: for each its size, times those of the lists around it.
    """

    data: Any
    mistakes: list[list[str]]
    valid: bool = True
    cost: int = 0


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of the graph: a row and how it is read. `origin` has the row's columns, as declarations read them.

    `copies` is how many of an imagined thing there may be.
    """

    source: Source
    origin: sa.TableClause
    row: Row
    copies: int = 1


class Imagined(dict[str, Any]):
    """A row, or a part of a connection, of which everything is null."""

    def __missing__(self, name: str) -> None:
        return None


@dataclass
class Reader:
    connection: "asyncpg.Connection[asyncpg.Record]"
    rows: Rows
    now: datetime
    actors: Mapping[uuid.UUID | None, Actor]
    rules: AssignmentRules = field(init=False)
    views: dict[uuid.UUID | None, "View"] = field(default_factory=dict)
    cursors: dict[str, tuple[str, Place]] = field(default_factory=dict)
    # The last document, and whether it is valid: it is asked again with other variables.
    checked: tuple[str, DocumentNode, bool] | None = None

    @classmethod
    async def of(
        cls,
        connection: "asyncpg.Connection[asyncpg.Record]",
        now: datetime,
        actors: Mapping[uuid.UUID | None, Actor],
    ) -> "Reader":
        return cls(connection, await Rows.read(connection), now, actors)

    def __post_init__(self) -> None:
        self.rules = AssignmentRules(self.rows, self.now, self.chord)

    def chord(self, here: Row, there: Row) -> float:
        """The straight line between two places on the unit sphere; by the database, so that cursors agree to the digit."""
        places = [row[name] for row in (here, there) for name in ("latitude", "longitude")]
        sql = "SELECT on_globe($1, $2) <-> on_globe($3, $4)"
        chord: float = anyio.from_thread.run(self.connection.fetchval, sql, *places)
        return chord

    def write_cursors(self) -> None:
        """Learns the cursors of all rows in all orders, hidden or not; to be called in a worker thread, once."""
        view = self.view(None)
        for source in SOURCES.values():
            rows = [] if source.table is None else self.rows.tables[source.table.name]
            things = [view.stored(source, row) for row in rows]
            self.add_cursors(view, things)
            for declared in source.fields.values():
                if isinstance(declared, TieredConnection):
                    for thing in things:
                        self.add_cursors(view, view.targets(thing, declared, {}))

    def add_cursors(self, view: "View", things: Iterable[Thing]) -> None:
        for thing in things:
            for name, order in thing.source.orders.items():
                tag = f"{thing.source.name}.{name}"
                self.cursors[view.cursor(thing, name)] = tag, view.place(thing, order)

    def view(self, account_id: uuid.UUID | None) -> "View":
        if account_id not in self.views:
            self.views[account_id] = View(self, self.actors[account_id], Visibility(self.rows, self.now, account_id))
        return self.views[account_id]

    def answer(self, text: str, variables: Mapping[str, Any], account_id: uuid.UUID | None) -> Answer:
        """The answer to a document; to be called in a worker thread, like all that evaluates rows."""
        document, valid = self.parsed(text)
        operation = get_operation_ast(document)
        definitions = operation.variable_definitions if operation else None
        if not valid or isinstance(
            get_variable_values(reader_schema(is_loose=False), definitions or (), dict(variables)), list
        ):
            return Answer(None, [], valid=False)
        return self.view(account_id).answer(document, variables)

    def parsed(self, text: str) -> tuple[DocumentNode, bool]:
        if self.checked is None or self.checked[0] != text:
            document = parse(text)
            self.checked = text, document, not validate(reader_schema(is_loose=False), document)
        return self.checked[1:]


@dataclass
class View:
    """What one actor is answered.

    Each document is executed twice. First everything `is_imagined`: every list has an item of every type, so that no
    mistake stays unseen. Then with the rows.
    """

    reader: Reader
    actor: Actor
    visibility: Visibility
    is_imagined: bool = False
    statements: dict[Any, SingleRowStatement] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)
    mistakes: list[list[str]] = field(default_factory=list)
    cost: int = 0

    @cached_property
    def parameters(self) -> Mapping[str, Any]:
        return self.actor.parameters(self.reader.now)

    def answer(self, document: DocumentNode, variables: Mapping[str, Any]) -> Answer:
        self.mistakes, self.cost = [], 0
        self.execute(document, variables, is_imagined=True)
        mistakes, cost = self.mistakes, self.cost
        return Answer(self.execute(document, variables, is_imagined=False), mistakes, cost=cost)

    def execute(self, document: DocumentNode, variables: Mapping[str, Any], *, is_imagined: bool) -> Any:
        self.is_imagined = is_imagined
        result = execute_sync(
            reader_schema(is_loose=True),
            document,
            variable_values=dict(variables),
            field_resolver=self.resolve,
            type_resolver=lambda thing, *_: thing.source.name,
        )
        for error in result.errors or ():
            assert isinstance(error.original_error, BadInput | None), error.original_error
            if is_imagined:  # What graphql-core finds while it executes: a variable that is null.
                self.mistakes.append(names(error.path or []))
        return result.data

    def refuse(self, message: str) -> None:
        """In an imagined execution notes the mistake and goes on, as there may be others within."""
        if not self.is_imagined:
            raise BadInput(message)
        self.mistakes.append(self.path)

    # Fields.

    def resolve(self, parent: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
        if isinstance(parent, dict):
            return parent[info.field_name]
        self.path = names(info.path.as_list())
        if any("\x00" in text for text in texts(given)):
            self.refuse("NUL")
        arguments, name = snake_case(given), camel_to_snake(info.field_name)
        if parent is None:
            return self.root(ROOTS[name], arguments)
        if name == "id" and parent.source.node:
            return f"{parent.source.name}:{parent.row[parent.source.key]}"
        return self.field(parent, parent.source.fields.get(name) or column(name), arguments)

    def root(self, declared: Any, arguments: Arguments) -> Any:
        match declared:
            case ToConnection():
                return self.page(declared, self.all_of(SOURCES[declared.target]), arguments)
            case SingleRow():
                return next(iter(self.all_of(SOURCES[declared.target])), None)
            case ById():
                return self.by_id(SOURCES[declared.target], arguments["id"])
            case ByIds(plural=False):
                return self.node(arguments["id"])
            case _:
                return self.nodes(arguments["ids"])

    def nodes(self, ids: list[str]) -> Any:
        if len(ids) > MAX_IDS:
            self.refuse("Too many ids")
        things = [self.node(id_) for id_ in ids]
        if not self.is_imagined:
            return things
        return list({thing.source.name: replace(thing, copies=len(ids)) for thing in things if thing}.values())

    def field(self, thing: Thing, declared: Any, arguments: Arguments) -> Any:
        guard = getattr(declared, "guard", None)
        if guard is not None and not self.is_imagined and not self.visibility.holds(guard, thing.row):
            return None
        match declared:
            case Expression(sql=sql):
                context = Context(self, arguments)
                return self.value(thing, lambda origin: sql(origin, context), sql, repr(arguments))
            case ToOne():
                return next(iter(self.targets(thing, declared, arguments)), None)
            case Embedded():
                return self.embedded(thing, declared)
            case ToMany():
                listed = self.listed(thing, SHORT_LIST)
                order = SOURCES[declared.target].orders[declared.order]
                things = self.targets(listed, declared, arguments)
                in_order = sorted(things, key=lambda each: self.place(each, order), reverse=order.descending)
                return [variant for each in in_order for variant in self.variants(each)]
            case _:
                if isinstance(declared, TieredConnection):
                    self.listed(thing, TIERED_SEARCH)
                return self.page(declared, self.targets(thing, declared, arguments), arguments)

    def embedded(self, thing: Thing, declared: Embedded) -> Thing | None:
        target, exists = SOURCES[declared.target], declared.exists
        if exists is not None and not self.is_imagined and not self.value(thing, exists, exists):
            return None
        if declared.computed_row is not None:
            (computed,) = self.computed(thing, declared.computed_row, target, {})
            return computed
        if target.table is None:
            return replace(thing, source=target)
        return self.stored(target, thing.row, thing.copies)

    def value(self, thing: Thing, build: Callable[[Any], Any], *key: Any) -> Any:
        return next(iter(self.values(thing, lambda origin: [build(origin)], *key)), None)

    def values(self, thing: Thing, build: Callable[[Any], Iterable[Any]], *key: Any) -> list[Any]:
        """The values of expressions for the thing's row."""
        statement = self.statement(thing, lambda: values_select(build(thing.origin), thing.origin), *key)
        return [] if self.is_imagined else list(self.run(statement, thing)[0].values())

    def statement(self, thing: Thing, build: Callable[[], sa.Select[Any]], *key: Any) -> SingleRowStatement:
        """A statement over the thing's row; built anew in an imagined execution, which looks for wrong arguments."""
        known = self.statements.get((thing.origin, *key))
        if known is not None and not self.is_imagined:
            return known
        count, select = len(self.mistakes), build()
        made = known or SingleRowStatement(select, thing.origin)
        if len(self.mistakes) == count:
            self.statements[thing.origin, *key] = made
        return made

    def run(self, statement: SingleRowStatement, thing: Thing) -> list[Row]:
        return statement.run(self.reader.connection, thing.row, self.parameters)

    # Relations.

    def targets(self, thing: Thing, declared: Any, arguments: Arguments) -> list[Thing]:
        """The things that a relation leads to, as far as the actor may see them."""
        target = SOURCES[declared.target]
        if isinstance(declared, TieredConnection):
            return [each for tier in declared.tiers for each in self.computed(thing, tier, target, arguments)]
        if isinstance(declared, ToMany) and declared.rows is not None:
            return self.computed(thing, declared.rows, target, arguments)
        rows = self.related_rows(thing, declared, target, arguments)
        if self.is_imagined:
            return [self.imagined(target, thing.copies)]
        return [
            self.stored(target, row)
            for row in rows
            if row is not None and (declared.visible_with_parent or self.visibility.holds(target.visible, row))
        ]

    def related_rows(self, thing: Thing, declared: Any, target: Source, arguments: Arguments) -> list[Row | None]:
        rows, table = self.reader.rows, target.table
        assert table is not None
        if isinstance(declared, ToOne) and declared.column is not None:
            return [rows.get(table, thing.row[declared.column])]
        if not isinstance(declared, ToOne) and declared.by is not None:
            return [*rows.where(table, declared.by, thing.row[referenced(table.c[declared.by]).name])]
        through = getattr(declared, "through", None)

        def keys() -> sa.Select[Any]:
            if through is not None:
                return lateral_select(through(thing.origin, Context(self, arguments)), thing.origin)
            other = table.alias()
            return lateral_select(sa.select(other.c[target.key]).where(declared.on(thing.origin, other)), thing.origin)

        statement = self.statement(thing, keys, through or declared.on, repr(arguments))
        found = [] if self.is_imagined else self.run(statement, thing)
        return [rows.get(table, next(iter(each.values()))) for each in found]

    def computed(self, thing: Thing, declared: Any, target: Source, arguments: Arguments) -> list[Thing]:
        """The rows that a declaration computes: by its second version in `AssignmentRules`, if there is one."""
        context = Context(self, arguments)
        statement = self.statement(
            thing,
            lambda: lateral_select(declared(thing.origin, context), thing.origin),
            declared,
            repr(arguments),
        )
        function, bound = (declared.func, declared.args) if isinstance(declared, partial) else (declared, ())
        rule = getattr(self.reader.rules, function.__name__, None)
        rows: list[Row] = [Imagined()]
        if not self.is_imagined:
            rows = self.run(statement, thing) if rule is None else rule(*bound, thing.row, arguments)
        return [Thing(target, statement.result, row, thing.copies) for row in rows]

    def joined(self, thing: Thing, table: sa.Table, on: Callable[[Any, Any], Any]) -> list[Thing]:
        """The rows of a table that belong to the thing."""
        other = table.alias()
        statement = self.statement(
            thing, lambda: lateral_select(sa.select(other).where(on(thing.origin, other)), thing.origin), on
        )
        return [replace(thing, origin=table_origin(table), row=row) for row in self.run(statement, thing)]

    def variants(self, thing: Thing) -> list[Thing]:
        """The thing as the type that it is of; if it is imagined, as every type that it may be of."""
        possible = [(variant, replace(thing, source=SOURCES[variant.target])) for variant in thing.source.variants]
        if self.is_imagined or not possible:
            return [each for _, each in possible] or [thing]
        return [next(each for variant, each in possible if self.value(thing, variant.when, variant.when))]

    # Things.

    def stored(self, source: Source, row: Row, copies: int = 1) -> Thing:
        """The thing of a table's row."""
        assert source.table is not None
        return Thing(source, table_origin(source.table), row, copies)

    def imagined(self, source: Source, copies: int = 1) -> Thing:
        return self.stored(source, Imagined(), copies)

    def all_of(self, source: Source) -> list[Thing]:
        assert source.table is not None
        if self.is_imagined:
            return [self.imagined(source)]
        rows = self.reader.rows.tables[source.table.name]
        return [self.stored(source, row) for row in rows if self.visibility.holds(source.visible, row)]

    def node(self, id_: str) -> Thing | None:
        name, colon, key = id_.partition(":")
        if not (name and colon and key):
            self.refuse("No id")
        source = SOURCES.get(name)
        return self.by_id(source, id_) if source is not None and source.node else None

    def by_id(self, source: Source, id_: str) -> Thing | None:
        row = self.row(source, self.key(source, id_))
        if self.is_imagined:
            return self.imagined(source)
        return None if row is None else self.stored(source, row)

    def row(self, source: Source, key: Any) -> Row | None:
        """The row with this key, if the actor may see it."""
        assert source.table is not None
        row = self.reader.rows.get(source.table, key)
        return row if row is not None and self.visibility.holds(source.visible, row) else None

    def key(self, source: Source, id_: str) -> Any:
        """The key of a global id, or of a bare code."""
        is_coded = not isinstance(key_type(source), sa.Uuid)
        name, colon, key = id_.partition(":")
        if is_coded and not colon:
            return id_
        if name != source.name or not key:
            return self.refuse("No id of this type")
        try:
            return key if is_coded else uuid.UUID(key)
        except ValueError:
            return self.refuse("No UUID")

    def known_key(self, source: Source, id_: str) -> Any:
        """The key of a thing that must be there for the actor."""
        key = self.key(source, id_)
        if self.row(source, key) is None:
            self.refuse("There is no such thing")
        return key

    # Pages.

    def listed(self, thing: Thing, size: int) -> Thing:
        """The thing as it is in a list of this size, which is added to the cost."""
        copies = thing.copies * size
        self.cost += copies
        return replace(thing, copies=copies)

    def page(self, declared: Any, things: list[Thing], arguments: Arguments) -> dict[str, Any]:
        target = SOURCES[declared.target]
        order_name = arguments.get("order_by") or next(iter(target.orders))
        order, tag = target.orders[order_name], f"{target.name}.{order_name}"
        first, last = arguments.get("first"), arguments.get("last")
        size: Any = last if first is None else first
        if (first is None) == (last is None) or not 0 <= size <= MAX_PAGE_SIZE:
            self.refuse("Size")
        after, before = (self.boundary(arguments.get(name), tag) for name in ("after", "before"))
        meets = FilterReader(self, target).predicate(arguments.get("filter") or {})
        if self.is_imagined:
            item = self.listed(things[0], size or 0)
            return Imagined(nodes=[item], edges=[Imagined(node=item)], pageInfo=Imagined())

        def precedes(one: Place, other: Place) -> bool:
            return one > other if order.descending else one < other

        placed = [(self.place(each, order), each) for each in things if meets(each)]
        placed.sort(key=lambda pair: pair[0], reverse=order.descending)
        # What lies up to the one cursor, from the other on, and between the two.
        has_head = after is not None and any(not precedes(after, place) for place, _ in placed)
        has_tail = before is not None and any(not precedes(place, before) for place, _ in placed)
        window = [
            each
            for place, each in placed
            if (after is None or precedes(after, place)) and (before is None or precedes(place, before))
        ]
        shown = window[:size] if last is None else window[max(len(window) - size, 0) :]
        edges = [{"cursor": self.cursor(each, order_name), "node": each} for each in shown]
        has_more = len(window) > size
        return {
            "nodes": shown,
            "edges": edges,
            "totalCount": len(placed),
            "pageInfo": {
                "hasPreviousPage": has_head or (first is None and has_more),
                "hasNextPage": has_tail or (last is None and has_more),
                "startCursor": edges[0]["cursor"] if edges else None,
                "endCursor": edges[-1]["cursor"] if edges else None,
            },
        }

    def boundary(self, cursor: str | None, tag: str) -> Place | None:
        """The place of a cursor, which must belong to the list and order."""
        known, place = self.reader.cursors.get(cursor or "", ("", None))
        if cursor is not None and known != tag:
            self.refuse("Cursor")
        return place

    def order_values(self, thing: Thing, order: Order) -> list[Any]:
        """The values of the order, and the key to make it total."""
        return [*self.values(thing, order.columns, order.columns), thing.row.get(thing.source.key)]

    def place(self, thing: Thing, order: Order) -> Place:
        ranks = self.reader.rows.ranks
        values = self.order_values(thing, order)
        return tuple(ranks[value] if isinstance(value, str) else value for value in values)

    def cursor(self, thing: Thing, order_name: str) -> str:
        order = thing.source.orders[order_name]
        return cursor_text(f"{thing.source.name}.{order_name}", self.order_values(thing, order))
