import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

DAY = timedelta(days=1)
SEAT = {"latitude": -2.53754, "longitude": 112.94101}
START, END = NOW + 10 * DAY, NOW + 13 * DAY

CREATE = f"""mutation($input: CreateCampInput!) {{ createCamp(input: $input) {{ camp {{
  kind {{ code }} name series host {{ id }} kabupaten {{ code }} venue position {{ latitude longitude }} startsAt endsAt
  attendees capacity taken placesLeft minimumAge needsConsent attendancePercent needsResult selfRegistration
  certificateType {{ code }} status version takesRegistrations }} {PROBLEMS} }} }}"""
CHANGE = f"""mutation($input: ChangeCampInput!) {{ changeCamp(input: $input) {{
  camp {{ name capacity startsAt endsAt series version }} {PROBLEMS} }} }}"""


def new_camp(host: uuid.UUID, **values: object) -> Json:
    defaults = {
        "kind": "TRAINING",
        "name": "Pelatihan dapur umum",
        "host": f"Organization:{host}",
        "kabupaten": HOME,
        "venue": "Balai Latihan",
        "startsAt": START.isoformat(),
        "endsAt": END.isoformat(),
        "capacity": 40,
    }
    return {**defaults, **values}


async def test_a_camp_begins_with_what_its_kind_says(api: Api, build: Build) -> None:
    host = await build.organization()

    payload = await api.do(
        CREATE, actor=await build.manager(host), **new_camp(host, needsResult=False, series="Diklat")
    )

    assert payload == {
        "camp": {
            "kind": {"code": "TRAINING"},
            "name": "Pelatihan dapur umum",
            "series": "Diklat",
            "host": {"id": f"Organization:{host}"},
            "kabupaten": {"code": HOME},
            "venue": "Balai Latihan",
            "position": SEAT,
            "startsAt": instant(START),
            "endsAt": instant(END),
            "attendees": "VOLUNTEERS",
            "capacity": 40,
            "taken": 0,
            "placesLeft": 40,
            "minimumAge": 17,
            "needsConsent": True,
            "attendancePercent": 80,
            "needsResult": False,
            "selfRegistration": False,
            "certificateType": None,
            "status": "DRAFT",
            "version": 1,
            "takesRegistrations": False,
        },
        "problems": [],
    }


@pytest.mark.parametrize(
    ("values", "code", "path"),
    [
        ({"kind": "PICNIC"}, "NOT_FOUND", "kind"),
        ({"kabupaten": "99.99"}, "NOT_FOUND", "kabupaten"),
        ({"name": "x"}, "INVALID", "name"),
        ({"venue": ""}, "INVALID", "venue"),
        ({"capacity": 0}, "INVALID", "capacity"),
        ({"capacity": 100_001}, "INVALID", "capacity"),
        ({"endsAt": START.isoformat()}, "INVALID", "endsAt"),
        ({"endsAt": (START + 93 * DAY).isoformat()}, "INVALID", "endsAt"),
        ({"startsAt": "1944-01-01T00:00:00Z", "endsAt": "1944-01-02T00:00:00Z"}, "INVALID", "startsAt"),
        ({"registrationClosesAt": (END + DAY).isoformat()}, "INVALID", "registrationClosesAt"),
        ({"registrationOpensAt": END.isoformat()}, "INVALID", "registrationOpensAt"),
        ({"offersFrom": END.isoformat()}, "INVALID", "offersFrom"),
        ({"minimumAge": 101}, "INVALID", "minimumAge"),
        ({"attendancePercent": 101}, "INVALID", "attendancePercent"),
        ({"minimumRank": "KAPTEN"}, "NOT_FOUND", "minimumRank"),
        ({"certificateType": "SIM_A"}, "NOT_FOUND", "certificateType"),
        ({"position": {"latitude": 5.5, "longitude": 95.3}}, "INVALID", "position"),
    ],
)
async def test_a_camp_that_makes_no_sense_is_refused(
    api: Api, build: Build, values: dict[str, object], code: str, path: str
) -> None:
    host = await build.organization()
    actor = await build.manager(host)
    before = await snapshot(build.connection)

    payload = await api.do(CREATE, actor=actor, **new_camp(host, **values))

    assert payload == {"camp": None, "problems": [problem("Simple", code, path)]}
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize(
    ("who", "codes"),
    [
        ("host", []),
        ("kabupaten", []),
        ("far", ["FORBIDDEN"]),
        ("other", ["FORBIDDEN"]),
    ],
)
async def test_a_camp_is_prepared_by_its_host_and_the_coordinators_of_its_kabupaten(
    api: Api, build: Build, who: str, codes: list[str]
) -> None:
    host = await build.organization()
    actors = {
        "host": await build.manager(host),
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "far": await build.coordinator(kabupaten_code=FAR),
        "other": await build.manager(await build.organization()),
    }

    payload = await api.do(CREATE, actor=actors[who], **new_camp(host))

    assert [each["code"] for each in payload["problems"]] == codes
    assert await build.connection.fetchval("SELECT count(*) FROM camp") == 1 - len(codes)


