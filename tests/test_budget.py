"""Budgets of clients: what counts, who pays, and what a client is told when nothing is left."""

import asyncio
from pathlib import Path
from threading import Event
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from api.app import application
from api.database.error import Unavailable
from api.database.pool import PROCESSOR_WEIGHT, Client
from api.execution.thread import FairThread
from api.services import budget_use
from api.settings import Limits, Settings, read_settings
from api.web import budget
from api.web.budget import REFUSED_COST, REQUEST_COST, WRONG_TOKEN_COST, Budgets
from api.web.client import network_of
from api.web.request import MAX_BODY_BYTES
from tests.asking import Api
from tests.builders import Build
from tests.conftest import NOW
from tests.serving import listening, replace_services, running_api
from tests.test_disconnect import HAZARDS, request_and_disconnect
from tests.waiting import LOCK_WAITS, wait_until

NEWER = {"Accept": "application/graphql-response+json"}
TYPENAME = {"query": "{ __typename }"}


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that have passed."""
    seconds = [600.0]
    monkeypatch.setattr(budget, "time", lambda: seconds[0])
    return seconds


def limited(api: Api, limit: int, **limits: Any) -> Budgets:
    """The application's budgets, with this limit."""
    budgets = Budgets(limit)
    replace_services(api, budgets=budgets, settings=Settings(limits=Limits(**limits)))
    return budgets


def test_what_was_used_counts_less_and_less_for_a_minute(passed: list[float]) -> None:
    budgets = Budgets(100)
    used = []
    budgets.spend("one", 80)
    for seconds in (0, 59, 1, 30, 30):
        passed[0] += seconds
        used.append(budgets.used("one"))

    assert used == [80, 80, 80, 40, 0]


@pytest.mark.parametrize("spent", [[100], [250], [60, 60], [0, 500]])
def test_the_wait_ends_when_something_is_left(passed: list[float], spent: list[float]) -> None:
    budgets = Budgets(100)
    for cost in spent:
        budgets.spend("one", cost)
        passed[0] += 7
    wait = budgets.seconds_to_wait("one")
    passed[0] += wait - 0.1
    shortly_before = budgets.used("one")
    passed[0] += 0.2

    assert wait > 0
    assert shortly_before >= 100 > budgets.used("one")
    assert budgets.seconds_to_wait("one") == 0


