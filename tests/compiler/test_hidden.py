"""What one may not see leaves no trace: an answer is the same, byte for byte, as if it were not there.

Types, guards and questions are found by walking the sources and the schema, so that later ones are asked too.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from graphql import get_named_type, is_object_type, parse_value, value_from_ast_untyped
from sqlalchemy.sql import visitors

from api.access import PUBLIC, Actor
from api.compiler.source import Expression, Source, TieredConnection, ToConnection, ToMany
from api.database.statement import compile_statement
from api.models import Cube
from api.resolvers import SOURCES
from api.schema.build import core, printed
from api.services import account
from tests.asking import Api, Json
from tests.compiler.documents import Pool
from tests.compiler.learning import learned, pool_of
from tests.compiler.reader import Reader
from tests.compiler.rows import NODES, TABLES, Rows, has_key, key
from tests.compiler.seeing import Eyes
from tests.compiler.test_every import conditions
from tests.compiler.test_statements import asked, lists, selection
from tests.compiler.world import Same, World

STORED: Mapping[str, Source] = {name: source for name, source in SOURCES.items() if name in TABLES}
GUARDED = [
    (source.name, name, declared.guard)
    for source in STORED.values()
    for name, declared in source.fields.items()
    if isinstance(declared, Expression | ToMany | ToConnection | TieredConnection) and declared.guard is not None
]
# How many there are is public, of whom one sees none.
SUMS = "coverage { __typename wanted offered accepted onDuty }"

PAGE = """{ totalCount nodes { __typename } edges { cursor node { __typename } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"""

UNBOUND = """
DO $$ DECLARE bond record; BEGIN
  FOR bond IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint WHERE contype = 'f' LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', bond.owner, bond.conname);
  END LOOP;
END $$"""


@dataclass(frozen=True, slots=True)
class Asker:
    """One actor, what the API answers it, and what the database says of it."""

    api: Api
    connection: "asyncpg.Connection[asyncpg.Record]"
    account_id: uuid.UUID | None

    async def actor(self) -> Actor:
        if self.account_id is None:
            return PUBLIC
        async with self.api.services.database.reading() as session:
            return await account.actor(session, self.account_id)

    async def answers(self, questions: list[tuple[str, Json]]) -> list[bytes]:
        found = []
        for document, variables in questions:
            body = {"query": document, "variables": variables}
            response = await self.api.client.post("/graphql", json=body, headers=self.api.headers(self.account_id))
            found.append(response.content)
        return found

    async def run(self, statement: Any) -> list[Any]:
        """The first column of the statement's rows; parameters of the actor have their values."""
        ready, actor = compile_statement(statement), await self.actor()
        values = ready.values(actor.parameters(self.api.now))
        return [row[0] for row in await self.connection.fetch(ready.sql, *values)]

    async def hidden(self, source: Source) -> set[str]:
        """The keys of the rows that the source's policy does not show."""
        assert isinstance(source.table, sa.Table)
        seen = source.visible((await self.actor()).kind, source.table)
        return {str(each) for each in await self.run(sa.select(source.table.c[source.key]).where(seen.is_not(True)))}


@pytest.fixture
async def world(api: Api, connection: "asyncpg.Connection[asyncpg.Record]") -> World:
    return await World.of(Same(connection, api.now))


@pytest.fixture
async def pool(api: Api, connection: "asyncpg.Connection[asyncpg.Record]", world: World) -> Pool:
    """Values of everything that is there, hidden or not."""
    reader = Reader.of(await Rows.of(connection), api.now, printed())
    reader.learn(await learned(api, reader, world))
    return pool_of(reader)


# What is asked.


def questions(pool: Pool, people: list[uuid.UUID]) -> Iterator[tuple[str, Json]]:
    yield from things(pool)
    yield from ((text, {}) for text in inner_lists(pool, people))
    yield from pages(pool)
    yield from filtered_pages(pool)


def things(pool: Pool) -> Iterator[tuple[str, Json]]:
    """Everything by its id."""
    for name, ids in pool.ids.items():
        yield of_nodes(name, ids, selection(core().type_map[name])), {}
        yield from (("query($id: ID!) { node(id: $id) { id } }", {"id": id_}) for id_ in ids[:9])


def of_nodes(name: str, ids: list[str], text: str) -> str:
    return f"{{ nodes(ids: {json.dumps(ids)}) {{ id ... on {name} {text.replace(SUMS, '')} }} }}"


def inner_lists(pool: Pool, people: list[uuid.UUID]) -> Iterator[str]:
    """Every list within every thing; those with pages in every order from both ends."""
    for type_, name, field in lists():
        if type_.name not in NODES:
            continue
        ids = pool.ids[type_.name][:40]
        for person in people if "volunteer" in field.args else people[:1]:
            yield of_nodes(type_.name, ids, f"{{ {asked(name, field, person)} }}")
        if "first" in field.args:
            ways = [f"{size}: 2{order}" for order in orders(field) for size in ("first", "last")]
            pages = [f"a{number}: {name}({way}) {PAGE}" for number, way in enumerate(ways)]
            yield of_nodes(type_.name, ids, f"{{ {' '.join(pages)} }}")


def orders(field: Any) -> list[str]:
    if "orderBy" not in field.args:
        return [""]
    return [f", orderBy: {order}" for order in get_named_type(field.args["orderBy"].type).values]


def roots() -> Iterator[tuple[str, Any, str]]:
    """Every list at the root, with the type that it lists."""
    query = core().query_type
    assert query is not None
    for name, field in query.fields.items():
        if "first" in field.args:
            yield name, field, get_named_type(field.type).name.removesuffix("Connection")


def pages(pool: Pool) -> Iterator[tuple[str, Json]]:
    """Every list from both ends in every order: the whole, and on either side of things, hidden or not."""
    for name, field, type_ in roots():
        for order in orders(field):
            tags = sorted(tag for tag in pool.cursors if tag.startswith(f"{type_}.") and tag.endswith(order[11:]))
            cursors = sorted(pool.cursors[tags[0]]) if tags else []
            for size in ("first", "last"):
                document = page(name, f"{size}: 3, after: $after, before: $before{order}")
                yield document, {}
                for cursor in cursors[:: len(cursors) // 4 + 1]:
                    yield document, {"after": cursor}
                    yield document, {"before": cursor}


def page(name: str, given: str, declared: str = "$after: String, $before: String") -> str:
    return f"query({declared}) {{ page: {name}({given}) {PAGE} }}"


def filtered_pages(pool: Pool) -> Iterator[tuple[str, Json]]:
    """Every list with each condition of its filter, also by the ids of hidden things."""
    for name, field, _type in roots():
        if "filter" not in field.args:
            continue
        type_ = get_named_type(field.args["filter"].type)
        document = page(name, "first: 100, filter: $filter", f"$filter: {type_.name}")
        for condition in conditions(type_, pool.codes, pool.ids):
            yield document, {"filter": value_from_ast_untyped(parse_value(f"{{{condition}}}"))}


# What the database is made to forget.


async def forget(connection: "asyncpg.Connection[asyncpg.Record]", hidden: Mapping[str, set[str]]) -> None:
    """Deletes the rows, and leaves what refers to them."""
    await connection.execute(UNBOUND)
    for name, keys in hidden.items():
        source = SOURCES[name]
        await connection.execute(
            f'DELETE FROM "{TABLES[name]}" WHERE {source.key}::text = ANY ($1)', [str(each) for each in keys]
        )


def other(column: sa.Column[Any]) -> Any:
    """Another value that the table takes as well; null stays null, which is a rule's business."""
    if isinstance(column.type, sa.Float):
        return -column
    if isinstance(column.type, sa.DateTime):
        return sa.case((sa.func.isfinite(column), column + sa.func.make_interval(0, 0, 0, 1)), else_=column)
    return column.concat(sa.literal(b"x" if isinstance(column.type, sa.LargeBinary) else "0", column.type))


def private_columns(source: Source) -> list[sa.Column[Any]]:
    """Those that somebody enters; a home on the globe follows its position."""
    assert isinstance(source.table, sa.Table)
    return [column for column in source.table.c if is_private(column) and not isinstance(column.type, Cube)]


def is_private(element: object) -> bool:
    return isinstance(element, sa.Column) and bool(element.info.get("private"))


def scrambled(source: Source, actor: Actor) -> Any:
    """Writes something else into the private columns of the rows whose guards do not hold."""
    assert isinstance(source.table, sa.Table)
    guards = [guard(actor.kind, source.table) for name, _, guard in GUARDED if name == source.name]
    statement = sa.update(source.table).values({column: other(column) for column in private_columns(source)})
    return statement.where(sa.or_(*guards).is_not(True)).returning(source.table.c[source.key])


async def forget_or_change(asker: Asker) -> tuple[Mapping[str, set[str]], int]:
    """Makes the database another one where the asker does not see it; which rows it lost, and how many are changed."""
    hidden = {name: await asker.hidden(source) for name, source in STORED.items()}
    changed = [
        await asker.run(scrambled(source, await asker.actor())) for source in STORED.values() if private_columns(source)
    ]
    await forget(asker.connection, hidden)
    return hidden, sum(map(len, changed))


# The two that are missing differ from others by values only.
@pytest.mark.parametrize("who", ["public", "volunteer", "manager", "kabupaten", "mixed"])
async def test_what_is_hidden_or_private_might_as_well_not_be_there(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", world: World, pool: Pool, who: str
) -> None:
    asker = Asker(api, connection, world.actors[who])
    asking = list(questions(pool, world.people[:3]))
    before = await asker.answers(asking)

    hidden, changed = await forget_or_change(asker)
    after = await asker.answers(asking)

    assert hidden["Volunteer"]
    assert hidden["Account"]
    assert changed > 0
    differing = [asked for asked in zip(asking, before, after, strict=True) if asked[1] != asked[2]]
    assert differing[:1] == []


async def test_every_policy_hides_what_plain_eyes_do_not_see(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", world: World
) -> None:
    rows = await Rows.of(connection)
    found: set[str] = set()

    for account_id in world.actors.values():
        asker, eyes = Asker(api, connection, account_id), Eyes(rows, api.now, account_id)
        for name, source in STORED.items():
            hidden = await asker.hidden(source)
            assert hidden == {key(row) for row in rows.tables[name] if has_key(row) and not eyes.sees(row)}, name
            found |= {name} if hidden else set()

    assert found == {name for name, source in STORED.items() if not is_open(source)}


def is_open(source: Source) -> bool:
    assert source.table is not None
    return isinstance(source.visible(PUBLIC.kind, source.table), sa.True_)


async def test_a_guarded_field_is_null_where_its_guard_does_not_hold(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", world: World, pool: Pool
) -> None:
    withheld: set[tuple[str, str]] = set()
    told: set[tuple[str, str]] = set()
    for account_id in world.actors.values():
        asker = Asker(api, connection, account_id)
        kind = (await asker.actor()).kind
        for name, field, guard in GUARDED:
            source = SOURCES[name]
            assert isinstance(source.table, sa.Table)
            holds = guard(kind, source.table)
            known = {f"{name}:{each}" for each in await asker.run(sa.select(source.table.c[source.key]).where(holds))}
            values = await guarded_values(asker, name, field, pool.ids[name], world.people[0])
            assert {id_ for id_, value in values.items() if value is not None} <= known, (name, field)
            withheld |= {(name, field)} if values.keys() - known else set()
            told |= {(name, field)} if any(value is not None for value in values.values()) else set()

    assert withheld == told == {(name, field) for name, field, _ in GUARDED}


async def guarded_values(asker: Asker, name: str, field: str, ids: list[str], person: uuid.UUID) -> Mapping[str, Any]:
    """Of each thing that is there for the asker, its field."""
    type_ = core().type_map[name]
    assert is_object_type(type_)
    public = next(each for each in type_.fields if each.lower() == field.replace("_", ""))
    text = f"field: {asked(public, type_.fields[public], person)}" if type_.fields[public].args else f"field: {public}"
    document = f"{{ nodes(ids: {json.dumps(ids)}) {{ id ... on {name} {{ {text} }} }} }}"
    found = await asker.api.ask(document, actor=asker.account_id)
    return {node["id"]: node["field"] for node in found["nodes"] if node}


@pytest.mark.parametrize("name", STORED)
def test_nothing_is_filtered_or_ordered_by_what_is_guarded(name: str) -> None:
    source = STORED[name]
    assert source.table is not None
    guarded = {field for owner, field, _ in GUARDED if owner == name}
    ordering = [column for order in source.orders.values() for column in order.columns(source.table)]
    private = {str(each) for column in ordering for each in visitors.iterate(column) if is_private(each)}

    assert source.filters.keys() & guarded == set()
    assert private == set()
