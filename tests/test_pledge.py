"""Promises of organizations: never more than is wanted, whoever comes first."""

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import anyio
import asyncpg
import pytest
from structlog.testing import capture_logs

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, SET_WANTED, Build
from tests.conftest import NOW
from tests.sampling import IS_FUZZ
from tests.snapshot import snapshot
from tests.test_race import run_concurrently
from tests.waiting import LOCK_WAITS, wait_until

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
READ = """pledge { id status quantity filled openQuantity percent deadline reason version organization { id }
    handedOverTo { id quantity organization { id } } history { kind status reason } }"""
ROUNDS = 20 if IS_FUZZ else 3
MATRIX = """query($id: ID!) { incident(id: $id) { coverageMatrix(on: "2026-03-03") { organization { name } wanted promised totalPercent } } }"""
NGOS = ("Baznas", "PPPA Daarul Qur'an", "LazisNU", "LazisMU", "Dompet Dhuafa", "Rumah Zakat")


def document(name: str, fields: str = READ) -> str:
    payload = name[0].upper() + name[1:]
    return f"mutation($input: {payload}Input!) {{ {name}(input: $input) {{ {fields} {PROBLEMS} }} }}"


MAKE, RELEASE, HAND_OVER = document("makePledge"), document("releasePledge"), document("handOverPledge")
DELIVER = document("recordDelivery")
REQUEST = """pledgeRequest { id status reason answer organization { id } pledge { status handedOverTo { organization { id } } } }"""
ASK, ANSWER = document("askForPledge", REQUEST), document("answerPledgeRequest", REQUEST)


def named(noun: str, key: uuid.UUID) -> str:
    return f"{noun}:{key}"


async def organization_and_manager(build: Build, **values: Any) -> tuple[uuid.UUID, uuid.UUID]:
    organization = await build.organization(**values)
    return organization, await build.manager(organization)


async def test_people_are_promised_and_released(api: Api, build: Build) -> None:
    organization, manager = await organization_and_manager(build)
    need = await build.need(wanted=6)
    values = {"organization": named("Organization", organization), "need": named("Need", need)}
    coverage = f'{{ need(id: "Need:{need}") {{ coverage {{ wanted pledged accepted }} }} }}'

    made = await api.do(MAKE, actor=manager, **values, quantity=4, deadline=instant(NOW + DAY))
    held = await api.ask(coverage)
    key = made["pledge"]["id"]
    released = await api.do(RELEASE, actor=manager, pledge=key, version=1, reason="Dibutuhkan di tempat lain")

    open_pledge = {
        "id": key,
        "status": "OPEN",
        "quantity": 4,
        "filled": 0,
        "openQuantity": 4,
        "percent": 0.0,
        "deadline": instant(NOW + DAY),
        "reason": None,
        "version": 1,
        "organization": {"id": named("Organization", organization)},
        "handedOverTo": None,
        "history": [{"kind": "pledge.made", "status": "OPEN", "reason": None}],
    }
    reason = "Dibutuhkan di tempat lain"
    ended = {"kind": "pledge.released", "status": "RELEASED", "reason": reason}
    assert made == {"pledge": open_pledge, "problems": []}
    assert held == {"need": {"coverage": {"wanted": 6, "pledged": 4, "accepted": 0}}}
    assert released["pledge"] == {
        **open_pledge,
        "status": "RELEASED",
        "openQuantity": 0,
        "reason": reason,
        "version": 2,
        "history": [*open_pledge["history"], ended],
    }
    assert await api.ask(coverage) == {"need": {"coverage": {"wanted": 6, "pledged": 0, "accepted": 0}}}


async def test_no_more_is_promised_than_is_wanted(api: Api, build: Build) -> None:
    organization, manager = await organization_and_manager(build)
    need = await build.need(wanted=6)
    values = {"organization": named("Organization", organization), "need": named("Need", need)}
    await build.assignment(need, await build.volunteer(), status="ACCEPTED")
    await build.pledge(need, organization, quantity=3)
    before = await snapshot(build.connection)

    refused = await api.do(MAKE, actor=manager, **values, quantity=3)
    unchanged = await snapshot(build.connection)
    made = await api.do(MAKE, actor=manager, **values, quantity=2)

    assert refused["problems"] == [problem("Limit", "NEED_PLEDGED", "quantity", count=4, limit=6)]
    assert unchanged == before
    assert made["problems"] == []


async def test_a_pledge_lapses_at_its_deadline_and_is_recorded_by_the_next_writer(api: Api, build: Build) -> None:
    organization, manager = await organization_and_manager(build)
    need = await build.need(wanted=4)
    late = await build.pledge(need, organization, quantity=4, deadline=NOW)
    read = f'{{ pledge(id: "Pledge:{late}") {{ status openQuantity version allowedActions }} }}'

    lapsed = await api.ask(read, actor=manager)
    stored = await build.connection.fetchval("SELECT status FROM pledge")
    made = await api.do(
        MAKE,
        actor=manager,
        organization=named("Organization", organization),
        need=named("Need", need),
        quantity=4,
    )
    recorded = await api.ask(read, actor=manager)
    event = await build.connection.fetchrow("SELECT actor_kind, effective_at FROM event WHERE kind = 'pledge.lapsed'")

    assert lapsed == {"pledge": {"status": "LAPSED", "openQuantity": 0, "version": 1, "allowedActions": []}}
    assert stored == "OPEN"
    assert made["problems"] == []
    assert recorded == {"pledge": {"status": "LAPSED", "openQuantity": 0, "version": 2, "allowedActions": []}}
    assert event is not None
    assert tuple(event) == ("CLOCK", NOW)


