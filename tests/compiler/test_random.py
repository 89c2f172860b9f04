import json
from functools import partial
from typing import Any

import anyio.from_thread
import anyio.to_thread
import asyncpg
import pytest
from hypothesis import HealthCheck, given, seed, settings

from api.schema.build import printed
from tests.asking import Api, Json
from tests.compiler.documents import Pool, Request, requests
from tests.compiler.learning import learned, pool_of
from tests.compiler.reader import Answer, Reader
from tests.compiler.rows import Rows
from tests.compiler.world import Same, World

ACTORS = ("public", "volunteer", "manager", "kabupaten", "province", "nation", "mixed")
IS_FUZZ = settings.get_current_profile_name() == "fuzz"
EXAMPLES = (20_000 if IS_FUZZ else 300) // len(ACTORS) + 1


@pytest.mark.fuzz
@pytest.mark.parametrize("actor", ACTORS)
async def test_a_compiled_answer_is_the_plain_readers(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", actor: str
) -> None:
    world = await World.of(Same(connection, api.now))
    reader = Reader.of(await Rows.of(connection), api.now, printed())
    reader.learn(await learned(api, reader, world))
    pool = pool_of(reader)

    await anyio.to_thread.run_sync(partial(ask_much, api, reader, pool, world, actor))


def ask_much(api: Api, reader: Reader, pool: Pool, world: World, actor: str) -> None:
    """Runs in a thread, as hypothesis knows no event loop; each answer comes from the test's own loop."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=not IS_FUZZ,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(requests(reader.strict, pool))
    def agrees(request: Request) -> None:
        for variables in request.variables:
            ours = anyio.from_thread.run(partial(api.post, request.text, actor=world.actors[actor], **variables))
            compare(ours, reader.answer(request.text, variables, world.actors[actor]))

    (agrees if IS_FUZZ else seed(ACTORS.index(actor))(agrees))()


def compare(ours: Json, theirs: Answer) -> None:
    errors = ours.get("errors", [])
    assert {error["extensions"]["code"] for error in errors} <= {"BAD_USER_INPUT"}, errors
    if not theirs.valid:
        assert errors
        assert ours["data"] is None
        return
    assert [error["path"] for error in errors if error["path"] not in theirs.mistakes] == []
    assert bool(errors) == bool(theirs.mistakes), (errors, theirs.mistakes)
    if ours["data"] is not None:
        wrong = {path[0] for path in theirs.mistakes}
        assert plain(ours["data"], wrong) == plain(theirs.data, wrong)


def plain(data: Any, wrong: set[str]) -> str:
    """As text, so that the order of the keys counts; 5.0 is written like 5."""
    kept = {name: value for name, value in data.items() if name not in wrong}
    return json.dumps(whole(kept), indent=1, ensure_ascii=False)


def whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [whole(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
