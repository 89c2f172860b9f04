"""A slow second reader that answers any query field by field, to compare with the compiled answers.

It interprets the same declarations as the compiler, naively: relations, filters and lists on rows in memory. Policies,
guards and rules have a second version in Python (`visibility.py`, `assignment_rules.py`, `problem_rules.py`). What else is computed is
evaluated for one row at a time by plain SQLAlchemy (`single_row.py`).
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, lru_cache, partial
from typing import Any

import asyncpg
import sqlalchemy as sa
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLResolveInfo,
    execute_sync,
    get_operation_ast,
    get_variable_values,
    parse,
    validate,
)
from graphql.pyutils import Path

from api.access import Actor
from api.compiler import source as declarations
from api.compiler.error import BadInput
from api.compiler.source import ArgumentOrder, Embedded, Source, TieredConnection, ToConnection, ToMany, ToOne, column
from api.compiler.structure import referenced
from api.resolvers import ROOTS, SOURCES
from api.schema.build import core_schema
from tests.compiler.assignment_rules import AssignmentRules
from tests.compiler.problem_rules import ProblemRules
from tests.compiler.reader_filter import Context, FilterReader, key_type
from tests.compiler.reader_value import cursor_text, loose_schema, snake_case, snake_case_name
from tests.compiler.rows import Row, Rows
from tests.compiler.search_rules import SearchRules
from tests.compiler.single_row import (
    SingleRowStatement,
    lateral_select,
    origin_of,
    plain_values,
    table_origin,
    values_select,
)
from tests.compiler.visibility import Visibility

Place = tuple[Any, ...]  # Where a row stands in an order, as values that compare.
MAX_PAGE_SIZE = MAX_IDS = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """The data, and the paths of what the client did wrong, without list positions; none for an invalid document."""

    data: Any
    mistakes: list[list[str]]
    is_valid: bool = True


@dataclass(frozen=True, slots=True)
class Thing:
    """An object of the graph: a row and how it is read. `origin` has the row's columns, as declarations read them."""

    source: Source
    origin: sa.TableClause
    row: Row


class Imagined(dict[str, Any]):
    """A row of which every column is null."""

    def __missing__(self, name: str) -> None:
        return None


