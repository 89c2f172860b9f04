"""Who the rows of a file are about: people who are registered, found for many rows by one statement each."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.access import NOW, Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Membership, Organization, Volunteer
from api.models.day import local_day
from api.services.duplicate import is_similar
from api.services.member_column import MemberColumn
from api.services.member_row import MemberRow
from api.services.person_change import earliest_day
from api.services.request import Request

_C = MemberColumn


@dataclass(slots=True)
class Matches:
    """Whom each row may be about, by the number of the row; and what is known of these people, by their ids."""

    by_nik: dict[int, uuid.UUID] = field(default_factory=dict)
    by_number: dict[int, tuple[uuid.UUID, bool]] = field(default_factory=dict)
    alike: dict[int, set[uuid.UUID]] = field(default_factory=lambda: defaultdict(set))
    # Who would be alike, but has another NIK than the row says.
    unlike: dict[int, set[uuid.UUID]] = field(default_factory=lambda: defaultdict(set))
    people: dict[uuid.UUID, Row] = field(default_factory=dict)

    def tells(self, row: MemberRow) -> bool:
        """Whether the outcome of the row tells what the actor may not read.

        That somebody is registered whom the actor does not see; the phone or birth date of somebody whom the actor does
        not know; whether a NIK is that of a member, whom the row names by something else, or is not.
        """
        numbered, has_name = self.by_number.get(row.number, (None, False))
        named = self.alike[row.number] | ({numbered} if numbered is not None and has_name else set())
        owner = self.by_nik.get(row.number)
        if owner is not None and (owner not in named or not self.people[owner].is_seen):
            return True
        if numbered is not None and not self.people[numbered].is_seen:
            return True
        if any(not self.people[key].is_known for key in self.alike[row.number]):
            return True
        return any(self._has_other_nik(key, row) for key in named | self.unlike[row.number])

    def _has_other_nik(self, key: uuid.UUID, row: MemberRow) -> bool:
        """A member's; of others the NIK that is theirs is told as seldom as that somebody has it."""
        person = self.people[key]
        return bool(person.is_seen) and row.nik_index is not None and person.nik_index not in (None, row.nik_index)


async def find_matches(
    session: Transaction, request: Request, organization: uuid.UUID, rows: Sequence[MemberRow], *, locks: bool
) -> Matches:
    """With `locks` the people stay as they are read, until the transaction's end."""
    matches = Matches()
    asked = _columns(rows)
    parameters = {**request.parameters, "organization": organization, **asked}
    for row in await session.rows(BY_NIK, parameters):
        matches.by_nik[row.number] = row.id
    for row in await session.rows(BY_NUMBER, parameters):
        matches.by_number[row.number] = row.id, row.is_similar
    for row in await session.rows(ALIKE, parameters):
        (matches.unlike if row.has_other_nik else matches.alike)[row.number].add(row.id)
    ids = {
        *matches.by_nik.values(),
        *(key for key, _ in matches.by_number.values()),
        *_all(matches.alike),
        *_all(matches.unlike),
    }
    if locks:
        await session.lock_all(Volunteer, sorted(ids))
    people = await session.rows(
        _people(request.actor.kind), {**request.parameters, "organization": organization, "ids": sorted(ids)}
    )
    matches.people = {row.id: row for row in people}
    return matches


def _all(alike: Mapping[int, set[uuid.UUID]]) -> set[uuid.UUID]:
    return {key for keys in alike.values() for key in keys}


def _columns(rows: Sequence[MemberRow]) -> dict[str, list[Any]]:
    """What the rows are found by, as the arrays of the statements' parameters."""
    return {
        "numbers": [row.number for row in rows],
        "nik_indexes": [row.nik_index for row in rows],
        "number_keys": [row.number_key for row in rows],
        "phones": [row[_C.PHONE] for row in rows],
        "births": [row[_C.BIRTH_DATE] for row in rows],
        "sort_keys": [row.sort_key for row in rows],
        "search_keys": [row.search_key for row in rows],
        "kabupatens": [row.kabupaten_code for row in rows],
    }


COLUMNS: Mapping[str, tuple[str, Any]] = {
    "numbers": ("number", sa.Integer()),
    "nik_indexes": ("nik_index", sa.LargeBinary()),
    "number_keys": ("number_key", sa.Text()),
    "phones": ("phone", sa.Text()),
    "births": ("birth_date", sa.Date()),
    "sort_keys": ("sort_key", sa.Text()),
    "search_keys": ("search_key", sa.Text()),
    "kabupatens": ("kabupaten_code", sa.Text()),
}


