import asyncio

import asyncpg
import pytest
from strawberry.extensions import SchemaExtension
from strawberry.extensions.base_extension import HOOK_METHODS

from api.context import SHARE
from api.database.engine import READ_POOL_SIZE
from api.resolvers.document import Compiled
from api.schema.build import SCHEMA
from tests.asking import Api
from tests.builders import Build
from tests.waiting import WAITING, told, until

# Some roots that each read a table of their own.
TABLES = {"provinces": "province", "ranks": "rank", "skills": "skill", "hazards": "hazard", "clusters": "cluster"}
ROOTS = " ".join(f"{name}(first: 1) {{ totalCount }}" for name in TABLES)
BOTH = "{ incidents(first: 1) { totalCount } needs(first: 1) { totalCount } }"


# Side by side.


@pytest.mark.parametrize("beside", ["", "__schema { queryType { name } }"], ids=["whole", "mixed"])
async def test_roots_are_read_side_by_side_within_a_share_of_the_connections(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", beside: str
) -> None:
    counts = {
        name: {"totalCount": await connection.fetchval(f"SELECT count(*) FROM {table}")}
        for name, table in TABLES.items()
    }
    locked = connection.transaction()
    await locked.start()
    await connection.execute(f"LOCK TABLE {', '.join(TABLES.values())} IN ACCESS EXCLUSIVE MODE")

    asked = asyncio.create_task(api.ask(f"{{ {ROOTS} {beside} }}"))
    await until(connection, WAITING, SHARE)
    other = await api.ask("{ incidents(first: 1) { totalCount } }")
    waiting = await told(connection, WAITING)
    await locked.rollback()

    assert SHARE < len(TABLES) < READ_POOL_SIZE
    assert other == {"incidents": {"totalCount": 0}}
    assert waiting == SHARE
    data = await asked
    assert {name: data[name] for name in TABLES} == counts


