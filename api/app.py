"""The Starlette application: routes and lifespan."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Route

from api.auth import Authenticator, Tokens
from api.compiler.plan import Planner
from api.context import Clock, wall_clock
from api.database.engine import Database, Pooler
from api.keys import open_vault
from api.provider import provider_of
from api.resolvers import SOURCES
from api.schema.build import core_schema
from api.settings import DEFAULTS, Settings
from api.transport import Transport
from api.web.budget import Budgets
from api.web.calendar import download_calendar
from api.web.document import Documents
from api.web.download import download_evidence, download_refused, download_table
from api.web.endpoint import GraphQL
from api.web.explorer import DemoPerson, explorer_routes
from api.web.file import file_route
from api.web.health import health, ready
from api.web.middleware import Application
from api.web.page import contract, document, index
from api.web.qr import qr
from api.web.services import Services
from api.web.upload import upload_file
from api.web.watchdog import Watchdog
from api.worker import Worker, running


def application(
    url: str,
    data: Path,
    *,
    clock: Clock = wall_clock,
    pooler: Pooler | None = None,
    settings: Settings = DEFAULTS,
    people: Sequence[DemoPerson] = (),
    transport: Transport | None = None,
) -> Application:
    """Creates the ASGI application for a migrated database; the secret keys are in the folder `data`.

    Whoever uses the explorer may ask as one of `people`. With a transport it runs the worker, too.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        limits, watchdog, budgets = settings.limits, Watchdog(), Budgets(settings.limits.budget)
        database = await Database.open(url, pooler=pooler, read_seconds=limits.read_seconds)
        try:
            vault = await open_vault(data, database)
            provider = provider_of(settings)
            worker = running(Worker(database, vault, clock, transport, limits)) if transport else nullcontext()
            app.state.services = Services(
                database,
                Planner(core_schema(), SOURCES),
                Authenticator(
                    Tokens.load(data),
                    database,
                    demands_second_factor=settings.second_factor == "coordinators",
                    provider=provider,
                    creates_accounts=settings.oidc_accounts == "create",
                ),
                vault,
                clock,
                Documents(settings.documents),
                settings,
                data,
                budgets,
                watchdog,
            )
            sharing = budgets.shared(database, vault) if limits.servers == "several" else nullcontext()
            async with watchdog.running(), worker, sharing:
                yield
        finally:
            await database.close()

    endpoint = GraphQL()
    routes = [
        Route("/graphql", endpoint),
        Route("/uploads", file_route(upload_file), methods=["POST"]),
        Route("/imports/{job}/refused.{format}", file_route(download_refused)),
        Route("/evidence/{request}", file_route(download_evidence)),
        Route("/calendars/{secret}.ics", file_route(download_calendar)),
        Route("/exports/{table}.{format}", file_route(download_table)),
        Route("/schema.graphql", contract),
        Route("/docs/{name}", document),
        Route("/qr/{code}.svg", qr),
        Route("/health", health),
        Route("/ready", ready),
        Route("/", index),
        *explorer_routes(people),
    ]
    app = Application(routes=routes, lifespan=lifespan)
    app.origins, app.direct = settings.origins, {"/graphql": endpoint}
    return app
