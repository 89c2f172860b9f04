import base64
import hmac
import stat
import string
import subprocess
import sys
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from api.auth import KEY_BYTES, LIFETIME, REMEMBERED, Tokens
from tests.asking import Api, Json
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.serving import served
from tests.snapshot import snapshot

ME = "{ me { login } }"
DECLARE = """mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) {
  incident { id } problems { code path } } }"""
INCIDENT = {"hazard": "FLOOD", "title": "Banjir", "kabupaten": [HOME], "startedAt": NOW.isoformat()}
SECOND = timedelta(seconds=1)


async def asked(api: Api, authorization: str | None, document: str = ME, **variables: object) -> Json:
    """Status and body."""
    headers = {} if authorization is None else {"Authorization": authorization}
    response = await api.client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
    return response.status_code, response.json()


async def refused(api: Api, authorization: str) -> bool:
    """Whether the credential is answered as every broken one is."""
    body = {"query": ME}
    response = await api.client.post("/graphql", json=body, headers={"Authorization": authorization})
    if response.status_code == 200:
        return False
    message = "The token is not valid, or no longer."
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json() == {"errors": [{"message": message, "extensions": {"code": "UNAUTHENTICATED"}}]}
    return True


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def claims(account: uuid.UUID, until: datetime = NOW + LIFETIME) -> dict[str, object]:
    return {"sub": str(account), "iat": int(NOW.timestamp()), "exp": int(until.timestamp())}


async def test_a_good_token_says_who_asks(api: Api, build: Build) -> None:
    account = await build.account(login="sinta")

    for scheme in ("Bearer", "bearer", "BEARER"):
        answered = await asked(api, f"{scheme} {api.tokens.issue(account, NOW)}")
        assert answered == (200, {"data": {"me": {"login": "sinta"}}})


async def test_without_a_token_the_public_asks(api: Api) -> None:
    answered = await asked(api, None)

    assert answered == (200, {"data": {"me": None}})


async def test_a_token_ends_on_time(api: Api, build: Build) -> None:
    account = await build.account()

    ended = api.tokens.issue(account, NOW - LIFETIME)
    ending = api.tokens.issue(account, NOW - LIFETIME + SECOND)

    assert await refused(api, f"Bearer {ended}")
    assert not await refused(api, f"Bearer {ending}")


async def test_a_token_that_ends_is_not_remembered_beyond_its_end(build: Build, database_url: str, keys: Path) -> None:
    account, clock = await build.account(), [NOW]
    async with served(database_url, keys, lambda: clock[0]) as api:
        token = f"Bearer {api.tokens.issue(account, NOW, lifetime=2 * SECOND)}"

        good = not await refused(api, token)
        clock[0] = NOW + 2 * SECOND

        assert good
        assert await refused(api, token)


async def test_a_token_of_another_key_is_refused(api: Api, build: Build) -> None:
    account = await build.account()
    stranger = Tokens(bytes(KEY_BYTES))

    assert await refused(api, f"Bearer {stranger.issue(account, NOW)}")


async def test_a_token_is_one_as_others_make_and_read_them(api: Api, build: Build, keys: Path) -> None:
    account = await build.account()
    key = OctKey.import_key((keys / "token.key").read_bytes())

    theirs = jwt.encode({"alg": "HS256"}, claims(account), key)
    ours = jwt.decode(api.tokens.issue(account, NOW), key)

    assert not await refused(api, f"Bearer {theirs}")
    assert (ours.header, ours.claims) == ({"alg": "HS256", "typ": "JWT"}, claims(account))


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512", "RS256", "EdDSA"])
async def test_no_algorithm_but_ours_is_taken(api: Api, build: Build, keys: Path, algorithm: str) -> None:
    account = await build.account()
    key = (keys / "token.key").read_bytes()
    _header, body, signature = api.tokens.issue(account, NOW).split(".")
    other = f"{segment({'alg': algorithm, 'typ': 'JWT'})}.{body}"
    macs = [
        base64.urlsafe_b64encode(hmac.digest(key, other.encode(), name)).rstrip(b"=").decode()
        for name in ("sha384", "sha512")
    ]

    for forged in (f"{other}.", f"{other}.{signature}", *(f"{other}.{mac}" for mac in macs)):
        assert await refused(api, f"Bearer {forged}")


async def test_a_signature_has_one_spelling(api: Api, build: Build) -> None:
    content, _, signature = api.tokens.issue(await build.account(), NOW).rpartition(".")
    # The last letter of 43 carries two bits that mean nothing.
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    twin = signature[:-1] + letters[letters.index(signature[-1]) ^ 1]

    for spelt in (twin, f"{signature}=", f"{signature} x"):
        assert await refused(api, f"Bearer {content}.{spelt}")


async def test_a_token_that_was_changed_is_refused(api: Api, build: Build) -> None:
    account, other = await build.account(), await build.coordinator()
    header, _body, signature = api.tokens.issue(account, NOW).split(".")

    assert await refused(api, f"Bearer {header}.{segment(claims(other))}.{signature}")


