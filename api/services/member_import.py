"""Importing rows of members: what becomes of each is decided for many at once, and written by a few statements."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from api.database.engine import Row, Transaction
from api.models import Membership, Volunteer
from api.models.base import new_id
from api.models.import_job import ImportOutcome, KnownPeople
from api.models.person import VolunteerStatus
from api.rules.code import ProblemCode
from api.services import membership, membership_request
from api.services.feed import record_all
from api.services.member_column import MemberColumn
from api.services.member_match import Matches
from api.services.member_row import MemberRow
from api.services.request import Request
from api.services.vault import Vault
from api.values.day import check_earliest
from api.values.nik import check_nik_agrees

_C = MemberColumn

# By which a person may be somebody who is registered already.
IDENTIFYING = frozenset({"name", "phone", "birth_date"})

# The columns of a volunteer and of a membership that a file may change, and those that only an update changes.
PERSON = {_C.PHONE: "phone", _C.EMAIL: "email", _C.BIRTH_DATE: "birth_date", _C.SEX: "sex"}
UPDATED_PERSON = {**PERSON, _C.NAME: "name"}


class OvertakenError(Exception):
    """Somebody else has registered one of these people, or taken a number, since the rows were compared: try again."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the rows are imported into, and what is said of all new people."""

    vault: Vault
    organization_id: uuid.UUID
    known_people: KnownPeople
    consent_purpose: str | None
    reach: str | None


def decide(target: Target, row: MemberRow, matches: Matches) -> None:
    """Finds whom the row is about, and what becomes of it."""
    person = _person(row, matches)
    if row.problems:
        return
    if person is None:
        _check_new(target, row)
        row.outcome = ImportOutcome.CREATED
    elif person.membership_id is None:
        row.volunteer_id = person.id
        row.outcome = ImportOutcome.REQUESTED
    elif not person.is_kept:
        row.add(ProblemCode.FORBIDDEN, None, person.id if person.is_seen else None)
    else:
        row.volunteer_id = person.id
        changed = _check_changes(target, row, person, matches)
        row.outcome = ImportOutcome.UPDATED if changed else ImportOutcome.UNCHANGED


def _check_changes(target: Target, row: MemberRow, person: Row, matches: Matches) -> bool:
    """Whether something of the member changes; as for `changeVolunteer`, it must agree with all that is known."""
    of_person, of_membership = _changes(target, row, person)
    after = {**dict(person), **of_person}
    is_update = target.known_people is KnownPeople.UPDATE
    if is_update and row[_C.KABUPATEN] is not None and row.kabupaten_code != person.kabupaten_code:
        row.refuse(
            _C.KABUPATEN,
            "Kabupaten asalnya berbeda; ubah pada data orangnya, karena tugasnya ikut berubah.",
            "The home kabupaten differs; change it at the person, as duties depend on it.",
        )
    if of_person.keys() & IDENTIFYING:
        others = [matches.people[key] for key in sorted(matches.alike.get(row.number, set()) - {person.id})]
        if others:
            _refuse_alike(row, others)
    if of_person.keys() & {"nik", "birth_date", "sex"}:
        _check_agreement(target.vault, row, after)
    if "birth_date" in of_person and person.earliest is not None:
        row.check(_C.BIRTH_DATE, check_earliest, person.earliest, birth_date=after["birth_date"])
    return bool(of_person or of_membership)


def _check_agreement(vault: Vault, row: MemberRow, after: Mapping[str, Any]) -> None:
    nik = row[_C.NIK] or (after["nik_cipher"] and vault.decrypt(after["nik_cipher"]))
    if nik is not None:
        row.check(_C.NIK, check_nik_agrees, nik, known_birth_date=after["birth_date"], known_sex=after["sex"])


def _person(row: MemberRow, matches: Matches) -> Row | None:
    """By the identity number, else by the number of the member, else whoever is alone in being probably the same."""
    by_nik = matches.by_nik.get(row.number)
    numbered, has_name = matches.by_number.get(row.number, (None, False))
    alike = matches.alike.get(row.number, set())
    if by_nik is not None:
        if numbered not in (None, by_nik):
            row.add(ProblemCode.NUMBER_TAKEN, _C.NUMBER)
        return matches.people[by_nik]
    if numbered is not None:
        person = matches.people[numbered]
        is_other = not has_name or (row.nik_index is not None and person.nik_index not in (None, row.nik_index))
        if is_other:
            row.add(ProblemCode.NUMBER_TAKEN, _C.NUMBER)
        return person
    if not alike:
        return None
    (person, *others) = [matches.people[key] for key in sorted(alike)]
    if others or person.membership_id is None:
        _refuse_alike(row, [person, *others])
    return person


def _refuse_alike(row: MemberRow, people: Sequence[Row]) -> None:
    """Names those whom the actor may see, and says nothing of the others."""
    seen = [person.id for person in people if person.is_seen]
    for key in seen or [None]:
        row.add(ProblemCode.SAME_PERSON, _C.NAME, key)


def _check_new(target: Target, row: MemberRow) -> None:
    if row.kabupaten_code is None:
        row.refuse(_C.KABUPATEN, "Kabupaten asal belum diisi.", "The home kabupaten is missing.")
    if row[_C.REACH] is None and target.reach is None:
        row.refuse(_C.REACH, "Jangkauan belum diisi.", "The reach is missing.")
    if target.consent_purpose is None:
        row.refuse(None, "Tujuan persetujuan belum disebutkan.", "The purpose of the consent was not named.")


