import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import anyio.lowlevel
import pytest
from graphql import OperationDefinitionNode, build_schema, parse

from api import auth
from api.access import PUBLIC
from api.compiler import plan
from api.compiler.check import check
from api.compiler.error import Undeclared
from api.compiler.plan import Operation, Planner
from api.database import engine
from api.database.engine import STATEMENT_CACHE_SIZE
from api.execution import limit
from api.execution.document import MAX_CACHED_DOCUMENTS, MAX_CACHED_LENGTH, DocumentCache
from api.resolvers import ROOTS, SOURCES
from api.schema.build import core_schema
from api.settings import Limits, Settings
from tests.asking import Api
from tests.builders import HOME, NEIGHBOUR, Build
from tests.compiler.reader_value import definition
from tests.compiler.sample_data import RepeatableBuild, SampleData
from tests.compiler.selections import NODES, inner_lists, list_fields, list_selection
from tests.sampling import sampled
from tests.serving import replace_services

pytestmark = pytest.mark.unmeasured


@pytest.fixture
def planner() -> Planner:
    """A new one for each test, as some count what it has cached."""
    return Planner(core_schema(), SOURCES)


# The lists of things, and the connections at the root.
LISTS = sampled(
    (each for each in list_fields() if each[0].name in NODES or (each[0].name == "Query" and "first" in each[2].args)),
    0.35,
)


async def ids_of(build: Build, type_: str) -> list[str]:
    source = SOURCES[type_]
    assert source.table is not None
    rows = await build.connection.fetch(f'SELECT {source.key} AS key FROM "{source.table.name}" ORDER BY 1 LIMIT 100')
    return [f"{type_}:{row['key']}" for row in rows] or [f"{type_}:{uuid.UUID(int=0)}"]


def record_statements(api: Api) -> list[str]:
    """Returns a list that every statement on the reading connections is appended to from now on."""
    statements: list[str] = []
    readers = api.services.database._read_pool
    connect = readers.connect

    async def connect_and_record() -> Any:
        connection = await connect()
        connection.add_query_logger(lambda record: statements.append(record.query))
        return connection

    for connection, _ in readers._idle:
        connection.terminate()
    readers.connect = connect_and_record
    return statements


async def statement_counts(api: Api, build: Build, actor: uuid.UUID, volunteer: uuid.UUID) -> dict[str, int]:
    """The number of statements that answer each list, selected on up to a hundred parents at once."""
    found: dict[str, int] = {}
    statements = record_statements(api)
    # The actor and the driver's types are looked up once, in this request.
    await api.ask(f'{{ nodes(ids: ["Account:{actor}"]) {{ id }} }}', actor=actor)
    await anyio.lowlevel.checkpoint()
    for type_, name, field in LISTS:
        document = f"{{ {list_selection(name, field, volunteer, extra=inner_lists(field, volunteer))} }}"
        if type_.name in NODES:
            ids = str(await ids_of(build, type_.name)).replace("'", '"')
            document = f"{{ nodes(ids: {ids}) {{ ... on {type_.name} {document} }} }}"
        statements.clear()
        await api.ask(document, actor=actor)
        await anyio.lowlevel.checkpoint()  # The query log is written in the next cycle of the event loop.
        found[f"{type_.name}.{name}"] = len(statements)
    return found


def test_list_fields_covers_every_list_of_objects() -> None:
    left_out = {f"{type_.name}.{name}" for type_, name, _ in list_fields() if type_.name not in (*NODES, "Query")}

    # A page's own lists, what a mutation answers item by item, and what is computed for one thing.
    own = {name for name in left_out if name.endswith((".nodes", ".edges"))}
    answers = {name for name in left_out if name.split(".")[0].endswith(("Payload", "Result"))}
    assert left_out - own - answers == {
        "CampCompletion.missedSessions",
        *("Readiness.reasons", "Readiness.warnings", "ReadinessSummary.reasons"),
    }


