"""Recording and cancelling the days on which a volunteer cannot serve."""

import uuid
from datetime import date

import sqlalchemy as sa

from api import access
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import Absence, Volunteer
from api.models.base import new_id
from api.models.day import local_day
from api.rules.code import ProblemCode
from api.services.change import Changeable
from api.services.feed import record
from api.services.person_change import VOLUNTEERS
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.day import check_earliest

ABSENCES = Changeable(Absence, access.sees_private_record)


@verb(
    "record_absence",
    "Records whole days on which a volunteer cannot serve; what is promised on them stays, and is listed by the absence.",
    answers=OneThing("Absence"),
    callers=access.KEEPERS_OF_PEOPLE,
    ids={"volunteer": "Volunteer"},
    conflicts={"ex_absence_once": Problem(ProblemCode.ALREADY_RECORDED, input_path("since"))},
)
async def record_absence(
    session: Transaction,
    request: Request,
    *,
    volunteer: uuid.UUID,
    kind: str,
    since: date,
    until: date,
    reason: str | None = None,
) -> uuid.UUID:
    problems = Problems()
    text = problems.reason(reason)
    problems.read(check_earliest, "since", value=since)
    if until < since:
        problems.invalid("until", indonesian="Berakhir sebelum mulai.", english="It ends before it starts.")
    problems.refuse()
    # Locked, so that an acceptance that runs beside it meets it, or is met.
    held = await VOLUNTEERS.lock(session, request, volunteer, None, may=access.keeps_volunteer)
    if until < await _today(session, request, held.id):
        problems.invalid("until", indonesian="Harinya sudah lewat.", english="The days are over.")
    problems.refuse()
    key = new_id()
    days = {"since": since, "until": until}
    await session.insert(Absence, id=key, volunteer_id=volunteer, kind=kind, reason=text, **days)
    change = {"volunteer": str(volunteer)}
    await record(session, request, "absence.recorded", subject=("Absence", key), change=change)
    return key


@verb(
    "cancel_absence",
    "Takes an absence back, or ends it: from now on the volunteer may be sent again.",
    answers=OneThing("Absence"),
    callers=access.KEEPERS_OF_PEOPLE,
    ids={"absence": "Absence"},
    codes=(ProblemCode.ALREADY_ENDED,),
    updates=True,
)
async def cancel_absence(session: Transaction, request: Request, *, absence: uuid.UUID, version: int) -> uuid.UUID:
    held = await ABSENCES.lock(session, request, absence, version, may=access.keeps_private_record)
    if held.cancelled_at is not None or held.until < await _today(session, request, held.volunteer_id):
        raise Refused(Problem(ProblemCode.ALREADY_ENDED, input_path("absence")))
    return await ABSENCES.change(session, request, held, "cancelled", columns={"cancelled_at": request.now}, change={})


async def _today(session: Transaction, request: Request, volunteer: uuid.UUID) -> date:
    day: date = await session.value(TODAY, {**request.parameters, "volunteer": volunteer})
    return day


TODAY = compile_statement(
    sa.select(local_day(Volunteer.c.kabupaten_code, access.NOW)).where(
        Volunteer.c.id == sa.bindparam("volunteer", type_=sa.Uuid())
    )
)
