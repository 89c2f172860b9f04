import itertools
import uuid
from collections.abc import Iterator
from typing import Any

import anyio.lowlevel
import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    OperationDefinitionNode,
    build_schema,
    get_named_type,
    is_input_object_type,
    is_object_type,
    is_required_argument,
    is_required_input_field,
    parse,
)

from api.access import PUBLIC
from api.compiler.check import check
from api.compiler.error import Undeclared
from api.compiler.plan import Operation, Planner
from api.database.engine import STATEMENT_CACHE_SIZE
from api.resolvers import ROOTS, SOURCES, limit
from api.resolvers.document import LONGEST_DOCUMENT, REMEMBERED, Documents
from api.schema.build import core, printed
from tests.asking import Api
from tests.builders import HOME, NEIGHBOUR, Build
from tests.compiler.rows import NODES, TABLES
from tests.compiler.world import Same, World

SAMPLES = {"Code": '"62.06"'}


def lists() -> Iterator[tuple[GraphQLObjectType, str, GraphQLField]]:
    """Every connection and every list of objects in the schema, with the type that has it."""
    for type_ in core().type_map.values():
        if is_object_type(type_) and not type_.name.startswith("__") and type_ is not core().mutation_type:
            for name, field in type_.fields.items():
                if "first" in field.args or (is_list(field) and is_object_type(get_named_type(field.type))):
                    yield type_, name, field


def is_list(field: GraphQLField) -> bool:
    return str(field.type).startswith("[")


def selection(type_: Any, depth: int = 1) -> str:
    """All that has no value below, and what lies one level below without arguments."""
    parts = ["__typename"]
    for name, field in type_.fields.items():
        named = get_named_type(field.type)
        if not is_object_type(named):
            parts.append(name + arguments(field))
        elif not field.args and depth:
            parts.append(f"{name} {selection(named, depth - 1)}")
    return "{ " + " ".join(parts) + " }"


def arguments(field: GraphQLField) -> str:
    """The ones that must be given, each with a value of its type."""
    wanted = {name: each for name, each in field.args.items() if is_required_argument(each)}
    return f"({', '.join(f'{name}: {sample(each.type)}' for name, each in wanted.items())})" if wanted else ""


def sample(type_: Any) -> str:
    named = get_named_type(type_)
    if not is_input_object_type(named):
        return SAMPLES[named.name]
    wanted = {name: each for name, each in named.fields.items() if is_required_input_field(each)}
    given = wanted or dict(itertools.islice(named.fields.items(), 1))
    return "{" + ", ".join(f"{name}: {sample(each.type)}" for name, each in given.items()) + "}"


def asked(name: str, field: GraphQLField, volunteer: object, *, within: str = "") -> str:
    """The list with all of each thing in it, and what is asked of each besides."""
    if "first" in field.args:
        node = selection(listed(field))
        page = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
        nodes = f"nodes {node[:-1]}{within} }} edges {{ cursor node {node} }}"
        return f"{name}(first: 100) {{ totalCount {page} {nodes} }}"
    given = f'(volunteer: "Volunteer:{volunteer}")' if "volunteer" in field.args else ""
    return f"{name}{given} {selection(get_named_type(field.type))[:-1]}{within} }}"


def listed(field: GraphQLField) -> Any:
    """The type of the things in a list."""
    named: Any = get_named_type(field.type)
    return get_named_type(named.fields["nodes"].type) if "first" in field.args else named


def inner(field: GraphQLField, volunteer: object) -> str:
    """Every list within each thing of a list."""
    return " ".join(asked(name, each, volunteer) for type_, name, each in lists() if type_ is listed(field))


async def ids_of(build: Build, type_: str) -> list[str]:
    key = (
        "code" if type_ in ("Province", "Kabupaten", "Rank", "Skill", "CertificateType", "Hazard", "Cluster") else "id"
    )
    rows = await build.connection.fetch(f'SELECT {key} AS key FROM "{TABLES[type_]}" ORDER BY 1 LIMIT 100')
    return [f"{type_}:{row['key']}" for row in rows] or [f"{type_}:{uuid.UUID(int=0)}"]


def watch(api: Api) -> list[str]:
    """Every statement that is sent over the read connections from now on."""
    sent: list[str] = []
    pool = api.services.database._read_pool
    connect = pool._connect

    async def watched() -> Any:
        connection = await connect()
        connection.add_query_logger(lambda record: sent.append(record.query))
        return connection

    for connection, _ in pool._idle:
        connection.terminate()
    pool._connect = watched
    return sent


