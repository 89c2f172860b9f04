"""Runs an application with a clock, keys or a database of the test's own."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette

from api.app import application
from api.auth import Tokens
from api.database.engine import Pooler
from api.settings import DEFAULTS, Settings
from api.web.explorer import DemoPerson
from api.web.services import Services
from tests.asking import Api
from tests.conftest import NOW


@asynccontextmanager
async def running_api(
    url: str,
    keys: Path,
    clock: Callable[[], datetime],
    *,
    pooler: Pooler | None = None,
    settings: Settings = DEFAULTS,
    people: Sequence[DemoPerson] = (),
) -> AsyncGenerator[Api]:
    """A client for the application in this process. Tokens are issued for the time that the clock has at the start."""
    app = application(url, keys, clock=clock, pooler=pooler, settings=settings, people=people)
    # An unhandled exception becomes a response with status 500, as with a real server.
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://sigap") as client,
    ):
        services: Services = app.state.services
        yield Api(client, Tokens.load(keys), clock(), services)


def replace_services(api: Api, **services: Any) -> None:
    """Gives the application, which runs in this process, other services."""
    transport = api.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, Starlette)
    transport.app.state.services = replace(api.services, **services)


@asynccontextmanager
async def running_server(
    url: str, keys: Path, settings: Settings = DEFAULTS, people: Sequence[DemoPerson] = ()
) -> AsyncGenerator[int]:
    """The port of a uvicorn server that runs the application at the instant NOW."""
    async with listening(application(url, keys, clock=lambda: NOW, settings=settings, people=people)) as port:
        yield port


@asynccontextmanager
async def listening(app: Starlette, *, shutdown_seconds: int | None = None) -> AsyncGenerator[int]:
    """The port of a uvicorn server that runs an application; at the end requests have so many seconds left."""
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=shutdown_seconds)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server_task = asyncio.create_task(server.serve(sockets=[listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await server_task
