"""Makes the demo data in memory, then loads them into an empty database."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import asyncpg

from api.demo import (
    account,
    assignment,
    camp,
    catalogue,
    coordination,
    incident,
    organization,
    registry,
    row,
    suspected,
)
from api.demo.catalogue import Catalogue
from api.demo.incident import IncidentRows
from api.demo.person import Person
from api.demo.population import PopulationGenerator
from api.demo.random_source import RandomSource

SEED = 2019
# The need for rescuers of the story made with that seed.
RESCUE_ID = UUID("c92ea703-3aa7-42e9-a43e-fe44cc8d6d5a")


class DemoError(Exception):
    """The demo data cannot be loaded into this database. The message says why in one line."""


@dataclass(frozen=True)
class Story:
    """All rows of the demo data, its logins, and the ids of the flood, of its need for rescuers and of the volunteer `relawan`."""

    logins: tuple[str, ...]
    flood_id: UUID
    rescue_id: UUID
    relawan_id: UUID
    rows: tuple[row.Row, ...]


async def is_empty(connection: asyncpg.Connection) -> bool:
    """Whether the database has no volunteers, organizations or incidents."""
    empty: bool = await connection.fetchval(
        "SELECT NOT EXISTS (SELECT FROM volunteer) AND NOT EXISTS (SELECT FROM organization)"
        " AND NOT EXISTS (SELECT FROM incident)"
    )
    return empty


async def is_loaded(connection: asyncpg.Connection) -> bool:
    """Whether the database has the demo story, made with `SEED`: accounts of its names may be real ones elsewhere."""
    loaded: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM need WHERE id = $1)", RESCUE_ID)
    return loaded


async def load(connection: asyncpg.Connection, *, today: date, seed: int = SEED) -> Story:
    """Loads demo data for that day. The same seed makes the same people on any day.

    Raises `DemoError` if the database is not empty, lacks the reference data, or has an account with the same login.
    """
    async with connection.transaction():
        # A second load at the same time waits for this lock, and then finds the database not empty.
        await connection.execute("LOCK TABLE volunteer IN SHARE ROW EXCLUSIVE MODE")
        if not await is_empty(connection):
            raise DemoError(
                "The demo story needs an empty database; this one already has people or organizations in it."
            )
        story = build_story(RandomSource(seed), await read_catalogue(connection), today=today)
        try:
            tables = await row.copy_rows(connection, story.rows)
        except asyncpg.UniqueViolationError as error:
            raise DemoError(f"The demo story clashes with what is there: {error.detail}") from error
        await connection.execute("ANALYZE " + ", ".join(tables))
    return story


async def read_catalogue(connection: asyncpg.Connection) -> Catalogue:
    """The reference data; raises `DemoError` if they are missing."""
    reference_data = await catalogue.read(connection)
    if not reference_data.seats:
        raise DemoError("The demo story needs the reference data; load them first.")
    return reference_data


def build_story(rng: RandomSource, reference_data: Catalogue, *, today: date) -> Story:
    organizations = organization.make_organizations(rng)
    people = list(PopulationGenerator(reference_data, organizations, today=today).generate(rng))
    incidents = [make(rng, today=today) for make in (incident.flood, incident.landslide, incident.legundi)]
    flood = incidents[0]
    rows: tuple[row.Row, ...] = (
        *organizations.values(),
        *organization.make_issuers(organizations),
        *organization.make_licences(rng, organizations, today=today),
        *incident_rows(incidents),
        *assignment_rows(
            rng, reference_data=reference_data, organizations=organizations, people=people, incidents=incidents
        ),
        *coordination.make_rows(rng, flood, organizations, today=today),
        *account.make_accounts(rng, organizations=organizations, relawan=people[0]),
        *suspected.make_pair(rng, people),
        # The last ones, as they change certificates and draw further random numbers.
        *registry.make_rows(rng, organizations, people, today=today),
        *person_rows(people),
    )
    rows = tuple(under_decree(rows, flood))
    # The last, so that nothing of the rest depends on it.
    rows += tuple(
        camp.make_rows(
            rng,
            organizations=organizations,
            people=people,
            seats=reference_data.seats,
            account=next(each for each in rows if isinstance(each, row.Account) and each.login == "kalteng"),
            today=today,
        )
    )
    return Story(tuple(account.ACCOUNTS), flood.incident.id, flood.needs["WATER_RESCUE"].id, people[0].row.id, rows)


def under_decree(rows: Iterable[row.Row], flood: IncidentRows) -> Iterator[row.Row]:
    """The rows, where what was accepted for the flood rests on the decree of its bupati."""
    rows, needs = list(rows), {need.id for need in flood.needs.values()}
    decree = next(each for each in rows if isinstance(each, row.EmergencyStatus) and each.level == "KABUPATEN")
    for each in rows:
        is_under = isinstance(each, row.Assignment) and each.need_id in needs and each.accepted_at is not None
        named = {"emergency_status_id": decree.id, "decree_number": decree.decree_number}
        yield each._replace(**named) if is_under else each


def person_rows(people: list[Person]) -> Iterator[row.Row]:
    for person in people:
        yield person.row
        yield from person.memberships
        yield from person.certificates


def incident_rows(incidents: list[IncidentRows]) -> Iterator[row.Row]:
    for each in incidents:
        yield each.incident
        yield from each.kabupaten
        yield from each.needs.values()


def assignment_rows(
    rng: RandomSource,
    *,
    reference_data: Catalogue,
    organizations: Mapping[str, row.Organization],
    people: list[Person],
    incidents: list[IncidentRows],
) -> Iterator[row.Row]:
    """Assignments of all people but the first, who stays free so that a new user can send that person."""
    valid_organization_ids = frozenset(organizations[key].id for key in organization.VALID_ORGANIZATIONS)
    generator = assignment.AssignmentGenerator(reference_data, valid_organization_ids, people[1:])
    flood, landslide, legundi = incidents
    past, current = assignment.past_assignments(flood, landslide, legundi), assignment.current_assignments(flood)
    for planned in (*past, *current):
        yield from generator.assign(rng, planned)
