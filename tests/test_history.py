"""Random histories of duties by several sessions at once, judged by a checker that reads the tables only."""

import random
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import anyio.from_thread
import anyio.to_thread
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.asking import Api
from tests.builders import Build
from tests.history import NAMES, make_world
from tests.history_check import check
from tests.isolation import WorkerDatabase
from tests.sampling import IS_FUZZ
from tests.test_race import run_concurrently

# Several short tests: one long test would exceed the time limit, and workers share them.
BATCHES, HISTORIES = (50, 20) if IS_FUZZ else (2, 2)
STEPS, SESSIONS = 8, 6
CALLS = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 10_000)), min_size=SESSIONS // 2, max_size=SESSIONS)


@pytest.fixture(autouse=True)
def limit_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shrinks a failing history for 20 seconds instead of five minutes, which would exceed the test's time limit."""
    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", 20)


def histories(api: Api, build: Build, database: WorkerDatabase) -> type[RuleBasedStateMachine]:
    """A machine whose steps are calls of several sessions at once; hypothesis is synchronous, so it runs in a thread."""

    def run(function: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
        return anyio.from_thread.run(function, *arguments)

    class Histories(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            run(database.delete_rows)
            self.world = run(make_world, api, build)
            self.steps: list[list[tuple[str, int]]] = []

        @rule(calls=CALLS)
        def several_at_once(self, calls: list[tuple[str, int]]) -> None:
            self.steps.append(calls)
            found = [run(self.world.call, *each) for each in calls]
            run(run_concurrently, [call for call in found if call is not None])

        @invariant()
        def every_promise_is_kept(self) -> None:
            try:
                run(check, self.world)
            except AssertionError as error:
                # What runs at once need not end the same way again, so that hypothesis may not be able to tell.
                error.add_note(f"After {self.steps}.")
                raise

    return Histories


@pytest.mark.fuzz
@pytest.mark.parametrize("batch", range(BATCHES))
async def test_concurrent_histories_keep_every_promise(
    api: Api, build: Build, worker_database: WorkerDatabase, request: pytest.FixtureRequest, batch: int
) -> None:
    """The sample is the same at each run; all histories have a seed by chance, which a failure prints."""
    chance = request.config.getoption("--hypothesis-seed") or random.getrandbits(32)
    number = int(chance) if IS_FUZZ else batch
    machine = seed(number)(histories(api, build, worker_database))
    rounds = settings(
        max_examples=HISTORIES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    try:
        await anyio.to_thread.run_sync(partial(run_state_machine_as_test, machine, settings=rounds))
    except Exception as error:
        error.add_note(f"The same histories are tried again with --hypothesis-seed={number}.")
        raise
