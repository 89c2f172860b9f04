"""What clients use of their budgets, added up over the processes that share a database."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from api.access import NOW
from api.database.engine import Row, Transaction
from api.database.statement import compile_statement
from api.models import BudgetUse


async def add(session: Transaction, used: Mapping[tuple[bytes, int], float]) -> Sequence[Row]:
    """Adds what was used, by client and minute; returns the totals of these minutes and of those before them."""
    clients, minutes = zip(*used, strict=True)
    return await session.rows(ADD, {"clients": clients, "minutes": minutes, "costs": [*used.values()]})


_GIVEN = (
    sa.func.unnest(
        sa.bindparam("clients", type_=ARRAY(sa.LargeBinary)),
        sa.bindparam("minutes", type_=ARRAY(sa.BigInteger)),
        sa.bindparam("costs", type_=ARRAY(sa.Float)),
    )
    .table_valued("client", "minute", "used")
    .render_derived()
)
_INSERT = insert(BudgetUse).from_select(
    ["client", "minute", "used"], sa.select(_GIVEN).order_by(_GIVEN.c.client, _GIVEN.c.minute)
)
_ADDED = (
    _INSERT.on_conflict_do_update(
        index_elements=["client", "minute"], set_={"used": BudgetUse.c.used + _INSERT.excluded.used}
    )
    .returning(BudgetUse.c.client, BudgetUse.c.minute, BudgetUse.c.used)
    .cte("added")
)
_BEFORE = BudgetUse.alias()
ADD = compile_statement(
    sa.select(_ADDED, sa.func.coalesce(_BEFORE.c.used, 0.0).label("previous")).outerjoin_from(
        _ADDED, _BEFORE, sa.and_(_BEFORE.c.client == _ADDED.c.client, _BEFORE.c.minute == _ADDED.c.minute - 1)
    )
)
DELETE_OLD = compile_statement(sa.delete(BudgetUse).where(BudgetUse.c.minute < sa.extract("epoch", NOW) / 60 - 2))