@pytest.mark.parametrize("is_filled", [True, False])
async def test_a_pledge_that_was_filled_at_its_deadline_lapses_when_somebody_goes(
    api: Api, build: Build, *, is_filled: bool
) -> None:
    organization, manager = await organization_and_manager(build)
    need = await build.need(wanted=2)
    pledge = await build.pledge(need, organization, quantity=1 if is_filled else 2, deadline=NOW - 2 * DAY)
    duty = await build.assignment(
        need,
        await build.volunteer(organization),
        status="ACCEPTED",
        pledge_id=pledge,
        accepted_at=NOW - 4 * DAY,
        updated_at=NOW - 4 * DAY,
    )

    cancel = document("cancelAssignment", "assignment { status }")
    cancelled = await api.do(
        cancel, actor=await build.coordinator(), assignment=named("Assignment", duty), version=1, reason="Batal"
    )
    promise = {"organization": named("Organization", organization), "need": named("Need", need), "quantity": 1}
    made = await api.do(MAKE, actor=manager, **promise)

    assert [each["problems"] for each in (cancelled, made)] == [[], []]
    events = await build.connection.fetch("SELECT actor_kind, effective_at FROM event WHERE kind = 'pledge.lapsed'")
    assert [tuple(event) for event in events] == [("CLOCK", NOW if is_filled else NOW - 2 * DAY)]


async def test_goods_whose_pledge_has_lapsed_are_pledged_again(api: Api, build: Build) -> None:
    organization, manager = await organization_and_manager(build)
    goods = await build.goods_need(quantity=100, pledged=100)
    late = await build.pledge(None, organization, goods_need_id=goods, quantity=100, deadline=NOW)
    values = {"organization": named("Organization", organization), "goodsNeed": named("GoodsNeed", goods)}

    made = await api.do(MAKE, actor=manager, **values, quantity=60)
    refused = await api.do(MAKE, actor=manager, **values, quantity=41)

    assert made["problems"] == []
    assert refused["problems"] == [problem("Limit", "NEED_PLEDGED", "quantity", count=60, limit=100)]
    assert await build.connection.fetchval("SELECT status FROM pledge WHERE id = $1", late) == "LAPSED"
    assert await build.connection.fetchval("SELECT pledged FROM goods_need") == 60


OFFER = document("offerAssignment", "assignment { id }")
ACCEPT = document("acceptAssignment", "assignment { status }")
EARLY = {"starts_at": NOW + HOUR, "ends_at": NOW + 11 * HOUR}
LATE = {"starts_at": NOW + 20 * HOUR, "ends_at": NOW + 30 * HOUR}


async def test_a_pledge_that_was_filled_at_its_deadline_holds_its_places_on(api: Api, build: Build) -> None:
    organization, manager = await organization_and_manager(build)
    need = await build.need(wanted=3, starts_at=NOW - HOUR, ends_at=NOW + 90 * HOUR)
    pledge = await build.pledge(need, organization, quantity=2, deadline=NOW)
    for key, period in ((pledge, EARLY), (pledge, EARLY), (None, LATE)):
        await build.assignment(need, await build.volunteer(organization), status="ACCEPTED", pledge_id=key, **period)
    person, other = await build.volunteer(), await build.volunteer()
    offer = await build.assignment(need, person, **LATE)
    account, coordinator = await build.volunteer_account(person), await build.coordinator()
    late = {"startsAt": instant(LATE["starts_at"]), "endsAt": instant(LATE["ends_at"])}
    of_need = {"need": named("Need", need)}

    refused = [
        await api.do(OFFER, actor=coordinator, **of_need, volunteer=named("Volunteer", other), **late),
        await api.do(ACCEPT, actor=account, assignment=named("Assignment", offer), version=1),
        await api.do(MAKE, actor=manager, **of_need, organization=named("Organization", organization), quantity=1),
    ]

    full = {"count": 3, "limit": 3}
    assert [each["problems"] for each in refused] == [
        [problem("Limit", "NEED_PLEDGED", path, **full)] for path in ("volunteer", "assignment", "quantity")
    ]
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 3


