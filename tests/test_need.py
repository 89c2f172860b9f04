"""Needs while they last: changed, renewed, closed, split and merged, with everybody who is on them."""

import uuid
from datetime import timedelta

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START, END = NOW + DAY, NOW + 4 * DAY
READ = """need { id peopleWanted startsAt endsAt priority isStale closedAt version mergedInto { id } site { id }
    coverage { wanted pledged offered } history { kind } }"""


def document(name: str) -> str:
    payload = name[0].upper() + name[1:]
    return f"mutation($input: {payload}Input!) {{ {name}(input: $input) {{ {READ} {PROBLEMS} }} }}"


CHANGE, RENEW, CLOSE = document("changeNeed"), document("renewNeed"), document("closeNeed")
SPLIT, MERGE = document("splitNeed"), document("mergeNeeds")


def named(key: uuid.UUID) -> str:
    return f"Need:{key}"


async def kinds(build: Build) -> list[tuple[str, str]]:
    rows = await build.connection.fetch(
        "SELECT kind, subject_key FROM event WHERE kind <> 'account.call_refused' ORDER BY kind, subject_key"
    )
    return [(row["kind"], row["subject_key"]) for row in rows]


async def test_a_change_is_told_to_everybody_on_the_need(api: Api, build: Build) -> None:
    actor = await build.coordinator()
    incident = await build.incident()
    need, site = await build.need(incident), await build.site(incident)
    offered = await build.assignment(need, await build.volunteer(), ends_at=START + HOUR)
    beyond = await build.assignment(need, await build.volunteer())
    accepted = await build.assignment(need, await build.volunteer(), status="ACCEPTED", ends_at=START + DAY)
    pledge = await build.pledge(need, await build.organization())

    changed = await api.do(
        CHANGE,
        actor=actor,
        need=named(need),
        version=1,
        peopleWanted=2,
        endsAt=instant(START + DAY),
        priority="URGENT",
        site=f"Site:{site}",
    )

    assert changed == {
        "need": {
            "id": named(need),
            "peopleWanted": 2,
            "startsAt": instant(START),
            "endsAt": instant(START + DAY),
            "priority": "URGENT",
            "isStale": False,
            "closedAt": None,
            "version": 2,
            "mergedInto": None,
            "site": {"id": f"Site:{site}"},
            "coverage": {"wanted": 2, "pledged": 1, "offered": 1},
            "history": [{"kind": "need.changed"}],
        },
        "problems": [],
    }
    assert await kinds(build) == sorted(
        [
            ("assignment.expired", str(beyond)),
            ("assignment.need_changed", str(offered)),
            ("assignment.need_changed", str(accepted)),
            ("need.changed", str(need)),
            ("pledge.need_changed", str(pledge)),
        ]
    )


async def test_a_change_is_refused_below_what_is_promised_and_with_everybody_it_would_strand(
    api: Api, build: Build
) -> None:
    actor, organization = await build.coordinator(), await build.organization()
    need = await build.need(wanted=4)
    pledge = await build.pledge(need, organization, quantity=2)
    lapsed = await build.pledge(need, organization, deadline=NOW - HOUR)
    duty = await build.assignment(need, await build.volunteer(), status="ACCEPTED")
    period = {"startsAt": instant(START), "endsAt": instant(END)}
    stranded = problem("Commitment", "DUTY_STRANDED", "startsAt", assignment={"id": f"Assignment:{duty}"}, **period)
    cases: list[tuple[Json, Json]] = [
        ({"startsAt": instant(START + HOUR)}, stranded),
        ({"endsAt": instant(END - HOUR)}, stranded),
        ({"endsAt": instant(START)}, problem("Simple", "INVALID", "endsAt")),
        ({"peopleWanted": 0}, problem("Simple", "INVALID", "peopleWanted")),
        ({"cluster": "NONE"}, problem("Simple", "NOT_FOUND", "cluster")),
        ({"site": f"Site:{uuid.uuid4()}"}, problem("Simple", "NOT_FOUND", "site")),
        ({"version": 3}, problem("Version", "VERSION_CONFLICT", "version", currentVersion=1)),
    ]
    held = [
        problem("Promise", "BELOW_PROMISED", "peopleWanted", assignment={"id": f"Assignment:{duty}"}, pledge=None),
        problem("Promise", "BELOW_PROMISED", "peopleWanted", assignment=None, pledge={"id": f"Pledge:{pledge}"}),
    ]
    before = await snapshot(build.connection)

    assert await api.do(CHANGE, actor=actor, need=named(need), version=1, peopleWanted=2) == {
        "need": None,
        "problems": held,
    }
    for change, expected in cases:
        refused = await api.do(CHANGE, actor=actor, **{"need": named(need), "version": 1, **change})
        assert refused == {"need": None, "problems": [expected]}

    assert await snapshot(build.connection) == before
    # A pledge whose deadline has passed holds nothing, whether that was recorded or not.
    lowered = await api.do(CHANGE, actor=actor, need=named(need), version=1, peopleWanted=3)
    assert (lowered["problems"], lowered["need"]["peopleWanted"]) == ([], 3)
    assert await build.connection.fetchval("SELECT status FROM pledge WHERE id = $1", lapsed) == "LAPSED"


