"""Times the migration that fills the keys of names: `python -m benchmarks.migration [--volunteers 1000000]`.

In a database of its own on a temporary embedded server: the tables of revision 0006 with synthetic volunteers, then revision 0007.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import sqlalchemy as sa
from alembic import command

from api.database import embedded, migration
from api.demo.person import volunteer
from api.demo.random_source import RandomSource
from api.reference import CATALOGUES
from api.settings import read_settings
from benchmarks.data import ETHNICITIES
from benchmarks.synthetic import uuid7_ids

BEFORE, AFTER = "0006", "0007"
COLUMNS = (
    "id",
    "name",
    "phone",
    "nik_cipher",
    "nik_index",
    "nik_tail",
    "kabupaten_code",
    "latitude",
    "longitude",
    "reach",
    "status",
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--volunteers", type=int, default=1_000_000)
    total = arguments.parse_args().volunteers
    settings = read_settings()
    with TemporaryDirectory(prefix="sigap-migration-", ignore_cleanup_errors=True) as folder:
        server = embedded.start(Path(folder), binaries=settings.postgres_bin)
        try:
            asyncio.run(measure(server.url, total))
        finally:
            server.stop()


async def measure(url: str, total: int) -> None:
    await migration.run(url, lambda connection: upgrade(connection, BEFORE))
    await fill(url, total)
    started = time.perf_counter()
    await migration.run(url, lambda connection: upgrade(connection, AFTER))
    print(f"{total:,} volunteers: {time.perf_counter() - started:.1f} s from revision {BEFORE} to {AFTER}")


def upgrade(connection: sa.Connection, revision: str) -> None:
    command.upgrade(migration.config(connection), revision)
    connection.commit()


async def fill(url: str, total: int) -> None:
    provinces, kabupaten = (source.rows() for source in CATALOGUES[:2])
    seats = {str(row["code"]): (float(row["latitude"] or 0), float(row["longitude"] or 0)) for row in kabupaten}
    connection = await asyncpg.connect(url)
    try:
        await connection.executemany(
            "INSERT INTO province (code, name, time_zone) VALUES ($1, $2, $3)",
            [(row["code"], row["name"], row["time_zone"]) for row in provinces],
        )
        await connection.executemany(
            "INSERT INTO kabupaten (code, province_code, name, kind, latitude, longitude) VALUES ($1, $2, $3, $4, $5, $6)",
            [
                (row["code"], row["province_code"], row["name"], row["kind"], *seats[str(row["code"])])
                for row in kabupaten
            ],
        )
        await connection.copy_records_to_table("volunteer", records=records(seats, total), columns=COLUMNS)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def records(seats: Mapping[str, tuple[float, float]], total: int) -> Iterator[tuple[object, ...]]:
    rng = RandomSource(1)
    ids, codes = uuid7_ids(rng, slot=0), list(seats)
    for serial in range(total):
        code = rng.choice(codes)
        person = volunteer(
            rng,
            id=next(ids),
            serial=serial,
            kabupaten_code=code,
            seat=seats[code],
            ethnicities=ETHNICITIES[code[:2]],
            today=date(2026, 3, 1),
        )
        # All names are different, so that the keys of each are computed.
        name = f"{person.name} {serial:x}"
        nik = (os.urandom(44), os.urandom(32), "0001")
        place = (code, person.latitude, person.longitude)
        yield person.id, name, person.phone, *nik, *place, person.reach, person.status


if __name__ == "__main__":
    main()
