"""Runs an application with a clock, keys or a database of the test's own."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import httpx

from api.app import application
from api.auth import Tokens
from api.database.engine import Pooler
from api.web.services import Services
from tests.asking import Api


@asynccontextmanager
async def running_api(
    url: str, keys: Path, clock: Callable[[], datetime], *, pooler: Pooler | None = None
) -> AsyncGenerator[Api]:
    """A client for the application in this process. Tokens are issued for the time that the clock has at the start."""
    app = application(url, keys, clock=clock, pooler=pooler)
    # An unhandled exception becomes a response with status 500, as with a real server.
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://sigap") as client,
    ):
        services: Services = app.state.services
        yield Api(client, Tokens.load(keys), clock(), services)