async def counts(api: Api, build: Build, actor: uuid.UUID, volunteer: uuid.UUID) -> dict[str, int]:
    """The statements behind each list, asked of up to a hundred parents at once."""
    found: dict[str, int] = {}
    sent = watch(api)
    # Who asks is looked up now, and the driver learns of types; both once.
    await api.ask(f'{{ nodes(ids: ["Account:{actor}"]) {{ id }} }}', actor=actor)
    await anyio.lowlevel.checkpoint()
    for type_, name, field in lists():
        document = f"{{ {asked(name, field, volunteer, within=inner(field, volunteer))} }}"
        if type_.name in NODES:
            ids = str(await ids_of(build, type_.name)).replace("'", '"')
            document = f"{{ nodes(ids: {ids}) {{ ... on {type_.name} {document} }} }}"
        elif type_ is not core().query_type or not field.args or name == "nodes":
            continue
        sent.clear()
        await api.ask(document, actor=actor)
        await anyio.lowlevel.checkpoint()  # The log is written when the loop comes round.
        found[f"{type_.name}.{name}"] = len(sent)
    return found


def test_the_walk_leaves_no_list_of_things_out() -> None:
    left_out = {f"{type_.name}.{name}" for type_, name, _ in lists() if type_.name not in (*NODES, "Query")}

    pages = {name for name in left_out if name.endswith((".nodes", ".edges"))}
    payloads = {name for name in left_out if name.endswith("Payload.problems")}
    assert left_out == pages | payloads


async def test_every_list_takes_one_statement_whatever_its_length(
    api: Api, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, "MOST_ROWS", 10**9)
    nation, volunteer = await build.coordinator(), await build.person()

    empty = await counts(api, build, nation, volunteer)
    await World.of(Same(build.connection, api.now))
    full = await counts(api, build, nation, volunteer)

    assert full.keys() == {f"{type_.name}.{name}" for type_, name, _ in lists() if type_.name in NODES} | {
        f"Query.{name}" for type_, name, field in lists() if type_.name == "Query" and "first" in field.args
    }
    assert empty == full == dict.fromkeys(full, 1)


async def test_a_deep_document_takes_a_statement_for_each_root_and_one_where_it_is_consistent(
    api: Api, build: Build
) -> None:
    world = await World.of(Same(build.connection, api.now))
    document = """{ me { roles { kind } } node(id: "Province:62") { id } nodes(ids: ["Rank:TAGANA_MUDA", "Skill:SHELTER"]) { id }
      incidents(first: 20) { nodes { needs(first: 10) { nodes { coverage { wanted } candidates(first: 3) { nodes { kilometres } }
        assignments(first: 10) { nodes { volunteer { trainedFor { code } memberships(first: 3) {
          nodes { organization { licences { number } } } } } overrides { ruleCode } } } } } } } }"""
    before = api.services.database.statements

    apart = {name: await api.ask(document, actor=actor) for name, actor in world.actors.items()}
    between = api.services.database.statements
    at_once = {
        name: await api.ask(f"query @consistent {document}", actor=actor) for name, actor in world.actors.items()
    }

    assert apart == at_once
    assert between - before == 4 * len(world.actors)
    assert api.services.database.statements - between == len(world.actors)


