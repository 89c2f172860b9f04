"""A database that does not answer, answers late, or has no connection left: what reads are told, and how soon."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from api.database import connection as database_connection
from api.database import engine, monitor
from api.database.engine import Database
from api.database.error import Contended, Overloaded, TimedOut, Unavailable
from api.database.pool import RESERVED, SHARE, Client, ConnectionPool, NoConnectionFree
from tests.builders import Build
from tests.conftest import NOW
from tests.serving import running_api

ASLEEP = "SELECT pg_sleep(60)"


class Gate:
    """Forwards bytes to the database, until it is closed: as a frozen server or a network that loses everything."""

    def __init__(self, path: str) -> None:
        self.is_open = asyncio.Event()
        self.is_open.set()
        self._path = path

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.is_open.wait()
        server_reader, server_writer = await asyncio.open_unix_connection(self._path)
        await asyncio.gather(self._forward(reader, server_writer), self._forward(server_reader, writer))

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self.is_open.wait()
                writer.write(data)
        except ConnectionError:
            pass
        writer.close()


@asynccontextmanager
async def gated(url: str) -> AsyncGenerator[tuple[Gate, str]]:
    address = sa.make_url(url)
    if "host" not in address.query:
        pytest.skip("needs the embedded server's socket")
    gate = Gate(f"{address.query['host']}/.s.PGSQL.{address.query['port']}")
    async with await asyncio.start_server(gate.accept, "127.0.0.1", 0) as forwarder:
        port = forwarder.sockets[0].getsockname()[1]
        yield gate, f"postgresql://{address.username}@127.0.0.1:{port}/{address.database}"


async def until(condition: object, database: Database) -> None:
    async with asyncio.timeout(60):
        while database.monitor.is_down is not condition:  # noqa: ASYNC110  # A test has nothing to be woken by.
            await asyncio.sleep(0.01)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "PROBE_SECONDS", 0.2)
    monkeypatch.setattr(monitor, "HANG_SECONDS", 0.2)
    monkeypatch.setattr(engine, "GRACE_SECONDS", 0.1)


@pytest.mark.usefixtures("_impatient")
async def test_a_database_that_hangs_is_noticed_and_used_again_once_it_answers(database_url: str) -> None:
    async with gated(database_url) as (gate, url):
        database = await Database.open(url, read_seconds=1)
        gate.is_open.clear()
        with capture_logs() as lines:
            with pytest.raises(Unavailable):
                await database.read("SELECT 1", ())
            await until(True, database)
            with pytest.raises(Unavailable):
                await asyncio.wait_for(database.read("SELECT 1", ()), 0.1)
            with pytest.raises(Unavailable):
                async with database.transaction():
                    pass
            gate.is_open.set()
            await until(False, database)
            answer = await database.read("SELECT 1", ())
        await database.close()

    assert answer == "1"
    assert [line["event"] for line in lines] == ["database lost", "database returned"]


@pytest.mark.usefixtures("_impatient")
async def test_while_the_database_hangs_requests_are_refused_at_once_and_the_process_is_healthy(
    database_url: str, keys: Path, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    account = await Build(connection, NOW).coordinator()
    async with gated(database_url) as (gate, url), running_api(url, keys, lambda: NOW) as api:
        database = api.services.database
        gate.is_open.clear()
        database.monitor.suspect()
        await until(True, database)
        refused = await api.client.post("/graphql", json={"query": "{ __typename }"}, headers=api.headers(account))
        health, ready = await api.client.get("/health"), await api.client.get("/ready")
        gate.is_open.set()
        await until(False, database)
        answered = await api.ask("{ __typename }", actor=account)

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert [error["extensions"]["code"] for error in refused.json()["errors"]] == ["UNAVAILABLE"]
    assert (health.status_code, health.text) == (200, "ok\n")
    assert (ready.status_code, ready.json()) == (503, {"database": False, "migrations": False, "disk": True})
    assert answered == {"__typename": "Query"}


async def test_a_statement_that_takes_too_long_does_not_make_the_database_suspect(database_url: str) -> None:
    database = await Database.open(database_url, read_seconds=1)

    with pytest.raises(TimedOut):
        await database.read(ASLEEP, ())

    assert database.monitor._task is None
    await database.close()


async def test_a_read_that_finds_no_connection_is_told_so(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "ACQUIRE_SECONDS", 0.2)
    database = await Database.open(database_url)
    sleepers = [asyncio.create_task(database.read(ASLEEP, ())) for _ in range(engine.READ_POOL_SIZE)]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded):
        await database.read("SELECT 1", ())
    for sleeper in sleepers:
        sleeper.cancel()
    await asyncio.gather(*sleepers, return_exceptions=True)
    await database.close()


async def test_who_waits_too_long_for_a_lock_is_not_told_of_a_lost_database(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database_connection.WRITE_SETTINGS, "lock_timeout", "50ms")
    database = await Database.open(database_url)

    async with database.transaction() as holder:
        await holder.rows(sa.text("LOCK TABLE incident"))
        with pytest.raises(Contended):
            async with database.transaction() as waiter:
                await waiter.rows(sa.text("LOCK TABLE incident"))

    assert (database.monitor._task, database.monitor.is_lost) == (None, False)
    await database.close()


# Shares of the connections.


@asynccontextmanager
async def pool_of(url: str, size: int, seconds: float = 30) -> AsyncGenerator[ConnectionPool]:
    pool = ConnectionPool(partial(asyncpg.connect, url), size=size, timeout=seconds)
    yield pool
    await pool.close()


async def test_one_client_leaves_connections_for_others(database_url: str) -> None:
    size = SHARE + RESERVED + 1
    async with pool_of(database_url, size, seconds=0.05) as pool:
        one, two = Client("one"), Client("two")
        taken = [await pool.acquire(one) for _ in range(size - RESERVED)]
        with pytest.raises(NoConnectionFree):
            await pool.acquire(one)
        others = [await pool.acquire(two) for _ in range(RESERVED)]
        for connection in (*taken, *others):
            pool.release(connection)

    assert len({*taken, *others}) == size


async def test_who_uses_fewest_connections_is_served_first_and_then_who_waited_longest(database_url: str) -> None:
    served: list[str] = []

    async with pool_of(database_url, 2) as pool:

        async def wait(name: str, client: str) -> None:
            connection = await pool.acquire(Client(client))
            served.append(name)
            pool.release(connection)

        taken = [await pool.acquire(Client("greedy")) for _ in range(2)]
        names = (("greedy 3", "greedy"), ("first", "one"), ("second", "two"))
        waiting = [asyncio.create_task(wait(*each)) for each in names]
        await asyncio.sleep(0)
        pool.release(taken[0])
        await asyncio.gather(*waiting)
        pool.release(taken[1])

    assert served == ["first", "second", "greedy 3"]


async def test_giving_up_a_wait_leaves_nothing_behind(database_url: str) -> None:
    async with pool_of(database_url, 1) as pool:
        taken = await pool.acquire(Client("one"))
        waiting = asyncio.create_task(pool.acquire(Client("two")))
        await asyncio.sleep(0)
        waiting.cancel()
        pool.release(taken)
        await asyncio.gather(waiting, return_exceptions=True)
        again = await pool.acquire(Client("three"))
        pool.release(again)

    assert again is taken
    assert (pool._free, pool._waiting, pool._uses, pool._clients) == (1, [], {}, {})
