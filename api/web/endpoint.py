"""The GraphQL endpoint: one request from its reading to its answer."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from time import perf_counter

from graphql import ExecutionResult, OperationType
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.auth import Unauthenticated
from api.context import Context
from api.database.error import Unavailable
from api.execution.answer import graphql_error
from api.execution.execute import OperationNotAllowed, UnknownOperation, execute_document
from api.log import log, unexpected
from api.provider import ProviderUnavailable
from api.web.budget import REFUSED_COST, REQUEST_COST, WRONG_TOKEN_COST, Budgets
from api.web.caller import read_caller, set_refresh_cookie
from api.web.cancellation import CancelOnDisconnect
from api.web.client import client_address, client_of
from api.web.error import HttpError, InternalError, ThrottledError, UnavailableError, error_code
from api.web.explorer import explorer_page
from api.web.header import Headers
from api.web.negotiation import GRAPHQL_JSON, HTML, JSON, accepted_language, accepted_media_type
from api.web.request import GraphQLRequest, read_request
from api.web.response import error_response, result_response
from api.web.services import Services

OFFERS = (GRAPHQL_JSON, JSON)
PAGE_OFFERS = (*OFFERS, HTML)


class GraphQL:
    """The GraphQL endpoint, as an ASGI class because Starlette wraps functions in an exception handler."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await graphql(Request(scope, receive))
        except asyncio.CancelledError:
            # The server stops, and the request has had its time.
            log.warning("request ended unfinished")
            response = error_response(UnavailableError("The server stops; try again.", "UNAVAILABLE"), JSON)
        await response(scope, receive, send)


async def graphql(request: Request) -> Response:
    """Answers one GraphQL request. Browsers get the explorer, which is of no use where only trusted documents run."""
    services: Services = request.app.state.services
    is_page_offered = request.method in {"GET", "HEAD"} and services.documents.manifest is None
    media_type = accepted_media_type(Headers(request).get(b"accept", ""), PAGE_OFFERS if is_page_offered else OFFERS)
    if media_type == HTML:
        return explorer_page()
    try:
        return await answer(request, media_type)
    except HttpError as error:
        log.info("request refused", status=error.status, code=error.code)
        return error_response(error, media_type or JSON)
    except ClientDisconnect:
        log.info("request given up by its client")
        return Response(status_code=499)
    except Exception as error:  # noqa: BLE001  # The border: a client is answered in JSON, whatever happened.
        return error_response(InternalError(unexpected(error)), media_type or JSON)


async def answer(request: Request, media_type: str | None) -> Response:
    """Raises `HttpError` and `ClientDisconnect`."""
    start = perf_counter()
    if media_type is None:
        raise HttpError(406, f"Accept {GRAPHQL_JSON} or {JSON}.")
    services: Services = request.app.state.services
    asked = await read_paid(request, services)
    context = await make_context(request, services)
    result = await execute_paid(request, asked, context, services)
    log_request(context, asked, result, start)
    response = result_response(result, context, media_type)
    set_refresh_cookie(response, context.caller, request)
    return response


async def read_paid(request: Request, services: Services) -> GraphQLRequest:
    """What is asked. For what is no GraphQL request the address pays, as nobody has looked at a token yet."""
    try:
        return await read_request(request, services.documents)
    except HttpError:
        address = client_address(request, services.settings.limits)
        refuse_exhausted(services.budgets, address)
        services.budgets.spend(address, REQUEST_COST + REFUSED_COST)
        raise


async def execute_paid(
    request: Request, asked: GraphQLRequest, context: Context, services: Services
) -> ExecutionResult:
    """The result, which the client pays for; so it does for what raises an exception, such as `ClientDisconnect`."""
    execution = execute(asked, context, CancelOnDisconnect(request, context.usage))
    try:
        result = await services.watchdog.run(execution, asked.logged_name, asked.document)
    except BaseException as error:
        charge(services.budgets, context, refusals=int(isinstance(error, HttpError)))
        raise
    cost = charge(services.budgets, context, refusals=len(result.errors or ()) + len(context.problem_codes))
    if asked.extensions and asked.extensions.get("cost") is True:
        show_cost(result, context, services.budgets, cost)
    return result


def log_request(context: Context, asked: GraphQLRequest, result: ExecutionResult, start: float) -> None:
    """One line; nothing of the variables and of the answer but the codes of problems."""
    log.info(
        "request",
        id=context.id,
        operation=asked.logged_name,
        actor=context.actor.kind.name,
        milliseconds=round((perf_counter() - start) * 1000, 2),
        rows=context.usage.cost.rows,
        problems=context.problem_codes,
        errors=[error_code(error) for error in result.errors or ()],
    )