async def test_a_need_is_stale_after_48_hours_until_it_is_renewed(api: Api, build: Build) -> None:
    fresh = await build.need(updated_at=NOW - 48 * HOUR + timedelta(seconds=1))
    old = await build.need(updated_at=NOW - 48 * HOUR)
    await build.need(updated_at=NOW - 72 * HOUR, closed_at=NOW)
    await build.need(updated_at=NOW - 72 * HOUR, starts_at=NOW - DAY, ends_at=NOW)
    stale = "{ needs(first: 5, filter: {stale: true}) { nodes { id isStale } } }"

    before = await api.ask(stale)
    renewed = await api.do(RENEW, actor=await build.coordinator(), need=named(old), version=1)

    assert before == {"needs": {"nodes": [{"id": named(old), "isStale": True}]}}
    assert (renewed["need"]["isStale"], renewed["need"]["version"]) == (False, 2)
    assert await api.ask(stale) == {"needs": {"nodes": []}}
    assert await kinds(build) == [("need.renewed", str(old))]
    assert fresh != old


async def test_a_closed_need_ends_its_offers_promises_and_pledges(api: Api, build: Build) -> None:
    actor, organization = await build.coordinator(), await build.organization()
    need = await build.need()
    pledge = await build.pledge(need, organization, quantity=2)
    offered = await build.assignment(need, await build.volunteer())
    accepted = await build.assignment(need, await build.volunteer(), status="ACCEPTED")

    closed = await api.do(CLOSE, actor=actor, need=named(need), version=1, reason="Cukup")
    again = [
        await api.do(mutation, actor=actor, need=named(need), version=2, **more)
        for mutation, more in ((CLOSE, {}), (CHANGE, {}), (RENEW, {}), (SPLIT, {"peopleWanted": 1}))
    ]

    assert closed["problems"] == []
    assert (closed["need"]["closedAt"], closed["need"]["version"]) == (instant(NOW), 2)
    assert [each["problems"] for each in again] == [[problem("Simple", "NEED_CLOSED", "need")]] * 4
    assert await kinds(build) == [
        ("assignment.cancelled", str(accepted)),
        ("assignment.expired", str(offered)),
        ("need.closed", str(need)),
        ("pledge.released", str(pledge)),
    ]
    assert await build.connection.fetchval("SELECT count(*) FROM commitment") == 0


async def test_a_need_is_split_with_what_is_named(api: Api, build: Build) -> None:
    actor, organization = await build.coordinator(), await build.organization()
    need = await build.need(wanted=6)
    stays, goes = [await build.pledge(need, organization, quantity=2) for _ in range(2)]
    under = await build.assignment(need, await build.volunteer(), status="ACCEPTED", pledge_id=goes)
    direct, other = [await build.assignment(need, await build.volunteer(), status="ACCEPTED") for _ in range(2)]
    values = {"need": named(need), "version": 1, "peopleWanted": 3}
    pledges, duties = [f"Pledge:{goes}"], [f"Assignment:{direct}"]
    foreign = f"Assignment:{await build.assignment(await build.need(), await build.volunteer())}"

    refused = [
        await api.do(SPLIT, actor=actor, **{**values, **more})
        for more in (
            {"peopleWanted": 6},
            {"assignments": [*duties, foreign]},
            {"assignments": [f"Assignment:{under}"]},
            {"peopleWanted": 1, "pledges": pledges},
            {"peopleWanted": 5},
        )
    ]
    done = await api.do(SPLIT, actor=actor, **values, assignments=duties, pledges=pledges)

    assert [[(each["code"], each["path"][1:]) for each in answer["problems"]] for answer in refused] == [
        [("INVALID", ["peopleWanted"])],
        [("NOT_FOUND", ["assignments", "1"])],
        [("NOT_FOUND", ["assignments", "0"])],
        [("BELOW_PROMISED", ["peopleWanted"])],
        [("BELOW_PROMISED", ["peopleWanted"])],
    ]
    assert done["problems"] == []
    new = uuid.UUID(done["need"]["id"].partition(":")[2])
    assert (done["need"]["peopleWanted"], done["need"]["coverage"]["pledged"]) == (3, 2)
    rows = await build.connection.fetch("SELECT id, need_id FROM assignment UNION ALL SELECT id, need_id FROM pledge")
    places = {row["id"]: row["need_id"] for row in rows}
    assert {key: places[key] for key in (stays, goes, under, direct, other)} == {
        stays: need,
        other: need,
        goes: new,
        under: new,
        direct: new,
    }
    assert await build.wanted(need) == 3


