"""A country's worth of made-up people and duties, for the benchmarks.

`python -m benchmarks.data --volunteers 200000 [--seed 1]` fills the migrated, empty database of DATABASE_URL. Indexes and
constraints stay as they are: two processes copy half of the people each, and so keep two cores busy on either side.
"""

import argparse
import asyncio
import gc
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from typing import NamedTuple
from uuid import UUID

import asyncpg

from api import reference
from api.demo import catalogue, row
from api.demo.catalogue import Catalogue
from api.demo.certificate import CERTIFICATE_BY_RANK, COURSES
from api.demo.day import at_hour, months_before
from api.demo.membership import RANKS
from api.demo.person import volunteer
from api.demo.random_source import RandomSource, WeightedChoice
from benchmarks import country
from benchmarks.country import Organizations, identities

ORGANIZATIONS, INCIDENTS, NEEDS, ASSIGNMENTS = 2_000, 500, 3_000, 100_000
HALVES = 2

ETHNICITIES = {
    code: WeightedChoice({own: 70, "JAVANESE": 20, "MALAY": 10}) for code, (_, own) in country.PROVINCES.items()
}
CORPS = WeightedChoice({"TAGANA": 35, "PELOPOR": 20, "MRI": 15, None: 30})
COURSES_TAKEN = WeightedChoice({0: 5, 1: 15, 2: 25, 3: 30, 4: 25})

PAST = WeightedChoice({"COMPLETED": 75, "DECLINED": 11, "EXPIRED": 6, "CANCELLED": 4, "NO_SHOW": 4})
RUNNING = WeightedChoice({"ON_DUTY": 60, "ACCEPTED": 10, "DECLINED": 15, "EXPIRED": 10, "RELEASED": 5})
COMING = WeightedChoice({"OFFERED": 40, "ACCEPTED": 40, "MOBILIZED": 5, "DECLINED": 15})
COMMITTED = frozenset({"COMPLETED", "ON_DUTY", "ACCEPTED", "MOBILIZED"})


# What is copied refers to what was copied before, so a superuser looks at the foreign keys once, in `finish`, and not for
# every row; but never where a trigger of our own would be skipped with them.
MAY_CHECK_KEYS_LATER = """
SELECT rolsuper AND NOT EXISTS (SELECT FROM pg_trigger WHERE NOT tgisinternal) FROM pg_roles WHERE rolname = current_user
"""
KEYS = """
SELECT conname, format(
    'SELECT EXISTS (SELECT FROM %s AS child LEFT JOIN %s AS parent ON parent.%I = child.%I'
    ' WHERE child.%4$I IS NOT NULL AND parent.%3$I IS NULL)',
    conrelid::regclass, confrelid::regclass, parent.attname, child.attname
) AS broken
FROM pg_constraint
JOIN pg_attribute AS child ON child.attrelid = conrelid AND child.attnum = conkey[1]
JOIN pg_attribute AS parent ON parent.attrelid = confrelid AND parent.attnum = confkey[1]
WHERE contype = 'f'
"""


class Half(NamedTuple):
    """What one process copies, and what it must know for it."""

    dsn: str
    seed: int
    number: int
    today: date
    known: Catalogue
    organizations: Organizations
    homes: list[str]
    needs: list[row.Need]
    spans: list[tuple[date, date]]


def people(rng: RandomSource, ids: Iterator[UUID], half: Half) -> Iterator[row.Volunteer]:
    for serial, code in enumerate(half.homes):
        yield volunteer(
            rng,
            id=next(ids),
            serial=serial * HALVES + half.number,
            kabupaten_code=code,
            seat=half.known.seats[code],
            ethnicities=ETHNICITIES[code[:2]],
            today=half.today,
        )


