"""Hidden rows and private values do not affect answers: deleting or changing them leaves every answer the same.

Types, guards and requests are derived from the sources and the schema, so that new ones are tested too.
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
from api.schema.build import core_schema
from api.services import account
from tests.asking import Api, Json
from tests.compiler.cursor_catalogue import reader_with_cursors, value_pool
from tests.compiler.documents import ValuePool
from tests.compiler.rows import NODES, TABLES, Rows, has_key, key
from tests.compiler.sample_data import RepeatableBuild, SampleData
from tests.compiler.test_every import conditions
from tests.compiler.test_statements import list_fields, list_selection, selection
from tests.compiler.visibility import Visibility
from tests.sampling import sampled

STORED: Mapping[str, Source] = {name: source for name, source in SOURCES.items() if name in TABLES}
GUARDED = [
    (source.name, name, declared.guard)
    for source in STORED.values()
    for name, declared in source.fields.items()
    if isinstance(declared, Expression | ToMany | ToConnection | TieredConnection) and declared.guard is not None
]
# The coverage of a need is public, also where its assignments are hidden.
COVERAGE = "coverage { __typename wanted offered accepted onDuty }"

PAGE = """{ totalCount nodes { __typename } edges { cursor node { __typename } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"""

DROP_FOREIGN_KEYS = """
DO $$ DECLARE bond record; BEGIN
  FOR bond IN SELECT conrelid::regclass AS owner, conname FROM pg_constraint WHERE contype = 'f' LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', bond.owner, bond.conname);
  END LOOP;
END $$"""


@dataclass(frozen=True, slots=True)
class ActorClient:
    """Sends requests to the API as one account, and runs statements with its parameters on the database."""

    api: Api
    connection: "asyncpg.Connection[asyncpg.Record]"
    account_id: uuid.UUID | None

    async def actor(self) -> Actor:
        if self.account_id is None:
            return PUBLIC
        async with self.api.services.database.reading() as session:
            return await account.actor(session, self.account_id)

    async def answers(self, requests: list[tuple[str, Json]]) -> list[bytes]:
        found = []
        for document, variables in requests:
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
        """The keys of the rows that the source's policy hides."""
        assert isinstance(source.table, sa.Table)
        seen = source.visible((await self.actor()).kind, source.table)
        return {str(each) for each in await self.run(sa.select(source.table.c[source.key]).where(seen.is_not(True)))}


@pytest.fixture
async def sample_data(api: Api, connection: "asyncpg.Connection[asyncpg.Record]") -> SampleData:
    return await SampleData.of(RepeatableBuild(connection, api.now))


@pytest.fixture
async def pool(api: Api, connection: "asyncpg.Connection[asyncpg.Record]", sample_data: SampleData) -> ValuePool:
    """Ids, codes and cursors of all rows, hidden or not."""
    return value_pool(await reader_with_cursors(api, connection, sample_data))


# The requests.


def requests(pool: ValuePool, people: list[uuid.UUID]) -> Iterator[tuple[str, Json]]:
    yield from requests_by_id(pool)
    yield from ((text, {}) for text in inner_lists(pool, people))
    yield from pages(pool)
    yield from filtered_pages(pool)


def requests_by_id(pool: ValuePool) -> Iterator[tuple[str, Json]]:
    """All objects by their ids."""
    for name, ids in pool.ids.items():
        yield nodes_document(name, ids, selection(core_schema().type_map[name])), {}
        yield from (("query($id: ID!) { node(id: $id) { id } }", {"id": id_}) for id_ in ids[:9])


def nodes_document(name: str, ids: list[str], text: str) -> str:
    return f"{{ nodes(ids: {json.dumps(ids)}) {{ id ... on {name} {text.replace(COVERAGE, '')} }} }}"


def inner_lists(pool: ValuePool, people: list[uuid.UUID]) -> Iterator[str]:
    """Every list of every object; connections in every order from both ends."""
    for type_, name, field in list_fields():
        if type_.name not in NODES:
            continue
        ids = pool.ids[type_.name][:40]
        for person in people if "volunteer" in field.args else people[:1]:
            yield nodes_document(type_.name, ids, f"{{ {list_selection(name, field, person)} }}")
        if "first" in field.args:
            ways = [f"{size}: 2{order}" for order in orders(field) for size in ("first", "last")]
            pages = [f"a{number}: {name}({way}) {PAGE}" for number, way in enumerate(ways)]
            yield nodes_document(type_.name, ids, f"{{ {' '.join(pages)} }}")


def orders(field: Any) -> list[str]:
    if "orderBy" not in field.args:
        return [""]
    return [f", orderBy: {order}" for order in get_named_type(field.args["orderBy"].type).values]


def roots() -> Iterator[tuple[str, Any, str]]:
    """Every connection at the root, with the type of its nodes."""
    query = core_schema().query_type
    assert query is not None
    for name, field in query.fields.items():
        if "first" in field.args:
            yield name, field, get_named_type(field.type).name.removesuffix("Connection")


def pages(pool: ValuePool) -> Iterator[tuple[str, Json]]:
    """Every root connection from both ends in every order: without a cursor, and after and before several cursors."""
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


def filtered_pages(pool: ValuePool) -> Iterator[tuple[str, Json]]:
    """Every root connection with each condition of its filter, including ids of hidden rows."""
    for name, field, _type in roots():
        if "filter" not in field.args:
            continue
        type_ = get_named_type(field.args["filter"].type)
        document = page(name, "first: 100, filter: $filter", f"$filter: {type_.name}")
        for condition in conditions(type_, pool.codes, pool.ids):
            yield document, {"filter": value_from_ast_untyped(parse_value(f"{{{condition}}}"))}


# Changes of the database.


async def delete_hidden(connection: "asyncpg.Connection[asyncpg.Record]", hidden: Mapping[str, set[str]]) -> None:
    """Deletes the rows, but not the rows that refer to them."""
    await connection.execute(DROP_FOREIGN_KEYS)
    for name, keys in hidden.items():
        source = SOURCES[name]
        await connection.execute(
            f'DELETE FROM "{TABLES[name]}" WHERE {source.key}::text = ANY ($1)', [str(each) for each in keys]
        )


def other_value(column: sa.Column[Any]) -> Any:
    """Another value that the table accepts; null stays null, as rules depend on it."""
    if isinstance(column.type, sa.Float):
        return -column
    if isinstance(column.type, sa.DateTime):
        return sa.case((sa.func.isfinite(column), column + sa.func.make_interval(0, 0, 0, 1)), else_=column)
    return column.concat(sa.literal(b"x" if isinstance(column.type, sa.LargeBinary) else "0", column.type))


def private_columns(source: Source) -> list[sa.Column[Any]]:
    """The private columns, except those that the database computes from others."""
    assert isinstance(source.table, sa.Table)
    return [column for column in source.table.c if is_private(column) and not isinstance(column.type, Cube)]


def is_private(element: object) -> bool:
    return isinstance(element, sa.Column) and bool(element.info.get("private"))


def change_private_columns(source: Source, actor: Actor) -> Any:
    """An UPDATE that changes the private columns of the rows whose guards do not hold."""
    assert isinstance(source.table, sa.Table)
    guards = [guard(actor.kind, source.table) for name, _, guard in GUARDED if name == source.name]
    statement = sa.update(source.table).values({column: other_value(column) for column in private_columns(source)})
    return statement.where(sa.or_(*guards).is_not(True)).returning(source.table.c[source.key])


async def delete_hidden_and_change_private(client: ActorClient) -> tuple[Mapping[str, set[str]], int]:
    """Deletes the hidden rows and changes the private values; returns the hidden keys and the number of changed rows."""
    hidden = {name: await client.hidden(source) for name, source in STORED.items()}
    changed = [
        await client.run(change_private_columns(source, await client.actor()))
        for source in STORED.values()
        if private_columns(source)
    ]
    await delete_hidden(client.connection, hidden)
    return hidden, sum(map(len, changed))


# `province` and `nation` are left out: they differ from the others by parameter values only.
@pytest.mark.fuzz
@pytest.mark.parametrize("actor_name", ["public", "volunteer", "manager", "kabupaten", "mixed"])
async def test_deleting_hidden_rows_and_changing_private_values_changes_no_answer(
    api: Api,
    connection: "asyncpg.Connection[asyncpg.Record]",
    sample_data: SampleData,
    pool: ValuePool,
    actor_name: str,
) -> None:
    client = ActorClient(api, connection, sample_data.actors[actor_name])
    requested = sampled(list(requests(pool, sample_data.people[:3])), 1 / 3, seed=actor_name)
    before = await client.answers(requested)

    hidden, changed = await delete_hidden_and_change_private(client)
    after = await client.answers(requested)

    assert hidden["Volunteer"]
    assert hidden["Account"]
    assert changed > 0
    differing = [each for each in zip(requested, before, after, strict=True) if each[1] != each[2]]
    assert differing[:1] == []


async def test_every_policy_hides_the_same_rows_as_the_plain_visibility_rules(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", sample_data: SampleData
) -> None:
    rows = await Rows.of(connection)
    found: set[str] = set()

    for account_id in sample_data.actors.values():
        client, visibility = ActorClient(api, connection, account_id), Visibility(rows, api.now, account_id)
        for name, source in STORED.items():
            hidden = await client.hidden(source)
            assert hidden == {key(row) for row in rows.tables[name] if has_key(row) and not visibility.sees(row)}, name
            found |= {name} if hidden else set()

    assert found == {name for name, source in STORED.items() if not is_open(source)}


def is_open(source: Source) -> bool:
    assert source.table is not None
    return isinstance(source.visible(PUBLIC.kind, source.table), sa.True_)


async def test_a_guarded_field_is_null_where_its_guard_does_not_hold(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", sample_data: SampleData, pool: ValuePool
) -> None:
    hidden_fields: set[tuple[str, str]] = set()
    shown: set[tuple[str, str]] = set()
    for account_id in sample_data.actors.values():
        client = ActorClient(api, connection, account_id)
        kind = (await client.actor()).kind
        for name, field, guard in GUARDED:
            source = SOURCES[name]
            assert isinstance(source.table, sa.Table)
            holds = guard(kind, source.table)
            known = {f"{name}:{each}" for each in await client.run(sa.select(source.table.c[source.key]).where(holds))}
            values = await guarded_values(client, name, field, pool.ids[name], sample_data.people[0])
            assert {id_ for id_, value in values.items() if value is not None} <= known, (name, field)
            hidden_fields |= {(name, field)} if values.keys() - known else set()
            shown |= {(name, field)} if any(value is not None for value in values.values()) else set()

    assert hidden_fields == shown == {(name, field) for name, field, _ in GUARDED}


async def guarded_values(
    client: ActorClient, name: str, field: str, ids: list[str], person: uuid.UUID
) -> Mapping[str, Any]:
    """The field's value for each object that the account may see, by id."""
    type_ = core_schema().type_map[name]
    assert is_object_type(type_)
    public = next(each for each in type_.fields if each.lower() == field.replace("_", ""))
    text = (
        f"field: {list_selection(public, type_.fields[public], person)}"
        if type_.fields[public].args
        else f"field: {public}"
    )
    document = f"{{ nodes(ids: {json.dumps(ids)}) {{ id ... on {name} {{ {text} }} }} }}"
    found = await client.api.ask(document, actor=client.account_id)
    return {node["id"]: node["field"] for node in found["nodes"] if node}


@pytest.mark.parametrize("name", STORED)
def test_no_filter_or_order_uses_a_guarded_column(name: str) -> None:
    source = STORED[name]
    assert source.table is not None
    guarded = {field for owner, field, _ in GUARDED if owner == name}
    ordering = [column for order in source.orders.values() for column in order.columns(source.table)]
    private = {str(each) for column in ordering for each in visitors.iterate(column) if is_private(each)}

    assert source.filters.keys() & guarded == set()
    assert private == set()
