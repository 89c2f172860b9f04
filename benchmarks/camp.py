"""A thousand at the gate, on a database of its own: `python -m benchmarks.camp` prints the seconds of each step."""

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import uvloop

from api import installation, reference
from api.app import application
from api.auth import Tokens
from api.context import wall_clock
from api.database import embedded, migration
from api.database.engine import Database, Transaction
from api.models import Account, Camp, CampQuota, CampSession, Membership, Organization, Role, Volunteer
from api.models.base import new_id
from api.settings import read_settings
from benchmarks.bar import Bar
from benchmarks.camp_replay import Do, Replay

PEOPLE, CAPACITY, LEAVING = 1_600, 1_000, 25
SECONDS = 30.0
# The places of the quotas, and how many they let in.
OF_KABUPATEN, OF_ORGANIZATION, FILLED = 60, 205, 820
VERSION = "SELECT version FROM camp WHERE id = $1"
KALTENG = [f"62.{number:02}" for number in (*range(1, 14), 71)]
CORPS = ("Pelopor Perdamaian", "Tagana", "MRI", "Karang Taruna")
STARTED = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Camped:
    """The seconds of each step; the last one is the registration for a camp with quotas."""

    seconds: Mapping[str, float]

    @property
    def bars(self) -> list[Bar]:
        whole = sum(self.seconds.values()) - self.seconds["quotas"]
        return [
            Bar(
                f"Camp of {CAPACITY:,}, from {PEOPLE:,} registrations to the certificates",
                SECONDS,
                whole,
                "seconds",
                at_most=True,
            ),
            Bar(f"{PEOPLE:,} registrations under 18 quotas", SECONDS, self.seconds["quotas"], "seconds", at_most=True),
        ]


def measure_camp() -> Camped:
    """In a process of its own."""
    printed = subprocess.run(
        [sys.executable, "-m", "benchmarks.camp"], check=True, capture_output=True, text=True
    ).stdout
    return Camped(json.loads(printed.splitlines()[-1]))


@dataclass(frozen=True, slots=True)
class Prepared:
    """The account of a coordinator, the open camp and its sessions, a camp with quotas, and the people in a shuffled order."""

    account: uuid.UUID
    camp: uuid.UUID
    sessions: Sequence[uuid.UUID]
    with_quotas: uuid.UUID
    people: Sequence[uuid.UUID]


async def add_quotas(session: Transaction, camp: uuid.UUID, organizations: Sequence[uuid.UUID]) -> None:
    limits: list[tuple[str, Any, int]] = [("kabupaten_code", home, OF_KABUPATEN) for home in KALTENG]
    limits += [("organization_id", organization, OF_ORGANIZATION) for organization in organizations]
    for name, value, places in limits:
        await session.insert(CampQuota, id=new_id(), camp_id=camp, **{name: value}, places=places)


async def prepare(database: Database) -> Prepared:
    """The people are spread evenly over kabupaten and organizations, and shuffled by a fixed seed."""
    account, host, camp = new_id(), new_id(), new_id()
    organizations = [host, *(new_id() for _ in CORPS[1:])]
    starts = wall_clock() - STARTED
    async with database.transaction() as session:
        for key, name in zip(organizations, CORPS, strict=True):
            of = {"kind": "CORPS", "corps": "TAGANA", "kabupaten_code": "62.71", "verification": "VERIFIED"}
            await session.insert(Organization, id=key, name=name, **of)
        await session.insert(Account, id=account, login="kemah", name="Kemah", active=True)
        await session.insert(Role, id=new_id(), account_id=account, kind="COORDINATOR", province_code="62")
        venue = {"kabupaten_code": "62.71", "venue": "Kambariat Tuah Pahoe", "latitude": -2.2, "longitude": 113.9}
        times = {"starts_at": starts, "ends_at": starts + timedelta(days=3), "opened_at": starts}
        own = {
            "kind_code": "CONSOLIDATION",
            "name": "Kemah",
            "host_id": host,
            "attendees": "VOLUNTEERS",
            "status": "OPEN",
        }
        await session.insert(Camp, id=camp, **own, **venue, **times, capacity=CAPACITY, attendance_percent=80)
        sessions = [new_id() for _ in range(2)]
        for number, key in enumerate(sessions):
            at = starts + timedelta(hours=4 * number)
            times = {"starts_at": at, "ends_at": at + timedelta(hours=2)}
            await session.insert(CampSession, id=key, camp_id=camp, title=f"Sesi {number}", is_required=True, **times)
        agreed = {
            "issuer_id": host,
            "issuer_agreed_at": wall_clock(),
            "participant_certificate_code": "WATER_RESCUE_BASIC",
        }
        await session.update(Camp, camp, **agreed)
        people = [new_id() for _ in range(PEOPLE)]
        for person, (home, organization) in zip(people, cycle(product(KALTENG, organizations)), strict=False):
            consent = {"consent_given_at": starts, "consent_purpose": "Kemah"}
            given = {
                "name": f"Relawan {person.hex[-6:]}",
                "kabupaten_code": home,
                "reach": "NATIONAL",
                "status": "ACTIVE",
            }
            await session.insert(Volunteer, id=person, **given, **consent)
            since = {"since": starts.date().replace(year=2018)}
            await session.insert(Membership, id=new_id(), volunteer_id=person, organization_id=organization, **since)
        with_quotas = new_id()
        later = {"starts_at": starts + timedelta(days=20), "ends_at": starts + timedelta(days=23), "opened_at": starts}
        await session.insert(Camp, id=with_quotas, **own, **venue, **later, capacity=CAPACITY)
        await add_quotas(session, with_quotas, organizations)
    Random(2019).shuffle(people)
    return Prepared(account, camp, sessions, with_quotas, people)


