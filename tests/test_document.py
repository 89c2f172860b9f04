import asyncio
from unittest.mock import ANY

import asyncpg
import pytest

from api.database.engine import READ_POOL_SIZE
from api.execution.operation import MAX_CONNECTIONS
from tests.asking import Api
from tests.builders import Build
from tests.waiting import LOCK_WAITS, fetch_current, wait_until

# Root fields that each read another table.
TABLES = {"provinces": "province", "ranks": "rank", "skills": "skill", "hazards": "hazard", "clusters": "cluster"}
ROOTS = " ".join(f"{name}(first: 1) {{ totalCount }}" for name in TABLES)
BOTH = "{ incidents(first: 1) { totalCount } needs(first: 1) { totalCount } }"


# Root fields read concurrently.


@pytest.mark.parametrize("extra_root", ["", "__schema { queryType { name } }"], ids=["data only", "with introspection"])
async def test_a_document_reads_its_roots_concurrently_on_a_limited_number_of_connections(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", extra_root: str
) -> None:
    counts = {
        name: {"totalCount": await connection.fetchval(f"SELECT count(*) FROM {table}")}
        for name, table in TABLES.items()
    }
    lock = connection.transaction()
    await lock.start()
    await connection.execute(f"LOCK TABLE {', '.join(TABLES.values())} IN ACCESS EXCLUSIVE MODE")

    response = asyncio.create_task(api.ask(f"{{ {ROOTS} {extra_root} }}"))
    await wait_until(connection, LOCK_WAITS, MAX_CONNECTIONS)
    other = await api.ask("{ incidents(first: 1) { totalCount } }")
    waiting = await fetch_current(connection, LOCK_WAITS)
    await lock.rollback()

    assert MAX_CONNECTIONS < len(TABLES) < READ_POOL_SIZE
    assert other == {"incidents": {"totalCount": 0}}
    assert waiting == MAX_CONNECTIONS
    data = await response
    assert {name: data[name] for name in TABLES} == counts


