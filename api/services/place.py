"""Kabupaten in inputs, which must be in the actor's scope."""

from collections.abc import Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Kabupaten
from api.rules.code import ProblemCode
from api.services.problem import Problems
from api.services.request import Request

NO_KABUPATEN = {"indonesian": "Sebutkan kabupaten terdampak.", "english": "Name the kabupaten affected."}
CODES = sa.bindparam("codes", type_=ARRAY(sa.Text()))


async def known_kabupatens(
    session: Transaction, request: Request, problems: Problems, codes: Sequence[str], name: str, *, least: int = 1
) -> list[Row]:
    """The kabupaten of the codes, in their order; `may` says whether the actor coordinates it. At least so many are named."""
    found = await session.rows(_kabupatens(request.actor.kind), {**request.parameters, "codes": [*codes]})
    rows = {row.code: row for row in found}
    if len(codes) < least:
        problems.invalid(name, **NO_KABUPATEN)
    for index, code in enumerate(codes):
        if code not in rows:
            problems.add(ProblemCode.NOT_FOUND, *_steps(name, index))
    return [rows[code] for code in dict.fromkeys(codes) if code in rows]


async def coordinated_kabupatens(
    session: Transaction, request: Request, problems: Problems, codes: Sequence[str], name: str, *, least: int = 1
) -> list[Row]:
    """As `known_kabupatens`; each must be in the actor's scope."""
    places = await known_kabupatens(session, request, problems, codes, name, least=least)
    forbidden = {place.code for place in places if not place.may}
    for index, code in enumerate(codes):
        if code in forbidden:
            problems.add(ProblemCode.FORBIDDEN, *_steps(name, index))
    return places


def _steps(name: str, index: int) -> tuple[str, ...]:
    """The path to one code; a field in the plural holds a list."""
    return (name, str(index)) if name.endswith("kabupatens") else (name,)


@cache
def _kabupatens(kind: Kind) -> CompiledStatement:
    may = access.coordinates(kind, Kabupaten.c.code).label("may")
    return compile_statement(sa.select(Kabupaten, may).where(Kabupaten.c.code == sa.any_(CODES)))
