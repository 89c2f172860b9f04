"""Who of the story has been offered a duty, and what became of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

import asyncpg

from api.demo import row
from api.demo.catalogue import Catalogue
from api.demo.chance import Chance
from api.demo.incident import Happening
from api.demo.person import Person

# Time promised away: a commitment goes with it.
COMMITTED = frozenset({"ACCEPTED", "COMPLETED"})

REASONS = {
    "DECLINED": "Ada acara keluarga",
    "CANCELLED": "Akses jalan terputus, regu dikurangi",
    "NO_SHOW": "Tidak hadir di posko",
    "EXPIRED": "Tidak dijawab sampai batas waktu",
}


class Send(NamedTuple):
    """At most so many people from there: to the need, and able to serve the other one too."""

    people: int
    status: str
    need: row.Need
    home: tuple[str, ...]
    also: row.Need | None = None


@dataclass
class Dispatch:
    """Sends people who may be sent, each of them once in the whole story."""

    catalogue: Catalogue
    standing: frozenset[UUID]
    free: list[Person]

    def send(self, chance: Chance, send: Send) -> Iterator[row.Row]:
        chosen = [person for person in self.free if self.answers(person, send)][: send.people]
        for person in chosen:
            self.free.remove(person)
            yield from duty(chance, person, send)

    def answers(self, person: Person, send: Send) -> bool:
        return person.row.kabupaten_code.startswith(send.home) and all(
            self.fits(person, need) for need in (send.need, send.also) if need
        )

    def fits(self, person: Person, need: row.Need) -> bool:
        """A plain reading of the rules, enough for a story; the rules themselves are not here."""
        return (
            may_go(person.row, need)
            and any(self.proves(paper, need) for paper in person.certificates)
            and any(self.stands(member, need) for member in person.memberships)
        )

    def proves(self, paper: row.Certificate, need: row.Need) -> bool:
        first, last = days(need)
        return (
            need.skill_code in self.catalogue.grants[paper.certificate_type_code]
            and paper.issued_on <= first
            and (paper.expires_on is None or last <= paper.expires_on)
            and paper.revoked_on is None
        )

    def stands(self, member: row.Membership, need: row.Need) -> bool:
        first, last = days(need)
        return (
            member.organization_id in self.standing
            and member.since <= first
            and (member.until is None or last <= member.until)
            and self.catalogue.reaches(member.rank_code, need.minimum_rank_code)
        )


def may_go(volunteer: row.Volunteer, need: row.Need) -> bool:
    if volunteer.status != "ACTIVE" or volunteer.consent_given_at is None or volunteer.consent_withdrawn_at:
        return False
    if volunteer.kabupaten_code == need.kabupaten_code:
        return True
    near = volunteer.kabupaten_code[:2] == need.kabupaten_code[:2]
    return volunteer.reach == "NATIONAL" or (near and volunteer.reach == "PROVINCE")


def days(need: row.Need) -> tuple[date, date]:
    return need.starts_at.date(), need.ends_at.date()


def duty(chance: Chance, person: Person, send: Send) -> Iterator[row.Row]:
    identity, need = chance.identity(), send.need
    yield row.Assignment(
        id=identity,
        need_id=need.id,
        volunteer_id=person.row.id,
        status=send.status,
        starts_at=need.starts_at,
        ends_at=need.ends_at,
        expires_at=need.starts_at,
        reason=REASONS.get(send.status),
    )
    if send.status in COMMITTED:
        yield row.Commitment(
            id=chance.identity(),
            volunteer_id=person.row.id,
            assignment_id=identity,
            period=asyncpg.Range(need.starts_at, need.ends_at),
        )


def past(flood: Happening, landslide: Happening, legundi: Happening) -> Iterator[Send]:
    """Four of those whom the flood needs in the water come home tired from the landslide."""
    rescue = flood.needs["WATER_RESCUE"]
    yield Send(4, "COMPLETED", landslide.needs["RAPID_ASSESSMENT"], ("62.05", "62.12"), also=rescue)
    yield Send(6, "COMPLETED", landslide.needs["LOGISTICS"], ("62.10",))
    yield Send(1, "NO_SHOW", landslide.needs["LOGISTICS"], ("62.10",))
    yield Send(1, "EXPIRED", landslide.needs["LOGISTICS"], ("62.10",))
    yield Send(8, "COMPLETED", legundi.needs["LOGISTICS"], ("18.",))
    yield Send(1, "CANCELLED", legundi.needs["LOGISTICS"], ("18.",))
    yield Send(5, "COMPLETED", legundi.needs["FIELD_KITCHEN"], ("18.",))
    yield Send(1, "DECLINED", legundi.needs["FIELD_KITCHEN"], ("18.",))


def present(flood: Happening) -> Iterator[Send]:
    """Own kabupaten first; for the water, from across the border."""
    yield Send(4, "ACCEPTED", flood.needs["FIELD_KITCHEN"], ("62.02",))
    yield Send(3, "OFFERED", flood.needs["FIELD_KITCHEN"], ("62.02",))
    yield Send(1, "DECLINED", flood.needs["FIELD_KITCHEN"], ("62.02",))
    yield Send(3, "ACCEPTED", flood.needs["LOGISTICS"], ("62.02",))
    yield Send(1, "OFFERED", flood.needs["LOGISTICS"], ("62.02",))
    yield Send(2, "OFFERED", flood.needs["SHELTER"], ("62.02",))
    yield Send(1, "ACCEPTED", flood.needs["WATER_RESCUE"], ("62.71",))
    yield Send(1, "OFFERED", flood.needs["WATER_RESCUE"], ("62.11",))
    yield Send(1, "DECLINED", flood.needs["WATER_RESCUE"], ("62.03",))
