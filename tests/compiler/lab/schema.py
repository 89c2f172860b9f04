"""An example schema for features of the compiler that the domain does not use, such as unions.

There are shelves with boxes; a box refers to a cat, a dog and a stone, and shows the first one that is visible. Rows
that are `shy` are visible to the viewer KEEPER only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import sqlalchemy as sa
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    build_schema,
    get_operation_ast,
    get_variable_values,
    parse,
    validate,
)

from api.compiler.filter import ColumnFilter, RelatedFilter
from api.compiler.plan import Operation, Planner
from api.compiler.root import VALUES_FROM_PYTHON
from api.compiler.source import (
    ById,
    ByIds,
    Condition,
    Embedded,
    Expression,
    FieldContext,
    Order,
    Root,
    Row,
    RowsFromPython,
    SingleRow,
    Source,
    Sql,
    ToConnection,
    ToMany,
    ToOne,
    Variant,
    everybody,
)
from api.database.statement import DIALECT

PAGING = "first: Int, after: String, last: Int, before: String"
PAGE_INFO = "{ hasNextPage: Boolean!, hasPreviousPage: Boolean!, startCursor: String, endCursor: String }"

DEFINITION = f"""
scalar BigInt scalar Decimal scalar Date scalar DateTime scalar UUID
enum Mood {{ HAPPY CROSS }}
enum Order {{ PLACE LABEL }}
input BoxFilter {{
  and: [BoxFilter!], or: [BoxFilter!], not: BoxFilter
  label: TextFilter, place: IntFilter, cat: IdFilter, shelfName: TextFilter, even: Boolean }}
input TextFilter {{ eq: String, in: [String!], not: TextFilter, contains: String, isNull: Boolean }}
input IntFilter {{ eq: Int, in: [Int!], not: IntFilter, gt: Int, gte: Int, lt: Int, lte: Int, isNull: Boolean }}
input IdFilter {{ eq: ID, in: [ID!], not: IdFilter, isNull: Boolean }}
input Span {{ low: Int!, high: Int = 9, moods: [Mood!] }}

interface Pet {{ id: ID!, name: String!, friend: Pet }}
interface Named {{ name: String! }}
type Cat implements Pet & Named {{
  id: ID!, name: String!, friend: Pet, lives: Int!, motto: String!, secret: String, mood: Mood!
  shelf: Shelf, years(factor: Float = 7.0, from: Int!): Float!, hums(words: [String!]!, mood: Mood = HAPPY): String!
  within(span: Span!): Boolean!, toys: [Box!], drawers({PAGING}): BoxConnection
  livesOn(shelf: ID!): Boolean!, isOneOf(cats: [ID!]!): Boolean!
  place: Place, secretPlace: Place, homePlace: Place }}
type Dog implements Pet & Named {{ id: ID!, name: String!, friend: Pet, bark: String!, weight: Decimal }}
type Stone implements Named {{ id: ID!, name: String! }}
union Thing = Cat | Dog | Stone

interface Content {{ place: Int! }}
type Full implements Content {{ place: Int!, label: String, shout(times: Int!): String!, pet: Pet, shelf: Shelf! }}
type Empty implements Content {{ place: Int!, shelf: Shelf!, reason: String! }}
type Place {{ shelf: Shelf!, name: String! }}

type Box {{ id: ID!, label: String, place: Int!, thing: Thing, pet: Pet, content: Content }}
type BoxConnection {{ nodes: [Box!]!, edges: [BoxEdge!]!, pageInfo: PageInfo!, totalCount: Int! }}
type BoxEdge {{ cursor: String!, node: Box! }}
type ThingConnection {{ nodes: [Thing]!, edges: [ThingEdge!]!, pageInfo: PageInfo!, totalCount: Int! }}
type ThingEdge {{ cursor: String!, node: Thing }}
type ContentConnection {{ nodes: [Content]!, edges: [ContentEdge!]!, pageInfo: PageInfo!, totalCount: Int! }}
type ContentEdge {{ cursor: String!, node: Content }}
type PetConnection {{ nodes: [Pet]!, edges: [PetEdge!]!, pageInfo: PageInfo!, totalCount: Int! }}
type PetEdge {{ cursor: String!, node: Pet }}
type PageInfo {PAGE_INFO}