async def test_an_offer_that_replaces_a_duty_goes_with_it_when_a_need_is_split(api: Api, build: Build) -> None:
    actor, need = await build.coordinator(), await build.need(wanted=4)
    duty = await build.assignment(need, await build.volunteer(), status="ACCEPTED")
    offer = await build.assignment(need, await build.volunteer(), replaces_id=duty)
    values = {"need": named(need), "version": 1, "peopleWanted": 2}

    alone = await api.do(SPLIT, actor=actor, **values, assignments=[f"Assignment:{offer}"])
    done = await api.do(SPLIT, actor=actor, **values, assignments=[f"Assignment:{duty}"])

    assert [(each["code"], each["path"][1:]) for each in alone["problems"]] == [("NOT_FOUND", ["assignments", "0"])]
    assert done["problems"] == []
    new = uuid.UUID(done["need"]["id"].partition(":")[2])
    places = await build.connection.fetch("SELECT id, need_id FROM assignment")
    assert {row["id"]: row["need_id"] for row in places} == {duty: new, offer: new}


async def test_needs_of_one_kind_are_merged_whole(api: Api, build: Build) -> None:
    actor, incident, organization = await build.coordinator(), await build.incident(), await build.organization()
    one, other = [await build.need(incident, wanted=2) for _ in range(2)]
    later = await build.need(incident, ends_at=END + HOUR)
    pledge = await build.pledge(one, organization, quantity=1)
    volunteer = await build.volunteer()
    duty = await build.assignment(one, volunteer, status="ACCEPTED")
    twice = await build.need(incident, wanted=2)
    await build.assignment(twice, volunteer)

    wrong = [
        await api.do(MERGE, actor=actor, need=named(one), version=1, into=named(into)) for into in (one, later, twice)
    ]
    done = await api.do(MERGE, actor=actor, need=named(one), version=1, into=named(other))

    assert [[(each["code"], each["path"][1:]) for each in answer["problems"]] for answer in wrong] == [
        [("INVALID", ["into"])],
        [("INVALID", ["into"])],
        [("ALREADY_OFFERED", ["need"])],
    ]
    assert done["problems"] == []
    merged = done["need"]
    assert (merged["id"], merged["closedAt"], merged["mergedInto"]) == (named(one), instant(NOW), {"id": named(other)})
    rows = await build.connection.fetch("SELECT id, version FROM need WHERE id = ANY($1)", [one, other])
    assert {(row["id"], await build.wanted(row["id"]), row["version"]) for row in rows} == {(one, 2, 2), (other, 4, 2)}
    assert await build.connection.fetchval("SELECT need_id FROM assignment WHERE id = $1", duty) == other
    assert await build.connection.fetchval("SELECT need_id FROM pledge WHERE id = $1", pledge) == other


async def test_only_the_coordinators_of_a_need_change_it(api: Api, build: Build) -> None:
    need, far = await build.need(), await build.coordinator(kabupaten_code=FAR)
    values = {"need": named(need), "version": 1}

    refused = [
        await api.do(mutation, actor=far, **values, **more)
        for mutation, more in (
            *((CHANGE, {}), (RENEW, {}), (CLOSE, {}), (SPLIT, {"peopleWanted": 1})),
            (MERGE, {"into": named(await build.need())}),
        )
    ]

    assert {each["problems"][0]["code"] for each in refused} == {"FORBIDDEN"}
    assert await build.connection.fetchval("SELECT count(*) FROM event WHERE kind <> 'account.call_refused'") == 0
