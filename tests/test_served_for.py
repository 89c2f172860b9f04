"""The organization that a duty is served for, which its hours are added up by: found at the acceptance."""

from datetime import date
from typing import Any

import pytest

from tests.asking import Api
from tests.builders import Build
from tests.test_extension import do

# The duty lasts from 2 to 5 March 2026.
UNTIL_THIRD, SINCE_FOURTH = {"until": date(2026, 3, 3)}, {"since": date(2026, 3, 4)}
LATER = {"since": date(2021, 1, 1)}
OVER = {"until": date(2026, 3, 1)}
SUSPENDED = {"verification": "SUSPENDED"}
# Organizations and the memberships in them, which of them holds the pledge, and for which it is served.
CASES: list[tuple[list[tuple[dict[str, Any], dict[str, Any]]], int | None, int | None]] = [
    ([({}, {})], None, 0),
    ([({}, LATER), ({}, {})], None, 1),
    ([({}, LATER), ({}, {})], 0, 0),
    # A suspended organization takes no new duty, whatever it has promised before.
    ([(SUSPENDED, {}), ({}, LATER)], None, 1),
    ([(SUSPENDED, {}), ({}, LATER)], 0, 1),
    # Who has left the organization that holds the pledge serves for another.
    ([({}, OVER), ({}, LATER)], 0, 1),
    ([({}, UNTIL_THIRD), ({}, LATER)], 0, 1),
    # One membership follows on the other during the duty.
    ([({}, UNTIL_THIRD), ({}, SINCE_FOURTH)], None, 0),
    ([({}, SINCE_FOURTH), ({}, UNTIL_THIRD)], None, 1),
    ([({}, UNTIL_THIRD), ({}, SINCE_FOURTH)], 1, 1),
    # Where none stands, one of which the volunteer is a member; where there is none, none.
    ([(SUSPENDED, {})], None, 0),
    ([(SUSPENDED, UNTIL_THIRD), (SUSPENDED, LATER)], None, 1),
    ([({}, OVER)], 0, None),
]


@pytest.mark.parametrize(("organizations", "holder", "expected"), CASES)
async def test_a_duty_is_served_for_who_stands_and_whose_member_the_volunteer_is(
    api: Api, build: Build, organizations: Any, holder: int | None, expected: int | None
) -> None:
    keys = [await build.organization(**values) for values, _ in organizations]
    person = await build.person()
    await build.certificate(person, await build.organization())
    for key, (_, membership) in zip(keys, organizations, strict=True):
        await build.membership(person, key, **membership)
    need = await build.need()
    pledge = None if holder is None else await build.pledge(need, keys[holder], quantity=2)
    duty = await build.assignment(need, person, pledge_id=pledge)
    overridden = {"rule_code": "ORGANIZATION_NOT_VERIFIED", "fact": "{}", "reason": "Darurat"}
    await build.row("override", assignment_id=duty, account_id=await build.account(), **overridden)

    accepted = await do(api, "Accept", duty, await build.volunteer_account(person))

    assert accepted["problems"] == []
    found = await build.connection.fetchval("SELECT organization_id FROM assignment")
    assert found == (None if expected is None else keys[expected])
