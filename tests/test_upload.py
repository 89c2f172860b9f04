"""Uploads: what is refused or broken off is not kept, but counted, and no two take the last place."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import httpx
import pytest

from api.files.reading import open_table
from api.services import upload
from tests.asking import Api
from tests.builders import Build
from tests.conftest import NOW

REFUSED = {
    "empty": (b"", 400),
    "page": (b"<html>", 415),
    "too large": (b"Nama;HP\n" * (upload.MOST_BYTES // 8 + 1), 413),
}
COUNTED = "SELECT byte_count, discarded_at IS NOT NULL FROM upload"
CHUNKS = "SELECT number FROM upload_chunk JOIN upload ON upload.id = upload_id"


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refused_file_is_not_kept_and_takes_no_place(api: Api, build: Build, name: str) -> None:
    manager = await build.manager(await build.organization())
    headers, (content, status) = api.headers(manager), REFUSED[name]

    async def sent(pieces: bytes) -> int:
        async def body() -> AsyncGenerator[bytes]:
            for start in range(0, max(len(pieces), 1), 2**20):
                yield pieces[start : start + 2**20]

        return (await api.client.post("/uploads", content=body(), headers=headers)).status_code

    refused = [await sent(content) for _ in range(2)]
    counted = await build.connection.fetch(COUNTED)

    # What is refused by its first bytes is not stored.
    stored = [(upload.MOST_BYTES, True)] * 2 if status == 413 else []
    assert ([(each[0] // 2**20 * 2**20, each[1]) for each in counted], refused) == (stored, [status] * 2)
    assert await build.connection.fetchval("SELECT count(*) FROM upload_chunk") == 0
    assert await sent(b"Nama;HP") == 201


async def test_what_is_refused_or_broken_off_waits_for_no_use(api: Api, build: Build) -> None:
    manager = await build.manager(await build.organization())
    for _ in range(upload.MOST_WAITING):
        await build.row("upload", account_id=manager, created_at=NOW, byte_count=1, discarded_at=NOW)

    answer = await api.client.post("/uploads", content=b"Nama;HP", headers=api.headers(manager))

    assert answer.status_code == 201


async def test_a_file_that_is_broken_off_counts_with_what_was_stored(api: Api, build: Build) -> None:
    """Also in the last place of the day; it is deleted after the day."""
    manager = await build.manager(await build.organization())

    async def body() -> AsyncGenerator[bytes]:
        yield b"Nama;HP\n" * 2**18
        raise httpx.ReadError("gone")

    for _ in range(upload.MOST_SENT - 1):
        await build.row("upload", account_id=manager, created_at=NOW, byte_count=1, used_at=NOW)
    broken = await api.client.post("/uploads", content=body(), headers=api.headers(manager))
    counted = await build.connection.fetch(f"{COUNTED} WHERE used_at IS NULL")
    later = await api.client.post("/uploads", content=b"Nama;HP", headers=api.headers(manager))
    async with api.services.database.transaction() as session:
        await session.rows(upload.DELETE_OLD, {"now": NOW + timedelta(days=2)})

    assert (broken.status_code, later.status_code) == (500, 429)
    assert [(each[0] // 2**20, each[1]) for each in counted] == [(2, True)]
    left = [await build.connection.fetch(f"{sql} WHERE used_at IS NULL") for sql in (COUNTED, CHUNKS)]
    assert left == [[], []]


async def test_no_two_uploads_at_once_take_the_last_place(api: Api, build: Build) -> None:
    manager = await build.manager(await build.organization())
    for _ in range(upload.MOST_WAITING - 1):
        await build.row("upload", account_id=manager, created_at=NOW, byte_count=1)

    answers = await asyncio.gather(
        *(api.client.post("/uploads", content=b"Nama;HP", headers=api.headers(manager)) for _ in range(8))
    )

    assert sorted(answer.status_code for answer in answers) == [201] + [429] * 7


@pytest.mark.parametrize(
    ("files", "byte_count"), [(upload.MOST_SENT - 1, 1), (1, upload.MOST_BYTES_SENT - upload.MOST_BYTES)]
)
async def test_what_an_account_sends_within_a_day_is_bounded_also_when_it_is_used(
    api: Api, build: Build, files: int, byte_count: int
) -> None:
    manager, other = [await build.manager(await build.organization()) for _ in range(2)]
    for hours in (23, 25):
        for _ in range(files):
            sent = {"created_at": NOW - timedelta(hours=hours), "used_at": NOW, "media_type": "application/pdf"}
            await build.row("upload", account_id=manager, byte_count=byte_count, **sent)

    answers = [
        await api.client.post("/uploads", content=b"Nama;HP", headers=api.headers(actor))
        for actor in (manager, manager, other)
    ]

    assert [answer.status_code for answer in answers] == [201, 429, 201]


async def test_a_file_whose_server_was_killed_takes_no_place_after_an_hour(api: Api, build: Build) -> None:
    manager = await build.manager(await build.organization())
    for minutes in (59, 61):
        for _ in range(upload.MOST_WAITING if minutes > 60 else upload.MOST_WAITING - 1):
            await build.row("upload", account_id=manager, created_at=NOW - timedelta(minutes=minutes))

    answers = [await api.client.post("/uploads", content=b"Nama;HP", headers=api.headers(manager)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 429]


async def test_the_process_that_reads_a_file_gets_no_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A file of the standard library's name is read first, and shows what the process has."""
    folder = tmp_path_factory.mktemp("spy")
    seen = folder / "seen"
    spy = f"import os\nopen({str(seen)!r}, 'w').write(' '.join(sorted(os.environ)))\n"
    (folder / "sitecustomize.py").write_text(spy, encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", "postgresql://sigap:secret@localhost/sigap")
    monkeypatch.setenv("SIGAP_SMTP", "smtp://user:secret@localhost")
    monkeypatch.syspath_prepend(str(folder))

    async def content() -> AsyncGenerator[bytes]:
        yield b"Nama;HP\nAni;1\n"

    async with open_table(content()) as table:
        rows = [row.cells async for row in table.rows]

    names = set(seen.read_text(encoding="utf-8").split())
    assert (rows, names - {"COVERAGE_PROCESS_CONFIG", "LC_CTYPE"}) == ([["Nama", "HP"], ["Ani", "1"]], {"PYTHONPATH"})
