"""Recording, verifying and withdrawing the figures of a situation."""

import uuid
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Incident, Kabupaten, SituationReport
from api.models.base import new_id
from api.models.situation import FIGURES, SITUATION_REPORT, SituationAction, SituationStatus
from api.rules.code import ProblemCode
from api.services.change import Changeable, move_verb
from api.services.feed import record
from api.services.incident import check_incident
from api.services.problem import Problems
from api.services.reference import check_codes
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.day import check_earliest
from api.values.text import line

REPORTS = Changeable(SituationReport, access.sees_situation, SITUATION_REPORT)
MOST = 10_000_000  # More people than any kabupaten has.


@verb(
    "record_situation",
    "Records figures of one kabupaten, with their time and source.",
    answers=OneThing("SituationReport"),
    callers=access.SITUATION_RECORDERS,
    ids={"incident": "Incident", "kabupaten": "Kabupaten"},
    codes=(ProblemCode.WRONG_STATUS,),
)
async def record_situation(
    session: Transaction,
    request: Request,
    *,
    incident: uuid.UUID,
    kabupaten: str,
    at: datetime,
    source: str,
    **figures: int | None,
) -> uuid.UUID:
    problems = Problems()
    await check_codes(session, problems, {"kabupaten": (Kabupaten, kabupaten)})
    known, code = None if problems else kabupaten, ProblemCode.WRONG_STATUS
    await check_incident(session, request, problems, incident, known, code=code)
    parameters = {**request.parameters, "incident": incident, "kabupaten": kabupaten}
    if not problems and not await session.value(_may_record(request.actor.kind), parameters):
        problems.add(ProblemCode.FORBIDDEN, "kabupaten")
    source_line = problems.read(line, "source", value=source, minimum=2, maximum=200)
    problems.read(check_earliest, "at", value=at.date())
    if at > request.now + timedelta(minutes=5):
        problems.invalid("at", indonesian="Waktu belum tiba.", english="The time has not come.")
    _check_figures(problems, figures)
    problems.refuse()

    key, place = new_id(), {"incident": str(incident), "kabupaten": kabupaten}
    await session.insert(
        SituationReport,
        id=key,
        incident_id=incident,
        kabupaten_code=kabupaten,
        at=at,
        source=source_line,
        status=SituationStatus.RECORDED,
        recorder_id=request.actor.account_id,
        **figures,
    )
    change = {"status": SituationStatus.RECORDED, **place, **figures}
    await record(session, request, "situation_report.recorded", subject=("SituationReport", key), change=change)
    return key


def _check_figures(problems: Problems, figures: dict[str, int | None]) -> None:
    """At least one is known, and none is negative."""
    if not any(value is not None for value in figures.values()):
        problems.invalid(FIGURES[0], indonesian="Isi sedikitnya satu angka.", english="Give at least one figure.")
    for name, value in figures.items():
        if value is not None and not 0 <= value <= MOST:
            problems.invalid(name, indonesian="Angka tidak masuk akal.", english="There is no such number.")


verify = move_verb(
    REPORTS,
    "verify_situation",
    "Confirms figures: the newest ones of a kabupaten count.",
    SituationAction.VERIFY,
    callers=access.COORDINATORS,
)


withdraw = move_verb(
    REPORTS,
    "withdraw_situation",
    "Withdraws figures that were wrong; they stay in the series, but no longer count.",
    SituationAction.WITHDRAW,
    callers=access.SIGNED_IN,
)


@cache
def _may_record(kind: Kind) -> CompiledStatement:
    kabupaten = sa.bindparam("kabupaten", type_=sa.Text())
    may = access.reports_from(kind, Incident.c.id, kabupaten)
    return compile_statement(sa.select(may).where(Incident.c.id == sa.bindparam("incident", type_=sa.Uuid())))
