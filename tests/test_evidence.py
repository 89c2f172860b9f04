"""Evidence of certificates: documents and pictures that are sent with a request, and read by whoever sees it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from api.services import upload
from tests.asking import PROBLEMS, Api, Json
from tests.builders import HOME, Build
from tests.conftest import NOW
from tests.test_import import IMPORT

DAY = timedelta(days=1)
REQUEST = f"""mutation($input: RequestCertificateInput!) {{ requestCertificate(input: $input) {{
  certificateRequest {{ id evidence }} {PROBLEMS} }} }}"""
PDF, PNG, JPEG = b"%PDF-1.7 rahasia", b"\x89PNG\r\n\x1a\n rahasia", b"\xff\xd8\xff\xe0 rahasia"


async def send(api: Api, actor: uuid.UUID, content: bytes) -> str:
    answer = await api.client.post("/uploads", content=content, headers=api.headers(actor))
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["upload"]
    return token


async def ask(api: Api, actor: uuid.UUID, issuer: uuid.UUID, **values: Any) -> Json:
    asked = {"type": "WATER_RESCUE_BASIC", "number": "K-1", "issuedOn": "2024-01-01", **values}
    return await api.do(REQUEST, actor=actor, issuer=f"Organization:{issuer}", **asked)


@pytest.mark.parametrize(
    ("content", "media_type", "name"),
    [(PDF, "application/pdf", "bukti.pdf"), (PNG, "image/png", "bukti.png"), (JPEG, "image/jpeg", "bukti.jpg")],
)
async def test_who_sees_the_request_reads_what_proves_it(
    api: Api, build: Build, content: bytes, media_type: str, name: str
) -> None:
    issuer, person = await build.organization(), await build.person()
    account = await build.volunteer_account(person)
    readers = {
        "person": account,
        "issuer": await build.manager(issuer),
        "nation": await build.coordinator(),
        "stranger": await build.account(),
        "other manager": await build.manager(await build.organization()),
    }

    asked = await ask(api, account, issuer, evidence=await send(api, account, content))
    path = asked["certificateRequest"]["evidence"]
    answers = {reader: await api.client.get(path, headers=api.headers(actor)) for reader, actor in readers.items()}
    public = await api.client.get(path)

    assert path == f"/evidence/{asked['certificateRequest']['id'].partition(':')[2]}"
    assert {reader: answer.status_code for reader, answer in answers.items()} == {
        **dict.fromkeys(("person", "issuer", "nation"), 200),
        **dict.fromkeys(("stranger", "other manager"), 404),
    }
    assert public.status_code == 404
    read = answers["issuer"]
    assert (read.content, read.headers["content-type"]) == (content, media_type)
    assert read.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert read.headers["x-content-type-options"] == "nosniff"
    stored = await build.connection.fetchval("SELECT cipher FROM upload_chunk")
    assert b"rahasia" not in stored


@pytest.mark.parametrize("status", ["PENDING", "ACCEPTED", "REFUSED", "WITHDRAWN"])
async def test_the_issuer_reads_evidence_only_of_what_waits_or_was_accepted(
    api: Api, build: Build, status: str
) -> None:
    """Whoever else sees the request goes on reading it."""
    own, issuer, person = await build.organization(), await build.organization(), await build.person()
    await build.membership(person, own)
    account = await build.volunteer_account(person)
    readers = {
        "person": account,
        "manager of the person": await build.manager(own),
        "manager of the issuer": await build.manager(issuer),
        "coordinator of the homes": await build.coordinator(kabupaten_code=HOME),
        "nation": await build.coordinator(),
    }
    asked = await ask(api, account, issuer, evidence=await send(api, account, PDF))
    key = asked["certificateRequest"]["id"]
    made = await build.certificate(person, issuer) if status == "ACCEPTED" else None
    await build.connection.execute("UPDATE certificate_request SET status = $1, certificate_id = $2", status, made)
    path = asked["certificateRequest"]["evidence"]

    codes, paths = {}, {}
    for name, actor in readers.items():
        found = await api.ask("query($id: ID!) { certificateRequest(id: $id) { evidence } }", actor=actor, id=key)
        paths[name] = found["certificateRequest"]["evidence"]
        codes[name] = (await api.client.get(path, headers=api.headers(actor))).status_code

    is_hidden = status in {"REFUSED", "WITHDRAWN"}
    of_issuer = {"manager of the issuer"} if is_hidden else set()
    assert codes == {name: 404 if name in of_issuer else 200 for name in readers}
    assert paths == {name: None if name in of_issuer else path for name in readers}


@pytest.mark.parametrize("verification", ["SUSPENDED", "CLOSED"])
async def test_managers_of_an_organization_that_does_not_stand_read_no_evidence(
    api: Api, build: Build, verification: str
) -> None:
    """Neither those of the person's organization nor those of the issuer."""
    own, issuer, person = await build.organization(), await build.organization(), await build.person()
    await build.membership(person, own)
    account = await build.volunteer_account(person)
    readers = {"own": await build.manager(own), "issuer": await build.manager(issuer)}
    asked = await ask(api, account, issuer, evidence=await send(api, account, PDF))
    path = asked["certificateRequest"]["evidence"]

    async def read() -> dict[str, int]:
        return {
            name: (await api.client.get(path, headers=api.headers(actor))).status_code
            for name, actor in readers.items()
        }

    before = await read()
    await build.connection.execute("UPDATE organization SET verification = $1", verification)
    after = await read()
    by_person = (await api.client.get(path, headers=api.headers(account))).status_code

    assert before == {"own": 200, "issuer": 200}
    assert after == {"own": 404, "issuer": 404}
    assert by_person == 200


