"""Insurances, and skills that are claimed without proof."""

import uuid
from datetime import date

import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import FAR, HOME, SKILL, Build
from tests.snapshot import snapshot

RECORD = f"""mutation($input: RecordInsuranceInput!) {{ recordInsurance(input: $input) {{
  insurance {{ kind insurer number since until volunteer {{ id }} }} {PROBLEMS} }} }}"""
DECLARE, WITHDRAW = (
    f"mutation($input: {name}SkillInput!) {{ {name.lower()}Skill(input: $input) {{ volunteer {{"
    f" declaredSkills {{ code }} trainedFor {{ code }} }} {PROBLEMS} }} }}"
    for name in ("Declare", "Withdraw")
)
BPJS = "BPJS Ketenagakerjaan"
FROM = {"since": "2026-01-01"}


def invalid(*path: str) -> Json:
    return problem("Simple", "INVALID", *path)


@pytest.mark.parametrize(
    ("given", "shown", "problems"),
    [
        ({"kind": "BPJS_JKK", "number": " 0012  A "}, {"insurer": BPJS, "number": "0012 A"}, []),
        ({"kind": "BPJS_JKM", "until": "2026-12-31"}, {"insurer": BPJS, "until": "2026-12-31"}, []),
        ({"kind": "OTHER", "insurer": "Asuransi Jasindo"}, {"insurer": "Asuransi Jasindo"}, []),
        ({"kind": "OTHER"}, None, [invalid("insurer")]),
        ({"kind": "BPJS_JKK", "insurer": "Jasindo"}, None, [invalid("insurer")]),
        ({"kind": "BPJS_JKK", "until": "2025-12-31"}, None, [invalid("until")]),
        ({"kind": "BPJS_JKK", "since": "1944-12-31"}, None, [invalid("since")]),
        ({"kind": "BPJS_JKK", "since": "2025-05-05"}, None, [problem("Simple", "ALREADY_RECORDED", "since")]),
    ],
    ids=str,
)
async def test_an_insurance_is_recorded(
    api: Api, build: Build, given: Json, shown: Json | None, problems: list[Json]
) -> None:
    volunteer, coordinator = await build.person(), await build.coordinator()
    await build.insurance(volunteer, since=date(2025, 5, 5), until=date(2025, 12, 31))
    before = await snapshot(build.connection)

    answer = await api.do(RECORD, actor=coordinator, volunteer=f"Volunteer:{volunteer}", **{**FROM, **given})

    empty = {
        "kind": given["kind"],
        "number": None,
        **FROM,
        "until": None,
        "volunteer": {"id": f"Volunteer:{volunteer}"},
    }
    assert answer == {"insurance": shown and {**empty, **shown}, "problems": problems}
    assert (await snapshot(build.connection) == before) is bool(problems)


async def test_managers_and_coordinators_insure_and_the_person_sees_it(api: Api, build: Build) -> None:
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    await build.insurance(volunteer)
    person = await build.volunteer_account(volunteer)
    both = await build.volunteer_account(await build.volunteer(organization))
    await build.row("role", account_id=both, kind="MANAGER", organization_id=organization)
    actors: list[tuple[uuid.UUID, str | None, int]] = [
        (await build.manager(organization), None, 1),
        (await build.coordinator(kabupaten_code=HOME), None, 2),
        (both, None, 3),
        (person, "FORBIDDEN", 4),
        (await build.manager(await build.organization()), "NOT_FOUND", 0),
        (await build.coordinator(kabupaten_code=FAR), "FORBIDDEN", 0),
    ]

    found = []
    for number, (actor, _code, _seen) in enumerate(actors):
        listed = await api.ask("{ insurances(first: 9) { totalCount } }", actor=actor)
        values = {"volunteer": f"Volunteer:{volunteer}", "kind": "BPJS_JKK", "since": f"2025-01-0{number + 1}"}
        answer = await api.do(RECORD, actor=actor, **values)
        found.append((next((each["code"] for each in answer["problems"]), None), listed["insurances"]["totalCount"]))

    assert found == [(code, seen) for _, code, seen in actors]


async def test_a_declared_skill_is_shown_and_never_counts_as_trained(api: Api, build: Build) -> None:
    volunteer, need = await build.person(), await build.need()
    await build.membership(volunteer, await build.organization())
    person, values = await build.volunteer_account(volunteer), {"volunteer": f"Volunteer:{volunteer}"}

    answers = [
        await api.do(document, actor=person, **values, skill=skill)
        for document, skill in (
            *((DECLARE, SKILL), (DECLARE, SKILL), (DECLARE, "FIRST_AID"), (DECLARE, "NOTHING")),
            *((WITHDRAW, "FIRST_AID"), (WITHDRAW, "FIRST_AID")),
        )
    ]
    refused = await api.ask(
        "query($need: ID!, $volunteer: ID!) { need(id: $need) { refusals(volunteer: $volunteer) { code } } }",
        actor=await build.coordinator(),
        need=f"Need:{need}",
        **values,
    )
    events = await build.connection.fetch(
        "SELECT kind, change->>'skill' AS skill FROM event WHERE kind <> 'account.call_refused' ORDER BY position"
    )

    one, both = [{"code": SKILL}], [{"code": "FIRST_AID"}, {"code": SKILL}]
    found = [(each["volunteer"], [problem["code"] for problem in each["problems"]]) for each in answers]
    assert found == [
        ({"declaredSkills": one, "trainedFor": []}, []),
        (None, ["ALREADY_RECORDED"]),
        ({"declaredSkills": both, "trainedFor": []}, []),
        (None, ["NOT_FOUND"]),
        ({"declaredSkills": one, "trainedFor": []}, []),
        (None, ["NOT_FOUND"]),
    ]
    assert refused == {"need": {"refusals": [{"code": "NOT_TRAINED"}]}}
    assert [tuple(event) for event in events] == [
        ("volunteer.skill_declared", SKILL),
        ("volunteer.skill_declared", "FIRST_AID"),
        ("volunteer.skill_withdrawn", "FIRST_AID"),
    ]
