"""Hidden rows and private values do not affect answers: deleting or changing them leaves every answer the same.

Types, guards and requests are derived from the sources and the schema, so that new ones are tested too.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import asyncpg
import pytest
import sqlalchemy as sa
from graphql import (
    FieldNode,
    GraphQLField,
    NameNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_composite_type,
    is_input_object_type,
    is_object_type,
    parse,
    print_ast,
    visit,
)
from sqlalchemy.sql import visitors

from api.access import Actor, Kind, may_move, nobody
from api.compiler.source import Source, ToConnection, ToMany, ToOne
from api.database.statement import compile_statement
from api.documentation import state_machines
from api.models import Cube
from api.models.base import Chosen
from api.resolvers import NOUNS
from api.schema.build import core_schema
from tests.asking import Api, Json
from tests.builders import FAR, HOME, Build
from tests.compiler.documents import ValuePool, value_pool
from tests.compiler.reader import Reader
from tests.compiler.sample_data import SampleData
from tests.compiler.selections import (
    NODES,
    PAGE_INFO,
    conditions,
    list_fields,
    list_selection,
    listed_type,
    orders,
    root_lists,
    selection,
)
from tests.sampling import IS_FUZZ, sampled

pytestmark = pytest.mark.unmeasured

# What is reached through its thing only has no policy of its own.
STORED: Mapping[str, Source] = {
    name: source for name, source in NOUNS.items() if source.table is not None and source.visible is not nobody
}
GUARDED = [
    (source.name, name, declared.guard)
    for source in STORED.values()
    for name, declared in source.fields.items()
    if declared.guard is not None
]
# What is counted from rows that may be hidden, and is public: how far needs are met, what a kitchen can cook, with the
# number of its crew, and, to coordinators and managers, who does what where.
COUNTED_TYPES = {
    *("Coverage", "SkillCoverage", "ClusterCoverage", "KabupatenCoverage", "CoverageCell", "KitchenPlan"),
    # The history of a thing is of all of its events, also of those that a feed hides.
    "HistoryEntry",
}
COUNTED_FIELDS = {
    *("GoodsNeed.pledged", "GoodsNeed.delivered", "GoodsNeed.shortfall"),
    *("Camp.taken", "Camp.placesLeft", "Camp.presentCount", "CampQuota.taken", "CampGroup.taken", "CampSession.taken"),
    *("Contingent.named", "Contingent.taken", "CampRegistration.waitsFor"),
}
COUNTED_FILTERS = {"shortfall"}
COUNTED_ORDERS = {"SHORTFALL_ASC", "SHORTFALL_DESC"}

PAGE = f"{{ totalCount nodes {{ __typename }} edges {{ cursor node {{ __typename }} }} {PAGE_INFO} }}"

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
    actor: Actor

    async def answers(self, requests: list[tuple[str, Json]]) -> list[bytes]:
        found = []
        for document, variables in requests:
            body = {"query": document, "variables": variables}
            response = await self.api.client.post("/graphql", json=body, headers=self.api.headers(self.account_id))
            found.append(response.content)
        return found

    async def run(self, statement: Any) -> list[Any]:
        """The first column of the statement's rows; parameters of the actor have their values."""
        ready = compile_statement(statement)
        values = ready.values(self.actor.parameters(self.api.now))
        return [row[0] for row in await self.connection.fetch(ready.sql, *values)]

    async def keys(self, table: sa.Table | None, predicate: Callable[..., Any], *, holds: bool = True) -> set[Any]:
        """The keys of the rows for which a policy or guard holds, or does not."""
        assert table is not None
        (key,) = table.primary_key.columns
        condition = predicate(self.actor.kind, table)
        return {*await self.run(sa.select(key).where(condition if holds else condition.is_not(True)))}


@pytest.fixture
def clients(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", reader: Reader, sample_data: SampleData
) -> Mapping[str, ActorClient]:
    """A client for each account of the sample data."""
    return {
        name: ActorClient(api, connection, account_id, reader.actors[account_id])
        for name, account_id in sample_data.actors.items()
    }