def memberships(rng: RandomSource, ids: Iterator[UUID], half: Half, person: row.Volunteer) -> Iterator[row.Membership]:
    """In a corps of the province or in an organization of the kabupaten; three in ten are in one more."""
    local = half.organizations.local[person.kabupaten_code]
    corps = rng.draw(CORPS)
    first = half.organizations.corps[person.kabupaten_code[:2], corps] if corps else rng.choice(local)
    second = rng.choice(local) if rng.boolean(0.3) else first
    for number, organization in enumerate(dict.fromkeys((first, second))):
        since = half.today - timedelta(days=rng.randrange(60, 3000))
        ended = rng.boolean(0.08)
        yield row.Membership(
            next(ids),
            person.id,
            organization,
            f"{person.phone[6:]}-{number}",
            rng.draw(RANKS[corps.lower()]) if corps and not number else None,
            since,
            half.today - timedelta(days=1) if ended else None,
            "Mengundurkan diri" if ended else None,
        )


def certificates(
    rng: RandomSource, ids: Iterator[UUID], half: Half, *, person: row.Volunteer, rank: str | None
) -> Iterator[row.Certificate]:
    """What the rank asks for and some courses; one in eight expired, one in a hundred revoked."""
    office, serial = half.organizations.office[person.kabupaten_code[:2]], person.phone[6:]
    courses = [rng.draw(COURSES) for _ in range(rng.draw(COURSES_TAKEN))]
    for kind in dict.fromkeys([CERTIFICATE_BY_RANK[rank], *courses] if rank else courses):
        issued, expires = half.spans[int(rng.random() * len(half.spans))]
        revoked = rng.boolean(0.01)
        yield row.Certificate(
            next(ids),
            person.id,
            kind,
            office,
            f"{serial}-{kind}",
            issued,
            expires,
            half.today if revoked else None,
            "Diterbitkan keliru" if revoked else None,
        )


def duties(
    rng: RandomSource, ids: Iterator[UUID], half: Half, volunteers: list[row.Volunteer]
) -> Iterator[row.Assignment | row.Commitment]:
    """Of people of the same province; who is promised elsewhere at that time declines."""
    pools: dict[str, list[UUID]] = defaultdict(list)
    for person in volunteers:
        pools[person.kabupaten_code[:2]].append(person.id)
    promised: dict[UUID, list[row.Need]] = defaultdict(list)
    for number, need in enumerate(half.needs):
        total = ASSIGNMENTS * (number + 1) // NEEDS - ASSIGNMENTS * number // NEEDS
        pool, outcome = pools[need.kabupaten_code[:2]], outcomes(need, at_hour(half.today, 0))
        for someone in rng.sample(pool, min(total, len(pool))):
            status = rng.draw(outcome)
            if any(overlap(need, other) for other in promised[someone]):
                status = "DECLINED"
            elif status in COMMITTED:
                promised[someone].append(need)
            yield from duty(ids, need, someone, status=status)


def overlap(one: row.Need, other: row.Need) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def outcomes(need: row.Need, now: datetime) -> WeightedChoice[str]:
    if need.ends_at <= now:
        return PAST
    return RUNNING if need.starts_at <= now else COMING


def duty(
    ids: Iterator[UUID], need: row.Need, person: UUID, *, status: str
) -> Iterator[row.Assignment | row.Commitment]:
    assignment = row.Assignment(next(ids), need.id, person, status, need.starts_at, need.ends_at, need.starts_at, None)
    yield assignment
    if status in COMMITTED:
        yield row.Commitment(next(ids), person, assignment.id, asyncpg.Range(need.starts_at, need.ends_at))


