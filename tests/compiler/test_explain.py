import json
from collections.abc import AsyncGenerator, Iterable, Iterator
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_named_type,
    get_variable_values,
    parse,
)
from graphql.language import OperationDefinitionNode
from graphql.pyutils import snake_to_camel

from api.access import Actor, Kind
from api.compiler.plan import Operation, Plan, Planner
from api.compiler.source import ToConnection
from api.resolvers import ROOTS, SOURCES
from api.schema.build import core_schema
from tests.builders import HOME, Build
from tests.compiler.documents import literal
from tests.compiler.reader_value import cursor_text
from tests.compiler.selections import conditions, root_lists
from tests.conftest import NOW, URL
from tests.isolation import connected, copied

pytestmark = pytest.mark.unmeasured

LARGE = {"volunteer", "certificate", "membership", "assignment"}

# 20,000 volunteers, spread evenly over all kabupaten; 2,000 needs like the one that is there.
CROWD = """
INSERT INTO organization (id, name, search_key, sort_key, kind, kabupaten_code, verification)
SELECT gen_random_uuid(), 'Organisasi ' || number, 'organisasi' || number, 'organisasi ' || number, 'CORPS', code, 'VERIFIED'
FROM (SELECT code, row_number() OVER (ORDER BY code) AS number FROM kabupaten) AS place;

INSERT INTO volunteer (id, name, search_key, sort_key, kabupaten_code, reach, status, consent_given_at, consent_purpose,
  created_at)
SELECT gen_random_uuid(), 'Relawan ' || number, 'relawan' || number, 'relawan ' || number, code, (ARRAY['KABUPATEN', 'PROVINCE', 'NATIONAL'])[1 + number % 3],
  'ACTIVE', now(), 'Penugasan', now() - number * interval '1 minute'
FROM (SELECT code, row_number() OVER (ORDER BY code) - 1 AS place FROM kabupaten) AS home
JOIN generate_series(1, 20000) AS number ON number % 514 = place;

INSERT INTO membership (id, volunteer_id, organization_id, since)
SELECT gen_random_uuid(), volunteer.id, organization.id, '2020-01-01'
FROM volunteer JOIN organization USING (kabupaten_code);

INSERT INTO certificate (id, volunteer_id, issuer_id, certificate_type_code, number, number_key, issued_on, expires_on)
SELECT gen_random_uuid(), volunteer_id, organization_id, type.code, membership.id || type.code, lower(membership.id || type.code),
  '2024-01-01', '2029-01-01'
FROM membership CROSS JOIN (VALUES ('WATER_RESCUE_BASIC'), ('FIRST_AID_BASIC'), ('TAGANA_MUDA')) AS type (code)
WHERE hashtext(membership.id::text || type.code) % 2 = 0;

INSERT INTO incident (id, hazard_code, title, search_key, sort_key, latitude, longitude, status, started_at)
SELECT gen_random_uuid(), 'FLOOD', 'Banjir ' || number, 'banjir' || number, 'banjir ' || number, 0, 110, 'ACTIVE', now() - number * interval '1 hour'
FROM generate_series(1, 200) AS number;

INSERT INTO need
SELECT copy.* FROM need CROSS JOIN incident CROSS JOIN generate_series(1, 10) AS number
JOIN LATERAL (SELECT code FROM kabupaten ORDER BY hashtext(incident.id::text || code) LIMIT 1) AS place ON true
CROSS JOIN jsonb_populate_record(need, jsonb_build_object('id', gen_random_uuid(), 'incident_id', incident.id,
  'kabupaten_code', place.code, 'starts_at', '2026-03-02'::timestamptz + number * interval '1 day',
  'ends_at', '2026-03-05'::timestamptz + number * interval '1 day')) AS copy
WHERE incident.id <> need.incident_id;

INSERT INTO assignment (id, need_id, volunteer_id, status, starts_at, ends_at)
SELECT gen_random_uuid(), need.id, volunteer.id, 'DECLINED', need.starts_at, need.ends_at
FROM (SELECT *, row_number() OVER () AS place FROM need) AS need
JOIN (SELECT *, row_number() OVER () AS place FROM volunteer) AS volunteer ON volunteer.place % 2000 + 1 = need.place;

ANALYZE;
"""

