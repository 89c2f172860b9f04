"""The refusal that every reader of a value raises."""


class Unreadable(Exception):
    """A value cannot be read. Says what is wrong and how to write it, in Indonesian and English, never the value itself."""

    def __init__(self, indonesian: str, english: str) -> None:
        super().__init__(english)
        self.indonesian = indonesian
        self.english = english

    @property
    def detail(self) -> tuple[str, str]:
        """Both messages, Indonesian first."""
        return self.indonesian, self.english
