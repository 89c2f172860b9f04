"""Merging two incidents that are the same: all that belongs to one goes over to the other."""

import uuid
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import EmergencyStatus, GoodsNeed, Incident, IncidentKabupaten, Need, Site, SituationReport
from api.models.incident import INCIDENT, IncidentAction, IncidentStatus
from api.rules.code import ProblemCode
from api.services.change import check_status
from api.services.incident import INCIDENTS
from api.services.problem import Problems, read_reason
from api.services.request import Request
from api.services.verb import OneThing, verb

# What belongs to an incident and goes over to the other.
MOVED = {"needs": Need, "goods": GoodsNeed, "sites": Site, "reports": SituationReport, "statuses": EmergencyStatus}
# An incident goes into one that is at least as far along.
PROGRESS = INCIDENT.group("OPEN")


@verb(
    "merge_incidents",
    "Merges an incident into another that it is the same as: needs, sites, reports and statuses go over; its id leads to the other.",
    answers=OneThing("Incident"),
    callers=access.COORDINATORS_OF_INCIDENT,
    ids={"incident": "Incident", "into": "Incident"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.STATUS_OVERLAPS),
    updates=True,
)
async def merge(
    session: Transaction,
    request: Request,
    *,
    incident: uuid.UUID,
    into: uuid.UUID,
    version: int,
    reason: str | None = None,
) -> uuid.UUID:
    """The answer is the incident that was merged; `mergedInto` leads to the other."""
    text = read_reason(reason)
    problems = Problems()
    if into == incident:
        problems.invalid("into", indonesian="Sebutkan kejadian lain.", english="Name another incident.")
    problems.refuse()
    held, other = await _lock_both(session, request, incident, into, version)
    _check_progress(held, other)

    parameters = {"old": incident, "new": into}
    await _check_statuses(session, parameters)
    moved = {name: await session.value(statement, parameters) for name, statement in MOVES.items()}
    for statement in (COPY_KABUPATENS, FOLLOW):
        await session.rows(statement, parameters)
    change = {"incident": str(incident), **moved}
    await INCIDENTS.change(session, request, other, "extended", columns={}, change=change, reason=text)
    columns = {"merged_into_id": into, "reason": text}
    status = IncidentStatus.MERGED
    change = {"into": str(into)}
    return await INCIDENTS.move(session, request, held, status, columns=columns, change=change, reason=text)


async def _lock_both(
    session: Transaction, request: Request, incident: uuid.UUID, into: uuid.UUID, version: int
) -> tuple[Row, Row]:
    """Both incidents, locked in the order of their ids, so that two mergers never wait for each other."""
    found: dict[uuid.UUID, Row] = {}
    may = access.may_move(INCIDENT.move(IncidentAction.MERGE))
    for key in sorted((incident, into)):
        is_merged = key == incident
        read, name = (version, "incident") if is_merged else (None, "into")
        found[key] = await INCIDENTS.lock(session, request, key, read, may=may, name=name)
    return found[incident], found[into]


def _check_progress(held: Row, other: Row) -> None:
    check_status(held, PROGRESS, "incident")
    check_status(other, PROGRESS[PROGRESS.index(held.status) :], "into")


async def _check_statuses(session: Transaction, parameters: Mapping[str, uuid.UUID]) -> None:
    """Refuses with every emergency status that overlaps one of the other incident."""
    problems = Problems()
    for row in await session.rows(OVERLAPPING, parameters):
        problems.add(ProblemCode.STATUS_OVERLAPS, "incident", emergency_status_id=row.id)
    problems.refuse()


OLD, NEW = (sa.bindparam(name, type_=sa.Uuid()) for name in ("old", "new"))


def _move_rows(table: sa.Table) -> sa.Select[int]:
    """Gives the rows of the old incident to the new one; their number."""
    moved = sa.update(table).where(table.c.incident_id == OLD).values(incident_id=NEW).returning(table.c.id)
    return sa.select(sa.func.count()).select_from(moved.cte("moved"))


MOVES = {name: compile_statement(_move_rows(table)) for name, table in MOVED.items()}
COPY_KABUPATENS = compile_statement(
    insert(IncidentKabupaten)
    .from_select(
        ["incident_id", "kabupaten_code"],
        sa.select(NEW, IncidentKabupaten.c.kabupaten_code).where(IncidentKabupaten.c.incident_id == OLD),
    )
    .on_conflict_do_nothing()
)
# What was merged into the old one before leads to the new one, too.
FOLLOW = compile_statement(sa.update(Incident).where(Incident.c.merged_into_id == OLD).values(merged_into_id=NEW))


def _overlapping() -> sa.Select[uuid.UUID]:
    """The emergency statuses of the old incident that overlap one of the new."""
    mine, theirs = EmergencyStatus.alias(), EmergencyStatus.alias()
    same = sa.and_(
        mine.c.level == theirs.c.level,
        mine.c.kabupaten_code.is_not_distinct_from(theirs.c.kabupaten_code),
        mine.c.province_code.is_not_distinct_from(theirs.c.province_code),
        mine.c.starts_on <= theirs.c.ends_on,
        mine.c.ends_on >= theirs.c.starts_on,
    )
    overlap = sa.exists().where(theirs.c.incident_id == NEW, same)
    return sa.select(mine.c.id).where(mine.c.incident_id == OLD, overlap).order_by(mine.c.id)


OVERLAPPING = compile_statement(_overlapping())
