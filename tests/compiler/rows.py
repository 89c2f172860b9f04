"""All rows of all tables, read into plain Python and indexed by column."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from api.models import METADATA
from api.models.base import Chosen
from api.rules.code import ProblemCode

Row = dict[str, Any]


@dataclass(slots=True)
class Rows:
    """The rows of every table. `ranks` has the position of each text in the database's order, `lower` folds case as it does."""

    tables: Mapping[str, list[Row]]
    ranks: Mapping[str, int]
    lower: Callable[[str], str]
    _indexes: dict[tuple[str, str], defaultdict[Any, list[Row]]] = field(init=False, default_factory=dict)

    @classmethod
    async def read(cls, connection: "asyncpg.Connection[asyncpg.Record]") -> "Rows":
        tables = {
            name: [
                {column: aware(value) for column, value in row.items()}
                for row in await connection.fetch(f'SELECT * FROM "{name}"')
            ]
            for name in METADATA.tables
        }
        values = [value for rows in tables.values() for row in rows for value in row.values()]
        texts = {str(value) for value in values if isinstance(value, str | UUID)}
        # What a column may hold, and statements put in the place of what is missing.
        columns = [column.type for table in METADATA.tables.values() for column in table.c]
        texts |= {str(member) for type_ in columns if isinstance(type_, Chosen) for member in type_.choice}
        texts |= {str(code) for code in ProblemCode}
        ordered = await connection.fetch("SELECT text FROM unnest($1::text[]) AS text ORDER BY text", list(texts))
        folds_all = await connection.fetchval("SELECT lower('É') = 'é'")
        ranks = {row["text"]: rank for rank, row in enumerate(ordered)}
        return cls(tables, ranks, str.lower if folds_all else ascii_lower)

    def all_of(self, table: Any) -> list[Row]:
        return self.tables[table.name]

    def where(self, table: Any, column: str, value: Any) -> list[Row]:
        """The rows whose column has the value."""
        if (table.name, column) not in self._indexes:
            index = self._indexes[table.name, column] = defaultdict(list)
            for row in self.tables[table.name]:
                index[row[column]].append(row)
        return self._indexes[table.name, column].get(value, [])

    def get(self, table: Any, key: Any) -> Row | None:
        """The row with this primary key."""
        (column,) = table.primary_key.columns
        return next(iter(self.where(table, column.name, key)), None)


def aware(value: Any) -> Any:
    """Adds UTC to an infinite timestamp, which the driver returns without a time zone."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)
