import json
import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_camp_registration import REGISTER, REGISTER_ALL, line, listed, members

DAY = timedelta(days=1)
THING = "contingent { id status places named openPlaces number version }"


def document(name: str) -> str:
    return (
        f"""mutation($input: {name[0].upper()}{name[1:]}Input!) {{ {name}(input: $input) {{ {THING} {PROBLEMS} }} }}"""
    )


def asked(camp: uuid.UUID, of: uuid.UUID | None, **values: object) -> Json:
    own = {"organization": f"Organization:{of}"} if of else {}
    return {"camp": f"Camp:{camp}", "category": "CORE", "payer": "SENDER", "places": 4, **own, **values}


async def test_a_contingent_is_asked_for_granted_named_and_given_back(api: Api, build: Build) -> None:
    host, organization = await build.organization(), await build.organization()
    camp = await build.camp(host, capacity=5, self_registration=False)
    people = await members(build, organization, 6)
    manager, keeper = await build.manager(organization), await build.manager(host)

    answers = [await api.do(document("askContingent"), actor=manager, **asked(camp, organization))]
    id_ = answers[0]["contingent"]["id"]
    answers.append(await api.do(document("grantContingent"), actor=keeper, contingent=id_, version=1))
    named = await api.do(
        REGISTER_ALL, actor=manager, camp=f"Camp:{camp}", contingent=id_, participants=listed(people[:2])
    )
    others = await api.do(REGISTER_ALL, actor=manager, camp=f"Camp:{camp}", participants=listed(people[2:5]))
    release = {"contingent": id_, "version": 2, "reason": "Hanya dua yang siap"}
    answers.append(await api.do(document("releaseContingent"), actor=manager, **release))

    steps = [("ASKED", 0, 0, 1), ("ALLOTTED", 0, 4, 2), ("RELEASED", 2, 0, 3)]
    assert [each["contingent"] for each in answers] == [
        {
            "id": id_,
            "status": status,
            "places": 4,
            "named": count,
            "openPlaces": free,
            "number": None,
            "version": version,
        }
        for status, count, free, version in steps
    ]
    assert [each["campRegistration"]["status"] for each in named["results"]] == ["REGISTERED"] * 2
    statuses = [each["campRegistration"]["status"] for each in others["results"]]
    assert statuses == ["REGISTERED", "WAITLISTED", "WAITLISTED"]
    assert await line(api, build, camp) == (0, [(number, "REGISTERED") for number in range(1, 6)])


async def test_what_is_not_named_when_it_is_due_is_free_from_then_on(api: Api, build: Build) -> None:
    camp, organization = await build.camp(capacity=4), await build.organization()
    contingent = await build.contingent(camp, organization, places=3, names_due_at=NOW)
    named, held, waiting, late = await members(build, organization, 4)
    await build.camp_registration(camp, named, contingent_id=contingent)
    await build.camp_registration(camp, held)
    await build.camp_registration(camp, waiting, contingent_id=contingent, status="WAITLISTED")
    manager = await build.manager(organization)

    data = await api.ask(
        f'{{ contingent(id: "Contingent:{contingent}") {{ status openPlaces named }} }}', actor=manager
    )
    before = await line(api, build, camp)
    values = {"camp": f"Camp:{camp}", "volunteer": f"Volunteer:{late}"}
    refused = await api.do(REGISTER, actor=manager, **values, contingent=f"Contingent:{contingent}")
    payload = await api.do(REGISTER, actor=manager, **values)

    assert data == {"contingent": {"status": "NAMED", "openPlaces": 0, "named": 1}}
    assert before == (2, [(1, "REGISTERED"), (2, "REGISTERED"), (3, "WAITLISTED")])
    assert refused["problems"] == [problem("Status", "WRONG_STATUS", "contingent", currentStatus="NAMED")]
    assert payload["campRegistration"]["status"] == "REGISTERED"
    assert await line(api, build, camp) == (0, [(number, "REGISTERED") for number in range(1, 5)])
    events = "SELECT kind, effective_at, actor_kind FROM event WHERE subject_type = 'Contingent'"
    assert [tuple(row) for row in await build.connection.fetch(events)] == [("contingent.named", NOW, "CLOCK")]


