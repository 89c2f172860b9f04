"""Writing a GraphQL answer: its status and its JSON."""

from typing import Any

import orjson
from starlette.responses import Response
from strawberry.types import ExecutionResult

from api.context import Context
from api.web.error import HttpError, format_error
from api.web.negotiation import GRAPHQL_JSON


def result_response(result: ExecutionResult, context: Context, media_type: str) -> Response:
    """Where the media type is application/graphql-response+json, a request that was never executed has status 400."""
    status = 400 if media_type == GRAPHQL_JSON and not has_run(result) else 200
    return Response(encode_result(result, context), status, media_type=media_type)


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
    return Response(orjson.dumps({"errors": [error.as_json()]}), error.status, error.headers, media_type)
