"""What verbs may take and answer, and who may call them; shown by verbs of the tests' own."""

import uuid
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import orjson
import pytest

from api.database.engine import Database
from tests.asking import PROBLEMS, Json, problem
from tests.builders import FAR, HOME, NEIGHBOUR, SKILL, Build
from tests.conftest import NOW
from tests.own_verb import OWN_VERBS, OwnApi, own_schema
from tests.snapshot import snapshot

THING = "id name kabupaten { code } consentPurpose"
ITEMS = f"results {{ position volunteer {{ {THING} }} {PROBLEMS} }}"


def document(name: str, fields: str) -> str:
    input_type = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation($input: {input_type}!) {{ {name}(input: $input) {{ {fields} {PROBLEMS} }} }}"


DESCRIBE = document("describeInput", "report { text number }")
REGISTER = document("registerPeople", ITEMS)
RAISE = document("raisePriorities", "needs { id priority }")
RENAME = document("renameSkill", "skill { id code label(language: EN) }")
REPORT = document("reportWave", "report { secret }")
MAKE_KEY = document("makeKey", "report { secret }")
SET_EXPIRY = document("setExpiry", "certificate { expiresOn }")


@pytest.fixture
async def own(database_url: str, keys: Path) -> AsyncGenerator[OwnApi]:
    database = await Database.open(database_url)
    yield OwnApi.from_database(database, keys)
    await database.close()


async def events(build: Build) -> list[tuple[object, ...]]:
    rows = await build.connection.fetch("SELECT kind, actor_kind, account_id, change FROM event ORDER BY position")
    return [(row["kind"], row["actor_kind"], row["account_id"], orjson.loads(row["change"])) for row in rows]


# Inputs.


@pytest.mark.parametrize(
    ("given", "received"),
    [
        ({}, {}),
        ({"note": None}, {"note": None}),
        ({"note": ""}, {"note": ""}),
        ({"volunteer": None}, {"volunteer": None}),
        ({"skills": None, "teams": None}, {"skills": None, "teams": None}),
        ({"skills": [], "teams": []}, {"skills": [], "teams": []}),
        ({"teams": [{}]}, {"teams": [{}]}),
        (
            {"teams": [{"leader": None, "homes": None, "name": None}]},
            {"teams": [{"leader": None, "homes": None, "name": None}]},
        ),
        ({"skills": [SKILL, f"Skill:{SKILL}"]}, {"skills": [SKILL, SKILL]}),
        (
            {"teams": [{"homes": [HOME, f"Kabupaten:{FAR}"]}, {"homes": []}]},
            {"teams": [{"homes": [HOME, FAR]}, {"homes": []}]},
        ),
    ],
    ids=str,
)
async def test_a_service_gets_what_the_client_wrote(own: OwnApi, build: Build, given: Json, received: Json) -> None:
    """What is left out is not null; codes take the place of ids, also in nested inputs and lists."""
    described = await own.do(DESCRIBE, await build.coordinator(), **given)

    assert described == {"report": {"text": repr(received), "number": len(received)}, "problems": []}


async def test_keys_take_the_place_of_nested_ids(own: OwnApi, build: Build) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    teams = [{"leader": f"Volunteer:{first}", "name": "A"}, {"leader": f"Volunteer:{second}", "homes": [HOME]}]

    described = await own.do(DESCRIBE, await build.coordinator(), volunteer=f"Volunteer:{first}", teams=teams)

    received = {"volunteer": first, "teams": [{"leader": first, "name": "A"}, {"leader": second, "homes": [HOME]}]}
    assert described["report"] == {"text": repr(received), "number": 2}