@pytest.fixture
async def pool(reader: Reader) -> ValuePool:
    """Ids and cursors of all rows, hidden or not."""
    await anyio.to_thread.run_sync(reader.learn_cursors)
    return value_pool(reader, None, has_hidden=True)


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
        root = name[0].lower() + name[1:]
        for id_ in ids[:9]:
            yield f"query($id: ID!) {{ node(id: $id) {{ id }} {root}(id: $id) {{ id }} }}", {"id": id_}


def nodes_document(name: str, ids: list[str], text: str) -> str:
    return without_counts(f"{{ nodes(ids: {json.dumps(ids)}) {{ id ... on {name} {text} }} }}")


class Uncounted(Visitor):
    """Asks for the type's name in the place of what is counted."""

    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self.types = types

    def enter_field(self, node: FieldNode, *_: object) -> FieldNode | None:
        parent, named = self.types.get_parent_type(), get_named_type(self.types.get_type())
        is_counted = named is not None and named.name in COUNTED_TYPES
        if is_counted or (parent is not None and f"{parent.name}.{node.name.value}" in COUNTED_FIELDS):
            return FieldNode(name=NameNode(value="__typename"))
        return None


def without_counts(text: str) -> str:
    types = TypeInfo(core_schema())
    return print_ast(visit(parse(text), TypeInfoVisitor(types, Uncounted(types))))


def uncounted(field: GraphQLField) -> list[str]:
    """The orders of a list, but those by what is counted."""
    return [order for order in orders(field) if order not in COUNTED_ORDERS]


def inner_lists(pool: ValuePool, people: list[uuid.UUID]) -> Iterator[str]:
    """Every list of every object; connections in every order from both ends."""
    for type_, name, field in list_fields():
        if type_.name not in NODES:
            continue
        ids = pool.ids[type_.name][:20]
        for person in people if "volunteer" in field.args else people[:1]:
            yield nodes_document(type_.name, ids, f"{{ {list_selection(name, field, person)} }}")
        if "orderBy" in field.args:
            ways = [f"{size}: 2, orderBy: {order}" for order in uncounted(field) for size in ("first", "last")]
            pages = [f"a{number}: {name}({way}) {PAGE}" for number, way in enumerate(ways)]
            yield nodes_document(type_.name, ids, f"{{ {' '.join(pages)} }}")