async def test_a_contingent_waits_in_the_line_for_all_its_places(api: Api, build: Build) -> None:
    camp, organization = await build.camp(capacity=4), await build.organization()
    first, second, third = await members(build, organization, 3)
    leaving = [await build.camp_registration(camp, person) for person in (first, second)]
    coordinator = await build.coordinator()

    waits = await api.do(document("allotContingent"), actor=coordinator, **asked(camp, organization, places=3))
    small = await api.do(REGISTER, actor=coordinator, camp=f"Camp:{camp}", volunteer=f"Volunteer:{third}")
    for registration in leaving:
        await api.do(
            f"mutation($input: CancelRegistrationInput!) {{ cancelRegistration(input: $input) {{ {PROBLEMS} }} }}",
            actor=coordinator,
            campRegistration=f"CampRegistration:{registration}",
            version=1,
            reason="Sakit",
        )

    assert (waits["contingent"]["status"], waits["contingent"]["number"]) == ("WAITLISTED", 3)
    # It is passed over by whom there is room for, and keeps its number.
    assert small["campRegistration"]["status"] == "REGISTERED"
    data = await api.ask("{ contingents(first: 5) { nodes { status number openPlaces } } }", actor=coordinator)
    assert data == {"contingents": {"nodes": [{"status": "ALLOTTED", "number": 3, "openPlaces": 3}]}}
    assert (await line(api, build, camp))[0] == 0


@pytest.mark.parametrize(
    ("who", "codes"),
    [
        ("manager", []),
        ("home", []),
        ("host", ["FORBIDDEN"]),
        ("other", ["FORBIDDEN"]),
    ],
)
async def test_places_are_asked_for_by_the_organization_and_the_coordinators_of_its_home(
    api: Api, build: Build, who: str, codes: list[str]
) -> None:
    host, organization = await build.organization(), await build.organization(kabupaten_code=NEIGHBOUR)
    camp = await build.camp(host)
    actors = {
        "manager": await build.manager(organization),
        "home": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "host": await build.manager(host),
        "other": await build.coordinator(kabupaten_code=FAR),
    }

    payload = await api.do(document("askContingent"), actor=actors[who], **asked(camp, organization))

    assert [each["code"] for each in payload["problems"]] == codes
    assert await build.connection.fetchval("SELECT count(*) FROM contingent") == 1 - len(codes)


async def test_a_contingent_of_a_kabupaten_is_named_by_its_leader(api: Api, build: Build) -> None:
    camp = await build.camp(self_registration=False)
    leader, local, stranger = await build.person(), await build.person(), await build.person(kabupaten_code=FAR)
    coordinator = await build.coordinator()
    values = asked(camp, None, kabupaten=HOME, leader=f"Volunteer:{leader}")
    contingent = await api.do(document("allotContingent"), actor=coordinator, **values)
    account = await build.volunteer_account(leader)
    common = {"camp": f"Camp:{camp}", "contingent": contingent["contingent"]["id"]}

    payload = await api.do(REGISTER_ALL, actor=account, **common, participants=listed([leader, local, stranger]))

    found = [[one["code"] for one in each["problems"]] for each in payload["results"]]
    assert found == [[], [], ["NOT_FOUND"]]


@pytest.mark.parametrize(
    ("values", "code", "path"),
    [
        ({"places": 0}, "INVALID", "places"),
        ({"organization": None}, "INVALID", "organization"),
        ({"category": "VIP"}, "NOT_FOUND", "category"),
        ({"payer": "NOBODY"}, "NOT_FOUND", "payer"),
        ({"namesDueAt": NOW.isoformat()}, "INVALID", "namesDueAt"),
        ({"namesDueAt": (NOW + 2 * DAY + timedelta(seconds=1)).isoformat()}, "INVALID", "namesDueAt"),
        ({"leader": f"Volunteer:{uuid.UUID(int=1)}"}, "NOT_FOUND", "leader"),
    ],
)
async def test_a_contingent_that_makes_no_sense_is_refused(
    api: Api, build: Build, values: dict[str, object], code: str, path: str
) -> None:
    camp, organization = await build.camp(), await build.organization()
    actor = await build.coordinator()
    before = await snapshot(build.connection)

    payload = await api.do(document("allotContingent"), actor=actor, **asked(camp, organization, **values))

    assert payload == {"contingent": None, "problems": [problem("Simple", code, path)]}
    assert await snapshot(build.connection) == before