def test_clients_that_use_nothing_are_forgotten(passed: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_CLIENTS", 2)
    budgets = Budgets(100)
    for client in ("one", "two", "one", "three"):
        budgets.spend(client, 10)

    assert [budgets.used(client) for client in ("one", "three")] == [20, 10]
    assert len(budgets._windows) == 2


async def test_a_client_without_budget_is_told_when_to_come_back(api: Api, passed: list[float], build: Build) -> None:
    account, other = await build.coordinator(), await build.coordinator()
    budgets = limited(api, 1_000)
    budgets.spend(str(account), 1_500)
    before = api.services.database.statements

    newer = await api.client.post("/graphql", json=TYPENAME, headers={**api.headers(account), **NEWER})
    older = await api.client.post("/graphql", json=TYPENAME, headers=api.headers(account))
    others = [await api.ask("{ __typename }", actor=each) for each in (other, None)]

    assert (newer.status_code, older.status_code, newer.headers["Retry-After"]) == (429, 200, "80")
    assert newer.json() == older.json()
    assert newer.json()["errors"][0]["extensions"] == {"code": "THROTTLED", "retryAfter": 80}
    assert others == [{"__typename": "Query"}] * 2
    assert api.services.database.statements == before


async def test_the_cost_of_a_request_is_shown_and_taken_from_the_budget(api: Api, passed: list[float]) -> None:
    budgets = limited(api, 1_000)
    body = {"query": "{ clusters(first: 5) { nodes { code } } }", "extensions": {"cost": True}}

    shown = (await api.client.post("/graphql", json=body)).json()["extensions"]["cost"]

    assert shown["rows"] == 5
    assert shown["limit"] == 1_000
    assert shown["cost"] == pytest.approx(
        shown["databaseMilliseconds"] + PROCESSOR_WEIGHT * shown["validationMilliseconds"] + REQUEST_COST, abs=0.61
    )
    assert shown["remaining"] == round(1_000 - budgets.used("127.0.0.1"))
    assert 0 < budgets.used("127.0.0.1") < 1_000


@pytest.mark.parametrize("fields", [1, 200], ids=["in the loop", "in the thread"])
@pytest.mark.parametrize("last", ["code", "nothing", "}"], ids=["right", "invalid", "no GraphQL"])
async def test_who_sends_a_new_document_pays_for_its_validation(
    api: Api, passed: list[float], fields: int, last: str
) -> None:
    budgets = limited(api, 100_000)
    listed = " ".join(f"a{number}: code" for number in range(fields))
    # Unlike all that other tests have sent.
    document = f"query validated_{fields} {{ clusters(first: 0) {{ nodes {{ {listed} {last} }} }} }}"
    body = {"query": document, "extensions": {"cost": True}}

    shown = [(await api.client.post("/graphql", json=body)).json().get("extensions") for _ in range(2)]

    costs = [each["cost"]["validationMilliseconds"] for each in shown if each]
    assert costs[0] > 0
    # A right document is remembered, and so is what is wrong with it; what is no GraphQL is read anew.
    assert (costs[1] > 0) is (last == "}")
    assert budgets.used("127.0.0.1") >= PROCESSOR_WEIGHT * sum(costs) - 0.2


@pytest.mark.parametrize(
    "document",
    ["{ nothing }", '{ node(id: "x") { id } }', "mutation { acceptAssignment(input: {}) { problems { code } } }"],
)
async def test_a_refused_request_costs_more(api: Api, passed: list[float], document: str) -> None:
    budgets = limited(api, 1_000)

    await api.post(document)

    assert budgets.used("127.0.0.1") >= REFUSED_COST


@pytest.mark.parametrize(
    ("method", "content", "headers", "status"),
    [
        ("POST", b"{", {}, 400),
        ("POST", b'{"query": 1}', {}, 400),
        ("PUT", b"", {}, 405),
        ("POST", b" " * (MAX_BODY_BYTES + 1), {}, 413),
        ("POST", b"", {"Content-Type": "text/plain"}, 415),
    ],
)
async def test_what_is_no_request_is_paid_by_the_address(
    api: Api, passed: list[float], method: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    budgets = limited(api, 2 * REFUSED_COST)
    sent = {"Content-Type": "application/json", **NEWER, **headers}

    answers = [await api.client.request(method, "/graphql", content=content, headers=sent) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [status, status, 429]
    assert budgets.used("127.0.0.1") == 2 * (REQUEST_COST + REFUSED_COST)


async def test_a_mutation_by_get_is_refused_and_costs_more(api: Api, passed: list[float]) -> None:
    budgets = limited(api, 1_000)

    response = await api.client.get("/graphql", params={"query": "mutation { signOut { problems { code } } }"})

    assert response.status_code == 405
    # And the validation of the document.
    assert budgets.used("127.0.0.1") >= REQUEST_COST + REFUSED_COST


async def test_who_hangs_up_pays_for_the_validation_and_waits_for_its_end() -> None:
    client, thread, has_begun, may_end = Client("one"), FairThread("test"), Event(), Event()

    def validate() -> None:
        with client.validation():
            has_begun.set()
            may_end.wait(60)
            sum(range(100_000))

    task = asyncio.create_task(thread.run(client.name, validate))
    await asyncio.to_thread(has_begun.wait, 60)
    task.cancel()
    # Two rounds of the loop, in which a task that did not wait would end.
    for _ in range(2):
        await asyncio.sleep(0)
    is_waiting = not task.done()
    may_end.set()
    await asyncio.wait([task])

    assert (is_waiting, task.cancelled()) == (True, True)
    assert client.milliseconds == PROCESSOR_WEIGHT * client.validation_seconds * 1000 > 0


def test_a_quarter_of_a_core_uses_the_budget_up() -> None:
    assert Client("one", validation_seconds=15).milliseconds == Limits().budget


async def test_the_statements_of_a_document_are_paid_when_they_are_made(
    api: Api, passed: list[float], build: Build
) -> None:
    coordinator = await build.coordinator()
    document = "query planned { clusters(first: 0) { nodes { code } } }"
    body = {"query": document, "extensions": {"cost": True}}
    # The document is remembered from then on, but a coordinator has statements of another kind.
    await api.ask(document)

    shown = [(await api.client.post("/graphql", json=body, headers=api.headers(coordinator))).json() for _ in range(2)]

    costs = [each["extensions"]["cost"]["validationMilliseconds"] for each in shown]
    assert costs[0] > 0
    assert costs[1] == 0


async def test_a_query_whose_client_disconnects_is_paid(
    database_url: str, keys: Path, connection: "asyncpg.Connection[asyncpg.Record]", passed: list[float]
) -> None:
    app = application(database_url, keys, clock=lambda: NOW)
    async with listening(app) as port, connection.transaction():
        await connection.execute("LOCK TABLE hazard IN ACCESS EXCLUSIVE MODE")
        async with request_and_disconnect(port, {"query": HAZARDS}):
            await wait_until(connection, f"SELECT ({LOCK_WAITS}) > 0", expected=True)
        await wait_until(connection, LOCK_WAITS, 0)
    # The server has ended, so that the request has; it waited for the lock until the client was seen to be gone.
    assert app.state.services.budgets.used("127.0.0.1") > REQUEST_COST + 500


async def test_wrong_tokens_are_paid_by_the_address_and_not_by_accounts_behind_it(
    api: Api, passed: list[float], build: Build
) -> None:
    account = await build.coordinator()
    limited(api, 2 * WRONG_TOKEN_COST)
    wrong = {"Authorization": "Bearer wrong", **NEWER}

    statuses = [(await api.client.post("/graphql", json=TYPENAME, headers=wrong)).status_code for _ in range(3)]
    anonymous = await api.client.post("/graphql", json=TYPENAME, headers=NEWER)

    assert statuses == [401, 401, 429]
    assert anonymous.status_code == 429
    assert await api.ask("{ __typename }", actor=account) == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("headers", "trusted", "client"),
    [
        ({"X-Forwarded-For": "9.9.9.9"}, "", "127.0.0.1"),
        ({"X-Forwarded-For": "9.9.9.9"}, "127.0.0.1", "9.9.9.9"),
        ({"X-Forwarded-For": "1.1.1.1, 9.9.9.9"}, "127.0.0.1", "9.9.9.9"),
        ({"X-Forwarded-For": "9.9.9.9, 10.0.0.7"}, "127.0.0.1,10.0.0.0/8", "9.9.9.9"),
        ({"X-Forwarded-For": "8.8.8.8, nonsense"}, "127.0.0.1", "nonsense"),
        ({"X-Forwarded-For": "9.9.9.9", "Forwarded": "for=1.1.1.1"}, "127.0.0.1", "9.9.9.9"),
        ({"Forwarded": "for=1.1.1.1"}, "127.0.0.1", "127.0.0.1"),
        ({"X-Forwarded-For": "9.9.9.9:4711"}, "127.0.0.1", "9.9.9.9"),
        ({}, "127.0.0.1", "127.0.0.1"),
    ],
)
async def test_what_proxies_say_counts_as_far_as_they_are_trusted(
    api: Api, passed: list[float], headers: dict[str, str], trusted: str, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGAP_TRUSTED_PROXIES", trusted)
    budgets = limited(api, 1_000, trusted_proxies=read_settings().limits.trusted_proxies)

    await api.client.post("/graphql", json=TYPENAME, headers=headers)

    assert [*budgets._windows] == [client]


@pytest.mark.parametrize(
    ("forwarded", "client"),
    [
        ('for=1.1.1.1, for="9.9.9.9:4711";proto=https', "9.9.9.9"),
        ('For="[2001:db8:1:2:3::4]:4711"', "2001:db8:1:2::/64"),
        ('for=9.9.9.9;host="for=5.6.7.8"', "9.9.9.9"),
        ('proto=https;for=9.9.9.9;host="a, for=5.6.7.8"', "9.9.9.9"),
        ("xfor=5.6.7.8", "127.0.0.1"),
        ('for=1.1.1.1;host=", for=9.9.9.9;host="sigap.example"', "127.0.0.1"),
    ],
)
async def test_where_proxies_write_forwarded_only_that_counts(
    api: Api, passed: list[float], forwarded: str, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGAP_TRUSTED_PROXIES", "127.0.0.1")
    monkeypatch.setenv("SIGAP_FORWARDED_HEADER", "Forwarded")
    limits = read_settings().limits
    budgets = limited(api, 1_000, trusted_proxies=limits.trusted_proxies, forwarded_header=limits.forwarded_header)

    headers = {"Forwarded": forwarded, "X-Forwarded-For": "5.6.7.8"}
    await api.client.post("/graphql", json=TYPENAME, headers=headers)

    assert [*budgets._windows] == [client]


def test_an_address_of_version_6_stands_for_its_network() -> None:
    assert network_of("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert network_of("::ffff:10.0.0.1") == "10.0.0.1"


async def unavailable(*_arguments: object) -> None:
    raise Unavailable


async def test_several_servers_count_together(api: Api, passed: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each second they learn what the others have told; what the database does not take is told later."""
    one, two = Budgets(100), Budgets(100)
    services = api.services
    async with one.shared(services.database, services.vault), two.shared(services.database, services.vault):
        one.spend("client", 40)
        one.spend("other", 7)
        await one.share(services.database, services.vault)
        passed[0] += budget.WINDOW_SECONDS
        two.spend("client", 30)
        await two.share(services.database, services.vault)
        one.spend("client", 30)
        await one.share(services.database, services.vault)
        await two.share(services.database, services.vault)
        two.spend("client", 1)
        with monkeypatch.context() as patched:
            patched.setattr(budget_use, "add", unavailable)
            await two.share(services.database, services.vault)
        await two.share(services.database, services.vault)

        assert (one.used("client"), one.used("other"), two.used("client")) == (100, 7, 101)


async def test_a_server_of_several_tells_the_others_by_itself(database_url: str, keys: Path, build: Build) -> None:
    settings = Settings(limits=Limits(servers="several"))
    async with running_api(database_url, keys, lambda: NOW, settings=settings) as api:
        api.services.budgets.spend("client", 40)

        await wait_until(build.connection, "SELECT sum(used) FROM budget_use", 40.0)


RATE_LIMIT = "{ rateLimit { cost limit remaining resetAt } }"


async def test_a_client_asks_for_its_budget(api: Api, passed: list[float]) -> None:
    """Alone, beside other roots, in one snapshot with them, and beside a field that the executor resolves."""
    budgets = limited(api, 100_000)
    passed[0] += 15
    documents = (
        RATE_LIMIT,
        f"{{ provinces(first: 1) {{ totalCount }} {RATE_LIMIT[1:]}",
        f"query @consistent {{ provinces(first: 1) {{ totalCount }} {RATE_LIMIT[1:]}",
        f"{{ __typename {RATE_LIMIT[1:]}",
    )
    found = []
    for document in documents:
        response = await api.client.post("/graphql", json={"query": document})
        assert "data" in response.json(), response.text
        found.append(response.json()["data"]["rateLimit"])

    assert [each["limit"] for each in found] == [100_000] * 4
    assert all(1 <= each["cost"] < 10_000 for each in found)
    assert [each["resetAt"] for each in found] == ["2026-03-01T01:01:45+00:00"] * 4
    left = [each["remaining"] for each in found]
    assert left == sorted(left, reverse=True)
    assert left[-1] >= 100_000 - budgets.used("127.0.0.1") - 1


async def test_an_aliased_budget_is_told_twice(api: Api) -> None:
    limited(api, 100_000)
    response = await api.client.post(
        "/graphql", json={"query": "{ one: rateLimit { limit } two: rateLimit { limit __typename } }"}
    )

    assert response.json()["data"] == {"one": {"limit": 100_000}, "two": {"limit": 100_000, "__typename": "RateLimit"}}


@pytest.mark.parametrize(
    "path", ["/exports/nothing.csv", "/evidence/x", "/imports/x/refused.csv", "/calendars/x.ics", "/uploads"]
)
async def test_a_file_that_is_refused_costs_more_and_is_logged(api: Api, passed: list[float], path: str) -> None:
    budgets = limited(api, 1_000)

    with capture_logs() as lines:
        response = await api.client.request("POST" if path == "/uploads" else "GET", path)

    assert response.status_code in {403, 404}
    assert budgets.used("127.0.0.1") >= REFUSED_COST
    assert lines == [
        {"event": "file refused", "log_level": "info", "client": "127.0.0.1", "status": response.status_code}
    ]


async def test_a_file_is_paid_for_by_the_time_of_its_statements(api: Api, passed: list[float], build: Build) -> None:
    organization = await build.organization()
    manager = await build.manager(organization)
    await build.membership(await build.person(), organization)
    budgets = limited(api, 1_000_000)
    path = f"/exports/members.csv?organization=Organization:{organization}"
    used = []
    for _ in range(2):
        await api.client.get(path, headers=api.headers(manager))
        used.append(budgets.used(str(manager)))

    assert used[1] > used[0] > 2 * REQUEST_COST
