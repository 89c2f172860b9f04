"""What one request may cost before the database: each shape that held the event loop, in small, by counting work."""

import asyncio
from dataclasses import replace
from threading import Event

import httpx
import pytest
from graphql import GraphQLError, get_introspection_query
from starlette.applications import Starlette
from structlog.testing import capture_logs

from api.compiler.plan import MAX_CACHED_SQL
from api.database.engine import HUGE_STATEMENT_LENGTH, MAX_CACHED_STATEMENT_LENGTH
from api.execution import document as documents_of_requests
from api.execution import introspection
from api.execution.document import DocumentCache, ValidatedDocument
from api.execution.execute import DOCUMENTS
from api.execution.limit import MAX_DIGITS, MAX_FIELDS, MAX_MUTATIONS, MAX_OPERATIONS, MAX_VALUES
from api.execution.thread import FairThread
from api.schema.build import core_schema
from api.settings import Limits, Settings
from api.web import watchdog
from api.web.watchdog import Watchdog
from tests.asking import Api
from tests.builders import HOME, Build

MAX_TOKENS = Limits().max_tokens
LONGEST_HOLD = 0.1


def aliases(number: int, selection: str = "__typename") -> str:
    return " ".join(f"a{index}: {selection}" for index in range(number))


def chain(width: int, depth: int) -> str:
    """The same fields several times beside each other, at each level."""
    if depth == 0:
        return "name"
    return " ".join([f"kabupatens(first: 1) {{ nodes {{ province {{ {chain(width, depth - 1)} }} }} }}"] * width)


def fragments(number: int, selection: str) -> str:
    return " ".join(f"fragment f{index} on Province {{ {selection} }}" for index in range(number))


def spreads(number: int) -> str:
    return " ".join(f"...f{index}" for index in range(number))


def on_province(selection: str) -> str:
    return f"{{ provinces(first: 1) {{ nodes {{ {selection} }} }} }}"


NESTED = " ".join(f"fragment f{index} on Province {{ a{index}: name ...f{index + 1} }}" for index in range(150))


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (f"{{ {'a ' * MAX_TOKENS} }}", "BAD_USER_INPUT"),
        (
            " ".join(f"query q{index} {{ ...f }}" for index in range(MAX_OPERATIONS + 1))
            + " fragment f on Query { __typename }",
            "DOCUMENT_TOO_LARGE",
        ),
        (
            " ".join(f"query q{index} {{ ...f }}" for index in range(MAX_OPERATIONS))
            + f" fragment f on Query {{ {aliases(MAX_FIELDS // MAX_OPERATIONS + 1)} }}",
            "DOCUMENT_TOO_LARGE",
        ),
        (on_province(chain(3, 4)), "DOCUMENT_TOO_LARGE"),
        (on_province(spreads(260)) + fragments(260, "name"), "DOCUMENT_TOO_LARGE"),
        (on_province(" ".join(["name"] * 700)), "DOCUMENT_TOO_LARGE"),
        (on_province("...f0") + NESTED + " fragment f150 on Province { name }", "DOCUMENT_TOO_LARGE"),
        (f"{{ provinces(first: {'9' * 4_301}) {{ totalCount }} }}", "BAD_USER_INPUT"),
        (f"{{ provinces(first: {'9' * (MAX_DIGITS + 1)}) {{ totalCount }} }}", "BAD_USER_INPUT"),
        (
            '{ kabupatenOf: provinces(first: 1, filter: {name: {contains: "'
            + "x" * 201
            + f'"}}}}) {{ {aliases(900)} }} }} ...',
            "BAD_USER_INPUT",
        ),
    ],
    ids=[
        "tokens",
        "operations",
        "fields of all operations",
        "same fields in the same fields",
        "fragments side by side",
        "a field many times",
        "fragments in fragments",
        "4,301 digits",
        "digits",
        "syntax",
    ],
)
async def test_a_document_that_would_hold_the_event_loop_is_refused_and_nothing_is_read(
    api: Api, document: str, code: str
) -> None:
    before = api.services.database.statements

    answer = await api.post(document)

    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    assert answer.get("data") is None
    assert api.services.database.statements == before


@pytest.mark.parametrize(
    "document",
    [
        on_province(chain(3, 3)),
        on_province(spreads(40)) + fragments(40, "id name kabupatens(first: 1) { totalCount }"),
        "{ ...f0 } "
        + " ".join(f"fragment f{index} on Query {{ ...f{index + 1} }}" for index in range(60))
        + f" fragment f60 on Query {{ {aliases(MAX_FIELDS // 3)} }}",
    ],
    ids=["same fields", "fragments side by side", "chain of fragments"],
)
async def test_what_clients_write_is_answered(api: Api, document: str) -> None:
    assert (await api.ask(document)).keys()


