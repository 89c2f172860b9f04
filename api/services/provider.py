"""Accounts at an OpenID Connect provider: found, created, linked with accounts here, and no longer linked."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from asyncpg import UniqueViolationError

from api import access
from api.database.engine import Database, Row, Transaction
from api.database.statement import compile_statement
from api.models import Account, Credential, ProviderIdentity, Role
from api.models.base import new_id
from api.rules.code import ProblemCode
from api.services import account
from api.services.feed import record
from api.services.problem import Problem, Problems, Refused, input_path, not_found
from api.services.request import ProviderToken, Request
from api.services.verb import OneThing, verb
from api.values.problem import Unreadable
from api.values.text import line


async def find(session: Transaction, token: ProviderToken) -> Row | None:
    """The identity that a token is of; None for a stranger."""
    return await session.row(FIND, {"issuer": token.issuer, "subject": token.subject})


async def create_account(database: Database, request: Request, token: ProviderToken) -> None:
    """An account without rights for a stranger; none where somebody here has this e-mail address, who has to link it."""
    key = new_id()
    with suppress(UniqueViolationError):
        async with database.transaction() as session:
            await session.insert(
                Account, id=key, login=f"oidc-{key.hex[-16:]}", name=_name(token), email=token.email, active=True
            )
            await _insert_identity(session, key, token)
            change = {"issuer": token.issuer}
            await record(session, request, "account.created", subject=("Account", key), change=change)


def _name(token: ProviderToken) -> str:
    try:
        return line(token.name, minimum=1, maximum=200)
    except Unreadable:
        return "—"


async def _insert_identity(session: Transaction, account_id: uuid.UUID, token: ProviderToken) -> None:
    await session.insert(
        ProviderIdentity, id=new_id(), account_id=account_id, issuer=token.issuer, subject=token.subject
    )


async def _verify(_database: Database, request: Request, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    read = request.caller.read_provider_token
    token = await read(arguments["token"], request.now) if read else None
    if token is None:
        raise _invalid("Token penyedia ini tidak sah.", "The provider's token is not valid.")
    return {"token": token}


@verb(
    "link_provider",
    "Links your account with the one that you have at the OpenID Connect provider, which must have the same verified "
    "e-mail address; from then on the provider's tokens act for it.",
    answers=OneThing("Account"),
    callers=access.ACCOUNTS,
    conflicts={"uq_provider_identity_issuer_subject": Problem(ProblemCode.ALREADY_LINKED, input_path("token"))},
    codes=(ProblemCode.ALREADY_LINKED,),
    prepare=_verify,
    hands_out_secret=True,
)
async def link(session: Transaction, request: Request, *, token: ProviderToken) -> uuid.UUID:
    account_id = request.actor.account_id
    assert account_id is not None
    request = await account.lock_own(session, request)
    held = await session.row(LOCK, {"issuer": token.issuer, "subject": token.subject})
    if held is not None and held.account_id == account_id:
        return account_id
    if token.email is None or await session.value(EMAIL, {"account": account_id}) != token.email:
        raise _invalid(
            "Akun di penyedia harus memiliki surel terverifikasi yang sama.",
            "The account at the provider must have the same verified e-mail address.",
        )
    if held is None:
        await _insert_identity(session, account_id, token)
    else:
        await _take_over(session, request, held)
    change = {"issuer": token.issuer}
    await record(session, request, "account.provider_linked", subject=("Account", account_id), change=change)
    return account_id


async def _take_over(session: Transaction, request: Request, held: Row) -> None:
    """From the account that was created for the stranger, unless that one has become more; it is closed."""
    if await session.value(CLOSE_EMPTY, {"account": held.account_id}) is None:
        raise Refused(Problem(ProblemCode.ALREADY_LINKED, input_path("token")))
    await session.update(ProviderIdentity, held.id, account_id=request.actor.account_id)
    await record(session, request, "account.closed", subject=("Account", held.account_id), change={})


@verb(
    "unlink_provider",
    "Ends the link of your account with the one at a provider: its tokens no longer act for it.",
    answers=OneThing("Account"),
    callers=access.ACCOUNTS,
    ids={"identity": "ProviderIdentity"},
)
async def unlink(session: Transaction, request: Request, *, identity: uuid.UUID) -> uuid.UUID:
    account_id = request.actor.account_id
    assert account_id is not None
    held = {row.id: row for row in await session.rows(LOCK_OWN, {"account": account_id})}
    if identity not in held:
        raise not_found("identity")
    if len(held) == 1 and not await session.value(HAS_PASSWORD, {"account": account_id}):
        problems = Problems()
        problems.invalid(
            "identity",
            indonesian="Tanpa kata sandi, Anda tidak dapat masuk lagi. Setel kata sandi dahulu.",
            english="Without a password you could not sign in any more. Set one first.",
        )
        problems.refuse()
    await session.rows(DELETE, {"identity": identity})
    change = {"issuer": held[identity].issuer}
    await record(session, request, "account.provider_unlinked", subject=("Account", account_id), change=change)
    return account_id


def _invalid(indonesian: str, english: str) -> Refused:
    return Refused(Problem(ProblemCode.INVALID, input_path("token"), detail=(indonesian, english)))


_ACCOUNT: sa.BindParameter[uuid.UUID] = sa.bindparam("account", type_=sa.Uuid())
_OF_TOKEN = sa.and_(
    ProviderIdentity.c.issuer == sa.bindparam("issuer"), ProviderIdentity.c.subject == sa.bindparam("subject")
)
FIND = compile_statement(sa.select(ProviderIdentity).where(_OF_TOKEN))
LOCK = compile_statement(sa.select(ProviderIdentity).where(_OF_TOKEN).with_for_update(key_share=True))
LOCK_OWN = compile_statement(
    sa.select(ProviderIdentity)
    .where(ProviderIdentity.c.account_id == _ACCOUNT)
    .order_by(ProviderIdentity.c.id)
    .with_for_update(key_share=True)
)
DELETE = compile_statement(
    sa.delete(ProviderIdentity).where(ProviderIdentity.c.id == sa.bindparam("identity", type_=sa.Uuid()))
)
EMAIL = compile_statement(sa.select(Account.c.email).where(Account.c.id == _ACCOUNT))
HAS_PASSWORD = compile_statement(
    sa.select(Credential.c.account_id).where(
        Credential.c.account_id == _ACCOUNT, Credential.c.password_hash.is_not(None)
    )
)
CLOSE_EMPTY = compile_statement(
    sa.update(Account)
    .where(
        Account.c.id == _ACCOUNT,
        Account.c.volunteer_id.is_(None),
        *(sa.not_(sa.exists().where(table.c.account_id == Account.c.id)) for table in (Role, Credential)),
    )
    .values(active=False, email=None)
    .returning(Account.c.id)
)
