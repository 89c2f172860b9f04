"""Changing and ending memberships, going over to another organization, and the TKSK of a kecamatan."""

import uuid
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import FAR, HOME, Build
from tests.conftest import NOW
from tests.sampling import ROUNDS
from tests.snapshot import snapshot
from tests.test_race import run_concurrently

THING = "membership { id number rank { code } kecamatan { code } since until endReason version }"
CHANGE = f"mutation($input: ChangeMembershipInput!) {{ changeMembership(input: $input) {{ {THING} {PROBLEMS} }} }}"
END = f"mutation($input: EndMembershipInput!) {{ endMembership(input: $input) {{ {THING} {PROBLEMS} }} }}"
PROPOSAL = "membershipTransfer { id status personAgreedAt organizationAgreedAt version }"
TRANSFER = (
    f"mutation($input: TransferMembershipInput!) {{ transferMembership(input: $input) {{ {PROPOSAL} {PROBLEMS} }} }}"
)
ANSWER = f"mutation($input: AnswerTransferInput!) {{ answerTransfer(input: $input) {{ {PROPOSAL} {PROBLEMS} }} }}"
APPROVE = f"""mutation($input: ApproveMembershipInput!) {{ approveMembership(input: $input) {{
  membershipRequest {{ status }} {PROBLEMS} }} }}"""
TKSK = "query($kecamatan: ID!) { tksk(kecamatan: $kecamatan) { volunteer { id } kecamatan { code } } }"

TODAY = NOW.date()
DAY = timedelta(days=1)
ABUNG_TIMUR = "18.03.05"


async def member(build: Build, **values: Any) -> tuple[uuid.UUID, uuid.UUID, uuid.UUID]:
    """An organization, a person and the membership."""
    organization, person = await build.organization(), await build.person()
    return organization, person, await build.membership(person, organization, **values)


# Who changes and ends it: the role, and whether each is allowed.
PARTIES = [
    ("manager", None, None),
    ("home", None, None),
    ("member", "FORBIDDEN", None),
    ("other manager", "NOT_FOUND", "NOT_FOUND"),
    ("neighbour", "FORBIDDEN", "FORBIDDEN"),
    ("public", None, None),
]


@pytest.mark.parametrize(("who", "change", "end"), PARTIES[:-1])
async def test_who_changes_and_ends_a_membership(
    api: Api, build: Build, who: str, change: str | None, end: str | None
) -> None:
    organization, person, key = await member(build)
    accounts = {
        "manager": await build.manager(organization),
        "home": await build.coordinator(kabupaten_code=HOME),
        "member": await build.volunteer_account(person),
        "other manager": await build.manager(await build.organization()),
        "neighbour": await build.coordinator(kabupaten_code=FAR),
    }
    values = {"membership": f"Membership:{key}", "version": 1}

    changed = await api.do(CHANGE, actor=accounts[who], **values, number="N-1", rank="TAGANA_MADYA")
    if change is None:
        values["version"] = 2
    ended = await api.do(END, actor=accounts[who], **values, reason=" Pindah  kota ")

    def refused(code: str | None) -> Json:
        return [] if code is None else [problem("Simple", code, "membership")]

    if who == "member":
        # Who is a member only has no right to call the mutation at all.
        assert changed["problems"] == [problem("Simple", "FORBIDDEN")]
    else:
        assert changed["problems"] == refused(change)
    assert ended["problems"] == refused(end)
    if change is None:
        assert (changed["membership"]["number"], changed["membership"]["rank"]) == ("N-1", {"code": "TAGANA_MADYA"})
    if end is None:
        thing = ended["membership"]
        assert (thing["until"], thing["endReason"]) == (TODAY.isoformat(), "Pindah kota")


async def test_what_is_left_out_stays_and_null_removes(api: Api, build: Build) -> None:
    organization, _, key = await member(build, number="A-1", rank_code="TAGANA_MUDA")
    change = partial(api.do, CHANGE, actor=await build.manager(organization), membership=f"Membership:{key}")

    first = await change(version=1, rank="TAGANA_UTAMA")
    second = await change(version=2, number=None)
    events = await build.connection.fetch("SELECT kind, change ->> 'rank' AS rank FROM event ORDER BY position")

    assert (first["membership"]["number"], second["membership"]["number"]) == ("A-1", None)
    assert second["membership"]["rank"] == {"code": "TAGANA_UTAMA"}
    steps = '{"to": "TAGANA_UTAMA", "from": "TAGANA_MUDA"}'
    assert [tuple(event) for event in events] == [("membership.changed", steps), ("membership.changed", None)]


