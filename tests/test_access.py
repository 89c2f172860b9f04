import uuid
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, cast

import pytest
from graphql import (
    GraphQLNamedType,
    GraphQLObjectType,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_object_type,
)
from graphql.pyutils import camel_to_snake

from api.access import CALLERS
from api.compiler.check import CONNECTION_TYPES
from api.resolvers import SOURCES
from api.resolvers.verb import VERBS
from api.schema.build import core_schema
from tests.asking import Api, Json
from tests.builders import CERTIFICATE_TYPE, FAR, HOME, NEIGHBOUR, SKILL, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

DAY = timedelta(days=1)
INSTANT = NOW.isoformat()

Actors = Mapping[str, uuid.UUID | None]


# Visibility of volunteers and of their private fields.

VOLUNTEERS = """{ volunteers(first: 100) { totalCount nodes {
    name phone nik latitude longitude consentGivenAt consentPurpose consentWithdrawnAt } }
  certificates(first: 100) { totalCount nodes { volunteer { name } } }
  memberships(first: 100) { totalCount nodes { volunteer { name } } } }"""

PRIVATE = ("phone", "nik", "latitude", "longitude", "consentGivenAt", "consentPurpose", "consentWithdrawnAt")

# Name, home kabupaten, reach, and other columns.
PEOPLE: list[tuple[str, str, str, dict[str, Any]]] = [
    ("Ani", HOME, "KABUPATEN", {}),
    ("Budi", NEIGHBOUR, "KABUPATEN", {}),
    ("Citra", NEIGHBOUR, "PROVINCE", {}),
    ("Dewi", FAR, "PROVINCE", {}),
    ("Eko", FAR, "NATIONAL", {}),
    ("Fitri", FAR, "NATIONAL", {"status": "INACTIVE"}),
    ("Gita", FAR, "NATIONAL", {"consent_withdrawn_at": NOW}),
    ("Hadi", FAR, "KABUPATEN", {}),
    ("Intan", FAR, "NATIONAL", {"consent_given_at": None, "consent_purpose": None}),
]


async def people(build: Build) -> Mapping[str, uuid.UUID]:
    """The volunteers of PEOPLE, with private fields, a certificate and a membership; Hadi has an offer."""
    organization = await build.organization(kabupaten_code="31.71")
    found: dict[str, uuid.UUID] = {}
    for number, (name, kabupaten, reach, special) in enumerate(PEOPLE):
        found[name] = await build.person(
            **{
                "name": name,
                "kabupaten_code": kabupaten,
                "reach": reach,
                "phone": f"+62812345678{number}",
                "nik_cipher": b"x",
                "nik_index": str(number).encode(),
                "nik_tail": f"000{number}",
                "latitude": -1.0,
                "longitude": 110.0,
                **special,
            }
        )
        await build.membership(found[name], organization)
        await build.certificate(found[name], organization)
    await build.assignment(await build.need(), found["Hadi"])
    return found


async def visible_volunteers(api: Api, actor: uuid.UUID | None) -> dict[str, bool]:
    """The names of the visible volunteers, and whether their private fields are visible (all or none)."""
    data = await api.ask(VOLUNTEERS, actor=actor)
    found: dict[str, bool] = {}
    for node in data["volunteers"]["nodes"]:
        special = next(special for name, _home, _reach, special in PEOPLE if name == node["name"])
        shown = {name for name in PRIVATE if node[name] is not None}
        withheld = {"consentWithdrawnAt"} if "consent_withdrawn_at" not in special else set()
        withheld |= {"consentGivenAt", "consentPurpose"} if "consent_given_at" in special else set()
        assert shown in (set(), set(PRIVATE) - withheld)
        found[node["name"]] = bool(shown)
    for records in ("volunteers", "certificates", "memberships"):
        assert data[records]["totalCount"] == len(found)
    for records in ("certificates", "memberships"):
        assert sorted(node["volunteer"]["name"] for node in data[records]["nodes"]) == sorted(found)
    return found


