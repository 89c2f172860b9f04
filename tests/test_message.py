"""What errors and problems say: the place and what is expected, never the value that was sent."""

from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import HOME, Build
from tests.writing import Symbol, literal

NIK, PHONE = "6202014107900001", "+6281234567890"
DOCUMENT = f"mutation($input: RegisterVolunteerInput!) {{ registerVolunteer(input: $input) {{ volunteer {{ id }} {PROBLEMS} }} }}"
PERSON: Json = {
    "name": "Sinta",
    "kabupaten": HOME,
    "reach": Symbol("NATIONAL"),
    "consentPurpose": "Tugas",
    "nik": NIK,
    "phone": PHONE,
}
INPUT = "RegisterVolunteerInput"

# What is sent, where it is wrong, and what is said about it.
WRONG: list[tuple[Any, str, str]] = [
    (
        {**PERSON, "nick": "x"},
        "",
        f"Expected value of type '{INPUT}' not to include unknown field 'nick'. Did you mean 'nik'?",
    ),
    ({**PERSON, "zodiac": "x"}, "", f"Expected value of type '{INPUT}' not to include unknown field 'zodiac'."),
    ({**PERSON, "nik": int(NIK)}, ".nik", "String cannot represent a non string value."),
    ({**PERSON, "nik": True}, ".nik", "String cannot represent a non string value."),
    ({**PERSON, "nik": [NIK]}, ".nik", "String cannot represent a non string value."),
    ({**PERSON, "nik": {"nik": NIK}}, ".nik", "String cannot represent a non string value."),
    ([PERSON], "", f"Expected value of type '{INPUT}' to be an object."),
    (NIK, "", f"Expected value of type '{INPUT}' to be an object."),
    (
        {"nik": NIK, **{name: value for name, value in PERSON.items() if name != "name"}},
        "",
        f"Expected value of type '{INPUT}' to include required field 'name'.",
    ),
    ({**PERSON, "name": None}, ".name", "Expected value of non-null type 'String!' not to be null."),
    (None, "", f"Expected value of non-null type '{INPUT}!' not to be null."),
    ({**PERSON, "since": NIK}, ".since", "A date is written as year, month and day, for instance 2026-11-21."),
    (
        {**PERSON, "position": {"latitude": NIK, "longitude": 1}},
        ".position.latitude",
        "Float cannot represent non numeric value.",
    ),
    ({**PERSON, "position": NIK}, ".position", "Expected value of type 'PointInput' to be an object."),
]


@pytest.mark.parametrize(("sent", "place", "message"), WRONG, ids=ascii)
async def test_an_error_says_the_place_and_not_the_value(
    api: Api, build: Build, sent: Any, place: str, message: str
) -> None:
    coordinator = await build.coordinator()

    as_variable = await api.post(DOCUMENT, actor=coordinator, input=sent)
    as_literal = await api.post(
        f"mutation {{ registerVolunteer(input: {literal(sent)}) {{ volunteer {{ id }} }} }}", actor=coordinator
    )

    where = f" at {place}" if place else ""
    assert [error["message"] for error in as_variable["errors"]] == [
        f"Variable '$input' has invalid value{where}: {message}"
    ]
    assert [error["message"] for error in as_literal["errors"]] == [message]
    assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == 0


@pytest.mark.parametrize(
    "reach", ["6202014107900001", "6202 Did you mean 'x'?", "y' does not exist in 'R'", 6202, True, [NIK]], ids=ascii
)
async def test_an_enum_and_a_name_do_not_repeat_what_was_sent(api: Api, build: Build, reach: Json) -> None:
    answers = [
        await api.post(DOCUMENT, actor=await build.coordinator(), input={**PERSON, "reach": reach}),
        await api.post(DOCUMENT, actor=await build.coordinator(), input={**PERSON, f"6202, found: '.{reach}": 1}),
        await api.post('{ me "6202" }'),
        await api.post("{ me 6202 }"),
    ]

    for answer in answers:
        (error,) = answer["errors"]
        assert not {"6202", "True", "None"} & set(error["message"].replace("'", " ").replace(".", " ").split())
        assert "6202" not in error["message"]


# Codes from before the divisions of Papua, and the codes in force.
OLD = [
    ("92.71", "96.71"),
    ("91.01", "93.01"),
    ("91.02", "95.01"),
    ("91.12", "95.02"),
    ("91.28", "94.08"),
    ("92.01", "96.01"),
]


@pytest.mark.parametrize(("old", "code"), OLD)
async def test_an_old_code_is_answered_with_the_code_in_force(api: Api, build: Build, old: str, code: str) -> None:
    coordinator = await build.coordinator()
    documents = [
        "query($id: ID!) { volunteers(first: 1, filter: {kabupaten: {eq: $id}}) { totalCount } }",
        "query($id: ID!) { needs(first: 1, filter: {kabupaten: {in: [$id]}}) { totalCount } }",
        "query($id: ID!) { incidents(first: 1, filter: {kabupaten: {not: {eq: $id}}}) { totalCount } }",
        "query($id: ID!) { kabupaten(id: $id) { name } }",
        'query($id: ID!) { kabupaten(id: "62.71") { distanceTo(place: {kabupaten: $id}) } }',
        f'{{ node(id: "Kabupaten:{old}") {{ id }} }}',
        f'{{ nodes(ids: ["Kabupaten:{old}"]) {{ id }} }}',
        f'{{ volunteers(first: 1, filter: {{kabupaten: {{eq: "Kabupaten:{old}"}}}}) {{ totalCount }} }}',
    ]

    answers = [
        await api.post(document, actor=coordinator, **({"id": old} if "$id" in document else {}))
        for document in documents
    ]
    registered = await api.do(DOCUMENT, actor=coordinator, **{**PERSON, "kabupaten": old, "name": " "})

    extensions = {"code": "BAD_USER_INPUT", "codeInForce": code}
    assert [[error["extensions"] for error in answer["errors"]] for answer in answers] == [[extensions]] * len(
        documents
    )
    assert registered["problems"] == [
        problem("Code", "CODE_REPLACED", "kabupaten", codeInForce=code),
        problem("Simple", "INVALID", "name"),
    ]