type Shelf {{
  id: ID!, name: String!, best: Thing, bestPet: Pet, boxes: [Box!]!, things: [Thing]!, pets: [Pet]!
  contents: [Content]!, contentPage({PAGING}): ContentConnection!
  thingPage({PAGING}, filter: BoxFilter, orderBy: Order): ThingConnection!
  petPage({PAGING}): PetConnection! }}
type ShelfConnection {{ nodes: [Shelf!]!, edges: [ShelfEdge!]!, pageInfo: PageInfo!, totalCount: Int! }}
type ShelfEdge {{ cursor: String!, node: Shelf! }}

type Value {{
  id: ID!, small: Int, large: BigInt, exact: Decimal, rough: Float, single: Float, flag: Boolean, day: Date
  moment: DateTime, text: String, letters: String, key: UUID, mood: Mood, list: [Int!], longMoment: DateTime! }}
type ValueConnection {{ nodes: [Value!]!, edges: [ValueEdge!]!, pageInfo: PageInfo!, totalCount: Int! }}
type ValueEdge {{ cursor: String!, node: Value! }}
enum ValueOrder {{ MOMENT LARGE EXACT DAY ROUGH TEXT FALLING }}

type Step {{ number: Int!, reason: String, at: DateTime, cat: Cat, shelf: Shelf, thing: Thing }}
type Query {{
  shelves({PAGING}): ShelfConnection!
  things({PAGING}, filter: BoxFilter, orderBy: Order): ThingConnection!
  boxes({PAGING}, filter: BoxFilter, orderBy: Order): BoxConnection!
  values({PAGING}, orderBy: ValueOrder): ValueConnection!
  mascot: Thing
  node(id: ID!): Pet
  cat(id: ID!): Cat
  shelf(id: ID!): Shelf
  steps: [Step!]! }}
