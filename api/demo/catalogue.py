"""What the story takes from the reference data: seats, and what certificates and ranks are worth."""

from dataclasses import dataclass

import asyncpg


@dataclass(frozen=True)
class Catalogue:
    seats: dict[str, tuple[float, float]]
    validity: dict[str, int | None]
    grants: dict[str, frozenset[str]]
    ranks: dict[str, tuple[str, int]]

    def granting(self, skill: str) -> frozenset[str]:
        return frozenset(kind for kind, skills in self.grants.items() if skill in skills)

    def reaches(self, rank: str | None, minimum: str | None) -> bool:
        """Whether a rank is in the corps of the minimum and not below it."""
        if minimum is None:
            return True
        (corps, level), (asked_corps, asked) = self.ranks.get(rank or "", ("", 0)), self.ranks[minimum]
        return corps == asked_corps and level >= asked


async def read(connection: asyncpg.Connection) -> Catalogue:
    seats = await connection.fetch("SELECT code, latitude, longitude FROM kabupaten")
    kinds = await connection.fetch(
        "SELECT code, validity_months, array_agg(skill_code) AS skills FROM certificate_type"
        " JOIN certificate_type_grant ON certificate_type_code = code GROUP BY code"
    )
    ranks = await connection.fetch("SELECT code, corps, level FROM rank")
    return Catalogue(
        {row["code"]: (row["latitude"], row["longitude"]) for row in seats},
        {row["code"]: row["validity_months"] for row in kinds},
        {row["code"]: frozenset(row["skills"]) for row in kinds},
        {row["code"]: (row["corps"], row["level"]) for row in ranks},
    )
