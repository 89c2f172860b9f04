"""Offering a duty to a thousand at once, through the application, on the data of the other benchmarks; nothing of it stays."""

import json
import statistics
import time
from typing import Any
from uuid import UUID

import asyncpg
from starlette.applications import Starlette

from api.models.base import new_id
from benchmarks.bar import Bar
from benchmarks.database import Database, delete_declared
from benchmarks.in_process import post, running_application
from benchmarks.query import TITLE

PEOPLE, ROUNDS, SECONDS = 1_000, 3, 1.0
OFFER = """mutation($input: OfferAssignmentsInput!) { offerAssignments(input: $input) {
  results { assignment { id } problems { code } } problems { code } } }"""
INCIDENT = """
INSERT INTO incident (id, hazard_code, title, search_key, sort_key, latitude, longitude, status, started_at)
SELECT $1, 'FLOOD', $2, $2, $2, latitude, longitude, 'ACTIVE', now() FROM kabupaten WHERE code = $3"""
NEED = """
INSERT INTO need (id, incident_id, kabupaten_code, latitude, longitude, skill_code, cluster_code, priority, people_wanted,
  starts_at, ends_at)
SELECT $1, $2, code, latitude, longitude, 'LOGISTICS', 'LOGISTICS', 'HIGH', $3, now() + interval '2 days',
  now() + interval '5 days'
FROM kabupaten WHERE code = $4"""
# The kabupaten of most volunteers.
PLACE = "SELECT kabupaten_code FROM volunteer GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
OFFERED = "SELECT volunteer_id FROM assignment WHERE need_id = $1 ORDER BY id"


async def measure_offers(database: Database) -> list[Bar]:
    """The seconds of a request, the median of a few: for the nearest, and for the same people by their names."""
    connection = await asyncpg.connect(database.url)
    nearest, named = [], []
    try:
        place = await connection.fetchval(PLACE)
        async with running_application(database) as app:
            for _ in range(ROUNDS):
                need = await make_need(connection, place)
                nearest.append(await offer(app, database.facts.national, need, volunteers=[], nearest=PEOPLE))
                people = [f"Volunteer:{row[0]}" for row in await connection.fetch(OFFERED, need)]
                assert len(people) == PEOPLE, len(people)
                named.append(
                    await offer(app, database.facts.national, await make_need(connection, place), volunteers=people)
                )
    finally:
        await connection.close()
        await delete_declared(database.url, TITLE)
    seconds = {"the nearest": nearest, "named": named}
    return [
        Bar(f"Offer to {PEOPLE:,} people, {name}", SECONDS, statistics.median(each), "seconds", at_most=True)
        for name, each in seconds.items()
    ]


async def make_need(connection: asyncpg.Connection, place: str) -> UUID:
    incident, need = new_id(), new_id()
    await connection.execute(INCIDENT, incident, f"{TITLE} {incident}", place)
    await connection.execute(NEED, need, incident, PEOPLE, place)
    return need


async def offer(app: Starlette, token: str, need: UUID, **people: Any) -> float:
    body = json.dumps({"query": OFFER, "variables": {"input": {"need": f"Need:{need}", **people}}})
    started_at = time.perf_counter()
    answer = json.loads(await post(app, body.encode(), token))
    seconds = time.perf_counter() - started_at
    results = answer["data"]["offerAssignments"]["results"]
    assert sum(result["assignment"] is not None for result in results) == PEOPLE, answer
    return seconds
