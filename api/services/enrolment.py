"""Joining an organization: who may make somebody a member, from which day, with which rank."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Organization, Rank
from api.models.day import local_day
from api.rules.code import ProblemCode
from api.rules.organization import is_standing
from api.services.problem import Problems
from api.services.request import Request
from api.values.day import check_earliest


async def check_enrolment(
    session: Transaction,
    request: Request,
    problems: Problems,
    values: Mapping[str, Any],
    *,
    place: Row | None,
    born: date | None,
) -> date | None:
    """The first day of the membership that `values` describe: `since`, or today in the organization's kabupaten.

    A manager registers members of the managed organization; a coordinator, people and members of the scope.
    """
    if values["organization"] is None:
        if place is not None and not place.may:
            problems.add(ProblemCode.FORBIDDEN, "kabupaten")
        _check_no_membership(problems, values)
        problems.read(check_earliest, "since", value=values["since"], birth_date=born)
        return None
    parameters = {**request.parameters, **{name: values[name] for name in ("organization", "rank")}}
    found = await session.row(_organization(request.actor.kind), parameters)
    _check_organization(problems, found, is_home_in_scope=place is not None and place.may)
    if found is None:
        return None
    since: date = values["since"] or found.today
    problems.read(check_earliest, "since", value=since, birth_date=born)
    if since > found.today:
        problems.invalid("since", indonesian="Hari bergabung belum tiba.", english="The day of joining has not come.")
    _check_rank(problems, values["rank"], found)
    return since


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


def _check_rank(problems: Problems, rank: str | None, organization: Row) -> None:
    if rank is None:
        return
    if organization.rank_corps is None:
        problems.add(ProblemCode.NOT_FOUND, "rank")
    elif organization.rank_corps != organization.corps:
        problems.invalid(
            "rank",
            indonesian="Jenjang ini bukan dari korps organisasinya.",
            english="The rank is not one of the organization's corps.",
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
            is_standing(Organization, today).label("stands"),
            rank_corps.scalar_subquery().label("rank_corps"),
            access.manages(kind, Organization.c.id).label("manages"),
            access.enrols(kind, Organization).label("enrols"),
        ).where(
            Organization.c.id == sa.bindparam("organization", type_=sa.Uuid()),
            access.sees_organization(kind, Organization),
        )
    )
