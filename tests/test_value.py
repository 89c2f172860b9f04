"""The tables of tests/values through the API, as variables and as literals."""

import math
import uuid
from collections.abc import Mapping

import pytest

from api.models.base import new_id
from tests.asking import Api, Json, instant
from tests.builders import HOME, Build
from tests.snapshot import snapshot
from tests.values import test_day, test_instant, test_nik, test_phone, test_position, test_text
from tests.writing import PERSON, ask_both, do_both, invalid


async def read_both(api: Api, build: Build, field: str, texts: Mapping[str, str], actor: uuid.UUID) -> dict[str, Json]:
    """What is stored of each text as a field of a volunteer, as a variable and as a literal; the problems where it is refused."""
    found = {}
    for case, text in texts.items():
        values = {**PERSON, field: text}
        payloads = await do_both(api, build, "registerVolunteer", f"volunteer {{ {field} }}", values, actor=actor)
        found[case] = [each["problems"] or each["volunteer"][field] for each in payloads]
    return found


# The field, how each text is read, and the texts that are refused. JSON in UTF-8 has no lone surrogates.
TEXTS: dict[str, tuple[Mapping[str, tuple[str, str]], Mapping[str, str]]] = {
    "phone": (
        {text: (text, read) for text, read in test_phone.READ.items()},
        {text: text for text in test_phone.REFUSED if len(text) < 1000},
    ),
    "nik": (
        {text: (text, f"{'*' * 12}{read[0][-4:]}") for text, read in test_nik.READ.items()},
        {text: text for text in test_nik.REFUSED},
    ),
    "name": (test_text.READ, {case: text for case, text in test_text.REFUSED.items() if case != "lone surrogate"}),
    "consentPurpose": (
        {
            case: texts
            for case, texts in test_text.READ.items()
            if len(texts[1]) > 3 and len(texts[0].splitlines()) == 1
        },
        {case: text for case, text in test_text.REFUSED.items() if case != "lone surrogate"},
    ),
}


@pytest.mark.parametrize("field", TEXTS)
async def test_a_text_is_read_or_refused_with_its_path(api: Api, build: Build, field: str) -> None:
    right, wrong = TEXTS[field]
    actor = await build.coordinator()

    read = await read_both(api, build, field, {case: text for case, (text, _) in right.items()}, actor)
    before = await snapshot(build.connection)
    refused = await read_both(api, build, field, wrong, actor)

    assert read == {case: [expected] * 2 for case, (_, expected) in right.items()}
    assert refused == {case: [[invalid(field)]] * 2 for case in wrong}
    assert await snapshot(build.connection) == before
    assert min(len(right), len(wrong)) >= 10


def positions() -> list[tuple[float, float, bool]]:
    """Degrees north and east, and whether they are read; JSON has no infinities."""
    refused = [(north, east, False) for north, east, _ in test_position.REFUSED]
    right = [(north, east, True) for north, east in test_position.READ]
    return [each for each in [*right, *refused] if math.isfinite(each[0]) and math.isfinite(each[1])]


async def test_a_position_is_read_or_refused_with_its_path(api: Api, build: Build) -> None:
    await build.connection.execute(
        "UPDATE kabupaten SET south = $1, north = $2, west = $3, east = $4 WHERE code = $5", *test_position.KOTIM, HOME
    )
    actor = await build.coordinator()
    found = []

    for north, east, _ in positions():
        values = {**PERSON, "position": {"latitude": north, "longitude": east}}
        selection = "volunteer { position { latitude longitude } }"
        payloads = await do_both(api, build, "registerVolunteer", selection, values, actor=actor)
        found.append([each["problems"] or each["volunteer"]["position"] for each in payloads])

    assert found == [
        [{"latitude": north, "longitude": east} if is_read else [invalid("position")]] * 2
        for north, east, is_read in positions()
    ]
    assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == 2 * len(test_position.READ)


async def test_an_instant_is_read_or_refused(api: Api, build: Build) -> None:
    for at in set(test_instant.READ.values()):
        await build.incident(started_at=at, has_decree=False)
    document = "{ incidents(first: 9, filter: {startedAt: {eq: VALUE}}) { nodes { startedAt } } }"
    actor = await build.coordinator()

    read = {text: await ask_both(api, document, "DateTime", text, actor) for text in test_instant.READ}
    refused = {text: await ask_both(api, document, "DateTime", text, actor) for text in test_instant.REFUSED}

    assert read == {
        text: [{"data": {"incidents": {"nodes": [{"startedAt": instant(at)}]}}}] * 2
        for text, at in test_instant.READ.items()
    }
    assert_refused(refused)


async def test_a_day_is_read_or_refused(api: Api, build: Build) -> None:
    holder, issuer = await build.person(), await build.organization()
    for day in test_day.READ.values():
        await build.certificate(holder, issuer, issued_on=day, expires_on=None)
    document = "{ certificates(first: 9, filter: {issuedOn: {eq: VALUE}}) { nodes { issuedOn } } }"
    actor = await build.coordinator()

    read = {text: await ask_both(api, document, "Date", text, actor) for text in test_day.READ}
    refused = {text: await ask_both(api, document, "Date", text, actor) for text in test_day.REFUSED}

    assert read == {text: [{"data": {"certificates": {"nodes": [{"issuedOn": text}]}}}] * 2 for text in test_day.READ}
    assert_refused(refused)


def assert_refused(answers: Mapping[str, list[Json]]) -> None:
    """Each with one error of the input, which does not repeat the text, and without data."""
    for text, bodies in answers.items():
        for body in bodies:
            (error,) = body["errors"]
            assert (error["extensions"], "data" in body) == ({"code": "BAD_USER_INPUT"}, False), text
            assert text not in error["message"] or text.strip() in ("", "2026-11-21")


def test_ids_are_in_the_order_of_their_making() -> None:
    ids = [new_id() for _ in range(1_000)]

    assert ids == sorted(ids)
    assert {(each.version, each.variant) for each in ids} == {(7, uuid.RFC_4122)}
