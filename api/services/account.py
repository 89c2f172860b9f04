"""Who an account is, and as what."""

import re
import uuid
from collections import defaultdict
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import PUBLIC, Actor
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Account, ApiKey, Kabupaten, Organization, ProviderIdentity, Province, Role, Session
from api.models.account import OF_ORGANIZATIONS, RoleKind
from api.models.base import new_id
from api.models.event import ActorKind
from api.models.organization import ORGANIZATION
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.problem import Problem, Refused
from api.services.request import Request
from api.services.retirement import is_retired
from api.values.problem import Unreadable
from api.values.text import line

_KEY: sa.BindParameter[uuid.UUID] = sa.bindparam("actor_key", type_=sa.Uuid())
_OPEN_SESSION = sa.exists().where(
    Session.c.id == access.SESSION, Session.c.account_id == Account.c.id, access.is_open(Session)
)
_IDENTITY: sa.BindParameter[uuid.UUID] = sa.bindparam("actor_identity", type_=sa.Uuid())
_OWN_IDENTITY = sa.exists().where(ProviderIdentity.c.id == _IDENTITY, ProviderIdentity.c.account_id == Account.c.id)
_SECOND_FACTOR = sa.select(Session.c.has_second_factor).where(Session.c.id == access.SESSION).scalar_subquery()
# An API key acts with those of its roles that are in force.
_OF_KEY = sa.or_(_KEY.is_(None), Role.c.id == sa.any_(ApiKey.c.role_ids))
_OF_ROLE = (Role.c.id, Role.c.kind, Role.c.province_code, Role.c.kabupaten_code, Role.c.organization_id)
ROLES = compile_statement(
    sa.select(Account.c.volunteer_id, ApiKey.c.verbs, _SECOND_FACTOR.label("has_second_factor"), *_OF_ROLE)
    .select_from(Account)
    .outerjoin(ApiKey, sa.and_(ApiKey.c.id == _KEY, ApiKey.c.account_id == Account.c.id, access.is_valid(ApiKey)))
    .outerjoin(Role, sa.and_(Role.c.account_id == Account.c.id, access.is_in_force(Role), _OF_KEY))
    .where(
        Account.c.id == sa.bindparam("account", type_=sa.Uuid()),
        Account.c.active,
        sa.or_(access.SESSION.is_(None), _OPEN_SESSION),
        sa.or_(_IDENTITY.is_(None), _OWN_IDENTITY),
        sa.or_(_KEY.is_(None), ApiKey.c.id.is_not(None)),
    )
)


async def actor(
    session: Transaction,
    account_id: uuid.UUID,
    now: datetime,
    *,
    session_id: uuid.UUID | None = None,
    key_id: uuid.UUID | None = None,
    identity_id: uuid.UUID | None = None,
    has_second_factor: bool | None = None,
    demands_second_factor: bool = False,
) -> Actor:
    """The actor behind an account with the roles in force.

    The public, where there is no such active account, or where the session that the token is of has ended
    or the API key or the identity that asks is not valid.
    """
    asking = {"actor_session": session_id, "actor_key": key_id, "actor_identity": identity_id}
    parameters = {"account": account_id, "now": now, **asking}
    rows = await session.rows(ROLES, parameters)
    if not rows:
        return PUBLIC
    account = rows[0]
    if demands_second_factor and False in {account.has_second_factor, has_second_factor}:
        # Until the second factor is shown, the account is none of a coordinator.
        rows = [row for row in rows if row.kind != RoleKind.COORDINATOR]
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_kind[row["kind"]].append(row)
    coordinator = by_kind[RoleKind.COORDINATOR]
    return Actor(
        account_id=account_id,
        volunteer_id=account.volunteer_id if key_id is None else None,
        session_id=session_id,
        key_id=key_id,
        identity_id=identity_id,
        has_second_factor=has_second_factor,
        verbs=frozenset(account.verbs) if key_id else None,
        demands_second_factor=demands_second_factor,
        nation=any(row["province_code"] is None and row["kabupaten_code"] is None for row in coordinator),
        province_codes=_sorted(coordinator, "province_code"),
        kabupaten_codes=_sorted(coordinator, "kabupaten_code"),
        organization_ids=_sorted(by_kind[RoleKind.MANAGER], "organization_id"),
        is_desk_officer=bool(by_kind[RoleKind.DESK_OFFICER]),
        is_auditor=bool(by_kind[RoleKind.AUDITOR]),
        role_ids=_sorted(rows, "id"),
    )


