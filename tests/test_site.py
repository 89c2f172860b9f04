"""Posts, kitchens and shelters: who opens them, how full they are, what a kitchen can cook."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
READ = """site { kind name kabupaten { code } position { latitude longitude } capacity organization { id } kitchen { id }
    kitchenType { code } people countedAt isFull fillingIn openedAt closedAt reason version history { kind } }"""


def document(name: str) -> str:
    payload = name[0].upper() + name[1:]
    return f"mutation($input: {payload}Input!) {{ {name}(input: $input) {{ {READ} {PROBLEMS} }} }}"


OPEN, CHANGE, COUNT, CLOSE = (document(name) for name in ("openSite", "changeSite", "recordLoad", "closeSite"))
CHANGE_NEED, CHANGE_GOODS = (
    f"mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {PROBLEMS} }} }}"
    for name in ("changeNeed", "changeGoodsNeed")
)


def shelter(in_incident: uuid.UUID, **values: Any) -> Json:
    return {
        "incident": f"Incident:{in_incident}",
        "kind": "SHELTER",
        "name": "Gedung olahraga",
        "kabupaten": HOME,
        "capacity": 300,
        "position": {"latitude": -2.5, "longitude": 112.9},
        **values,
    }


async def test_a_shelter_is_opened_counted_changed_and_closed(api: Api, build: Build) -> None:
    incident, organization = await build.incident(), await build.organization()
    manager, coordinator = await build.manager(organization), await build.coordinator(kabupaten_code=HOME)

    opened = await api.do(OPEN, actor=manager, **shelter(incident, organization=f"Organization:{organization}"))
    key = f"Site:{await build.connection.fetchval('SELECT id FROM site')}"
    await api.do(COUNT, actor=manager, site=key, people=60, at=instant(NOW - 2 * HOUR))
    counted = await api.do(COUNT, actor=coordinator, site=key, people=100)
    changed = await api.do(CHANGE, actor=coordinator, site=key, version=1, organization=None, capacity=100)
    closed = await api.do(CLOSE, actor=coordinator, site=key, version=2, reason="Surut")

    start = {
        "kind": "SHELTER",
        "name": "Gedung olahraga",
        "kabupaten": {"code": HOME},
        "position": {"latitude": -2.5, "longitude": 112.9},
        "capacity": 300,
        "organization": {"id": f"Organization:{organization}"},
        "kitchen": None,
        "kitchenType": None,
        "people": None,
        "countedAt": None,
        "isFull": False,
        "fillingIn": None,
        "openedAt": instant(NOW),
        "closedAt": None,
        "reason": None,
        "version": 1,
        "history": [{"kind": "site.opened"}],
    }
    history = [{"kind": f"site.{each}"} for each in ("opened", "counted", "counted", "changed", "closed")]
    filling = {**start, "people": 100, "countedAt": instant(NOW), "fillingIn": 10.0, "history": history[:3]}
    full = {**filling, "capacity": 100, "organization": None, "isFull": True, "fillingIn": 0.0, "version": 2}
    ended = {"closedAt": instant(NOW), "reason": "Surut", "version": 3, "history": history}
    assert [opened, counted, changed, closed] == [
        {"site": start, "problems": []},
        {"site": filling, "problems": []},
        {"site": {**full, "history": history[:4]}, "problems": []},
        {"site": {**full, **ended}, "problems": []},
    ]


async def test_a_site_is_in_the_charge_of_its_kabupaten_and_its_organization(api: Api, build: Build) -> None:
    own, other = await build.organization(), await build.organization()
    incident = await build.incident()
    site = await build.site(incident, organization_id=own)
    actors = {
        "home": await build.coordinator(kabupaten_code=HOME),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "own": await build.manager(own),
        "other": await build.manager(other),
    }

    found = {
        name: [
            (await api.do(COUNT, actor=actor, site=f"Site:{site}", people=1, at=instant(NOW - number * HOUR)))[
                "problems"
            ],
            (await api.do(OPEN, actor=actor, **shelter(incident, organization=f"Organization:{own}")))["problems"],
            (await api.do(OPEN, actor=actor, **shelter(incident)))["problems"],
        ]
        for number, (name, actor) in enumerate(actors.items())
    }

    refused = [problem("Simple", "FORBIDDEN", name) for name in ("site", "organization", "kabupaten")]
    assert found == {
        "home": [[], [], []],
        "neighbour": [[each] for each in refused],
        "own": [[], [], [refused[2]]],
        "other": [[each] for each in refused],
    }


async def test_a_wrong_site_is_not_opened(api: Api, build: Build) -> None:
    incident, actor = await build.incident(), await build.coordinator()
    pending = await build.organization(verification="PENDING")
    kitchen = await build.site(incident, kind="PUBLIC_KITCHEN")
    elsewhere = await build.site(await build.incident(), kind="PUBLIC_KITCHEN")
    closed = await build.incident(status="CLOSED")
    unverified = problem(
        "Organization", "ORGANIZATION_NOT_VERIFIED", "organization", organization={"id": f"Organization:{pending}"}
    )
    cases: list[tuple[Json, Json]] = [
        ({"name": "x"}, problem("Simple", "INVALID", "name")),
        ({"kind": "CAMP"}, problem("Simple", "INVALID", "kind")),
        ({"capacity": 0}, problem("Simple", "INVALID", "capacity")),
        ({"kitchenType": "FIELD_KITCHEN"}, problem("Simple", "INVALID", "kitchenType")),
        ({"kind": "PUBLIC_KITCHEN", "kitchenType": "OVEN"}, problem("Simple", "NOT_FOUND", "kitchenType")),
        ({"kabupaten": FAR, "position": None}, problem("Simple", "INVALID", "kabupaten")),
        ({"position": {"latitude": 91, "longitude": 0}}, problem("Simple", "INVALID", "position")),
        ({"organization": f"Organization:{pending}"}, unverified),
        ({"kitchen": f"Site:{elsewhere}"}, problem("Simple", "INVALID", "kitchen")),
        ({"kitchen": f"Site:{uuid.uuid4()}"}, problem("Simple", "NOT_FOUND", "kitchen")),
        ({"kitchen": f"Site:{kitchen}", "kind": "FIELD_POST"}, problem("Simple", "INVALID", "kitchen")),
        (
            {"incident": f"Incident:{closed}"},
            problem("Status", "WRONG_STATUS", "incident", currentStatus="CLOSED"),
        ),
    ]
    before = await snapshot(build.connection)

    for change, expected in cases:
        assert await api.do(OPEN, actor=actor, **shelter(incident, **change)) == {"site": None, "problems": [expected]}

    assert await snapshot(build.connection) == before


async def test_nothing_is_counted_or_changed_at_a_closed_site_nor_at_a_wrong_time(api: Api, build: Build) -> None:
    incident, actor = await build.incident(), await build.coordinator()
    site, gone = await build.site(incident), await build.site(incident, closed_at=NOW)
    await build.site_load(site, 5, NOW)
    await build.need(incident, site_id=site)
    key, old = {"site": f"Site:{site}"}, {"site": f"Site:{gone}"}
    is_closed = problem("Simple", "SITE_CLOSED", "site")
    cases: list[tuple[str, Json, Json]] = [
        (COUNT, {**old, "people": 1}, is_closed),
        (CHANGE, {**old, "version": 1}, is_closed),
        (CLOSE, {**old, "version": 1}, is_closed),
        (CLOSE, {**key, "version": 1}, problem("Simple", "STILL_USED", "site")),
        (COUNT, {**key, "people": 1}, problem("Simple", "ALREADY_RECORDED", "at")),
        (COUNT, {**key, "people": -1, "at": instant(NOW - HOUR)}, problem("Simple", "INVALID", "people")),
        (COUNT, {**key, "people": 1, "at": instant(NOW + HOUR)}, problem("Simple", "INVALID", "at")),
        (COUNT, {**key, "people": 1, "at": instant(NOW - 3 * DAY)}, problem("Simple", "INVALID", "at")),
    ]
    before = await snapshot(build.connection)

    for mutation, values, expected in cases:
        assert await api.do(mutation, actor=actor, **values) == {"site": None, "problems": [expected]}

    assert await snapshot(build.connection) == before


async def test_a_need_that_has_ended_does_not_begin_again_at_a_closed_site(api: Api, build: Build) -> None:
    incident, actor = await build.incident(), await build.coordinator()
    closed, site = await build.site(incident, closed_at=NOW - HOUR), await build.site(incident)
    need = await build.need(incident, site_id=closed, starts_at=NOW - DAY, ends_at=NOW - 2 * HOUR)
    goods = await build.goods_need(incident, site_id=closed, needed_by=NOW - 2 * HOUR)
    people = (CHANGE_NEED, {"need": f"Need:{need}", "version": 1, "endsAt": instant(NOW + DAY)})
    rice = (CHANGE_GOODS, {"goodsNeed": f"GoodsNeed:{goods}", "version": 1, "neededBy": instant(NOW + DAY)})
    before = await snapshot(build.connection)

    refused = [await api.do(mutation, actor=actor, **values) for mutation, values in (people, rice)]
    unchanged = await snapshot(build.connection)
    elsewhere = [
        await api.do(mutation, actor=actor, **values, site=at)
        for (mutation, values), at in ((people, f"Site:{site}"), (rice, None))
    ]

    assert [each["problems"] for each in refused] == [[problem("Simple", "SITE_CLOSED", "site")]] * 2
    assert unchanged == before
    assert [each["problems"] for each in elsewhere] == [[], []]


async def test_a_site_is_not_closed_while_something_depends_on_it(api: Api, build: Build) -> None:
    incident, actor = await build.incident(), await build.coordinator()
    hub, kitchen = await build.site(incident), await build.site(incident, kind="PUBLIC_KITCHEN")
    goods, fed = await build.goods_need(incident, site_id=hub), await build.site(incident, kitchen_id=kitchen)
    venue = await build.site(incident, kind="CAMP")
    camp = await build.camp(status="RUNNING", starts_at=NOW - HOUR, site_id=venue)
    before = await snapshot(build.connection)

    refused = [await api.do(CLOSE, actor=actor, site=f"Site:{key}", version=1) for key in (hub, kitchen, venue)]
    unchanged = await snapshot(build.connection)
    for statement, key in (
        ("UPDATE goods_need SET needed_by = $2 WHERE id = $1", goods),
        ("UPDATE site SET closed_at = $2 WHERE id = $1", fed),
        ("UPDATE camp SET status = 'COMPLETED', ends_at = $2 WHERE id = $1", camp),
    ):
        await build.connection.execute(statement, key, NOW)
    closed = [await api.do(CLOSE, actor=actor, site=f"Site:{key}", version=1) for key in (hub, kitchen, venue)]

    assert refused == 3 * [{"site": None, "problems": [problem("Simple", "STILL_USED", "site")]}]
    assert unchanged == before
    assert [each["problems"] for each in closed] == [[], [], []]


@pytest.mark.parametrize(
    ("capacity", "loads", "full", "hours"),
    [
        (100, [], False, None),
        (100, [40], False, None),
        (100, [40, 40], False, None),
        (100, [50, 40], False, None),
        (100, [40, 60], False, 2.0),
        (100, [40, 100], True, 0.0),
        (100, [110, 105], True, 0.0),
        (None, [40, 60], False, None),
    ],
)
async def test_how_fast_a_shelter_fills(
    api: Api, build: Build, capacity: int | None, loads: list[int], full: bool, hours: float | None
) -> None:
    site = await build.site(await build.incident(), capacity=capacity)
    for number, people in enumerate(reversed(loads)):
        await build.site_load(site, people, NOW - number * HOUR)

    answer = await api.ask(f'{{ site(id: "Site:{site}") {{ isFull fillingIn }} }}')

    assert answer == {"site": {"isFull": full, "fillingIn": hours}}


async def test_a_kitchen_plans_for_the_shelters_that_it_serves(api: Api, build: Build) -> None:
    incident, coordinator = await build.incident(), await build.coordinator()
    kitchen = await build.site(incident, kind="PUBLIC_KITCHEN")
    first, second = [await build.site(incident, kitchen_id=kitchen) for _ in range(2)]
    gone = await build.site(incident, kitchen_id=kitchen, closed_at=NOW - 12 * HOUR)
    other = await build.site(incident)
    for site, people, at in (
        (first, 900, NOW - DAY),
        (first, 1500, NOW),
        (first, 4000, NOW + DAY),
        (second, 600, NOW - HOUR),
        *((gone, 50, NOW - DAY), (other, 70, NOW)),
    ):
        await build.site_load(site, people, at)
    need = await build.need(incident, site_id=kitchen, starts_at=NOW - DAY, ends_at=NOW + DAY)
    organization = await build.organization()
    trained, untrained = await build.volunteer(organization), await build.volunteer(organization)
    await build.certificate(trained, organization, certificate_type_code="FIELD_KITCHEN_CREW")
    for person in (trained, untrained):
        await build.assignment(need, person, status="ON_DUTY")
    await build.assignment(need, await build.volunteer(organization))

    plan = "{ peopleToFeed mealsWanted packsPossible packsShort crewWanted crew crewTrained crewShort }"
    query = f"""query($id: ID!) {{ site(id: $id) {{
        today: kitchenPlan(on: "2026-03-01") {plan} later: kitchenPlan(on: "2026-03-05") {plan}
        shelters {{ id }} }} }}"""
    answer = await api.ask(query, actor=coordinator, id=f"Site:{kitchen}")
    shelter_answer = await api.ask(f'{{ site(id: "Site:{first}") {{ kitchenPlan(on: "2026-03-01") {plan} }} }}')

    today = {
        "peopleToFeed": 2100,
        "mealsWanted": 6300,
        "packsPossible": 6000,
        "packsShort": 300,
        "crewWanted": 20,
        "crew": 2,
        "crewTrained": 1,
        "crewShort": 19,
    }
    assert answer["site"]["today"] == today
    assert answer["site"]["later"] == {
        **today,
        "peopleToFeed": 4600,
        "mealsWanted": 13800,
        "packsShort": 7800,
        "crew": 0,
        "crewTrained": 0,
        "crewShort": 20,
    }
    assert {each["id"] for each in answer["site"]["shelters"]} == {f"Site:{each}" for each in (first, second, gone)}
    assert shelter_answer == {"site": {"kitchenPlan": None}}


async def test_a_need_is_raised_for_a_site(api: Api, build: Build) -> None:
    incident, actor = await build.incident([HOME, NEIGHBOUR]), await build.coordinator()
    site = await build.site(incident)
    closed = await build.site(incident, closed_at=NOW)
    raise_need = f"""mutation($input: RaiseNeedInput!) {{ raiseNeed(input: $input)
        {{ need {{ site {{ id }} position {{ latitude longitude }} }} {PROBLEMS} }} }}"""
    good = {
        "incident": f"Incident:{incident}",
        "skill": "SHELTER",
        "cluster": "HEALTH",
        "kabupaten": HOME,
        "peopleWanted": 1,
        "startsAt": instant(NOW),
        "endsAt": instant(NOW + DAY),
    }

    raised = await api.do(raise_need, actor=actor, **good, site=f"Site:{site}")
    refused = [
        await api.do(raise_need, actor=actor, **{**good, **change})
        for change in (
            {"site": f"Site:{closed}"},
            {"site": f"Site:{uuid.uuid4()}"},
            {"site": f"Site:{site}", "kabupaten": NEIGHBOUR},
        )
    ]

    position = {"latitude": -2.53, "longitude": 112.95}
    assert raised == {"need": {"site": {"id": f"Site:{site}"}, "position": position}, "problems": []}
    assert [each["problems"] for each in refused] == [
        [problem("Simple", code, "site")] for code in ("SITE_CLOSED", "NOT_FOUND", "INVALID")
    ]