"""

METADATA = sa.MetaData()


def table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(f"lab_{name}", METADATA, sa.Column("id", sa.Text, primary_key=True), *columns)


def text(name: str, *, null: bool = False, **details: Any) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null, **details)


SHELF = table("shelf", text("name"), text("best_id", null=True))
CAT = table(
    "cat",
    text("name"),
    sa.Column("lives", sa.Integer, nullable=False),
    text("motto"),
    text("secret", null=True, info={"private": True}),
    text("mood"),
    sa.Column("shy", sa.Boolean, nullable=False),
    text("shelf_id", null=True),
    text("friend_id", null=True),
)
DOG = table(
    "dog",
    text("name"),
    text("bark"),
    sa.Column("weight", sa.Numeric),
    sa.Column("shy", sa.Boolean, nullable=False),
    text("friend_id", null=True),
)
STONE = table("stone", text("name"))
BOX = table(
    "box",
    text("shelf_id"),
    sa.Column("place", sa.Integer, nullable=False),
    text("label", null=True),
    *(text(name, null=True) for name in ("cat_id", "dog_id", "stone_id")),
)
VALUE = table(
    "value",
    sa.Column("small", sa.SmallInteger),
    sa.Column("large", sa.BigInteger),
    sa.Column("exact", sa.Numeric),
    sa.Column("rough", sa.Float),
    sa.Column("single", sa.REAL),
    sa.Column("flag", sa.Boolean),
    sa.Column("day", sa.Date),
    sa.Column("moment", sa.DateTime(timezone=True)),
    text("text", null=True),
    sa.Column("letters", sa.String(9)),
    sa.Column("key", sa.Uuid),
    text("mood", null=True),
    sa.Column("list", sa.ARRAY(sa.Integer)),
)

# The two kinds of viewer.
KEEPER, GUEST = "keeper", "guest"


def not_shy(viewer: str, row: Row) -> Condition:
    return sa.true() if viewer == KEEPER else sa.not_(row.c.shy)


def keeper_only(viewer: str, _row: Row) -> Condition:
    """A guard for the keeper only; it reads a parameter of the viewer."""
    return sa.bindparam("viewer_name", type_=sa.Text()) == KEEPER


def references(target: str) -> ToOne:
    column = f"{target.lower()}_id"
    return ToOne(target, on=lambda row, other: other.c.id == row.c[column])


def years(row: Row, context: FieldContext) -> Sql:
    return (row.c.lives - context.bind(context.arguments["from"])) * context.bind(context.arguments["factor"])


def hums(row: Row, context: FieldContext) -> Sql:
    loud = context.arguments["mood"] == "CROSS"
    words = sa.func.array_to_string(context.bind(context.arguments["words"]), " ", type_=sa.Text())
    return row.c.name.concat(": ").concat(sa.func.upper(words, type_=sa.Text()) if loud else words)


def within(row: Row, context: FieldContext) -> Sql:
    span = context.arguments["span"]
    assert isinstance(span, dict)
    is_so: Sql = row.c.lives.between(context.bind(span["low"]), context.bind(span["high"]))
    moods = span.get("moods")
    return is_so if moods is None else sa.and_(is_so, row.c.mood.in_([str(mood) for mood in moods]))


def lives_on(row: Row, context: FieldContext) -> Sql:
    return row.c.shelf_id == context.key(context.arguments["shelf"], "Shelf")


def is_one_of(row: Row, context: FieldContext) -> Sql:
    return row.c.id == sa.any_(context.keys(context.arguments["cats"], "Cat"))


def is_even(row: Row, _context: FieldContext, value: object) -> Condition:
    is_so = row.c.place % 2 == 0
    return is_so if value else sa.not_(is_so)


def has_shelf(row: Row) -> Condition:
    return row.c.shelf_id.is_not(None)


def shouted(row: Row, context: FieldContext) -> Sql:
    return sa.func.repeat(sa.func.upper(row.c.label), context.bind(context.arguments["times"]), type_=sa.Text())


def shelf_of(row: Row, _context: FieldContext) -> sa.Select[Any]:
    """The shelf of a cat, computed: no row where the cat has none."""
    return sa.select(SHELF.c.id.label("shelf_id"), SHELF.c.name).where(SHELF.c.id == row.c.shelf_id)


def by(*names: str, descending: bool = False) -> Order:
    return Order(lambda row: [row.c[name] for name in names], descending)


ORDERS = {"PLACE": by("place"), "LABEL": Order(lambda row: [sa.func.coalesce(row.c.label, "", type_=sa.Text())])}
FILTERS: Mapping[str, Any] = {
    "label": ColumnFilter("label", sa.Text()),
    "place": ColumnFilter("place", sa.Integer()),
    "cat": ColumnFilter("cat_id", sa.Text(), "Cat"),
    "shelf_name": RelatedFilter(
        ColumnFilter("name", sa.Text()), SHELF, on=lambda row, other: other.c.id == row.c.shelf_id
    ),
    "even": is_even,
}
# A box whose label is `d` is neither.
CONTENTS = (
    Variant("Full", when=lambda row: sa.and_(row.c.label.is_not(None), row.c.label != "d")),
    Variant("Empty", when=lambda row: row.c.label.is_(None)),
)
MEMBERS = (references("Cat"), references("Dog"), references("Stone"))
PETS = (references("Cat"), references("Dog"))
SOURCES = {
    source.name: source
    for source in (
        Source("Thing", BOX, everybody, orders=ORDERS, filters=FILTERS, node=False, members=MEMBERS),
        Source("Pet", BOX, everybody, orders=ORDERS, node=False, members=PETS),
        Source(
            "Cat",
            CAT,
            not_shy,
            fields={
                "friend": ToOne("Pet", on=lambda row, other: other.c.id == row.c.friend_id),
                "secret": Expression(lambda row, _context: row.c.secret, guard=keeper_only),
                "shelf": references("Shelf"),
                "years": Expression(years),
                "hums": Expression(hums),
                "within": Expression(within),
                "lives_on": Expression(lives_on),
                "is_one_of": Expression(is_one_of),
                "place": Embedded("Place", exists=has_shelf),
                "secret_place": Embedded("Place", exists=has_shelf, guard=keeper_only),
                "home_place": Embedded("Place", computed_row=shelf_of, exists=has_shelf),
                "toys": ToMany(
                    "Box", "PLACE", on=lambda row, other: other.c.shelf_id == row.c.shelf_id, guard=keeper_only
                ),
                "drawers": ToConnection(
                    "Box", on=lambda row, other: other.c.shelf_id == row.c.shelf_id, guard=keeper_only
                ),
            },
        ),
        Source(
            "Dog", DOG, not_shy, fields={"friend": ToOne("Pet", on=lambda row, other: other.c.id == row.c.friend_id)}
        ),
        Source("Stone", STONE, everybody),
        Source(
            "Box",
            BOX,
            everybody,
            fields={"thing": Embedded("Thing"), "pet": Embedded("Pet"), "content": Embedded("Content")},
            orders=ORDERS,
            filters=FILTERS,
        ),
        Source("Content", BOX, everybody, orders=ORDERS, node=False, variants=CONTENTS),
        Source(
            "Full",
            BOX,
            everybody,
            fields={"shout": Expression(shouted), "pet": Embedded("Pet"), "shelf": references("Shelf")},
            node=False,
        ),
        Source(
            "Empty",
            BOX,
            everybody,
            fields={
                "reason": Expression(lambda row, _context: sa.func.coalesce(row.c.label, "kosong", type_=sa.Text())),
                "shelf": references("Shelf"),
            },
            node=False,
        ),
        Source(
            "Place",
            None,
            everybody,
            fields={"shelf": references("Shelf"), "name": Expression(lambda row, _context: row.c.name)},
            node=False,
        ),
        Source(
            "Shelf",
            SHELF,
            everybody,
            fields={
                "best": ToOne("Thing", on=lambda row, other: other.c.id == row.c.best_id),
                "best_pet": ToOne("Pet", on=lambda row, other: other.c.id == row.c.best_id),
                "boxes": ToMany("Box", "PLACE", on=lambda row, other: other.c.shelf_id == row.c.id),
                "things": ToMany("Thing", "PLACE", on=lambda row, other: other.c.shelf_id == row.c.id),
                "pets": ToMany(
                    "Pet", "PLACE", through=lambda row, _context: sa.select(BOX.c.id).where(BOX.c.shelf_id == row.c.id)
                ),
                "contents": ToMany("Content", "PLACE", on=lambda row, other: other.c.shelf_id == row.c.id),
                "content_page": ToConnection("Content", on=lambda row, other: other.c.shelf_id == row.c.id),
                "thing_page": ToConnection("Thing", on=lambda row, other: other.c.shelf_id == row.c.id),
                "pet_page": ToConnection("Pet", on=lambda row, other: other.c.shelf_id == row.c.id),
            },
            orders={"NAME": by("name")},
        ),
        Source(
            "Value",
            VALUE,
            everybody,
            fields={
                "long_moment": Expression(
                    lambda row, _context: sa.func.coalesce(
                        row.c.moment, sa.text("'infinity'"), type_=sa.DateTime(timezone=True)
                    )
                )
            },
            orders={
                "MOMENT": by("moment"),
                **{name.upper(): by(name) for name in ("large", "exact", "day", "rough", "text")},
                "FALLING": by("large", "text", descending=True),
            },
        ),
        Source(
            "Step",
            None,
            everybody,
            fields={
                "number": Expression(lambda row, _context: row.c.number),
                "reason": Expression(lambda row, _context: row.c.reason),
                "at": Expression(lambda row, _context: row.c.at),
                "cat": references("Cat"),
                "shelf": references("Shelf"),
                "thing": Embedded("Thing"),
            },
            node=False,
        ),
    )
}
ROOTS: Mapping[str, Root] = {
    "shelves": ToConnection("Shelf"),
    "things": ToConnection("Thing"),
    "boxes": ToConnection("Box"),
    "values": ToConnection("Value"),
    "mascot": SingleRow("Thing"),
    "node": ByIds("id", plural=False),
    "cat": ById("Cat"),
    "shelf": ById("Shelf"),
    "steps": RowsFromPython(
        "Step",
        {
            "number": sa.Integer(),
            "reason": sa.Text(),
            "at": sa.DateTime(timezone=True),
            "cat_id": sa.Text(),
            "dog_id": sa.Text(),
            "stone_id": sa.Text(),
            "shelf_id": sa.Text(),
        },
        plural=True,
    ),
}

INSERT_ROWS = """
INSERT INTO lab_shelf VALUES ('1', 'Kiri', '11'), ('2', 'Kanan', '22'), ('3', 'Kosong', NULL);
INSERT INTO lab_cat VALUES
  ('1', 'Oyen', 9, 'Meong', 'Takut air', 'HAPPY', false, '1', '12'),
  ('2', 'Belang', 3, 'Tidur', 'Suka mandi', 'CROSS', true, '2', NULL);
