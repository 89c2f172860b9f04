"""Signing in with a password, changing it, and setting another by a one-time code."""

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from api import access
from api.database.engine import Database, Transaction
from api.models import Account, Credential
from api.models.base import INSTANT
from api.models.session import CodePurpose
from api.rules.code import ProblemCode
from api.services import attempt, message, second_factor
from api.services.code import LIFETIME, MINUTES, make, use
from api.services.credential import Identity, identify, is_current, prepare_password, verified_hash
from api.services.password import check_password, hash_password
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Request
from api.services.session import SIGN_IN, end_all, open_session
from api.services.vault import Vault
from api.services.verb import ComputedReport, OneThing, verb


async def _prepare_sign_in(database: Database, request: Request, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    vault = arguments["vault"]
    identity = await identify(database, request, vault, arguments["login"])
    return {
        "vault": vault,
        "identity": identity,
        "verified": await verified_hash(identity, arguments["password"]),
        "totp_code": arguments.get("totp_code"),
    }


@verb(
    "sign_in",
    "Signs in with a password. It takes the same time and answers the same whether the account is unknown or the "
    "password wrong; each attempt makes the next one wait longer, at most a minute.",
    answers=SIGN_IN,
    callers=access.PUBLIC_CALLERS,
    codes=(
        ProblemCode.WRONG_CREDENTIALS,
        ProblemCode.WRONG_CODE,
        ProblemCode.SECOND_FACTOR_NEEDED,
        ProblemCode.TOO_MANY_ATTEMPTS,
    ),
    prepare=_prepare_sign_in,
    needs_vault=True,
    hands_out_secret=True,
)
async def sign_in(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    identity: Identity,
    verified: str | None,
    totp_code: str | None = None,
) -> Mapping[str, Any]:
    if identity.account_id is None or not await is_current(session, identity.account_id, verified):
        raise Refused(Problem(ProblemCode.WRONG_CREDENTIALS, input_path("password")))
    return await admit(session, request, vault, identity, identity.account_id, totp_code=totp_code)


async def admit(
    session: Transaction,
    request: Request,
    vault: Vault,
    identity: Identity,
    account_id: uuid.UUID,
    *,
    totp_code: str | None,
) -> Mapping[str, Any]:
    """Signs in who has shown the first factor, if the second is right or not set up."""
    is_second = await second_factor.check(session, request, vault, account_id, code=totp_code)
    counts = {"of_address": identity.of_address, "of_name": identity.of_name, "of_account": identity.of_account}
    await attempt.forget(session, **counts)
    return await open_session(session, request, vault, account_id, has_second_factor=is_second)


async def _prepare_change(database: Database, request: Request, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    new = await _hashed(arguments["new_password"])
    checked = await prepare_password(
        database, request, {"vault": arguments["vault"], "password": arguments["current_password"]}
    )
    return {"verified": checked["verified"], "password_hash": new}


async def _hashed(text: str) -> str:
    problems = Problems()
    problems.read(check_password, "new_password", value=text)
    problems.refuse()
    return await hash_password(text)


@verb(
    "change_password",
    "Sets another password, and ends all other sessions and the addresses of your calendars. API keys stay valid, as other programs go on working with them: "
    "`revokeApiKey` ends one, signing out everywhere (`signOut`) all.",
    answers=OneThing("Account"),
    callers=access.ACCOUNTS,
    codes=(ProblemCode.WRONG_CREDENTIALS, ProblemCode.TOO_MANY_ATTEMPTS),
    prepare=_prepare_change,
    needs_vault=True,
    hands_out_secret=True,
)
async def change_password(
    session: Transaction, request: Request, *, verified: str | None, password_hash: str
) -> uuid.UUID:
    account_id = request.actor.account_id
    assert account_id is not None
    if not await is_current(session, account_id, verified):
        raise Refused(Problem(ProblemCode.WRONG_CREDENTIALS, input_path("current_password")))
    await set_password(session, account_id, password_hash)
    but = request.actor.session_id
    await end_all(session, request, account_id, why="account.password_changed", but=but, has_keys=True)
    return account_id


async def set_password(session: Transaction, account_id: uuid.UUID, password_hash: str) -> None:
    """The account is locked, or new."""
    values = {"account_id": account_id, "password_hash": password_hash}
    changed = {"password_hash": password_hash}
    await session.rows(
        insert(Credential).values(values).on_conflict_do_update(index_elements=["account_id"], set_=changed)
    )


async def _prepare_request(database: Database, request: Request, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    identity = await identify(database, request, arguments["vault"], arguments["login"], by_code=True)
    return {"vault": arguments["vault"], "identity": identity, "language": arguments.get("language") or "ID"}


@verb(
    "request_password_reset",
    "Sends a one-time code to the account's e-mail address or phone number. It answers the same whether there is such an "
    "account or not.",
    answers=ComputedReport("CodeRequest", {"valid_until": INSTANT}),
    callers=access.PUBLIC_CALLERS,
    codes=(ProblemCode.TOO_MANY_ATTEMPTS,),
    prepare=_prepare_request,
    needs_vault=True,
    hands_out_secret=True,
)
async def request_reset(
    session: Transaction, request: Request, *, vault: Vault, identity: Identity, language: str
) -> Mapping[str, Any]:
    """The same is written for an unknown account, for nobody, so that the time does not tell."""
    subject = identity.account_id.hex if identity.account_id else identity.of_account.hex()
    made = await make(session, request, vault, CodePurpose.RESET_PASSWORD, subject=subject)
    await message.write(
        session,
        vault,
        "reset_password",
        recipient=identity.email or identity.phone,
        language=language,
        values={"code": made, "minutes": MINUTES},
        now=request.now,
    )
    return {"valid_until": (request.now + LIFETIME).isoformat()}


async def _prepare_reset(database: Database, request: Request, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    new = await _hashed(arguments["new_password"])
    identity = await identify(database, request, arguments["vault"], arguments["login"], by_code=True)
    rest = {name: arguments.get(name) for name in ("vault", "code", "totp_code")}
    return {**rest, "identity": identity, "password_hash": new}


@verb(
    "reset_password",
    "Sets another password by a one-time code, ends all sessions, API keys and addresses of calendars, and signs in.",
    answers=SIGN_IN,
    callers=access.PUBLIC_CALLERS,
    codes=(ProblemCode.WRONG_CODE, ProblemCode.SECOND_FACTOR_NEEDED, ProblemCode.TOO_MANY_ATTEMPTS),
    prepare=_prepare_reset,
    needs_vault=True,
    hands_out_secret=True,
)
async def reset_password(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    identity: Identity,
    code: str,
    password_hash: str,
    totp_code: str | None = None,
) -> Mapping[str, Any]:
    subject = identity.account_id.hex if identity.account_id else identity.of_account.hex()
    await use(session, request, vault, CodePurpose.RESET_PASSWORD, subject=subject, code=code)
    if identity.account_id is None:
        raise Refused(Problem(ProblemCode.WRONG_CODE, input_path("code")))
    await session.lock_all(Account, [identity.account_id])
    await set_password(session, identity.account_id, password_hash)
    await end_all(session, request, identity.account_id, why="account.password_reset")
    return await admit(session, request, vault, identity, identity.account_id, totp_code=totp_code)
