"""Creating an account, with an address that is shown to be one's own by a one-time code."""

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Database, Transaction
from api.database.statement import compile_statement
from api.models import Account
from api.models.base import new_id
from api.models.session import CodePurpose
from api.rules.code import ProblemCode
from api.services import attempt, message
from api.services.code import MINUTES, make, use
from api.services.feed import record
from api.services.password import check_password, hash_password
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Request
from api.services.session import SIGN_IN, address_digest, open_session
from api.services.sign_in import set_password
from api.services.vault import Vault
from api.services.verb import verb
from api.values.email import parse_email
from api.values.phone import parse_phone
from api.values.problem import Unreadable
from api.values.text import line

# With a letter, so that no login looks like a phone number.
LOGIN = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9._-]{2,49}")


def check_login(text: str) -> str:
    if LOGIN.fullmatch(text) is None:
        raise Unreadable(
            "Nama masuk terdiri atas 3 sampai 50 huruf, angka, titik, garis bawah atau tanda hubung, di antaranya satu huruf.",
            "A login has 3 to 50 letters, digits, dots, underscores or dashes, among them a letter.",
        )
    return text


async def _prepare(database: Database, request: Request, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without a code sends one; with a code hashes the password."""
    vault: Vault = arguments["vault"]
    account = _read(arguments)
    subject = account["email"] or account["phone"]
    count = vault.blind_index(f"new account {subject}")
    of_address = address_digest(vault, request.caller.address)
    await attempt.count(database, request, of_address=of_address, of_name=count)
    if arguments.get("code") is None:
        async with database.transaction() as session:
            await _send_code(session, request, vault, subject, language=arguments.get("language") or "ID")
        raise Refused(Problem(ProblemCode.CODE_SENT, input_path("code")))
    password_hash = await hash_password(arguments["password"])
    return {"vault": vault, "code": arguments["code"], "account": account, "password_hash": password_hash}


def _read(arguments: Mapping[str, Any]) -> dict[str, Any]:
    problems, value = Problems(), arguments.get
    account = {
        "login": problems.read(check_login, "login", value=value("login")),
        "name": problems.read(line, "name", value=value("name"), minimum=1, maximum=200),
        "email": problems.read(parse_email, "email", value=value("email")),
        "phone": problems.read(parse_phone, "phone", value=value("phone")),
    }
    problems.read(check_password, "password", value=value("password"))
    if (value("email") is None) == (value("phone") is None):
        problems.invalid(
            "email",
            indonesian="Sebutkan alamat surel atau nomor telepon, salah satu saja.",
            english="Give an e-mail address or a phone number, one of the two.",
        )
    problems.refuse()
    return account


async def _send_code(session: Transaction, request: Request, vault: Vault, subject: str, *, language: str) -> None:
    """Whoever has an account with this address already learns it there, and nowhere else."""
    is_taken = await session.value(TAKEN, {"subject": subject}) is not None
    code = await make(session, request, vault, CodePurpose.CREATE_ACCOUNT, subject=subject)
    await message.write(
        session,
        vault,
        "account_exists" if is_taken else "create_account",
        recipient=subject,
        language=language,
        values={"code": code, "minutes": MINUTES},
        now=request.now,
    )


@verb(
    "create_account",
    "Creates an account and signs it in. Without `code` a one-time code is sent to the e-mail address or phone number, and "
    "the answer is `CODE_SENT`; the same input with that code creates the account.",
    answers=SIGN_IN,
    callers=access.PUBLIC_CALLERS,
    conflicts={
        "uq_account_login": Problem(ProblemCode.LOGIN_TAKEN, input_path("login")),
        "uq_account_email": Problem(ProblemCode.WRONG_CODE, input_path("code")),
        "uq_account_phone": Problem(ProblemCode.WRONG_CODE, input_path("code")),
    },
    codes=(ProblemCode.CODE_SENT, ProblemCode.TOO_MANY_ATTEMPTS),
    prepare=_prepare,
    needs_vault=True,
    hands_out_secret=True,
)
async def create_account(
    session: Transaction, request: Request, *, vault: Vault, code: str, account: Mapping[str, Any], password_hash: str
) -> Mapping[str, Any]:
    subject = account["email"] or account["phone"]
    await use(session, request, vault, CodePurpose.CREATE_ACCOUNT, subject=subject, code=code)
    key = new_id()
    await session.insert(Account, id=key, created_at=request.now, active=True, **account)
    await set_password(session, key, password_hash)
    await record(session, request, "account.created", subject=("Account", key), change={})
    return await open_session(session, request, vault, key)


_SUBJECT: sa.BindParameter[str] = sa.bindparam("subject", type_=sa.Text())
TAKEN = compile_statement(
    sa.select(Account.c.id).where(sa.or_(Account.c.email == _SUBJECT, Account.c.phone == _SUBJECT))
)
