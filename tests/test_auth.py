import base64
import hashlib
import hmac
import stat
import subprocess
import sys
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jwt
from joserfc.jwk import OKPKey

from api.auth import ALGORITHM, CACHE_LIFETIME, LIFETIME, Tokens, Unauthenticated
from api.keys import rotate_token_keys
from tests.asking import Api, Json
from tests.builders import HOME, Build
from tests.command import environment, sigap
from tests.conftest import NOW
from tests.serving import running_api
from tests.snapshot import snapshot

ME = "{ me { login } }"
DECLARE = """mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) {
  incident { id } problems { code path } } }"""
INCIDENT = {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": NOW.isoformat()}
SECOND = timedelta(seconds=1)


async def post(api: Api, authorization: str | None, document: str = ME, **variables: object) -> Json:
    """The status and the body of the response."""
    headers = {} if authorization is None else {"Authorization": authorization}
    response = await api.client.post("/graphql", json={"query": document, "variables": variables}, headers=headers)
    return response.status_code, response.json()


async def is_rejected(api: Api, authorization: str) -> bool:
    """Whether the token is rejected; asserts that the response is the same for every rejected token."""
    body = {"query": ME}
    response = await api.client.post("/graphql", json=body, headers={"Authorization": authorization})
    if response.status_code == 200:
        return False
    message = "The token is invalid or has expired."
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert response.json() == {"errors": [{"message": message, "extensions": {"code": "UNAUTHENTICATED"}}]}
    return True


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


def symmetric_signature(text: str, key: bytes) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).rstrip(b"=").decode()


def claims(account: uuid.UUID, until: datetime = NOW + LIFETIME) -> dict[str, object]:
    issued = {"iss": "sigap", "aud": "sigap", "iat": int(NOW.timestamp()), "nbf": int(NOW.timestamp())}
    return {**issued, "sub": str(account), "exp": int(until.timestamp())}


async def test_a_valid_token_identifies_the_account(api: Api, build: Build) -> None:
    account = await build.account(login="sinta")

    for scheme in ("Bearer", "bearer", "BEARER"):
        response = await post(api, f"{scheme} {api.tokens.issue(account, NOW)}")
        assert response == (200, {"data": {"me": {"login": "sinta"}}})


async def test_without_a_token_the_actor_is_the_public(api: Api) -> None:
    response = await post(api, None)

    assert response == (200, {"data": {"me": None}})


async def test_a_token_expires_on_time(api: Api, build: Build) -> None:
    account = await build.account()

    expired = api.tokens.issue(account, NOW - LIFETIME)
    still_valid = api.tokens.issue(account, NOW - LIFETIME + SECOND)

    assert await is_rejected(api, f"Bearer {expired}")
    assert not await is_rejected(api, f"Bearer {still_valid}")


async def test_a_token_is_not_cached_beyond_its_expiry(build: Build, database_url: str, keys: Path) -> None:
    account, clock = await build.account(), [NOW]
    async with running_api(database_url, keys, lambda: clock[0]) as api:
        token = f"Bearer {api.tokens.issue(account, NOW, lifetime=2 * SECOND)}"

        is_accepted = not await is_rejected(api, token)
        clock[0] = NOW + 2 * SECOND

        assert is_accepted
        assert await is_rejected(api, token)


