"""Figures that contradict each other: every one stays, and the newest verified one of each kabupaten counts."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
READ = """situationReport { kabupaten { code } at source status reason version displaced dead housesLost
    history { kind status } }"""


def document(name: str) -> str:
    payload = name[0].upper() + name[1:]
    return f"mutation($input: {payload}Input!) {{ {name}(input: $input) {{ {READ} {PROBLEMS} }} }}"


RECORD, VERIFY, WITHDRAW = (document(f"{name}Situation") for name in ("record", "verify", "withdraw"))
READ_SITUATION = """query($id: ID!) { incident(id: $id) {
    situation { kabupatenCount at displaced dead }
    situationByKabupaten { kabupaten { code } at displaced dead }
    situationReports(first: 10, orderBy: AT_ASC) { nodes { source displaced } } } }"""


def figures(of_incident: uuid.UUID, **values: Any) -> Json:
    return {
        "incident": f"Incident:{of_incident}",
        "kabupaten": HOME,
        "at": instant(NOW),
        "source": "BPBD Kotim",
        "displaced": 120,
        **values,
    }


async def test_figures_are_recorded_verified_and_withdrawn(api: Api, build: Build) -> None:
    incident, actor = await build.incident(), await build.coordinator(kabupaten_code=HOME)

    recorded = await api.do(RECORD, actor=actor, **figures(incident, dead=0))
    key = f"SituationReport:{await build.connection.fetchval('SELECT id FROM situation_report')}"
    seen = [await api.ask(f'{{ situationReport(id: "{key}") {{ status }} }}', actor=each) for each in (None, actor)]
    await api.do(VERIFY, actor=actor, situationReport=key, version=1)
    public = await api.ask(f'{{ situationReport(id: "{key}") {{ status }} }}')
    withdrawn = await api.do(WITHDRAW, actor=actor, situationReport=key, version=2, reason="Terhitung dua kali")

    assert recorded == {
        "situationReport": {
            "kabupaten": {"code": HOME},
            "at": instant(NOW),
            "source": "BPBD Kotim",
            "status": "RECORDED",
            "reason": None,
            "version": 1,
            "displaced": 120,
            "dead": 0,
            "housesLost": None,
            "history": [{"kind": "situation_report.recorded", "status": "RECORDED"}],
        },
        "problems": [],
    }
    assert seen == [{"situationReport": None}, {"situationReport": {"status": "RECORDED"}}]
    assert public == {"situationReport": {"status": "VERIFIED"}}
    report = withdrawn["situationReport"]
    assert (report["status"], report["reason"], report["version"]) == ("WITHDRAWN", "Terhitung dua kali", 3)
    assert [each["status"] for each in report["history"]] == ["RECORDED", "VERIFIED", "WITHDRAWN"]


async def test_the_newest_verified_figure_of_each_kabupaten_is_added_up(api: Api, build: Build) -> None:
    incident, actor = await build.incident([HOME, NEIGHBOUR]), await build.coordinator()
    reports: list[tuple[int, Json]] = [
        (9, {"source": "Tagana", "displaced": 500, "dead": 2}),
        (5, {"source": "BPBD", "displaced": 300}),
        (4, {"source": "Media", "displaced": 9000, "status": "RECORDED"}),
        (3, {"source": "Camat", "displaced": 1, "status": "WITHDRAWN"}),
        (2, {"source": "Katingan", "displaced": 40, "kabupaten_code": NEIGHBOUR}),
    ]
    for hours, values in reports:
        await build.situation_report(incident, at=NOW - hours * HOUR, **values)

    answers = [
        (await api.ask(READ_SITUATION, actor=each, id=f"Incident:{incident}"))["incident"] for each in (actor, None)
    ]

    newest = {
        "situation": {"kabupatenCount": 2, "at": instant(NOW - 2 * HOUR), "displaced": 340, "dead": 2},
        "situationByKabupaten": [
            {"kabupaten": {"code": HOME}, "at": instant(NOW - 5 * HOUR), "displaced": 300, "dead": 2},
            {"kabupaten": {"code": NEIGHBOUR}, "at": instant(NOW - 2 * HOUR), "displaced": 40, "dead": None},
        ],
    }
    series = [("Tagana", 500), ("BPBD", 300), ("Media", 9000), ("Camat", 1), ("Katingan", 40)]
    assert [
        {
            **answer,
            "situationReports": [(each["source"], each["displaced"]) for each in answer["situationReports"]["nodes"]],
        }
        for answer in answers
    ] == [
        {**newest, "situationReports": series},
        {**newest, "situationReports": [series[0], series[1], series[4]]},
    ]


async def test_an_incident_without_figures_has_none(api: Api, build: Build) -> None:
    incident = await build.incident()

    answer = await api.ask(READ_SITUATION, id=f"Incident:{incident}")

    assert answer["incident"] == {
        "situation": {"kabupatenCount": 0, "at": None, "displaced": None, "dead": None},
        "situationByKabupaten": [],
        "situationReports": {"nodes": []},
    }


async def test_figures_come_from_the_kabupaten_and_from_who_works_there(api: Api, build: Build) -> None:
    incident = await build.incident()
    there, elsewhere, promising, giving, late = [await build.organization() for _ in range(5)]
    need = await build.need(incident)
    await build.pledge(need, promising)
    await build.pledge(need, late, deadline=NOW)
    await build.pledge(None, giving, goods_need_id=await build.goods_need(incident))
    await build.site(incident, organization_id=there)
    await build.site(await build.incident(), organization_id=elsewhere)
    actors = {
        "home": await build.coordinator(kabupaten_code=HOME),
        "province": await build.coordinator(province_code=HOME[:2]),
        "far": await build.coordinator(kabupaten_code=FAR),
        "there": await build.manager(there),
        "elsewhere": await build.manager(elsewhere),
        "promising": await build.manager(promising),
        "giving": await build.manager(giving),
        "late": await build.manager(late),
        "desk": await build.account(),
        "far desk": await build.account(),
        "nobody": await build.account(),
    }
    for name, code in (("desk", HOME), ("far desk", FAR)):
        await build.row("role", account_id=actors[name], kind="DESK_OFFICER", kabupaten_code=code)

    found = {name: (await api.do(RECORD, actor=each, **figures(incident)))["problems"] for name, each in actors.items()}

    forbidden = [problem("Simple", "FORBIDDEN", "kabupaten")]
    assert found == {
        **{name: [] for name in ("home", "province", "there", "promising", "giving", "desk")},
        **dict.fromkeys(("far", "elsewhere", "late", "far desk", "nobody"), forbidden),
    }


async def test_who_recorded_figures_withdraws_them_but_does_not_verify_them(api: Api, build: Build) -> None:
    organization, incident = await build.organization(), await build.incident()
    manager, other = await build.manager(organization), await build.manager(organization)
    report = await build.situation_report(incident, status="RECORDED", recorder_id=manager)
    values = {"situationReport": f"SituationReport:{report}", "version": 1}
    coordinator = await build.coordinator(kabupaten_code=FAR)

    refused = [
        await api.do(mutation, actor=actor, **values, **more)
        for mutation, actor, more in (
            (VERIFY, coordinator, {}),
            (VERIFY, manager, {}),
            (WITHDRAW, other, {"reason": "x"}),
            (WITHDRAW, coordinator, {"reason": "x"}),
        )
    ]
    withdrawn = await api.do(WITHDRAW, actor=manager, **values, reason="Salah")

    assert [each["problems"] for each in refused] == [
        [problem("Simple", "FORBIDDEN", "situationReport")],
        [problem("Simple", "FORBIDDEN")],
        [problem("Simple", "NOT_FOUND", "situationReport")],
        [problem("Simple", "FORBIDDEN", "situationReport")],
    ]
    assert withdrawn["situationReport"]["status"] == "WITHDRAWN"


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"displaced": None}, "INVALID", "affected"),
        ({"dead": -1}, "INVALID", "dead"),
        ({"dead": 10_000_001}, "INVALID", "dead"),
        ({"source": " "}, "INVALID", "source"),
        ({"at": instant(NOW + HOUR)}, "INVALID", "at"),
        ({"kabupaten": NEIGHBOUR}, "INVALID", "kabupaten"),
        ({"kabupaten": "99.99"}, "NOT_FOUND", "kabupaten"),
        ({"incident": "Incident:00000000-0000-4000-8000-000000000000"}, "NOT_FOUND", "incident"),
    ],
)
async def test_wrong_figures_are_refused(api: Api, build: Build, change: Json, code: str, path: str) -> None:
    incident, actor = await build.incident(), await build.coordinator()
    before = await snapshot(build.connection)

    refused = await api.do(RECORD, actor=actor, **figures(incident, **change))

    assert refused == {"situationReport": None, "problems": [problem("Simple", code, path)]}
    assert await snapshot(build.connection) == before
