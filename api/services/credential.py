"""Whose password it is: the account that a name to sign in with means, and the count of attempts at it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from api.access import NOW
from api.database.engine import Database, Transaction
from api.database.statement import compile_statement
from api.models import Account, Credential, Session
from api.services import attempt
from api.services.password import verify_password
from api.services.request import Request
from api.services.session import address_digest
from api.services.vault import Vault
from api.values.phone import parse_phone
from api.values.problem import Unreadable

# So long an address from which an account was used is known.
KNOWN_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Identity:
    """The account that somebody names, if there is one, and the keys of the counts of attempts at it."""

    account_id: uuid.UUID | None
    email: str | None
    phone: str | None
    password_hash: str | None
    of_address: bytes
    of_name: bytes
    of_account: bytes


async def identify(database: Database, request: Request, vault: Vault, name: str, *, by_code: bool = False) -> Identity:
    """Finds the account by login, e-mail address or phone number, and counts an attempt at it, also if there is none.

    The name and the account have a count each. Where only the account has to wait, it is as if there was none of the name;
    not so for who shows a code that the owner was sent, which is void after a few wrong ones: guesses keep nobody from it.
    """
    address = address_digest(vault, request.caller.address)
    login, email, phone = name.strip(), name.strip().lower(), _phone(name)
    values = {"login": login, "email": email, "phone": phone, "address": address}
    async with database.reading() as session:
        found = await session.row(FIND, {**values, "now": request.now})
    # In one way of writing, so that another one is one more attempt, or none, whether there is an account or not.
    written = phone or (email if "@" in email else login)
    # The owner, at an address of the past, is not kept waiting by who guesses elsewhere.
    where = address.hex() if found and found.is_known else ""
    of_name = vault.blind_index(f"name {written} {where}")
    of_account = vault.blind_index(f"account {found.id.hex if found else written} {where}")
    await attempt.count(database, request, of_address=address, of_name=of_name)
    is_too_early = not by_code and await attempt.is_too_early(database, request, of_account=of_account)
    if found is None or is_too_early:
        return Identity(None, None, None, None, address, of_name, of_account)
    return Identity(found.id, found.email, found.phone, found.password_hash, address, of_name, of_account)


async def prepare_password(database: Database, request: Request, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Replaces `password` by the hash with which it agrees: that of the account that asks, or none."""
    rest = {name: value for name, value in arguments.items() if name != "password"}
    async with database.reading() as session:
        login = await session.value(sa.select(Account.c.login).where(Account.c.id == request.actor.account_id))
    identity = await identify(database, request, arguments["vault"], login)
    return {**rest, "verified": await verified_hash(identity, arguments["password"] or "")}


async def verified_hash(identity: Identity, password: str) -> str | None:
    """The hash of the account with which the password agrees; None where it is wrong."""
    return identity.password_hash if await verify_password(password, identity.password_hash) else None


async def is_current(session: Transaction, account_id: uuid.UUID | None, verified: str | None) -> bool:
    """Whether the password that was verified is still that of the account, which is locked from then on.

    It is verified before the transaction, as that takes long, and may be replaced meanwhile.
    """
    if account_id is None or verified is None:
        return False
    await session.lock_all(Account, [account_id])
    return bool(await session.value(IS_CURRENT, {"account": account_id, "verified": verified}))


def _phone(name: str) -> str | None:
    try:
        return parse_phone(name)
    except Unreadable:
        return None


def _text(name: str) -> sa.BindParameter[str]:
    return sa.bindparam(name, type_=sa.Text())


_IS_KNOWN = sa.exists().where(
    Session.c.account_id == Account.c.id,
    Session.c.address_digest == sa.bindparam("address", type_=sa.LargeBinary()),
    Session.c.last_used_at > NOW - KNOWN_FOR,
)
_IS_LOGIN = Account.c.login == _text("login")
IS_CURRENT = compile_statement(
    sa.select(Credential.c.password_hash == _text("verified"))
    .join(Account, Account.c.id == Credential.c.account_id)
    .where(Credential.c.account_id == sa.bindparam("account", type_=sa.Uuid()), Account.c.active)
)
FIND = compile_statement(
    sa.select(Account.c.id, Account.c.email, Account.c.phone, Credential.c.password_hash, _IS_KNOWN.label("is_known"))
    .outerjoin(Credential, Credential.c.account_id == Account.c.id)
    .where(Account.c.active, sa.or_(_IS_LOGIN, Account.c.email == _text("email"), Account.c.phone == _text("phone")))
    .order_by(_IS_LOGIN.desc())
    .limit(sa.literal_column("1"))
)
