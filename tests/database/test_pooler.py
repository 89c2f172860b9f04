import asyncio
import os
import pwd
import shutil
import socket
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
import sqlalchemy as sa

from api.database import migration
from api.database.engine import Database, Pooler
from api.database.error import Unavailable
from tests.asking import Api
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.isolation import command
from tests.serving import running_api

SETTINGS = """SELECT concat_ws(' ', current_setting('timezone'), current_setting('datestyle'), current_setting('jit'),
  current_setting('statement_timeout'), current_setting('transaction_read_only'), current_setting('application_name'))"""
DECLARE = """mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) {
  incident { title startedAt } problems { code } } }"""
INCIDENT = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": NOW.isoformat()}
LISTS = "{ me { login } hazards(first: 3) { totalCount nodes { label } } clusters(first: 2) { nodes { code } } }"
# Server connections of the pooler, fewer than client connections.
SERVER_CONNECTIONS = 2


# Without a pooler: what it requires of us.


async def test_reads_and_writes_leave_no_state_in_their_connections(database_url: str) -> None:
    database = await Database.open(database_url, pooler="transaction")
    state = "SELECT concat_ws(' ', count(*), current_setting('statement_timeout')) FROM pg_prepared_statements"

    read = await database.read(SETTINGS, ())
    async with database.transaction() as session:
        written = await session.value(sa.text(SETTINGS))
    async with database._read_pool.connection() as reader, database._write_pool.connection() as writer:
        states = [await connection.fetchval(state) for connection in (reader, writer)]
    await database.close()

    assert read == "UTC ISO, YMD off 5s on sigap"
    assert written == "UTC ISO, YMD off 30s off sigap"
    assert states == ["0 0", "0 0"]


async def test_a_read_works_on_a_connection_whose_state_was_discarded(database_url: str) -> None:
    database = await Database.open(database_url, pooler="transaction")

    async def counted() -> str:
        return await database.read("SELECT count(*) FROM hazard WHERE code <> $1", ["FLOOD"])

    first = await counted()
    async with database._read_pool.connection() as connection:
        await connection.execute("DISCARD ALL")
    second = await counted()
    await database.close()

    assert (first, second) == ("27", "27")


@pytest.mark.parametrize("error", [ValueError, asyncpg.DivisionByZeroError, asyncio.CancelledError])
@pytest.mark.parametrize("pooler", [None, "transaction"])
async def test_no_transaction_is_open_when_the_next_begins(
    database_url: str, pooler: Pooler | None, error: type[BaseException]
) -> None:
    database = await Database.open(database_url, pooler=pooler)

    async def leave_with_error() -> None:
        async with database.transaction() as session:
            await session.rows(sa.text("CREATE TABLE left_over ()"))
            raise error

    with pytest.raises(error):
        await leave_with_error()
    async with database._write_pool.connection() as connection:
        is_open = connection.is_in_transaction()
        found = await connection.fetchval("SELECT to_regclass('left_over')")
    await database.close()

    assert (is_open, found) == (False, None)


# With PgBouncer.


def unprivileged(folder: Path, server: object) -> list[str]:
    """Options that make PgBouncer, which refuses root, run as nobody; its configuration and the socket become accessible."""
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    if Path(str(server)).is_absolute():
        Path(str(server)).parent.chmod(0o711)
    return ["-u", "nobody"]


@pytest.fixture
async def pooler_url(database_url: str) -> AsyncGenerator[str]:
    """The URL of the test's database behind PgBouncer in transaction mode."""
    program = shutil.which("pgbouncer")
    if program is None:
        pytest.skip("No program pgbouncer on the PATH; Debian has a package of that name.")
    url = sa.make_url(database_url)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    # Not one of pytest's folders, which only their owner may enter.
    with TemporaryDirectory(prefix="sigap-pooler-") as folder:
        process = await asyncio.create_subprocess_exec(
            program, *pgbouncer_arguments(Path(folder), url, port), stderr=DEVNULL
        )
        pooled = f"postgresql://{url.username}@127.0.0.1:{port}/{url.database}"
        try:
            await wait_until_connectable(pooled)
            yield pooled
        finally:
            process.terminate()
            await process.wait()


def pgbouncer_arguments(folder: Path, url: sa.URL, port: int) -> list[str]:
    """Writes the configuration."""
    connection = {
        "host": url.query.get("host") or url.host,
        "port": url.query.get("port") or url.port or 5432,
        "user": url.username,
        "password": url.password,
    }
    (folder / "pooler.ini").write_text(
        f"""[databases]
* = {" ".join(f"{name}={value}" for name, value in connection.items() if value)}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {SERVER_CONNECTIONS}
"""
    )
    return [*unprivileged(folder, connection["host"]), str(folder / "pooler.ini")]


async def wait_until_connectable(url: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                await command(url, "SELECT 1")
            except OSError:
                continue
            return


@pytest.fixture
async def pooled(pooler_url: str, keys: Path) -> AsyncGenerator[Api]:
    async with running_api(pooler_url, keys, lambda: NOW, pooler="transaction") as api:
        yield api


async def test_many_requests_share_few_server_connections(pooled: Api, build: Build) -> None:
    login = await build.account(login="sinta")
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    answers = await asyncio.gather(*(pooled.ask(LISTS, actor=login) for _ in range(40)))

    assert answers[0]["me"] == {"login": "sinta"}
    assert answers[0]["hazards"]["totalCount"] == 28
    assert answers == answers[:1] * 40
    assert await build.connection.fetchval(sessions) <= SERVER_CONNECTIONS


async def test_a_mutation_is_executed_once_and_read_back(pooled: Api, build: Build) -> None:
    coordinator = await build.coordinator()

    input_values = {**INCIDENT, "idempotencyKey": "once"}
    payloads = await asyncio.gather(*(pooled.do(DECLARE, actor=coordinator, **input_values) for _ in range(4)))

    incident = {"title": "Banjir", "startedAt": "2026-03-01T01:00:00+00:00"}
    assert payloads == [{"incident": incident, "problems": []}] * 4
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 1


async def test_every_read_behind_a_pooler_has_its_settings(pooled: Api) -> None:
    settings = await asyncio.gather(*(pooled.services.database.read(SETTINGS, ()) for _ in range(20)))

    assert set(settings) == {"UTC ISO, YMD off 5s on sigap"}


async def test_a_cancelled_read_frees_its_server_connection(pooled: Api) -> None:
    database = pooled.services.database

    for _ in range(SERVER_CONNECTIONS + 1):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await database.read("SELECT pg_sleep(60)", ())

    assert await database.read("SELECT count(*) FROM hazard", ()) == "28"


async def test_a_database_is_migrated_through_a_pooler(pooler_url: str) -> None:
    assert [await migration.upgrade(pooler_url) for _ in range(3)] == [False] * 3


async def test_without_the_setting_a_pooler_refuses_the_connection(pooler_url: str) -> None:
    with pytest.raises((asyncpg.PostgresError, Unavailable), match="unsupported startup parameter"):
        await Database.open(pooler_url)
