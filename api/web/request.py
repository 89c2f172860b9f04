"""Reading a GraphQL request: its media type, its body, its members."""

from typing import Any

import orjson
from starlette.requests import Request

from api.web.error import HttpError
from api.web.response import JSON

MAX_BODY_BYTES = 256 * 1024
# Members of the request body that may be missing or null: their type, and its name for error messages.
OPTIONAL_MEMBERS: dict[str, tuple[type, str]] = {
    "variables": (dict, "an object"),
    "operationName": (str, "a string"),
    "extensions": (dict, "an object"),
}


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
