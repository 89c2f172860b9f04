"""What the compiler refuses, and whose mistake it is."""


class BadInput(Exception):
    """The client asked for something impossible; the text is safe to show."""

    def __init__(self, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.path = path


class Undeclared(Exception):
    """A field of the schema has no source: a mistake in the program, found when it starts."""