def _asked(*names: str) -> Any:
    """The rows of the file as a table with these columns, named by their parameters."""
    arrays = [sa.bindparam(name, type_=ARRAY(COLUMNS[name][1])) for name in names]
    columns = [sa.column(*COLUMNS[name]) for name in names]
    return sa.func.unnest(*arrays).table_valued(*columns, name="asked").render_derived()


_ORGANIZATION = sa.bindparam("organization", type_=sa.Uuid())
_TODAY = (
    sa.select(local_day(Organization.c.kabupaten_code, NOW)).where(Organization.c.id == _ORGANIZATION).scalar_subquery()
)


def _by_nik() -> CompiledStatement:
    asked = _asked("numbers", "nik_indexes")
    found = asked.join(Volunteer, Volunteer.c.nik_index == asked.c.nik_index)
    return compile_statement(sa.select(asked.c.number, Volunteer.c.id).select_from(found))


def _by_number() -> CompiledStatement:
    """The members with the number, and whether their name is like the row's."""
    asked = _asked("numbers", "number_keys", "sort_keys")
    member = sa.and_(Membership.c.organization_id == _ORGANIZATION, Membership.c.number_key == asked.c.number_key)
    found = asked.join(Membership, member).join(Volunteer, Volunteer.c.id == Membership.c.volunteer_id)
    similar = is_similar(Volunteer.c.sort_key, asked.c.sort_key).label("is_similar")
    return compile_statement(sa.select(asked.c.number, Volunteer.c.id, similar).select_from(found))


def _alike() -> CompiledStatement:
    """Who is probably the same, as for `registerVolunteer`; and members of one name and kabupaten, unless facts differ."""
    asked = _asked("numbers", "nik_indexes", "phones", "births", "sort_keys", "search_keys", "kabupatens")
    person = Volunteer.c

    def select(condition: Any, *more: Any) -> sa.Select[Any]:
        has_other_nik = _differ(person.nik_index, asked.c.nik_index).label("has_other_nik")
        return (
            sa.select(asked.c.number, person.id, has_other_nik)
            .select_from(asked.join(Volunteer, condition))
            .where(*more)
        )

    by_phone = select(person.phone == asked.c.phone, is_similar(person.sort_key, asked.c.sort_key))
    born = sa.and_(person.birth_date == asked.c.birth_date, person.search_key == asked.c.search_key)
    member = sa.select(Membership.c.id).where(
        Membership.c.volunteer_id == person.id, Membership.c.organization_id == _ORGANIZATION
    )
    home = sa.and_(person.sort_key == asked.c.sort_key, person.kabupaten_code == asked.c.kabupaten_code)
    facts = [~_differ(person[name], asked.c[name]) for name in ("birth_date", "phone")]
    return compile_statement(sa.union(by_phone, select(born), select(home, member.exists(), *facts)))


def _differ(one: Any, other: Any) -> Any:
    return sa.func.coalesce(one != other, sa.false())


BY_NIK, BY_NUMBER, ALIKE = _by_nik(), _by_number(), _alike()


@cache
def _people(kind: Kind) -> CompiledStatement:
    """What is known of people; whether the actor sees and keeps them; their membership of the organization, if it runs."""
    own = Membership.alias()
    running = sa.or_(own.c.until.is_(None), own.c.until >= _TODAY)
    of_organization = sa.and_(own.c.volunteer_id == Volunteer.c.id, own.c.organization_id == _ORGANIZATION, running)
    columns = (
        "id",
        "name",
        "phone",
        "email",
        "birth_date",
        "sex",
        "nik_cipher",
        "nik_index",
        "kabupaten_code",
        "version",
    )
    return compile_statement(
        sa.select(
            *(Volunteer.c[name] for name in columns),
            access.sees_volunteer(kind, Volunteer).label("is_seen"),
            access.knows_volunteer(kind, Volunteer).label("is_known"),
            access.keeps_volunteer(kind, Volunteer).label("is_kept"),
            earliest_day(Volunteer.c.id).label("earliest"),
            own.c.id.label("membership_id"),
            own.c.number.label("number"),
            own.c.rank_code.label("rank_code"),
            own.c.version.label("membership_version"),
        )
        .select_from(Volunteer.outerjoin(own, of_organization))
        .where(Volunteer.c.id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Uuid()))))
    )
