"""Changing what is known of a volunteer."""

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import Assignment, Certificate, Membership, Need, Override, Volunteer
from api.models.assignment_status import ASSIGNMENT
from api.rules.code import ProblemCode
from api.rules.rule import Case
from api.rules.sending import WITHIN_REACH
from api.services.change import Changeable
from api.services.duplicate import ask_same_people, remember_distinct
from api.services.person_input import check_birth_date, check_home, find_home, read_person
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Request
from api.services.suspected import suspect
from api.services.vault import Vault
from api.services.verb import OneThing, verb
from api.values.day import check_earliest
from api.values.nik import check_nik_agrees
from api.values.text import paragraph

VOLUNTEERS = Changeable(Volunteer, access.sees_volunteer)

# What a volunteer always has.
NEVER_EMPTY = ("name", "kabupaten", "reach")
# By which a person may be somebody who is registered already.
IDENTIFYING = ("name", "phone", "birth_date")


@verb(
    "change_volunteer",
    "Changes what is known of a volunteer; what is left out stays, and null empties it. A new home kabupaten empties the "
    "kecamatan and the position, unless they are given with it.",
    answers=OneThing("Volunteer"),
    callers=access.KEEPERS_OF_PEOPLE,
    ids={"volunteer": "Volunteer", "kabupaten": "Kabupaten", "kecamatan": "Kecamatan"},
    codes=(ProblemCode.SAME_PERSON, ProblemCode.PROMISE_BEYOND_REACH),
    updates=True,
    needs_vault=True,
)
async def change(
    session: Transaction,
    request: Request,
    *,
    vault: Vault,
    volunteer: uuid.UUID,
    version: int,
    confirm_distinct: str | None = None,
    **changes: Any,
) -> uuid.UUID:
    """Who may be the same person is asked last, when all else is right."""
    problems = Problems()
    for name in NEVER_EMPTY:
        if changes.get(name, "") is None:
            problems.invalid(name, indonesian="Isian ini tidak boleh kosong.", english="This cannot be empty.")
    columns = read_person(problems, changes)
    distinct = problems.read(paragraph, "confirm_distinct", value=confirm_distinct, minimum=3, maximum=500)
    problems.refuse()

    held = await VOLUNTEERS.lock(session, request, volunteer, version, may=access.keeps_volunteer)
    has_moved = columns.get("kabupaten_code", held.kabupaten_code) != held.kabupaten_code
    columns = {**(LEFT_BEHIND if has_moved else {}), **columns}
    after = {**dict(held), **columns}
    await _check(session, request, problems, vault=vault, changes=changes, after=after)
    problems.refuse()
    if has_moved or after["reach"] != held.reach:
        await refuse_promises_beyond_reach(session, request, after, "reach" if "reach" in changes else "kabupaten")
    alike = []
    if any(after[name] != held[name] for name in IDENTIFYING):
        alike = await ask_same_people(session, request, after, is_confirmed=distinct is not None, volunteer=volunteer)
    await remember_distinct(session, request, volunteer, [row.id for row in alike], reason=distinct)
    moved = {"from": held.kabupaten_code, "kabupaten": after["kabupaten_code"]} if has_moved else {}
    others = {"distinct_from": [str(row.id) for row in alike]} if alike else {}
    change = {"changed": sorted(changes), **moved, **others}
    reason = distinct if alike else None
    await VOLUNTEERS.change(session, request, held, "changed", columns=columns, change=change, reason=reason)
    if has_moved or after["name"] != held.name:
        await suspect(session, request, volunteer)
    return volunteer


LEFT_BEHIND = {"kecamatan_code": None, "latitude": None, "longitude": None}


async def _check(
    session: Transaction,
    request: Request,
    problems: Problems,
    *,
    vault: Vault,
    changes: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Home, kecamatan and position agree with one another; birth date and sex with the NIK and with what was earned."""
    place = await find_home(session, request, problems, after["kabupaten_code"])
    await check_home(session, problems, place, kecamatan=changes.get("kecamatan"), position=changes.get("position"))
    birth_date, sex = changes.get("birth_date"), changes.get("sex")
    check_birth_date(problems, birth_date, place.today if place else request.now.date())
    if birth_date is not None:
        earliest: date | None = await session.value(EARLIEST, {"volunteer": after["id"]})
        problems.read(check_earliest, "birth_date", value=earliest, birth_date=birth_date)
    if after["nik_cipher"] is not None:
        nik = vault.decrypt(after["nik_cipher"])
        problems.read(check_nik_agrees, "birth_date", value=nik, known_birth_date=birth_date)
        problems.read(check_nik_agrees, "sex", value=nik, known_sex=sex)


async def refuse_promises_beyond_reach(
    session: Transaction, request: Request, after: Mapping[str, Any], name: str
) -> None:
    """A promise that has not begun stays one that the volunteer agreed to; it has to be cancelled first."""
    names = ("kabupaten_code", "reach")
    parameters = {**request.parameters, "volunteer": after["id"], **{name: after[name] for name in names}}
    rows = await session.rows(PROMISES_BEYOND_REACH, parameters)
    if rows:
        raise Refused(*(Problem(ProblemCode.PROMISE_BEYOND_REACH, input_path(name), _facts(row)) for row in rows))


def _facts(promise: Row) -> dict[str, Any]:
    return {"assignment_id": promise.id, "starts_at": promise.starts_at, "ends_at": promise.ends_at}


_VOLUNTEER = sa.bindparam("volunteer", type_=sa.Uuid())


def earliest_day(volunteer_id: Any) -> sa.ColumnElement[Any]:
    """The first day of a membership or certificate, which come after the fifteenth birthday."""

    def first(column: sa.Column[Any], *conditions: Any) -> Any:
        of_volunteer = column.table.c.volunteer_id == volunteer_id
        return sa.select(sa.func.min(column)).where(of_volunteer, *conditions).scalar_subquery()

    certified = first(Certificate.c.issued_on, Certificate.c.revoked_on.is_(None))
    return sa.func.least(first(Membership.c.since), certified)


EARLIEST = compile_statement(sa.select(earliest_day(_VOLUNTEER)))


def _promises_beyond_reach() -> sa.Select[Any]:
    """Promises to come that no override has set the rule aside for, by the volunteer's home and reach to be."""
    home = sa.bindparam("kabupaten_code", type_=sa.Text())
    person = sa.select(
        home.label("kabupaten_code"),
        sa.func.left(home, 2, type_=sa.Text()).label("province_code"),
        sa.bindparam("reach", type_=sa.Text()).label("reach"),
    ).subquery()
    case = Case(person, Need, Assignment.c.starts_at, Assignment.c.ends_at, sa.null(), access.NOW)
    overridden = sa.exists().where(
        Override.c.assignment_id == Assignment.c.id, Override.c.rule_code == ProblemCode.BEYOND_REACH
    )
    return (
        sa.select(Assignment.c.id, Assignment.c.starts_at, Assignment.c.ends_at)
        .join(Need, Need.c.id == Assignment.c.need_id)
        .join(person, sa.true())
        .where(
            Assignment.c.volunteer_id == _VOLUNTEER,
            Assignment.c.status.in_(ASSIGNMENT.group("PROMISED")),
            Assignment.c.starts_at > access.NOW,
            sa.not_(overridden),
            sa.not_(WITHIN_REACH.holds(case)),
        )
        .order_by(Assignment.c.starts_at, Assignment.c.id)
    )


PROMISES_BEYOND_REACH = compile_statement(_promises_beyond_reach())
