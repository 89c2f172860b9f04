"""Issuing the codes that people and places carry, and knowing those that were issued here by their signature."""

import uuid
from functools import cache
from secrets import choice
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import CampRegistration, ScanCode, Site, Volunteer
from api.models.base import new_id
from api.models.camp_registration import CAMP_REGISTRATION
from api.rules.code import ProblemCode
from api.services.camp import CAMPS
from api.services.feed import record
from api.services.problem import Problems, forbidden, not_found
from api.services.request import Request
from api.services.vault import Vault
from api.services.verb import OneThing, verb

# Crockford's base 32: no letter looks like a digit.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
SERIAL, SIGNATURE = 8, 10
LENGTH = SERIAL + SIGNATURE
CARRIERS = ("volunteer", "camp_registration", "site")
COLUMNS = {"volunteer": "volunteer_id", "camp_registration": "registration_id", "site": "site_id"}


def new_code(vault: Vault) -> str:
    """A random serial number and its signature: 18 digits and letters."""
    serial = "".join(choice(ALPHABET) for _ in range(SERIAL))
    return serial + _signature(vault, serial)


def read_code(vault: Vault, text: str) -> str | None:
    """The code in a text as it was scanned or typed; None where the signature is not ours."""
    code = text.upper().translate(LOOKALIKES)
    is_ours = len(code) == LENGTH and _signature(vault, code[:SERIAL]) == code[SERIAL:]
    return code if is_ours else None


def _signature(vault: Vault, serial: str) -> str:
    number = int.from_bytes(vault.blind_index(f"scan code {serial}"))
    return "".join(ALPHABET[number >> 5 * digit & 31] for digit in range(SIGNATURE))


@verb(
    "issue_scan_code",
    "Gives a volunteer, a guest of a camp or a site a code to scan; without a reason to replace it, the code that is there.",
    answers=OneThing("ScanCode"),
    callers=access.ACCOUNTS,
    ids={"volunteer": "Volunteer", "camp_registration": "CampRegistration", "site": "Site"},
    needs_vault=True,
)
async def issue(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    volunteer: uuid.UUID | None = None,
    camp_registration: uuid.UUID | None = None,
    site: uuid.UUID | None = None,
    replace_reason: str | None = None,
) -> uuid.UUID:
    """Exactly one of the three. A replaced code is annulled."""
    problems = Problems()
    named = {"volunteer": volunteer, "camp_registration": camp_registration, "site": site}
    carriers = {name: key for name, key in named.items() if key is not None}
    if len(carriers) != 1:
        problems.invalid(indonesian="Sebutkan tepat satu.", english="Name exactly one.")
    reason = problems.reason(replace_reason, "replace_reason")
    problems.refuse()
    ((name, key),) = carriers.items()
    may = await session.value(_carrier(request.actor.kind, name), {**request.parameters, "key": key, "none": None})
    if not may:
        raise not_found(name) if may is None else forbidden(name)
    live: uuid.UUID | None = await session.value(LIVE[name], {"key": key})
    if live is not None and reason is None:
        return live
    if live is not None:
        await session.update(ScanCode, live, annulled_at=request.now, reason=reason)
        await record(session, request, "scan_code.annulled", subject=("ScanCode", live), change={}, reason=reason)
    return await _issue(session, request, vault, {COLUMNS[name]: key})


async def _issue(session: Transaction, request: Request, vault: Vault, carrier: dict[str, uuid.UUID]) -> uuid.UUID:
    key = new_id()
    await session.insert(ScanCode, id=key, code=new_code(vault), **carrier)
    change = {name: str(value) for name, value in carrier.items()}
    await record(session, request, "scan_code.issued", subject=("ScanCode", key), change=change)
    return key


@verb(
    "issue_camp_codes",
    "Gives a code to everybody who has a place at a camp and has none yet.",
    answers=OneThing("Camp"),
    callers=access.CAMP_RUNNERS,
    ids={"camp": "Camp"},
    needs_vault=True,
    codes=(ProblemCode.WRONG_STATUS,),
)
async def issue_for_camp(session: Transaction, request: Request, *, vault: Vault, camp: uuid.UUID) -> uuid.UUID:
    await CAMPS.lock(session, request, camp, None, may=access.runs_camp)
    missing = await session.rows(MISSING, {"camp": camp})
    rows = [
        {
            "id": new_id(),
            "volunteer_id": each.volunteer_id,
            "registration_id": None if each.volunteer_id else each.id,
            "code": new_code(vault),
        }
        for each in missing
    ]
    issued = await session.insert_all(ScanCode, rows, sorted_by="id")
    await record(session, request, "camp.codes_issued", subject=("Camp", camp), change={"count": len(issued)})
    return camp


def _id(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Uuid())


@cache
def _carrier(kind: Kind, name: str) -> CompiledStatement:
    """Whether the actor may give a code to what carries it; no row where the actor does not see it."""
    table: sa.Table = {"volunteer": Volunteer, "camp_registration": CampRegistration, "site": Site}[name]
    sees = {"volunteer": access.sees_volunteer, "camp_registration": access.sees_registration}
    seen = sees[name](kind, table) if name in sees else sa.true()
    code = sa.select(*(_id("key" if each == COLUMNS[name] else "none").label(each) for each in COLUMNS.values()))
    row = code.subquery()
    may = sa.select(access.sees_scan_code(kind, row)).select_from(row).scalar_subquery()
    return compile_statement(sa.select(may).where(table.c.id == _id("key"), seen))


LIVE = {
    name: compile_statement(
        sa.select(ScanCode.c.id)
        .where(ScanCode.c[column] == _id("key"), ScanCode.c.annulled_at.is_(None))
        .with_for_update(key_share=True)
    )
    for name, column in COLUMNS.items()
}
_HAS_CODE = sa.exists().where(
    ScanCode.c.annulled_at.is_(None),
    sa.or_(
        ScanCode.c.volunteer_id == CampRegistration.c.volunteer_id, ScanCode.c.registration_id == CampRegistration.c.id
    ),
)
MISSING = compile_statement(
    sa.select(CampRegistration.c.id, CampRegistration.c.volunteer_id).where(
        CampRegistration.c.camp_id == _id("camp"),
        CampRegistration.c.status.in_(CAMP_REGISTRATION.group("HOLDING")),
        ~_HAS_CODE,
    )
)
