"""The standing of an organization that is named in an input."""

import uuid
from functools import cache

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Organization
from api.models.day import local_day
from api.models.organization import ORGANIZATION
from api.rules.code import ProblemCode
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Reliance, Request


async def check_verified(
    session: Transaction,
    request: Request,
    problems: Problems,
    key: uuid.UUID,
    *,
    may: bool = False,
    name: str = "organization",
) -> None:
    """The actor sees the organization and manages it, or `may` act for it otherwise; it must stand today, to the end.

    `name` is the input field that names it.
    """
    found = await session.row(_organization(request.actor.kind), {**request.parameters, "organization": key})
    if found is None:
        problems.add(ProblemCode.NOT_FOUND, name)
    elif not (may or found.may):
        problems.add(ProblemCode.FORBIDDEN, name)
    elif not found.stands:
        problems.add(ProblemCode.ORGANIZATION_NOT_VERIFIED, name, organization_id=key)
    else:
        rely_on(request, key, name)


async def lock_standing(session: Transaction, request: Request, key: uuid.UUID) -> Row:
    """Whether the organization stands, whether it is open, and today there; whoever suspends it waits until the transaction's end."""
    await session.rows(LOCK, {"organization": key})
    # A second statement, so that it sees what the lock has waited for.
    (found,) = await session.rows(STANDING, {"organization": key, "now": request.now})
    return found


def rely_on(request: Request, key: uuid.UUID, name: str, *, must_stand: bool = True) -> None:
    """The verb goes on because the organization stands, or is not closed: it is locked and asked again after all else.

    Organizations are the last in the order of locks. `name` is the input field by which the organization is known.
    """
    request.relied_on[key] = Reliance(name, must_stand)


async def refuse_fallen(session: Transaction, request: Request) -> None:
    """Refuses where an organization is not any more what was relied on; who suspends or closes it now waits."""
    for key, (name, must_stand) in sorted(request.relied_on.items()):
        found = await lock_standing(session, request, key)
        if not (found.stands if must_stand else found.is_open):
            raise Refused(Problem(ProblemCode.ORGANIZATION_NOT_VERIFIED, input_path(name), {"organization_id": key}))


_ORGANIZATION = sa.bindparam("organization", type_=sa.Uuid())
_TODAY = local_day(Organization.c.kabupaten_code, access.NOW)
LOCK = compile_statement(
    sa.select(Organization.c.id).where(Organization.c.id == _ORGANIZATION).with_for_update(read=True)
)
STANDING = compile_statement(
    sa.select(
        access.is_standing(Organization, _TODAY).label("stands"),
        Organization.c.verification.in_(ORGANIZATION.group("OPEN")).label("is_open"),
        _TODAY.label("today"),
    ).where(Organization.c.id == _ORGANIZATION)
)


@cache
def _organization(kind: Kind) -> CompiledStatement:
    """An organization that the actor sees: whether the actor manages it, and whether it stands on the day in its kabupaten."""
    may = access.manages(kind, Organization.c.id).label("may")
    return compile_statement(
        sa.select(access.is_standing(Organization, _TODAY).label("stands"), may).where(
            Organization.c.id == _ORGANIZATION,
            access.sees_organization(kind, Organization),
        )
    )
