"""The days that triggers keep of volunteers and skills tell the same as the rules, whatever is changed beside what."""

import asyncio
import uuid
from collections import Counter
from datetime import date, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest

from tests.asking import Api, Json
from tests.builders import CERTIFICATE_TYPE, FAR, HOME, NEIGHBOUR, SKILL, Build
from tests.conftest import NOW
from tests.sampling import IS_FUZZ
from tests.waiting import LOCK_WAITS, fetch_current

HISTORIES, CHANGES, BATCH = (60 if IS_FUZZ else 3), 40, 8
TODAY = NOW.date()
PLACES = (("province", HOME[:2]), ("kabupaten", HOME), ("kabupaten", NEIGHBOUR))
SUMMARY = """query($code: ID!, $on: Date!, $skill: ID!) { %s(id: $code) { readinessSummary(on: $on, skill: $skill) {
  people ready reasons { code people } } } }"""
PEOPLE = """query($code: ID!, $on: Date!, $skill: ID!) { volunteers(first: 100, filter: {%s: {eq: $code}}) { nodes {
  readiness(on: $on, skill: $skill) { isReady reasons { code } } } } }"""

# Each is done to one row that is chosen at random; `$1` is its id. Some break a constraint, and change nothing.
UPDATES = {
    "certificate": (
        "UPDATE certificate SET revoked_on = '2026-02-01', revocation_reason = 'Keliru' WHERE id = $1",
        "UPDATE certificate SET revoked_on = NULL, revocation_reason = NULL WHERE id = $1",
        "UPDATE certificate SET expires_on = '2026-03-01' WHERE id = $1",
        "UPDATE certificate SET expires_on = NULL WHERE id = $1",
        "UPDATE certificate SET volunteer_id = (SELECT id FROM volunteer ORDER BY md5(id::text || $1) LIMIT 1) WHERE id = $1",
        "DELETE FROM certificate WHERE id = $1",
    ),
    "membership": (
        "UPDATE membership SET until = '2026-03-01' WHERE id = $1",
        "UPDATE membership SET until = NULL WHERE id = $1",
        "UPDATE membership SET since = '2026-03-02' WHERE id = $1",
        "DELETE FROM membership WHERE id = $1",
    ),
    "organization": (
        "UPDATE organization SET verification = 'SUSPENDED' WHERE id = $1",
        "UPDATE organization SET verification = 'VERIFIED' WHERE id = $1",
    ),
    "licence": (
        "UPDATE licence SET status = 'REVOKED', revoked_on = '2026-02-01' WHERE id = $1",
        "UPDATE licence SET status = 'CONFIRMED', revoked_on = NULL WHERE id = $1",
        "UPDATE licence SET valid_until = '2026-03-01' WHERE id = $1",
        "DELETE FROM licence WHERE id = $1",
    ),
    "volunteer": (
        f"UPDATE volunteer SET kabupaten_code = '{NEIGHBOUR}' WHERE id = $1",
        f"UPDATE volunteer SET kabupaten_code = '{FAR}' WHERE id = $1",
        f"UPDATE volunteer SET kabupaten_code = '{HOME}', status = 'ACTIVE', consent_withdrawn_at = NULL WHERE id = $1",
        "UPDATE volunteer SET status = 'INACTIVE' WHERE id = $1",
        "UPDATE volunteer SET consent_withdrawn_at = now() WHERE id = $1",
    ),
    "absence": ("UPDATE absence SET cancelled_at = now() WHERE id = $1",),
}


