"""An application of a test's own: another clock, other keys, another database."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import httpx

from api.app import Services, application
from api.auth import Tokens
from api.database.engine import Pooler
from tests.asking import Api


@asynccontextmanager
async def served(
    url: str, keys: Path, clock: Callable[[], datetime], *, pooler: Pooler | None = None
) -> AsyncGenerator[Api]:
    """Asked over HTTP within the process; tokens are issued at the clock's instant of the start."""
    app = application(url, keys, clock=clock, pooler=pooler)
    # What escapes the application is a response of status 500 here, as a server makes of it.
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://sigap") as client,
    ):
        services: Services = app.state.services
        yield Api(client, Tokens.of(keys), clock(), services)
