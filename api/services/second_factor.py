"""The second factor: codes of an authenticator (TOTP, RFC 6238), and recovery codes for whoever has lost it."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any

import pyotp
import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Account, Credential, RecoveryCode, Session
from api.rules.code import ProblemCode
from api.services.credential import is_current, prepare_password
from api.services.feed import record
from api.services.problem import Problem, Refused, input_path
from api.services.request import Request
from api.services.vault import Vault
from api.services.verb import ComputedReport, verb

STEP_SECONDS = 30
RECOVERY_CODES = 10


async def check(
    session: Transaction, request: Request, vault: Vault, account_id: uuid.UUID, *, code: str | None
) -> bool:
    """Whether the account has shown a second factor; refused where it has set one up and shows none, or a wrong one."""
    held = await session.row(LOCK, {"account": account_id})
    if held is None or held.totp_cipher is None:
        return False
    if code is None:
        raise Refused(Problem(ProblemCode.SECOND_FACTOR_NEEDED, input_path("totp_code")))
    if await _use_totp(session, vault, held, code, cipher=held.totp_cipher, now=request.now):
        return True
    digest = _digest(vault, account_id, code)
    if await session.value(USE_RECOVERY_CODE, {"account": account_id, "digest": digest}) is None:
        raise Refused(Problem(ProblemCode.WRONG_CODE, input_path("totp_code")))
    await record(session, request, "account.recovery_code_used", subject=("Account", account_id), change={})
    return True


@verb(
    "set_up_totp",
    "Sets up an authenticator as second factor: without `code` it hands out a new secret, with a code made from that "
    "secret it is demanded from then on, and recovery codes are handed out. Until then the one before stays in force, of which "
    "`totpCode` has to be shown.",
    answers=ComputedReport("TotpSetup", {"secret": sa.Text(), "uri": sa.Text(), "recovery_codes": sa.ARRAY(sa.Text())}),
    callers=access.ACCOUNTS,
    codes=(
        ProblemCode.WRONG_CREDENTIALS,
        ProblemCode.WRONG_CODE,
        ProblemCode.SECOND_FACTOR_NEEDED,
        ProblemCode.TOO_MANY_ATTEMPTS,
    ),
    prepare=prepare_password,
    needs_vault=True,
    hands_out_secret=True,
)
async def set_up(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    verified: str | None,
    code: str | None = None,
    totp_code: str | None = None,
) -> Mapping[str, Any]:
    account_id = request.actor.account_id
    assert account_id is not None
    if not await is_current(session, account_id, verified):
        raise Refused(Problem(ProblemCode.WRONG_CREDENTIALS, input_path("password")))
    held = await session.row(LOCK, {"account": account_id})
    assert held is not None
    if code is None:
        await check(session, request, vault, account_id, code=totp_code)
        return await _hand_out_secret(session, vault, account_id)
    cipher = held.totp_new_cipher
    if cipher is None or not await _use_totp(session, vault, held, code, cipher=cipher, now=request.now):
        raise Refused(Problem(ProblemCode.WRONG_CODE, input_path("code")))
    await session.update(Credential, account_id, totp_cipher=cipher, totp_new_cipher=None)
    if request.actor.session_id is not None:
        await session.update(Session, request.actor.session_id, has_second_factor=True)
    await record(session, request, "account.totp_set_up", subject=("Account", account_id), change={})
    return {"secret": None, "uri": None, "recovery_codes": await _recovery_codes(session, vault, account_id)}


async def _hand_out_secret(session: Transaction, vault: Vault, account_id: uuid.UUID) -> Mapping[str, Any]:
    secret = pyotp.random_base32()
    await session.update(Credential, account_id, totp_new_cipher=vault.encrypt(secret))
    login = await session.value(sa.select(Account.c.login).where(Account.c.id == account_id))
    uri = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Sigap")
    return {"secret": secret, "uri": uri, "recovery_codes": None}


async def _recovery_codes(session: Transaction, vault: Vault, account_id: uuid.UUID) -> Sequence[str]:
    """New ones in place of all older ones."""
    await session.rows(sa.delete(RecoveryCode).where(RecoveryCode.c.account_id == account_id))
    codes = [f"{token_hex(3)}-{token_hex(3)}" for _number in range(RECOVERY_CODES)]
    for code in codes:
        await session.insert(RecoveryCode, account_id=account_id, digest=_digest(vault, account_id, code))
    return codes


async def _use_totp(session: Transaction, vault: Vault, held: Row, code: str, *, cipher: bytes, now: datetime) -> bool:
    """Whether the code is that of the present time step or of a neighbour, and was not used before."""
    totp, written = pyotp.TOTP(vault.decrypt(cipher)), code.replace(" ", "")
    present = int(now.timestamp()) // STEP_SECONDS
    steps = [step for step in (present, present - 1, present + 1) if step > held.totp_step]
    used = next((step for step in steps if pyotp.utils.strings_equal(totp.generate_otp(step), written)), None)
    if used is None:
        return False
    await session.update(Credential, held.account_id, totp_step=used)
    return True


def _digest(vault: Vault, account_id: uuid.UUID, code: str) -> bytes:
    return vault.blind_index(f"recovery {account_id.hex} {code.strip().lower()}")


_ACCOUNT: sa.BindParameter[uuid.UUID] = sa.bindparam("account", type_=sa.Uuid())
LOCK = compile_statement(
    sa.select(Credential).where(Credential.c.account_id == _ACCOUNT).with_for_update(key_share=True)
)
USE_RECOVERY_CODE = compile_statement(
    sa.delete(RecoveryCode)
    .where(
        RecoveryCode.c.account_id == _ACCOUNT, RecoveryCode.c.digest == sa.bindparam("digest", type_=sa.LargeBinary())
    )
    .returning(RecoveryCode.c.digest)
)
