"""The cost of a document: the most rows that its lists can have, computed and limited before it is executed."""

from typing import Any

import pytest
from graphql import FragmentDefinitionNode, get_operation_ast, parse, validate

from api.access import PUBLIC
from api.compiler.plan import Operation, Planner
from api.execution.limit import MAX_ROWS
from api.resolvers import ROOTS, SOURCES
from api.schema.build import core_schema
from tests.asking import Api
from tests.builders import HOME, Build

DEEP = """volunteers(first: 100) { nodes { memberships(first: 49) { nodes { organization {
  memberships(first: 100) { totalCount } } } } } }"""
FRAGMENTS = """
fragment K on Province { kabupatens(first: 5) { totalCount } }
fragment P on ProvinceConnection { nodes { ...K } }"""

PLANNER = Planner(core_schema(), SOURCES)


def cost(document: str, **variables: Any) -> int:
    node = parse(document)
    assert validate(core_schema(), node) == []
    operation = get_operation_ast(node)
    assert operation is not None
    fragments = {part.name.value: part for part in node.definitions if isinstance(part, FragmentDefinitionNode)}
    prepared = Operation(core_schema(), operation, fragments, variables)
    return PLANNER.document(prepared, PUBLIC.kind, ROOTS).cost(variables).rows


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        (
            '{ me { name } node(id: "Skill:SHELTER") { id } skill(id: "SHELTER") { id } ranks(first: 0) { totalCount } }',
            0,
        ),
        ("{ provinces(first: 0) { nodes { kabupatens(first: 100) { totalCount } } } }", 0),
        ("{ me { roles { kind } } }", 10),
        ("{ ranks(first: 7) { __typename } }", 7),
        ("{ a: ranks(last: 7) { totalCount } b: ranks(first: 3) { nodes { code } } }", 7 + 3),
        ("{ ranks(first: 7) { totalCount } ranks(first: 7) { nodes { code } } }", 7),
        ("{ ranks(first: 7) @skip(if: true) { totalCount } skills(first: 1) @include(if: true) { totalCount } }", 1),
        ("{ provinces(first: 10) { nodes { kabupatens(first: 5) { totalCount } } } }", 10 + 50),
        ("{ provinces(first: 10) { nodes { id } edges { node { kabupatens(last: 5) { totalCount } } } } }", 10 + 50),
        ("{ provinces(first: 10) { a: nodes { ...K } nodes { ...K } } }" + FRAGMENTS, 10 + 50 + 50),
        ("{ provinces(first: 10) { ...P ...P nodes { ...K } } }" + FRAGMENTS, 10 + 50),
        ("{ skills(first: 10) { nodes { certificateTypes { skills { code } } } } }", 10 + 100 + 1_000),
        ('{ nodes(ids: ["Province:11", "Province:12", "Skill:NO"]) { ...K } }' + FRAGMENTS, 3 * 5),
        ("{ needs(first: 10) { nodes { candidates(first: 5) { totalCount } } } }", 10 + 50 + 10_000),
        ("{ needs(first: 10, orderBy: SHORTFALL_DESC) { totalCount } }", 10 + 1_000),
        (f"{{ {DEEP} }}", 100 + 4_900 + 490_000),
    ],
)
def test_a_list_costs_its_size_times_the_sizes_of_the_lists_around_it(document: str, rows: int) -> None:
    used = document if "...P" in document else document.replace(FRAGMENTS[FRAGMENTS.index("\nfragment P") :], "")

    assert cost(used) == rows


def test_a_page_size_in_a_variable_costs_its_value() -> None:
    document = "query($n: Int) { provinces(first: $n) { nodes { kabupatens(last: $n) { totalCount } } } }"

    assert [cost(document, n=size) for size in (1, 10, 100)] == [2, 110, 10_100]


async def test_a_document_that_costs_too_many_rows_is_refused_as_a_whole(api: Api) -> None:
    ranks = " ".join(f"a{number}: ranks(first: 100) {{ totalCount }}" for number in range(50))
    most = f"me {{ name }} {DEEP} {ranks}"
    assert cost(f"{{ {most} }}") == MAX_ROWS

    found = await api.ask(f"{{ {most} }}")
    before = api.services.database.statements
    refused = await api.post(f"{{ {most} clusters(first: 1) {{ totalCount }} }}")

    assert len(found) == 52
    assert "data" not in refused
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["DOCUMENT_TOO_LARGE"]
    assert api.services.database.statements == before


async def test_a_document_with_introspection_is_refused_as_a_whole(api: Api) -> None:
    refused = await api.errors(f"{{ __typename __schema {{ queryType {{ name }} }} a: {DEEP} b: {DEEP} }}")

    assert refused == [("DOCUMENT_TOO_LARGE", None)]


async def test_a_mutation_whose_payload_costs_too_many_rows_changes_nothing(api: Api, build: Build) -> None:
    document = f"""mutation {{ declareIncident(input: {{hazard: "FLOOD", title: "Banjir", kabupatens: ["{HOME}"],
      startedAt: "2026-02-28T20:00:00+07:00"}}) {{ incident {{ needs(first: 100) {{ nodes {{ assignments(first: 100) {{
      nodes {{ volunteer {{ memberships(first: 100) {{ totalCount }} }} }} }} }} }} }} }} }}"""

    refused = await api.errors(document, actor=await build.coordinator())

    assert refused == [("DOCUMENT_TOO_LARGE", ["declareIncident"])]
    assert await build.connection.fetchval("SELECT count(*) FROM incident") == 0
