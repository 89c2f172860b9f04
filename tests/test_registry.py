"""Registries as they were needed: MRI's suspension of 2022, Lampung's institutions of 2018; and what ends or rests on what."""

import uuid
from collections import Counter
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import CERTIFICATE_TYPE, Build
from tests.conftest import NOW

REGISTER = f"""mutation($input: RegisterVolunteerInput!) {{ registerVolunteer(input: $input) {{
  volunteer {{ id }} {PROBLEMS} }} }}"""
ISSUE_ALL = f"""mutation($input: IssueCertificatesInput!) {{ issueCertificates(input: $input) {{
  results {{ certificate {{ id }} }} {PROBLEMS} }} }}"""
OFFER = f"""mutation($input: OfferAssignmentInput!) {{ offerAssignment(input: $input) {{
  assignment {{ id version }} {PROBLEMS} }} }}"""
ACCEPT = f"""mutation($input: AcceptAssignmentInput!) {{ acceptAssignment(input: $input) {{
  assignment {{ status }} {PROBLEMS} }} }}"""
SUSPEND = f"""mutation($input: SuspendOrganizationInput!) {{ suspendOrganization(input: $input) {{
  organization {{ affectedDuties(first: 100) {{ totalCount nodes {{ id }} }} }} {PROBLEMS} }} }}"""
JOIN = f"""mutation($input: RequestMembershipInput!) {{ requestMembership(input: $input) {{
  membershipRequest {{ id }} {PROBLEMS} }} }}"""
APPROVE = f"""mutation($input: ApproveMembershipInput!) {{ approveMembership(input: $input) {{
  membershipRequest {{ status }} {PROBLEMS} }} }}"""
ASK_VERIFICATION = f"""mutation($input: RequestOrganizationInput!) {{ requestOrganization(input: $input) {{
  organization {{ id version }} {PROBLEMS} }} }}"""
VERIFY = f"""mutation($input: VerifyOrganizationInput!) {{ verifyOrganization(input: $input) {{
  organization {{ verification }} {PROBLEMS} }} }}"""
AFFECTED = "query($id: ID!) { organization(id: $id) { affectedDuties(first: 100) { totalCount } } }"

TODAY = NOW.date()
DAY = timedelta(days=1)


class Replay:
    """Does what must succeed, and keeps what it made."""

    def __init__(self, api: Api, actor: uuid.UUID) -> None:
        self.api, self.actor = api, actor

    async def do(self, document: str, *, actor: uuid.UUID | None = None, **values: object) -> Json:
        payload = await self.api.do(document, actor=actor or self.actor, **values)
        assert payload["problems"] == []
        return next(value for name, value in payload.items() if name != "problems")


async def register_members(replay: Replay, organization: uuid.UUID) -> list[str]:
    """200 members at home in 42 kecamatan, each with a certificate of the organization; their ids."""
    listed = await replay.api.ask('{ kecamatans(first: 42, filter: {province: {eq: "18"}}) { nodes { code } } }')
    kecamatans = [each["code"] for each in listed["kecamatans"]["nodes"]]
    joining = {"organization": f"Organization:{organization}", "since": "2020-01-01"}
    terms: Json = {"reach": "NATIONAL", "consentPurpose": "Penugasan relawan", **joining}
    members = []
    for number in range(200):
        kecamatan = kecamatans[number % 42]
        home: Json = {"kabupaten": kecamatan[:5], "kecamatan": kecamatan}
        made = await replay.do(REGISTER, name=f"Relawan {number}", number=f"MRI-{number:03}", **home, **terms)
        members.append(made["id"])
    certificates = [{"volunteer": key, "number": f"S-{number}"} for number, key in enumerate(members)]
    issued: Json = {"type": CERTIFICATE_TYPE, "issuedOn": "2025-01-01", "certificates": certificates}
    await replay.do(ISSUE_ALL, issuer=f"Organization:{organization}", **issued)
    return members


