"""Needs for goods while they last."""

import uuid
from datetime import timedelta
from functools import partial

from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import FAR, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.sampling import IS_FUZZ
from tests.snapshot import snapshot
from tests.test_pledge import document
from tests.test_race import run_concurrently

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROUNDS = 20 if IS_FUZZ else 3
CHANGE = f"""mutation($input: ChangeGoodsNeedInput!) {{ changeGoodsNeed(input: $input) {{
    goodsNeed {{ quantity neededBy priority cluster {{ code }} site {{ id }} pledged version history {{ kind }} }} {PROBLEMS} }} }}"""
MAKE = f"mutation($input: MakePledgeInput!) {{ makePledge(input: $input) {{ pledge {{ id }} {PROBLEMS} }} }}"


async def test_a_change_is_told_to_who_has_pledged(api: Api, build: Build) -> None:
    incident, actor = await build.incident(), await build.coordinator()
    need, site = await build.goods_need(incident, pledged=30), await build.site(incident)
    pledge = await build.pledge(None, await build.organization(), goods_need_id=need, quantity=30)
    await build.pledge(None, await build.organization(), goods_need_id=need, quantity=50, status="RELEASED")
    values: Json = {"quantity": 40, "neededBy": instant(NOW + DAY), "priority": "URGENT", "cluster": "Cluster:HEALTH"}

    changed = await api.do(CHANGE, actor=actor, goodsNeed=f"GoodsNeed:{need}", version=1, **values, site=f"Site:{site}")

    told = await build.connection.fetch("SELECT kind, subject_key FROM event ORDER BY position")
    assert changed == {
        "goodsNeed": {
            **values,
            "cluster": {"code": "HEALTH"},
            "site": {"id": f"Site:{site}"},
            "pledged": 30,
            "version": 2,
            "history": [{"kind": "goods_need.changed"}],
        },
        "problems": [],
    }
    assert [tuple(row) for row in told] == [("goods_need.changed", str(need)), ("pledge.need_changed", str(pledge))]


async def test_a_change_is_refused_with_the_pledges_that_it_would_break(api: Api, build: Build) -> None:
    incident, actor = await build.incident([NEIGHBOUR]), await build.coordinator()
    need, organization = (
        await build.goods_need(incident, kabupaten_code=NEIGHBOUR, pledged=80),
        await build.organization(),
    )
    open_ = await build.pledge(None, organization, goods_need_id=need, quantity=50, deadline=NOW + DAY)
    ended = await build.pledge(
        None, organization, goods_need_id=need, quantity=20, delivered=10, status="RELEASED", reason="-"
    )
    lapsed = await build.pledge(None, organization, goods_need_id=need, quantity=20, deadline=NOW - HOUR)
    closed = await build.goods_need(incident, kabupaten_code=NEIGHBOUR, closed_at=NOW)
    elsewhere = await build.site(await build.incident())

    def promised(code: str, path: str, pledge: uuid.UUID) -> Json:
        return problem("Promise", code, path, assignment=None, pledge={"id": f"Pledge:{pledge}"})

    below = [promised("BELOW_PROMISED", "quantity", each) for each in sorted((open_, ended))]
    cases: list[tuple[Json, list[Json]]] = [
        ({"quantity": 59}, below),
        ({"neededBy": instant(NOW + HOUR)}, [promised("PLEDGE_STRANDED", "neededBy", open_)]),
        ({"quantity": 0}, [problem("Simple", "INVALID", "quantity")]),
        ({"neededBy": instant(NOW)}, [problem("Deadline", "PERIOD_PAST", "neededBy", deadline=instant(NOW))]),
        ({"cluster": "NONE"}, [problem("Simple", "NOT_FOUND", "cluster")]),
        ({"site": f"Site:{elsewhere}"}, [problem("Simple", "INVALID", "site")]),
        ({"version": 2}, [problem("Version", "VERSION_CONFLICT", "version", currentVersion=1)]),
        ({"goodsNeed": f"GoodsNeed:{closed}"}, [problem("Simple", "NEED_CLOSED", "goodsNeed")]),
    ]
    values: Json = {"goodsNeed": f"GoodsNeed:{need}", "version": 1}
    before = await snapshot(build.connection)

    for change, expected in cases:
        refused = await api.do(CHANGE, actor=actor, **{**values, **change})
        assert refused == {"goodsNeed": None, "problems": expected}
    far = await api.do(CHANGE, actor=await build.coordinator(kabupaten_code=FAR), **values, quantity=100)

    assert far["problems"] == [problem("Simple", "FORBIDDEN", "goodsNeed")]
    assert {**await snapshot(build.connection), "account": 0, "role": 0} == {**before, "account": 0, "role": 0}
    # What has lapsed holds nothing, whether that was recorded or not.
    assert (await api.do(CHANGE, actor=actor, **values, quantity=60))["problems"] == []
    assert await build.connection.fetchval("SELECT status FROM pledge WHERE id = $1", lapsed) == "LAPSED"


async def test_a_pledge_of_goods_and_a_lowered_need_respect_whichever_came_first(api: Api, build: Build) -> None:
    organization, coordinator = await build.organization(), await build.coordinator()
    manager, incident = await build.manager(organization), await build.incident()
    outcomes = set()

    for number in range(2 * ROUNDS):
        need = await build.goods_need(incident, quantity=100)
        named = {"goodsNeed": f"GoodsNeed:{need}"}
        promise = partial(
            api.do, MAKE, actor=manager, **named, organization=f"Organization:{organization}", quantity=80
        )
        lower = partial(api.do, CHANGE, actor=coordinator, **named, version=1, quantity=50)
        answers = await run_concurrently([promise, lower] if number % 2 else [lower, promise])

        codes = sorted(each["code"] for answer in answers for each in answer["problems"])
        row = await build.connection.fetchrow("SELECT quantity, pledged FROM goods_need WHERE id = $1", need)
        outcomes.add((*(row or ()), *codes))

    assert outcomes <= {(100, 80, "BELOW_PROMISED"), (50, 0, "NEED_PLEDGED")}


async def test_a_closing_is_told_to_who_has_pledged(api: Api, build: Build) -> None:
    organization, coordinator = await build.organization(), await build.coordinator()
    need = await build.goods_need(quantity=100, pledged=80)
    begun = await build.pledge(None, organization, goods_need_id=need, quantity=50, delivered=20)
    late = await build.pledge(None, organization, goods_need_id=need, quantity=30, deadline=NOW)
    close = document("closeGoodsNeed", "goodsNeed { closedAt pledged delivered }")

    closed = await api.do(close, actor=coordinator, goodsNeed=f"GoodsNeed:{need}", version=1, reason="Air sudah surut")

    rows = await build.connection.fetch("SELECT id, status FROM pledge ORDER BY quantity DESC")
    told = await build.connection.fetch("SELECT kind, subject_key FROM event ORDER BY position")
    assert closed == {"goodsNeed": {"closedAt": instant(NOW), "pledged": 50, "delivered": 20}, "problems": []}
    assert await build.connection.fetchval("SELECT pledged FROM goods_need") == 50
    assert [tuple(row) for row in rows] == [(begun, "OPEN"), (late, "LAPSED")]
    assert [tuple(row) for row in told] == [
        ("pledge.lapsed", str(late)),
        ("goods_need.closed", str(need)),
        ("pledge.need_changed", str(begun)),
    ]