async def test_a_pledge_that_is_split_off_meanwhile_is_handed_over_under_the_lock_of_its_new_need(
    api: Api, build: Build
) -> None:
    (one, manager), other = await organization_and_manager(build), await build.organization()
    incident = await build.incident()
    need, new = await build.need(incident, wanted=2), await build.need(incident, wanted=2)
    pledge = await build.pledge(need, one, quantity=2)
    values = {"pledge": named("Pledge", pledge), "version": 1, "organization": named("Organization", other)}
    handed: list[Json] = []

    async def hand_over() -> None:
        handed.append(await api.do(HAND_OVER, actor=manager, **values, reason="Tim kami ditarik"))

    with capture_logs() as logs:
        async with anyio.create_task_group() as group, build.connection.transaction():
            await build.connection.execute("SELECT FROM need WHERE id = $1 FOR NO KEY UPDATE", need)
            group.start_soon(hand_over)
            await wait_until(build.connection, LOCK_WAITS, 1)
            await build.connection.execute("UPDATE pledge SET need_id = $1 WHERE id = $2", new, pledge)

    assert [each["problems"] for each in handed] == [[]]
    assert [(each["event"], each["error"]) for each in logs if "error" in each] == [
        ("broken off", "SerializationError")
    ]
    assert {row["need_id"] for row in await build.connection.fetch("SELECT need_id FROM pledge")} == {new}


@pytest.mark.parametrize("verb", ["make", "hand_over", "answer"])
async def test_what_the_constraint_of_places_refuses_is_told_of_the_pledge(api: Api, build: Build, verb: str) -> None:
    organization, manager = await organization_and_manager(build)
    need, other = await build.need(wanted=9), await build.organization()
    pledge = await build.pledge(need, organization, quantity=1)
    # Two people under a pledge of one: what no writer can leave.
    await build.connection.execute("ALTER TABLE commitment DISABLE TRIGGER places_of_need")
    full = await build.pledge(need, organization, quantity=1)
    for _ in range(2):
        await build.assignment(need, await build.volunteer(organization), status="ACCEPTED", pledge_id=full)
    await build.connection.execute("ALTER TABLE commitment ENABLE TRIGGER places_of_need")
    asked = await build.row(
        "pledge_request", pledge_id=pledge, organization_id=other, reason="Tim kami sudah di lokasi", status="ASKED"
    )
    rest = {"pledge": named("Pledge", pledge), "version": 1, "organization": named("Organization", other)}
    calls = {
        "make": (
            MAKE,
            {"need": named("Need", need), "organization": named("Organization", organization), "quantity": 1},
        ),
        "hand_over": (HAND_OVER, {**rest, "reason": "Tim kami ditarik"}),
        "answer": (ANSWER, {"pledgeRequest": named("PledgeRequest", asked), "grant": True, "answer": "Silakan"}),
    }
    before = await snapshot(build.connection)

    refused = await api.do(calls[verb][0], actor=manager, **calls[verb][1])

    path = {"make": "quantity", "hand_over": "pledge", "answer": "pledgeRequest"}[verb]
    assert refused["problems"] == [problem("Limit", "NEED_PLEDGED", path, count=None, limit=None)]
    assert await snapshot(build.connection) == before


async def test_what_is_not_filled_is_handed_over(api: Api, build: Build) -> None:
    (one, manager), (other, _) = await organization_and_manager(build), await organization_and_manager(build)
    need = await build.need(wanted=5)
    pledge = await build.pledge(need, one, quantity=5)
    await build.assignment(need, await build.volunteer(one), status="ACCEPTED", pledge_id=pledge)

    handed = await api.do(
        HAND_OVER,
        actor=manager,
        pledge=named("Pledge", pledge),
        version=1,
        organization=named("Organization", other),
        reason="Kekurangan orang",
    )

    assert handed["problems"] == []
    shown = handed["pledge"]
    assert (shown["status"], shown["filled"], shown["openQuantity"], shown["percent"]) == ("HANDED_OVER", 1, 0, 20.0)
    successor = shown["handedOverTo"]
    assert successor == {
        "id": successor["id"],
        "quantity": 4,
        "organization": {"id": named("Organization", other)},
    }
    held = await build.connection.fetchval("SELECT places_held($1, '-infinity', 'infinity', now())", need)
    assert held == 5


async def test_two_who_take_turns_fill_one_place(api: Api, build: Build) -> None:
    (one, manager), (other, _) = await organization_and_manager(build), await organization_and_manager(build)
    need = await build.need(wanted=2)
    pledge = await build.pledge(need, one, quantity=2, deadline=NOW + HOUR)
    for begin, end in ((1, 2), (2, 4)):
        period = {"starts_at": NOW + begin * DAY, "ends_at": NOW + end * DAY}
        await build.assignment(need, await build.volunteer(one), status="ACCEPTED", pledge_id=pledge, **period)
    read = f'{{ pledge(id: "{named("Pledge", pledge)}") {{ status filled openQuantity percent }} }}'
    values = {"pledge": named("Pledge", pledge), "organization": named("Organization", other), "version": 1}

    shown = await api.ask(read, actor=manager)
    await build.connection.execute("UPDATE pledge SET deadline = $1", NOW)
    late = await api.ask(read, actor=manager)
    await build.connection.execute("UPDATE pledge SET deadline = NULL")
    handed = await api.do(HAND_OVER, actor=manager, **values, reason="Kekurangan orang")

    assert shown == {"pledge": {"status": "OPEN", "filled": 1, "openQuantity": 1, "percent": 50.0}}
    assert late == {"pledge": {"status": "LAPSED", "filled": 1, "openQuantity": 0, "percent": 50.0}}
    assert (handed["problems"], handed["pledge"]["handedOverTo"]["quantity"]) == ([], 1)


