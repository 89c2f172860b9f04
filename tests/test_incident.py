"""From the first word to the closing: reports, mergers, changes, and what a closing ends."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
READ = """incident { id title status desk { code } position { latitude longitude } kabupatens { code } reason version
    endedAt mergedInto { id } history { kind status reason } }"""


def document(name: str, fields: str = READ) -> str:
    payload = name[0].upper() + name[1:]
    return f"mutation($input: {payload}Input!) {{ {name}(input: $input) {{ {fields} {PROBLEMS} }} }}"


def named(key: uuid.UUID) -> str:
    return f"Incident:{key}"


async def kinds(build: Build) -> list[tuple[str, str]]:
    """Kind and subject of every event."""
    rows = await build.connection.fetch(
        "SELECT kind, subject_key FROM event WHERE kind <> 'account.call_refused' ORDER BY position"
    )
    return [(row["kind"], row["subject_key"]) for row in rows]


REPORT = {"hazard": "TERROR", "title": "Bom", "kabupatens": [HOME], "startedAt": instant(NOW)}


async def test_a_report_is_hidden_until_it_is_verified(api: Api, build: Build) -> None:
    anybody, neighbour = await build.account(), await build.account()
    coordinator = await build.coordinator(kabupaten_code=HOME)

    reported = await api.do(document("reportIncident"), actor=anybody, **REPORT)
    incident = reported["incident"]
    seen = f'{{ incident(id: "{incident["id"]}") {{ status }} }}'
    before = [await api.ask(seen, actor=actor) for actor in (None, neighbour, anybody, coordinator)]
    verified = await api.do(document("verifyIncident"), actor=coordinator, incident=incident["id"], version=1)
    after = await api.ask(seen)

    assert (incident["status"], incident["desk"], incident["history"]) == (
        "REPORTED",
        {"code": "SOCIAL"},
        [{"kind": "incident.reported", "status": "REPORTED", "reason": None}],
    )
    shown = {"incident": {"status": "REPORTED"}}
    assert before == [{"incident": None}, {"incident": None}, shown, shown]
    assert (verified["incident"]["status"], verified["incident"]["version"]) == ("VERIFIED", 2)
    assert after == {"incident": {"status": "VERIFIED"}}


async def test_the_name_of_who_reports_as_a_private_person_is_told_to_officials_only(api: Api, build: Build) -> None:
    reporter, neighbour, manager = await build.account(), await build.account(), await build.account()
    await build.row("role", account_id=manager, kind="MANAGER", organization_id=await build.organization())
    coordinator, officer = await build.coordinator(kabupaten_code=HOME), await build.account()
    await build.row("role", account_id=officer, kind="DESK_OFFICER", kabupaten_code=HOME)
    reported = await api.do(document("reportIncident"), actor=reporter, **REPORT)
    key = reported["incident"]["id"]
    await api.do(document("verifyIncident"), actor=coordinator, incident=key, version=1)

    seen = f'{{ incident(id: "{key}") {{ history {{ actorName }} }} }}'
    told = [
        [entry["actorName"] for entry in (await api.ask(seen, actor=actor))["incident"]["history"]]
        for actor in (None, neighbour, manager, reporter, coordinator, officer)
    ]

    names = [
        await build.connection.fetchval("SELECT name FROM account WHERE id = $1", each)
        for each in (reporter, coordinator)
    ]
    assert told == [[None, None], [None, names[1]], [None, names[1]], names, names, names]


@pytest.mark.parametrize(
    ("role", "is_told"),
    [
        ({}, True),
        ({"since": NOW - 9 * DAY, "until": NOW + DAY}, True),
        ({"ended_at": NOW - DAY}, False),
        ({"until": NOW - DAY}, False),
        ({"since": NOW + DAY}, False),
        ({"created_at": NOW + DAY}, False),
    ],
)
@pytest.mark.parametrize("volunteers", [False, True])
async def test_who_reports_an_incident_is_told_to_others_only_if_a_role_was_in_force_then(
    api: Api, build: Build, role: Json, is_told: bool, volunteers: bool
) -> None:
    """Also of a volunteer, to the managers, who see the name of a member otherwise."""
    organization = await build.organization()
    person = await build.volunteer(organization) if volunteers else None
    reporter = await build.account(volunteer_id=person)
    await build.row("role", account_id=reporter, kind="MANAGER", organization_id=organization, **role)
    reported = await api.do(document("reportIncident"), actor=reporter, **REPORT)
    key = reported["incident"]["id"]
    await api.do(
        document("verifyIncident"), actor=await build.coordinator(kabupaten_code=HOME), incident=key, version=1
    )
    viewer = await build.manager(organization)

    seen = await api.ask(f'{{ incident(id: "{key}") {{ history {{ kind actorName }} }} }}', actor=viewer)

    name = await build.connection.fetchval("SELECT name FROM account WHERE id = $1", reporter)
    told = {"kind": "incident.reported", "actorName": name if is_told else None}
    assert seen["incident"]["history"][0] == told


async def test_a_rejected_report_says_why_to_its_reporter_only(api: Api, build: Build) -> None:
    anybody, coordinator = await build.account(), await build.coordinator(province_code=HOME[:2])
    reported = await api.do(document("reportIncident"), actor=anybody, **REPORT)
    key = reported["incident"]["id"]

    await api.do(document("rejectIncident"), actor=coordinator, incident=key, version=1, reason="Latihan")

    seen = f'{{ incident(id: "{key}") {{ status reason }} }}'
    assert await api.ask(seen, actor=anybody) == {"incident": {"status": "REJECTED", "reason": "Latihan"}}
    assert await api.ask(seen) == {"incident": None}


async def test_a_coordinator_of_another_place_does_not_move_an_incident(api: Api, build: Build) -> None:
    incident = await build.incident(status="VERIFIED")
    far, manager = await build.coordinator(kabupaten_code=FAR), await build.manager(await build.organization())
    other = {"into": named(await build.incident())}
    before = await snapshot(build.connection)

    refused = [
        await api.do(document(name), actor=actor, incident=named(incident), version=1, **more)
        for actor in (far, manager)
        for name, more in (
            *(("verifyIncident", {}), ("activateIncident", {}), ("closeIncident", {}), ("changeIncident", {})),
            *(("rejectIncident", {"reason": "x"}), ("mergeIncidents", other)),
        )
    ]

    assert [
        (each["problems"][0]["code"], each["problems"][0]["path"][-1] in ("incident", "into")) for each in refused[:6]
    ] == [
        *[("FORBIDDEN", True)] * 6,
    ]
    assert [each["problems"] for each in refused[6:]] == [
        *[[problem("Simple", "FORBIDDEN")]] * 6,
    ]
    assert await snapshot(build.connection) == before


async def test_what_is_changed_of_an_incident(api: Api, build: Build) -> None:
    incident, coordinator = await build.incident(), await build.coordinator(province_code=HOME[:2])
    change = {"title": " Banjir besar ", "addKabupatens": [NEIGHBOUR], "removeKabupatens": [HOME]}
    position = {"latitude": -2.0, "longitude": 113.0}

    changed = await api.do(
        document("changeIncident"), actor=coordinator, incident=named(incident), version=1, position=position, **change
    )
    conflict = await api.do(document("changeIncident"), actor=coordinator, incident=named(incident), version=1)

    assert changed["problems"] == []
    assert {name: changed["incident"][name] for name in ("title", "position", "kabupatens", "version")} == {
        "title": "Banjir besar",
        "position": position,
        "kabupatens": [{"code": NEIGHBOUR}],
        "version": 2,
    }
    assert conflict["problems"] == [problem("Version", "VERSION_CONFLICT", "version", currentVersion=2)]
    assert await kinds(build) == [("incident.changed", str(incident))]


@pytest.mark.parametrize("thing", ["need", "goods_need", "site", "situation_report", "emergency_status"])
async def test_a_kabupaten_in_use_is_not_removed(api: Api, build: Build, thing: str) -> None:
    incident, actor = await build.incident([HOME, NEIGHBOUR], has_decree=False), await build.coordinator()
    key = await getattr(build, thing)(incident)
    remove = {"incident": named(incident), "version": 1, "removeKabupatens": [HOME]}

    refused = await api.do(document("changeIncident"), actor=actor, **remove)
    await build.connection.execute(
        {
            "situation_report": "UPDATE situation_report SET status = 'WITHDRAWN', reason = 'Salah' WHERE id = $1",
            "emergency_status": "DELETE FROM emergency_status WHERE id = $1",
        }.get(thing, f"UPDATE {thing} SET closed_at = now() WHERE id = $1"),
        key,
    )
    removed = await api.do(document("changeIncident"), actor=actor, **remove)

    assert refused["problems"] == [problem("Simple", "STILL_USED", "removeKabupatens", "0")]
    assert removed["problems"] == []


async def test_the_last_kabupaten_of_a_province_with_a_decree_is_not_removed(api: Api, build: Build) -> None:
    incident, actor = await build.incident([HOME, NEIGHBOUR, FAR], has_decree=False), await build.coordinator()
    await build.emergency_status(incident, level="PROVINCE", province_code=HOME[:2])
    values = {"incident": named(incident), "version": 1}

    both = await api.do(document("changeIncident"), actor=actor, **values, removeKabupatens=[HOME, FAR, NEIGHBOUR])
    one = await api.do(document("changeIncident"), actor=actor, **values, removeKabupatens=[HOME, FAR])

    used = [problem("Simple", "STILL_USED", "removeKabupatens", number) for number in ("0", "2")]
    assert both["problems"] == [*used, problem("Simple", "INVALID", "removeKabupatens")]
    assert one["problems"] == []
    rows = await build.connection.fetch("SELECT kabupaten_code FROM incident_kabupaten")
    assert [tuple(row) for row in rows] == [(NEIGHBOUR,)]


async def test_a_change_of_kabupaten_is_refused_where_something_hangs_on_it(api: Api, build: Build) -> None:
    incident, coordinator = await build.incident([HOME, NEIGHBOUR]), await build.coordinator(kabupaten_code=HOME)
    cases: list[tuple[Json, Json]] = [
        ({"addKabupatens": [FAR]}, problem("Simple", "FORBIDDEN", "addKabupatens", "0")),
        ({"removeKabupatens": [NEIGHBOUR]}, problem("Simple", "FORBIDDEN", "removeKabupatens", "0")),
        ({"removeKabupatens": [HOME]}, problem("Simple", "STILL_USED", "removeKabupatens", "0")),
        ({"title": "x"}, problem("Simple", "INVALID", "title")),
    ]
    await build.need(incident)
    alone = await build.incident()
    before = await snapshot(build.connection)

    for change, expected in cases:
        refused = await api.do(
            document("changeIncident"), actor=coordinator, incident=named(incident), version=1, **change
        )
        assert refused == {"incident": None, "problems": [expected]}
    last = await api.do(
        document("changeIncident"), actor=coordinator, incident=named(alone), version=1, removeKabupatens=[HOME]
    )

    assert last["problems"] == [problem("Simple", "INVALID", "removeKabupatens")]
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize("status", ["CLOSED", "REJECTED", "MERGED"])
async def test_what_has_ended_is_not_changed(api: Api, build: Build, status: str) -> None:
    others: dict[str, Any] = {"merged_into_id": await build.incident()} if status == "MERGED" else {}
    incident = await build.incident(status=status, **others)

    refused = await api.do(
        document("changeIncident"), actor=await build.coordinator(), incident=named(incident), version=1, title="Baru"
    )

    assert refused["problems"] == [problem("Status", "WRONG_STATUS", "incident", currentStatus=status)]


async def test_two_reports_of_one_incident_are_merged(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    first = await build.incident([HOME], has_decree=False)
    second = await build.incident([NEIGHBOUR], status="VERIFIED")
    earlier = await build.incident(status="MERGED", merged_into_id=second, verified_at=NOW)
    need = await build.need(second, kabupaten_code=NEIGHBOUR)

    merged = await api.do(
        document("mergeIncidents"), actor=coordinator, incident=named(second), into=named(first), version=1
    )

    assert merged["problems"] == []
    assert (merged["incident"]["status"], merged["incident"]["mergedInto"]) == ("MERGED", {"id": named(first)})
    answer = await api.ask(
        "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Incident { status mergedInto { id } kabupatens { code }"
        " needs(first: 5) { nodes { id } } } } }",
        ids=[named(first), named(earlier)],
    )
    assert answer["nodes"] == [
        {
            "status": "ACTIVE",
            "mergedInto": None,
            "kabupatens": [{"code": HOME}, {"code": NEIGHBOUR}],
            "needs": {"nodes": [{"id": f"Need:{need}"}]},
        },
        {
            "status": "MERGED",
            "mergedInto": {"id": named(first)},
            "kabupatens": [{"code": HOME}],
            "needs": {"nodes": []},
        },
    ]
    assert await kinds(build) == [("incident.extended", str(first)), ("incident.merged", str(second))]


async def test_a_merger_is_refused(api: Api, build: Build) -> None:
    coordinator = await build.coordinator(kabupaten_code=HOME)
    active, verified = await build.incident(), await build.incident(status="VERIFIED")
    closed, far = await build.incident(status="CLOSED"), await build.incident([FAR])
    cases = [
        (active, active, problem("Simple", "INVALID", "into")),
        (active, verified, problem("Status", "WRONG_STATUS", "into", currentStatus="VERIFIED")),
        (active, closed, problem("Status", "WRONG_STATUS", "into", currentStatus="CLOSED")),
        (closed, active, problem("Status", "WRONG_STATUS", "incident", currentStatus="CLOSED")),
        (active, far, problem("Simple", "FORBIDDEN", "into")),
        (active, uuid.uuid4(), problem("Simple", "NOT_FOUND", "into")),
    ]
    before = await snapshot(build.connection)

    for one, other, expected in cases:
        refused = await api.do(
            document("mergeIncidents"), actor=coordinator, incident=named(one), into=named(other), version=1
        )
        assert refused == {"incident": None, "problems": [expected]}

    assert await snapshot(build.connection) == before


async def test_a_closing_ends_what_has_not_begun(api: Api, build: Build) -> None:
    incident, coordinator = await build.incident(), await build.coordinator(kabupaten_code=HOME)
    need = await build.need(incident)
    closed = await build.need(incident, closed_at=NOW - DAY)
    offered, late, accepted, over = [
        await build.assignment(need, await build.volunteer(), **values)
        for values in (
            {},
            {"expires_at": NOW - HOUR},
            {"status": "ACCEPTED"},
            {"status": "ACCEPTED", "starts_at": NOW - 2 * DAY, "ends_at": NOW - DAY},
        )
    ]

    done = await api.do(
        document("closeIncident"), actor=coordinator, incident=named(incident), version=1, reason="Surut"
    )

    assert done["problems"] == []
    assert (done["incident"]["status"], done["incident"]["endedAt"]) == ("CLOSED", instant(NOW))
    rows = await build.connection.fetch("SELECT id, status, reason, version FROM assignment")
    assert {row["id"]: (row["status"], row["reason"], row["version"]) for row in rows} == {
        offered: ("EXPIRED", "Surut", 2),
        late: ("EXPIRED", None, 2),
        accepted: ("CANCELLED", "Surut", 2),
        over: ("ACCEPTED", None, 1),
    }
    assert await build.connection.fetchval("SELECT array_agg(assignment_id) FROM commitment") == [over]
    needs = await build.connection.fetch("SELECT id, closed_at, version FROM need")
    assert {tuple(row) for row in needs} == {(need, NOW, 2), (closed, NOW - DAY, 1)}
    assert sorted(await kinds(build)) == sorted(
        [
            ("assignment.expired", str(offered)),
            ("assignment.expired", str(late)),
            ("assignment.cancelled", str(accepted)),
            ("need.closed", str(need)),
            ("incident.closed", str(incident)),
        ]
    )


async def test_a_closing_lists_what_of_the_goods_is_left_open(api: Api, build: Build) -> None:
    incident, coordinator = await build.incident(), await build.coordinator()
    rice, _blankets, tents, water = [
        await build.goods_need(incident, item=item, needed_by=NOW + hours * HOUR, closed_at=closed_at)
        for item, hours, closed_at in (
            ("Beras", 30, None),
            ("Selimut", 20, NOW),
            ("Tenda", 10, None),
            ("Air", -5, None),
        )
    ]
    await build.goods_need()
    organization = await build.organization()
    for goods, delivered in ((tents, 100), (rice, 40)):
        await build.pledge(None, organization, goods_need_id=goods, quantity=100, delivered=delivered)
    closing = document("closeIncident", "incident { status openGoodsNeeds { id item delivered } }")

    done = await api.do(closing, actor=coordinator, incident=named(incident), version=1, reason="Surut")

    left = [{"id": f"GoodsNeed:{water}", "item": "Air", "delivered": 0}]
    left += [{"id": f"GoodsNeed:{rice}", "item": "Beras", "delivered": 40}]
    assert done == {"incident": {"status": "CLOSED", "openGoodsNeeds": left}, "problems": []}


async def test_a_closing_is_refused_with_everybody_who_is_on_duty(api: Api, build: Build) -> None:
    incident, coordinator = await build.incident(), await build.coordinator()
    need = await build.need(incident, starts_at=NOW - DAY, ends_at=NOW + DAY)
    on_duty = await build.assignment(need, await build.volunteer(), status="ON_DUTY")
    begun = await build.assignment(need, await build.volunteer(), status="ACCEPTED")
    await build.assignment(need, await build.volunteer())
    before = await snapshot(build.connection)

    refused = await api.do(document("closeIncident"), actor=coordinator, incident=named(incident), version=1)

    assert refused["incident"] is None
    facts = {"startsAt": instant(NOW - DAY), "endsAt": instant(NOW + DAY)}
    assert refused["problems"] == [
        problem("Commitment", "DUTY_RUNNING", "incident", assignment={"id": f"Assignment:{duty}"}, **facts)
        for duty in sorted((on_duty, begun))
    ]
    assert await snapshot(build.connection) == before