REFUSED: list[tuple[Json, Json]] = [
    ({"number": " b-2 "}, problem("Simple", "NUMBER_TAKEN", "number")),
    ({"number": ""}, problem("Simple", "INVALID", "number")),
    ({"rank": "MRI_ANGGOTA"}, problem("Simple", "INVALID", "rank")),
    ({"rank": "NOTHING"}, problem("Simple", "NOT_FOUND", "rank")),
    ({"kecamatan": ABUNG_TIMUR}, problem("Simple", "INVALID", "kecamatan")),
    ({"kecamatan": "99.99.99"}, problem("Simple", "NOT_FOUND", "kecamatan")),
    ({"version": 7}, problem("Version", "VERSION_CONFLICT", "version", currentVersion=1)),
]


@pytest.mark.parametrize(("given", "expected"), REFUSED, ids=str)
async def test_what_is_wrong_with_a_change_is_told(api: Api, build: Build, given: Json, expected: Json) -> None:
    organization, _, key = await member(build, number="A-1")
    await build.membership(await build.person(), organization, number="B-2")
    before = await snapshot(build.connection)

    changed = await api.do(
        CHANGE,
        actor=await build.manager(organization),
        **{"membership": f"Membership:{key}", "version": 1, **given},
    )

    assert changed["problems"] == [expected]
    assert await snapshot(build.connection) == before


# Since, until, the last day asked for, and what becomes of it.
ENDS: list[tuple[date, date | None, date | None, str | date]] = [
    (date(2020, 1, 1), None, None, TODAY),
    (date(2020, 1, 1), None, TODAY - DAY, TODAY - DAY),
    (date(2020, 1, 1), None, TODAY + 30 * DAY, TODAY + 30 * DAY),
    (date(2020, 1, 1), TODAY, TODAY - DAY, TODAY - DAY),
    (date(2020, 1, 1), TODAY - DAY, None, "ALREADY_ENDED"),
    (TODAY, None, TODAY - DAY, "INVALID"),
]


@pytest.mark.parametrize(("since", "until", "last", "expected"), ENDS)
async def test_a_membership_has_a_last_day(
    api: Api, build: Build, since: date, until: date | None, last: date | None, expected: str | date
) -> None:
    organization, _, key = await member(build, since=since, until=until)

    ended = await api.do(
        END,
        actor=await build.manager(organization),
        membership=f"Membership:{key}",
        version=1,
        reason="Selesai",
        until=last and last.isoformat(),
    )

    if isinstance(expected, str):
        path = "until" if expected == "INVALID" else "membership"
        assert ended["problems"] == [problem("Simple", expected, path)]
    else:
        assert ended["membership"]["until"] == expected.isoformat()


@pytest.mark.parametrize(("days", "is_seen"), [(0, True), (1, True), (90, True), (91, False)])
async def test_managers_see_the_record_for_ninety_days(api: Api, build: Build, days: int, is_seen: bool) -> None:
    organization = await build.organization()
    person = await build.person(phone="+6281234567890", reach="KABUPATEN")
    await build.membership(person, organization, until=TODAY - days * DAY)
    document = "query($id: ID!) { volunteer(id: $id) { phone memberships(first: 1) { totalCount } } }"

    data = await api.ask(document, actor=await build.manager(organization), id=f"Volunteer:{person}")

    phone = "+6281234567890" if days == 0 else None
    assert data["volunteer"] == ({"phone": phone, "memberships": {"totalCount": 1}} if is_seen else None)


# Transfers.


