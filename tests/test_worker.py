"""The worker: letters by e-mail, again after a failure, given up at last; what a kill leaves; ends of roles."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from api.database.engine import Database, Transaction
from api.database.error import Overloaded, TimedOut, Unavailable
from api.keys import read_vault
from api.services import message, role
from api.services.message import Letter
from api.services.request import Request
from api.settings import Settings
from api.transport import Smtp, Terminal, Transport, transport_of
from api.worker import Worker, repeat, running
from tests.builders import HOME, Build
from tests.command import TIMEOUT, environment, sigap
from tests.conftest import NOW
from tests.test_cli import free_port

MINUTE = timedelta(minutes=1)


class MailServer:
    """A mail server that keeps what it gets; it refuses while `answer` says so, and works as long as `seconds`.

    From the letter on whose number is `stops_at`, it answers only after `goes_on`.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.letters: list[Any] = []
        self.answer, self.seconds = "250 OK", seconds
        self.stops_at: int | None = None
        self.goes_on = threading.Event()

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name.
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.letters.append(message_from_bytes(envelope.content))
            if len(self.letters) == self.stops_at:
                self.goes_on.wait(TIMEOUT)
        threading.Event().wait(self.seconds)
        return self.answer


@contextmanager
def mail_server(seconds: float = 0.0) -> Generator[tuple[MailServer, str]]:
    handler = MailServer(seconds)
    port = free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield handler, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


class Office:
    """A worker with a clock and a transport of the test's own."""

    def __init__(self, database: Database, keys: Path) -> None:
        self.database, self.vault, self.now = database, read_vault(keys), NOW
        self.transport: Transport = Transport()

    async def write(self, recipient: str | None, **values: Any) -> None:
        letter = {"recipient": recipient, "language": "EN", "values": {"code": "12345678", "minutes": "15"}, **values}
        async with self.database.transaction() as session:
            await message.write(session, self.vault, "reset_password", now=self.now, **letter)

    async def work(self) -> int:
        return await Worker(self.database, self.vault, lambda: self.now, self.transport).deliver()


@pytest.fixture
async def office(database_url: str, keys: Path) -> AsyncGenerator[Office]:
    database = await Database.open(database_url)
    yield Office(database, keys)
    await database.close()


async def rows(build: Build) -> list[Any]:
    found = await build.connection.fetch(
        "SELECT attempts, delivered_at, failed_at, cipher IS NULL AS forgotten, error FROM message ORDER BY id"
    )
    return [tuple(row) for row in found]


async def test_a_letter_is_sent_by_e_mail_and_then_forgotten(office: Office, build: Build) -> None:
    with mail_server() as (server, url):
        office.transport = Smtp(url, "sigap@kemensos.example")
        await office.write("sinta@contoh.id", language="ID")

        taken = [await office.work(), await office.work()]

    (letter,) = server.letters
    key = await build.connection.fetchval("SELECT id FROM message")
    assert taken == [1, 0]
    assert str(make_header(decode_header(letter["Subject"]))) == "Kode kata sandi baru Sigap: 12345678"
    assert (letter["To"], letter["From"]) == ("sinta@contoh.id", "sigap@kemensos.example")
    assert letter["Message-ID"] == f"<{key}@kemensos.example>"
    assert "Berlaku 15 menit" in letter.get_payload(decode=True).decode()
    assert await rows(build) == [(1, NOW, None, True, None)]


