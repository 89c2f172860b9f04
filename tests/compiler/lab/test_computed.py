"""Fields with arguments, guarded fields and lists."""

from typing import Any

import pytest

from tests.compiler.lab.museum import KEEPER, Museum

PAGE = "drawers(first: 1) { totalCount nodes { label } pageInfo { hasNextPage endCursor } }"


async def oyen(museum: Museum, asked: str, declared: str = "", viewer: str = "guest", **variables: Any) -> Any:
    document = f'query{declared} {{ node(id: "Cat:1") {{ ... on Cat {{ {asked} }} }} }}'
    return (await museum.context(document, viewer=viewer, **variables))["node"]


@pytest.mark.parametrize(
    ("asked", "declared", "variables", "value"),
    [
        ("years(from: 0)", "", {}, 63.0),
        ("years(from: 1, factor: 0.5)", "", {}, 4.0),
        ("years(from: $from, factor: $factor)", "($from: Int!, $factor: Float)", {"from": 2, "factor": 1.5}, 10.5),
        ("years(from: $from, factor: $factor)", "($from: Int!, $factor: Float)", {"from": 2}, 49.0),
        ('hums(words: ["a", "b\\"\\\\"])', "", {}, 'Oyen: a b"\\'),
        ("hums(words: [])", "", {}, "Oyen: "),
        ("hums(words: $words, mood: CROSS)", "($words: [String!]!)", {"words": ["é🌋", "x"]}, "Oyen: É🌋 X"),
        (
            "hums(words: [$word], mood: $mood)",
            "($word: String!, $mood: Mood)",
            {"word": "a", "mood": "CROSS"},
            "Oyen: A",
        ),
        ("within(span: {low: 9})", "", {}, True),
        ("within(span: {low: 1, high: 8})", "", {}, False),
        ("within(span: {low: $low, moods: [CROSS]})", "($low: Int!)", {"low": 1}, False),
        ("within(span: $span)", "($span: Span!)", {"span": {"low": 1, "moods": ["CROSS", "HAPPY"]}}, True),
        ("within(span: $span)", "($span: Span!)", {"span": {"low": 1, "moods": []}}, False),
    ],
)
async def test_a_field_is_computed_from_its_arguments(
    museum: Museum, asked: str, declared: str, variables: Any, value: Any
) -> None:
    assert await oyen(museum, f"found: {asked}", declared, **variables) == {"found": value}


async def test_one_field_with_different_arguments_stands_beside_itself(museum: Museum) -> None:
    found = await oyen(museum, "a: years(from: 0) b: years(from: 1) c: years(from: 0, factor: 1) d: lives")

    assert found == {"a": 63.0, "b": 56.0, "c": 9.0, "d": 9}


async def test_values_of_other_requests_are_bound_to_the_same_plan(museum: Museum) -> None:
    found = [await oyen(museum, "years(from: $low)", "($low: Int!)", low=low) for low in range(3)]

    assert found == [{"years": 63.0}, {"years": 56.0}, {"years": 49.0}]
    assert (museum.planner.cache.misses, museum.planner.cache.hits) == (1, 2)


async def test_what_is_guarded_is_null_to_others(museum: Museum) -> None:
    asked = f"secret toys {{ label }} {PAGE}"

    assert await oyen(museum, asked) == {"secret": None, "toys": None, "drawers": None}
    kept = await oyen(museum, asked, viewer=KEEPER)
    assert kept["secret"] == "Takut air"
    assert kept["toys"] == [{"label": "a"}, {"label": "b"}, {"label": None}, {"label": "d"}]
    cursor = kept["drawers"]["pageInfo"].pop("endCursor")
    assert cursor
    assert kept["drawers"] == {"totalCount": 4, "nodes": [{"label": "a"}], "pageInfo": {"hasNextPage": True}}
