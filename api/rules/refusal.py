"""The query for the rules that a person violates for a need."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from api import access
from api.access import Kind
from api.rules.candidate import NEAREST_FIRST
from api.rules.code import ProblemCode
from api.rules.fact import FACT_TYPES
from api.rules.rule import Case, Refusal, Rule, Sql, one_row
from api.rules.sending import RULES

# The facts that say from when to when.
BOUNDS = ("starts_at", "ends_at")

OFFER_RULES: tuple[Rule, ...] = (*RULES, NEAREST_FIRST)
ACCEPT_RULES: tuple[Rule, ...] = tuple(rule for rule in OFFER_RULES if rule.checked_on_accept)

OVERRIDABLE_CODES = frozenset(refusal.code for rule in OFFER_RULES if rule.overridable for refusal in rule.refusals)


def codes_of(rules: Sequence[Rule]) -> tuple[ProblemCode, ...]:
    """The codes of all ways to violate the rules."""
    return tuple(refusal.code for rule in rules for refusal in rule.refusals)


def refusals(kind: Kind, case: Case, rules: Sequence[Rule] = OFFER_RULES) -> sa.CompoundSelect[Any]:
    """A query with one row per violated rule, in the order of the rules: code, messages, and the facts that such an actor may know."""
    rows = [
        _row(kind, case, rule, refusal, position)
        for position, (rule, refusal) in enumerate((rule, refusal) for rule in rules for refusal in rule.refusals)
    ]
    return sa.union_all(*rows)


def _row(kind: Kind, case: Case, rule: Rule, refusal: Refusal, position: int) -> sa.Select[Any]:
    source: sa.FromClause
    fact: dict[str, Sql]
    if refusal.proof is None:
        fact, source = dict(refusal.fact(case)), one_row()
        conditions = [sa.not_(rule.holds(case)), refusal.when(case)]
    else:
        source, conditions = refusal.proof(case).limit(1).correlate(case.person, case.need).lateral(), []
        fact = dict(source.c)
    if refusal.tells_time:
        may_know = access.sees_free_days(kind, case.person)
        fact = {**fact, **{name: sa.case((may_know, fact[name])) for name in BOUNDS}}
    columns: list[sa.ColumnElement[Any]] = [
        sa.literal_column(str(position), sa.Integer).label("position"),
        sa.literal_column(f"'{refusal.code}'", sa.Text).label("code"),
        _constant(refusal.code.label_id).label("label_id"),
        _constant(refusal.code.label_en).label("label_en"),
        sa.literal_column("'[]'::jsonb", JSONB).label("path"),
        (sa.true() if rule.overridable else sa.false()).label("overridable"),
        *(sa.cast(fact.get(name, sa.null()), type_).label(name) for name, type_ in FACT_TYPES.items()),
    ]
    return sa.select(*columns).select_from(source).where(*conditions).correlate(case.person, case.need)


def _constant(text: str) -> sa.ColumnElement[str]:
    return sa.literal_column("'" + text.replace("'", "''") + "'", sa.Text)