KINDS = {
    "the nation": Kind(account=True, own=True, nation=True),
    "a place": Kind(account=True, own=True, places=True),
    "a manager": Kind(account=True, own=True, organizations=True),
    "a volunteer": Kind(account=True, own=True, volunteer=True),
}
# Who sees all that there is.
EVERYTHING = KINDS["the nation"]._replace(auditor=True)
KEY = "KEY"
NEED = 'node(id: "Need:KEY")'
READ_DOCUMENTS = {
    "volunteers of one kabupaten": 'volunteers(first: 50, filter: {kabupaten: {eq: "62.02"}}) { nodes { id name phone } pageInfo { hasNextPage } }',
    "the next volunteers of one kabupaten": 'volunteers(first: 50, after: $after, filter: {kabupaten: {eq: "62.02"}}) { nodes { id } }',
    "volunteers within a kabupaten": 'node(id: "Kabupaten:62.02") { ... on Kabupaten { volunteers(first: 50) { nodes { name kabupaten { name } } } } }',
    "a volunteer with everything": """node(id: "Volunteer:KEY") { ... on Volunteer {
        phone trainedFor { code } memberships(first: 10) { nodes { organization { name } } }
        certificates(first: 10) { nodes { type { code } } } assignments(first: 10) { nodes { status } totalCount } } }""",
    "a volunteer by id": 'volunteer(id: "Volunteer:KEY") { name }',
    "members of an organization": 'memberships(first: 50, filter: {organization: {eq: "Organization:KEY"}}) { nodes { number } totalCount }',
    "assignments of some needs": 'assignments(first: 50, filter: {need: {in: ["Need:KEY"]}}) { nodes { status } totalCount }',
    "assignments of a volunteer in a period": """assignments(first: 50, filter: {
        volunteer: {eq: "Volunteer:KEY"}, period: {contains: "2026-03-02T00:00:00Z"}}) { nodes { status } }""",
    "needs of an incident": """node(id: "Incident:KEY") { ... on Incident {
        needs(first: 50) { nodes { priority coverage { wanted accepted } } totalCount } } }""",
    "assignments of a need": f"{NEED} {{ ... on Need {{ assignments(first: 50) {{ nodes {{ status volunteer {{ name }} }} totalCount }} }} }}",
    "candidates of a need": f"{NEED} {{ ... on Need {{ candidates(first: 20) {{ nodes {{ kilometres volunteer {{ name }} }} }} }} }}",
    "refusals of a need": f'{NEED} {{ ... on Need {{ refusals(volunteer: "Volunteer:KEY") {{ code }} }} }}',
}
KEY = "00000000-0000-0000-0000-000000000000"
CURSOR = cursor_text("Volunteer.NAME_ASC", ["A", KEY])


PLANNER = Planner(core_schema(), SOURCES)


def plan_of(text: str, kind: Kind, planner: Planner = PLANNER) -> Plan:
    text = text.replace("KEY", KEY)
    node = parse(f"query({'$after: String' if '$after' in text else '$none: Int'}) {{ {text} }}").definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    values = get_variable_values(core_schema(), node.variable_definitions or (), {"after": CURSOR})
    assert not isinstance(values, list)
    return planner.document(Operation(core_schema(), node, {}, values.coerced), kind, ROOTS)


def sequential_scans(plan: Any, *tables: str) -> Iterator[Any]:
    """The nodes of a query plan that are sequential scans of one of the tables."""
    if plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in tables:
        yield plan
    for inner in plan.get("Plans", ()):
        yield from sequential_scans(inner, *tables)


async def explain(connection: "asyncpg.Connection[asyncpg.Record]", text: str, kind: Kind) -> Any:
    plan = plan_of(text, kind)
    await connection.execute(f"PREPARE read AS {plan.sql}")
    values = ", ".join(["NULL"] * len(plan.parameters))
    # A generic plan does not depend on the values.
    found = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE read{f'({values})' if values else ''}")
    await connection.execute("DEALLOCATE read")
    return json.loads(found)[0]["Plan"]