async def test_response_keys_have_the_documents_order_whichever_root_is_read_first(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    lock = connection.transaction()
    await lock.start()
    await connection.execute("LOCK TABLE hazard IN ACCESS EXCLUSIVE MODE")

    response = asyncio.create_task(
        api.ask("""query($no: Boolean = false) { first: __typename ...more z: clusters(first: 1) { totalCount }
          ranks(first: 1) @include(if: $no) { totalCount } a: __typename ... { z: clusters(first: 1) { nodes { code } } } }
          fragment more on Query { hazards(first: 1) { totalCount } }""")
    )
    await wait_until(connection, LOCK_WAITS, 1)
    await lock.rollback()

    data = await response
    assert list(data) == ["first", "hazards", "z", "a"]
    assert data == {
        "first": "Query",
        "hazards": {"totalCount": 28},
        "z": {"totalCount": 8, "nodes": [{"code": "DISPLACEMENT_AND_PROTECTION"}]},
        "a": "Query",
    }


async def test_skip_and_include_are_evaluated_for_each_request(api: Api) -> None:
    document = """query($a: Boolean!) { clusters(first: 1) @skip(if: $a) { totalCount }
      ... @include(if: $a) { hazards(first: 1) { totalCount } } }"""

    answers = [await api.ask(document, a=a) for a in (True, False, True)]

    assert answers == [
        {"hazards": {"totalCount": 28}},
        {"clusters": {"totalCount": 8}},
        {"hazards": {"totalCount": 28}},
    ]


@pytest.mark.parametrize("extra_root", ["", "__schema { queryType { name } }"], ids=["data only", "with introspection"])
async def test_an_invalid_nullable_root_is_null_and_leaves_the_others(api: Api, extra_root: str) -> None:
    answer = await api.post(f'{{ bad: node(id: "x") {{ id }} clusters(first: 1) {{ totalCount }} {extra_root} }}')

    assert list(answer["data"].items())[:2] == [("bad", None), ("clusters", {"totalCount": 8})]
    assert answer["errors"] == [
        {"message": "This is not an id.", "path": ["bad"], "extensions": {"code": "BAD_USER_INPUT"}}
    ]


@pytest.mark.parametrize("extra_root", ["", "__schema { queryType { name } }"], ids=["data only", "with introspection"])
async def test_each_invalid_root_costs_itself_only_and_is_not_read(api: Api, extra_root: str) -> None:
    before = api.services.database.statements

    answer = await api.post(
        f"""{{ bad: node(id: "x") {{ id }} clusters(first: 1) {{ totalCount }} hazards {{ totalCount }}
          volunteer(id: "Need:x") {{ id }} needs(first: 1, filter: {{kabupaten: {{eq: "99.99"}}}}) {{ totalCount }}
          {extra_root} }}"""
    )

    roots = ("bad", "clusters", "hazards", "volunteer", "needs")
    assert [answer["data"][root] for root in roots] == [None, {"totalCount": 8}, None, None, None]
    assert sorted((error["path"], error["extensions"]["code"], error["message"]) for error in answer["errors"]) == [
        (["bad"], "BAD_USER_INPUT", "This is not an id."),
        (["hazards"], "BAD_USER_INPUT", "Give either first or last, 0 to 100."),
        (["needs"], "BAD_USER_INPUT", "filter.kabupaten.eq: there is no such Kabupaten for you."),
        (["volunteer"], "BAD_USER_INPUT", "This is not the id of a Volunteer."),
    ]
    # Those two whose arguments are well-formed.
    assert api.services.database.statements == before + 2


@pytest.mark.parametrize(
    ("root", "key"),
    [
        ('node(id: "Hazard:FLOOD") { ... on Hazard { label } }', "node"),
        ("hazards(first: 1) { nodes { label } }", "hazards"),
    ],
    ids=["node", "list"],
)
async def test_a_root_that_fails_while_it_is_read_costs_itself_only(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", caplog: pytest.LogCaptureFixture, root: str, key: str
) -> None:
    await connection.execute("ALTER TABLE hazard RENAME COLUMN label_id TO secret")

    answer = await api.post(f"{{ {root} clusters(first: 1) {{ totalCount }} }}")

    assert answer == {
        "data": {key: None, "clusters": {"totalCount": 8}},
        "errors": [
            {
                "message": "An internal error occurred; it has been logged under the id in extensions.",
                "locations": [{"line": 1, "column": 3}],
                "path": [key],
                "extensions": {"code": "INTERNAL", "id": ANY},
            }
        ],
    }


# Consistent queries.


async def counts_during_commit(api: Api, build: Build, document: str, query: str, expected: object) -> tuple[int, int]:
    """How many incidents and needs the document reads; one of each is committed once `query` has the expected value."""
    connection = build.connection
    writing = connection.transaction()
    await writing.start()
    await connection.execute("LOCK TABLE need IN ACCESS EXCLUSIVE MODE")
    await build.need()
    response = asyncio.create_task(api.ask(document))
    await wait_until(connection, query, expected)
    await writing.commit()
    data = await response
    return data["incidents"]["totalCount"], data["needs"]["totalCount"]


async def test_a_commit_between_two_roots_is_seen_by_the_second_only(api: Api, build: Build) -> None:
    first_is_read = f"""SELECT ({LOCK_WAITS}) = 1 AND EXISTS (SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'sigap' AND state = 'idle' AND query LIKE '%incident%')"""

    counts = await counts_during_commit(api, build, BOTH, first_is_read, expected=True)

    assert counts == (0, 1)


async def test_a_consistent_query_reads_one_snapshot(api: Api, build: Build) -> None:
    before = api.services.database.statements

    counts = await counts_during_commit(api, build, f"query @consistent {BOTH}", LOCK_WAITS, 1)

    assert counts == (1, 1)
    assert api.services.database.statements == before + 1


async def test_a_consistent_query_with_an_error_returns_no_data(api: Api) -> None:
    document = 'query @consistent { clusters(first: 1) { totalCount } bad: node(id: "x") { id } }'

    answer = await api.post(document)

    assert answer == {
        "data": None,
        "errors": [{"message": "This is not an id.", "path": ["bad"], "extensions": {"code": "BAD_USER_INPUT"}}],
    }


@pytest.mark.parametrize(
    "document",
    [
        "query @consistent { clusters(first: 1) { totalCount } __schema { queryType { name } } }",
        "mutation($input: CancelAssignmentInput!) @consistent { cancelAssignment(input: $input) { problems { code } } }",
        "query @consistent @consistent { clusters(first: 1) { totalCount } }",
        "{ clusters(first: 1) @consistent { totalCount } }",
    ],
    ids=["introspection", "mutation", "twice", "field"],
)
async def test_consistent_is_only_for_queries_without_introspection(api: Api, document: str) -> None:
    errors = await api.errors(document, input={})

    assert {code for code, _ in errors} == {"BAD_USER_INPUT"}
