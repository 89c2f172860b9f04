"""The databases that are measured: made from a seed on the first run, kept in .bench."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import psutil

from api import reference
from api.auth import Tokens
from api.database import embedded, migration
from api.settings import read_settings

FOLDER = Path(".bench")

# Volunteers that are asked for one at a time.
PEOPLE = 500

# What a team that uses PostGraphile writes for a field that is not a column: a function of the row.
TRAINED_FOR = """
CREATE OR REPLACE FUNCTION volunteer_trained_for(volunteer volunteer, "on" date) RETURNS SETOF skill LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT s.* FROM skill s WHERE s.code IN (
    SELECT g.skill_code FROM certificate c JOIN certificate_type_grant g ON g.certificate_type_code = c.certificate_type_code
    WHERE c.volunteer_id = volunteer.id AND c.revoked_on IS NULL AND daterange(c.issued_on, c.expires_on, '[]') @> "on")
  ORDER BY s.code;
END;
COMMENT ON FUNCTION volunteer_trained_for IS '@behavior +list -connection';
"""

UNDECLARE = (
    "DELETE FROM event e USING incident i WHERE e.subject_key = i.id::text AND i.title LIKE $1",
    "DELETE FROM incident_kabupaten k USING incident i WHERE k.incident_id = i.id AND i.title LIKE $1",
    "DELETE FROM incident WHERE title LIKE $1",
)

# A coordinator of each province: sees what a national one does, and is asked for the scope of every row.
SCOPED = (
    """
INSERT INTO account (id, login, name) VALUES (gen_random_uuid(), 'bench-provinces', 'bench-provinces') ON CONFLICT DO NOTHING
""",
    """
INSERT INTO role (id, account_id, kind, province_code)
SELECT gen_random_uuid(), a.id, 'COORDINATOR', p.code FROM account a CROSS JOIN province p
WHERE a.login = 'bench-provinces' AND NOT EXISTS (SELECT FROM role r WHERE r.account_id = a.id AND r.province_code = p.code)
""",
)

LOCAL_SERVER = "SELECT pg_backend_pid() WHERE inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr()"


@dataclass(frozen=True)
class Facts:
    """What the queries ask about, and who asks."""

    today: date
    kabupaten: str
    provinces: list[str]
    hazard: str
    volunteers: list[UUID]
    needs: list[UUID]
    national: str = field(repr=False)
    scoped: str = field(repr=False)


@dataclass(frozen=True)
class Database:
    """Where it is, the server's process if it is on this machine, and what is in it."""

    url: str
    process: psutil.Process | None
    version: str
    facts: Facts


@contextmanager
def database(volunteers: int) -> Generator[Database]:
    """One with so many volunteers: in the server of DATABASE_URL where that is set, else in one of our own."""
    settings = read_settings()
    if settings.database_url is not None:
        yield asyncio.run(opened(settings.database_url, volunteers))
        return
    running = embedded.start(FOLDER.absolute() / str(volunteers), binaries=settings.postgres_bin)
    try:
        yield asyncio.run(opened(running.url, volunteers))
    finally:
        running.stop()


async def opened(url: str, volunteers: int) -> Database:
    await migration.upgrade(url)
    connection = await asyncpg.connect(url)
    try:
        await reference.load(connection)
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM account WHERE login = 'bench-national')"):
            fill(url, volunteers)
        for statement in (TRAINED_FOR, *SCOPED):
            await connection.execute(statement)
        process = None
        backend = await connection.fetchval(LOCAL_SERVER)
        if backend is not None and psutil.pid_exists(backend):
            process = psutil.Process(backend).parent()
        return Database(url, process, await connection.fetchval("SHOW server_version"), await looked_up(connection))
    finally:
        await connection.close()


def fill(url: str, volunteers: int) -> None:
    began = time.perf_counter()
    making = [sys.executable, "-m", "benchmarks.data", "--volunteers", str(volunteers)]
    subprocess.run(making, env={**os.environ, "DATABASE_URL": url}, check=True)
    print(f"Made {volunteers:,} volunteers in {time.perf_counter() - began:.0f} s; they are kept.", flush=True)


async def looked_up(connection: asyncpg.Connection) -> Facts:
    tokens, now = Tokens.load(FOLDER), datetime.now(UTC)
    accounts = await connection.fetch("SELECT login, id FROM account WHERE login LIKE 'bench-%'")
    kabupaten = await connection.fetchval("SELECT kabupaten_code FROM role WHERE kabupaten_code IS NOT NULL")
    provinces = await connection.fetch("SELECT code FROM province ORDER BY 1")
    people = await connection.fetch(
        "SELECT id FROM volunteer WHERE kabupaten_code = $1 ORDER BY md5(id::text) LIMIT $2", kabupaten, PEOPLE
    )
    needs = await connection.fetch(
        "SELECT n.id FROM need n JOIN incident i ON i.id = n.incident_id "
        "WHERE i.status = 'ACTIVE' AND n.closed_at IS NULL AND n.ends_at > now() ORDER BY 1 LIMIT 40"
    )
    issued = {account["login"]: tokens.issue(account["id"], now) for account in accounts}
    return Facts(
        now.date(),
        kabupaten,
        [province["code"] for province in provinces],
        "FLOOD",
        [person["id"] for person in people],
        [need["id"] for need in needs],
        issued["bench-national"],
        issued["bench-provinces"],
    )


async def declared(url: str, title: str) -> int:
    """How many incidents the load has declared; they are taken away again."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            gone = [await connection.execute(statement, f"{title} %") for statement in UNDECLARE]
        await connection.execute("VACUUM (ANALYZE) incident, incident_kabupaten, event")
        return int(gone[-1].rpartition(" ")[2])
    finally:
        await connection.close()