def test_the_number_of_tokens_is_a_setting() -> None:
    document = f"{{ {aliases(10)} }}"

    assert ValidatedDocument.from_text(core_schema(), document, 32).errors == []
    with pytest.raises(GraphQLError, match="tokens"):
        ValidatedDocument.from_text(core_schema(), document, 31)


def test_only_the_operation_that_is_asked_for_is_prepared() -> None:
    document = ValidatedDocument.from_text(core_schema(), "query a { __typename } query b { me { id } }", MAX_TOKENS)

    node = document.find("b")
    assert node is not None
    document.prepare(node)

    assert document.find("missing") is None
    assert [*document.prepared] == ["b"]


async def test_remembered_documents_are_bounded_by_their_length_together() -> None:
    documents = DocumentCache()
    for index in range(100):
        await documents.load(core_schema(), f"{{ a{index}: __typename }}".ljust(7_900), MAX_TOKENS)

    assert (len(documents.cache), documents.cache.weight) == (200_000 // 7_900, 25 * 7_900)


async def test_a_document_has_a_limited_number_of_mutations(api: Api, build: Build) -> None:
    offer = 'acceptAssignment(input: {assignment: "x", version: 1}) { problems { code } }'
    most = f"mutation {{ {aliases(MAX_MUTATIONS, offer)} }}"
    more = f"mutation {{ {aliases(MAX_MUTATIONS - 1, offer)} ...f }} fragment f on Mutation {{ b: {offer} c: {offer} }}"
    actor = await build.coordinator()

    answered = await api.ask(most, actor=actor)
    refused = await api.errors(more, actor=actor)

    assert len(answered) == MAX_MUTATIONS
    assert refused == [("DOCUMENT_TOO_LARGE", None)]


IDS = "query($values: [ID!]!) { nodes(ids: $values) { id } }"
OFFERS = "mutation($values: OfferAssignmentsInput!) { offerAssignments(input: $values) { problems { code } } }"


@pytest.mark.parametrize("document", [IDS, OFFERS], ids=["query", "mutation"])
@pytest.mark.parametrize(
    "values",
    [["x"] * (MAX_VALUES + 1), [[]] * (MAX_VALUES + 1), [{"a": ["x"] * 9}] * (MAX_VALUES // 10), [[["x"] * 150] * 150]],
    ids=["texts", "lists", "objects", "nested lists"],
)
async def test_variables_have_a_limited_number_of_values(api: Api, document: str, values: list[object]) -> None:
    before = api.services.database.statements

    refused = await api.errors(document, values=values)

    assert refused == [("DOCUMENT_TOO_LARGE", None)]
    assert api.services.database.statements == before


async def test_as_many_values_as_a_rush_of_scans_has_are_read(api: Api) -> None:
    assert await api.errors(IDS, values=["x"] * (MAX_VALUES - 1)) == [("BAD_USER_INPUT", ["nodes"])]


async def test_clients_take_turns_with_a_thread() -> None:
    thread, done = FairThread("test"), list[str]()
    is_free = Event()
    thread.executor.submit(is_free.wait)
    calls = [asyncio.create_task(thread.run(client, done.append, client)) for client in ("greedy",) * 5 + ("other",)]
    await asyncio.sleep(0)
    is_free.set()
    await asyncio.gather(*calls)

    assert done[:2] == ["greedy", "other"]
    assert done.count("greedy") == 5
    assert len(thread._turns) == 0


# Introspection.

COMMON = get_introspection_query(
    descriptions=True,
    specified_by_url=True,
    directive_is_repeatable=True,
    schema_description=True,
    input_value_deprecation=True,
)


async def test_the_complete_introspection_is_answered_and_then_remembered(api: Api) -> None:
    first = await api.ask(COMMON)
    is_free = Event()
    introspection._THREAD.executor.submit(is_free.wait)  # Whoever needs the thread waits.
    try:
        second = await asyncio.wait_for(api.ask(COMMON), 60)
    finally:
        is_free.set()

    assert first == second
    assert {"Volunteer", "Query", "__Schema"} <= {each["name"] for each in first["__schema"]["types"]}


async def test_others_are_answered_while_a_long_document_is_validated(api: Api) -> None:
    is_free = Event()
    documents_of_requests._THREAD.executor.submit(is_free.wait)
    slow = asyncio.create_task(api.ask(f"{{ {aliases(200)} }}"))

    other = await asyncio.wait_for(api.ask("{ me { id } }"), 60)
    is_free.set()

    assert other == {"me": None}
    assert len(await slow) == 200


async def test_others_are_answered_during_an_introspection(api: Api) -> None:
    is_free = Event()
    introspection._THREAD.executor.submit(is_free.wait)
    slow = asyncio.create_task(api.ask("{ __schema { queryType { name } } clusters(first: 1) { totalCount } }"))

    other = await asyncio.wait_for(api.ask("{ me { id } }"), 60)
    is_free.set()

    assert other == {"me": None}
    assert await slow == {"__schema": {"queryType": {"name": "Query"}}, "clusters": {"totalCount": 8}}


@pytest.mark.parametrize(
    "selection",
    [
        f"__schema {{ types {{ fields {{ {aliases(590)} }} }} }}",
        "__schema { types { " + aliases(40, "possibleTypes { interfaces { ...f } }") + " } }",
        f"__schema {{ types {{ fields {{ type {{ ofType {{ {aliases(600, 'name')} }} }} }} }} }}",
    ],
    ids=["fields", "possible types", "of type"],
)
async def test_an_introspection_ends_at_a_number_of_fields(api: Api, selection: str) -> None:
    names = f" fragment f on __Type {{ {aliases(45, 'name')} }}" if "...f" in selection else ""

    refused = await api.errors(f"{{ {selection} clusters(first: 1) {{ totalCount }} }} {names}")

    assert refused == [("DOCUMENT_TOO_LARGE", None)]


async def test_variables_of_an_introspection_are_used(api: Api) -> None:
    document = """query($type: String!, $no: Boolean = false, $first: Int!, $ids: [ID!]!) {
      __type(name: $type) { name fields @include(if: $no) { name } } clusters(first: $first) { totalCount }
      nodes(ids: $ids) { id } b: __type(name: "Nothing") { name } }"""

    for name in ("Cluster", "Rank"):
        data = await api.ask(document, type=name, first=1, ids=["Skill:SHELTER"])

        assert data == {
            "__type": {"name": name},
            "clusters": {"totalCount": 8},
            "nodes": [{"id": "Skill:SHELTER"}],
            "b": None,
        }


# The watchdog.


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that have passed, for a watchdog with its usual bound."""
    seconds = [0.0]
    monkeypatch.setattr(watchdog, "LONGEST_HOLD", LONGEST_HOLD)
    monkeypatch.setattr(watchdog, "perf_counter", lambda: seconds[0])
    return seconds


async def hold(passed: list[float], *steps: float) -> str:
    for seconds in steps:
        passed[0] += seconds
        await asyncio.sleep(0)
    return "done"


async def holds(
    passed: list[float], dog: Watchdog, *operations: float, beside: float = 0.0
) -> list[tuple[int, str | None]]:
    """The lines about operations with these steps, one after the other, and what else held the loop between two looks."""
    with capture_logs() as lines:
        async with dog.running():
            await asyncio.sleep(0)
            result = await dog.run(hold(passed, *operations), None, "query Slow { me { id } }")
            passed[0] += beside
            await asyncio.sleep(2 * watchdog.INTERVAL)

    assert result == "done"
    assert {line["event"] for line in lines} <= {"event loop held"}
    return [(line["milliseconds"], line["operation"]) for line in lines]


async def test_each_step_that_holds_the_event_loop_is_logged_once_with_its_operation(passed: list[float]) -> None:
    found = await holds(passed, Watchdog(), 0.2, 0.101, 0.099)

    assert found == [(200, "Slow"), (101, "Slow")]
    assert DOCUMENTS.cache.capacity is not None


@pytest.mark.parametrize(
    ("steps", "beside", "logged"),
    [((), 0.112, [(102, None)]), ((0.06,), 0.06, [(110, "Slow")]), ((0.15,), 0.112, [(150, "Slow"), (102, None)])],
)
async def test_what_else_holds_the_event_loop_is_logged_with_the_operation_that_held_it_longest(
    passed: list[float], steps: tuple[float, ...], beside: float, logged: list[tuple[int, str | None]]
) -> None:
    assert await holds(passed, Watchdog(), *steps, beside=beside) == logged


async def test_an_operation_that_is_cancelled_while_it_is_watched_can_clean_up() -> None:
    cleaned = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("up")

    task = asyncio.create_task(Watchdog().run(wait(), None, "{ me { id } }"))
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned == ["up"]


# The size of an answer.


def with_limits(api: Api, max_answer_bytes: int) -> None:
    transport = api.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, Starlette)
    transport.app.state.services = replace(
        api.services, settings=Settings(limits=Limits(max_answer_bytes=max_answer_bytes))
    )


LARGE = {
    "aliases": f"{{ kabupatens(first: 100) {{ nodes {{ {aliases(350, 'name')} }} }} }}",
    "nested lists": "{ provinces(first: 40) { nodes { kabupatens(first: 100) { edges { node { "
    + aliases(150, "name")
    + " } } } } } }",
    "consistent": "query @consistent { "
    + aliases(10, "kabupatens(first: 100) { nodes { name province { name label: name } } }")
    + " }",
}


@pytest.mark.parametrize("document", LARGE.values(), ids=LARGE)
async def test_an_answer_that_would_be_too_large_is_refused_before_it_is_read(api: Api, document: str) -> None:
    with_limits(api, max_answer_bytes=5_000)
    before = api.services.database.statements

    refused = await api.errors(document)

    assert refused == [("DOCUMENT_TOO_LARGE", None)]
    assert api.services.database.statements == before


@pytest.mark.parametrize("document", LARGE.values(), ids=LARGE)
async def test_of_an_answer_that_may_be_too_large_the_rows_are_counted_first(api: Api, document: str) -> None:
    with_limits(api, max_answer_bytes=100_000)

    refused = await api.errors(document)
    answered = await api.ask(document.replace("100", "1").replace("(first: 40)", "(first: 2)"))

    assert [code for code, _ in refused] == ["DOCUMENT_TOO_LARGE"]
    assert answered.keys()


async def test_pages_that_are_not_full_are_answered_however_large_they_might_be(api: Api, build: Build) -> None:
    with_limits(api, max_answer_bytes=10_000)
    await build.organization(name="Tagana")
    document = f"""{{ organizations(first: 100) {{ nodes {{ {aliases(20, "name")} }} }} }}"""

    assert await api.ask(document) == {"organizations": {"nodes": [{f"a{index}": "Tagana" for index in range(20)}]}}


async def test_an_answer_that_is_larger_than_was_estimated_is_cut_off_in_the_database(api: Api, build: Build) -> None:
    for number in range(20):
        await build.organization(name=f"{number} {'Tagana' * 30}")
    with_limits(api, max_answer_bytes=3_000)

    refused = await api.errors("{ organizations(first: 20) { nodes { name } } }")
    answered = await api.ask("{ organizations(first: 15) { nodes { name } } }")

    assert refused == [("DOCUMENT_TOO_LARGE", ["organizations"])]
    assert len(answered["organizations"]["nodes"]) == 15


async def test_the_answers_of_all_roots_count_together(api: Api, build: Build) -> None:
    for number in range(10):
        await build.organization(name=f"{number} {'Tagana' * 30}")
    with_limits(api, max_answer_bytes=3_000)

    answer = await api.post(
        "{ a: organizations(first: 10) { nodes { name } } b: organizations(first: 10) { nodes { name } } }"
    )

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["DOCUMENT_TOO_LARGE"]
    assert [each is None for each in answer["data"].values()].count(True) == 1


async def test_a_connection_that_planned_a_huge_statement_is_replaced(api: Api) -> None:
    process = "SELECT pg_backend_pid()::text"
    ordinary = [await api.services.database.read(process, ()) for _ in range(2)]

    await api.services.database.read(f"SELECT 'ok' /* {'x' * HUGE_STATEMENT_LENGTH} */", ())
    afterwards = await api.services.database.read(process, ())

    assert ordinary[0] == ordinary[1]
    assert afterwards != ordinary[0]


REFUSALS = "query($need: ID!, $volunteer: ID!) { need(id: $need) { refusals(volunteer: $volunteer) { code } } }"
CANDIDATES = """query($need: ID!) { need(id: $need) { peopleWanted coverage { accepted }
  candidates(first: 20) { pageInfo { hasNextPage endCursor } nodes {
    tier kilometres volunteer { id name phone sex reach kabupaten { name province { name } }
      memberships(first: 3) { nodes { number organization { name } rank { label } } }
      certificates(first: 5) { nodes { type { label } expiresOn } } } } } } }"""


@pytest.mark.parametrize("document", [REFUSALS, CANDIDATES])
async def test_what_a_coordinator_reads_to_send_people_is_planned_once(api: Api, build: Build, document: str) -> None:
    actor, need, person = await build.coordinator(kabupaten_code=HOME), await build.need(), await build.volunteer()
    variables = {"need": f"Need:{need}", "volunteer": f"Volunteer:{person}"}

    first = await api.ask(document, actor=actor, **variables)
    planned = api.services.planner.cache.misses
    second = await api.ask(document, actor=actor, **variables)

    assert first == second
    assert api.services.planner.cache.misses == planned
    assert MAX_CACHED_SQL <= MAX_CACHED_STATEMENT_LENGTH <= HUGE_STATEMENT_LENGTH, "planned once, prepared once"
