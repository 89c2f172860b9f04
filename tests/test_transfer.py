"""Who knows the person that is to go over to another organization, and who answers for one without an account."""

import pytest

from api.resolvers import VERBS
from tests.asking import Api, problem
from tests.builders import Build
from tests.snapshot import snapshot
from tests.test_fallen import fall
from tests.test_membership import ANSWER, TRANSFER, member

LISTED = "{ membershipTransfers(first: 9) { nodes { status volunteer { name phone } } } }"
WITHDRAW = """mutation($input: WithdrawTransferInput!) { withdrawTransfer(input: $input) {
  membershipTransfer { status } problems { code path } } }"""


async def test_who_is_asked_to_take_a_person_knows_whom_until_the_answer(api: Api, build: Build) -> None:
    _, person, key = await member(build)
    new = await build.organization()
    manager, stranger = await build.manager(new), await build.manager(await build.organization())
    proposal = await build.membership_transfer(key, new)

    waiting, others = [await api.ask(LISTED, actor=actor) for actor in (manager, stranger)]
    await build.connection.execute("UPDATE membership_transfer SET status = 'REFUSED' WHERE id = $1", proposal)
    refused = await api.ask(LISTED, actor=manager)

    name = await build.connection.fetchval("SELECT name FROM volunteer WHERE id = $1", person)
    listed = [{"status": "PENDING", "volunteer": {"name": name, "phone": None}}]
    assert waiting == {"membershipTransfers": {"nodes": listed}}
    assert others == {"membershipTransfers": {"nodes": []}}
    assert refused == {"membershipTransfers": {"nodes": [{"status": "REFUSED", "volunteer": None}]}}


async def test_who_proposes_a_transfer_does_not_answer_for_a_person_without_an_account(api: Api, build: Build) -> None:
    old, person, key = await member(build)
    other, new = await build.organization(), await build.organization()
    await build.membership(person, other)
    proposal = await build.membership_transfer(key, new)
    answer = {"membershipTransfer": f"MembershipTransfer:{proposal}", "version": 1, "accept": True}
    managers = [await build.manager(each) for each in (old, other)]
    before = await snapshot(build.connection)

    refused = [await api.do(ANSWER, actor=each, **answer) for each in managers]
    unchanged = await snapshot(build.connection)
    agreed = await api.do(ANSWER, actor=await build.coordinator(), **answer)

    forbidden = [problem("Simple", "FORBIDDEN", "membershipTransfer")]
    assert ([each["problems"] for each in refused], unchanged) == ([forbidden, forbidden], before)
    assert VERBS["answer_transfer"].callers.description == (
        "The person (without an account, coordinators of the home, but not who proposed it), managers of the organization that "
        "is asked"
    )
    assert agreed["problems"] == []
    proposed = agreed["membershipTransfer"]
    assert (proposed["personAgreedAt"] is None, proposed["organizationAgreedAt"]) == (False, None)


async def test_a_coordinator_who_proposes_as_a_manager_does_not_answer_for_the_person(api: Api, build: Build) -> None:
    old, _, key = await member(build)
    new, both = await build.organization(), await build.coordinator()
    await build.row("role", account_id=both, kind="MANAGER", organization_id=old)
    values = {"membership": f"Membership:{key}", "organization": f"Organization:{new}"}
    proposed = await api.do(TRANSFER, actor=both, **values)
    answer = {"membershipTransfer": proposed["membershipTransfer"]["id"], "version": 1, "accept": True}
    before = await snapshot(build.connection)

    refused = await api.do(ANSWER, actor=both, **answer)
    unchanged = await snapshot(build.connection)
    agreed = await api.do(ANSWER, actor=await build.coordinator(), **answer)

    assert refused["problems"] == [problem("Simple", "FORBIDDEN", "membershipTransfer")]
    assert (unchanged, agreed["problems"]) == (before, [])
    assert agreed["membershipTransfer"]["personAgreedAt"] is not None


async def test_who_proposes_a_transfer_and_manages_both_organizations_answers_for_the_one_asked_only(
    api: Api, build: Build
) -> None:
    """Also as a coordinator of the person's home: the person, or another account, still answers."""
    old, person, key = await member(build)
    new, both = await build.organization(), await build.coordinator()
    for organization in (old, new):
        await build.row("role", account_id=both, kind="MANAGER", organization_id=organization)
    values = {"membership": f"Membership:{key}", "organization": f"Organization:{new}"}
    proposed = (await api.do(TRANSFER, actor=both, **values))["membershipTransfer"]["id"]

    agreed = await api.do(ANSWER, actor=both, membershipTransfer=proposed, version=1, accept=True)
    again = await api.do(ANSWER, actor=both, membershipTransfer=proposed, version=2, accept=True)
    organizations = "SELECT organization_id FROM membership WHERE volunteer_id = $1 ORDER BY since"
    before = [row["organization_id"] for row in await build.connection.fetch(organizations, person)]
    answered = await api.do(
        ANSWER, actor=await build.coordinator(), membershipTransfer=proposed, version=2, accept=True
    )

    sides = {name: agreed["membershipTransfer"][f"{name}AgreedAt"] is not None for name in ("person", "organization")}
    assert (agreed["problems"], sides) == ([], {"person": False, "organization": True})
    assert again["problems"] == [problem("Status", "WRONG_STATUS", "membershipTransfer", currentStatus="PENDING")]
    assert before == [old]
    assert (answered["problems"], answered["membershipTransfer"]["status"]) == ([], "ACCEPTED")


@pytest.mark.parametrize("how", ["suspended", "struck off"])
async def test_managers_of_an_organization_that_has_fallen_propose_no_transfer(
    api: Api, build: Build, how: str
) -> None:
    """The other organization would see the member while it waits. What they proposed before, they still withdraw."""
    old, person, key = await member(build)
    new = await build.organization()
    waiting = await build.membership_transfer(await build.membership(await build.person(), old), new)
    manager, asked = await build.manager(old), await build.manager(new)
    await fall(build, old, how)
    before = await snapshot(build.connection)

    values = {"membership": f"Membership:{key}", "organization": f"Organization:{new}"}
    refused = await api.do(TRANSFER, actor=manager, **values)
    unchanged = await snapshot(build.connection)
    seen = await api.ask("query($id: ID!) { volunteer(id: $id) { id } }", actor=asked, id=f"Volunteer:{person}")
    withdrawn = await api.do(WITHDRAW, actor=manager, membershipTransfer=f"MembershipTransfer:{waiting}", version=1)

    fact = {"organization": {"id": f"Organization:{old}"}}
    assert refused["problems"] == [problem("Organization", "ORGANIZATION_NOT_VERIFIED", "membership", **fact)]
    assert (unchanged, seen) == (before, {"volunteer": None})
    assert withdrawn == {"membershipTransfer": {"status": "WITHDRAWN"}, "problems": []}
