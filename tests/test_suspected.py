"""Pairs of volunteers with similar names in one kabupaten."""

import uuid

import pytest

from api.services import import_comparison
from api.transport import Transport
from api.worker import Worker
from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.snapshot import snapshot
from tests.test_import import Office, office

__all__ = ["office"]

REGISTER = f"mutation($input: RegisterVolunteerInput!) {{ registerVolunteer(input: $input) {{ volunteer {{ id }} {PROBLEMS} }} }}"
CHANGE = (
    f"mutation($input: ChangeVolunteerInput!) {{ changeVolunteer(input: $input) {{ volunteer {{ id }} {PROBLEMS} }} }}"
)
MERGE = (
    f"mutation($input: MergeVolunteersInput!) {{ mergeVolunteers(input: $input) {{ volunteer {{ id }} {PROBLEMS} }} }}"
)
DISMISS = f"mutation($input: DismissSuspectedPairInput!) {{ dismissSuspectedPair(input: $input) {{ volunteers {{ id }} {PROBLEMS} }} }}"
LIST = "{ suspectedPairs(first: 9) { nodes { id similarity kabupaten { code } one { id } other { id } } } }"
PERSON = {"name": "Sinta Dewi", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan relawan"}


def named(volunteer: uuid.UUID) -> str:
    return f"Volunteer:{volunteer}"


async def listed(api: Api, actor: uuid.UUID) -> list[Json]:
    nodes: list[Json] = (await api.ask(LIST, actor=actor))["suspectedPairs"]["nodes"]
    return nodes


@pytest.mark.parametrize(
    ("stored", "is_suspected"),
    [
        ({"name": "Sinta Dewi"}, True),
        ({"name": "SINTA  DEWI"}, True),
        ({"name": "Shinta Dewi"}, True),
        ({"name": "Sinta Dewy"}, True),
        ({"name": "Sinta Dewi", "kabupaten_code": NEIGHBOUR}, False),
        ({"name": "Budi Santoso"}, False),
        ({"name": "Sinta"}, False),
        ({"name": "Sinta Dewi", "nik_cipher": b"x", "nik_index": b"y", "nik_tail": "0001"}, True),
    ],
    ids=str,
)
async def test_who_has_a_similar_name_in_the_kabupaten_is_suspected(
    api: Api, build: Build, stored: Json, is_suspected: bool
) -> None:
    other, coordinator = await build.person(**stored), await build.coordinator(kabupaten_code=HOME)

    registered = await api.do(REGISTER, actor=coordinator, **PERSON)
    found = await listed(api, coordinator)

    assert registered["problems"] == []
    pairs = [{node["one"]["id"], node["other"]["id"]} for node in found]
    assert pairs == ([{named(other), registered["volunteer"]["id"]}] if is_suspected else [])
    assert [node["kabupaten"] for node in found] == [{"code": HOME}] * len(pairs)


async def test_at_most_five_are_suspected_of_a_frequent_name(api: Api, build: Build) -> None:
    for _ in range(7):
        await build.person(name="Sinta Dewi")
    coordinator = await build.coordinator()

    await api.do(REGISTER, actor=coordinator, **PERSON)

    assert [node["similarity"] for node in await listed(api, coordinator)] == [1.0] * 5


async def test_a_new_name_or_home_is_looked_at_again(api: Api, build: Build) -> None:
    here, there = await build.person(name="Sinta Dewi"), await build.person(name="Sinta Dewi", kabupaten_code=FAR)
    volunteer, coordinator = await build.person(name="Budi"), await build.coordinator()
    found = []

    for version, given in enumerate(
        ({"name": "Sinta Dewi"}, {"kabupaten": FAR}, {"email": "a@b.id"}, {"name": "Budi"}), 1
    ):
        await api.do(CHANGE, actor=coordinator, volunteer=named(volunteer), version=version, **given)
        pairs = await listed(api, coordinator)
        found.append([{node["one"]["id"], node["other"]["id"]} - {named(volunteer)} for node in pairs])

    assert found == [[{named(here)}], [{named(there)}], [{named(there)}], []]


async def test_the_answer_that_they_are_two_is_remembered(api: Api, build: Build) -> None:
    await build.person(name="Sinta Dewi")
    coordinator = await build.coordinator(kabupaten_code=HOME)
    registered = await api.do(REGISTER, actor=coordinator, **PERSON)
    (pair,) = await listed(api, coordinator)
    both = [{"id": each} for each in sorted((pair["one"]["id"], pair["other"]["id"]))]
    strangers = [await build.coordinator(kabupaten_code=FAR), await build.coordinator(kabupaten_code=NEIGHBOUR)]
    before = await snapshot(build.connection)

    refused = [
        await api.do(DISMISS, actor=actor, suspectedPair=pair["id"], reason=reason)
        for actor, reason in (*((each, "Dua orang") for each in strangers), (coordinator, " "))
    ]
    unchanged = await snapshot(build.connection) == before
    answered = await api.do(DISMISS, actor=coordinator, suspectedPair=pair["id"], reason="Kakak  beradik")
    again = await api.do(DISMISS, actor=coordinator, suspectedPair=pair["id"], reason="Kakak beradik")
    ids = {"volunteer": registered["volunteer"]["id"]}
    for version, name in enumerate(("Sinta", "Sinta Dewi"), 1):
        await api.do(CHANGE, actor=coordinator, **ids, version=version, name=name)
    (row,) = await build.connection.fetch("SELECT reason FROM distinct_pair")

    not_found = problem("Simple", "NOT_FOUND", "suspectedPair")
    assert [each["problems"] for each in refused] == [
        [not_found],
        [not_found],
        [problem("Simple", "INVALID", "reason")],
    ]
    assert unchanged
    assert sorted(answered["volunteers"], key=lambda each: each["id"]) == both
    assert answered["problems"] == []
    assert again["problems"] == [not_found]
    assert await listed(api, coordinator) == []
    assert row["reason"] == "Kakak beradik"


async def test_who_was_found_to_be_somebody_else_is_suspected_no_more(api: Api, build: Build) -> None:
    """Also where it is found by something else than the name, and after the pair was noted; the first reason stays."""
    other = await build.person(name="Sinta Dewi", phone="+6281234567890")
    coordinator = await build.coordinator(kabupaten_code=HOME)
    registered = await api.do(REGISTER, actor=coordinator, **PERSON)
    noted = await listed(api, coordinator)
    ids = {"volunteer": registered["volunteer"]["id"], "phone": "+6281234567890"}

    changed = await api.do(CHANGE, actor=coordinator, **ids, version=1, confirmDistinct="Kembar")
    (row,) = await build.connection.fetch("SELECT reason FROM distinct_pair")

    assert [{node["one"]["id"], node["other"]["id"]} for node in noted] == [{ids["volunteer"], named(other)}]
    assert changed["problems"] == []
    assert (await listed(api, coordinator), row["reason"]) == ([], "Kembar")


async def test_the_answer_that_they_are_one_merges_them(api: Api, build: Build) -> None:
    """A person with two records, merged: what was under either is under one, and both ids lead there."""
    organization = await build.organization()
    other = await build.volunteer(organization, name="Sinta Dewi", phone="+6281234567890")
    coordinator = await build.coordinator(kabupaten_code=HOME)
    registered = await api.do(REGISTER, actor=coordinator, **PERSON, organization=f"Organization:{organization}")
    (pair,) = await listed(api, coordinator)
    old = registered["volunteer"]["id"]

    merged = await api.do(MERGE, actor=coordinator, volunteer=old, into=named(other), version=1, reason="KTP sama")
    read = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on Volunteer { id name phone
      memberships(first: 9) { nodes { since } } certificates(first: 9) { totalCount } } } }"""
    found = await api.ask(read, actor=coordinator, ids=[old, named(other)])

    person = {
        "id": named(other),
        "name": "Sinta Dewi",
        "phone": "+6281234567890",
        "memberships": {"nodes": [{"since": "2020-01-01"}]},
        "certificates": {"totalCount": 1},
    }
    assert {pair["one"]["id"], pair["other"]["id"]} == {old, named(other)}
    assert merged == {"volunteer": {"id": named(other)}, "problems": []}
    assert found == {"nodes": [person, person]}
    assert await listed(api, coordinator) == []


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_comparison, "BATCH", 3)


async def test_imported_people_are_compared_after_the_import(office: Office, small_batches: None) -> None:
    """With those who were there, and with one another; in as many batches as it takes, each once."""
    other = await office.build.person(name="Sinta Dewi")
    coordinator = await office.build.coordinator(kabupaten_code=HOME)
    names = ["Shinta Dewi", "Budi Santoso", "Rahmat", "Budi Santosa", "Made Ayu", "Tono", "Umar Said"]
    services = office.api.services
    worker = Worker(services.database, services.vault, services.clock, Transport())

    await office.run(
        [["Nama", "Kabupaten", "HP"], *([name, HOME, f"0812000000{number}"] for number, name in enumerate(names))]
    )
    checked = [await worker.compare_next(), await listed(office.api, coordinator)]
    await office.run(
        [["Nama", "Kabupaten", "HP"], *([name, HOME, f"0812000000{number}"] for number, name in enumerate(names))],
        apply=True,
    )
    before = await listed(office.api, coordinator)
    looked_at = [await worker.compare_next() for _ in range(4)]
    rows = await office.build.connection.fetch("SELECT id, name FROM volunteer")

    named_by = {named(row["id"]): row["name"] for row in rows}
    pairs = {
        frozenset(named_by[node[side]["id"]] for side in ("one", "other"))
        for node in await listed(office.api, coordinator)
    }
    assert (checked, before, looked_at) == ([0, []], [], [3, 3, 1, 0])
    assert pairs == {frozenset({"Shinta Dewi", "Sinta Dewi"}), frozenset({"Budi Santoso", "Budi Santosa"})}
    assert named(other) in named_by
