"""Memberships are agreed on: by the person and by the organization. Who is registered is told by no answer."""

import uuid
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette

from api.services.disclosure import DAY
from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, Build
from tests.conftest import NOW
from tests.sampling import ROUNDS
from tests.snapshot import snapshot
from tests.test_fallen import fall
from tests.test_race import lock_until_waiting, run_concurrently

THING = "membershipRequest { id status askedBy number rank { code } note reason version }"
REQUEST = f"mutation($input: RequestMembershipInput!) {{ requestMembership(input: $input) {{ {THING} {PROBLEMS} }} }}"
APPROVE = f"mutation($input: ApproveMembershipInput!) {{ approveMembership(input: $input) {{ {THING} {PROBLEMS} }} }}"
REFUSE = f"mutation($input: RefuseMembershipInput!) {{ refuseMembership(input: $input) {{ {THING} {PROBLEMS} }} }}"
REGISTER = f"""mutation($input: RegisterVolunteerInput!) {{ registerVolunteer(input: $input) {{
  volunteer {{ id }} {PROBLEMS} }} }}"""
REQUESTS = "{ membershipRequests(first: 10) { nodes { volunteer { name } organization { id } note status } } }"
MEMBERSHIPS = "SELECT organization_id, number, rank_code, since FROM membership WHERE volunteer_id = $1 ORDER BY since"

