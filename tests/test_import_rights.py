"""An import runs with the rights of who asked for it, and tells no more of people than a registration does."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from api.access import PUBLIC
from api.services import account, import_lease, import_run
from api.services.api_key import _digest
from api.services.request import Request
from tests.asking import Api, Json
from tests.builders import FAR, HOME, Build
from tests.conftest import NOW
from tests.files.making import sheet
from tests.test_import import APPLY, IMPORT, Office, counts, office, refusals
from tests.test_person import REGISTER

__all__ = ["office"]
DAY = timedelta(days=1)
SECRET = "s" * 43


async def add_key(office: Office, *verbs: str, roles: Sequence[uuid.UUID] = ()) -> tuple[uuid.UUID, dict[str, str]]:
    """A key of the manager with all of the manager's roles, unless some are named; and the headers of who asks with it."""
    held = "SELECT array_agg(id) FROM role WHERE account_id = $1"
    key = await office.build.row(
        "api_key",
        account_id=office.manager,
        name="Sistem",
        digest=_digest(SECRET),
        role_ids=list(roles) or await office.build.connection.fetchval(held, office.manager),
        verbs=list(verbs),
        expires_at=NOW + 30 * DAY,
    )
    return key, {"Authorization": f"Bearer sigap_{key.hex}_{SECRET}"}


async def ask(office: Office, headers: dict[str, str], document: str, **input_values: Any) -> Json:
    body = {"query": document, "variables": {"input": input_values}}
    answer = await office.api.client.post("/graphql", json=body, headers=headers)
    ((_, payload),) = answer.json()["data"].items()
    return payload


async def start(office: Office, headers: dict[str, str], rows: Sequence[Sequence[object]], **values: Any) -> str:
    sent = await office.api.client.post("/uploads", content=sheet(rows), headers=headers)
    assert sent.status_code == 201, sent.text
    given = {
        "organization": f"Organization:{office.organization}",
        "reach": "NATIONAL",
        "consentPurpose": "Penugasan",
        "upload": sent.json()["upload"],
        **values,
    }
    payload = await ask(office, headers, IMPORT, **given)
    assert payload["problems"] == []
    key: str = payload["importJob"]["id"]
    return key


def people(count: int) -> list[list[str]]:
    return [["Nama", "Kabupaten"], *([f"Relawan {number}", HOME] for number in range(count))]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_run, "BATCH", 10)


async def work(office: Office, after_first: str, *values: object) -> None:
    """The worker runs; after the first batch something is changed in the database."""
    services = office.api.services
    request = Request(PUBLIC, services.clock, limits=services.settings.limits)
    async with services.database.transaction() as session:
        job = await import_lease.claim(session, NOW)
        assert job is not None
        rights = {name: job[name] for name in account.CREDENTIAL}
        actor = await account.actor(session, job.account_id, NOW, **rights)
    loop = asyncio.get_running_loop()
    changed: list[asyncio.Task[Any]] = []

    class Run(import_run.Run):
        async def _batch(self, *arguments: Any, **named: Any) -> None:
            await super()._batch(*arguments, **named)
            if not changed:
                changed.append(loop.create_task(office.build.connection.execute(after_first, *values)))
                await changed[0]

    await Run(services.database, services.vault, replace(request, actor=actor), job).run()


END_SESSION = "UPDATE session SET ended_at = $1"
REVOKE_KEY = "UPDATE api_key SET revoked_at = $1"
END_ROLE = "UPDATE role SET ended_at = $1"
DEACTIVATE = "UPDATE account SET active = $1 < '2000-01-01'::timestamptz"
SUSPEND = "UPDATE organization SET verification = 'SUSPENDED', updated_at = $1"
STOPPED = "The account may not import members of this organization."


