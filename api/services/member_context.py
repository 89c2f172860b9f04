"""What a file of members is compared with: the organization, its ranks, the kabupaten and their names."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import NOW, Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import ColumnTitle, Kabupaten, Organization, Rank
from api.models.day import local_day
from api.rules.code import ProblemCode
from api.services.member_column import MemberColumn
from api.services.member_row import MemberRow, check_days
from api.services.request import Request
from api.values.key import place_search_key, search_key

_C = MemberColumn


@dataclass(frozen=True, slots=True)
class MemberContext:
    organization: Row
    titles: Mapping[str, MemberColumn]
    places: Mapping[str, Row]
    # The codes of the kabupaten of a name, and of the ranks.
    place_codes: Mapping[str, Sequence[str]]
    rank_codes: Mapping[str, Sequence[str]]

    @property
    def may_import(self) -> bool:
        """Whether the actor makes people members of the organization, and it may have new ones."""
        may = self.organization.manages or self.organization.enrols
        return bool(may and self.organization.stands)

    def complete(self, row: MemberRow, *, kabupaten: str | None, since: date | None) -> None:
        """Finds the kabupaten and the rank that the row names; the others are those of the whole file."""
        row.kabupaten_code = self._found(row, _C.KABUPATEN, self.place_codes, place_search_key) or kabupaten
        row.rank_code = self._found(row, _C.RANK, self.rank_codes, search_key)
        row.since = row[_C.SINCE] or since or self.organization.today
        check_days(row, self.organization.today)
        if not self.organization.manages and not self._coordinates(row.kabupaten_code):
            row.add(ProblemCode.FORBIDDEN, _C.KABUPATEN)

    def _coordinates(self, code: str | None) -> bool:
        return code is None or bool(self.organization.enrols and self.places[code].may)

    def _found(self, row: MemberRow, column: MemberColumn, codes: Mapping[str, Sequence[str]], key: Any) -> str | None:
        text = row[column]
        if text is None:
            return None
        found = codes.get(text) or codes.get(key(text), ())
        if len(found) > 1:
            row.refuse(
                column,
                "Nama ini dipakai oleh beberapa; tulis lengkap, misalnya Kota atau Kabupaten, atau kodenya.",
                "Several have this name; write all of it, for instance Kota or Kabupaten, or the code.",
            )
        elif not found:
            row.add(ProblemCode.NOT_FOUND, column)
        return found[0] if len(found) == 1 else None


async def load_context(session: Transaction, request: Request, organization: uuid.UUID) -> MemberContext | None:
    """None where the actor does not see the organization."""
    kind, parameters = request.actor.kind, {**request.parameters, "organization": organization}
    found = await session.row(_organization(kind), parameters)
    if found is None:
        return None
    places = await session.rows(_places(kind), parameters)
    ranks = await session.rows(RANKS, {**parameters, "corps": found.corps})
    return MemberContext(
        found,
        await load_titles(session, organization),
        {row.code: row for row in places},
        _codes((row.code, [row.code, *_place_names(row)]) for row in places),
        _codes((row.code, [row.code, *(search_key(row[name]) for name in RANK_NAMES)]) for row in ranks),
    )


async def load_titles(session: Transaction, organization: uuid.UUID) -> Mapping[str, MemberColumn]:
    """What titles mean in the files of the organization, beside those that are known everywhere."""
    rows = await session.rows(TITLES, {"organization": organization})
    return {row.title: MemberColumn[row.column_name] for row in rows}


RANK_NAMES = ("code", "label_id", "label_en")


def _place_names(place: Row) -> set[str]:
    """The whole name, and the name without its first word, which says whether it is a kabupaten or a kota."""
    _, _, short = place.name.partition(" ")
    return {place_search_key(place.name), search_key(short)}


def _codes(pairs: Any) -> Mapping[str, Sequence[str]]:
    codes: dict[str, list[str]] = defaultdict(list)
    for code, names in pairs:
        for name in names:
            if code not in codes[name]:
                codes[name].append(code)
    return dict(codes)


_ORGANIZATION = sa.bindparam("organization", type_=sa.Uuid())
_DAY = sa.cast(sa.func.timezone("Asia/Jakarta", NOW), sa.Date)


@cache
def _organization(kind: Kind) -> CompiledStatement:
    today = local_day(Organization.c.kabupaten_code, NOW)
    return compile_statement(
        sa.select(
            Organization.c.id,
            Organization.c.corps,
            today.label("today"),
            access.is_standing(Organization, today).label("stands"),
            access.manages(kind, Organization.c.id).label("manages"),
            access.enrols(kind, Organization).label("enrols"),
        ).where(Organization.c.id == _ORGANIZATION, access.sees_organization(kind, Organization))
    )


@cache
def _places(kind: Kind) -> CompiledStatement:
    in_use = sa.or_(Kabupaten.c.retired_on.is_(None), Kabupaten.c.retired_on > _DAY)
    may = access.coordinates(kind, Kabupaten.c.code).label("may")
    return compile_statement(
        sa.select(Kabupaten.c.code, Kabupaten.c.name, may).where(in_use).order_by(Kabupaten.c.code)
    )


RANKS = compile_statement(
    sa.select(Rank.c.code, Rank.c.label_id, Rank.c.label_en)
    .where(Rank.c.corps == sa.bindparam("corps", type_=sa.Text()))
    .where(sa.or_(Rank.c.retired_on.is_(None), Rank.c.retired_on > _DAY))
    .order_by(Rank.c.level)
)
TITLES = compile_statement(
    sa.select(ColumnTitle.c.title, ColumnTitle.c.column_name).where(ColumnTitle.c.organization_id == _ORGANIZATION)
)