async def test_keys_stand_in_the_documents_order_whatever_is_ready_first(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    locked = connection.transaction()
    await locked.start()
    await connection.execute("LOCK TABLE hazard IN ACCESS EXCLUSIVE MODE")

    asked = asyncio.create_task(
        api.ask("""query($no: Boolean = false) { first: __typename ...more z: clusters(first: 1) { totalCount }
          ranks(first: 1) @include(if: $no) { totalCount } a: __typename ... { z: clusters(first: 1) { nodes { code } } } }
          fragment more on Query { hazards(first: 1) { totalCount } }""")
    )
    await until(connection, WAITING, 1)
    await locked.rollback()

    data = await asked
    assert list(data) == ["first", "hazards", "z", "a"]
    assert data == {
        "first": "Query",
        "hazards": {"totalCount": 28},
        "z": {"totalCount": 8, "nodes": [{"code": "DISPLACEMENT_AND_PROTECTION"}]},
        "a": "Query",
    }


async def test_a_root_that_is_left_out_one_time_is_there_another_time(api: Api) -> None:
    document = """query($a: Boolean!) { clusters(first: 1) @skip(if: $a) { totalCount }
      ... @include(if: $a) { hazards(first: 1) { totalCount } } }"""

    answers = [await api.ask(document, a=a) for a in (True, False, True)]

    assert answers == [
        {"hazards": {"totalCount": 28}},
        {"clusters": {"totalCount": 8}},
        {"hazards": {"totalCount": 28}},
    ]


@pytest.mark.parametrize("beside", ["", "__schema { queryType { name } }"], ids=["whole", "mixed"])
async def test_a_root_that_is_refused_is_null_and_leaves_the_others(api: Api, beside: str) -> None:
    answer = await api.post(f'{{ bad: node(id: "x") {{ id }} clusters(first: 1) {{ totalCount }} {beside} }}')

    assert list(answer["data"].items())[:2] == [("bad", None), ("clusters", {"totalCount": 8})]
    assert answer["errors"] == [
        {"message": "'x' is not an id.", "path": ["bad"], "extensions": {"code": "BAD_USER_INPUT"}}
    ]


async def test_nothing_is_read_where_a_root_is_refused_that_may_not_be_null(api: Api) -> None:
    before = api.services.database.statements

    answer = await api.post('{ bad: node(id: "x") { id } clusters(first: 1) { totalCount } hazards { totalCount } }')

    assert answer["data"] is None
    assert [(error["extensions"]["code"], error["path"]) for error in answer["errors"]] == [
        ("BAD_USER_INPUT", ["bad"]),
        ("BAD_USER_INPUT", ["hazards"]),
    ]
    assert api.services.database.statements == before


async def test_a_root_that_fails_while_it_is_read_is_null_and_leaves_the_others(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", caplog: pytest.LogCaptureFixture
) -> None:
    await connection.execute("ALTER TABLE hazard RENAME COLUMN label_id TO secret")

    answer = await api.post(
        '{ node(id: "Hazard:FLOOD") { ... on Hazard { label } } clusters(first: 1) { totalCount } }'
    )

    assert answer == {
        "data": {"node": None, "clusters": {"totalCount": 8}},
        "errors": [
            {
                "message": "Something went wrong on our side; it has been noted.",
                "locations": [{"line": 1, "column": 3}],
                "path": ["node"],
                "extensions": {"code": "INTERNAL"},
            }
        ],
    }
    assert [record.name for record in caplog.records] == ["sigap"]


# As of one instant.


async def seen_while_written(api: Api, build: Build, document: str, is_met: str, answer: object) -> tuple[int, int]:
    """The incidents and needs that a query sees, while one of each is committed once the condition is met."""
    connection = build.connection
    written = connection.transaction()
    await written.start()
    await connection.execute("LOCK TABLE need IN ACCESS EXCLUSIVE MODE")
    await build.need()
    asked = asyncio.create_task(api.ask(document))
    await until(connection, is_met, answer)
    await written.commit()
    data = await asked
    return data["incidents"]["totalCount"], data["needs"]["totalCount"]


async def test_what_is_written_between_two_roots_is_seen_by_the_second_only(api: Api, build: Build) -> None:
    first_is_read = f"""SELECT ({WAITING}) = 1 AND EXISTS (SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'sigap' AND state = 'idle' AND query LIKE '%incident%')"""

    seen = await seen_while_written(api, build, BOTH, first_is_read, answer=True)

    assert seen == (0, 1)


async def test_a_consistent_query_is_as_of_one_instant(api: Api, build: Build) -> None:
    before = api.services.database.statements

    seen = await seen_while_written(api, build, f"query @consistent {BOTH}", WAITING, 1)

    assert seen == (1, 1)
    assert api.services.database.statements == before + 1


async def test_a_consistent_query_is_answered_whole_or_not_at_all(api: Api) -> None:
    document = 'query @consistent { clusters(first: 1) { totalCount } bad: node(id: "x") { id } }'

    answer = await api.post(document)

    assert answer == {
        "data": None,
        "errors": [{"message": "'x' is not an id.", "path": ["bad"], "extensions": {"code": "BAD_USER_INPUT"}}],
    }


@pytest.mark.parametrize(
    "document",
    [
        "query @consistent { clusters(first: 1) { totalCount } __schema { queryType { name } } }",
        "mutation($input: CancelAssignmentInput!) @consistent { cancelAssignment(input: $input) { problems { code } } }",
        "query @consistent @consistent { clusters(first: 1) { totalCount } }",
        "{ clusters(first: 1) @consistent { totalCount } }",
    ],
    ids=["schema beside data", "mutation", "twice", "field"],
)
async def test_only_queries_of_data_are_consistent(api: Api, document: str) -> None:
    errors = await api.errors(document, input={})

    assert {code for code, _ in errors} == {"BAD_USER_INPUT"}


# Strawberry's hooks.


def test_every_hook_that_the_extension_has_is_run() -> None:
    hooks = {name for name in HOOK_METHODS if getattr(Compiled, name) is not getattr(SchemaExtension, name)}

    assert [type(each) for each in SCHEMA.get_extensions()] == [Compiled]
    assert hooks == {"on_operation", "on_execute"}
    assert Compiled.resolve is SchemaExtension.resolve
