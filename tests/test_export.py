"""Downloads of members and certificates: who sees which column, no formulas, an event each."""

import itertools
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from structlog.testing import capture_logs

from api.app import application
from api.auth import Tokens
from api.files import writing
from api.log import is_unexpected
from tests.asking import Api, Json
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.conftest import NOW
from tests.files.making import rows_of
from tests.serving import listening, running_api

TODAY, HOUR, MINUTE, SECOND = NOW.date(), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
TITLES = "Nomor Anggota;Nama;NIK;No HP;Email;Tanggal Lahir;Jenis Kelamin;Kode Kabupaten;Nama Kabupaten;Jangkauan;Jenjang;Sejak;Sampai"
PRIVATE = {"phone": "+6281234567890", "birth_date": date(1990, 7, 5), "sex": "FEMALE", "nik_tail": "0001"}


async def test_members_as_csv_and_as_xlsx(api: Api, build: Build) -> None:
    organization = await build.organization()
    manager = await build.manager(organization)
    for number, name in enumerate(("=Ani", "@Budi", "Cici\tDewi")):
        person = await build.person(name=name, **(PRIVATE if number == 0 else {}))
        rank = {"rank_code": "TAGANA_MUDA"} if number == 0 else {}
        await build.membership(person, organization, number=f"-{number}", since=date(2020, 1, 1 + number), **rank)
    address = f"organization=Organization:{organization}"

    as_csv = await api.client.get(f"/exports/members.csv?{address}", headers=api.headers(manager))
    as_xlsx = await api.client.get(f"/exports/members.xlsx?{address}", headers=api.headers(manager))
    events = await build.connection.fetch("SELECT kind, account_id, change::text FROM event ORDER BY position")

    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert as_csv.headers["content-disposition"] == 'attachment; filename="members.csv"'
    assert as_csv.text.split("\r\n") == [
        f"\ufeff{TITLES}",
        "'-0;'=Ani;************0001;'+6281234567890;;1990-07-05;FEMALE;62.02;Kabupaten Kotawaringin Timur;NATIONAL;Tagana Muda;2020-01-01;",
        "'-1;'@Budi;;;;;;62.02;Kabupaten Kotawaringin Timur;NATIONAL;;2020-01-02;",
        "'-2;Cici\tDewi;;;;;;62.02;Kabupaten Kotawaringin Timur;NATIONAL;;2020-01-03;",
        "",
    ]
    (_, titles), (_, first), *_ = await rows_of(as_xlsx.content)
    assert titles == TITLES.split(";")
    assert first[:7] == ["'-0", "'=Ani", "************0001", "'+6281234567890", None, date(1990, 7, 5), "FEMALE"]
    assert [tuple(event) for event in events] == [
        ("organization.exported", manager, f'{{"table": "members", "format": "{format_}"}}')
        for format_ in ("csv", "xlsx")
    ]


async def test_certificates_in_english(api: Api, build: Build) -> None:
    organization = await build.organization()
    person = await build.person(name="Ani")
    await build.certificate(person, organization, number="S-1")
    headers = {**api.headers(await build.coordinator()), "Accept-Language": "en"}

    answer = await api.client.get(f"/exports/certificates.csv?organization={organization}", headers=headers)

    assert answer.text.split("\r\n")[:2] == [
        "\ufeffNumber;Type code;Type;Name;Kabupaten code;Kabupaten name;Issued;Expires;Revoked",
        "S-1;WATER_RESCUE_BASIC;Water rescue (basic);Ani;62.02;Kabupaten Kotawaringin Timur;2024-01-01;2029-01-01;",
    ]


async def test_participants_of_a_camp_and_their_attendance(api: Api, build: Build) -> None:
    host = await build.organization(name="Dinsos")
    manager, camp = await build.manager(host), await build.camp(host)
    person = await build.person(name="Ani", **PRIVATE)
    await build.membership(person, host)
    registration = await build.camp_registration(camp, person, organization_id=host)
    await build.camp_registration(camp, None, guest_name="=Tamu", organization_id=host, status="WAITLISTED")
    scan = {
        "camp_id": camp,
        "point": "ENTRY",
        "text": "x",
        "registration_id": registration,
        "device": "a",
        "nonce": "1",
    }
    await build.row("scan", **scan, at=NOW, is_offline=False, account_id=manager)
    stranger = await build.account()

    answers = {
        (name, actor): await api.client.get(f"/exports/{name}.csv?camp=Camp:{camp}", headers=api.headers(actor))
        for name in ("participants", "attendance")
        for actor in (manager, stranger)
    }

    bodies = {key: answer.text.split("\r\n")[1:-1] for key, answer in answers.items()}
    assert bodies == {
        ("participants", manager): [
            "1;Ani;'+6281234567890;Dinsos;62.02;Kabupaten Kotawaringin Timur;Peserta;REGISTERED",
            "2;'=Tamu;;Dinsos;62.02;Kabupaten Kotawaringin Timur;Peserta;WAITLISTED",
        ],
        ("participants", stranger): [],
        ("attendance", manager): ["2026-03-01 08:00;ENTRY;;;1;Ani;Dinsos;"],
        ("attendance", stranger): [],
    }
    kinds = await build.connection.fetch("SELECT kind, count(*) FROM event WHERE subject_type = 'Camp' GROUP BY kind")
    assert [tuple(row) for row in kinds] == [("camp.exported", 4)]


