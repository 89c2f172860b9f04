"""Fields with arguments, guarded fields and lists."""

from typing import Any

import pytest

from tests.compiler.lab.schema import KEEPER, CompilerLab

PAGE = "drawers(first: 1) { totalCount nodes { label } pageInfo { hasNextPage endCursor } }"


async def oyen(lab: CompilerLab, selection: str, declared: str = "", viewer: str = "guest", **variables: Any) -> Any:
    document = f'query{declared} {{ node(id: "Cat:1") {{ ... on Cat {{ {selection} }} }} }}'
    return (await lab.data(document, viewer=viewer, **variables))["node"]


@pytest.mark.parametrize(
    ("selection", "declared", "variables", "value"),
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
    lab: CompilerLab, selection: str, declared: str, variables: Any, value: Any
) -> None:
    assert await oyen(lab, f"found: {selection}", declared, **variables) == {"found": value}


async def test_one_field_is_selected_several_times_with_different_arguments(lab: CompilerLab) -> None:
    found = await oyen(lab, "a: years(from: 0) b: years(from: 1) c: years(from: 0, factor: 1) d: lives")

    assert found == {"a": 63.0, "b": 56.0, "c": 9.0, "d": 9}


async def test_requests_with_other_values_share_a_plan(lab: CompilerLab) -> None:
    found = [await oyen(lab, "years(from: $low)", "($low: Int!)", low=low) for low in range(3)]

    assert found == [{"years": 63.0}, {"years": 56.0}, {"years": 49.0}]
    assert (lab.planner.cache.misses, lab.planner.cache.hits) == (1, 2)


async def test_guarded_fields_are_null_where_the_guard_does_not_hold(lab: CompilerLab) -> None:
    selection = f"secret toys {{ label }} {PAGE}"

    assert await oyen(lab, selection) == {"secret": None, "toys": None, "drawers": None}
    keeper_found = await oyen(lab, selection, viewer=KEEPER)
    assert keeper_found["secret"] == "Takut air"
    assert keeper_found["toys"] == [{"label": "a"}, {"label": "b"}, {"label": None}, {"label": "d"}]
    cursor = keeper_found["drawers"]["pageInfo"].pop("endCursor")
    assert cursor
    assert keeper_found["drawers"] == {"totalCount": 4, "nodes": [{"label": "a"}], "pageInfo": {"hasNextPage": True}}
