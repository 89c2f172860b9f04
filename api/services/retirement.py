"""Retired codes: reference data that is kept for what has it, and refused in new inputs."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api.access import NOW
from api.database.engine import Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models.base import METADATA
from api.rules.code import ProblemCode
from api.services.problem import Problem, input_path
from api.services.request import Request
from api.services.verb import REFERENCE_TABLES, Verb

Path = tuple[str, ...]


async def retired_codes(
    session: Transaction, request: Request, verb: Verb[Any, Any], arguments: Mapping[str, Any]
) -> list[Problem]:
    """A problem for each code of an input that is retired, on the day in Jakarta. One statement, if there are codes.

    Whether they exist at all is remembered for `check_codes`.
    """
    heads = {name.partition(".")[0] for name, noun in verb.ids.items() if noun in REFERENCE_TABLES}
    codes = list(_codes(verb, {name: value for name, value in arguments.items() if name in heads}, ()))
    if not codes:
        return []
    tables = sorted({table for table, _code, _path in codes})
    parameters = {name: [code for table, code, _path in codes if table == name] for name in tables}
    rows = await session.rows(_known(tuple(tables)), {"now": request.now, **parameters})
    known = {(row["table"], row["code"]) for row in rows}
    session.codes |= {(table, code): (table, code) in known for table, code, _path in codes}
    retired = {(row["table"], row["code"]) for row in rows if row["is_retired"]}
    return [
        Problem(ProblemCode.CODE_RETIRED, input_path(*path)) for table, code, path in codes if (table, code) in retired
    ]


def _codes(verb: Verb[Any, Any], value: Any, path: Path) -> Iterator[tuple[str, str, Path]]:
    """Each code in the value, with its table and its path in the input."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _codes(verb, item, (*path, name))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _codes(verb, item, (*path, str(index)))
    elif isinstance(value, str):
        noun = verb.ids.get(".".join(step for step in path if not step.isdecimal()), "")
        if noun in REFERENCE_TABLES:
            yield REFERENCE_TABLES[noun], value, path


def is_retired(table: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a code is retired, on the day in Jakarta."""
    day = sa.cast(sa.func.timezone("Asia/Jakarta", NOW), sa.Date)
    return sa.func.coalesce(table.c.retired_on <= day, sa.false())


@cache
def _known(tables: tuple[str, ...]) -> CompiledStatement:
    selects = []
    for name in tables:
        table = METADATA.tables[name]
        codes = sa.bindparam(name, type_=ARRAY(sa.Text()))
        retired = is_retired(table).label("is_retired")
        select = sa.select(sa.literal_column(f"'{name}'").label("table"), table.c.code, retired)
        selects.append(select.where(table.c.code == sa.any_(codes)))
    return compile_statement(sa.union_all(*selects) if len(selects) > 1 else selects[0])
