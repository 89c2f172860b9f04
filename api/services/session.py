"""Sessions: opened by signing in, prolonged by refresh tokens of which each is used once, ended by signing out."""

import hmac
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NoReturn

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import Account, ApiKey, CalendarAddress, Session
from api.models.base import INSTANT, new_id
from api.models.event import ActorKind
from api.rules.code import ProblemCode
from api.services.feed import record
from api.services.problem import Problem, Refused, RefusedAfterChange, input_path, not_found
from api.services.request import Request
from api.services.vault import Vault
from api.services.verb import ComputedReport, SeveralThings, verb

ACCESS_LIFETIME = timedelta(minutes=10)
REFRESH_LIFETIME = timedelta(days=30)

SIGN_IN = ComputedReport("SignIn", {"access_token": sa.Text(), "expires_at": INSTANT, "refresh_token": sa.Text()})


def address_digest(vault: Vault, address: str) -> bytes:
    return vault.blind_index(f"address {address}")


async def open_session(
    session: Transaction, request: Request, vault: Vault, account_id: uuid.UUID, *, has_second_factor: bool = False
) -> Mapping[str, Any]:
    """Signs an account in; returns the report of it."""
    key, now = new_id(), request.now
    await session.insert(
        Session,
        id=key,
        created_at=now,
        account_id=account_id,
        last_used_at=now,
        expires_at=now + REFRESH_LIFETIME,
        has_second_factor=has_second_factor,
        user_agent=request.caller.user_agent,
        address_digest=address_digest(vault, request.caller.address),
    )
    return _report(request, vault, key, account_id, generation=0)


@verb(
    "refresh_session",
    "Hands out the next access token and refresh token of a session. A refresh token is used once: if it comes again, "
    "somebody else has it, and the account is signed out everywhere, as by `signOut`, with its API keys and the addresses of its "
    "calendars.",
    answers=SIGN_IN,
    callers=access.PUBLIC_CALLERS,
    codes=(ProblemCode.SESSION_ENDED,),
    needs_vault=True,
    hands_out_secret=True,
)
async def refresh(
    session: Transaction, request: Request, *, vault: Vault, refresh_token: str | None = None
) -> Mapping[str, Any]:
    key, generation = _read_token(vault, refresh_token or request.caller.cookie or "")
    await session.rows(LOCK_ACCOUNT, {"session": key})
    held = await session.row(LOCK, {"session": key, "now": request.now})
    if held is None:
        _refuse_ended(request)
    if held.generation != generation:
        await end_all(session, request, held.account_id, why="account.token_reused")
        _refuse_ended(request)
    now, later = request.now, request.now + REFRESH_LIFETIME
    await session.update(Session, key, generation=generation + 1, last_used_at=now, expires_at=later)
    return _report(request, vault, key, held.account_id, generation=generation + 1)


@verb(
    "sign_out",
    "Ends the session that asks, another one, or all of them, then with all API keys of the account and the addresses of "
    "its calendars. Access tokens end with their session: for reads within five seconds, for writes immediately.",
    answers=SeveralThings("Session"),
    callers=access.ACCOUNTS,
    ids={"session": "Session"},
    hands_out_secret=True,
)
async def sign_out(
    transaction: Transaction, request: Request, *, session: uuid.UUID | None = None, everywhere: bool | None = False
) -> Sequence[uuid.UUID]:
    account_id, own = request.actor.account_id, request.actor.session_id
    assert account_id is not None
    if everywhere:
        await transaction.lock_all(Account, [account_id])
        request.caller.new_cookie = ""
        return await end_all(transaction, request, account_id, why="account.signed_out")
    key = session or own
    if key is None:
        raise not_found("session")
    if await transaction.value(END_ONE, {"session": key, "account": account_id, "now": request.now}) is None:
        raise not_found("session")
    if key == own:
        request.caller.new_cookie = ""
    await record(
        transaction, request, "account.signed_out", subject=("Account", account_id), change={"session": str(key)}
    )
    return [key]