async def test_everything_that_is_wrong_with_an_input_is_told_at_once_with_its_path(own: OwnApi, build: Build) -> None:
    teams = [
        {"leader": "Volunteer:1", "homes": [HOME, "Skill:62.02", "Kabupaten:"], "name": "A\x00"},
        {"leader": f"Need:{uuid.uuid4()}", "homes": ["62\x0002"]},
    ]

    described = await own.do(
        DESCRIBE, await build.coordinator(), volunteer="x", skills=[SKILL, "Rank:X"], teams=teams, note="\x00"
    )

    assert described["report"] is None
    assert sorted((each["path"], each["code"]) for each in described["problems"]) == [
        (["input", "note"], "INVALID"),
        (["input", "skills", "1"], "NOT_FOUND"),
        (["input", "teams", "0", "homes", "1"], "NOT_FOUND"),
        (["input", "teams", "0", "homes", "2"], "NOT_FOUND"),
        (["input", "teams", "0", "leader"], "NOT_FOUND"),
        (["input", "teams", "0", "name"], "INVALID"),
        (["input", "teams", "1", "homes", "0"], "NOT_FOUND"),
        (["input", "teams", "1", "leader"], "NOT_FOUND"),
        (["input", "volunteer"], "NOT_FOUND"),
    ]


async def test_left_out_and_null_are_different_requests_under_one_key(own: OwnApi, build: Build) -> None:
    coordinator = await build.coordinator()

    first = await own.do(DESCRIBE, coordinator, note=None, idempotencyKey="k")
    again = await own.do(DESCRIBE, coordinator, note=None, idempotencyKey="k")
    other = await own.do(DESCRIBE, coordinator, idempotencyKey="k")

    assert first == again == {"report": {"text": "{'note': None}", "number": 1}, "problems": []}
    assert other == {"report": None, "problems": [problem("Simple", "KEY_REUSED", "idempotencyKey")]}


async def test_null_removes_a_value_and_what_is_left_out_stays(own: OwnApi, build: Build) -> None:
    coordinator, issuer = await build.coordinator(), await build.organization()
    certificate = f"Certificate:{await build.certificate(await build.person(), issuer)}"

    untouched = await own.do(SET_EXPIRY, coordinator, certificate=certificate)
    changed = await own.do(SET_EXPIRY, coordinator, certificate=certificate, expiresOn="2027-01-01")
    removed = await own.do(SET_EXPIRY, coordinator, certificate=certificate, expiresOn=None)

    days = [each["certificate"]["expiresOn"] for each in (untouched, changed, removed)]
    assert days == ["2029-01-01", "2027-01-01", None]


# Outcomes.


async def test_a_violated_constraint_is_the_problem_that_the_verb_names(own: OwnApi, build: Build) -> None:
    coordinator, issuer = await build.coordinator(), await build.organization()
    certificate = await build.certificate(await build.person(), issuer)
    before = await snapshot(build.connection)

    refused = await own.do(SET_EXPIRY, coordinator, certificate=f"Certificate:{certificate}", expiresOn="2023-12-31")

    assert refused == {"certificate": None, "problems": [problem("Simple", "INVALID", "expiresOn")]}
    assert await snapshot(build.connection) == before


async def test_a_verb_may_answer_with_several_things(own: OwnApi, build: Build) -> None:
    needs = [f"Need:{await build.need(starts_at=NOW)}" for _number in range(2)]
    await build.need()

    raised = await own.do(RAISE, await build.coordinator(), needs=needs)

    assert sorted(need["id"] for need in raised["needs"]) == sorted(needs)
    assert [need["priority"] for need in raised["needs"]] == ["URGENT"] * 2
    assert raised["problems"] == []
    priorities = await build.connection.fetch("SELECT priority FROM need ORDER BY 1")
    assert [row["priority"] for row in priorities] == ["NORMAL", "URGENT", "URGENT"]