async def make_context(request: Request, services: Services) -> Context:
    """The context of one request, with its authenticated actor. Raises `HttpError`."""
    now, headers = services.clock(), Headers(request)
    authorization = headers.get(b"authorization", None)
    if services.database.monitor.is_down:
        raise UnavailableError(Unavailable.message, Unavailable.code)
    address = client_address(request, services.settings.limits)
    budgets = services.budgets
    try:
        actor = await services.authenticator.authenticate(authorization, now)
    except Unauthenticated:
        # The address pays for it; accounts that share it do not.
        log.warning("token refused", address=address)
        refuse_exhausted(budgets, address)
        budgets.spend(address, WRONG_TOKEN_COST)
        raise HttpError(
            401, "The token is invalid or has expired.", "UNAUTHENTICATED", headers={"WWW-Authenticate": "Bearer"}
        ) from None
    except ProviderUnavailable:
        raise UnavailableError("The provider of this token does not answer; try again.", "UNAVAILABLE") from None
    except Unavailable as error:
        raise UnavailableError(error.message, error.code) from None
    client = client_of(actor, address)
    refuse_exhausted(budgets, client.name)

    def rate_limit() -> Mapping[str, object]:
        cost = REQUEST_COST + client.milliseconds
        left = budgets.limit - budgets.used(client.name) - cost
        full_at = now + timedelta(seconds=budgets.seconds_until_full(client.name))
        counts = {"cost": round(cost), "most": budgets.limit, "remaining": max(0, round(left))}
        return {**counts, "reset_at": full_at}

    return Context(
        actor,
        now,
        services.clock,
        services.database,
        services.planner,
        services.vault,
        caller=read_caller(request, headers, address, services.settings.origins, services.authenticator),
        language=accepted_language(headers.get(b"accept-language", "")),
        client=client,
        rate_limit=rate_limit,
        forget_actor=partial(services.authenticator.forget, authorization),
        limits=services.settings.limits,
        is_schema_open=services.settings.introspection == "everybody" or actor.account_id is not None,
    )


def refuse_exhausted(budgets: Budgets, client: str) -> None:
    if seconds := budgets.seconds_to_wait(client):
        log.warning("request throttled", client=client)
        raise ThrottledError(seconds)


def charge(budgets: Budgets, context: Context, *, refusals: int) -> float:
    """Takes the cost of the request from its client's budget."""
    assert context.client is not None
    cost = REQUEST_COST + context.client.milliseconds + refusals * REFUSED_COST
    budgets.spend(context.client.name, cost)
    return cost


def show_cost(result: ExecutionResult, context: Context, budgets: Budgets, cost: float) -> None:
    assert context.client is not None
    shown = {
        "cost": round(cost),
        "databaseMilliseconds": round(context.client.seconds * 1000, 2),
        "validationMilliseconds": round(context.client.validation_seconds * 1000, 2),
        "rows": context.usage.cost.rows,
        "bytes": context.usage.cost.bytes,
        "limit": budgets.limit,
        "remaining": max(0, round(budgets.limit - budgets.used(context.client.name))),
    }
    result.extensions = {**(result.extensions or {}), "cost": shown}


async def execute(asked: GraphQLRequest, context: Context, cancellation: CancelOnDisconnect) -> ExecutionResult:
    """Executes the operation. Raises `ClientDisconnect` if it was cancelled because the client disconnected."""
    try:
        return await execute_document(
            context.planner.schema,
            asked.document,
            context,
            variables=asked.variables,
            name=asked.operation_name,
            extensions=asked.extensions,
            allowed=asked.allowed,
        )
    except UnknownOperation:
        return refused("Name one of the document's operations in 'operationName'.")
    except OperationNotAllowed as error:
        if error.kind is OperationType.MUTATION:
            raise HttpError(405, "Send mutations by POST.", headers={"Allow": "POST"}) from None
        return refused("There are no subscriptions.")
    except asyncio.CancelledError:
        if not cancellation.has_cancelled:
            raise
        cancellation.task.uncancel()
        raise ClientDisconnect from None
    finally:
        cancellation.stop()


def refused(message: str) -> ExecutionResult:
    return ExecutionResult(None, [graphql_error(message, "BAD_USER_INPUT")])
