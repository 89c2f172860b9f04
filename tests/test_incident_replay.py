"""Incidents as the news told them, replayed over HTTP: Lampung Utara's flood, Pulau Legundi, and two reports of one flood."""

import uuid
from datetime import timedelta
from typing import Any

from graphql.pyutils import camel_to_snake

from tests.asking import Api, Json, instant
from tests.builders import Build
from tests.conftest import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LAMPUNG, LAMPUNG_UTARA, PESAWARAN = "18", "18.03", "18.09"


async def do(api: Api, actor: uuid.UUID, verb: str, **values: Any) -> Json:
    """The thing that a mutation made or changed: its id and version."""
    payload = RESULT.get(verb) or verb_noun(verb)
    type_ = verb[0].upper() + verb[1:]
    document = f"mutation($input: {type_}Input!) {{ {verb}(input: $input) {{ {payload} {{ id version }} problems {{ code }} }} }}"
    done = await api.do(document, actor=actor, **values)
    assert done["problems"] == [], (verb, done["problems"])
    return done[payload]


RESULT = {"recordLoad": "site", "recordDelivery": "pledge", "mergeIncidents": "incident"}
RESULT |= dict.fromkeys(("recordSituation", "verifySituation"), "situationReport")


def verb_noun(verb: str) -> str:
    _, _, noun = camel_to_snake(verb).partition("_")
    first, *rest = noun.split("_")
    return first + "".join(part.title() for part in rest)


PAGE = """query($id: ID!, $on: Date!) { incident(id: $id) { status desk { code }
    emergencyStatuses(first: 9) { nodes { kind level decreeNumber isInForce } }
    situation { kabupatenCount displaced dead } situationReports(first: 9) { nodes { source status displaced dead } }
    sites(first: 9) { nodes { kind people isFull fillingIn kitchenPlan(on: $on) { peopleToFeed mealsWanted packsPossible packsShort crew crewShort } } }
    goodsNeeds(first: 9) { nodes { item pledged delivered pledges(first: 9) { totalCount nodes { organization { name } quantity percent } } } }
    coverage { wanted pledged accepted shortfall }
    coverageMatrix(on: $on) { organization { name } wanted promised totalPercent }
    activity(first: 1) { totalCount } } }"""


async def test_the_flood_in_lampung_utara(api: Api, build: Build) -> None:
    bupati, province = (
        await build.coordinator(kabupaten_code=LAMPUNG_UTARA),
        await build.coordinator(province_code=LAMPUNG),
    )
    tagana = await build.organization(name="Tagana Lampung Utara", kabupaten_code=LAMPUNG_UTARA)
    manager = await build.manager(tagana)
    incident = await do(
        api,
        bupati,
        "declareIncident",
        hazard="FLOOD",
        title="Banjir Kotabumi",
        kabupatens=[LAMPUNG_UTARA],
        startedAt=instant(NOW - 6 * HOUR),
    )
    at = {"incident": incident["id"]}
    decree = {"kind": "TANGGAP_DARURAT", "decreeNumber": "B/12/2021", "startsOn": "2026-03-01", "endsOn": "2026-03-14"}
    await do(api, bupati, "declareEmergencyStatus", **at, **decree, level="KABUPATEN", kabupaten=LAMPUNG_UTARA)
    for source, figures, hours in (
        ("BPBD", {"displaced": 900, "dead": 1}, 5),
        ("Media daring", {"displaced": 2500, "dead": 4}, 2),
        ("Dinas Sosial", {"displaced": 1200}, 1),
    ):
        told = {"kabupaten": LAMPUNG_UTARA, "at": instant(NOW - hours * HOUR), "source": source}
        report = await do(api, bupati, "recordSituation", **at, **told, **figures)
        if source != "Media daring":
            await do(api, bupati, "verifySituation", situationReport=report["id"], version=report["version"])
    here = {**at, "kabupaten": LAMPUNG_UTARA}
    kitchen = await do(
        api, bupati, "openSite", **here, kind="PUBLIC_KITCHEN", name="Dapur umum", organization=f"Organization:{tagana}"
    )
    for name, capacity, counts in (("GOR Sukung", 1000, (400, 700)), ("SDN 2 Kotabumi", 600, (500, 600))):
        shelter = await do(
            api, bupati, "openSite", **here, kind="SHELTER", name=name, capacity=capacity, kitchen=kitchen["id"]
        )
        for number, people in enumerate(counts):
            when = instant(NOW - (2 - number) * HOUR)
            await do(api, bupati, "recordLoad", site=shelter["id"], people=people, at=when)
    need = await do(
        api,
        province,
        "raiseNeed",
        **here,
        skill="FIELD_KITCHEN",
        cluster="LOGISTICS",
        peopleWanted=10,
        startsAt=instant(NOW),
        endsAt=instant(NOW + 3 * DAY),
        site=kitchen["id"],
    )
    await do(api, manager, "makePledge", need=need["id"], organization=f"Organization:{tagana}", quantity=6)

    page = (await api.ask(PAGE, actor=bupati, id=incident["id"], on="2026-03-01"))["incident"]

    plan = {
        "peopleToFeed": 1300,
        "mealsWanted": 3900,
        "packsPossible": 6000,
        "packsShort": 0,
        "crew": 0,
    }
    sites = {(site["kind"], site["people"]): site for site in page["sites"]["nodes"]}
    assert sites.keys() == {("PUBLIC_KITCHEN", None), ("SHELTER", 700), ("SHELTER", 600)}
    assert {**sites["PUBLIC_KITCHEN", None]["kitchenPlan"], "crewShort": None} == {**plan, "crewShort": None}
    assert [(sites["SHELTER", people]["isFull"], sites["SHELTER", people]["fillingIn"]) for people in (700, 600)] == [
        (False, 1.0),
        (True, 0.0),
    ]
    assert page["emergencyStatuses"]["nodes"] == [
        {"kind": "TANGGAP_DARURAT", "level": "KABUPATEN", "decreeNumber": "B/12/2021", "isInForce": True}
    ]
    # The newest verified figure of each is shown, each with its source; what the news told stands beside it.
    assert page["situation"] == {"kabupatenCount": 1, "displaced": 1200, "dead": 1}
    assert [tuple(each.values()) for each in page["situationReports"]["nodes"]] == [
        ("Dinas Sosial", "VERIFIED", 1200, None),
        ("Media daring", "RECORDED", 2500, 4),
        ("BPBD", "VERIFIED", 900, 1),
    ]
    assert page["coverage"] == {"wanted": 10, "pledged": 6, "accepted": 0, "shortfall": 10}
    assert {(cell["organization"] or {}).get("name"): cell["promised"] for cell in page["coverageMatrix"]}[
        "Tagana Lampung Utara"
    ] == 6
    assert (page["status"], page["desk"]["code"], page["activity"]["totalCount"]) == ("ACTIVE", "NATURAL", 16)


