"""Errors as clients see them: HTTP statuses, messages and stable codes."""

import re
from collections.abc import Mapping
from math import ceil
from types import MappingProxyType
from typing import Any

from graphql import GraphQLError

from api.context import Context
from api.execution.message import without_values
from api.log import unexpected

INTERNAL = "An internal error occurred; it has been logged under the id in extensions."
# What graphql-core adds to a message about an unknown name.
SUGGESTION = re.compile(r" Did you mean .*\?$", re.DOTALL)
NO_HEADERS: Mapping[str, str] = MappingProxyType({})

# Of what may succeed later without a change of the request, and in how many seconds.
RETRYABLE = frozenset({"UNAVAILABLE", "OVERLOADED"})
RETRY_AFTER = MappingProxyType({"Retry-After": "1"})


class HttpError(Exception):
    """Ends the request with an HTTP error status and one GraphQL error."""

    def __init__(
        self, status: int, message: str, code: str = "BAD_REQUEST", *, headers: Mapping[str, str] = NO_HEADERS
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers

    def as_json(self) -> dict[str, Any]:
        return {"message": str(self), "extensions": {"code": self.code}}


class UnavailableError(HttpError):
    """The request may succeed later as it is."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(503, message, code, headers=RETRY_AFTER)


class ThrottledError(HttpError):
    """The client has used up its budget; it may go on after these seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = ceil(round(seconds, 3))
        message = f"Your budget for this minute is used up; try again in {self.seconds} seconds."
        super().__init__(429, message, "THROTTLED", headers={"Retry-After": str(self.seconds)})

    def as_json(self) -> dict[str, Any]:
        return {"message": str(self), "extensions": {"code": self.code, "retryAfter": self.seconds}}


class InternalError(HttpError):
    """Something that nothing handled; the log has it under `id`."""

    def __init__(self, id: str) -> None:
        super().__init__(500, INTERNAL, "INTERNAL")
        self.id = id

    def as_json(self) -> dict[str, Any]:
        return {"message": str(self), "extensions": {"code": self.code, "id": self.id}}


def format_error(error: GraphQLError, context: Context) -> dict[str, Any]:
    """The error as JSON, with `extensions.code`; an unexpected exception is logged, and only its id is shown."""
    original, extensions = error.original_error, {**(error.extensions or {}), "code": error_code(error)}
    if original is None or isinstance(original, GraphQLError):
        message = without_values(error.message)
        message = message if context.is_schema_open else SUGGESTION.sub("", message)
        return {**error.formatted, "message": message, "extensions": extensions}
    id_ = unexpected(original, request=context.id, path=error.path)
    shown = {**error.formatted, "message": INTERNAL}
    return {**shown, "extensions": {**extensions, "id": id_}}


def error_code(error: GraphQLError) -> str:
    is_unexpected = error.original_error is not None and not isinstance(error.original_error, GraphQLError)
    return str((error.extensions or {}).get("code") or ("INTERNAL" if is_unexpected else "BAD_USER_INPUT"))