async def test_the_places_of_a_contingent_change_within_what_is_named_and_free(api: Api, build: Build) -> None:
    camp, organization = await build.camp(capacity=5), await build.organization()
    contingent = await build.contingent(camp, organization, places=3)
    people = await members(build, organization, 3)
    registrations = [await build.camp_registration(camp, each, contingent_id=contingent) for each in people[:2]]
    await build.camp_registration(camp, people[2])
    host, manager, id_ = await build.coordinator(), await build.manager(organization), f"Contingent:{contingent}"

    async def change(actor: uuid.UUID, version: int, **values: Any) -> Json:
        return await api.do(document("changeContingent"), actor=actor, contingent=id_, version=version, **values)

    below = await change(host, 1, places=1)
    above = await change(host, 1, places=5)
    foreign = await change(manager, 1, places=4)
    own = await change(manager, 1, transport="Bus", arrivesAt=(NOW + DAY).isoformat())
    fits = await change(host, 2, places=4)

    last = {"registration": {"id": f"CampRegistration:{registrations[1]}"}}
    assert below["problems"] == [
        problem("Limit", "BELOW_TAKEN", "places", count=2, limit=1),
        problem("Registration", "PLACE_HELD", "places", **last),
    ]
    assert above["problems"] == [problem("Limit", "CAMP_FULL", "places", count=6, limit=5)]
    assert foreign["problems"] == [problem("Simple", "FORBIDDEN", "places")]
    assert own["problems"] == []
    assert (fits["contingent"]["places"], fits["contingent"]["openPlaces"]) == (4, 2)


async def test_a_place_whose_offer_was_not_answered_is_taken_from_a_contingent(api: Api, build: Build) -> None:
    camp, organization, host = await build.camp(), await build.organization(), await build.coordinator()
    contingent = await build.contingent(camp, organization, places=2)
    one, other = await members(build, organization, 2)
    await build.camp_registration(camp, one, contingent_id=contingent)
    late = {"contingent_id": contingent, "status": "OFFERED", "offered_until": NOW}
    await build.camp_registration(camp, other, **late)

    changed = await api.do(
        document("changeContingent"), actor=host, contingent=f"Contingent:{contingent}", version=1, places=1
    )

    assert changed["problems"] == []
    assert (changed["contingent"]["places"], changed["contingent"]["named"]) == (1, 1)
    assert await line(api, build, camp) == (9, [(1, "REGISTERED"), (2, "EXPIRED")])


async def test_a_contingent_is_not_left_without_places_and_its_event_says_what_changed(api: Api, build: Build) -> None:
    camp, organization = await build.camp(), await build.organization()
    contingent, host = await build.contingent(camp, organization, places=3), await build.coordinator()
    values = {"contingent": f"Contingent:{contingent}", "version": 1}
    before = await snapshot(build.connection)

    refused = await api.do(document("changeContingent"), actor=host, **values, places=0)
    unchanged = await snapshot(build.connection)
    changed = await api.do(document("changeContingent"), actor=host, **values, places=None, payer=None, transport="Bus")

    assert refused == {"contingent": None, "problems": [problem("Simple", "INVALID", "places")]}
    assert unchanged == before
    assert changed["problems"] == []
    row = await build.connection.fetchrow("SELECT places, payer_code, transport FROM contingent")
    event = await build.connection.fetchval("SELECT change FROM event WHERE kind = 'contingent.changed'")
    assert row is not None
    assert tuple(row) == (3, "SENDER", "Bus")
    assert json.loads(event) == {"transport": "Bus"}