@pytest.mark.parametrize("ended", [END_SESSION, REVOKE_KEY, END_ROLE, DEACTIVATE, SUSPEND])
async def test_an_import_stops_once_the_right_of_who_asked_has_ended(
    office: Office, small_batches: None, ended: str
) -> None:
    """What was imported stays, and the other rows come back as a file with the reason, to who may import them."""
    _, by_key = await add_key(office, "import_members")
    session = await office.build.row(
        "session",
        account_id=office.manager,
        created_at=NOW,
        last_used_at=NOW,
        expires_at=NOW + DAY,
        address_digest=b"x",
    )
    token = office.api.tokens.issue(office.manager, NOW, session_id=session)
    headers = by_key if ended == REVOKE_KEY else {"Authorization": f"Bearer {token}"}
    key = await start(office, headers, people(25), apply=True)

    await work(office, ended, NOW)
    await office.build.connection.execute("UPDATE account SET active = true")
    own = {**office.api.headers(office.manager), "Accept-Language": "en"}
    at_once = await office.api.client.get(f"/imports/{key}/refused.csv", headers=own)
    await office.build.connection.execute("UPDATE role SET ended_at = NULL")
    office.api.services.authenticator.forget(own["Authorization"])
    job = await office.job(key)
    rest = await office.api.client.get(f"/imports/{key}/refused.csv", headers=own)

    assert at_once.status_code == (404 if ended == END_ROLE else 200)
    assert (job["status"], job["fault"], counts(job), job["lastRow"]) == ("STOPPED", STOPPED, (10, 0, 0, 0, 0), 11)
    names = [f"Relawan {number}" for number in range(25)]
    rows = await office.build.connection.fetch("SELECT name FROM volunteer ORDER BY created_at, name")
    assert sorted(row["name"] for row in rows) == sorted(names[:10])
    assert [line.split(";") for line in rest.text.split("\r\n")[1:-1]] == [[name, HOME, STOPPED] for name in names[10:]]


async def test_an_import_has_only_the_roles_of_the_key_that_asked(office: Office) -> None:
    """The account is also the coordinator of the organization's home, which would let in who lives elsewhere."""
    connection = office.build.connection
    manages = await connection.fetchval("SELECT id FROM role WHERE account_id = $1", office.manager)
    far = await office.build.row("role", account_id=office.manager, kind="COORDINATOR", kabupaten_code=FAR)
    person = await office.build.person(
        name="Ani Wijaya", kabupaten_code=FAR, reach="KABUPATEN", birth_date=date(1990, 7, 5)
    )
    rows = [["Nama", "Tgl Lahir", "Kabupaten"], ["Ani Wijaya", "05/07/1990", HOME]]

    found = {}
    for name, roles in (("key", [manages]), ("both", [manages, far])):
        _, headers = await add_key(office, "import_members", roles=roles)
        key = await start(office, headers, rows)
        await office.work()
        (entry,) = (await office.job(key))["entries"]
        stored = await connection.fetchval(
            "SELECT volunteer_id FROM import_entry ORDER BY created_at DESC, id DESC LIMIT 1"
        )
        found[name] = (entry["code"], stored)

    assert found == {"key": ("SAME_PERSON", None), "both": ("SAME_PERSON", person)}


async def test_a_key_sees_only_imports_that_its_roles_run(office: Office) -> None:
    far = await office.build.row("role", account_id=office.manager, kind="COORDINATOR", kabupaten_code=FAR)
    job = await office.run([["Nama", "Kabupaten"], ["", HOME]], apply=True)
    document = {"query": "{ importJobs(first: 5) { nodes { id } } }"}

    found = []
    for roles in ((), (far,)):
        _, headers = await add_key(office, roles=roles)
        seen = (await office.api.client.post("/graphql", json=document, headers=headers)).json()["data"]
        file = await office.api.client.get(f"/imports/{job['id']}/refused.csv", headers=headers)
        found.append((seen["importJobs"]["nodes"], file.status_code))

    assert found == [([{"id": job["id"]}], 200), ([], 404)]


async def test_an_import_is_read_by_who_manages_the_organization_now_and_its_rows_by_who_runs_it(
    office: Office,
) -> None:
    """Not by a manager of before, who started it, nor by a coordinator, who did not."""
    build, api = office.build, office.api
    job = await office.run([["Nama", "Kabupaten"], ["", HOME]], apply=True)
    other, coordinator = await build.manager(office.organization), await build.coordinator()
    await build.manager(stranger := await build.organization())
    ended = "UPDATE role SET ended_at = $1 WHERE account_id = $2"
    document = "query($id: ID!) { importJob(id: $id) { entries(first: 9) { totalCount } } importJobs(first: 9) { totalCount } }"

    async def seen(actor: uuid.UUID) -> tuple[Json, int]:
        file = await api.client.get(f"/imports/{job['id']}/refused.csv", headers=api.headers(actor))
        return await api.ask(document, actor=actor, id=job["id"]), file.status_code

    before = await seen(office.manager)
    await build.connection.execute(ended, NOW, office.manager)
    await build.row("role", account_id=office.manager, kind="MANAGER", organization_id=stranger)
    api.services.authenticator.forget(api.headers(office.manager)["Authorization"])
    after = [await seen(actor) for actor in (office.manager, other, coordinator)]

    shown = {"importJob": {"entries": {"totalCount": 1}}, "importJobs": {"totalCount": 1}}
    hidden = {"importJob": None, "importJobs": {"totalCount": 0}}
    assert before == (shown, 200)
    assert after == [(hidden, 404), (shown, 404), (hidden, 404)]


