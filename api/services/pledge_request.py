"""Asking the holder of a pledge for it, and answering."""

import uuid

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import PledgeRequest
from api.models.base import new_id
from api.models.pledge import PledgeRequestStatus
from api.rules.code import ProblemCode
from api.services.change import Changeable
from api.services.feed import record
from api.services.pledge import lock_pledge
from api.services.pledge_change import give_rest
from api.services.problem import Problem, Problems, Refused, input_path, not_found
from api.services.request import Request
from api.services.standing import check_verified
from api.services.verb import OneThing, verb
from api.values.text import paragraph

REQUESTS = Changeable(PledgeRequest, access.sees_pledge_request)


@verb(
    "ask_for_pledge",
    "Asks the holder of a pledge to hand it over.",
    answers=OneThing("PledgeRequest"),
    callers=access.MANAGERS,
    ids={"pledge": "Pledge", "organization": "Organization"},
    conflicts={"uq_pledge_request_open": Problem(ProblemCode.ALREADY_RECORDED, input_path("pledge"))},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.ORGANIZATION_NOT_VERIFIED),
)
async def ask_for(
    session: Transaction, request: Request, *, pledge: uuid.UUID, organization: uuid.UUID, reason: str
) -> uuid.UUID:
    problems = Problems()
    text = problems.reason(reason)
    await check_verified(session, request, problems, organization)
    problems.refuse()
    held = await lock_pledge(session, request, pledge, None, access.sees_pledge)
    if held.organization_id == organization:
        problems.invalid("organization", indonesian="Janji ini miliknya.", english="It holds the pledge already.")
    problems.refuse()
    key = new_id()
    status = PledgeRequestStatus.ASKED
    await session.insert(
        PledgeRequest, id=key, pledge_id=pledge, organization_id=organization, reason=text, status=status
    )
    change = {"status": status, "pledge": str(pledge), "organization": str(organization)}
    subject = ("PledgeRequest", key)
    await record(session, request, "pledge_request.asked", subject=subject, change=change, reason=text)
    return key


@verb(
    "answer_pledge_request",
    "Grants a request, which hands the pledge over, or refuses it.",
    answers=OneThing("PledgeRequest"),
    callers=access.MANAGERS,
    ids={"pledge_request": "PledgeRequest"},
    conflicts={"places_of_need": Problem(ProblemCode.NEED_PLEDGED, input_path("pledge_request"))},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.ORGANIZATION_NOT_VERIFIED),
)
async def answer(
    session: Transaction, request: Request, *, pledge_request: uuid.UUID, grant: bool, answer: str
) -> uuid.UUID:
    problems = Problems()
    text = problems.read(paragraph, "answer", value=answer, minimum=1, maximum=1000)
    problems.refuse()
    found = await session.row(PLEDGE_OF, {"request": pledge_request})
    if found is None:
        raise not_found("pledge_request")
    held = await lock_pledge(session, request, found.pledge_id, None, access.holds_pledge, name="pledge_request")
    asked = await session.row(LOCK, {"request": pledge_request})
    assert asked is not None
    if asked.status != PledgeRequestStatus.ASKED:
        fact = {"status": asked.status}
        raise Refused(Problem(ProblemCode.WRONG_STATUS, input_path("pledge_request"), fact))
    if grant:
        await check_verified(session, request, problems, asked.organization_id, may=True, name="pledge_request")
        problems.refuse()
        await give_rest(session, request, held, asked.organization_id, reason=text, name="pledge_request")
    return await _answer(session, request, asked, grant=grant, text=text)


async def _answer(session: Transaction, request: Request, asked: Row, *, grant: bool, text: str | None) -> uuid.UUID:
    status = PledgeRequestStatus.GRANTED if grant else PledgeRequestStatus.REFUSED
    await session.update(PledgeRequest, asked.id, status=status, answer=text, answered_at=request.now)
    change = {"status": status, "pledge": str(asked.pledge_id), "organization": str(asked.organization_id)}
    subject = ("PledgeRequest", asked.id)
    await record(session, request, f"pledge_request.{status.lower()}", subject=subject, change=change, reason=text)
    return uuid.UUID(str(asked.id))


_THIS = PledgeRequest.c.id == sa.bindparam("request", type_=sa.Uuid())
PLEDGE_OF = compile_statement(sa.select(PledgeRequest.c.pledge_id).where(_THIS))
LOCK = compile_statement(sa.select(PledgeRequest).where(_THIS).with_for_update(key_share=True))