@pytest.mark.parametrize(
    ("who", "status", "codes"),
    [
        ("manager", "ASKED", []),
        ("manager", "ALLOTTED", ["FORBIDDEN"]),
        ("manager", "WAITLISTED", ["FORBIDDEN"]),
        ("leader", "ALLOTTED", ["FORBIDDEN"]),
        ("host", "ALLOTTED", []),
    ],
)
async def test_once_it_is_granted_the_host_alone_says_who_pays(
    api: Api, build: Build, who: str, status: str, codes: list[str]
) -> None:
    camp, organization, leader = await build.camp(), await build.organization(), await build.person()
    contingent = await build.contingent(camp, organization, status=status, leader_id=leader)
    actors = {
        "manager": await build.manager(organization),
        "leader": await build.volunteer_account(leader),
        "host": await build.coordinator(kabupaten_code=HOME),
    }

    payload = await api.do(
        document("changeContingent"), actor=actors[who], contingent=f"Contingent:{contingent}", version=1, payer="HOST"
    )

    assert payload["problems"] == [problem("Simple", code, "payer") for code in codes]
    payer = await build.connection.fetchval("SELECT payer_code FROM contingent")
    assert payer == ("SENDER" if codes else "HOST")


@pytest.mark.parametrize(
    ("who", "codes"),
    [
        ("manager", []),
        ("own leader", []),
        ("leader of the host", ["NOT_FOUND"]),
        ("host", ["NOT_FOUND"]),
        ("host that sees them", ["ORGANIZATION_CONSENT"]),
    ],
)
async def test_the_sending_organization_alone_agrees_for_its_people_and_shows_them(
    api: Api, build: Build, who: str, codes: list[str]
) -> None:
    """The host neither gives the consent of another organization nor registers people whom it may not see."""
    host, sender = await build.organization(), await build.organization(kabupaten_code=NEIGHBOUR)
    camp = await build.camp(host, needs_consent=True, self_registration=False)
    leader, person = await members(build, sender, 2, reach="KABUPATEN", kabupaten_code=NEIGHBOUR)
    keeper, manager = await build.manager(host), await build.manager(sender)
    account = await build.volunteer_account(leader)
    national = await build.coordinator()
    contingent = await build.contingent(camp, sender)
    id_ = f"Contingent:{contingent}"
    named_by = {"own leader": manager, "leader of the host": national}.get(who)
    if named_by:
        named = {"contingent": id_, "version": 1, "leader": f"Volunteer:{leader}"}
        await api.do(document("changeContingent"), actor=named_by, **named)
    actors = {"manager": manager, "host": keeper, "host that sees them": national}
    before = await snapshot(build.connection)

    payload = await api.do(
        REGISTER,
        actor=actors.get(who, account),
        camp=f"Camp:{camp}",
        contingent=id_,
        volunteer=f"Volunteer:{person}",
    )

    assert [each["code"] for each in payload["problems"]] == codes
    assert (await snapshot(build.connection) == before) == bool(codes)


async def test_who_may_not_register_somebody_does_not_learn_what_they_lack(api: Api, build: Build) -> None:
    camp = await build.camp(minimum_age=17, needs_consent=True)
    person = await build.person()
    await build.camp_registration(camp, person)

    payload = await api.do(
        REGISTER,
        actor=await build.coordinator(kabupaten_code=FAR),
        camp=f"Camp:{camp}",
        volunteer=f"Volunteer:{person}",
    )

    assert payload == {"campRegistration": None, "problems": [problem("Simple", "FORBIDDEN", "volunteer")]}


async def test_nothing_is_allotted_of_a_camp_that_is_over(api: Api, build: Build) -> None:
    camp, organization = await build.camp(starts_at=NOW - 3 * DAY, ends_at=NOW), await build.organization()
    asking = await build.contingent(camp, organization, status="ASKED")
    coordinator = await build.coordinator()
    before = await snapshot(build.connection)

    asked_for = await api.do(document("askContingent"), actor=coordinator, **asked(camp, organization))
    allotted = await api.do(document("allotContingent"), actor=coordinator, **asked(camp, organization))
    granted = await api.do(document("grantContingent"), actor=coordinator, contingent=f"Contingent:{asking}", version=1)

    past = [problem("Deadline", "PERIOD_PAST", "camp", deadline=instant(NOW))]
    assert [each["problems"] for each in (asked_for, allotted)] == [past, past]
    assert granted["problems"] == [problem("Deadline", "PERIOD_PAST", "contingent", deadline=instant(NOW))]
    assert await snapshot(build.connection) == before


