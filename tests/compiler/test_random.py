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
from api.schema.build import schema_definition
from tests.asking import Api, Json
from tests.compiler.documents import BESIDE, Request, requests
from tests.compiler.learning import learned, pool_of
from tests.compiler.reader import Answer, Reader
from tests.compiler.rows import Rows
from tests.compiler.world import Same, World

ACTORS = ("public", "volunteer", "manager", "kabupaten", "province", "nation", "mixed")
IS_FUZZ = settings.get_current_profile_name() == "fuzz"
# Many short tests: one alone would outlast the patience with tests that hang, and workers share them.
BATCHES, EXAMPLES = (100, 200) if IS_FUZZ else (3, 100)
# These are the same at every run; the others are found by chance, which a failure names.
FIXED = 0 if IS_FUZZ else 2


@pytest.fixture(autouse=True)
def little_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failing example is made smaller for half a minute, not for five, which a hanging test is not given either."""
    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", 30)


@pytest.mark.fuzz
@pytest.mark.parametrize("batch", range(BATCHES))
async def test_a_compiled_answer_is_the_plain_readers(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", request: pytest.FixtureRequest, batch: int
) -> None:
    world = await World.of(Same(connection, api.now))
    reader = Reader.of(await Rows.of(connection), api.now, schema_definition())
    reader.learn(await learned(api, reader, world))

    chance = request.config.getoption("--hypothesis-seed") or random.getrandbits(32)
    number = batch if batch < FIXED else int(chance)
    try:
        await anyio.to_thread.run_sync(partial(ask_much, api, reader, world, number))
    except Exception as error:
        error.add_note(f"The same documents are asked again with --hypothesis-seed={number}.")
        raise


def ask_much(api: Api, reader: Reader, world: World, number: int) -> None:
    """Runs in a thread, as hypothesis knows no event loop; each answer comes from the test's own loop."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @seed(number)
    @given(st.sampled_from(ACTORS), requests(reader.strict, pool_of(reader)))
    def agrees(who: str, request: Request) -> None:
        ask(api, reader, request, world.actors[who])

    agrees()


def ask(api: Api, reader: Reader, request: Request, actor: uuid.UUID | None) -> None:
    for variables in request.variables:
        ours = anyio.from_thread.run(partial(api.post, request.text, actor=actor, **variables))
        theirs = reader.answer(request.text, variables, actor)
        compare(ours, theirs)
        # Of some documents also by one statement, and by the executor.
        for text in request.otherwise() if "errors" not in ours and len(request.text) % 4 == 0 else ():
            other = anyio.from_thread.run(partial(api.post, text, actor=actor, **variables))
            (other["data"] or {}).pop(BESIDE, None)
            compare(other, theirs)


def compare(ours: Json, theirs: Answer) -> None:
    errors = ours.get("errors", [])
    codes = {error["extensions"]["code"] for error in errors}
    if theirs.cost > MAX_ROWS:
        # With other mistakes in it, a document may be answered root by root, each of them small enough.
        assert theirs.mistakes or (codes, ours["data"]) == ({"DOCUMENT_TOO_LARGE"}, None), errors
        return
    assert codes <= {"BAD_USER_INPUT"}, errors
    if not theirs.valid:
        assert errors
        assert ours["data"] is None
        return
    # A variable that is null where nothing may be null has a place in the document, but none in the answer.
    paths = [error["path"] for error in errors if "path" in error or "locations" not in error]
    assert [path for path in paths if path not in theirs.mistakes] == []
    assert bool(errors) == bool(theirs.mistakes), (errors, theirs.mistakes)
    if ours["data"] is not None:
        wrong = {path[0] for path in theirs.mistakes}
        assert plain(ours["data"], wrong) == plain(theirs.data, wrong)


def plain(data: Any, wrong: set[str]) -> str:
    """As text, so that the order of the keys counts; 5.0 is written like 5, and of a float what libraries agree on."""
    kept = {name: value for name, value in data.items() if name not in wrong}
    return json.dumps(whole(kept), indent=1, ensure_ascii=False)


def whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    if isinstance(value, float):
        # Sines, and roots of sums of squares, differ in the last digit between C libraries.
        return int(value) if value.is_integer() else float(f"{value:.12g}")
    return value
