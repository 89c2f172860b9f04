"""Signing in and what follows: sessions, passwords, one-time codes, the second factor, the pace of guessing."""

import asyncio
import re
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import httpx
import pyotp
import pytest

from api.app import application
from api.services import password
from api.services.message import claim, read
from api.settings import Settings
from tests.asking import PROBLEMS, Json, instant, problem
from tests.builders import HOME, PASSWORD, Build
from tests.conftest import NOW
from tests.isolation import connected
from tests.snapshot import snapshot
from tests.waiting import LOCK_WAITS, wait_until

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ORIGIN = "https://relawan.example"
TOKENS = "report { accessToken expiresAt refreshToken }"
SECRETS = ("account", "credential", "session", "recovery_code")


async def secrets(build: Build) -> Mapping[str, Sequence[str]]:
    """What signing in writes, without the counts, codes and messages."""
    everything = await snapshot(build.connection, "account")
    return {table: everything[table] for table in SECRETS}


class People:
    """Asks as a program or a browser at an address would, at a time that the test sets."""

    def __init__(self, client: httpx.AsyncClient, app: Any) -> None:
        self.client, self.app, self.now = client, app, NOW

    async def do(self, name: str, selection: str, /, *, token: str | None = None, **values: Any) -> Json:
        """The payload of a mutation."""
        type_ = f"{name[0].upper()}{name[1:]}Input"
        document = f"mutation($input: {type_}!) {{ {name}(input: $input) {{ {selection} {PROBLEMS} }} }}"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = {"query": document, "variables": {"input": values}}
        response = await self.client.post("/graphql", json=body, headers=headers)
        found = response.json()
        assert "errors" not in found, found
        return found["data"][name]

    async def sign_in(self, login: str = "sinta", given: str = PASSWORD, **values: Any) -> Json:
        return await self.do("signIn", TOKENS, login=login, password=given, **values)

    async def tokens(self, **values: Any) -> Json:
        payload = await self.sign_in(**values)
        assert payload["problems"] == []
        return payload["report"]

    async def refresh(self, token: str | None = None) -> Json:
        return await self.do("refreshSession", TOKENS, **({} if token is None else {"refreshToken": token}))

    async def status(self, token: str) -> int:
        """Of a request with the token, five seconds later, when nothing is remembered any more."""
        self.now += 5 * SECOND
        body = {"query": "{ me { login } }"}
        return (await self.client.post("/graphql", json=body, headers={"Authorization": f"Bearer {token}"})).status_code

    async def ask(self, token: str, query: str) -> Json:
        response = await self.client.post(
            "/graphql", json={"query": query}, headers={"Authorization": f"Bearer {token}"}
        )
        assert "errors" not in response.json(), response.json()
        return response.json()["data"]

    async def letter(self) -> Any:
        """The newest message that waits."""
        services = self.app.state.services
        async with services.database.transaction() as session:
            rows = await claim(session, self.now)
        return read(services.vault, max(rows, key=lambda row: row.created_at))

    async def code(self) -> str:
        found = re.search(r"[0-9]{8}", (await self.letter()).text.body)
        assert found is not None
        return found[0]


@asynccontextmanager
async def asked(url: str, keys: Path, settings: Settings) -> AsyncGenerator[People]:
    holder: list[People] = []
    app = application(url, keys, clock=lambda: holder[0].now, settings=settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://sigap.example") as client,
    ):
        holder.append(People(client, app))
        yield holder[0]


@pytest.fixture
async def people(database_url: str, keys: Path) -> AsyncGenerator[People]:
    async with asked(database_url, keys, Settings(origins=(ORIGIN,))) as people:
        yield people


def refused(code: str, *path: str, **facts: Any) -> Json:
    return {"report": None, "problems": [problem("Retry" if facts else "Simple", code, *path, **facts)]}


# Passwords and sessions.


@pytest.mark.parametrize("name", ["sinta", "Sinta@Contoh.id", "0812-3456-7890"])
async def test_one_signs_in_by_login_email_or_phone(people: People, build: Build, name: str) -> None:
    account = await build.account_with_password(login="sinta", email="sinta@contoh.id", phone="+6281234567890")

    tokens = await people.tokens(login=name)

    assert tokens == {"accessToken": ANY, "expiresAt": instant(NOW + 10 * MINUTE), "refreshToken": ANY}
    me = await people.ask(tokens["accessToken"], "{ me { id email phone sessions { isCurrent } } }")
    assert me["me"] == {
        "id": f"Account:{account}",
        "email": "sinta@contoh.id",
        "phone": "+6281234567890",
        "sessions": [{"isCurrent": True}],
    }


