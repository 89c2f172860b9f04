"""For whoever watches the server: whether the process runs, and whether it can do its work."""

import asyncio
import shutil
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from api.database import migration
from api.database.error import Unavailable
from api.web.services import Services

READY_SECONDS = 0.9
# Free space in the data folder, below which PostgreSQL may soon stop.
LEAST_FREE_BYTES = 100 * 1024 * 1024


async def health(_request: Request) -> Response:
    """The process answers; nothing is asked of the database."""
    return PlainTextResponse("ok\n")


async def ready(request: Request) -> Response:
    """Status 200 if the database answers, has the migrations of this version, and the disk is not full; otherwise 503."""
    services: Services = request.app.state.services
    revision = await database_revision(services)
    checks = {
        "database": revision is not None,
        "migrations": revision == migration.head(),
        "disk": has_space(services.data),
    }
    return JSONResponse(checks, 200 if all(checks.values()) else 503)


async def database_revision(services: Services) -> str | None:
    """The revision of the database's schema; None if it does not answer in time."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            return await services.database.read("SELECT version_num FROM alembic_version", ())
    except (Unavailable, TimeoutError):
        return None


def has_space(folder: Path) -> bool:
    return shutil.disk_usage(folder).free >= LEAST_FREE_BYTES
