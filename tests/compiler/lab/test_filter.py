"""Filters: operators, groups and their bounds."""

from typing import Any

import pytest

from api.compiler.error import BadInput
from tests.compiler.lab.schema import GUEST, KEEPER, CompilerLab

ALL = [11, 12, 13, 14, 21, 22, 23]
DOCUMENT = """query($filter: BoxFilter) { found: boxes(first: 99, orderBy: PLACE, filter: $filter) {
  totalCount nodes { id } } }"""


async def boxes(lab: CompilerLab, condition: Any, viewer: str = GUEST) -> list[int]:
    """The numbers of the boxes that meet the filter."""
    found = (await lab.data(DOCUMENT, viewer=viewer, filter=condition))["found"]
    assert found["totalCount"] == len(found["nodes"])
    return sorted(int(node["id"].removeprefix("Box:")) for node in found["nodes"])


async def refusal(lab: CompilerLab, condition: Any, viewer: str = GUEST) -> tuple[str, tuple[str, ...]]:
    """The message and path of the error."""
    with pytest.raises(BadInput) as error:
        await lab.data(DOCUMENT, viewer=viewer, filter=condition)
    return str(error.value), error.value.path


def nested(depth: int, group: str) -> Any:
    """A condition within so many levels of groups, the outermost filter included."""
    condition: Any = {"label": {"eq": "a"}}
    for _ in range(depth - 1):
        condition = {group: condition if group == "not" else [condition]}
    return condition


CONDITIONS: list[tuple[Any, list[int]]] = [
    (None, ALL),
    ({}, ALL),
    ({"label": None}, ALL),
    ({"label": {}}, ALL),
    ({"label": {"eq": None}}, ALL),
    ({"label": {"eq": "a"}}, [11, 21]),
    ({"label": {"in": ["a", "b", "nothing"]}}, [11, 12, 21]),
    ({"label": {"in": []}}, []),
    ({"label": {"not": {"eq": "a"}}}, [12, 13, 14, 22, 23]),
    ({"label": {"not": {"not": {"eq": "a"}}}}, [11, 21]),
    ({"label": {"isNull": True}}, [13]),
    ({"label": {"isNull": False}}, [11, 12, 14, 21, 22, 23]),
    ({"label": {"not": {"isNull": True}}}, [11, 12, 14, 21, 22, 23]),
    ({"label": {"contains": "A"}}, [11, 21]),
    ({"label": {"contains": "%"}}, []),
    ({"label": {"contains": ""}}, [11, 12, 14, 21, 22, 23]),
    ({"place": {"gt": 2, "lte": 3}}, [13, 23]),
    ({"place": {"gte": 2, "lt": 3}}, [12, 22]),
    ({"place": {"in": [1, 4]}, "label": {"not": {"eq": "a"}}}, [14]),
    ({"shelfName": {"eq": "Kanan"}}, [21, 22, 23]),
    ({"shelfName": {"not": {"eq": "Kanan"}}}, [11, 12, 13, 14]),
    ({"even": True}, [12, 14, 22]),
    ({"even": False}, [11, 13, 21, 23]),
]


GROUPS: list[tuple[Any, list[int]]] = [
    ({"and": []}, ALL),
    ({"and": [{}]}, ALL),
    ({"and": [{"label": {"eq": "a"}}, {"place": {"eq": 1}}, {"shelfName": {"eq": "Kiri"}}]}, [11]),
    ({"or": []}, []),
    ({"or": [{}]}, ALL),
    ({"or": None}, ALL),
    ({"or": [{"label": {"eq": "a"}}, {"place": {"eq": 4}}]}, [11, 14, 21]),
    ({"or": [{"label": {"eq": "a"}}], "place": {"eq": 4}}, []),
    ({"or": [{"label": {"eq": "a"}, "shelfName": {"eq": "Kiri"}}, {"label": {"eq": "b"}}]}, [11, 12]),
    ({"not": {}}, []),
    ({"not": {"label": {"eq": "a"}}}, [12, 13, 14, 22, 23]),
    ({"not": {"label": {"eq": "a"}, "shelfName": {"eq": "Kiri"}}}, [12, 13, 14, 21, 22, 23]),
    ({"not": {"or": [{"label": {"eq": "a"}}, {"even": True}]}}, [13, 23]),
    ({"not": {"not": {"label": {"eq": "a"}}}}, [11, 21]),
    ({"and": [{"or": [{"even": True}, {"label": {"isNull": True}}]}, {"not": {"place": {"eq": 2}}}]}, [13, 14]),
]


async def test_a_condition_selects_rows_by_its_operators(lab: CompilerLab) -> None:
    found = [(condition, await boxes(lab, condition)) for condition, _ in CONDITIONS]

    assert found == CONDITIONS


async def test_groups_combine_conditions(lab: CompilerLab) -> None:
    found = [(condition, await boxes(lab, condition)) for condition, _ in GROUPS]

    assert found == GROUPS


@pytest.mark.parametrize("group", ["and", "or", "not"])
async def test_groups_are_nested_five_deep_at_most(lab: CompilerLab, group: str) -> None:
    found = await boxes(lab, nested(5, group))
    refused = await refusal(lab, nested(6, group))

    assert found == [11, 21]
    assert refused == ("Conditions may be nested 5 deep.", ("found",))


async def test_a_filter_has_fifty_conditions_at_most(lab: CompilerLab) -> None:
    one: Any = {"label": {"eq": "a"}, "place": {"eq": 1}}

    found = await boxes(lab, {"or": [one] * 25})
    refused = await refusal(lab, {"or": [one] * 25, "even": True})

    assert found == [11, 21]
    assert refused == ("A filter may have 50 conditions.", ("found",))


