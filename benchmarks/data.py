"""Fills a database with synthetic volunteers, incidents and assignments for the benchmarks.

`python -m benchmarks.data --volunteers 200000 [--seed 1]` fills the migrated, empty database of DATABASE_URL. Two processes
copy half of the people each. Indexes and constraints stay in place.
"""

import argparse
import asyncio
import gc
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
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
from api.models import METADATA
from benchmarks import synthetic
from benchmarks.synthetic import Organizations, uuid7_ids

ORGANIZATIONS, INCIDENTS, NEEDS, ASSIGNMENTS = 2_000, 500, 3_000, 100_000
SHARDS = 2

ETHNICITIES = {
    code: WeightedChoice({own: 70, "JAVANESE": 20, "MALAY": 10}) for code, (_, own) in synthetic.PROVINCES.items()
}
CORPS = WeightedChoice({"TAGANA": 35, "PELOPOR": 20, "MRI": 15, None: 30})
COURSES_TAKEN = WeightedChoice({0: 5, 1: 15, 2: 25, 3: 30, 4: 25})

PAST_STATUSES = WeightedChoice({"COMPLETED": 75, "DECLINED": 11, "EXPIRED": 6, "CANCELLED": 4, "NO_SHOW": 4})
CURRENT_STATUSES = WeightedChoice({"ON_DUTY": 60, "ACCEPTED": 10, "DECLINED": 15, "EXPIRED": 10, "RELEASED": 5})
FUTURE_STATUSES = WeightedChoice({"OFFERED": 40, "ACCEPTED": 40, "MOBILIZED": 5, "DECLINED": 15})
COMMITTED = frozenset({"COMPLETED", "ON_DUTY", "ACCEPTED", "MOBILIZED"})


