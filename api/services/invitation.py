"""How a volunteer who is registered already gets an account: by an invitation of the organization."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from secrets import token_bytes
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import NOW
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Account, Invitation, Membership, Organization, Volunteer
from api.models.base import INSTANT, new_id
from api.rules.code import ProblemCode
from api.services import account, message
from api.services.feed import record
from api.services.problem import Problem, Problems, Refused, input_path, not_found
from api.services.request import Request
from api.services.standing import check_verified
from api.services.vault import Vault
from api.services.verb import ComputedReport, OneThing, verb

LIFETIME = timedelta(days=14)


@verb(
    "invite_volunteer",
    "Makes an invitation for a member who has no account yet, in place of older ones: a code for one use within 14 days, "
    "to be shown as a QR code or sent by message.",
    answers=ComputedReport("InvitationCode", {"code": sa.Text(), "uri": sa.Text(), "expires_at": INSTANT}),
    callers=access.INVITERS,
    ids={"volunteer": "Volunteer", "organization": "Organization"},
    codes=(ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.HAS_ACCOUNT, ProblemCode.NO_PHONE),
    needs_vault=True,
    hands_out_secret=True,
)
async def invite(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    volunteer: uuid.UUID,
    organization: uuid.UUID,
    send: bool | None = False,
    language: str = "ID",
) -> Mapping[str, Any]:
    parameters = {**request.parameters, "volunteer": volunteer, "organization": organization}
    problems = Problems()
    await check_verified(session, request, problems, organization)
    problems.refuse()
    member = await session.row(LOCK_MEMBER, parameters)
    if member is None:
        raise not_found("volunteer")
    if await session.value(ACCOUNT_OF, parameters) is not None:
        raise Refused(Problem(ProblemCode.HAS_ACCOUNT, input_path("volunteer")))
    if send and member.phone is None:
        raise Refused(Problem(ProblemCode.NO_PHONE, input_path("send")))
    code = base64.b32encode(token_bytes(10)).decode()
    until = request.now + LIFETIME
    await session.rows(VOID, parameters)
    await session.insert(
        Invitation,
        id=new_id(),
        created_at=request.now,
        organization_id=organization,
        volunteer_id=volunteer,
        inviter_id=request.actor.account_id,
        digest=_digest(vault, code),
        expires_at=until,
    )
    if send:
        values = {"code": code, "organization": member.organization}
        letter = {"recipient": member.phone, "language": language, "values": values}
        await message.write(session, vault, "invitation", now=request.now, **letter)
    change = {"organization": str(organization)}
    await record(session, request, "volunteer.invited", subject=("Volunteer", volunteer), change=change)
    return {"code": code, "uri": f"sigap:invitation:{code}", "expires_at": until.isoformat()}


@verb(
    "accept_invitation",
    "Makes the account that of the invited volunteer, once and for all; it stays so when the volunteer changes the "
    "organization. An invitation ends with the membership, and with the role of the manager who has invited; it "
    "is not accepted while the organization does not stand.",
    answers=OneThing("Account"),
    callers=access.ACCOUNTS,
    codes=(ProblemCode.WRONG_CODE, ProblemCode.HAS_ACCOUNT, ProblemCode.ORGANIZATION_NOT_VERIFIED),
    conflicts={"uq_account_volunteer_id": Problem(ProblemCode.HAS_ACCOUNT, input_path("code"))},
    needs_vault=True,
    changes_actor=True,
    hands_out_secret=True,
)
async def accept(session: Transaction, request: Request, *, vault: Vault, code: str) -> uuid.UUID:
    account_id = request.actor.account_id
    assert account_id is not None
    digest = _digest(vault, code.strip().upper().removeprefix("SIGAP:INVITATION:"))
    found = await session.row(LOCK, {"digest": digest, "now": request.now})
    if found is None or not await _still_holds(session, request, found):
        raise Refused(Problem(ProblemCode.WRONG_CODE, input_path("code")))
    if await session.value(LOCK_ACCOUNT, {"account": account_id}) is not None:
        raise Refused(Problem(ProblemCode.HAS_ACCOUNT, input_path("code")))
    await session.update(Account, account_id, volunteer_id=found.volunteer_id)
    await session.update(Invitation, found.id, used_at=request.now)
    change = {"volunteer": str(found.volunteer_id)}
    await record(session, request, "account.bound", subject=("Account", account_id), change=change)
    return account_id


async def _still_holds(session: Transaction, request: Request, invitation: Row) -> bool:
    """Whether who invited might do so again."""
    if invitation.inviter_id is None:
        return False
    inviter = await account.actor(session, invitation.inviter_id, request.now)
    member = {"volunteer": invitation.volunteer_id, "organization": invitation.organization_id, "now": request.now}
    problems = Problems()
    as_inviter = replace(request, actor=inviter)
    await check_verified(session, as_inviter, problems, invitation.organization_id, name="code")
    return not problems and await session.value(IS_MEMBER, member) is not None


def _digest(vault: Vault, code: str) -> bytes:
    return vault.blind_index(f"invitation {code}")


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


_IS_MEMBER = sa.and_(
    Volunteer.c.id == _id("volunteer"),
    Volunteer.c.id.in_(access.members_today(Membership.c.organization_id == _id("organization"))),
)
IS_MEMBER = compile_statement(sa.select(Volunteer.c.id).where(_IS_MEMBER))
LOCK_MEMBER = compile_statement(
    sa.select(Volunteer.c.phone, Organization.c.name.label("organization"))
    .where(_IS_MEMBER, Organization.c.id == _id("organization"))
    .with_for_update(key_share=True, of=Volunteer)
)
ACCOUNT_OF = compile_statement(sa.select(Account.c.id).where(Account.c.volunteer_id == _id("volunteer")))
VOID = compile_statement(
    sa.delete(Invitation).where(Invitation.c.volunteer_id == _id("volunteer"), Invitation.c.used_at.is_(None))
)
LOCK = compile_statement(
    sa.select(Invitation)
    .where(
        Invitation.c.digest == sa.bindparam("digest", type_=sa.LargeBinary()),
        Invitation.c.used_at.is_(None),
        Invitation.c.expires_at > NOW,
    )
    .with_for_update(key_share=True)
)
LOCK_ACCOUNT = compile_statement(
    sa.select(Account.c.volunteer_id).where(Account.c.id == _id("account")).with_for_update(key_share=True)
)
