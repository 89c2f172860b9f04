"""The window of a connection: how many, from where, in which order."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from api.compiler import cursor
from api.compiler.error import BadInput
from api.compiler.source import Source
from api.compiler.template import parameter
from api.compiler.text import Written
from api.compiler.value import Arguments, Binds, Path, Reader, Variables, reader

MOST = 100

Column = tuple[str, sa.types.TypeEngine[object]]


@dataclass(frozen=True, slots=True)
class Window:
    """Part of an ordered list: its first or its last so many, after one cursor, before another."""

    source: Source
    order_name: str
    size: Reader
    backward: bool
    after: object
    before: object
    binds: Binds
    path: Path

    @classmethod
    def of(cls, arguments: Arguments, source: Source, binds: Binds, path: Path) -> "Window":
        first, last = arguments["first"], arguments["last"]
        if (first is None) == (last is None):
            raise BadInput(f"Give either first or last, 1 to {MOST}.", path)
        order_name = str(arguments["order_by"] or next(iter(source.orders)))
        size = reader(last if first is None else first)
        window = cls(source, order_name, size, first is None, arguments["after"], arguments["before"], binds, path)
        binds.checks.append(window.check)
        return window

    def check(self, variables: Variables) -> None:
        """Refuses a wrong size, also where no rows are read at all."""
        if not 1 <= self.size(variables) <= MOST:
            raise BadInput(f"Give either first or last, 1 to {MOST}.", self.path)

    @property
    def tag(self) -> str:
        return f"{self.source.name}.{self.order_name}"

    @property
    def falls(self) -> bool:
        return self.source.orders[self.order_name].descending

    def ordering(self, columns: Sequence[Column], *, backward: bool) -> list[str]:
        """The columns of the total order, from the list's beginning or from its end."""
        direction = " DESC" if self.falls != backward else ""
        return [f"{text}{direction}" for text, _type in columns]

    def within(self, columns: Sequence[Column]) -> list[str]:
        """After the one cursor and before the other."""
        bounds: list[str] = []
        if self.after is not None:
            bounds.append(self._beyond(columns, self.after, forward=True))
        if self.before is not None:
            bounds.append(self._beyond(columns, self.before, forward=False))
        return bounds

    def bound(self, *, following: bool) -> object:
        """The cursor that bounds the list on that side, if one does."""
        return self.before if following else self.after

    def outside(self, columns: Sequence[Column], *, following: bool) -> str:
        """At or beyond the cursor that bounds the list on that side."""
        return f"NOT ({self._beyond(columns, self.bound(following=following), forward=not following)})"

    def limit(self, *, extra: int) -> str:
        """How many rows to read: the size, and one more where somebody asks whether there are more."""
        name = self.binds.add(lambda variables: self.size(variables) + extra, self.path)
        return parameter(name, sa.Integer())

    def _beyond(self, columns: Sequence[Column], bound: object, *, forward: bool) -> str:
        own = ", ".join(text for text, _type in columns)
        values = ", ".join(self._cursor_values(bound, [type_ for _text, type_ in columns]))
        return f"({own}) {'>' if forward != self.falls else '<'} ({values})"

    def _cursor_values(self, bound: object, types: Sequence[sa.types.TypeEngine[object]]) -> list[str]:
        read = reader(bound)

        def value(index: int) -> str:
            def from_cursor(variables: Variables) -> object:
                return cursor.read(read(variables), self.tag, types, self.path)[index]

            return parameter(self.binds.add(from_cursor, self.path), types[index])

        return [value(index) for index in range(len(types))]

    def cursor(self, columns: Sequence[Column]) -> Written:
        return cursor.written(self.tag, columns)
