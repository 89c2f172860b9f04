"""Errors as clients see them: HTTP statuses, messages and stable codes."""

from typing import Any

from graphql import GraphQLError

from api.context import Context
from api.log import unexpected


class HttpError(Exception):
    """Ends the request with an HTTP error status and one GraphQL error."""

    def __init__(self, status: int, message: str, code: str = "BAD_REQUEST") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


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
