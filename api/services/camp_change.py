"""What a change of a camp means for who comes: fewer places, other quotas, other days."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import (
    Camp,
    CampCategory,
    CampQuota,
    CampRegistration,
    CampSession,
    CampStaffMember,
    Commitment,
    Contingent,
    Kabupaten,
    Organization,
    Role,
)
from api.models.base import INSTANT, new_id
from api.models.camp import CampStatus
from api.models.camp_registration import CAMP_REGISTRATION
from api.models.contingent import CONTINGENT
from api.models.day import time_zone
from api.rules.code import ProblemCode
from api.services.camp_holder import add_busy, add_holders, moved_period, moves_with_camp
from api.services.camp_limit import DIMENSIONS, MOST_PLACES, Quota, read_quotas
from api.services.feed import record_all
from api.services.problem import Problems, forbidden
from api.services.request import Request

QUOTA_IDS = {"organization": "Organization", "kabupaten": "Kabupaten", "category": "CampCategory"}
MOST_QUOTAS = 1000


async def check_capacity(
    session: Transaction, problems: Problems, camp: uuid.UUID, *, taken: int, capacity: int
) -> None:
    """Refuses fewer places than are held, with the names of the last who hold one."""
    if capacity < taken:
        problems.add(ProblemCode.BELOW_TAKEN, "capacity", count=taken, limit=capacity)
        await add_holders(session, problems, "capacity", count=taken - capacity, camp=camp)


async def read_quota_inputs(
    session: Transaction, problems: Problems, quotas: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The columns of quotas, each of something, none twice."""
    read: list[dict[str, Any]] = []
    if len(quotas) > MOST_QUOTAS:
        problems.invalid("quotas", indonesian="Terlalu banyak kuota.", english="There are too many quotas.")
        return read
    seen: set[tuple[Any, ...]] = set()
    for index, quota in enumerate(quotas):
        of = {name: quota.get(name.rsplit("_", 1)[0]) for name in DIMENSIONS}
        named = tuple(of.values())
        if not any(value is not None for value in named) or named in seen:
            problems.invalid(
                *("quotas", str(index)),
                indonesian="Kuota menyebut sesuatu, dan hanya sekali.",
                english="A quota is of somebody, and each is given once.",
            )
        if not 0 <= quota["places"] <= MOST_PLACES:
            problems.invalid(
                *("quotas", str(index), "places"), indonesian="Antara 0 dan 100.000.", english="From 0 to 100,000."
            )
        seen.add(named)
        read.append({**of, "places": quota["places"]})
    await _check_known(session, problems, read)
    return read


def _of(quota: Mapping[str, Any]) -> dict[str, Any]:
    return {name: quota[name] for name in DIMENSIONS}


async def _check_known(session: Transaction, problems: Problems, quotas: Sequence[Mapping[str, Any]]) -> None:
    tables = {"organization_id": Organization, "kabupaten_code": Kabupaten, "category_code": CampCategory}
    for name, table in tables.items():
        (column,) = table.primary_key.columns
        values = {quota[name] for quota in quotas if quota[name] is not None}
        known = {row[0] for row in await session.rows(sa.select(column).where(column.in_(values)))} if values else set()
        for index, quota in enumerate(quotas):
            if quota[name] is not None and quota[name] not in known:
                problems.add(ProblemCode.NOT_FOUND, "quotas", str(index), name.rsplit("_", 1)[0])


async def check_quotas(
    session: Transaction, problems: Problems, camp: uuid.UUID, quotas: Sequence[Mapping[str, Any]]
) -> None:
    """Refuses a quota that is below what is taken of it, with the names of the last."""
    for index, quota in enumerate(quotas):
        taken = await session.value(PLACES_HELD, {"camp": camp, **_of(quota)})
        if quota["places"] < taken:
            place = ("quotas", str(index), "places")
            problems.add(ProblemCode.BELOW_TAKEN, *place, count=taken, limit=quota["places"])
            await add_holders(session, problems, *place, count=taken - quota["places"], camp=camp, **_of(quota))


async def write_quotas(
    session: Transaction, request: Request, camp: uuid.UUID, quotas: Sequence[Mapping[str, Any]]
) -> None:
    """The quotas of a locked camp are these from now on; those that remain keep their keys."""
    present: list[Quota] = await read_quotas(session, camp)
    wanted = {tuple(_of(quota).values()): quota["places"] for quota in quotas}
    for quota in present:
        places = wanted.pop(tuple(quota.of[name] for name in DIMENSIONS), None)
        if places is None:
            await session.rows(DELETE_QUOTA, {"quota": quota.id})
        elif places != quota.places:
            await session.update(CampQuota, quota.id, places=places)
    for of, places in wanted.items():
        own = dict(zip(DIMENSIONS, of, strict=True))
        await session.insert(CampQuota, id=new_id(), camp_id=camp, created_at=request.now, places=places, **own)


