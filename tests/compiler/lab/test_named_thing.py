"""Things that arguments name: read by their id, or required to be there for the viewer."""

from typing import Any

import pytest

from api.compiler.error import BadInput
from tests.compiler.lab.schema import KEEPER, CompilerLab

BY_ID = "query($id: ID!) { cat(id: $id) { id name } }"
OYEN, BELANG = {"id": "Cat:1", "name": "Oyen"}, {"id": "Cat:2", "name": "Belang"}


async def refusal(lab: CompilerLab, document: str, **variables: Any) -> tuple[str, tuple[str, ...]]:
    """The message and path of the error."""
    with pytest.raises(BadInput) as error:
        await lab.data(document, **variables)
    return str(error.value), error.value.path


@pytest.mark.parametrize(
    ("id_", "guest_found", "keeper_found"),
    [("Cat:1", OYEN, OYEN), ("1", OYEN, OYEN), ("Cat:2", None, BELANG), ("2", None, BELANG), ("99", None, None)],
)
async def test_a_thing_is_read_by_its_id_or_bare_code(
    lab: CompilerLab, id_: str, guest_found: Any, keeper_found: Any
) -> None:
    assert await lab.data(BY_ID, id=id_) == {"cat": guest_found}
    assert await lab.data(BY_ID, id=id_, viewer=KEEPER) == {"cat": keeper_found}


@pytest.mark.parametrize(
    ("id_", "message"),
    [
        ("Dog:1", "This is not the id of a Cat."),
        ("Nothing:1", "This is not the id of a Cat."),
        ("Cat:", "This is not an id."),
        (":1", "This is not an id."),
        ("1\x00", "The text holds a character that cannot be stored."),
    ],
)
async def test_a_malformed_id_is_refused(lab: CompilerLab, id_: str, message: str) -> None:
    assert await refusal(lab, BY_ID, id=id_) == (message, ("cat",))


async def test_a_field_is_computed_from_a_thing_that_is_there(lab: CompilerLab) -> None:
    document = "query($shelf: ID!, $cats: [ID!]!) { cat(id: 1) { livesOn(shelf: $shelf) isOneOf(cats: $cats) } }"

    found = [
        await lab.data(document, viewer=KEEPER, shelf=shelf, cats=cats)
        for shelf, cats in (("Shelf:1", ["1", "Cat:2"]), ("2", ["Cat:2"]), ("Shelf:3", []))
    ]

    assert found == [
        {"cat": {"livesOn": True, "isOneOf": True}},
        {"cat": {"livesOn": False, "isOneOf": False}},
        {"cat": {"livesOn": False, "isOneOf": False}},
    ]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ('livesOn(shelf: "99")', "shelf: there is no such Shelf for you."),
        ('isOneOf(cats: ["1", "99"])', "cats: there is no such Cat for you."),
        ('isOneOf(cats: ["1", "2"])', "cats: there is no such Cat for you."),
    ],
)
@pytest.mark.parametrize("cat", ["1", "99"], ids=["of a cat", "of no cat"])
async def test_a_read_that_names_a_missing_thing_is_refused_as_a_whole(
    lab: CompilerLab, field: str, message: str, cat: str
) -> None:
    document = f'{{ shelves(first: 1) {{ totalCount }} cat(id: "{cat}") {{ name found: {field} }} }}'

    assert await refusal(lab, document) == (message, ("cat", "found"))


async def test_of_several_missing_things_the_first_is_named(lab: CompilerLab) -> None:
    document = '{ cat(id: "1") { a: livesOn(shelf: "1") b: livesOn(shelf: "98") c: isOneOf(cats: ["99"]) } }'

    assert await refusal(lab, document) == ("shelf: there is no such Shelf for you.", ("cat", "b"))


async def test_a_text_that_begins_like_a_missing_thing_is_not_mistaken_for_one(lab: CompilerLab) -> None:
    await lab.connection.execute("UPDATE lab_cat SET name = '!0', motto = '!' WHERE id = '1'")

    found = await lab.data('{ cat(id: "1") { name motto livesOn(shelf: "1") } }')

    assert found == {"cat": {"name": "!0", "motto": "!", "livesOn": True}}
