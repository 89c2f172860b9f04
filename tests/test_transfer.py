"""Who knows the person that is to go over to another organization, and who answers for one without an account."""

from tests.asking import Api, problem
from tests.builders import Build
from tests.snapshot import snapshot
from tests.test_membership import ANSWER, member

LISTED = "{ membershipTransfers(first: 9) { nodes { status volunteer { name phone } } } }"


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
    assert agreed["problems"] == []
    proposed = agreed["membershipTransfer"]
    assert (proposed["personAgreedAt"] is None, proposed["organizationAgreedAt"]) == (False, None)
