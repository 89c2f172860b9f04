"""The story as a whole: written down in memory, then carried into an empty database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from api.demo import account, assignment, catalogue, incident, organization, row
from api.demo.catalogue import Catalogue
from api.demo.chance import Chance
from api.demo.crowd import Crowd
from api.demo.incident import Happening
from api.demo.person import Person

SEED = 2019


class DemoError(Exception):
    """The story cannot be told in this database; says why in one line."""


@dataclass(frozen=True)
class Story:
    """Where to look first: who signs in, the flood, and the need that nobody near can serve."""

    logins: tuple[str, ...]
    flood_id: UUID
    rescue_id: UUID
    relawan_id: UUID
    rows: tuple[row.Row, ...]


async def is_empty(connection: asyncpg.Connection) -> bool:
    empty: bool = await connection.fetchval(
        "SELECT NOT EXISTS (SELECT FROM volunteer) AND NOT EXISTS (SELECT FROM organization)"
        " AND NOT EXISTS (SELECT FROM incident)"
    )
    return empty


async def load(connection: asyncpg.Connection, *, today: date, seed: int = SEED) -> Story:
    """Tell the story as of that day; the same seed gives the same people, whatever the day."""
    async with connection.transaction():
        # Of two that load at once, the second waits here and is then refused.
        await connection.execute("LOCK TABLE volunteer IN SHARE ROW EXCLUSIVE MODE")
        if not await is_empty(connection):
            raise DemoError(
                "The demo story needs an empty database; this one already has people or organizations in it."
            )
        story = tell(Chance(seed), await known(connection), today=today)
        try:
            await row.copy(connection, story.rows)
        except asyncpg.UniqueViolationError as error:
            raise DemoError(f"The demo story clashes with what is there: {error.detail}") from error
        await connection.execute("ANALYZE " + ", ".join(row.TABLES.values()))
    return story


async def known(connection: asyncpg.Connection) -> Catalogue:
    known = await catalogue.read(connection)
    if not known.seats:
        raise DemoError("The demo story needs the reference data; load them first.")
    return known


def tell(chance: Chance, known: Catalogue, *, today: date) -> Story:
    organizations = organization.found(chance)
    people = list(Crowd(known, organizations, today=today).everyone(chance))
    happenings = [happen(chance, today=today) for happen in (incident.flood, incident.landslide, incident.legundi)]
    flood = happenings[0]
    rows = (
        *organizations.values(),
        *organization.license_all(chance, organizations, today=today),
        *belongings(people),
        *records(happenings),
        *duties(chance, known=known, organizations=organizations, people=people, happenings=happenings),
        *account.open_all(chance, organizations=organizations, relawan=people[0]),
    )
    return Story(tuple(account.ACCOUNTS), flood.incident.id, flood.needs["WATER_RESCUE"].id, people[0].row.id, rows)


def belongings(people: list[Person]) -> Iterator[row.Row]:
    for person in people:
        yield person.row
        yield from person.memberships
        yield from person.certificates


def records(happenings: list[Happening]) -> Iterator[row.Row]:
    for happening in happenings:
        yield happening.incident
        yield from happening.kabupaten
        yield from happening.needs.values()


def duties(
    chance: Chance,
    *,
    known: Catalogue,
    organizations: Mapping[str, row.Organization],
    people: list[Person],
    happenings: list[Happening],
) -> Iterator[row.Row]:
    """The first of the people stays free, for the newcomer to send."""
    standing = frozenset(organizations[key].id for key in organization.STANDING)
    dispatch = assignment.Dispatch(known, standing, people[1:])
    flood, landslide, legundi = happenings
    for send in (*assignment.past(flood, landslide, legundi), *assignment.present(flood)):
        yield from dispatch.send(chance, send)
