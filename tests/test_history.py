"""Random histories of duties by several sessions at once, judged by a checker that reads the tables only."""

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from tests.asking import Api, Json, instant
from tests.builders import Build
from tests.conftest import NOW
from tests.sampling import IS_FUZZ
from tests.test_race import run_concurrently

HOUR = timedelta(hours=1)
HISTORIES = 1_000 if IS_FUZZ else 4
ROUNDS, SESSIONS, PEOPLE, PLACES = 8, 5, 5, 2
# How often something is tried that fits the status.
LIKELY = 0.8
PROMISED = ("ACCEPTED", "MOBILIZED", "ON_DUTY")

FIELDS = {
    name: f"{name[0].lower()}{name[1:]}Assignment"
    for name in ("Accept", "Decline", "Cancel", "Release", "Extend", "Replace", "Mobilize", "CheckIn", "CheckOut")
} | {"Offer": "offerAssignment", "OfferAll": "offerAssignments", "RecordNoShow": "recordNoShow"}


def document(name: str) -> str:
    type_name = FIELDS[name][0].upper() + FIELDS[name][1:]
    return f"mutation($input: {type_name}Input!) {{ {FIELDS[name]}(input: $input) {{ problems {{ code }} }} }}"


@dataclass(slots=True)
class World:
    """Two needs for two that overlap, five people, and who acts for them."""

    api: Api
    build: Build
    random: Random
    needs: list[uuid.UUID]
    accounts: dict[uuid.UUID, uuid.UUID]
    coordinator: uuid.UUID

    def call(self, name: str, actor: uuid.UUID, **values: Any) -> Callable[[], Awaitable[Json]]:
        return lambda: self.api.do(document(name), actor=actor, **values)

    def hour(self, since: int, until: int) -> str:
        return instant(NOW + self.random.randint(since, until) * HOUR)

    def offer(self) -> Callable[[], Awaitable[Json]]:
        need = self.random.randrange(2)
        people = [f"Volunteer:{person}" for person in self.random.sample([*self.accounts], 3)]
        named = {"need": f"Need:{self.needs[need]}"}
        begins = (-6, 4)[need]
        if self.random.random() < 0.3:
            return self.call("OfferAll", self.coordinator, **named, volunteers=people, nearest=1)
        period = {"startsAt": self.hour(begins, begins + 8), "endsAt": self.hour(begins + 9, begins + 20)}
        return self.call("Offer", self.coordinator, **named, volunteer=people[0], **period)

    def change(self, row: Any) -> Callable[[], Awaitable[Json]]:
        """Something with an assignment, whether it can be done or not."""
        person, key = self.accounts[row["volunteer_id"]], f"Assignment:{row['id']}"
        versioned = {"assignment": key, "version": row["version"]}
        other = f"Volunteer:{self.random.choice([*self.accounts])}"
        reported = {"assignment": key, "at": self.hour(-8, 0)}
        answers = [*[("Accept", person, versioned)] * 5, ("Decline", person, versioned)]
        others = [
            ("Cancel", person, {**versioned, "reason": "Batal"}),
            ("Release", self.coordinator, {**versioned, "reason": "Pulang"}),
            ("RecordNoShow", self.coordinator, {**versioned, "reason": "Tidak datang"}),
            *[("Extend", self.coordinator, {**versioned, "endsAt": self.hour(6, 24)})] * 3,
            *[("Replace", self.coordinator, {**versioned, "volunteer": other, "startsAt": self.hour(-6, 20)})] * 3,
            ("Mobilize", person, reported),
            *[("CheckIn", self.coordinator, reported)] * 3,
            *[("CheckOut", self.coordinator, reported)] * 2,
        ]
        is_asked = row["status"] == "OFFERED" or row["proposed_ends_at"] is not None
        likely, unlikely = (answers, others) if is_asked else (others, answers)
        name, actor, values = self.random.choice(likely if self.random.random() < LIKELY else unlikely)
        return self.call(name, actor, **values)


ACCEPTED_EVENT = """INSERT INTO event (actor_kind, kind, subject_type, subject_key, change)
  VALUES ('PUBLIC', 'assignment.accepted', 'Assignment', $1, '{"status": "ACCEPTED"}')"""