async def test_places_that_were_asked_for_and_are_not_free_wait_in_the_line(api: Api, build: Build) -> None:
    camp, organization = await build.camp(capacity=2), await build.organization()
    contingent = await build.contingent(camp, organization, status="ASKED", places=3)

    payload = await api.do(
        document("grantContingent"), actor=await build.coordinator(), contingent=f"Contingent:{contingent}", version=1
    )

    found = {"id": f"Contingent:{contingent}", "status": "WAITLISTED", "places": 3, "named": 0}
    assert payload == {"contingent": {**found, "openPlaces": 0, "number": 1, "version": 2}, "problems": []}


async def test_places_of_an_organization_that_fell_are_not_granted(api: Api, build: Build) -> None:
    fallen, camp = await build.organization(verification="SUSPENDED"), await build.camp()
    contingent = await build.contingent(camp, fallen, status="ASKED")
    coordinator = await build.coordinator()
    before = await snapshot(build.connection)

    payload = await api.do(
        document("grantContingent"), actor=coordinator, contingent=f"Contingent:{contingent}", version=1
    )

    organization = {"id": f"Organization:{fallen}"}
    refusal = problem("Organization", "ORGANIZATION_NOT_VERIFIED", "contingent", organization=organization)
    assert payload == {"contingent": None, "problems": [refusal]}
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize(
    ("of_organization", "of_contingent"),
    [
        ({"verification": "SUSPENDED"}, {}),
        ({}, {"names_due_at": NOW}),
    ],
)
async def test_a_contingent_that_could_name_nobody_is_passed_over_in_the_line(
    api: Api, build: Build, of_organization: dict[str, Any], of_contingent: dict[str, Any]
) -> None:
    camp, organization = await build.camp(capacity=2), await build.organization()
    released = await build.contingent(camp, organization, places=2)
    other, waits = await build.organization(**of_organization), {"status": "WAITLISTED", "places": 2}
    passed_over = await build.contingent(camp, other, **waits, **of_contingent)
    given = await build.contingent(camp, organization, **waits)

    release = {"contingent": f"Contingent:{released}", "version": 1, "reason": "Batal"}
    answer = await api.do(document("releaseContingent"), actor=await build.coordinator(), **release)

    assert answer["problems"] == []
    rows = await build.connection.fetch("SELECT id, status, number FROM contingent")
    found = {row["id"]: (row["status"], row["number"]) for row in rows}
    assert found == {released: ("RELEASED", None), passed_over: ("WAITLISTED", 1), given: ("ALLOTTED", 2)}


async def test_a_contingent_whose_names_were_due_is_granted_once_that_is_changed(api: Api, build: Build) -> None:
    camp, organization, host = await build.camp(), await build.organization(), await build.coordinator()
    contingent = await build.contingent(camp, organization, status="ASKED", names_due_at=NOW)
    id_, due = f"Contingent:{contingent}", instant(NOW + DAY)
    before = await snapshot(build.connection)

    refused = await api.do(document("grantContingent"), actor=host, contingent=id_, version=1)
    unchanged = await snapshot(build.connection)
    changed = await api.do(document("changeContingent"), actor=host, contingent=id_, version=1, namesDueAt=due)
    granted = await api.do(document("grantContingent"), actor=host, contingent=id_, version=2)

    refusal = problem("Deadline", "NAMES_DUE", "contingent", deadline=instant(NOW))
    assert refused == {"contingent": None, "problems": [refusal]}
    assert unchanged == before
    assert changed["problems"] == granted["problems"] == []
    assert granted["contingent"]["status"] == "ALLOTTED"