@pytest.mark.fuzz
async def test_every_list_is_answered_by_one_statement_for_few_and_many_rows(
    api: Api, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, "MAX_ROWS", 10**9)
    monkeypatch.setattr(limit, "ESTIMATE_FACTOR", 10**9)
    monkeypatch.setattr(engine, "HUGE_STATEMENT_LENGTH", 10**9)
    monkeypatch.setattr(plan, "MAX_SQL", 10**9)
    monkeypatch.setattr(auth, "CACHE_LIFETIME", timedelta(hours=1))
    replace_services(api, settings=Settings(limits=Limits(read_seconds=60, max_answer_bytes=10**9)))
    nation, volunteer = await build.coordinator(), await build.person()

    empty = await statement_counts(api, build, nation, volunteer)
    await SampleData.of(RepeatableBuild(build.connection, api.now))
    full = await statement_counts(api, build, nation, volunteer)

    assert empty == full == dict.fromkeys(full, 1)


async def test_a_document_takes_one_statement_for_each_root_and_a_consistent_one_takes_one_in_all(
    api: Api, sample_data: SampleData
) -> None:
    document = """{ me { roles { kind } } node(id: "Province:62") { id } nodes(ids: ["Rank:TAGANA_MUDA", "Skill:SHELTER"]) { id }
      incidents(first: 20) { nodes { needs(first: 10) { nodes { coverage { wanted } candidates(first: 3) { nodes { kilometres } }
        assignments(first: 10) { nodes { volunteer { trainedFor { code } memberships(first: 3) {
          nodes { organization { licences { number } } } } } overrides { ruleCode } } } } } } } }"""
    before = api.services.database.statements

    apart = {name: await api.ask(document, actor=actor) for name, actor in sample_data.actors.items()}
    between = api.services.database.statements
    at_once = {
        name: await api.ask(f"query @consistent {document}", actor=actor) for name, actor in sample_data.actors.items()
    }

    assert apart == at_once
    assert between - before == 4 * len(sample_data.actors)
    assert api.services.database.statements - between == len(sample_data.actors)


async def test_a_document_with_data_and_introspection_takes_one_statement_for_each_data_root(api: Api) -> None:
    before = api.services.database.statements

    data = await api.ask(
        '{ __schema { queryType { name } } __type(name: "Rank") { kind } clusters(first: 1) { totalCount } hazards(first: 1) { totalCount } kind: __typename }'
    )

    assert data == {
        "__schema": {"queryType": {"name": "Query"}},
        "__type": {"kind": "OBJECT"},
        "clusters": {"totalCount": 8},
        "hazards": {"totalCount": 28},
        "kind": "Query",
    }
    assert api.services.database.statements - before == 2


async def test_a_mutations_payload_is_read_by_one_statement(api: Api, build: Build) -> None:
    need, volunteer = await build.need(), await build.volunteer()
    coordinator = await build.coordinator(kabupaten_code=HOME)
    await api.ask("{ me { id } }", actor=coordinator)
    before = api.services.database.statements

    payload = await api.do(
        """mutation($input: OfferAssignmentInput!) { offerAssignment(input: $input) {
          assignment { need { coverage { offered } assignments(first: 5) { totalCount } candidates(first: 5) { totalCount } }
            volunteer { name certificates(first: 2) { nodes { type { skills { code } } } } } }
          problems { code ... on TrainingProblem { certificate { id } } } } }""",
        actor=coordinator,
        need=f"Need:{need}",
        volunteer=f"Volunteer:{volunteer}",
    )

    assert payload["problems"] == []
    assert payload["assignment"]["need"] == {
        "coverage": {"offered": 1},
        "assignments": {"totalCount": 1},
        "candidates": {"totalCount": 0},
    }
    assert api.services.database.statements - before == 1


# Plans are cached.


async def is_cached(api: Api, document: str, *, actor: uuid.UUID | None = None, **variables: object) -> bool:
    """Sends the request; returns whether its plan was in the cache already."""
    planner = api.services.planner
    hits, misses = planner.cache.hits, planner.cache.misses
    await api.ask(document, actor=actor, **variables)
    assert planner.cache.hits + planner.cache.misses == hits + misses + 1
    return planner.cache.hits > hits


