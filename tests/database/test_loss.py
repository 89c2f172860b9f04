"""The log says once that the database is lost, and once that it is back."""

import asyncio
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog

from api.database import embedded
from api.database.engine import Database
from api.database.error import Unavailable
from api.settings import read_settings


async def fails(database: Database) -> bool:
    try:
        await database.read("SELECT 1", ())
    except Unavailable:
        return True
    return False


async def fails_to_write(database: Database) -> bool:
    try:
        async with database.transaction() as session:
            await session.text("SELECT 1", ())
    except Unavailable:
        return True
    return False


async def test_a_loss_and_a_return_are_logged_once_each() -> None:
    with TemporaryDirectory(prefix="sigap-loss-", ignore_cleanup_errors=True) as folder:
        binaries = read_settings().postgres_bin
        server = await asyncio.to_thread(embedded.start, Path(folder), binaries=binaries)
        database = await Database.open(server.url)
        with structlog.testing.capture_logs() as lines:
            before = [await fails(database), await fails_to_write(database)]
            await asyncio.to_thread(server.stop)
            during = [await fails(database) for _ in range(3)] + [await fails_to_write(database) for _ in range(3)]
            server = await asyncio.to_thread(embedded.start, Path(folder), binaries=binaries)
            after = [await fails(database), await fails_to_write(database), await fails(database)]
        await database.close()
        await asyncio.to_thread(server.stop)

    assert (before, during, after) == ([False, False], [True] * 6, [False] * 3)
    assert [(line["log_level"], line["event"]) for line in lines] == [
        ("error", "database lost"),
        ("warning", "database returned"),
    ]


async def test_a_statement_that_takes_too_long_is_no_loss(database_url: str) -> None:
    database = await Database.open(database_url)
    with structlog.testing.capture_logs() as lines, pytest.raises(Unavailable):
        async with database.reading() as session:
            await session.connection.execute("SET statement_timeout = 1; SELECT pg_sleep(1)")
    await database.close()

    assert lines == []


PROGRAM = """
from api import log
log.configure()
log.log.info("request", id="abc", rows=3)
try:
    raise ValueError("rahasia")
except ValueError as error:
    log.unexpected(error)
"""


def printed(*, terminal: bool) -> str:
    """What the program writes to standard error."""
    if not terminal:
        return subprocess.run([sys.executable, "-c", PROGRAM], stderr=subprocess.PIPE, text=True, check=True).stderr
    reader, writer = pty.openpty()
    subprocess.run([sys.executable, "-c", PROGRAM], stderr=writer, check=True)
    os.close(writer)
    with open(reader, encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # A descriptor.
        return read_all(file)


def read_all(file: Any) -> str:
    """Linux reports the end of a terminal as an error."""
    lines: list[str] = []
    with suppress(OSError):
        lines.extend(iter(file.readline, ""))
    return "".join(lines)


def test_lines_are_json_unless_somebody_reads_them() -> None:
    written, shown = printed(terminal=False), printed(terminal=True)

    assert [line[0] + line[-1] for line in written.splitlines()] == ["{}", "{}"]
    assert '"event":"request"' in written
    assert '  File "<string>", line 6, in <module>' in shown.splitlines()[-1]
    assert not shown.startswith("{")
    assert "rahasia" not in written + shown
