"""The results of the people of a camp."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from api import access
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import CampRegistration, CampResult
from api.models.base import new_id
from api.models.camp import CampStatus
from api.rules.camp_completion import CAME
from api.rules.code import ProblemCode
from api.services.camp import CAMPS
from api.services.change import check_status
from api.services.feed import record
from api.services.frame import ItemResult
from api.services.problem import Problems, Refused
from api.services.request import Request
from api.services.verb import ResultPerItem, verb
from api.values.text import paragraph

MOST = 1000


@verb(
    "record_results",
    "Records whether people passed, up to 1,000; a result that is recorded again replaces the one before.",
    answers=ResultPerItem("CampRegistration", items="results"),
    callers=access.CAMP_RUNNERS,
    ids={"camp": "Camp", "results.registration": "CampRegistration"},
    codes=(ProblemCode.WRONG_STATUS,),
)
async def record_results(
    session: Transaction, request: Request, *, camp: uuid.UUID, results: Sequence[Mapping[str, Any]]
) -> Sequence[ItemResult]:
    """For those who came, while the camp runs."""
    held = await CAMPS.lock(session, request, camp, None, may=access.runs_camp)
    check_status(held, (CampStatus.RUNNING,), "camp")
    problems = Problems()
    problems.at_most(MOST, "results", results)
    problems.refuse()
    named = [each["registration"] for each in results]
    came = {row.id for row in await session.rows(CAMERS, {"camp": camp, "registrations": named})}
    read = [_read(each, came) for each in results]
    outcomes = [outcome for outcome, _ in read]
    for each, (outcome, note) in zip(results, read, strict=True):
        if outcome.key is not None:
            values = {"score": each.get("score"), "note": note, "has_passed": each["has_passed"]}
            keys = {"id": new_id(), "registration_id": outcome.key, "account_id": request.actor.account_id}
            await session.rows(KEEP, {**keys, **values})
    count = sum(1 for outcome in outcomes if outcome.key is not None)
    await record(session, request, "camp.results_recorded", subject=("Camp", camp), change={"count": count})
    return outcomes


def _read(result: Mapping[str, Any], came: set[uuid.UUID]) -> tuple[ItemResult, str | None]:
    """Whose result it is, or what is wrong with it; and the note as it is stored."""
    problems = Problems()
    note = problems.read(paragraph, "note", value=result.get("note"), minimum=1, maximum=1000)
    score = result.get("score")
    if score is not None and not 0 <= score <= 100:  # Percent.
        problems.invalid("score", indonesian="Antara 0 dan 100.", english="It must be between 0 and 100.")
    if result["registration"] not in came:
        problems.add(ProblemCode.NOT_FOUND, "registration")
    try:
        problems.refuse()
    except Refused as refused:
        return ItemResult(problems=refused.problems), None
    return ItemResult(key=result["registration"]), note


CAMERS = compile_statement(
    sa.select(CampRegistration.c.id).where(
        CampRegistration.c.camp_id == sa.bindparam("camp", type_=sa.Uuid()),
        CampRegistration.c.id == sa.any_(sa.bindparam("registrations", type_=ARRAY(sa.Uuid()))),
        CampRegistration.c.status.in_(CAME),
    )
)
_COLUMNS = ("id", "registration_id", "has_passed", "score", "note", "account_id")
_values = {name: sa.bindparam(name, type_=CampResult.c[name].type) for name in _COLUMNS}
KEEP = compile_statement(
    insert(CampResult)
    .values(_values)
    .on_conflict_do_update(
        index_elements=["registration_id"],
        set_={name: _values[name] for name in ("has_passed", "score", "note", "account_id")},
    )
)