async def end_all(
    session: Transaction,
    request: Request,
    account_id: uuid.UUID,
    *,
    why: str,
    but: uuid.UUID | None = None,
    by: ActorKind | None = None,
    has_keys: bool = False,
) -> Sequence[uuid.UUID]:
    """Ends the sessions of an account, all or all but one, and the addresses of its calendars; returns their keys.

    Its API keys, too, unless it still `has_keys` afterwards. The account is locked, so that none is opened meanwhile.
    """
    rows = await session.rows(END_ALL, {"account": account_id, "but": but, "now": request.now})
    addresses = await session.rows(END_CALENDARS, {"account": account_id})
    keys = [] if has_keys else await session.rows(END_API_KEYS, {"account": account_id, "now": request.now})
    for noun, kind, revoked in (
        ("CalendarAddress", "calendar_address.revoked", addresses),
        ("ApiKey", "api_key.revoked", keys),
    ):
        for key in sorted(row.id for row in revoked):
            await record(session, request, kind, subject=(noun, key), change={}, by=by)
    ended = [row.id for row in rows]
    await record(session, request, why, subject=("Account", account_id), change={"sessions": len(ended)}, by=by)
    return ended


def _refuse_ended(request: Request) -> NoReturn:
    request.caller.new_cookie = "" if request.caller.cookie else None
    raise RefusedAfterChange(Problem(ProblemCode.SESSION_ENDED, input_path("refresh_token")))


def _report(
    request: Request, vault: Vault, key: uuid.UUID, account_id: uuid.UUID, *, generation: int
) -> Mapping[str, Any]:
    assert request.caller.issue_token is not None
    now = request.now
    token = request.caller.issue_token(account_id, now, lifetime=ACCESS_LIFETIME, session_id=key)
    refresh_token = request.caller.hand_out(f"{key.hex}.{generation}.{_mac(vault, key, generation)}")
    return {
        "access_token": token,
        "expires_at": (now + ACCESS_LIFETIME).isoformat(),
        "refresh_token": refresh_token,
    }


def _mac(vault: Vault, key: uuid.UUID, generation: int) -> str:
    """Nothing of a refresh token is stored: it can be computed again by whoever has the key, and by nobody else."""
    return vault.blind_index(f"refresh {key.hex} {generation}").hex()


def _read_token(vault: Vault, token: str) -> tuple[uuid.UUID, int]:
    """The session and generation of a refresh token that is one of ours, whether it is still good or not."""
    try:
        session, number, mac = token.split(".")
        key, generation = uuid.UUID(hex=session), int(number[:9])
    except ValueError:
        key, generation, mac = uuid.UUID(int=0), 0, ""
    if not hmac.compare_digest(_mac(vault, key, generation).encode(), mac.encode()):
        raise Refused(Problem(ProblemCode.SESSION_ENDED, input_path("refresh_token")))
    return key, generation


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


_OWN = sa.and_(Session.c.account_id == _id("account"), access.is_open(Session))
LOCK_ACCOUNT = compile_statement(
    sa.select(Account.c.id)
    .join(Session, Session.c.account_id == Account.c.id)
    .where(Session.c.id == _id("session"))
    .with_for_update(key_share=True, of=Account)
)
LOCK = compile_statement(
    sa.select(Session).where(Session.c.id == _id("session"), access.is_open(Session)).with_for_update(key_share=True)
)
END_ONE = compile_statement(
    sa.update(Session).where(_OWN, Session.c.id == _id("session")).values(ended_at=NOW).returning(Session.c.id)
)
END_ALL = compile_statement(
    sa.update(Session)
    .where(_OWN, Session.c.id.is_distinct_from(sa.cast(_id("but"), sa.Uuid)))
    .values(ended_at=NOW)
    .returning(Session.c.id)
)
END_CALENDARS = compile_statement(
    sa.delete(CalendarAddress).where(CalendarAddress.c.account_id == _id("account")).returning(CalendarAddress.c.id)
)
END_API_KEYS = compile_statement(
    sa.update(ApiKey)
    .where(ApiKey.c.account_id == _id("account"), ApiKey.c.revoked_at.is_(None))
    .values(revoked_at=sa.bindparam("now", type_=INSTANT))
    .returning(ApiKey.c.id)
)
DELETE_OLD = compile_statement(sa.delete(Session).where(Session.c.expires_at < NOW - timedelta(days=90)))