@pytest.mark.parametrize("grant", [True, False])
async def test_another_organization_asks_for_a_pledge(api: Api, build: Build, grant: bool) -> None:
    (one, holder), (other, asker) = await organization_and_manager(build), await organization_and_manager(build)
    pledge = await build.pledge(await build.need(), one, quantity=3)
    values = {"pledge": named("Pledge", pledge), "organization": named("Organization", other), "reason": "Dekat"}

    asked = await api.do(ASK, actor=asker, **values)
    again = await api.do(ASK, actor=asker, **values)
    key = asked["pledgeRequest"]["id"]
    wrong = await api.do(ANSWER, actor=asker, pledgeRequest=key, grant=True, answer="Ya")
    answered = await api.do(ANSWER, actor=holder, pledgeRequest=key, grant=grant, answer="Baik")
    late = await api.do(ANSWER, actor=holder, pledgeRequest=key, grant=grant, answer="Baik")

    assert again["problems"] == [problem("Simple", "ALREADY_RECORDED", "pledge")]
    assert wrong["problems"] == [problem("Simple", "FORBIDDEN", "pledgeRequest")]
    successor = {"organization": {"id": named("Organization", other)}} if grant else None
    assert answered == {
        "pledgeRequest": {
            "id": key,
            "status": "GRANTED" if grant else "REFUSED",
            "reason": "Dekat",
            "answer": "Baik",
            "organization": {"id": named("Organization", other)},
            "pledge": {"status": "HANDED_OVER" if grant else "OPEN", "handedOverTo": successor},
        },
        "problems": [],
    }
    assert [each["code"] for each in late["problems"]] == ["WRONG_STATUS"]


async def test_what_is_wrong_with_a_pledge_is_told_of_the_request_for_it(api: Api, build: Build) -> None:
    (own, holder), (other, asker) = await organization_and_manager(build), await organization_and_manager(build)
    pledge = await build.pledge(await build.need(), own, quantity=1)
    values = {"pledge": named("Pledge", pledge), "organization": named("Organization", other), "reason": "Kami dekat"}
    key = (await api.do(ASK, actor=asker, **values))["pledgeRequest"]["id"]
    await build.connection.execute("UPDATE pledge SET status = 'RELEASED'")

    answered = await api.do(ANSWER, actor=holder, pledgeRequest=key, grant=True, answer="Baik")

    assert answered["problems"] == [problem("Status", "WRONG_STATUS", "pledgeRequest", currentStatus="RELEASED")]


async def test_who_may_do_what_with_a_pledge(api: Api, build: Build) -> None:
    (own, manager), (other, stranger) = await organization_and_manager(build), await organization_and_manager(build)
    need = await build.need()
    pledges = [await build.pledge(need, own, quantity=1) for _ in range(3)]
    home, far = await build.coordinator(kabupaten_code=HOME), await build.coordinator(kabupaten_code=FAR)
    promise = {"organization": named("Organization", own), "need": named("Need", need), "quantity": 1}
    values = {"pledge": named("Pledge", pledges[0]), "version": 1, "reason": "x"}
    to_other = {**values, "organization": named("Organization", other)}

    found = [
        (await api.do(mutation, actor=actor, **input_values))["problems"]
        for mutation, actor, input_values in (
            (MAKE, stranger, promise),
            (MAKE, home, promise),
            (RELEASE, stranger, values),
            (RELEASE, far, values),
            (HAND_OVER, stranger, to_other),
            (HAND_OVER, home, to_other),
            (RELEASE, home, values),
            (RELEASE, manager, {**values, "pledge": named("Pledge", pledges[1])}),
        )
    ]
    public = await api.ask("{ pledges(first: 5) { totalCount } }")

    refused = problem("Simple", "FORBIDDEN", "pledge")
    assert found == [
        [problem("Simple", "FORBIDDEN", "organization")],
        [problem("Simple", "FORBIDDEN")],
        [refused],
        [refused],
        [refused],
        [problem("Simple", "FORBIDDEN")],
        [],
        [],
    ]
    assert public == {"pledges": {"totalCount": 0}}