async def test_requests_with_the_same_shape_of_variables_share_a_plan(api: Api, build: Build) -> None:
    need, other = await build.need(), await build.need()
    nation, people = await build.coordinator(), [f"Volunteer:{await build.person()}" for _ in range(2)]
    asked = partial(is_cached, api, actor=nation)
    document = """query($id: ID!, $first: Int, $filter: AssignmentFilter, $after: String) {
      node(id: $id) { ... on Need { assignments(first: $first, filter: $filter, after: $after) { totalCount } } } }"""

    assert not await asked(document, id=f"Need:{need}", first=1)
    assert await asked(document, id=f"Need:{other}", first=100)
    assert await asked(document, id=f"Need:{other}", first=0)
    assert not await asked(document, id=f"Need:{other}", first=1, filter={"volunteer": {"eq": people[0]}})
    assert await asked(document, id=f"Need:{other}", first=1, filter={"volunteer": {"eq": people[1]}})
    assert not await asked(document, id=f"Need:{other}", first=1, filter={"volunteer": {"in": people}})
    assert await asked(document, id=f"Need:{other}", first=1, filter={"volunteer": {"in": people[:1]}})
    assert not await asked(document, id=f"Need:{other}", first=1, filter={"status": {"in": ["OFFERED"]}})
    assert not await asked(document, id=f"Need:{other}", first=1, filter={"status": {"in": ["ACCEPTED"]}})
    assert not await asked(document, id=f"Volunteer:{other}", first=1)
    assert not await asked(document, id=f"Need:{other}", first=1, after=None)
    assert len(api.services.planner.cache) == 7


async def test_actors_of_the_same_kind_share_a_plan(api: Api, build: Build) -> None:
    document = "{ volunteers(first: 1) { totalCount } }"
    await build.person(kabupaten_code=NEIGHBOUR, reach="KABUPATEN")
    local, neighbour = await build.coordinator(kabupaten_code=HOME), await build.coordinator(kabupaten_code=NEIGHBOUR)
    nation = await build.coordinator()

    assert not await is_cached(api, document)
    assert not await is_cached(api, document, actor=nation)
    assert not await is_cached(api, document, actor=local)
    assert await is_cached(api, document, actor=neighbour)
    assert await is_cached(api, document)
    assert await api.ask(document, actor=local) == {"volunteers": {"totalCount": 0}}
    assert await api.ask(document, actor=neighbour) == {"volunteers": {"totalCount": 1}}


async def test_different_values_of_skip_and_include_have_different_plans(api: Api) -> None:
    document = """query($a: Boolean! = false, $b: Boolean!) {
      clusters(first: 1) { totalCount @skip(if: $a) nodes @include(if: $b) { code } } }"""
    expected = {
        (False, False): {"totalCount": 8},
        (False, True): {"totalCount": 8, "nodes": [{"code": "DISPLACEMENT_AND_PROTECTION"}]},
        (True, False): {},
        (True, True): {"nodes": [{"code": "DISPLACEMENT_AND_PROTECTION"}]},
    }

    found = {(a, b): (await api.ask(document, a=a, b=b))["clusters"] for a, b in [*expected, *expected]}

    assert found == expected
    assert (api.services.planner.cache.misses, api.services.planner.cache.hits) == (4, 4)


async def test_each_operation_of_a_document_has_its_own_plan(api: Api) -> None:
    text = "query One { clusters(first: 1) { totalCount } } query Two { hazards(first: 1) { totalCount } }"
    bodies = [{"query": text, "operationName": name} for name in ("One", "Two", "One")]

    answers = [(await api.client.post("/graphql", json=body)).json()["data"] for body in bodies]

    assert answers == [
        {"clusters": {"totalCount": 8}},
        {"hazards": {"totalCount": 28}},
        {"clusters": {"totalCount": 8}},
    ]


def operation(text: str) -> Operation:
    node = parse(text).definitions[0]
    assert isinstance(node, OperationDefinitionNode)
    return Operation(core_schema(), node, {}, {})


def test_the_plan_cache_is_bounded() -> None:
    planner = Planner(core_schema(), SOURCES)
    for number in range(600):
        planner.document(operation(f"{{ a{number}: __typename }}"), PUBLIC.kind, ROOTS)

    assert (len(planner.cache), planner.cache.misses, planner.cache.hits) == (planner.cache.size, 600, 0)
    assert planner.cache.size <= 512


async def test_the_plan_of_a_document_that_is_too_long_is_not_cached(api: Api) -> None:
    padded = "{ skills(first: 1) { totalCount } }" + "#" * MAX_CACHED_LENGTH

    for _ in range(2):
        await api.ask(padded)

    assert len(api.services.planner.cache) == 0


