"""Tokens of an OpenID Connect provider: which are accepted, for whom, and how an account is linked."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse

from api import provider
from api.settings import Settings
from tests.asking import Api, Json
from tests.builders import Build
from tests.conftest import NOW
from tests.serving import listening, running_api
from tests.snapshot import snapshot
from tests.test_auth import DECLARE, INCIDENT, is_rejected, segment, symmetric_signature

AUDIENCE = "https://sigap.example"
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
LINK = """mutation($input: LinkProviderInput!) { linkProvider(input: $input) {
  account { login identities { issuer subject } } problems { code path message } } }"""
UNLINK = """mutation($input: UnlinkProviderInput!) { unlinkProvider(input: $input) {
  account { login identities { subject } } problems { code path message } } }"""
ME = "{ me { login name email identities { id subject } roles { kind } } }"


class Publisher:
    """Publishes keys as a provider does, and signs tokens with them."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self.published: Any = KeySet([self.key]).as_dict()
        self.about: Any = {"issuer": issuer, "jwks_uri": f"{issuer}/keys"}
        self.reads = 0

    def token(self, subject: str = "siti", /, *, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """An access token; a claim that is None is left out."""
        at = {"iat": int(NOW.timestamp()), "exp": int((NOW + HOUR).timestamp())}
        everything = {"iss": self.issuer, "aud": AUDIENCE, "sub": subject, **at, **claims}
        return jwt.encode(
            {"alg": "RS256", "kid": "first", **(header or {})},
            {name: value for name, value in everything.items() if value is not None},
            self.key,
            algorithms=["RS256", "PS512"],
        )

    async def keys(self, _request: Request) -> JSONResponse:
        self.reads += 1
        return JSONResponse(self.published)

    async def discovery(self, _request: Request) -> JSONResponse:
        return JSONResponse(self.about)


@asynccontextmanager
async def publishing() -> AsyncGenerator[Publisher]:
    app = Starlette()
    async with listening(app) as port:
        publisher = Publisher(f"http://127.0.0.1:{port}")
        app.add_route("/.well-known/openid-configuration", publisher.discovery)
        app.add_route("/keys", publisher.keys)
        yield publisher


@pytest.fixture
async def publisher() -> AsyncGenerator[Publisher]:
    async with publishing() as publisher:
        yield publisher


@asynccontextmanager
async def trusting(
    publisher: Publisher, url: str, keys: Path, clock: list[datetime], **settings: Any
) -> AsyncGenerator[Api]:
    chosen = Settings(oidc_issuer=publisher.issuer, oidc_audience=AUDIENCE, **settings)
    async with running_api(url, keys, lambda: clock[0], settings=chosen) as api:
        yield api


@pytest.fixture
async def trusting_api(publisher: Publisher, database_url: str, keys: Path) -> AsyncGenerator[Api]:
    async with trusting(publisher, database_url, keys, [NOW]) as api:
        yield api


async def link(build: Build, publisher: Publisher, account: uuid.UUID, subject: str = "siti") -> uuid.UUID:
    return await build.row("provider_identity", account_id=account, issuer=publisher.issuer, subject=subject)


async def ask(api: Api, token: str, document: str = ME, **variables: Any) -> Json:
    headers = {"Authorization": f"Bearer {token}"}
    response = await api.client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()["data"]


async def test_a_token_of_the_provider_acts_for_the_linked_account(
    trusting_api: Api, build: Build, publisher: Publisher
) -> None:
    account = await build.coordinator()
    await link(build, publisher, account)

    found = await ask(trusting_api, publisher.token())
    declared = await ask(trusting_api, publisher.token(), DECLARE, input=INCIDENT)

    assert found["me"]["roles"] == [{"kind": "COORDINATOR"}]
    assert declared["declareIncident"]["problems"] == []
    assert publisher.reads == 1


ACCEPTED: Mapping[str, dict[str, Any]] = {
    "one of several audiences": {"aud": ["https://lain.example", AUDIENCE]},
    "expired within the skew": {"exp": int((NOW - 59 * SECOND).timestamp())},
    "valid from within the skew": {"nbf": int((NOW + 59 * SECOND).timestamp())},
    "marked as an access token": {"header": {"typ": "at+jwt"}},
    "another algorithm of the same key": {"header": {"alg": "PS512"}},
}
REJECTED: Mapping[str, dict[str, Any]] = {
    "for somebody else": {"aud": "https://lain.example"},
    "for nobody": {"aud": None},
    "expired": {"exp": int((NOW - 61 * SECOND).timestamp())},
    "without end": {"exp": None},
    "not yet valid": {"nbf": int((NOW + 61 * SECOND).timestamp())},
    "without subject": {"sub": None},
    "with an empty subject": {"sub": ""},
    "with a number as subject": {"sub": 7},
    "of a stranger": {"sub": "orang lain"},
    "for signing out": {"header": {"typ": "logout+jwt"}},
    "with a critical header": {"header": {"crit": ["b64"], "b64": False}},
    "of an unknown key": {"header": {"kid": "second"}},
}


@pytest.mark.parametrize("change", ACCEPTED.values(), ids=ACCEPTED)
async def test_a_token_that_is_right_is_accepted(
    trusting_api: Api, build: Build, publisher: Publisher, change: dict[str, Any]
) -> None:
    await link(build, publisher, await build.account(login="siti"))

    assert (await ask(trusting_api, publisher.token(**change)))["me"]["login"] == "siti"


@pytest.mark.parametrize("change", REJECTED.values(), ids=REJECTED)
async def test_a_token_that_is_wrong_is_rejected(
    trusting_api: Api, build: Build, publisher: Publisher, change: dict[str, Any]
) -> None:
    await link(build, publisher, await build.account(login="siti"))
    before = await snapshot(build.connection)

    assert await is_rejected(trusting_api, f"Bearer {publisher.token(**change)}")
    assert await snapshot(build.connection) == before


async def test_forged_tokens_are_rejected(trusting_api: Api, build: Build, publisher: Publisher) -> None:
    """Another key of the same name, no signature, and the public key as the secret of a symmetric one."""
    await link(build, publisher, await build.account())
    right = publisher.token()
    _header, body, signature = right.split(".")
    claims = jwt.decode(right, publisher.key, algorithms=["RS256"]).claims
    symmetric = f"{segment({'alg': 'HS256', 'kid': 'first'})}.{body}"
    stranger = RSAKey.generate_key(2048, {"kid": "first"})
    elliptic = ECKey.generate_key("P-256", {"kid": "first"})
    forged = (
        jwt.encode({"alg": "RS256", "kid": "first"}, claims, stranger),
        jwt.encode({"alg": "ES256", "kid": "first"}, claims, elliptic),
        f"{symmetric}.{symmetric_signature(symmetric, publisher.key.as_pem(private=False))}",
        f"{segment({'alg': 'none', 'kid': 'first'})}.{body}.",
        f"{segment({'alg': 'none', 'kid': 'first'})}.{body}.{signature}",
        f"{right[:-4]}AAAA",
        f"{right}.{signature}",
    )

    assert not await is_rejected(trusting_api, f"Bearer {right}")
    for token in forged:
        assert await is_rejected(trusting_api, f"Bearer {token}")


async def test_our_own_tokens_stay_valid_and_do_not_name_the_provider(
    trusting_api: Api, build: Build, publisher: Publisher
) -> None:
    account = await build.account(login="sinta")
    own = trusting_api.tokens.issue(account, NOW)
    ours_for_theirs = jwt.encode(
        {"alg": "Ed25519", "kid": "first"},
        {"iss": publisher.issuer, "aud": AUDIENCE, "sub": "siti", "exp": int((NOW + HOUR).timestamp())},
        OKPKey.generate_key("Ed25519"),
        algorithms=["Ed25519"],
    )

    assert (await ask(trusting_api, own))["me"]["login"] == "sinta"
    assert await is_rejected(trusting_api, f"Bearer {ours_for_theirs}")


async def test_changed_keys_are_read_when_a_token_names_them(
    trusting_api: Api, build: Build, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not more often than each half minute, whatever unknown keys are named; and old keys end when new ones are read."""
    await link(build, publisher, await build.account(login="siti"))
    passed = [100.0]
    monkeypatch.setattr(provider, "monotonic", lambda: passed[0])
    old = publisher.token()
    await ask(trusting_api, old)
    publisher.key = RSAKey.generate_key(2048, {"kid": "second"})
    publisher.published = KeySet([publisher.key]).as_dict()
    new = publisher.token(header={"kid": "second"})

    at_once = await is_rejected(trusting_api, f"Bearer {new}")
    passed[0] += provider.RETRY_SECONDS
    later = await ask(trusting_api, new)
    for unknown in range(5):
        assert await is_rejected(trusting_api, f"Bearer {publisher.token(header={'kid': str(unknown)})}")

    assert (at_once, later["me"]["login"], publisher.reads) == (True, "siti", 2)
    assert await is_rejected(trusting_api, f"Bearer {old} ") is False  # Remembered for five seconds.


UNREADABLE: Mapping[str, tuple[str, Any]] = {
    "another issuer": ("about", {"issuer": "https://lain.example", "jwks_uri": "https://lain.example/keys"}),
    "keys without TLS": ("about", {"jwks_uri": "http://lain.example/keys"}),
    "no object": ("about", []),
    "no keys": ("published", {"keys": []}),
    "far too long": ("published", {"keys": [], "filling": "x" * provider.MAX_DOCUMENT_BYTES}),
    "text": ("published", "kunci"),
}


@pytest.mark.parametrize(("part", "content"), UNREADABLE.values(), ids=UNREADABLE)
async def test_without_readable_keys_the_request_may_be_repeated(
    trusting_api: Api, publisher: Publisher, part: str, content: Any
) -> None:
    merged = {"issuer": publisher.issuer, **content} if isinstance(content, dict) and part == "about" else content
    setattr(publisher, part, merged)
    headers = {"Authorization": f"Bearer {publisher.token()}"}

    response = await trusting_api.client.post("/graphql", json={"query": ME}, headers=headers)

    assert response.status_code == 503
    assert response.json()["errors"][0]["extensions"] == {"code": "UNAVAILABLE"}


async def test_a_stranger_gets_an_account_without_rights_where_that_is_set(
    build: Build, publisher: Publisher, database_url: str, keys: Path
) -> None:
    claims: dict[str, Any] = {"name": "Siti Aminah", "email": "siti@surel.example", "email_verified": True}
    async with trusting(publisher, database_url, keys, [NOW], oidc_accounts="create") as api:
        answers = await asyncio.gather(*(ask(api, publisher.token(jti=str(number), **claims)) for number in range(5)))
        refused = await ask(api, publisher.token(**claims), DECLARE, input=INCIDENT)

    (me,) = {str(answer["me"]["login"]): answer["me"] for answer in answers}.values()
    assert me["name"] == "Siti Aminah"
    assert me["email"] == "siti@surel.example"
    assert me["roles"] == []
    assert [found["code"] for found in refused["declareIncident"]["problems"]] == ["FORBIDDEN"]
    assert await build.connection.fetchval("SELECT count(*) FROM account") == 1


@pytest.mark.parametrize(
    ("email", "stored"),
    [("Siti@Surel.Example", "siti@surel.example"), ("siti@surel.example\r\nBcc: x@y.example", None)],
)
async def test_the_address_that_a_provider_names_is_written_as_here_or_left_out(
    build: Build, publisher: Publisher, database_url: str, keys: Path, email: str, stored: str | None
) -> None:
    token = publisher.token(name="Siti", email=email, email_verified=True)
    async with trusting(publisher, database_url, keys, [NOW], oidc_accounts="create") as api:
        answer = await ask(api, token)

    assert answer["me"]["email"] == stored


@pytest.mark.parametrize(("is_verified", "login"), [(True, None), (False, "oidc")])
async def test_an_account_is_not_taken_over_by_its_e_mail_address(
    build: Build, publisher: Publisher, database_url: str, keys: Path, is_verified: bool, login: str | None
) -> None:
    await build.account(login="siti", email="siti@surel.example")
    token = publisher.token(email="siti@surel.example", email_verified=is_verified)
    async with trusting(publisher, database_url, keys, [NOW], oidc_accounts="create") as api:
        if login is None:
            assert await is_rejected(api, f"Bearer {token}")
        else:
            assert (await ask(api, token))["me"]["login"].startswith(login)


async def test_somebody_signed_in_links_the_account_and_unlinks_it(
    trusting_api: Api, build: Build, publisher: Publisher
) -> None:
    account = await build.account_with_password(login="siti", email="siti@surel.example")
    own = trusting_api.tokens.issue(account, NOW)
    token = publisher.token(email="siti@surel.example", email_verified=True)

    linked = await ask(trusting_api, own, LINK, input={"token": token})
    again = await ask(trusting_api, own, LINK, input={"token": token})
    me = (await ask(trusting_api, token))["me"]
    unlinked = await ask(trusting_api, own, UNLINK, input={"identity": me["identities"][0]["id"]})
    write = await trusting_api.client.post(
        "/graphql",
        json={"query": DECLARE, "variables": {"input": INCIDENT}},
        headers={"Authorization": f"Bearer {token}"},
    )

    expected = {"login": "siti", "identities": [{"issuer": publisher.issuer, "subject": "siti"}]}
    assert linked["linkProvider"] == again["linkProvider"] == {"account": expected, "problems": []}
    assert me["login"] == "siti"
    assert unlinked["unlinkProvider"] == {"account": {"login": "siti", "identities": []}, "problems": []}
    assert [found["code"] for found in write.json()["data"]["declareIncident"]["problems"]] == ["FORBIDDEN"]
    kinds = await build.connection.fetch(
        "SELECT kind, change FROM event WHERE kind <> 'account.call_refused' ORDER BY position"
    )
    change = f'{{"issuer": "{publisher.issuer}"}}'
    assert [tuple(row) for row in kinds if row["kind"].startswith("account.")] == [
        ("account.provider_linked", change),
        ("account.provider_unlinked", change),
    ]


WRONG_LINKS: Mapping[str, dict[str, Any]] = {
    "another address": {"email": "lain@surel.example", "email_verified": True},
    "an address that nobody verified": {"email": "siti@surel.example", "email_verified": False},
    "an address verified in words": {"email": "siti@surel.example", "email_verified": "true"},
    "no address": {},
    "another audience": {"email": "siti@surel.example", "email_verified": True, "aud": "https://lain.example"},
}


@pytest.mark.parametrize("claims", WRONG_LINKS.values(), ids=WRONG_LINKS)
async def test_a_token_that_shows_too_little_is_not_linked(
    trusting_api: Api, build: Build, publisher: Publisher, claims: dict[str, Any]
) -> None:
    account = await build.account(login="siti", email="siti@surel.example")
    before = await snapshot(build.connection)

    answer = await ask(
        trusting_api, trusting_api.tokens.issue(account, NOW), LINK, input={"token": publisher.token(**claims)}
    )

    assert answer["linkProvider"]["account"] is None
    assert [(found["code"], found["path"]) for found in answer["linkProvider"]["problems"]] == [
        ("INVALID", ["input", "token"])
    ]
    assert await snapshot(build.connection) == before


async def test_the_empty_account_of_a_stranger_is_taken_over_and_no_other(
    trusting_api: Api, build: Build, publisher: Publisher
) -> None:
    account = await build.account(login="siti", email="siti@surel.example")
    empty, used = await build.account(), await build.coordinator()
    await link(build, publisher, empty, "siti")
    await link(build, publisher, used, "sinta")
    own = trusting_api.tokens.issue(account, NOW)
    claims: dict[str, Any] = {"email": "siti@surel.example", "email_verified": True}

    taken = await ask(trusting_api, own, LINK, input={"token": publisher.token("siti", **claims)})
    refused = await ask(trusting_api, own, LINK, input={"token": publisher.token("sinta", **claims)})

    assert taken["linkProvider"]["account"]["login"] == "siti"
    assert [found["code"] for found in refused["linkProvider"]["problems"]] == ["ALREADY_LINKED"]
    active = await build.connection.fetch("SELECT id FROM account WHERE active")
    assert {row["id"] for row in active} == {account, used}


async def test_the_only_way_in_is_not_unlinked(trusting_api: Api, build: Build, publisher: Publisher) -> None:
    account = await build.account()
    await link(build, publisher, account)
    stranger = await build.account()
    token = publisher.token()
    identity = (await ask(trusting_api, token))["me"]["identities"][0]["id"]

    own = await ask(trusting_api, token, UNLINK, input={"identity": identity})
    other = await ask(trusting_api, trusting_api.tokens.issue(stranger, NOW), UNLINK, input={"identity": identity})

    assert [found["code"] for found in own["unlinkProvider"]["problems"]] == ["INVALID"]
    assert [found["code"] for found in other["unlinkProvider"]["problems"]] == ["NOT_FOUND"]
    assert await build.connection.fetchval("SELECT count(*) FROM provider_identity") == 1


@pytest.mark.parametrize(
    ("factors", "kinds"),
    [
        (["pwd"], []),
        (["sms"], []),
        (["pwd", "pin"], []),
        (["pwd", "otp"], ["COORDINATOR"]),
        (["mfa"], ["COORDINATOR"]),
        (None, []),
        ("mfa", []),
    ],
)
async def test_a_coordinator_shows_a_second_factor_at_the_provider(
    build: Build, publisher: Publisher, database_url: str, keys: Path, factors: Any, kinds: list[str]
) -> None:
    await link(build, publisher, await build.coordinator())
    async with trusting(publisher, database_url, keys, [NOW], second_factor="coordinators") as api:
        answer = await ask(api, publisher.token(amr=factors), DECLARE, input=INCIDENT)

    expected = [] if kinds else ["FORBIDDEN"]
    assert [found["code"] for found in answer["declareIncident"]["problems"]] == expected


async def test_a_token_is_not_remembered_beyond_its_end(
    build: Build, publisher: Publisher, database_url: str, keys: Path
) -> None:
    await link(build, publisher, await build.account(login="siti"))
    clock = [NOW]
    token = publisher.token(exp=int((NOW + SECOND).timestamp()))
    async with trusting(publisher, database_url, keys, clock) as api:
        await ask(api, token)
        clock[0] = NOW + 62 * SECOND

        assert await is_rejected(api, f"Bearer {token}")