async def check_days(
    session: Transaction, request: Request, problems: Problems, held: Row, columns: Mapping[str, Any]
) -> None:
    """Refuses days on which people of the camp are committed elsewhere, with their names, and those that leave a deadline behind."""
    period = _period(held, columns)
    if period == (held.starts_at, held.ends_at):
        return
    if held.status == CampStatus.RUNNING and (period[0] != held.starts_at or period[1] <= request.now):
        problems.invalid(
            "starts_at" if period[0] != held.starts_at else "ends_at",
            indonesian="Kemah sudah berjalan.",
            english="The camp runs: its start stays, and its end lies ahead.",
        )
    await add_busy(session, request, problems, "starts_at", camp=held.id, moved=_moved(held, period))
    if await session.value(SESSION_OUTSIDE, {"camp": held.id, **_moved(held, period)}) is not None:
        problems.invalid(
            "ends_at", indonesian="Ada sesi sesudah kemah berakhir.", english="A session is after the end of the camp."
        )
    late = await session.value(NAMES_DUE_LATER, {"camp": held.id, "starts_at": period[0]})
    if late and period[0] < held.starts_at:
        problems.invalid(
            "starts_at",
            indonesian=f"Nama {late} kontingen baru jatuh tempo sesudah awal kemah; ubah dulu.",
            english=f"Names of {late} contingents are due after the start; change that first.",
        )


def _period(held: Row, columns: Mapping[str, Any]) -> tuple[datetime, datetime]:
    return columns.get("starts_at", held.starts_at), columns.get("ends_at", held.ends_at)


def _moved(held: Row, period: tuple[datetime, datetime]) -> dict[str, Any]:
    starts_at, ends_at = period
    by = starts_at - held.starts_at
    return {"shift": bool(by), "by": by, "starts_at": starts_at, "ends_at": ends_at}


async def move_days(session: Transaction, request: Request, held: Row, columns: Mapping[str, Any]) -> None:
    """The commitments of who comes and works there, the sessions, the arrivals of contingents and the roles of the staff move, too.

    Deadlines stay, but no answer to an offer is due after the end. Refused where a role would last longer than the actor may
    grant it; an API key gives roles no time at all that they do not have.
    """
    period = _period(held, columns)
    if period == (held.starts_at, held.ends_at):
        return
    moved = {**request.parameters, "camp": held.id, **_moved(held, period)}
    await session.rows(MOVE_DAYS, moved)
    await session.rows(MOVE_SESSIONS, moved)
    await session.rows(MOVE_ARRIVALS, moved)
    await _cut_offers(session, request, held.id, period[1])
    refused = LONGER_THAN_GRANTED if request.actor.key_id is None else IN_FORCE_AT_OTHER_TIMES
    if await session.value(refused, {**request.parameters, "camp": held.id}):
        raise forbidden("starts_at" if period[1] == held.ends_at else "ends_at")
    await session.rows(MOVE_ROLES, {**request.parameters, "camp": held.id})


async def _cut_offers(session: Transaction, request: Request, camp: uuid.UUID, until: datetime) -> None:
    """Answers that were due later are due at the end of the camp, of which an event of each tells."""
    rows = await session.rows(CUT_OFFERS, {**request.parameters, "camp": camp, "ends_at": until})
    change = {"camp": str(camp), "offered_until": until.isoformat()}
    changes = [(key, change) for key in sorted(row.id for row in rows)]
    await record_all(session, request, "camp_registration.offer_cut", "CampRegistration", changes)


_CAMP: sa.BindParameter[uuid.UUID] = sa.bindparam("camp", type_=sa.Uuid())


def role_period(camp: sa.FromClause) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    """From the start of the first local day of a camp to the end of its last."""
    zone = time_zone(camp.c.kabupaten_code)
    last = camp.c.ends_at - sa.literal_column("interval '1 microsecond'")
    first_day, last_day = (
        sa.func.date_trunc("day", sa.func.timezone(zone, instant)) for instant in (camp.c.starts_at, last)
    )
    return (
        sa.func.timezone(zone, first_day),
        sa.func.timezone(zone, last_day + sa.literal_column("interval '1 day'")),
    )


def _move_roles() -> sa.Update:
    since, until = role_period(Camp)
    members = sa.select(CampStaffMember.c.role_id).where(CampStaffMember.c.camp_id == _CAMP)
    return (
        sa.update(Role)
        .where(Camp.c.id == _CAMP, Role.c.id.in_(members), Role.c.ended_at.is_(None))
        .values(since=since, until=until, version=Role.c.version + 1, updated_at=access.NOW)
    )