@pytest.mark.parametrize("verification", ["SUSPENDED", "CLOSED"])
async def test_managers_of_an_organization_that_does_not_stand_see_its_own_pledges_only(
    api: Api, build: Build, verification: str
) -> None:
    """Those that it holds, and those that it has asked for; nothing of what others have promised."""
    own, other = await build.organization(), await build.organization()
    need = await build.need(wanted=9)
    held, asked, foreign = [await build.pledge(need, holder, quantity=1) for holder in (own, other, other)]
    await build.row("pledge_request", pledge_id=asked, organization_id=own, status="ASKED", reason="Kami dekat")
    row = await build.connection.fetchrow("SELECT incident_id, starts_at FROM need WHERE id = $1", need)
    assert row is not None
    manager = await build.manager(own)
    document = """query($id: ID!, $on: Date!) { pledges(first: 9) { nodes { id } } pledgeRequests(first: 9) { nodes { pledge { id } } }
      incident(id: $id) { coverageMatrix(on: $on) { promised } } }"""
    values = {"id": f"Incident:{row['incident_id']}", "on": row["starts_at"].date().isoformat()}

    before = await api.ask(document, actor=manager, **values)
    await build.connection.execute("UPDATE organization SET verification = $2 WHERE id = $1", own, verification)
    after = await api.ask(document, actor=manager, **values)

    assert {each["id"] for each in before["pledges"]["nodes"]} == {f"Pledge:{each}" for each in (held, asked, foreign)}
    assert before["incident"]["coverageMatrix"] != []
    assert {each["id"] for each in after["pledges"]["nodes"]} == {f"Pledge:{each}" for each in (held, asked)}
    assert after["pledgeRequests"] == {"nodes": [{"pledge": {"id": f"Pledge:{asked}"}}]}
    assert after["incident"]["coverageMatrix"] is None


async def test_a_wrong_pledge_is_refused(api: Api, build: Build) -> None:
    organization, manager = await organization_and_manager(build)
    pending, its_manager = await organization_and_manager(build, verification="PENDING")
    need, goods = await build.need(), await build.goods_need()
    closed, past = await build.need(closed_at=NOW), await build.need(starts_at=NOW - DAY, ends_at=NOW)
    early = await build.need(await build.incident(status="CLOSED"))
    good = {"organization": named("Organization", organization), "need": named("Need", need), "quantity": 1}
    unverified = problem(
        "Organization", "ORGANIZATION_NOT_VERIFIED", "organization", organization={"id": named("Organization", pending)}
    )
    cases: list[tuple[uuid.UUID, Json, Json]] = [
        (manager, {"quantity": 0}, problem("Simple", "INVALID", "quantity")),
        (manager, {"goodsNeed": named("GoodsNeed", goods)}, problem("Simple", "INVALID", "need")),
        (manager, {"need": None}, problem("Simple", "INVALID", "need")),
        (manager, {"need": named("Need", uuid.uuid4())}, problem("Simple", "NOT_FOUND", "need")),
        (manager, {"need": named("Need", closed)}, problem("Simple", "NEED_CLOSED", "need")),
        (manager, {"need": named("Need", early)}, problem("Simple", "NEED_CLOSED", "need")),
        (manager, {"need": named("Need", past)}, problem("Deadline", "PERIOD_PAST", "need", deadline=instant(NOW))),
        (manager, {"deadline": instant(NOW)}, problem("Simple", "INVALID", "deadline")),
        (manager, {"deadline": instant(NOW + 5 * DAY)}, problem("Simple", "INVALID", "deadline")),
        (its_manager, {"organization": named("Organization", pending)}, unverified),
    ]
    before = await snapshot(build.connection)

    for actor, change, expected in cases:
        assert await api.do(MAKE, actor=actor, **{**good, **change}) == {"pledge": None, "problems": [expected]}

    assert await snapshot(build.connection) == before


async def test_goods_are_asked_for_promised_and_delivered(api: Api, build: Build) -> None:
    incident, coordinator = await build.incident(), await build.coordinator(kabupaten_code=HOME)
    organization, manager = await organization_and_manager(build)
    raise_goods = document("raiseGoodsNeed", "goodsNeed { id item quantity unit neededBy pledged delivered version }")
    close_goods = document("closeGoodsNeed", "goodsNeed { pledged delivered closedAt version }")

    raised = await api.do(
        raise_goods,
        actor=coordinator,
        incident=named("Incident", incident),
        item="Beras",
        quantity=1000,
        unit="kg",
        neededBy=instant(NOW + DAY),
        cluster="LOGISTICS",
        kabupaten=HOME,
    )
    goods = raised["goodsNeed"]["id"]
    promise = {"organization": named("Organization", organization), "goodsNeed": goods}
    made = await api.do(MAKE, actor=manager, **promise, quantity=800)
    full = await api.do(MAKE, actor=manager, **promise, quantity=201)
    pledge = made["pledge"]["id"]
    delivered = await api.do(DELIVER, actor=manager, pledge=pledge, version=1, quantity=200)
    too_much = await api.do(DELIVER, actor=manager, pledge=pledge, version=2, quantity=601)
    released = await api.do(RELEASE, actor=coordinator, pledge=pledge, version=2, reason="Truk rusak")
    again = await api.do(MAKE, actor=manager, **promise, quantity=800)
    closed = await api.do(close_goods, actor=coordinator, goodsNeed=goods, version=1)
    after = await api.do(MAKE, actor=manager, **promise, quantity=1)

    assert raised["goodsNeed"] == {
        "id": goods,
        "item": "Beras",
        "quantity": 1000,
        "unit": "kg",
        "neededBy": instant(NOW + DAY),
        "pledged": 0,
        "delivered": 0,
        "version": 1,
    }
    assert full["problems"] == [problem("Limit", "NEED_PLEDGED", "quantity", count=800, limit=1000)]
    shown = delivered["pledge"]
    assert (shown["filled"], shown["openQuantity"], shown["percent"], shown["version"]) == (200, 600, 25.0, 2)
    assert too_much["problems"] == [problem("Simple", "INVALID", "quantity")]
    assert (released["problems"], again["problems"]) == ([], [])
    assert closed == {
        "goodsNeed": {"pledged": 1000, "delivered": 200, "closedAt": instant(NOW), "version": 2},
        "problems": [],
    }
    assert after["problems"] == [problem("Simple", "NEED_CLOSED", "goodsNeed")]
    assert await build.connection.fetchval("SELECT pledged FROM goods_need") == 1000