async def test_two_organizations_share_the_distribution_on_pulau_legundi(api: Api, build: Build) -> None:
    coordinator = await build.coordinator(kabupaten_code=PESAWARAN)
    organizations = {
        name: await build.organization(name=name, kind="NGO", corps=None, kabupaten_code=PESAWARAN)
        for name in ("Lembaga Pertama", "Lembaga Kedua")
    }
    managers = {name: await build.manager(key) for name, key in organizations.items()}
    incident = await do(
        api,
        coordinator,
        "declareIncident",
        hazard="TSUNAMI",
        title="Pulau Legundi",
        kabupatens=[PESAWARAN],
        startedAt=instant(NOW - DAY),
    )
    wanted = {"item": "Paket sembako", "quantity": 300, "unit": "paket", "neededBy": instant(NOW + 2 * DAY)}
    goods = await do(
        api,
        coordinator,
        "raiseGoodsNeed",
        incident=incident["id"],
        **wanted,
        cluster="LOGISTICS",
        kabupaten=PESAWARAN,
    )
    for name, quantity, delivered in (("Lembaga Pertama", 200, 200), ("Lembaga Kedua", 100, 40)):
        pledge = await do(
            api,
            managers[name],
            "makePledge",
            goodsNeed=goods["id"],
            organization=f"Organization:{organizations[name]}",
            quantity=quantity,
        )
        await do(api, managers[name], "recordDelivery", pledge=pledge["id"], version=1, quantity=delivered)
    too_much = await api.do(
        "mutation($input: MakePledgeInput!) { makePledge(input: $input) { problems { code } } }",
        actor=managers["Lembaga Kedua"],
        goodsNeed=goods["id"],
        organization=f"Organization:{organizations['Lembaga Kedua']}",
        quantity=1,
    )

    page = (await api.ask(PAGE, actor=coordinator, id=incident["id"], on="2026-03-01"))["incident"]

    (shared,) = page["goodsNeeds"]["nodes"]
    assert too_much["problems"] == [{"code": "NEED_PLEDGED"}]
    assert (shared["pledged"], shared["delivered"], shared["pledges"]["totalCount"]) == (300, 240, 2)
    assert {
        (each["organization"]["name"], each["quantity"], each["percent"]) for each in shared["pledges"]["nodes"]
    } == {
        ("Lembaga Pertama", 200, 100.0),
        ("Lembaga Kedua", 100, 40.0),
    }


async def test_two_reports_of_one_flood_become_one(api: Api, build: Build) -> None:
    villager, officer = await build.account(), await build.account()
    coordinator = await build.coordinator(province_code=LAMPUNG)
    told = {"hazard": "FLOOD", "kabupatens": [LAMPUNG_UTARA], "startedAt": instant(NOW - HOUR)}
    first = await do(api, villager, "reportIncident", **told, title="Air naik di Kotabumi")
    second = await do(api, officer, "reportIncident", **told, title="Banjir Way Rarem")
    verified = await do(api, coordinator, "verifyIncident", incident=second["id"], version=second["version"])
    await do(
        api,
        coordinator,
        "mergeIncidents",
        incident=first["id"],
        version=first["version"],
        into=verified["id"],
        reason="Banjir yang sama",
    )

    seen = await api.ask(
        "query($id: ID!) { incident(id: $id) { status mergedInto { id status } } }", actor=villager, id=first["id"]
    )

    assert seen["incident"] == {"status": "MERGED", "mergedInto": {"id": second["id"], "status": "VERIFIED"}}
