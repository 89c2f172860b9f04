"""Downloads of members and certificates: who sees which column, no formulas, an event each."""

from datetime import date

import pytest

from tests.asking import Api
from tests.builders import FAR, Build
from tests.conftest import NOW
from tests.files.making import rows_of

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
