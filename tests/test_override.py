"""Exceptions to rules are listed, and counted by month, for those who coordinate."""

from datetime import UTC, datetime
from typing import Any

from tests.asking import Api
from tests.builders import FAR, HOME, Build

LISTED = """query($filter: OverrideFilter) { overrides(first: 9, orderBy: CREATED_AT_ASC, filter: $filter) {
  nodes { ruleCode decidedBy assignment { need { incident { title } } } } } }"""
COUNTED = "query($id: ID!) { incident(id: $id) { overrideCounts { month ruleCode decidedBy count } } }"


async def test_overrides_are_listed_and_counted_by_coordinator_rule_and_month(api: Api, build: Build) -> None:
    sri, budi = [await build.account(name=name) for name in ("Bu Sri", "Pak Budi")]
    for account in (sri, budi):
        await build.row("role", account_id=account, kind="COORDINATOR", kabupaten_code=HOME)
    flood, quake = [await build.incident([HOME], title=title) for title in ("Banjir", "Gempa")]
    # In the evening of the last of January in UTC, it is February in HOME.
    january, february = datetime(2026, 1, 31, 12, tzinfo=UTC), datetime(2026, 1, 31, 18, tzinfo=UTC)
    made = (
        (flood, sri, "NOT_RESTED", january),
        (flood, sri, "NOT_RESTED", february),
        (flood, sri, "BEYOND_REACH", february),
        (quake, budi, "NOT_RESTED", february),
    )
    for incident, account, rule, at in made:
        key = await build.assignment(await build.need(incident), await build.volunteer())
        values: dict[str, Any] = {"rule_code": rule, "fact": "{}", "reason": "Darurat", "created_at": at}
        await build.row("override", assignment_id=key, account_id=account, **values)
    nation, other = await build.coordinator(), await build.coordinator(kabupaten_code=FAR)

    async def listed(**filters: Any) -> list[tuple[str, str, str]]:
        nodes = (await api.ask(LISTED, actor=nation, filter=filters))["overrides"]["nodes"]
        return [(row["assignment"]["need"]["incident"]["title"], row["decidedBy"], row["ruleCode"]) for row in nodes]

    assert await listed(account={"eq": f"Account:{budi}"}) == [("Gempa", "Pak Budi", "NOT_RESTED")]
    assert await listed(incident=f"Incident:{flood}", ruleCode={"eq": "BEYOND_REACH"}) == [
        ("Banjir", "Bu Sri", "BEYOND_REACH")
    ]
    assert len(await listed(ruleCode={"eq": "NOT_RESTED"})) == 3
    counted = await api.ask(COUNTED, actor=nation, id=f"Incident:{flood}")
    hidden = await api.ask(COUNTED, actor=other, id=f"Incident:{flood}")
    assert counted == {
        "incident": {
            "overrideCounts": [
                {"month": "2026-01-01", "ruleCode": "NOT_RESTED", "decidedBy": "Bu Sri", "count": 1},
                {"month": "2026-02-01", "ruleCode": "BEYOND_REACH", "decidedBy": "Bu Sri", "count": 1},
                {"month": "2026-02-01", "ruleCode": "NOT_RESTED", "decidedBy": "Bu Sri", "count": 1},
            ]
        }
    }
    assert hidden == {"incident": {"overrideCounts": None}}
