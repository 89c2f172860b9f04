import uuid
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, cast

import pytest
from graphql import (
    GraphQLInputType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_interface_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_input_field,
)
from graphql.pyutils import camel_to_snake, snake_to_camel

from api.compiler.check import CONNECTION_TYPES
from api.resolvers import SOURCES, VERBS
from api.schema.build import core_schema
from api.services.verb import Verb
from tests.asking import FACTS, Api, Json
from tests.builders import CERTIFICATE_TYPE, FAR, HOME, NEIGHBOUR, SKILL, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

DAY = timedelta(days=1)
INSTANT = NOW.isoformat()

Actors = Mapping[str, uuid.UUID | None]


# Visibility of volunteers and of their private fields.

VOLUNTEERS = """{ volunteers(first: 100) { totalCount nodes {
    name phone nik position { latitude longitude } consentGivenAt consentPurpose consentWithdrawnAt } }
  certificates(first: 100) { totalCount nodes { volunteer { name } } }
  memberships(first: 100) { totalCount nodes { volunteer { name } } } }"""

PRIVATE = ("phone", "nik", "position", "consentGivenAt", "consentPurpose", "consentWithdrawnAt")

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


async def test_a_manager_sees_the_members_and_those_of_the_last_ninety_days(api: Api, build: Build) -> None:
    """What is private of the members of today only."""
    persons, organization = await people(build), await build.organization()
    today = NOW.date()
    for name, since, until in (
        ("Ani", today, today),
        ("Budi", date(2020, 1, 1), None),
        ("Citra", date(2020, 1, 1), today - DAY),
        ("Dewi", today + DAY, None),
        ("Eko", date(2020, 1, 1), today - 91 * DAY),
    ):
        await build.membership(persons[name], organization, since=since, until=until)
    manager = await build.manager(organization)

    data = await api.ask("{ volunteers(first: 9) { nodes { name phone } } }", actor=manager)

    assert data["volunteers"]["nodes"] == [
        {"name": "Ani", "phone": "+628123456780"},
        {"name": "Budi", "phone": "+628123456781"},
        {"name": "Citra", "phone": None},
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


async def test_managers_of_an_organization_that_does_not_stand_see_members_but_nothing_private(
    api: Api, build: Build
) -> None:
    organization = await build.organization()
    await build.volunteer(organization, name="Ani", phone="+628123456780")
    manager = await build.manager(organization)
    document = "{ volunteers(first: 9) { nodes { name phone } } }"
    found: dict[str, object] = {}

    for verification in ("VERIFIED", "SUSPENDED", "PENDING", "VERIFIED"):
        await build.connection.execute("UPDATE organization SET verification = $1", verification)
        (found[verification],) = (await api.ask(document, actor=manager))["volunteers"]["nodes"]

    await build.licence(organization, revoked_on=date(2026, 2, 1))
    (struck_off,) = (await api.ask(document, actor=manager))["volunteers"]["nodes"]

    hidden = {"name": "Ani", "phone": None}
    assert struck_off == hidden
    assert found == {"VERIFIED": {"name": "Ani", "phone": "+628123456780"}, "SUSPENDED": hidden, "PENDING": hidden}


async def test_only_verified_organizations_are_public(api: Api, build: Build) -> None:
    await build.organization(name="Lama")
    pending = await build.organization(name="Baru", verification="PENDING")
    suspended = await build.organization(name="Ditangguhkan", verification="SUSPENDED", kabupaten_code=FAR)
    member, former = await build.person(), await build.person()
    await build.membership(member, suspended)
    await build.membership(former, suspended, until=date(2021, 1, 1))
    actors: Actors = {
        "public": None,
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "province": await build.coordinator(province_code="18"),
        "nation": await build.coordinator(),
        "manager": await build.manager(pending),
        "member": await build.volunteer_account(member),
        "former": await build.volunteer_account(former),
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
        "former": ["Lama"],
    }


async def test_only_verified_incidents_are_public(api: Api, build: Build) -> None:
    for number, status in enumerate(("REPORTED", "VERIFIED", "ACTIVE", "CLOSED", "REJECTED")):
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
        **{key: ["REPORTED", *known, "REJECTED"] for key in coordinators},
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


async def test_an_account_is_visible_to_its_owner_and_to_who_may_end_its_roles(api: Api, build: Build) -> None:
    owner = await build.coordinator(kabupaten_code=HOME)
    nation, neighbour = await build.coordinator(), await build.coordinator(kabupaten_code=NEIGHBOUR)
    document = "query($id: ID!) { me { id roles { kind kabupaten { code } } } node(id: $id) { id } }"

    own = await api.ask(document, actor=owner, id=f"Account:{owner}")
    granter = await api.ask(document, actor=nation, id=f"Account:{owner}")
    foreign = await api.ask(document, actor=neighbour, id=f"Account:{owner}")

    role = {"kind": "COORDINATOR", "kabupaten": {"code": HOME}}
    assert own == {"me": {"id": f"Account:{owner}", "roles": [role]}, "node": {"id": f"Account:{owner}"}}
    national = {"id": f"Account:{nation}", "roles": [{"kind": "COORDINATOR", "kabupaten": None}]}
    assert granter == {"me": national, "node": {"id": f"Account:{owner}"}}
    assert foreign["node"] is None


async def test_only_coordinators_of_a_need_see_its_candidates(api: Api, build: Build) -> None:
    organization, need = await build.organization(), await build.need()
    volunteer = await build.volunteer(organization)
    document = """query($id: ID!, $volunteer: ID!) { node(id: $id) { ... on Need {
      candidates(first: 1) { totalCount } refusals(volunteer: $volunteer) { code } } } }"""
    actors: Actors = {
        "volunteer": await build.volunteer_account(volunteer),
        "manager": await build.manager(organization),
        "neighbour": await build.coordinator(kabupaten_code=NEIGHBOUR),
        "kabupaten": await build.coordinator(kabupaten_code=HOME),
        "province": await build.coordinator(province_code="62"),
        "nation": await build.coordinator(),
    }

    public = await api.ask(
        "query($id: ID!) { need(id: $id) { candidates(first: 1) { totalCount } } }", id=f"Need:{need}"
    )
    found = {
        name: (await api.ask(document, actor=actor, id=f"Need:{need}", volunteer=f"Volunteer:{volunteer}"))["node"]
        for name, actor in actors.items()
    }

    assert public == {"need": {"candidates": None}}
    assert found == {
        **{key: {"candidates": None, "refusals": None} for key in ("volunteer", "manager", "neighbour")},
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
        "Licence": await build.licence(organization),
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


# The roots that name the thing, and the argument in which they do.
FILTERS = [
    ("Volunteer", "certificates(first: 5, filter: {volunteer: {eq: $id}}) { totalCount nodes { id } }"),
    ("Volunteer", "assignments(first: 5, filter: {volunteer: {eq: $id}}) { totalCount nodes { id } }"),
    ("Organization", "volunteers(first: 5, filter: {organization: $id}) { totalCount nodes { id } }"),
    ("Incident", "needs(first: 5, filter: {incident: {eq: $id}}) { totalCount nodes { id } }"),
]


@pytest.mark.parametrize(("kind", "root"), FILTERS, ids=lambda value: value.partition("(")[0])
async def test_a_filter_by_a_hidden_id_is_the_same_error_as_by_a_missing_id(
    api: Api, build: Build, kind: str, root: str
) -> None:
    rows, coordinator = await hidden_rows(build), await build.coordinator(kabupaten_code=HOME)
    # A visible member of the hidden organization, and a visible assignment of the hidden volunteer.
    await build.membership(await build.person(), rows["Organization"])
    await build.assignment(await build.need(), rows["Volunteer"], status="COMPLETED")
    document = f"query($id: ID!) {{ {root} }}"

    hidden_result = await api.post(document, actor=coordinator, id=f"{kind}:{rows[kind]}")
    missing_result = await api.post(document, actor=coordinator, id=f"{kind}:{uuid.uuid4()}")

    name = root.partition("(")[0]
    argument = "organization" if kind == "Organization" else f"{kind.lower()}.eq"
    message = f"filter.{argument}: there is no such {kind} for you."
    assert hidden_result == {
        "data": {name: None},
        "errors": [{"message": message, "path": [name], "extensions": {"code": "BAD_USER_INPUT"}}],
    }
    assert missing_result == hidden_result


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


async def test_refusals_of_a_hidden_volunteer_are_the_same_error_as_of_a_missing_one(api: Api, build: Build) -> None:
    rows, coordinator = await hidden_rows(build), await build.coordinator(kabupaten_code=HOME)
    need = await build.need()
    document = "query($need: ID!, $id: ID!) { need(id: $need) { refusals(volunteer: $id) { code } } }"
    volunteer = f"Volunteer:{rows['Volunteer']}"

    hidden_result = await api.post(document, actor=coordinator, need=f"Need:{need}", id=volunteer)
    missing_result = await api.post(document, actor=coordinator, need=f"Need:{need}", id=f"Volunteer:{uuid.uuid4()}")

    message = "volunteer: there is no such Volunteer for you."
    assert hidden_result == {
        "data": {"need": None},
        "errors": [{"message": message, "path": ["need", "refusals"], "extensions": {"code": "BAD_USER_INPUT"}}],
    }
    assert missing_result == hidden_result


PERSON = {"name": "Sinta", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan relawan"}
# A valid input of some mutations; `filled` replaces type names by ids.
INPUTS: Mapping[str, Json] = {
    "declareIncident": {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": INSTANT},
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
    "releaseAssignment": {"assignment": "Assignment", "version": 1, "reason": "Pulang"},
}
KINDS = ("Incident", "Organization", "Volunteer", "Need", "Assignment")


def document(name: str) -> str:
    payload = name[0].upper() + name[1:]
    return f"""mutation($input: {payload}Input!) {{ {name}(input: $input) {{ __typename
      problems {{ code path message {FACTS} }} }} }}"""


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
        ("releaseAssignment", "assignment", "Assignment"),
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


def example(type_: GraphQLInputType) -> Json:
    """A value of the type that the schema accepts; of an input only the fields that are required."""
    if is_non_null_type(type_):
        return example(type_.of_type)
    if is_list_type(type_):
        return [example(type_.of_type)]
    if is_enum_type(type_):
        return next(iter(type_.values))
    if is_input_object_type(type_):
        return {name: example(field.type) for name, field in type_.fields.items() if is_required_input_field(field)}
    return EXAMPLES[get_named_type(type_).name]


EXAMPLES: Mapping[str, Json] = {
    "ID": "x",
    "String": "x",
    "Int": 1,
    "Float": 1.0,
    "Boolean": True,
    "DateTime": INSTANT,
    "Date": "2026-03-01",
    "PhoneNumber": "+628123456789",
}


@pytest.mark.parametrize("verb", VERBS.values(), ids=lambda verb: verb.name)
async def test_a_mutation_is_forbidden_for_all_but_its_callers(api: Api, build: Build, verb: Verb[Any, Any]) -> None:
    mutation = core_schema().mutation_type
    assert mutation is not None
    name = snake_to_camel(verb.name, upper=False)
    fields = example(mutation.fields[name].args["input"].type)
    organization = await build.organization()
    actors = {
        "NO_ROLE": await build.account(),
        "VOLUNTEER": await build.volunteer_account(await build.volunteer(organization)),
        "MANAGER": await build.manager(organization),
        "COORDINATOR": await build.coordinator(),
    }
    before = await snapshot(build.connection)

    allowed = set()
    for role, actor in actors.items():
        payload = await api.do(document(name), actor=actor, **fields)
        if [(problem["code"], problem["path"]) for problem in payload["problems"]] != [("FORBIDDEN", ["input"])]:
            allowed.add(role)
    public = await api.post(document(name), input=fields)

    is_for_all = verb.callers.is_public or "ACCOUNT" in verb.callers.roles
    assert allowed == (set(actors) if is_for_all else verb.callers.roles)
    if verb.callers.is_public:
        assert "errors" not in public
    else:
        assert allowed == (set(actors) if "ACCOUNT" in verb.callers.roles else verb.callers.roles)
        assert [error["extensions"]["code"] for error in public["errors"]] == ["UNAUTHENTICATED"]
        assert await snapshot(build.connection) == before


CALLER_ROLES = {
    "sign_out": {"ACCOUNT"},
    "create_api_key": {"ACCOUNT"},
    "revoke_api_key": {"ACCOUNT"},
    "create_calendar_address": {"ACCOUNT"},
    "revoke_calendar_address": {"ACCOUNT"},
    "invite_volunteer": {"MANAGER"},
    "accept_invitation": {"ACCOUNT"},
    "change_password": {"ACCOUNT"},
    "set_up_totp": {"ACCOUNT"},
    "grant_role": {"COORDINATOR", "MANAGER"},
    "revoke_role": {"ACCOUNT"},
    "declare_incident": {"COORDINATOR"},
    "report_incident": {"ACCOUNT"},
    "verify_incident": {"COORDINATOR"},
    "reject_incident": {"COORDINATOR"},
    "activate_incident": {"COORDINATOR"},
    "change_incident": {"COORDINATOR"},
    "merge_incidents": {"COORDINATOR"},
    "close_incident": {"COORDINATOR"},
    **{f"{verb}_emergency_status": {"COORDINATOR"} for verb in ("declare", "extend", "end")},
    **{name: {"COORDINATOR", "MANAGER"} for name in ("open_site", "change_site", "record_load", "close_site")},
    "record_situation": {"ACCOUNT"},
    "verify_situation": {"COORDINATOR"},
    "withdraw_situation": {"ACCOUNT"},
    **{name: {"COORDINATOR"} for name in ("raise_goods_need", "close_goods_need")},
    **{f"{verb}_need": {"COORDINATOR"} for verb in ("change", "renew", "close", "split")},
    "merge_needs": {"COORDINATOR"},
    **{name: {"MANAGER"} for name in ("make_pledge", "hand_over_pledge", "ask_for_pledge", "answer_pledge_request")},
    **{name: {"COORDINATOR", "MANAGER"} for name in ("release_pledge", "record_delivery")},
    "raise_need": {"COORDINATOR"},
    "register_volunteer": {"ACCOUNT"},
    **{name: {"COORDINATOR", "MANAGER"} for name in ("import_members", "apply_import")},
    **{
        name: {"COORDINATOR", "MANAGER", "VOLUNTEER"}
        for name in ("change_volunteer", "record_absence", "cancel_absence", "declare_skill", "withdraw_skill")
    },
    **{name: {"COORDINATOR"} for name in ("merge_volunteers", "dismiss_suspected_pair")},
    "record_insurance": {"COORDINATOR", "MANAGER"},
    "issue_certificate": {"COORDINATOR", "MANAGER"},
    **{
        f"{verb}_camp": {"COORDINATOR", "MANAGER"} for verb in ("create", "change", "open", "close", "reopen", "cancel")
    },
    **{name: {"ACCOUNT"} for name in ("start_camp", "complete_camp", "register_for_camp", "register_participants")},
    **{f"{verb}_camp_session": {"COORDINATOR", "MANAGER"} for verb in ("add", "change")},
    **{name: {"ACCOUNT"} for name in ("register_walk_in", "cancel_registration", "accept_place", "decline_place")},
    **{name: {"COORDINATOR", "MANAGER"} for name in ("set_camp_staff", "allot_contingent", "grant_contingent")},
    "ask_contingent": {"COORDINATOR", "MANAGER"},
    **{f"{verb}_contingent": {"ACCOUNT"} for verb in ("change", "release")},
    "offer_assignment": {"COORDINATOR", "MANAGER"},
    "accept_assignment": {"VOLUNTEER", "MANAGER"},
    "decline_assignment": {"VOLUNTEER", "MANAGER"},
    "cancel_assignment": {"COORDINATOR", "VOLUNTEER", "MANAGER"},
    "release_assignment": {"COORDINATOR"},
}


@pytest.mark.parametrize("name", CALLER_ROLES)
def test_a_mutation_has_these_callers(name: str) -> None:
    assert VERBS[name].callers.roles == CALLER_ROLES[name]
    assert not VERBS[name].callers.is_public


@pytest.mark.parametrize(
    ("name", "scope", "field"),
    [
        ("offerAssignment", NEIGHBOUR, "need"),
        ("raiseNeed", NEIGHBOUR, "kabupaten"),
        ("issueCertificate", NEIGHBOUR, "issuer"),
        ("registerVolunteer", NEIGHBOUR, "organization"),
        ("declareIncident", NEIGHBOUR, "kabupatens.0"),
        ("cancelAssignment", FAR, "assignment"),
        ("releaseAssignment", FAR, "assignment"),
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

    path = ["input", *field.split(".")]
    assert [(problem["code"], problem["path"]) for problem in payload["problems"]] == [("FORBIDDEN", path)]
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


def test_every_mutation_has_a_verb_whose_description_says_who_may_call_it_and_what_it_answers() -> None:
    mutation = core_schema().mutation_type
    assert mutation is not None

    described = {camel_to_snake(name): field.description for name, field in mutation.fields.items()}

    assert described == {
        name: f"{verb.description} Who may: {verb.callers.description}. Problems: {', '.join(verb.all_codes)}."
        for name, verb in VERBS.items()
    }
    assert all(verb.callers.is_public or verb.callers.roles for verb in VERBS.values())
    assert all(verb.callers.roles <= {"COORDINATOR", "MANAGER", "VOLUNTEER", "ACCOUNT"} for verb in VERBS.values())


def test_every_object_type_has_a_source_with_a_row_policy() -> None:
    roots = {core_schema().query_type, core_schema().mutation_type}
    names = {
        type_.name
        for type_ in types()
        if is_object_type(type_) and type_ not in roots and not type_.name.endswith(CONNECTION_TYPES)
    }

    # An interface whose objects are made of the same row, and a union.
    assert set(SOURCES) == names | {"Problem", "Searchable"}
    assert all(callable(source.visible) for source in SOURCES.values())


def descriptions() -> Iterator[tuple[str, str | None]]:
    """The name and the description of everything in the schema but the values of enums."""
    for type_ in types():
        yield type_.name, type_.description
        if is_object_type(type_) or is_interface_type(type_):
            for name, field in cast("GraphQLObjectType", type_).fields.items():
                yield f"{type_.name}.{name}", field.description
                yield from ((f"{type_.name}.{name}({key})", each.description) for key, each in field.args.items())
        if is_input_object_type(type_):
            yield from ((f"{type_.name}.{name}", field.description) for name, field in type_.fields.items())
    for directive in core_schema().directives:
        yield f"@{directive.name}", directive.description


def is_sentence(text: str) -> bool:
    """Whether it has a few words, and begins and ends like a sentence."""
    return len(text.split()) >= 3 and text[0].isupper() and text.endswith((".", ")"))


def test_every_description_stands_alone() -> None:
    standard = {"ID", "String", "Int", "Float", "Boolean"}

    poor = {name: text for name, text in descriptions() if name not in standard and not is_sentence(text or "")}

    assert poor == {}


def test_every_value_of_an_enum_has_a_description() -> None:
    values = [
        (type_.name, name, value) for type_ in types() if is_enum_type(type_) for name, value in type_.values.items()
    ]

    assert [(enum, name) for enum, name, value in values if not (value.description or "").endswith(".")] == []