@pytest.mark.parametrize("first", ["person", "organization"])
async def test_the_last_yes_makes_the_transfer_so(api: Api, build: Build, first: str) -> None:
    old, person, key = await member(build)
    new = await build.organization()
    accounts = {"person": await build.volunteer_account(person), "organization": await build.manager(new)}
    second = "organization" if first == "person" else "person"
    terms = {"organization": {"number": "X-9", "rank": "TAGANA_MUDA"}, "person": {}}

    proposed = await api.do(
        TRANSFER,
        actor=await build.manager(old),
        membership=f"Membership:{key}",
        organization=f"Organization:{new}",
        note="Pindah domisili",
    )
    proposal = proposed["membershipTransfer"]["id"]
    values = {"membershipTransfer": proposal, "accept": True}
    one = await api.do(ANSWER, actor=accounts[first], **values, version=1, **terms[first])
    again = await api.do(ANSWER, actor=accounts[first], **values, version=2)
    both = await api.do(ANSWER, actor=accounts[second], **values, version=2, **terms[second])

    assert proposed["problems"] == one["problems"] == both["problems"] == []
    assert (one["membershipTransfer"]["status"], both["membershipTransfer"]["status"]) == ("PENDING", "ACCEPTED")
    assert again["problems"] == [problem("Status", "WRONG_STATUS", "membershipTransfer", currentStatus="PENDING")]
    rows = await build.connection.fetch(
        "SELECT organization_id, number, rank_code, since, until, end_reason FROM membership ORDER BY since"
    )
    assert [tuple(row) for row in rows] == [
        (old, None, None, date(2020, 1, 1), TODAY - DAY, "Pindah domisili"),
        (new, "X-9", "TAGANA_MUDA", TODAY, None, None),
    ]


async def test_the_old_organization_and_others_do_not_answer(api: Api, build: Build) -> None:
    old, person, key = await member(build)
    new = await build.organization()
    await build.volunteer_account(person)
    proposal = await build.membership_transfer(key, new)
    actors = await build.manager(old), await build.manager(await build.organization()), await build.coordinator()
    before = await snapshot(build.connection)

    answers = [
        (
            await api.do(
                ANSWER, actor=actor, membershipTransfer=f"MembershipTransfer:{proposal}", version=1, accept=True
            )
        )["problems"]
        for actor in actors
    ]

    forbidden, hidden = (problem("Simple", code, "membershipTransfer") for code in ("FORBIDDEN", "NOT_FOUND"))
    assert answers == [[forbidden], [hidden], [forbidden]]
    assert await snapshot(build.connection) == before


async def test_a_transfer_is_proposed_once_to_another_organization_that_stands(api: Api, build: Build) -> None:
    old, _, key = await member(build)
    new, suspended = await build.organization(), await build.organization(verification="SUSPENDED")
    manager = await build.manager(old)
    await build.row("role", account_id=manager, kind="MANAGER", organization_id=suspended)
    await build.membership_transfer(key, new)
    propose = partial(api.do, TRANSFER, actor=manager, membership=f"Membership:{key}")

    found = [(await propose(organization=f"Organization:{each}"))["problems"] for each in (new, old, suspended)]

    fact = {"organization": {"id": f"Organization:{suspended}"}}
    assert found == [
        [problem("Simple", "ALREADY_ASKED", "membership")],
        [problem("Simple", "INVALID", "organization")],
        [problem("Organization", "ORGANIZATION_NOT_VERIFIED", "organization", **fact)],
    ]


async def test_no_transfer_to_an_organization_that_was_suspended_meanwhile(api: Api, build: Build) -> None:
    _, person, key = await member(build)
    new = await build.organization()
    proposal = await build.membership_transfer(key, new, organization_agreed_at=NOW)
    await build.connection.execute("UPDATE organization SET verification = 'SUSPENDED' WHERE id = $1", new)
    before = await snapshot(build.connection)

    answered = await api.do(
        ANSWER,
        actor=await build.volunteer_account(person),
        membershipTransfer=f"MembershipTransfer:{proposal}",
        version=1,
        accept=True,
    )

    refused = problem("Organization", "ORGANIZATION_NOT_VERIFIED", "membershipTransfer", organization=None)
    assert answered["problems"] == [refused]
    assert await snapshot(build.connection) == before


# TKSK.


async def forum(build: Build) -> uuid.UUID:
    return await build.organization(kind="FORUM", corps="TKSK", kabupaten_code=FAR)