async def test_several_things_are_all_changed_or_none(own: OwnApi, build: Build) -> None:
    need = f"Need:{await build.need()}"
    before = await snapshot(build.connection)

    refused = await own.do(RAISE, await build.coordinator(), needs=[need, f"Need:{uuid.uuid4()}"])
    none = await own.do(RAISE, await build.coordinator(), needs=[])

    assert refused == {"needs": [], "problems": [problem("Simple", "NOT_FOUND", "needs", "1")]}
    assert none == {"needs": [], "problems": []}
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize("skill", [SKILL, f"Skill:{SKILL}"])
async def test_the_thing_may_have_a_code_for_its_key(own: OwnApi, build: Build, skill: str) -> None:
    coordinator = await build.coordinator()

    renamed = await own.do(RENAME, coordinator, skill=skill, label="Boats", idempotencyKey="k")
    again = await own.do(RENAME, coordinator, skill=skill, label="Boats", idempotencyKey="k")
    refused = await own.do(RENAME, coordinator, skill="FLYING", label="Wings")

    assert renamed == {"skill": {"id": f"Skill:{SKILL}", "code": SKILL, "label": "Boats"}, "problems": []}
    assert again == renamed
    assert refused == {"skill": None, "problems": [problem("Simple", "NOT_FOUND", "skill")]}


async def test_a_thousand_items_are_done_in_one_transaction_but_for_those_refused(own: OwnApi, build: Build) -> None:
    coordinator = await build.coordinator()
    await build.person(name="Relawan 500")
    people: list[dict[str, Any]] = [{"name": f"Relawan {number}", "kabupaten": HOME} for number in range(1000)]
    people[3]["kabupaten"] = "Skill:62.02"
    people[7] |= {"name": "A\x00", "kabupaten": "Kabupaten:"}
    people[999]["name"] = "Relawan 1"

    registered = await own.do(REGISTER, coordinator, people=people, purpose="Penugasan")

    assert registered["problems"] == []
    results = registered["results"]
    assert [result["position"] for result in results] == list(range(1000))
    refused = {result["position"]: result for result in results if result["problems"]}
    taken = "ALREADY_REGISTERED"
    assert {position: result["problems"] for position, result in refused.items()} == {
        3: [problem("Simple", "NOT_FOUND", "people", "3", "kabupaten")],
        7: [
            problem("Simple", "INVALID", "people", "7", "name"),
            problem("Simple", "NOT_FOUND", "people", "7", "kabupaten"),
        ],
        500: [problem("Simple", taken, "people", "500", "name")],
        999: [problem("Simple", taken, "people", "999", "name")],
    }
    assert [result["volunteer"] for result in refused.values()] == [None] * 4
    done = [result for result in results if not result["problems"]]
    assert [result["volunteer"] for result in done] == [
        {
            "id": result["volunteer"]["id"],
            "name": people[result["position"]]["name"],
            "kabupaten": {"code": HOME},
            "consentPurpose": "Penugasan",
        }
        for result in done
    ]
    rows = await build.connection.fetch("SELECT name, xmin::text AS transaction FROM volunteer ORDER BY created_at")
    assert len(rows) == 997
    assert len({row["transaction"] for row in rows if row["name"] != "Relawan 500"}) == 1


async def test_a_repeated_bulk_request_is_done_once_and_gets_the_same_results(own: OwnApi, build: Build) -> None:
    coordinator = await build.coordinator()
    people = [{"name": name, "kabupaten": NEIGHBOUR} for name in ("Ani", "Budi", "Ani")]
    fields = {"people": [*people, {"name": "Citra", "kabupaten": "x:y"}], "purpose": "Penugasan", "idempotencyKey": "k"}

    first = await own.do(REGISTER, coordinator, **fields)
    again = await own.do(REGISTER, coordinator, **fields)

    assert [(result["volunteer"] or {}).get("name") for result in first["results"]] == ["Ani", "Budi", None, None]
    assert again == first
    assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == 2


async def test_a_bulk_request_that_is_refused_as_a_whole_has_no_results(own: OwnApi, build: Build) -> None:
    people = [{"name": "Ani", "kabupaten": "x:y"}, {"name": "Budi", "kabupaten": HOME}]

    refused = await own.do(REGISTER, await build.coordinator(), people=people, purpose="")
    empty = await own.do(REGISTER, await build.coordinator(), people=[], purpose="Penugasan")

    assert refused == {"results": [], "problems": [problem("Simple", "INVALID", "purpose")]}
    assert empty == {"results": [], "problems": []}
    assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == 0