async def test_what_fails_is_tried_again_later_and_at_last_given_up_and_can_be_sent_again(
    office: Office, build: Build, database_url: str, tmp_path: Path
) -> None:
    waits = []
    with mail_server() as (server, url):
        office.transport, server.answer = Smtp(url, "sigap@kemensos.example"), "451 Later"
        await office.write("sinta@contoh.id")
        for _attempt in range(8):
            assert (await office.work(), await office.work()) == (1, 0)
            due = await build.connection.fetchval("SELECT due_at FROM message")
            waits.append(int((due - office.now).total_seconds()))
            office.now = max(office.now, due)
        given_up = await rows(build)
        office.now += timedelta(days=1)
        nothing = await office.work()
        key = await build.connection.fetchval("SELECT id FROM message")
        env = environment(tmp_path, DATABASE_URL=database_url)
        listed = sigap(env, "messages")
        resent = sigap(env, "messages", "--resend", str(key))
        unknown = sigap(env, "messages", "--resend", str(uuid.uuid4()))
        await build.connection.execute("UPDATE message SET due_at = $1", office.now)
        server.answer = "250 OK"
        again = await office.work()

    assert waits[:7] == [5, 20, 80, 320, 1280, 3600, 3600]
    assert given_up == [(8, None, office.now - timedelta(days=1), False, "SMTPDataError")]
    assert nothing == 0
    assert listed.stdout.split()[::2] == [str(key), "reset_password"]
    assert "12345678" not in listed.stdout
    assert (resent.returncode, resent.stdout) == (0, "")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert again == 1
    assert len(server.letters) == 1
    assert await rows(build) == [(1, office.now, None, True, None)]


@pytest.mark.parametrize("statement", ["UPDATE message SET cipher = 'x'", "UPDATE message SET template = 'gone'"])
async def test_a_letter_that_cannot_be_read_is_given_up_and_delays_no_other(
    office: Office, build: Build, statement: str
) -> None:
    printed: list[str] = []
    office.transport = Terminal(printed.append)
    await office.write("sinta@contoh.id")
    await build.connection.execute(statement)
    await office.write("budi@contoh.id")

    for _attempt in range(8):
        await office.work()
        office.now = max(office.now, await build.connection.fetchval("SELECT max(due_at) FROM message"))

    first, second = await rows(build)
    assert (first[0], first[2] is not None, first[3]) == (8, True, False)
    assert second == (1, NOW, None, True, None)
    assert len(printed) == 1


async def test_a_letter_for_nobody_is_delivered_to_nobody(office: Office, build: Build) -> None:
    class Unused(Transport):
        async def deliver(self, _letter: Letter) -> None:
            raise AssertionError

    office.transport = Unused()
    await office.write(None)

    assert await office.work() == 1
    assert await rows(build) == [(1, NOW, None, True, None)]


async def test_the_demo_prints_letters(office: Office) -> None:
    printed: list[str] = []
    office.transport = Terminal(printed.append)
    await office.write("+6281234567890")

    await office.work()

    assert printed[0].startswith("\nSMS to +6281234567890: Your Sigap password code: 12345678\n")


async def test_without_a_way_to_deliver_it_a_letter_waits(office: Office, build: Build) -> None:
    await office.write("sinta@contoh.id")
    await office.write("+6281234567890")

    await office.work()
    with mail_server() as (_server, url):
        office.now, office.transport = NOW + MINUTE, transport_of(Settings(smtp=url), otherwise=Transport())
        await office.work()

    assert await rows(build) == [(2, office.now, None, True, None), (2, None, None, False, "NoTransport")]


async def test_two_workers_take_different_letters(office: Office, build: Build) -> None:
    for number in range(15):
        await office.write(f"{number}@contoh.id")

    async with office.database.transaction() as first, office.database.transaction() as second:
        taken = [await message.claim(session, NOW) for session in (first, second)]
    async with office.database.transaction() as third:
        none = await message.claim(third, NOW + message.LEASE - timedelta(seconds=1))
    async with office.database.transaction() as fourth:
        after = await message.claim(fourth, NOW + message.LEASE)

    assert [len(each) for each in taken] == [10, 5]
    assert len({row.id for each in taken for row in each}) == 15
    assert (len(none), len(after)) == (0, 10)


def work(env: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "api", "work"], env=env, stderr=subprocess.DEVNULL)


def until(condition: Any) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


