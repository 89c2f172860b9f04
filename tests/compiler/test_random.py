import json
import random
import uuid
from functools import partial
from typing import Any

import anyio.from_thread
import anyio.to_thread
import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine

from api.resolvers.limit import MAX_ROWS
from tests.asking import Api, Json
from tests.compiler.cursor_catalogue import reader_with_cursors, value_pool
from tests.compiler.documents import INTROSPECTION_KEY, Request, requests
from tests.compiler.reader import Answer, Reader
from tests.compiler.sample_data import RepeatableBuild, SampleData
from tests.sampling import IS_FUZZ

ACTORS = ("public", "volunteer", "manager", "kabupaten", "province", "nation", "mixed")
# Several short tests: one long test would exceed the time limit, and workers share them.
BATCHES, EXAMPLES = (100, 200) if IS_FUZZ else (6, 50)
# The first batches have fixed seeds; the others have random seeds, which a failure prints.
FIXED = 0 if IS_FUZZ else 4


@pytest.fixture(autouse=True)
def limit_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shrinks a failing example for 30 seconds instead of five minutes, which would exceed the test's time limit."""
    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", 30)


@pytest.mark.fuzz
@pytest.mark.parametrize("batch", range(BATCHES))
async def test_random_documents_are_answered_like_the_plain_reader(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", request: pytest.FixtureRequest, batch: int
) -> None:
    sample_data = await SampleData.of(RepeatableBuild(connection, api.now))
    reader = await reader_with_cursors(api, connection, sample_data)

    chance = request.config.getoption("--hypothesis-seed") or random.getrandbits(32)
    number = batch if batch < FIXED else int(chance)
    try:
        await anyio.to_thread.run_sync(partial(run_examples, api, reader, sample_data, number))
    except Exception as error:
        error.add_note(f"The same documents are asked again with --hypothesis-seed={number}.")
        raise


def run_examples(api: Api, reader: Reader, sample_data: SampleData, number: int) -> None:
    """Runs in a thread, as hypothesis is synchronous; requests are sent from the test's event loop."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @seed(number)
    @given(st.sampled_from(ACTORS), requests(reader.strict, value_pool(reader)))
    def check(actor_name: str, request: Request) -> None:
        assert_same_answer(api, reader, request, sample_data.actors[actor_name])

    check()


def assert_same_answer(api: Api, reader: Reader, request: Request, actor: uuid.UUID | None) -> None:
    for variables in request.variables:
        compiled = anyio.from_thread.run(partial(api.post, request.text, actor=actor, **variables))
        expected = reader.answer(request.text, variables, actor)
        compare(compiled, expected)
        # Some documents are also answered by one statement, and by the executor.
        for text in request.variants() if "errors" not in compiled and len(request.text) % 4 == 0 else ():
            other = anyio.from_thread.run(partial(api.post, text, actor=actor, **variables))
            (other["data"] or {}).pop(INTROSPECTION_KEY, None)
            compare(other, expected)


def compare(compiled: Json, expected: Answer) -> None:
    errors = compiled.get("errors", [])
    codes = {error["extensions"]["code"] for error in errors}
    if expected.cost > MAX_ROWS:
        # A document with other mistakes may be answered root by root, with each root below the limit.
        assert expected.mistakes or (codes, compiled["data"]) == ({"DOCUMENT_TOO_LARGE"}, None), errors
        return
    assert codes <= {"BAD_USER_INPUT"}, errors
    if not expected.valid:
        assert errors
        assert compiled["data"] is None
        return
    # An error about a null variable in a non-null position has locations but no path.
    paths = [error["path"] for error in errors if "path" in error or "locations" not in error]
    assert [path for path in paths if path not in expected.mistakes] == []
    assert bool(errors) == bool(expected.mistakes), (errors, expected.mistakes)
    if compiled["data"] is not None:
        wrong = {path[0] for path in expected.mistakes}
        assert json_text(compiled["data"], wrong) == json_text(expected.data, wrong)


def json_text(data: Any, wrong: set[str]) -> str:
    """The data as JSON text, so that the order of keys is compared; floats are normalized."""
    right = {name: value for name, value in data.items() if name not in wrong}
    return json.dumps(normalized(right), indent=1, ensure_ascii=False)


def normalized(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: normalized(each) for name, each in value.items()}
    if isinstance(value, list):
        return [normalized(each) for each in value]
    if isinstance(value, float):
        # Sines and square roots differ in the last digit between C libraries.
        return int(value) if value.is_integer() else float(f"{value:.12g}")
    return value