async def test_rows_and_private_columns_are_those_that_the_viewer_sees(api: Api, build: Build) -> None:
    organization = await build.organization()
    near = await build.person(name="Ani", **PRIVATE)
    far = await build.person(name="Budi", kabupaten_code=FAR, **{**PRIVATE, "phone": "+6281234567891"})
    hidden = await build.person(name="Cici", kabupaten_code=FAR, reach="KABUPATEN")
    for number, person in enumerate((near, far, hidden)):
        await build.membership(person, organization, since=date(2020, 1, 1 + number))
    coordinator = await build.coordinator(kabupaten_code="62.02")

    answer = await api.client.get(f"/exports/members.csv?organization={organization}", headers=api.headers(coordinator))

    rows = [row.split(";") for row in answer.text.split("\r\n")[1:-1]]
    assert [(row[1], row[2], row[3]) for row in rows] == [
        ("Ani", "************0001", "'+6281234567890"),
        ("Budi", "", ""),
    ]


SCANS: list[tuple[str, Json]] = [
    ("ENTRY", {}),
    ("ENTRY", {}),
    ("SESSION", {}),
    ("EXIT", {"annulled_at": NOW, "reason": "Salah"}),
    ("MEAL", {"item": "Siang", "finding": "WRONG_DAY"}),
    ("MEAL", {"item": "Siang", "finding": "WRONG_DAY", "is_offline": True}),
]


async def add_records(build: Build) -> tuple[uuid.UUID, uuid.UUID, list[uuid.UUID]]:
    """An organization that is also the host of a camp, with members, holders and guests from near and far; and the people."""
    host = await build.organization(name="Dinsos")
    camp = await build.camp(host)
    keeper = await build.account()
    people = [
        await build.person(name=f"Orang {number}", kabupaten_code=home, reach=reach, phone=f"+62812345678{number:02}")
        for number, (home, reach) in enumerate(itertools.product((HOME, NEIGHBOUR, FAR), ("KABUPATEN", "NATIONAL")))
    ]
    elsewhere = await build.organization(name="Lain")
    session = await build.row(
        "camp_session", camp_id=camp, title="Materi", starts_at=NOW, ends_at=NOW + HOUR, is_required=True
    )
    for number, person in enumerate(people):
        # A former member is seen for 90 days; some were never one.
        until = (None, date(2026, 2, 1), date(2025, 1, 1))[number % 3]
        await build.membership(person, host if number % 4 else elsewhere, since=date(2020, 1, 1 + number), until=until)
        revoked = {"revoked_on": date(2025, 1, 1), "revocation_reason": "Salah"} if number == 1 else {}
        await build.certificate(person, host, number=f"S-{number}", **revoked)
        key = await build.camp_registration(camp, person, organization_id=elsewhere)
        scan = {"camp_id": camp, "registration_id": key, "volunteer_id": person, "text": "x", "device": "a"}
        for turn, (point, more) in enumerate(SCANS):
            of_session = {"session_id": session} if point == "SESSION" else {}
            at, nonce = NOW + (number * 10 + turn) * MINUTE, f"{number}-{turn}"
            await build.row(
                "scan",
                **{"is_offline": False, **scan, **more, **of_session},
                point=point,
                at=at,
                nonce=nonce,
                account_id=keeper,
            )
    await build.camp_registration(camp, None, guest_name="Tamu", organization_id=elsewhere)
    return host, camp, people


def person_of(volunteer: Any) -> list[str | None]:
    """Name and kabupaten of a holder; nothing of one whom the caller may not see."""
    return [volunteer["name"], *volunteer["kabupaten"].values()] if volunteer else [None, None, None]


