"""Longer duties: a proposed end on the same assignment, which its volunteer accepts or declines."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Commitment
from api.models.assignment_status import AssignmentAction
from api.models.base import INSTANT
from api.rules.code import ProblemCode
from api.rules.refusal import ACCEPT_RULES, OFFER_RULES, codes_of
from api.rules.rule import Rule
from api.rules.sending import NOT_YET_OFFERED
from api.services.duty import NO_PROPOSAL, change, lock_assignment, lock_grounds
from api.services.problem import Problems
from api.services.request import Request
from api.services.sending import broken_rules, check_override, overridden_rules, record_overrides, refuse_broken
from api.services.verb import OneThing, verb

# The duty itself is the offer that there is already.
EXTENSION_RULES = tuple(rule for rule in OFFER_RULES if rule is not NOT_YET_OFFERED)


@verb(
    "extend_assignment",
    "Proposes that a duty lasts longer; it does once the volunteer accepts it. A later proposal takes the place of an earlier one.",
    answers=OneThing("Assignment"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"assignment": "Assignment"},
    codes=(
        *(ProblemCode.WRONG_STATUS, ProblemCode.OFFER_EXPIRED, ProblemCode.DUTY_OVER, ProblemCode.NOT_OVERRIDABLE),
        *codes_of(EXTENSION_RULES),
    ),
    updates=True,
)
async def extend(
    session: Transaction,
    request: Request,
    *,
    assignment: uuid.UUID,
    version: int,
    ends_at: datetime,
    expires_at: datetime | None = None,
    override_rules: Sequence[str] | None = None,
    override_reason: str | None = None,
) -> uuid.UUID:
    """Asks every rule of sending for the time after the present end, as for a new duty."""
    problems = Problems()
    reason = check_override(problems, override_rules or (), override_reason)
    duty = await lock_assignment(session, request, assignment, version, AssignmentAction.EXTEND)
    if ends_at <= duty.ends_at:
        problems.invalid(
            "ends_at",
            indonesian="Akhir yang baru harus sesudah akhir tugas.",
            english="The new end must lie after the end of the duty.",
        )
    if expires_at is not None and expires_at <= request.now:
        problems.invalid(
            "expires_at", indonesian="Batas jawaban sudah lewat.", english="The time to answer is already over."
        )
    problems.refuse()
    broken = await _broken(session, request, duty, ends_at, EXTENSION_RULES)
    refuse_broken(broken, frozenset(override_rules or ()), "assignment")
    await record_overrides(session, request, assignment, broken, reason, extends_to=ends_at)
    columns = {"proposed_ends_at": ends_at, "proposal_expires_at": expires_at}
    proposed = {"ends_at": ends_at.isoformat(), "overridden": [row.code for row in broken]}
    return await change(session, request, duty, "extension_proposed", columns=columns, change=proposed, reason=reason)


async def accept_extension(session: Transaction, request: Request, duty: Row) -> uuid.UUID:
    """Makes a locked duty as long as proposed, after every rule was asked again for the time after its present end."""
    ends = duty.proposed_ends_at
    await lock_grounds(session, duty)
    broken = await _broken(session, request, duty, ends, ACCEPT_RULES)
    refuse_broken(broken, await overridden_rules(session, duty.id, extends_to=ends), "assignment")
    await session.rows(LENGTHEN, {"assignment": duty.id, "until": ends})
    columns = {"ends_at": ends, **NO_PROPOSAL}
    return await change(session, request, duty, "extended", columns=columns, change={"ends_at": ends.isoformat()})


async def decline_extension(session: Transaction, request: Request, duty: Row, reason: str | None) -> uuid.UUID:
    """The duty ends when it did."""
    declined = {"ends_at": duty.proposed_ends_at.isoformat()}
    return await change(
        session, request, duty, "extension_declined", columns=NO_PROPOSAL, change=declined, reason=reason
    )


async def _broken(
    session: Transaction, request: Request, duty: Row, ends_at: datetime, rules: tuple[Rule, ...]
) -> Sequence[Row]:
    sending = (duty.need_id, duty.volunteer_id, duty.ends_at, ends_at, duty.pledge_id)
    return await broken_rules(session, request, sending, rules)


LENGTHEN = compile_statement(
    sa.update(Commitment)
    .where(Commitment.c.assignment_id == sa.bindparam("assignment", type_=sa.Uuid()))
    .values(period=sa.func.tstzrange(sa.func.lower(Commitment.c.period), sa.bindparam("until", type_=INSTANT)))
)