def pages(pool: ValuePool) -> Iterator[tuple[str, Json]]:
    """Every root connection from both ends in every order: without a cursor, and after and before several cursors."""
    for name, field in root_lists().items():
        for order in uncounted(field):
            cursors = sorted(pool.cursors.get(f"{listed_type(field)}.{order}", ()))
            for size in ("first", "last"):
                document = page(name, f"{size}: 3, after: $after, before: $before, orderBy: {order}")
                yield document, {}
                for cursor in cursors[:: len(cursors) // 3 + 1]:
                    yield document, {"after": cursor}
                    yield document, {"before": cursor}


def page(name: str, given: str, declared: str = "$after: String, $before: String") -> str:
    return f"query({declared}) {{ page: {name}({given}) {PAGE} }}"


def filtered_pages(pool: ValuePool) -> Iterator[tuple[str, Json]]:
    """Every root connection with each condition of its filter, including ids of hidden rows."""
    for name, field in root_lists().items():
        if "filter" in field.args:
            type_ = get_named_type(field.args["filter"].type)
            assert is_input_object_type(type_)
            document = page(name, "first: 100, filter: $filter", f"$filter: {type_.name}")
            given = [each for each in conditions(type_, pool.ids) if not COUNTED_FILTERS & each.keys()]
            yield from ((document, {"filter": condition}) for condition in given)


# Changes of the database.


async def delete_hidden(connection: "asyncpg.Connection[asyncpg.Record]", hidden: Mapping[str, set[Any]]) -> None:
    """Deletes the rows, but not the rows that refer to them.

    Hidden accounts are deleted with their volunteers only: who decided something is named where the account is hidden.
    Organizations are changed, all but their kabupaten: its day decides whose memberships, which may be seen, have begun.
    """
    await connection.execute(DROP_FOREIGN_KEYS)
    for name, keys in hidden.items():
        source = STORED[name]
        assert source.table is not None
        # Triggers keep what is never deleted, and the counts of places, which are public.
        await connection.execute(f'ALTER TABLE "{source.table.name}" DISABLE TRIGGER USER')
        change = f'DELETE FROM "{source.table.name}"'
        if name == "Organization":
            change = "UPDATE organization SET name = id::text, kind = 'NGO', parent_id = NULL"
        only = "AND volunteer_id::text = ANY ($2)" if name == "Account" else "AND $2::text[] IS NOT NULL"
        of = [[str(each) for each in some] for some in (keys, hidden["Volunteer"])]
        await connection.execute(f"{change} WHERE {source.key}::text = ANY ($1) {only}", *of)


def other_value(column: sa.Column[Any]) -> Any:
    """Another value that the table accepts; null stays null, as rules depend on it."""
    if isinstance(column.type, sa.Float):
        return -column
    if isinstance(column.type, sa.Date):
        return column + sa.literal(1)
    if isinstance(column.type, Chosen):
        first, second = list(column.type.choice)[:2]
        return sa.case((column == first, second), (column.is_not(None), first))
    if column.foreign_keys:  # The kecamatan beside the sample's.
        return sa.func.regexp_replace(column, "01$", "02")
    if isinstance(column.type, sa.DateTime):
        return sa.case((sa.func.isfinite(column), column + sa.func.make_interval(0, 0, 0, 1)), else_=column)
    return column.concat(sa.literal(b"x" if isinstance(column.type, sa.LargeBinary) else "0", column.type))


def private_columns(source: Source) -> list[sa.Column[Any]]:
    """The private columns that are read under a guard, except those that the database computes from others."""
    assert isinstance(source.table, sa.Table)
    if source.name not in {name for name, _, _ in GUARDED}:
        return []
    return [column for column in source.table.c if is_private(column) and not isinstance(column.type, Cube)]


def is_private(element: object) -> bool:
    return isinstance(element, sa.Column) and bool(element.info.get("private"))


def change_private_columns(source: Source, actor: Actor) -> Any:
    """An UPDATE that changes the private columns of the rows whose guards do not hold."""
    assert isinstance(source.table, sa.Table)
    guards = [guard(actor.kind, source.table) for name, _, guard in GUARDED if name == source.name]
    statement = sa.update(source.table).values({column: other_value(column) for column in private_columns(source)})
    return statement.where(sa.or_(*guards).is_not(True)).returning(source.table.c[source.key])


async def delete_hidden_and_change_private(client: ActorClient) -> tuple[Mapping[str, set[Any]], int]:
    """Deletes the hidden rows and changes the private values; returns the hidden keys and the number of changed rows."""
    hidden = {name: await client.keys(source.table, source.visible, holds=False) for name, source in STORED.items()}
    # Two nouns are read from events: what either shows stays.
    for name in ("Activity", "AuditEntry"):
        hidden[name] = hidden["Activity"] & hidden["AuditEntry"]
    changed = [
        await client.run(change_private_columns(source, client.actor))
        for source in STORED.values()
        if private_columns(source)
    ]
    await delete_hidden(client.connection, hidden)
    return hidden, sum(map(len, changed))


# All requests take minutes, so that they are shared between tests.
PARTS = 12 if IS_FUZZ else 2


# `province` and `nation` are left out: they differ from the others by parameter values only.
@pytest.mark.fuzz
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("actor_name", ["public", "volunteer", "manager", "kabupaten", "mixed"])
async def test_deleting_hidden_rows_and_changing_private_values_changes_no_answer(
    clients: Mapping[str, ActorClient], sample_data: SampleData, pool: ValuePool, actor_name: str, part: int
) -> None:
    client = clients[actor_name]
    requested = sampled(requests(pool, sample_data.people[:3]), 0.08)[part::PARTS]
    before = await client.answers(requested)

    hidden, changed = await delete_hidden_and_change_private(client)
    after = await client.answers(requested)

    assert hidden["Volunteer"]
    assert hidden["Account"]
    assert changed > 0
    differing = [each for each in zip(requested, before, after, strict=True) if each[1] != each[2]]
    assert differing[:1] == []


async def test_every_policy_guard_and_move_holds_for_the_same_rows_as_its_second_version(
    clients: Mapping[str, ActorClient], reader: Reader
) -> None:
    predicates: list[tuple[sa.Table | None, Any]] = [
        *((source.table, source.visible) for source in STORED.values()),
        *((STORED[name].table, guard) for name, _, guard in GUARDED),
        *((STORED[machine.noun].table, may_move(move)) for machine in state_machines() for move in machine.moves),
    ]
    restricting: set[str] = set()

    for client in clients.values():
        visibility = reader.view(client.account_id).visibility
        for table, predicate in predicates:
            assert table is not None
            (key,) = table.primary_key.columns
            rows = reader.rows.tables[table.name]
            expected = {row[key.name] for row in rows if visibility.holds(predicate, row)}
            assert await client.keys(table, predicate) == expected, (table.name, predicate.__name__)
            restricting |= {predicate.__name__} if len(expected) < len(rows) else set()

    open_ = {"everybody", "sees_need", "sees_part_of_incident", "sees_extension"}
    assert restricting == {predicate.__name__ for _, predicate in predicates} - open_


def shown_otherwise(kind: Kind, source: Source, declared: ToOne | ToMany | ToConnection) -> sa.Select[Any]:
    """The keys of what a relation shows beside visible rows of the source although its own policy hides it, or does not."""
    target = NOUNS[declared.target]
    assert source.table is not None
    assert target.table is not None
    assert declared.on is not None
    row, other = source.table.alias(), target.table.alias()
    policy = declared.policy if isinstance(declared, ToConnection) else None
    shown = sa.true() if policy is None else policy(kind, row, other).is_(sa.true())
    is_read = declared.guard(kind, row) if declared.guard else sa.true()
    found = sa.select(other.c[target.key]).select_from(row.join(other, declared.on(row, other)))
    return found.where(source.visible(kind, row), is_read, shown != target.visible(kind, other).is_(sa.true()))


def relations_by_parent(source: Source) -> Iterator[tuple[str, ToOne | ToMany | ToConnection]]:
    """The relations whose rows are shown by a policy that follows from that of the source."""
    for name, declared in source.fields.items():
        if not isinstance(declared, ToOne | ToMany | ToConnection):
            continue
        if declared.visible_with_parent or (isinstance(declared, ToConnection) and declared.policy is not None):
            yield name, declared


async def test_what_is_visible_with_its_parent_is_visible_by_its_own_policy(
    clients: Mapping[str, ActorClient],
) -> None:
    relations = [
        (source, name, declared)
        for source in STORED.values()
        for name, declared in relations_by_parent(source)
        if NOUNS[declared.target].visible is not nobody
    ]

    found = {
        (source.name, name, account): keys
        for account, client in clients.items()
        for source, name, declared in relations
        if (keys := await client.run(shown_otherwise(client.actor.kind, source, declared)))
    }

    assert {(source.name, name) for source, name, _ in relations} >= {("Need", "assignments"), ("Absence", "volunteer")}
    assert found == {}


async def test_a_guarded_field_is_null_where_its_guard_does_not_hold(
    clients: Mapping[str, ActorClient], sample_data: SampleData, pool: ValuePool
) -> None:
    hidden_fields: set[tuple[str, str]] = set()
    shown: set[tuple[str, str]] = set()
    for client in clients.values():
        for name, field, guard in GUARDED:
            known = {f"{name}:{each}" for each in await client.keys(STORED[name].table, guard)}
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
    named = get_named_type(type_.fields[public].type)
    text = f"{public} {selection(named)}" if is_composite_type(named) else public
    if type_.fields[public].args:
        # Refusals of somebody whom the account may see.
        visible = await client.api.ask("{ volunteers(first: 1) { nodes { id } } }", actor=client.account_id)
        person = next((node["id"].partition(":")[2] for node in visible["volunteers"]["nodes"]), person)
        text = list_selection(public, type_.fields[public], person)
    document = f"{{ nodes(ids: {json.dumps(ids)}) {{ id ... on {name} {{ field: {text} }} }} }}"
    found = await client.api.post(document, actor=client.account_id)
    return {node["id"]: node["field"] for node in found["data"]["nodes"] or () if node}


@pytest.mark.parametrize("name", STORED)
def test_no_filter_or_order_uses_a_guarded_column(name: str) -> None:
    source = STORED[name]
    assert source.table is not None
    guarded = {field for owner, field, _ in GUARDED if owner == name}
    ordering = [column for order in source.orders.values() for column in order.columns(source.table)]
    private = {str(each) for column in ordering for each in visitors.iterate(column) if is_private(each)}

    assert source.filters.keys() & guarded == set()
    assert private == set()


async def error(api: Api, document: str, actor: uuid.UUID | None, **variables: object) -> tuple[str, str, list[str]]:
    """The code, message and path of the only error."""
    (found,) = (await api.post(document, actor=actor, **variables))["errors"]
    return found["extensions"]["code"], found["message"], found["path"]


# Of every type that has a policy: an argument that names a thing of the type, and its place.
NAMING = [
    ("Volunteer", "page: assignments(first: 1, filter: {volunteer: {eq: $id}}) { totalCount }", "filter.volunteer.eq"),
    ("Volunteer", "page: assignments(last: 0, filter: {volunteer: {in: [$id]}}) { __typename }", "filter.volunteer.in"),
    ("Volunteer", "page: memberships(first: 1, filter: {not: {volunteer: {eq: $id}}}) { totalCount }", "filter.not.volunteer.eq"),
    ("Organization", "page: volunteers(first: 1, filter: {organization: $id}) { totalCount }", "filter.organization"),
    ("Organization", "page: certificates(first: 1, filter: {issuer: {not: {eq: $id}}}) { totalCount }", "filter.issuer.not.eq"),
    ("Incident", "page: needs(first: 1, filter: {or: [{open: true}, {incident: {eq: $id}}]}) { totalCount }", "filter.or.1.incident.eq"),
    ("Incident", "page: assignments(first: 1, filter: {incident: {in: [$id]}}) { totalCount }", "filter.incident.in"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "document", "argument"), NAMING, ids=[argument for _, _, argument in NAMING])
async def test_a_hidden_thing_in_an_argument_is_refused_like_an_unknown_one(
    api: Api, build: Build, type_: str, document: str, argument: str
) -> None:
    hidden = {
        "Volunteer": await build.person(kabupaten_code=FAR, reach="KABUPATEN"),
        "Organization": await build.organization(kabupaten_code=FAR, verification="PENDING"),
        "Incident": await build.incident([FAR], status="REPORTED"),
    }[type_]
    local, nation = await build.coordinator(kabupaten_code=HOME), await build.coordinator()
    asked = f"query($id: ID!) {{ {document} }}"

    refused = [await error(api, asked, local, id=f"{type_}:{key}") for key in (hidden, uuid.UUID(int=0))]
    shown = await api.post(asked, actor=nation, id=f"{type_}:{hidden}")

    assert refused == [("BAD_USER_INPUT", f"{argument}: there is no such {type_} for you.", ["page"])] * 2
    assert "errors" not in shown


async def test_refusals_of_a_hidden_volunteer_are_refused_like_those_of_an_unknown_one(api: Api, build: Build) -> None:
    need, hidden = await build.need(), await build.person(kabupaten_code=FAR, reach="KABUPATEN")
    local = await build.coordinator(kabupaten_code=HOME)
    document = "query($id: ID!, $need: ID!) { need(id: $need) { open: refusals(volunteer: $id) { code } } }"

    refused = [
        await error(api, document, local, id=f"Volunteer:{key}", need=f"Need:{need}")
        for key in (hidden, uuid.UUID(int=0))
    ]

    assert refused == [("BAD_USER_INPUT", "volunteer: there is no such Volunteer for you.", ["need", "open"])] * 2


async def test_a_reference_to_a_hidden_thing_is_null_in_filters_too(api: Api, build: Build) -> None:
    need, hidden = await build.need(), await build.person(kabupaten_code=FAR, reach="KABUPATEN")
    await build.assignment(need, hidden, status="DECLINED")
    local, nation = await build.coordinator(kabupaten_code=HOME), await build.coordinator()
    document = """{ nothing: assignments(first: 9, filter: {volunteer: {isNull: true}}) { nodes { volunteer { id } } }
      somebody: assignments(first: 9, filter: {volunteer: {isNull: false}}) { nodes { volunteer { id } } } }"""

    local_found = await api.ask(document, actor=local)
    nation_found = await api.ask(document, actor=nation)

    nobody, somebody = {"volunteer": None}, {"volunteer": {"id": f"Volunteer:{hidden}"}}
    assert local_found == {"nothing": {"nodes": [nobody]}, "somebody": {"nodes": []}}
    assert nation_found == {"nothing": {"nodes": []}, "somebody": {"nodes": [somebody]}}
