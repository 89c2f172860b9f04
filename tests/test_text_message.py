"""Text messages: handed to a gateway over HTTP, again after a failure, and nothing of them in a log."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from api import transport
from api.settings import Settings
from api.transport import Transport, transport_of
from tests.asking import Json
from tests.builders import Build
from tests.conftest import NOW
from tests.serving import listening
from tests.test_worker import MINUTE, Office, office, rows

__all__ = ["office"]
PHONE, CODE = "+6281234567890", "12345678"
TEXT = (
    "The code to set a new Sigap password: 12345678\nIt is valid for 15 minutes. Tell it nobody.\n"
    "If you did not ask for it, ignore this message; your password stays valid."
)


class Gateway:
    """Keeps what it is sent, and answers with `status`, once `answers` is set."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], Json]] = []
        self.status, self.headers, self.answers = 202, dict[str, str](), asyncio.Event()
        self.answers.set()

    async def answer(self, request: Request) -> Response:
        headers = {name: request.headers[name] for name in ("authorization", "idempotency-key")}
        self.requests.append((headers, await request.json()))
        await self.answers.wait()
        return Response(b"x" * 1_000_000, self.status, self.headers)


@asynccontextmanager
async def gateway(office: Office, **settings: Any) -> AsyncGenerator[Gateway]:
    found, app = Gateway(), Starlette()
    app.add_route("/messages", found.answer, methods=["GET", "POST"])
    async with listening(app) as port:
        values = {"sms": f"http://127.0.0.1:{port}/messages", "sms_authorization": "Bearer rahasia"}
        office.transport = transport_of(Settings(**{**values, **settings}), otherwise=Transport())
        yield found
        found.answers.set()


async def test_a_text_message_is_handed_to_the_gateway_with_its_id_and_then_forgotten(
    office: Office, build: Build
) -> None:
    async with gateway(office) as found:
        await office.write(PHONE)
        taken = [await office.work(), await office.work()]

    key = str(await build.connection.fetchval("SELECT id FROM message"))
    headers = {"authorization": "Bearer rahasia", "idempotency-key": key}
    assert taken == [1, 0]
    assert found.requests == [(headers, {"id": key, "to": PHONE, "text": TEXT})]
    assert await rows(build) == [(1, NOW, None, True, None)]


async def test_the_body_is_as_the_gateway_wants_it(office: Office, build: Build) -> None:
    body = {"messages": [{"destinations": [{"to": "{to}", "messageId": "{id}"}], "text": "Sigap. {text}"}], "flash": 0}
    async with gateway(office, sms_body=body) as found:
        await office.write(PHONE, values={"code": "{to}", "minutes": "15"})
        await office.work()

    key = str(await build.connection.fetchval("SELECT id FROM message"))
    text = "Sigap. " + TEXT.replace(CODE, "{to}")
    sent = {"messages": [{"destinations": [{"to": PHONE, "messageId": key}], "text": text}], "flash": 0}
    assert [body for _headers, body in found.requests] == [sent]


@pytest.mark.parametrize("status", [302, 400, 401, 429, 503])
async def test_what_the_gateway_does_not_take_is_tried_again_with_the_same_id(
    office: Office, build: Build, status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    async with gateway(office) as found:
        # A redirection is not followed: the number would go to somebody else.
        found.status, found.headers = status, {"Location": "/messages"}
        await office.write(PHONE)
        await office.work()
        waiting = await rows(build)
        found.status, office.now = 200, NOW + MINUTE
        await office.work()

    first, second = found.requests
    assert waiting == [(1, None, None, False, f"Status{status}")]
    assert first == second
    assert await rows(build) == [(2, office.now, None, True, None)]
    logged = "".join(capfd.readouterr())
    assert f"Status{status}" in logged
    assert not [secret for secret in (PHONE, PHONE[1:], CODE, "rahasia") if secret in logged]


async def test_a_gateway_that_hangs_or_is_gone_is_asked_again(
    office: Office, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "DELIVERY_SECONDS", 0.2)
    errors = []
    async with gateway(office) as found:
        found.answers.clear()
        await office.write(PHONE)
        await office.work()
        errors.append(await build.connection.fetchval("SELECT error FROM message"))
    office.now = NOW + MINUTE
    await office.work()
    errors.append(await build.connection.fetchval("SELECT error FROM message"))

    assert errors == ["ReadTimeout", "ConnectError"]
    assert await rows(build) == [(2, None, None, False, "ConnectError")]
    assert len(found.requests) == 1


async def test_without_a_gateway_a_text_message_waits(office: Office, build: Build) -> None:
    async with gateway(office, sms=None):
        await office.write(PHONE)
        await office.work()

    assert await rows(build) == [(1, None, None, False, "NoTransport")]
