"""What an event says besides its change: by whom, and which incident, kabupaten and organization it concerns."""

import uuid
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from api.access.event import SUBJECTS
from api.models import METADATA
from api.resolvers import VERBS
from api.services.event_context import NAMES, event_context
from api.values.name import snake_case
from tests.asking import Api
from tests.builders import CERTIFICATE_TYPE, HOME, NEIGHBOUR, Build
from tests.conftest import NOW

EVENT = (
    "SELECT kind, actor_kind, incident_id, kabupaten_code, organization_id FROM event ORDER BY position DESC LIMIT 1"
)


async def last_event(build: Build) -> tuple[Any, ...]:
    return tuple(await build.connection.fetchrow(EVENT) or ())


def key_of(id_: str) -> uuid.UUID:
    return uuid.UUID(id_.rpartition(":")[2])


async def test_events_of_incidents_and_needs(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()

    declared = await api.do(
        "mutation($input: DeclareIncidentInput!) { declareIncident(input: $input) { incident { id } problems { code } } }",
        actor=coordinator,
        hazard="FLOOD",
        title="Banjir",
        kabupatens=[HOME, NEIGHBOUR],
        startedAt=NOW.isoformat(),
    )
    incident = key_of(declared["incident"]["id"])
    first = await last_event(build)
    need = {"skill": "WATER_RESCUE", "cluster": "SEARCH_AND_RESCUE", "kabupaten": NEIGHBOUR, "peopleWanted": 2}
    await api.do(
        "mutation($input: RaiseNeedInput!) { raiseNeed(input: $input) { need { id } problems { code } } }",
        actor=coordinator,
        **{**need, "incident": f"Incident:{incident}", "priority": "NORMAL"},
        startsAt="2026-03-02T00:00:00Z",
        endsAt="2026-03-04T00:00:00Z",
    )
    second = await last_event(build)

    assert first == ("incident.declared", "ACCOUNT", incident, None, None)
    assert second == ("need.raised", "ACCOUNT", incident, NEIGHBOUR, None)


async def test_events_of_volunteers_certificates_and_assignments(api: Api, build: Build) -> None:
    coordinator = await build.coordinator()
    former, organization, later = [await build.organization() for _ in range(3)]
    volunteer = await build.person(kabupaten_code=NEIGHBOUR)
    await build.membership(volunteer, former, since=date(2018, 1, 1), until=date(2019, 1, 1))
    await build.membership(volunteer, later, since=date(2024, 1, 1))
    await build.membership(volunteer, organization, since=date(2020, 1, 1), until=date(2026, 12, 31))
    incident = await build.incident()
    need = await build.need(incident)

    await api.do(
        "mutation($input: IssueCertificateInput!) { issueCertificate(input: $input) { certificate { id } problems { code } } }",
        actor=coordinator,
        volunteer=f"Volunteer:{volunteer}",
        type=CERTIFICATE_TYPE,
        issuer=f"Organization:{later}",
        number="S-9",
        issuedOn="2025-01-01",
    )
    issued = await last_event(build)
    await api.do(
        "mutation($input: OfferAssignmentInput!) { offerAssignment(input: $input) { assignment { id } problems { code } } }",
        actor=coordinator,
        need=f"Need:{need}",
        volunteer=f"Volunteer:{volunteer}",
    )
    offered = await last_event(build)
    await api.do(
        "mutation($input: RegisterVolunteerInput!) { registerVolunteer(input: $input) { volunteer { id } problems { code } } }",
        actor=coordinator,
        name="Sinta",
        kabupaten=HOME,
        reach="NATIONAL",
        consentPurpose="Penugasan",
        organization=f"Organization:{organization}",
    )
    registered = await last_event(build)

    assert issued == ("certificate.issued", "ACCOUNT", None, NEIGHBOUR, later)
    assert offered == ("assignment.offered", "ACCOUNT", incident, HOME, organization)
    assert registered == ("volunteer.registered", "ACCOUNT", None, HOME, organization)


# What concerns an account, or the nation, and no place, incident or organization.
OF_ACCOUNTS = {"Account", "ApiKey", "Session", "CertificateExtension"}
OF_VERBS = {getattr(verb.answers, "noun", "Need") for verb in VERBS.values()}


@pytest.mark.parametrize("noun", sorted(OF_VERBS - OF_ACCOUNTS))
def test_events_of_every_noun_of_a_verb_concern_something(noun: str) -> None:
    assert event_context(noun), "name its columns in DERIVED of services/event_context.py"


# Who leads; what happens to a group or a contingent concerns all of its people.
LEADERS = {"camp_group.leader_id", "contingent.leader_id"}


@pytest.mark.parametrize("noun", sorted(OF_VERBS | SUBJECTS.keys()))
def test_an_event_concerns_what_its_thing_refers_to(noun: str) -> None:
    """Also by a column of another name: the host of a camp is its organization."""
    context, keys = event_context(noun), METADATA.tables[snake_case(noun)].foreign_keys
    missing = {f"{key.parent.table}.{key.parent.name}" for key in keys if key_name(key) in {*NAMES} - context.keys()}

    assert missing - LEADERS == set(), "name the column in DERIVED of services/event_context.py"


def key_name(key: sa.ForeignKey) -> str:
    """The name that a column bears which refers to what the foreign key refers to, and to nothing else: `volunteer_id`."""
    return f"{key.column.table.name}_{key.column.name}"


def test_an_event_has_a_column_for_each() -> None:
    assert set(NAMES) <= set(METADATA.tables["event"].c.keys())