async def test_introspection_beside_data_is_answered_root_by_root(api: Api) -> None:
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
          problems { code fact { certificate { id } } } } }""",
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


# Plans are remembered.


async def cached(api: Api, document: str, *, actor: uuid.UUID | None = None, **variables: object) -> bool:
    """Whether the plan was there already."""
    planner = api.services.planner
    hits, misses = planner.cache.hits, planner.cache.misses
    await api.ask(document, actor=actor, **variables)
    assert planner.cache.hits + planner.cache.misses == hits + misses + 1
    return planner.cache.hits > hits


async def test_a_plan_serves_every_request_of_its_shape(api: Api, build: Build) -> None:
    need, other = await build.need(), await build.need()
    document = """query($id: ID!, $first: Int, $filter: AssignmentFilter, $after: String) {
      node(id: $id) { ... on Need { assignments(first: $first, filter: $filter, after: $after) { totalCount } } } }"""

    assert not await cached(api, document, id=f"Need:{need}", first=1)
    assert await cached(api, document, id=f"Need:{other}", first=100)
    assert not await cached(api, document, id=f"Need:{other}", first=1, filter={"volunteer": f"Volunteer:{need}"})
    assert await cached(api, document, id=f"Need:{other}", first=1, filter={"volunteer": f"Volunteer:{other}"})
    assert not await cached(api, document, id=f"Need:{other}", first=1, filter={"status": ["OFFERED"]})
    assert not await cached(api, document, id=f"Need:{other}", first=1, filter={"status": ["ACCEPTED"]})
    assert not await cached(api, document, id=f"Volunteer:{other}", first=1)
    assert not await cached(api, document, id=f"Need:{other}", first=1, after=None)
    assert len(api.services.planner.cache) == 6


async def test_actors_of_one_kind_share_a_plan_and_others_do_not(api: Api, build: Build) -> None:
    document = "{ volunteers(first: 1) { totalCount } }"
    await build.person(kabupaten_code=NEIGHBOUR, reach="KABUPATEN")
    local, neighbour = await build.coordinator(kabupaten_code=HOME), await build.coordinator(kabupaten_code=NEIGHBOUR)
    nation = await build.coordinator()

    assert not await cached(api, document)
    assert not await cached(api, document, actor=nation)
    assert not await cached(api, document, actor=local)
    assert await cached(api, document, actor=neighbour)
    assert await cached(api, document)
    assert await api.ask(document, actor=local) == {"volunteers": {"totalCount": 0}}
    assert await api.ask(document, actor=neighbour) == {"volunteers": {"totalCount": 1}}


async def test_a_plan_is_not_shared_by_other_values_of_skip_and_include(api: Api) -> None:
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


async def test_two_operations_of_one_document_have_two_plans(api: Api) -> None:
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
    return Operation(core(), node, {}, {})


def test_two_thousand_documents_leave_as_many_plans_as_fit() -> None:
    planner = Planner(core(), SOURCES)
    for number in range(2_000):
        planner.document(operation(f"{{ a{number}: __typename }}"), PUBLIC.kind, ROOTS)

    assert (len(planner.cache), planner.cache.misses, planner.cache.hits) == (planner.cache.size, 2_000, 0)
    assert planner.cache.size <= 512


async def test_a_document_too_long_to_be_remembered_leaves_no_plan(api: Api) -> None:
    padded = "{ skills(first: 1) { totalCount } }" + "#" * LONGEST_DOCUMENT

    for _ in range(2):
        await api.ask(padded)

    assert len(api.services.planner.cache) == 0


def test_a_plan_used_again_outlives_those_used_once() -> None:
    planner = Planner(core(), SOURCES, size=2)
    one, two, three = (operation(f"{{ {name}: __typename }}") for name in "abc")
    for each in (one, two, one, three, one, two):
        planner.document(each, PUBLIC.kind, ROOTS)

    assert (len(planner.cache), planner.cache.misses, planner.cache.hits) == (2, 4, 2)


def test_two_thousand_documents_leave_as_many_parsed_ones_as_fit() -> None:
    documents = Documents()
    for number in range(2_000):
        documents.checked(core(), f"{{ a{number}: __typename }}")

    assert (len(documents.cache), documents.cache.evictions) == (REMEMBERED, 2_000 - REMEMBERED)


async def test_a_connection_keeps_a_bounded_number_of_prepared_statements(api: Api) -> None:
    for number in range(STATEMENT_CACHE_SIZE + 20):
        await api.ask(f"{{ clusters(first: 1) {{ a{number}: totalCount }} }}")

    kept = await api.services.database.read("SELECT count(*) FROM pg_prepared_statements", ())
    assert int(kept) == STATEMENT_CACHE_SIZE


# What cannot be answered is found when the program starts.


def test_the_schema_as_it_is_can_be_answered() -> None:
    check(core(), SOURCES, ROOTS)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "type Volunteer implements Node {",
            "type Volunteer implements Node {\n  shoeSize: Int",
            "Volunteer.shoe_size has no source and no public column.",
        ),
        (
            "type Volunteer implements Node {",
            "type Volunteer implements Node {\n  nikCipher: String",
            "Volunteer.nik_cipher has no source and no public column.",
        ),
        (
            "  phone: PhoneNumber\n\n",
            "  phone: PhoneNumber!\n\n",
            "Volunteer.phone may be hidden by a policy or a guard, so it must be nullable.",
        ),
        (
            '"""Who; null where you may not see the person."""\n  volunteer: Volunteer\n',
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
            '  """Nomor induk."""\n  number: String\n',
            "  number: String!\n",
            "Membership.number is a column that may be null, so it must be nullable.",
        ),
    ],
)
def test_a_schema_that_cannot_be_answered_is_refused_by_name(old: str, new: str, said: str) -> None:
    definition = printed()
    assert old in definition

    with pytest.raises(Undeclared) as refused:
        check(build_schema(definition.replace(old, f"{new}\n")), SOURCES, ROOTS)

    assert said in str(refused.value).splitlines()


def test_a_type_without_a_source_is_refused_with_all_that_leads_to_it() -> None:
    sources = {name: source for name, source in SOURCES.items() if name != "Rank"}

    with pytest.raises(Undeclared) as refused:
        check(core(), sources, ROOTS)

    assert str(refused.value).splitlines() == [
        "Query.ranks leads to Rank, which has no source.",
        "Membership.rank leads to Rank, which has no source.",
        "Rank has no source.",
        "Need.minimumRank leads to Rank, which has no source.",
        "Fact.rank leads to Rank, which has no source.",
    ]


def test_a_root_that_nobody_declared_is_refused() -> None:
    roots = {name: root for name, root in ROOTS.items() if name != "me"}

    with pytest.raises(Undeclared) as refused:
        check(core(), SOURCES, roots)

    assert str(refused.value) == "Query.me has no root."
