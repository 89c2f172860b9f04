"""Roles: who grants and revokes which, how long they hold, and the last national coordinator."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.sampling import IS_FUZZ
from tests.serving import running_api
from tests.snapshot import snapshot
from tests.waiting import LOCK_WAITS, wait_until

DAY = timedelta(days=1)
ROUNDS = 40 if IS_FUZZ else 20
GRANT = f"mutation($input: GrantRoleInput!) {{ grantRole(input: $input) {{ role {{ id }} {PROBLEMS} }} }}"
REVOKE = (
    f"mutation($input: RevokeRoleInput!) {{ revokeRole(input: $input) {{ role {{ endedAt version }} {PROBLEMS} }} }}"
)


async def grant(api: Api, actor: uuid.UUID, **values: Any) -> str:
    """The code of the problem and the field it is about; `GRANTED` without one."""
    payload = await api.do(GRANT, actor=actor, **values)
    return next((f"{each['code']} {each['path'][-1]}" for each in payload["problems"]), "GRANTED")


async def revoke(api: Api, actor: uuid.UUID, role: uuid.UUID, **values: Any) -> Json:
    fields = {"role": f"Role:{role}", "version": 1, "reason": "Pindah tugas", **values}
    return await api.do(REVOKE, actor=actor, **fields)


async def role_of(build: Build, account: uuid.UUID) -> uuid.UUID:
    found: uuid.UUID = await build.connection.fetchval("SELECT id FROM role WHERE account_id = $1", account)
    return found


PLACES: dict[str, Json] = {
    "nation": {},
    "province": {"province": "62"},
    "other province": {"province": "18"},
    "home": {"kabupaten": HOME},
    "neighbour": {"kabupaten": NEIGHBOUR},
    "far": {"kabupaten": FAR},
}


@pytest.mark.parametrize("kind", ["COORDINATOR", "DESK_OFFICER", "AUDITOR"])
async def test_a_coordinator_grants_roles_of_places_in_the_own_scope_only(api: Api, build: Build, kind: str) -> None:
    account = await build.account(login="sinta")
    actors = {
        "nation": await build.coordinator(),
        "province": await build.coordinator(province_code="62"),
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "manager": await build.manager(await build.organization()),
    }
    found: dict[str, set[str]] = {}

    for name, actor in actors.items():
        answers = {}
        for place, scope in PLACES.items():
            answers[place] = await grant(api, actor, login="sinta", kind=kind, **scope)
            await build.connection.execute("DELETE FROM role WHERE account_id = $1", account)
        found[name] = {place for place, answer in answers.items() if answer == "GRANTED"}
        assert {answer.split()[0] for answer in answers.values()} <= {"GRANTED", "FORBIDDEN"}

    assert found == {
        "nation": set(PLACES),
        "province": {"province", "home", "neighbour"},
        "kabupaten": {"home"},
        "manager": set(),
    }


@pytest.mark.parametrize("kind", ["MANAGER", "CAMP_STAFF"])
async def test_roles_of_an_organization_are_granted_by_its_managers_and_the_coordinators_of_its_home(
    api: Api, build: Build, kind: str
) -> None:
    own, other = await build.organization(), await build.organization()
    account = await build.account(login="sinta")
    actors = {
        "nation": await build.coordinator(),
        "province": await build.coordinator(province_code="62"),
        "home": await build.coordinator(kabupaten_code=HOME),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "manager": await build.manager(own),
        "another manager": await build.manager(other),
    }

    found = {}
    for name, actor in actors.items():
        found[name] = await grant(api, actor, login="sinta", kind=kind, organization=f"Organization:{own}")
        await build.connection.execute("DELETE FROM role WHERE account_id = $1", account)

    refused = dict.fromkeys(("neighbour", "another manager"), "FORBIDDEN organization")
    assert found == {**dict.fromkeys(("nation", "province", "home", "manager"), "GRANTED"), **refused}


@pytest.mark.parametrize("kind", ["MANAGER", "CAMP_STAFF"])
async def test_a_local_coordinator_grants_nothing_of_an_organization_that_works_in_several_provinces(
    api: Api, build: Build, kind: str
) -> None:
    """Its manager sees members elsewhere, whom the coordinator of its home does not."""
    organization = await build.organization()
    await build.connection.execute("INSERT INTO organization_coverage VALUES ($1, $2)", organization, FAR)
    account = await build.account(login="sinta")
    actors = {
        "nation": await build.coordinator(),
        "province": await build.coordinator(province_code="62"),
        "home": await build.coordinator(kabupaten_code=HOME),
        "manager": await build.manager(organization),
    }

    found = {}
    for name, actor in actors.items():
        found[name] = await grant(api, actor, login="sinta", kind=kind, organization=f"Organization:{organization}")
        await build.connection.execute("DELETE FROM role WHERE account_id = $1", account)

    refused = dict.fromkeys(("province", "home"), "FORBIDDEN organization")
    assert found == {**dict.fromkeys(("nation", "manager"), "GRANTED"), **refused}


@pytest.mark.parametrize("kind", ["MANAGER", "CAMP_STAFF"])
async def test_managers_of_an_organization_that_does_not_stand_grant_nothing(api: Api, build: Build, kind: str) -> None:
    """The coordinators of its home may, who may have to replace its managers."""
    organization = await build.organization()
    values = {"login": "sinta", "kind": kind, "organization": f"Organization:{organization}"}
    await build.account(login="sinta")
    manager, home = await build.manager(organization), await build.coordinator(kabupaten_code=HOME)
    await build.connection.execute("UPDATE organization SET verification = 'SUSPENDED'")

    found = [await grant(api, actor, **values) for actor in (manager, home)]

    assert found == ["FORBIDDEN organization", "GRANTED"]


async def test_a_manager_grants_nothing_while_the_organization_is_suspended(api: Api, build: Build) -> None:
    organization = await build.organization()
    values = {"login": "sinta", "kind": "MANAGER", "organization": f"Organization:{organization}"}
    await build.account(login="sinta")
    manager = await build.manager(organization)
    suspension = build.connection.transaction()
    await suspension.start()
    await build.connection.execute("UPDATE organization SET verification = 'SUSPENDED'")
    before = await snapshot(build.connection, "role")

    answer = asyncio.create_task(grant(api, manager, **values))
    await wait_until(build.connection, LOCK_WAITS, 1)
    await suspension.commit()

    assert await answer == "ORGANIZATION_NOT_VERIFIED organization"
    assert await snapshot(build.connection, "role") == before


@pytest.mark.parametrize("verification", ["CLOSED", "REFUSED"])
async def test_nobody_grants_a_role_of_an_organization_that_is_closed(
    api: Api, build: Build, verification: str
) -> None:
    """Its roles ended with it; neither is a role of one of its camps granted."""
    organization = await build.organization(verification=verification)
    camp = await build.camp(organization)
    person, coordinator = await build.volunteer(), await build.coordinator()
    await build.account(login="sinta", volunteer_id=person)
    scopes = {"organization": f"Organization:{organization}", "camp": f"Camp:{camp}"}
    before = await snapshot(build.connection, "role")

    granted = [
        await api.do(GRANT, actor=coordinator, login="sinta", kind=kind, **{scope: scopes[scope]})
        for kind, scope in (("MANAGER", "organization"), ("CAMP_STAFF", "organization"), ("CAMP_STAFF", "camp"))
    ]
    staff = await api.do(
        f"mutation($input: SetCampStaffInput!) {{ setCampStaff(input: $input) {{ {PROBLEMS} }} }}",
        actor=coordinator,
        camp=scopes["camp"],
        volunteer=f"Volunteer:{person}",
        duty="COOK",
    )

    closed = {"organization": {"id": scopes["organization"]}}
    assert [payload["problems"] for payload in (*granted, staff)] == [
        [problem("Organization", "ORGANIZATION_NOT_VERIFIED", name, **closed)]
        for name in ("organization", "organization", "camp", "volunteer")
    ]
    assert await snapshot(build.connection, "role") == before


async def test_who_may_not_grant_a_role_does_not_learn_whether_there_is_an_account(api: Api, build: Build) -> None:
    manager = await build.manager(await build.organization())
    await build.account(login="sinta")
    other = await build.organization(kabupaten_code=HOME)

    answers = [
        await grant(api, manager, login=login, **wanted)
        for login in ("sinta", "siapa")
        for wanted in (
            {"kind": "MANAGER", "organization": f"Organization:{other}"},
            {"kind": "AUDITOR", "kabupaten": HOME},
        )
    ]

    assert answers == ["FORBIDDEN organization", "FORBIDDEN kabupaten"] * 2


@pytest.mark.parametrize("kind", ["DESK_OFFICER", "CAMP_STAFF", "AUDITOR"])
async def test_other_roles_let_nobody_grant_or_write(api: Api, build: Build, kind: str) -> None:
    actor = await build.account()
    scope = {"organization_id": await build.organization()} if kind == "CAMP_STAFF" else {}
    await build.row("role", account_id=actor, kind=kind, **scope)
    await build.account(login="sinta")
    before = await snapshot(build.connection, "role", "account")

    answer = await grant(api, actor, login="sinta", kind=kind)
    seen = await api.ask("{ volunteers(first: 1) { totalCount } me { roles { kind } } }", actor=actor)

    assert answer == "FORBIDDEN input"
    assert seen["me"] == {"roles": [{"kind": kind}]}
    assert await snapshot(build.connection, "role", "account") == before


async def test_nobody_grants_for_longer_than_they_hold(api: Api, build: Build) -> None:
    granter = await build.coordinator(kabupaten_code=HOME, until=NOW + 9 * DAY)
    await build.account(login="sinta")
    wanted = {"login": "sinta", "kind": "COORDINATOR", "kabupaten": HOME}
    before = await snapshot(build.connection, "role", "account")

    endless = await grant(api, granter, **wanted)
    longer = await grant(api, granter, **wanted, until=instant(NOW + 9 * DAY + timedelta(seconds=1)))
    unchanged = await snapshot(build.connection, "role", "account") == before
    as_long = await grant(api, granter, **wanted, until=instant(NOW + 9 * DAY))

    assert (endless, longer, as_long) == ("FORBIDDEN kabupaten", "FORBIDDEN kabupaten", "GRANTED")
    assert unchanged


async def test_a_role_is_not_granted_twice_for_one_time(api: Api, build: Build) -> None:
    nation = await build.coordinator()
    await build.account(login="sinta")
    wanted = {"login": "sinta", "kind": "AUDITOR", "province": "62"}

    answers = [
        await grant(api, nation, **wanted, until=instant(NOW + DAY)),
        await grant(api, nation, **wanted),
        await grant(api, nation, **wanted, since=instant(NOW + DAY)),
        await grant(api, nation, **{**wanted, "province": "18"}),
    ]

    assert answers == ["GRANTED", "ALREADY_GRANTED login", "GRANTED", "GRANTED"]


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ({"login": "siapa"}, "NOT_FOUND login"),
        ({"login": "tutup"}, "NOT_FOUND login"),
        ({"kabupaten": HOME, "province": "62"}, "INVALID kind"),
        ({"kind": "MANAGER"}, "INVALID kind"),
        ({"kind": "MANAGER", "province": "62"}, "INVALID kind"),
        ({"organization": "Organization"}, "INVALID kind"),
        ({"kind": "MANAGER", "organization": f"Organization:{uuid.UUID(int=7)}"}, "NOT_FOUND organization"),
        ({"kabupaten": "99.99"}, "NOT_FOUND kabupaten"),
        ({"until": instant(NOW)}, "INVALID until"),
        ({"since": instant(NOW + DAY), "until": instant(NOW + DAY)}, "INVALID until"),
        ({"reason": "\u200b"}, "INVALID reason"),
    ],
    ids=str,
)
async def test_a_grant_that_makes_no_sense_is_refused(api: Api, build: Build, values: Json, answer: str) -> None:
    nation = await build.coordinator()
    await build.account(login="sinta")
    await build.account(login="tutup", active=False)
    if values.get("organization") == "Organization":
        values = {"organization": f"Organization:{await build.organization()}"}
    before = await snapshot(build.connection, "role", "account")

    assert await grant(api, nation, **{"login": "sinta", "kind": "AUDITOR", **values}) == answer
    assert await snapshot(build.connection, "role", "account") == before


async def test_a_grant_and_its_end_are_in_its_history(api: Api, build: Build) -> None:
    nation, holder = await build.coordinator(), await build.account(login="sinta")
    await grant(api, nation, login="sinta", kind="AUDITOR", province="62", reason="Surat tugas 7")
    role = await role_of(build, holder)
    listed = """{ me { roles { kind province { code } } } roles(first: 5) { nodes {
      account { login } endedAt history { kind actorName reason } } } }"""

    before = await api.ask(listed, actor=holder)
    payload = await revoke(api, nation, role)
    after = await api.ask(listed, actor=holder)
    again = await revoke(api, nation, role, version=2)

    name = await build.connection.fetchval("SELECT name FROM account WHERE id = $1", nation)
    granted = {"kind": "role.granted", "actorName": name, "reason": "Surat tugas 7"}
    revoked = {"kind": "role.revoked", "actorName": name, "reason": "Pindah tugas"}
    entry = {"account": {"login": "sinta"}, "endedAt": None, "history": [granted]}
    assert before == {
        "me": {"roles": [{"kind": "AUDITOR", "province": {"code": "62"}}]},
        "roles": {"nodes": [entry]},
    }
    assert payload == {"role": {"endedAt": instant(NOW), "version": 2}, "problems": []}
    ended = {**entry, "endedAt": instant(NOW), "history": [granted, revoked]}
    assert after == {"me": {"roles": []}, "roles": {"nodes": [ended]}}
    assert again == {"role": None, "problems": [problem("Simple", "ALREADY_ENDED", "role")]}


async def test_who_may_revoke_a_role(api: Api, build: Build) -> None:
    organization = await build.organization()
    await build.coordinator()
    actors = {
        "nation": await build.coordinator(),
        "province": await build.coordinator(province_code="62"),
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "manager": await build.manager(organization),
        "other manager": await build.manager(await build.organization(kabupaten_code=FAR)),
    }
    scopes: dict[str, Json] = {
        "of the nation": {"kind": "COORDINATOR"},
        "of the province": {"kind": "COORDINATOR", "province_code": "62"},
        "of the kabupaten": {"kind": "DESK_OFFICER", "kabupaten_code": HOME},
        "of the organization": {"kind": "MANAGER", "organization_id": organization},
    }
    found: dict[str, list[str]] = {}

    for name, scope in scopes.items():
        found[name] = []
        for actor_name, actor in actors.items():
            role = await build.row("role", account_id=await build.account(), **scope)
            before = await snapshot(build.connection, "role", "account")
            problems = (await revoke(api, actor, role))["problems"]
            if problems:
                assert problems == [problem("Simple", "NOT_FOUND", "role")]
                assert await snapshot(build.connection, "role", "account") == before
            else:
                found[name].append(actor_name)

    assert found == {
        "of the nation": ["nation"],
        "of the province": ["nation", "province"],
        "of the kabupaten": ["nation", "province", "kabupaten"],
        "of the organization": ["nation", "province", "kabupaten", "manager"],
    }


async def test_a_holder_gives_a_role_back(api: Api, build: Build) -> None:
    holder = await build.coordinator(kabupaten_code=HOME)

    payload = await revoke(api, holder, await role_of(build, holder))

    assert payload == {"role": {"endedAt": instant(NOW), "version": 2}, "problems": []}


async def test_a_role_holds_in_its_period_only(build: Build, database_url: str, keys: Path) -> None:
    await build.person(reach="KABUPATEN")
    holder, clock = await build.coordinator(kabupaten_code=HOME, since=NOW + DAY, until=NOW + 2 * DAY), [NOW]
    counts, writes = [], []
    async with running_api(database_url, keys, lambda: clock[0]) as api:
        await build.account(login="sinta")
        for later in (timedelta(), DAY, 2 * DAY - timedelta(seconds=6), 2 * DAY):
            clock[0] = NOW + later
            found = await api.ask("{ volunteers(first: 1) { totalCount } me { roles { endedAt } } }", actor=holder)
            counts.append((found["volunteers"]["totalCount"], len(found["me"]["roles"])))
            until = instant(clock[0] + timedelta(seconds=1))
            writes.append(await grant(api, holder, login="sinta", kind="AUDITOR", kabupaten=HOME, until=until))
        listed = await api.ask("{ roles(first: 1) { nodes { until endedAt } } }", actor=holder)

    assert counts == [(0, 0), (1, 1), (1, 1), (0, 0)]
    assert writes == ["FORBIDDEN input", "GRANTED", "GRANTED", "FORBIDDEN input"]
    end = instant(NOW + 2 * DAY)
    assert listed == {"roles": {"nodes": [{"until": end, "endedAt": end}]}}


async def test_a_revoked_manager_reads_no_more_after_five_seconds_and_writes_no_more_at_once(
    build: Build, database_url: str, keys: Path
) -> None:
    organization = await build.organization()
    nation, manager = await build.coordinator(), await build.manager(organization)
    await build.volunteer(organization, reach="KABUPATEN")
    await build.account(login="sinta")
    page, clock = "{ volunteers(first: 1) { totalCount } }", [NOW]
    async with running_api(database_url, keys, lambda: clock[0]) as api:
        before = await api.ask(page, actor=manager)
        await revoke(api, nation, await role_of(build, manager))
        written = await grant(api, manager, login="sinta", kind="MANAGER", organization=f"Organization:{organization}")
        clock[0] = NOW + timedelta(seconds=5)
        after = await api.ask(page, actor=manager)

    assert before == {"volunteers": {"totalCount": 1}}
    assert written == "FORBIDDEN input"
    assert after == {"volunteers": {"totalCount": 0}}


# The last national coordinator.


async def test_the_last_national_coordinator_without_end_stays(api: Api, build: Build) -> None:
    first = await build.coordinator()
    await build.coordinator(until=NOW + 10_000 * DAY)
    await build.coordinator(province_code="62")
    role = await role_of(build, first)
    before = await snapshot(build.connection, "role", "account")

    payload = await revoke(api, first, role)

    assert payload == {"role": None, "problems": [problem("Simple", "LAST_COORDINATOR", "role")]}
    assert await snapshot(build.connection, "role", "account") == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE role SET ended_at = now()",
        "UPDATE role SET until = now() + interval '10 years'",
        "UPDATE role SET since = now() + interval '1 day'",
        "UPDATE role SET province_code = '62'",
        "UPDATE role SET kind = 'AUDITOR'",
        "DELETE FROM role",
        "UPDATE account SET active = false",
    ],
)
async def test_the_database_keeps_the_last_national_coordinator(build: Build, statement: str) -> None:
    await build.coordinator()
    before = await snapshot(build.connection, "role", "account")

    with pytest.raises(asyncpg.CheckViolationError, match="The last national coordinator cannot be removed"):
        await build.connection.execute(statement)

    assert await snapshot(build.connection, "role", "account") == before


async def test_one_national_coordinator_replaces_another(build: Build) -> None:
    first, second = await build.coordinator(), await build.account()
    async with build.connection.transaction():
        await build.connection.execute("UPDATE role SET ended_at = now() WHERE account_id = $1", first)
        await build.row("role", account_id=second, kind="COORDINATOR")

    assert await build.connection.fetchval("SELECT count(*) FROM role WHERE ended_at IS NULL") == 1


async def test_of_two_who_revoke_each_other_one_stays(api: Api, build: Build) -> None:
    account, other = await build.account(), await build.account()
    one = await build.row("role", account_id=account, kind="COORDINATOR")
    left = []
    for _round in range(ROUNDS):
        two = await build.row("role", account_id=other, kind="COORDINATOR")
        answers: dict[uuid.UUID, Json] = {}

        async def remove(actor: uuid.UUID, role: uuid.UUID) -> None:
            answers[role] = await revoke(api, actor, role)  # noqa: B023  # Awaited in this round.

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(remove, account, two)
            tasks.start_soon(remove, other, one)

        codes = sorted(each["code"] for answer in answers.values() for each in answer["problems"])
        remaining = await build.connection.fetch("SELECT id, account_id FROM role WHERE ended_at IS NULL")
        left.append((len(remaining), codes))
        (survivor,) = remaining
        account, one = survivor["account_id"], survivor["id"]
        (other,) = {account, other, *(await accounts(build))} - {account}

    assert {count for count, _codes in left} == {1}
    assert {tuple(codes) for _count, codes in left} <= {("LAST_COORDINATOR",), ("FORBIDDEN",), ("NOT_FOUND",)}


async def accounts(build: Build) -> list[uuid.UUID]:
    return [row["id"] for row in await build.connection.fetch("SELECT id FROM account")]