def _roles_of_staff(*columns: Any) -> sa.Select[Any]:
    """The roles of the staff of the camp that have not been ended."""
    return (
        sa.select(*columns)
        .select_from(Camp.join(CampStaffMember, CampStaffMember.c.camp_id == Camp.c.id))
        .join(Role, Role.c.id == CampStaffMember.c.role_id)
        .where(Camp.c.id == _CAMP, Role.c.ended_at.is_(None))
    )


def _longer_than_granted() -> sa.Select[Any]:
    """A role of the staff that the present days of the camp extend beyond what the actor may grant."""
    _, until = role_period(Camp)
    scope = ("kind", "province_code", "kabupaten_code", "organization_id", "camp_id")
    roles = _roles_of_staff(*(Role.c[name] for name in scope), until.label("until"))
    extended = roles.where(Role.c.until < until).subquery()
    return sa.select(extended.c.until).where(sa.not_(access.grants(extended))).limit(1)


def _in_force_at_other_times() -> sa.Select[Any]:
    """A role of the staff that by the present days of the camp begins earlier or ends later than it does."""
    since, until = role_period(Camp)
    return _roles_of_staff(Role.c.id).where(sa.or_(since < Role.c.since, until > Role.c.until)).limit(1)


def _places_held() -> sa.Select[Any]:
    values = {name: sa.bindparam(name, type_=CampRegistration.c[name].type) for name in DIMENSIONS}
    of = (sa.or_(value.is_(None), CampRegistration.c[name] == value) for name, value in values.items())
    holding = sa.or_(CampRegistration.c.status.in_(CAMP_REGISTRATION.group("HOLDING")), CampRegistration.c.is_mobilized)
    return sa.select(sa.func.count()).where(CampRegistration.c.camp_id == _CAMP, holding, *of)


PLACES_HELD = compile_statement(_places_held())
MOVE_DAYS = compile_statement(
    sa.update(Commitment).where(moves_with_camp(Commitment)).values(period=moved_period(Commitment))
)
_BY: sa.BindParameter[timedelta] = sa.bindparam("by", type_=sa.Interval())
SESSION_OUTSIDE = compile_statement(
    sa.select(CampSession.c.id)
    .where(CampSession.c.camp_id == _CAMP, CampSession.c.ends_at + _BY > sa.bindparam("ends_at", type_=INSTANT))
    .limit(1)
)
NAMES_DUE_LATER = compile_statement(
    sa.select(sa.func.count()).where(
        Contingent.c.camp_id == _CAMP,
        Contingent.c.status.in_(CONTINGENT.group("OPEN")),
        Contingent.c.names_due_at > sa.bindparam("starts_at", type_=INSTANT),
    )
)
_END: sa.BindParameter[datetime] = sa.bindparam("ends_at", type_=INSTANT)
CUT_OFFERS = compile_statement(
    sa.update(CampRegistration)
    .where(CampRegistration.c.camp_id == _CAMP, CampRegistration.c.offered_until > _END)
    .values(offered_until=_END, version=CampRegistration.c.version + 1, updated_at=access.NOW)
    .returning(CampRegistration.c.id)
)
# Of a session or contingent with a new time the version grows, so that nobody changes it by what it was.
MOVE_SESSIONS = compile_statement(
    sa.update(CampSession)
    .where(CampSession.c.camp_id == _CAMP, sa.bindparam("shift", type_=sa.Boolean()))
    .values(
        starts_at=CampSession.c.starts_at + _BY,
        ends_at=CampSession.c.ends_at + _BY,
        version=CampSession.c.version + 1,
        updated_at=access.NOW,
    )
)
MOVE_ARRIVALS = compile_statement(
    sa.update(Contingent)
    .where(
        Contingent.c.camp_id == _CAMP,
        Contingent.c.arrives_at.is_not(None),
        sa.bindparam("shift", type_=sa.Boolean()),
    )
    .values(arrives_at=Contingent.c.arrives_at + _BY, version=Contingent.c.version + 1, updated_at=access.NOW)
)
MOVE_ROLES = compile_statement(_move_roles())
LONGER_THAN_GRANTED = compile_statement(_longer_than_granted())
IN_FORCE_AT_OTHER_TIMES = compile_statement(_in_force_at_other_times())
DELETE_QUOTA = compile_statement(sa.delete(CampQuota).where(CampQuota.c.id == sa.bindparam("quota", type_=sa.Uuid())))
