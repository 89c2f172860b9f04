"""Retired codes stay readable, and are refused in new inputs."""

from typing import Any

import pytest

from tests.asking import Api
from tests.builders import CERTIFICATE_TYPE, HOME, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

# A mutation with its input, the field with the code, and the code's table.
CASES = [
    ("declareIncident", "hazard", "hazard", "FLOOD"),
    ("declareIncident", "kabupatens", "kabupaten", HOME),
    ("raiseNeed", "skill", "skill", "WATER_RESCUE"),
    ("raiseNeed", "cluster", "cluster", "SEARCH_AND_RESCUE"),
    ("raiseNeed", "kabupaten", "kabupaten", HOME),
    ("raiseNeed", "minimumRank", "rank", "TAGANA_MADYA"),
    ("registerVolunteer", "kabupaten", "kabupaten", HOME),
    ("registerVolunteer", "rank", "rank", "TAGANA_MUDA"),
    ("issueCertificate", "type", "certificate_type", CERTIFICATE_TYPE),
    ("grantRole", "province", "province", "62"),
    ("grantRole", "kabupaten", "kabupaten", HOME),
]


async def input_of(mutation: str, name: str, build: Build) -> dict[str, Any]:
    """An input that is refused for nothing else."""
    match mutation:
        case "declareIncident":
            return {"hazard": "FLOOD", "title": "Banjir", "kabupatens": [HOME], "startedAt": NOW.isoformat()}
        case "raiseNeed":
            need = {"skill": "WATER_RESCUE", "cluster": "SEARCH_AND_RESCUE", "kabupaten": HOME, "peopleWanted": 2}
            period = {"startsAt": "2026-03-02T00:00:00Z", "endsAt": "2026-03-04T00:00:00Z", "priority": "NORMAL"}
            return {**need, **period, "incident": f"Incident:{await build.incident()}", "minimumRank": "TAGANA_MADYA"}
        case "registerVolunteer":
            person = {"name": "Sinta", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan"}
            return {**person, "organization": f"Organization:{await build.organization()}", "rank": "TAGANA_MUDA"}
        case "issueCertificate":
            issuer, volunteer = await build.organization(), await build.person()
            things = {"volunteer": f"Volunteer:{volunteer}", "issuer": f"Organization:{issuer}"}
            return {**things, "type": CERTIFICATE_TYPE, "number": "S-9", "issuedOn": "2025-01-01"}
        case _:
            await build.account(login="sinta")
            return {"login": "sinta", "kind": "COORDINATOR", name: "62" if name == "province" else HOME}


@pytest.mark.parametrize(("mutation", "name", "table", "code"), CASES)
async def test_a_retired_code_is_refused_from_its_day_on(
    api: Api, build: Build, mutation: str, name: str, table: str, code: str
) -> None:
    coordinator = await build.coordinator()
    values = await input_of(mutation, name, build)
    type_ = f"{mutation[0].upper()}{mutation[1:]}Input"
    document = f"mutation($input: {type_}!) {{ {mutation}(input: $input) {{ problems {{ code path }} }} }}"
    retire = f"UPDATE {table} SET retired_on = $2 WHERE code = $1"

    await build.connection.execute(retire, code, NOW.date())
    before = await snapshot(build.connection)
    refused = await api.do(document, actor=coordinator, **values)
    after = await snapshot(build.connection)
    await build.connection.execute(retire, code, NOW.date().replace(day=2))
    accepted = await api.do(document, actor=coordinator, **values)

    path = ["input", name, "0"] if name == "kabupatens" else ["input", name]
    assert (refused, after) == ({"problems": [{"code": "CODE_RETIRED", "path": path}]}, before)
    assert accepted == {"problems": []}


async def test_a_retired_code_is_read_and_can_be_filtered(api: Api, build: Build) -> None:
    await build.connection.execute("UPDATE hazard SET retired_on = '2026-01-01' WHERE code = 'FLOOD'")

    read = await api.ask(
        '{ hazard(id: "FLOOD") { code retiredOn } hazards(first: 0, filter: {retiredOn: {isNull: true}}) { totalCount } }'
    )

    assert read == {"hazard": {"code": "FLOOD", "retiredOn": "2026-01-01"}, "hazards": {"totalCount": 27}}
