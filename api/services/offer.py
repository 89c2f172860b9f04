"""Offering duties."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Assignment, Need
from api.models.assignment_status import AssignmentStatus
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.rules.refusal import OFFER_RULES, codes_of
from api.services.duty import LOCK_VOLUNTEER, record_earlier
from api.services.feed import record
from api.services.pledge import check_member, record_lapsed
from api.services.problem import Problem, Problems, input_path
from api.services.request import Request
from api.services.sending import broken_rules, check_override, record_overrides, refuse_broken
from api.services.sight import check_seen
from api.services.verb import OneThing, verb


@verb(
    "offer_assignment",
    "Offers a duty to a volunteer, for what is left of the need or a part of it.",
    answers=OneThing("Assignment"),
    callers=access.SENDERS,
    ids={"need": "Need", "volunteer": "Volunteer", "pledge": "Pledge"},
    conflicts={"uq_assignment_live": Problem(ProblemCode.ALREADY_OFFERED, input_path("volunteer"))},
    codes=(ProblemCode.NOT_OVERRIDABLE, ProblemCode.WRONG_STATUS, *codes_of(OFFER_RULES)),
)
async def offer(
    session: Transaction,
    request: Request,
    *,
    need: uuid.UUID,
    volunteer: uuid.UUID,
    pledge: uuid.UUID | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    expires_at: datetime | None = None,
    override_rules: Sequence[str] | None = None,
    override_reason: str | None = None,
) -> uuid.UUID:
    """Asks every rule of sending under the locks; broken ones that are overridden are recorded."""
    problems = Problems()
    wanted = await lock_need(session, request, problems, need, pledge)
    await record_lapsed(session, request, need=need)
    if pledge is not None:
        await check_member(session, request, problems, pledge, need=need, volunteer=volunteer, must_be_open=True)
    await check_seen(session, request, problems, volunteer)
    await session.rows(LOCK_VOLUNTEER, {"volunteer": volunteer})
    reason = check_override(problems, override_rules or (), override_reason, may=wanted.may_override)
    starts, ends = read_period(problems, wanted, starts_at, ends_at, expires_at=expires_at, now=request.now)
    problems.refuse()

    broken = await broken_rules(session, request, (need, volunteer, starts, ends, pledge), OFFER_RULES)
    refuse_broken(broken, frozenset(override_rules or ()))
    await record_earlier(session, request, need, [volunteer])

    key = new_id()
    await session.insert(
        Assignment,
        id=key,
        need_id=need,
        volunteer_id=volunteer,
        pledge_id=pledge,
        status=AssignmentStatus.OFFERED,
        starts_at=starts,
        ends_at=ends,
        expires_at=expires_at,
    )
    await record_overrides(session, request, key, broken, reason)
    codes = [row["code"] for row in broken]
    change = {"status": AssignmentStatus.OFFERED, "need": str(need), "volunteer": str(volunteer), "overridden": codes}
    await record(
        session,
        request,
        "assignment.offered",
        subject=("Assignment", key),
        change=change,
        reason=reason,
    )
    return key


async def lock_need(
    session: Transaction, request: Request, problems: Problems, key: uuid.UUID, pledge: uuid.UUID | None
) -> Row:
    need = await session.row(_need(request.actor.kind), {**request.parameters, "need": key, "pledge": pledge})
    if need is None:
        problems.add(ProblemCode.NOT_FOUND, "need")
    elif not need.may:
        problems.add(ProblemCode.FORBIDDEN, "need")
    if need is None or not need.may:
        problems.refuse()
    assert need is not None
    return need


def read_period(
    problems: Problems,
    need: Row,
    starts_at: datetime | None,
    ends_at: datetime | None,
    *,
    expires_at: datetime | None,
    now: datetime,
) -> tuple[datetime, datetime]:
    """The period of a duty: what is left of the named one, or of the need's. That it lies within the need is a rule."""
    ends, starts = ends_at or need.ends_at, starts_at or need.starts_at
    if starts < now < ends:
        starts = now
    if starts >= ends:
        problems.invalid(
            "starts_at",
            indonesian="Akhir tugas harus sesudah mulainya.",
            english="The duty must end after it begins.",
        )
    if expires_at is not None and expires_at <= now:
        problems.invalid(
            "expires_at", indonesian="Batas jawaban sudah lewat.", english="The time to answer is already over."
        )
    return starts, ends


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


@cache
def _need(kind: Kind) -> CompiledStatement:
    """The need, locked, and whether the actor may send people to it, and may set rules aside for it."""
    may = access.sends_under_pledge(kind, Need, _id("pledge")).label("may")
    may_override = access.sends_to_need(kind, Need).label("may_override")
    found = sa.select(Need, may, may_override).where(Need.c.id == _id("need"))
    return compile_statement(found.with_for_update(key_share=True))
