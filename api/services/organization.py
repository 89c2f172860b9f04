"""Asking for, verifying, suspending, closing and changing organizations."""

import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import CertificateTypeIssuer, Kabupaten, Organization, Rank
from api.models.base import new_id
from api.models.organization import ORGANIZATION, OrganizationAction, OrganizationKind, Verification
from api.rules.code import ProblemCode
from api.services import licence, profile, role
from api.services.change import Changeable, check_status, move_verb
from api.services.feed import record
from api.services.problem import Problem, Problems, forbidden, input_path
from api.services.reference import check_codes
from api.services.request import Request
from api.services.verb import OneThing, verb
from api.values.text import line

ORGANIZATIONS = Changeable(Organization, access.sees_organization, ORGANIZATION)

# Names are compared among those that are verified or suspended, which coordinators of the home see anyway.
_NAME_TAKEN = {"uq_organization_name": Problem(ProblemCode.NAME_TAKEN, input_path("organization"))}

# Of a request, which anybody may send; later ones are recorded one by one.
MOST_LICENCES = 50
RANKS_GIVEN = (
    "Masih ada anggota dengan jenjang atau kecamatan dari korps ini.",
    "There are members with a rank or a kecamatan of the corps.",
)


@verb(
    "request_organization",
    "Asks for an organization to be verified; who asks manages it from then on.",
    answers=OneThing("Organization"),
    callers=access.SIGNED_IN,
    ids={"kabupaten": "Kabupaten", "parent": "Organization", "coverage": "Kabupaten", "focus": "Cluster"},
)
async def request_verification(
    session: Transaction,
    request: Request,
    *,
    name: str,
    kind: str,
    kabupaten: str,
    corps: str | None = None,
    parent: uuid.UUID | None = None,
    coverage: Sequence[str] | None = None,
    focus: Sequence[str] | None = None,
    contacts: Sequence[Mapping[str, Any]] | None = None,
    licences: Sequence[Mapping[str, Any]] | None = None,
) -> uuid.UUID:
    problems = Problems()
    columns: dict[str, Any] = {"name": _name(problems, name), "kind": kind, "kabupaten_code": kabupaten, "corps": corps}
    columns["parent_id"] = parent
    await _check_corps(session, problems, corps)
    await check_codes(session, problems, {"kabupaten": (Kabupaten, kabupaten)})
    await _check_parent(session, request, problems, parent)
    people = await profile.read(session, problems, coverage=coverage, focus=focus, contacts=contacts)
    problems.at_most(MOST_LICENCES, "licences", licences or ())
    licence_rows = [licence.read(problems, each, "licences", str(index)) for index, each in enumerate(licences or ())]
    problems.refuse()

    key, asked = new_id(), {"verification": Verification.PENDING, "requester_id": request.actor.account_id}
    await session.insert(Organization, id=key, **columns, **asked)
    await profile.write(session, key, coverage=coverage, focus=focus, contacts=people)
    change = {"status": Verification.PENDING, "kind": kind, "kabupaten": kabupaten}
    await record(session, request, "organization.pending", subject=("Organization", key), change=change)
    for row in licence_rows:
        await licence.insert(session, request, key, row)
    return key


@verb(
    "verify_organization",
    "Verifies an organization: its members may be sent, and who asked for it becomes its manager.",
    answers=OneThing("Organization"),
    callers=access.VERIFIERS,
    ids={"organization": "Organization"},
    conflicts=_NAME_TAKEN,
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
    grants_roles=True,
)
async def verify(session: Transaction, request: Request, *, organization: uuid.UUID, version: int) -> uuid.UUID:
    held = await ORGANIZATIONS.lock_for(session, request, organization, version, OrganizationAction.VERIFY)
    if held.requester_id is not None:
        await role.give_manager(session, request, held.requester_id, organization)
    return await ORGANIZATIONS.move(session, request, held, Verification.VERIFIED)


refuse = move_verb(
    ORGANIZATIONS,
    "refuse_organization",
    "Refuses to verify an organization.",
    OrganizationAction.REFUSE,
    callers=access.COORDINATORS_OF_HOME,
)


# Duties that are promised or running go on.
suspend = move_verb(
    ORGANIZATIONS,
    "suspend_organization",
    "Suspends an organization: it takes no new duty and no new member, and issues no certificate.",
    OrganizationAction.SUSPEND,
    callers=access.SUPERVISORS,
)


reinstate = move_verb(
    ORGANIZATIONS,
    "reinstate_organization",
    "Ends the suspension of an organization.",
    OrganizationAction.REINSTATE,
    callers=access.SUPERVISORS,
)


