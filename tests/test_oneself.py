"""Registering oneself: the account becomes that of the volunteer."""

import uuid
from functools import partial

import pytest

from api.services.api_key import _digest
from tests.asking import PROBLEMS, Api, Json, problem
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.snapshot import snapshot
from tests.test_race import run_concurrently

REGISTER = f"""mutation($input: RegisterVolunteerInput!) {{ registerVolunteer(input: $input) {{
  volunteer {{ id name phone memberships(first: 1) {{ totalCount }} }} {PROBLEMS} }} }}"""
ASK = f"""mutation($input: RequestMembershipInput!) {{ requestMembership(input: $input) {{
  membershipRequest {{ askedBy status }} {PROBLEMS} }} }}"""
ME = "{ me { volunteer { id } } }"
OWN: Json = {
    "name": "Sinta Dewi",
    "phone": "0812-3456-7890",
    "kabupaten": HOME,
    "reach": "PROVINCE",
    "consentPurpose": "Penugasan relawan",
    "own": True,
}


async def test_who_is_signed_in_registers_and_asks_to_join(api: Api, build: Build) -> None:
    account, organization = await build.account(), await build.organization()

    registered = await api.do(REGISTER, actor=account, **OWN, idempotencyKey="a")
    again = await api.do(REGISTER, actor=account, **OWN, idempotencyKey="a")
    mine = await api.ask(ME, actor=account)
    asked = await api.do(ASK, actor=account, organization=f"Organization:{organization}")
    kinds = await build.connection.fetch("SELECT kind, account_id FROM event ORDER BY position")

    thing = registered["volunteer"]
    person = {"name": "Sinta Dewi", "phone": "+6281234567890", "memberships": {"totalCount": 0}}
    assert registered == {"volunteer": {"id": thing["id"], **person}, "problems": []}
    assert again == registered
    assert mine == {"me": {"volunteer": {"id": thing["id"]}}}
    assert asked == {"membershipRequest": {"askedBy": "PERSON", "status": "PENDING"}, "problems": []}
    assert [tuple(row) for row in kinds] == [
        (kind, account) for kind in ("account.bound", "volunteer.registered", "membership_request.pending")
    ]


REFUSED = [
    ({"nik": "6202014107900001"}, [problem("Simple", "INVALID", "nik")]),
    (
        {"organization": "Organization:{organization}"},
        [problem("Simple", code, "organization") for code in ("INVALID", "FORBIDDEN")],
    ),
    ({"number": "1"}, [problem("Simple", "INVALID", "organization")]),
    ({"own": False}, [problem("Simple", "FORBIDDEN", "kabupaten")]),
    ({"own": None}, [problem("Simple", "FORBIDDEN", "kabupaten")]),
    ({"name": " "}, [problem("Simple", "INVALID", "name")]),
    ({"consentPurpose": " "}, [problem("Simple", "INVALID", "consentPurpose")]),
]


@pytest.mark.parametrize(("given", "problems"), REFUSED, ids=str)
async def test_what_is_up_to_others_is_refused(api: Api, build: Build, given: Json, problems: Json) -> None:
    account, organization = await build.account(), await build.organization()
    before = await snapshot(build.connection)
    values = {
        name: value.format(organization=organization) if isinstance(value, str) else value
        for name, value in given.items()
    }

    refused = await api.do(REGISTER, actor=account, **{**OWN, **values})

    assert refused == {"volunteer": None, "problems": problems}
    after = await snapshot(build.connection)
    assert {**after, "event": 0} == {**before, "event": 0}


async def test_a_key_of_the_account_is_not_the_person(api: Api, build: Build) -> None:
    account, secret = await build.account(), "x" * 43
    key = await build.row(
        "api_key",
        account_id=account,
        name="Sistem",
        digest=_digest(secret),
        role_ids=[],
        verbs=["register_volunteer"],
        expires_at=NOW.replace(year=2027),
    )

    answer = await api.client.post(
        "/graphql",
        json={"query": REGISTER, "variables": {"input": OWN}},
        headers={"Authorization": f"Bearer sigap_{key.hex}_{secret}"},
    )

    assert answer.json()["data"]["registerVolunteer"] == {
        "volunteer": None,
        "problems": [problem("Simple", "FORBIDDEN", "own")],
    }


async def test_an_account_is_one_persons(api: Api, build: Build) -> None:
    """Also of two registrations at once."""
    account = await build.account()
    register = partial(api.do, REGISTER, actor=account)
    calls = [partial(register, **{**OWN, "name": name, "phone": None}) for name in ("Ani", "Budi")]

    answers = await run_concurrently(calls)
    later = await register(**{**OWN, "name": "Citra"})

    refused = [problem("Simple", "HAS_ACCOUNT", "own")]
    assert sorted(len(each["problems"]) for each in answers) == [0, 1]
    assert [each["problems"] for each in answers if each["problems"]] == [refused]
    assert later == {"volunteer": None, "problems": refused}
    assert await build.connection.fetchval("SELECT count(*) FROM volunteer") == 1


async def test_who_may_be_registered_already_is_asked_about_and_not_named(api: Api, build: Build) -> None:
    other = await build.person(name="Sinta Dewi", phone="+6281234567890")
    account = await build.account()

    asked = await api.do(REGISTER, actor=account, **OWN)
    confirmed = await api.do(REGISTER, actor=account, **OWN, confirmDistinct="Nomor keluarga")
    pair = await build.connection.fetchrow("SELECT one_id, other_id FROM distinct_pair")

    key = uuid.UUID(confirmed["volunteer"]["id"].partition(":")[2])
    told = problem("Person", "SAME_PERSON", "confirmDistinct", volunteer=None)
    assert asked == {"volunteer": None, "problems": [told]}
    assert tuple(pair or ()) == tuple(sorted((key, other)))