PERSON = {"name": "Sinta Dewi", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan relawan"}
NIK, OTHER_NIK = "6202014107900001", "6202014107900002"


async def register_elsewhere(api: Api, build: Build, nik: str = NIK, **values: Any) -> uuid.UUID:
    """Somebody registered in another province, whom nobody in HOME sees."""
    registered = await api.do(
        REGISTER,
        actor=await build.coordinator(),
        **{**PERSON, "name": "Dewi Sinta", "kabupaten": FAR, "reach": "KABUPATEN", "nik": nik, **values},
    )
    assert registered["problems"] == []
    return uuid.UUID(registered["volunteer"]["id"].partition(":")[2])


def answered(payload: Json, **values: object) -> None:
    assert payload["problems"] == []
    assert {name: payload["membershipRequest"][name] for name in values} == values


async def test_a_person_asks_and_a_manager_answers(api: Api, build: Build) -> None:
    organization, person = await build.organization(), await build.person(kabupaten_code=FAR, reach="KABUPATEN")
    asker, manager = await build.volunteer_account(person), await build.manager(organization)

    asked = await api.do(REQUEST, actor=asker, organization=f"Organization:{organization}", note=" Ingin  membantu ")
    (listed,) = (await api.ask(REQUESTS, actor=manager))["membershipRequests"]["nodes"]
    key = asked["membershipRequest"]["id"]
    own_yes = await api.do(APPROVE, actor=asker, membershipRequest=key, version=1)
    approved = await api.do(APPROVE, actor=manager, membershipRequest=key, version=1, number="T-07", rank="TAGANA_MUDA")

    answered(asked, status="PENDING", askedBy="PERSON", note="Ingin membantu", version=1)
    assert listed["volunteer"] == {"name": (await build.connection.fetchval("SELECT name FROM volunteer"))}
    assert own_yes["problems"] == [problem("Simple", "FORBIDDEN", "membershipRequest")]
    answered(approved, status="ACCEPTED", version=2)
    rows = await build.connection.fetch(MEMBERSHIPS, person)
    assert [tuple(row) for row in rows] == [(organization, "T-07", "TAGANA_MUDA", NOW.date())]
    events = await build.connection.fetch(
        "SELECT kind FROM event WHERE kind <> 'account.call_refused' ORDER BY position"
    )
    assert [row["kind"] for row in events] == [
        *("membership_request.pending", "membership.begun", "membership_request.accepted")
    ]


async def test_an_organization_asks_and_the_person_alone_answers(api: Api, build: Build) -> None:
    own, other = await build.organization(), await build.organization()
    person = await build.volunteer(own)
    account, manager = await build.volunteer_account(person), await build.manager(other)
    values = {"organization": f"Organization:{other}", "volunteer": f"Volunteer:{person}"}
    coordinator = await build.coordinator(kabupaten_code=HOME)

    unseen = await api.do(REQUEST, actor=manager, **values)
    asked = await api.do(REQUEST, actor=coordinator, **values, number="M-1", rank="TAGANA_MADYA")
    again = await api.do(REQUEST, actor=coordinator, **values)
    key = asked["membershipRequest"]["id"]
    refused = {
        name: (await api.do(APPROVE, actor=actor, membershipRequest=key, version=1))["problems"]
        for name, actor in {
            "asking": manager,
            "own manager": await build.manager(own),
            "coordinator": coordinator,
        }.items()
    }
    changed = await api.do(APPROVE, actor=account, membershipRequest=key, version=1, number="M-2")
    approved = await api.do(APPROVE, actor=account, membershipRequest=key, version=1)

    assert unseen["problems"] == [problem("Simple", "NOT_FOUND", "volunteer")]
    answered(asked, status="PENDING", askedBy="ORGANIZATION", number="M-1", rank={"code": "TAGANA_MADYA"})
    assert again["problems"] == [problem("Simple", "ALREADY_ASKED", "organization")]
    forbidden, hidden = (problem("Simple", code, "membershipRequest") for code in ("FORBIDDEN", "NOT_FOUND"))
    assert refused == {"asking": [forbidden], "own manager": [hidden], "coordinator": [forbidden]}
    assert changed["problems"] == [problem("Simple", "FORBIDDEN", "number")]
    answered(approved, status="ACCEPTED")
    rows = await build.connection.fetch(MEMBERSHIPS, person)
    assert [tuple(row) for row in rows][1:] == [(other, "M-1", "TAGANA_MADYA", NOW.date())]


ACTIONS = "query($id: ID!) { membershipRequest(id: $id) { allowedActions } }"


@pytest.mark.parametrize("asker", ["coordinator", "manager of both"])
async def test_who_asks_does_not_answer_for_a_person_without_an_account(api: Api, build: Build, asker: str) -> None:
    """Though the role would do for either side; another coordinator of the home answers."""
    own, other = await build.organization(), await build.organization()
    person = await build.volunteer(own)
    asking = await build.coordinator(kabupaten_code=HOME) if asker == "coordinator" else await build.manager(other)
    if asker == "manager of both":
        await build.row("role", account_id=asking, kind="MANAGER", organization_id=own)
    values = {"organization": f"Organization:{other}", "volunteer": f"Volunteer:{person}"}
    asked = (await api.do(REQUEST, actor=asking, **values))["membershipRequest"]
    key, second = asked["id"], await build.coordinator(kabupaten_code=HOME)
    before = await snapshot(build.connection)

    refused = [
        (await api.do(document, actor=asking, membershipRequest=key, version=1, **more))["problems"]
        for document, more in ((APPROVE, {}), (REFUSE, {"reason": "Tidak jadi"}))
    ]
    unchanged = await snapshot(build.connection)
    allowed = [await api.ask(ACTIONS, actor=each, id=key) for each in (asking, second)]
    approved = await api.do(APPROVE, actor=second, membershipRequest=key, version=1)

    forbidden = [problem("Simple", "FORBIDDEN", "membershipRequest")]
    assert (asked["askedBy"], refused, unchanged) == ("ORGANIZATION", [forbidden, forbidden], before)
    actions = [each["membershipRequest"]["allowedActions"] for each in allowed]
    assert actions == [["WITHDRAW"], ["APPROVE", "REFUSE", "WITHDRAW"]]
    answered(approved, status="ACCEPTED")


async def test_a_manager_who_asks_to_join_the_own_organization_answers_for_both_sides(api: Api, build: Build) -> None:
    """As the person, and as the organization: nobody is spoken for by somebody else."""
    organization, person = await build.organization(), await build.person()
    account = await build.volunteer_account(person)
    await build.row("role", account_id=account, kind="MANAGER", organization_id=organization)

    asked = await api.do(REQUEST, actor=account, organization=f"Organization:{organization}")
    key = asked["membershipRequest"]["id"]
    approved = await api.do(APPROVE, actor=account, membershipRequest=key, version=1)

    answered(asked, askedBy="PERSON")
    answered(approved, status="ACCEPTED")


@pytest.mark.parametrize("has_account", [False, True])
@pytest.mark.parametrize("how", [None, "suspended", "struck off"])
async def test_managers_answer_for_who_has_no_account(
    api: Api, build: Build, has_account: bool, how: str | None
) -> None:
    """Not those of an organization that does not stand; then the coordinators of the person's home."""
    own, other = await build.organization(), await build.organization()
    person = await build.volunteer(own)
    if has_account:
        await build.volunteer_account(person)
    manager, home = await build.manager(own), await build.coordinator(kabupaten_code=HOME)
    key = f"MembershipRequest:{await build.membership_request(person, other)}"
    if how is not None:
        await fall(build, own, how)

    by_manager = await api.do(REFUSE, actor=manager, membershipRequest=key, version=1, reason="Sedang bertugas")
    by_home = await api.do(APPROVE, actor=home, membershipRequest=key, version=1)

    may = not has_account and how is None
    hidden = [problem("Simple", "NOT_FOUND", "membershipRequest")]
    assert by_manager["problems"] == ([] if may else hidden)
    if may:
        assert by_home["problems"] == [problem("Version", "VERSION_CONFLICT", "version", currentVersion=2)]
    elif has_account:
        assert by_home["problems"] == [problem("Simple", "FORBIDDEN", "membershipRequest")]
    else:
        answered(by_home, status="ACCEPTED")


@pytest.mark.parametrize("verification", ["PENDING", "REFUSED", "SUSPENDED", "CLOSED"])
async def test_an_organization_that_does_not_stand_takes_nobody(api: Api, build: Build, verification: str) -> None:
    organization, person = await build.organization(), await build.person()
    account, manager = await build.volunteer_account(person), await build.manager(organization)
    key = await build.membership_request(person, organization, asked_by="PERSON")
    await build.connection.execute("UPDATE organization SET verification = $1", verification)
    before = await snapshot(build.connection)

    asked = await api.do(
        REQUEST,
        actor=await build.coordinator(),
        organization=f"Organization:{organization}",
        volunteer=f"Volunteer:{person}",
    )
    hidden = await api.do(REQUEST, actor=account, organization=f"Organization:{organization}")
    approved = await api.do(APPROVE, actor=manager, membershipRequest=f"MembershipRequest:{key}", version=1)

    fact = {"organization": {"id": f"Organization:{organization}"}}
    refused = [problem("Organization", "ORGANIZATION_NOT_VERIFIED", "organization", **fact)]
    assert asked["problems"] == refused
    assert hidden["problems"] == [problem("Simple", "NOT_FOUND", "organization")]
    assert approved["problems"] == [problem("Organization", "ORGANIZATION_NOT_VERIFIED", "membershipRequest", **fact)]
    assert await snapshot(build.connection) == before


REFUSED: list[tuple[str, Json, Json]] = [
    ("person", {"number": "1"}, problem("Simple", "INVALID", "number")),
    ("person", {"rank": "TAGANA_MUDA"}, problem("Simple", "INVALID", "number")),
    ("person", {"note": ""}, problem("Simple", "INVALID", "note")),
    ("manager", {"rank": "MRI_ANGGOTA"}, problem("Simple", "INVALID", "rank")),
    ("manager", {"rank": "NOTHING"}, problem("Simple", "NOT_FOUND", "rank")),
    ("manager", {"number": ""}, problem("Simple", "INVALID", "number")),
    ("stranger", {}, problem("Simple", "FORBIDDEN", "organization")),
    ("manager", {"volunteer": None}, problem("Simple", "NOT_FOUND", "volunteer")),
]


@pytest.mark.parametrize(("who", "given", "expected"), REFUSED)
async def test_what_is_wrong_with_a_request_is_told(
    api: Api, build: Build, who: str, given: Json, expected: Json
) -> None:
    own, organization = await build.organization(kabupaten_code=FAR), await build.organization()
    person = await build.volunteer(own)
    manager = await build.manager(organization)
    await build.row("role", account_id=manager, kind="MANAGER", organization_id=own)
    accounts = {
        "person": await build.volunteer_account(person),
        "manager": manager,
        "stranger": await build.coordinator(kabupaten_code=FAR),
    }
    before = await snapshot(build.connection)
    values = {"organization": f"Organization:{organization}", "volunteer": f"Volunteer:{person}", **given}

    asked = await api.do(REQUEST, actor=accounts[who], **values)

    assert asked["problems"] == [expected]
    assert await snapshot(build.connection) == before


async def test_a_member_is_not_asked_again_and_becomes_no_member_twice(api: Api, build: Build) -> None:
    organization, person = await build.organization(), await build.person()
    account, manager = await build.volunteer_account(person), await build.manager(organization)
    key = await build.membership_request(person, organization, asked_by="PERSON")
    await build.membership(person, organization, number="A")
    other = await build.membership_request(await build.person(), organization, asked_by="PERSON")

    asked = await api.do(REQUEST, actor=account, organization=f"Organization:{organization}")
    approved = await api.do(APPROVE, actor=manager, membershipRequest=f"MembershipRequest:{key}", version=1)
    taken = await api.do(
        APPROVE, actor=manager, membershipRequest=f"MembershipRequest:{other}", version=1, number=" a "
    )

    assert asked["problems"] == [problem("Simple", "ALREADY_MEMBER", "organization")]
    assert approved["problems"] == [problem("Simple", "ALREADY_MEMBER", "membershipRequest")]
    assert taken["problems"] == [problem("Simple", "NUMBER_TAKEN", "number")]


async def test_a_member_is_fifteen(api: Api, build: Build) -> None:
    organization = await build.organization()
    manager = await build.manager(organization)
    found = []
    for born in (date(2011, 3, 1), date(2011, 3, 2)):
        person = await build.person(birth_date=born)
        key = await build.membership_request(person, organization, asked_by="PERSON")
        payload = await api.do(APPROVE, actor=manager, membershipRequest=f"MembershipRequest:{key}", version=1)
        found.append(payload["problems"])

    assert found == [[], [problem("Simple", "INVALID", "membershipRequest")]]


# The NIK.


async def test_who_is_registered_elsewhere_gets_a_request_to_join(api: Api, build: Build) -> None:
    person = await register_elsewhere(api, build)
    organization = await build.organization()
    manager = await build.manager(organization)
    values = {**PERSON, "nik": NIK, "organization": f"Organization:{organization}", "number": "T-1"}
    count = await build.connection.fetchval("SELECT count(*) FROM event")

    answers = [await api.do(REGISTER, actor=manager, **values) for _ in range(2)]
    seen = (await api.ask(REQUESTS, actor=manager))["membershipRequests"]["nodes"]
    own = (await api.ask(REQUESTS, actor=await build.volunteer_account(person)))["membershipRequests"]["nodes"]

    sent = {"volunteer": None, "problems": [problem("Simple", "REQUEST_SENT", "nik")]}
    assert answers == [sent, sent]
    told = {"organization": {"id": f"Organization:{organization}"}, "note": "Sinta Dewi", "status": "PENDING"}
    assert seen == [{"volunteer": None, **told}]
    assert own == [{"volunteer": {"name": "Dewi Sinta"}, **told}]
    events = await build.connection.fetch(
        "SELECT kind, subject_key, change ->> 'code' FROM event ORDER BY position OFFSET $1", count
    )
    recognized = ("volunteer.recognized", str(person), "REQUEST_SENT")
    assert [tuple(event) for event in events if event["kind"] == "volunteer.recognized"] == [recognized] * 2
    assert [event["kind"] for event in events].count("membership_request.pending") == 1


async def test_a_member_whom_the_coordinator_may_not_see_is_answered_alike(api: Api, build: Build) -> None:
    person, organization = await register_elsewhere(api, build), await build.organization()
    await build.membership(person, organization)
    coordinator = await build.coordinator(kabupaten_code=HOME)

    answer = await api.do(REGISTER, actor=coordinator, **PERSON, nik=NIK, organization=f"Organization:{organization}")

    assert answer["problems"] == [problem("Simple", "REQUEST_SENT", "nik")]
    assert await build.connection.fetchval("SELECT count(*) FROM membership_request") == 0


# What is wrong besides, with a NIK that is registered or not: the answers are the same.
WRONG: list[Json] = [
    {"rank": "MRI_ANGGOTA"},
    {"rank": "NOTHING"},
    {"organization": "Organization:x"},
    {"organization": f"Organization:{uuid.UUID(int=7)}"},
    {"organization": None, "kabupaten": FAR},
    {"since": "2199-01-01"},
    {"phone": "12"},
    {"number": "T-7"},
    {"kabupaten": "99.99"},
    {"birthDate": "1990-07-02"},
    {"name": ""},
    {"name": "Orang Lain", "phone": "0812 3456 7890"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
async def test_the_nik_is_looked_at_last(api: Api, build: Build, wrong: Json) -> None:
    await register_elsewhere(api, build)
    organization = await build.organization()
    await build.membership(await build.person(name="Orang Lain", phone="+6281234567890"), organization, number="T-7")
    manager = await build.manager(organization)
    values = {**PERSON, "organization": f"Organization:{organization}", **wrong}
    before = await snapshot(build.connection)

    answers = [await api.do(REGISTER, actor=manager, **values, nik=nik) for nik in (NIK, OTHER_NIK)]

    assert answers[0]["problems"] == answers[1]["problems"] != []
    assert {"REQUEST_SENT", "ALREADY_REGISTERED"}.isdisjoint(each["code"] for each in answers[0]["problems"])
    assert await snapshot(build.connection) == before


def limit_join_requests(api: Api, limit: int) -> None:
    transport = api.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    settings = api.services.settings
    settings = replace(settings, limits=replace(settings.limits, join_requests=limit))
    cast(Starlette, transport.app).state.services = replace(api.services, settings=settings)


async def test_such_answers_are_counted_by_account_and_day(api: Api, build: Build) -> None:
    limit_join_requests(api, 2)
    organization = await build.organization()
    manager, other = await build.manager(organization), await build.manager(organization)
    niks = [f"620201410790010{number}" for number in range(4)]
    for number, nik in enumerate(niks[:3]):
        await register_elsewhere(api, build, nik, name=f"Orang {number}")
    values = {**PERSON, "organization": f"Organization:{organization}"}

    # The fourth is registered nowhere, which is not told either.
    answers = [(await api.do(REGISTER, actor=manager, **values, nik=nik))["problems"] for nik in niks]
    without = await api.do(REGISTER, actor=manager, **values)
    elsewhere = await api.do(REGISTER, actor=other, **{**values, "name": "Lain"}, nik=niks[2])
    refused = await build.connection.fetch("SELECT subject_key FROM event WHERE kind = 'account.nik_refused'")

    sent = [problem("Simple", "REQUEST_SENT", "nik")]
    spent = [problem("Retry", "TOO_MANY_ATTEMPTS", "nik", retryAt=instant(NOW + DAY))]
    assert answers == [sent, sent, spent, spent]
    assert without["problems"] == []
    assert elsewhere["problems"] == sent
    assert [row["subject_key"] for row in refused] == [str(manager)] * 2

    await build.connection.execute("UPDATE attempt SET at = at - $1::interval", timedelta(days=1))
    next_day = await api.do(REGISTER, actor=manager, **values, nik=niks[2])
    assert next_day["problems"] == sent


async def test_guesses_at_once_are_all_counted(api: Api, build: Build) -> None:
    limit_join_requests(api, 3)
    organization = await build.organization()
    manager = await build.manager(organization)
    niks = [f"620201410790010{number}" for number in range(6)]
    for number, nik in enumerate(niks):
        await register_elsewhere(api, build, nik, name=f"Orang {number}")
    values = {**PERSON, "organization": f"Organization:{organization}"}

    def guess(nik: str) -> Any:
        return lambda: api.do(REGISTER, actor=manager, **values, nik=nik)

    answers = await run_concurrently([guess(nik) for nik in niks])

    codes = sorted(each["code"] for answer in answers for each in answer["problems"])
    assert codes == ["REQUEST_SENT"] * 3 + ["TOO_MANY_ATTEMPTS"] * 3


SUSPEND = f"""mutation($input: SuspendOrganizationInput!) {{ suspendOrganization(input: $input) {{
  organization {{ verification }} {PROBLEMS} }} }}"""


@pytest.mark.fuzz
@pytest.mark.parametrize("first", ["suspend", "approve"])
async def test_no_membership_begins_after_a_suspension(api: Api, build: Build, database_url: str, first: str) -> None:
    coordinator = await build.coordinator()
    for _round in range(ROUNDS):
        organization, person = await build.organization(), await build.person()
        key = await build.membership_request(person, organization, asked_by="PERSON")
        manager = await build.manager(organization)
        suspend = partial(
            api.do,
            SUSPEND,
            actor=coordinator,
            organization=f"Organization:{organization}",
            version=1,
            reason="Ditinjau",
        )
        approve = partial(api.do, APPROVE, actor=manager, membershipRequest=f"MembershipRequest:{key}", version=1)
        calls = [suspend, approve] if first == "suspend" else [approve, suspend]

        async with lock_until_waiting(database_url, f"organization WHERE id = '{organization}'", until=2):
            answers = await run_concurrently(calls)

        suspended, approved = answers if first == "suspend" else answers[::-1]
        codes = [each["code"] for each in approved["problems"]]
        order = [
            row["kind"]
            for row in await build.connection.fetch(
                "SELECT kind FROM event WHERE organization_id = $1 ORDER BY position", organization
            )
        ]
        assert suspended["problems"] == []
        began = ["membership.begun", "membership_request.accepted"]
        assert (codes, order) in [
            (["ORGANIZATION_NOT_VERIFIED"], ["organization.suspended"]),
            ([], [*began, "organization.suspended"]),
        ]