async def test_a_host_that_is_not_verified_holds_no_camp(api: Api, build: Build) -> None:
    host = await build.organization(verification="SUSPENDED")

    payload = await api.do(CREATE, actor=await build.manager(host), **new_camp(host))

    about = {"organization": {"id": f"Organization:{host}"}}
    expected = problem("Organization", "ORGANIZATION_NOT_VERIFIED", "host", **about)
    assert payload == {"camp": None, "problems": [expected]}


async def test_a_camp_is_changed_and_what_is_left_out_stays(api: Api, build: Build) -> None:
    host = await build.organization()
    camp = await build.camp(host, name="Kemah lama", series="Diklat", starts_at=START, ends_at=END)
    actor, id_ = await build.manager(host), f"Camp:{camp}"

    payload = await api.do(CHANGE, actor=actor, camp=id_, version=1, name="Kemah baru", capacity=12, series=None)
    stale = await api.do(CHANGE, actor=actor, camp=id_, version=1, name="Kemah lain")

    times = {"startsAt": instant(START), "endsAt": instant(END)}
    changed = {"name": "Kemah baru", "capacity": 12, "series": None, "version": 2, **times}
    assert payload == {"camp": changed, "problems": []}
    assert stale == {"camp": None, "problems": [problem("Version", "VERSION_CONFLICT", "version", currentVersion=2)]}


@pytest.mark.parametrize("status", ["COMPLETED", "CANCELLED"])
async def test_a_camp_that_is_over_is_not_changed(api: Api, build: Build, status: str) -> None:
    camp = await build.camp(status=status)

    payload = await api.do(CHANGE, actor=await build.coordinator(), camp=f"Camp:{camp}", version=1, name="Kemah baru")

    assert payload == {"camp": None, "problems": [problem("Status", "WRONG_STATUS", "camp", currentStatus=status)]}


async def test_a_draft_is_seen_by_those_who_prepare_it_only(api: Api, build: Build) -> None:
    host = await build.organization()
    camp = await build.camp(host, status="DRAFT")
    staff, other = await build.account(), await build.account()
    await build.row("role", account_id=staff, kind="CAMP_STAFF", camp_id=camp)
    await build.row("role", account_id=other, kind="CAMP_STAFF", camp_id=await build.camp(status="DRAFT"))
    actors = {
        None: 0,
        await build.manager(host): 1,
        await build.coordinator(kabupaten_code=HOME): 2,
        await build.coordinator(kabupaten_code=FAR): 0,
        staff: 1,
        other: 1,
    }

    for actor, count in actors.items():
        data = await api.ask("{ camps(first: 10) { totalCount } }", actor=actor)
        assert data == {"camps": {"totalCount": count}}