# Callers without an account.


async def test_a_verb_may_be_called_without_an_account(own: OwnApi, build: Build) -> None:
    account = await build.account()

    by_the_public = await own.do(REPORT, None, hazard="Hazard:EXTREME_WAVE", text="Tinggi")
    by_an_account = await own.do(REPORT, account, hazard="EXTREME_WAVE", text="Surut")

    assert by_the_public == {"report": {"secret": "EXTREME_WAVE Tinggi"}, "problems": []}
    assert by_an_account == {"report": {"secret": "EXTREME_WAVE Surut"}, "problems": []}
    assert await events(build) == [
        ("wave.reported", "PUBLIC", None, {"hazard": "EXTREME_WAVE", "text": "Tinggi"}),
        ("wave.reported", "ACCOUNT", account, {"hazard": "EXTREME_WAVE", "text": "Surut"}),
    ]


async def test_a_repeated_request_of_the_public_is_done_once(own: OwnApi, build: Build) -> None:
    fields = {"hazard": "EXTREME_WAVE", "text": "Tinggi", "idempotencyKey": "k"}

    first = await own.do(REPORT, None, **fields)
    again = await own.do(REPORT, None, **fields)
    another = await own.do(REPORT, None, **{**fields, "text": "Surut"})
    by_an_account = await own.do(REPORT, await build.account(), **fields)

    assert first == again == by_an_account == {"report": {"secret": "EXTREME_WAVE Tinggi"}, "problems": []}
    assert another == {"report": None, "problems": [problem("Simple", "KEY_REUSED", "idempotencyKey")]}
    assert [kind for _, kind, *_ in await events(build)] == ["PUBLIC", "ACCOUNT"]


async def test_other_verbs_are_not_for_the_public(own: OwnApi, build: Build) -> None:
    before = await snapshot(build.connection)

    answered = await own.post(RENAME, None, skill=SKILL, label="Boats")

    assert answered == ({"renameSkill": None}, [("Sign in first.", "UNAUTHENTICATED")])
    assert await snapshot(build.connection) == before


# Secrets.


async def test_nothing_is_stored_of_a_verb_that_hands_out_a_secret(own: OwnApi, build: Build) -> None:
    coordinator = await build.coordinator()
    schema, _sources = own_schema()
    before = await snapshot(build.connection)

    made = await own.do(MAKE_KEY, coordinator, name="Posko")
    refused = await own.do(MAKE_KEY, coordinator, name="taken")
    _data, errors = await own.post(MAKE_KEY, coordinator, name="Posko", idempotencyKey="k")

    assert made == {"report": {"secret": "secret of Posko"}, "problems": []}
    assert refused == {"report": None, "problems": [problem("Simple", "INVALID", "name")]}
    assert 'input MakeKeyInput {\n  """The name of the key."""\n  name: String!\n}' in schema.as_str()
    assert "unknown field 'idempotencyKey'" in errors[0][0]
    assert await snapshot(build.connection) == before


def test_the_description_of_a_verb_has_only_the_codes_that_it_can_answer_with() -> None:
    codes = {each.name: list(map(str, each.all_codes)) for each in OWN_VERBS}

    usual = ["NOT_FOUND", "FORBIDDEN", "INVALID", "KEY_REUSED"]
    with_code = ["NOT_FOUND", "FORBIDDEN", "INVALID", "CODE_RETIRED", "KEY_REUSED"]
    with_kabupaten = ["NOT_FOUND", "FORBIDDEN", "CODE_REPLACED", "INVALID", "CODE_RETIRED", "KEY_REUSED"]
    assert codes == {
        "describe_input": with_kabupaten,
        "register_people": [*with_kabupaten, "ALREADY_REGISTERED"],
        "raise_priorities": usual,
        "raise_carelessly": usual,
        "rename_skill": with_code,
        "report_wave": with_code,
        "make_key": ["FORBIDDEN", "INVALID"],
        "set_expiry": usual,
    }
