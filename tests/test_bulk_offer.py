"""Offers to many: to people who are named, and to the nearest who may, with a result for each."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.waiting import LOCK_WAITS, wait_until

OFFER = f"""mutation($input: OfferAssignmentsInput!) {{ offerAssignments(input: $input) {{
  results {{ position assignment {{ status expiresAt volunteer {{ id }} }} {PROBLEMS} }} {PROBLEMS} }} }}"""
OFFER_ONE = f"""mutation($input: OfferAssignmentInput!) {{ offerAssignment(input: $input) {{
  assignment {{ id }} {PROBLEMS} }} }}"""
DEADLINE = NOW + timedelta(hours=3)


async def offer(api: Api, actor: uuid.UUID, need: uuid.UUID, people: list[uuid.UUID], **values: Any) -> Json:
    names = [f"Volunteer:{person}" for person in people]
    return await api.do(
        OFFER, actor=actor, need=f"Need:{need}", volunteers=names, expiresAt=instant(DEADLINE), **values
    )


def offered(position: int, person: uuid.UUID) -> Json:
    thing = {"status": "OFFERED", "expiresAt": instant(DEADLINE), "volunteer": {"id": f"Volunteer:{person}"}}
    return {"position": position, "assignment": thing, "problems": []}


def refused(position: int, *problems: Json) -> Json:
    for each in problems:
        each["path"] = ["input", "volunteers", str(position)]
    return {"position": position, "assignment": None, "problems": list(problems)}


async def test_each_who_is_named_has_a_result_with_every_rule_that_is_broken(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    good, other = [await build.volunteer(organization) for _ in range(2)]
    untrained = await build.person(consent_withdrawn_at=NOW)
    nobody = uuid.UUID(int=7)
    busy = await build.volunteer(organization)
    duty = await build.assignment(await build.need(), busy, status="ACCEPTED")
    actor = await build.coordinator()

    answer = await offer(api, actor, need, [other, untrained, nobody, good, busy, good])

    period = {"startsAt": instant(NOW + timedelta(days=1)), "endsAt": instant(NOW + timedelta(days=4))}
    made = await build.connection.fetchval("SELECT id FROM assignment WHERE volunteer_id = $1", good)
    assert answer == {
        "problems": [],
        "results": [
            offered(0, other),
            refused(
                1,
                problem("Simple", "CONSENT_MISSING"),
                problem("Training", "NOT_TRAINED", skill={"code": "WATER_RESCUE"}, certificate=None),
                problem("Organization", "ORGANIZATION_NOT_VERIFIED", organization=None),
            ),
            refused(2, problem("Simple", "NOT_FOUND")),
            offered(3, good),
            refused(4, problem("Commitment", "PERSON_ELSEWHERE", assignment={"id": f"Assignment:{duty}"}, **period)),
            refused(5, problem("Duplicate", "ALREADY_OFFERED", assignment={"id": f"Assignment:{made}"})),
        ],
    }
    events = await build.connection.fetch("SELECT kind, change ->> 'volunteer' AS who FROM event ORDER BY position")
    assert sorted(map(tuple, events)) == sorted(("assignment.offered", str(person)) for person in (other, good))


async def test_who_lives_farther_is_offered_it_once_all_nearer_have_it(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    near, province, far = [await build.volunteer(organization, kabupaten_code=code) for code in (HOME, NEIGHBOUR, FAR)]
    actor = await build.coordinator()

    early = await offer(api, actor, need, [far, province])
    late = await offer(api, actor, need, [far, near, province])

    nearer = {"volunteer": {"id": f"Volunteer:{near}"}}
    assert early["results"] == [refused(each, problem("Nearer", "NEARER_AVAILABLE", **nearer)) for each in range(2)]
    assert late["results"] == [offered(0, far), offered(1, near), offered(2, province)]


async def test_the_nearest_follow_those_who_are_named(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    near = [await build.volunteer(organization) for _ in range(2)]
    province, _far = [await build.volunteer(organization, kabupaten_code=code) for code in (NEIGHBOUR, FAR)]
    await build.person()
    actor = await build.coordinator()

    answer = await offer(api, actor, need, [near[1]], nearest=2)

    assert answer == {"problems": [], "results": [offered(0, near[1]), offered(1, near[0]), offered(2, province)]}


@pytest.mark.parametrize("reach", ["KABUPATEN", "PROVINCE", "NATIONAL"])
async def test_nobody_is_offered_a_duty_whom_the_caller_may_not_see(api: Api, build: Build, reach: str) -> None:
    """One by one, by name among many, and as the nearest: the same people."""
    organization, need = await build.organization(), await build.need()
    homes = (HOME, NEIGHBOUR, FAR)
    people = [await build.volunteer(organization, kabupaten_code=code, reach=reach) for code in homes]
    unseen = [await build.volunteer(organization, kabupaten_code=FAR, status="INACTIVE") for _ in range(2)]
    actor = await build.coordinator(kabupaten_code=HOME)
    known = [
        (await api.ask("query($id: ID!) { volunteer(id: $id) { id } }", actor=actor, id=f"Volunteer:{person}"))
        for person in (*people, *unseen)
    ]
    seen = [person for person, answer in zip((*people, *unseen), known, strict=True) if answer["volunteer"]]

    alone = [
        await api.do(OFFER_ONE, actor=actor, need=f"Need:{need}", volunteer=f"Volunteer:{person}") for person in unseen
    ]
    named = await offer(api, actor, need, unseen)
    nearest = await offer(api, actor, need, [], nearest=10)

    refusal = {"assignment": None, "problems": [problem("Simple", "NOT_FOUND", "volunteer")]}
    assert alone == [refusal] * 2
    assert named["results"] == [refused(number, problem("Simple", "NOT_FOUND")) for number in range(2)]
    assert nearest["results"] == [offered(number, person) for number, person in enumerate(seen)]
    assert len(seen) == {"KABUPATEN": 1, "PROVINCE": 2, "NATIONAL": 3}[reach]


async def test_an_override_is_recorded_for_whoever_it_is_needed_for(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    good, narrow = (
        await build.volunteer(organization),
        await build.volunteer(organization, kabupaten_code=FAR, reach="KABUPATEN"),
    )
    actor = await build.coordinator()

    answer = await offer(api, actor, need, [good, narrow], overrideRules=["BEYOND_REACH"], overrideReason="Bersedia")

    assert answer["results"] == [offered(0, good), offered(1, narrow)]
    rows = await build.connection.fetch(
        "SELECT volunteer_id, rule_code, override.reason FROM override JOIN assignment ON assignment_id = assignment.id"
    )
    assert [tuple(row) for row in rows] == [(narrow, "BEYOND_REACH", "Bersedia")]


async def test_a_manager_offers_to_members_under_the_pledge(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    pledge = await build.pledge(need, organization)
    member, actor = await build.volunteer(organization), await build.manager(organization)
    stranger = await build.volunteer()

    answer = await offer(api, actor, need, [stranger, member], pledge=f"Pledge:{pledge}")
    without = await offer(api, actor, need, [member])

    assert answer["results"] == [refused(0, problem("Simple", "NOT_FOUND")), offered(1, member)]
    assert without == {"results": [], "problems": [problem("Simple", "FORBIDDEN", "need")]}


@pytest.mark.parametrize("wanted", [2, 5], ids=["all is promised", "places are free"])
@pytest.mark.parametrize("way", ["nearest", "named", "one by one"])
async def test_under_a_pledge_the_nearest_are_its_own_members(api: Api, build: Build, wanted: int, way: str) -> None:
    """Those of others who live nearer do not fill its places."""
    organization, need = await build.organization(), await build.need(wanted=wanted)
    pledge, manager = await build.pledge(need, organization, quantity=2), await build.manager(organization)
    await build.volunteer()
    far = [await build.volunteer(organization, kabupaten_code=code) for code in (FAR, NEIGHBOUR)]
    under: dict[str, Any] = {"pledge": f"Pledge:{pledge}"}

    if way == "one by one":
        one = {"need": f"Need:{need}", **under}
        answers = [await api.do(OFFER_ONE, actor=manager, **one, volunteer=f"Volunteer:{each}") for each in far]
        problems = [[each["code"] for each in answer["problems"]] for answer in answers]
    else:
        people, count = ([], 5) if way == "nearest" else (far, 0)
        answer = await offer(api, manager, need, people, nearest=count, **under)
        problems = [[each["code"] for each in result["problems"]] for result in answer["results"]]

    # Named one by one, who lives in the province is to be asked first.
    assert problems == [["NEARER_AVAILABLE"] if way == "one by one" else [], []]
    made = await build.connection.fetch("SELECT volunteer_id FROM assignment ORDER BY created_at, id")
    expected = {far[1]} if way == "one by one" else {*far}
    assert {row["volunteer_id"] for row in made} == expected


@pytest.mark.parametrize(
    ("of_need", "hours", "code"),
    [
        ({"closed_at": NOW}, (24, 96), "NEED_CLOSED"),
        ({"starts_at": NOW - timedelta(days=2)}, (-24, -1), "PERIOD_PAST"),
        ({}, (24, 97), "PERIOD_OUTSIDE"),
        ({}, (23, 96), "PERIOD_OUTSIDE"),
        ({"wanted": 1}, (24, 96), "NEED_FULL"),
        ({"wanted": 2}, (24, 96), "NEED_PLEDGED"),
    ],
)
async def test_why_nobody_can_be_found_is_said_where_nobody_is_named(
    api: Api, build: Build, of_need: Json, hours: tuple[int, int], code: str
) -> None:
    organization, need = await build.organization(), await build.need(**of_need)
    named = await build.volunteer(organization)
    if "wanted" in of_need:
        await build.assignment(need, await build.volunteer(organization), status="ACCEPTED")
    if code == "NEED_PLEDGED":
        await build.pledge(need, organization)
    actor = await build.coordinator()
    starts, ends = (instant(NOW + timedelta(hours=each)) for each in hours)
    period = {"startsAt": starts, "endsAt": ends}
    before = await snapshot(build.connection)

    nearest = await offer(api, actor, need, [], nearest=2, **period)
    nobody = await offer(api, actor, need, [], **period)
    both = await offer(api, actor, need, [named], nearest=2, **period)

    (problem_of_all,), (result,) = nearest["problems"], both["results"]
    assert nearest["results"] == []
    assert (problem_of_all["code"], problem_of_all["path"]) == (code, ["input", "nearest"])
    assert nobody == {"results": [], "problems": []}
    assert both["problems"] == []
    assert result["problems"] == [{**problem_of_all, "path": ["input", "volunteers", "0"]}]
    assert await snapshot(build.connection) == before


async def test_nothing_is_offered_under_a_pledge_that_has_ended_or_is_of_another_need(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    ended = await build.pledge(need, organization, status="RELEASED")
    foreign = await build.pledge(await build.need(), organization)
    member, manager = await build.volunteer(organization), await build.manager(organization)
    coordinator = await build.coordinator()
    before = await snapshot(build.connection)

    answers = [
        await offer(api, actor, need, [member], pledge=f"Pledge:{pledge}")
        for actor, pledge in ((manager, ended), (coordinator, ended), (coordinator, foreign))
    ]

    over = problem("Status", "WRONG_STATUS", "pledge", currentStatus="RELEASED")
    assert answers == [
        {"results": [], "problems": [each]} for each in (over, over, problem("Simple", "NOT_FOUND", "pledge"))
    ]
    assert await snapshot(build.connection) == before


async def test_a_thousand_are_offered_it_at_once_and_not_one_more(api: Api, build: Build) -> None:
    need, actor = await build.need(), await build.coordinator()
    before = await snapshot(build.connection)

    too_many = await offer(api, actor, need, [uuid.UUID(int=1)] * 1_000, nearest=1)
    unknown = await offer(api, actor, need, [uuid.UUID(int=1)] * 1_000)

    assert too_many == {"results": [], "problems": [problem("Simple", "INVALID", "volunteers")]}
    assert unknown["results"] == [refused(each, problem("Simple", "NOT_FOUND")) for each in range(1_000)]
    assert await snapshot(build.connection) == before


async def test_an_offer_that_was_made_meanwhile_is_told_and_leaves_no_event(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    other, person = [await build.volunteer(organization) for _ in range(2)]
    actor = await build.coordinator()

    # In plain SQL, which locks neither need nor volunteer.
    async with build.connection.transaction():
        earlier = await build.assignment(need, person)
        task = asyncio.create_task(offer(api, actor, need, [person, other]))
        await wait_until(build.connection, LOCK_WAITS, 1)
    answer = await task

    taken = problem("Duplicate", "ALREADY_OFFERED", assignment={"id": f"Assignment:{earlier}"})
    assert answer == {"problems": [], "results": [refused(0, taken), offered(1, other)]}
    events = await build.connection.fetch("SELECT kind, change ->> 'volunteer' AS who FROM event")
    assert [tuple(event) for event in events] == [("assignment.offered", str(other))]
