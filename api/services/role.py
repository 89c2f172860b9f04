"""Granting and revoking roles."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import NOW, Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Account, Camp, Kabupaten, Organization, Province, Role
from api.models.account import OF_ORGANIZATIONS, RoleKind
from api.models.base import new_id
from api.models.event import ActorKind
from api.rules.code import ProblemCode
from api.services.feed import record, record_all
from api.services.problem import Problem, Problems, Refused, input_path, not_found
from api.services.request import Request
from api.services.standing import rely_on
from api.services.verb import OneThing, verb
from api.values.day import check_earliest

SCOPES = {
    "province": "province_code",
    "kabupaten": "kabupaten_code",
    "organization": "organization_id",
    "camp": "camp_id",
}


@verb(
    "grant_role",
    "Grants an account a role, for a period or without end.",
    answers=OneThing("Role"),
    callers=access.GRANTORS,
    ids={"province": "Province", "kabupaten": "Kabupaten", "organization": "Organization", "camp": "Camp"},
    codes=(ProblemCode.ALREADY_GRANTED, ProblemCode.ORGANIZATION_NOT_VERIFIED),
    grants_roles=True,
)
async def grant(
    session: Transaction,
    request: Request,
    *,
    login: str,
    kind: str,
    since: datetime | None = None,
    until: datetime | None = None,
    reason: str | None = None,
    **scope: Any,
) -> uuid.UUID:
    """Nobody grants more than they hold, nor for longer."""
    problems = Problems()
    text = problems.reason(reason)
    columns = {column: scope.get(name) for name, column in SCOPES.items()}
    _check_scope(problems, kind, scope)
    _check_period(problems, since, until, request.now)
    await _check_things(session, request, problems, scope)
    problems.refuse()
    role: dict[str, Any] = {"account_id": None, "kind": kind, **columns, "since": since, "until": until}
    # Before the login is looked up: whether there is such an account is told only to who may grant it the role.
    await check_grant(session, request, role, _named(scope) or "kind")
    role["account_id"] = await session.value(LOCK_ACCOUNT, {"login": login})
    if role["account_id"] is None:
        raise not_found("login")
    if await session.value(SAME, {**request.parameters, **role}):
        raise Refused(Problem(ProblemCode.ALREADY_GRANTED, input_path("login")))
    return await give(session, request, role, reason=text)


async def check_grant(session: Transaction, request: Request, role: Mapping[str, Any], name: str) -> None:
    """Refuses a role that is more than the actor holds, lasts longer, or is of an organization that is closed.

    `name` is the input field that asks for it.
    """
    (found,) = await session.rows(MAY_GRANT, {**request.parameters, **role})
    if not found.may:
        raise Refused(Problem(ProblemCode.FORBIDDEN, input_path(name)))
    if found.organization_id is not None:
        rely_on(request, found.organization_id, name, must_stand=not found.may_as_coordinator)


async def give(session: Transaction, request: Request, role: dict[str, Any], *, reason: str | None = None) -> uuid.UUID:
    """Writes the role and its event."""
    key = new_id()
    await session.insert(Role, id=key, created_at=request.now, **role)
    await record(session, request, "role.granted", subject=("Role", key), change=_change(role), reason=reason)
    return key


@verb(
    "revoke_role",
    "Ends a role at once: for reads within five seconds, for writes immediately.",
    answers=OneThing("Role"),
    callers=access.ACCOUNTS,
    ids={"role": "Role"},
    codes=(ProblemCode.ALREADY_ENDED,),
    conflicts={"last_national_coordinator": Problem(ProblemCode.LAST_COORDINATOR, input_path("role"))},
    updates=True,
)
async def revoke(session: Transaction, request: Request, *, role: uuid.UUID, version: int, reason: str) -> uuid.UUID:
    problems = Problems()
    text = problems.reason(reason)
    problems.refuse()
    held = await session.row(_revocable(request.actor.kind), {**request.parameters, "role": role})
    if held is None:
        raise not_found("role")
    _check_not_ended(held, version, request.now)
    now = request.now
    await session.update(Role, role, ended_at=now, updated_at=now, version=held.version + 1)
    # The trigger has its say here, where its refusal is a problem, and not at the commit.
    await session.rows(sa.text("SET CONSTRAINTS last_national_coordinator IMMEDIATE"))
    await record(session, request, "role.revoked", subject=("Role", role), change=_change(held), reason=text)
    return role


async def give_manager(
    session: Transaction, request: Request, account_id: uuid.UUID, organization: uuid.UUID
) -> uuid.UUID:
    """The account manages the organization from now on, without end."""
    nowhere = dict.fromkeys((*SCOPES.values(), "since", "until"))
    role = {**nowhere, "account_id": account_id, "kind": RoleKind.MANAGER, "organization_id": organization}
    return await give(session, request, role)


async def lock_of_organization(session: Transaction, organization: uuid.UUID) -> None:
    """Locks the roles of an organization and of its camps; the organization itself is locked later."""
    await session.rows(LOCK_OF_ORGANIZATION, {"organization": organization})


async def revoke_of_organization(session: Transaction, request: Request, organization: uuid.UUID) -> None:
    """Ends the roles of a locked organization and of its camps, also those that were granted before it was locked."""
    ended = await session.rows(END_OF_ORGANIZATION, {**request.parameters, "organization": organization})
    await record_all(session, request, "role.revoked", "Role", [(held.id, _change(held)) for held in ended])


async def record_ends(session: Transaction, request: Request) -> None:
    """Records the roles whose period is over, each with its event as of that instant."""
    for held in await session.rows(LOCK_OVER, {"now": request.now}):
        await session.update(Role, held.id, ended_at=held.until, updated_at=request.now, version=held.version + 1)
        await record(
            session,
            request,
            "role.ended",
            subject=("Role", held.id),
            change=_change(held),
            effective_at=held.until,
            by=ActorKind.CLOCK,
        )


def _check_not_ended(held: Row, version: int, now: datetime) -> None:
    if held.ended_at is not None or (held.until is not None and held.until <= now):
        raise Refused(Problem(ProblemCode.ALREADY_ENDED, input_path("role")))
    if held.version != version:
        raise Refused(Problem(ProblemCode.VERSION_CONFLICT, input_path("version"), {"version": held.version}))


def _named(scope: dict[str, Any]) -> str | None:
    return next((name for name in SCOPES if scope.get(name) is not None), None)


def _change(role: Any) -> dict[str, Any]:
    """What the event says of a role."""
    names = ("account_id", "kind", *SCOPES.values())
    times = {name: role[name].isoformat() for name in ("since", "until") if role[name] is not None}
    return {name: str(role[name]) for name in names if role[name] is not None} | times


def _check_scope(problems: Problems, kind: str, scope: dict[str, Any]) -> None:
    named = [name for name in SCOPES if scope.get(name) is not None]
    wanted = {"organization"} if kind in OF_ORGANIZATIONS else {"province", "kabupaten"}
    wanted |= {"camp"} if kind == RoleKind.CAMP_STAFF else set()
    if len(named) > 1 or not wanted.issuperset(named) or (kind in OF_ORGANIZATIONS and not named):
        problems.invalid(
            "kind",
            indonesian="Peran pengelola berlaku untuk satu organisasi, petugas kemah juga untuk satu kemah, yang lain untuk satu tempat.",
            english="Managers have one organization as their scope, camp staff that or one camp, the others one place or the nation.",
        )


def _check_period(problems: Problems, since: datetime | None, until: datetime | None, now: datetime) -> None:
    problems.read(check_earliest, "since", value=since and since.date())
    if until is not None and until <= max(since or now, now):
        problems.invalid(
            "until",
            indonesian="Akhir masa peran harus sesudah awalnya dan belum lewat.",
            english="The role must end after it begins, and not in the past.",
        )


async def _check_things(session: Transaction, request: Request, problems: Problems, scope: dict[str, Any]) -> None:
    for name, table, sees in (
        ("province", Province, None),
        ("kabupaten", Kabupaten, None),
        ("organization", Organization, access.sees_organization),
        ("camp", Camp, access.sees_camp),
    ):
        key = scope.get(name)
        if key is None:
            continue
        (column,) = table.primary_key.columns
        found = sa.select(column).where(column == sa.bindparam("key", key, type_=column.type))
        if sees is not None:
            found = found.where(sees(request.actor.kind, table))
        if await session.value(found, request.parameters) is None:
            problems.add(ProblemCode.NOT_FOUND, name)


# The statements, compiled once.

LOCK_ACCOUNT = compile_statement(
    sa.select(Account.c.id)
    .where(Account.c.login == sa.bindparam("login", type_=sa.Text()), Account.c.active)
    .with_for_update(key_share=True)
)

_COLUMNS = ("account_id", "kind", *SCOPES.values(), "since", "until")
# The role that is asked for, as a row.
_WANTED = sa.select(
    *(sa.cast(sa.bindparam(name, type_=Role.c[name].type), Role.c[name].type).label(name) for name in _COLUMNS)
).subquery("wanted")
MAY_GRANT = compile_statement(
    sa.select(
        access.grants(_WANTED).label("may"),
        access.grants_as_coordinator(_WANTED).label("may_as_coordinator"),
        access.organization_of_role(_WANTED).label("organization_id"),
    ).select_from(_WANTED)
)

# The same capacity in the same scope, at some time of the same period.
SAME = compile_statement(
    sa.select(Role.c.id)
    .select_from(Role, _WANTED)
    .where(
        Role.c.ended_at.is_(None),
        *(Role.c[name].is_not_distinct_from(_WANTED.c[name]) for name in ("account_id", "kind", *SCOPES.values())),
        sa.func.tstzrange(Role.c.since, Role.c.until).op("&&", is_comparison=True)(
            # The end may be now by this reading of the clock, though it was not by the one before.
            sa.func.tstzrange(sa.func.coalesce(_WANTED.c.since, sa.func.least(NOW, _WANTED.c.until)), _WANTED.c.until)
        ),
    )
)


_OF_ORGANIZATION = sa.and_(
    access.organization_of_role(Role) == sa.bindparam("organization", type_=sa.Uuid()), Role.c.ended_at.is_(None)
)
LOCK_OF_ORGANIZATION = compile_statement(
    sa.select(Role.c.id).where(_OF_ORGANIZATION).order_by(Role.c.id).with_for_update(key_share=True)
)
END_OF_ORGANIZATION = compile_statement(
    sa.update(Role)
    .where(_OF_ORGANIZATION)
    .values(ended_at=NOW, version=Role.c.version + 1, updated_at=NOW)
    .returning(Role)
)


LOCK_OVER = compile_statement(
    sa.select(Role)
    .where(Role.c.ended_at.is_(None), Role.c.until <= NOW)
    .with_for_update(key_share=True, skip_locked=True)
)


@cache
def _revocable(kind: Kind) -> CompiledStatement:
    return compile_statement(
        sa.select(Role)
        .where(Role.c.id == sa.bindparam("role", type_=sa.Uuid()), access.revokes(kind, Role))
        .with_for_update(key_share=True)
    )
