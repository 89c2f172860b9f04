"""Checks of the codes in an input."""

from collections.abc import Mapping, Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.rules.code import ProblemCode
from api.services.problem import Problems


async def check_codes(
    session: Transaction, problems: Problems, codes: Mapping[str, tuple[sa.Table, str | None]]
) -> None:
    """Each input field with the table that must hold its code; a field without a code is not checked."""
    named = {name: (table, code) for name, (table, code) in codes.items() if code is not None}
    for table in dict.fromkeys(table for table, _ in named.values()):
        await _look_up(session, table, [code for other, code in named.values() if other is table])
    for name, (table, code) in named.items():
        if not session.codes[table.name, code]:
            problems.add(ProblemCode.NOT_FOUND, name)


async def check_code_list(
    session: Transaction, problems: Problems, table: sa.Table, name: str, codes: Sequence[str | None], *inner: str
) -> None:
    """An input field that lists codes, or things with a field `inner` for one, which the table must hold if it is given."""
    await _look_up(session, table, [code for code in codes if code is not None])
    for index, code in enumerate(codes):
        if code is not None and not session.codes[table.name, code]:
            problems.add(ProblemCode.NOT_FOUND, name, str(index), *inner)


async def _look_up(session: Transaction, table: sa.Table, codes: Sequence[str]) -> None:
    """The frame of the mutation has looked up those of its input; others are looked up now."""
    unknown = [code for code in codes if (table.name, code) not in session.codes]
    if not unknown:
        return
    found = {row["code"] for row in await session.rows(_known_codes(table), {"codes": unknown})}
    session.codes |= {(table.name, code): code in found for code in unknown}


@cache
def _known_codes(table: sa.Table) -> CompiledStatement:
    codes = sa.bindparam("codes", type_=ARRAY(sa.Text()))
    return compile_statement(sa.select(table.c.code).where(table.c.code == sa.any_(codes)))