async def test_each_role_sees_the_volunteers_of_its_scope(api: Api, build: Build) -> None:
    persons = await people(build)
    actors: Actors = {
        "public": None,
        "no role": await build.account(),
        "volunteer": await build.volunteer_account(persons["Ani"]),
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "province": await build.coordinator(province_code="62"),
        "far": await build.coordinator(kabupaten_code=FAR),
        "nation": await build.coordinator(),
    }

    found = {name: await visible_volunteers(api, actor) for name, actor in actors.items()}

    far = dict.fromkeys(("Dewi", "Eko", "Fitri", "Gita", "Hadi", "Intan"), True)
    assert found == {
        "public": {},
        "no role": {},
        "volunteer": {"Ani": True},
        "kabupaten": {"Ani": True, "Citra": False, "Eko": False, "Hadi": False},
        "neighbour": {"Budi": True, "Citra": True, "Eko": False},
        "province": {"Ani": True, "Budi": True, "Citra": True, "Eko": False, "Hadi": False},
        "far": far,
        "nation": {"Ani": True, "Budi": True, "Citra": True, **far},
    }


async def test_a_manager_sees_the_current_members_only(api: Api, build: Build) -> None:
    persons, organization = await people(build), await build.organization()
    today = NOW.date()
    for name, since, until in (
        ("Ani", today, today),
        ("Budi", date(2020, 1, 1), None),
        ("Citra", date(2020, 1, 1), today - DAY),
        ("Dewi", today + DAY, None),
    ):
        await build.membership(persons[name], organization, since=since, until=until)
    manager = await build.manager(organization)

    data = await api.ask("{ volunteers(first: 9) { nodes { name phone } } }", actor=manager)

    assert data["volunteers"]["nodes"] == [
        {"name": "Ani", "phone": "+628123456780"},
        {"name": "Budi", "phone": "+628123456781"},
    ]


async def test_a_nik_is_shown_by_its_last_digits_only(api: Api, build: Build) -> None:
    persons = await people(build)

    data = await api.ask(
        "query($id: ID!) { node(id: $id) { ... on Volunteer { nik } } }",
        actor=await build.volunteer_account(persons["Ani"]),
        id=f"Volunteer:{persons['Ani']}",
    )

    assert data == {"node": {"nik": "************0000"}}


async def test_a_coordinator_does_not_see_the_volunteer_of_a_completed_assignment(api: Api, build: Build) -> None:
    volunteer = await build.person(name="Hadi", kabupaten_code=FAR, reach="KABUPATEN")
    assignment = await build.assignment(await build.need(), volunteer, status="COMPLETED")

    data = await api.ask(
        "{ assignments(first: 5) { nodes { id volunteer { name } } } volunteers(first: 5) { totalCount } }",
        actor=await build.coordinator(kabupaten_code=HOME),
    )

    assert data == {
        "assignments": {"nodes": [{"id": f"Assignment:{assignment}", "volunteer": None}]},
        "volunteers": {"totalCount": 0},
    }


async def test_only_verified_organizations_are_public(api: Api, build: Build) -> None:
    await build.organization(name="Lama")
    pending = await build.organization(name="Baru", verification="PENDING")
    suspended = await build.organization(name="Ditangguhkan", verification="SUSPENDED", kabupaten_code=FAR)
    member = await build.person()
    await build.membership(member, suspended, until=date(2021, 1, 1))
    actors: Actors = {
        "public": None,
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "province": await build.coordinator(province_code="18"),
        "nation": await build.coordinator(),
        "manager": await build.manager(pending),
        "member": await build.volunteer_account(member),
    }
    found: dict[str, list[str]] = {}

    for name, actor in actors.items():
        data = await api.ask("{ organizations(first: 9) { totalCount nodes { name } } }", actor=actor)
        found[name] = [node["name"] for node in data["organizations"]["nodes"]]
        assert data["organizations"]["totalCount"] == len(found[name])

    assert found == {
        "public": ["Lama"],
        "kabupaten": ["Baru", "Lama"],
        "neighbour": ["Lama"],
        "province": ["Ditangguhkan", "Lama"],
        "nation": ["Baru", "Ditangguhkan", "Lama"],
        "manager": ["Baru", "Lama"],
        "member": ["Ditangguhkan", "Lama"],
    }