async def affiliate(replay: Replay, build: Build, members: list[str], organization: uuid.UUID) -> None:
    """The members join another organization, each by an own request."""
    manager = await build.manager(organization)
    for number, key in enumerate(members):
        account = await build.volunteer_account(uuid.UUID(key.partition(":")[2]))
        asked = await replay.do(JOIN, actor=account, organization=f"Organization:{organization}")
        terms = {"number": f"T-{number}", "rank": "TAGANA_MUDA"}
        await replay.do(APPROVE, actor=manager, membershipRequest=asked["id"], version=1, **terms)


async def test_members_of_a_suspended_corps_affiliate_elsewhere_and_are_sent_again(api: Api, build: Build) -> None:
    """Five are on their way, and one is asked, when MRI is suspended."""
    mri = await build.organization(name="MRI", corps="MRI", kabupaten_code="18.71")
    tagana = await build.organization(name="Tagana Lampung", kabupaten_code="18.71")
    nation, manager = await build.coordinator(), await build.manager(mri)
    replay = Replay(api, nation)
    members = await register_members(replay, mri)
    need = f"Need:{await build.need(wanted=50)}"
    offers = [(await replay.do(OFFER, need=need, volunteer=key))["id"] for key in members[:6]]
    for offer in offers[:5]:
        await replay.do(ACCEPT, actor=manager, assignment=offer, version=1)

    suspended = await replay.do(SUSPEND, organization=f"Organization:{mri}", version=1, reason="Izin ditinjau")
    refused = await api.do(OFFER, actor=nation, need=need, volunteer=members[6])
    too_late = await api.do(ACCEPT, actor=manager, assignment=offers[5], version=1)
    await affiliate(replay, build, members[:12], tagana)
    again = await replay.do(OFFER, need=need, volunteer=members[6])
    accepted = await replay.do(ACCEPT, actor=await build.manager(tagana), assignment=again["id"], version=1)
    left = await api.ask(AFFECTED, actor=nation, id=f"Organization:{mri}")
    others = await api.do(OFFER, actor=nation, need=need, volunteer=members[12])

    fact = {"organization": {"id": f"Organization:{mri}"}}
    assert sorted(each["id"] for each in suspended["affectedDuties"]["nodes"]) == sorted(offers)
    assert refused["problems"] == [problem("Organization", "ORGANIZATION_NOT_VERIFIED", "volunteer", **fact)]
    assert too_late["problems"] == [problem("Simple", "FORBIDDEN", "assignment")]
    assert accepted == {"status": "ACCEPTED"}
    # Behind all who were sent there stands another organization now.
    assert left["organization"]["affectedDuties"] == {"totalCount": 0}
    assert [each["code"] for each in others["problems"]] == ["ORGANIZATION_NOT_VERIFIED"]
    assert await build.connection.fetchval("SELECT count(DISTINCT kecamatan_code) FROM volunteer") == 42


# 5 to 9 March 2018: the institutions of each day, and the kabupaten that they came from.
COACHING = [
    (50, ("18.11", "18.05", "18.12")),
    (41, ("18.01", "18.07", "18.72", "18.71")),
    (42, ("18.03", "18.02", "18.08")),
    (17, ("18.04", "18.13")),
    (13, ("18.10", "18.06", "18.09")),
]


LISTED = """query($after: String) { organizations(first: 100, after: $after, filter: {
  province: {eq: "18"}, verification: {eq: VERIFIED}}) {
  pageInfo { hasNextPage endCursor } nodes { kabupaten { code } licences { status } } } }"""


async def all_organizations(api: Api, actor: uuid.UUID) -> list[Json]:
    """All verified organizations of Lampung, page by page."""
    page: Json = {"nodes": [], "pageInfo": {"endCursor": None, "hasNextPage": True}}
    found: list[Json] = []
    while page["pageInfo"]["hasNextPage"]:
        page = (await api.ask(LISTED, actor=actor, after=page["pageInfo"]["endCursor"]))["organizations"]
        found += page["nodes"]
    return found


