"""The Starlette application: routes, lifespan, and GraphQL over HTTP."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from graphql import GraphQLError, OperationType, get_operation_ast, parse
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult

from api.auth import Authenticator, Tokens, Unauthenticated, read_or_create_secret
from api.compiler.plan import Planner
from api.context import Context
from api.database import engine
from api.database.engine import Database, Pooler
from api.resolvers import SOURCES
from api.schema.build import SCHEMA, core
from api.services.vault import KEY_BYTES, Vault

LARGEST_BODY = 256 * 1024
JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
# The members that a request may leave out.
OPTIONAL: dict[str, tuple[type, str]] = {
    "variables": (dict, "an object"),
    "operationName": (str, "a text"),
    "extensions": (dict, "an object"),
}
# Seconds after which a client is looked for. Most have their answer by then, and pay nothing for it.
PATIENCE = 1.0

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the application."""

    database: Database
    planner: Planner
    authenticator: Authenticator
    vault: Vault
    clock: Clock


class Refused(Exception):
    """A request that is no GraphQL request: its status and its error."""

    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def application(url: str, data: Path, *, clock: Clock = wall_clock, pooler: Pooler | None = None) -> Starlette:
    """The application on a migrated database; its keys lie in the data folder."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        database = await Database.open(url, pooler=pooler)
        try:
            app.state.services = Services(
                database,
                Planner(core(), SOURCES),
                Authenticator(Tokens.of(data), database),
                load_vault(data),
                clock,
            )
            yield
        finally:
            await database.close()

    routes = [Route("/graphql", GraphQL(), methods=["POST"]), Route("/health", health), Route("/", front)]
    return Starlette(routes=routes, lifespan=lifespan)


def load_vault(data: Path) -> Vault:
    """The vault under the key in the data folder, made on the first start. Without it no NIK can be found again."""
    return Vault.of(read_or_create_secret(data / "vault.key", lambda: os.urandom(KEY_BYTES)))


async def front(_request: Request) -> Response:
    return PlainTextResponse("Sigap. Ask by POST at /graphql; README.md shows how.\n")


async def health(request: Request) -> Response:
    """Whether requests can be answered: the database says so."""
    try:
        await request.app.state.services.database.read("SELECT 'ok'", ())
    except engine.Unavailable:
        return PlainTextResponse("The database does not answer.\n", status_code=503)
    return PlainTextResponse("ok\n")


class GraphQL:
    """The route as an ASGI application: Starlette would guard a function against exceptions that it does not raise."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await graphql(Request(scope, receive))
        await response(scope, receive, send)


async def graphql(request: Request) -> Response:
    """GraphQL over HTTP: a request that cannot be executed is 4xx where the client takes the newer media type."""
    media_type = GRAPHQL_JSON if GRAPHQL_JSON in request.headers.get("accept", "") else JSON
    try:
        body = members(await read_body(request))
        context = await context_of(request)
        result = await execute(body, context, Watch(request, body))
    except Refused as refused:
        error = {"message": str(refused), "extensions": {"code": refused.code}}
        headers = {"WWW-Authenticate": "Bearer"} if refused.status == 401 else None
        return Response(orjson.dumps({"errors": [error]}), refused.status, headers, media_type)
    except ClientDisconnect:
        return Response(status_code=499)
    never_ran = result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())
    status = 400 if never_ran and media_type == GRAPHQL_JSON else 200
    return Response(encoded(result), status, media_type=media_type)


async def read_body(request: Request) -> bytearray:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise Refused(415, f"Send the request as {JSON}.")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST_BODY:
            raise Refused(413, f"A request has at most {LARGEST_BODY} bytes.")
    return raw


def members(raw: bytearray) -> dict[str, Any]:
    """What the request says, each member of the right type."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(body, dict) or not isinstance(body.get("query"), str) or not body["query"].strip():
        raise Refused(400, "The body is an object with the document in 'query'.")
    for name, (type_, what) in OPTIONAL.items():
        if not isinstance(body.get(name), type_ | None):
            raise Refused(400, f"'{name}' is {what}.")
    return body


async def context_of(request: Request) -> Context:
    services: Services = request.app.state.services
    now = services.clock()
    try:
        actor = await services.authenticator.actor(request.headers.get("authorization"), now)
    except Unauthenticated:
        raise Refused(401, "The token is not valid, or no longer.", "UNAUTHENTICATED") from None
    except engine.Unavailable:
        raise Refused(503, "The database does not answer; try again.", "UNAVAILABLE") from None
    return Context(actor, now, services.database, services.planner, services.vault)


async def execute(body: dict[str, Any], context: Context, watch: "Watch") -> ExecutionResult:
    """Raises `ClientDisconnect` where nobody waits for the answer any more."""
    try:
        return await SCHEMA.execute(
            body["query"],
            variable_values=body.get("variables"),
            operation_name=body.get("operationName"),
            context_value=context,
            operation_extensions=body.get("extensions"),
        )
    except (CannotGetOperationTypeError, InvalidOperationTypeError):
        raise Refused(400, "Name one of the document's operations in 'operationName'.") from None
    except asyncio.CancelledError:
        if not watch.has_ended:
            raise
        watch.task.uncancel()
        raise ClientDisconnect from None
    finally:
        watch.stop()


class Watch:
    """Ends a read whose client has left, and with it its statements; what writes is never ended."""

    def __init__(self, request: Request, body: Mapping[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self.task = task
        self.has_ended = False
        self._request = request
        self._body = body
        self._looking: asyncio.Task[None] | None = None
        self._timer = loop.call_later(PATIENCE, self._begin)

    def stop(self) -> None:
        self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def _begin(self) -> None:
        node = get_operation_ast(parse(self._body["query"]), self._body.get("operationName"))
        if node is not None and node.operation is OperationType.QUERY:
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self.has_ended = True
        self.task.cancel()


def encoded(result: ExecutionResult) -> bytes:
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer["errors"] = [formatted(error) for error in result.errors]
    if result.extensions:
        answer["extensions"] = result.extensions
    return orjson.dumps(answer)


def formatted(error: GraphQLError) -> dict[str, Any]:
    """What the client may read; what nobody foresaw is not shown."""
    unforeseen = error.original_error is not None and not isinstance(error.original_error, GraphQLError)
    code = (error.extensions or {}).get("code") or ("INTERNAL" if unforeseen else "BAD_USER_INPUT")
    shown = dict(error.formatted)
    if unforeseen:
        shown["message"] = "Something went wrong on our side; it has been noted."
    return {**shown, "extensions": {**(error.extensions or {}), "code": code}}
