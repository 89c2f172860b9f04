"""A real OpenID Connect provider: somebody signs in there with PKCE, and the access token acts here."""

import asyncio
import base64
import hashlib
import re
import secrets
import socket
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import orjson
import pytest
from joserfc.jwk import RSAKey

from api import provider
from api.context import wall_clock
from api.settings import Settings
from benchmarks.node import NODE
from tests.builders import Build
from tests.node import packages
from tests.serving import running_api

AUDIENCE = "https://sigap.example"
CALLBACK = "http://127.0.0.1/callback"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@asynccontextmanager
async def running_provider(port: int, name_of_key: str) -> AsyncGenerator[str]:
    """The issuer of the provider, which signs with a new key of that name."""
    key = RSAKey.generate_key(2048, {"kid": name_of_key, "alg": "RS256", "use": "sig"})
    keys = orjson.dumps([key.as_dict(private=True)]).decode()
    process = await asyncio.create_subprocess_exec(
        NODE,
        str(packages() / "provider.js"),
        *(str(port), keys, CALLBACK, AUDIENCE),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        while not (line := await process.stdout.readline()).startswith(b"http"):
            assert line, "the provider ended"
        yield line.decode().strip()
    finally:
        process.kill()
        await process.wait()


async def authorize(client: httpx.AsyncClient, login: str, challenge: str) -> str:
    """The code that the provider hands to the callback, after somebody has signed in and agreed as in a browser."""
    response = await client.get(
        "/auth",
        params={
            "client_id": "sigap",
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        },
    )
    while True:
        while response.is_redirect and not response.headers["location"].startswith(CALLBACK):
            response = await client.get(urljoin(str(response.url), response.headers["location"]))
        if response.is_redirect:
            return parse_qs(urlsplit(response.headers["location"]).query)["code"][0]
        form = re.search(r'action="([^"]+)".*?name="prompt" value="(\w+)"', response.text, re.DOTALL)
        assert form is not None, response.text
        data = {"prompt": form[2], "login": login, "password": "apa saja"}
        response = await client.post(urljoin(str(response.url), form[1]), data=data)


async def sign_in(issuer: str, login: str, *, is_verifier_right: bool = True) -> httpx.Response:
    """The provider's answer to the exchange of the code for a token."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    async with httpx.AsyncClient(base_url=issuer) as client:
        code = await authorize(client, login, challenge)
        return await client.post(
            "/token",
            data={
                "grant_type": "authorization_code",
                "client_id": "sigap",
                "code": code,
                "redirect_uri": CALLBACK,
                "code_verifier": verifier if is_verifier_right else secrets.token_urlsafe(48),
            },
        )


async def ask(client: httpx.AsyncClient, token: str) -> str:
    response = await client.post(
        "/graphql", json={"query": "{ me { name } }"}, headers={"Authorization": f"Bearer {token}"}
    )
    name: str = response.json()["data"]["me"]["name"] if response.status_code == 200 else str(response.status_code)
    return name


async def test_a_token_of_a_real_provider_acts_here_also_after_its_keys_have_changed(
    build: Build, database_url: str, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    settings = Settings(oidc_issuer=f"http://127.0.0.1:{port}", oidc_audience=AUDIENCE, oidc_accounts="create")
    monkeypatch.setattr(provider, "RETRY_SECONDS", 0.0)
    async with running_api(database_url, keys, wall_clock, settings=settings) as api:
        async with running_provider(port, "first") as issuer:
            wrong = await sign_in(issuer, "siti", is_verifier_right=False)
            right = await sign_in(issuer, "siti")
            first = await ask(api.client, right.json()["access_token"])
            id_token = await ask(api.client, right.json()["id_token"])
        async with running_provider(port, "second") as issuer:
            later = (await sign_in(issuer, "budi")).json()["access_token"]
            second = await ask(api.client, later)

    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")
    assert (first, id_token, second) == ("siti", "401", "budi")