async def change(build: Build, random: Random) -> None:
    """Something that may change who is ready, in plain SQL."""
    people = [row["id"] for row in await build.connection.fetch("SELECT id FROM volunteer ORDER BY created_at, id")]
    organizations = [row["id"] for row in await build.connection.fetch("SELECT id FROM organization ORDER BY name")]
    person, organization = random.choice(people), random.choice(organizations)
    since = TODAY + timedelta(days=random.randint(-4, 3))
    until = random.choice([None, since + timedelta(days=random.randint(0, 5))])
    match random.randint(0, 14):
        case 0 | 1:
            await build.certificate(person, organization, issued_on=since, expires_on=until)
        case 2 | 3:
            await build.membership(person, organization, since=since, until=until)
        case 4:
            states: list[dict[str, Any]] = [{}, {"revoked_on": TODAY}, {"kind": "OPERATIONAL"}]
            await build.licence(organization, valid_from=since, valid_until=until, **random.choice(states))
        case 5:
            await build.absence(person, since=since, until=until or since)
        case 6 | 7:
            starts = NOW + timedelta(hours=random.randint(-120, 70))
            need = await build.need(starts_at=starts, ends_at=starts + timedelta(hours=random.choice([5, 30, 75])))
            await build.assignment(need, person, status=random.choice(["ACCEPTED", "COMPLETED"]))
        case _:
            table = random.choice([*UPDATES])
            rows = await build.connection.fetch(f"SELECT id FROM {table} ORDER BY created_at, id")
            if rows:
                await build.connection.execute(random.choice(UPDATES[table]), random.choice(rows)["id"])


async def summary(api: Api, actor: uuid.UUID, place: tuple[str, str], on: date) -> Json:
    values = {"code": f"{place[0].capitalize()}:{place[1]}", "on": on.isoformat(), "skill": f"Skill:{SKILL}"}
    counted = (await api.ask(SUMMARY % place[0], actor=actor, **values))[place[0]]["readinessSummary"]
    return {**counted, "reasons": {each["code"]: each["people"] for each in counted["reasons"]}}


async def asked_one_by_one(api: Api, actor: uuid.UUID, place: tuple[str, str], on: date) -> Json:
    """The same, by what every rule says of each person."""
    values = {"code": f"{place[0].capitalize()}:{place[1]}", "on": on.isoformat(), "skill": f"Skill:{SKILL}"}
    people = (await api.ask(PEOPLE % place[0], actor=actor, **values))["volunteers"]["nodes"]
    broken = Counter(each["readiness"]["reasons"][0]["code"] for each in people if not each["readiness"]["isReady"])
    return {"people": len(people), "ready": len(people) - broken.total(), "reasons": dict(broken)}


# What is stored and not so, or so and not stored.
WRONG = """WITH computed AS (SELECT * FROM skill_days_of(ARRAY(SELECT id FROM volunteer)))
  (TABLE skill_days EXCEPT TABLE computed) UNION ALL (TABLE computed EXCEPT TABLE skill_days)"""


@pytest.mark.parametrize("seed", range(HISTORIES))
async def test_a_summary_counts_what_the_rules_say_of_each(api: Api, build: Build, seed: int) -> None:
    random, actor = Random(seed), await build.coordinator()
    organizations = [await build.organization() for _ in range(3)]
    for number in range(9):
        await build.volunteer(organizations[number % 3], kabupaten_code=(HOME, HOME, NEIGHBOUR)[number % 3])

    for number in range(CHANGES):
        try:
            await change(build, random)
        except asyncpg.IntegrityConstraintViolationError:
            continue
        assert await build.connection.fetch(WRONG) == []
        if number % BATCH == BATCH - 1:
            for place in PLACES:
                for on in (TODAY, TODAY + timedelta(days=2)):
                    expected = await asked_one_by_one(api, actor, place, on)
                    assert await summary(api, actor, place, on) == expected, (number, place, on)


TYPES = (
    "INSERT INTO certificate_type_grant VALUES ('WATER_RESCUE_BASIC', 'LOGISTICS')",
    (
        "DELETE FROM certificate_type_grant WHERE skill_code = 'WATER_RESCUE' AND certificate_type_code = 'WATER_RESCUE_BASIC'"
    ),
)


async def test_what_certificate_types_grant_changes_what_people_are_trained_for(build: Build) -> None:
    await build.volunteer()

    for statement in TYPES:
        await build.connection.execute(statement)

    skills = {row[0] for row in await build.connection.fetch("SELECT skill_code FROM skill_days")}
    assert "LOGISTICS" in skills
    assert "WATER_RESCUE" not in skills
    assert await build.connection.fetch(WRONG) == []


