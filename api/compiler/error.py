"""The compiler's two exceptions: a mistake of the client, and a mistake in the program's declarations."""


class BadInput(Exception):
    """The client's request cannot be answered. The message may be shown to the client; `path` is the response path."""

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class Undeclared(Exception):
    """The schema has fields without a valid source. Raised at start-up, with one line per field."""
