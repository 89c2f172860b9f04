"""Who is ready on a day, and every reason why not."""

import uuid
from datetime import date, timedelta

from tests.asking import FACTS, Api, Json, instant
from tests.builders import FAR, HOME, NEIGHBOUR, SKILL, Build
from tests.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Two days after NOW; it begins at 17:00 of the day before in UTC.
ON, ON_STARTS = "2026-03-03", NOW + timedelta(days=1, hours=16)
READINESS = f"""query($id: ID!, $on: Date, $skill: ID, $rank: ID, $kabupaten: ID) {{ volunteer(id: $id) {{
  readiness(on: $on, skill: $skill, minimumRank: $rank, kabupaten: $kabupaten) {{
    isReady reasons {{ __typename code path overridable {FACTS} }} }} }} }}"""
SUMMARY = """query($code: ID!, $on: Date, $skill: ID!) { %s(id: $code) { readinessSummary(on: $on, skill: $skill) {
  people ready reasons { code message(language: EN) people } } } }"""
READY = {"isReady": True, "reasons": []}


async def ask(api: Api, actor: uuid.UUID, volunteer: uuid.UUID, **variables: object) -> Json:
    answer = await api.ask(READINESS, actor=actor, id=f"Volunteer:{volunteer}", **variables)
    return answer["volunteer"]["readiness"]


def reason(type_: str, code: str, *, overridable: bool = True, **facts: object) -> Json:
    return {"__typename": f"{type_}Problem", "code": code, "path": [], "overridable": overridable, **facts}


async def duty(build: Build, volunteer: uuid.UUID, starts_in: timedelta, ends_in: timedelta) -> uuid.UUID:
    need = await build.need(starts_at=ON_STARTS + starts_in, ends_at=ON_STARTS + ends_in)
    return await build.assignment(need, volunteer, status="ACCEPTED")


async def test_a_trained_and_free_volunteer_is_ready(api: Api, build: Build) -> None:
    actor, volunteer = await build.coordinator(), await build.volunteer()

    answers = [
        await ask(api, actor, volunteer),
        await ask(api, actor, volunteer, on=ON, skill=SKILL, kabupaten=FAR),
    ]

    assert answers == [READY, READY]


async def test_every_reason_is_told_with_its_fact(api: Api, build: Build) -> None:
    actor = await build.coordinator()
    suspended = await build.organization(verification="SUSPENDED")
    person = await build.person(status="INACTIVE", reach="KABUPATEN", consent_withdrawn_at=NOW - HOUR)
    await build.membership(person, suspended)
    lapsed = await build.certificate(person, suspended, expires_on=date(2026, 3, 2))
    assignment = await duty(build, person, 23 * HOUR, 30 * HOUR)

    answer = await ask(api, actor, person, on=ON, skill=SKILL, rank="TAGANA_MADYA", kabupaten=FAR)

    assert answer == {
        "isReady": False,
        "reasons": [
            reason("Simple", "PERSON_INACTIVE"),
            reason("Simple", "CONSENT_MISSING", overridable=False),
            reason("Simple", "BEYOND_REACH"),
            reason(
                "Commitment",
                "PERSON_ELSEWHERE",
                overridable=False,
                assignment={"id": f"Assignment:{assignment}"},
                startsAt=instant(ON_STARTS + 23 * HOUR),
                endsAt=instant(ON_STARTS + 30 * HOUR),
            ),
            reason(
                "Training",
                "CERTIFICATE_EXPIRED",
                skill={"code": SKILL},
                certificate={"id": f"Certificate:{lapsed}"},
            ),
            reason("Rank", "RANK_TOO_LOW", rank={"code": "TAGANA_MADYA"}),
            reason("Organization", "ORGANIZATION_NOT_VERIFIED", organization={"id": f"Organization:{suspended}"}),
        ],
    }


async def test_a_volunteer_who_served_72_hours_rests(api: Api, build: Build) -> None:
    actor, volunteer = await build.coordinator(), await build.volunteer()
    assignment = await duty(build, volunteer, -80 * HOUR, -4 * HOUR)

    answers = [await ask(api, actor, volunteer, on=on) for on in (ON, "2026-03-05")]

    rest = reason(
        "Commitment",
        "NOT_RESTED",
        assignment={"id": f"Assignment:{assignment}"},
        startsAt=instant(ON_STARTS - 80 * HOUR),
        endsAt=instant(ON_STARTS - 4 * HOUR),
    )
    assert answers == [{"isReady": False, "reasons": [rest]}, READY]