async def test_a_closed_account_stops_reading_though_the_clock_goes_back(
    build: Build, database_url: str, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, clock, passed = await build.account(), [NOW], [0.0]
    monkeypatch.setattr("api.auth.monotonic", lambda: passed[0])
    async with running_api(database_url, keys, lambda: clock[0]) as api:
        token = f"Bearer {api.tokens.issue(account, NOW - LIFETIME / 2)}"
        accepted = not await is_rejected(api, token)
        await build.connection.execute("UPDATE account SET active = false")

        still_cached = not await is_rejected(api, token)
        clock[0] = NOW - SECOND
        after_going_back = await is_rejected(api, token)
        clock[0], passed[0] = NOW, CACHE_LIFETIME.total_seconds()
        after_standing_still = await is_rejected(api, token)

    assert (accepted, still_cached, after_going_back, after_standing_still) == (True, True, True, True)


async def test_a_token_signed_with_another_key_is_rejected(api: Api, build: Build) -> None:
    account = await build.account()
    stranger = Tokens(OKPKey.generate_key("Ed25519"))

    assert await is_rejected(api, f"Bearer {stranger.issue(account, NOW)}")


async def test_tokens_with_another_algorithm_are_rejected(api: Api, build: Build, keys: Path) -> None:
    account = await build.account()
    key = OKPKey.import_key((keys / "token-key.pem").read_bytes())
    public = key.as_pem(private=False)
    ours = jwt.encode({"alg": ALGORITHM}, claims(account), key, algorithms=[ALGORITHM])
    _header, body, signature = ours.split(".")
    unsigned = f"{segment({'alg': 'none', 'typ': 'JWT'})}.{body}"
    symmetric = f"{segment({'alg': 'HS256', 'typ': 'JWT'})}.{body}"
    mac = symmetric_signature(symmetric, public)

    assert not await is_rejected(api, f"Bearer {ours}")
    for forged in (f"{unsigned}.", f"{unsigned}.{signature}", f"{symmetric}.{mac}", f"{symmetric}.{signature}"):
        assert await is_rejected(api, f"Bearer {forged}")


@pytest.mark.parametrize(
    "header",
    [{"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"kid": "x" * 60_000}, {"jku": "https://lain.example"}],
)
async def test_a_header_of_a_stranger_is_rejected(api: Api, build: Build, header: dict[str, object]) -> None:
    """Also a long one, whoever has signed it: nothing in a header is trusted but the algorithm that is expected."""
    account = await build.account()
    stranger = OKPKey.generate_key("Ed25519")
    token = jwt.encode({"alg": ALGORITHM}, claims(account), stranger, algorithms=[ALGORITHM])
    _header, body, signature = token.split(".")

    assert await is_rejected(api, f"Bearer {segment({'alg': ALGORITHM, **header})}.{body}.{signature}")


async def test_a_critical_header_that_is_not_understood_is_rejected_also_with_our_signature(
    api: Api, build: Build, keys: Path
) -> None:
    key = OKPKey.import_key((keys / "token-key.pem").read_bytes())
    signed = f"{segment({'alg': ALGORITHM, 'crit': ['x'], 'x': 1})}.{segment(claims(await build.account()))}"
    private = key.private_key
    assert isinstance(private, Ed25519PrivateKey)
    signature = base64.urlsafe_b64encode(private.sign(signed.encode())).rstrip(b"=").decode()

    assert await is_rejected(api, f"Bearer {signed}.{signature}")


async def test_a_modified_token_is_rejected(api: Api, build: Build) -> None:
    account, other = await build.account(), await build.coordinator()
    header, _body, signature = api.tokens.issue(account, NOW).split(".")

    assert await is_rejected(api, f"Bearer {header}.{segment(claims(other))}.{signature}")


@pytest.mark.parametrize(
    "authorization",
    [
        *("", "Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Bearer ..", "Basic c2ludGE6cmFoYXNpYQ==", "Token"),
        *(f"Bearer {segment({'alg': ALGORITHM})}.{segment([1])}.AAAA", "Bearer " + "x" * 5000),
    ],
    ids=lambda value: value[:30],
)
async def test_a_malformed_credential_is_rejected(api: Api, authorization: str) -> None:
    assert await is_rejected(api, authorization)


async def test_a_token_that_is_not_ascii_is_rejected(api: Api) -> None:
    response = await api.client.post(
        "/graphql", json={"query": ME}, headers={b"Authorization": b"Bearer \xe9.\xff.\xfe"}
    )

    assert response.status_code == 401


@pytest.mark.parametrize(
    "changed_claims",
    [
        *(
            {"sub": None},
            {"sub": "sinta"},
            {"sub": 7},
            {"exp": None},
            {"exp": "soon"},
            {"exp": 10**30},
            {"exp": -(10**30)},
        ),
        *({"iss": None}, {"iss": "other"}, {"aud": None}, {"aud": "other"}, {"nbf": int(NOW.timestamp()) + 1}),
    ],
    ids=str,
)
async def test_a_validly_signed_token_with_invalid_claims_is_rejected(
    api: Api, build: Build, keys: Path, changed_claims: dict[str, object]
) -> None:
    key = OKPKey.import_key((keys / "token-key.pem").read_bytes())
    invalid_claims = {**claims(await build.account()), **changed_claims}

    token = jwt.encode({"alg": ALGORITHM}, invalid_claims, key, algorithms=[ALGORITHM])

    assert await is_rejected(api, f"Bearer {token}")


async def test_a_token_of_an_unknown_or_inactive_account_is_rejected(api: Api, build: Build) -> None:
    inactive = await build.account(active=False)

    assert await is_rejected(api, f"Bearer {api.tokens.issue(uuid.uuid4(), NOW)}")
    assert await is_rejected(api, f"Bearer {api.tokens.issue(inactive, NOW)}")


async def test_a_revoked_role_ends_writing_at_once_and_reading_after_the_cache_lifetime(
    build: Build, database_url: str, keys: Path
) -> None:
    coordinator, clock = await build.coordinator(kabupaten_code=HOME), [NOW]
    await build.person(reach="KABUPATEN")
    document = "{ volunteers(first: 1) { totalCount } }"
    async with running_api(database_url, keys, lambda: clock[0]) as api:
        token = f"Bearer {api.tokens.issue(coordinator, NOW)}"

        before = await post(api, token, document)
        await build.connection.execute("DELETE FROM role")
        stored = await snapshot(build.connection)
        _status, written = await post(api, token, DECLARE, input=INCIDENT)
        clock[0] = NOW + CACHE_LIFETIME - SECOND
        cached = await post(api, token, document)
        clock[0] = NOW + CACHE_LIFETIME
        reloaded = await post(api, token, document)

    assert written["data"]["declareIncident"] == {
        "incident": None,
        "problems": [{"code": "FORBIDDEN", "path": ["input"]}],
    }
    assert await snapshot(build.connection) == stored
    counts = [body["data"]["volunteers"]["totalCount"] for _status, body in (before, cached, reloaded)]
    assert counts == [1, 1, 0]


async def test_a_deactivated_account_cannot_write_and_is_rejected_after_the_cache_lifetime(
    build: Build, database_url: str, keys: Path
) -> None:
    coordinator, clock = await build.coordinator(kabupaten_code=HOME), [NOW]
    async with running_api(database_url, keys, lambda: clock[0]) as api:
        token = f"Bearer {api.tokens.issue(coordinator, NOW)}"

        is_accepted = not await is_rejected(api, token)
        await build.connection.execute("UPDATE account SET active = false")
        _status, written = await post(api, token, DECLARE, input=INCIDENT)
        clock[0] = NOW + CACHE_LIFETIME
        is_rejected_later = await is_rejected(api, token)

    assert (is_accepted, is_rejected_later) == (True, True)
    assert written["data"]["declareIncident"]["problems"] == [{"code": "FORBIDDEN", "path": ["input"]}]
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0


async def test_a_granted_role_allows_writing_at_once(api: Api, build: Build) -> None:
    account = await build.account()
    token = f"Bearer {api.tokens.issue(account, NOW)}"
    await post(api, token)
    await build.row("role", account_id=account, kind="COORDINATOR")

    _status, written = await post(api, token, DECLARE, input=INCIDENT)

    assert written["data"]["declareIncident"]["problems"] == []


# The signing key in the data folder.


def test_the_key_is_created_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "data"

    first, second = Tokens.load(data), Tokens.load(data)

    account = uuid.uuid4()
    assert second.read(first.issue(account, NOW), NOW)[0] == account
    assert [path.name for path in data.iterdir()] == ["token-key.pem"]
    assert stat.S_IMODE((data / "token-key.pem").stat().st_mode) == 0o600


def test_processes_that_start_simultaneously_use_the_same_key(tmp_path: Path) -> None:
    account = uuid.uuid4()
    program = (
        "import sys, uuid; from datetime import datetime; from pathlib import Path; from api.auth import Tokens; "
        "sys.stdout.write('ready\\n'); sys.stdout.flush(); sys.stdin.readline(); "
        "tokens = Tokens.load(Path(sys.argv[1])); "
        "sys.stdout.write(tokens.issue(uuid.UUID(sys.argv[2]), datetime.fromisoformat(sys.argv[3])))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path), str(account), NOW.isoformat()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _number in range(4)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"

    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    tokens = [process.communicate(timeout=60)[0] for process in processes]

    reader = Tokens.load(tmp_path)
    assert [reader.read(token, NOW)[0] for token in tokens] == [account] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["token-key.pem"]
    assert stat.S_IMODE((tmp_path / "token-key.pem").stat().st_mode) == 0o600


def test_a_rotated_key_signs_and_the_older_one_stays_valid_as_long_as_its_tokens(tmp_path: Path) -> None:
    account, running = uuid.uuid4(), Tokens.load(tmp_path)
    old = running.issue(account, NOW)

    rotate_token_keys(tmp_path, NOW, lifetime=LIFETIME)
    rotated = Tokens.load(tmp_path)
    new = rotated.issue(account, NOW)
    read_by_both = [tokens.read(token, NOW)[0] for tokens in (running, rotated) for token in (old, new)]
    rotate_token_keys(tmp_path, NOW + LIFETIME, lifetime=LIFETIME)
    late = Tokens.load(tmp_path)

    assert read_by_both == [account] * 4
    assert late.read(new, NOW)[0] == account
    with pytest.raises(Unauthenticated):
        late.read(old, NOW)
    assert len(list(tmp_path.iterdir())) == 2
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.iterdir())


def test_a_running_server_signs_with_the_new_key_and_forgets_a_removed_one(tmp_path: Path) -> None:
    account, running = uuid.uuid4(), Tokens.load(tmp_path)
    stolen = running.issue(account, NOW)
    rotate_token_keys(tmp_path, NOW, lifetime=LIFETIME)
    (retired,) = tmp_path.glob("token-key-*.pem")

    signed = running.issue(account, NOW)
    retired.unlink()

    assert Tokens.load(tmp_path).read(signed, NOW) == running.read(signed, NOW)
    with pytest.raises(Unauthenticated):
        running.read(stolen, NOW)
    (tmp_path / "token-key.pem").unlink()
    with pytest.raises(Unauthenticated):
        running.read(signed, NOW)


def test_a_key_that_is_broken_while_the_server_runs_leaves_the_keys_that_it_knows(tmp_path: Path) -> None:
    account, running = uuid.uuid4(), Tokens.load(tmp_path)
    token = running.issue(account, NOW)

    (tmp_path / "token-key.pem").write_bytes(b"broken")

    assert running.read(token, NOW)[0] == account


async def test_the_command_rotates_and_lists_the_keys(tmp_path: Path) -> None:
    env = environment(tmp_path)

    rotated = sigap(env, "keys", "rotate")
    listed = sigap(env, "keys", "list")

    assert rotated.stdout == listed.stdout
    names = [line.split()[1] for line in listed.stdout.splitlines()]
    assert names[0] == "token-key.pem"
    assert len(names) == 2