async def test_the_database_refuses_what_exceeds_a_need_by_whatever_path(build: Build) -> None:
    organization = await build.organization()
    need, goods = await build.need(wanted=2), await build.goods_need(quantity=5)
    pledge = await build.pledge(need, organization, quantity=1)
    await build.assignment(need, await build.volunteer(organization), status="ACCEPTED")
    offer = await build.assignment(need, await build.volunteer(organization))
    period = asyncpg.Range(NOW + DAY, NOW + 4 * DAY)
    volunteer = await build.connection.fetchval("SELECT volunteer_id FROM assignment WHERE id = $1", offer)
    commit = """WITH accepted AS (UPDATE assignment SET status = 'ACCEPTED', accepted_at = created_at - interval '1 year' WHERE id = $3)
      INSERT INTO commitment (id, volunteer_id, assignment_id, period) VALUES ($1, $2, $3, $4)"""
    refused = []

    for statement, values in (
        (commit, (uuid.uuid4(), volunteer, offer, period)),
        ("UPDATE pledge SET quantity = 2 WHERE id = $1", (pledge,)),
        (SET_WANTED, (need, 1)),
        ("UPDATE goods_need SET pledged = 6 WHERE id = $1", (goods,)),
    ):
        with pytest.raises(asyncpg.CheckViolationError) as error:
            await build.connection.execute(statement, *values)
        refused.append(error.value.constraint_name)
    await build.connection.execute("UPDATE assignment SET pledge_id = $1 WHERE id = $2", pledge, offer)
    await build.connection.execute(commit, uuid.uuid4(), volunteer, offer, period)

    assert refused == ["places_of_need", "places_of_need", "places_of_need", "ck_goods_need_pledged"]


@pytest.mark.fuzz
async def test_six_organizations_promise_to_the_same_twelve_needs_at_once(api: Api, build: Build) -> None:
    organizations = [await organization_and_manager(build, name=name, kind="ZAKAT") for name in NGOS]
    incident, promised = await build.incident(), 0

    for _round in range(ROUNDS):
        needs = [await build.need(incident, wanted=10) for _ in range(12)]
        answers = await run_concurrently(
            partial(
                api.do,
                MAKE,
                actor=manager,
                organization=named("Organization", organization),
                need=named("Need", need),
                quantity=quantity,
            )
            for number, (organization, manager) in enumerate(organizations)
            for need in needs
            for quantity in (3 if number % 2 else 2,)
        )

        made = [answer["pledge"]["id"] for answer in answers if answer["pledge"]]
        rows = await build.connection.fetch(
            "SELECT need_id, sum(quantity) AS total, count(*) AS number FROM pledge WHERE need_id = ANY($1) GROUP BY 1",
            needs,
        )
        # Three of 3 and three of 2 come to 15: whoever comes first, between 8 and 10 of 10 are promised.
        assert len(rows) == 12
        assert {row["total"] for row in rows} <= {8, 9, 10}
        assert sum(row["number"] for row in rows) == len(made)
        codes = [[each["code"] for each in answer["problems"]] for answer in answers if not answer["pledge"]]
        assert codes == [["NEED_PLEDGED"]] * (len(answers) - len(made))
        promised += sum(row["total"] for row in rows)

    # The matrix adds up to all that was promised, and nothing is over 100 %.
    (cells,) = (await api.ask(MATRIX, actor=organizations[0][1], id=named("Incident", incident)))["incident"].values()
    assert {cell["wanted"] for cell in cells} == {ROUNDS * 120}
    assert sum(cell["promised"] for cell in cells) == promised
    assert {cell["totalPercent"] for cell in cells} == {100 * promised / (ROUNDS * 120)}


async def test_a_pledge_and_a_lowered_need_respect_whichever_came_first(api: Api, build: Build) -> None:
    organization, manager = await organization_and_manager(build)
    coordinator, incident = await build.coordinator(), await build.incident()
    lower = document("changeNeed", "need { peopleWanted }")
    outcomes = set()

    for number in range(2 * ROUNDS):
        need = await build.need(incident, wanted=5)
        promise = {"organization": named("Organization", organization), "need": named("Need", need), "quantity": 4}
        calls = [
            partial(api.do, MAKE, actor=manager, **promise),
            partial(api.do, lower, actor=coordinator, need=named("Need", need), version=1, peopleWanted=3),
        ]
        answers = await run_concurrently(calls if number % 2 else calls[::-1])

        codes = sorted(each["code"] for answer in answers for each in answer["problems"])
        held = await build.connection.fetchval("SELECT places_held($1, '-infinity', 'infinity', now())", need)
        outcomes.add((await build.wanted(need), held, *codes))

    assert outcomes <= {(5, 4, "BELOW_PROMISED"), (3, 0, "NEED_PLEDGED")}


