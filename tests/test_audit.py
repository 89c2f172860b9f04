"""What auditors and desk officers read: the audit trail, roles, and what is reported, each in their scope only."""

import uuid
from typing import Any

import pytest

from tests.asking import Api, Json, instant
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_role import grant

TRAIL = """query($filter: AuditEntryFilter) { auditTrail(first: 20, filter: $filter) { totalCount nodes {
  kind label(language: EN) at actorKind account { login } actorName reason subject mutation codes
  kabupaten { code } organization { name } } } }"""
DECLARE = """mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) {
  incident { id } problems { code } } }"""
INCIDENT: Json = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [FAR], "startedAt": instant(NOW)}


async def officer(build: Build, kind: str, **scope: Any) -> uuid.UUID:
    account = await build.account()
    await build.row("role", account_id=account, kind=kind, **scope)
    return account


async def trail(api: Api, actor: uuid.UUID | None, **condition: Any) -> list[Json]:
    """The entries that the actor reads; asserts that the count is that of the entries."""
    found = (await api.ask(TRAIL, actor=actor, filter=condition or None))["auditTrail"]
    assert found["totalCount"] == len(found["nodes"])
    nodes: list[Json] = found["nodes"]
    return nodes


async def test_a_refused_call_leaves_an_event_and_nothing_else(api: Api, build: Build) -> None:
    coordinator, auditor = await build.coordinator(kabupaten_code=HOME), await officer(build, "AUDITOR")
    before = await snapshot(build.connection, "role", "account")

    refused = await api.do(DECLARE, actor=coordinator, **{**INCIDENT, "title": " "})
    unchanged = await snapshot(build.connection, "role", "account") == before
    done = await api.do(DECLARE, actor=coordinator, **{**INCIDENT, "kabupatens": [HOME]})
    (entry,) = await trail(api, auditor, kind={"eq": "account.call_refused"})

    codes = sorted({each["code"] for each in refused["problems"]})
    name = await build.connection.fetchval("SELECT login FROM account WHERE id = $1", coordinator)
    assert codes == ["FORBIDDEN", "INVALID"]
    assert unchanged
    assert done["problems"] == []
    assert entry == {
        "kind": "account.call_refused",
        "label": "A call of a mutation was refused",
        "at": instant(NOW),
        "actorKind": "ACCOUNT",
        "account": {"login": name},
        "actorName": name,
        "reason": None,
        "subject": f"Account:{coordinator}",
        "mutation": "declareIncident",
        "codes": codes,
        "kabupaten": None,
        "organization": None,
    }


async def test_what_the_public_is_refused_leaves_no_event(api: Api, build: Build) -> None:
    payload = await api.do(
        "mutation($input: SignInInput!) { signIn(input: $input) { problems { code } } }", login="x", password="y"
    )

    assert payload["problems"] == [{"code": "WRONG_CREDENTIALS"}]
    assert await build.connection.fetchval("SELECT count(*) FROM event") == 0


async def events(build: Build) -> None:
    """An event in each of three kabupaten and in none, and one with a private reason."""
    account = await build.account(login="sinta")
    await build.row("role", account_id=account, kind="CAMP_STAFF", organization_id=await build.organization())
    for number, code in enumerate((HOME, NEIGHBOUR, FAR, None)):
        await build.connection.execute(
            """INSERT INTO event (at, actor_kind, account_id, kind, subject_type, subject_key, reason, change, kabupaten_code)
            VALUES ($1, 'ACCOUNT', $2, 'need.closed', 'Need', $3, 'Cukup', '{}', $4)""",
            *(NOW, account, str(uuid.UUID(int=number)), code),
        )
    await build.connection.execute(
        """INSERT INTO event (at, actor_kind, account_id, kind, subject_type, subject_key, reason, change, kabupaten_code)
        VALUES ($1, 'ACCOUNT', $2, 'absence.recorded', 'Absence', $3, 'Sakit', '{}', $4)""",
        *(NOW, account, str(uuid.UUID(int=7)), HOME),
    )


@pytest.mark.parametrize(
    ("kind", "scope", "codes"),
    [
        ("AUDITOR", {}, [HOME, None, FAR, NEIGHBOUR, HOME]),
        ("AUDITOR", {"province_code": HOME[:2]}, [HOME, NEIGHBOUR, HOME]),
        ("AUDITOR", {"kabupaten_code": FAR}, [FAR]),
        ("AUDITOR", {"until": NOW}, []),
        ("AUDITOR", {"ended_at": NOW}, []),
        ("COORDINATOR", {}, []),
        ("DESK_OFFICER", {}, []),
    ],
)
async def test_an_auditor_reads_the_trail_of_the_own_scope(
    api: Api, build: Build, kind: str, scope: Json, codes: list[str | None]
) -> None:
    await events(build)
    actor = await officer(build, kind, **scope)

    found = await trail(api, actor)

    assert [entry["kabupaten"] and entry["kabupaten"]["code"] for entry in found] == codes
    assert {entry["reason"] for entry in found if entry["kind"] == "absence.recorded"} <= {None}
    assert {entry["reason"] for entry in found if entry["kind"] == "need.closed"} <= {"Cukup"}
    assert await trail(api, None) == []


