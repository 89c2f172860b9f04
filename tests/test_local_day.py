"""Today is the day in a kabupaten: of the organization for memberships, of home for certificates."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.builders import HOME, Build
from tests.serving import running_api

WITA, WIT = "64.71", "91.71"
SECOND = timedelta(seconds=1)
TODAY = date(2026, 3, 2)
# When 2 March begins, by the kabupaten.
MIDNIGHT = {
    HOME: datetime(2026, 3, 1, 17, tzinfo=UTC),
    WITA: datetime(2026, 3, 1, 16, tzinfo=UTC),
    WIT: datetime(2026, 3, 1, 15, tzinfo=UTC),
}

ASK = """query($id: ID!, $organization: ID!) {
  volunteer(id: $id) { name trainedFor { code } }
  members: volunteers(first: 9, filter: {organization: $organization}) { totalCount }
  ranked: volunteers(first: 9, filter: {rank: "TAGANA_MUDA"}) { totalCount }
  trained: volunteers(first: 9, filter: {trainedFor: {skill: "WATER_RESCUE"}}) { totalCount } }"""


@pytest.mark.parametrize("kabupaten", MIDNIGHT)
@pytest.mark.parametrize("change", ["begins", "ended"])
async def test_a_day_begins_at_midnight_in_the_kabupaten(
    build: Build, database_url: str, keys: Path, kabupaten: str, change: str
) -> None:
    organization = await build.organization(kabupaten_code=kabupaten)
    volunteer = await build.person(kabupaten_code=kabupaten, name="Yosua")
    since, until = (TODAY, None) if change == "begins" else (date(2024, 1, 1), TODAY - timedelta(days=1))
    await build.membership(volunteer, organization, since=since, until=until, rank_code="TAGANA_MUDA")
    await build.certificate(volunteer, organization, issued_on=since, expires_on=until)
    manager, coordinator = await build.manager(organization), await build.coordinator()
    clock = [MIDNIGHT[kabupaten] - SECOND]
    found: list[Any] = []

    async with running_api(database_url, keys, lambda: clock[0]) as api:
        ids = {"id": f"Volunteer:{volunteer}", "organization": f"Organization:{organization}"}
        for clock[0] in (MIDNIGHT[kabupaten] - SECOND, MIDNIGHT[kabupaten]):
            seen = await api.ask("{ volunteers(first: 9) { nodes { name consentGivenAt } } }", actor=manager)
            # Of former members, managers still see the name.
            known = [node["name"] for node in seen["volunteers"]["nodes"] if node["consentGivenAt"]]
            found.append((known, await api.ask(ASK, actor=coordinator, **ids)))

    one, none = {"totalCount": 1}, {"totalCount": 0}
    valid: Any = (
        ["Yosua"],
        {
            "volunteer": {"name": "Yosua", "trainedFor": [{"code": "WATER_RESCUE"}]},
            **dict.fromkeys(("members", "ranked", "trained"), one),
        },
    )
    not_valid: Any = (
        [],
        {"volunteer": {"name": "Yosua", "trainedFor": []}, **dict.fromkeys(("members", "ranked", "trained"), none)},
    )
    assert found == ([not_valid, valid] if change == "begins" else [valid, not_valid])
