"""One PostgreSQL server and one template database for the whole run, and one clone of it for each worker."""

import asyncio
import gc
import os
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import httpx
import pytest
import sqlalchemy as sa
from hypothesis import settings

from api import reference
from api.app import application
from api.auth import Tokens
from api.compiler.plan import Planner
from api.database import connection as database_connection
from api.database import embedded, engine, migration, monitor
from api.resolvers import SOURCES
from api.schema.build import core_schema
from api.services import change
from api.settings import Limits, Settings, read_settings
from api.web import watchdog
from api.web.services import Services
from tests.asking import Api
from tests.builders import Build
from tests.isolation import WorkerDatabase, command, connected, with_database
from tests.locking import Watcher
from tests.measuring import unmeasured

# The instant at which every test asks: 1 March 2026, eight in the morning in Jakarta.
NOW = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)

# A busy machine is no reason to end a read.
PATIENT = Settings(limits=Limits(read_seconds=60))

# Asked for by `make fuzz`; tests read its name. Otherwise a test that has passed asks the same again.
settings.register_profile("fuzz")
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")

TEMPLATE = f"sigap_test_{os.getpid()}"
URL = pytest.StashKey[str]()
SERVER = pytest.StashKey[embedded.Server]()
FOLDER = pytest.StashKey["TemporaryDirectory[str]"]()


async def trade_safety_for_speed(url: str) -> None:
    """Settings of a server whose data need not outlive a power cut, nor the run."""
    settings = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum")
    superuser = sa.make_url(url).set(username="postgres", database="postgres").render_as_string()
    await command(superuser, *(f"ALTER SYSTEM SET {name} = off" for name in settings), "SELECT pg_reload_conf()")


async def make_template(url: str) -> None:
    await command(url, f"CREATE DATABASE {TEMPLATE}")
    template = with_database(url, TEMPLATE)
    await migration.upgrade(template)
    async with connected(template) as connection:
        await reference.load(connection)


# A test that uses one of these starts PostgreSQL or talks to it.
DATABASE_FIXTURES = {"worker_database", "story"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database-only", action="store_true", help="run only the tests that use PostgreSQL")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.database_only:
        unrelated = [item for item in items if DATABASE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))]
        items[:] = [item for item in items if item not in set(unrelated)]
        config.hook.pytest_deselected(items=unrelated)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Slow proofs take twice as long while coverage is measured; what only they reach counts as not covered."""
    is_slow = any(item.get_closest_marker(name) for name in ("fuzz", "unmeasured"))
    with unmeasured() if is_slow else nullcontext():
        return (yield)


def pytest_collection_finish() -> None:
    """Garbage is collected more rarely, and not in what stays until the end: it took a sixth of the time of the tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process starts the server; its workers are only told where it is."""
    if hasattr(config, "workerinput"):
        config.stash[URL] = config.workerinput["template"]
        return
    if config.option.collectonly:
        return
    settings = read_settings()
    url = settings.database_url
    if url is None:
        config.stash[FOLDER] = TemporaryDirectory(prefix="sigap-tests-", ignore_cleanup_errors=True)
        config.stash[SERVER] = embedded.start(Path(config.stash[FOLDER].name), binaries=settings.postgres_bin)
        url = config.stash[SERVER].url
        asyncio.run(trade_safety_for_speed(url))
    asyncio.run(make_template(url))
    config.stash[URL] = with_database(url, TEMPLATE)


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or URL not in config.stash:
        return
    if SERVER in config.stash:
        config.stash[SERVER].stop()
        config.stash[FOLDER].cleanup()
        return
    asyncio.run(command(with_database(config.stash[URL], "postgres"), f"DROP DATABASE {TEMPLATE} WITH (FORCE)"))


class Distribution:
    """Hooks that only exist where tests are distributed."""

    def pytest_configure_node(self, node: object) -> None:
        config: pytest.Config = node.config  # type: ignore[attr-defined]  # xdist is untyped.
        node.workerinput["template"] = config.stash[URL]  # type: ignore[attr-defined]


def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.pluginmanager.hasplugin("dsession"):
        session.config.pluginmanager.register(Distribution())


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No lines about a busy machine among those that a test expects, and no refusals because of it."""
    monkeypatch.setattr(watchdog, "LONGEST_HOLD", 3_600.0)
    for name in ("ACQUIRE_SECONDS", "WRITE_ACQUIRE_SECONDS", "WRITE_SECONDS"):
        monkeypatch.setattr(engine, name, 60.0)
    for name in ("statement_timeout", "lock_timeout"):
        monkeypatch.setitem(database_connection.WRITE_SETTINGS, name, "60s")
    monkeypatch.setattr(database_connection, "CONNECT_SECONDS", 60.0)
    monkeypatch.setattr(monitor, "HANG_SECONDS", 60.0)


@pytest.fixture(autouse=True)
def _strictness(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of a state machine that no declaration has fails the test."""

    def undeclared(*step: str | None) -> None:
        raise AssertionError(step)

    monkeypatch.setattr(change, "undeclared", undeclared)


@pytest.fixture(scope="session")
async def worker_database(request: pytest.FixtureRequest) -> AsyncGenerator[WorkerDatabase]:
    template = request.config.stash[URL]
    database = WorkerDatabase(template, f"{sa.make_url(template).database}_{os.getpid()}")
    yield database
    await database.drop()


@pytest.fixture
def test_database(worker_database: WorkerDatabase) -> WorkerDatabase:
    return worker_database


@pytest.fixture
async def database_url(test_database: WorkerDatabase) -> AsyncGenerator[str]:
    """The address of a migrated database with the reference data, and the sample data where a test uses them."""
    yield await test_database.open()
    await test_database.clean()


@pytest.fixture
async def connection(database_url: str, test_database: WorkerDatabase) -> "asyncpg.Connection[asyncpg.Record]":
    return await test_database.connection()


@pytest.fixture
def build(connection: "asyncpg.Connection[asyncpg.Record]") -> Build:
    return Build(connection, NOW)


@pytest.fixture(scope="session")
def keys() -> Generator[Path]:
    """A data folder for the keys only."""
    with TemporaryDirectory(prefix="sigap-keys-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def planner() -> Planner:
    """One for all tests of a worker: a plan depends on no row, and making it takes longer than most tests."""
    return Planner(core_schema(), SOURCES)


@pytest.fixture
def clock() -> Callable[[], datetime]:
    return lambda: NOW


@pytest.fixture
async def api(
    database_url: str,
    test_database: WorkerDatabase,
    keys: Path,
    planner: Planner,
    clock: Callable[[], datetime],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncGenerator[Api]:
    """The application, asked over HTTP within the process, at the instant NOW unless a test has another clock."""
    test_database.kept.use(monkeypatch, database_url)
    app = application(database_url, keys, clock=clock, settings=PATIENT)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://sigap") as client,
    ):
        services: Services = replace(app.state.services, planner=planner)
        app.state.services = services
        watcher = Watcher()
        watcher.watch(services.database)
        yield Api(client, Tokens.load(keys), NOW, services)
    assert watcher.violations == [], "a verb locks rows in another way or order than all (decision record 0019)"