def _changes(target: Target, row: MemberRow, person: Row) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns of the person, and of the membership, that the row changes."""
    if target.known_people is KnownPeople.SKIP:
        return {}, {}
    is_update = target.known_people is KnownPeople.UPDATE
    asked = {name: row[column] for column, name in (UPDATED_PERSON if is_update else PERSON).items()}
    asked |= {"nik": row.nik_index}
    known = {name: person["nik_index" if name == "nik" else name] for name in asked}
    changed = {
        name: value
        for name, value in asked.items()
        if value is not None and value != known[name] and (known[name] is None or is_update)
    }
    joining = {"number": row[_C.NUMBER], "rank_code": row.rank_code}
    return changed, {
        name: value
        for name, value in joining.items()
        if value is not None and value != person[name] and (person[name] is None or is_update)
    }


async def write(
    session: Transaction,
    request: Request,
    *,
    target: Target,
    rows: Sequence[MemberRow],
    matches: Matches,
) -> None:
    """Does what was decided. Raises `OvertakenError`, after which the transaction is rolled back."""
    await _register(session, request, target, [row for row in rows if row.outcome is ImportOutcome.CREATED])
    changed = [row for row in rows if row.outcome is ImportOutcome.UPDATED]
    await _change(session, request, target, [(row, matches.people[_key(row)]) for row in changed])
    # One by one: they are few, as the budget of the day is small, and people whom the actor sees are mostly members.
    for row in rows:
        if row.outcome is ImportOutcome.REQUESTED:
            await membership_request.send(session, request, _key(row), _joining(target, row))


def _joining(target: Target, row: MemberRow) -> Mapping[str, Any]:
    return {
        "organization": target.organization_id,
        "number": row[_C.NUMBER],
        "rank": row.rank_code,
        "name": row[_C.NAME],
    }


def _key(row: MemberRow) -> uuid.UUID:
    assert row.volunteer_id is not None
    return row.volunteer_id


async def _register(session: Transaction, request: Request, target: Target, rows: Sequence[MemberRow]) -> None:
    for row in rows:
        row.volunteer_id = new_id()
    now = request.now
    people = [_volunteer(target, row, now) for row in rows]
    memberships = [_membership(target, row) for row in rows]
    # The identity numbers are what two transactions could wait for each other over.
    made = await session.insert_all(Volunteer, people, sorted_by="nik_index")
    if len(made) < len(rows):
        raise OvertakenError
    made = await session.insert_all(Membership, memberships, sorted_by="number_key")
    if len(made) < len(rows):
        raise OvertakenError
    changes = [
        (
            person["id"],
            {
                "kabupaten": person["kabupaten_code"],
                "reach": person["reach"],
                "organization": str(target.organization_id),
            },
        )
        for person in people
    ]
    await record_all(session, request, "volunteer.registered", "Volunteer", changes)
    begun = [(row["id"], membership.begun(row["volunteer_id"], target.organization_id)) for row in memberships]
    await record_all(session, request, "membership.begun", "Membership", begun)


def _volunteer(target: Target, row: MemberRow, now: datetime) -> Mapping[str, Any]:
    return {
        "id": row.volunteer_id,
        "name": row[_C.NAME],
        "phone": row[_C.PHONE],
        "email": row[_C.EMAIL],
        "birth_date": row[_C.BIRTH_DATE],
        "sex": row[_C.SEX],
        **_nik_columns(target.vault, row),
        "kabupaten_code": row.kabupaten_code,
        "reach": row[_C.REACH] or target.reach,
        "status": VolunteerStatus.ACTIVE,
        "consent_given_at": now,
        "consent_purpose": target.consent_purpose,
        "created_at": now,
        "updated_at": now,
        "version": 1,
    }


def _nik_columns(vault: Vault, row: MemberRow) -> Mapping[str, Any]:
    nik = row[_C.NIK]
    return {
        "nik_cipher": nik and vault.encrypt(nik),
        "nik_index": row.nik_index,
        "nik_tail": nik and nik[-4:],
    }


def _membership(target: Target, row: MemberRow) -> Mapping[str, Any]:
    since: date | None = row.since
    return {
        "id": new_id(),
        "volunteer_id": row.volunteer_id,
        "organization_id": target.organization_id,
        "since": since,
        "number": row[_C.NUMBER],
        "rank_code": row.rank_code,
    }


async def _change(
    session: Transaction, request: Request, target: Target, rows: Sequence[tuple[MemberRow, Row]]
) -> None:
    """The people are locked already; what is not changed of them is written as it was."""
    people, memberships, of_people, of_memberships = [], [], [], []
    for row, person in rows:
        of_person, of_membership = _changes(target, row, person)
        if of_person:
            people.append(_changed_person(request, target.vault, row, person, of_person))
            of_people.append((person.id, {"changed": sorted(of_person)}))
        if of_membership:
            before = {"number": person.number, "rank_code": person.rank_code}
            key, version = person.membership_id, person.membership_version + 1
            memberships.append({"id": key, **before, **of_membership, "version": version, "updated_at": request.now})
            of_memberships.append((key, membership.changed(person, of_membership)))
    with_nik = [each for each in people if "nik_index" in each]
    await session.update_all(Volunteer, with_nik)
    await session.update_all(Volunteer, [each for each in people if "nik_index" not in each])
    await session.update_all(Membership, memberships)
    await record_all(session, request, "volunteer.changed", "Volunteer", of_people)
    await record_all(session, request, "membership.changed", "Membership", of_memberships)


def _changed_person(
    request: Request, vault: Vault, row: MemberRow, person: Row, changed: Mapping[str, Any]
) -> Mapping[str, Any]:
    before = {name: person[name] for name in UPDATED_PERSON.values()}
    columns = {name: value for name, value in changed.items() if name != "nik"}
    nik = _nik_columns(vault, row) if "nik" in changed else {}
    raised = {"version": person.version + 1, "updated_at": request.now}
    return {"id": person.id, **before, **columns, **nik, **raised}
