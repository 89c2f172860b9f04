"""The compiler's exceptions: a mistake of the client, and a mistake in the program's declarations."""


class BadInput(Exception):
    """The client's request cannot be answered. The message may be shown to the client; `path` is the response path."""

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class ReplacedKey(BadInput):
    """A key that is no longer in force; `key_in_force` has taken its place."""

    def __init__(self, key_in_force: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(f"This code is no longer in force; it is now {key_in_force}.", path)
        self.key_in_force = key_in_force


class Undeclared(Exception):
    """The schema has fields without a valid source. Raised at start-up, with one line per field."""
