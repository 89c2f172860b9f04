"""Volunteers whom an input names: one whom the actor may not see is answered like one that does not exist."""

import uuid
from functools import cache

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Volunteer
from api.rules.code import ProblemCode
from api.services.problem import Problems
from api.services.request import Request


async def check_seen(
    session: Transaction, request: Request, problems: Problems, volunteer: uuid.UUID, name: str = "volunteer"
) -> None:
    """`name` is the input field that names the volunteer."""
    if not await session.value(_seen(request.actor.kind), {**request.parameters, "volunteer": volunteer}):
        problems.add(ProblemCode.NOT_FOUND, name)


@cache
def _seen(kind: Kind) -> CompiledStatement:
    this_volunteer = Volunteer.c.id == sa.bindparam("volunteer", type_=sa.Uuid())
    return compile_statement(sa.select(sa.true()).where(this_volunteer, access.sees_volunteer(kind, Volunteer)))