async def test_a_kill_loses_no_letter_and_doubles_none_that_its_id_does_not_tell(
    office: Office, build: Build, database_url: str, keys: Path
) -> None:
    for number in range(25):
        await office.write(f"{number}@contoh.id")
    with mail_server(0.02) as (server, url):
        server.stops_at = 13
        env = environment(keys, DATABASE_URL=database_url, SIGAP_SMTP=url, SIGAP_MAIL_FROM="sigap@kemensos.example")
        with work(env) as killed:
            until(lambda: len(server.letters) >= 13)
            os.kill(killed.pid, signal.SIGKILL)
        server.goes_on.set()
        delivered_before = await build.connection.fetchval(
            "SELECT count(*) FROM message WHERE delivered_at IS NOT NULL"
        )
        # What the lease of the killed worker still holds is free later; the test does not wait for it.
        await build.connection.execute("UPDATE message SET leased_until = NULL")
        with work(env) as second:
            deadline = time.monotonic() + TIMEOUT
            while await build.connection.fetchval("SELECT count(*) FROM message WHERE delivered_at IS NULL"):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
            second.terminate()

    ids = Counter(letter["Message-ID"] for letter in server.letters)
    recipients = {letter["To"] for letter in server.letters}
    assert delivered_before < 25
    assert recipients == {f"{number}@contoh.id" for number in range(25)}
    assert len(ids) == 25
    assert max(ids.values()) <= 2
    assert second.returncode == 0


async def test_the_end_of_a_role_is_recorded_as_of_its_instant(office: Office, build: Build) -> None:
    await build.coordinator(kabupaten_code=HOME, until=NOW)
    await build.coordinator(kabupaten_code=HOME, until=NOW + MINUTE)
    office.now = NOW + timedelta(seconds=30)
    worker = Worker(office.database, office.vault, lambda: office.now, office.transport)

    for _time in range(2):
        await worker.clean(role.record_ends)

    ended = await build.connection.fetch("SELECT ended_at, version FROM role ORDER BY until")
    events = await build.connection.fetch("SELECT kind, at, effective_at, actor_kind FROM event")
    assert [tuple(row) for row in ended] == [(NOW, 2), (None, 1)]
    assert [tuple(row) for row in events] == [("role.ended", office.now, NOW, "CLOCK")]


async def test_what_is_wrong_with_one_part_of_the_cleaning_undoes_none_of_the_others(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, failed_again = asyncio.Event(), asyncio.Event()
    failures = iter([lambda: None, failed_again.set])

    async def fail(_transaction: Transaction, _request: Request) -> None:
        next(failures, lambda: None)()
        raise ValueError

    async def succeed(_transaction: Transaction, _request: Request) -> None:
        done.set()

    monkeypatch.setattr("api.worker.CLEANING", (fail, succeed))
    monkeypatch.setattr("api.worker.CLEANING_SECONDS", 0.01)

    with structlog.testing.capture_logs() as lines:
        async with running(Worker(office.database, office.vault, lambda: office.now, office.transport)):
            await asyncio.wait_for(done.wait(), TIMEOUT)
            await asyncio.wait_for(failed_again.wait(), TIMEOUT)

    assert {line["error"] for line in lines if line["event"] == "unexpected error"} == {"ValueError"}


async def test_what_keeps_the_worker_from_its_work_is_logged_but_not_that_the_database_is_lost() -> None:
    errors = [Unavailable(), TimedOut(), Overloaded(), ValueError("kenari"), asyncio.CancelledError()]

    async def work() -> int:
        raise errors.pop(0)

    with structlog.testing.capture_logs() as lines, pytest.raises(asyncio.CancelledError):
        await repeat(work, 0)

    assert [(line["event"], line["error"]) for line in lines] == [
        ("the worker was held up", "TIMEOUT"),
        ("the worker was held up", "OVERLOADED"),
        ("unexpected error", "ValueError"),
    ]