async def test_a_closing_and_an_acceptance_respect_whichever_came_first(api: Api, build: Build) -> None:
    organization, manager = await organization_and_manager(build)
    coordinator = await build.coordinator()
    close = document("closeIncident", "incident { status }")
    accept = document("acceptAssignment", "assignment { status }")
    outcomes = set()

    for number in range(2 * ROUNDS):
        incident = await build.incident()
        need = await build.need(incident, starts_at=NOW - HOUR, ends_at=NOW + DAY)
        offer = await build.assignment(need, await build.volunteer(organization))
        calls = [
            partial(api.do, accept, actor=manager, assignment=named("Assignment", offer), version=1),
            partial(api.do, close, actor=coordinator, incident=named("Incident", incident), version=1),
        ]
        answers = await run_concurrently(calls if number % 2 else calls[::-1])

        codes = sorted(each["code"] for answer in answers for each in answer["problems"])
        row = await build.connection.fetchrow(
            """SELECT incident.status, assignment.status AS duty, commitment.id IS NOT NULL AS committed
            FROM assignment JOIN need ON need.id = need_id JOIN incident ON incident.id = incident_id
            LEFT JOIN commitment ON assignment_id = assignment.id WHERE assignment.id = $1""",
            offer,
        )
        outcomes.add((*(row or ()), *codes))

    assert outcomes <= {
        ("ACTIVE", "ACCEPTED", True, "DUTY_RUNNING"),
        ("CLOSED", "EXPIRED", False, "VERSION_CONFLICT"),
        ("CLOSED", "EXPIRED", False, "WRONG_STATUS"),
    }


async def test_names_are_offered_under_a_pledge_and_direct_offers_take_only_what_is_left(
    api: Api, build: Build
) -> None:
    organization, manager = await organization_and_manager(build)
    coordinator, need = await build.coordinator(), await build.need(wanted=3)
    pledge = await build.pledge(need, organization, quantity=2)
    members = [await build.volunteer(organization) for _ in range(3)]
    others = [await build.volunteer() for _ in range(2)]
    offer = document("offerAssignment", "assignment { id pledge { id } }")
    accept = document("acceptAssignment", "assignment { status }")
    values = {"need": named("Need", need)}
    under = {**values, "pledge": named("Pledge", pledge)}

    async def send(actor: uuid.UUID, person: uuid.UUID, **input_values: Any) -> Json:
        offered = await api.do(offer, actor=actor, volunteer=named("Volunteer", person), **input_values)
        if offered["problems"]:
            return offered["problems"]
        answer = await build.volunteer_account(person)
        key = offered["assignment"]["id"]
        return (await api.do(accept, actor=answer, assignment=key, version=1))["problems"]

    direct = await send(coordinator, others[0], **values)
    second = await send(coordinator, others[1], **values)
    stranger = await send(manager, others[1], **under)
    alone = await send(manager, members[0], **values)
    named_ = [await send(manager, member, **under) for member in members]
    read = await api.ask(f'{{ pledge(id: "Pledge:{pledge}") {{ filled openQuantity percent }} }}', actor=manager)

    assert (direct, second) == ([], [problem("Limit", "NEED_PLEDGED", "volunteer", count=3, limit=3)])
    assert stranger == [problem("Simple", "INVALID", "pledge"), problem("Simple", "NOT_FOUND", "volunteer")]
    assert alone == [problem("Simple", "FORBIDDEN", "need")]
    assert named_[:2] == [[], []]
    assert [each["code"] for each in named_[2]] == ["NEED_FULL", "NEED_PLEDGED"]
    assert read == {"pledge": {"filled": 2, "openQuantity": 0, "percent": 100.0}}


@pytest.mark.parametrize("verb", ["offerAssignment", "offerAssignments"])
async def test_only_coordinators_of_the_need_set_rules_aside(api: Api, build: Build, verb: str) -> None:
    """A manager sends under the pledge of the organization whom all rules let, and a coordinator whom they do not, too."""
    organization, manager = await organization_and_manager(build)
    need, untrained = await build.need(wanted=3), await build.person()
    await build.membership(untrained, organization)
    pledge, person = named("Pledge", await build.pledge(need, organization, quantity=2)), named("Volunteer", untrained)
    whom: Json = {"volunteer": person} if verb == "offerAssignment" else {"volunteers": [person]}
    values: Json = {"need": named("Need", need), "pledge": pledge, **whom}
    values |= {"overrideRules": ["NOT_TRAINED"], "overrideReason": "Dilatih di tempat"}
    offer = document(verb, "assignment { id }" if verb == "offerAssignment" else "results { position }")
    before = await snapshot(build.connection)

    refused = await api.do(offer, actor=manager, **values)
    unchanged = await snapshot(build.connection)
    made = await api.do(offer, actor=await build.coordinator(kabupaten_code=HOME), **values)

    assert refused["problems"] == [problem("Simple", "FORBIDDEN", "overrideRules")]
    assert unchanged == before
    assert made["problems"] == []
    assert await build.connection.fetchval("SELECT rule_code FROM override") == "NOT_TRAINED"