async def fill(half: Half) -> None:
    """Everything that hangs on this half of the people, table by table."""
    rng = RandomSource(half.seed * 1000 + half.number)
    ids = identities(rng, stretch=1 + half.number)
    connection = await asyncpg.connect(half.dsn)
    if await connection.fetchval(MAY_CHECK_KEYS_LATER):
        await connection.execute("SET session_replication_role = replica")
    volunteers = list(people(rng, ids, half))
    await copy(connection, row.Volunteer, volunteers)
    joined = [member for person in volunteers for member in memberships(rng, ids, half, person)]
    ranks = {member.volunteer_id: member.rank_code for member in joined if member.rank_code}
    await copy(connection, row.Membership, joined)
    papers = (
        paper
        for person in volunteers
        for paper in certificates(rng, ids, half, person=person, rank=ranks.get(person.id))
    )
    await copy(connection, row.Certificate, papers)
    await row.copy_rows(connection, duties(rng, ids, half, volunteers))
    await connection.close()


async def copy(connection: asyncpg.Connection, kind: type[row.Row], rows: Iterable[row.Row]) -> None:
    await connection.copy_records_to_table(row.TABLES[kind], records=rows, columns=list(kind._fields))


async def prepare(dsn: str, *, total: int, seed: int, today: date) -> list[Half]:
    """What both halves refer to, committed before they begin."""
    rng = RandomSource(seed)
    ids = identities(rng, stretch=0)
    connection = await asyncpg.connect(dsn)
    if await connection.fetchval("SELECT EXISTS (SELECT FROM volunteer)"):
        raise SystemExit("The benchmark needs an empty database; this one already has volunteers.")
    await reference.load(connection)
    known = await catalogue.read(connection)
    homes = country.homes(rng, known, total=total)
    organizations = country.found(rng, ids, known, total=ORGANIZATIONS)
    happened = list(country.incidents(rng, ids, known, total=INCIDENTS, today=today))
    needs = list(country.needs(rng, ids, happened, total=NEEDS))
    (most, _), *_ = Counter(homes).most_common(1)
    await row.copy_rows(
        connection,
        [
            *organizations.rows,
            *country.licences(rng, ids, organizations, today=today),
            *(incident for incident, _ in happened),
            *(row.IncidentKabupaten(incident.id, code) for incident, places in happened for code in places),
            *needs,
            *country.accounts(ids, kabupaten_code=most),
        ],
    )
    await connection.close()
    expiries = [today + timedelta(days=days) for days in range(-130, 900)]
    spans = [(months_before(expires, 36), expires) for expires in expiries]
    return [
        Half(dsn, seed, number, today, known, organizations, homes[number::HALVES], needs[number::HALVES], spans)
        for number in range(HALVES)
    ]


async def finish(dsn: str) -> dict[str, int]:
    """Statistics and visibility maps, as a server that has run for a while has them."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("VACUUM (ANALYZE)")
    for key in await connection.fetch(KEYS):
        if await connection.fetchval(key["broken"]):
            raise SystemExit(f"The data are wrong: {key['conname']} does not hold.")
    counts = {
        name: await connection.fetchval(f"SELECT count(*) FROM {name}")  # noqa: S608 - our own names
        for name in row.TABLES.values()
    }
    await connection.close()
    return counts


def fill_half(half: Half) -> None:
    gc.disable()  # Millions of rows, no circles among them.
    asyncio.run(fill(half))


def main() -> None:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.data", description="Fill the empty database of DATABASE_URL for the benchmarks."
    )
    parser.add_argument("--volunteers", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--today", type=date.fromisoformat, default=datetime.now(UTC).date(), help="YYYY-MM-DD")
    chosen = parser.parse_args()
    dsn = os.environ.get("DATABASE_URL", "").replace("+asyncpg", "")
    if not dsn:
        sys.exit("DATABASE_URL is not set.")
    start = time.perf_counter()
    halves = asyncio.run(prepare(dsn, total=chosen.volunteers, seed=chosen.seed, today=chosen.today))
    with ProcessPoolExecutor(HALVES, mp_context=get_context("spawn")) as pool:
        list(pool.map(fill_half, halves))
    for name, rows in asyncio.run(finish(dsn)).items():
        print(f"{rows:>10,} {name}")
    print(f"{time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
