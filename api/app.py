"""The Starlette application: routes, lifespan, and GraphQL over HTTP."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
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
from api.context import Clock, Context, wall_clock
from api.database import engine
from api.database.engine import Database, Pooler
from api.log import log, unexpected
from api.resolvers import SOURCES
from api.schema.build import SCHEMA, core_schema
from api.services.vault import KEY_BYTES, Vault

MAX_BODY_BYTES = 256 * 1024
JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
# Members of the request body that may be missing or null: their type, and its name for error messages.
OPTIONAL_MEMBERS: dict[str, tuple[type, str]] = {
    "variables": (dict, "an object"),
    "operationName": (str, "a string"),
    "extensions": (dict, "an object"),
}
# Delay before listening for a disconnect. Most requests are answered sooner, and save its cost.
DISCONNECT_CHECK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Services:
    """Objects shared by all requests, created at start-up."""

    database: Database
    planner: Planner
    authenticator: Authenticator
    vault: Vault
    clock: Clock


class HttpError(Exception):
    """Ends the request with an HTTP error status and one GraphQL error."""

    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def application(url: str, data: Path, *, clock: Clock = wall_clock, pooler: Pooler | None = None) -> Starlette:
    """Creates the ASGI application for a migrated database; the secret keys are in the folder `data`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        database = await Database.open(url, pooler=pooler)
        try:
            app.state.services = Services(
                database,
                Planner(core_schema(), SOURCES),
                Authenticator(Tokens.load(data), database),
                load_vault(data),
                clock,
            )
            yield
        finally:
            await database.close()

    routes = [Route("/graphql", GraphQL(), methods=["POST"]), Route("/health", health), Route("/", index)]
    return Starlette(routes=routes, lifespan=lifespan)


def load_vault(data: Path) -> Vault:
    """The vault with the key in the folder `data`, created on the first start.

    Without that key no stored NIK can be decrypted or looked up.
    """
    return Vault.of(read_or_create_secret(data / "vault.key", lambda: os.urandom(KEY_BYTES)))


async def index(_request: Request) -> Response:
    return PlainTextResponse("Sigap. Send GraphQL requests by POST to /graphql; README.md shows how.\n")


async def health(request: Request) -> Response:
    """Status 200 if the database answers, otherwise 503."""
    try:
        await request.app.state.services.database.read("SELECT 'ok'", ())
    except engine.Unavailable:
        return PlainTextResponse("The database does not answer.\n", status_code=503)
    return PlainTextResponse("ok\n")


class GraphQL:
    """The GraphQL endpoint, as an ASGI class because Starlette wraps functions in an exception handler."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await graphql(Request(scope, receive))
        await response(scope, receive, send)


async def graphql(request: Request) -> Response:
    """Answers one GraphQL request.

    Where the client accepts application/graphql-response+json, a request that could not be executed has status 400;
    with application/json it has status 200.
    """
    media_type = GRAPHQL_JSON if GRAPHQL_JSON in request.headers.get("accept", "") else JSON
    start = perf_counter()
    try:
        body = parse_body(await read_body(request))
        context = await make_context(request)
        result = await execute(body, context, CancelOnDisconnect(request, body))
        log_request(context, body, result, start)
    except HttpError as http_error:
        error = {"message": str(http_error), "extensions": {"code": http_error.code}}
        headers = {"WWW-Authenticate": "Bearer"} if http_error.status == 401 else None
        return Response(orjson.dumps({"errors": [error]}), http_error.status, headers, media_type)
    except ClientDisconnect:
        return Response(status_code=499)
    never_ran = result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())
    status = 400 if never_ran and media_type == GRAPHQL_JSON else 200
    return Response(encode_result(result, context), status, media_type=media_type)


def log_request(context: Context, body: Mapping[str, Any], result: ExecutionResult, start: float) -> None:
    """One line; nothing of the variables and of the answer but the codes of problems."""
    log.info(
        "request",
        id=context.id,
        operation=body.get("operationName"),
        actor=context.actor.kind.name,
        milliseconds=round((perf_counter() - start) * 1000, 2),
        rows=sum(context.row_counts),
        problems=context.problem_codes,
        errors=[error_code(error) for error in result.errors or ()],
    )


async def read_body(request: Request) -> bytearray:
    """The raw request body. Raises `HttpError` if it is too large or its content type is not JSON."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise HttpError(415, f"Send the request as {JSON}.")
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise HttpError(413, f"A request body may have at most {MAX_BODY_BYTES} bytes.")
    return raw