@dataclass
class Reader:
    """What the answers to all actors share; `cursors` are the known ones, with their type, order and place."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    rows: Rows
    now: datetime
    actors: Mapping[uuid.UUID | None, Actor]
    views: dict[uuid.UUID | None, "View"] = field(default_factory=dict)
    cursors: dict[str, tuple[str, Place]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rules = AssignmentRules(self.rows, self.now, self.connection)

    def view(self, account_id: uuid.UUID | None) -> "View":
        if account_id not in self.views:
            self.views[account_id] = View(self, self.actors[account_id], Visibility(self.rows, self.now, account_id))
        return self.views[account_id]

    def learn_cursors(self) -> None:
        """Learns the cursors of all rows in all orders, hidden or not; to be called in a worker thread."""
        if not self.cursors:
            self.cursors.update(self.written_cursors())

    def written_cursors(self) -> Mapping[str, tuple[str, Place]]:
        cursors: dict[str, tuple[str, Place]] = {}
        view = self.view(None)
        context = Context(view, {})
        stored = [source for source in SOURCES.values() if source.table is not None]
        things = [view.stored(source, row) for source in stored for row in self.rows.all_of(source.table)]
        for thing in things:
            tiered = [each for each in thing.source.fields.values() if isinstance(each, TieredConnection)]
            for each in (thing, *(item for declared in tiered for item in view.targets(thing, declared, context))):
                for order in each.source.orders:
                    place, cursor = view.placed(each, order)
                    cursors[cursor] = f"{each.source.name}.{order}", place
        return cursors


@lru_cache(1)  # A document is asked again with other variables.
def parsed(text: str) -> tuple[DocumentNode, bool]:
    """The document, and whether it is valid."""
    document = parse(text)
    return document, not validate(core_schema(), document)


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
    place: Path | None = None
    mistakes: list[list[str]] = field(default_factory=list)
    statements: dict[Any, SingleRowStatement] = field(default_factory=dict)
    plain_columns: dict[Any, list[str]] = field(default_factory=dict)
    origins: dict[Any, sa.TableClause] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.search, self.problems = SearchRules(self), ProblemRules(self)

    def answer(self, text: str, variables: Mapping[str, Any]) -> Answer:
        """The answer to a document; to be called in a worker thread, like all that evaluates rows."""
        document, is_valid = parsed(text)
        operation = get_operation_ast(document)
        definitions = operation.variable_definitions if operation else None
        if not is_valid or isinstance(get_variable_values(core_schema(), definitions or (), dict(variables)), list):
            return Answer(None, [], is_valid=False)
        self.mistakes = []
        self.execute(document, variables, is_imagined=True)
        mistakes = self.mistakes
        return Answer(self.execute(document, variables, is_imagined=False), mistakes)

    def execute(self, document: DocumentNode, variables: Mapping[str, Any], *, is_imagined: bool) -> Any:
        self.is_imagined = is_imagined
        result = execute_sync(
            loose_schema(),
            document,
            variable_values=dict(variables),
            field_resolver=self.resolve,
            type_resolver=lambda thing, *_: thing.source.name,
        )
        for error in result.errors or ():
            assert isinstance(error.original_error, BadInput | GraphQLError | None), error.original_error
            place = [step for step in error.path or () if isinstance(step, str)]
            if is_imagined:  # What graphql-core finds while it executes: a variable that is null.
                self.mistakes.append(place)
            assert place in self.mistakes, error  # Else the reader itself is at fault.
        return result.data

    @property
    def path(self) -> list[str]:
        """Of the field that is being answered, without list positions."""
        return [step for step in self.place.as_list() if isinstance(step, str)] if self.place else []

    def refuse(self, message: str) -> None:
        """In an imagined execution notes the mistake and goes on, as there may be others within."""
        if not self.is_imagined:
            raise BadInput(message)
        self.mistakes.append(self.path)

    # Fields.

    def resolve(self, parent: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:
        if isinstance(parent, dict):  # A connection, an edge or a page info.
            return parent[info.field_name]
        self.place = info.path
        if given and "\\x00" in repr(given):
            self.refuse("NUL")
        context, name = Context(self, snake_case(given)), snake_case_name(info.field_name)
        if parent is None:
            return self.root(ROOTS[name], context)
        if name == "id" and parent.source.node:
            return f"{parent.source.name}:{parent.row[parent.source.key]}"
        return self.field(parent, parent.source.fields.get(name) or column(name), context)

    def root(self, declared: Any, context: Context) -> Any:
        match declared:
            case ToConnection(target=target):
                return self.page(declared, self.visible(SOURCES[target]), context.arguments)
            case TieredConnection(target=target):
                return self.field(Thing(SOURCES[target], origin_of(()), {}), declared, context)
            case declarations.SingleRow(target=target):
                found = self.visible(SOURCES[target])
                guard = declared.guard
                return next((each for each in found if guard is None or self.holds(guard, each.row)), None)
            case declarations.ById():
                return self.one(declared, context.arguments[declared.argument])
            case declarations.ByIds(plural=False):
                return self.node(context.arguments["id"])
            case _:
                if len(context.arguments["ids"]) > MAX_IDS:
                    self.refuse("Too many ids")
                return [self.node(id_) for id_ in context.arguments["ids"]]

    def field(self, thing: Thing, declared: Any, context: Context) -> Any:
        guard = getattr(declared, "guard", None)
        if guard is not None and not self.holds(guard, thing.row):
            return None
        match declared:
            case declarations.Expression(sql=sql):
                return self.value(thing, lambda origin: sql(origin, context), sql, repr(context.arguments))
            case Embedded():
                return self.embedded(thing, declared, context)
            case ToOne():
                return next(iter(self.targets(thing, declared, context)), None)
            case ToMany(order=order):
                things = self.in_order(self.targets(thing, declared, context), order)
                return [variant for _, _, each in things for variant in self.variants(each)]
            case _:
                return self.page(declared, self.targets(thing, declared, context), context.arguments)

    def embedded(self, thing: Thing, declared: Embedded, context: Context) -> Thing | None:
        target, exists = SOURCES[declared.target], declared.exists
        if exists is not None and not self.is_imagined and not self.value(thing, exists, exists):
            return None
        if declared.computed_row is not None:
            (thing,) = self.computed(thing, declared.computed_row, target, context)
        if target.members:
            found = [each for member in target.members for each in self.targets(thing, member, context)]
            return found[thing.row["number"] % len(found)] if self.is_imagined else next(iter(found), None)
        return replace(thing, source=target) if target.table is None else self.stored(target, thing.row)

    # What declarations make of a row.

    def value(self, thing: Thing, build: Callable[[Any], Any], *key: Any) -> Any:
        return next(iter(self.values(thing, lambda origin: [build(origin)], *key)), None)

    def values(self, thing: Thing, build: Callable[[Any], Iterable[Any]], *key: Any) -> list[Any]:
        """The values of expressions for the thing's row."""
        names = self.plain_columns.get((thing.origin, *key))
        if names is None and (thing.origin, *key) not in self.statements:
            expressions = [*build(thing.origin)]
            if all(getattr(each, "table", None) is thing.origin for each in expressions):
                names = [each.name for each in expressions]
                if self.path not in self.mistakes:
                    self.plain_columns[thing.origin, *key] = names
        if names is not None:
            return plain_values(thing.row, (thing.origin.c[name] for name in names))
        statement = self.statement(thing, lambda: values_select(expressions, thing.origin), *key)
        return plain_values(self.run(statement, thing)[0], statement.result.c)

    def selected(self, thing: Thing, declared: Any, context: Context) -> SingleRowStatement:
        """The rows that a declaration selects for the thing's row."""

        def select() -> sa.Select[Any]:
            return lateral_select(declared(thing.origin, context), thing.origin)

        return self.statement(thing, select, declared, repr(context.arguments))

    def statement(self, thing: Thing, build: Callable[[], sa.Select[Any]], *key: Any) -> SingleRowStatement:
        """A statement over the thing's row; kept if nothing was wrong with the arguments that it is built from."""
        known = self.statements.get((thing.origin, *key))
        if known is None:
            known = SingleRowStatement(build(), thing.origin)
            if self.path not in self.mistakes:
                self.statements[thing.origin, *key] = known
        return known

    def run(self, statement: SingleRowStatement, thing: Thing) -> list[Row]:
        if self.is_imagined:
            return [Imagined()]
        return statement.run(
            self.reader.connection, thing.row, {**self.actor.parameters(self.reader.now), "language": "ID"}
        )

    # Relations.

    def targets(self, thing: Thing, declared: Any, context: Context) -> list[Thing]:
        """The things that a relation leads to, as far as the actor may see them."""
        target = SOURCES[declared.target]
        table: Any = target.table
        match declared:
            case TieredConnection(tiers=tiers):
                return [each for tier in tiers for each in self.computed(thing, tier, target, context)]
            case ToMany(rows=rows) if rows is not None:
                return self.computed(thing, rows, target, context)
            case ToOne(column=str(name)):
                found = self.where(target, target.key, thing.row[name])
            case ToMany(by=str(name)) | ToConnection(by=str(name)):
                found = self.where(target, name, thing.row[referenced(table.c[name]).name])
            case _:
                through = getattr(declared, "through", None)
                statement = self.selected(thing, through or joined(table, declared.on, target.key), context)
                keys = [next(iter(row.values()), None) for row in self.run(statement, thing)]
                found = [row for key in keys for row in self.where(target, target.key, key)]
        if declared.visible_with_parent:
            return [self.stored(target, row) for row in found]
        return self.visible(target, found)

    def computed(self, thing: Thing, declared: Any, target: Source, context: Context) -> list[Thing]:
        """The rows that a declaration computes: by its second version, if there is one."""
        function, bound = (declared.func, declared.args) if isinstance(declared, partial) else (declared, ())
        second_versions = (
            getattr(each, function.__name__, None) for each in (self.search, self.problems, self.reader.rules)
        )
        rule: Any = next((each for each in second_versions if each is not None), None)
        is_run = rule is None or self.is_imagined
        rows = (
            self.run(self.selected(thing, declared, context), thing)
            if is_run
            else rule(*bound, thing.row, context.arguments)
        )
        origin = self.computed_origin(thing, declared, context)
        return [Thing(target, origin, row) for row in rows]

    def computed_origin(self, thing: Thing, declared: Any, context: Context) -> sa.TableClause:
        """One for all arguments, so that the statements about such rows are kept for all as well; none for wrong ones."""
        known = self.origins.get(declared)
        if known is None:
            known = self.selected(thing, declared, context).result
            if self.path not in self.mistakes:
                self.origins[declared] = known
        return known

    def belonging(self, thing: Thing, table: sa.Table, on: Callable[[Any, Any], Any]) -> list[Thing]:
        """The rows of a table that belong to the thing."""
        statement = self.selected(thing, joined(table, on, *table.c.keys()), Context(self, {}))
        return [replace(thing, origin=table_origin(table), row=row) for row in self.run(statement, thing)]

    def variants(self, thing: Thing) -> list[Thing]:
        """The thing as the type that it is of; if it is imagined, as every type that it may be of."""
        return [
            replace(thing, source=SOURCES[variant.target])
            for variant in thing.source.variants
            if self.is_imagined or self.value(thing, variant.when, variant.when)
        ] or [thing]

    # Things.

    def where(self, source: Source, name: str, value: Any) -> list[Row]:
        return [Imagined()] if self.is_imagined else self.reader.rows.where(source.table, name, value)

    def holds(self, predicate: Callable[..., Any], row: Row) -> bool:
        return self.is_imagined or self.visibility.holds(predicate, row)

    def visible(self, source: Source, rows: Iterable[Row] | None = None) -> list[Thing]:
        """Those of the rows that the actor may see; by default of all rows."""
        if rows is None:
            rows = [Imagined()] if self.is_imagined else self.reader.rows.all_of(source.table)
        return [self.stored(source, row) for row in rows if self.holds(source.visible, row)]

    def stored(self, source: Source, row: Row) -> Thing:
        """The thing of a table's row."""
        return Thing(source, table_origin(source.table), row)

    def node(self, id_: str) -> Thing | None:
        if not all(id_.partition(":")):
            self.refuse("No id")
        source = SOURCES.get(id_.partition(":")[0])
        return self.by_id(source, id_) if source is not None and source.node else None

    def one(self, declared: declarations.ById, id_: str) -> Thing | None:
        """The thing with the id, or the one whose column refers to the thing with the id."""
        source = SOURCES[declared.target]
        if declared.of is None:
            return self.by_id(source, id_)
        key, guard = self.key(SOURCES[declared.of], id_), declared.guard
        found = [each for each in self.visible(source) if self.is_imagined or each.row[str(declared.column)] == key]
        return next((each for each in found if guard is None or self.holds(guard, each.row)), None)

    def by_id(self, source: Source, id_: str) -> Thing | None:
        return next(iter(self.visible(source, self.where(source, source.key, self.key(source, id_)))), None)

    def in_force(self, source: Source, key: uuid.UUID) -> uuid.UUID:
        """The key that a merged record's leads to."""
        merged = self.reader.rows.get(source.former_keys, key) if source.former_keys is not None else None
        return merged["volunteer_id"] if merged else key

    def key(self, source: Source, id_: str) -> Any:
        """The key of a global id, or of a bare code."""
        is_coded = not isinstance(key_type(source), sa.Uuid)
        name, colon, key = id_.partition(":")
        if is_coded and not colon:
            return id_
        if name != source.name or not key:
            return self.refuse("No id of this type")
        try:
            return key if is_coded else self.in_force(source, uuid.UUID(key))
        except ValueError:
            return self.refuse("No UUID")

    def known_key(self, source: Source, id_: str) -> Any:
        """The key of a thing that must be there for the actor."""
        key = self.key(source, id_)
        if not self.is_seen(source, key):
            self.refuse("There is no such thing")
        return key

    def is_seen(self, source: Source, key: Any) -> bool:
        row = self.reader.rows.get(source.table, key)
        return row is not None and self.visibility.holds(source.visible, row)

    # Pages.

    def page(self, declared: Any, things: list[Thing], arguments: Mapping[str, Any]) -> dict[str, Any]:
        target = SOURCES[declared.target]
        order_name, order = self.chosen_order(target, arguments)
        tag = f"{target.name}.{order_name}"
        if isinstance(order, ArgumentOrder):
            self.learn_order(things, order_name, order, arguments)
        first, last = arguments.get("first"), arguments.get("last")
        size: Any = last if first is None else first
        if (first is None) == (last is None) or not 0 <= size <= MAX_PAGE_SIZE:
            self.refuse("Size")
        after, before = (self.boundary(arguments.get(name), tag) for name in ("after", "before"))
        meets = FilterReader(self, target).predicate(arguments.get("filter") or {})
        if self.is_imagined:
            # Of an interface or union each is another of its types.
            numbered = [replace(each, row=Imagined(number=number)) for number, each in enumerate(things)]
            return Imagined(nodes=numbered, edges=[Imagined(node=each) for each in numbered], pageInfo=Imagined())

        def precedes(one: Place, other: Place) -> bool:
            return one > other if order.descending else one < other

        listed = self.in_order([each for each in things if meets(each)], order_name, arguments)
        # What lies up to the one cursor, from the other on, and between the two.
        has_head = after is not None and any(not precedes(after, place) for place, _, _ in listed)
        has_tail = before is not None and any(not precedes(place, before) for place, _, _ in listed)
        window = [
            (cursor, each)
            for place, cursor, each in listed
            if (after is None or precedes(after, place)) and (before is None or precedes(place, before))
        ]
        shown = window[:size] if last is None else window[max(len(window) - size, 0) :]
        edges, nodes = [{"cursor": cursor, "node": each} for cursor, each in shown], [each for _, each in shown]
        page_info = {
            "hasPreviousPage": has_head or (first is None and len(window) > size),
            "hasNextPage": has_tail or (last is None and len(window) > size),
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        }
        return {"nodes": nodes, "edges": edges, "totalCount": len(listed), "pageInfo": page_info}

    def chosen_order(self, target: Source, arguments: Mapping[str, Any]) -> tuple[str, Any]:
        """The order of an argument that is given, else of `orderBy`, else the first."""
        asked = [name for name in target.argument_orders if arguments.get(name) is not None]
        if asked and arguments.get("order_by"):
            self.refuse("Two orders")
        name = asked[0] if asked else arguments.get("order_by") or next(iter(target.orders))
        return name, {**target.orders, **target.argument_orders}[name]

    def learn_order(self, things: list[Thing], name: str, order: ArgumentOrder, arguments: Mapping[str, Any]) -> None:
        """Finds wrong arguments, and writes the cursors that the things have in an order that sees the arguments."""
        if self.is_imagined:
            order.columns(things[0].origin, Context(self, arguments))
            return
        for thing in things:
            place, cursor = self.placed(thing, name, arguments)
            self.reader.cursors[cursor] = f"{thing.source.name}.{name}", place

    def boundary(self, cursor: str | None, tag: str) -> Place | None:
        """The place of a cursor, which must belong to the list and order."""
        known, place = self.reader.cursors.get(cursor or "", ("", None))
        if cursor is not None and known != tag:
            self.refuse("Cursor")
        return place

    def in_order(
        self, things: list[Thing], order: str, arguments: Mapping[str, Any] | None = None
    ) -> list[tuple[Place, str, Thing]]:
        """The things with their places and cursors."""
        placed = [(*self.placed(each, order, arguments), each) for each in things]
        orders: Mapping[str, Any] = {**things[0].source.orders, **things[0].source.argument_orders} if things else {}
        is_descending = bool(things) and orders[order].descending
        return sorted(placed, key=lambda each: each[0], reverse=is_descending)

    def placed(self, thing: Thing, order: str, arguments: Mapping[str, Any] | None = None) -> tuple[Place, str]:
        """The thing's place by the values of the order, then by its key, which makes the order total; and its cursor."""
        seeing = thing.source.argument_orders.get(order)
        if seeing is not None:
            context = Context(self, arguments or {})
            found = self.values(
                thing, lambda origin: seeing.columns(origin, context), seeing, repr(context.arguments.get(order))
            )
        else:
            columns = thing.source.orders[order].columns
            found = self.values(thing, columns, columns)
        values = [*found, thing.row.get(thing.source.key)]
        ranks = self.reader.rows.ranks
        place = tuple(ranks[each] if isinstance(each, str) else each for each in values)
        return place, cursor_text(f"{thing.source.name}.{order}", values)


@cache
def joined(table: Any, on: Callable[[Any, Any], Any], *names: str) -> Callable[[Any, Any], sa.Select[Any]]:
    """Selects columns of the rows of a table that a join condition connects with a row."""
    other = table.alias()
    return lambda origin, _context: sa.select(*(other.c[name] for name in names)).where(on(origin, other))
