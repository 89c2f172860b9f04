"""Every order and filter of every list over 100,000 rows in every table: `.ci/run` and `make fuzz` run it."""

from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from api.resolvers import SOURCES
from tests.compiler.conftest import Sample
from tests.compiler.crowd import ROWS, fill
from tests.compiler.selections import listed_type, orders, root_lists
from tests.compiler.test_explain import EVERYTHING, explain, filters, sequential_scans
from tests.isolation import connected, copied
from tests.sampling import IS_FUZZ

pytestmark = [
    pytest.mark.fuzz,
    pytest.mark.skipif(not IS_FUZZ, reason="It takes two minutes to make so many rows."),
]

# In units of the planner. A page of 50 costs some hundred, a scan of a whole table of 100,000 rows some 3,000: 20 ms.
MOST = 3_000

# The document says a value that no row of the sample has, so that the planner expects to find none.
RARE = {
    ("campGroups", "sex.eq"),
    ("campStaffMembers", "duty.eq"),
    ("goodsNeeds", "priority.eq"),
    ("licences", "status.eq"),
    ("organizations", "kind.eq"),
    ("sites", "kind.eq"),
}
# No index is kept for one exact instant; of periods the planner knows that the order of the list finds some soon.
INSTANTS = {
    ("camps", "endsAt.eq"),
    ("campSessions", "endsAt.eq"),
    ("contingents", "arrivesAt.eq"),
    ("contingents", "arrivesAt.in"),
    ("needs", "closedAt.eq"),
    ("sites", "closedAt.eq"),
}
# What is computed for each row of the list.
COMPUTED = {("needs", "shortfall.eq"), ("pledges", "status.eq")}
# Who has a role that the viewer sees is looked up in all roles.
HOLDERS = {("accounts", ""), ("accounts", "after")}


@dataclass(frozen=True)
class Read:
    """A page of a list, in an order and with a filter if any."""

    name: str
    order: str
    operator: str
    cost: float
    scanned: set[str]

    @property
    def is_slow(self) -> bool:
        return bool(self.scanned) or self.cost > MOST


def arguments(name: str) -> Iterator[tuple[str, str, str]]:
    """Each order of a list with no filter, after a cursor, and with one condition for each operator of each filter."""
    field = root_lists()[name]
    found = filters(name) if "filter" in field.args else ()
    conditions = [(operator, f"filter: {condition}") for operator, condition in found]
    for order in orders(field):
        for operator, argument in (("", ""), ("after", "after: $after"), *conditions):
            yield order, operator, f"first: 50, orderBy: {order}, {argument}"


@pytest.fixture
async def reads(sample: Sample) -> AsyncGenerator[list[Read]]:
    async with copied(sample.database.template, "crowd") as url:
        filled = await fill(url)
        async with connected(url) as connection:
            await connection.execute(
                "SET plan_cache_mode = force_generic_plan; SET jit = off; SET random_page_cost = 1.1"
            )
            sizes = {name: await connection.fetchval(f'SELECT count(*) FROM "{name}"') for name in filled}
            assert {name: size for name, size in sizes.items() if size < ROWS} == {}
            lists = [name for name, field in root_lists().items() if SOURCES[listed_type(field)].table.name in filled]  # type: ignore[union-attr]  # Each has one.
            found = []
            for name in lists:
                for order, operator, given in arguments(name):
                    plan: Any = await explain(connection, f"{name}({given}) {{ nodes {{ __typename }} }}", EVERYTHING)
                    scanned = {scan["Relation Name"] for scan in sequential_scans(plan, *filled)}
                    found.append(Read(name, order, operator, plan["Total Cost"], scanned))
        yield found


async def test_indexes_serve_every_order_and_filter_of_every_list(reads: list[Read]) -> None:
    slow = {(read.name, read.operator) for read in reads if read.is_slow and not read.order.startswith("SHORTFALL")}
    computed = [read for read in reads if read.order.startswith("SHORTFALL")]

    assert slow == RARE | INSTANTS | COMPUTED | HOLDERS
    assert {read.name for read in computed} == {"needs"}
    assert len({read.name for read in reads}) >= 39
    assert len(reads) >= 2_800
