"""Checks of the codes in an input, all in one statement."""

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
    if not named:
        return
    tables = tuple(table for table, _ in named.values())
    parameters = {f"code_{number}": code for number, (_, code) in enumerate(named.values())}
    (found,) = await session.rows(_codes_exist(tables), parameters)
    for name, exists in zip(named, found.values(), strict=True):
        if not exists:
            problems.add(ProblemCode.NOT_FOUND, name)


async def check_code_list(
    session: Transaction, problems: Problems, table: sa.Table, name: str, codes: Sequence[str | None], *inner: str
) -> None:
    """An input field that lists codes, or things with a field `inner` for one, which the table must hold if it is given."""
    named = {code for code in codes if code is not None}
    found = {row.code for row in await session.rows(_known_codes(table), {"codes": [*named]})} if named else set()
    for index, code in enumerate(codes):
        if code in named - found:
            problems.add(ProblemCode.NOT_FOUND, name, str(index), *inner)


@cache
def _known_codes(table: sa.Table) -> CompiledStatement:
    codes = sa.bindparam("codes", type_=ARRAY(sa.Text()))
    return compile_statement(sa.select(table.c.code).where(table.c.code == sa.any_(codes)))


@cache
def _codes_exist(tables: tuple[sa.Table, ...]) -> CompiledStatement:
    return compile_statement(
        sa.select(
            *(
                sa.select(table.c.code).where(table.c.code == sa.bindparam(f"code_{number}", type_=sa.Text())).exists()
                for number, table in enumerate(tables)
            )
        )
    )
