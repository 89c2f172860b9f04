"""The life of organizations: asked for, verified, suspended, closed; their licences, and who may do what."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest

from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.sampling import ROUNDS
from tests.snapshot import snapshot

FIELDS = """organization { id name kind verification reason parent { id } kabupaten { code } coverage { code } focus { code }
  contacts { name position phone } licences { kind number issuer status validFrom validUntil } allowedActions
  history { kind status reason } version }"""


def document(verb: str, fields: str = FIELDS) -> str:
    input_type = verb[0].upper() + verb[1:] + "Input"
    return f"mutation($input: {input_type}!) {{ {verb}(input: $input) {{ {fields} {PROBLEMS} }} }}"


REQUEST = document("requestOrganization")
LICENCE: Json = {"kind": "REGISTRATION", "number": "12/2024", "issuer": "Kemensos", "validFrom": "2024-01-01"}
MRI: Json = {
    "name": "  MRI  Lampung ",
    "kind": "CORPS",
    "kabupaten": HOME,
    "coverage": [HOME, NEIGHBOUR, HOME],
    "focus": ["LOGISTICS"],
    "contacts": [{"name": "Sinta", "position": "Ketua", "phone": "0812-3456-7890"}],
    "licences": [LICENCE],
}


def moved(verb: str, organization: uuid.UUID, **more: object) -> Json:
    return {"organization": f"Organization:{organization}", "version": 1, **more}


async def test_an_organization_that_is_asked_for_is_verified_and_its_asker_manages_it(api: Api, build: Build) -> None:
    asker, coordinator = await build.account(), await build.coordinator(kabupaten_code=HOME)

    asked = await api.do(REQUEST, actor=asker, **MRI)
    id_ = asked["organization"]["id"]
    hidden = await api.ask(f'{{ organization(id: "{id_}") {{ id }} }}')
    seen = await api.ask(f'{{ organization(id: "{id_}") {{ allowedActions }} }}', actor=coordinator)
    verified = await api.do(document("verifyOrganization"), actor=coordinator, organization=id_, version=1)
    mine = await api.ask("{ me { roles { kind organization { id } } } }", actor=asker)

    expected = {
        "id": id_,
        "name": "MRI Lampung",
        "kind": "CORPS",
        "verification": "PENDING",
        "reason": None,
        "parent": None,
        "kabupaten": {"code": HOME},
        "coverage": [{"code": HOME}, {"code": NEIGHBOUR}],
        "focus": [{"code": "LOGISTICS"}],
        "contacts": [],
        "licences": [],
        "allowedActions": [],
        "history": [{"kind": "organization.pending", "status": "PENDING", "reason": None}],
        "version": 1,
    }
    assert asked == {"organization": expected, "problems": []}
    assert hidden == {"organization": None}
    assert seen == {"organization": {"allowedActions": ["VERIFY", "REFUSE", "CLOSE"]}}
    assert verified["organization"] == {
        **expected,
        "verification": "VERIFIED",
        "contacts": [{"name": "Sinta", "position": "Ketua", "phone": "+6281234567890"}],
        "licences": [{**LICENCE, "status": "PENDING", "validUntil": None}],
        "allowedActions": ["SUSPEND", "CLOSE"],
        "history": [
            *expected["history"],
            {"kind": "organization.verified", "status": "VERIFIED", "reason": None},
        ],
        "version": 2,
    }
    assert mine == {"me": {"roles": [{"kind": "MANAGER", "organization": {"id": id_}}]}}


async def test_all_that_is_wrong_with_a_request_is_told_at_once(api: Api, build: Build) -> None:
    before_account = await build.account()
    before = await snapshot(build.connection)
    wrong: Json = {
        "name": "\u200b",
        "kind": "NGO",
        "kabupaten": "99.99",
        "parent": f"Organization:{uuid.uuid4()}",
        "coverage": [HOME, "99.98"],
        "focus": ["NONE"],
        "contacts": [{"name": "", "phone": "12"}],
        "licences": [{**LICENCE, "number": " ", "validFrom": "1900-01-01"}, {**LICENCE, "validUntil": "2023-01-01"}],
    }

    refused = await api.do(document("requestOrganization"), actor=before_account, **wrong)

    told = {(each["code"], ".".join(each["path"][1:])) for each in refused["problems"]}
    assert told == {
        ("INVALID", "name"),
        ("NOT_FOUND", "kabupaten"),
        ("NOT_FOUND", "parent"),
        ("NOT_FOUND", "coverage.1"),
        ("NOT_FOUND", "focus.0"),
        ("INVALID", "contacts.0.name"),
        ("INVALID", "contacts.0.phone"),
        ("INVALID", "licences.0.number"),
        ("INVALID", "licences.0.validFrom"),
        ("INVALID", "licences.1.validUntil"),
    }
    assert refused["organization"] is None
    assert await snapshot(build.connection) == before


@pytest.mark.parametrize(("contacts", "licences"), [(50, 50), (51, 50), (50, 51), (0, 0)])
async def test_a_request_has_so_many_contacts_and_licences(
    api: Api, build: Build, contacts: int, licences: int
) -> None:
    listed = {"contacts": [MRI["contacts"][0]] * contacts, "licences": [LICENCE] * licences}

    asked = await api.do(REQUEST, actor=await build.account(), **{**MRI, **listed})

    too_many = [name for name, items in listed.items() if len(items) > 50]
    assert asked["problems"] == [problem("Simple", "INVALID", name) for name in too_many]


@pytest.mark.parametrize(
    ("corps", "is_known"),
    [
        ("TAGANA", True),
        ("PELOPOR", True),
        ("MRI", True),
        ("TKSK", True),
        ("NGO", False),
        ("CORPS", False),
        ("X", False),
    ],
)
async def test_a_corps_has_ranks_or_is_tksk(api: Api, build: Build, corps: str, is_known: bool) -> None:
    asked = await api.do(REQUEST, actor=await build.account(), **{**MRI, "kind": "FORUM", "corps": corps})
    existing = await build.organization(kind="FORUM", corps=None)
    change = document("changeOrganization", "organization { corps }")
    changed = await api.do(change, actor=await build.coordinator(), **moved("", existing, corps=corps))

    refused = [problem("Simple", "NOT_FOUND", "corps")]
    assert [asked["problems"], changed["problems"]] == [[] if is_known else refused] * 2
    stored = await build.connection.fetch("SELECT corps FROM organization ORDER BY created_at DESC, id")
    assert {row["corps"] for row in stored} == ({corps} if is_known else {None})


@pytest.mark.parametrize("scope", [{}, {"kabupaten_code": HOME}])
async def test_nobody_verifies_an_organization_that_they_have_asked_for(
    api: Api, build: Build, scope: dict[str, str]
) -> None:
    """Who verifies it makes somebody its manager, for longer than they may hold their own role."""
    asker, other = await build.coordinator(**scope, until=NOW + timedelta(days=1)), await build.coordinator(**scope)
    id_ = (await api.do(REQUEST, actor=asker, **MRI))["organization"]["id"]
    before = await snapshot(build.connection, "organization", "role")

    seen = await api.ask(f'{{ organization(id: "{id_}") {{ allowedActions }} }}', actor=asker)
    refused = await api.do(
        document("verifyOrganization", "organization { id }"), actor=asker, organization=id_, version=1
    )
    unchanged = await snapshot(build.connection, "organization", "role")
    verified = await api.do(
        document("verifyOrganization", "organization { id }"), actor=other, organization=id_, version=1
    )

    assert seen == {"organization": {"allowedActions": ["REFUSE", "CLOSE"]}}
    assert refused == {"organization": None, "problems": [problem("Simple", "FORBIDDEN", "organization")]}
    assert unchanged == before
    assert verified == {"organization": {"id": id_}, "problems": []}


@pytest.mark.parametrize("scope", [{}, {"province_code": HOME[:2]}, {"kabupaten_code": HOME}])
async def test_who_verifies_an_organization_makes_nobody_its_manager_for_longer_than_they_hold(
    api: Api, build: Build, scope: dict[str, str]
) -> None:
    """As `grantRole`: an account of their own that has asked would keep the role after theirs."""
    second, ending = await build.account(), await build.coordinator(**scope, until=NOW + timedelta(days=1))
    id_ = (await api.do(REQUEST, actor=second, **MRI))["organization"]["id"]
    before = await snapshot(build.connection, "organization", "role")

    seen = await api.ask(f'{{ organization(id: "{id_}") {{ allowedActions }} }}', actor=ending)
    verify = document("verifyOrganization", "organization { id }")
    refused = await api.do(verify, actor=ending, organization=id_, version=1)
    unchanged = await snapshot(build.connection, "organization", "role")
    verified = await api.do(verify, actor=await build.coordinator(**scope), organization=id_, version=1)

    assert seen == {"organization": {"allowedActions": ["REFUSE", "CLOSE"]}}
    assert refused == {"organization": None, "problems": [problem("Simple", "FORBIDDEN", "organization")]}
    assert unchanged == before
    assert verified == {"organization": {"id": id_}, "problems": []}


async def test_a_name_is_compared_among_those_that_are_verified_only(api: Api, build: Build) -> None:
    asker, coordinator = await build.account(), await build.coordinator(kabupaten_code=HOME)
    await build.organization(name="MRI LAMPUNG")

    asked = await api.do(document("requestOrganization", "organization { id }"), actor=asker, **MRI)
    verified = await api.do(
        document("verifyOrganization", "organization { id }"),
        actor=coordinator,
        organization=asked["organization"]["id"],
        version=1,
    )

    assert asked["problems"] == []
    assert verified == {"organization": None, "problems": [problem("Simple", "NAME_TAKEN", "organization")]}


# Who may.

REASON = {"reason": "Pelanggaran"}
JUDGEMENTS = {
    "verifyOrganization": ("PENDING", {}),
    "refuseOrganization": ("PENDING", REASON),
    "suspendOrganization": ("VERIFIED", REASON),
    "reinstateOrganization": ("SUSPENDED", REASON),
    "closeOrganization": ("VERIFIED", REASON),
}


@pytest.mark.parametrize("verb", JUDGEMENTS)
async def test_only_coordinators_of_its_home_judge_an_organization(api: Api, build: Build, verb: str) -> None:
    status, more = JUDGEMENTS[verb]
    organization = await build.organization(verification=status)
    actors = {
        "a manager": await build.manager(organization),
        "another kabupaten": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "another province": await build.coordinator(province_code=FAR[:2]),
        "home": await build.coordinator(kabupaten_code=HOME),
    }
    codes = {}
    for name, actor in actors.items():
        done = await api.do(document(verb, "organization { id }"), actor=actor, **moved(verb, organization, **more))
        codes[name] = [each["code"] for each in done["problems"]]

    hidden = "FORBIDDEN" if status == "VERIFIED" else "NOT_FOUND"
    assert codes == {
        "a manager": ["FORBIDDEN"],
        "another kabupaten": [hidden],
        "another province": [hidden],
        "home": [],
    }


@pytest.mark.parametrize("verb", [verb for verb in JUDGEMENTS if verb != "refuseOrganization"])
async def test_only_the_nation_supervises_who_works_in_several_provinces(api: Api, build: Build, verb: str) -> None:
    status, more = JUDGEMENTS[verb]
    organization = await build.organization(verification=status)
    for code in (HOME, FAR):
        await build.connection.execute("INSERT INTO organization_coverage VALUES ($1, $2)", organization, code)
    home, nation = await build.coordinator(province_code=HOME[:2]), await build.coordinator()

    refused = await api.do(document(verb, "organization { id }"), actor=home, **moved(verb, organization, **more))
    done = await api.do(document(verb, "organization { id }"), actor=nation, **moved(verb, organization, **more))

    assert refused["problems"] == [problem("Simple", "FORBIDDEN", "organization")]
    assert done == {"organization": {"id": f"Organization:{organization}"}, "problems": []}


async def test_the_roles_of_a_closed_organization_end(api: Api, build: Build) -> None:
    """Those of its managers, of the staff of all its camps and of the staff of one; each with its event."""
    organization, other = await build.organization(), await build.organization()
    camp = await build.camp(organization)
    manager, staff, one, stays = [await build.account() for _ in range(4)]
    scopes: list[Json] = [
        {"account_id": manager, "kind": "MANAGER", "organization_id": organization},
        {"account_id": staff, "kind": "CAMP_STAFF", "organization_id": organization},
        {"account_id": one, "kind": "CAMP_STAFF", "camp_id": camp},
        {"account_id": stays, "kind": "MANAGER", "organization_id": other},
        {"account_id": stays, "kind": "CAMP_STAFF", "camp_id": await build.camp(other)},
    ]
    roles = [await build.row("role", **scope) for scope in scopes]
    coordinator = await build.coordinator()

    closed = await api.do(
        document("closeOrganization", "organization { verification }"),
        actor=coordinator,
        **moved("", organization, **REASON),
    )
    left = await api.ask("{ me { roles { id } } }", actor=manager)

    assert closed == {"organization": {"verification": "CLOSED"}, "problems": []}
    assert left == {"me": {"roles": []}}
    ended = "SELECT id FROM role WHERE ended_at = $1 AND version = 2"
    assert {row["id"] for row in await build.connection.fetch(ended, NOW)} == {*roles[:3]}
    events = "SELECT subject_key FROM event WHERE kind = 'role.revoked'"
    assert {row["subject_key"] for row in await build.connection.fetch(events)} == {str(each) for each in roles[:3]}


@pytest.mark.parametrize("who", ["manager", "coordinator"])
async def test_of_a_closure_and_a_grant_at_once_no_role_is_left(api: Api, build: Build, who: str) -> None:
    """Whether the grant comes first, and ends with the others, or waits and is refused."""
    for _round in range(10):
        organization = await build.organization()
        coordinator = await build.coordinator()
        grantor = await (build.manager(organization) if who == "manager" else build.coordinator())
        login = f"akun{organization.hex}"
        await build.account(login=login)
        await asyncio.gather(
            api.do(
                document("closeOrganization", "organization { id }"),
                actor=coordinator,
                **moved("", organization, **REASON),
            ),
            api.do(
                document("grantRole", "role { id }"),
                actor=grantor,
                login=login,
                kind="MANAGER",
                organization=f"Organization:{organization}",
            ),
        )

    left = "SELECT count(*) FROM role WHERE kind = 'MANAGER' AND ended_at IS NULL"
    assert await build.connection.fetchval(left) == 0


@pytest.mark.parametrize("verb", [verb for verb, (_, more) in JUDGEMENTS.items() if more])
async def test_a_judgement_needs_a_reason_that_can_be_seen(api: Api, build: Build, verb: str) -> None:
    organization = await build.organization(verification=JUDGEMENTS[verb][0])
    actor = await build.coordinator()

    refused = await api.do(
        document(verb, "organization { id }"), actor=actor, **moved(verb, organization, reason="\u2800")
    )

    assert refused == {"organization": None, "problems": [problem("Simple", "INVALID", "reason")]}


# What a suspension stops.


async def test_a_suspended_organization_sends_nobody_and_enrols_nobody(api: Api, build: Build) -> None:
    organization = await build.organization()
    volunteer, need = await build.volunteer(organization), await build.need()
    manager, coordinator = await build.manager(organization), await build.coordinator()
    offer = await build.assignment(need, volunteer)

    await api.do(
        document("suspendOrganization", "organization { id }"), actor=coordinator, **moved("", organization, **REASON)
    )
    accept = {"assignment": f"Assignment:{offer}", "version": 1}
    own = await build.volunteer_account(volunteer)
    accepted = [
        await api.do(document("acceptAssignment", "assignment { id }"), actor=actor, **accept)
        for actor in (manager, own)
    ]
    registered = await api.do(
        document("registerVolunteer", "volunteer { id }"),
        actor=manager,
        name="Budi",
        kabupaten=HOME,
        reach="NATIONAL",
        consentPurpose="Penugasan",
        organization=f"Organization:{organization}",
    )

    problems = [[each["code"] for each in answer["problems"]] for answer in accepted]
    assert problems == [["FORBIDDEN"], ["ORGANIZATION_NOT_VERIFIED"]]
    assert [each["code"] for each in registered["problems"]] == ["ORGANIZATION_NOT_VERIFIED"]


# Changing.

CHANGE = document("changeOrganization")


async def test_only_the_nation_leaves_who_works_in_several_provinces_to_its_home(api: Api, build: Build) -> None:
    organization = await build.organization()
    for code in (HOME, FAR):
        await build.connection.execute("INSERT INTO organization_coverage VALUES ($1, $2)", organization, code)
    home, nation = await build.coordinator(province_code=HOME[:2]), await build.coordinator()
    manager, narrow = await build.manager(organization), moved("", organization, coverage=[HOME])

    refused = [await api.do(CHANGE, actor=actor, **narrow) for actor in (home, manager)]
    kept = await api.do(CHANGE, actor=manager, **moved("", organization, coverage=[NEIGHBOUR, FAR]))
    done = await api.do(CHANGE, actor=nation, **{**narrow, "version": 2})

    assert [each["problems"] for each in refused] == [[problem("Simple", "FORBIDDEN", "coverage")]] * 2
    assert [kept["problems"], done["problems"]] == [[], []]
    assert done["organization"]["coverage"] == [{"code": HOME}]


async def test_a_manager_changes_the_profile_and_what_is_left_out_stays(api: Api, build: Build) -> None:
    parent = await build.organization()
    organization = await build.organization(parent_id=parent, name="LKS Kasih")
    manager = await build.manager(organization)
    contacts = [{"name": "Ani", "phone": "+62 811 111 1111"}]

    first = await api.do(CHANGE, actor=manager, **moved("", organization, coverage=[NEIGHBOUR], contacts=contacts))
    second = await api.do(
        CHANGE, actor=manager, **{**moved("", organization, name="LKS Kasih Bunda", focus=["HEALTH"]), "version": 2}
    )

    assert second["problems"] == []
    assert {name: second["organization"][name] for name in ("name", "parent", "coverage", "focus", "contacts")} == {
        "name": "LKS Kasih Bunda",
        "parent": {"id": f"Organization:{parent}"},
        "coverage": [{"code": NEIGHBOUR}],
        "focus": [{"code": "HEALTH"}],
        "contacts": [{"name": "Ani", "position": None, "phone": "+628111111111"}],
    }
    assert first["organization"]["version"] == 2


async def test_kind_and_parent_are_changed_by_a_coordinator_of_its_home_only(api: Api, build: Build) -> None:
    organization, parent = await build.organization(), await build.organization()
    manager, coordinator = await build.manager(organization), await build.coordinator(kabupaten_code=HOME)
    values = moved("", organization, kind="NGO", parent=f"Organization:{parent}")

    refused = await api.do(CHANGE, actor=manager, **values)
    changed = await api.do(CHANGE, actor=coordinator, **values)
    cleared = await api.do(CHANGE, actor=coordinator, **{**moved("", organization, parent=None), "version": 2})

    assert refused["problems"] == [problem("Simple", "FORBIDDEN", "kind"), problem("Simple", "FORBIDDEN", "parent")]
    assert (changed["organization"]["kind"], changed["organization"]["parent"]) == (
        "NGO",
        {"id": f"Organization:{parent}"},
    )
    assert (cleared["organization"]["kind"], cleared["organization"]["parent"]) == ("NGO", None)


async def test_an_organization_never_belongs_to_itself(api: Api, build: Build) -> None:
    top = await build.organization()
    middle = await build.organization(parent_id=top)
    bottom = await build.organization(parent_id=middle)
    coordinator = await build.coordinator()

    for above in (top, middle, bottom):
        refused = await api.do(CHANGE, actor=coordinator, **moved("", top, parent=f"Organization:{above}"))
        assert refused == {"organization": None, "problems": [problem("Simple", "CYCLE", "parent")]}, above


@pytest.mark.fuzz
async def test_two_changes_side_by_side_make_no_cycle(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    for _ in range(ROUNDS):
        one, other = await build.organization(), await build.organization()

        done = await asyncio.gather(
            api.do(CHANGE, actor=coordinator, **moved("", one, parent=f"Organization:{other}")),
            api.do(CHANGE, actor=coordinator, **moved("", other, parent=f"Organization:{one}")),
        )

        assert sorted(len(each["problems"]) for each in done) == [0, 1]


# Licences.

LICENCE_FIELDS = "licence { id status reason revokedOn allowedActions version }"


@pytest.mark.parametrize(("who", "status", "allowed"), [("manager", "PENDING", []), ("home", "CONFIRMED", ["REVOKE"])])
async def test_what_a_manager_records_waits_and_what_a_coordinator_records_counts(
    api: Api, build: Build, who: str, status: str, allowed: list[str]
) -> None:
    organization = await build.organization()
    actor = await (build.manager(organization) if who == "manager" else build.coordinator(kabupaten_code=HOME))

    recorded = await api.do(
        document("recordLicence", LICENCE_FIELDS), actor=actor, organization=f"Organization:{organization}", **LICENCE
    )
    public = await api.ask(f'{{ organization(id: "Organization:{organization}") {{ licences {{ status }} }} }}')

    assert recorded["problems"] == []
    told = {name: recorded["licence"][name] for name in ("status", "reason", "revokedOn", "allowedActions")}
    assert told == {"status": status, "reason": None, "revokedOn": None, "allowedActions": allowed}
    assert public == {"organization": {"licences": [{"status": status}] if status == "CONFIRMED" else []}}


@pytest.mark.parametrize("kind", ["REGISTRATION", "ACCREDITATION"])
async def test_only_who_supervises_an_organization_judges_its_registrations(api: Api, build: Build, kind: str) -> None:
    """A new registration makes one stand again that was struck off, as the end of a suspension does; a revoked one strikes it off."""
    organization = await build.organization()
    await build.connection.execute("INSERT INTO organization_coverage VALUES ($1, $2)", organization, FAR)
    await build.licence(organization, revoked_on=NOW.date())
    home, nation = await build.coordinator(kabupaten_code=HOME), await build.coordinator()
    pending, confirmed = [
        await build.licence(organization, kind=kind, status=each) for each in ("PENDING", "CONFIRMED")
    ]
    judgements = [("confirmLicence", pending, {}), ("revokeLicence", confirmed, REASON)]

    recorded = await api.do(
        document("recordLicence", LICENCE_FIELDS),
        actor=home,
        organization=f"Organization:{organization}",
        **{**LICENCE, "kind": kind},
    )
    found = {
        name: [
            (await api.do(document(verb, "licence { id }"), actor=actor, licence=f"Licence:{key}", version=1, **more))[
                "problems"
            ]
            for verb, key, more in judgements
        ]
        for name, actor in (("home", home), ("nation", nation))
    }

    is_other = kind != "REGISTRATION"
    forbidden, judged = (
        [problem("Simple", "FORBIDDEN", "licence")],
        [problem("Version", "VERSION_CONFLICT", "version", currentVersion=2)],
    )
    assert recorded["licence"]["status"] == ("CONFIRMED" if is_other else "PENDING")
    assert found == {"home": [[] if is_other else forbidden] * 2, "nation": [judged if is_other else []] * 2}


async def test_a_number_that_somebody_else_only_recorded_is_not_told(api: Api, build: Build) -> None:
    mine, other = await build.organization(), await build.organization()
    await build.licence(other, number="12/2024", status="PENDING")
    await build.licence(other, number="13/2024")
    manager, coordinator = await build.manager(mine), await build.coordinator()

    waits = await api.do(
        document("recordLicence", LICENCE_FIELDS), actor=manager, organization=f"Organization:{mine}", **LICENCE
    )
    taken = await api.do(
        document("recordLicence", LICENCE_FIELDS),
        actor=coordinator,
        organization=f"Organization:{mine}",
        **{**LICENCE, "number": " 13 / 2024", "issuer": "KEMENSOS"},
    )

    assert waits["problems"] == []
    assert taken == {"licence": None, "problems": [problem("Simple", "NUMBER_TAKEN", "number")]}


async def test_a_revoked_registration_strikes_the_organization_off_from_its_local_day_on(
    api: Api, build: Build
) -> None:
    organization = await build.organization()
    licence, coordinator = await build.licence(organization), await build.coordinator(kabupaten_code=HOME)
    volunteer, need = await build.volunteer(organization), await build.need()
    offer = await build.assignment(need, volunteer)

    revoked = await api.do(
        document("revokeLicence", LICENCE_FIELDS), actor=coordinator, licence=f"Licence:{licence}", version=1, **REASON
    )
    accepted = await api.do(
        document("acceptAssignment", "assignment { id }"),
        actor=await build.volunteer_account(volunteer),
        assignment=f"Assignment:{offer}",
        version=1,
    )

    assert revoked["licence"]["revokedOn"] == build.now.date().isoformat()
    assert [each["code"] for each in accepted["problems"]] == ["ORGANIZATION_NOT_VERIFIED"]


async def rounds(api: Api, build: Build, stop: Any) -> None:
    """Rounds of an acceptance beside something that stops it: whichever commits first is respected."""
    for _ in range(ROUNDS):
        organization = await build.organization()
        licence, volunteer = await build.licence(organization), await build.volunteer(organization)
        offer = await build.assignment(await build.need(), volunteer)
        accept = document("acceptAssignment", "assignment { status history { at } }")
        own = await build.volunteer_account(volunteer)

        accepted, stopped = await asyncio.gather(
            api.do(accept, actor=own, assignment=f"Assignment:{offer}", version=1), stop(organization, licence)
        )

        assert stopped["problems"] == []
        events = await build.connection.fetch("SELECT kind FROM event ORDER BY position DESC LIMIT 2")
        if accepted["problems"]:
            assert [each["code"] for each in accepted["problems"]] == ["ORGANIZATION_NOT_VERIFIED"]
        else:
            assert events[1]["kind"] == "assignment.accepted", "no acceptance after it"


@pytest.mark.fuzz
async def test_a_suspension_and_an_acceptance_respect_each_other(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    suspend = document("suspendOrganization", "organization { id }")

    await rounds(
        api, build, lambda organization, _: api.do(suspend, actor=coordinator, **moved("", organization, **REASON))
    )


@pytest.mark.fuzz
async def test_a_revocation_and_an_acceptance_respect_each_other(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    revoke = document("revokeLicence", "licence { id }")

    await rounds(
        api,
        build,
        lambda _, licence: api.do(revoke, actor=coordinator, licence=f"Licence:{licence}", version=1, **REASON),
    )
