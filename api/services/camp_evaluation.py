"""The evaluation of the sessions of a camp by those who were there."""

import uuid
from datetime import timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from api import access
from api.access import NOW, VOLUNTEER, Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Camp, CampEvaluation, CampRegistration, CampSession
from api.models.base import new_id
from api.models.camp import CampStatus
from api.rules.camp_completion import CAME, attended
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.problem import Problem, Problems, Refused, forbidden, input_path, not_found
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.text import paragraph

DAYS = 30
BEST = 5


@verb(
    "evaluate_camp_session",
    f"Says how a session of a camp was, by who was scanned there, until {DAYS} days after the camp; said again, it replaces what was said.",
    answers=OneThing("CampSession"),
    callers=access.VOLUNTEERS,
    ids={"camp_session": "CampSession"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.PERIOD_PAST),
)
async def evaluate_session(
    session: Transaction, request: Request, *, camp_session: uuid.UUID, score: int, text: str | None = None
) -> uuid.UUID:
    """Who runs the camp reads it without a name."""
    problems = Problems()
    remark = problems.read(paragraph, "text", value=text, minimum=1, maximum=1000)
    if not 1 <= score <= BEST:
        problems.invalid("score", indonesian=f"Nilai 1 sampai {BEST}.", english=f"It must be 1 to {BEST}.")
    problems.refuse()
    found = await session.row(_session(request.actor.kind), {**request.parameters, "session": camp_session})
    if found is None:
        raise not_found("camp_session")
    if found.registration_id is None:
        raise forbidden("camp_session")
    if found.status not in (CampStatus.RUNNING, CampStatus.COMPLETED):
        raise Refused(Problem(ProblemCode.WRONG_STATUS, input_path("camp_session"), {"status": found.status}))
    deadline = found.ends_at + timedelta(days=DAYS)
    if deadline <= request.now:
        raise Refused(Problem(ProblemCode.PERIOD_PAST, input_path("camp_session"), {"ends_at": deadline}))
    of = {"session_id": camp_session, "registration_id": found.registration_id}
    await session.rows(KEEP, {"id": new_id(), **of, "score": score, "text": remark})
    await record(session, request, "camp_session.evaluated", subject=("CampSession", camp_session), change={})
    return camp_session


@cache
def _session(kind: Kind) -> CompiledStatement:
    """The session, and the registration by which the volunteer was there."""
    came = (
        sa.select(CampRegistration.c.id)
        .where(
            CampRegistration.c.camp_id == CampSession.c.camp_id,
            CampRegistration.c.volunteer_id == VOLUNTEER,
            CampRegistration.c.status.in_(CAME),
            attended(CampRegistration, CampSession),
            CampSession.c.starts_at <= NOW,
        )
        .order_by(CampRegistration.c.number.desc())
        .limit(1)
        .correlate(CampSession)
        .scalar_subquery()
    )
    return compile_statement(
        sa.select(Camp.c.status, Camp.c.ends_at, came.label("registration_id"))
        .select_from(CampSession.join(Camp, Camp.c.id == CampSession.c.camp_id))
        .where(
            CampSession.c.id == sa.bindparam("session", type_=sa.Uuid()), access.sees_part_of_camp(kind, CampSession)
        )
    )


_COLUMNS = ("id", "session_id", "registration_id", "score", "text")
_values = {name: sa.bindparam(name, type_=CampEvaluation.c[name].type) for name in _COLUMNS}
KEEP = compile_statement(
    insert(CampEvaluation)
    .values(_values)
    .on_conflict_do_update(
        index_elements=["session_id", "registration_id"], set_={name: _values[name] for name in ("score", "text")}
    )
)
