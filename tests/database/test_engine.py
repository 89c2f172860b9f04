import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
import structlog

from api.database.engine import Database, Pooler, Transaction
from api.database.error import Contended, InvalidValue, TimedOut, Unavailable
from api.database.pool import ConnectionPool
from tests.asking import Api
from tests.waiting import wait_until


async def test_a_cached_statement_works_after_a_change_of_its_table(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    database = await Database.open(database_url)
    numbered = "SELECT count(*) OVER () FROM hazard WHERE code = $1"
    typed = "SELECT label_en FROM hazard WHERE code = $1"

    before = [await database.read(sql, ["FLOOD"]) for sql in (numbered, typed)]
    await connection.execute("ALTER TABLE hazard ALTER label_en TYPE varchar(200), ADD odd integer")
    after = [await database.read(sql, ["FLOOD"]) for sql in (numbered, typed)]
    await database.close()

    assert before == after == ["1", "Flood"]


async def test_a_cached_query_works_after_a_change_of_its_tables(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    document = '{ node(id: "Hazard:FLOOD") { ... on Hazard { code label(language: EN) } } }'

    before = await api.ask(document)
    await connection.execute("ALTER TABLE hazard ALTER label_en TYPE varchar(200), ADD odd integer")
    after = await api.ask(document)

    assert before == after == {"node": {"code": "FLOOD", "label": "Flood"}}


# The read pool.

PID = "SELECT pg_backend_pid()"


async def test_the_connection_used_last_is_reused_also_after_a_failed_statement(database_url: str) -> None:
    database = await Database.open(database_url)

    pids = [await database.read(PID, ())]
    with pytest.raises(asyncpg.UndefinedTableError):
        await database.read("SELECT * FROM nothing", ())
    with pytest.raises(InvalidValue):
        await database.read("SELECT $1::integer", [2**31])
    pids.append(await database.read(PID, ()))
    both = await asyncio.gather(*(database.read("SELECT pg_backend_pid() FROM pg_sleep(0.2)", ()) for _ in range(2)))
    await database.close()

    assert pids[0] == pids[1]
    assert pids[0] in both
    assert len(set(both)) == 2


def sql_raising(code: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = 'kenari'; END $$"


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        *(("53100", asyncpg.DiskFullError), ("53200", asyncpg.OutOfMemoryError), ("53300", Unavailable)),
        *(("22012", asyncpg.DivisionByZeroError), ("22P02", asyncpg.InvalidTextRepresentationError)),
        *(("22003", InvalidValue), ("22008", InvalidValue), ("57014", TimedOut), ("55P03", Contended)),
        *(("57P01", Unavailable), ("08006", Unavailable), ("58030", asyncpg.PostgresIOError)),
        *(("25006", asyncpg.ReadOnlySQLTransactionError), ("42P01", asyncpg.UndefinedTableError)),
        *(("XX000", asyncpg.InternalServerError), ("P0001", asyncpg.RaiseError)),
    ],
)
async def test_only_what_a_lost_database_says_is_told_as_one(
    database_url: str, code: str, raised: type[Exception]
) -> None:
    database = await Database.open(database_url)

    with pytest.raises(raised) as found:
        async with database.transaction() as session:
            await session.rows(sa.text(sql_raising(code)))
    answered = await database.read("SELECT 'again'", ())
    await database.close()

    assert (type(found.value), answered) == (raised, "again")


async def fail(error: Exception) -> None:
    raise error


async def raised_in(use: Callable[[], AbstractAsyncContextManager[Transaction]], error: Exception) -> Exception | None:
    try:
        async with use() as session:
            await session.rows(sa.text("SELECT 1"))
            await fail(error)
    except Exception as raised:  # noqa: BLE001  # It is what the test is about.
        return raised
    return None


@pytest.mark.parametrize(
    "error",
    [
        *(
            FileNotFoundError(2, "kenari"),
            OSError(28, "kenari"),
            ConnectionResetError("kenari"),
            TimeoutError("kenari"),
        ),
        *(asyncpg.InterfaceError("kenari"), ZeroDivisionError("kenari"), ValueError("kenari")),
    ],
    ids=repr,
)
async def test_what_fails_beside_the_database_is_not_told_as_its_loss(database_url: str, error: Exception) -> None:
    database = await Database.open(database_url)

    with structlog.testing.capture_logs() as lines:
        found = [await raised_in(use, error) for use in (database.transaction, database.reading)]
    await database.close()

    assert found == [error, error]
    assert (lines, database.monitor.is_lost, database.monitor._task) == ([], False, None)


async def test_a_cancelled_read_closes_its_connection(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    database = await Database.open(database_url)
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid = "
    pid = int(await database.read(PID, ()))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await database.read("SELECT pg_sleep(60)", ())
    other = int(await database.read(PID, ()))
    await wait_until(connection, f"{asleep}{pid}", 0)
    await database.close()

    assert other != pid


async def test_waiting_too_long_for_a_connection_raises_a_timeout(database_url: str) -> None:
    pool = ConnectionPool(partial(asyncpg.connect, database_url), size=1, timeout=0.05)

    first = await pool.acquire()
    with pytest.raises(TimeoutError):
        await pool.acquire()
    pool.release(first)
    second = await pool.acquire()
    pool.release(second)
    await pool.close()

    assert first is second


async def test_failing_to_connect_leaves_the_slot_free() -> None:
    async def connect() -> Any:
        raise OSError("connection refused")

    pool = ConnectionPool(connect, size=1, timeout=20)

    for _ in range(3):
        with pytest.raises(OSError, match="connection refused"):
            await pool.acquire()


async def test_a_connection_that_was_idle_too_long_is_closed_instead_of_reused(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    pool = ConnectionPool(partial(asyncpg.connect, database_url), size=2, timeout=20, max_idle=0)

    idle = [await pool.acquire() for _ in range(2)]
    pids = [each.get_server_pid() for each in idle]
    for each in idle:
        pool.release(each)
    new = await pool.acquire()
    await wait_until(connection, f"SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(ARRAY{pids})", 0)
    pool.release(new)
    await pool.close()

    assert [each.is_closed() for each in idle] == [True, True]
    assert new.get_server_pid() not in pids


@pytest.fixture
async def tcp_url(database_url: str) -> AsyncGenerator[str]:
    """The URL of the test's database over TCP: the embedded server listens on a Unix socket, so bytes are forwarded."""
    url = sa.make_url(database_url)
    if "host" not in url.query:
        yield database_url
        return

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = f"{url.query['host']}/.s.PGSQL.{url.query['port']}"
        server_reader, server_writer = await asyncio.open_unix_connection(path)
        await asyncio.gather(forward(reader, server_writer), forward(server_reader, writer))

    async with await asyncio.start_server(accept, "127.0.0.1", 0) as forwarder:
        port = forwarder.sockets[0].getsockname()[1]
        yield f"postgresql://{url.username}@127.0.0.1:{port}/{url.database}"


@pytest.mark.parametrize("pooler", [None, "transaction"])
async def test_every_connection_over_tcp_has_keepalive(tcp_url: str, pooler: Pooler | None) -> None:
    database = await Database.open(tcp_url, pooler=pooler)

    async with database._read_pool.connection() as read, database._write_pool.connection() as write:
        sockets = [each._transport.get_extra_info("socket") for each in (read, write)]  # type: ignore[attr-defined]
        options = [
            (
                each.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                each.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                each.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                each.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
            )
            for each in sockets
        ]
    await database.close()

    assert options == [(1, 60, 10, 3)] * 2
