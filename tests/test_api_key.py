"""API keys: what they may do, and that they end."""

import ast
import uuid
from collections.abc import AsyncGenerator, Iterator
from datetime import timedelta
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import pytest

from api import services
from api.resolvers import VERBS
from api.services.api_key import _digest
from tests.asking import PROBLEMS, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, PASSWORD, Build
from tests.conftest import NOW
from tests.serving import running_api
from tests.snapshot import snapshot

DAY = timedelta(days=1)
CREATE = f"mutation($input: CreateApiKeyInput!) {{ createApiKey(input: $input) {{ report {{ secret expiresAt }} {PROBLEMS} }} }}"
REVOKE = f"mutation($input: RevokeApiKeyInput!) {{ revokeApiKey(input: $input) {{ apiKey {{ name revokedAt }} {PROBLEMS} }} }}"
GRANT = f"mutation($input: GrantRoleInput!) {{ grantRole(input: $input) {{ role {{ kind }} {PROBLEMS} }} }}"
VERIFY = f"""mutation($input: VerifyOrganizationInput!) {{ verifyOrganization(input: $input) {{
  organization {{ verification }} {PROBLEMS} }} }}"""
DECLARE = f"mutation($input: DeclareIncidentInput!) {{ declareIncident(input: $input) {{ incident {{ title }} {PROBLEMS} }} }}"
CHANGE_CAMP = f"mutation($input: ChangeCampInput!) {{ changeCamp(input: $input) {{ {PROBLEMS} }} }}"
INCIDENT = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": instant(NOW)}


class Integration:
    """An account with two roles, and another program that asks with a key of it."""

    def __init__(self, api: Any, build: Build) -> None:
        self.api, self.build, self.now = api, build, NOW

    async def prepare(self) -> None:
        self.volunteer = await self.build.person(reach="KABUPATEN")
        self.account = await self.build.account_with_password(login="sistem", volunteer_id=self.volunteer)
        await self.build.person(reach="KABUPATEN", kabupaten_code=NEIGHBOUR)
        self.home, self.neighbour = [
            await self.build.row("role", account_id=self.account, kind="COORDINATOR", kabupaten_code=place)
            for place in (HOME, NEIGHBOUR)
        ]

    async def create(self, **values: Any) -> Json:
        fields = {
            "name": "Dasbor",
            "roles": [f"Role:{self.home}"],
            "mutations": ["declareIncident"],
            "expiresAt": instant(NOW + 30 * DAY),
            **values,
        }
        return await self.api.do(CREATE, actor=self.account, **fields)

    async def secret(self, **values: Any) -> str:
        payload = await self.create(**values)
        assert payload["problems"] == []
        secret: str = payload["report"]["secret"]
        return secret

    async def post(self, secret: str, document: str, **variables: Any) -> tuple[int, Json]:
        response = await self.api.client.post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers={"Authorization": f"Bearer {secret}"},
        )
        return response.status_code, response.json().get("data")


@pytest.fixture
async def integration(database_url: str, keys: Path, build: Build) -> AsyncGenerator[Integration]:
    made: list[Integration] = []
    async with running_api(database_url, keys, lambda: made[0].now if made else NOW) as api:
        made.append(Integration(api, build))
        await made[0].prepare()
        yield made[0]


async def test_a_key_acts_with_its_roles_and_calls_its_mutations_only(integration: Integration) -> None:
    await integration.build.account(login="budi")
    secret = await integration.secret()

    _, seen = await integration.post(secret, "{ volunteers(first: 5) { totalCount } me { login volunteer { id } } }")
    _, declared = await integration.post(secret, DECLARE, input=INCIDENT)
    _, elsewhere = await integration.post(secret, DECLARE, input={**INCIDENT, "kabupatens": [NEIGHBOUR]})
    _, granted = await integration.post(secret, GRANT, input={"login": "budi", "kind": "AUDITOR", "kabupaten": HOME})

    assert seen["volunteers"] == {"totalCount": 1}
    assert declared == {"declareIncident": {"incident": {"title": "Banjir"}, "problems": []}}
    assert elsewhere["declareIncident"]["problems"] == [problem("Simple", "FORBIDDEN", "kabupatens", "0")]
    assert granted == {"grantRole": {"role": None, "problems": [problem("Simple", "FORBIDDEN")]}}


