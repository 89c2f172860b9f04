"""Importing 100,000 members from a workbook, on a database of its own: `python -m benchmarks.importing` prints seconds and MB."""

import io
import json
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy as sa
import uvloop
import xlsxwriter  # type: ignore[import-untyped]  # It has no types.

from api import installation, reference
from api.access import PUBLIC
from api.context import wall_clock
from api.database import embedded, migration
from api.database.engine import Database
from api.keys import open_vault
from api.models import Account, ImportJob, Organization, Role, Upload
from api.models.base import new_id
from api.services import import_run, upload
from api.services.request import Request
from api.services.vault import Vault
from api.settings import read_settings
from benchmarks.bar import Bar

ROWS = 100_000
SECONDS, MEGABYTES = 60.0, 200.0
HEADER = ("No", "Nama", "NIK", "No HP", "Tanggal Lahir", "Jenis Kelamin", "Kabupaten/Kota", "Nomor Anggota", "Jenjang")
HOMES = ("Kab. Kotawaringin Timur", "Kota Palangkaraya", "62.06", "Kapuas")
RANKS = ("Tagana Muda", "Tagana Madya", "", "Tagana Utama")


@dataclass(frozen=True, slots=True)
class Imported:
    """The seconds, and the memory in MB that the import takes beyond that of a process that waits, and of the reading process."""

    seconds: float
    checking_seconds: float
    megabytes: float
    reading_megabytes: float

    @property
    def bars(self) -> list[Bar]:
        return [
            Bar(f"Import of {ROWS:,} members", SECONDS, self.seconds, "seconds", at_most=True),
            Bar(
                f"Memory for the import of {ROWS:,} members",
                MEGABYTES,
                self.megabytes + self.reading_megabytes,
                "MB",
                at_most=True,
            ),
        ]


def measure_import() -> Imported:
    """In a process of its own."""
    command = [sys.executable, "-m", "benchmarks.importing"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Imported(**json.loads(printed))


def workbook() -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet("Anggota")
    sheet.write_row(0, 0, HEADER)
    for number in range(1, ROWS + 1):
        born = date(1960, 1, 1) + timedelta(number % 15_000)
        nik = f"620201{born:%d%m%y}{number // 15_000 + 1:04}"
        cells = (number, f"Relawan {number:06}", nik, f"0812{number:08}", f"{born:%d/%m/%Y}", "L")
        sheet.write_row(number, 0, (*cells, HOMES[number % 4], f"KTG-{number}", RANKS[number % 4]))
    book.close()
    return file.getvalue()


async def send(database: Database, vault: Vault) -> Mapping[str, uuid.UUID]:
    """The upload, of an account that manages an organization."""
    account, organization, key = new_id(), new_id(), new_id()
    content = workbook()
    of = {"kind": "CORPS", "corps": "TAGANA", "kabupaten_code": "62.02", "verification": "VERIFIED"}
    async with database.transaction() as session:
        await session.insert(Account, id=account, login="impor", name="Impor", active=True)
        await session.insert(Organization, id=organization, name="Tagana Kalteng", **of)
        await session.insert(Role, id=new_id(), account_id=account, kind="MANAGER", organization_id=organization)
        await session.insert(Upload, id=key, account_id=account, byte_count=len(content))
        for number, start in enumerate(range(0, len(content), upload.CHUNK_BYTES)):
            piece = content[start : start + upload.CHUNK_BYTES]
            await upload.add_chunk(session, vault, key, number, piece)
    return {"account_id": account, "organization_id": organization, "upload_id": key}


async def run(database: Database, vault: Vault, ends: Mapping[str, uuid.UUID], *, applies: bool) -> float:
    """The seconds that a job takes."""
    options = {"sheet": None, "reach": "NATIONAL", "consent_purpose": "Penugasan", "kabupaten": None, "since": None}
    modes = {"status": "WAITING", "known_people": "FILL", "applies": applies, "all_or_nothing": False}
    key = new_id()
    async with database.transaction() as session:
        await session.insert(ImportJob, id=key, options=options, **ends, **modes)
    started_at = time.perf_counter()
    await import_run.run_next(database, vault, Request(PUBLIC, wall_clock))
    seconds = time.perf_counter() - started_at
    async with database.reading() as session:
        job = await session.row(sa.select(ImportJob).where(ImportJob.c.id == key))
    assert job is not None
    assert (job.created_count, job.refused_count) == (ROWS, 0), dict(job)
    return seconds


async def import_on(url: str, folder: Path) -> Imported:
    await migration.upgrade(url)
    async with installation.connected(url) as connection:
        await reference.load(connection)
    database = await Database.open(url)
    try:
        vault = await open_vault(folder, database)
        ends = await send(database, vault)
        waiting = peak_megabytes(resource.RUSAGE_SELF)
        checking_seconds = await run(database, vault, ends, applies=False)
        seconds = await run(database, vault, ends, applies=True)
        growth = peak_megabytes(resource.RUSAGE_SELF) - waiting
        return Imported(seconds, checking_seconds, growth, reading_megabytes())
    finally:
        await database.close()


def reading_megabytes() -> float:
    """Of the reading process alone, as a child of a process that has no other."""
    measured = "import resource; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-m', 'api.files'], stdout=subprocess.DEVNULL); {measured}"
    printed = subprocess.run([sys.executable, "-c", code], input=workbook(), capture_output=True, check=True).stdout
    return float(printed)


def peak_megabytes(who: int) -> float:
    return resource.getrusage(who).ru_maxrss / 1024


def main() -> None:
    with TemporaryDirectory(prefix="sigap-import-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = embedded.start(folder / "database", binaries=read_settings().postgres_bin)
        try:
            imported = uvloop.run(import_on(server.url, folder))
        finally:
            server.stop()
    print(json.dumps(asdict(imported)))


if __name__ == "__main__":
    main()
