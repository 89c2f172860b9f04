"""A conventional Strawberry server: an object for each row, a resolver for each relation, and DataLoaders.

There is one loader for each relation and value of its argument, and one statement for each batch. It uses asyncpg, because an
object-relational mapper would be slower.
"""

import os
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Coroutine, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
import strawberry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

from api.schema.scalar import SCALARS, Code

T = TypeVar("T")
Row: TypeAlias = asyncpg.Record
Load: TypeAlias = Callable[[list[Any]], Coroutine[Any, Any, list[Any]]]


@dataclass
class Context:
    """The context of one request: the pool, and the loaders created so far."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)

    async def load_one(self, sql: str, key: object) -> Row:
        """The row with the key, by a batched statement."""

        async def load(keys: list[Any]) -> list[Any]:
            rows_by_key = {row["key"]: row for row in await self.pool.fetch(sql, keys)}
            return [rows_by_key[each] for each in keys]

        row: Row = await self.loader(sql, load).load(key)
        return row

    async def load_many(self, sql: str, key: UUID, argument: object) -> list[Row]:
        """The rows of the parent with the key, by a batched statement."""

        async def load(keys: list[Any]) -> list[Any]:
            rows_by_parent = defaultdict(list)
            for row in await self.pool.fetch(sql, keys, argument):
                rows_by_parent[row["parent"]].append(row)
            return [rows_by_parent[each] for each in keys]

        rows: list[Row] = await self.loader((sql, argument), load).load(key)
        return rows

    def loader(self, name: Hashable, load: Load) -> DataLoader[Any, Any]:
        if name not in self.loaders:
            self.loaders[name] = DataLoader(load)
        return self.loaders[name]


Info: TypeAlias = strawberry.Info[Context, None]


def paged(columns: str, table: str, column: str, order: str) -> str:
    one = f"SELECT {columns} FROM {table} WHERE {column} = parent ORDER BY {order} LIMIT $2"  # noqa: S608  # Our names.
    return f"SELECT parent, page.* FROM unnest($1::uuid[]) parent CROSS JOIN LATERAL ({one}) page"  # noqa: S608  # Same.


def labelled(table: str) -> str:
    return f"SELECT code AS key, code, label_id FROM {table} WHERE code = any($1)"  # noqa: S608  # Our own names.


VOLUNTEER = "SELECT id AS key, name, reach, status, kabupaten_code FROM volunteer"
KABUPATEN = "SELECT code AS key, name, province_code FROM kabupaten WHERE code = any($1)"
PROVINCE = "SELECT code AS key, name FROM province WHERE code = any($1)"
ORGANIZATION = "SELECT id AS key, name FROM organization WHERE id = any($1)"
MEMBERSHIPS = paged("organization_id", "membership", "volunteer_id", "since DESC, id DESC")
CERTIFICATES = paged(
    "number, expires_on, certificate_type_code", "certificate", "volunteer_id", "issued_on DESC, id DESC"
)
SKILLS = """
SELECT DISTINCT c.volunteer_id AS parent, s.code, s.label_id FROM certificate c
JOIN certificate_type_grant g ON g.certificate_type_code = c.certificate_type_code JOIN skill s ON s.code = g.skill_code
WHERE c.volunteer_id = any($1) AND c.revoked_on IS NULL AND daterange(c.issued_on, c.expires_on, '[]') @> $2::date
ORDER BY 1, 2"""
NEEDS = paged("id AS key, people_wanted, skill_code", "need", "incident_id", "starts_at, id")
# An offer past its deadline reads as expired.
STATUS = "CASE WHEN status = 'OFFERED' AND least(expires_at, ends_at) <= now() THEN 'EXPIRED' ELSE status END AS status"
ASSIGNMENTS = paged(f"{STATUS}, starts_at, volunteer_id", "assignment", "need_id", "starts_at DESC, id DESC")
INCIDENTS = """
SELECT id AS key, title, status, started_at, hazard_code FROM incident
WHERE status <> 'REPORTED' ORDER BY started_at DESC, id DESC LIMIT $1"""
DECLARE = """
INSERT INTO incident (id, hazard_code, title, search_key, sort_key, latitude, longitude, status, started_at)
SELECT gen_random_uuid(), $1, $2, lower($2), lower($2), latitude, longitude, 'ACTIVE', $4 FROM kabupaten WHERE code = $3
RETURNING id AS key, title, status, started_at, hazard_code"""


@strawberry.enum
class Reach(Enum):
    KABUPATEN = "KABUPATEN"
    PROVINCE = "PROVINCE"
    NATIONAL = "NATIONAL"


@strawberry.enum
class Status(Enum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


@strawberry.type
class Labelled:
    code: Code
    label: str

    @classmethod
    def from_row(cls, row: Row) -> "Labelled":
        return cls(code=row["code"], label=row["label_id"])


@strawberry.type
class Province:
    name: str


@strawberry.type
class Organization:
    name: str


@strawberry.type
class Kabupaten:
    code: Code
    name: str
    province_code: strawberry.Private[str]

    @strawberry.field
    async def province(self, info: Info) -> Province:
        row = await info.context.load_one(PROVINCE, self.province_code)
        return Province(name=row["name"])


@strawberry.type
class Membership:
    organization_id: strawberry.Private[UUID]

    @strawberry.field
    async def organization(self, info: Info) -> Organization | None:
        row = await info.context.load_one(ORGANIZATION, self.organization_id)
        return Organization(name=row["name"])


@strawberry.type
class Certificate:
    number: str
    expires_on: date | None
    type_code: strawberry.Private[str]

    @strawberry.field
    async def type(self, info: Info) -> Labelled:
        return Labelled.from_row(await info.context.load_one(labelled("certificate_type"), self.type_code))


@strawberry.type
class Connection(Generic[T]):
    nodes: list[T]


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.type
class Volunteer(Node):
    key: strawberry.Private[UUID]
    name: str
    reach: Reach
    status: Status
    kabupaten_code: strawberry.Private[str]

    @classmethod
    def from_row(cls, row: Row) -> "Volunteer":
        return cls(
            id=strawberry.ID(f"Volunteer:{row['key']}"),
            key=row["key"],
            name=row["name"],
            reach=Reach(row["reach"]),
            status=Status(row["status"]),
            kabupaten_code=row["kabupaten_code"],
        )

    @strawberry.field
    async def kabupaten(self, info: Info) -> Kabupaten:
        row = await info.context.load_one(KABUPATEN, self.kabupaten_code)
        return Kabupaten(code=row["key"], name=row["name"], province_code=row["province_code"])

    @strawberry.field
    async def memberships(self, info: Info, first: int) -> Connection[Membership]:
        rows = await info.context.load_many(MEMBERSHIPS, self.key, first)
        return Connection(nodes=[Membership(organization_id=row["organization_id"]) for row in rows])

    @strawberry.field
    async def certificates(self, info: Info, first: int) -> Connection[Certificate]:
        rows = await info.context.load_many(CERTIFICATES, self.key, first)
        return Connection(
            nodes=[
                Certificate(number=row["number"], expires_on=row["expires_on"], type_code=row["certificate_type_code"])
                for row in rows
            ]
        )

    @strawberry.field
    async def trained_for(self, info: Info, on: date) -> list[Labelled]:
        return [Labelled.from_row(row) for row in await info.context.load_many(SKILLS, self.key, on)]


@strawberry.type
class Assignment:
    status: str
    starts_at: datetime
    volunteer_id: strawberry.Private[UUID]

    @strawberry.field
    async def volunteer(self, info: Info) -> Volunteer | None:
        return Volunteer.from_row(await info.context.load_one(f"{VOLUNTEER} WHERE id = any($1)", self.volunteer_id))


@strawberry.type
class Need:
    id: strawberry.ID
    key: strawberry.Private[UUID]
    people_wanted: int
    skill_code: strawberry.Private[str]

    @strawberry.field
    async def skill(self, info: Info) -> Labelled:
        return Labelled.from_row(await info.context.load_one(labelled("skill"), self.skill_code))

    @strawberry.field
    async def assignments(self, info: Info, first: int) -> Connection[Assignment]:
        rows = await info.context.load_many(ASSIGNMENTS, self.key, first)
        return Connection(
            nodes=[
                Assignment(status=row["status"], starts_at=row["starts_at"], volunteer_id=row["volunteer_id"])
                for row in rows
            ]
        )


@strawberry.type
class Incident:
    id: strawberry.ID
    key: strawberry.Private[UUID]
    title: str
    status: str
    started_at: datetime
    hazard_code: strawberry.Private[str]

    @classmethod
    def from_row(cls, row: Row) -> "Incident":
        return cls(
            id=strawberry.ID(f"Incident:{row['key']}"),
            key=row["key"],
            title=row["title"],
            status=row["status"],
            started_at=row["started_at"],
            hazard_code=row["hazard_code"],
        )

    @strawberry.field
    async def hazard(self, info: Info) -> Labelled:
        return Labelled.from_row(await info.context.load_one(labelled("hazard"), self.hazard_code))

    @strawberry.field
    async def needs(self, info: Info, first: int) -> Connection[Need]:
        rows = await info.context.load_many(NEEDS, self.key, first)
        return Connection(
            nodes=[
                Need(
                    id=strawberry.ID(f"Need:{row['key']}"),
                    key=row["key"],
                    people_wanted=row["people_wanted"],
                    skill_code=row["skill_code"],
                )
                for row in rows
            ]
        )


@strawberry.input
class IdFilter:
    eq: strawberry.ID


@strawberry.input
class ReachFilter:
    eq: Reach


@strawberry.input
class StatusFilter:
    eq: Status


@strawberry.input
class VolunteerFilter:
    kabupaten: IdFilter | None = None
    province: IdFilter | None = None
    reach: ReachFilter | None = None
    status: StatusFilter | None = None

    def condition(self) -> tuple[str, list[object]]:
        """The WHERE clause and its values. Filters that are left out do not limit the rows."""
        filters = {
            "kabupaten_code": self.kabupaten and self.kabupaten.eq,
            "province_code": self.province and self.province.eq,
            "reach": self.reach and self.reach.eq.value,
            "status": self.status and self.status.eq.value,
        }
        names = [name for name, value in filters.items() if value is not None]
        text = " AND ".join(f"{name} = ${number}" for number, name in enumerate(names, 1))
        return text or "true", [filters[name] for name in names]


@strawberry.type
class VolunteerConnection:
    filter: strawberry.Private[VolunteerFilter]
    first: strawberry.Private[int | None]

    @strawberry.field
    async def nodes(self, info: Info) -> list[Volunteer]:
        where, values = self.filter.condition()
        sql = f"{VOLUNTEER} WHERE {where} ORDER BY sort_key, id LIMIT ${len(values) + 1}"
        return [Volunteer.from_row(row) for row in await info.context.pool.fetch(sql, *values, self.first)]

    @strawberry.field
    async def total_count(self, info: Info) -> int:
        where, values = self.filter.condition()
        total: int = await info.context.pool.fetchval(f"SELECT count(*) FROM volunteer WHERE {where}", *values)  # noqa: S608  # Our own names.
        return total


@strawberry.type
class Query:
    @strawberry.field
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:
        type_, _, key = id.partition(":")
        row = (
            await info.context.pool.fetchrow(f"{VOLUNTEER} WHERE id = $1", UUID(key)) if type_ == "Volunteer" else None
        )
        return None if row is None else Volunteer.from_row(row)

    @strawberry.field
    async def volunteers(self, first: int | None = None, filter: VolunteerFilter | None = None) -> VolunteerConnection:
        return VolunteerConnection(first=first, filter=filter or VolunteerFilter())

    @strawberry.field
    async def incidents(self, info: Info, first: int) -> Connection[Incident]:
        return Connection(nodes=[Incident.from_row(row) for row in await info.context.pool.fetch(INCIDENTS, first)])


@strawberry.input
class DeclareIncidentInput:
    hazard: strawberry.ID
    title: str
    kabupatens: list[strawberry.ID]
    started_at: datetime


@strawberry.type
class Problem:
    code: str


@strawberry.type
class DeclareIncidentPayload:
    incident: Incident
    problems: list[Problem]


@strawberry.type
class Mutation:
    @strawberry.field
    async def declare_incident(self, info: Info, input: DeclareIncidentInput) -> DeclareIncidentPayload:
        """Inserts the incident only: no permission check, no kabupaten, no event."""
        values = (input.hazard, input.title, input.kabupatens[0], input.started_at)
        (row,) = await info.context.pool.fetch(DECLARE, *values)
        return DeclareIncidentPayload(incident=Incident.from_row(row), problems=[])


SCHEMA = strawberry.Schema(
    Query,
    Mutation,
    types=[Volunteer],
    extensions=[ParserCache, ValidationCache],
    config=StrawberryConfig(scalar_map=SCALARS),
)


class Endpoint(GraphQL[Context, None]):
    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        del response
        return Context(request.app.state.pool)


def application() -> Starlette:
    """The application, on the database of DATABASE_URL."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        settings = dict(each.split("=") for each in os.environ["PEER_SETTINGS"].split() if each != "-c")
        async with asyncpg.create_pool(
            os.environ["DATABASE_URL"], min_size=1, max_size=10, server_settings=settings
        ) as app.state.pool:
            yield

    return Starlette(lifespan=lifespan, routes=[Route("/graphql", Endpoint(SCHEMA))])
