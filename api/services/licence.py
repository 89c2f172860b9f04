"""Recording, confirming, refusing and revoking licences of organizations."""

import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import NOW, Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Licence, Organization
from api.models.base import new_id
from api.models.day import local_day
from api.models.organization import LICENCE, LicenceAction, LicenceStatus, Verification
from api.rules.code import ProblemCode
from api.services.change import Changeable, move_verb
from api.services.feed import record as record_event
from api.services.problem import Problem, Problems, input_path, read_reason
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.day import check_earliest
from api.values.text import line

LICENCES = Changeable(Licence, access.sees_licence, LICENCE)

# Numbers are compared among licences that were confirmed, which everybody sees.
_NUMBER_TAKEN = "uq_licence_number"


@verb(
    "record_licence",
    "Records a licence of an organization; what somebody records who may confirm it is confirmed at once.",
    answers=OneThing("Licence"),
    callers=access.MANAGERS_OR_COORDINATORS_OF_HOME,
    ids={"organization": "Organization"},
    conflicts={_NUMBER_TAKEN: Problem(ProblemCode.NUMBER_TAKEN, input_path("number"))},
    codes=(ProblemCode.WRONG_STATUS,),
)
async def record(session: Transaction, request: Request, *, organization: uuid.UUID, **values: Any) -> uuid.UUID:
    problems = Problems()
    columns = read(problems, values)
    parameters = {**request.parameters, "organization": organization}
    owner = await session.row(_owner(request.actor.kind), parameters)
    if owner is None:
        problems.add(ProblemCode.NOT_FOUND, "organization")
    elif not owner.may:
        problems.add(ProblemCode.FORBIDDEN, "organization")
    elif owner.verification in (Verification.REFUSED, Verification.CLOSED):
        problems.add(ProblemCode.WRONG_STATUS, "organization", status=owner.verification)
    problems.refuse()
    assert owner is not None
    key = await insert(session, request, organization, columns)
    if await session.value(_confirms(request.actor.kind), {**request.parameters, "licence": key}):
        held = await LICENCES.lock_for(session, request, key, 1, LicenceAction.CONFIRM)
        await LICENCES.move(session, request, held, LicenceStatus.CONFIRMED)
    return key


def read(problems: Problems, values: Mapping[str, Any], *steps: str) -> Mapping[str, Any]:
    """The columns of a licence in an input, at the end of `steps`."""
    start, end = values["valid_from"], values.get("valid_until")
    problems.read(check_earliest, *steps, "valid_from", value=start)
    if end is not None and end < start:
        problems.invalid(
            *steps,
            "valid_until",
            indonesian="Masa berlaku berakhir sebelum mulai.",
            english="It ends before it begins.",
        )
    return {
        "kind": values["kind"],
        "number": problems.read(line, *steps, "number", value=values["number"], minimum=1, maximum=100),
        "issuer": problems.read(line, *steps, "issuer", value=values["issuer"], minimum=2, maximum=200),
        "valid_from": start,
        "valid_until": end,
    }


async def insert(
    session: Transaction, request: Request, organization: uuid.UUID, columns: Mapping[str, Any]
) -> uuid.UUID:
    """A licence that waits for its confirmation."""
    key, status = new_id(), LicenceStatus.PENDING
    await session.insert(Licence, id=key, organization_id=organization, status=status, **columns)
    change = {"status": status, "organization": str(organization), "kind": columns["kind"]}
    await record_event(session, request, "licence.pending", subject=("Licence", key), change=change)
    return key


confirm = move_verb(
    LICENCES,
    "confirm_licence",
    "Confirms a licence.",
    LicenceAction.CONFIRM,
    callers=access.LICENCE_JUDGES,
    conflicts={_NUMBER_TAKEN: Problem(ProblemCode.NUMBER_TAKEN, input_path("licence"))},
)


refuse = move_verb(
    LICENCES,
    "refuse_licence",
    "Refuses a licence; it does not count.",
    LicenceAction.REFUSE,
    callers=access.LICENCE_JUDGES,
)


@verb(
    "revoke_licence",
    "Revokes a licence; an organization whose registration is revoked takes no new duty and no new member.",
    answers=OneThing("Licence"),
    callers=access.LICENCE_JUDGES,
    ids={"licence": "Licence"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def revoke(session: Transaction, request: Request, *, licence: uuid.UUID, version: int, reason: str) -> uuid.UUID:
    """From today on, the day at the organization's home."""
    text = read_reason(reason)
    held = await LICENCES.lock_for(session, request, licence, version, LicenceAction.REVOKE)
    # An acceptance that has asked for the organization already is finished first, and none follows.
    (owner,) = await session.rows(LOCK_OWNER, {"organization": held.organization_id, "now": request.now})
    columns = {"reason": text, "revoked_on": owner.today}
    return await LICENCES.move(session, request, held, LicenceStatus.REVOKED, reason=text, columns=columns)


_ORGANIZATION = sa.bindparam("organization", type_=sa.Uuid())
LOCK_OWNER = compile_statement(
    sa.select(local_day(Organization.c.kabupaten_code, NOW).label("today"))
    .where(Organization.c.id == _ORGANIZATION)
    .with_for_update(key_share=True, of=Organization)
)


@cache
def _owner(kind: Kind) -> CompiledStatement:
    """How the organization stands, and whether the actor may record its licences."""
    may = access.keeps_organization(kind, Organization).label("may")
    return compile_statement(
        sa.select(Organization.c.verification, may).where(
            Organization.c.id == _ORGANIZATION, access.sees_organization(kind, Organization)
        )
    )


@cache
def _confirms(kind: Kind) -> CompiledStatement:
    """Whether the actor may confirm a licence."""
    return compile_statement(
        sa.select(access.judges_licence(kind, Licence)).where(Licence.c.id == sa.bindparam("licence", type_=sa.Uuid()))
    )