async def test_an_import_that_is_applied_by_a_key_has_the_rights_of_this(office: Office) -> None:
    checked = await office.run(people(1))
    stored = "SELECT key_id FROM import_job"
    before = await office.build.connection.fetchval(stored)
    key, headers = await add_key(office, "apply_import")

    payload = await ask(office, headers, APPLY, importJob=checked["id"], version=checked["version"])

    assert (payload["problems"], before) == ([], None)
    assert await office.build.connection.fetchval(stored) == key


async def test_a_coordinator_without_the_second_factor_that_is_demanded_imports_nothing(office: Office) -> None:
    coordinator = await office.build.coordinator()
    session = await office.build.row(
        "session",
        account_id=coordinator,
        created_at=NOW,
        last_used_at=NOW,
        expires_at=NOW + DAY,
        address_digest=b"x",
        has_second_factor=True,
    )
    payload = await office.start(people(1), coordinator, apply=True)
    await office.build.connection.execute(
        "UPDATE import_job SET session_id = $1, demands_second_factor = true", session
    )
    await office.build.connection.execute("UPDATE session SET has_second_factor = false")
    await office.work()

    job = await office.job(payload["importJob"]["id"], coordinator)
    assert (job["status"], job["fault"], counts(job)) == ("REFUSED", STOPPED, (0,) * 5)


# What is told ---------------------------------------------------------------------------------------------------------

NIK = "6202014507900001"


async def add_person(office: Office, **values: Any) -> uuid.UUID:
    index = office.api.services.vault.blind_index(NIK)
    known = {"name": "Ani Wijaya", "nik_index": index, "nik_cipher": office.api.services.vault.encrypt(NIK)}
    return await office.build.person(**known, nik_tail=NIK[-4:], birth_date=date(1990, 7, 5), **values)


async def spent(office: Office) -> float:
    level = await office.build.connection.fetchval("SELECT sum(level) FROM attempt")
    return float(level or 0)


HEADER = ["Nama", "NIK", "No HP", "Tgl Lahir", "Kabupaten", "No Anggota"]
OTHER = "6202014507900002"
# Rows about a member whom the manager sees, and what of the day's budget the answer costs: the NIK is masked.
TOLD: list[tuple[list[object], int]] = [
    (["Ani Wijaya", NIK, "", "", HOME, "A-1"], 0),
    (["Ani Wijaya", "", "", "", HOME, "A-1"], 0),
    (["Ani Wijaya", "", "", "05/07/1990", HOME, ""], 0),
    (["Ani Wijaya", NIK, "", "05/07/1990", FAR, ""], 0),
    # Whether the NIK is that of the member, is what is asked.
    (["Ani Wijaya", OTHER, "", "", HOME, "A-1"], 1),
    (["Ani Wijaya", OTHER, "", "05/07/1990", FAR, ""], 1),
    (["Ani Wijaya", OTHER, "", "", HOME, ""], 1),
    (["Orang Lain", NIK, "", "", FAR, ""], 1),
    (["Orang Lain", NIK, "", "", FAR, "A-1"], 1),
    (["Orang Lain", NIK, "", "", FAR, "B-7"], 1),
    (["Orang Lain", OTHER, "", "", FAR, ""], 0),
]


@pytest.mark.parametrize(("row", "cost"), TOLD, ids=str)
async def test_what_tells_whether_a_nik_is_that_of_a_member_is_counted(
    office: Office, row: list[object], cost: int
) -> None:
    person = await add_person(office)
    await office.build.membership(person, office.organization, number="A-1")
    other = await office.build.person(name="Budi")
    await office.build.membership(other, office.organization, number="B-7")

    await office.run([HEADER, row])

    assert await spent(office) == cost


