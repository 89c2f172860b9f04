"""Reference data (places, hazards, skills, certificate types, ranks, clusters): CSV files, loaded into tables."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import asyncpg

from api.reference.file import read_rows
from api.values.key import place_search_key, sort_key

Rows = list[dict[str, str | None]]


class CodeInUseError(Exception):
    """A code was removed from its file, but rows of other tables still refer to it: one line for each."""


class InvalidFileError(Exception):
    """A file cannot be loaded, in one line with its name."""


class CycleOfInclusionsError(Exception):
    """A certificate type includes itself, by way of others."""


@dataclass(frozen=True)
class Source:
    """A CSV file and the table that it fills. Its header has the names of the columns; `key` is the primary key."""

    file: str
    table: str
    key: tuple[str, ...] = ("code",)

    def rows(self) -> Rows:
        return [{name: value or None for name, value in row.items()} for row in read_rows(self.file)]


class PlaceSource(Source):
    """A file of places; the keys that names are searched and ordered by are added."""

    def rows(self) -> Rows:
        rows = super().rows()
        names = (str(row["name"]) for row in rows)
        keys = [{"search_key": place_search_key(name), "sort_key": sort_key(name)} for name in names]
        return [{**row, **own} for row, own in zip(rows, keys, strict=True)]


class KabupatenSource(PlaceSource):
    """The file of kabupaten as published: its columns have other names, and it repeats the name of the province.

    The extents are in a file of their own, with the same codes.
    """

    def rows(self) -> Rows:
        extents = {row["code"]: row for row in Source("kabupaten_extents.csv", self.table).rows()}
        return [
            {
                "code": row["code"],
                "province_code": row["province_code"],
                "name": row["name"],
                "kind": str(row["type"]).upper(),
                "latitude": row["lat"],
                "longitude": row["lon"],
                "search_key": row["search_key"],
                "sort_key": row["sort_key"],
                **extents[row["code"]],
            }
            for row in super().rows()
        ]


# In the order of the foreign keys: referenced tables first.
CATALOGUES: Sequence[Source] = (
    PlaceSource("provinces.csv", "province"),
    KabupatenSource("kabupaten.csv", "kabupaten"),
    PlaceSource("kecamatan.csv", "kecamatan"),
    Source("desks.csv", "desk"),
    Source("hazards.csv", "hazard"),
    Source("clusters.csv", "cluster"),
    Source("ranks.csv", "rank"),
    Source("skills.csv", "skill"),
    Source("kitchen_types.csv", "kitchen_type"),
    Source("certificate_types.csv", "certificate_type"),
    Source("camp_kinds.csv", "camp_kind"),
    Source("camp_categories.csv", "camp_category"),
    Source("payers.csv", "payer"),
    Source("event_kinds.csv", "event_kind"),
)
INCLUSIONS = Source(
    "certificate_type_inclusions.csv", "certificate_type_inclusion", ("certificate_type_code", "included_code")
)
LINKS: Sequence[Source] = (
    INCLUSIONS,
    Source("certificate_type_skills.csv", "certificate_type_skill", ("certificate_type_code", "skill_code")),
    Source("certificate_type_issuers.csv", "certificate_type_issuer", ("certificate_type_code", "issuer")),
)

# All skills that a certificate type grants, directly or by inclusion. UNION instead of UNION ALL ends cycles of inclusions.
GRANT = """
WITH RECURSIVE included (certificate_type_code, included_code) AS (
    SELECT code, code FROM certificate_type
    UNION
    SELECT included.certificate_type_code, next.included_code
    FROM included
    JOIN certificate_type_inclusion AS next ON next.certificate_type_code = included.included_code
), expected AS (
    SELECT DISTINCT included.certificate_type_code, own.skill_code
    FROM included
    JOIN certificate_type_skill AS own ON own.certificate_type_code = included.included_code
), obsolete AS (
    DELETE FROM certificate_type_grant
    WHERE (certificate_type_code, skill_code) NOT IN (SELECT certificate_type_code, skill_code FROM expected)
)
INSERT INTO certificate_type_grant (certificate_type_code, skill_code)
SELECT certificate_type_code, skill_code FROM expected
EXCEPT
SELECT certificate_type_code, skill_code FROM certificate_type_grant
"""


async def load(connection: asyncpg.Connection) -> None:
    """Makes the tables equal to the files in one transaction. Rows that are equal already are not written.

    A code is never deleted: what lacks a line in its file is retired, today.

    Raises `CodeInUseError` if a file lacks a code that other rows refer to, `CycleOfInclusionsError` if a certificate type
    includes itself, `InvalidFileError` for a file with a code twice or with a wrong value.
    """
    rows_by_source = {source: with_retirement(source.rows()) for source in CATALOGUES}
    rows_by_source |= {source: source.rows() for source in LINKS}
    for source, rows in rows_by_source.items():
        check_keys(source, rows)
    check_inclusions(rows_by_source[INCLUSIONS])
    async with connection.transaction():
        # If two servers start at the same time, the second waits here and then finds no differences.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('sigap.reference'))")
        for source, rows in rows_by_source.items():
            try:
                await upsert(connection, source, rows)
            except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
                raise InvalidFileError(f"{source.file} cannot be loaded: {error.args[0]}.") from None
        for source in LINKS:
            await delete_missing(connection, source, rows_by_source[source])
        await connection.execute(GRANT)
        for source in CATALOGUES:
            await retire_missing(connection, source, rows_by_source[source])


def check_keys(source: Source, rows: Rows) -> None:
    keys = Counter(" ".join(str(row[name]) for name in source.key) for row in rows)
    if twice := sorted(key for key, count in keys.items() if count > 1):
        raise InvalidFileError(f"{source.file} has {', '.join(twice)} more than once.")


def check_inclusions(rows: Rows) -> None:
    """Raises `CycleOfInclusionsError` if a certificate type includes itself; a trigger refuses it, too."""
    sorter = TopologicalSorter[str]()
    for row in rows:
        sorter.add(str(row["certificate_type_code"]), str(row["included_code"]))
    try:
        sorter.prepare()
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise CycleOfInclusionsError(f"{INCLUSIONS.file}: a certificate type includes itself: {circle}.") from None


def with_retirement(rows: Rows) -> Rows:
    """A file needs the column only if it has a retired code."""
    return [{**row, "retired_on": row.get("retired_on")} for row in rows]


async def upsert(connection: asyncpg.Connection, source: Source, rows: Rows) -> None:
    """Inserts new rows and updates changed ones; does not write equal rows."""
    table, columns = source.table, ", ".join(rows[0])
    assignments = ", ".join(f"{name} = excluded.{name}" for name in rows[0])
    await connection.execute(
        f"INSERT INTO {table} ({columns}) "  # noqa: S608 - names of tables and columns in our own files
        f"SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::json) EXCEPT SELECT {columns} FROM {table} "
        f"ON CONFLICT ({', '.join(source.key)}) DO UPDATE SET {assignments}",
        json.dumps(rows),
    )


async def delete_missing(connection: asyncpg.Connection, source: Source, rows: Rows) -> None:
    """Deletes the rows whose keys are not in the file."""
    key = ", ".join(source.key)
    await connection.execute(
        f"DELETE FROM {source.table} WHERE ({key}) NOT IN "  # noqa: S608 - as above
        f"(SELECT {key} FROM json_populate_recordset(NULL::{source.table}, $1::json))",
        json.dumps([{name: row[name] for name in source.key} for row in rows]),
    )


async def retire_missing(connection: asyncpg.Connection, source: Source, rows: Rows) -> None:
    """Retires the codes that the file lacks. Raises `CodeInUseError` if one is in use."""
    select = f"SELECT code FROM {source.table} WHERE code <> ALL($1) ORDER BY code"  # noqa: S608 - as above
    missing = [row["code"] for row in await connection.fetch(select, [row["code"] for row in rows])]
    if not missing:
        return
    if used := await codes_in_use(connection, source.table, missing):
        remedy = "put its line back, with a day in the column retired_on if it is to be used no more"
        lines = (f"{source.file} lacks the code {code}, which {table} uses: {remedy}." for code, table in used)
        raise CodeInUseError("\n".join(lines))
    update = f"UPDATE {source.table} SET retired_on = current_date WHERE code = ANY($1) AND retired_on IS NULL"  # noqa: S608
    await connection.execute(update, missing)


REFERRING = """
SELECT conrelid::regclass::text AS table, attname AS column
FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
WHERE contype = 'f' AND confrelid = $1::regclass
ORDER BY 1, 2
"""


async def codes_in_use(connection: asyncpg.Connection, table: str, codes: list[str]) -> list[tuple[str, str]]:
    """Each code to which rows refer, other than those of the codes themselves, with the table of the rows."""
    found: dict[str, str] = {}
    for referring in await connection.fetch(REFERRING, table):
        own = "AND code <> ALL($1)" if referring["table"] == table else ""
        column = referring["column"]
        query = f"SELECT DISTINCT {column} FROM {referring['table']} WHERE {column} = ANY($1) {own}"  # noqa: S608 - as above
        for (code,) in await connection.fetch(query, codes):
            found.setdefault(code, referring["table"])
    return sorted(found.items())
