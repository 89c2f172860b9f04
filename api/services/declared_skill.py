"""What a volunteer says to be able to do: shown as declared, never as trained."""

import uuid

import sqlalchemy as sa

from api import access
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import DeclaredSkill, Skill
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.person_change import VOLUNTEERS
from api.services.problem import Problem, Problems, input_path, not_found
from api.services.reference import check_codes
from api.services.request import Request
from api.services.verb import OneThing, verb

IDS = {"volunteer": "Volunteer", "skill": "Skill"}


@verb(
    "declare_skill",
    "Notes a skill that a volunteer claims without a certificate; it never counts as trained.",
    answers=OneThing("Volunteer"),
    callers=access.KEEPERS_OF_PEOPLE,
    ids=IDS,
    conflicts={"pk_declared_skill": Problem(ProblemCode.ALREADY_RECORDED, input_path("skill"))},
)
async def declare_skill(session: Transaction, request: Request, *, volunteer: uuid.UUID, skill: str) -> uuid.UUID:
    problems = Problems()
    await check_codes(session, problems, {"skill": (Skill, skill)})
    problems.refuse()
    await VOLUNTEERS.lock(session, request, volunteer, None, may=access.keeps_volunteer)
    await session.insert(DeclaredSkill, volunteer_id=volunteer, skill_code=skill, declared_at=request.now)
    return await _record(session, request, volunteer, "skill_declared", skill)


@verb(
    "withdraw_skill",
    "Takes a declared skill back.",
    answers=OneThing("Volunteer"),
    callers=access.KEEPERS_OF_PEOPLE,
    ids=IDS,
)
async def withdraw_skill(session: Transaction, request: Request, *, volunteer: uuid.UUID, skill: str) -> uuid.UUID:
    await VOLUNTEERS.lock(session, request, volunteer, None, may=access.keeps_volunteer)
    if await session.value(WITHDRAW, {"volunteer": volunteer, "skill": skill}) is None:
        raise not_found("skill")
    return await _record(session, request, volunteer, "skill_withdrawn", skill)


async def _record(session: Transaction, request: Request, volunteer: uuid.UUID, what: str, skill: str) -> uuid.UUID:
    await record(session, request, f"volunteer.{what}", subject=("Volunteer", volunteer), change={"skill": skill})
    return volunteer


WITHDRAW = compile_statement(
    sa.delete(DeclaredSkill)
    .where(
        DeclaredSkill.c.volunteer_id == sa.bindparam("volunteer", type_=sa.Uuid()),
        DeclaredSkill.c.skill_code == sa.bindparam("skill", type_=sa.Text()),
    )
    .returning(DeclaredSkill.c.skill_code)
)