async def test_the_tksk_of_a_kecamatan_is_found(api: Api, build: Build) -> None:
    organization, person = await forum(build), await build.person(kabupaten_code=FAR)
    key = await build.membership(person, organization)
    await build.membership(
        await build.person(kabupaten_code=FAR), organization, kecamatan_code=ABUNG_TIMUR, until=date(2025, 12, 31)
    )
    manager = await build.manager(organization)

    nobody = await api.ask(TKSK, actor=manager, kecamatan=ABUNG_TIMUR)
    outside = await api.do(CHANGE, actor=manager, membership=f"Membership:{key}", version=1, kecamatan="62.02.01")
    changed = await api.do(CHANGE, actor=manager, membership=f"Membership:{key}", version=1, kecamatan=ABUNG_TIMUR)
    found = [await api.ask(TKSK, actor=manager, kecamatan=each) for each in (ABUNG_TIMUR, f"Kecamatan:{ABUNG_TIMUR}")]
    public = await api.ask(TKSK, kecamatan=ABUNG_TIMUR)

    assert nobody == public == {"tksk": None}
    assert outside["problems"] == [problem("Simple", "INVALID", "kecamatan")]
    assert changed["membership"]["kecamatan"] == {"code": ABUNG_TIMUR}
    assert found == [{"tksk": {"volunteer": {"id": f"Volunteer:{person}"}, "kecamatan": {"code": ABUNG_TIMUR}}}] * 2


async def test_a_kecamatan_has_one_tksk_at_a_time(api: Api, build: Build) -> None:
    organization = await forum(build)
    await build.membership(await build.person(), organization, kecamatan_code=ABUNG_TIMUR, until=TODAY - DAY)
    manager = await build.manager(organization)
    keys = [await build.membership_request(await build.person(), organization, asked_by="PERSON") for _ in range(2)]

    answers = [
        await api.do(
            APPROVE, actor=manager, membershipRequest=f"MembershipRequest:{key}", version=1, kecamatan=ABUNG_TIMUR
        )
        for key in keys
    ]

    assert [each["problems"] for each in answers] == [[], [problem("Simple", "TKSK_TAKEN", "kecamatan")]]


# Races.


@pytest.mark.fuzz
@pytest.mark.parametrize(
    ("given", "code", "constraint"),
    [({"number": "T-1"}, "NUMBER_TAKEN", "number"), ({"kecamatan": ABUNG_TIMUR}, "TKSK_TAKEN", "kecamatan")],
)
async def test_two_managers_give_one_number_or_kecamatan_once(
    api: Api, build: Build, given: Json, code: str, constraint: str
) -> None:
    for _ in range(ROUNDS):
        organization = await forum(build)
        calls = []
        for _number in range(4):
            key = await build.membership_request(await build.person(), organization, asked_by="PERSON")
            calls.append(
                partial(
                    api.do,
                    APPROVE,
                    actor=await build.manager(organization),
                    membershipRequest=f"MembershipRequest:{key}",
                    version=1,
                    **given,
                )
            )

        answers = await run_concurrently(calls)

        problems = sorted((each["problems"] for each in answers), key=len)
        assert problems == [[], *[[problem("Simple", code, constraint)]] * 3]
        members = "SELECT count(*) FROM membership WHERE organization_id = $1"
        assert await build.connection.fetchval(members, organization) == 1
        await build.connection.execute("UPDATE membership SET kecamatan_code = NULL, kecamatan_since = NULL")


@pytest.mark.fuzz
async def test_a_transfer_and_the_end_of_the_membership_respect_each_other(api: Api, build: Build) -> None:
    """Whoever is first: the person is a member of one of the two, or of none, and never of both."""
    for number in range(ROUNDS):
        old, new, person = await build.organization(), await build.organization(), await build.person()
        key = await build.membership(person, old, since=TODAY - 9 * DAY)
        proposal = await build.membership_transfer(key, new, organization_agreed_at=NOW)
        calls = [
            partial(
                api.do,
                ANSWER,
                actor=await build.volunteer_account(person),
                membershipTransfer=f"MembershipTransfer:{proposal}",
                version=1,
                accept=True,
            ),
            partial(
                api.do, END, actor=await build.manager(old), membership=f"Membership:{key}", version=1, reason="Pindah"
            ),
        ]

        answers = await run_concurrently(calls if number % 2 else calls[::-1])
        answered, ended = answers if number % 2 else answers[::-1]

        running = "SELECT organization_id FROM membership WHERE volunteer_id = $1 AND until IS NULL"
        members = [row["organization_id"] for row in await build.connection.fetch(running, person)]
        if answered["problems"]:
            assert (members, ended["problems"]) == ([], [])
        else:
            assert members == [new]
            assert [each["code"] for each in ended["problems"]] in ([], ["VERSION_CONFLICT"], ["ALREADY_ENDED"])
