"""Reading a file row by row: the reading process does it, and is ended when nobody reads on."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import orjson

from api.files.cell import FileRow, UnreadableFile, decoded

# What the process is given of the environment: by it the tests' coverage is measured.
PASSED_ON = ("COVERAGE_PROCESS_CONFIG",)
LONGEST_LINE = 4 * 1024 * 1024
SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file that are not empty, how many there are, and the columns that are in doubt.

    In these a day has its month first, or all long codes are as a spreadsheet rounds them.
    """

    row_count: int
    month_first: frozenset[int]
    rounded: frozenset[int]
    rows: AsyncIterator[FileRow]


@asynccontextmanager
async def open_table(content: AsyncIterable[bytes], sheet: str | None = None) -> AsyncGenerator[Table]:
    """Raises `UnreadableFile`, also while the rows are read."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.files", *([sheet] if sheet is not None else [])),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LONGEST_LINE,
        # Not the server's environment, which has secrets: a malicious file may take over the process that reads it.
        env=_environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    sending = asyncio.create_task(_send(process.stdin, content))
    try:
        survey = await _message(process.stdout)
        month_first, rounded = (frozenset[int](survey[name]) for name in ("monthFirst", "rounded"))
        yield Table(survey["rows"], month_first, rounded, _rows(process.stdout))
        await sending
    finally:
        sending.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _environment() -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return {"PYTHONPATH": os.pathsep.join(sys.path), **passed_on}


async def _rows(stream: asyncio.StreamReader) -> AsyncGenerator[FileRow]:
    while isinstance(message := await _message(stream), list):
        yield FileRow(message[0], [decoded(cell) for cell in message[1]])


async def _message(stream: asyncio.StreamReader) -> Any:
    """The next line; a process that ends without its last one was ended by its limits."""
    try:
        line = await asyncio.wait_for(stream.readline(), SECONDS)
    except TimeoutError:
        line = b""
    if not line:
        raise UnreadableFile(
            "Berkas ini terlalu besar atau rusak; bagi atau simpan ulang.",
            "The file is too large or damaged; divide it or save it again.",
        )
    message = orjson.loads(line)
    if isinstance(message, dict) and "english" in message:
        raise UnreadableFile(message["indonesian"], message["english"], message["row"])
    return message


async def _send(stream: asyncio.StreamWriter, content: AsyncIterable[bytes]) -> None:
    """The process may end before it has read all."""
    with suppress(ConnectionError):
        async for chunk in content:
            stream.write(chunk)
            await stream.drain()
        stream.close()