async def test_many_people_follow_one_statement(build: Build) -> None:
    first, second = await build.organization(), await build.organization()
    for _ in range(5):
        await build.volunteer(first)

    for statement in (
        f"UPDATE membership SET organization_id = '{second}'",
        "UPDATE certificate SET expires_on = NULL",
        "UPDATE organization SET verification = 'SUSPENDED'",
        "DELETE FROM membership",
        "DELETE FROM certificate",
    ):
        await build.connection.execute(statement)
        assert await build.connection.fetch(WRONG) == []

    assert await build.connection.fetchval("SELECT count(*) FROM skill_days") == 0


CERTIFICATE = """INSERT INTO certificate (id, volunteer_id, certificate_type_code, issuer_id, number, number_key, issued_on)
  VALUES (gen_random_uuid(), '{person}', '{type}', '{one}', '{number}', '{number}', '{day}')"""
MEMBERSHIP = """INSERT INTO membership (id, volunteer_id, organization_id, since)
  VALUES (gen_random_uuid(), '{person}', '{three}', '2020-01-01')"""
SUSPEND = "UPDATE organization SET verification = 'SUSPENDED' WHERE id = '{%s}'"
VERIFY = "UPDATE organization SET verification = 'VERIFIED' WHERE id = '{%s}'"
LEAVE = "DELETE FROM membership WHERE organization_id = '{%s}'"
REVOKE = "UPDATE licence SET status = 'REVOKED', revoked_on = '2026-02-01' WHERE organization_id = '{one}'"
MOVE = f"UPDATE volunteer SET kabupaten_code = '{NEIGHBOUR}' WHERE id = '{{person}}'"
PAIRS = {
    "two certificates": (
        CERTIFICATE.replace("{number}", "A").replace("{day}", "2010-01-01"),
        CERTIFICATE.replace("{number}", "B").replace("{day}", "2030-01-01"),
    ),
    "a membership and its suspended organization": (MEMBERSHIP, SUSPEND % "three"),
    "a certificate and a suspended organization": (
        CERTIFICATE.replace("{number}", "A").replace("{day}", "2010-01-01"),
        SUSPEND % "one",
    ),
    "two organizations": (SUSPEND % "one", SUSPEND % "two"),
    "the end of a membership and its verified organization": (LEAVE % "four", VERIFY % "four"),
    "a membership and a certificate": (MEMBERSHIP, CERTIFICATE.replace("{number}", "B").replace("{day}", "2030-01-01")),
    "a revoked registration and a membership": (REVOKE, MEMBERSHIP),
    "a move and a suspended organization": (MOVE, SUSPEND % "one"),
    "a move and a certificate": (MOVE, CERTIFICATE.replace("{number}", "A").replace("{day}", "2010-01-01")),
}


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("pair", PAIRS)
async def test_two_changes_at_once_are_both_seen(build: Build, database_url: str, pair: str, turned: bool) -> None:
    """The first is not committed when the second begins, which may have to wait."""
    one, two, three = [await build.organization() for _ in range(3)]
    four = await build.organization(verification="SUSPENDED")
    person = await build.volunteer(one)
    for organization in (two, four):
        await build.membership(person, organization)
    await build.licence(one)
    names = {"person": person, "one": one, "two": two, "three": three, "four": four, "type": CERTIFICATE_TYPE}
    first, second = (each.format(**names) for each in (PAIRS[pair][::-1] if turned else PAIRS[pair]))
    other = await asyncpg.connect(database_url)

    async with build.connection.transaction():
        await build.connection.execute(first)
        task = asyncio.create_task(other.execute(second))
        while not task.done() and await fetch_current(build.connection, LOCK_WAITS) == 0:
            pass
    await task
    await other.close()

    assert await build.connection.fetch(WRONG) == []