async def test_a_camp_runs_from_its_announcement_to_its_end(api: Api, build: Build) -> None:
    host = await build.organization()
    camp = await build.camp(host, status="DRAFT", name="Kemah Kambariat", starts_at=NOW - DAY, ends_at=NOW + DAY)
    staff = await build.account()
    await build.row("role", account_id=staff, kind="CAMP_STAFF", camp_id=camp)
    keeper = await build.manager(host)
    steps: list[tuple[str, uuid.UUID, dict[str, Any]]] = [
        ("openCamp", keeper, {}),
        ("closeCamp", keeper, {}),
        ("startCamp", staff, {}),
        ("completeCamp", staff, {}),
        ("reopenCamp", keeper, {"reason": "Satu sesi tertinggal"}),
        ("completeCamp", keeper, {}),
    ]

    found = []
    for number, (name, actor, values) in enumerate(steps, start=1):
        document = f"""mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{
            camp {{ status reason site {{ name kind closedAt }} history {{ status actorName }} }} {PROBLEMS} }} }}"""
        payload = await api.do(document, actor=actor, camp=f"Camp:{camp}", version=number, **values)
        assert payload["problems"] == []
        found.append((payload["camp"]["status"], payload["camp"]["site"]))

    open_site = {"name": "Kemah Kambariat", "kind": "CAMP", "closedAt": None}
    closed_site = {**open_site, "closedAt": instant(NOW)}
    assert found == [
        ("OPEN", None),
        ("CLOSED", None),
        ("RUNNING", open_site),
        ("COMPLETED", closed_site),
        ("RUNNING", open_site),
        ("COMPLETED", closed_site),
    ]


async def test_a_host_that_does_not_stand_announces_no_camp(api: Api, build: Build) -> None:
    host = await build.organization(verification="SUSPENDED")
    camp = await build.camp(host, status="DRAFT")
    document = f"mutation($input: OpenCampInput!) {{ openCamp(input: $input) {{ camp {{ id }} {PROBLEMS} }} }}"

    for actor in (await build.coordinator(), await build.manager(host)):
        payload = await api.do(document, actor=actor, camp=f"Camp:{camp}", version=1)

        (found,) = payload["problems"]
        assert (found["code"], found["path"]) == ("ORGANIZATION_NOT_VERIFIED", ["input", "camp"])
    assert await build.connection.fetchval("SELECT status FROM camp") == "DRAFT"


async def test_staff_of_a_camp_neither_announce_nor_cancel_it(api: Api, build: Build) -> None:
    host = await build.organization()
    camp = await build.camp(host, status="DRAFT")
    staff = await build.account()
    await build.row("role", account_id=staff, kind="CAMP_STAFF", organization_id=host)
    await build.row("role", account_id=staff, kind="COORDINATOR", kabupaten_code=FAR)
    document = f"mutation($input: OpenCampInput!) {{ openCamp(input: $input) {{ camp {{ id }} {PROBLEMS} }} }}"

    payload = await api.do(document, actor=staff, camp=f"Camp:{camp}", version=1)

    assert payload == {"camp": None, "problems": [problem("Simple", "FORBIDDEN", "camp")]}


async def test_a_camp_that_is_over_is_not_announced(api: Api, build: Build) -> None:
    camp = await build.camp(status="DRAFT", starts_at=NOW - 3 * DAY, ends_at=NOW)
    document = f"mutation($input: OpenCampInput!) {{ openCamp(input: $input) {{ camp {{ id }} {PROBLEMS} }} }}"

    payload = await api.do(document, actor=await build.coordinator(), camp=f"Camp:{camp}", version=1)

    assert payload == {"camp": None, "problems": [problem("Deadline", "PERIOD_PAST", "camp", deadline=instant(NOW))]}


