"""The rules of sending, asked under the locks that keep them true, and the exceptions to them."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from api import access
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Need, Override, Volunteer
from api.rules.code import ProblemCode
from api.rules.refusal import OVERRIDABLE_CODES, refusals
from api.rules.rule import FACT_TYPES, Case, Rule, days_of
from api.services.problem import Problem, Problems, Refused, input_path
from api.services.request import Request


async def broken_rules(
    session: Transaction,
    request: Request,
    sending: tuple[uuid.UUID, uuid.UUID, datetime, datetime, uuid.UUID | None],
    rules: tuple[Rule, ...],
) -> Sequence[Row]:
    """The broken rules, with their facts, as they stand under the locks."""
    names = ("need", "volunteer", "starts_at", "ends_at", "pledge")
    return await session.rows(_statement(rules), {**request.parameters, **dict(zip(names, sending, strict=True))})


@cache
def _statement(rules: tuple[Rule, ...]) -> CompiledStatement:
    """Which rules one person breaks for one need in one period; compiled once, as that takes long."""
    need, person = Need.alias(), Volunteer.alias()
    starts, ends = (sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("starts_at", "ends_at"))
    case = Case(person, need, starts, ends, days_of(need, starts, ends), access.NOW, _id("pledge"))
    found = refusals(case, rules).lateral()
    return compile_statement(
        sa.select(*found.c)
        .select_from(need.join(person, sa.true()).join(found, sa.true()))
        .where(need.c.id == sa.bindparam("need"), person.c.id == sa.bindparam("volunteer"))
        .order_by(found.c.position)
    )


def fact_of(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in FACT_TYPES if row[name] is not None}


def refuse_broken(broken: Sequence[Any], overridden: frozenset[str], name: str = "volunteer") -> None:
    """Refuses with every broken rule that no override covers."""
    problems = [
        Problem(ProblemCode[row["code"]], input_path(name), fact_of(row))
        for row in broken
        if not (row["overridable"] and row["code"] in overridden)
    ]
    if problems:
        raise Refused(*problems)


async def overridden_rules(session: Transaction, key: uuid.UUID) -> frozenset[str]:
    rows = await session.rows(OVERRIDDEN, {"assignment": key})
    return frozenset(row.rule_code for row in rows)


def check_override(problems: Problems, rules: Sequence[str], reason: str | None) -> str | None:
    """Each rule must be one that may be overridden, and all need a reason, which is returned."""
    if not OVERRIDABLE_CODES.issuperset(rules):
        problems.add(ProblemCode.NOT_OVERRIDABLE, "override_rules")
    if rules and reason is None:
        problems.invalid(
            "override_reason", indonesian="Alasan pengecualian wajib diisi.", english="An override needs a reason."
        )
    return problems.reason(reason, "override_reason")


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


OVERRIDDEN = compile_statement(sa.select(Override.c.rule_code).where(Override.c.assignment_id == _id("assignment")))
