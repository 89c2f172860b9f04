"""Writing a GraphQL answer: its status and its JSON."""

from typing import Any

import orjson
from graphql import ExecutionResult
from starlette.responses import Response

from api.context import Context
from api.web.error import NO_HEADERS, RETRY_AFTER, RETRYABLE, HttpError, ThrottledError, error_code, format_error
from api.web.negotiation import GRAPHQL_JSON


def result_response(result: ExecutionResult, context: Context, media_type: str) -> Response:
    """Where the media type is application/graphql-response+json, a request that was never executed has status 400.

    One of which nothing could be answered, but may be later, has status 503.
    """
    status, headers = 200, NO_HEADERS
    if media_type == GRAPHQL_JSON and not has_run(result):
        status = 400
    if media_type == GRAPHQL_JSON and may_succeed_later(result):
        status, headers = 503, RETRY_AFTER
    return Response(encode_result(result, context), status, headers, media_type)


def may_succeed_later(result: ExecutionResult) -> bool:
    """Whether there is no data, and all errors are of a kind that passes."""
    is_empty = all(value is None for value in (result.data or {}).values())
    return is_empty and bool(result.errors) and {error_code(error) for error in result.errors or ()} <= RETRYABLE


def has_run(result: ExecutionResult) -> bool:
    """Whether execution began: what fails then is the error of a field."""
    return result.data is not None or not result.errors or any(error.path for error in result.errors)


def encode_result(result: ExecutionResult, context: Context) -> bytes:
    body: dict[str, Any] = {"data": result.data} if has_run(result) else {}
    if result.errors:
        body["errors"] = [format_error(error, context) for error in result.errors]
    if result.extensions:
        body["extensions"] = result.extensions
    return orjson.dumps(body)


def error_response(error: HttpError, media_type: str) -> Response:
    # Clients of the older media type take no other status for an answer.
    status = 200 if isinstance(error, ThrottledError) and media_type != GRAPHQL_JSON else error.status
    return Response(orjson.dumps({"errors": [error.as_json()]}), status, error.headers, media_type)