async def test_the_conditions_of_each_list_are_counted_on_their_own(lab: CompilerLab) -> None:
    many = {"or": [{"label": {"eq": "a"}}] * 50}
    document = """query($filter: BoxFilter) { a: boxes(first: 9, filter: $filter) { totalCount }
      shelves(first: 1) { nodes { thingPage(first: 9, filter: $filter) { totalCount } } } }"""

    found = await lab.data(document, filter=many)

    assert found == {"a": {"totalCount": 2}, "shelves": {"nodes": [{"thingPage": {"totalCount": 1}}]}}


async def test_a_condition_names_things_that_the_viewer_may_see(lab: CompilerLab) -> None:
    assert await boxes(lab, {"cat": {"eq": "Cat:1"}}) == [11]
    assert await boxes(lab, {"cat": {"eq": "1"}}) == [11]
    assert await boxes(lab, {"cat": {"in": ["Cat:1", "1", "Cat:1"]}}) == [11]
    assert await boxes(lab, {"cat": {"in": []}}) == []
    assert await boxes(lab, {"cat": {"not": {"eq": "Cat:1"}}}) == [12, 13, 14, 21, 22, 23]
    assert await boxes(lab, {"cat": {"eq": "Cat:2"}}, KEEPER) == [21, 22, 23]
    assert await boxes(lab, {"cat": {"in": ["Cat:2", "Cat:1"]}}, KEEPER) == [11, 21, 22, 23]


async def test_a_reference_to_a_hidden_thing_is_null_for_the_viewer(lab: CompilerLab) -> None:
    assert await boxes(lab, {"cat": {"isNull": True}}) == [12, 13, 14, 21, 22, 23]
    assert await boxes(lab, {"cat": {"isNull": False}}) == [11]
    assert await boxes(lab, {"cat": {"isNull": True}}, KEEPER) == [12, 13, 14]
    assert await boxes(lab, {"cat": {"isNull": False}}, KEEPER) == [11, 21, 22, 23]


@pytest.mark.parametrize("key", ["2", "99"], ids=["hidden", "unknown"])
@pytest.mark.parametrize(
    ("condition", "argument"),
    [
        ({"cat": {"eq": "Cat:KEY"}}, "filter.cat.eq"),
        ({"cat": {"eq": "KEY"}}, "filter.cat.eq"),
        ({"cat": {"in": ["Cat:1", "Cat:KEY"]}}, "filter.cat.in"),
        ({"cat": {"not": {"eq": "Cat:KEY"}}}, "filter.cat.not.eq"),
        ({"not": {"cat": {"eq": "Cat:KEY"}}}, "filter.not.cat.eq"),
        ({"or": [{"even": True}, {"cat": {"eq": "Cat:KEY"}}]}, "filter.or.1.cat.eq"),
    ],
    ids=str,
)
async def test_a_hidden_thing_is_refused_like_an_unknown_one(
    lab: CompilerLab, condition: Any, argument: str, key: str
) -> None:
    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: replaced(each) for name, each in value.items()}
        if isinstance(value, list):
            return [replaced(each) for each in value]
        return value.replace("KEY", key) if isinstance(value, str) else value

    refused = await refusal(lab, replaced(condition))

    assert refused == (f"{argument}: there is no such Cat for you.", ("found",))


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"cat": {"eq": "Dog:1"}}, "This is not the id of a Cat."),
        ({"cat": {"in": ["Cat:1", "Dog:1"]}}, "This is not the id of a Cat."),
        ({"cat": {"eq": "Cat:"}}, "This is not an id."),
        ({"cat": {"in": ["Cat:1"] * 101}}, "Name at most 100 ids at once."),
        ({"cat": {"eq": "Cat:\x00"}}, "The text holds a character that cannot be stored."),
        ({"label": {"in": ["a", "\ud800"]}}, "The text holds a character that cannot be stored."),
        ({"label": {"contains": "x" * 201}}, "Look for a text of at most 200 characters."),
    ],
    ids=["type", "type in a list", "no key", "too many", "NUL", "half a surrogate pair", "long text"],
)
async def test_a_malformed_value_is_refused_with_the_path_of_its_field(
    lab: CompilerLab, condition: Any, message: str
) -> None:
    assert await refusal(lab, condition) == (message, ("found",))


async def test_a_hundred_ids_are_accepted(lab: CompilerLab) -> None:
    assert await boxes(lab, {"cat": {"in": ["Cat:1"] * 100}}) == [11]


async def test_filters_of_one_shape_share_a_plan(lab: CompilerLab) -> None:
    await boxes(lab, {"or": [{"label": {"eq": "a"}}, {"cat": {"in": ["1"]}}]})
    found = await boxes(lab, {"or": [{"label": {"eq": "b"}}, {"cat": {"in": ["1", "1", "1"]}}]})
    await boxes(lab, {"or": [{"cat": {"in": ["1"]}}, {"label": {"eq": "a"}}]})

    assert found == [11, 12]
    assert (lab.planner.cache.misses, lab.planner.cache.hits) == (2, 1)


async def test_two_values_of_one_condition_are_bound_to_their_own_places(lab: CompilerLab) -> None:
    document = """query($one: String, $other: String) {
      a: boxes(first: 9, filter: {or: [{label: {eq: $one}}, {label: {eq: $other}}]}) { nodes { id } }
      b: boxes(first: 9, filter: {label: {eq: $other}}) { nodes { id } } }"""

    found = await lab.data(document, one="b", other="e")

    assert found == {
        "a": {"nodes": [{"id": "Box:12"}, {"id": "Box:22"}]},
        "b": {"nodes": [{"id": "Box:22"}]},
    }
