"""Which kabupaten an incident affects, and which of them can be removed."""

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import EmergencyStatus, GoodsNeed, IncidentKabupaten, Kabupaten, Need, Site, SituationReport
from api.models.situation import SituationStatus
from api.rules.code import ProblemCode
from api.services.place import CODES, NO_KABUPATEN
from api.services.problem import Problems

INCIDENT_ID = sa.bindparam("incident", type_=sa.Uuid())


async def change_kabupatens(
    session: Transaction, problems: Problems, incident: uuid.UUID, *, added: Sequence[str], removed: Sequence[str]
) -> None:
    """At least one stays, and none is removed where a need or a site is open, figures stand or a decree was made for it.

    Neither is the last one of a province for which a decree was made.
    """
    await session.rows(ADD_KABUPATENS, {"incident": incident, "codes": added})
    parameters = {"incident": incident, "codes": removed}
    used = {row.kabupaten_code for row in await session.rows(KABUPATENS_IN_USE, parameters)}
    for index, code in enumerate(removed):
        if code in used:
            problems.add(ProblemCode.STILL_USED, "remove_kabupatens", str(index))
    if not await session.value(REMOVE_KABUPATENS, parameters):
        problems.invalid("remove_kabupatens", **NO_KABUPATEN)


KABUPATENS = compile_statement(
    sa.select(Kabupaten)
    .join(IncidentKabupaten, IncidentKabupaten.c.kabupaten_code == Kabupaten.c.code)
    .where(IncidentKabupaten.c.incident_id == INCIDENT_ID)
)
ADD_KABUPATENS = compile_statement(
    insert(IncidentKabupaten)
    .from_select(["incident_id", "kabupaten_code"], sa.select(INCIDENT_ID, sa.func.unnest(CODES, type_=sa.Text())))
    .on_conflict_do_nothing()
)


def _used(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.Select[str]:
    here = (table.c.incident_id == INCIDENT_ID, table.c.kabupaten_code == sa.any_(CODES))
    return sa.select(table.c.kabupaten_code).where(*here, *conditions)


def _last_of_decree() -> sa.Select[str]:
    """The kabupaten without which a decree of their province would be for none of the incident's."""
    stays = sa.exists().where(
        IncidentKabupaten.c.incident_id == INCIDENT_ID,
        IncidentKabupaten.c.kabupaten_code != sa.all_(CODES),
        sa.func.left(IncidentKabupaten.c.kabupaten_code, 2) == EmergencyStatus.c.province_code,
    )
    last = sa.func.left(Kabupaten.c.code, 2) == EmergencyStatus.c.province_code
    removed = sa.select(Kabupaten.c.code).join(EmergencyStatus, last)
    return removed.where(EmergencyStatus.c.incident_id == INCIDENT_ID, Kabupaten.c.code == sa.any_(CODES), ~stays)


KABUPATENS_IN_USE = compile_statement(
    sa.union(
        *(_used(each, each.c.closed_at.is_(None)) for each in (Need, GoodsNeed, Site)),
        _used(SituationReport, SituationReport.c.status != SituationStatus.WITHDRAWN),
        _used(EmergencyStatus),
        _last_of_decree(),
    )
)
_REMOVED = (
    sa.delete(IncidentKabupaten)
    .where(IncidentKabupaten.c.incident_id == INCIDENT_ID, IncidentKabupaten.c.kabupaten_code == sa.any_(CODES))
    .returning(IncidentKabupaten.c.kabupaten_code)
    .cte("removed")
)
# Whether one is left.
REMOVE_KABUPATENS = compile_statement(
    sa.select(
        sa.exists().where(
            IncidentKabupaten.c.incident_id == INCIDENT_ID,
            IncidentKabupaten.c.kabupaten_code.not_in(sa.select(_REMOVED.c.kabupaten_code)),
        )
    )
)
