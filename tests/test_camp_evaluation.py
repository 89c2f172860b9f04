"""What people say of the sessions of a camp, and the closing report as a file."""

import uuid
from datetime import timedelta

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_camp_certificate import COMPLETE, attend, camp_with_sessions, do

DAY = timedelta(days=1)
EVALUATE = f"""mutation($input: EvaluateCampSessionInput!) {{ evaluateCampSession(input: $input) {{
  campSession {{ title evaluationCount }} {PROBLEMS} }} }}"""
SAID = "query($id: ID!) { camp(id: $id) { sessions { title evaluationCount averageScore remarks } } }"


async def people_of(build: Build, camp: uuid.UUID, sessions: list[uuid.UUID], count: int) -> list[uuid.UUID]:
    """The accounts of so many people who came and were at the sessions."""
    accounts = []
    for _ in range(count):
        person = await build.volunteer()
        await attend(build, await build.camp_registration(camp, person, status="CHECKED_IN"), *sessions)
        accounts.append(await build.volunteer_account(person))
    return accounts


async def said(api: Api, actor: uuid.UUID | None, camp: uuid.UUID) -> Json:
    sessions = (await api.ask(SAID, actor=actor, id=f"Camp:{camp}"))["camp"]["sessions"]
    return {each.pop("title"): each for each in sessions}


async def test_who_was_at_a_session_evaluates_it_and_who_runs_the_camp_reads_it_without_names(
    api: Api, build: Build
) -> None:
    host = await build.organization()
    camp, (kitchen, *_) = await camp_with_sessions(build, host)
    one, two = await people_of(build, camp, [kitchen], 2)
    id_ = f"CampSession:{kitchen}"

    first = await api.do(EVALUATE, actor=one, campSession=id_, score=2, text="Terlalu cepat")
    await api.do(EVALUATE, actor=two, campSession=id_, score=4, text="Bagus")
    await api.do(EVALUATE, actor=one, campSession=id_, score=5)

    assert first == {"campSession": {"title": "Dapur", "evaluationCount": None}, "problems": []}
    found = await said(api, await build.manager(host), camp)
    assert found["Dapur"] == {"evaluationCount": 2, "averageScore": 4.5, "remarks": ["Bagus"]}
    assert found["Air"] == {"evaluationCount": 0, "averageScore": None, "remarks": []}
    hidden = {"evaluationCount": None, "averageScore": None, "remarks": None}
    assert (await said(api, one, camp))["Dapur"] == (await said(api, None, camp))["Dapur"] == hidden


@pytest.mark.parametrize(
    ("who", "values", "expected"),
    [
        ("absent", {}, problem("Simple", "FORBIDDEN", "campSession")),
        ("one", {"score": 0}, problem("Simple", "INVALID", "score")),
        ("one", {"score": 6}, problem("Simple", "INVALID", "score")),
        ("one", {"text": ""}, problem("Simple", "INVALID", "text")),
        ("one", {"campSession": f"CampSession:{uuid.UUID(int=1)}"}, problem("Simple", "NOT_FOUND", "campSession")),
    ],
)
async def test_nobody_else_evaluates_a_session(
    api: Api, build: Build, who: str, values: dict[str, object], expected: Json
) -> None:
    camp, (kitchen, water, _) = await camp_with_sessions(build, await build.organization())
    (one,), (absent,) = await people_of(build, camp, [kitchen], 1), await people_of(build, camp, [water], 1)
    before = await snapshot(build.connection)

    asked = {"campSession": f"CampSession:{kitchen}", "score": 4, **values}
    payload = await api.do(EVALUATE, actor={"one": one, "absent": absent}[who], **asked)

    assert payload == {"campSession": None, "problems": [expected]}
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize(("days", "is_open"), [(30, False), (29, True)])
async def test_a_camp_is_evaluated_within_30_days_of_its_end(api: Api, build: Build, days: int, is_open: bool) -> None:
    times = {"starts_at": NOW - 40 * DAY, "ends_at": NOW - days * DAY, "status": "COMPLETED"}
    camp, (kitchen, *_) = await camp_with_sessions(build, await build.organization(), **times)
    (one,) = await people_of(build, camp, [kitchen], 1)

    payload = await api.do(EVALUATE, actor=one, campSession=f"CampSession:{kitchen}", score=4)

    past = problem("Deadline", "PERIOD_PAST", "campSession", deadline=instant(NOW))
    assert payload["problems"] == ([] if is_open else [past])


async def test_the_closing_report_is_a_file_for_who_runs_the_camp(api: Api, build: Build) -> None:
    host = await build.organization(name="Dinas Sosial")
    camp, (kitchen, water, _) = await camp_with_sessions(build, host)
    (one,) = await people_of(build, camp, [kitchen, water], 1)
    await build.camp_registration(camp, await build.person(sex="FEMALE"), organization_id=host)
    manager = await build.manager(host)
    await do(api, COMPLETE, manager, camp, build)
    address = f"/exports/report.csv?camp=Camp:{camp}"

    own = await api.client.get(address, headers=api.headers(manager))
    foreign = await api.client.get(address, headers=api.headers(one))

    header = "Menurut;Nama;Terdaftar;Hadir;Bersertifikat"
    rows = own.text.removeprefix("\ufeff").splitlines()
    assert (own.status_code, foreign.status_code) == (200, 200)
    assert foreign.text.removeprefix("\ufeff").splitlines() == [header]
    assert rows[:3] == [header, "ORGANIZATION;;1;1;1", "ORGANIZATION;Dinas Sosial;1;0;0"]
    assert rows[-3:] == ["SESSION;Air;1;1;0", "SESSION;Dapur;1;1;0", "SESSION;Malam;1;0;0"]
    assert {row.split(";")[0] for row in rows[1:]} == {
        *("ORGANIZATION", "KABUPATEN", "CONTINGENT", "CATEGORY", "SEX", "SESSION")
    }
