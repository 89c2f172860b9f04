"""A test sees nothing that another has left behind."""

import re
from collections.abc import AsyncGenerator

import asyncpg
import pytest

from tests.builders import Build
from tests.conftest import NOW
from tests.isolation import OpenConnectionsError, WorkerDatabase, connected

EVENT = """INSERT INTO event (actor_kind, account_id, kind, subject_type, subject_key, change)
VALUES ('ACCOUNT', $1, 'TESTED', 'Need', 'none', '{}') RETURNING position"""
COUNTS = "SELECT ARRAY[(SELECT count(*) FROM account), (SELECT count(*) FROM event), (SELECT count(*) FROM hazard)]"
EMPTY = [0, 0, 28]


@pytest.fixture
async def database(worker_database: WorkerDatabase) -> AsyncGenerator[WorkerDatabase]:
    database = WorkerDatabase(worker_database.template, f"{worker_database.prefix}_own", end_seconds=0.1)
    yield database
    await database.drop()


async def test_rows_are_deleted_and_positions_start_again(database: WorkerDatabase) -> None:
    url = await database.open()
    positions: list[int] = []

    for _test in range(2):
        async with connected(url) as connection:
            assert await connection.fetchval(COUNTS) == EMPTY
            account = await Build(connection, NOW).account()
            positions += [await connection.fetchval(EVENT, account) for _number in range(3)]
        await database.clean()

    assert positions == [1, 2, 3, 1, 2, 3]
    assert await database.open() == url


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE need ADD odd integer",
        "ALTER TABLE need ADD CONSTRAINT never CHECK (false)",
        "DROP TABLE hazard CASCADE",
        "CREATE FUNCTION odd() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "UPDATE hazard SET label_en = 'Soup' WHERE code = 'FLOOD'",
        "DELETE FROM certificate_type_grant WHERE skill_code = 'SHELTER'",
        """DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Jakarta''', current_database()); END $$""",
        "INSERT INTO account (id, login, name) SELECT gen_random_uuid(), n, n FROM generate_series(1, 40000) AS n",
    ],
)
async def test_a_database_that_deleting_rows_cannot_restore_is_replaced(database: WorkerDatabase, change: str) -> None:
    first = await database.open()
    async with connected(first) as connection:
        await connection.execute(change)

    await database.clean()
    second = await database.open()

    assert second != first
    async with connected(second) as connection:
        assert await connection.fetchval(COUNTS) == EMPTY
        assert await connection.fetchval("SHOW timezone") == "UTC"
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(first)


async def test_a_lock_that_is_left_fails_its_own_test_only(database: WorkerDatabase) -> None:
    left = await asyncpg.connect(await database.open())
    await left.execute("BEGIN; LOCK TABLE need IN ACCESS EXCLUSIVE MODE")

    with pytest.raises(OpenConnectionsError, match=re.escape("(idle in transaction: BEGIN; LOCK TABLE need IN")):
        await database.clean()

    async with connected(await database.open()) as connection:
        assert await connection.fetchval(COUNTS) == EMPTY
        assert await connection.fetchval("SELECT count(*) FROM need") == 0
    with pytest.raises(asyncpg.InterfaceError, match="connection is closed"):
        await left.execute("COMMIT")
