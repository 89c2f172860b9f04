"""The scan log: recording in bulk, singly, late and from offline; annulling.

Any order of the same scans ends in the same state, unless a duty is accepted or ended in between, or two who were said not to
have come take the same time (`settle_duties`).
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Camp, Scan, Site
from api.models.base import INSTANT
from api.models.camp import CampStatus
from api.models.day import local_day, time_zone
from api.models.scan import ScanPoint
from api.rules.code import ProblemCode
from api.services import camp_certificate
from api.services.camp import CAMPS
from api.services.camp_line import lock_camp
from api.services.change import check_status
from api.services.duty import lock_assignments
from api.services.feed import record
from api.services.frame import ItemResult
from api.services.person_lock import lock_people
from api.services.problem import Problem, Problems, Refused, forbidden, input_path, not_found, read_reason
from api.services.request import Request
from api.services.scan_code import read_code
from api.services.scan_finding import Gate, check_scan, read_carriers, read_duties, read_sessions, scan_row
from api.services.scan_settlement import lock_duties, settle_camp, settle_duties, unsettle_camp, unsettle_duty
from api.services.vault import Vault
from api.services.verb import OneThing, ResultPerItem, verb
from api.values.text import line

MOST_SCANS = 1000


@verb(
    "record_scans",
    "Records scans of people's codes at a camp or a site, up to 1,000; the same nonce of a device changes nothing.",
    answers=ResultPerItem("Scan", items="scans"),
    callers=access.SCANNERS,
    ids={"camp": "Camp", "site": "Site", "scans.session": "CampSession"},
    codes=(ProblemCode.WRONG_STATUS,),
    needs_vault=True,
)
async def record_scans(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    device: str,
    scans: Sequence[Mapping[str, Any]],
    is_offline: bool,
    camp: uuid.UUID | None = None,
    site: uuid.UUID | None = None,
) -> Sequence[ItemResult]:
    """Scans with which something is wrong are kept with what it is; those from offline count all the same."""
    problems = Problems()
    if (camp is None) == (site is None):
        problems.invalid(indonesian="Sebutkan kemah atau lokasi.", english="Name a camp or a site, one of them.")
    name = problems.read(line, "device", value=device, minimum=1, maximum=100)
    problems.at_most(MOST_SCANS, "scans", scans)
    problems.refuse()
    held = await _camp(session, request, camp, is_offline=is_offline) if camp else None
    place = await _gate(session, held) if held is not None else await _site(session, request, site)
    carriers = await read_carriers(session, place, [read_code(vault, each["code"]) for each in scans])
    sessions = await read_sessions(session, place, scans)
    duties = await read_duties(session, place, [each.volunteer_id for each in carriers.values()])
    rows: dict[int, dict[str, Any]] = {}
    results: dict[int, ItemResult] = {}
    for position, each in enumerate(scans):
        wrong = check_scan(each, sessions)
        if wrong:
            results[position] = ItemResult(problems=wrong)
            continue
        carrier = carriers.get(read_code(vault, each["code"]) or "")
        at_site = duties.get(carrier.volunteer_id, ()) if carrier is not None else ()
        scan = scan_row(request, place, each, carrier, at_site)
        rows[position] = {**scan, "device": name, "is_offline": is_offline}
    locked = await _lock(session, request, held, [*rows.values()])
    new = await session.insert_all(Scan, [*rows.values()], sorted_by="nonce")
    known = await session.rows(
        KNOWN, {"place": place.key, "device": name, "nonces": [r["nonce"] for r in rows.values()]}
    )
    keys = {row.nonce: row.id for row in known}
    results |= {position: ItemResult(key=keys[row["nonce"]]) for position, row in rows.items()}
    written = [row for row in rows.values() if row["id"] in new]
    await _settle(session, request, held, place, written, duties=locked)
    return [results[position] for position in range(len(scans))]


async def _camp(session: Transaction, request: Request, key: uuid.UUID, *, is_offline: bool) -> Row:
    """A camp while it lasts; what was scanned offline is taken after its end, too."""
    held = await CAMPS.lock(session, request, key, None, may=access.runs_camp)
    late = (CampStatus.COMPLETED, CampStatus.CANCELLED) if is_offline else ()
    check_status(held, (CampStatus.RUNNING, *late), "camp")
    return held


async def _gate(session: Transaction, camp: Row) -> Gate:
    days = await session.row(DAYS, {"camp": camp.id})
    assert days is not None
    return Gate(camp_id=camp.id, first=days.first, last=days.last)


async def _site(session: Transaction, request: Request, key: uuid.UUID | None) -> Gate:
    found = await session.row(_kept_site(request.actor.kind), {**request.parameters, "site": key})
    if found is None:
        raise not_found("site")
    if not found.may:
        raise forbidden("site")
    return Gate(site_id=key)


async def _lock(
    session: Transaction, request: Request, camp: Row | None, rows: Sequence[Mapping[str, Any]]
) -> Collection[uuid.UUID]:
    """Locks whose scans are written, at a completed camp also who may get certificates; at a site the duties, which are the answer."""
    if camp is None:
        return await lock_duties(session, request, rows)
    people = {row["volunteer_id"] for row in rows} - {None}
    if camp.status == CampStatus.COMPLETED:
        await camp_certificate.lock_holders(session, camp.id, others=people)
    else:
        await lock_people(session, people)
    return ()


async def _settle(
    session: Transaction,
    request: Request,
    camp: Row | None,
    place: Gate,
    rows: Sequence[Mapping[str, Any]],
    *,
    duties: Collection[uuid.UUID],
) -> None:
    """What follows from the new scans; of a camp that was completed, also the certificates of who has come after all."""
    change = {"count": len(rows), "with_findings": sum(1 for row in rows if row["finding"] is not None)}
    if camp is not None:
        await settle_camp(session, request, camp, camp.status)
        if camp.status == CampStatus.COMPLETED:
            await camp_certificate.issue(session, request, camp, is_optional=True)
        await record(session, request, "camp.scanned", subject=("Camp", camp.id), change=change)
        return
    await settle_duties(session, request, rows, duties)
    await record(session, request, "site.scanned", subject=("Site", place.key), change=change)


@verb(
    "annul_scan",
    "Annuls a scan, for a reason; it stays in the log and no longer counts.",
    answers=OneThing("Scan"),
    callers=access.SCANNERS,
    ids={"scan": "Scan"},
    conflicts={
        "ex_commitment_one_place_at_a_time": Problem(ProblemCode.PERSON_ELSEWHERE, input_path("scan")),
        "places_of_need": Problem(ProblemCode.NEED_FULL, input_path("scan")),
        "uq_assignment_live": Problem(ProblemCode.ALREADY_OFFERED, input_path("scan")),
    },
    codes=(ProblemCode.WRONG_STATUS,),
)
async def annul(session: Transaction, request: Request, *, scan: uuid.UUID, reason: str) -> uuid.UUID:
    """At a camp while it lasts. At a site the duty stands as if nobody had scanned, unless its time was given away."""
    text = read_reason(reason)
    place = await session.row(_place_of(request.actor.kind), {**request.parameters, "scan": scan})
    if place is None:
        raise not_found("scan")
    if not place.may:
        raise forbidden("scan")
    if place.camp_id is not None:
        camp = await lock_camp(session, place.camp_id)
        assert camp is not None
        check_status(camp, (CampStatus.RUNNING,), "scan")
        await lock_people(session, {place.volunteer_id} - {None})
    if place.assignment_id is not None:
        await lock_assignments(session, request, [place.assignment_id])
    if await session.value(ANNUL, {"scan": scan, "reason": text, "now": request.now}) is None:
        raise Refused(Problem(ProblemCode.WRONG_STATUS, input_path("scan"), {"status": "ANNULLED"}))
    await record(session, request, "scan.annulled", subject=("Scan", scan), change={}, reason=text)
    if place.camp_id is not None and place.point == ScanPoint.ENTRY:
        await unsettle_camp(session, request, place.camp_id, place.registration_id)
    if place.assignment_id is not None:
        await unsettle_duty(session, request, place.assignment_id, scan=scan, reason=text)
    return scan


# The statements, compiled once.


def _id(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Uuid())


def _day_starts(day: Any) -> Any:
    return sa.func.timezone(time_zone(Camp.c.kabupaten_code), sa.cast(day, sa.DateTime))


# A camp that ends at midnight has no day that begins then.
_LAST_INSTANT = Camp.c.ends_at - sa.literal_column("interval '1 microsecond'")
_FIRST_DAY, _LAST_DAY = (local_day(Camp.c.kabupaten_code, each) for each in (Camp.c.starts_at, _LAST_INSTANT))
DAYS = compile_statement(
    sa.select(
        _day_starts(_FIRST_DAY).label("first"),
        _day_starts(_LAST_DAY + sa.literal_column("1")).label("last"),
    ).where(Camp.c.id == _id("camp"))
)


@cache
def _kept_site(kind: Kind) -> CompiledStatement:
    return compile_statement(sa.select(access.keeps_site(kind, Site).label("may")).where(Site.c.id == _id("site")))


NAMED = ("camp_id", "registration_id", "assignment_id", "volunteer_id", "point")


@cache
def _place_of(kind: Kind) -> CompiledStatement:
    may = access.records_scan(kind, Scan).label("may")
    return compile_statement(
        sa.select(*(Scan.c[name] for name in NAMED), may).where(Scan.c.id == _id("scan"), access.sees_scan(kind, Scan))
    )


KNOWN = compile_statement(
    sa.select(Scan.c.id, Scan.c.nonce).where(
        Scan.c.place_id == _id("place"),
        Scan.c.device == sa.bindparam("device", type_=sa.Text()),
        Scan.c.nonce == sa.any_(sa.bindparam("nonces", type_=ARRAY(sa.Text()))),
    )
)
ANNUL = compile_statement(
    sa.update(Scan)
    .where(Scan.c.id == _id("scan"), Scan.c.annulled_at.is_(None))
    .values(annulled_at=sa.bindparam("now", type_=INSTANT), reason=sa.bindparam("reason", type_=sa.Text()))
    .returning(Scan.c.id)
)
