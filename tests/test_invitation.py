"""Invitations: a member gets an account, once."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest

from api.services import message
from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import Build
from tests.conftest import NOW
from tests.serving import running_api
from tests.snapshot import snapshot
from tests.waiting import LOCK_WAITS, wait_until

INVITE = f"mutation($input: InviteVolunteerInput!) {{ inviteVolunteer(input: $input) {{ report {{ code uri expiresAt }} {PROBLEMS} }} }}"
ACCEPT = f"""mutation($input: AcceptInvitationInput!) {{ acceptInvitation(input: $input) {{
  account {{ login volunteer {{ id }} }} {PROBLEMS} }} }}"""


async def invite(api: Api, actor: uuid.UUID, volunteer: uuid.UUID, organization: uuid.UUID, **values: Any) -> Json:
    ids = {"volunteer": f"Volunteer:{volunteer}", "organization": f"Organization:{organization}"}
    return await api.do(INVITE, actor=actor, **ids, **values)


async def accept(api: Api, actor: uuid.UUID, code: str) -> Json:
    return await api.do(ACCEPT, actor=actor, code=code)


async def test_an_invited_member_gets_an_account_that_survives_the_organization(api: Api, build: Build) -> None:
    organization = await build.organization()
    manager, volunteer = await build.manager(organization), await build.volunteer(organization)
    account, other = await build.account(login="sinta"), await build.account()

    payload = await invite(api, manager, volunteer, organization)
    report = payload["report"]
    stored = str(await snapshot(build.connection, "invitation", "message"))
    accepted = await accept(api, account, report["uri"])
    again = await accept(api, other, report["code"])
    await build.connection.execute("UPDATE membership SET until = '2026-01-01'")
    bound = await build.connection.fetchval("SELECT volunteer_id FROM account WHERE id = $1", account)
    invited_again = await invite(api, manager, volunteer, organization)

    assert report == {
        "code": report["code"],
        "uri": f"sigap:invitation:{report['code']}",
        "expiresAt": instant(NOW + timedelta(days=14)),
    }
    assert report["code"] not in stored
    mine = {"login": "sinta", "volunteer": {"id": f"Volunteer:{volunteer}"}}
    assert accepted == {"account": mine, "problems": []}
    assert again == {"account": None, "problems": [problem("Simple", "WRONG_CODE", "code")]}
    assert bound == volunteer
    assert invited_again["problems"] == [problem("Simple", "NOT_FOUND", "volunteer")]


async def test_the_code_is_sent_where_it_is_asked_for(api: Api, build: Build) -> None:
    organization = await build.organization(name="Tagana Kotim")
    manager = await build.manager(organization)
    volunteer = await build.volunteer(organization, phone="+6281234567890")
    silent = await build.volunteer(organization)

    payload = await invite(api, manager, volunteer, organization, send=True, language="EN")
    refused = await invite(api, manager, silent, organization, send=True)

    async with api.services.database.transaction() as session:
        (row,) = await message.claim(session, NOW)
    letter = message.read(api.services.vault, row)
    assert (letter.channel, letter.recipient) == ("SMS", "+6281234567890")
    assert payload["report"]["code"] in letter.text.body
    assert letter.text.subject == "An invitation to Sigap from Tagana Kotim"
    assert refused == {"report": None, "problems": [problem("Simple", "NO_PHONE", "send")]}


async def test_only_a_manager_invites_and_only_members(api: Api, build: Build) -> None:
    own, other = await build.organization(), await build.organization()
    manager = await build.manager(own)
    member, stranger = await build.volunteer(own), await build.volunteer(other)
    before = await snapshot(build.connection, "invitation")

    foreign = await invite(api, manager, stranger, own)
    elsewhere = await invite(api, manager, stranger, other)
    unknown = await invite(api, manager, member, uuid.uuid4())
    await build.volunteer_account(member)
    known = await invite(api, manager, member, own)

    assert foreign["problems"] == [problem("Simple", "NOT_FOUND", "volunteer")]
    assert elsewhere["problems"] == [problem("Simple", "FORBIDDEN", "organization")]
    assert unknown["problems"] == [problem("Simple", "NOT_FOUND", "organization")]
    assert known["problems"] == [problem("Simple", "HAS_ACCOUNT", "volunteer")]
    assert await snapshot(build.connection, "invitation") == before


async def test_a_newer_invitation_voids_the_older_one(api: Api, build: Build) -> None:
    organization = await build.organization()
    manager, volunteer = await build.manager(organization), await build.volunteer(organization)
    account = await build.account()
    older = (await invite(api, manager, volunteer, organization))["report"]["code"]
    newer = (await invite(api, manager, volunteer, organization))["report"]["code"]

    assert (await accept(api, account, older))["problems"] == [problem("Simple", "WRONG_CODE", "code")]
    assert (await accept(api, account, newer.lower()))["problems"] == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE role SET ended_at = '2026-01-01'",
        "UPDATE account SET active = false WHERE login = 'pengelola'",
        "UPDATE membership SET until = '2026-01-01'",
        "UPDATE invitation SET inviter_id = NULL",
    ],
)
async def test_an_invitation_ends_with_what_it_was_made_with(api: Api, build: Build, statement: str) -> None:
    organization = await build.organization()
    manager, volunteer = await build.manager(organization), await build.volunteer(organization)
    await build.connection.execute("UPDATE account SET login = 'pengelola' WHERE id = $1", manager)
    thief = await build.account()
    code = (await invite(api, manager, volunteer, organization))["report"]["code"]
    await build.connection.execute(statement)
    before = await snapshot(build.connection, "account", "invitation", "event")

    payload = await accept(api, thief, code)

    assert payload == {"account": None, "problems": [problem("Simple", "WRONG_CODE", "code")]}
    assert await snapshot(build.connection, "account", "invitation", "event") == before


FALLEN = {
    "suspended": "UPDATE organization SET verification = 'SUSPENDED', reason = 'Diperiksa'",
    "struck off": "UPDATE licence SET status = 'REVOKED', revoked_on = '2026-02-01'",
    "closed": "UPDATE organization SET verification = 'CLOSED', reason = 'Bubar'",
}


@pytest.mark.parametrize("how", FALLEN)
async def test_nobody_becomes_a_member_by_an_organization_that_does_not_stand(api: Api, build: Build, how: str) -> None:
    """Neither by a new invitation nor by one from before, which is good again once the organization is reinstated."""
    organization = await build.organization()
    await build.licence(organization)
    manager, volunteer = await build.manager(organization), await build.volunteer(organization)
    account = await build.account()
    code = (await invite(api, manager, volunteer, organization))["report"]["code"]
    await build.connection.execute(FALLEN[how])
    before = await snapshot(build.connection)

    invited = await invite(api, manager, volunteer, organization)
    refused = await accept(api, account, code)
    unchanged = await snapshot(build.connection)
    await build.connection.execute("UPDATE organization SET verification = 'VERIFIED', reason = NULL")
    await build.connection.execute("UPDATE licence SET status = 'CONFIRMED', revoked_on = NULL")
    accepted = await accept(api, account, code)

    assert [(each["code"], each["path"]) for each in invited["problems"]] == [
        ("ORGANIZATION_NOT_VERIFIED", ["input", "organization"])
    ]
    assert refused == {"account": None, "problems": [problem("Simple", "WRONG_CODE", "code")]}
    assert unchanged == before
    assert accepted["problems"] == []


async def test_nobody_accepts_while_the_organization_is_suspended(api: Api, build: Build) -> None:
    organization = await build.organization()
    manager, volunteer = await build.manager(organization), await build.volunteer(organization)
    account = await build.account()
    code = (await invite(api, manager, volunteer, organization))["report"]["code"]
    suspension = build.connection.transaction()
    await suspension.start()
    await build.connection.execute(FALLEN["suspended"])
    before = await snapshot(build.connection)

    answer = asyncio.create_task(accept(api, account, code))
    await wait_until(build.connection, LOCK_WAITS, 1)
    await suspension.commit()

    assert [each["code"] for each in (await answer)["problems"]] == ["ORGANIZATION_NOT_VERIFIED"]
    assert await snapshot(build.connection) == before


async def test_an_account_is_of_one_volunteer_for_good(api: Api, build: Build) -> None:
    organization = await build.organization()
    manager, volunteer = await build.manager(organization), await build.volunteer(organization)
    account = await build.volunteer_account(await build.person())
    code = (await invite(api, manager, volunteer, organization))["report"]["code"]

    payload = await accept(api, account, code)

    assert payload == {"account": None, "problems": [problem("Simple", "HAS_ACCOUNT", "code")]}


@pytest.mark.parametrize(("days", "codes"), [(13, []), (14, ["WRONG_CODE"])])
async def test_an_invitation_lasts_14_days(
    build: Build, database_url: str, keys: Path, days: int, codes: list[str]
) -> None:
    organization = await build.organization()
    manager, volunteer = await build.manager(organization), await build.volunteer(organization)
    account, clock = await build.account(), [NOW]
    async with running_api(database_url, keys, lambda: clock[0]) as api:
        code = (await invite(api, manager, volunteer, organization))["report"]["code"]
        clock[0] = NOW + timedelta(days=days)
        later = Api(api.client, api.tokens, clock[0], api.services)
        payload = await accept(later, account, code)

    assert [each["code"] for each in payload["problems"]] == codes


async def test_of_many_who_accept_at_once_one_gets_the_account(api: Api, build: Build) -> None:
    organization = await build.organization()
    manager, volunteer = await build.manager(organization), await build.volunteer(organization)
    accounts = [await build.account() for _number in range(10)]
    code = (await invite(api, manager, volunteer, organization))["report"]["code"]
    answers: list[Json] = []

    async def take(account: uuid.UUID) -> None:
        answers.append(await accept(api, account, code))

    async with anyio.create_task_group() as tasks:
        for account in accounts:
            tasks.start_soon(take, account)

    assert sorted(len(each["problems"]) for each in answers) == [0] + [1] * 9
    assert await build.connection.fetchval("SELECT count(*) FROM account WHERE volunteer_id = $1", volunteer) == 1