async def test_the_trail_is_filtered(api: Api, build: Build) -> None:
    await events(build)
    auditor = await officer(build, "AUDITOR")
    account = await build.connection.fetchval("SELECT id FROM account WHERE login = 'sinta'")

    counts = [
        len(await trail(api, auditor, **condition))
        for condition in (
            {"kind": {"eq": "absence.recorded"}},
            {"account": {"eq": f"Account:{account}"}},
            {"kabupaten": {"in": [HOME, FAR]}},
            {"at": {"lt": instant(NOW)}},
        )
    ]

    assert counts == [1, 5, 3, 0]


async def test_the_trail_is_paged_both_ways(api: Api, build: Build) -> None:
    await events(build)
    auditor = await officer(build, "AUDITOR")
    document = "query($page: String) { auditTrail(%s) { nodes { subject } pageInfo { startCursor endCursor } } }"

    first = (await api.ask(document % "first: 3, after: $page", actor=auditor))["auditTrail"]
    after, before = first["pageInfo"]["endCursor"], first["pageInfo"]["startCursor"]
    second = (await api.ask(document % "first: 3, after: $page", actor=auditor, page=after))["auditTrail"]
    after = second["pageInfo"]["startCursor"]
    back = (await api.ask(document % "last: 3, before: $page", actor=auditor, page=after))["auditTrail"]
    none = (await api.ask(document % "last: 3, before: $page", actor=auditor, page=before))["auditTrail"]

    assert [len(page["nodes"]) for page in (first, second, none)] == [3, 2, 0]
    assert back["nodes"] == first["nodes"]
    found = [node["subject"].partition(":")[2] for node in [*first["nodes"], *second["nodes"]]]
    assert found == [str(uuid.UUID(int=number)) for number in (7, 3, 2, 1, 0)]


async def test_an_auditor_reads_roles_and_their_holders_in_the_own_scope_and_changes_none(
    api: Api, build: Build
) -> None:
    organization = await build.organization(kabupaten_code=HOME)
    holders = {
        "nation": await build.coordinator(),
        "home": await build.coordinator(kabupaten_code=HOME),
        "far": await build.coordinator(kabupaten_code=FAR),
        "manager": await build.manager(organization),
    }
    await build.connection.execute("UPDATE account SET email = 'sinta@contoh.id' WHERE id = $1", holders["home"])
    auditor = await officer(build, "AUDITOR", province_code=HOME[:2])
    before = await snapshot(build.connection, "role", "account")

    listed = await api.ask("{ roles(first: 20) { nodes { kind account { id email } } } }", actor=auditor)
    answer = await grant(api, auditor, login="x", kind="AUDITOR", kabupaten=HOME)

    found = {(each["kind"], each["account"]["id"]): each["account"]["email"] for each in listed["roles"]["nodes"]}
    assert found == {
        ("AUDITOR", f"Account:{auditor}"): None,
        ("COORDINATOR", f"Account:{holders['home']}"): None,
        ("MANAGER", f"Account:{holders['manager']}"): None,
    }
    assert answer == "FORBIDDEN input"
    assert await snapshot(build.connection, "role", "account") == before


async def test_a_desk_officer_reads_what_is_reported_there_before_it_is_verified(api: Api, build: Build) -> None:
    await build.incident([HOME], status="REPORTED", title="Di sini")
    await build.incident([FAR], status="REPORTED", title="Jauh")
    public = await build.incident([HOME, FAR], title="Umum")
    for code in (HOME, FAR):
        await build.situation_report(public, kabupaten_code=code, status="RECORDED")
    await build.person(phone="+6281234567890")
    document = """{ incidents(first: 9) { nodes { title } } situationReports(first: 9) { nodes { kabupaten { code } } }
      volunteers(first: 9) { totalCount } }"""

    desk = await api.ask(document, actor=await officer(build, "DESK_OFFICER", kabupaten_code=HOME))
    elsewhere = await api.ask(document, actor=await officer(build, "DESK_OFFICER", province_code="31"))
    auditor = await api.ask(document, actor=await officer(build, "AUDITOR"))

    assert sorted(each["title"] for each in desk["incidents"]["nodes"]) == ["Di sini", "Umum"]
    assert desk["situationReports"] == {"nodes": [{"kabupaten": {"code": HOME}}]}
    nothing = {"situationReports": {"nodes": []}, "volunteers": {"totalCount": 0}}
    assert elsewhere == auditor == {"incidents": {"nodes": [{"title": "Umum"}]}, **nothing}
    assert desk["volunteers"] == {"totalCount": 0}