@pytest.fixture(scope="module")
async def crowd(request: pytest.FixtureRequest) -> AsyncGenerator[str]:
    """The address of a database with the crowd: to make it takes longer than each of the tests."""
    async with copied(request.config.stash[URL], "crowd_of_people") as url:
        async with connected(url) as connection:
            await Build(connection, NOW).need(wanted=100)
            await connection.execute(CROWD)
        yield url


@pytest.fixture
async def crowded(crowd: str) -> "AsyncGenerator[asyncpg.Connection[asyncpg.Record]]":
    async with connected(crowd) as connection:
        await connection.execute("SET plan_cache_mode = force_generic_plan; SET jit = off; SET random_page_cost = 1.1")
        await connection.execute("BEGIN")
        yield connection


async def test_no_read_scans_a_large_table_sequentially(
    crowded: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    sizes = {table: await crowded.fetchval(f"SELECT count(*) FROM {table}") for table in sorted(LARGE)}

    found = {
        (read, viewer): sorted(
            {scan["Relation Name"] for scan in sequential_scans(await explain(crowded, text, kind), *LARGE)}
        )
        for read, text in READ_DOCUMENTS.items()
        for viewer, kind in KINDS.items()
    }

    assert sizes["volunteer"] == sizes["membership"] == sizes["assignment"] == 20_000
    assert {read: tables for read, tables in found.items() if tables} == {}


def orders_in_schema(type_: GraphQLObjectType) -> Iterator[tuple[str, str]]:
    """Each list of the type that can be ordered, with each of its orders."""
    for name, field in type_.fields.items():
        if "orderBy" in field.args:
            enum = get_named_type(field.args["orderBy"].type)
            assert isinstance(enum, GraphQLEnumType)
            yield from ((name, order) for order in enum.values)


ROOT_ORDERS = [*orders_in_schema(core_schema().type_map["Query"])]  # type: ignore[arg-type]  # It is an object type.


def sorted_pages(plan: Any, *, of_page: bool = False) -> Iterator[Any]:
    """The nodes of a query plan that sort rows before a page of them is taken."""
    if of_page and plan["Node Type"] in {"Sort", "Incremental Sort"}:
        yield plan
    for inner in plan.get("Plans", ()):
        yield from sorted_pages(inner, of_page=of_page or plan["Node Type"] == "Limit")


async def test_an_index_serves_every_order_of_a_list(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.execute("SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_sort = off")
    await connection.execute("SET enable_incremental_sort = off")
    found = {
        (name, order): list(
            sorted_pages(
                await explain(
                    connection, f"{name}(first: 50, orderBy: {order}) {{ nodes {{ __typename }} }}", EVERYTHING
                )
            )
        )
        for name, order in ROOT_ORDERS
    }

    # Of accounts one sees one's own only: a single row is sorted. The shortfall of a need is counted.
    sorted_ = {(name, order) for (name, order), sorts in found.items() if sorts and name != "accounts"}
    assert sorted_ == {("needs", "SHORTFALL_ASC"), ("needs", "SHORTFALL_DESC")}
    assert {name for name, _ in found} == {
        snake_to_camel(name, upper=False) for name, declared in ROOTS.items() if isinstance(declared, ToConnection)
    }


# By type; the kinds of keys are what matters to a plan.
IDS = {
    name: [f"{name}:{KEY if isinstance(source.table.c[source.key].type, sa.Uuid) else '62.02'}"]
    for name, source in SOURCES.items()
    if source.node and source.table is not None
}
NESTED_ORDERS = [
    (type_.name, name, order)
    for type_ in core_schema().type_map.values()
    if isinstance(type_, GraphQLObjectType) and type_.name in IDS
    for name, order in orders_in_schema(type_)
]


async def test_an_index_serves_every_order_of_a_list_below_a_thing(
    connection: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    await connection.execute("SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_sort = off")
    await connection.execute("SET enable_incremental_sort = off")

    sorted_ = {
        (type_, name, order)
        for type_, name, order in NESTED_ORDERS
        for text in [f"... on {type_} {{ {name}(first: 50, orderBy: {order}) {{ nodes {{ __typename }} }} }}"]
        if [*sorted_pages(await explain(connection, f'node(id: "{IDS[type_][0]}") {{ {text} }}', EVERYTHING))]
    }

    # The shortfall of a need is counted.
    counted = {(parent, "needs") for parent in ("Incident", "Kabupaten", "Site")}
    assert {(type_, name) for type_, name, _ in sorted_} == counted
    assert {order for _, _, order in sorted_} == {"SHORTFALL_ASC", "SHORTFALL_DESC"}
    assert len({(type_, name) for type_, name, _ in NESTED_ORDERS}) > len(IDS) / 2


def filters_in_schema(name: str) -> Iterable[str]:
    type_ = get_named_type(root_lists()[name].args["filter"].type)
    assert isinstance(type_, GraphQLInputObjectType)
    return [str(filter_) for filter_ in type_.fields]


# What most rows meet, no index finds.
NEGATIONS = (".not", ".isNull")


def filters(name: str) -> Iterator[tuple[str, str]]:
    """One condition for each filter of a list and each of its operators: its name, and the argument."""
    type_: Any = get_named_type(root_lists()[name].args["filter"].type)
    seen: set[str] = set()
    for condition in conditions(type_, IDS):
        ((filter_, value),) = condition.items()
        operator = f"{filter_}.{next(iter(value))}" if isinstance(value, dict) else filter_
        if operator not in seen and not operator.endswith(NEGATIONS):
            seen.add(operator)
            yield operator, literal(condition, type_)


async def test_no_filter_scans_a_large_table_sequentially(crowded: "asyncpg.Connection[asyncpg.Record]") -> None:
    lists = [name for name, field in root_lists().items() if "filter" in field.args]

    found = {
        (name, operator): {scan["Relation Name"] for scan in sequential_scans(plan, *LARGE)}
        for name in lists
        for operator, condition in filters(name)
        for plan in [
            await explain(crowded, f"{name}(first: 50, filter: {condition}) {{ nodes {{ __typename }} }}", EVERYTHING)
        ]
    }

    assert {read: tables for read, tables in found.items() if tables} == {}
    assert {(name, operator.partition(".")[0]) for name, operator in found} == {
        (name, filter_) for name in lists for filter_ in filters_in_schema(name) if filter_ not in {"and", "or", "not"}
    }
    assert len(found) >= 700


AT_HOME = "SELECT count(*) FROM volunteer WHERE kabupaten_code = $1"


def reads(plan: Any, table: str) -> Iterator[Any]:
    """The nodes of a query plan that read the table and were executed."""
    if plan.get("Relation Name") == table and plan["Actual Loops"]:
        yield plan
    for inner in plan.get("Plans", ()):
        yield from reads(inner, table)


async def test_later_tiers_are_not_read_if_earlier_tiers_fill_the_page(
    crowded: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    need = await crowded.fetchval(
        """UPDATE need SET kabupaten_code = $1, closed_at = NULL WHERE id = (SELECT id FROM need LIMIT 1) RETURNING id""",
        HOME,
    )
    text = f'node(id: "Need:{need}") {{ ... on Need {{ candidates(first: 5) {{ nodes {{ kilometres }} }} }} }}'
    nation = Actor(account_id=need, nation=True)

    plan = plan_of(text, nation.kind)
    values = plan.bind({}, nation.parameters(NOW))
    answer = json.loads(await crowded.fetchval(plan.sql, *values))
    explanation = await crowded.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {plan.sql}", *values)

    assert len(answer["node"]["candidates"]["nodes"]) == 5
    found = list(reads(json.loads(explanation)[0]["Plan"], "volunteer"))
    # The planner may choose any index here, as it sorts so few rows quickly.
    assert [each["Actual Rows"] for each in found] == [await crowded.fetchval(AT_HOME, HOME)]
