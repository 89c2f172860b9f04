"""The headers of a request."""

from typing import TypeVar

from starlette.requests import Request

T = TypeVar("T")


class Headers:
    """Values by name, which is in lower case. What is sent in several lines is one list, as HTTP has it.

    Starlette goes through all headers each time it is asked for one; a request asks for seven.
    """

    __slots__ = ("_values",)

    def __init__(self, request: Request) -> None:
        pairs: list[tuple[bytes, bytes]] = request.scope["headers"]
        self._values = dict(pairs)
        if len(self._values) < len(pairs):
            self._values = {name: b",".join(value for each, value in pairs if each == name) for name in self._values}

    def get(self, name: bytes, otherwise: T) -> str | T:
        value = self._values.get(name)
        return otherwise if value is None else value.decode("latin-1")
