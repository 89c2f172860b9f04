"""What coordinators say of a duty afterwards."""

import uuid
from datetime import datetime, timedelta

from api import access
from api.database.engine import Row, Transaction
from api.models.assignment_status import OVER
from api.rules.code import ProblemCode
from api.services.change import check_status
from api.services.duty import change, lock_for, record_lapse
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.text import paragraph

DAYS = 30


@verb(
    "evaluate_assignment",
    f"Says how a duty went: once, within {DAYS} days of its end. The volunteer and their managers read it.",
    answers=OneThing("Assignment"),
    callers=access.COORDINATORS_OF_NEED,
    ids={"assignment": "Assignment"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.ALREADY_RECORDED, ProblemCode.PERIOD_PAST),
    updates=True,
)
async def evaluate(
    session: Transaction,
    request: Request,
    *,
    assignment: uuid.UUID,
    version: int,
    rating: int,
    comment: str | None = None,
) -> uuid.UUID:
    problems = Problems()
    text = problems.read(paragraph, "comment", value=comment, minimum=1, maximum=1000)
    if not 1 <= rating <= 5:  # As people rate.
        problems.invalid("rating", indonesian="Nilai 1 sampai 5.", english="It must be 1 to 5.")
    problems.refuse()
    duty = await lock_for(session, request, assignment, version, may=access.sends_to_need_of)
    check_status(duty, OVER, "assignment")
    deadline = _end(duty) + timedelta(days=DAYS)
    if duty.rating is not None:
        raise Refused(Problem(ProblemCode.ALREADY_RECORDED, input_path("assignment")))
    if request.now > deadline:
        raise Refused(Problem(ProblemCode.PERIOD_PAST, input_path("assignment"), {"ends_at": deadline}))
    duty = await record_lapse(session, request, duty)
    said = {"rating": rating, "rating_comment": text, "rated_at": request.now, "rater_id": request.actor.account_id}
    return await change(session, request, duty, "evaluated", columns=said, change={"rating": rating})


def _end(duty: Row) -> datetime:
    """When a duty ended: with the check-out or the release, else as it was to end."""
    end: datetime = duty.checked_out_at or duty.released_at or duty.ends_at
    return end
