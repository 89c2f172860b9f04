"""Longer duties, duties that another takes over, and what is said of them afterwards."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, SET_WANTED, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_duty import commitments

HOUR = timedelta(hours=1)
FIELDS = """assignment { id status version startsAt endsAt proposedEndsAt hours replaces { id }
  evaluation { rating comment } history { kind } }"""
VERBS = {
    name: f"mutation($input: {name}AssignmentInput!) {{ {name.lower()}Assignment(input: $input) {{ {FIELDS} {PROBLEMS} }} }}"
    for name in ("Extend", "Replace", "Accept", "Decline", "Evaluate")
}


async def do(api: Api, name: str, key: object, actor: uuid.UUID, version: int = 1, **values: Any) -> Json:
    return await api.do(VERBS[name], actor=actor, assignment=f"Assignment:{key}", version=version, **values)


def codes(answer: Json) -> list[str]:
    return [each["code"] for each in answer["problems"]]


class Duty:
    """A duty of eight hours, of a need for one that lasts a day, and who is concerned."""

    def __init__(self, key: uuid.UUID, need: uuid.UUID, volunteer: uuid.UUID, organization: uuid.UUID) -> None:
        self.key, self.need, self.volunteer, self.organization = key, need, volunteer, organization


async def make_duty(build: Build, status: str = "ON_DUTY", since: int = -2) -> Duty:
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    starts = NOW + since * HOUR
    need = await build.need(wanted=1, starts_at=starts, ends_at=starts + 24 * HOUR)
    key = await build.assignment(need, volunteer, status=status, ends_at=starts + 8 * HOUR)
    return Duty(key, need, volunteer, organization)


async def test_a_duty_lasts_longer_once_its_volunteer_accepts_it(api: Api, build: Build) -> None:
    duty = await make_duty(build)
    coordinator, person = await build.coordinator(), await build.volunteer_account(duty.volunteer)

    proposed = await do(api, "Extend", duty.key, coordinator, endsAt=instant(NOW + 10 * HOUR))
    before = await commitments(build)
    accepted = await do(api, "Accept", duty.key, person, version=2)
    again = await do(api, "Accept", duty.key, person, version=3)

    assert (proposed["problems"], accepted["problems"], codes(again)) == ([], [], ["WRONG_STATUS"])
    shown = [(each["assignment"]["endsAt"], each["assignment"]["proposedEndsAt"]) for each in (proposed, accepted)]
    assert shown == [(instant(NOW + 6 * HOUR), instant(NOW + 10 * HOUR)), (instant(NOW + 10 * HOUR), None)]
    assert before == [(duty.key, NOW - 2 * HOUR, NOW + 6 * HOUR)]
    assert await commitments(build) == [(duty.key, NOW - 2 * HOUR, NOW + 10 * HOUR)]
    kinds = [each["kind"] for each in accepted["assignment"]["history"]]
    assert kinds == ["assignment.extension_proposed", "assignment.extended"]


async def test_an_extension_is_declined_or_lapses_and_the_duty_ends_when_it_did(api: Api, build: Build) -> None:
    duty = await make_duty(build)
    coordinator, person = await build.coordinator(), await build.volunteer_account(duty.volunteer)
    await do(api, "Extend", duty.key, coordinator, endsAt=instant(NOW + 10 * HOUR))

    declined = await do(api, "Decline", duty.key, person, version=2, reason="Pulang")
    await do(api, "Extend", duty.key, coordinator, version=3, endsAt=instant(NOW + 9 * HOUR))
    await build.connection.execute("UPDATE assignment SET proposal_expires_at = $1", NOW)
    late = await do(api, "Accept", duty.key, person, version=4)

    assert (declined["assignment"]["proposedEndsAt"], declined["assignment"]["endsAt"]) == (
        None,
        instant(NOW + 6 * HOUR),
    )
    assert late["problems"] == [problem("Status", "WRONG_STATUS", "assignment", currentStatus="ON_DUTY")]
    assert await commitments(build) == [(duty.key, NOW - 2 * HOUR, NOW + 6 * HOUR)]


async def test_every_rule_is_asked_for_the_longer_time_and_again_at_the_answer(api: Api, build: Build) -> None:
    duty = await make_duty(build)
    coordinator, person = await build.coordinator(), await build.volunteer_account(duty.volunteer)
    other = await build.need(starts_at=NOW + 9 * HOUR, ends_at=NOW + 12 * HOUR)
    await do(api, "Extend", duty.key, coordinator, endsAt=instant(NOW + 10 * HOUR))
    await build.assignment(other, duty.volunteer, status="ACCEPTED")
    before = await snapshot(build.connection)

    accepted = await do(api, "Accept", duty.key, person, version=2)
    proposed = await do(api, "Extend", duty.key, coordinator, version=2, endsAt=instant(NOW + 11 * HOUR))
    beyond = await do(api, "Extend", duty.key, coordinator, version=2, endsAt=instant(NOW + 23 * HOUR))
    shorter = await do(api, "Extend", duty.key, coordinator, version=2, endsAt=instant(NOW + 6 * HOUR))

    assert [codes(each) for each in (accepted, proposed)] == [["PERSON_ELSEWHERE"]] * 2
    assert codes(beyond) == ["PERIOD_OUTSIDE", "PERSON_ELSEWHERE"]
    assert shorter["problems"] == [problem("Simple", "INVALID", "endsAt")]
    assert await snapshot(build.connection) == before


async def test_hours_past_the_old_end_count_for_rest_as_a_new_duty(api: Api, build: Build) -> None:
    volunteer = await build.volunteer()
    need = await build.need(starts_at=NOW - 71 * HOUR, ends_at=NOW + 80 * HOUR)
    key = await build.assignment(need, volunteer, status="ON_DUTY", ends_at=NOW + HOUR)
    coordinator, person = await build.coordinator(), await build.volunteer_account(volunteer)
    values: Json = {
        "endsAt": instant(NOW + 2 * HOUR),
        "overrideRules": ["NOT_RESTED"],
        "overrideReason": "Tidak ada pengganti",
    }

    refused = await do(api, "Extend", key, coordinator, endsAt=instant(NOW + 2 * HOUR))
    proposed = await do(api, "Extend", key, coordinator, **values)
    accepted = await do(api, "Accept", key, person, version=2)
    longer = await do(api, "Extend", key, coordinator, version=3, endsAt=instant(NOW + 3 * HOUR))

    assert [codes(each) for each in (refused, proposed, accepted, longer)] == [["NOT_RESTED"], [], [], ["NOT_RESTED"]]
    rows = await build.connection.fetch("SELECT rule_code, extends_to FROM override")
    assert [tuple(row) for row in rows] == [("NOT_RESTED", NOW + 2 * HOUR)]


# The status and start of a duty, when the other begins (hours from now), and what becomes of the duty: status, its promise.
HANDOVERS = [
    ("ON_DUTY", -2, None, "RELEASED", (-2, 0), 0),
    ("ACCEPTED", -2, None, "RELEASED", (-2, 0), 0),
    ("ON_DUTY", -2, 3, "ON_DUTY", (-2, 3), 3),
    ("ACCEPTED", 4, None, "CANCELLED", None, 4),
    ("MOBILIZED", 4, 6, "MOBILIZED", (4, 6), 6),
    ("ON_DUTY", 4, None, "RELEASED", None, 4),
]


@pytest.mark.parametrize(("status", "since", "handover", "becomes", "promise", "begins"), HANDOVERS)
async def test_the_other_begins_at_the_instant_at_which_the_duty_ends(
    api: Api, build: Build, status: str, since: int, handover: int | None, becomes: str, promise: Any, begins: int
) -> None:
    duty, other = await make_duty(build, status, since), await build.volunteer()
    coordinator, person = await build.coordinator(), await build.volunteer_account(other)
    values: Json = {} if handover is None else {"startsAt": instant(NOW + handover * HOUR)}

    offered = await do(api, "Replace", duty.key, coordinator, volunteer=f"Volunteer:{other}", **values)
    between = await commitments(build)
    key = offered["assignment"]["id"].partition(":")[2]
    accepted = await do(api, "Accept", key, person)

    assert (offered["problems"], accepted["problems"]) == ([], [])
    assert offered["assignment"]["replaces"] == {"id": f"Assignment:{duty.key}"}
    end = NOW + (since + 8) * HOUR
    assert between == [(duty.key, NOW + since * HOUR, end)]
    old = [(duty.key, NOW + promise[0] * HOUR, NOW + promise[1] * HOUR)] if promise else []
    assert await commitments(build) == [*old, (uuid.UUID(key), NOW + begins * HOUR, end)]
    assert await build.connection.fetchval("SELECT status FROM assignment WHERE id = $1", duty.key) == becomes
    assert (accepted["assignment"]["status"], accepted["assignment"]["startsAt"]) == (
        "ACCEPTED",
        instant(NOW + begins * HOUR),
    )


async def test_a_replacement_is_asked_every_rule_but_the_place_it_takes_over(api: Api, build: Build) -> None:
    duty = await make_duty(build)
    untrained, coordinator = await build.person(), await build.coordinator()
    over = await make_duty(build, since=-9)
    before = await snapshot(build.connection)

    refused = await do(api, "Replace", duty.key, coordinator, volunteer=f"Volunteer:{untrained}")
    same = await do(api, "Replace", duty.key, coordinator, volunteer=f"Volunteer:{duty.volunteer}")
    late = await do(api, "Replace", over.key, coordinator, volunteer=f"Volunteer:{await build.volunteer()}")

    assert "NOT_TRAINED" in codes(refused)
    assert "ALREADY_OFFERED" in codes(same)
    assert codes(late) == ["DUTY_OVER"]
    assert [each for each in codes(refused) if each in ("NEED_FULL", "PERSON_ELSEWHERE")] == []
    unchanged = await snapshot(build.connection)
    assert {name: rows for name, rows in unchanged.items() if name in ("assignment", "commitment", "event")} == {
        name: rows for name, rows in before.items() if name in ("assignment", "commitment", "event")
    }


async def test_of_two_who_take_a_duty_over_one_does(api: Api, build: Build) -> None:
    duty, coordinator = await make_duty(build), await build.coordinator()
    others = [await build.volunteer() for _ in range(2)]
    keys = []
    for other in others:
        offered = await do(api, "Replace", duty.key, coordinator, volunteer=f"Volunteer:{other}")
        keys.append(offered["assignment"]["id"].partition(":")[2])
    people = [await build.volunteer_account(other) for other in others]

    answers = await asyncio.gather(*(do(api, "Accept", key, person) for key, person in zip(keys, people, strict=True)))

    assert sorted(map(codes, answers)) == [[], ["NEED_FULL"]]
    rows = await commitments(build)
    assert [(since, until) for _key, since, until in rows] == [
        (NOW - 2 * HOUR, NOW),
        (NOW, NOW + 6 * HOUR),
    ]


@pytest.mark.parametrize(("wanted", "answer"), [(1, ["NEED_FULL"]), (2, [])])
async def test_who_is_to_take_over_takes_nothing_from_a_duty_that_was_extended_since(
    api: Api, build: Build, wanted: int, answer: list[str]
) -> None:
    """Its last hours would be left to nobody."""
    duty, other = await make_duty(build), await build.volunteer()
    await build.connection.execute(SET_WANTED, duty.need, wanted)
    coordinator, person = await build.coordinator(), await build.volunteer_account(duty.volunteer)
    offered = await do(api, "Replace", duty.key, coordinator, volunteer=f"Volunteer:{other}")
    await do(api, "Extend", duty.key, coordinator, endsAt=instant(NOW + 10 * HOUR))
    await do(api, "Accept", duty.key, person, version=2)

    key = offered["assignment"]["id"].partition(":")[2]
    accepted = await do(api, "Accept", key, await build.volunteer_account(other))

    assert codes(accepted) == answer
    own = (duty.key, NOW - 2 * HOUR, NOW + 10 * HOUR)
    assert await commitments(build) == [own, *([] if answer else [(uuid.UUID(key), NOW, NOW + 6 * HOUR)])]


async def test_who_is_to_take_over_a_duty_whose_time_is_over_takes_nothing_from_it(api: Api, build: Build) -> None:
    """Another who replaces it has shortened it; it was never checked out."""
    need = await build.need(wanted=2, starts_at=NOW - 10 * HOUR, ends_at=NOW + 10 * HOUR)
    ended, person = {"starts_at": NOW - 10 * HOUR, "ends_at": NOW - HOUR}, await build.volunteer()
    duty = await build.assignment(need, await build.volunteer(), status="ON_DUTY", **ended)
    await build.assignment(need, await build.volunteer(), status="ACCEPTED", starts_at=NOW - HOUR, replaces_id=duty)
    key = await build.assignment(need, person, starts_at=NOW - 2 * HOUR, replaces_id=duty)

    accepted = await do(api, "Accept", key, await build.volunteer_account(person))

    assert codes(accepted) == []
    row = await build.connection.fetchrow("SELECT status, ends_at, released_at FROM assignment WHERE id = $1", duty)
    assert row is not None
    assert tuple(row) == ("ON_DUTY", NOW - HOUR, None)
    assert (key, NOW, NOW + 10 * HOUR) in await commitments(build)


async def test_a_replacement_is_served_for_the_organization_of_the_days_that_are_left(api: Api, build: Build) -> None:
    organization = await build.organization()
    need = await build.need(wanted=1, starts_at=NOW - 72 * HOUR, ends_at=NOW + 24 * HOUR)
    duty = await build.assignment(need, await build.volunteer(), status="ON_DUTY")
    other = await build.person()
    await build.certificate(other, organization)
    await build.membership(other, organization, since=(NOW - 24 * HOUR).date())
    key = await build.assignment(need, other, starts_at=NOW - 48 * HOUR, replaces_id=duty)

    accepted = await do(api, "Accept", key, await build.volunteer_account(other))

    assert accepted["problems"] == []
    row = await build.connection.fetchrow("SELECT starts_at, organization_id FROM assignment WHERE id = $1", key)
    assert row is not None
    assert tuple(row) == (NOW, organization)


async def test_a_coordinator_says_once_how_a_duty_went(api: Api, build: Build) -> None:
    duty = await make_duty(build, status="COMPLETED", since=-24 * 30 - 8)
    organization = duty.organization
    actors = {
        "need": await build.coordinator(kabupaten_code=HOME),
        "volunteer": await build.volunteer_account(duty.volunteer),
        "manager": await build.manager(organization),
    }
    document = "query($id: ID!) { assignment(id: $id) { evaluation { rating comment } } }"

    forbidden = await do(api, "Evaluate", duty.key, actors["volunteer"], rating=5)
    wrong = await do(api, "Evaluate", duty.key, actors["need"], rating=6)
    said = await do(api, "Evaluate", duty.key, actors["need"], rating=4, comment="Sigap")
    again = await do(api, "Evaluate", duty.key, actors["need"], version=2, rating=5)
    read = [await api.ask(document, actor=actor, id=f"Assignment:{duty.key}") for actor in actors.values()]
    old = await make_duty(build, status="COMPLETED", since=-24 * 30 - 9)
    late = await do(api, "Evaluate", old.key, actors["need"], rating=5)

    assert [codes(each) for each in (forbidden, wrong, said, again, late)] == [
        *(["FORBIDDEN"], ["INVALID"], [], ["ALREADY_RECORDED"], ["PERIOD_PAST"]),
    ]
    assert read == [{"assignment": {"evaluation": {"rating": 4, "comment": "Sigap"}}}] * 3


async def test_that_a_duty_was_evaluated_is_told_to_who_reads_the_evaluation(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need(starts_at=NOW - 9 * HOUR, ends_at=NOW - HOUR)
    volunteer = await build.volunteer(organization, kabupaten_code=FAR)
    key = await build.assignment(need, volunteer, status="COMPLETED")
    actors = [
        await build.coordinator(kabupaten_code=HOME),
        await build.volunteer_account(volunteer),
        await build.manager(organization),
        await build.coordinator(kabupaten_code=FAR),
    ]
    said = await do(api, "Evaluate", key, actors[0], rating=4)
    document = """query($id: ID!, $need: ID!) { assignment(id: $id) { evaluation { rating } history { kind } }
      need(id: $need) { activity(first: 10) { nodes { kind } } } }"""

    read = [await api.ask(document, actor=actor, id=f"Assignment:{key}", need=f"Need:{need}") for actor in actors]

    assert said["problems"] == []
    for answer, is_told in zip(read, (True, True, True, False), strict=True):
        evaluation = {"rating": 4} if is_told else None
        events = [{"kind": "assignment.evaluated"}] if is_told else []
        assert answer == {
            "assignment": {"evaluation": evaluation, "history": []},
            "need": {"activity": {"nodes": events}},
        }
