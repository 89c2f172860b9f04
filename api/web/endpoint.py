"""The GraphQL endpoint: one request from its reading to its answer."""

import asyncio
from collections.abc import Mapping
from time import perf_counter
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult

from api.auth import Unauthenticated
from api.context import Context
from api.database import engine
from api.log import log
from api.schema.build import SCHEMA
from api.web.cancellation import CancelOnDisconnect
from api.web.error import HttpError, error_code
from api.web.request import parse_body, read_body
from api.web.response import accepted_media_type, error_response, result_response
from api.web.services import Services


class GraphQL:
    """The GraphQL endpoint, as an ASGI class because Starlette wraps functions in an exception handler."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await graphql(Request(scope, receive))
        await response(scope, receive, send)


async def graphql(request: Request) -> Response:
    """Answers one GraphQL request."""
    media_type = accepted_media_type(request)
    start = perf_counter()
    try:
        body = parse_body(await read_body(request))
        context = await make_context(request)
        result = await execute(body, context, CancelOnDisconnect(request, body))
    except HttpError as error:
        return error_response(error, media_type)
    except ClientDisconnect:
        return Response(status_code=499)
    log_request(context, body, result, start)
    return result_response(result, context, media_type)


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


async def execute(body: dict[str, Any], context: Context, cancellation: CancelOnDisconnect) -> ExecutionResult:
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
