"""Promised duty hours add up until a pause of 24 hours or more; once they have reached 72, nothing begins before one."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest

from tests.asking import Api, Json, instant
from tests.builders import Build
from tests.compiler.assignment_rules import unrested
from tests.compiler.rows import Row
from tests.conftest import NOW
from tests.sampling import IS_FUZZ

HOUR, MICROSECOND = timedelta(hours=1), timedelta(microseconds=1)
START = NOW + timedelta(days=30)
Hours = tuple[float, float]

SETS = 1000 if IS_FUZZ else 350  # For each length of the asked duty.

REFUSALS = """query($need: ID!, $volunteer: ID!) { need(id: $need) {
  refusals(volunteer: $volunteer) { code ... on CommitmentProblem { assignment { id } startsAt endsAt } }
  candidates(first: 9) { totalCount } } }"""
CANDIDATES = """query($need: ID!, $after: String) { need(id: $need) { candidates(first: 100, after: $after) {
  nodes { volunteer { id } } pageInfo { hasNextPage endCursor } } } }"""
OFFER = """mutation($input: OfferAssignmentInput!) { offerAssignment(input: $input) {
  assignment { id } problems { code } } }"""
ACCEPT = """mutation($input: AcceptAssignmentInput!) { acceptAssignment(input: $input) {
  assignment { id } problems { code } } }"""


async def serve(build: Build, need: uuid.UUID, volunteer: uuid.UUID, duty: Hours) -> uuid.UUID:
    """A duty that is over or promised, in hours from START."""
    starts_at, ends_at = (START + hour * HOUR for hour in duty)
    return await build.assignment(need, volunteer, status="COMPLETED", starts_at=starts_at, ends_at=ends_at)


def shifts(count: int, length: float, every: float, first: float = 0) -> list[Hours]:
    return [(first + number * every, first + number * every + length) for number in range(count)]


TINY = MICROSECOND / HOUR


@pytest.mark.parametrize(
    ("duties", "asked", "in_the_way"),
    [
        # Adjoining duties of 36 hours: two may, the third may not.
        ([(0, 36)], (36, 72), None),
        (shifts(2, 36, 36), (72, 108), 1),
        (shifts(2, 36, 36), (72, 73), 1),
        # 48 and 24 hours, one hour's pause, 10 hours.
        ([(0, 48), (48, 72)], (73, 83), 1),
        ([(0, 48), (49, 73)], (74, 84), 1),
        ([(0, 48), (48, 71)], (72, 82), None),
        # One long duty is none too many, but what follows it is.
        ([], (0, 200), None),
        ([(0, 72)], (72, 73), 0),
        ([(0, 72)], (96 - TINY, 97), 0),
        ([(0, 72)], (96, 97), None),
        ([(0, 72 - TINY)], (72, 73), None),
        # Daily shifts of 8 hours may run nine days.
        (shifts(8, 8, 24), (8 * 24, 8 * 24 + 8), None),
        (shifts(9, 8, 24), (9 * 24, 9 * 24 + 8), 8),
        (shifts(9, 8, 24), (8 * 24 + 8 + 24, 8 * 24 + 8 + 32), None),
        (shifts(20, 8, 32), (20 * 32, 20 * 32 + 8), None),
        # A pause begins the count anew.
        ([(0, 60), (84, 96)], (97, 107), None),
        ([(0, 60), (84, 144)], (145, 155), None),
        ([(0, 60), (84 - TINY, 96)], (97, 107), 1),
        # Later duties that it would push over the limit.
        ([(72, 73)], (0, 72), 0),
        ([(95, 97)], (0, 72), 0),
        ([(96, 97)], (0, 72), None),
        ([(72, 73)], (TINY, 72), None),
        ([(0, 30), (60, 80), (81, 90)], (31, 53), 2),
        ([(0, 30), (60, 79), (80, 90)], (31, 53), None),
        # What lies beyond a pause is not its matter.
        ([(0, 80), (81, 90)], (114, 124), None),
        ([(100, 180), (181, 190)], (60, 76), None),
    ],
)
async def test_nothing_begins_after_72_hours_without_a_pause(
    api: Api, build: Build, duties: Sequence[Hours], asked: Hours, in_the_way: int | None
) -> None:
    volunteer, elsewhere = await build.volunteer(), await build.need()
    keys = [await serve(build, elsewhere, volunteer, duty) for duty in duties]
    need = await build.need(starts_at=START + asked[0] * HOUR, ends_at=START + asked[1] * HOUR)

    data = await api.ask(
        REFUSALS, actor=await build.coordinator(), need=f"Need:{need}", volunteer=f"Volunteer:{volunteer}"
    )

    expected: list[Json] = []
    if in_the_way is not None:
        starts_at, ends_at = (instant(START + hour * HOUR) for hour in duties[in_the_way])
        way = {"assignment": {"id": f"Assignment:{keys[in_the_way]}"}, "startsAt": starts_at, "endsAt": ends_at}
        expected = [{"code": "NOT_RESTED", **way}]
    assert data["need"] == {"refusals": expected, "candidates": {"totalCount": 1 - len(expected)}}


async def test_days_in_camp_clash_but_do_not_tire(api: Api, build: Build) -> None:
    volunteer = await build.volunteer()
    await build.camp_days(volunteer, START, START + 100 * HOUR)
    coordinator = await build.coordinator()
    codes = []

    for first in (99, 100):
        starts_at = START + first * HOUR
        need = await build.need(starts_at=starts_at, ends_at=starts_at + 10 * HOUR)
        ids = {"need": f"Need:{need}", "volunteer": f"Volunteer:{volunteer}"}
        data = await api.ask(REFUSALS, actor=coordinator, **ids)
        codes.append([refusal["code"] for refusal in data["need"]["refusals"]])

    assert codes == [["IN_CAMP"], []]


async def test_shifts_are_offered_and_accepted_until_rest_is_due(api: Api, build: Build) -> None:
    """Each of the three offers may be accepted when it is made; the third no longer, as the others fill its stretch."""
    volunteer, coordinator = await build.volunteer(), await build.coordinator()
    actor = await build.volunteer_account(volunteer)
    told: list[list[str]] = []
    offers: list[str] = []

    for first, last in ((0, 36), (72, 108), (36, 72)):
        need = await build.need(starts_at=START + first * HOUR, ends_at=START + last * HOUR)
        ids = {"need": f"Need:{need}", "volunteer": f"Volunteer:{volunteer}"}
        offered = await api.do(OFFER, actor=coordinator, **ids)
        offers.append(offered["assignment"]["id"])
    for offer in offers:
        accepted = await api.do(ACCEPT, actor=actor, assignment=offer, version=1)
        told.append([each["code"] for each in accepted["problems"]])

    assert told == [[], [], ["NOT_RESTED"]]
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 2


def random_duties(random: Random) -> list[Hours]:
    """Up to ten duties that do not overlap, with pauses around 24 hours and sums around 72."""
    duties: list[Hours] = []
    at = float(random.randint(-150, 40))
    for _number in range(random.randint(0, 10)):
        length = random.choice((1, 8, 12, 24, 36, 48, 71, 72, 80))
        duties.append((at, at + length))
        at += length + random.choice((0, 0, 1, 8, 16, 23, 24 - TINY, 24, 24, 25, 60))
    return duties


@pytest.mark.fuzz
@pytest.mark.parametrize("length", [1, 36, 80])
async def test_random_sets_of_duties_agree_with_a_second_reading(api: Api, build: Build, length: int) -> None:
    random, coordinator = Random(length), await build.coordinator()
    asked: Row = {"starts_at": START, "ends_at": START + length * HOUR}
    incident, need = await build.incident(), await build.need(**asked)
    expected: dict[str, bool] = {}
    async with build.connection.transaction():
        organization = await build.organization()
        for _number in range(SETS):
            volunteer = await build.volunteer(organization)
            # One need for all would count those it has with each that is added.
            elsewhere = await build.need(incident, wanted=10)
            duties = random_duties(random)
            for duty in duties:
                await serve(build, elsewhere, volunteer, duty)
            expected[f"Volunteer:{volunteer}"] = is_free_and_rested(duties, asked)

    found: set[str] = set()
    cursor, more = None, True
    while more:
        data = await api.ask(CANDIDATES, actor=coordinator, need=f"Need:{need}", after=cursor)
        page = data["need"]["candidates"]
        found |= {node["volunteer"]["id"] for node in page["nodes"]}
        cursor, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]

    assert found == {volunteer for volunteer, is_rested in expected.items() if is_rested}
    assert len(expected) == SETS
    assert 0.1 * SETS < len(found) < 0.9 * SETS


def is_free_and_rested(duties: list[Hours], asked: Row) -> bool:
    rows = [{"starts_at": moment(since), "ends_at": moment(until)} for since, until in duties]
    clashes = any(row["starts_at"] < asked["ends_at"] and asked["starts_at"] < row["ends_at"] for row in rows)
    return not clashes and unrested(rows, asked) is None


def moment(hour: float) -> datetime:
    return START + hour * HOUR
