"""The order in which verbs lock rows, and what happens to bulk writers that meet: decision record 0019.

That every verb follows the order, all tests show: the fixture `api` watches what they execute.
"""

import pkgutil
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from api import services
from api.database.engine import Database
from api.database.statement import CompiledStatement, lock_statement
from api.models import Membership, Need
from api.services.duty import LOCK_ASSIGNMENTS, LOCK_VOLUNTEER
from tests.asking import Json
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.locking import ORDER, Watcher, locked_table
from tests.own_verb import OwnApi
from tests.sampling import IS_FUZZ
from tests.test_race import run_concurrently
from tests.test_verb import REGISTER, document

ROUNDS = 20
# A deadlock takes PostgreSQL's `deadlock_timeout`, a second, to be seen.
CARELESS_ROUNDS, MOST_ROUNDS = 20 if IS_FUZZ else 2, 50
PEOPLE = 1_000

LOCK_NEED = lock_statement(Need).sql
SHARE = "SELECT incident.id \nFROM incident \nWHERE incident.id = $1 FOR SHARE OF incident"


@pytest.mark.parametrize(
    ("statements", "violations"),
    [
        (["BEGIN;", SHARE, "SELECT 1", SHARE, "COMMIT;", "BEGIN;", SHARE], []),
        (["BEGIN;", LOCK_NEED, LOCK_VOLUNTEER.sql, LOCK_ASSIGNMENTS.sql], []),
        (["BEGIN;", LOCK_VOLUNTEER.sql, LOCK_NEED], [("volunteer", "need")]),
        (["BEGIN;", LOCK_VOLUNTEER.sql, "COMMIT;", "BEGIN;", LOCK_NEED], []),
        (["BEGIN;", LOCK_NEED, SHARE], [("need", "incident")]),
    ],
)
def test_the_watcher_of_all_tests_sees_a_lock_out_of_order(
    statements: list[str], violations: list[tuple[str, ...]]
) -> None:
    watcher, locked = Watcher(), list[str]()

    for statement in statements:
        watcher.add(statement, locked)

    assert watcher.violations == violations


def test_the_watcher_knows_every_table_that_a_verb_locks() -> None:
    assert {locked_table(statement.sql) for statement in service_statements()} - {None} <= set(ORDER)


def service_statements() -> list[CompiledStatement]:
    """The statements that services compile when they are imported."""
    modules = [import_module(f"api.services.{each.name}") for each in pkgutil.iter_modules(services.__path__)]
    named = [value for module in modules for value in vars(module).values()]
    return [value for value in named if isinstance(value, CompiledStatement)]


@pytest.fixture
async def own(database_url: str, keys: Path) -> AsyncGenerator[OwnApi]:
    database = await Database.open(database_url)
    yield OwnApi.from_database(database, keys)
    await database.close()


async def raise_in_opposite_orders(own: OwnApi, build: Build, verb: str, rounds: int) -> list[Json]:
    """The answers of callers who raise the same needs, two at a time, one in the reverse order of the other."""
    needs = [f"Need:{await build.need()}" for _ in range(20)]
    coordinator = await build.coordinator()
    call = partial(own.post, document(verb, "needs { priority }"), coordinator)
    both: list[Callable[[], Awaitable[Json]]] = [partial(call, needs=needs), partial(call, needs=needs[::-1])]
    return [answer for _ in range(rounds) for answer in await run_concurrently(both)]


def all_raised(verb: str) -> Json:
    return {verb: {"needs": [{"priority": "URGENT"}] * 20, "problems": []}}, []


async def test_bulk_writers_that_lock_in_one_order_never_wait_for_each_other(own: OwnApi, build: Build) -> None:
    with capture_logs() as lines:
        answers = await raise_in_opposite_orders(own, build, "raisePriorities", ROUNDS)

    assert answers == [all_raised("raisePriorities")] * (2 * ROUNDS)
    assert lines == []


async def test_a_deadlock_of_careless_writers_reaches_no_client_and_is_logged(own: OwnApi, build: Build) -> None:
    answers = list[Json]()
    with capture_logs() as lines:
        # One may be done before the other begins, so that they need not meet at once.
        while len(answers) < 2 * CARELESS_ROUNDS or (not lines and len(answers) < 2 * MOST_ROUNDS):
            answers += await raise_in_opposite_orders(own, build, "raiseCarelessly", 1)

    assert answers == [all_raised("raiseCarelessly")] * len(answers)
    retried = {(line["event"], line["mutation"], line["error"]) for line in lines}
    assert retried == {("broken off", "raise_carelessly", "DeadlockDetectedError")}


async def test_a_thousand_people_take_as_many_statements_as_one(own: OwnApi, build: Build) -> None:
    coordinator, watcher, counts = await build.coordinator(), Watcher(), []
    watcher.watch(own.database)
    # Once before, as asyncpg asks for the types of arrays at their first use.
    await own.do(REGISTER, coordinator, people=[{"name": "Warga", "kabupaten": HOME}], purpose="Penugasan")
    watcher.statements.clear()

    for number in (1, PEOPLE):
        people = [{"name": f"Warga {number} {each}", "kabupaten": HOME} for each in range(number)]
        payload = await own.do(REGISTER, coordinator, people=people, purpose="Penugasan")
        counts.append((sum(result["volunteer"] is not None for result in payload["results"]), len(watcher.statements)))
        watcher.statements.clear()

    # BEGIN, the actor, the codes that are retired, the names that are taken, the people, COMMIT.
    assert counts == [(1, 6), (PEOPLE, 6)]
    assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == 2 + PEOPLE


async def test_rows_in_conflict_are_left_out_and_the_others_are_inserted(database_url: str, build: Build) -> None:
    organization, volunteer = await build.organization(), await build.person()
    await build.membership(volunteer, organization, number="1")
    database = await Database.open(database_url)
    rows = [
        {
            "id": uuid.uuid4(),
            "volunteer_id": await build.person(),
            "organization_id": organization,
            "number": number,
            "since": NOW.date(),
        }
        for number in ("2", "1", "3")
    ]

    async with database.transaction() as session:
        inserted = await session.insert_all(Membership, rows, sorted_by="volunteer_id")
        none = await session.insert_all(Membership, [], sorted_by="volunteer_id")
    await database.close()

    assert inserted == {rows[0]["id"], rows[2]["id"]}
    assert none == set()
    assert await build.connection.fetchval("SELECT string_agg(number, ' ' ORDER BY number) FROM membership") == "1 2 3"
