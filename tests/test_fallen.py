"""What managers of an organization that does not stand may still do for its members: nothing that is a new duty."""

import uuid
from datetime import date, timedelta

import pytest

from api.resolvers import VERBS
from tests.asking import PROBLEMS, Api, Json, instant, problem
from tests.builders import CERTIFICATE_TYPE, Build
from tests.conftest import NOW
from tests.snapshot import snapshot

HOUR = timedelta(hours=1)
ACCEPT = """mutation($input: AcceptAssignmentInput!) { acceptAssignment(input: $input) {
  assignment { status endsAt organization { id } } problems { code path } } }"""
ALLOWED = "query($id: ID!) { assignment(id: $id) { allowedActions } }"
CERTIFY = f"mutation($input: RequestCertificateInput!) {{ requestCertificate(input: $input) {{ {PROBLEMS} }} }}"
WITHDRAW = f"""mutation($input: WithdrawCertificateRequestInput!) {{ withdrawCertificateRequest(input: $input) {{
  certificateRequest {{ status }} {PROBLEMS} }} }}"""
OTHERS = {
    "Decline": ("OFFERED", {"reason": "Tidak bisa"}),
    "Cancel": ("ACCEPTED", {"reason": "Ditangguhkan"}),
    "Mobilize": ("ACCEPTED", {}),
}
# Verbs by whether the managers of an organization that does not stand may call them for its members.
BY_STANDING = {
    **dict.fromkeys(("accept_assignment", "request_certificate", "change_volunteer", "record_insurance"), False),
    **dict.fromkeys(("request_membership", "approve_membership", "record_absence"), False),
    **dict.fromkeys(("decline_assignment", "cancel_assignment", "withdraw_certificate_request"), True),
}


async def fall(build: Build, organization: uuid.UUID, how: str) -> None:
    if how == "suspended":
        await build.connection.execute("UPDATE organization SET verification = 'SUSPENDED' WHERE id = $1", organization)
    else:
        await build.licence(organization, revoked_on=date(2026, 2, 1))


async def accept(api: Api, key: uuid.UUID, actor: uuid.UUID) -> Json:
    return await api.do(ACCEPT, actor=actor, assignment=f"Assignment:{key}", version=1)


@pytest.mark.parametrize("how", ["suspended", "struck off"])
@pytest.mark.parametrize("status", ["OFFERED", "ACCEPTED"])
async def test_a_manager_whose_organization_has_fallen_accepts_nothing_for_a_member(
    api: Api, build: Build, status: str, how: str
) -> None:
    """Neither an offer nor a longer duty, though another organization stands behind the member, whose manager may."""
    fallen, other = await build.organization(), await build.organization()
    person = await build.volunteer(other)
    await build.membership(person, fallen)
    await fall(build, fallen, how)
    need = await build.need()
    extended = {"proposed_ends_at": NOW + 4 * 24 * HOUR, "ends_at": NOW + 3 * 24 * HOUR} if status == "ACCEPTED" else {}
    key = await build.assignment(need, person, status=status, **extended)
    manager, own, others = (
        await build.manager(fallen),
        await build.volunteer_account(person),
        await build.manager(other),
    )
    before = await snapshot(build.connection)

    refused = await accept(api, key, manager)
    allowed = [await api.ask(ALLOWED, actor=each, id=f"Assignment:{key}") for each in (manager, others, own)]
    unchanged = await snapshot(build.connection)
    accepted = await accept(api, key, others)

    assert refused == {"assignment": None, "problems": [{"code": "FORBIDDEN", "path": ["input", "assignment"]}]}
    assert ["ACCEPT" in each["assignment"]["allowedActions"] for each in allowed] == [False, True, True]
    assert unchanged == before
    ends = instant(NOW + 4 * 24 * HOUR)
    served_for = {"id": f"Organization:{other}"} if status == "OFFERED" else None
    assert accepted == {
        "assignment": {"status": "ACCEPTED", "endsAt": ends, "organization": served_for},
        "problems": [],
    }


@pytest.mark.parametrize("name", OTHERS)
async def test_what_is_no_new_duty_its_managers_still_do(api: Api, build: Build, name: str) -> None:
    organization = await build.organization()
    person = await build.volunteer(organization)
    status, values = OTHERS[name]
    key = await build.assignment(await build.need(), person, status=status)
    manager = await build.manager(organization)
    await fall(build, organization, "suspended")
    version = {} if name == "Mobilize" else {"version": 1}

    payload = await api.do(
        f"mutation($input: {name}AssignmentInput!) {{ {name.lower()}Assignment(input: $input) {{ problems {{ code }} }} }}",
        actor=manager,
        assignment=f"Assignment:{key}",
        **version,
        **values,
    )

    assert payload == {"problems": []}


@pytest.mark.parametrize("how", ["suspended", "struck off"])
async def test_managers_of_a_fallen_organization_show_no_member_to_an_issuer(api: Api, build: Build, how: str) -> None:
    """What they asked for before, they still withdraw."""
    organization, issuer = await build.organization(), await build.organization()
    person = await build.volunteer(organization)
    waiting = await build.certificate_request(person, issuer)
    manager, own = await build.manager(organization), await build.volunteer_account(person)
    await fall(build, organization, how)
    asked = {"issuer": f"Organization:{issuer}", "type": CERTIFICATE_TYPE, "number": "L-9", "issuedOn": "2025-01-01"}
    before = await snapshot(build.connection)

    refused = await api.do(CERTIFY, actor=manager, volunteer=f"Volunteer:{person}", **asked)
    unchanged = await snapshot(build.connection)
    withdrawn = await api.do(WITHDRAW, actor=manager, certificateRequest=f"CertificateRequest:{waiting}", version=1)
    by_person = await api.do(CERTIFY, actor=own, **asked)

    assert (refused["problems"], unchanged) == ([problem("Simple", "FORBIDDEN", "volunteer")], before)
    assert withdrawn == {"certificateRequest": {"status": "WITHDRAWN"}, "problems": []}
    assert by_person == {"problems": []}


@pytest.mark.parametrize("name", BY_STANDING)
def test_who_may_call_a_verb_says_whether_the_organization_must_stand(name: str) -> None:
    assert ("that stand" not in VERBS[name].callers.description) is BY_STANDING[name]