# What the graph shows of each list, and how a file writes a row of it.
SHOWN: dict[str, tuple[str, Callable[[Json], list[Any]]]] = {
    "members": (
        """memberships(first: 100, orderBy: SINCE_ASC, filter: {organization: {eq: $id}}) { nodes { number since until
        rank { label } volunteer { name nik phone email birthDate sex kabupaten { code name } reach } } }""",
        lambda row: [
            row["number"],
            *(row["volunteer"][name] for name in ("name", "nik", "phone", "email", "birthDate", "sex")),
            *row["volunteer"]["kabupaten"].values(),
            *(row["volunteer"]["reach"], row["rank"] and row["rank"]["label"], row["since"], row["until"]),
        ],
    ),
    "certificates": (
        """certificates(first: 100, orderBy: ISSUED_ON_ASC, filter: {issuer: {eq: $id}}) { nodes { number issuedOn expiresOn
        revokedOn type { code label } volunteer { name kabupaten { code name } } } }""",
        lambda row: [
            *(row["number"], *row["type"].values(), *person_of(row["volunteer"])),
            *(row["issuedOn"], row["expiresOn"], row["revokedOn"]),
        ],
    ),
    "participants": (
        """campRegistrations(first: 100, orderBy: NUMBER_ASC, filter: {camp: {eq: $id}}) { nodes { number status guestName
        volunteer { name phone } organization { name } kabupaten { code name } category { label } } }""",
        lambda row: [
            *(row["number"], (row["volunteer"] or {}).get("name") or row["guestName"]),
            *((row["volunteer"] or {}).get("phone"), (row["organization"] or {}).get("name")),
            *(*row["kabupaten"].values(), row["category"]["label"], row["status"]),
        ],
    ),
    "attendance": (
        """scans(first: 100, orderBy: AT_ASC, filter: {camp: {eq: $id}}) { nodes { at point item finding counts
        session { title } volunteer { name } registration { number organization { name } } } }""",
        lambda row: [
            f"{datetime.fromisoformat(row['at']).astimezone(ZoneInfo('Asia/Jakarta')):%Y-%m-%d %H:%M}",
            *(row["point"], row["session"] and row["session"]["title"], row["item"]),
            *((row["registration"] or {}).get("number"), row["volunteer"] and row["volunteer"]["name"]),
            *(row["registration"] and row["registration"]["organization"]["name"], row["finding"]),
        ],
    ),
}


async def test_a_file_shows_what_the_graph_shows_the_same_caller(api: Api, build: Build) -> None:
    host, camp, people = await add_records(build)
    callers = {
        "stranger": await build.account(),
        "volunteer": await build.volunteer_account(people[1]),
        "manager": await build.manager(host),
        "other manager": await build.manager(await build.organization()),
        "staff": await build.account(),
        "near": await build.coordinator(kabupaten_code=HOME),
        "far": await build.coordinator(kabupaten_code=FAR),
        "province": await build.coordinator(province_code="62"),
        "nation": await build.coordinator(),
    }
    await build.row("role", account_id=callers["staff"], kind="CAMP_STAFF", camp_id=camp)
    differing, lengths = {}, {}

    for table, (selection, row_of) in SHOWN.items():
        noun, key = ("Organization", host) if table in {"members", "certificates"} else ("Camp", camp)
        for caller, actor in callers.items():
            data = await api.ask(f"query($id: ID!) {{ page: {selection} }}", actor=actor, id=f"{noun}:{key}")
            shown = [row_of(node) for node in data["page"]["nodes"] if node.get("counts", True)]
            path = f"/exports/{table}.csv?{noun.lower()}={noun}:{key}"
            answer = await api.client.get(path, headers=api.headers(actor))
            written = [line.replace("'+", "+").split(";") for line in answer.text.split("\r\n")[1:-1]]
            expected = [["" if value is None else str(value) for value in row] for row in shown]
            lengths[table, caller] = len(written)
            if written != expected:
                differing[table, caller] = (written, expected)

    assert differing == {}
    # The callers see different parts.
    counts = {table: [lengths[table, caller] for caller in callers] for table in SHOWN}
    assert counts == {
        "members": [0, 1, 2, 0, 0, 3, 3, 4, 4],
        "certificates": [0, 1, 6, 0, 0, 4, 4, 5, 6],
        "participants": [0, 1, 7, 0, 7, 7, 2, 7, 7],
        "attendance": [0, 4, 24, 0, 24, 24, 0, 24, 24],
    }


async def test_a_file_has_all_pages(api: Api, build: Build) -> None:
    organization = await build.organization()
    manager = await build.manager(organization)
    for number in range(203):
        await build.membership(
            await build.person(name=f"Orang {number}"), organization, number=f"{number:03}", since=TODAY
        )

    answer = await api.client.get(f"/exports/members.csv?organization={organization}", headers=api.headers(manager))

    numbers = [line.partition(";")[0] for line in answer.text.split("\r\n")[1:-1]]
    assert sorted(numbers) == [f"{number:03}" for number in range(203)]


