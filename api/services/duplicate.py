"""One person twice: numbers that are taken, and people who are probably the same."""

import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from api import access
from api.access import Kind
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import DistinctPair, Membership, SuspectedPair, Volunteer
from api.rules.code import ProblemCode
from api.services import disclosure
from api.services.problem import Problem, Refused, RefusedAfterChange, input_path
from api.services.request import Request
from api.values.key import code_key, search_key, sort_key

# Names of the same phone are similar from here on (pg_trgm, 0 to 1), or if one has all words of the other.
SIMILAR = 0.5
MOST_NAMED = 5


async def refuse_taken(session: Transaction, organization: uuid.UUID | None, *, number: str | None) -> None:
    if number is None:
        return
    parameters = {"organization": organization, "number_key": code_key(number)}
    if await session.value(SAME_NUMBER, parameters):
        raise Refused(Problem(ProblemCode.NUMBER_TAKEN, input_path("number")))


async def ask_same_people(
    session: Transaction,
    request: Request,
    person: Mapping[str, Any],
    *,
    is_confirmed: bool,
    volunteer: uuid.UUID | None = None,
) -> list[Any]:
    """Volunteers with the same phone and a similar name, or the same name and birth date; refused unless confirmed as others.

    Who has a NIK is somebody else where one is given, or is found by it: see `registered`. So is who was found to be somebody
    else than the `volunteer` before. Registrations of one phone or name wait for one another. That somebody whose phone and
    birth date the actor may not read is alike is told only as often as the day's budget allows, and is not asked after that.
    """
    may_tell = await disclosure.left(session, request) > 0
    name = person["name"]
    values: dict[str, Any] = {"sort_key": sort_key(name), "search_key": search_key(name), "volunteer": volunteer}
    values |= {each: person.get(each) for each in ("phone", "birth_date", "nik_index")}
    await session.rows(LOCK, {"locks": sorted(filter(None, (values["phone"], values["search_key"])))})
    alike = await session.rows(_same_people(request.actor.kind), {**request.parameters, **values})
    if is_confirmed:
        return alike
    await _refuse_same_people(session, request, [row for row in alike if row.is_known or may_tell])
    return []


async def remember_distinct(
    session: Transaction, request: Request, volunteer: uuid.UUID, others: Sequence[uuid.UUID], *, reason: str | None
) -> None:
    """Remembers that these are other people, so that nobody is asked again, also not whether they are a suspected pair."""
    for other in others:
        one, another = sorted((volunteer, other))
        pair = {"one_id": one, "other_id": another}
        remembered = {"reason": reason, "account_id": request.actor.account_id, "created_at": request.now}
        await session.rows(REMEMBER, {**pair, **remembered})
        await session.rows(DELETE_SUSPECTED, pair)


async def _refuse_same_people(session: Transaction, request: Request, rows: list[Any]) -> None:
    """Names those whom the actor may see, and says neither of others how many they are nor what is the same."""
    if not rows:
        return
    path = input_path("confirm_distinct")
    seen = [Problem(ProblemCode.SAME_PERSON, path, {"volunteer_id": row.id}) for row in rows if row.is_seen]
    problems = seen[:MOST_NAMED] or [Problem(ProblemCode.SAME_PERSON, path)]
    if all(row.is_known for row in rows):
        raise Refused(*problems)
    await disclosure.spend(session, request)
    raise RefusedAfterChange(*problems)


def _value(column: sa.Column[Any]) -> sa.BindParameter[Any]:
    return sa.bindparam(column.name, type_=column.type)


_VOLUNTEER = sa.bindparam("volunteer", type_=sa.Uuid())


def is_known_distinct(one: Any, other: Any) -> sa.ColumnElement[bool]:
    """Whether two volunteers were found to be two people."""
    pair = DistinctPair.alias()
    return sa.exists().where(
        pair.c.one_id == sa.func.least(one, other), pair.c.other_id == sa.func.greatest(one, other)
    )


def is_similar(one: Any, other: Any) -> sa.ColumnElement[bool]:
    """Whether two sort keys are of similar names, or one has all words of the other."""
    words, others = (sa.func.string_to_array(each, " ") for each in (one, other))
    return sa.or_(
        sa.func.similarity(one, other) >= SIMILAR,
        words.op("<@", is_comparison=True)(others),
        words.op("@>", is_comparison=True)(others),
    )


@cache
def _same_people(kind: Kind) -> CompiledStatement:
    person = Volunteer.c
    similar = is_similar(person.sort_key, _value(person.sort_key))
    same_phone = sa.and_(person.phone == _value(person.phone), similar)
    same_birth = sa.and_(person.birth_date == _value(person.birth_date), person.search_key == _value(person.search_key))
    is_self = sa.func.coalesce(person.id == _VOLUNTEER, sa.false())
    has_own_nik = sa.and_(person.nik_index.is_not(None), _value(person.nik_index).is_not(None))
    return compile_statement(
        sa.select(
            person.id,
            access.sees_volunteer(kind, Volunteer).label("is_seen"),
            access.knows_volunteer(kind, Volunteer).label("is_known"),
        )
        .where(sa.or_(same_phone, same_birth), ~has_own_nik, ~is_self, ~is_known_distinct(person.id, _VOLUNTEER))
        .order_by(person.id)
    )


# Each of a fixed number of locks is for many phones and names, as PostgreSQL has no room for a lock of each in a file.
LOCK_CLASS, LOCK_COUNT = 0x51_6A9, 1024
_TEXTS = sa.func.unnest(sa.bindparam("locks", type_=ARRAY(sa.Text()))).column_valued("locked")
_BUCKET = sa.func.hashtext(_TEXTS).op("&")(LOCK_COUNT - 1).label("bucket")
# In one order for all who lock; the offset keeps it.
_BUCKETS = sa.select(_BUCKET).distinct().order_by(_BUCKET).offset(0).subquery()
LOCK = compile_statement(sa.select(sa.func.pg_advisory_xact_lock(LOCK_CLASS, _BUCKETS.c.bucket)))
_PAIR = {name: sa.bindparam(name, type_=sa.Uuid()) for name in ("one_id", "other_id")}
# What was remembered first stays.
REMEMBER = compile_statement(
    insert(DistinctPair)
    .values({column.name: sa.bindparam(column.name, type_=column.type) for column in DistinctPair.c})
    .on_conflict_do_nothing()
)
DELETE_SUSPECTED = compile_statement(
    sa.delete(SuspectedPair).where(*(SuspectedPair.c[name] == value for name, value in _PAIR.items()))
)
SAME_NUMBER = compile_statement(
    sa.select(Membership.c.id).where(
        Membership.c.organization_id == sa.bindparam("organization", type_=sa.Uuid()),
        Membership.c.number_key == sa.bindparam("number_key", type_=sa.Text()),
    )
)