INSERT INTO lab_dog VALUES ('1', 'Moli', 'Guk', 12.50, false, '11'), ('2', 'Bruno', 'Auf', NULL, true, '21');
INSERT INTO lab_stone VALUES ('1', 'Akik');
INSERT INTO lab_box VALUES
  ('11', '1', 1, 'a', '1', NULL, NULL),
  ('12', '1', 2, 'b', NULL, '1', NULL),
  ('13', '1', 3, NULL, NULL, NULL, '1'),
  ('14', '1', 4, 'd', NULL, NULL, NULL),
  ('21', '2', 1, 'a', '2', NULL, NULL),
  ('22', '2', 2, 'e', '2', '1', NULL),
  ('23', '2', 3, 'f', '2', '2', '1');
"""


def definition() -> GraphQLSchema:
    return build_schema(DEFINITION)


@dataclass(frozen=True, slots=True)
class CompilerLab:
    """Runs documents with the compiler and the database, without a server."""

    connection: "asyncpg.Connection[asyncpg.Record]"
    schema: GraphQLSchema
    planner: Planner
    documents: dict[str, DocumentNode] = field(default_factory=dict)  # Parsed once each, as plans are cached by node.

    @classmethod
    async def of(cls, connection: "asyncpg.Connection[asyncpg.Record]") -> "CompilerLab":
        for each in METADATA.sorted_tables:
            await connection.execute(str(sa.schema.CreateTable(each).compile(dialect=DIALECT)))
        await connection.execute("SET timezone = 'UTC'")
        await connection.execute(INSERT_ROWS)
        schema = definition()
        return cls(connection, schema, Planner(schema, SOURCES))

    def operation(self, document: str, variables: Mapping[str, Any]) -> Operation:
        node = self.documents.setdefault(document, parse(document))
        assert validate(self.schema, node) == []
        operation = get_operation_ast(node)
        assert isinstance(operation, OperationDefinitionNode)
        values = get_variable_values(self.schema, operation.variable_definitions or (), dict(variables))
        assert not isinstance(values, list)
        fragments = {part.name.value: part for part in node.definitions if isinstance(part, FragmentDefinitionNode)}
        return Operation(self.schema, operation, fragments, values.coerced)

    async def text(self, document: str, *, viewer: str = GUEST, **variables: Any) -> str:
        """The JSON text of the answer."""
        operation = self.operation(document, variables)
        plan = self.planner.document(operation, viewer, ROOTS)
        return await self.read(plan, operation.variables, viewer)

    async def data(self, document: str, *, viewer: str = GUEST, **variables: Any) -> Any:
        return json.loads(await self.text(document, viewer=viewer, **variables))

    async def rows_from_python(self, selection: str, rows: Mapping[str, list[Any]], *, viewer: str = GUEST) -> Any:
        """The root list `steps` with these rows from Python."""
        operation = self.operation(f"{{ steps {selection} }}", {})
        (node,) = operation.node.selection_set.selections
        assert isinstance(node, FieldNode)
        assert self.schema.query_type is not None
        plan = self.planner.field(
            operation, viewer, ROOTS["steps"], parent=self.schema.query_type, key="steps", nodes=[node]
        )
        return json.loads(await self.read(plan, {VALUES_FROM_PYTHON: rows}, viewer))

    async def read(self, plan: Any, variables: Mapping[str, Any], viewer: str) -> str:
        text = await self.connection.fetchval(plan.sql, *plan.bind(variables, {"viewer_name": viewer}))
        result: str = plan.result(text)
        return result
