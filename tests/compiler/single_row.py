"""Evaluates what a declaration makes of one row, by a plain SQLAlchemy statement of its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import anyio.from_thread
import asyncpg
import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql import visitors

from api.database.statement import CompiledStatement, compile_statement
from tests.compiler.rows import Row, aware


def origin_of(columns: Iterable[Any]) -> sa.TableClause:
    """What a declaration reads: a table `this` with these columns, which has one row when a statement runs."""
    return sa.table("this", *(sa.column(column.key, column.type) for column in columns))


@cache
def table_origin(table: Any) -> sa.TableClause:
    return origin_of(table.c)


def values_select(values: Iterable[Any], origin: sa.TableClause) -> sa.Select[Any]:
    """The values of expressions for the row of `origin`."""
    return sa.select(*(value.label(f"value_{index}") for index, value in enumerate(values))).select_from(origin)


def lateral_select(rows: sa.SelectBase, origin: sa.TableClause) -> sa.Select[Any]:
    """The rows that a declaration selects for the row of `origin`."""
    each = (rows.correlate(origin) if isinstance(rows, sa.Select) else rows).lateral("each")
    return sa.select(*each.c).select_from(origin).join(each, sa.true())


def plain_value(value: Any, type_: Any) -> Any:
    """The value of a column in Python: asyncpg reads JSON as text, rules written in Python have lists."""
    return orjson.loads(value) if isinstance(type_, JSONB) and isinstance(value, str) else value


def plain_values(row: Row, columns: Iterable[Any]) -> list[Any]:
    return [plain_value(row[column.name], column.type) for column in columns]


@dataclass
class SingleRowStatement:
    """A statement over one row of `origin`, with its answers by the values that it reads."""

    select: sa.Select[Any]
    origin: sa.TableClause
    answers: dict[tuple[Any, ...], list[Row]] = field(default_factory=dict)

    @cached_property
    def result(self) -> sa.TableClause:
        """The columns of the answer, as declarations read them."""
        return origin_of(self.select.selected_columns)

    @cached_property
    def used(self) -> Sequence[str]:
        """The columns of the row that are read."""
        elements = [each for each in visitors.iterate(self.select) if isinstance(each, sa.ColumnClause)]
        return sorted({each.name for each in elements if each.table is self.origin})

    @cached_property
    def compiled(self) -> CompiledStatement:
        types = {name: self.origin.c[name].type for name in self.used}
        values = [
            sa.cast(sa.bindparam(f"this_{name}", type_=type_), type_).label(name) for name, type_ in types.items()
        ]
        return compile_statement(self.select.add_cte(sa.select(*values or [sa.literal(1).label("one")]).cte("this")))

    def run(self, connection: "asyncpg.Connection[Any]", row: Row, parameters: Mapping[str, Any]) -> list[Row]:
        """The rows of the answer; to be called in a worker thread."""
        values = tuple(tuple(row[name]) if isinstance(row[name], list) else row[name] for name in self.used)
        if values not in self.answers:
            named = {f"this_{name}": plain_value(row[name], self.origin.c[name].type) for name in self.used}
            bound = self.compiled.values({**parameters, **named})
            found = anyio.from_thread.run(connection.fetch, self.compiled.sql, *bound)
            self.answers[values] = [{name: aware(value) for name, value in each.items()} for each in found]
        return self.answers[values]