async def test_evidence_is_used_once_and_is_no_table(api: Api, build: Build) -> None:
    issuer = await build.organization()
    manager, account = await build.manager(issuer), await build.volunteer_account(await build.person())
    evidence, table = await send(api, account, PDF), await send(api, manager, b"Nama;HP")
    other = await build.volunteer_account(await build.person())
    imported = {"organization": f"Organization:{issuer}", "reach": "NATIONAL", "consentPurpose": "Penugasan"}
    of_manager = await send(api, manager, PDF)

    stolen = await ask(api, other, issuer, evidence=evidence)
    no_table = await api.do(IMPORT, actor=manager, upload=of_manager, **imported)
    first = await ask(api, account, issuer, evidence=evidence)
    second = await ask(api, account, issuer, number="K-2", evidence=evidence)
    members = await build.person()
    await build.membership(members, issuer)
    no_evidence = await ask(api, manager, issuer, volunteer=f"Volunteer:{members}", evidence=table)
    none = await ask(api, account, issuer, number="K-3")

    paths = [
        [each["path"] for each in payload["problems"]] for payload in (stolen, no_table, first, second, no_evidence)
    ]
    refused = [["input", "evidence"]]
    assert paths == [refused, [["input", "upload"]], [], refused, refused]
    assert none["certificateRequest"]["evidence"] is None
    assert await build.connection.fetchval("SELECT count(*) FROM certificate_request") == 2


async def test_a_volunteer_sends_no_tables_and_nobody_large_documents(api: Api, build: Build) -> None:
    account = await build.volunteer_account(await build.person())
    large = PDF + b"x" * upload.MOST_EVIDENCE_BYTES

    answers = [
        await api.client.post("/uploads", content=content, headers=api.headers(account))
        for content in (b"Nama;HP", b"", large, b"GIF89a")
    ]
    unsigned = await api.client.post("/uploads", content=PDF)

    assert [answer.status_code for answer in (*answers, unsigned)] == [403, 403, 413, 403, 403]
    assert await build.connection.fetchval("SELECT count(*) FROM upload WHERE discarded_at IS NULL") == 0


async def test_evidence_stays_with_the_request_until_the_person_is_erased(api: Api, build: Build) -> None:
    issuer, person = await build.organization(), await build.person()
    account = await build.volunteer_account(person)
    await ask(api, account, issuer, evidence=await send(api, account, PDF))
    await send(api, account, PNG)
    counted, found = "SELECT count(*) FROM upload JOIN upload_chunk ON upload_id = id", []

    async with api.services.database.transaction() as session:
        await session.rows(upload.DELETE_OLD, {"now": NOW + 60 * DAY})
    found.append(await build.connection.fetchval(counted))
    await build.connection.execute("SELECT erase_person($1)", person)
    found.append(await build.connection.fetchval(counted))

    assert found == [1, 0]
    assert await build.connection.fetchval("SELECT evidence_id FROM certificate_request") is None
