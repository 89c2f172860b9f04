"""The curriculum of camps: adding and changing sessions."""

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import CampSession, CampStaffMember
from api.models.base import new_id
from api.models.camp import CAMP, CampStatus
from api.rules.code import ProblemCode
from api.services.camp import CAMPS
from api.services.camp_holder import add_holders
from api.services.camp_limit import MOST_PLACES
from api.services.change import Changeable, check_status
from api.services.feed import record
from api.services.problem import Problems, not_found
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.text import line

SESSIONS = Changeable(CampSession, access.sees_part_of_camp)
REQUIRED = ("title", "starts_at", "ends_at", "is_required")


@verb(
    "add_camp_session",
    "Adds a session to the curriculum of a camp.",
    answers=OneThing("CampSession"),
    callers=access.CAMP_KEEPERS,
    ids={"camp": "Camp", "instructor": "CampStaffMember"},
    codes=(ProblemCode.WRONG_STATUS,),
)
async def add_session(session: Transaction, request: Request, *, camp: uuid.UUID, **values: Any) -> uuid.UUID:
    held = await _lock_camp(session, request, camp)
    columns = await _read(session, held, values, values)
    key = new_id()
    await session.insert(CampSession, id=key, camp_id=camp, **columns)
    change = {"camp": str(camp), "title": columns["title"]}
    await record(session, request, "camp_session.added", subject=("CampSession", key), change=change)
    return key


@verb(
    "change_camp_session",
    "Changes a session of a camp; what is left out stays, and null removes it.",
    answers=OneThing("CampSession"),
    callers=access.CAMP_KEEPERS,
    ids={"camp_session": "CampSession", "instructor": "CampStaffMember"},
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.BELOW_TAKEN, ProblemCode.PLACE_HELD),
    updates=True,
)
async def change_session(
    session: Transaction, request: Request, *, camp_session: uuid.UUID, version: int, **values: Any
) -> uuid.UUID:
    camp = await session.value(CAMP_OF, {"key": camp_session})
    if camp is None:
        raise not_found("camp_session")
    held = await _lock_camp(session, request, camp, "camp_session")
    # Who keeps the camp changes all of it.
    found = await SESSIONS.lock(session, request, camp_session, version, may=access.sees_part_of_camp)
    columns = await _read(session, held, values, {**found, **values})
    await _check_taken(session, found, columns.get("capacity"))
    return await SESSIONS.change(session, request, found, "changed", columns=columns, change=columns)


async def _lock_camp(session: Transaction, request: Request, camp: uuid.UUID, name: str = "camp") -> Row:
    """The camp, which the actor keeps and which is not over."""
    held = await CAMPS.lock(session, request, camp, None, may=access.keeps_camp, name=name)
    check_status(held, (*CAMP.group("AHEAD"), CampStatus.RUNNING), name)
    return held


async def _read(session: Transaction, camp: Row, values: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of the values; the `whole` session must make sense: within the camp, with room for all who must come."""
    problems = Problems()
    columns = {name: value for name, value in values.items() if name != "instructor"}
    for name in REQUIRED:
        if name in values and values[name] is None:
            problems.invalid(name, indonesian="Tidak boleh dikosongkan.", english="It cannot be removed.")
    for name, least in (("title", 2), ("place", 1)):
        if name in values:
            columns[name] = problems.read(line, name, value=values[name], minimum=least, maximum=200)
    problems.refuse()
    if not camp.starts_at <= whole["starts_at"] < whole["ends_at"] <= camp.ends_at:
        problems.invalid(
            "starts_at", indonesian="Sesi berada di dalam masa kemah.", english="A session lies within the camp."
        )
    capacity = whole.get("capacity")
    if capacity is not None and (whole["is_required"] or not 1 <= capacity <= MOST_PLACES):
        problems.invalid(
            "capacity",
            indonesian="Hanya sesi pilihan yang berkapasitas, sedikitnya 1.",
            english="Only a session that is not required has a capacity, of at least 1.",
        )
    if "instructor" in values:
        columns["instructor_id"] = values["instructor"]
        await _check_instructor(session, problems, camp, values["instructor"])
    problems.refuse()
    return columns


async def _check_taken(session: Transaction, found: Row, capacity: int | None) -> None:
    """Refuses fewer places than are held, with the names of the last who hold one."""
    if capacity is not None and capacity < found.taken:
        problems = Problems()
        problems.add(ProblemCode.BELOW_TAKEN, "capacity", count=found.taken, limit=capacity)
        lost = {"count": found.taken - capacity, "camp": found.camp_id, "session_id": found.id}
        await add_holders(session, problems, "capacity", **lost)
        problems.refuse()


async def _check_instructor(session: Transaction, problems: Problems, camp: Row, key: uuid.UUID | None) -> None:
    """Somebody of the staff of the camp."""
    if key is not None and await session.value(IS_STAFF, {"camp": camp.id, "key": key}) is None:
        problems.add(ProblemCode.NOT_FOUND, "instructor")


_KEY: sa.BindParameter[uuid.UUID] = sa.bindparam("key", type_=sa.Uuid())
CAMP_OF = compile_statement(sa.select(CampSession.c.camp_id).where(CampSession.c.id == _KEY))
IS_STAFF = compile_statement(
    sa.select(CampStaffMember.c.id).where(
        CampStaffMember.c.id == _KEY,
        CampStaffMember.c.camp_id == sa.bindparam("camp", type_=sa.Uuid()),
        CampStaffMember.c.ended_at.is_(None),
    )
)