# With what an account asks, besides itself.
CREDENTIAL = ("session_id", "key_id", "identity_id", "has_second_factor", "demands_second_factor")


def credential(known: Actor) -> dict[str, Any]:
    """From which the actor can be loaded again: arguments of `actor`, and columns of what acts for it later."""
    return {name: getattr(known, name) for name in CREDENTIAL}


async def reload(session: Transaction, known: Actor, now: datetime) -> Actor:
    """The actor as it is now."""
    if known.account_id is None:
        return known
    return await actor(session, known.account_id, now, **credential(known))


async def lock_own(session: Transaction, request: Request) -> Request:
    """The same request, by the actor as it is once the account is locked; refused where its session has ended meanwhile.

    For what makes another way in, which would outlive the end of all sessions.
    """
    assert request.actor.account_id is not None
    await session.lock_all(Account, [request.actor.account_id])
    actor = await reload(session, request.actor, request.now)
    if actor.account_id is None:
        raise Refused(Problem(ProblemCode.FORBIDDEN))
    return replace(request, actor=actor)


def _sorted(rows: list[Row], column: str) -> tuple[Any, ...]:
    return tuple(sorted({value for row in rows if (value := row[column]) is not None}))


class AccountError(Exception):
    """Why an account cannot be added, in one line."""


async def add(session: Transaction, request: Request, *, login: str, name: str, kind: RoleKind, scope: str) -> None:
    """An account with a role, added by the operator. Raises `AccountError`.

    `scope` is `nation`, the code of a province or a kabupaten, or the id of an organization.
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,100}", login):
        raise AccountError("A login has letters, digits, dots, dashes and underscores only, at most 100.")
    if await session.value(sa.select(Account.c.id).where(Account.c.login == login)) is not None:
        raise AccountError(f"There is already an account {login!r}.")
    try:
        shown = line(name, minimum=1, maximum=100)
    except Unreadable as unreadable:
        raise AccountError(f"The name cannot be read: {unreadable}") from None
    columns = await _scope(session, request, kind, scope)
    key = new_id()
    await session.insert(Account, id=key, login=login, name=shown, active=True)
    await session.insert(Role, id=new_id(), account_id=key, kind=kind, **columns)
    change = {"login": login, "kind": kind, "scope": scope}
    await record(session, request, "account.added", subject=("Account", key), change=change, by=ActorKind.OPERATOR)


async def _scope(session: Transaction, request: Request, kind: RoleKind, scope: str) -> dict[str, Any]:
    """The column of the role, with what the scope names: a code or key by itself, or an id."""
    if scope == "nation" and kind not in OF_ORGANIZATIONS:
        return {}
    known: sa.ColumnElement[bool] = sa.true()
    if kind in OF_ORGANIZATIONS:
        wanted, table = "the id of an organization that is not closed", Organization
        known = Organization.c.verification.in_(ORGANIZATION.group("OPEN"))
    else:
        wanted = "nation, or the code of a province or a kabupaten"
        table = Kabupaten if "." in scope else Province
        known = sa.not_(is_retired(table))
    (primary,) = table.primary_key.columns
    text = scope.removeprefix(f"{table.name.capitalize()}:")
    key = _uuid(text) if table is Organization else text
    if await session.value(sa.select(primary).where(primary == key, known), {"now": request.now}) is None:
        raise AccountError(f"The scope of {kind.lower()} is {wanted}; there is none {scope!r}.")
    return {f"{table.name}_{primary.name}": key}


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


async def id_of(session: Transaction, login: str) -> uuid.UUID | None:
    found = await session.value(sa.select(Account.c.id).where(Account.c.login == login, Account.c.active))
    return found if isinstance(found, uuid.UUID) else None