@verb(
    "close_organization",
    "Closes an organization for good; the roles of its managers end, and those of the staff of its camps.",
    answers=OneThing("Organization"),
    callers=access.SUPERVISORS,
    ids={"organization": "Organization"},
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def close(
    session: Transaction, request: Request, *, organization: uuid.UUID, version: int, reason: str
) -> uuid.UUID:
    await role.lock_of_organization(session, organization)
    key = await ORGANIZATIONS.decide(session, request, organization, version, OrganizationAction.CLOSE, reason=reason)
    await role.revoke_of_organization(session, request, organization)
    return key


@verb(
    "change_organization",
    "Changes an organization; what is left out stays. Kind, corps and parent are changed by coordinators of its home only, and "
    "only the nation leaves one that works in several provinces with its home alone.",
    answers=OneThing("Organization"),
    callers=access.MANAGERS_OR_COORDINATORS_OF_HOME,
    ids={"organization": "Organization", "parent": "Organization", "coverage": "Kabupaten", "focus": "Cluster"},
    conflicts={
        "uq_organization_name": Problem(ProblemCode.NAME_TAKEN, input_path("name")),
        "organization_without_cycle": Problem(ProblemCode.CYCLE, input_path("parent")),
        "corps_of_members": Problem(ProblemCode.STILL_USED, input_path("corps"), detail=RANKS_GIVEN),
    },
    codes=(ProblemCode.WRONG_STATUS,),
    updates=True,
)
async def change(
    session: Transaction, request: Request, *, organization: uuid.UUID, version: int, **changes: Any
) -> uuid.UUID:
    """Lists replace what was there; null removes the parent.

    Whoever works in several provinces is supervised by the nation, which alone hands that to the home.
    """
    problems = Problems()
    columns = {"name": _name(problems, changes["name"])} if changes.get("name") is not None else {}
    columns |= {"kind": changes["kind"]} if changes.get("kind") is not None else {}
    columns |= {"corps": changes["corps"]} if "corps" in changes else {}
    columns |= {"parent_id": changes["parent"]} if "parent" in changes else {}
    await _check_corps(session, problems, changes.get("corps"))
    await _check_parent(session, request, problems, changes.get("parent"))
    lists = {name: changes[name] for name in ("coverage", "focus", "contacts") if changes.get(name) is not None}
    contacts = await profile.read(session, problems, **lists)
    problems.refuse()

    held = await ORGANIZATIONS.lock(session, request, organization, version, may=access.keeps_organization)
    check_status(held, ORGANIZATION.group("OPEN"), "organization")
    await _check_coordinator(
        session, request, organization, [name for name in ("kind", "corps", "parent") if name in changes]
    )
    leaves_to_home = _leaves_to_home(request.actor.kind)
    may_leave = await session.value(leaves_to_home, {**request.parameters, "organization": organization})
    await profile.write(session, organization, **{**lists, **({"contacts": contacts} if "contacts" in lists else {})})
    if not may_leave and await session.value(leaves_to_home, {**request.parameters, "organization": organization}):
        raise forbidden("coverage")
    return await ORGANIZATIONS.change(
        session, request, held, "changed", columns=columns, change={"changed": sorted(changes)}
    )


# The input.


def _name(problems: Problems, name: str) -> str | None:
    return problems.read(line, "name", value=name, minimum=3, maximum=200)


async def _check_corps(session: Transaction, problems: Problems, corps: str | None) -> None:
    """A corps is known by its ranks, or, as TKSK, by the certificates that its organizations issue."""
    if corps is not None and not await session.value(IS_CORPS, {"corps": corps}):
        problems.add(ProblemCode.NOT_FOUND, "corps")


async def _check_parent(session: Transaction, request: Request, problems: Problems, parent: uuid.UUID | None) -> None:
    if parent is None:
        return
    if not await session.value(_seen(request.actor.kind), {**request.parameters, "organization": parent}):
        problems.add(ProblemCode.NOT_FOUND, "parent")


async def _check_coordinator(
    session: Transaction, request: Request, organization: uuid.UUID, names: Sequence[str]
) -> None:
    """What is named only a coordinator of the home changes."""
    if not names:
        return
    problems = Problems()
    if not await session.value(_coordinated(request.actor.kind), {**request.parameters, "organization": organization}):
        for name in names:
            problems.add(ProblemCode.FORBIDDEN, name)
    problems.refuse()


# The statements, compiled once.

_ORGANIZATION = sa.bindparam("organization", type_=sa.Uuid())
_CORPS = sa.bindparam("corps", type_=sa.Text())
_ISSUES = sa.exists().where(
    CertificateTypeIssuer.c.issuer == _CORPS, CertificateTypeIssuer.c.issuer.not_in([*OrganizationKind])
)
IS_CORPS = compile_statement(sa.select(sa.or_(sa.exists().where(Rank.c.corps == _CORPS), _ISSUES)))


@cache
def _seen(kind: Kind) -> CompiledStatement:
    return compile_statement(
        sa.select(Organization.c.id).where(
            Organization.c.id == _ORGANIZATION, access.sees_organization(kind, Organization)
        )
    )


@cache
def _leaves_to_home(kind: Kind) -> CompiledStatement:
    return compile_statement(
        sa.select(access.leaves_to_home(kind, Organization)).where(Organization.c.id == _ORGANIZATION)
    )


@cache
def _coordinated(kind: Kind) -> CompiledStatement:
    return compile_statement(
        sa.select(access.coordinates_home_of(kind, Organization)).where(Organization.c.id == _ORGANIZATION)
    )
