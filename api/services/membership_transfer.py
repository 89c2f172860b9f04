"""Members go over to another organization: their organization proposes, the person and the other organization answer."""

import uuid
from datetime import date, timedelta
from functools import cache

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import MembershipTransfer
from api.models.base import new_id
from api.models.membership_transfer import MEMBERSHIP_TRANSFER, MembershipTransferAction, MembershipTransferStatus
from api.rules.code import ProblemCode
from api.services import membership as memberships
from api.services.change import Changeable, move_verb
from api.services.enrolment import read_terms
from api.services.feed import record
from api.services.problem import Problem, Problems, Refused, forbidden, input_path
from api.services.request import Request
from api.services.standing import check_verified
from api.services.verb import OneThing, verb
from api.values.text import paragraph

TRANSFERS = Changeable(MembershipTransfer, access.sees_transfer, MEMBERSHIP_TRANSFER)


@verb(
    "transfer_membership",
    "Proposes that a member goes over to another organization; the person and that organization answer.",
    answers=OneThing("MembershipTransfer"),
    callers=access.MANAGERS,
    ids={"membership": "Membership", "organization": "Organization"},
    conflicts={"uq_membership_transfer_pending": Problem(ProblemCode.ALREADY_ASKED, input_path("membership"))},
    codes=(ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.ALREADY_ENDED),
)
async def propose(
    session: Transaction,
    request: Request,
    *,
    membership: uuid.UUID,
    organization: uuid.UUID,
    note: str | None = None,
) -> uuid.UUID:
    problems = Problems()
    text = problems.read(paragraph, "note", value=note, minimum=1, maximum=1000)
    await read_terms(session, request, problems, organization)
    problems.refuse()
    held = await memberships.lock(session, request, membership, None, may=access.manages_own)
    await memberships.refuse_ended(session, request, held)
    # While it waits, the other organization's managers see the person.
    await check_verified(session, request, problems, held.organization_id, may=True, name="membership")
    if held.organization_id == organization:
        problems.invalid("organization", indonesian="Sebutkan organisasi lain.", english="Name another organization.")
    problems.refuse()
    key, status = new_id(), MembershipTransferStatus.PENDING
    people = {"membership_id": membership, "volunteer_id": held.volunteer_id, "organization_id": organization}
    asker = request.actor.account_id
    await session.insert(MembershipTransfer, id=key, status=status, note=text, asker_id=asker, **people)
    change = {"status": status, **{name.removesuffix("_id"): str(value) for name, value in people.items()}}
    await record(session, request, "membership_transfer.pending", subject=("MembershipTransfer", key), change=change)
    return key


@verb(
    "answer_transfer",
    "Answers the proposal of a transfer for the person or for the other organization; with the last yes, one membership "
    "ends and the other begins. The organization may set number, rank and kecamatan with its yes.",
    answers=OneThing("MembershipTransfer"),
    callers=access.TRANSFER_PARTIES,
    ids={"membership_transfer": "MembershipTransfer", "rank": "Rank", "kecamatan": "Kecamatan"},
    conflicts=memberships.conflicts("membership_transfer"),
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.ALREADY_ENDED),
    updates=True,
)
async def answer(
    session: Transaction,
    request: Request,
    *,
    membership_transfer: uuid.UUID,
    version: int,
    accept: bool,
    reason: str | None = None,
    **terms: str | None,
) -> uuid.UUID:
    action = MembershipTransferAction.ACCEPT if accept else MembershipTransferAction.REFUSE
    if not accept:
        return await TRANSFERS.decide(session, request, membership_transfer, version, action, reason=reason or "")
    held = await TRANSFERS.lock_for(session, request, membership_transfer, version, action)
    problems = Problems()
    columns = await _new_yeses(session, request, held)
    if any(value is not None for value in terms.values()):
        if "organization_agreed_at" not in columns:
            raise forbidden(next(name for name, value in terms.items() if value is not None))
        columns |= await read_terms(
            session, request, problems, held.organization_id, name="membership_transfer", **terms
        )
        problems.refuse()
    agreed = {name: columns.get(name, held[name]) for name in (*SIDES, *memberships.TERMS)}
    if any(agreed[side] is None for side in SIDES):
        change = {"agreed": sorted(columns.keys() & SIDES)}
        return await TRANSFERS.change(session, request, held, "agreed", columns=columns, change=change)
    begun = await _go_over(session, request, held, {name: agreed[name] for name in memberships.TERMS})
    status, change_made = MembershipTransferStatus.ACCEPTED, {"membership": str(begun)}
    return await TRANSFERS.move(session, request, held, status, columns=columns, change=change_made)


withdraw = move_verb(
    TRANSFERS,
    "withdraw_transfer",
    "Withdraws the proposal of a transfer.",
    MembershipTransferAction.WITHDRAW,
    callers=access.MANAGERS,
)


# The two whose yes it takes.
SIDES = {"person_agreed_at": access.agrees_to_transfer, "organization_agreed_at": access.manages_own}


async def _new_yeses(session: Transaction, request: Request, held: Row) -> dict[str, object]:
    """The instants of agreement of those sides for which the actor speaks, and which have not answered yet."""
    speaks = await session.row(_sides(request.actor.kind), {**request.parameters, "transfer": held.id})
    assert speaks is not None
    sides = {side: request.now for side in SIDES if speaks[side] and held[side] is None}
    if not sides:
        fact = {"status": held.status}
        raise Refused(Problem(ProblemCode.WRONG_STATUS, input_path("membership_transfer"), fact))
    return dict(sides)


async def _go_over(session: Transaction, request: Request, held: Row, terms: dict[str, object]) -> uuid.UUID:
    """Ends the membership yesterday, or on its first day, and begins the other today."""
    problems = Problems()
    old = await memberships.lock_row(session, held.membership_id)
    await memberships.refuse_ended(session, request, old, "membership_transfer")
    today: date = await memberships.first_day(session, request, problems, "membership_transfer", held)
    problems.refuse()
    last = max(old.since, today - timedelta(days=1))
    await memberships.finish(session, request, old, last, reason=held.note)
    ends = {"volunteer": held.volunteer_id, "organization": held.organization_id}
    return await memberships.begin(session, request, **ends, since=today, terms=terms)


@cache
def _sides(kind: Kind) -> CompiledStatement:
    sides = (predicate(kind, MembershipTransfer).label(side) for side, predicate in SIDES.items())
    return compile_statement(
        sa.select(*sides).where(MembershipTransfer.c.id == sa.bindparam("transfer", type_=sa.Uuid()))
    )
