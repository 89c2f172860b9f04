"""Offering a duty to a thousand at once, through the application, on the data of the other benchmarks; nothing of it stays."""

import json
import statistics
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from starlette.applications import Starlette

from benchmarks.bar import Bar
from benchmarks.database import Database, delete_declared
from benchmarks.in_process import post, running_application
from benchmarks.query import TITLE

PEOPLE, ROUNDS, SECONDS = 1_000, 3, 1.0
OFFER = """mutation($input: OfferAssignmentsInput!) { offerAssignments(input: $input) {
  results { assignment { id } problems { code } } problems { code } } }"""
DECLARE = """mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) {
  thing: incident { id } problems { code } } }"""
RAISE = """mutation($input: RaiseNeedInput!) { raiseNeed(input: $input) { thing: need { id } problems { code } } }"""
# The kabupaten of most volunteers.
PLACE = "SELECT kabupaten_code FROM volunteer GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
OFFERED = "SELECT volunteer_id FROM assignment WHERE need_id = $1 ORDER BY id"


async def measure_offers(database: Database) -> list[Bar]:
    """The seconds of a request, the median of a few: for the nearest, and for the same people by their names."""
    connection = await asyncpg.connect(database.url)
    token, nearest, named = database.facts.national, [], []
    try:
        place = await connection.fetchval(PLACE)
        async with running_application(database) as app:
            for number in range(ROUNDS):
                needs = await make_needs(app, token, place, title=f"{TITLE} {number}")
                nearest.append(await offer(app, token, needs[0], volunteers=[], nearest=PEOPLE))
                offered = await connection.fetch(OFFERED, UUID(needs[0].partition(":")[2]))
                people = [f"Volunteer:{row[0]}" for row in offered]
                assert len(people) == PEOPLE, len(people)
                named.append(await offer(app, token, needs[1], volunteers=people))
    finally:
        await connection.close()
        await delete_declared(database.url, TITLE)
    seconds = {"the nearest": nearest, "named": named}
    return [
        Bar(f"Offer to {PEOPLE:,} people, {name}", SECONDS, statistics.median(each), "seconds", at_most=True)
        for name, each in seconds.items()
    ]


async def make_needs(app: Starlette, token: str, place: str, *, title: str) -> tuple[str, str]:
    """The ids of two needs, each of an incident of its own."""
    now = datetime.now(UTC)
    incident = {"hazard": "FLOOD", "title": title, "kabupatens": [place], "startedAt": now.isoformat()}
    need = {
        "skill": "LOGISTICS",
        "cluster": "LOGISTICS",
        "kabupaten": place,
        "peopleWanted": PEOPLE,
        "priority": "HIGH",
        "startsAt": (now + timedelta(days=2)).isoformat(),
        "endsAt": (now + timedelta(days=5)).isoformat(),
    }
    incidents = [await make(app, token, DECLARE, incident) for _ in range(2)]
    one, other = [await make(app, token, RAISE, {**need, "incident": each}) for each in incidents]
    return one, other


async def make(app: Starlette, token: str, document: str, values: Mapping[str, Any]) -> str:
    """The id of what the mutation makes."""
    answer = await ask(app, token, document, values)
    (made,) = answer["data"].values()
    assert made["thing"] is not None, answer
    id_: str = made["thing"]["id"]
    return id_


async def offer(app: Starlette, token: str, need: str, **people: Any) -> float:
    started_at = time.perf_counter()
    answer = await ask(app, token, OFFER, {"need": need, **people})
    seconds = time.perf_counter() - started_at
    results = answer["data"]["offerAssignments"]["results"]
    assert sum(result["assignment"] is not None for result in results) == PEOPLE, answer
    return seconds


async def ask(app: Starlette, token: str, document: str, values: Mapping[str, Any]) -> Any:
    body = json.dumps({"query": document, "variables": {"input": values}})
    return json.loads(await post(app, body.encode(), token))
