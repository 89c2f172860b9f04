"""The window of a connection: how many, from where, in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from api.compiler import cursor
from api.compiler.error import BadInput
from api.compiler.source import Row, Source, Sql, Truth
from api.compiler.value import Binds, Variables, reader

MOST = 100


@dataclass(frozen=True, slots=True)
class Window:
    """Part of an ordered list: its first or its last so many, after one cursor, before another."""

    source: Source
    order_name: str
    size: object
    backward: bool
    after: object
    before: object
    binds: Binds
    path: tuple[str, ...]

    @classmethod
    def of(cls, arguments: Mapping[str, object], source: Source, binds: Binds, path: tuple[str, ...]) -> "Window":
        first, last = arguments.get("first"), arguments.get("last")
        if (first is None) == (last is None):
            raise BadInput(f"Give either first or last, 1 to {MOST}.", path)
        order_name = str(arguments.get("order_by", next(iter(source.orders))))
        after, before = arguments.get("after"), arguments.get("before")
        window = cls(source, order_name, last if first is None else first, first is None, after, before, binds, path)
        binds.checks.append(window.check)
        return window

    def check(self, variables: Variables) -> None:
        """Refuses a wrong size, also where no rows are read at all."""
        if not 1 <= reader(self.size)(variables) <= MOST:
            raise BadInput(f"Give either first or last, 1 to {MOST}.", self.path)

    @property
    def tag(self) -> str:
        return f"{self.source.name}.{self.order_name}"

    def columns(self, row: Row) -> list[Sql]:
        """The columns of the total order: the ones asked for, then the key."""
        return [*self.source.orders[self.order_name].columns(row), row.c[self.source.key]]

    def ordering(self, row: Row) -> list[Sql]:
        """In the order of reading, which for the last ones of a list is from its end."""
        falls = self.source.orders[self.order_name].descending != self.backward
        return [column.desc() if falls else column for column in self.columns(row)]

    def within(self, row: Row) -> list[Truth]:
        """After the one cursor and before the other."""
        bounds: list[Truth] = []
        if self.after is not None:
            bounds.append(self._beyond(row, self.after, forward=True))
        if self.before is not None:
            bounds.append(self._beyond(row, self.before, forward=False))
        return bounds

    def bound(self, *, following: bool) -> object:
        """The cursor that bounds the list on that side, if one does."""
        return self.before if following else self.after

    def outside(self, row: Row, *, following: bool) -> Truth:
        """At or beyond the cursor that bounds the list on that side."""
        return sa.not_(self._beyond(row, self.bound(following=following), forward=not following))

    def limit(self, *, extra: int) -> Sql:
        """How many rows to read: the size, and one more where somebody asks whether there are more."""
        read = reader(self.size)
        return self.binds.computed(lambda variables: read(variables) + extra, sa.Integer(), self.path)

    def _beyond(self, row: Row, bound: object, *, forward: bool) -> Truth:
        columns = self.columns(row)
        place = sa.tuple_(*self._cursor_values(bound, columns))
        rises = forward != self.source.orders[self.order_name].descending
        return sa.tuple_(*columns) > place if rises else sa.tuple_(*columns) < place

    def _cursor_values(self, bound: object, columns: Sequence[Sql]) -> list[Sql]:
        types = [column.type for column in columns]
        read = reader(bound)

        def value(index: int) -> Sql:
            def from_cursor(variables: Variables) -> object:
                return cursor.read(read(variables), self.tag, types, self.path)[index]

            return self.binds.computed(from_cursor, types[index], self.path)

        return [value(index) for index in range(len(types))]

    def cursor(self, row: Row) -> Sql:
        return cursor.written(self.tag, self.columns(row))