async def test_a_key_is_told_no_outcome_of_a_mutation_that_it_may_not_call(integration: Integration) -> None:
    """Nor does it spend the account's idempotency keys; who may call it is answered also once the role has ended."""
    build = integration.build
    without, having = await integration.secret(mutations=[]), await integration.secret()
    repeated = {**INCIDENT, "idempotencyKey": "1"}
    first = {"declareIncident": await integration.api.do(DECLARE, actor=integration.account, **repeated)}

    _, hidden = await integration.post(without, DECLARE, input=repeated)
    _, refused = await integration.post(without, DECLARE, input={**repeated, "idempotencyKey": "2"})
    _, replayed = await integration.post(having, DECLARE, input=repeated)
    await build.connection.execute("UPDATE role SET ended_at = $1", NOW)
    later = {"declareIncident": await integration.api.do(DECLARE, actor=integration.account, **repeated)}

    forbidden = {"declareIncident": {"incident": None, "problems": [problem("Simple", "FORBIDDEN")]}}
    assert (hidden, refused) == (forbidden, forbidden)
    assert (replayed, later) == (first, first)
    assert [row["key"] for row in await build.connection.fetch("SELECT key FROM idempotency")] == ["1"]


async def test_a_key_reads_nothing_that_is_the_account_s_own(integration: Integration) -> None:
    build = integration.build
    await build.connection.execute(
        "UPDATE account SET email = 'sistem@example.org', phone = '+6281234567890' WHERE id = $1", integration.account
    )
    made = {"created_at": NOW, "last_used_at": NOW, "expires_at": NOW + DAY, "address_digest": b"x"}
    session = await build.row("session", account_id=integration.account, **made)
    reported = await build.incident((FAR,), status="REPORTED", reporter_id=integration.account)
    ids = [f"Session:{session}", f"Role:{integration.neighbour}", f"Incident:{reported}"]
    own = """query($ids: [ID!]!) { nodes(ids: $ids) { id }
      me { login email phone roles { kabupaten { code } } apiKeys { name } sessions { id } } }"""

    answers = []
    for roles in ((), (f"Role:{integration.home}",)):
        secret = await integration.secret(roles=roles, mutations=[])
        answers.append((await integration.post(secret, own, ids=ids))[1])
    itself = await integration.api.ask(own, actor=integration.account, ids=ids)

    hidden: Json = {"login": "sistem", "email": None, "phone": None, "apiKeys": [], "sessions": []}
    nothing = [None, None, None]
    assert answers == [
        {"nodes": nothing, "me": {**hidden, "roles": []}},
        {"nodes": nothing, "me": {**hidden, "roles": [{"kabupaten": {"code": HOME}}]}},
    ]
    assert itself["nodes"] == [{"id": each} for each in ids]
    assert (itself["me"]["email"], itself["me"]["phone"]) == ("sistem@example.org", "+6281234567890")
    assert [len(itself["me"][name]) for name in ("roles", "apiKeys", "sessions")] == [2, 2, 1]


async def test_a_key_from_before_does_not_grant_roles_either(integration: Integration) -> None:
    build = integration.build
    await build.account(login="budi")
    organization = await build.organization(verification="PENDING", requester_id=await build.account())
    secret = await integration.secret()
    await build.connection.execute("UPDATE api_key SET verbs = '{grant_role,verify_organization}'")

    _, granted = await integration.post(secret, GRANT, input={"login": "budi", "kind": "AUDITOR", "kabupaten": HOME})
    verified = {"organization": f"Organization:{organization}", "version": 1}
    _, answer = await integration.post(secret, VERIFY, input=verified)

    forbidden = {"problems": [problem("Simple", "FORBIDDEN")]}
    assert granted == {"grantRole": {"role": None, **forbidden}}
    assert answer == {"verifyOrganization": {"organization": None, **forbidden}}