# Rows about somebody whom the manager does not see, or whose private fields the manager may not read.
HIDDEN: list[tuple[Json, list[object], int]] = [
    ({"reach": "KABUPATEN", "kabupaten_code": FAR}, ["Ani Wijaya", "", "", "05/07/1990", HOME, ""], 1),
    ({"reach": "KABUPATEN", "kabupaten_code": FAR, "phone": "+6281234567890"}, ["Ani", "", "081234567890", "", HOME, ""], 1),
    ({"reach": "KABUPATEN", "kabupaten_code": FAR}, ["Ani Wijaya", OTHER, "", "05/07/1990", HOME, ""], 0),
    ({"phone": "+6281234567890"}, ["Ani", "", "081234567890", "", HOME, ""], 1),
    ({"phone": "+6281234567890"}, ["Budi", "", "081234567890", "", HOME, ""], 0),
]  # fmt: skip


@pytest.mark.parametrize(("values", "row", "cost"), HIDDEN, ids=str)
async def test_what_tells_a_phone_or_birth_date_of_somebody_is_counted(
    office: Office, values: Json, row: list[object], cost: int
) -> None:
    await add_person(office, **values)

    await office.run([HEADER, row])

    assert await spent(office) == cost


async def test_nobody_is_guessed_at_by_the_nik_beyond_the_day(office: Office) -> None:
    """A file with guesses at the NIK of one member, of which the last one is right."""
    person = await add_person(office)
    await office.build.membership(person, office.organization, number="A-1")
    rows = [["Ani Wijaya", f"62020145079000{number:02}", "", "", HOME, ""] for number in range(99, 0, -1)]

    job = await office.run([HEADER, *rows], knownPeople="SKIP")
    again = await office.run([HEADER, rows[-1]], knownPeople="SKIP")

    assert counts(job) == (20, 0, 0, 0, 79)
    assert {code for _, _, _, code in refusals(job)} == {"TOO_MANY_ATTEMPTS"}
    assert [code for _, _, _, code in refusals(again)] == ["TOO_MANY_ATTEMPTS"]


async def test_two_imports_and_a_registration_at_once_share_the_budget_of_the_day(office: Office) -> None:
    niks = [f"62020145079000{number:02}" for number in range(1, 31)]
    vault = office.api.services.vault
    for nik in niks:
        await office.build.person(
            name="Orang Lain",
            nik_index=vault.blind_index(nik),
            nik_cipher=b"x",
            nik_tail=nik[-4:],
            reach="KABUPATEN",
            kabupaten_code=FAR,
        )
    for part in (niks[:15], niks[15:]):
        rows = [["Nama", "NIK", "Kabupaten"], *([f"Relawan {nik}", nik, HOME] for nik in part)]
        await office.start(rows, apply=True)
    services = office.api.services
    request = Request(PUBLIC, services.clock, limits=services.settings.limits)
    person = {"name": "Sinta", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan", "nik": niks[0]}
    organization = f"Organization:{office.organization}"

    await asyncio.gather(
        *(import_run.run_next(services.database, services.vault, request) for _ in range(2)),
        *(office.api.do(REGISTER, actor=office.manager, organization=organization, **person) for _ in range(3)),
    )

    told = "SELECT count(*) FROM import_entry WHERE outcome = 'REQUESTED'"
    recognized = "SELECT count(*) FROM event WHERE kind = 'volunteer.recognized'"
    connection = office.build.connection
    assert await connection.fetchval(told) + await connection.fetchval(recognized) == 20
    assert await spent(office) == 20


async def test_registrations_tell_as_seldom_of_phones_and_birth_dates(api: Api, build: Build) -> None:
    """Once the day is used up, nothing is told, and the person is registered."""
    organization = await build.organization()
    manager = await build.manager(organization)
    for number in range(21):
        await build.person(name="Ani Wijaya", phone=f"+62812345678{number:02}", reach="KABUPATEN", kabupaten_code=FAR)
    person = {"name": "Ani", "kabupaten": HOME, "reach": "NATIONAL", "consentPurpose": "Penugasan"}
    values = {**person, "organization": f"Organization:{organization}"}

    codes = []
    for number in range(21):
        payload = await api.do(REGISTER, actor=manager, **values, phone=f"0812345678{number:02}")
        codes.append([each["code"] for each in payload["problems"]])

    assert codes == [["SAME_PERSON"]] * 20 + [[]]