@pytest.mark.parametrize("lasts", [10 * MINUTE, MINUTE])
async def test_a_file_breaks_off_when_the_role_ends_while_it_is_read(
    database_url: str, keys: Path, build: Build, monkeypatch: pytest.MonkeyPatch, lasts: timedelta
) -> None:
    """Each look at the clock takes a second, and each row is sent by itself."""
    monkeypatch.setattr(writing, "PIECE_BYTES", 1)
    seconds = itertools.count()
    organization, manager = await build.organization(), await build.account()
    for number in range(103):
        await build.membership(await build.person(), organization, number=f"{number:03}", since=TODAY)
    role = {"kind": "MANAGER", "organization_id": organization, "until": NOW + lasts}
    await build.row("role", account_id=manager, **role)
    path = f"/exports/members.csv?organization={organization}"

    async with running_api(database_url, keys, lambda: NOW + timedelta(seconds=next(seconds))) as api:
        answer = await api.client.get(path, headers=api.headers(manager))

    written = answer.text.split("\r\n")[1:-1]
    assert len(written) == 103 if lasts > MINUTE else 0 < len(written) < 60


async def test_a_file_is_not_begun_for_who_has_just_lost_the_account(api: Api, build: Build) -> None:
    organization = await build.organization()
    manager = await build.manager(organization)
    await api.ask("{ me { login } }", actor=manager)
    await build.connection.execute("UPDATE account SET active = false")

    answer = await api.client.get(f"/exports/members.csv?organization={organization}", headers=api.headers(manager))

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")
    assert await build.connection.fetchval("SELECT count(*) FROM event") == 0


async def test_a_file_that_is_broken_off_is_no_error_in_the_log(
    database_url: str, keys: Path, build: Build, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each look at the clock takes a second, and each row is sent by itself."""
    monkeypatch.setattr(writing, "PIECE_BYTES", 1)
    seconds = itertools.count()
    organization, manager = await build.organization(), await build.account()
    for number in range(60):
        await build.membership(await build.person(), organization, number=f"{number:03}", since=TODAY)
    await build.row("role", account_id=manager, kind="MANAGER", organization_id=organization, until=NOW + 30 * SECOND)
    app = application(database_url, keys, clock=lambda: NOW + timedelta(seconds=next(seconds)))
    headers = {"Authorization": f"Bearer {Tokens.load(keys).issue(manager, NOW)}"}
    caplog.handler.addFilter(is_unexpected)

    async with listening(app) as port, httpx.AsyncClient() as client:
        with pytest.raises(httpx.RemoteProtocolError), capture_logs() as lines:
            await client.get(
                f"http://127.0.0.1:{port}/exports/members.csv?organization={organization}", headers=headers
            )
    caplog.handler.removeFilter(is_unexpected)

    assert "file broken off" in [line["event"] for line in lines]
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


KEPT = """query($id: ID!) { organization(id: $id) { history { label } activity(first: 10) { nodes { kind actorName } } } }"""


async def test_downloads_are_seen_by_who_keeps_what_was_downloaded(api: Api, build: Build) -> None:
    organization = await build.organization()
    manager = await build.manager(organization)
    await api.client.get(f"/exports/members.csv?organization={organization}", headers=api.headers(manager))
    readers = {
        "public": None,
        "stranger": await build.account(),
        "far": await build.coordinator(kabupaten_code=FAR),
        "near": await build.coordinator(kabupaten_code=HOME),
        "manager": manager,
    }

    found = {}
    for reader, actor in readers.items():
        node = (await api.ask(KEPT, actor=actor, id=f"Organization:{organization}"))["organization"]
        found[reader] = (node["history"], [entry["kind"] for entry in node["activity"]["nodes"]])

    nothing: tuple[list[Json], list[str]] = ([], [])
    kept: tuple[list[Json], list[str]] = ([], ["organization.exported"])
    assert found == {"public": nothing, "stranger": nothing, "far": nothing, "near": kept, "manager": kept}


@pytest.mark.parametrize(
    "path", ["members.pdf?organization={}", "accounts.csv?organization={}", "members.csv", "members.csv?organization=1"]
)
async def test_what_is_no_export_is_not_found(api: Api, build: Build, path: str) -> None:
    organization = await build.organization()

    answer = await api.client.get(
        f"/exports/{path.format(organization)}", headers=api.headers(await build.coordinator())
    )

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (404, "NOT_FOUND")
    assert await build.connection.fetchval("SELECT count(*) FROM event") == 0


async def test_the_public_volunteers_and_who_does_not_see_the_organization_export_nothing(
    api: Api, build: Build
) -> None:
    hidden = await build.organization(verification="PENDING")
    other = await build.manager(await build.organization())

    answers = [
        await api.client.get(f"/exports/members.csv?organization={hidden}", headers=api.headers(actor))
        for actor in (None, await build.account(), other)
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
