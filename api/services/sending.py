"""The rules of sending, asked under the locks that keep them true, and the exceptions to them."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from api import access
from api.access import Kind
from api.database.engine import Row, Transaction
from api.database.statement import CompiledStatement, compile_statement
from api.models import Need, Override, Volunteer
from api.models.base import INSTANT, new_id
from api.rules.code import ProblemCode
from api.rules.refusal import OVERRIDABLE_CODES, refusals
from api.rules.rule import Case, Rule, days_of
from api.services.problem import Problems, Refused, broken_rule, fact_of
from api.services.request import Request


async def broken_rules(
    session: Transaction,
    request: Request,
    sending: tuple[uuid.UUID, uuid.UUID, datetime, datetime, uuid.UUID | None],
    rules: tuple[Rule, ...],
) -> Sequence[Row]:
    """The broken rules, with their facts, as they stand under the locks."""
    names = ("need", "volunteer", "starts_at", "ends_at", "pledge")
    return await session.rows(
        _statement(request.actor.kind, rules), {**request.parameters, **dict(zip(names, sending, strict=True))}
    )


@cache
def _statement(kind: Kind, rules: tuple[Rule, ...]) -> CompiledStatement:
    """Which rules one person breaks for one need in one period; compiled once for a kind of actor, as that takes long."""
    need, person, found = _case(kind, rules)
    return compile_statement(
        sa.select(*found.c)
        .select_from(need.join(person, sa.true()).join(found, sa.true()))
        .where(need.c.id == sa.bindparam("need"), person.c.id == sa.bindparam("volunteer"))
        .order_by(found.c.position)
    )


def _case(kind: Kind, rules: tuple[Rule, ...]) -> tuple[sa.FromClause, sa.FromClause, sa.FromClause]:
    """A need, a person, and the rules that are broken for them in the period and under the pledge of the parameters."""
    need: sa.FromClause = Need.alias()
    person: sa.FromClause = Volunteer.alias()
    starts, ends = (sa.bindparam(name, type_=sa.DateTime(timezone=True)) for name in ("starts_at", "ends_at"))
    case = Case(person, need, starts, ends, days_of(need, starts, ends), access.NOW, _id("pledge"))
    return need, person, refusals(kind, case, rules).lateral()


async def refuse_for_all(
    session: Transaction,
    request: Request,
    sending: tuple[uuid.UUID, Any, datetime, datetime, uuid.UUID | None],
    rules: tuple[Rule, ...],
    name: str,
) -> None:
    """Refuses where a rule that asks nothing of the person is broken, whoever would be sent."""
    need, _, starts_at, ends_at, pledge = sending
    values = {"need": need, "starts_at": starts_at, "ends_at": ends_at, "pledge": pledge}
    broken = await session.rows(_statement_for_all(request.actor.kind, rules), {**request.parameters, **values})
    refuse_broken(broken, frozenset(), name)


@cache
def _statement_for_all(kind: Kind, rules: tuple[Rule, ...]) -> CompiledStatement:
    assert all(rule.uses_only_need for rule in rules)
    need, _, found = _case(kind, rules)
    return compile_statement(
        sa.select(*found.c)
        .select_from(need.join(found, sa.true()))
        .where(need.c.id == sa.bindparam("need"))
        .order_by(found.c.position)
    )


async def broken_by_each(
    session: Transaction,
    request: Request,
    sending: tuple[uuid.UUID, Sequence[uuid.UUID], datetime, datetime, uuid.UUID | None],
    rules: tuple[Rule, ...],
) -> Mapping[uuid.UUID, list[Row]]:
    """As `broken_rules`, of many people by one statement."""
    names = ("need", "volunteers", "starts_at", "ends_at", "pledge")
    parameters = {**request.parameters, **dict(zip(names, sending, strict=True))}
    found: dict[uuid.UUID, list[Row]] = {}
    for row in await session.rows(_statement_of_each(request.actor.kind, rules), parameters):
        found.setdefault(row.person_id, []).append(row)
    return found


@cache
def _statement_of_each(kind: Kind, rules: tuple[Rule, ...]) -> CompiledStatement:
    need, person, found = _case(kind, rules)
    among = person.c.id == sa.any_(sa.bindparam("volunteers", type_=ARRAY(sa.Uuid())))
    return compile_statement(
        sa.select(person.c.id.label("person_id"), *found.c)
        .select_from(need.join(person, sa.true()).join(found, sa.true()))
        .where(need.c.id == sa.bindparam("need"), among)
        .order_by(person.c.id, found.c.position)
    )


def refuse_broken(broken: Sequence[Any], overridden: frozenset[str], name: str = "volunteer") -> None:
    """Refuses with every broken rule that no override covers."""
    problems = [broken_rule(row, name) for row in broken if not (row["overridable"] and row["code"] in overridden)]
    if problems:
        raise Refused(*problems)


async def record_overrides(
    session: Transaction,
    request: Request,
    key: uuid.UUID,
    broken: Sequence[Row],
    reason: str | None,
    *,
    extends_to: datetime | None = None,
) -> None:
    """Records the exceptions that were made for an assignment, or for its extension; those of a proposal before remain."""
    known = await overridden_rules(session, key, extends_to=extends_to)
    for row in (each for each in broken if each.code not in known):
        await session.insert(
            Override,
            id=new_id(),
            assignment_id=key,
            rule_code=row["code"],
            fact={name: str(value) for name, value in fact_of(row).items()},
            reason=reason,
            account_id=request.actor.account_id,
            extends_to=extends_to,
        )


async def overridden_rules(
    session: Transaction, key: uuid.UUID, *, extends_to: datetime | None = None
) -> frozenset[str]:
    rows = await session.rows(OVERRIDDEN, {"assignment": key, "extends_to": extends_to})
    return frozenset(row.rule_code for row in rows)


def check_override(problems: Problems, rules: Sequence[str], reason: str | None, *, may: bool = True) -> str | None:
    """Each rule must be one that may be overridden, and all need a reason, which is returned.

    `may` says whether the actor coordinates the need; managers who fill a pledge override nothing.
    """
    if rules and not may:
        problems.add(ProblemCode.FORBIDDEN, "override_rules")
    if not OVERRIDABLE_CODES.issuperset(rules):
        problems.add(ProblemCode.NOT_OVERRIDABLE, "override_rules")
    if rules and reason is None:
        problems.invalid(
            "override_reason", indonesian="Alasan pengecualian wajib diisi.", english="An override needs a reason."
        )
    return problems.reason(reason, "override_reason")


def _id(name: str) -> sa.BindParameter[uuid.UUID]:
    return sa.bindparam(name, type_=sa.Uuid())


OVERRIDDEN = compile_statement(
    sa.select(Override.c.rule_code).where(
        Override.c.assignment_id == _id("assignment"),
        Override.c.extends_to.is_not_distinct_from(sa.bindparam("extends_to", type_=INSTANT)),
    )
)
