"""The databases of the benchmarks: filled from a seed on the first run, and kept in `.bench`."""

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
from benchmarks.coordination import add_coordination

FOLDER = Path(".bench")

# Number of volunteers that the query `point` reads one at a time.
POINT_VOLUNTEERS = 500

# The function that gives PostGraphile the computed field `trainedFor`.
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

# The function that gives PostGraphile the computed field `currentStatus`: an offer past its deadline reads as expired.
CURRENT_STATUS = """
CREATE OR REPLACE FUNCTION assignment_current_status(assignment assignment) RETURNS text LANGUAGE sql STABLE
RETURN CASE WHEN assignment.status = 'OFFERED' AND least(assignment.expires_at, assignment.ends_at) <= now()
  THEN 'EXPIRED' ELSE assignment.status END
"""

# The feed is kept, but not that of a benchmark.
ALLOW_DELETING = "SELECT set_config('sigap.erases_person', 'on', true)"
DELETE_DECLARED = (
    "DELETE FROM event e USING incident i WHERE e.subject_key = i.id::text AND i.title LIKE $1",
    "DELETE FROM event e USING incident i WHERE e.incident_id = i.id AND i.title LIKE $1",
    "DELETE FROM assignment a USING need n, incident i WHERE a.need_id = n.id AND n.incident_id = i.id AND i.title LIKE $1",
    "DELETE FROM need n USING incident i WHERE n.incident_id = i.id AND i.title LIKE $1",
    "DELETE FROM incident_kabupaten k USING incident i WHERE k.incident_id = i.id AND i.title LIKE $1",
    "DELETE FROM incident WHERE title LIKE $1",
)

# An account with a coordinator role for each province. It may see every row, but the scope of each row is checked.
CREATE_SCOPED_ACCOUNT = (
    """
INSERT INTO account (id, login, name) VALUES (gen_random_uuid(), 'bench-provinces', 'bench-provinces') ON CONFLICT DO NOTHING
""",
    """
INSERT INTO role (id, account_id, kind, province_code)
SELECT gen_random_uuid(), a.id, 'COORDINATOR', p.code FROM account a CROSS JOIN province p
WHERE a.login = 'bench-provinces' AND NOT EXISTS (SELECT FROM role r WHERE r.account_id = a.id AND r.province_code = p.code)
""",
)

# The process id of the backend if the database runs on this machine.
LOCAL_SERVER = "SELECT pg_backend_pid() WHERE inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr()"


@dataclass(frozen=True)
class Facts:
    """Values of the database that the queries use, and tokens of a national and of a scoped coordinator."""

    today: date
    kabupaten: str
    provinces: list[str]
    # That of most volunteers: some 36,000 of 200,000.
    largest_province: str
    hazard: str
    volunteers: list[UUID]
    needs: list[UUID]
    incidents: list[UUID]
    national: str = field(repr=False)
    scoped: str = field(repr=False)


@dataclass(frozen=True)
class Database:
    """The URL of a database, its server process (None if on another machine), the version of PostgreSQL, and facts for queries."""

    url: str
    process: psutil.Process | None
    version: str
    facts: Facts


@contextmanager
def database(volunteers: int) -> Generator[Database]:
    """A database with this number of volunteers: the one of DATABASE_URL if set, otherwise an embedded one."""
    settings = read_settings()
    if settings.database_url is not None:
        yield asyncio.run(open_database(settings.database_url, volunteers))
        return
    server = embedded.start(FOLDER.absolute() / str(volunteers), binaries=settings.postgres_bin)
    try:
        yield asyncio.run(open_database(server.url, volunteers))
    finally:
        server.stop()


async def open_database(url: str, volunteers: int) -> Database:
    """Migrates the database, and fills it unless it has the benchmark data."""
    await migration.upgrade(url)
    connection = await asyncpg.connect(url)
    try:
        await reference.load(connection)
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM account WHERE login = 'bench-national')"):
            make_data(url, volunteers)
        for statement in (TRAINED_FOR, CURRENT_STATUS, *CREATE_SCOPED_ACCOUNT):
            await connection.execute(statement)
        await add_coordination(connection)
        process = None
        backend = await connection.fetchval(LOCAL_SERVER)
        if backend is not None and psutil.pid_exists(backend):
            process = psutil.Process(backend).parent()
        return Database(url, process, await connection.fetchval("SHOW server_version"), await read_facts(connection))
    finally:
        await connection.close()


def make_data(url: str, volunteers: int) -> None:
    started_at = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.data", "--volunteers", str(volunteers)]
    subprocess.run(command, env={**os.environ, "DATABASE_URL": url}, check=True)
    print(
        f"Made {volunteers:,} volunteers in {time.perf_counter() - started_at:.0f} s, for this run and later ones.",
        flush=True,
    )


async def read_facts(connection: asyncpg.Connection) -> Facts:
    tokens, now = Tokens.load(FOLDER), datetime.now(UTC)
    accounts = await connection.fetch("SELECT login, id FROM account WHERE login LIKE 'bench-%'")
    kabupaten = await connection.fetchval("SELECT kabupaten_code FROM role WHERE kabupaten_code IS NOT NULL")
    provinces = await connection.fetch("SELECT code FROM province ORDER BY 1")
    people = await connection.fetch(
        "SELECT id FROM volunteer WHERE kabupaten_code = $1 ORDER BY md5(id::text) LIMIT $2",
        kabupaten,
        POINT_VOLUNTEERS,
    )
    needs = await connection.fetch(
        "SELECT n.id FROM need n JOIN incident i ON i.id = n.incident_id "
        "WHERE i.status = 'ACTIVE' AND n.closed_at IS NULL AND n.ends_at > now() ORDER BY 1 LIMIT 40"
    )
    incidents = await connection.fetch("SELECT id FROM incident WHERE status = 'ACTIVE' ORDER BY 1 LIMIT 40")
    token_by_login = {account["login"]: tokens.issue(account["id"], now) for account in accounts}
    return Facts(
        now.date(),
        kabupaten,
        [province["code"] for province in provinces],
        await connection.fetchval("SELECT province_code FROM volunteer GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"),
        "FLOOD",
        [person["id"] for person in people],
        [need["id"] for need in needs],
        [incident["id"] for incident in incidents],
        token_by_login["bench-national"],
        token_by_login["bench-provinces"],
    )


async def delete_declared(url: str, title: str) -> int:
    """Deletes the incidents that the load declared, and returns their number."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(ALLOW_DELETING)
            statuses = [await connection.execute(statement, f"{title} %") for statement in DELETE_DECLARED]
        await connection.execute("VACUUM (ANALYZE) incident, incident_kabupaten, event")
        return int(statuses[-1].rpartition(" ")[2])
    finally:
        await connection.close()
