"""The limits of a camp, counted down while its lock is held: capacity, contingents, quotas. The database has the last word."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Camp, CampQuota, Contingent
from api.models.contingent import CONTINGENT, ContingentStatus
from api.rules.code import ProblemCode
from api.services.problem import Problem, input_path
from api.services.request import Request

# A registration, as far as limits count it.
Seat = Mapping[str, Any] | Row
MOST_PLACES = 100_000
DIMENSIONS = ("organization_id", "kabupaten_code", "category_code", "sex")


@dataclass(slots=True)
class Quota:
    """A limit on people of an organization, a kabupaten, a category, a sex or a combination; null is anybody."""

    id: uuid.UUID
    of: Mapping[str, Any]
    places: int
    taken: int

    def is_about(self, seat: Seat) -> bool:
        return all(seat[name] == value for name, value in self.of.items() if value is not None)


@dataclass(slots=True)
class Limits:
    """What is free. A `seat` is a registration: its contingent, organization, kabupaten, category and sex.

    `contingents` are the named and all places of those that take names; the places of others are the camp's.
    """

    capacity: int
    taken: int
    contingents: dict[uuid.UUID, tuple[int, int]]
    quotas: list[Quota]

    @property
    def free(self) -> int:
        return self.capacity - self.taken

    @property
    def has_room(self) -> bool:
        """Whether there is any place left."""
        return self.free > 0 or any(named < places for named, places in self.contingents.values())

    def problem(self, seat: Seat, *steps: str) -> Problem | None:
        """The first limit that holds a seat; None if it has room in all of them."""
        contingent = seat["contingent_id"]
        if contingent is not None:
            named, places = self.contingents.get(contingent, (0, 0))
            if named >= places:
                return _full(ProblemCode.CONTINGENT_FULL, *steps, count=named, limit=places)
        elif self.free < 1:
            return _full(ProblemCode.CAMP_FULL, *steps, count=self.taken, limit=self.capacity)
        for quota in self.quotas:
            if quota.taken >= quota.places and quota.is_about(seat):
                facts = {"quota_id": quota.id, "count": quota.taken, "limit": quota.places}
                return _full(ProblemCode.QUOTA_FULL, *steps, **facts)
        return None

    def take(self, seat: Seat) -> None:
        """Gives the seat a place in all of its limits."""
        contingent = seat["contingent_id"]
        if contingent is None:
            self.taken += 1
        else:
            named, places = self.contingents[contingent]
            self.contingents[contingent] = (named + 1, places)
        for quota in self.quotas:
            quota.taken += quota.is_about(seat)

    @property
    def has_quota_by_sex(self) -> bool:
        return any(quota.of["sex"] is not None for quota in self.quotas)


def _full(code: ProblemCode, *steps: str, **facts: Any) -> Problem:
    return Problem(code, input_path(*steps), facts)


async def read_limits(session: Transaction, request: Request, camp: uuid.UUID) -> Limits:
    """The limits of a locked camp."""
    parameters = {**request.parameters, "camp": camp}
    (counted,) = await session.rows(CAMP, parameters)
    contingents = await session.rows(CONTINGENTS, parameters)
    return Limits(
        counted.capacity,
        counted.taken,
        {row.id: (row.named, row.places) for row in contingents},
        await read_quotas(session, camp),
    )


async def read_quotas(session: Transaction, camp: uuid.UUID) -> list[Quota]:
    rows = await session.rows(QUOTAS, {"camp": camp})
    return [Quota(row.id, {name: row[name] for name in DIMENSIONS}, row.places, row.taken) for row in rows]


_CAMP: sa.BindParameter[uuid.UUID] = sa.bindparam("camp", type_=sa.Uuid())
CAMP = compile_statement(sa.select(Camp.c.capacity, Camp.c.taken).where(Camp.c.id == _CAMP))
CONTINGENTS = compile_statement(
    sa.select(Contingent.c.id, Contingent.c.named, Contingent.c.places).where(
        Contingent.c.camp_id == _CAMP, CONTINGENT.current(Contingent, access.NOW) == ContingentStatus.ALLOTTED
    )
)
QUOTAS = compile_statement(
    sa.select(CampQuota).where(CampQuota.c.camp_id == _CAMP).order_by(CampQuota.c.created_at, CampQuota.c.id)
)
