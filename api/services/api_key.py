"""API keys: how other programs act for an account, with some of its roles and some mutations."""

import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import ApiKey
from api.models.base import INSTANT, new_id
from api.rules.code import ProblemCode
from api.services import account
from api.services.feed import record
from api.services.problem import Problem, Problems, Refused, input_path, not_found
from api.services.request import Request
from api.services.verb import DECLARED, ComputedReport, OneThing, verb
from api.values.text import line

PREFIX = "sigap_"
LONGEST_LIFE = timedelta(days=366)
KEY = re.compile(PREFIX + r"([0-9a-f]{32})_([A-Za-z0-9_-]{43})")


@verb(
    "create_api_key",
    "Creates a key for another program, and shows it this once. It acts with some of your roles, as long as they are in "
    "force, and may call some mutations.",
    answers=ComputedReport("NewApiKey", {"secret": sa.Text(), "expires_at": INSTANT}),
    callers=access.ACCOUNTS,
    ids={"roles": "Role"},
    hands_out_secret=True,
)
async def create(
    session: Transaction,
    request: Request,
    *,
    name: str,
    roles: Sequence[uuid.UUID],
    mutations: Sequence[str],
    expires_at: datetime,
) -> Mapping[str, Any]:
    request = await account.lock_own(session, request)
    problems, now = Problems(), request.now
    title = problems.read(line, "name", value=name, minimum=1, maximum=100)
    for index, role in enumerate(roles):
        if role not in request.actor.role_ids:
            problems.add(ProblemCode.NOT_FOUND, "roles", str(index))
    _check_mutations(problems, mutations)
    if not now < expires_at <= now + LONGEST_LIFE:
        problems.invalid(
            "expires_at",
            indonesian="Kunci berlaku paling lama satu tahun.",
            english="A key expires within a year.",
        )
    problems.refuse()
    key, secret = new_id(), token_urlsafe(32)
    await session.insert(
        ApiKey,
        id=key,
        created_at=now,
        account_id=request.actor.account_id,
        name=title,
        digest=_digest(secret),
        role_ids=list(roles),
        verbs=[_verb_name(each) for each in mutations],
        expires_at=expires_at,
    )
    await record(session, request, "api_key.created", subject=("ApiKey", key), change={"mutations": list(mutations)})
    return {"secret": f"{PREFIX}{key.hex}_{secret}", "expires_at": expires_at.isoformat()}


@verb(
    "revoke_api_key",
    "Ends an API key: for reads within five seconds, for writes immediately.",
    answers=OneThing("ApiKey"),
    callers=access.ACCOUNTS,
    ids={"api_key": "ApiKey"},
    codes=(ProblemCode.ALREADY_ENDED,),
)
async def revoke(session: Transaction, request: Request, *, api_key: uuid.UUID) -> uuid.UUID:
    held = await session.row(LOCK, {"key": api_key, "account": request.actor.account_id})
    if held is None:
        raise not_found("api_key")
    if held.revoked_at is not None:
        raise Refused(Problem(ProblemCode.ALREADY_ENDED, input_path("api_key")))
    await session.update(ApiKey, api_key, revoked_at=request.now)
    await record(session, request, "api_key.revoked", subject=("ApiKey", api_key), change={})
    return api_key


async def owner(session: Transaction, secret: str, now: datetime) -> tuple[uuid.UUID, uuid.UUID] | None:
    """The account and the id of a valid key."""
    parts = KEY.fullmatch(secret)
    if parts is None:
        return None
    key = uuid.UUID(hex=parts[1])
    found = await session.row(FIND, {"key": key, "now": now})
    if found is None or not hmac.compare_digest(found.digest, _digest(parts[2])):
        return None
    return found.account_id, key


def _check_mutations(problems: Problems, mutations: Sequence[str]) -> None:
    """A key calls what a role permits, and nothing that is the account's own, hands out secrets or grants roles."""
    for index, name in enumerate(mutations):
        declared = DECLARED.get(_verb_name(name))
        if (
            declared is None
            or declared.hands_out_secret
            or declared.grants_roles
            or "ACCOUNT" in declared.callers.roles
        ):
            problems.add(ProblemCode.NOT_FOUND, "mutations", str(index))


def _verb_name(mutation: str) -> str:
    return re.sub(r"([A-Z])", lambda found: f"_{found[0].lower()}", mutation)


def _digest(secret: str) -> bytes:
    """Without salt and fast: the secret is random."""
    return hashlib.sha256(secret.encode()).digest()


_KEY: sa.BindParameter[uuid.UUID] = sa.bindparam("key", type_=sa.Uuid())
FIND = compile_statement(
    sa.select(ApiKey.c.account_id, ApiKey.c.digest).where(ApiKey.c.id == _KEY, access.is_valid(ApiKey))
)
LOCK = compile_statement(
    sa.select(ApiKey)
    .where(ApiKey.c.id == _KEY, ApiKey.c.account_id == sa.bindparam("account", type_=sa.Uuid()))
    .with_for_update(key_share=True)
)
