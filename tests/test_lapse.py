"""What ends with time: an offer past its deadline reads as expired, and the next writer records it."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, Build
from tests.conftest import NOW
from tests.serving import running_api
from tests.snapshot import snapshot

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

READ = """query($assignment: ID!, $need: ID!, $volunteer: ID!) {
  assignment(id: $assignment) { status allowedActions version }
  equal: assignments(first: 9, filter: {status: {eq: EXPIRED}}) { totalCount nodes { id status } }
  among: assignments(first: 9, filter: {status: {in: [EXPIRED, DECLINED]}}) { totalCount nodes { id status } }
  different: assignments(first: 9, filter: {status: {not: {eq: OFFERED}}}) { totalCount nodes { id status } }
  offered: assignments(first: 9, filter: {status: {eq: OFFERED}}) { totalCount nodes { id } }
  others: assignments(first: 9, filter: {not: {status: {in: [EXPIRED]}}}) { totalCount nodes { id } }
  need(id: $need) {
    coverage { wanted offered accepted onDuty } refusals(volunteer: $volunteer) { code }
    candidates(first: 9) { totalCount nodes { volunteer { id } } }
    assignments(first: 0, filter: {status: {eq: EXPIRED}}) { totalCount } } }"""
CHANGED = f"assignment {{ id status version }} {PROBLEMS}"
OFFER = f"mutation($input: OfferAssignmentInput!) {{ offerAssignment(input: $input) {{ {CHANGED} }} }}"
ANSWERS = {
    name: f"mutation($input: {name}AssignmentInput!) {{ {name.lower()}Assignment(input: $input) {{ {CHANGED} }} }}"
    for name in ("Accept", "Decline", "Cancel")
}


class Offer(NamedTuple):
    need: uuid.UUID
    volunteer: uuid.UUID
    assignment: uuid.UUID


MakeOffer = Callable[[Build, timedelta], Awaitable[Offer]]


async def with_a_deadline(build: Build, late: timedelta) -> Offer:
    """An offer whose deadline has passed by this time."""
    need, volunteer = await build.need(), await build.volunteer()
    return Offer(need, volunteer, await build.assignment(need, volunteer, expires_at=NOW - late))


async def without_a_deadline(build: Build, late: timedelta) -> Offer:
    """An offer of a part of a need; that part has been over for this time."""
    need, volunteer = await build.need(starts_at=NOW - DAY), await build.volunteer()
    return Offer(need, volunteer, await build.assignment(need, volunteer, ends_at=NOW - late))


async def with_a_deadline_after_its_end(build: Build, late: timedelta) -> Offer:
    need, volunteer = await build.need(starts_at=NOW - DAY), await build.volunteer()
    period = {"ends_at": NOW - late, "expires_at": NOW + DAY}
    return Offer(need, volunteer, await build.assignment(need, volunteer, **period))


OFFERS = (with_a_deadline, without_a_deadline, with_a_deadline_after_its_end)


def ids(offer: Offer) -> dict[str, str]:
    need, volunteer, assignment = offer
    return {"need": f"Need:{need}", "volunteer": f"Volunteer:{volunteer}", "assignment": f"Assignment:{assignment}"}


async def answers(api: Api, actor: uuid.UUID, assignment: str) -> list[Json]:
    """The payloads of accepting, declining and cancelling it."""
    fields = {"assignment": assignment, "version": 1}
    return [
        await api.do(document, actor=actor, **fields, **({"reason": "Batal"} if name == "Cancel" else {}))
        for name, document in ANSWERS.items()
    ]


@pytest.mark.parametrize("make_offer", OFFERS)
@pytest.mark.parametrize("late", [timedelta(0), HOUR], ids=["just now", "an hour ago"])
async def test_an_overdue_offer_reads_as_expired_and_readers_change_nothing(
    api: Api, build: Build, make_offer: MakeOffer, late: timedelta
) -> None:
    offer = await make_offer(build, late)
    before = await snapshot(build.connection)

    data = await api.ask(READ, actor=await build.coordinator(), **ids(offer))

    expired = {"totalCount": 1, "nodes": [{"id": f"Assignment:{offer.assignment}", "status": "EXPIRED"}]}
    nothing: Json = {"totalCount": 0, "nodes": []}
    assert data == {
        "assignment": {"status": "EXPIRED", "allowedActions": [], "version": 1},
        "equal": expired,
        "among": expired,
        "different": expired,
        "offered": nothing,
        "others": nothing,
        "need": {
            "coverage": {"wanted": 10, "offered": 0, "accepted": 0, "onDuty": 0},
            "refusals": [],
            "candidates": {"totalCount": 1, "nodes": [{"volunteer": {"id": f"Volunteer:{offer.volunteer}"}}]},
            "assignments": {"totalCount": 1},
        },
    }
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize("make_offer", OFFERS)
async def test_an_offer_reads_as_offered_up_to_that_instant(api: Api, build: Build, make_offer: MakeOffer) -> None:
    offer = await make_offer(build, -timedelta(microseconds=1))

    data = await api.ask(READ, actor=await build.coordinator(), **ids(offer))

    nothing: Json = {"totalCount": 0, "nodes": []}
    offered = {"totalCount": 1, "nodes": [{"id": f"Assignment:{offer.assignment}"}]}
    assert data == {
        "assignment": {"status": "OFFERED", "allowedActions": ["CANCEL"], "version": 1},
        "equal": nothing,
        "among": nothing,
        "different": nothing,
        "offered": offered,
        "others": offered,
        "need": {
            "coverage": {"wanted": 10, "offered": 1, "accepted": 0, "onDuty": 0},
            "refusals": [{"code": "ALREADY_OFFERED"}],
            "candidates": nothing,
            "assignments": {"totalCount": 0},
        },
    }


@pytest.mark.parametrize("make_offer", OFFERS)
async def test_an_overdue_offer_cannot_be_answered_or_taken_back(api: Api, build: Build, make_offer: MakeOffer) -> None:
    offer = await make_offer(build, HOUR)
    actor = await build.volunteer_account(offer.volunteer)
    before = await snapshot(build.connection)

    answered = await answers(api, actor, f"Assignment:{offer.assignment}")

    expired = problem("Deadline", "OFFER_EXPIRED", "assignment", deadline=instant(NOW - HOUR))
    assert answered == [{"assignment": None, "problems": [expired]}] * 3
    assert await snapshot(build.connection) == before


async def test_what_else_has_ended_is_not_expired(api: Api, build: Build) -> None:
    """Only offers lapse."""
    need, coordinator = await build.need(starts_at=NOW - DAY), await build.coordinator()
    statuses = ("ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED", "DECLINED", "CANCELLED", "RELEASED", "NO_SHOW")
    for status in statuses:
        await build.assignment(need, await build.volunteer(), status=status, expires_at=NOW - DAY, ends_at=NOW - HOUR)

    data = await api.ask("{ assignments(first: 9, orderBy: CREATED_AT_ASC) { nodes { status } } }", actor=coordinator)

    assert sorted(node["status"] for node in data["assignments"]["nodes"]) == sorted(statuses)


async def test_an_overdue_offer_no_longer_shows_the_volunteer_to_the_needs_coordinator(api: Api, build: Build) -> None:
    need, volunteer = await build.need(), await build.volunteer(kabupaten_code=FAR, reach="KABUPATEN")
    coordinator = await build.coordinator(kabupaten_code=HOME)
    assignment = await build.assignment(need, volunteer, expires_at=NOW + timedelta(microseconds=1))
    document = "query($id: ID!) { volunteer(id: $id) { id } }"

    waiting = await api.ask(document, actor=coordinator, id=f"Volunteer:{volunteer}")
    await build.connection.execute("UPDATE assignment SET expires_at = $1 WHERE id = $2", NOW, assignment)
    overdue = await api.ask(document, actor=coordinator, id=f"Volunteer:{volunteer}")

    assert (waiting, overdue) == ({"volunteer": {"id": f"Volunteer:{volunteer}"}}, {"volunteer": None})


@pytest.mark.parametrize("make_offer", OFFERS)
async def test_a_new_offer_records_the_overdue_one_as_expired(api: Api, build: Build, make_offer: MakeOffer) -> None:
    offer, coordinator = await make_offer(build, HOUR), await build.coordinator()
    need, volunteer = f"Need:{offer.need}", f"Volunteer:{offer.volunteer}"

    offered = await api.do(OFFER, actor=coordinator, need=need, volunteer=volunteer)

    new = uuid.UUID(offered["assignment"]["id"].partition(":")[2])
    assert offered == {"assignment": {"id": f"Assignment:{new}", "status": "OFFERED", "version": 1}, "problems": []}
    rows = await build.connection.fetch("SELECT id, status, version, updated_at FROM assignment ORDER BY version DESC")
    assert [tuple(row)[:3] for row in rows] == [(offer.assignment, "EXPIRED", 2), (new, "OFFERED", 1)]
    events = await build.connection.fetch("SELECT * FROM event ORDER BY position")
    told = ("kind", "subject_key", "actor_kind", "account_id", "effective_at")
    assert [tuple(event[name] for name in told) for event in events] == [
        ("assignment.expired", str(offer.assignment), "CLOCK", None, NOW - HOUR),
        ("assignment.offered", str(new), "ACCOUNT", coordinator, None),
    ]
    assert events[0]["at"] == events[1]["at"] == rows[0]["updated_at"] == NOW


async def test_a_refused_offer_records_nothing(api: Api, build: Build) -> None:
    offer, coordinator = await with_a_deadline(build, HOUR), await build.coordinator()
    await build.connection.execute("UPDATE volunteer SET consent_withdrawn_at = now()")
    before = await snapshot(build.connection)

    refused = await api.do(
        OFFER, actor=coordinator, need=f"Need:{offer.need}", volunteer=f"Volunteer:{offer.volunteer}"
    )

    assert refused == {"assignment": None, "problems": [problem("Simple", "CONSENT_MISSING", "volunteer")]}
    assert await snapshot(build.connection) == before


async def test_the_history_tells_what_happened_and_when_it_took_effect(
    build: Build, database_url: str, keys: Path
) -> None:
    need, volunteer, coordinator = await build.need(), await build.volunteer(), await build.coordinator()
    await build.connection.execute("UPDATE account SET name = 'Bu Sri' WHERE id = $1", coordinator)
    fields = {"need": f"Need:{need}", "volunteer": f"Volunteer:{volunteer}"}
    document = """query($id: ID!) { assignment(id: $id) {
      history { kind status effectiveAt actorKind actorName reason } } }"""
    clock = [NOW]

    async with running_api(database_url, keys, lambda: clock[0]) as api:
        first = await api.do(OFFER, actor=coordinator, **fields, expiresAt=instant(NOW + HOUR))
        clock[0] = NOW + 2 * HOUR
        unrecorded = await api.ask(document, actor=coordinator, id=first["assignment"]["id"])
        second = await api.do(OFFER, actor=coordinator, **fields)
        recorded = await api.ask(document, actor=coordinator, id=first["assignment"]["id"])
        await api.do(
            ANSWERS["Cancel"], actor=coordinator, assignment=second["assignment"]["id"], version=1, reason="Cukup"
        )
        taken_back = await api.ask(document, actor=coordinator, id=second["assignment"]["id"])

    by_account = {"effectiveAt": None, "actorKind": "ACCOUNT", "actorName": "Bu Sri", "reason": None}
    offered = {"kind": "assignment.offered", "status": "OFFERED", **by_account}
    expired = {
        "kind": "assignment.expired",
        "status": "EXPIRED",
        "effectiveAt": instant(NOW + HOUR),
        "actorKind": "CLOCK",
        "actorName": None,
        "reason": None,
    }
    cancelled = {**by_account, "kind": "assignment.cancelled", "status": "CANCELLED", "reason": "Cukup"}
    assert unrecorded == {"assignment": {"history": [offered]}}
    assert recorded == {"assignment": {"history": [offered, expired]}}
    assert taken_back == {"assignment": {"history": [offered, cancelled]}}


async def test_allowed_actions_are_those_of_the_status_that_the_viewer_may_take(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need(kabupaten_code=HOME)
    volunteer = await build.volunteer(organization, kabupaten_code=FAR)
    actors = {
        "volunteer": await build.volunteer_account(volunteer),
        "manager": await build.manager(organization),
        "need": await build.coordinator(kabupaten_code=HOME),
        "home": await build.coordinator(kabupaten_code=FAR),
        "nation": await build.coordinator(),
    }
    document = "query($id: ID!) { assignment(id: $id) { allowedActions } }"
    found: dict[str, dict[str, list[str]]] = {}

    for status in ("OFFERED", "ACCEPTED", "MOBILIZED", "ON_DUTY", "COMPLETED", "DECLINED"):
        await build.connection.execute("TRUNCATE assignment CASCADE")
        assignment = await build.assignment(need, volunteer, status=status)
        found[status] = {
            name: (await api.ask(document, actor=actor, id=f"Assignment:{assignment}"))["assignment"]["allowedActions"]
            for name, actor in actors.items()
        }

    answering, receiving = {"volunteer", "manager"}, {"need", "nation"}
    cancelling = {name: [] if name == "home" else ["CANCEL"] for name in actors}
    longer = {name: ["EXTEND"] if name in receiving else [] for name in actors}
    arriving = {name: ["CHECK_IN"] if name in receiving else [] for name in actors}
    assert found == {
        "OFFERED": {
            name: ["ACCEPT", "DECLINE", "CANCEL"] if name in answering else cancelling[name] for name in actors
        },
        "ACCEPTED": {
            name: [*cancelling[name], *longer[name], *(["MOBILIZE"] if name != "home" else []), *arriving[name]]
            for name in actors
        },
        "MOBILIZED": {name: [*cancelling[name], *longer[name], *arriving[name]] for name in actors},
        "ON_DUTY": {name: ["RELEASE", "EXTEND", "CHECK_OUT"] if name in receiving else [] for name in actors},
        **{status: {name: [] for name in actors} for status in ("COMPLETED", "DECLINED")},
    }