def test_the_least_recently_used_plan_is_evicted_first() -> None:
    planner = Planner(core_schema(), SOURCES, size=2)
    one, two, three = (operation(f"{{ {name}: __typename }}") for name in "abc")
    for each in (one, two, one, three, one, two):
        planner.document(each, PUBLIC.kind, ROOTS)

    assert (len(planner.cache), planner.cache.misses, planner.cache.hits) == (2, 4, 2)


async def test_the_document_cache_is_bounded() -> None:
    documents = DocumentCache()
    for number in range(MAX_CACHED_DOCUMENTS + 20):
        await documents.load(core_schema(), f"{{ a{number}: __typename }}", 100)

    assert (len(documents.cache), documents.cache.evictions) == (MAX_CACHED_DOCUMENTS, 20)


async def test_the_number_of_prepared_statements_of_a_connection_is_bounded(api: Api) -> None:
    for number in range(STATEMENT_CACHE_SIZE + 20):
        await api.ask(f"{{ clusters(first: 1) {{ a{number}: totalCount }} }}")

    count = await api.services.database.read("SELECT count(*) FROM pg_prepared_statements", ())
    assert int(count) == STATEMENT_CACHE_SIZE


# The check at start-up.


def test_the_schema_passes_the_check() -> None:
    check(core_schema(), SOURCES, ROOTS)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "type Volunteer implements Located & Node {",
            "type Volunteer implements Located & Node {\n  shoeSize: Int",
            "Volunteer.shoe_size is neither a public column of its table in api/models nor declared by its source in api/resolvers.",
        ),
        (
            "type Volunteer implements Located & Node {",
            "type Volunteer implements Located & Node {\n  nikCipher: String",
            "Volunteer.nik_cipher is neither a public column of its table in api/models nor declared by its source in api/resolvers.",
        ),
        (
            "  phone: PhoneNumber\n\n",
            "  phone: PhoneNumber!\n\n",
            "Volunteer.phone may be hidden by a policy or a guard, so it must be nullable.",
        ),
        (
            '"""The volunteer; null where you may not see the person."""\n  volunteer: Volunteer\n',
            "  volunteer: Volunteer!\n",
            "Assignment.volunteer may be hidden by a policy or a guard, so it must be nullable.",
        ),
        (
            "input MembershipFilter {",
            "input MembershipFilter {\n  luck: Int",
            "Volunteer.memberships: Membership cannot be filtered by luck.",
        ),
        (
            "input IncidentFilter {",
            "input IncidentFilter {\n  luck: Int",
            "Query.incidents: Incident cannot be filtered by luck.",
        ),
        ("enum NeedOrder {", "enum NeedOrder {\n  LUCK", "Kabupaten.needs: Need has no order LUCK."),
        ("enum IncidentOrder {", "enum IncidentOrder {\n  LUCK", "Query.incidents: Incident has no order LUCK."),
        ("type Query {", "type Query {\n  weather: Rank", "Query.weather has no root."),
        (
            '  """The membership number (nomor induk); null if there is none."""\n  number: String\n',
            "  number: String!\n",
            "Membership.number is a column that may be null, so it must be nullable.",
        ),
    ],
)
def test_the_check_names_each_field_that_cannot_be_answered(old: str, new: str, message: str) -> None:
    assert old in definition()

    with pytest.raises(Undeclared) as refused:
        check(build_schema(definition().replace(old, f"{new}\n")), SOURCES, ROOTS)

    assert message in str(refused.value).splitlines()


def test_the_check_names_a_type_without_a_source_and_all_fields_of_that_type() -> None:
    sources = {name: source for name, source in SOURCES.items() if name != "KitchenType"}

    with pytest.raises(Undeclared) as refused:
        check(core_schema(), sources, ROOTS)

    assert str(refused.value).splitlines() == [
        "Query.kitchenType leads to KitchenType, which has no source.",
        "Query.kitchenTypes leads to KitchenType, which has no source.",
        "KitchenType has no source.",
        "Site.kitchenType leads to KitchenType, which has no source.",
    ]


def test_the_check_names_a_root_without_a_declaration() -> None:
    roots = {name: root for name, root in ROOTS.items() if name != "me"}

    with pytest.raises(Undeclared) as refused:
        check(core_schema(), SOURCES, roots)

    assert str(refused.value) == "Query.me has no root."
