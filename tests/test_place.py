"""A place of a need is a person at a time: full is what is full at some instant asked for, met is what is met at every one."""

import uuid
from datetime import timedelta
from functools import partial
from random import Random

import pytest

from tests.asking import Api, Json, instant
from tests.builders import Build
from tests.conftest import NOW
from tests.test_race import run_concurrently

HOUR = timedelta(hours=1)
START = NOW + timedelta(days=1)
Hours = tuple[int, int]

READ = """query($need: ID!, $volunteer: ID!) { need(id: $need) { coverage { accepted }
  refusals(volunteer: $volunteer) { code ... on LimitProblem { count limit } }
  candidates(first: 9) { totalCount } } }"""
OFFER = """mutation($input: OfferAssignmentInput!) { offerAssignment(input: $input) {
  assignment { id } problems { code ... on LimitProblem { count limit } } } }"""
ACCEPT = """mutation($input: AcceptAssignmentInput!) { acceptAssignment(input: $input) {
  assignment { id } problems { code } } }"""


async def part(build: Build, need: uuid.UUID, hours: Hours, status: str = "ACCEPTED") -> uuid.UUID:
    """An assignment of somebody new for these hours of the need, accepted by default."""
    starts_at, ends_at = (START + hour * HOUR for hour in hours)
    return await build.assignment(need, await build.volunteer(), status=status, starts_at=starts_at, ends_at=ends_at)


def numbers(hours: Hours, parts: list[Hours]) -> list[int]:
    """How many are there in each of the hours."""
    return [sum(since <= hour < until for since, until in parts) for hour in range(*hours)]


@pytest.mark.parametrize(
    ("wanted", "parts", "asked", "least", "most"),
    [
        (1, [], (0, 10), 0, 0),
        (1, [(0, 5)], (5, 10), 0, 0),
        (1, [(5, 10)], (0, 5), 0, 0),
        (1, [(0, 5)], (4, 10), 0, 1),
        (1, [(0, 5)], (0, 10), 0, 1),
        (1, [(0, 5), (5, 10)], (0, 10), 1, 1),
        (1, [(0, 5), (5, 10)], (2, 3), 1, 1),
        (1, [(0, 4), (5, 10)], (4, 5), 0, 0),
        (1, [(0, 4), (5, 10)], (3, 5), 0, 1),
        (2, [(0, 10)], (0, 10), 1, 1),
        (2, [(0, 10), (0, 5)], (5, 10), 1, 1),
        (2, [(0, 10), (0, 5)], (4, 6), 1, 2),
        (2, [(0, 10), (0, 5), (5, 10)], (0, 10), 2, 2),
        (3, [(0, 6), (2, 8), (4, 10)], (0, 10), 1, 3),
        (3, [(0, 6), (2, 8), (4, 10)], (6, 10), 1, 2),
    ],
)
async def test_a_need_is_full_where_all_its_places_are_taken(
    api: Api, build: Build, wanted: int, parts: list[Hours], asked: Hours, least: int, most: int
) -> None:
    need = await build.need(wanted=wanted, starts_at=START, ends_at=START + 10 * HOUR)
    for hours in parts:
        await part(build, need, hours)
    for status in ("OFFERED", "DECLINED", "EXPIRED", "CANCELLED", "NO_SHOW"):
        await part(build, need, (0, 10), status)
    volunteer, coordinator = await build.volunteer(), await build.coordinator()
    ids = {"need": f"Need:{need}", "volunteer": f"Volunteer:{volunteer}"}

    data = await api.ask(READ, actor=coordinator, **ids)
    period = {name: instant(START + hour * HOUR) for name, hour in zip(("startsAt", "endsAt"), asked, strict=True)}
    offered = await api.do(OFFER, actor=coordinator, **ids, **period)

    whole = max(numbers((0, 10), parts))
    full: list[Json] = [{"code": "NEED_FULL", "count": whole, "limit": wanted}] if whole >= wanted else []
    # The volunteer, and the four who have no part in it any more; an offer and a promise stand in the way of others.
    candidates = 0 if full else 5
    assert data["need"] == {
        "coverage": {"accepted": least},
        "refusals": full,
        "candidates": {"totalCount": candidates},
    }
    assert (least, most) == (min(numbers((0, 10), parts)), max(numbers(asked, parts), default=0))
    expected = [{"code": "NEED_FULL", "count": most, "limit": wanted}] if most >= wanted else []
    assert offered["problems"] == expected


@pytest.mark.parametrize("seed", range(3))
async def test_parts_accepted_at_once_never_overfill_a_need(api: Api, build: Build, seed: int) -> None:
    random, wanted = Random(seed), 2
    need = await build.need(wanted=wanted, starts_at=START, ends_at=START + 10 * HOUR)
    organization = await build.organization()
    manager = await build.manager(organization)
    offers: dict[str, Hours] = {}
    for _number in range(30):
        since = random.randrange(10)
        hours = since, random.randint(since + 1, 10)
        volunteer = await build.volunteer(organization)
        starts_at, ends_at = (START + hour * HOUR for hour in hours)
        key = await build.assignment(need, volunteer, starts_at=starts_at, ends_at=ends_at)
        offers[f"Assignment:{key}"] = hours

    answers = await run_concurrently(
        partial(api.do, ACCEPT, actor=manager, assignment=offer, version=1) for offer in offers
    )

    accepted = [hours for hours, answer in zip(offers.values(), answers, strict=True) if answer["assignment"]]
    refused = [hours for hours, answer in zip(offers.values(), answers, strict=True) if not answer["assignment"]]
    assert {problem["code"] for answer in answers for problem in answer["problems"]} == {"NEED_FULL"}
    assert max(numbers((0, 10), accepted)) == wanted
    # Whoever was refused finds no place in the end either.
    assert [max(numbers(hours, accepted)) for hours in refused] == [wanted] * len(refused)
    data = await api.ask(
        "query($need: ID!) { need(id: $need) { coverage { accepted } } }", actor=manager, need=f"Need:{need}"
    )
    assert data["need"]["coverage"]["accepted"] == min(numbers((0, 10), accepted))
