"""Reference data that the demo data are made from: seats of kabupaten, certificate types, ranks."""

from dataclasses import dataclass

import asyncpg


@dataclass(frozen=True)
class Catalogue:
    """By code: positions of seats, validity of certificate types in months, skills they grant, corps and level of ranks."""

    seats: dict[str, tuple[float, float]]
    validity: dict[str, int | None]
    grants: dict[str, frozenset[str]]
    ranks: dict[str, tuple[str, int]]

    def types_granting(self, skill: str) -> frozenset[str]:
        """The codes of the certificate types that grant the skill."""
        return frozenset(kind for kind, skills in self.grants.items() if skill in skills)

    def is_rank_sufficient(self, rank: str | None, minimum: str | None) -> bool:
        """Whether a rank belongs to the corps of the minimum rank and is not below it."""
        if minimum is None:
            return True
        (corps, level), (minimum_corps, minimum_level) = self.ranks.get(rank or "", ("", 0)), self.ranks[minimum]
        return corps == minimum_corps and level >= minimum_level


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
