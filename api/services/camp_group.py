"""Groups of a camp: made, changed, and filled by contingent or by name."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import CampGroup, CampGroupMember, CampRegistration
from api.models.base import new_id
from api.models.camp import CAMP, CampStatus
from api.models.camp_registration import CAMP_REGISTRATION
from api.rules.code import ProblemCode
from api.services.camp import CAMPS
from api.services.camp_holder import add_holders
from api.services.change import check_status
from api.services.feed import record
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Request
from api.services.sight import check_seen
from api.services.verb import OneThing, verb
from api.values.text import line

MOST_PLACES = 10_000


@verb(
    "arrange_group",
    "Makes or changes a group of a camp, and puts people into it: those named, and those of contingents, as many as fit.",
    answers=OneThing("CampGroup"),
    callers=access.CAMP_RUNNERS,
    ids={
        "camp": "Camp",
        "group": "CampGroup",
        "leader": "Volunteer",
        "contingents": "Contingent",
        "registrations": "CampRegistration",
        "remove": "CampRegistration",
    },
    conflicts={
        "uq_camp_group_camp_id_kind_name": Problem(ProblemCode.NAME_TAKEN, input_path("name")),
        "ck_camp_group_taken": Problem(ProblemCode.GROUP_FULL, input_path("capacity")),
        "of_group": Problem(ProblemCode.NOT_OF_GROUP, input_path("registrations")),
    },
    codes=(ProblemCode.WRONG_STATUS, ProblemCode.BELOW_TAKEN, ProblemCode.PLACE_HELD),
)
async def arrange(
    session: Transaction,
    request: Request,
    *,
    camp: uuid.UUID,
    group: uuid.UUID | None = None,
    contingents: Sequence[uuid.UUID] = (),
    registrations: Sequence[uuid.UUID] = (),
    remove: Sequence[uuid.UUID] = (),
    **values: Any,
) -> uuid.UUID:
    """Whoever is named leaves another group of the kind; who comes by contingent has none yet. In the order of numbers."""
    held = await CAMPS.lock(session, request, camp, None, may=access.runs_camp)
    check_status(held, (*CAMP.group("AHEAD"), CampStatus.RUNNING), "camp")
    problems = Problems()
    if values.get("leader") is not None:
        await check_seen(session, request, problems, values["leader"], "leader")
    columns = _columns(problems, values, is_new=group is None)
    key = await _make(session, request, camp, columns) if group is None else group
    found = await _find(session, camp, key)
    parameters = {"camp": camp, "kind": found.kind}
    await session.rows(LEAVE, {**parameters, "registrations": [*remove, *registrations]})
    if group is not None and columns:
        await _check_capacity(session, await _find(session, camp, key), columns)
        await session.update(CampGroup, key, **columns, version=found.version + 1, updated_at=request.now)
    named = dict.fromkeys(registrations)
    await _join(session, key, named)
    filled = await _find(session, camp, key)
    room = {"sex": filled.sex, "contingents": [*contingents], "free": filled.capacity - filled.taken}
    fitting = [row.id for row in await session.rows(FITTING, {**parameters, **room})]
    await _join(session, key, fitting)
    joined = len(named) + len(fitting)
    await record(session, request, "camp_group.arranged", subject=("CampGroup", key), change={"joined": joined})
    return key


async def _find(session: Transaction, camp: uuid.UUID, group: uuid.UUID) -> Row:
    found = await session.row(GROUP, {"camp": camp, "group": group})
    if found is None:
        raise Refused(Problem(ProblemCode.NOT_FOUND, input_path("group")))
    return found


async def _check_capacity(session: Transaction, group: Row, columns: Mapping[str, Any]) -> None:
    """Refuses fewer places than are held, with the names of the last who hold one."""
    capacity = columns.get("capacity", group.capacity)
    if capacity < group.taken:
        problems = Problems()
        problems.add(ProblemCode.BELOW_TAKEN, "capacity", count=group.taken, limit=capacity)
        lost = {"count": group.taken - capacity, "camp": group.camp_id, "group_id": group.id}
        await add_holders(session, problems, "capacity", **lost)
        problems.refuse()


async def _join(session: Transaction, group: uuid.UUID, people: Iterable[uuid.UUID]) -> None:
    rows = [{"id": new_id(), "group_id": group, "registration_id": person} for person in people]
    await session.insert_all(CampGroupMember, rows, sorted_by="registration_id")


async def _make(session: Transaction, request: Request, camp: uuid.UUID, columns: Mapping[str, Any]) -> uuid.UUID:
    key = new_id()
    await session.insert(CampGroup, id=key, camp_id=camp, **columns)
    change = {"camp": str(camp), "kind": columns["kind"]}
    await record(session, request, "camp_group.made", subject=("CampGroup", key), change=change)
    return key


def _columns(problems: Problems, values: Mapping[str, Any], *, is_new: bool) -> dict[str, Any]:
    """What is left out stays; a new group needs a kind, a name and a capacity, and its kind and sex stay."""
    read = dict(values)
    for name in ("kind", "name", "capacity"):
        if is_new and read.get(name) is None:
            problems.invalid(name, indonesian="Wajib diisi.", english="It is required for a new group.")
        if name in read and read[name] is None:
            del read[name]
    if not is_new and ("kind" in read or "sex" in read):
        problems.invalid("kind", indonesian="Jenisnya tetap.", english="Kind and sex of a group stay.")
    if "name" in read:
        read["name"] = problems.read(line, "name", value=read["name"], minimum=1, maximum=100)
    if not 1 <= read.get("capacity", 1) <= MOST_PLACES:
        problems.invalid("capacity", indonesian="Antara 1 dan 10.000.", english="It must be between 1 and 10,000.")
    if "leader" in read:
        read["leader_id"] = read.pop("leader")
    problems.refuse()
    return read


def _id(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Uuid())


def _ids(name: str) -> Any:
    return sa.any_(sa.bindparam(name, type_=ARRAY(sa.Uuid())))


_KIND = sa.bindparam("kind", type_=sa.Text())
_SEX = sa.bindparam("sex", type_=sa.Text())
GROUP = compile_statement(
    sa.select(CampGroup).where(CampGroup.c.camp_id == _id("camp"), CampGroup.c.id == _id("group"))
)
LEAVE = compile_statement(
    sa.delete(CampGroupMember).where(
        CampGroupMember.c.registration_id == _ids("registrations"),
        CampGroupMember.c.kind == _KIND,
        CampGroupMember.c.group_id.in_(sa.select(CampGroup.c.id).where(CampGroup.c.camp_id == _id("camp"))),
    )
)
_has_group = sa.exists().where(
    CampGroupMember.c.registration_id == CampRegistration.c.id, CampGroupMember.c.kind == _KIND
)
FITTING = compile_statement(
    sa.select(CampRegistration.c.id)
    .where(
        CampRegistration.c.camp_id == _id("camp"),
        CampRegistration.c.contingent_id == _ids("contingents"),
        CampRegistration.c.status.in_(CAMP_REGISTRATION.group("HOLDING")),
        sa.or_(_SEX.is_(None), CampRegistration.c.sex == _SEX),
        ~_has_group,
    )
    .order_by(CampRegistration.c.number)
    .limit(sa.bindparam("free", type_=sa.Integer()))
)
