import random
import uuid
from functools import partial

import anyio.from_thread
import anyio.to_thread
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture import engine

from api.schema.build import core_schema
from tests.asking import Api, Json
from tests.compiler.comparison import compare
from tests.compiler.documents import INTROSPECTION_KEY, Request, generated_selections, requests, value_pool
from tests.compiler.reader import Reader
from tests.compiler.sample_data import SampleData
from tests.sampling import IS_FUZZ

# Several short tests: one long test would exceed the time limit, and workers share them.
BATCHES, EXAMPLES = (100, 200) if IS_FUZZ else (3, 80)
TOO_MUCH_IN_ONE_STATEMENT = "This asks for too much in one statement; ask for it in several documents."


@pytest.fixture(autouse=True)
def limit_shrinking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shrinks a failing example for 30 seconds instead of five minutes, which would exceed the test's time limit."""
    monkeypatch.setattr(engine, "MAX_SHRINKING_SECONDS", 30)


@pytest.mark.fuzz
@pytest.mark.parametrize("batch", range(BATCHES))
async def test_random_documents_are_answered_like_the_plain_reader(
    api: Api, reader: Reader, sample_data: SampleData, request: pytest.FixtureRequest, batch: int
) -> None:
    """The sample is the same at each run; all documents have a seed by chance, which a failure prints."""
    chance = request.config.getoption("--hypothesis-seed") or random.getrandbits(32)
    number = int(chance) if IS_FUZZ else batch
    try:
        await anyio.to_thread.run_sync(partial(run_examples, api, reader, sample_data, number))
    except Exception as error:
        error.add_note(f"The same documents are asked again with --hypothesis-seed={number}.")
        raise


@pytest.mark.parametrize(
    "text",
    [
        "{ volunteers(first: 20) { nodes { readiness { isReady reasons { code } } } } }",
        "{ volunteers(first: 20) { nodes { readiness { reasons { path } warnings { path } } } } }",
        "{ camps(first: 20) { nodes { report(by: ORGANIZATION) { name registered came certified } } } }",
        "{ camps(first: 20) { nodes { report(by: CONTINGENT) { name registered came certified } } } }",
    ],
)
async def test_documents_that_were_once_answered_otherwise(
    api: Api, reader: Reader, sample_data: SampleData, text: str
) -> None:
    for actor in sample_data.actors.values():
        compiled = await api.post(text, actor=actor)
        compare(compiled, await anyio.to_thread.run_sync(reader.view(actor).answer, text, {}))


async def test_a_wrong_argument_spoils_no_later_document(api: Api, reader: Reader, sample_data: SampleData) -> None:
    actor = sample_data.actors["nation"]
    view = reader.view(actor)
    for arguments in ('(skill: "Need:1")', '(kabupaten: "Need:1")', ""):
        text = f"{{ volunteers(first: 5) {{ nodes {{ readiness{arguments} {{ isReady }} }} }} }}"
        compiled = await api.post(text, actor=actor)
        compare(compiled, await anyio.to_thread.run_sync(view.answer, text, {}))


def run_examples(api: Api, reader: Reader, sample_data: SampleData, number: int) -> None:
    """Runs in a thread, as hypothesis and the reader are synchronous; requests are sent from the test's event loop."""
    reader.learn_cursors()
    schema = core_schema()
    shapes = generated_selections(schema)
    by_actor = [
        st.tuples(st.just(actor), requests(schema, value_pool(reader, actor, has_hidden=False), shapes))
        for actor in sample_data.actors.values()
    ]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @seed(number)
    @given(st.one_of(by_actor))
    def check(drawn: tuple[uuid.UUID | None, Request]) -> None:
        actor, request = drawn
        assert_same_answer(api, reader, request, actor)

    check()


def is_too_large(compiled: Json) -> bool:
    """By its rows or bytes, or by the text of its statement."""
    errors = compiled.get("errors", ())
    return any(
        each["extensions"]["code"] == "DOCUMENT_TOO_LARGE" or each["message"] == TOO_MUCH_IN_ONE_STATEMENT
        for each in errors
    )


def assert_same_answer(api: Api, reader: Reader, request: Request, actor: uuid.UUID | None) -> None:
    for variables in request.variables:
        compiled = anyio.from_thread.run(partial(api.post, request.text, actor=actor, **variables))
        if is_too_large(compiled):  # What a document costs is proven in test_cost.py.
            return
        expected = reader.view(actor).answer(request.text, variables)
        compare(compiled, expected)
        # Some documents are also answered by one statement, and by the executor.
        for text in request.variants() if "errors" not in compiled and len(request.text) % 4 == 0 else ():
            other = anyio.from_thread.run(partial(api.post, text, actor=actor, **variables))
            if is_too_large(other):
                continue
            (other.get("data") or {}).pop(INTROSPECTION_KEY, None)
            compare(other, expected)