@pytest.mark.parametrize(
    "authorization",
    [
        *("", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Bearer ..", "Basic c2ludGE6cmFoYXNpYQ==", "Token"),
        *(f"Bearer {segment({'alg': 'HS256'})}.{segment([1])}.AAAA", "Bearer " + "x" * 5000),
    ],
    ids=lambda value: value[:30],
)
async def test_a_credential_that_is_none_is_refused(api: Api, authorization: str) -> None:
    assert await refused(api, authorization)


async def test_a_token_that_is_not_ascii_is_refused(api: Api) -> None:
    response = await api.client.post(
        "/graphql", json={"query": ME}, headers={b"Authorization": b"Bearer \xe9.\xff.\xfe"}
    )

    assert response.status_code == 401


@pytest.mark.parametrize(
    "spoilt",
    [{"sub": None}, {"sub": "sinta"}, {"sub": 7}, {"exp": None}, {"exp": "soon"}, {"exp": 10**30}, {"exp": -(10**30)}],
    ids=str,
)
async def test_our_own_signature_under_claims_that_make_no_sense_is_refused(
    api: Api, build: Build, keys: Path, spoilt: dict[str, object]
) -> None:
    key = OctKey.import_key((keys / "token.key").read_bytes())
    given = {**claims(await build.account()), **spoilt}

    token = jwt.encode({"alg": "HS256"}, given, key)

    assert await refused(api, f"Bearer {token}")


async def test_a_token_of_nobody_is_refused(api: Api, build: Build) -> None:
    inactive = await build.account(active=False)

    assert await refused(api, f"Bearer {api.tokens.issue(uuid.uuid4(), NOW)}")
    assert await refused(api, f"Bearer {api.tokens.issue(inactive, NOW)}")


async def test_a_role_taken_away_ends_writing_at_once_and_reading_soon(
    build: Build, database_url: str, keys: Path
) -> None:
    coordinator, clock = await build.coordinator(), [NOW]
    await build.person(reach="KABUPATEN")
    seen = "{ volunteers(first: 1) { totalCount } }"
    async with served(database_url, keys, lambda: clock[0]) as api:
        token = f"Bearer {api.tokens.issue(coordinator, NOW)}"

        before = await asked(api, token, seen)
        await build.connection.execute("DELETE FROM role")
        held = await snapshot(build.connection)
        _status, written = await asked(api, token, DECLARE, input=INCIDENT)
        clock[0] = NOW + REMEMBERED - SECOND
        remembered = await asked(api, token, seen)
        clock[0] = NOW + REMEMBERED
        forgotten = await asked(api, token, seen)

    assert written["data"]["declareIncident"] == {
        "incident": None,
        "problems": [{"code": "FORBIDDEN", "path": ["input"]}],
    }
    assert await snapshot(build.connection) == held
    counts = [body["data"]["volunteers"]["totalCount"] for _status, body in (before, remembered, forgotten)]
    assert counts == [1, 1, 0]


async def test_a_deactivated_account_writes_no_more_and_is_soon_refused(
    build: Build, database_url: str, keys: Path
) -> None:
    coordinator, clock = await build.coordinator(), [NOW]
    async with served(database_url, keys, lambda: clock[0]) as api:
        token = f"Bearer {api.tokens.issue(coordinator, NOW)}"

        good = not await refused(api, token)
        await build.connection.execute("UPDATE account SET active = false")
        _status, written = await asked(api, token, DECLARE, input=INCIDENT)
        clock[0] = NOW + REMEMBERED
        ended = await refused(api, token)

    assert (good, ended) == (True, True)
    assert written["data"]["declareIncident"]["problems"] == [{"code": "FORBIDDEN", "path": ["input"]}]
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0


async def test_a_role_given_is_good_at_once_for_writing(api: Api, build: Build) -> None:
    account = await build.account()
    token = f"Bearer {api.tokens.issue(account, NOW)}"
    await asked(api, token)
    await build.row("role", account_id=account, kind="COORDINATOR")

    _status, written = await asked(api, token, DECLARE, input=INCIDENT)

    assert written["data"]["declareIncident"]["problems"] == []


# The key in the data folder.


def test_the_key_is_made_once_and_read_by_its_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "data"

    first, second = Tokens.of(data), Tokens.of(data)

    account = uuid.uuid4()
    assert second.read(first.issue(account, NOW), NOW)[0] == account
    assert [path.name for path in data.iterdir()] == ["token.key"]
    assert stat.S_IMODE((data / "token.key").stat().st_mode) == 0o600


def test_simultaneous_starts_agree_on_one_key(tmp_path: Path) -> None:
    account = uuid.uuid4()
    program = (
        "import sys, uuid; from datetime import datetime; from pathlib import Path; from api.auth import Tokens; "
        "sys.stdout.write('ready\\n'); sys.stdout.flush(); sys.stdin.readline(); "
        "tokens = Tokens.of(Path(sys.argv[1])); "
        "sys.stdout.write(tokens.issue(uuid.UUID(sys.argv[2]), datetime.fromisoformat(sys.argv[3])))"
    )
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(account), NOW.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _number in range(4)
    ]
    for start in starts:
        assert start.stdout
        assert start.stdout.readline() == "ready\n"

    for start in starts:
        assert start.stdin
        start.stdin.write("\n")
        start.stdin.flush()
    tokens = [start.communicate(timeout=60)[0] for start in starts]

    reader = Tokens.of(tmp_path)
    assert [reader.read(token, NOW)[0] for token in tokens] == [account] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["token.key"]
    assert stat.S_IMODE((tmp_path / "token.key").stat().st_mode) == 0o600
