"""MRI joins Tagana's rescue in Lampung, as the news of 2020 told it, replayed over HTTP: from the pledge to the way home."""

import uuid
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.asking import Api, Json, instant
from tests.builders import Build
from tests.conftest import NOW
from tests.serving import replace_services
from tests.test_bulk_offer import OFFER
from tests.test_hours import SUMS, VERBS
from tests.test_incident_replay import LAMPUNG_UTARA, do
from tests.test_scan import RECORD, code_of, scan

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STARTS, ENDS = NOW + HOUR, NOW + 7 * DAY
ACCEPT = """mutation($input: AcceptAssignmentInput!) { acceptAssignment(input: $input) {
  assignment { status organization { name } } problems { code } } }"""
NEED = """query($id: ID!) { need(id: $id) { coverage { wanted pledged offered accepted onDuty shortfall }
  pledges(first: 5) { nodes { organization { name } quantity filled openQuantity } } } }"""
DUTIES = """query($id: ID!) { need(id: $id) { assignments(first: 20) { nodes {
  id status version isUnconfirmed hours volunteer { id } } } } }"""


def later(api: Api, now: datetime) -> Api:
    """The same application at another instant."""
    replace_services(api, clock=lambda: now)
    return replace(api, now=now)


async def raise_need(api: Api, bupati: uuid.UUID) -> tuple[str, str]:
    """The need for ten rescuers for a week, and the post at which they come and go."""
    declared = await do(
        api,
        bupati,
        "declareIncident",
        hazard="FLOOD",
        title="Banjir bandang",
        kabupatens=[LAMPUNG_UTARA],
        startedAt=instant(NOW - 6 * HOUR),
    )
    here = {"incident": declared["id"], "kabupaten": LAMPUNG_UTARA}
    site = await do(api, bupati, "openSite", **here, kind="FIELD_POST", name="Posko Kotabumi")
    wanted = {"skill": "WATER_RESCUE", "cluster": "SEARCH_AND_RESCUE", "peopleWanted": 10, "priority": "URGENT"}
    period = {"startsAt": instant(STARTS), "endsAt": instant(ENDS)}
    need = await do(api, bupati, "raiseNeed", **here, **wanted, **period, site=site["id"])
    return need["id"], site["id"]


async def send(api: Api, build: Build, need: str, name: str, count: int) -> list[uuid.UUID]:
    """An organization pledges so many, names its members, and answers for them."""
    organization = await build.organization(name=name, corps=name.upper(), kabupaten_code=LAMPUNG_UTARA)
    manager = await build.manager(organization)
    people = [await build.volunteer(organization, kabupaten_code=LAMPUNG_UTARA) for _ in range(count)]
    pledge = await do(
        api, manager, "makePledge", need=need, organization=f"Organization:{organization}", quantity=count
    )
    named = [f"Volunteer:{person}" for person in people]
    offered = await api.do(OFFER, actor=manager, need=need, volunteers=named, pledge=pledge["id"])
    assert [each["problems"] for each in offered["results"]] == [[]] * count
    offers = await build.connection.fetch("SELECT id FROM assignment WHERE volunteer_id = ANY($1)", people)
    for offer in offers:
        accepted = await api.do(ACCEPT, actor=manager, assignment=f"Assignment:{offer['id']}", version=1)
        assert accepted == {"assignment": {"status": "ACCEPTED", "organization": {"name": name}}, "problems": []}
    return people


async def scan_all(api: Api, actor: uuid.UUID, site: str, point: str, times: dict[str, datetime]) -> None:
    """The scans of a device that had no connection, sent twice."""
    scans = [scan(code, f"{point}-{code}", point, at=at.isoformat()) for code, at in times.items()]
    for _ in range(2):
        sent = await api.do(RECORD, actor=actor, site=site, device="hp-posko", scans=scans, isOffline=True)
        assert [each["problems"] for each in sent["results"]] == [[]] * len(scans)


async def duties(api: Api, actor: uuid.UUID, need: str) -> dict[str, Any]:
    nodes = (await api.ask(DUTIES, actor=actor, id=need))["need"]["assignments"]["nodes"]
    return {node["volunteer"]["id"]: node for node in nodes}


async def test_mri_joins_the_rescue_of_tagana_and_a_week_later_all_are_home(api: Api, build: Build) -> None:
    bupati = await build.coordinator(kabupaten_code=LAMPUNG_UTARA)
    need, site = await raise_need(api, bupati)
    teams = {name: await send(api, build, need, name, count) for name, count in (("Tagana", 6), ("MRI", 4))}
    people = [person for team in teams.values() for person in team]
    codes = {person: await code_of(api, bupati, volunteer=f"Volunteer:{person}") for person in people}
    shared = (await api.ask(NEED, actor=bupati, id=need))["need"]

    # They come one after the other, and go a week later; the last one's exit is forgotten.
    came = {person: STARTS + number * HOUR / 4 for number, person in enumerate(people)}
    left = {person: ENDS - 5 * HOUR + number * HOUR / 2 for number, person in enumerate(people[:-1])}
    first_day = later(api, STARTS + 6 * HOUR)
    await scan_all(first_day, bupati, site, "ENTRY", {codes[person]: at for person, at in came.items()})
    on_duty = (await first_day.ask(NEED, actor=bupati, id=need))["need"]["coverage"]
    home = later(api, ENDS + 13 * HOUR)
    await scan_all(home, bupati, site, "EXIT", {codes[person]: at for person, at in left.items()})
    forgotten = (await duties(home, bupati, need))[f"Volunteer:{people[-1]}"]
    said = {"startsAt": instant(came[people[-1]]), "endsAt": instant(ENDS), "reason": "Menurut daftar hadir"}
    corrected = await home.do(
        VERBS["Correct"], actor=bupati, assignment=forgotten["id"], version=forgotten["version"], **said
    )

    assert shared == {
        "coverage": {"wanted": 10, "pledged": 10, "offered": 0, "accepted": 10, "onDuty": 0, "shortfall": 0},
        "pledges": {
            "nodes": [
                {"organization": {"name": name}, "quantity": count, "filled": count, "openQuantity": 0}
                for name, count in (("MRI", 4), ("Tagana", 6))
            ]
        },
    }
    assert on_duty["onDuty"] == 10
    assert (forgotten["status"], forgotten["isUnconfirmed"], forgotten["hours"]) == ("COMPLETED", True, None)
    assert corrected["problems"] == []
    after = await duties(home, bupati, need)
    assert {each["status"] for each in after.values()} == {"COMPLETED"}
    assert {each["isUnconfirmed"] for each in after.values()} == {False}
    assert await hours_by_organization(home, bupati, people) == {
        name: sum((left.get(person, ENDS) - came[person]) / HOUR for person in team) for name, team in teams.items()
    }


async def hours_by_organization(api: Api, actor: uuid.UUID, people: list[uuid.UUID]) -> Json:
    total: Counter[str] = Counter()
    for person in people:
        found = await api.ask(SUMS, actor=actor, id=f"Volunteer:{person}")
        for row in found["volunteer"]["hours"]:
            total[row["organization"]["name"]] += row["hours"]
    return dict(total)
