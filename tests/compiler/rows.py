"""All rows of all tables, read into plain Python and indexed by key and column."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg

Row = dict[str, Any]

TABLES = {
    "Province": "province",
    "Kabupaten": "kabupaten",
    "Organization": "organization",
    "Licence": "licence",
    "Rank": "rank",
    "Volunteer": "volunteer",
    "Membership": "membership",
    "Skill": "skill",
    "CertificateType": "certificate_type",
    "Certificate": "certificate",
    "Hazard": "hazard",
    "Cluster": "cluster",
    "Incident": "incident",
    "Need": "need",
    "Assignment": "assignment",
    "Override": "override",
    "Commitment": "commitment",
    "Account": "account",
    "Role": "role",
    "Touched": "incident_kabupaten",
    "Inclusion": "certificate_type_inclusion",
    "Grant": "certificate_type_skill",
}
# The types that have global ids.
NODES = frozenset(TABLES) - {"Override", "Commitment", "Role", "Touched", "Inclusion", "Grant"}


@dataclass(slots=True)
class Rows:
    """All tables; `places` has the position of each text in the database's order, `lower` folds case as it does."""

    tables: dict[str, list[Row]]
    places: dict[str, int]
    lower: Callable[[str], str]
    by_key: dict[tuple[str, str], Row] = field(init=False)
    _found: dict[tuple[str, str], dict[Any, list[Row]]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.by_key = {(type_, key(row)): row for type_ in TABLES for row in self.tables[type_] if has_key(row)}

    @classmethod
    async def of(cls, connection: "asyncpg.Connection[asyncpg.Record]") -> "Rows":
        tables = {
            type_: [
                {"__typename": type_, **{name: aware(value) for name, value in row.items()}}
                # In the same order at every run: values for random documents are drawn from these lists.
                for row in await connection.fetch(f'SELECT * FROM "{table}" AS row ORDER BY row::text COLLATE "C"')
            ]
            for type_, table in TABLES.items()
        }
        texts = {value for rows in tables.values() for row in rows for value in row.values() if isinstance(value, str)}
        ordered = await connection.fetch("SELECT text FROM unnest($1::text[]) AS text ORDER BY text", list(texts))
        folds_all = await connection.fetchval("SELECT lower('É') = 'é'")
        places = {row["text"]: place for place, row in enumerate(ordered)}
        return cls(tables, places, str.lower if folds_all else ascii_lower)

    def get(self, type_: str, found: Any) -> Row | None:
        return None if found is None else self.by_key.get((type_, str(found)))

    def where(self, type_: str, column: str, value: Any) -> list[Row]:
        """The rows whose column has the value."""
        if (type_, column) not in self._found:
            index = defaultdict(list)
            for row in self.tables[type_]:
                index[row[column]].append(row)
            self._found[type_, column] = index
        return self._found[type_, column].get(value, [])

    def granted(self, certificate_type_code: str) -> set[str]:
        """The skills that a certificate type grants, itself or by inclusion."""
        types, further = set[str](), {certificate_type_code}
        while further:
            types |= further
            further = {row["included_code"] for code in further for row in self.included(code)} - types
        return {row["skill_code"] for code in types for row in self.where("Grant", "certificate_type_code", code)}

    def included(self, certificate_type_code: str) -> list[Row]:
        return self.where("Inclusion", "certificate_type_code", certificate_type_code)


def aware(value: Any) -> Any:
    """Adds UTC to an infinite timestamp, which the driver returns without a time zone."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def has_key(row: Row) -> bool:
    return "id" in row or "code" in row


def key(row: Row) -> str:
    return str(row["id"] if "id" in row else row["code"])


def ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def keys(rows: Iterable[Row]) -> set[str]:
    return {key(row) for row in rows}
