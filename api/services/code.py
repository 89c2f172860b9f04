"""One-time codes: eight digits, sent to an address, of which only a keyed digest is stored."""

import hmac
from datetime import timedelta
from secrets import randbelow

import sqlalchemy as sa

from api.access import NOW
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import OneTimeCode
from api.models.base import new_id
from api.models.session import CodePurpose
from api.rules.code import ProblemCode
from api.services.problem import Problem, RefusedAfterChange, input_path
from api.services.request import Request
from api.services.vault import Vault

LIFETIME = timedelta(minutes=15)
MINUTES = str(int(LIFETIME.total_seconds() // 60))
MOST_WRONG = 5


async def make(session: Transaction, request: Request, vault: Vault, purpose: CodePurpose, *, subject: str) -> str:
    """A new code for what the digest of `subject` names; it takes the place of older ones."""
    code = f"{randbelow(10**8):08}"
    of = _subject(vault, purpose, subject)
    await session.rows(DELETE, {"subject": of})
    await session.insert(
        OneTimeCode,
        id=new_id(),
        created_at=request.now,
        purpose=purpose,
        subject_digest=of,
        digest=_digest(vault, of, code),
        expires_at=request.now + LIFETIME,
    )
    return code


async def use(
    session: Transaction, request: Request, vault: Vault, purpose: CodePurpose, *, subject: str, code: str
) -> None:
    """Uses a code up. A wrong one is counted; after five the code is void."""
    of = _subject(vault, purpose, subject)
    found = await session.row(LOCK, {"subject": of, "now": request.now})
    is_right = found is not None and hmac.compare_digest(found.digest, _digest(vault, of, code.strip()))
    if found is None or not is_right:
        if found is not None:
            await session.update(OneTimeCode, found.id, wrong=found.wrong + 1)
        raise RefusedAfterChange(Problem(ProblemCode.WRONG_CODE, input_path("code")))
    await session.rows(DELETE, {"subject": of})


def _subject(vault: Vault, purpose: CodePurpose, subject: str) -> bytes:
    return vault.blind_index(f"{purpose} {subject}")


def _digest(vault: Vault, subject: bytes, code: str) -> bytes:
    return vault.blind_index(b"code " + subject + code.encode())


_SUBJECT = OneTimeCode.c.subject_digest == sa.bindparam("subject", type_=sa.LargeBinary())
DELETE = compile_statement(sa.delete(OneTimeCode).where(_SUBJECT))
DELETE_OLD = compile_statement(sa.delete(OneTimeCode).where(OneTimeCode.c.expires_at <= NOW))
LOCK = compile_statement(
    sa.select(OneTimeCode)
    .where(_SUBJECT, OneTimeCode.c.expires_at > NOW, OneTimeCode.c.wrong < MOST_WRONG)
    .order_by(OneTimeCode.c.created_at.desc())
    .limit(sa.literal_column("1"))
    .with_for_update(key_share=True)
)