async def test_a_key_gives_the_staff_of_a_camp_no_time_that_their_roles_do_not_have(integration: Integration) -> None:
    build = integration.build
    camp, cook = await build.camp(), await build.person()
    cook_account = await build.volunteer_account(cook)
    # The days of the camp from the first midnight in Jakarta to the last.
    period = {"since": NOW + timedelta(days=1, hours=16), "until": NOW + timedelta(days=5, hours=16)}
    role = await build.row("role", account_id=cook_account, kind="CAMP_STAFF", camp_id=camp, **period)
    await build.camp_staff_member(camp, cook, role_id=role)
    secret = await integration.secret(mutations=["changeCamp"])
    values: Json = {"camp": f"Camp:{camp}", "version": 1}
    before = await snapshot(build.connection, "role")

    refused = [
        await integration.post(secret, CHANGE_CAMP, input={**values, name: instant(NOW + days * DAY)})
        for name, days in (("startsAt", 1), ("endsAt", 6))
    ]
    unchanged = await snapshot(build.connection, "role")
    _, shorter = await integration.post(secret, CHANGE_CAMP, input={**values, "endsAt": instant(NOW + 4 * DAY)})
    longer = await integration.api.do(
        CHANGE_CAMP, actor=integration.account, camp=f"Camp:{camp}", version=2, endsAt=instant(NOW + 6 * DAY)
    )

    assert [data["changeCamp"]["problems"] for _, data in refused] == [
        [problem("Simple", "FORBIDDEN", name)] for name in ("startsAt", "endsAt")
    ]
    assert unchanged == before
    assert (shorter["changeCamp"], longer) == ({"problems": []}, {"problems": []})
    until = await build.connection.fetchval("SELECT until FROM role WHERE id = $1", role)
    assert until == period["until"] + DAY


async def test_a_key_is_not_stored_and_listed_to_its_owner(integration: Integration) -> None:
    secret = await integration.secret()
    tables = await integration.build.connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")

    stored = str(await snapshot(integration.build.connection, *(row[0] for row in tables)))
    listed = await integration.api.ask(
        "{ me { apiKeys { name mutations roles { kabupaten { code } } expiresAt revokedAt } } }",
        actor=integration.account,
    )

    part = secret.split("_", 2)[2]
    assert part not in stored
    assert _digest(part).hex() in stored
    assert listed["me"]["apiKeys"] == [
        {
            "name": "Dasbor",
            "mutations": ["declare_incident"],
            "roles": [{"kabupaten": {"code": HOME}}],
            "expiresAt": instant(NOW + 30 * DAY),
            "revokedAt": None,
        }
    ]


async def test_a_revoked_key_writes_no_more_at_once_and_reads_no_more_after_five_seconds(
    integration: Integration,
) -> None:
    secret = await integration.secret()
    await integration.post(secret, "{ me { login } }")
    key = await integration.build.connection.fetchval("SELECT id FROM api_key")

    foreign = await integration.api.do(REVOKE, actor=await integration.build.coordinator(), apiKey=f"ApiKey:{key}")
    revoked = await integration.api.do(REVOKE, actor=integration.account, apiKey=f"ApiKey:{key}")
    again = await integration.api.do(REVOKE, actor=integration.account, apiKey=f"ApiKey:{key}")
    _, written = await integration.post(secret, DECLARE, input=INCIDENT)
    integration.now = NOW + timedelta(seconds=5)
    status, _ = await integration.post(secret, "{ me { login } }")

    assert foreign["problems"] == [problem("Simple", "NOT_FOUND", "apiKey")]
    assert revoked == {"apiKey": {"name": "Dasbor", "revokedAt": instant(NOW)}, "problems": []}
    assert again["problems"] == [problem("Simple", "ALREADY_ENDED", "apiKey")]
    assert written["declareIncident"]["problems"] == [problem("Simple", "FORBIDDEN")]
    assert status == 401


