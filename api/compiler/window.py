"""The window of a connection: its size, direction, order and cursors, and the SQL for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from api.compiler import cursor
from api.compiler.error import BadInput
from api.compiler.source import ArgumentOrder, Order, Source
from api.compiler.template import parameter
from api.compiler.text import SqlText
from api.compiler.value import Arguments, Binds, Path, ValueReader, Variables, value_reader

MAX_PAGE_SIZE = 100

OrderColumn = tuple[str, sa.types.TypeEngine[object]]  # An SQL expression and its type.


def chosen_order(arguments: Arguments, source: Source, path: Path) -> str:
    """The name of the order: of an argument that asks for one, else `orderBy`, else the first."""
    asked = [name for name in source.argument_orders if arguments[name] is not None]
    order_by = arguments["order_by"]
    if asked and order_by is not None:
        raise BadInput(f"Give either {asked[0]} or orderBy.", path)
    return str(asked[0] if asked else order_by or next(iter(source.orders)))


def order_named(source: Source, name: str) -> Order | ArgumentOrder:
    return source.argument_orders.get(name) or source.orders[name]


@dataclass(frozen=True, slots=True)
class Window:
    """The first rows of an ordered list, or with `backward` the last, between the cursors `after` and `before`."""

    source: Source
    order_name: str
    size: ValueReader
    backward: bool
    after: object
    before: object
    binds: Binds
    path: Path

    @classmethod
    def from_arguments(cls, arguments: Arguments, source: Source, binds: Binds, path: Path) -> "Window":
        """Raises `BadInput` unless exactly one of `first` and `last` is given."""
        first, last = arguments["first"], arguments["last"]
        if (first is None) == (last is None):
            raise BadInput(f"Give either first or last, 0 to {MAX_PAGE_SIZE}.", path)
        order_name = chosen_order(arguments, source, path)
        size = value_reader(last if first is None else first)
        window = cls(source, order_name, size, first is None, arguments["after"], arguments["before"], binds, path)
        binds.checks.append(window.check_size)
        return window

    def check_size(self, variables: Variables) -> None:
        """Raises `BadInput` for a wrong size, even where the statement reads no rows of the list."""
        if not 0 <= self.size(variables) <= MAX_PAGE_SIZE:
            raise BadInput(f"Give either first or last, 0 to {MAX_PAGE_SIZE}.", self.path)

    @property
    def tag(self) -> str:
        """The type and order that stand in the window's cursors."""
        return f"{self.source.name}.{self.order_name}"

    @property
    def order(self) -> Order | ArgumentOrder:
        return order_named(self.source, self.order_name)

    @property
    def is_descending(self) -> bool:
        return self.order.descending

    def order_by(self, columns: Sequence[OrderColumn], *, backward: bool) -> list[str]:
        """The terms of ORDER BY; with `backward`, those of the reversed list."""
        direction = " DESC" if self.is_descending != backward else ""
        return [f"{text}{direction}" for text, _type in columns]

    def cursor_conditions(self, columns: Sequence[OrderColumn]) -> list[str]:
        """The conditions that a row comes after the cursor `after` and before the cursor `before`."""
        conditions: list[str] = []
        if self.after is not None:
            conditions.append(self._comparison(columns, self.after, after=True))
        if self.before is not None:
            conditions.append(self._comparison(columns, self.before, after=False))
        return conditions

    def limiting_cursor(self, *, at_end: bool) -> object:
        """The cursor that limits the list at its end (`before`) or at its beginning (`after`); None if there is none."""
        return self.before if at_end else self.after

    def beyond_cursor(self, columns: Sequence[OrderColumn], *, at_end: bool) -> str:
        """The condition that a row is at or beyond the limiting cursor, which must be there."""
        return f"NOT ({self._comparison(columns, self.limiting_cursor(at_end=at_end), after=not at_end)})"

    def limit(self, *, extra: int) -> str:
        """The parameter for the LIMIT: the size plus `extra` rows, one where the page must know whether there are more."""
        name = self.binds.add(lambda variables: self.size(variables) + extra, self.path)
        return parameter(name, sa.Integer())

    def _comparison(self, columns: Sequence[OrderColumn], cursor_: object, *, after: bool) -> str:
        """The row comparison that a row comes after, or before, the cursor."""
        own = ", ".join(text for text, _type in columns)
        values = ", ".join(self._cursor_values(cursor_, [type_ for _text, type_ in columns]))
        return f"({own}) {'>' if after != self.is_descending else '<'} ({values})"

    def _cursor_values(self, cursor_: object, types: Sequence[sa.types.TypeEngine[object]]) -> list[str]:
        read = value_reader(cursor_)

        def value(index: int) -> str:
            def from_cursor(variables: Variables) -> object:
                return cursor.decode(read(variables), self.tag, types, self.path)[index]

            return parameter(self.binds.add(from_cursor, self.path), types[index])

        return [value(index) for index in range(len(types))]

    def cursor(self, columns: Sequence[OrderColumn]) -> SqlText:
        """The SQL expression of a row's cursor."""
        return cursor.cursor_sql(self.tag, columns)