async def replay(url: str, folder: Path) -> dict[str, float]:
    await migration.upgrade(url)
    async with installation.connected(url) as connection:
        await reference.load(connection)
        database = await Database.open(url)
        try:
            prepared = await prepare(database)
        finally:
            await database.close()
        app = application(url, folder)
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://sigap") as client,
        ):
            token = Tokens.load(folder).issue(prepared.account, wall_clock())
            headers = {"Authorization": f"Bearer {token}"}

            async def do(name: str, values: Mapping[str, Any], selection: str) -> Any:
                type_ = f"{name[0].upper()}{name[1:]}Input"
                document = f"mutation($input: {type_}!) {{ {name}(input: $input) {{ {selection} }} }}"
                body = {"query": document, "variables": {"input": values}}
                response = await client.post("/graphql", json=body, headers=headers, timeout=60)
                return response.json()["data"][name]

            return await run_steps(do, connection, prepared)


async def run_steps(do: Do, connection: Any, prepared: Prepared) -> dict[str, float]:
    """The seconds of each step; what came of them must be right."""
    seconds: dict[str, float] = {}
    camp, quotas = Replay(do, f"Camp:{prepared.camp}"), Replay(do, f"Camp:{prepared.with_quotas}")

    async def timed(name: str, step: Awaitable[None]) -> None:
        started_at = time.perf_counter()
        await step
        seconds[name] = seconds.get(name, 0) + time.perf_counter() - started_at

    await timed("registration", camp.register(prepared.people))
    held = await connection.fetch("SELECT id FROM camp_registration WHERE status = 'REGISTERED' ORDER BY number")
    leaving = Random(25).sample([row["id"] for row in held], LEAVING)
    await timed("cancellation", camp.cancel(leaving))
    await timed("codes", camp.start(await connection.fetchval(VERSION, prepared.camp)))
    codes = [row["code"] for row in await connection.fetch("SELECT code FROM scan_code ORDER BY code")]
    now = wall_clock()
    await timed("gate", camp.scan(codes, (now - timedelta(hours=2)).isoformat()))
    for session in prepared.sessions:
        await timed("sessions", camp.scan(codes, (now - timedelta(hours=1)).isoformat(), "SESSION", session))
    version = await connection.fetchval(VERSION, prepared.camp)
    await timed("completion", camp.complete(version))
    counts = await connection.fetchrow(
        """SELECT count(*) FILTER (WHERE status = 'COMPLETED') AS completed, (SELECT count(*) FROM certificate) AS certified
        FROM camp_registration"""
    )
    assert tuple(counts) == (CAPACITY, CAPACITY), counts
    await timed("quotas", quotas.register(prepared.people))
    held = "SELECT count(*) FROM camp_registration WHERE camp_id = $1 AND status = 'REGISTERED'"
    assert await connection.fetchval(held, prepared.with_quotas) == FILLED
    return seconds


def main() -> None:
    with TemporaryDirectory(prefix="sigap-camp-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        server = embedded.start(folder / "database", binaries=read_settings().postgres_bin)
        try:
            seconds = uvloop.run(replay(server.url, folder))
        finally:
            server.stop()
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