async def test_a_day_is_that_of_the_place_and_today_begins_now(api: Api, build: Build) -> None:
    actor, volunteer = await build.coordinator(), await build.volunteer()
    await duty(build, volunteer, -40 * HOUR - 6 * HOUR, -40 * HOUR)  # Until NOW.
    await duty(build, volunteer, -2 * HOUR, -HOUR)

    today, day_before_in_jakarta = await ask(api, actor, volunteer), await ask(api, actor, volunteer, on="2026-03-02")
    # In Jayapura (UTC+9), the day begins two hours earlier, with the duty.
    in_papua = await ask(api, actor, volunteer, on=ON, kabupaten="91.03")

    assert [today["isReady"], day_before_in_jakarta["isReady"], in_papua["isReady"]] == [True, False, False]
    assert await ask(api, actor, volunteer, on=ON) == READY


async def test_who_knows_the_volunteer_reads_the_readiness(api: Api, build: Build) -> None:
    verified, suspended = await build.organization(), await build.organization(verification="SUSPENDED")
    volunteer = await build.volunteer(verified)
    await build.membership(volunteer, suspended)
    actors = [
        await build.volunteer_account(volunteer),
        await build.manager(verified),
        await build.coordinator(kabupaten_code=HOME),
        await build.coordinator(province_code="18"),
        await build.manager(suspended),
    ]

    answers = [await ask(api, actor, volunteer, on=ON) for actor in actors]

    assert answers == [READY, READY, READY, None, None]


async def summary(api: Api, actor: uuid.UUID, place: str, code: str) -> Json:
    answer = await api.ask(SUMMARY % place, actor=actor, code=code, on=ON, skill=SKILL)
    return answer[place]["readinessSummary"]


async def test_a_summary_counts_everybody_once(api: Api, build: Build) -> None:
    actor = await build.coordinator(province_code="62")
    organization = await build.organization()
    for _ in range(3):
        await build.volunteer(organization)
    await build.volunteer(organization, kabupaten_code=NEIGHBOUR, reach="KABUPATEN")
    await build.volunteer(organization, kabupaten_code=FAR)
    await build.volunteer(organization, status="INACTIVE", consent_withdrawn_at=NOW - HOUR)
    await build.membership(await build.person(), organization)
    lapsed = await build.person(kabupaten_code=NEIGHBOUR)
    await build.certificate(lapsed, organization, expires_on=date(2026, 3, 2))
    await duty(build, await build.volunteer(organization), HOUR, 2 * HOUR)

    answers = [await summary(api, actor, *place) for place in (("province", "62"), ("kabupaten", NEIGHBOUR))]
    elsewhere = await summary(api, actor, "province", "18")

    def counted(code: str, message: str, people: int = 1) -> Json:
        return {"code": code, "message": message, "people": people}

    expired = counted("CERTIFICATE_EXPIRED", "The certificate is not valid on every day of the duty.")
    assert answers == [
        {
            "people": 8,
            "ready": 4,
            "reasons": [
                expired,
                counted("NOT_TRAINED", "The volunteer holds no certificate for this skill."),
                counted("PERSON_ELSEWHERE", "The volunteer is committed elsewhere in that period."),
                counted("PERSON_INACTIVE", "The volunteer is not active."),
            ],
        },
        {"people": 2, "ready": 1, "reasons": [expired]},
    ]
    assert elsewhere is None


async def test_missing_insurance_and_no_shows_are_warnings(api: Api, build: Build) -> None:
    actor, organization = await build.coordinator(), await build.organization()
    insured, other = await build.volunteer(organization), await build.volunteer(organization)
    await build.row("insurance", volunteer_id=insured, kind="BPJS_JKK", insurer="BPJS", since=date(2026, 3, 3))
    for weeks in (1, 2, 3, 60):
        start = NOW - weeks * 7 * DAY
        need = await build.need(starts_at=start, ends_at=start + HOUR)
        await build.assignment(need, other, status="NO_SHOW")
    document = READINESS.replace("reasons {", "warnings {")

    answers = [
        (await api.ask(document, actor=actor, id=f"Volunteer:{volunteer}", on=ON))["volunteer"]["readiness"]
        for volunteer in (insured, other)
    ]

    assert answers == [
        {"isReady": True, "warnings": []},
        {
            "isReady": True,
            "warnings": [
                reason("Simple", "NOT_INSURED", overridable=False),
                reason("Limit", "NO_SHOWS", overridable=False, count=3, limit=3),
            ],
        },
    ]