# A superuser can disable foreign key checks, which are triggers, while copying; `finish` then checks all keys at once. Not if
# the database has other triggers, as they would be disabled too.
CAN_DEFER_KEY_CHECKS = """
SELECT rolsuper AND NOT EXISTS (SELECT FROM pg_trigger WHERE NOT tgisinternal) FROM pg_roles WHERE rolname = current_user
"""
FOREIGN_KEYS = """
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


# Their triggers ask of each row whether the need still has places, which takes minutes; `assignments` keeps within them.
UNCHECKED = ("assignment", "commitment")


class Shard(NamedTuple):
    """The input of one process: its part of the people and needs, and the rows that they refer to."""

    dsn: str
    seed: int
    number: int
    today: date
    catalogue_data: Catalogue
    organizations: Organizations
    homes: list[str]
    needs: list[row.Need]
    spans: list[tuple[date, date]]


def people(rng: RandomSource, ids: Iterator[UUID], shard: Shard) -> Iterator[row.Volunteer]:
    for serial, code in enumerate(shard.homes):
        yield volunteer(
            rng,
            id=next(ids),
            serial=serial * SHARDS + shard.number,
            kabupaten_code=code,
            seat=shard.catalogue_data.seats[code],
            ethnicities=ETHNICITIES[code[:2]],
            today=shard.today,
        )


def memberships(
    rng: RandomSource, ids: Iterator[UUID], shard: Shard, person: row.Volunteer
) -> Iterator[row.Membership]:
    """Membership in a corps of the province or an organization of the kabupaten; three in ten people have another one."""
    local = shard.organizations.local[person.kabupaten_code]
    corps = rng.draw(CORPS)
    first = shard.organizations.corps[person.kabupaten_code[:2], corps] if corps else rng.choice(local)
    second = rng.choice(local) if rng.boolean(0.3) else first
    for number, organization in enumerate(dict.fromkeys((first, second))):
        since = shard.today - timedelta(days=rng.randrange(60, 3000))
        ended = rng.boolean(0.08)
        yield row.Membership(
            next(ids),
            person.id,
            organization,
            f"{person.phone[6:]}-{number}",
            rng.draw(RANKS[corps.lower()]) if corps and not number else None,
            since,
            shard.today - timedelta(days=1) if ended else None,
            "Mengundurkan diri" if ended else None,
        )


def certificates(
    rng: RandomSource, ids: Iterator[UUID], shard: Shard, *, person: row.Volunteer, rank: str | None
) -> Iterator[row.Certificate]:
    """Certificates for the rank and for some courses. One in eight is expired, one in a hundred is revoked."""
    office, serial = shard.organizations.office[person.kabupaten_code[:2]], person.phone[6:]
    courses = [rng.draw(COURSES) for _ in range(rng.draw(COURSES_TAKEN))]
    for kind in dict.fromkeys([CERTIFICATE_BY_RANK[rank], *courses] if rank else courses):
        issued, expires = shard.spans[int(rng.random() * len(shard.spans))]
        revoked = rng.boolean(0.01)
        yield row.Certificate(
            next(ids),
            person.id,
            kind,
            office,
            f"{serial}-{kind}",
            issued,
            expires,
            shard.today if revoked else None,
            "Diterbitkan keliru" if revoked else None,
        )


def assignments(
    rng: RandomSource, ids: Iterator[UUID], shard: Shard, volunteers: list[row.Volunteer]
) -> Iterator[row.Assignment | row.Commitment]:
    """Assignments of people of the same province, with commitments.

    People with a commitment at the same time decline. Each need has a place for everybody who is assigned to it.
    """
    pools: dict[str, list[UUID]] = defaultdict(list)
    for person in volunteers:
        pools[person.kabupaten_code[:2]].append(person.id)
    committed_needs: dict[UUID, list[row.Need]] = defaultdict(list)
    for number, need in enumerate(shard.needs):
        count = ASSIGNMENTS * (number + 1) // NEEDS - ASSIGNMENTS * number // NEEDS
        pool, weights = pools[need.kabupaten_code[:2]], status_weights(need, at_hour(shard.today, 0))
        for volunteer_id in rng.sample(pool, min(count, len(pool))):
            status = rng.draw(weights)
            if any(overlap(need, other) for other in committed_needs[volunteer_id]):
                status = "DECLINED"
            elif status in COMMITTED:
                committed_needs[volunteer_id].append(need)
            yield from assignment_rows(ids, need, volunteer_id, status=status)


def overlap(one: row.Need, other: row.Need) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


def status_weights(need: row.Need, now: datetime) -> WeightedChoice[str]:
    if need.ends_at <= now:
        return PAST_STATUSES
    return CURRENT_STATUSES if need.starts_at <= now else FUTURE_STATUSES


def assignment_rows(
    ids: Iterator[UUID], need: row.Need, person: UUID, *, status: str
) -> Iterator[row.Assignment | row.Commitment]:
    accepted = need.starts_at - timedelta(days=1) if status in (*COMMITTED, "RELEASED", "NO_SHOW") else None
    arrived = need.starts_at if status == "ON_DUTY" else None
    # At its beginning, so that nothing of it was served.
    released = need.starts_at if status == "RELEASED" else None
    period = (need.starts_at, need.ends_at, need.starts_at)
    assignment = row.Assignment(
        next(ids), need.id, person, status, *period, None, accepted, arrived, released_at=released
    )
    yield assignment
    if status in COMMITTED:
        yield row.Commitment(next(ids), person, assignment.id, asyncpg.Range(need.starts_at, need.ends_at))


async def fill_shard(shard: Shard) -> None:
    """Copies the people of the shard and all rows that refer to them, table by table."""
    rng = RandomSource(shard.seed * 1000 + shard.number)
    ids = uuid7_ids(rng, slot=1 + shard.number)
    connection = await asyncpg.connect(shard.dsn)
    if await connection.fetchval(CAN_DEFER_KEY_CHECKS):
        await connection.execute("SET session_replication_role = replica")
    volunteers = list(people(rng, ids, shard))
    await row.copy_table(connection, row.Volunteer, volunteers)
    membership_rows = [membership for person in volunteers for membership in memberships(rng, ids, shard, person)]
    ranks = {member.volunteer_id: member.rank_code for member in membership_rows if member.rank_code}
    await row.copy_table(connection, row.Membership, membership_rows)
    certificate_rows = (
        certificate
        for person in volunteers
        for certificate in certificates(rng, ids, shard, person=person, rank=ranks.get(person.id))
    )
    await row.copy_table(connection, row.Certificate, certificate_rows)
    async with connection.transaction():
        await row.copy_rows(connection, assignments(rng, ids, shard, volunteers))
    await connection.close()


async def switch_checks(connection: asyncpg.Connection, action: str) -> None:
    """Enables or disables the triggers of `UNCHECKED`, without those of foreign keys."""
    for table in UNCHECKED:
        await connection.execute(f"ALTER TABLE {table} {action} TRIGGER USER")


async def prepare(dsn: str, *, total: int, seed: int, today: date) -> list[Shard]:
    """Copies the rows that all shards refer to, and returns the shards."""
    rng = RandomSource(seed)
    ids = uuid7_ids(rng, slot=0)
    connection = await asyncpg.connect(dsn)
    if await connection.fetchval("SELECT EXISTS (SELECT FROM volunteer)"):
        raise SystemExit("The benchmark needs an empty database; this one already has volunteers.")
    await reference.load(connection)
    await switch_checks(connection, "DISABLE")
    catalogue_data = await catalogue.read(connection)
    homes = synthetic.home_kabupaten(rng, catalogue_data, total=total)
    organizations = synthetic.make_organizations(rng, ids, catalogue_data, total=ORGANIZATIONS)
    incidents = list(synthetic.incidents(rng, ids, catalogue_data, total=INCIDENTS, today=today))
    needs = list(synthetic.needs(rng, ids, incidents, total=NEEDS))
    (most, _), *_ = Counter(homes).most_common(1)
    await row.copy_rows(
        connection,
        [
            *organizations.rows,
            *synthetic.licences(rng, ids, organizations, today=today),
            *(incident for incident, _ in incidents),
            *(
                row.IncidentKabupaten(incident.id, code)
                for incident, kabupaten_codes in incidents
                for code in kabupaten_codes
            ),
            # Where the need is, people of all provinces may be sent.
            *synthetic.decrees(ids, incidents),
            *needs,
            *synthetic.accounts(ids, kabupaten_code=most),
        ],
    )
    await connection.close()
    expiries = [today + timedelta(days=days) for days in range(-130, 900)]
    spans = [(months_before(expires, 36), expires) for expires in expiries]
    return [
        Shard(
            dsn, seed, number, today, catalogue_data, organizations, homes[number::SHARDS], needs[number::SHARDS], spans
        )
        for number in range(SHARDS)
    ]


async def finish(dsn: str) -> dict[str, int]:
    """Vacuums and analyzes, checks the foreign keys, and returns the number of rows by table, without empty ones."""
    connection = await asyncpg.connect(dsn)
    await switch_checks(connection, "ENABLE")
    await connection.execute("VACUUM (ANALYZE)")
    for key in await connection.fetch(FOREIGN_KEYS):
        if await connection.fetchval(key["broken"]):
            raise SystemExit(f"The data violate the foreign key {key['conname']}.")
    counts = {
        table.name: await connection.fetchval(f"SELECT count(*) FROM {table.name}")  # noqa: S608 - names of our own tables
        for table in METADATA.sorted_tables
    }
    await connection.close()
    return {name: count for name, count in counts.items() if count}


def fill_shard_in_process(shard: Shard) -> None:
    gc.disable()  # Millions of rows without reference cycles.
    asyncio.run(fill_shard(shard))


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
    shards = asyncio.run(prepare(dsn, total=chosen.volunteers, seed=chosen.seed, today=chosen.today))
    with ProcessPoolExecutor(SHARDS, mp_context=get_context("spawn")) as pool:
        list(pool.map(fill_shard_in_process, shards))
    for name, rows in asyncio.run(finish(dsn)).items():
        print(f"{rows:>10,} {name}")
    print(f"{time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main()