async def test_the_163_institutions_of_lampung_are_registered(api: Api, build: Build) -> None:
    asker, province = await build.account(), await build.coordinator(province_code="18")
    replay = Replay(api, province)
    for count, kabupatens in COACHING:
        for number in range(count):
            kabupaten = kabupatens[number % len(kabupatens)]
            made = await replay.do(
                ASK_VERIFICATION,
                actor=asker,
                name=f"LKS {kabupaten} {number}",
                kind="WELFARE_INSTITUTION",
                kabupaten=kabupaten,
                coverage=[kabupaten],
                licences=[
                    {
                        "kind": "REGISTRATION",
                        "number": f"{kabupaten}/{number}",
                        "issuer": "Dinsos",
                        "validFrom": "2018-01-01",
                    }
                ],
            )
            await replay.do(VERIFY, organization=made["id"], version=1)

    pages = await all_organizations(api, province)
    homes = Counter(each["kabupaten"]["code"] for each in pages)
    assert (len(pages), len(homes)) == (163, 15)
    assert [sum(homes[code] for code in kabupatens) for _, kabupatens in COACHING] == [50, 41, 42, 17, 13]
    assert {each["licences"][0]["status"] for each in pages} == {"PENDING"}


# What rests on an organization alone.


@pytest.mark.parametrize(
    ("other", "rests"),
    [
        (None, True),
        ({}, False),
        ({"verification": "SUSPENDED"}, True),
        ({"until": TODAY + DAY}, True),
        ({"since": TODAY + 2 * DAY}, True),
        ({"until": TODAY + 9 * DAY}, False),
    ],
)
async def test_a_duty_rests_on_the_only_organization_that_stands(
    api: Api, build: Build, other: dict[str, Any] | None, rests: bool
) -> None:
    organization = await build.organization()
    person = await build.volunteer(organization)
    if other is not None:
        verification = other.get("verification", "VERIFIED")
        days = {name: value for name, value in other.items() if name != "verification"}
        await build.membership(person, await build.organization(verification=verification), **days)
    past = await build.need(starts_at=NOW - 9 * DAY, ends_at=NOW - 8 * DAY)
    for need in (await build.need(), past):
        await build.assignment(need, person)

    found = await api.ask(AFFECTED, actor=await build.coordinator(), id=f"Organization:{organization}")

    assert found["organization"]["affectedDuties"] == {"totalCount": int(rests)}


async def test_a_revoked_registration_lists_what_runs(api: Api, build: Build) -> None:
    organization = await build.organization()
    licence = await build.licence(organization)
    await build.assignment(await build.need(), await build.volunteer(organization), status="ACCEPTED")
    revoke = """mutation($input: RevokeLicenceInput!) { revokeLicence(input: $input) {
      licence { organization { affectedDuties(first: 9) { totalCount } } } problems { code } } }"""

    revoked = await api.do(
        revoke, actor=await build.coordinator(), licence=f"Licence:{licence}", version=1, reason="Izin dicabut"
    )

    assert revoked["licence"]["organization"]["affectedDuties"] == {"totalCount": 1}


async def test_what_ends_within_sixty_days_is_listed(api: Api, build: Build) -> None:
    organization = await build.organization()
    ends: list[tuple[date | None, str]] = [
        *((TODAY - DAY, "CONFIRMED"), (TODAY, "CONFIRMED"), (TODAY + 60 * DAY, "CONFIRMED")),
        *((TODAY + 61 * DAY, "CONFIRMED"), (None, "CONFIRMED"), (TODAY + 30 * DAY, "PENDING")),
    ]
    for number, (until, status) in enumerate(ends):
        await build.licence(organization, kind="AGREEMENT", number=str(number), valid_until=until, status=status)
    ask = partial(api.ask, actor=await build.coordinator())

    found = [
        (
            await ask(
                f"{{ licences(first: 9, orderBy: VALID_UNTIL_ASC, filter: {{endsWithin: {days}}}) {{ nodes {{ number }} }} }}"
            )
        )["licences"]["nodes"]
        for days in (60, 0, -1, 2_000_000_000)
    ]

    numbers = [[each["number"] for each in nodes] for nodes in found]
    assert numbers == [["1", "2"], ["1"], [], ["1", "2", "3"]]