async def test_nobody_is_sent_under_the_pledge_of_an_organization_that_does_not_stand(api: Api, build: Build) -> None:
    """Whoever is a member of another one may be sent without it."""
    organization, manager = await organization_and_manager(build)
    coordinator, need = await build.coordinator(), await build.need(wanted=3)
    member = await build.volunteer()
    await build.membership(member, organization)
    pledge = named("Pledge", await build.pledge(need, organization, quantity=2))
    await build.connection.execute("UPDATE organization SET verification = 'SUSPENDED' WHERE id = $1", organization)
    values, before = {"need": named("Need", need)}, await snapshot(build.connection)
    person = named("Volunteer", member)

    one, many = document("offerAssignment", "assignment { id }"), document("offerAssignments", "results { position }")
    refused = []
    for actor in (manager, coordinator):
        refused.append(await api.do(one, actor=actor, volunteer=person, pledge=pledge, **values))
        refused.append(await api.do(many, actor=actor, volunteers=[person], pledge=pledge, **values))
        refused.append(await api.do(many, actor=actor, volunteers=[], nearest=1, pledge=pledge, **values))
    unchanged = await snapshot(build.connection)
    direct = await api.do(one, actor=coordinator, volunteer=person, **values)

    fact = {"organization": {"id": named("Organization", organization)}}
    fallen = [problem("Organization", "ORGANIZATION_NOT_VERIFIED", "pledge", **fact)]
    assert [each["problems"] for each in refused] == [fallen] * 6
    assert unchanged == before
    assert direct["problems"] == []


@pytest.mark.parametrize("wanted", [2, 3], ids=["all places are taken", "a place is free"])
@pytest.mark.parametrize("way", ["released", "lapsed"])
async def test_an_offer_under_a_pledge_that_has_ended_is_accepted_as_a_direct_one(
    api: Api, build: Build, way: str, wanted: int
) -> None:
    organization, manager = await organization_and_manager(build)
    coordinator, need = await build.coordinator(), await build.need(wanted=wanted)
    pledge = await build.pledge(need, organization, quantity=1)
    first, second = [await build.volunteer(organization) for _ in range(2)]
    offer = document("offerAssignment", "assignment { id }")
    under = {"need": named("Need", need), "pledge": named("Pledge", pledge)}
    offered = await api.do(offer, actor=manager, volunteer=named("Volunteer", first), **under)
    if way == "released":
        released = document("releasePledge", "pledge { status }")
        await api.do(released, actor=coordinator, pledge=under["pledge"], version=1, reason="Truk rusak")
    else:
        past = api.now - timedelta(hours=1)
        await build.connection.execute("UPDATE pledge SET deadline = $2, status = 'LAPSED' WHERE id = $1", pledge, past)
    await build.pledge(need, await build.organization(), quantity=2)

    late = await api.do(offer, actor=manager, volunteer=named("Volunteer", second), **under)
    accept = document("acceptAssignment", "assignment { status }")
    answer = await build.volunteer_account(first)
    accepted = await api.do(accept, actor=answer, assignment=offered["assignment"]["id"], version=1)

    assert late["problems"] == [
        problem("Status", "WRONG_STATUS", "pledge", currentStatus="RELEASED" if way == "released" else "LAPSED")
    ]
    full = [problem("Limit", "NEED_PLEDGED", "assignment", count=2, limit=2)]
    assert accepted["problems"] == (full if wanted == 2 else [])


@pytest.mark.parametrize("is_member", [True, False])
async def test_a_duty_that_filled_a_pledge_at_its_deadline_is_replaced_from_its_start(
    api: Api, build: Build, is_member: bool
) -> None:
    """By a member under the pledge; by somebody else in the place that is free once the pledge has lapsed."""
    organization, need = await build.organization(), await build.need(wanted=1)
    pledge = await build.pledge(need, organization, deadline=NOW)
    duty = await build.assignment(need, await build.volunteer(organization), status="ACCEPTED", pledge_id=pledge)
    other = await build.volunteer(organization if is_member else None)
    replace = "mutation($input: ReplaceAssignmentInput!) { replaceAssignment(input: $input) { assignment { id } problems { code } } }"
    accept = "mutation($input: AcceptAssignmentInput!) { acceptAssignment(input: $input) { assignment { status } problems { code } } }"

    offered = await api.do(
        replace,
        actor=await build.coordinator(),
        assignment=f"Assignment:{duty}",
        version=1,
        volunteer=f"Volunteer:{other}",
    )
    accepted = await api.do(
        accept, actor=await build.volunteer_account(other), assignment=offered["assignment"]["id"], version=1
    )

    assert accepted == {"assignment": {"status": "ACCEPTED"}, "problems": []}
    statuses = [
        await build.connection.fetchval(f"SELECT status FROM {table} WHERE id = $1", key)
        for table, key in (("assignment", duty), ("pledge", pledge))
    ]
    assert statuses == ["CANCELLED", "OPEN" if is_member else "LAPSED"]