async def test_a_camp_is_announced_once_its_issuer_has_agreed(api: Api, build: Build) -> None:
    issuer = await build.organization()
    camp = await build.camp(status="DRAFT", issuer_id=issuer)
    document = f"mutation($input: OpenCampInput!) {{ openCamp(input: $input) {{ camp {{ status }} {PROBLEMS} }} }}"
    keeper = await build.coordinator()

    early = await api.do(document, actor=keeper, camp=f"Camp:{camp}", version=1)
    await build.connection.execute("UPDATE camp SET issuer_agreed_at = $1", NOW)
    agreed = await api.do(document, actor=keeper, camp=f"Camp:{camp}", version=1)

    about = {"organization": {"id": f"Organization:{issuer}"}}
    assert early == {"camp": None, "problems": [problem("Organization", "ISSUER_NOT_AGREED", "camp", **about)]}
    assert agreed == {"camp": {"status": "OPEN"}, "problems": []}


SESSION = "campSession { title place startsAt endsAt isRequired capacity instructor { duty } version }"
ADD = f"mutation($input: AddCampSessionInput!) {{ addCampSession(input: $input) {{ {SESSION} {PROBLEMS} }} }}"
ALTER = f"mutation($input: ChangeCampSessionInput!) {{ changeCampSession(input: $input) {{ {SESSION} {PROBLEMS} }} }}"


async def test_the_curriculum_of_a_camp_is_entered_and_changed(api: Api, build: Build) -> None:
    host = await build.organization()
    camp = await build.camp(host, starts_at=START, ends_at=END)
    teacher = await build.camp_staff_member(camp, await build.person(), duty="INSTRUCTOR")
    keeper = await build.manager(host)
    values = {
        "camp": f"Camp:{camp}",
        "title": "Dapur umum",
        "startsAt": START.isoformat(),
        "endsAt": (START + DAY).isoformat(),
        "instructor": f"CampStaffMember:{teacher}",
    }

    added = await api.do(ADD, actor=keeper, **values)
    key = await build.connection.fetchval("SELECT id FROM camp_session")
    id_ = f"CampSession:{key}"
    changed = await api.do(
        ALTER, actor=keeper, campSession=id_, version=1, isRequired=False, capacity=20, place="Aula", instructor=None
    )
    stranger = await api.do(ALTER, actor=await build.manager(await build.organization()), campSession=id_, version=2)

    times = {"title": "Dapur umum", "startsAt": instant(START), "endsAt": instant(START + DAY)}
    first = {
        **times,
        "place": None,
        "isRequired": True,
        "capacity": None,
        "instructor": {"duty": "INSTRUCTOR"},
        "version": 1,
    }
    assert added == {"campSession": first, "problems": []}
    second = {**times, "place": "Aula", "isRequired": False, "capacity": 20, "instructor": None, "version": 2}
    assert changed == {"campSession": second, "problems": []}
    assert stranger == {"campSession": None, "problems": [problem("Simple", "FORBIDDEN", "campSession")]}


@pytest.mark.parametrize(
    ("values", "code", "path"),
    [
        ({"title": ""}, "INVALID", "title"),
        ({"endsAt": (END + DAY).isoformat()}, "INVALID", "startsAt"),
        ({"capacity": 5}, "INVALID", "capacity"),
        ({"capacity": 0, "isRequired": False}, "INVALID", "capacity"),
        ({"instructor": f"CampStaffMember:{uuid.UUID(int=1)}"}, "NOT_FOUND", "instructor"),
    ],
)
async def test_a_session_that_makes_no_sense_is_refused(
    api: Api, build: Build, values: dict[str, object], code: str, path: str
) -> None:
    camp = await build.camp(starts_at=START, ends_at=END)
    good = {"title": "Gladi", "startsAt": START.isoformat(), "endsAt": END.isoformat()}

    payload = await api.do(ADD, actor=await build.coordinator(), camp=f"Camp:{camp}", **{**good, **values})

    assert payload == {"campSession": None, "problems": [problem("Simple", code, path)]}
    assert await build.connection.fetchval("SELECT count(*) FROM camp_session") == 0
