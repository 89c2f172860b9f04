"""Reading a GraphQL request: from the body of a POST or the address of a GET."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from graphql import OperationType
from starlette.requests import Request

from api.execution.execute import ALL_OPERATIONS, READING
from api.web.document import Documents
from api.web.error import HttpError
from api.web.header import Headers
from api.web.negotiation import JSON, is_json

METHODS = ("GET", "HEAD", "POST")
MAX_BODY_BYTES = 256 * 1024
# What is logged as the name of an operation; anything else that is sent as one is not.
LOGGED_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]{0,99}")
# Members that may be missing or null: their type, and its name for error messages.
OPTIONAL_MEMBERS = (
    ("variables", dict | None, "an object"),
    ("operationName", str | None, "a string"),
    ("extensions", dict | None, "an object"),
)


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """What the client wants to have executed, and which kinds of operations its method may execute."""

    document: str
    variables: dict[str, Any] | None
    operation_name: str | None
    extensions: dict[str, Any] | None
    allowed: Collection[OperationType]

    @property
    def logged_name(self) -> str | None:
        name = self.operation_name
        return name if name is not None and LOGGED_NAME.fullmatch(name) else None

    @classmethod
    def from_members(
        cls, members: Mapping[str, Any], allowed: Collection[OperationType], documents: Documents
    ) -> "GraphQLRequest":
        """Raises `HttpError` if a member has the wrong type, or the document may not be executed."""
        for name, type_, type_name in OPTIONAL_MEMBERS:
            if not isinstance(members.get(name), type_):
                raise HttpError(400, f"'{name}' must be {type_name}.")
        get = members.get
        return cls(documents.find(members), get("variables"), get("operationName"), get("extensions"), allowed)


async def read_request(request: Request, documents: Documents) -> GraphQLRequest:
    """Raises `HttpError` if it is not a GraphQL request, or its document may not be executed."""
    if request.method not in METHODS:
        raise HttpError(405, "Send queries by GET or POST, mutations by POST.", headers={"Allow": ", ".join(METHODS)})
    if request.method == "POST":
        return GraphQLRequest.from_members(parse_body(await read_body(request)), ALL_OPERATIONS, documents)
    return GraphQLRequest.from_members(parse_address(request.scope["query_string"]), READING, documents)


async def read_body(request: Request) -> bytearray:
    """The raw request body. Raises `HttpError` if it is too large, compressed or not JSON."""
    headers = Headers(request)
    if not is_json(headers.get(b"content-type", "")):
        raise HttpError(415, f"Send the request as {JSON} in UTF-8.")
    if headers.get(b"content-encoding", "identity").lower() != "identity":
        raise HttpError(415, "Send the request uncompressed.", headers={"Accept-Encoding": "identity"})
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY_BYTES:
            raise HttpError(413, f"A request body may have at most {MAX_BODY_BYTES} bytes.")
    return raw


def parse_body(raw: bytearray) -> Mapping[str, Any]:
    """The members of a GraphQL request. Raises `HttpError` if it is not a JSON object."""
    body = parse_json(raw, "The request body")
    if isinstance(body, list):
        raise HttpError(400, "Batches are not supported: send each request by itself, over one connection.")
    if not isinstance(body, dict):
        raise HttpError(400, "The request body must be a JSON object.")
    return body


def parse_address(query_string: bytes) -> Mapping[str, Any]:
    """The members of a GraphQL request. Raises `HttpError` if the address is malformed or names one twice."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), errors="strict", max_num_fields=20)
    except ValueError:
        raise HttpError(400, "The parameters of the address are malformed.") from None
    members: dict[str, Any] = dict(pairs)
    if len(members) < len(pairs):
        raise HttpError(400, "A parameter may be in the address only once.")
    for name in members.keys() & {"variables", "extensions"}:
        members[name] = parse_json(members[name], f"'{name}'")
    return members


def parse_json(text: bytearray | str, what: str) -> object:
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise HttpError(400, f"{what} is not valid JSON.") from None
    return value
