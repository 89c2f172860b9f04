"""Registering for camps: one by one, many at once, and at the gate."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from api import access
from api.database.engine import Row, Transaction
from api.models import CampCare, CampCategory, CampRegistration, Volunteer
from api.models.base import new_id
from api.models.camp import CAMP, CampStatus
from api.models.camp_care import Diet
from api.models.camp_registration import CampRegistrationStatus
from api.models.contingent import ContingentStatus
from api.rules.camp import CAMP_RULES
from api.rules.code import ProblemCode
from api.rules.refusal import codes_of
from api.services import scan_settlement
from api.services.camp import CAMPS, check_not_over
from api.services.camp_days import commit_days
from api.services.camp_limit import Limits
from api.services.camp_line import CONTINGENTS, next_number, update_line
from api.services.change import check_status
from api.services.feed import record_all
from api.services.frame import ItemResult
from api.services.participant import Entry, Participant, read_participants, read_rights
from api.services.problem import Problems, Refused, not_found, read_reason
from api.services.reference import check_codes
from api.services.request import Request
from api.services.verb import OneThing, ResultPerItem, verb

MOST = 1000
CODES = (
    *(ProblemCode.CAMP_CLOSED, ProblemCode.WRONG_STATUS, ProblemCode.ALREADY_REGISTERED),
    *(ProblemCode.ORGANIZATION_NOT_VERIFIED, ProblemCode.ORGANIZATION_CONSENT, ProblemCode.GUARDIAN_CONSENT),
    ProblemCode.PERIOD_PAST,
    *codes_of(CAMP_RULES),
)
IDS = {"camp": "Camp", "contingent": "Contingent", "category": "CampCategory"}
PERSON = {"volunteer": "Volunteer", "organization": "Organization"}
PARTICIPANT = "PARTICIPANT"  # The category of who is of no contingent, unless another is named.
# The input field by which a replacement knows all that it does not name.
REPLACED = "camp_registration"
_S = CampRegistrationStatus


@verb(
    "register_for_camp",
    "Registers somebody for a camp; without a free place the person waits in the line.",
    answers=OneThing("CampRegistration"),
    callers=access.CAMP_REGISTRARS,
    ids={**IDS, **PERSON},
    codes=CODES,
)
async def register(
    session: Transaction,
    request: Request,
    *,
    camp: uuid.UUID,
    contingent: uuid.UUID | None = None,
    category: str | None = None,
    admission_reason: str | None = None,
    **person: Any,
) -> uuid.UUID:
    """Who names nobody registers themselves."""
    if not any(person.get(name) for name in ("volunteer", "guest_name")):
        person["volunteer"] = request.actor.volunteer_id
    entry, limits = await enter(
        session, request, camp, contingent, category=category, admission_reason=admission_reason
    )
    await lock_people(session, [person])
    (result,) = await place(session, request, entry, limits, [person])
    return key_of(result)


@verb(
    "register_participants",
    "Registers up to 1,000 people for a camp, each with a result; without a free place they wait in the line.",
    answers=ResultPerItem("CampRegistration", "participants"),
    callers=access.CAMP_REGISTRARS,
    ids={**IDS, **{f"participants.{name}": type_ for name, type_ in PERSON.items()}},
    codes=CODES,
)
async def register_all(
    session: Transaction,
    request: Request,
    *,
    camp: uuid.UUID,
    participants: Sequence[Mapping[str, Any]],
    contingent: uuid.UUID | None = None,
    category: str | None = None,
    admission_reason: str | None = None,
) -> list[ItemResult]:
    problems = Problems()
    if len(participants) > MOST:
        problems.invalid("participants", indonesian="Paling banyak 1.000 orang.", english="At most 1,000 people.")
    problems.refuse()
    entry, limits = await enter(
        session, request, camp, contingent, category=category, admission_reason=admission_reason
    )
    await lock_people(session, participants)
    return await place(session, request, entry, limits, participants)


@verb(
    "register_walk_in",
    "Registers somebody who stands at the gate of a running camp, and checks them in; when it is full, they wait.",
    answers=OneThing("CampRegistration"),
    callers=access.CAMP_RUNNERS,
    ids={"camp": "Camp", "category": "CampCategory", **PERSON},
    codes=CODES,
)
async def register_walk_in(
    session: Transaction, request: Request, *, camp: uuid.UUID, category: str | None = None, **person: Any
) -> uuid.UUID:
    held = await CAMPS.lock(session, request, camp, None, may=access.runs_camp)
    check_status(held, (CampStatus.RUNNING,), "camp")
    problems = Problems()
    check_not_over(problems, request, held)
    await check_codes(session, problems, {"category": (CampCategory, category)})
    problems.refuse()
    limits = await update_line(session, request, camp)
    may = await read_rights(session, request, camp, None)
    entry = Entry(held, None, category or PARTICIPANT, may, is_walk_in=True)
    await lock_people(session, [person])
    (result,) = await place(session, request, entry, limits, [person], status=_S.CHECKED_IN)
    key = key_of(result)
    await scan_settlement.enter(session, request, key)
    return key


async def enter(
    session: Transaction,
    request: Request,
    camp: uuid.UUID,
    contingent: uuid.UUID | None,
    *,
    category: str | None,
    admission_reason: str | None,
    is_replacement: bool = False,
) -> tuple[Entry, Limits]:
    """Locks the camp, gives what is free to who waits first, and finds out what the actor may.

    A replacement is possible as long as the camp is not over, also after the end of the registration; it names no camp,
    contingent and category, but the registration whose place somebody else gets.
    """
    reason = read_reason(admission_reason)
    name = REPLACED if is_replacement else "camp"
    held = await CAMPS.lock(session, request, camp, None, may=access.is_signed_in, name=name)
    limits = await update_line(session, request, camp)
    may = await read_rights(session, request, camp, contingent)
    named = await _contingent(session, request, held, contingent, is_replacement=is_replacement)
    problems = Problems()
    _check_open(problems, held, may, request, is_replacement=is_replacement)
    await check_codes(session, problems, {"category": (CampCategory, category)})
    if reason is not None and not may.keeps:
        problems.add(ProblemCode.FORBIDDEN, "admission_reason")
    if named is not None and category not in (None, named.category_code):
        name = REPLACED if is_replacement else "category"
        problems.invalid(name, indonesian="Kategori kontingen lain.", english="The contingent has another one.")
    problems.refuse()
    chosen = named.category_code if named is not None else category or PARTICIPANT
    return Entry(held, named, chosen, may, reason), limits


def _check_open(problems: Problems, camp: Row, may: Row, request: Request, *, is_replacement: bool) -> None:
    """The host registers until the end; contingents name people until the start; others within the window."""
    name = REPLACED if is_replacement else "camp"
    if not check_not_over(problems, request, camp, name):
        return
    is_kept = may.keeps or is_replacement
    is_open = camp.status in CAMP.group("TAKING" if is_kept else "NAMING")
    if not (may.takes or (is_open and (is_kept or may.fills))):
        problems.add(ProblemCode.CAMP_CLOSED, name)


async def _contingent(
    session: Transaction, request: Request, camp: Row, key: uuid.UUID | None, *, is_replacement: bool
) -> Row | None:
    """The contingent, which takes names; whoever replaces somebody need not be the one who names them."""
    if key is None:
        return None
    may, name = (access.is_signed_in, REPLACED) if is_replacement else (access.fills_contingent, "contingent")
    found = await CONTINGENTS.lock(session, request, key, None, may=may, name=name)
    if found.camp_id != camp.id:
        raise not_found(name)
    if not is_replacement:
        check_status(found, (ContingentStatus.ALLOTTED,), name)
    return found


def key_of(result: ItemResult) -> uuid.UUID:
    """The key of the only result; raises `Refused` with its problems."""
    if not isinstance(result.key, uuid.UUID):
        raise Refused(*result.problems)
    return result.key


async def lock_people(session: Transaction, people: Sequence[Mapping[str, Any]]) -> None:
    """Before their registrations, so that nobody promises their days elsewhere meanwhile."""
    await session.lock_all(Volunteer, [each["volunteer"] for each in people if each.get("volunteer")])


async def place(
    session: Transaction,
    request: Request,
    entry: Entry,
    limits: Limits,
    people: Sequence[Mapping[str, Any]],
    *,
    status: CampRegistrationStatus = _S.REGISTERED,
    must_fit: bool = False,
    **columns: Any,
) -> list[ItemResult]:
    """A place for each of the locked people in their order, as long as all limits have room, and then numbers in the line.

    All are written by a few statements. Who `must_fit`, as a replacement, is refused rather than waiting.
    """
    found = await read_participants(session, request, entry, people)
    if limits.has_quota_by_sex:
        _check_sex(found)
    accepted = [each for each in found if not each.problems]
    for each in accepted:
        full = limits.problem(each.seat, REPLACED)
        if full is None:
            limits.take(each.seat)
        elif must_fit:
            each.problems.append(full)
        each.seat |= {"id": new_id(), "status": _S.WAITLISTED if full else status, **columns}
    await _write(session, request, entry, [each for each in accepted if not each.problems])
    return [ItemResult(problems=each.problems) if each.problems else ItemResult(each.seat["id"]) for each in found]


def _check_sex(found: Sequence[Participant]) -> None:
    for each in found:
        if each.seat and each.seat["sex"] is None:
            each.invalid(
                "volunteer" if each.seat["volunteer_id"] else "sex",
                indonesian="Kemah ini berkuota menurut jenis kelamin, yang belum diketahui.",
                english="The camp has quotas by sex, and the sex is not known.",
            )


async def _write(session: Transaction, request: Request, entry: Entry, accepted: Sequence[Participant]) -> None:
    if not accepted:
        return
    first = await next_number(session, entry.camp.id, len(accepted))
    for number, each in enumerate(accepted, start=first):
        each.seat["number"] = number
        # Without anything to waive there is no exception to give a reason for.
        each.seat["admission_reason"] = entry.admission_reason if each.waived else None
    seats = [each.seat for each in accepted]
    await session.insert_all(CampRegistration, seats, sorted_by="number")
    await _note_guardians(session, accepted)
    for status in dict.fromkeys(seat["status"] for seat in seats):
        changes = [(each.seat["id"], _change(each)) for each in accepted if each.seat["status"] == status]
        kind = f"camp_registration.{status.lower()}"
        reason = entry.admission_reason
        await record_all(session, request, kind, "CampRegistration", changes, reason=reason)
    await commit_days(session, request, [seat for seat in seats if seat["status"] != _S.WAITLISTED])


async def _note_guardians(session: Transaction, accepted: Sequence[Participant]) -> None:
    """The medics of the camp read that a guardian has agreed."""
    care = {"diet": Diet.REGULAR, "fit_seen": False, "guardian_consent": True}
    rows = [
        {"id": new_id(), "registration_id": each.seat["id"], **care} for each in accepted if each.has_guardian_consent
    ]
    if rows:
        await session.insert_all(CampCare, rows, sorted_by="id")


def _change(each: Participant) -> dict[str, Any]:
    seat = each.seat
    names = ("camp_id", "contingent_id", "volunteer_id", "organization_id")
    keys = {name.removesuffix("_id"): str(seat[name]) for name in names if seat[name] is not None}
    waived = {"waived": each.waived} if each.waived else {}
    return {"status": seat["status"], "number": seat["number"], **keys, **waived}
