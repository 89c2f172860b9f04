"""A volunteer scans the code of a site: a duty there is checked in or out by the person, without anybody at the gate."""

import uuid
from datetime import datetime

import sqlalchemy as sa

from api import access
from api.access import VOLUNTEER
from api.database.engine import Transaction
from api.database.statement import compile_statement
from api.models import Scan, ScanCode
from api.models.scan import ScanPoint
from api.rules.code import ProblemCode
from api.services.attendance_undo import KINDS
from api.services.feed import record
from api.services.problem import Problems
from api.services.request import Request
from api.services.scan_code import read_code
from api.services.scan_finding import Gate, read_duties, scan_row
from api.services.scan_settlement import lock_duties, settle_duties
from api.services.vault import Vault
from api.services.verb import OneThing, verb
from api.values.text import line


@verb(
    "scan_site",
    "Records that a volunteer scanned the code of a site, coming or going: it checks a duty there in or out. The same nonce "
    "changes nothing.",
    answers=OneThing("Scan"),
    callers=access.VOLUNTEERS,
    needs_vault=True,
    codes=(ProblemCode.NOT_FOUND,),
)
async def scan_site(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    code: str,
    point: ScanPoint,
    nonce: str,
    offline_at: datetime | None = None,
) -> uuid.UUID:
    """The person is the device, so that no two people's nonces meet."""
    problems = Problems()
    problems.read(line, "nonce", value=nonce, minimum=1, maximum=100)
    text = problems.read(line, "code", value=code, minimum=1, maximum=200)
    if point not in KINDS:
        problems.invalid("point", indonesian="Masuk atau keluar.", english="Coming or going.")
    carrier = await session.row(CARRIER, {**request.parameters, "code": read_code(vault, text or "")})
    if text is not None and carrier is None:
        problems.add(ProblemCode.NOT_FOUND, "code")
    problems.refuse()
    assert carrier is not None
    place, person = Gate(site_id=carrier.site_id), carrier.volunteer_id
    duties = await read_duties(session, place, [person])
    asked = {"code": code, "point": point, "nonce": nonce, "at": offline_at}
    own = {"device": f"Volunteer:{person}", "is_offline": offline_at is not None}
    row = {**scan_row(request, place, asked, carrier, duties.get(person, ())), **own}
    locked = await lock_duties(session, request, [row])
    if not await session.insert_all(Scan, [row], sorted_by="nonce"):
        known: uuid.UUID = await session.value(KNOWN, {"site": carrier.site_id, **own, "nonce": nonce})
        return known
    await settle_duties(session, request, [row], locked)
    change = {"count": 1, "with_findings": int(row["finding"] is not None)}
    await record(session, request, "site.scanned", subject=("Site", carrier.site_id), change=change)
    key: uuid.UUID = row["id"]
    return key


# The code of a site, as if the volunteer who asks carried it.
CARRIER = compile_statement(
    sa.select(
        ScanCode.c.id,
        ScanCode.c.site_id,
        ScanCode.c.annulled_at,
        VOLUNTEER.label("volunteer_id"),
        sa.false().label("is_place"),
    ).where(ScanCode.c.code == sa.bindparam("code", type_=sa.Text()), ScanCode.c.site_id.is_not(None))
)
KNOWN = compile_statement(
    sa.select(Scan.c.id).where(
        Scan.c.site_id == sa.bindparam("site", type_=sa.Uuid()),
        Scan.c.device == sa.bindparam("device", type_=sa.Text()),
        Scan.c.nonce == sa.bindparam("nonce", type_=sa.Text()),
    )
)
