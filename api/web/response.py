"""Writing a GraphQL answer: its media type, its status, its JSON."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from strawberry.types import ExecutionResult

from api.context import Context
from api.web.error import HttpError, format_error

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"


def accepted_media_type(request: Request) -> str:
    return GRAPHQL_JSON if GRAPHQL_JSON in request.headers.get("accept", "") else JSON


def result_response(result: ExecutionResult, context: Context, media_type: str) -> Response:
    """Where the media type is application/graphql-response+json, a request that could not be executed has status 400."""
    never_ran = result.data is None and bool(result.errors) and all(error.path is None for error in result.errors or ())
    status = 400 if never_ran and media_type == GRAPHQL_JSON else 200
    return Response(encode_result(result, context), status, media_type=media_type)


def error_response(error: HttpError, media_type: str) -> Response:
    body = {"errors": [{"message": str(error), "extensions": {"code": error.code}}]}
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return Response(orjson.dumps(body), error.status, headers, media_type)


def encode_result(result: ExecutionResult, context: Context) -> bytes:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [format_error(error, context) for error in result.errors]
    if result.extensions:
        body["extensions"] = result.extensions
    return orjson.dumps(body)
