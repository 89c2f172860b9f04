"""Reference data: places, hazards, skills, certificates, ranks and clusters, as files and as the tables made from them."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

Rows = list[dict[str, str | None]]


class CodeInUseError(Exception):
    """A code is gone from its file while people, certificates or incidents still refer to it."""


@dataclass(frozen=True)
class Source:
    """A file and the table that it fills; the file's header names the columns."""

    file: str
    table: str
    key: tuple[str, ...] = ("code",)

    def rows(self) -> Rows:
        text = files(__package__).joinpath(self.file).read_text(encoding="utf-8")
        return [{name: value or None for name, value in row.items()} for row in csv.DictReader(text.splitlines())]


class KabupatenSource(Source):
    """The published file keeps its own names for the columns, and the province's name beside its code."""

    def rows(self) -> Rows:
        return [
            {
                "code": row["code"],
                "province_code": row["province_code"],
                "name": row["name"],
                "kind": str(row["type"]).upper(),
                "latitude": row["lat"],
                "longitude": row["lon"],
            }
            for row in super().rows()
        ]


# What is referred to comes before what refers to it.
CATALOGUES: Sequence[Source] = (
    Source("provinces.csv", "province"),
    KabupatenSource("kabupaten.csv", "kabupaten"),
    Source("hazards.csv", "hazard"),
    Source("clusters.csv", "cluster"),
    Source("ranks.csv", "rank"),
    Source("skills.csv", "skill"),
    Source("certificate_types.csv", "certificate_type"),
)
LINKS: Sequence[Source] = (
    Source("certificate_type_inclusions.csv", "certificate_type_inclusion", ("certificate_type_code", "included_code")),
    Source("certificate_type_skills.csv", "certificate_type_skill", ("certificate_type_code", "skill_code")),
)

# UNION, not UNION ALL: it ends also where types include one another in a circle.
GRANT = """
WITH RECURSIVE included (certificate_type_code, included_code) AS (
    SELECT code, code FROM certificate_type
    UNION
    SELECT included.certificate_type_code, further.included_code
    FROM included
    JOIN certificate_type_inclusion AS further ON further.certificate_type_code = included.included_code
), truth AS (
    SELECT DISTINCT included.certificate_type_code, own.skill_code
    FROM included
    JOIN certificate_type_skill AS own ON own.certificate_type_code = included.included_code
), untrue AS (
    DELETE FROM certificate_type_grant
    WHERE (certificate_type_code, skill_code) NOT IN (SELECT certificate_type_code, skill_code FROM truth)
)
INSERT INTO certificate_type_grant (certificate_type_code, skill_code)
SELECT certificate_type_code, skill_code FROM truth
EXCEPT
SELECT certificate_type_code, skill_code FROM certificate_type_grant
"""


async def load(connection: asyncpg.Connection) -> None:
    """Make the tables equal the files, in one transaction; where they are equal already, nothing is written."""
    read = {source: source.rows() for source in (*CATALOGUES, *LINKS)}
    async with connection.transaction():
        # Two servers may start at once: the second waits, and then finds nothing to do.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('sigap.reference'))")
        for source, rows in read.items():
            await put(connection, source, rows)
        for source in LINKS:
            await drop_missing(connection, source, read[source])
        await connection.execute(GRANT)
        for source in reversed(CATALOGUES):
            await drop_missing(connection, source, read[source])


async def put(connection: asyncpg.Connection, source: Source, rows: Rows) -> None:
    """Insert the new rows and change the different ones; touch no other."""
    table, columns = source.table, ", ".join(rows[0])
    changed = ", ".join(f"{name} = excluded.{name}" for name in rows[0])
    await connection.execute(
        f"INSERT INTO {table} ({columns}) "  # noqa: S608 - names from our own files, no value
        f"SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::json) EXCEPT SELECT {columns} FROM {table} "
        f"ON CONFLICT ({', '.join(source.key)}) DO UPDATE SET {changed}",
        json.dumps(rows),
    )


async def drop_missing(connection: asyncpg.Connection, source: Source, rows: Rows) -> None:
    key = ", ".join(source.key)
    try:
        await connection.execute(
            f"DELETE FROM {source.table} WHERE ({key}) NOT IN "  # noqa: S608 - as above
            f"(SELECT {key} FROM json_populate_recordset(NULL::{source.table}, $1::json))",
            json.dumps([{name: row[name] for name in source.key} for row in rows]),
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise CodeInUseError(f"{source.file} lacks a code that is in use: {error.detail}") from error