async def test_a_wrong_password_is_answered_like_an_unknown_account(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    await build.account_with_password(login="tutup", active=False)
    await build.account(login="tanpa-sandi")
    before = await secrets(build)

    answers = [
        await people.sign_in("sinta", "salah"),
        await people.sign_in("siapa", PASSWORD),
        await people.sign_in("tutup", PASSWORD),
        await people.sign_in("tanpa-sandi", ""),
    ]

    assert answers == [refused("WRONG_CREDENTIALS", "password")] * 4
    assert await secrets(build) == before


async def test_an_unknown_account_costs_one_hash_like_a_wrong_password(
    people: People, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    await build.account_with_password(login="sinta")
    counted: list[str] = []
    verify = password._verify

    def count(text: str, stored: str) -> bool:
        counted.append(text)
        return verify(text, stored)

    monkeypatch.setattr(password, "_verify", count)

    for login in ("sinta", "siapa"):
        await people.sign_in(login, "salah")

    assert counted == ["salah", "salah"]


async def test_an_access_token_lasts_ten_minutes(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    tokens = await people.tokens()

    people.now = NOW + 10 * MINUTE - 6 * SECOND
    before = await people.status(tokens["accessToken"])
    after = await people.status(tokens["accessToken"])

    assert (before, after) == (200, 401)


async def test_a_refresh_token_is_exchanged_for_the_next_one(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    first = await people.tokens()

    people.now += 29 * timedelta(days=1)
    second = await people.refresh(first["refreshToken"])
    people.now += 29 * timedelta(days=1)
    third = await people.refresh(second["report"]["refreshToken"])
    people.now += 30 * timedelta(days=1)
    late = await people.refresh(third["report"]["refreshToken"])

    assert second["problems"] == third["problems"] == []
    assert len({each["refreshToken"] for each in (first, second["report"], third["report"])}) == 3
    assert late == refused("SESSION_ENDED", "refreshToken")


async def test_a_refresh_token_that_comes_again_signs_everything_out(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    await build.account_with_password(login="budi")
    stolen, elsewhere, other = await people.tokens(), await people.tokens(), await people.tokens(login="budi")
    renewed = (await people.refresh(stolen["refreshToken"]))["report"]

    again = await people.refresh(stolen["refreshToken"])

    assert again == refused("SESSION_ENDED", "refreshToken")
    for each in (renewed, elsewhere):
        assert await people.refresh(each["refreshToken"]) == refused("SESSION_ENDED", "refreshToken")
        assert await people.status(each["accessToken"]) == 401
    assert await people.status(other["accessToken"]) == 200
    kinds = await build.connection.fetch("SELECT kind, change FROM event")
    assert [tuple(row) for row in kinds] == [("account.token_reused", '{"sessions": 2}')]


async def test_a_forged_refresh_token_signs_nobody_out(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    token = (await people.tokens())["refreshToken"]
    session, _generation, mac = token.split(".")
    before = await secrets(build)

    for forged in (
        "",
        "x",
        "..",
        f"{session}.1.{mac}",
        f"{session}.0.",
        f"{session}.-1.{mac}",
        f"{uuid.uuid4().hex}.0.{mac}",
    ):
        assert await people.refresh(forged) == refused("SESSION_ENDED", "refreshToken")
    assert await people.refresh() == refused("SESSION_ENDED", "refreshToken")

    assert await secrets(build) == before


async def test_nothing_that_was_handed_out_is_stored(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    tokens = await people.tokens()
    tables = [
        row[0] for row in await build.connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    ]

    stored = str(await snapshot(build.connection, *tables))

    parts = [*tokens["accessToken"].split(".")[1:], tokens["refreshToken"].split(".")[2], PASSWORD]
    assert [part for part in parts if part in stored or part.encode().hex() in stored] == []


async def test_signing_out_ends_this_session_another_or_all(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    await build.account_with_password(login="budi")
    one, two, three = [await people.tokens() for _number in range(3)]
    other = await people.tokens(login="budi")
    sessions = "{ me { sessions { id isCurrent } } }"
    (listed,) = (await people.ask(two["accessToken"], sessions)).values()
    two_id = next(each["id"] for each in listed["sessions"] if each["isCurrent"])

    here = await people.do("signOut", "sessions { isCurrent endedAt }", token=one["accessToken"])
    foreign = await people.do("signOut", "sessions { id }", token=other["accessToken"], session=two_id)
    there = await people.do("signOut", "sessions { id }", token=three["accessToken"], session=two_id)
    ended = [await people.status(each["accessToken"]) for each in (one, two, three, other)]
    everywhere = await people.do("signOut", "sessions { isCurrent }", token=three["accessToken"], everywhere=True)

    assert here == {"sessions": [{"isCurrent": True, "endedAt": instant(NOW)}], "problems": []}
    assert foreign == {"sessions": [], "problems": [problem("Simple", "NOT_FOUND", "session")]}
    assert there == {"sessions": [{"id": two_id}], "problems": []}
    assert ended == [401, 401, 200, 200]
    assert everywhere == {"sessions": [{"isCurrent": True}], "problems": []}
    assert await people.status(three["accessToken"]) == 401


async def test_what_a_session_may_write_ends_with_it_at_once(people: People, build: Build) -> None:
    account = await build.account_with_password(login="sinta")
    await build.row("role", account_id=account, kind="COORDINATOR", kabupaten_code=HOME)
    await build.account(login="budi")
    token = (await people.tokens())["accessToken"]
    await people.ask(token, "{ me { login } }")
    await build.connection.execute("UPDATE session SET ended_at = $1", NOW)

    payload = await people.do("grantRole", "role { id }", token=token, login="budi", kind="AUDITOR", kabupaten=HOME)

    assert payload == {"role": None, "problems": [problem("Simple", "FORBIDDEN")]}


async def test_a_changed_password_ends_the_other_sessions(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    here, there = await people.tokens(), await people.tokens()
    change = {"token": here["accessToken"], "newPassword": "kata sandi baru"}

    wrong = await people.do("changePassword", "account { login }", currentPassword="salah", **change)
    short = await people.do(
        "changePassword", "account { login }", currentPassword=PASSWORD, **{**change, "newPassword": "pendek"}
    )
    done = await people.do("changePassword", "account { login }", currentPassword=PASSWORD, **change)

    assert wrong == {"account": None, "problems": [problem("Simple", "WRONG_CREDENTIALS", "currentPassword")]}
    assert short == {"account": None, "problems": [problem("Simple", "INVALID", "newPassword")]}
    assert done == {"account": {"login": "sinta"}, "problems": []}
    assert [await people.status(each["accessToken"]) for each in (here, there)] == [200, 401]
    assert (await people.sign_in())["problems"] == [problem("Simple", "WRONG_CREDENTIALS", "password")]
    assert (await people.sign_in(given="kata sandi baru"))["problems"] == []


async def in_this_order(url: str, *calls: Callable[[], Awaitable[Json]]) -> list[Json]:
    """The answers of calls that all wait for the account, and get it in the order in which they are named."""
    async with connected(url) as holder:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute("SELECT FROM account FOR UPDATE")
        tasks = []
        for waiting, call in enumerate(calls, start=1):
            tasks.append(asyncio.ensure_future(call()))
            await wait_until(holder, LOCK_WAITS, waiting)
        await transaction.rollback()
        return [await task for task in tasks]


@pytest.mark.parametrize(
    ("name", "path", "values"),
    [
        ("signIn", "password", {"login": "sinta", "password": PASSWORD}),
        ("changePassword", "currentPassword", {"currentPassword": PASSWORD, "newPassword": "sandi pencuri"}),
        ("setUpTotp", "password", {"password": PASSWORD}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_password_that_is_replaced_while_it_is_verified_opens_nothing(
    people: People, build: Build, database_url: str, name: str, path: str, values: Json
) -> None:
    await build.account_with_password(login="sinta")
    owner, thief = await people.tokens(), await people.tokens()
    change = {"currentPassword": PASSWORD, "newPassword": "kata sandi baru"}
    token = None if name == "signIn" else thief["accessToken"]

    done, late = await in_this_order(
        database_url,
        lambda: people.do("changePassword", "account { login }", token=owner["accessToken"], **change),
        lambda: people.do(name, "", token=token, **values),
    )

    assert done == {"account": {"login": "sinta"}, "problems": []}
    assert late["problems"] == [problem("Simple", "WRONG_CREDENTIALS", path)]
    ended = await build.connection.fetch("SELECT ended_at FROM session ORDER BY created_at, id")
    assert [row["ended_at"] for row in ended] == [None, NOW]
    assert (await people.sign_in(given="kata sandi baru"))["problems"] == []


@pytest.mark.parametrize("name", ["createApiKey", "createCalendarAddress"])
async def test_no_way_in_is_made_while_all_sessions_end(
    people: People, build: Build, database_url: str, name: str
) -> None:
    volunteer = await build.volunteer()
    await build.account_with_password(login="sinta", volunteer_id=volunteer)
    owner, thief = await people.tokens(), await people.tokens()
    key = {"name": "Dasbor", "roles": [], "mutations": [], "expiresAt": instant(NOW + timedelta(days=30))}
    values = key if name == "createApiKey" else {"volunteer": f"Volunteer:{volunteer}"}

    done, late = await in_this_order(
        database_url,
        lambda: people.do("signOut", "", token=owner["accessToken"], everywhere=True),
        lambda: people.do(name, "", token=thief["accessToken"], **values),
    )

    assert done == {"problems": []}
    assert late == {"problems": [problem("Simple", "FORBIDDEN")]}
    made = await build.connection.fetchval(
        "SELECT (SELECT count(*) FROM api_key) + (SELECT count(*) FROM calendar_address)"
    )
    assert made == 0


# Browsers.


async def test_a_browser_keeps_its_refresh_token_in_a_cookie_that_no_script_reads(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    people.client.headers["Origin"] = ORIGIN

    tokens = await people.tokens()
    (cookie,) = people.client.cookies.jar
    refreshed = await people.refresh()
    (next_cookie,) = people.client.cookies.jar
    signed_out = await people.do("signOut", "sessions { isCurrent }", token=refreshed["report"]["accessToken"])

    assert tokens["refreshToken"] is None
    assert (cookie.name, cookie.path, cookie.secure, cookie.has_nonstandard_attr("HttpOnly")) == (
        *("sigap_refresh", "/graphql", True, True),
    )
    assert cookie.get_nonstandard_attr("SameSite") == "strict"
    assert (refreshed["problems"], refreshed["report"]["refreshToken"]) == ([], None)
    assert next_cookie.value != cookie.value
    assert signed_out["problems"] == []
    assert list(people.client.cookies.jar) == []


async def test_the_cookie_counts_for_pages_of_ones_own_origins_only(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    people.client.headers["Origin"] = ORIGIN
    await people.tokens()
    before = await secrets(build)

    answers = []
    for origin in ("https://lain.example", "null", f"{ORIGIN}.lain.example"):
        people.client.headers["Origin"] = origin
        answers.append(await people.refresh())
    del people.client.headers["Origin"]
    answers.append(await people.refresh())

    assert answers == [refused("SESSION_ENDED", "refreshToken")] * 4
    assert await secrets(build) == before


@pytest.mark.parametrize(
    ("host", "is_secure"),
    [
        ("sigap.example", True),
        ("sigap.example:8000", True),
        ("192.168.1.7:8000", True),
        ("127.0.0.1.example", True),
        ("localhost", False),
        ("localhost:8000", False),
        ("127.0.0.1:8000", False),
        ("[::1]:8000", False),
    ],
)
async def test_behind_a_proxy_that_ends_tls_the_cookie_goes_by_tls_only_and_to_pages_of_the_host(
    people: People, build: Build, host: str, is_secure: bool
) -> None:
    await build.account_with_password(login="sinta")
    people.client.base_url = f"http://{host}"

    cookies = []
    for scheme in ("https", "http"):
        people.client.headers["Origin"] = f"{scheme}://{host}"
        tokens = await people.tokens()
        assert tokens["refreshToken"] is None
        (cookie,) = people.client.cookies.jar
        cookies.append(cookie.secure)
        people.client.cookies.clear()

    assert cookies == [is_secure] * 2


@pytest.mark.parametrize(("origin", "is_secure"), [(ORIGIN, True), ("http://localhost:3000", False)])
async def test_behind_a_proxy_that_does_not_pass_the_host_the_page_tells_whether_the_cookie_goes_by_tls_only(
    database_url: str, keys: Path, build: Build, origin: str, is_secure: bool
) -> None:
    await build.account_with_password(login="sinta")
    async with asked(database_url, keys, Settings(origins=(origin,))) as people:
        people.client.base_url = "http://127.0.0.1:8000"
        people.client.headers["Origin"] = origin

        await people.tokens()
        (cookie,) = people.client.cookies.jar

    assert cookie.secure is is_secure


# The pace of guessing.


async def test_guesses_are_slowed_and_none_is_locked_out(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")

    first = [await people.sign_in(given="salah") for _number in range(5)]
    sixth = await people.sign_in()
    people.now += 1 * SECOND
    waited = await people.sign_in()
    after = await people.sign_in(given="salah")

    assert first == [refused("WRONG_CREDENTIALS", "password")] * 5
    assert sixth == refused("TOO_MANY_ATTEMPTS", retryAt=ANY)
    assert NOW < datetime.fromisoformat(sixth["problems"][0]["retryAt"]) <= NOW + SECOND
    assert waited["problems"] == []
    assert after == refused("WRONG_CREDENTIALS", "password")


async def test_no_wait_is_longer_than_a_minute(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    for _number in range(20):
        await people.sign_in(given="salah")
        people.now += MINUTE
    for _number in range(9):
        await people.sign_in(given="salah")

    people.now += MINUTE

    assert (await people.sign_in())["problems"] == []


@pytest.mark.parametrize("login", ["sinta", "siapa"])
async def test_an_unknown_account_is_slowed_like_a_known_one(people: People, build: Build, login: str) -> None:
    await build.account_with_password(login="sinta")

    answers = [(await people.sign_in(login, "salah"))["problems"][0]["code"] for _number in range(8)]

    assert answers == ["WRONG_CREDENTIALS"] * 5 + ["TOO_MANY_ATTEMPTS"] * 3


async def test_each_alias_in_a_document_is_an_attempt_at_a_name(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta", email="sinta@contoh.id")
    fields = [
        f'a{number}: signIn(input: {{login: "{login}", password: "salah"}}) {{ problems {{ code }} }}'
        for number, login in enumerate(["sinta@contoh.id", "SINTA@contoh.id "] * 4)
    ]

    response = await people.client.post("/graphql", json={"query": f"mutation {{ {' '.join(fields)} }}"})

    codes = [payload["problems"][0]["code"] for payload in response.json()["data"].values()]
    assert codes == ["WRONG_CREDENTIALS"] * 5 + ["TOO_MANY_ATTEMPTS"] * 3


@pytest.mark.parametrize("phone", ["+6281234567890", "+6281234567899"], ids=("of the account", "of nobody"))
async def test_a_wait_does_not_tell_that_two_names_are_those_of_one_account(
    people: People, build: Build, phone: str
) -> None:
    await build.account_with_password(login="sinta", phone="+6281234567890")

    by_login = [await people.sign_in(given="salah") for _number in range(6)]
    by_phone = [await people.sign_in(phone, "salah") for _number in range(6)]

    codes = [[answer["problems"][0]["code"] for answer in answers] for answers in (by_login, by_phone)]
    assert codes == [["WRONG_CREDENTIALS"] * 5 + ["TOO_MANY_ATTEMPTS"]] * 2


async def test_another_name_of_an_account_is_no_further_guess(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta", phone="+6281234567890")
    for _number in range(5):
        await people.sign_in(given="salah")

    early = await people.sign_in("+6281234567890")
    people.now += 1 * SECOND
    waited = await people.sign_in("+6281234567890")

    assert early == refused("WRONG_CREDENTIALS", "password")
    assert waited["problems"] == []


async def test_who_signed_in_from_an_address_is_not_kept_waiting_by_guesses_from_elsewhere(
    people: People, build: Build, database_url: str
) -> None:
    await build.account_with_password(login="sinta")
    await people.tokens()
    elsewhere = httpx.AsyncClient(
        transport=httpx.ASGITransport(app=people.app, client=("203.0.113.7", 1)), base_url="https://sigap.example"
    )
    async with elsewhere:
        guesser = People(elsewhere, people.app)
        guesses = [(await guesser.sign_in(given="salah"))["problems"][0]["code"] for _number in range(8)]

    assert guesses == ["WRONG_CREDENTIALS"] * 5 + ["TOO_MANY_ATTEMPTS"] * 3
    assert (await people.sign_in())["problems"] == []


async def test_one_address_is_slowed_whomever_it_guesses_at(people: People, build: Build) -> None:
    codes = [(await people.sign_in(f"akun{number}", "salah"))["problems"][0]["code"] for number in range(33)]

    assert codes == ["WRONG_CREDENTIALS"] * 30 + ["TOO_MANY_ATTEMPTS"] * 3


async def test_signing_in_to_an_own_account_does_not_speed_up_guessing_at_others(people: People, build: Build) -> None:
    await build.account_with_password(login="maling")
    codes = []
    for number in range(33):
        codes += [each["code"] for each in (await people.sign_in(f"akun{number}", "salah"))["problems"]]
        if number % 5 == 4 and number < 25:
            assert (await people.sign_in("maling"))["problems"] == []

    assert codes == ["WRONG_CREDENTIALS"] * 30 + ["TOO_MANY_ATTEMPTS"] * 3


@pytest.mark.parametrize(
    ("known", "unknown", "again"),
    [
        ("sinta", ("siapa", "SIAPA"), "SINTA"),
        ("+6281234567890", ("+6281234567899", "0812-3456-7899"), "0812-3456-7890"),
        ("sinta@contoh.id", ("siapa@contoh.id", "Siapa@contoh.id "), "Sinta@contoh.id "),
    ],
    ids=("login", "phone", "email"),
)
async def test_another_way_of_writing_a_name_does_not_tell_whether_there_is_an_account(
    people: People, build: Build, known: str, unknown: tuple[str, str], again: str
) -> None:
    await build.account_with_password(login="sinta", email="sinta@contoh.id", phone="+6281234567890")

    answers = [
        [(await people.sign_in(name, "salah"))["problems"][0]["code"] for name in [first] * 5 + [second]]
        for first, second in ((known, again), unknown)
    ]

    assert answers[0] == answers[1]


# Creating an account, and a forgotten password.

NEW = {"login": "sinta", "name": "Sinta", "password": PASSWORD, "email": "sinta@contoh.id"}


async def test_an_account_is_created_with_a_code_that_was_sent(people: People, build: Build) -> None:
    first = await people.do("createAccount", TOKENS, **NEW)
    letter = await people.letter()
    code = re.search(r"[0-9]{8}", letter.text.body)
    assert code is not None
    wrong = await people.do("createAccount", TOKENS, **NEW, code="0")
    done = await people.do("createAccount", TOKENS, **NEW, code=code[0])
    again = await people.do("createAccount", TOKENS, **NEW, code=code[0])

    assert first == refused("CODE_SENT", "code")
    assert (letter.channel, letter.recipient) == ("EMAIL", "sinta@contoh.id")
    assert letter.text.subject == f"Kode pendaftaran Sigap: {code[0]}"
    assert wrong == again == refused("WRONG_CODE", "code")
    assert done["problems"] == []
    me = await people.ask(done["report"]["accessToken"], "{ me { login name email phone roles { kind } } }")
    assert me == {"me": {"login": "sinta", "name": "Sinta", "email": "sinta@contoh.id", "phone": None, "roles": []}}
    assert (await people.sign_in())["problems"] == []


async def test_an_address_that_has_an_account_learns_so_and_nobody_else(people: People, build: Build) -> None:
    await build.account_with_password(login="lain", email="sinta@contoh.id")
    before = await secrets(build)

    answer = await people.do("createAccount", TOKENS, **NEW, language="EN")
    letter = await people.letter()

    assert answer == refused("CODE_SENT", "code")
    assert (letter.recipient, letter.text.subject) == ("sinta@contoh.id", "You already have a Sigap account")
    assert await secrets(build) == before


async def test_a_code_is_void_after_five_wrong_ones_and_after_a_quarter_of_an_hour(people: People) -> None:
    await people.do("createAccount", TOKENS, **NEW)
    code = await people.code()
    for number in range(5):
        people.now += MINUTE
        assert await people.do("createAccount", TOKENS, **NEW, code=f"{number}") == refused("WRONG_CODE", "code")
    people.now += MINUTE
    guessed = await people.do("createAccount", TOKENS, **NEW, code=code)
    await people.do("createAccount", TOKENS, **NEW)
    new_code = await people.code()
    people.now += 15 * MINUTE
    late = await people.do("createAccount", TOKENS, **NEW, code=new_code)

    assert guessed == late == refused("WRONG_CODE", "code")


async def test_a_login_that_is_taken_leaves_the_code_good(people: People, build: Build) -> None:
    await build.account(login="sinta")
    await people.do("createAccount", TOKENS, **NEW)
    code = await people.code()

    taken = await people.do("createAccount", TOKENS, **NEW, code=code)
    done = await people.do("createAccount", TOKENS, **{**NEW, "login": "sinta2"}, code=code)

    assert taken == refused("LOGIN_TAKEN", "login")
    assert done["problems"] == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"login": "x"}, "login"),
        ({"login": "081234567890"}, "login"),
        ({"login": "si nta"}, "login"),
        ({"name": ""}, "name"),
        ({"password": "pendek"}, "password"),
        ({"password": "x" * 201}, "password"),
        ({"email": "sinta"}, "email"),
        ({"email": "sinta@contoh.id\nBcc: x@y.id"}, "email"),
        ({"phone": "+6281234567890"}, "email"),
        ({"email": None}, "email"),
        ({"email": None, "phone": "12"}, "phone"),
    ],
    ids=str,
)
async def test_an_account_that_makes_no_sense_is_refused(
    people: People, build: Build, values: Json, field: str
) -> None:
    answer = await people.do("createAccount", TOKENS, **{**NEW, **values})

    assert answer == refused("INVALID", field)
    assert await build.connection.fetchval("SELECT count(*) FROM message") == 0


async def test_a_forgotten_password_is_replaced_by_a_code(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta", phone="+6281234567890")
    old = await people.tokens()

    asked = await people.do("requestPasswordReset", "report { validUntil }", login="sinta")
    letter = await people.letter()
    code = letter.text.body.split(": ")[1][:8]
    fields = {"login": "0812 3456 7890", "newPassword": "kata sandi baru"}
    wrong = await people.do("resetPassword", TOKENS, **fields, code="00000000x")
    done = await people.do("resetPassword", TOKENS, **fields, code=code)
    again = await people.do("resetPassword", TOKENS, **fields, code=code)

    assert asked == {"report": {"validUntil": instant(NOW + 15 * MINUTE)}, "problems": []}
    assert (letter.channel, letter.recipient) == ("SMS", "+6281234567890")
    assert wrong == again == refused("WRONG_CODE", "code")
    assert done["problems"] == []
    assert [await people.status(each["accessToken"]) for each in (old, done["report"])] == [401, 200]
    assert (await people.sign_in(given="kata sandi baru"))["problems"] == []


async def test_guesses_at_an_account_keep_its_owner_from_no_code(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta", email="sinta@contoh.id", phone="+6281234567890")
    guesses = [await people.sign_in(given="salah") for _number in range(6)]

    asked = await people.do("requestPasswordReset", "report { validUntil }", login="sinta@contoh.id")
    letter = await people.letter()
    code = letter.text.body.split(": ")[1][:8]
    done = await people.do("resetPassword", TOKENS, login="+6281234567890", newPassword="kata sandi baru", code=code)

    assert guesses[-1] == refused("TOO_MANY_ATTEMPTS", retryAt=ANY)
    assert asked == {"report": {"validUntil": instant(NOW + 15 * MINUTE)}, "problems": []}
    assert letter.recipient == "sinta@contoh.id"
    assert done["problems"] == []


async def test_asking_for_a_code_does_not_tell_whether_there_is_an_account(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta", email="sinta@contoh.id")

    known = await people.do("requestPasswordReset", "report { validUntil }", login="sinta")
    unknown = await people.do("requestPasswordReset", "report { validUntil }", login="siapa")
    rows = await build.connection.fetch("SELECT channel, template, language, due_at, attempts FROM message")

    assert known == unknown
    assert [tuple(row) for row in rows] == [("EMAIL", "reset_password", "ID", NOW, 0)] * 2


# The second factor.


async def set_up(people: People, token: str) -> tuple[str, list[str]]:
    """The secret and the recovery codes."""
    selection = "report { secret uri recoveryCodes }"
    asked = await people.do("setUpTotp", selection, token=token, password=PASSWORD)
    secret = asked["report"]["secret"]
    assert asked["report"] == {
        "secret": secret,
        "uri": f"otpauth://totp/Sigap:sinta?secret={secret}&issuer=Sigap",
        "recoveryCodes": None,
    }
    code = pyotp.TOTP(secret).at(people.now)
    confirmed = await people.do("setUpTotp", selection, token=token, password=PASSWORD, code=code)
    assert confirmed["problems"] == []
    return secret, confirmed["report"]["recoveryCodes"]


async def test_a_second_factor_is_demanded_once_it_is_confirmed(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    token = (await people.tokens())["accessToken"]
    secret, _codes = await set_up(people, token)
    totp = pyotp.TOTP(secret)
    used = totp.at(people.now)
    people.now += MINUTE

    without = await people.sign_in()
    wrong_password = await people.sign_in(given="salah")
    old = await people.sign_in(totpCode=used)
    good = await people.sign_in(totpCode=totp.at(people.now))
    replayed = await people.sign_in(totpCode=totp.at(people.now))

    assert without == refused("SECOND_FACTOR_NEEDED", "totpCode")
    assert wrong_password == refused("WRONG_CREDENTIALS", "password")
    assert old == replayed == refused("WRONG_CODE", "totpCode")
    assert good["problems"] == []
    sessions = await people.ask(good["report"]["accessToken"], "{ me { sessions { hasSecondFactor } } }")
    assert sessions == {"me": {"sessions": [{"hasSecondFactor": True}] * 2}}


async def test_a_recovery_code_takes_the_place_of_a_code_once(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    _secret, codes = await set_up(people, (await people.tokens())["accessToken"])
    assert len(set(codes)) == 10

    first = await people.sign_in(totpCode=codes[0].upper())
    again = await people.sign_in(totpCode=codes[0])
    second = await people.sign_in(totpCode=codes[1])

    assert first["problems"] == second["problems"] == []
    assert again == refused("WRONG_CODE", "totpCode")


async def test_an_authenticator_is_replaced_only_by_who_has_it_and_once_the_next_one_is_confirmed(
    people: People, build: Build
) -> None:
    """Neither a stolen token with the password nor a set-up that was abandoned leaves the account without."""
    await build.account_with_password(login="sinta")
    token = (await people.tokens())["accessToken"]
    secret, recovery = await set_up(people, token)
    before = await secrets(build)
    people.now += 5 * MINUTE

    without = await people.do("setUpTotp", "report { secret }", token=token, password=PASSWORD)
    wrong = await people.do("setUpTotp", "report { secret }", token=token, password=PASSWORD, totpCode="000000")
    unchanged = await secrets(build)
    asked = await people.do("setUpTotp", "report { secret }", token=token, password=PASSWORD, totpCode=recovery[0])
    new = pyotp.TOTP(asked["report"]["secret"])
    people.now += 5 * MINUTE
    abandoned = await people.sign_in()
    old = await people.sign_in(totpCode=pyotp.TOTP(secret).at(people.now))
    early = await people.sign_in(totpCode=new.at(people.now))
    people.now += MINUTE
    confirmed = await people.do(
        "setUpTotp",
        "report { secret }",
        token=old["report"]["accessToken"],
        password=PASSWORD,
        code=new.at(people.now),
    )
    people.now += MINUTE
    by_old = await people.sign_in(totpCode=pyotp.TOTP(secret).at(people.now))
    by_new = await people.sign_in(totpCode=new.at(people.now))

    assert (without, wrong) == (refused("SECOND_FACTOR_NEEDED", "totpCode"), refused("WRONG_CODE", "totpCode"))
    assert unchanged == before
    assert abandoned == refused("SECOND_FACTOR_NEEDED", "totpCode")
    assert (old["problems"], early) == ([], refused("WRONG_CODE", "totpCode"))
    assert confirmed["problems"] == []
    assert (by_old, by_new["problems"]) == (refused("WRONG_CODE", "totpCode"), [])


async def test_setting_up_takes_the_password_and_a_right_code(people: People, build: Build) -> None:
    await build.account_with_password(login="sinta")
    token = (await people.tokens())["accessToken"]

    wrong = await people.do("setUpTotp", "report { secret }", token=token, password="salah")
    early = await people.do("setUpTotp", "report { secret }", token=token, password=PASSWORD, code="123456")

    assert wrong == refused("WRONG_CREDENTIALS", "password")
    assert early == refused("WRONG_CODE", "code")
    assert (await people.sign_in())["problems"] == []


async def test_where_it_is_demanded_a_coordinator_acts_only_after_the_second_factor(
    database_url: str, keys: Path, build: Build
) -> None:
    account = await build.account_with_password(login="sinta")
    await build.row("role", account_id=account, kind="COORDINATOR", kabupaten_code=HOME)
    await build.person(reach="KABUPATEN")
    await build.account(login="budi")
    grant = {"login": "budi", "kind": "AUDITOR", "kabupaten": HOME}
    count = "{ volunteers(first: 1) { totalCount } me { login } }"
    async with asked(database_url, keys, Settings(second_factor="coordinators")) as people:
        token = (await people.tokens())["accessToken"]
        before = await people.ask(token, count)
        refusal = await people.do("grantRole", "role { kind }", token=token, **grant)
        await set_up(people, token)
        people.now += 5 * SECOND
        after = await people.ask(token, count)
        granted = await people.do("grantRole", "role { kind }", token=token, **grant)

    assert before == {"volunteers": {"totalCount": 0}, "me": {"login": "sinta"}}
    assert refusal["problems"] == [problem("Simple", "FORBIDDEN")]
    assert after == {"volunteers": {"totalCount": 1}, "me": {"login": "sinta"}}
    assert granted == {"role": {"kind": "AUDITOR"}, "problems": []}