async def test_keys_end_when_an_account_is_signed_out_everywhere_but_not_with_another_password(
    integration: Integration,
) -> None:
    sign_out = f"mutation {{ signOut(input: {{everywhere: true}}) {{ {PROBLEMS} }} }}"
    change = f"mutation($input: ChangePasswordInput!) {{ changePassword(input: $input) {{ {PROBLEMS} }} }}"
    secret = await integration.secret()

    changed = await integration.api.do(
        change, actor=integration.account, currentPassword=PASSWORD, newPassword="kata sandi yang baru"
    )
    stays, _ = await integration.post(secret, "{ me { login } }")
    done = await integration.api.post(sign_out, actor=integration.account)
    integration.now = NOW + timedelta(seconds=5)
    status, _ = await integration.post(secret, "{ me { login } }")

    assert (changed, stays) == ({"problems": []}, 200)
    assert done["data"]["signOut"]["problems"] == []
    assert await integration.build.connection.fetchval("SELECT revoked_at FROM api_key") == NOW
    assert status == 401
    events = await integration.build.connection.fetch(
        """SELECT kind, subject_type, subject_key = (SELECT id::text FROM api_key) FROM event
        WHERE kind IN ('api_key.revoked', 'account.signed_out') ORDER BY position"""
    )
    assert [tuple(event) for event in events] == [
        ("api_key.revoked", "ApiKey", True),
        ("account.signed_out", "Account", False),
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE role SET ended_at = now()",
        "UPDATE account SET active = false",
        "UPDATE api_key SET expires_at = '2026-03-01T01:00:00Z'",
    ],
)
async def test_a_key_ends_with_what_it_acts_with(integration: Integration, statement: str) -> None:
    secret = await integration.secret()
    await integration.build.connection.execute(statement)

    _, data = await integration.post(secret, "{ volunteers(first: 5) { totalCount } }")

    assert data in (None, {"volunteers": {"totalCount": 0}})


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"roles": [f"Role:{uuid.UUID(int=7)}"]}, ["roles", "0"]),
        ({"mutations": ["signIn"]}, ["mutations", "0"]),
        ({"mutations": ["declareIncident", "createApiKey"]}, ["mutations", "1"]),
        ({"mutations": ["revokeRole"]}, ["mutations", "0"]),
        *(
            ({"mutations": [name]}, ["mutations", "0"])
            for name in ("grantRole", "setCampStaff", "verifyOrganization", "mergeVolunteers")
        ),
        ({"mutations": ["nothing"]}, ["mutations", "0"]),
        ({"name": " "}, ["name"]),
        ({"expiresAt": instant(NOW)}, ["expiresAt"]),
        ({"expiresAt": instant(NOW + 367 * DAY)}, ["expiresAt"]),
    ],
    ids=str,
)
async def test_a_key_that_makes_no_sense_is_refused(integration: Integration, values: Json, path: list[str]) -> None:
    payload = await integration.create(**values)

    assert payload["report"] is None
    assert [each["path"] for each in payload["problems"]] == [["input", *path]]
    assert await integration.build.connection.fetchval("SELECT count(*) FROM api_key") == 0


async def test_a_forged_key_is_refused(integration: Integration) -> None:
    secret = await integration.secret()
    other = f"sigap_{uuid.uuid4().hex}_{secret.split('_', 2)[2]}"

    statuses = [
        (await integration.post(forged, "{ me { login } }"))[0]
        for forged in (f"{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}", other, "sigap_", f"{secret}x")
    ]

    assert statuses == [401] * 4


def test_every_verb_that_leads_to_a_role_says_so() -> None:
    """By what the functions of the services name, of their own module and of others."""
    named = {each: names for module in iter_modules(services.__path__) for each, names in references(module.name)}
    leads = {("role", "give"), ("account_merger", "separate")}
    while more := {each for each, names in named.items() if names & leads} - leads:
        leads |= more

    by_place = {(each.call.__module__.rpartition(".")[2], each.call.__name__): each for each in VERBS.values()}
    assert {by_place[each].name for each in leads & by_place.keys()} == {
        name for name, each in VERBS.items() if each.grants_roles
    }


Place = tuple[str, str]


def references(module: str) -> Iterator[tuple[Place, set[Place]]]:
    """The functions of a module of the services, each with all that it names, as module and name."""
    (folder,) = services.__path__
    tree = ast.parse(Path(folder, f"{module}.py").read_text())
    imported = {
        name: place for each in ast.walk(tree) if isinstance(each, ast.ImportFrom) for name, place in names_of(each)
    }
    for function in tree.body:
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            nodes = [*ast.walk(function)]
            names = {imported.get(each.id, (module, each.id)) for each in nodes if isinstance(each, ast.Name)}
            names |= {
                (imported.get(each.value.id, ("", ""))[1], each.attr)
                for each in nodes
                if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name)
            }
            yield (module, function.name), names


def names_of(statement: ast.ImportFrom) -> Iterator[tuple[str, Place]]:
    """What it imports from the services, or of one of their modules."""
    package, _, module = (statement.module or "").partition("api.services")
    if not package:
        for each in statement.names:
            yield each.asname or each.name, (module.removeprefix("."), each.name)
