"""Who is to come to a camp: found, allowed, with all that they lack."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from api.database.engine import Row, Transaction
from api.models.camp import Attendees
from api.rules.code import ProblemCode
from api.services.participant_source import people_listed, rights
from api.services.problem import Problem, broken_rule, input_path
from api.services.request import Request
from api.values.key import sort_key
from api.values.problem import Unreadable
from api.values.text import line


@dataclass(slots=True)
class Participant:
    """Somebody who is to come: the columns of the registration, or the problems with them.

    `waived` are the codes that the host sets aside; a guardian's consent is noted of who needs one.
    """

    seat: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    has_guardian_consent: bool = False
    waived: list[str] = field(default_factory=list)

    def add(self, code: ProblemCode, *steps: str, **facts: Any) -> None:
        self.problems.append(Problem(code, input_path(*steps), facts))

    def invalid(self, *steps: str, indonesian: str, english: str) -> None:
        self.problems.append(Problem(ProblemCode.INVALID, input_path(*steps), detail=(indonesian, english)))


@dataclass(frozen=True, slots=True)
class Entry:
    """What all participants of a request share: the locked camp, what the actor may there, and what was said of all."""

    camp: Row
    contingent: Row | None
    category: str
    may: Row
    admission_reason: str | None = None
    is_walk_in: bool = False

    @property
    def takes_anybody(self) -> bool:
        """The host registers whom it wants; the staff only who stands at the gate."""
        return bool(self.may.keeps) or self.is_walk_in

    @property
    def preferred(self) -> uuid.UUID | None:
        """The organization that a member of several comes for, unless it is said otherwise."""
        return self.contingent.organization_id if self.contingent is not None else None


async def read_rights(session: Transaction, request: Request, camp: uuid.UUID, contingent: uuid.UUID | None) -> Row:
    """What the actor may do at a camp: keep it, fill and speak for the contingent; whether it takes registrations."""
    parameters = {**request.parameters, "camp": camp, "contingent": contingent}
    (found,) = await session.rows(rights(request.actor.kind), parameters)
    return found


async def read_participants(
    session: Transaction, request: Request, entry: Entry, people: Sequence[Mapping[str, Any]]
) -> list[Participant]:
    """In their order; everything that is wrong with each."""
    listed = {
        "volunteers": [each.get("volunteer") for each in people],
        "organizations": [each.get("organization") for each in people],
    }
    shared = {
        "camp": entry.camp.id,
        "preferred": entry.preferred,
        "contingent": entry.contingent and entry.contingent.id,
    }
    rows = await session.rows(people_listed(request.actor.kind), {**request.parameters, **shared, **listed})
    found = [_participant(entry, asked, row) for asked, row in zip(people, rows, strict=True)]
    _refuse_repeated(found)
    return found


def _participant(entry: Entry, asked: Mapping[str, Any], row: Row) -> Participant:
    made = Participant()
    if (asked.get("volunteer") is None) == (asked.get("guest_name") is None):
        made.invalid("volunteer", indonesian="Sebutkan satu orang.", english="Name a volunteer, or a guest.")
        return made
    is_guest = asked.get("volunteer") is None
    made.seat = {
        "camp_id": entry.camp.id,
        "contingent_id": entry.contingent and entry.contingent.id,
        "volunteer_id": asked.get("volunteer"),
        "guest_name": _guest_name(made, asked.get("guest_name")),
        "organization_id": row.organization_id,
        "kabupaten_code": row.home if is_guest else row.kabupaten_code,
        "sex": asked.get("sex") if is_guest else row.sex,
        "category_code": entry.category,
        "has_consent": row.manages or row.manages_person or _sends(entry, row),
        "admission_reason": entry.admission_reason,
    }
    (_check_guest if is_guest else _check_volunteer)(made, entry, asked, row)
    if entry.contingent is not None and not row.is_of_contingent and not made.problems:
        made.invalid(
            "guest_name" if is_guest else "volunteer",
            indonesian="Orang ini bukan dari kontingen itu.",
            english="The person is not of the organization or kabupaten of the contingent.",
        )
    if entry.camp.attendees == Attendees.INSTITUTIONS and row.organization_id is None:
        made.invalid("organization", indonesian="Sebutkan lembaganya.", english="Name the institution.")
    return made


def _sends(entry: Entry, row: Row) -> bool:
    """Whether the organization itself, or the leader whom it named, names the person for its contingent."""
    return bool(entry.preferred and entry.may.speaks and row.is_of_contingent)


def _guest_name(made: Participant, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return line(text, 2, 200)
    except Unreadable as unreadable:
        made.problems.append(Problem(ProblemCode.INVALID, input_path("guest_name"), detail=unreadable.detail))
        return text


def _check_guest(made: Participant, entry: Entry, asked: Mapping[str, Any], row: Row) -> None:
    """A guest comes for an organization; whoever keeps the camp, or manages it, names one."""
    if asked.get("organization") is None:
        made.invalid("organization", indonesian="Tamu mewakili organisasi.", english="A guest is of an organization.")
    elif row.home is None:
        made.add(ProblemCode.NOT_FOUND, "organization")
    elif not (entry.takes_anybody or row.manages or (entry.may.fills and row.is_of_contingent)):
        made.add(ProblemCode.FORBIDDEN, "organization")
    elif sort_key(made.seat["guest_name"]) in row.guests:
        made.add(ProblemCode.ALREADY_REGISTERED, "guest_name")


def _check_volunteer(made: Participant, entry: Entry, asked: Mapping[str, Any], row: Row) -> None:
    """Who speaks for the contingent names its people, seen or not; everybody else only whom they see."""
    speaks, fills = (may and row.is_of_contingent for may in (entry.may.speaks, entry.may.fills))
    if row.kabupaten_code is None or not (row.sees or speaks):
        made.add(ProblemCode.NOT_FOUND, "volunteer")
        return
    is_own = row.is_self and entry.camp.self_registration
    if not (entry.takes_anybody or row.manages_person or is_own or fills):
        made.add(ProblemCode.FORBIDDEN, "volunteer")
        return
    if asked.get("organization") is not None and row.organization_id is None:
        made.add(ProblemCode.ORGANIZATION_NOT_VERIFIED, "organization", organization_id=asked["organization"])
    if row.is_live:
        made.add(ProblemCode.ALREADY_REGISTERED, "volunteer")
    made.has_guardian_consent = row.is_minor and bool(asked.get("guardian_consent"))
    if row.is_minor and not made.has_guardian_consent:
        made.add(ProblemCode.GUARDIAN_CONSENT, "guardian_consent")
    if entry.camp.needs_consent and not made.seat["has_consent"]:
        _lacks(made, entry, {"code": ProblemCode.ORGANIZATION_CONSENT, "overridable": True})
    for lack in orjson.loads(row.lacking):
        _lacks(made, entry, lack)


def _lacks(made: Participant, entry: Entry, lack: Mapping[str, Any]) -> None:
    """Of what is lacking, the host waives what can be waived, for a reason."""
    if lack["overridable"] and entry.may.keeps and entry.admission_reason is not None:
        made.waived.append(str(lack["code"]))
        return
    made.problems.append(broken_rule(lack, "volunteer"))


def _refuse_repeated(found: Sequence[Participant]) -> None:
    """Each person once in a request."""
    seen = set()
    for each in found:
        if not each.seat:
            continue
        guest = (each.seat["organization_id"], sort_key(each.seat["guest_name"] or ""))
        person = each.seat["volunteer_id"] or guest
        if person in seen and all(problem.code != ProblemCode.ALREADY_REGISTERED for problem in each.problems):
            each.add(ProblemCode.ALREADY_REGISTERED, "volunteer" if each.seat["volunteer_id"] else "guest_name")
        seen.add(person)