def parse_body(raw: bytearray) -> dict[str, Any]:
    """The members of a GraphQL request. Raises `HttpError` if one has the wrong type."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise HttpError(400, "The request body is not valid JSON.") from None
    if not isinstance(body, dict) or not isinstance(body.get("query"), str) or not body["query"].strip():
        raise HttpError(400, "The request body must be a JSON object with the document in 'query'.")
    for name, (type_, type_name) in OPTIONAL_MEMBERS.items():
        if not isinstance(body.get(name), type_ | None):
            raise HttpError(400, f"'{name}' must be {type_name}.")
    return body


async def make_context(request: Request) -> Context:
    """The context of one request, with its authenticated actor. Raises `HttpError`."""
    services: Services = request.app.state.services
    now = services.clock()
    try:
        actor = await services.authenticator.authenticate(request.headers.get("authorization"), now)
    except Unauthenticated:
        raise HttpError(401, "The token is invalid or has expired.", "UNAUTHENTICATED") from None
    except engine.Unavailable:
        raise HttpError(503, "The database does not answer; try again.", "UNAVAILABLE") from None
    return Context(actor, now, services.clock, services.database, services.planner, services.vault)


async def execute(body: dict[str, Any], context: Context, cancellation: "CancelOnDisconnect") -> ExecutionResult:
    """Executes the operation. Raises `ClientDisconnect` if it was cancelled because the client disconnected."""
    try:
        return await SCHEMA.execute(
            body["query"],
            variable_values=body.get("variables"),
            operation_name=body.get("operationName"),
            context_value=context,
            operation_extensions=body.get("extensions"),
        )
    except (CannotGetOperationTypeError, InvalidOperationTypeError):
        raise HttpError(400, "Name one of the document's operations in 'operationName'.") from None
    except asyncio.CancelledError:
        if not cancellation.has_cancelled:
            raise
        cancellation.task.uncancel()
        raise ClientDisconnect from None
    finally:
        cancellation.stop()


class CancelOnDisconnect:
    """Cancels a query, and with it its SQL statements, when the client disconnects. Mutations are never cancelled."""

    def __init__(self, request: Request, body: Mapping[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        assert task is not None
        self.task = task
        self.has_cancelled = False
        self._request = request
        self._body = body
        self._listener: asyncio.Task[None] | None = None
        self._timer = loop.call_later(DISCONNECT_CHECK_SECONDS, self._start)

    def stop(self) -> None:
        self._timer.cancel()
        if self._listener is not None:
            self._listener.cancel()

    def _start(self) -> None:
        node = get_operation_ast(parse(self._body["query"]), self._body.get("operationName"))
        if node is not None and node.operation is OperationType.QUERY:
            self._listener = asyncio.create_task(self._cancel_on_disconnect())

    async def _cancel_on_disconnect(self) -> None:
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self.has_cancelled = True
        self.task.cancel()


def encode_result(result: ExecutionResult, context: Context) -> bytes:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [format_error(error, context) for error in result.errors]
    if result.extensions:
        body["extensions"] = result.extensions
    return orjson.dumps(body)


def format_error(error: GraphQLError, context: Context) -> dict[str, Any]:
    """The error as JSON, with `extensions.code`; an unexpected exception is logged, and only its id is shown."""
    original, extensions = error.original_error, {**(error.extensions or {}), "code": error_code(error)}
    if original is None or isinstance(original, GraphQLError):
        return {**error.formatted, "extensions": extensions}
    id_ = unexpected(original, request=context.id, path=error.path)
    shown = {**error.formatted, "message": "An internal error occurred; it has been logged under the id in extensions."}
    return {**shown, "extensions": {**extensions, "id": id_}}


def error_code(error: GraphQLError) -> str:
    is_unexpected = error.original_error is not None and not isinstance(error.original_error, GraphQLError)
    return str((error.extensions or {}).get("code") or ("INTERNAL" if is_unexpected else "BAD_USER_INPUT"))
