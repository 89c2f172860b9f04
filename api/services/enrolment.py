"""Joining an organization: who may make somebody a member, from which day, with which rank."""

import uuid
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Kecamatan, Organization, OrganizationCoverage, Rank
from api.models.day import local_day
from api.rules.code import ProblemCode
from api.services.problem import Problem, Problems, input_path
from api.services.request import Request
from api.services.standing import rely_on
from api.values.day import check_earliest
from api.values.text import line


async def check_enrolment(
    session: Transaction,
    request: Request,
    problems: Problems,
    values: Mapping[str, Any],
    *,
    place: Row | None,
    born: date | None,
    own: bool,
) -> date | None:
    """The first day of the membership that `values` describe: `since`, or today in the organization's kabupaten.

    A manager registers members of the managed organization; a coordinator, people and members of the scope; anybody the
    `own` person.
    """
    if values["organization"] is None:
        if place is not None and not (place.may or own):
            problems.add(ProblemCode.FORBIDDEN, "kabupaten")
        _check_no_membership(problems, values)
        problems.read(check_earliest, "since", value=values["since"], birth_date=born)
        return None
    found = await find_organization(session, request, values["organization"], values["rank"])
    _check_organization(problems, found, is_home_in_scope=place is not None and place.may)
    if found is None:
        return None
    rely_on(request, found.id, "organization")
    since: date = values["since"] or found.today
    problems.read(check_earliest, "since", value=since, birth_date=born)
    if since > found.today:
        problems.invalid("since", indonesian="Hari bergabung belum tiba.", english="The day of joining has not come.")
    check_rank(problems, values["rank"], found)
    return since


async def find_organization(
    session: Transaction, request: Request, organization: uuid.UUID, rank: str | None
) -> Row | None:
    """How an organization that the actor sees stands today, and the corps of the rank."""
    parameters = {**request.parameters, "organization": organization, "rank": rank}
    return await session.row(_organization(request.actor.kind), parameters)


async def read_terms(
    session: Transaction,
    request: Request,
    problems: Problems,
    organization: uuid.UUID,
    *,
    number: str | None = None,
    rank: str | None = None,
    kecamatan: str | None = None,
    name: str = "organization",
) -> Mapping[str, Any]:
    """Number, rank and kecamatan as columns of a membership in an organization that the actor sees, and that stands today.

    `name` is the input field by which the organization is known.
    """
    found = await find_organization(session, request, organization, rank)
    if found is None:
        problems.add(ProblemCode.NOT_FOUND, name)
    else:
        rely_on(request, organization, name)
        if not found.stands:
            problems.add(ProblemCode.ORGANIZATION_NOT_VERIFIED, name, organization_id=organization)
        check_rank(problems, rank, found)
        await check_kecamatan(session, problems, kecamatan, found)
    number_line = problems.read(line, "number", value=number, minimum=1, maximum=100)
    return {"number": number_line, "rank_code": rank, "kecamatan_code": kecamatan}


async def check_kecamatan(session: Transaction, problems: Problems, kecamatan: str | None, organization: Row) -> None:
    """Only a TKSK serves in a kecamatan: one of the organization's home, or of a kabupaten that it covers."""
    if kecamatan is None:
        return
    is_within = await session.value(WITHIN, {"kecamatan": kecamatan, "organization": organization.id})
    if is_within is None:
        problems.add(ProblemCode.NOT_FOUND, "kecamatan")
    elif organization.corps != TKSK:
        problems.invalid("kecamatan", indonesian=NO_TKSK[0], english=NO_TKSK[1])
    elif not is_within:
        problems.invalid(
            "kecamatan",
            indonesian="Kecamatan ini di luar wilayah organisasinya.",
            english="The kecamatan is outside of the organization's territory.",
        )


def _check_no_membership(problems: Problems, values: Mapping[str, Any]) -> None:
    if any(values[name] is not None for name in ("number", "rank", "since")):
        problems.invalid(
            "organization",
            indonesian="Sebutkan organisasinya.",
            english="Number, rank and day of joining need an organization.",
        )


def _check_organization(problems: Problems, organization: Row | None, *, is_home_in_scope: bool) -> None:
    if organization is None:
        problems.add(ProblemCode.NOT_FOUND, "organization")
    elif not (organization.manages or (is_home_in_scope and organization.enrols)):
        problems.add(ProblemCode.FORBIDDEN, "organization")
    elif not organization.stands:
        problems.add(ProblemCode.ORGANIZATION_NOT_VERIFIED, "organization", organization_id=organization.id)


def check_rank(problems: Problems, rank: str | None, organization: Row) -> None:
    if rank is None:
        return
    if organization.rank_corps is None:
        problems.add(ProblemCode.NOT_FOUND, "rank")
    elif organization.rank_corps != organization.corps:
        problems.invalid("rank", indonesian=OTHER_CORPS[0], english=OTHER_CORPS[1])


TKSK = "TKSK"
OTHER_CORPS = ("Jenjang ini bukan dari korps organisasinya.", "The rank is not one of the organization's corps.")
NO_TKSK = ("Hanya TKSK yang bertugas di suatu kecamatan.", "Only a TKSK serves in a kecamatan.")
# What the database refuses where the corps has changed meanwhile.
OF_CORPS = {
    "rank_of_corps": Problem(ProblemCode.INVALID, input_path("rank"), detail=OTHER_CORPS),
    "kecamatan_of_tksk": Problem(ProblemCode.INVALID, input_path("kecamatan"), detail=NO_TKSK),
}
_ORGANIZATION = sa.bindparam("organization", type_=sa.Uuid())
_HOME = sa.select(Organization.c.kabupaten_code).where(Organization.c.id == _ORGANIZATION)
_COVERAGE = sa.select(OrganizationCoverage.c.kabupaten_code).where(
    OrganizationCoverage.c.organization_id == _ORGANIZATION
)
WITHIN = compile_statement(
    sa.select(Kecamatan.c.kabupaten_code.in_(_HOME.union_all(_COVERAGE))).where(
        Kecamatan.c.code == sa.bindparam("kecamatan", type_=sa.Text())
    )
)


@cache
def _organization(kind: Kind) -> CompiledStatement:
    today = local_day(Organization.c.kabupaten_code, access.NOW)
    rank_corps = sa.select(Rank.c.corps).where(Rank.c.code == sa.bindparam("rank", type_=sa.Text()))
    return compile_statement(
        sa.select(
            Organization.c.id,
            Organization.c.corps,
            today.label("today"),
            access.is_standing(Organization, today).label("stands"),
            rank_corps.scalar_subquery().label("rank_corps"),
            access.manages(kind, Organization.c.id).label("manages"),
            access.enrols(kind, Organization).label("enrols"),
        ).where(
            Organization.c.id == _ORGANIZATION,
            access.sees_organization(kind, Organization),
        )
    )