async def test_only_verified_incidents_are_public(api: Api, build: Build) -> None:
    for number, status in enumerate(("REPORTED", "VERIFIED", "ACTIVE", "CLOSED")):
        await build.incident([HOME, NEIGHBOUR], status=status, title=status, started_at=NOW - number * DAY)
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    actors: Actors = {
        "public": None,
        "volunteer": await build.volunteer_account(volunteer),
        "manager": await build.manager(organization),
        "far": await build.coordinator(kabupaten_code=FAR),
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "other kabupaten": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "province": await build.coordinator(province_code="62"),
        "nation": await build.coordinator(),
    }
    known = ["VERIFIED", "ACTIVE", "CLOSED"]
    found: dict[str, list[str]] = {}

    for name, actor in actors.items():
        data = await api.ask("{ incidents(first: 9) { totalCount nodes { title } } }", actor=actor)
        found[name] = [node["title"] for node in data["incidents"]["nodes"]]
        assert data["incidents"]["totalCount"] == len(found[name])

    coordinators = ("kabupaten", "other kabupaten", "province", "nation")
    assert found == {
        **dict.fromkeys(("public", "volunteer", "manager", "far"), known),
        **{key: ["REPORTED", *known] for key in coordinators},
    }


async def test_an_assignment_is_visible_to_the_side_of_the_need_and_of_the_volunteer(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    volunteer = await build.volunteer(organization, kabupaten_code=FAR)
    await build.assignment(need, volunteer)
    actors: Actors = {
        "public": None,
        "another volunteer": await build.volunteer_account(await build.person()),
        "another manager": await build.manager(await build.organization()),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "need": await build.coordinator(kabupaten_code=HOME),
        "volunteer kabupaten": await build.coordinator(kabupaten_code=FAR),
        "volunteer province": await build.coordinator(province_code="18"),
        "nation": await build.coordinator(),
        "volunteer": await build.volunteer_account(volunteer),
        "manager": await build.manager(organization),
    }
    document = """query($need: ID!) { assignments(first: 9) { totalCount }
      node(id: $need) { ... on Need { assignments(first: 9) { totalCount } coverage { offered } } } }"""
    found: dict[str, int] = {}

    for name, actor in actors.items():
        data = await api.ask(document, actor=actor, need=f"Need:{need}")
        found[name] = data["assignments"]["totalCount"]
        assert data["node"] == {"assignments": {"totalCount": found[name]}, "coverage": {"offered": 1}}

    assert found == {
        **dict.fromkeys(("public", "another volunteer", "another manager", "neighbour"), 0),
        **dict.fromkeys(("need", "volunteer kabupaten", "volunteer province", "nation", "volunteer", "manager"), 1),
    }


async def test_an_account_is_visible_to_its_owner_only(api: Api, build: Build) -> None:
    owner, nation = await build.coordinator(kabupaten_code=HOME), await build.coordinator()
    document = "query($id: ID!) { me { id roles { kind kabupaten { code } } } node(id: $id) { id } }"

    own = await api.ask(document, actor=owner, id=f"Account:{owner}")
    foreign = await api.ask(document, actor=nation, id=f"Account:{owner}")

    role = {"kind": "COORDINATOR", "kabupaten": {"code": HOME}}
    assert own == {"me": {"id": f"Account:{owner}", "roles": [role]}, "node": {"id": f"Account:{owner}"}}
    assert foreign["node"] is None


async def test_only_coordinators_of_a_need_see_its_candidates(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    volunteer = await build.volunteer(organization)
    document = """query($id: ID!, $volunteer: ID!) { node(id: $id) { ... on Need {
      candidates(first: 1) { totalCount } refusals(volunteer: $volunteer) { code } } } }"""
    actors: Actors = {
        "public": None,
        "volunteer": await build.volunteer_account(volunteer),
        "manager": await build.manager(organization),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "province": await build.coordinator(province_code="62"),
        "nation": await build.coordinator(),
    }

    found = {
        name: (await api.ask(document, actor=actor, id=f"Need:{need}", volunteer=f"Volunteer:{volunteer}"))["node"]
        for name, actor in actors.items()
    }

    assert found == {
        **{key: {"candidates": None, "refusals": None} for key in ("public", "volunteer", "manager", "neighbour")},
        **{key: {"candidates": {"totalCount": 1}, "refusals": []} for key in ("kabupaten", "province", "nation")},
    }


# Hidden rows must look like missing rows.


async def hidden_rows(build: Build) -> Mapping[str, uuid.UUID]:
    """One row of each type that the coordinator of HOME may not see."""
    organization = await build.organization(verification="PENDING", kabupaten_code=FAR)
    volunteer = await build.volunteer(organization, kabupaten_code=FAR, reach="KABUPATEN")
    need = await build.need(kabupaten_code=FAR)
    row = build.connection.fetchval
    return {
        "Volunteer": volunteer,
        "Organization": organization,
        "Incident": await build.incident([FAR], status="REPORTED"),
        "Assignment": await build.assignment(need, volunteer),
        "Certificate": await row("SELECT id FROM certificate WHERE volunteer_id = $1", volunteer),
        "Membership": await row("SELECT id FROM membership WHERE volunteer_id = $1", volunteer),
        "Licence": await build.row(
            "licence",
            organization_id=organization,
            kind="REGISTRATION",
            number="1",
            issuer="Kemensos",
            valid_from=date(2020, 1, 1),
        ),
        "Account": await build.account(),
    }


async def test_a_hidden_node_is_null_like_a_missing_one(api: Api, build: Build) -> None:
    rows, coordinator = await hidden_rows(build), await build.coordinator(kabupaten_code=HOME)
    document = "query($id: ID!, $ids: [ID!]!) { node(id: $id) { id } nodes(ids: $ids) { id } }"

    for actor in (None, coordinator):
        for kind, key in rows.items():
            missing = f"{kind}:{uuid.uuid4()}"
            data = await api.ask(document, actor=actor, id=f"{kind}:{key}", ids=[f"{kind}:{key}", missing])
            assert data == {"node": None, "nodes": [None, None]}, kind


FILTERS = [
    ("Volunteer", "certificates(first: 5, filter: {volunteer: $id}) { totalCount nodes { id } }"),
    ("Volunteer", "assignments(first: 5, filter: {volunteer: $id}) { totalCount nodes { id } }"),
    ("Organization", "volunteers(first: 5, filter: {organization: $id}) { totalCount nodes { id } }"),
    ("Incident", "needs(first: 5, filter: {incident: $id}) { totalCount nodes { id } }"),
]


@pytest.mark.parametrize(("kind", "root"), FILTERS, ids=lambda value: value.partition("(")[0])
async def test_a_filter_by_a_hidden_id_returns_the_same_as_by_a_missing_id(
    api: Api, build: Build, kind: str, root: str
) -> None:
    rows, coordinator = await hidden_rows(build), await build.coordinator(kabupaten_code=HOME)
    # A visible member of the hidden organization, and a visible assignment of the hidden volunteer.
    await build.membership(await build.person(), rows["Organization"])
    await build.assignment(await build.need(), rows["Volunteer"], status="COMPLETED")
    document = f"query($id: ID!) {{ {root} }}"

    hidden_result = await api.ask(document, actor=coordinator, id=f"{kind}:{rows[kind]}")
    missing_result = await api.ask(document, actor=coordinator, id=f"{kind}:{uuid.uuid4()}")

    assert hidden_result == missing_result


async def test_a_cursor_of_a_hidden_row_continues_after_that_row(api: Api, build: Build) -> None:
    for name, kabupaten in (("Ani", HOME), ("Budi", FAR), ("Citra", HOME)):
        await build.person(name=name, kabupaten_code=kabupaten, reach="KABUPATEN")
    document = "query($after: String) { volunteers(first: 5, after: $after) { nodes { name } edges { cursor } } }"
    everything = await api.ask(document, actor=await build.coordinator())

    data = await api.ask(
        document,
        actor=await build.coordinator(kabupaten_code=HOME),
        after=everything["volunteers"]["edges"][1]["cursor"],
    )

    assert [node["name"] for node in everything["volunteers"]["nodes"]] == ["Ani", "Budi", "Citra"]
    assert [node["name"] for node in data["volunteers"]["nodes"]] == ["Citra"]


async def test_a_hidden_volunteer_has_the_same_refusals_as_a_missing_one(api: Api, build: Build) -> None:
    rows, coordinator = await hidden_rows(build), await build.coordinator(kabupaten_code=HOME)
    need = await build.need()
    document = """query($need: ID!, $id: ID!) { node(id: $need) { ... on Need {
      refusals(volunteer: $id) { code message overridable fact { volunteer { id } startsAt count } } } } }"""

    hidden_result = await api.ask(document, actor=coordinator, need=f"Need:{need}", id=f"Volunteer:{rows['Volunteer']}")
    missing_result = await api.ask(document, actor=coordinator, need=f"Need:{need}", id=f"Volunteer:{uuid.uuid4()}")

    assert [refusal["code"] for refusal in hidden_result["node"]["refusals"]] == ["NOT_FOUND"]
    assert hidden_result == missing_result


PERSON = {"name": "Sinta", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan relawan"}
# A valid input of each mutation; `filled` replaces type names by ids.
INPUTS: Mapping[str, Json] = {
    "declareIncident": {"hazard": "FLOOD", "title": "Banjir", "kabupaten": [HOME], "startedAt": INSTANT},
    "raiseNeed": {
        "incident": "Incident",
        "skill": SKILL,
        "cluster": "HEALTH",
        "kabupaten": HOME,
        "peopleWanted": 1,
        "startsAt": INSTANT,
        "endsAt": (NOW + DAY).isoformat(),
    },
    "registerVolunteer": {**PERSON, "organization": "Organization"},
    "issueCertificate": {
        "volunteer": "Volunteer",
        "issuer": "Organization",
        "type": CERTIFICATE_TYPE,
        "number": "1",
        "issuedOn": "2026-01-01",
    },
    "offerAssignment": {"need": "Need", "volunteer": "Volunteer"},
    "acceptAssignment": {"assignment": "Assignment", "version": 1},
    "declineAssignment": {"assignment": "Assignment", "version": 1},
    "cancelAssignment": {"assignment": "Assignment", "version": 1, "reason": "Batal"},
}
KINDS = ("Incident", "Organization", "Volunteer", "Need", "Assignment")


def document(name: str) -> str:
    payload = name[0].upper() + name[1:]
    return f"""mutation($input: {payload}Input!) {{ {name}(input: $input) {{ __typename
      problems {{ code path message fact {{ startsAt endsAt count limit version volunteer {{ id }} }} }} }} }}"""


def filled(name: str, ids: Mapping[str, uuid.UUID]) -> Json:
    """The input with global ids: those in `ids`, otherwise ids of missing rows."""
    return {
        field: f"{value}:{ids.get(value) or uuid.uuid4()}" if value in KINDS else value
        for field, value in INPUTS[name].items()
    }


@pytest.mark.parametrize(
    ("name", "field", "kind"),
    [
        ("raiseNeed", "incident", "Incident"),
        ("registerVolunteer", "organization", "Organization"),
        ("issueCertificate", "volunteer", "Volunteer"),
        ("issueCertificate", "issuer", "Organization"),
        ("offerAssignment", "volunteer", "Volunteer"),
        ("acceptAssignment", "assignment", "Assignment"),
        ("declineAssignment", "assignment", "Assignment"),
        ("cancelAssignment", "assignment", "Assignment"),
    ],
)
async def test_a_mutation_reports_a_hidden_id_as_not_found(
    api: Api, build: Build, name: str, field: str, kind: str
) -> None:
    rows, organization = await hidden_rows(build), await build.organization()
    good = {"Need": await build.need(), "Volunteer": await build.volunteer(), "Organization": organization}
    # An actor with both roles, whose scope is HOME and one organization.
    actor = await build.coordinator(kabupaten_code=HOME)
    await build.row("role", account_id=actor, kind="MANAGER", organization_id=organization)
    fields = filled(name, good)
    before = await snapshot(build.connection)

    hidden_result = await api.do(document(name), actor=actor, **{**fields, field: f"{kind}:{rows[kind]}"})
    missing_result = await api.do(document(name), actor=actor, **{**fields, field: f"{kind}:{uuid.uuid4()}"})

    assert [(problem["code"], problem["path"]) for problem in hidden_result["problems"]] == [
        ("NOT_FOUND", ["input", field])
    ]
    assert hidden_result == missing_result
    assert await snapshot(build.connection) == before


# Roles that may call each mutation.


@pytest.mark.parametrize("name", INPUTS)
async def test_a_mutation_is_forbidden_for_other_roles(api: Api, build: Build, name: str) -> None:
    organization = await build.organization()
    volunteer = await build.volunteer(organization)
    actors = {
        "NO_ROLE": await build.account(),
        "VOLUNTEER": await build.volunteer_account(volunteer),
        "MANAGER": await build.manager(organization),
        "COORDINATOR": await build.coordinator(),
    }
    before = await snapshot(build.connection)

    refused = set()
    for role, actor in actors.items():
        if role in CALLERS[camel_to_snake(name)]:
            continue
        payload = await api.do(document(name), actor=actor, **filled(name, {}))
        assert [(problem["code"], problem["path"]) for problem in payload["problems"]] == [("FORBIDDEN", ["input"])]
        refused.add(role)
    public = await api.errors(document(name), input=filled(name, {}))

    assert refused == set(actors) - CALLERS[camel_to_snake(name)]
    assert public == [("UNAUTHENTICATED", [name])]
    assert await snapshot(build.connection) == before


CALLER_ROLES = {
    "declareIncident": {"COORDINATOR"},
    "raiseNeed": {"COORDINATOR"},
    "registerVolunteer": {"COORDINATOR", "MANAGER"},
    "issueCertificate": {"COORDINATOR", "MANAGER"},
    "offerAssignment": {"COORDINATOR"},
    "acceptAssignment": {"VOLUNTEER", "MANAGER"},
    "declineAssignment": {"VOLUNTEER", "MANAGER"},
    "cancelAssignment": {"COORDINATOR", "VOLUNTEER", "MANAGER"},
}


def test_each_mutation_has_these_caller_roles() -> None:
    assert {camel_to_snake(name): callers for name, callers in CALLER_ROLES.items()} == CALLERS


@pytest.mark.parametrize(
    ("name", "scope", "field"),
    [
        ("offerAssignment", NEIGHBOUR, "need"),
        ("raiseNeed", NEIGHBOUR, "kabupaten"),
        ("issueCertificate", NEIGHBOUR, "issuer"),
        ("registerVolunteer", NEIGHBOUR, "organization"),
        ("declareIncident", NEIGHBOUR, "kabupaten"),
        ("cancelAssignment", FAR, "assignment"),
    ],
)
async def test_a_coordinator_of_another_place_is_refused(
    api: Api, build: Build, name: str, scope: str, field: str
) -> None:
    need, incident = await build.need(), await build.incident()
    volunteer = await build.volunteer()
    traveller = await build.volunteer(kabupaten_code=FAR)
    ids = {
        "Need": need,
        "Incident": incident,
        "Volunteer": volunteer,
        "Organization": await build.organization(),
        "Assignment": await build.assignment(need, traveller),
    }
    coordinator = await build.coordinator(kabupaten_code=scope)
    before = await snapshot(build.connection)

    payload = await api.do(document(name), actor=coordinator, **filled(name, ids))

    assert [(problem["code"], problem["path"]) for problem in payload["problems"]] == [("FORBIDDEN", ["input", field])]
    assert await snapshot(build.connection) == before


async def test_a_manager_issues_certificates_of_the_own_organization_to_its_members_only(
    api: Api, build: Build
) -> None:
    own, other = await build.organization(), await build.organization()
    member, stranger = await build.person(), await build.person()
    await build.membership(member, own)
    await build.membership(stranger, other)
    manager = await build.manager(own)

    async def codes(volunteer: uuid.UUID, issuer: uuid.UUID) -> list[tuple[str, list[str]]]:
        fields = filled("issueCertificate", {"Volunteer": volunteer, "Organization": issuer})
        payload = await api.do(document("issueCertificate"), actor=manager, **fields)
        return [(problem["code"], problem["path"]) for problem in payload["problems"]]

    assert await codes(member, other) == [("FORBIDDEN", ["input", "issuer"])]
    assert await codes(stranger, own) == [("NOT_FOUND", ["input", "volunteer"])]
    assert await codes(member, own) == []
    assert await build.connection.fetchval("SELECT count(*) FROM certificate") == 1


@pytest.mark.parametrize("name", ["acceptAssignment", "declineAssignment", "cancelAssignment"])
async def test_the_volunteer_and_a_current_manager_may_answer_an_offer(api: Api, build: Build, name: str) -> None:
    organization = await build.organization()
    manager, incident = await build.manager(organization), await build.incident()
    found: list[list[str]] = []

    for number, until in enumerate((None, None, NOW.date() - DAY)):
        volunteer = await build.volunteer()
        await build.membership(volunteer, organization, until=until)
        actor = await build.volunteer_account(volunteer) if number == 0 else manager
        assignment = await build.assignment(await build.need(incident), volunteer)
        payload = await api.do(document(name), actor=actor, **filled(name, {"Assignment": assignment}))
        found.append([problem["code"] for problem in payload["problems"]])

    assert found == [[], [], ["NOT_FOUND"]]


# Checks of the whole schema.


def types() -> Iterator[GraphQLNamedType]:
    """All types of the schema except those of introspection."""
    for name, type_ in sorted(core_schema().type_map.items()):
        if not name.startswith("__"):
            yield type_


def test_every_mutation_has_a_verb_and_roles_that_may_call_it() -> None:
    mutation = core_schema().mutation_type
    assert mutation is not None

    names = {camel_to_snake(name) for name in mutation.fields}

    assert set(VERBS) == names
    assert set(CALLERS) == names
    assert all(CALLERS.values())
    assert all(callers <= {"COORDINATOR", "MANAGER", "VOLUNTEER"} for callers in CALLERS.values())
    assert set(INPUTS) == set(mutation.fields)


def test_every_object_type_has_a_source_with_a_row_policy() -> None:
    roots = {core_schema().query_type, core_schema().mutation_type}
    names = {
        type_.name
        for type_ in types()
        if is_object_type(type_) and type_ not in roots and not type_.name.endswith(CONNECTION_TYPES)
    }

    assert set(SOURCES) == names
    assert all(callable(source.visible) for source in SOURCES.values())


def undescribed() -> Iterator[str]:
    for type_ in types():
        if not type_.description:
            yield type_.name
        if is_object_type(type_) or is_interface_type(type_):
            for name, field in cast("GraphQLObjectType", type_).fields.items():
                if not field.description:
                    yield f"{type_.name}.{name}"
                yield from (
                    f"{type_.name}.{name}({argument})"
                    for argument, element in field.args.items()
                    if not element.description
                )
        if is_input_object_type(type_):
            yield from (f"{type_.name}.{name}" for name, element in type_.fields.items() if not element.description)
        if is_enum_type(type_):
            yield from (f"{type_.name}.{name}" for name, element in type_.values.items() if not element.description)


def test_every_schema_element_has_a_description() -> None:
    standard = {"ID", "String", "Int", "Float", "Boolean"}

    missing = [name for name in undescribed() if name not in standard]

    assert missing == []
