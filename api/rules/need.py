"""Whether people or goods are still wanted: a need is open until it is closed or its time is over."""

import sqlalchemy as sa

from api.rules.rule import Condition, Sql


def is_open(need: sa.FromClause, now: Sql) -> Condition:
    return _is_open(need, need.c.ends_at, now)


def is_open_for_goods(need: sa.FromClause, now: Sql) -> Condition:
    return _is_open(need, need.c.needed_by, now)


def _is_open(need: sa.FromClause, end: Sql, now: Sql) -> Condition:
    return sa.and_(need.c.closed_at.is_(None), end > now)