async def make_world(api: Api, build: Build, seed: int) -> World:
    organization = await build.organization()
    people = [await build.volunteer(organization) for _ in range(PEOPLE)]
    needs = [
        await build.need(wanted=PLACES, starts_at=NOW + begins * HOUR, ends_at=NOW + (begins + 24) * HOUR)
        for begins in (-6, 4)
    ]
    for person in people[:2]:
        # Accepted long ago, so that reports of the last hours count.
        key = await build.assignment(needs[0], person, status="ACCEPTED", ends_at=NOW + 4 * HOUR)
        await build.connection.execute(ACCEPTED_EVENT, str(key))
    accounts = {person: await build.volunteer_account(person) for person in people}
    return World(api, build, Random(seed), needs, accounts, await build.coordinator())


async def rows(build: Build, statement: str) -> list[Any]:
    return list(await build.connection.fetch(statement))


async def check(build: Build) -> None:
    """What must hold whatever has happened."""
    duties = {row["id"]: row for row in await rows(build, "SELECT * FROM assignment")}
    held = await rows(build, "SELECT * FROM commitment")
    check_places(duties, held)
    periods = {row["assignment_id"]: row["period"] for row in held}
    events = await rows(build, "SELECT * FROM event WHERE subject_type = 'Assignment' ORDER BY position")
    reports = await rows(build, "SELECT * FROM attendance WHERE mark IS NULL")
    hours = {row["assignment_id"]: row for row in await rows(build, "SELECT * FROM served_hours")}
    stays = {
        key: served_by_reports(duty, [each for each in reports if each["assignment_id"] == key])
        for key, duty in duties.items()
    }
    for key, duty in duties.items():
        own = [event for event in events if event["subject_key"] == str(key)]
        # Every change has its event, and the last that names a status named the present one.
        assert len(own) == duty["version"], key
        assert [event["kind"] for event in own if '"status"' in event["change"]][
            -1
        ] == f"assignment.{duty['status'].lower()}"
        assert (key in periods) >= (duty["status"] in PROMISED)
        if duty["status"] in PROMISED:
            assert (periods[key].lower, periods[key].upper) == (duty["starts_at"], duty["ends_at"])
        counted = hours.get(key)
        others = [stays[other] for other in duties if duties[other]["volunteer_id"] == duty["volunteer_id"]]
        assert (counted and (counted["starts_at"], counted["ends_at"])) == until_elsewhere(stays[key], others), key


def check_places(duties: dict[uuid.UUID, Any], held: list[Any]) -> None:
    """Nobody is in two places, and no need has more people than it wants, at any instant at which somebody begins."""
    for row in held:
        at = row["period"].lower
        there = [each for each in held if each["period"].lower <= at < each["period"].upper]
        assert sum(each["volunteer_id"] == row["volunteer_id"] for each in there) == 1
        assert max(Counter(duties[each["assignment_id"]]["need_id"] for each in there).values()) <= PLACES


def served_by_reports(duty: Any, reports: list[Any]) -> tuple[datetime, datetime] | None:
    """From the first check-in to the first check-out or release after it."""
    if duty["status"] == "NO_SHOW":
        return None
    arrivals = [each["at"] for each in reports if each["kind"] == "CHECKED_IN"]
    if not arrivals:
        return None
    departures = [each["at"] for each in reports if each["kind"] == "CHECKED_OUT"] + [duty["released_at"]]
    later = [each for each in departures if each is not None and each > min(arrivals)]
    return (min(arrivals), min(later)) if later else None


def until_elsewhere(
    stay: tuple[datetime, datetime] | None, stays: list[tuple[datetime, datetime] | None]
) -> tuple[datetime, datetime] | None:
    """Who has come to another duty has left this one, so that no hour is served twice."""
    return stay and (stay[0], min(stay[1], *(each[0] for each in stays if each and each[0] > stay[0]), stay[1]))


@pytest.mark.parametrize("seed", range(HISTORIES))
async def test_concurrent_histories_keep_every_promise(api: Api, build: Build, seed: int) -> None:
    world = await make_world(api, build, seed)
    done: list[str] = []

    for _ in range(ROUNDS):
        duties = await rows(build, "SELECT * FROM assignment WHERE status NOT IN ('DECLINED', 'CANCELLED') ORDER BY id")
        some = [world.change(world.random.choice(duties)) for _ in range(SESSIONS) if duties]
        answers = await run_concurrently([world.offer(), *some])
        done += [str(each["problems"]) for each in answers]
        await check(build)

    assert len(done) >= ROUNDS
