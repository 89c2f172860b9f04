"""Importing members from files: checked first, reported row by row, applied whole or without bad rows."""

import asyncio
import sys
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.access import PUBLIC
from api.services import account, import_lease, import_run
from api.services.request import Request
from tests.asking import Api, Json
from tests.builders import FAR, HOME, NEIGHBOUR, Build
from tests.command import environment, sigap
from tests.conftest import NOW
from tests.files.making import rows_of, sheet
from tests.snapshot import snapshot

IMPORT = """mutation($input: ImportMembersInput!) { importMembers(input: $input) {
  importJob { id status version } problems { code path message(language: EN) } } }"""
APPLY = """mutation($input: ApplyImportInput!) { applyImport(input: $input) {
  importJob { status } problems { code path } } }"""
JOB = """query($id: ID!) { importJob(id: $id) {
  status applies rowCount lastRow createdCount updatedCount unchangedCount requestedCount refusedCount
  ignoredColumns fault(language: EN) faultRow version
  entries(first: 100) { nodes { row outcome column value code message(language: EN) volunteer { name } } } } }"""
MEMBERS = """query($id: ID!) { organization(id: $id) { memberships(first: 100) { nodes {
  number since rank { code } volunteer { name phone nik birthDate sex kabupaten { code } reach } } } } }"""

HEADER = ["Nama", "NIK", "No HP", "Tgl Lahir", "JK", "Kab/Kota", "No Anggota", "Jenjang"]
ANI = [
    "Ani Wijaya",
    "6202014507900001",
    "0812-3456-7890",
    "05/07/1990",
    "P",
    "Kab. Kotawaringin Timur",
    "A-1",
    "Tagana Muda",
]
BUDI = ["Budi Santoso", "6271010101850002", "'081234567891", "1 Januari 1985", "L", "Kota Palangkaraya", "A-2", ""]


@pytest.fixture
async def office(api: Api, build: Build) -> "Office":
    organization = await build.organization()
    return Office(api, build, organization, await build.manager(organization))


class Office:
    """An organization whose manager imports files."""

    def __init__(self, api: Api, build: Build, organization: uuid.UUID, manager: uuid.UUID) -> None:
        self.api, self.build, self.organization, self.manager = api, build, organization, manager

    async def upload(self, content: bytes, actor: uuid.UUID | None = None) -> str:
        headers = self.api.headers(actor or self.manager)
        response = await self.api.client.post("/uploads", content=content, headers=headers)
        assert response.status_code == 201, response.text
        assert response.json()["bytes"] == len(content)
        token: str = response.json()["upload"]
        return token

    async def start(
        self, content: bytes | Sequence[Sequence[object]], actor: uuid.UUID | None = None, **options: Any
    ) -> Json:
        """The payload of importMembers; the worker has not run yet."""
        file = content if isinstance(content, bytes) else sheet(content)
        defaults = {
            "organization": f"Organization:{self.organization}",
            "reach": "NATIONAL",
            "consentPurpose": "Penugasan",
        }
        upload = await self.upload(file, actor)
        return await self.api.do(IMPORT, actor=actor or self.manager, **{**defaults, "upload": upload, **options})

    async def work(self, **_: object) -> None:
        services = self.api.services
        request = Request(PUBLIC, services.clock, limits=services.settings.limits)
        while await import_run.run_next(services.database, services.vault, request):
            pass

    async def run(
        self, content: bytes | Sequence[Sequence[object]], actor: uuid.UUID | None = None, **options: Any
    ) -> Json:
        """The job after the worker has run it, with its id."""
        payload = await self.start(content, actor, **options)
        assert payload["problems"] == []
        await self.work()
        return await self.job(payload["importJob"]["id"], actor)

    async def job(self, id_: str, actor: uuid.UUID | None = None) -> Json:
        job = (await self.api.ask(JOB, actor=actor or self.manager, id=id_))["importJob"]
        return {**job, "id": id_, "entries": job["entries"]["nodes"]}

    async def members(self) -> Json:
        data = await self.api.ask(MEMBERS, actor=self.manager, id=f"Organization:{self.organization}")
        return sorted(data["organization"]["memberships"]["nodes"], key=lambda each: each["volunteer"]["name"])


def counts(job: Json) -> tuple[int, ...]:
    """Created, updated, unchanged, requested, refused."""
    return tuple(job[f"{name}Count"] for name in ("created", "updated", "unchanged", "requested", "refused"))


def refusals(job: Json) -> list[tuple[Any, ...]]:
    return [
        (each["row"], each["column"], each["value"], each["code"])
        for each in job["entries"]
        if each["outcome"] == "REFUSED"
    ]


async def test_a_file_is_checked_then_applied_and_changes_nothing_the_second_time(office: Office) -> None:
    before = await snapshot(office.build.connection)
    checked = await office.run([HEADER, ANI, BUDI])
    people = await office.members()
    applied = await office.api.do(APPLY, actor=office.manager, importJob=checked["id"], version=checked["version"])
    await office.work()
    done = await office.job(checked["id"])
    again = await office.run([HEADER, ANI, BUDI], apply=True)

    assert before["volunteer"] == []
    assert (checked["status"], counts(checked), people) == ("CHECKED", (2, 0, 0, 0, 0), [])
    assert (checked["rowCount"], checked["lastRow"], checked["ignoredColumns"]) == (3, 3, [])
    assert applied == {"importJob": {"status": "WAITING"}, "problems": []}
    assert (done["status"], counts(done)) == ("DONE", (2, 0, 0, 0, 0))
    assert (again["status"], counts(again)) == ("DONE", (0, 0, 2, 0, 0))
    assert await office.members() == [
        {
            "number": "A-1",
            "since": "2026-03-01",
            "rank": {"code": "TAGANA_MUDA"},
            "volunteer": {
                "name": "Ani Wijaya",
                "phone": "+6281234567890",
                "nik": "************0001",
                "birthDate": "1990-07-05",
                "sex": "FEMALE",
                "kabupaten": {"code": "62.02"},
                "reach": "NATIONAL",
            },
        },
        {
            "number": "A-2",
            "since": "2026-03-01",
            "rank": None,
            "volunteer": {
                "name": "Budi Santoso",
                "phone": "+6281234567891",
                "nik": "************0002",
                "birthDate": "1985-01-01",
                "sex": "MALE",
                "kabupaten": {"code": "62.71"},
                "reach": "NATIONAL",
            },
        },
    ]


@pytest.mark.parametrize(
    ("cells", "column", "value", "code"),
    [
        ({"Nama": ""}, "NAME", None, "INVALID"),
        ({"NIK": "62020145079"}, "NIK", "…079", "INVALID"),
        ({"NIK": 6202014507900000}, "NIK", "…000", "INVALID"),
        ({"NIK": "6,20201E+15"}, "NIK", "…+15", "INVALID"),
        ({"NIK": "6202010507900001"}, "NIK", "…001", "INVALID"),
        ({"No HP": "12"}, "PHONE", "…", "INVALID"),
        ({"No HP": "0812-3456-7890 / 0813-3456-7890"}, "PHONE", "…890", "INVALID"),
        ({"Tgl Lahir": "07/17/1990"}, "BIRTH_DATE", "…990", "INVALID"),
        ({"Tgl Lahir": "05/07/90"}, "BIRTH_DATE", "…", "INVALID"),
        ({"NIK": "", "Tgl Lahir": "05/07/2027"}, "BIRTH_DATE", "…-05", "INVALID"),
        ({"JK": "X"}, "SEX", "X", "INVALID"),
        ({"Kab/Kota": "Kotawaringin"}, "KABUPATEN", "Kotawaringin", "NOT_FOUND"),
        ({"Kab/Kota": "Bogor"}, "KABUPATEN", "Bogor", "INVALID"),
        ({"Kab/Kota": ""}, "KABUPATEN", None, "INVALID"),
        ({"Jenjang": "Anggota MRI"}, "RANK", "Anggota MRI", "NOT_FOUND"),
        ({"No Anggota": 1.5}, "NUMBER", "1.5", "INVALID"),
    ],
    ids=lambda value: "" if isinstance(value, str | None) else repr(value),
)
async def test_a_row_that_cannot_be_read_is_refused_with_its_column_and_the_others_are_imported(
    office: Office, cells: dict[str, object], column: str, value: str | None, code: str
) -> None:
    row = [cells.get(title, cell) for title, cell in zip(HEADER, ANI, strict=True)]

    job = await office.run([HEADER, row, BUDI], apply=True)

    assert (job["status"], counts(job)) == ("DONE", (1, 0, 0, 0, 1))
    assert refusals(job) == [(2, column, value, code)]
    assert [each["volunteer"]["name"] for each in await office.members()] == ["Budi Santoso"]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"NIK": 6202014507900001}, {"nik": "************0001"}),
        ({"NIK": "'6202014507900001"}, {"nik": "************0001"}),
        ({"No HP": 81234567890}, {"phone": "+6281234567890"}),
        ({"No HP": "81234567890.0"}, {"phone": "+6281234567890"}),
        ({"No HP": "-"}, {"phone": None}),
        ({"Tgl Lahir": 33059}, {"birthDate": "1990-07-05"}),
        ({"Tgl Lahir": "5 Juli 1990"}, {"birthDate": "1990-07-05"}),
        ({"Kab/Kota": 62.02}, {"kabupaten": {"code": "62.02"}}),
        ({"Kab/Kota": "6202"}, {"kabupaten": {"code": "62.02"}}),
        ({"Kab/Kota": 62.1}, {"kabupaten": {"code": "62.10"}}),
        ({"Kab/Kota": "kotawaringin timur"}, {"kabupaten": {"code": "62.02"}}),
        ({"JK": "Perempuan"}, {"sex": "FEMALE"}),
    ],
    ids=repr,
)
async def test_what_a_spreadsheet_has_changed_is_read_right(
    office: Office, cells: dict[str, object], expected: dict[str, object]
) -> None:
    row = [cells.get(title, cell) for title, cell in zip(HEADER, ANI, strict=True)]

    job = await office.run([HEADER, row], apply=True)

    assert (refusals(job), counts(job)) == ([], (1, 0, 0, 0, 0))
    (member,) = await office.members()
    assert {name: member["volunteer"][name] for name in expected} == expected


async def test_days_that_may_have_their_month_first_are_refused_in_that_column(office: Office) -> None:
    rows = [
        ["Nama", "Tgl Lahir", "Kabupaten"],
        ["Ani", "02/03/1990", HOME],
        ["Budi", "12/31/1990", HOME],
        ["Cici", "31/12/1990", HOME],
    ]

    job = await office.run(rows)

    assert refusals(job) == [(2, "BIRTH_DATE", "…990", "INVALID"), (3, "BIRTH_DATE", "…990", "INVALID")]
    assert counts(job) == (1, 0, 0, 0, 2)


async def test_identity_numbers_that_a_spreadsheet_has_rounded_are_refused_in_a_text_file_too(office: Office) -> None:
    """Saved as text after the last digit of each was lost."""
    names = ("Ani Wijaya", "Budi Santoso", "Cici Lestari")
    people = [f"{name};62020101018{number}0000;62.02" for number, name in enumerate(names, 50)]

    job = await office.run("\n".join(["Nama;NIK;Kab", *people, "Doni;;62.02"]).encode())

    assert counts(job) == (1, 0, 0, 0, 3)
    assert refusals(job) == [(row, "NIK", "…000", "INVALID") for row in (2, 3, 4)]


async def test_two_rows_about_one_person_are_refused_whatever_tells_it(office: Office) -> None:
    header = ["Nama", "NIK", "HP", "Lahir", "Kabupaten", "No Anggota"]
    rows = [
        ["Ani Wijaya", "6202014507900001", "081234567890", "", HOME, "1"],
        ["Ani W", "6202014507900001", "", "", HOME, ""],  # The identity number.
        ["Ani Wijaya Kusuma", "", "081234567890", "", NEIGHBOUR, ""],  # Phone and a similar name.
        ["Rudi Hartono", "", "081234567890", "", HOME, ""],  # The same phone, another name.
        ["Siti", "", "", "01/02/1990", HOME, ""],
        ["SITI", "", "", "01/02/1990", NEIGHBOUR, ""],  # Name and day of birth.
        ["Tono", "", "", "", HOME, "1"],  # The number.
        ["Umar", "", "081211111111", "", HOME, ""],
        ["Umar", "", "", "", HOME, ""],  # Nothing tells that it is another Umar.
        ["Umar", "", "081222222222", "", HOME, ""],  # The phone does, of the first.
    ]

    job = await office.run([header, *rows], apply=True)

    assert [(each["row"], each["message"]) for each in job["entries"] if each["code"]] == [
        (3, "The same person is in row 2 already."),
        (4, "The same person is in row 2 already."),
        (7, "The same person is in row 6 already."),
        (8, "The same person is in row 2 already."),
        (10, "The same person is in row 9 already."),
        (11, "The same person is in row 10 already."),
    ]
    assert counts(job) == (4, 0, 0, 0, 6)


KNOWN = [
    ["Nama", "NIK", "No HP", "Tgl Lahir", "Kabupaten", "No Anggota"],
    ["Ani Wijaya", "6202014507900001", "0813-3333-3333", "05/07/1990", HOME, "B-9"],
]


@pytest.mark.parametrize(
    ("mode", "phone", "kabupaten", "number", "outcome"),
    [
        ("FILL", "+6281234567890", HOME, "B-9", "UPDATED"),
        ("UPDATE", "+6281333333333", HOME, "B-9", "UPDATED"),
        ("SKIP", "+6281234567890", HOME, None, "UNCHANGED"),
    ],
)
async def test_known_members_are_filled_updated_or_left(
    office: Office, mode: str, phone: str, kabupaten: str, number: str | None, outcome: str
) -> None:
    born = date(1990, 7, 5)
    person = await office.build.person(name="Ani Wijaya", phone="+6281234567890", birth_date=born)
    await office.build.membership(person, office.organization)

    job = await office.run(KNOWN, apply=True, knownPeople=mode)
    again = await office.run(KNOWN, apply=True, knownPeople=mode)

    (member,) = await office.members()
    known = member["volunteer"]
    assert (known["phone"], known["kabupaten"]["code"], member["number"]) == (phone, kabupaten, number)
    assert known["nik"] == (None if mode == "SKIP" else "************0001")
    assert [entry["outcome"] for entry in job["entries"]] == [outcome]
    assert [entry["outcome"] for entry in again["entries"]] == ["UNCHANGED"]


async def things(office: Office) -> Json:
    """All that an import may change beside its own tables, but events about imports."""
    found = dict(await snapshot(office.build.connection))
    own = ("import_job", "import_entry", "upload", "upload_chunk", "column_title", "event")
    return {name: rows for name, rows in found.items() if name not in own}


async def test_the_same_file_twice_changes_nothing(office: Office) -> None:
    rows = [HEADER, ANI, BUDI, ["Tono", "", "", "", "", "Kapuas", "", ""]]
    await office.run(rows, apply=True)
    before = await things(office)

    for mode in ("FILL", "UPDATE", "SKIP"):
        again = await office.run(rows, apply=True, knownPeople=mode)
        assert (counts(again), await things(office)) == ((0, 0, 3, 0, 0), before)


async def test_all_or_nothing_imports_nothing_where_one_row_is_refused(office: Office) -> None:
    before = await things(office)

    refused = await office.run([HEADER, ANI, ["", *BUDI[1:]]], apply=True, allOrNothing=True)
    between = await things(office)
    done = await office.run([HEADER, ANI, BUDI], apply=True, allOrNothing=True)

    assert (refused["status"], counts(refused), between) == ("REFUSED", (1, 0, 0, 0, 1), before)
    assert (done["status"], counts(done)) == ("DONE", (2, 0, 0, 0, 0))
    assert len(await office.members()) == 2


async def test_somebody_who_is_registered_elsewhere_is_asked_to_join_as_often_as_the_day_allows(office: Office) -> None:
    niks = [f"62020145079000{number:02}" for number in range(1, 23)]
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
    rows = [["Nama", "NIK", "Kabupaten"], *([f"Relawan {nik}", nik, HOME] for nik in niks)]

    checked = await office.run(rows)
    await office.api.do(APPLY, actor=office.manager, importJob=checked["id"], version=checked["version"])
    await office.work()
    applied = await office.job(checked["id"])
    others = await office.run(rows, apply=True)

    assert counts(checked) == counts(applied) == (0, 0, 0, 20, 2)
    assert [(each["row"], each["code"]) for each in applied["entries"] if each["code"]] == [
        (22, "TOO_MANY_ATTEMPTS"),
        (23, "TOO_MANY_ATTEMPTS"),
    ]
    assert {each["volunteer"] and each["volunteer"]["name"] for each in applied["entries"]} == {None}
    assert counts(others) == (0, 0, 0, 0, 22)
    assert (
        await office.build.connection.fetchval("SELECT count(*) FROM membership_request WHERE status = 'PENDING'") == 20
    )
    assert await office.members() == []


async def test_several_people_who_may_be_meant_are_named_as_far_as_they_are_seen(office: Office) -> None:
    born = date(1990, 7, 5)
    seen = [await office.build.person(name="Ani Wijaya", birth_date=born) for _ in range(2)]
    for person in seen:
        await office.build.membership(person, office.organization)
    await office.build.person(name="Ani Wijaya", birth_date=born, reach="KABUPATEN", kabupaten_code=FAR)
    await office.build.person(name="Budi", birth_date=born, reach="KABUPATEN", kabupaten_code=FAR)

    rows = [["Nama", "Tgl Lahir", "Kabupaten"], ["Ani Wijaya", "05/07/1990", HOME], ["Budi", "05/07/1990", HOME]]
    job = await office.run(rows, apply=True)

    assert [(each["row"], each["column"], each["code"], each["volunteer"]) for each in job["entries"]] == [
        (2, "NAME", "SAME_PERSON", {"name": "Ani Wijaya"}),
        (2, "NAME", "SAME_PERSON", {"name": "Ani Wijaya"}),
        (3, "NAME", "SAME_PERSON", None),
    ]
    assert counts(job) == (0, 0, 0, 0, 2)


async def test_a_number_that_somebody_else_has_is_refused(office: Office) -> None:
    person = await office.build.person(name="Budi Santoso")
    await office.build.membership(person, office.organization, number="A-1")

    job = await office.run([HEADER, ANI], apply=True)

    assert refusals(job) == [(2, "NUMBER", "A-1", "NUMBER_TAKEN")]


async def test_the_refused_rows_come_back_as_a_file_that_can_be_mended_and_imported(office: Office) -> None:
    rows = [
        ["DAFTAR ANGGOTA"],
        [],
        HEADER,
        ANI,
        [*BUDI[:1], "123", *BUDI[2:]],
        ["=Cici", "", "+62 8x", "", "", "Kapuas", "", ""],
    ]
    job = await office.run(rows, apply=True)
    client, headers = office.api.client, office.api.headers(office.manager)

    as_csv = await client.get(f"/imports/{job['id']}/refused.csv", headers={**headers, "Accept-Language": "en"})
    as_xlsx = await client.get(f"/imports/{job['id']}/refused.xlsx", headers=headers)
    others = [
        await client.get(f"/imports/{job['id']}/refused.csv", headers=office.api.headers(await office.build.account())),
        await client.get(f"/imports/{job['id']}/refused.pdf", headers=headers),
        await client.get("/imports/nothing/refused.csv", headers=headers),
    ]
    text = as_csv.text
    mended = await office.run(text.replace(";123;", f";{BUDI[1]};").replace("8x", "81234567899").encode(), apply=True)

    assert text.startswith("\ufeff" + ";".join([*HEADER, "Problem"]) + "\r\n")
    assert "'=Cici;;'+62 8x;;;Kapuas;;;" in text
    assert next(cells[-1] for _, cells in await rows_of(as_xlsx.content)) == "Masalah"
    assert [(each.status_code, each.json()["errors"][0]["extensions"]["code"]) for each in others] == [
        (404, "NOT_FOUND")
    ] * 3
    assert (counts(mended), mended["ignoredColumns"]) == ((2, 0, 0, 0, 0), [])
    assert [each["volunteer"]["name"] for each in await office.members()] == ["=Cici", "Ani Wijaya", "Budi Santoso"]


async def test_titles_of_an_organization_are_named_once(office: Office) -> None:
    rows = [["Nama", "Kode Saya", "Wilayah", "Lain"], ["Ani", "7", "Kapuas", "x"]]
    columns = [{"title": "Kode Saya", "column": "NUMBER"}, {"title": "wilayah", "column": "KABUPATEN"}]

    unknown = await office.run(rows)
    named = await office.run(rows, columns=columns)
    remembered = await office.run(rows, apply=True)

    assert (unknown["status"], unknown["fault"]) == (
        "REFUSED",
        "The titles of the columns were not found; at least the name and one other column.",
    )
    assert (counts(named), named["ignoredColumns"]) == ((1, 0, 0, 0, 0), ["Lain"])
    assert (counts(remembered), (await office.members())[0]["number"]) == ((1, 0, 0, 0, 0), "7")


@pytest.mark.parametrize(
    ("content", "fault", "row"),
    [
        (b'Nama;HP\nAni;1\n"Budi;2\n', "The quotes of the row do not match.", 3),
        (
            sheet([["Nama", "Nama Lengkap", "HP"], ["Ani", "Ani", "1"]]),
            "Two columns mean the same: Nama, Nama Lengkap.",
            1,
        ),
        (b"PK\x03\x04 and nothing", "The XLSX file is damaged or has what cannot be read; save it again.", None),
    ],
)
async def test_a_file_that_cannot_be_read_changes_nothing(
    office: Office, content: bytes, fault: str, row: int | None
) -> None:
    before = await things(office)

    job = await office.run(content, apply=True)

    assert (job["status"], job["fault"], job["faultRow"]) == ("REFUSED", fault, row)
    assert (job["entries"], await things(office)) == ([], before)


async def test_an_upload_is_used_once_and_by_its_account(office: Office) -> None:
    token = await office.upload(sheet([HEADER, ANI]))
    values = {"organization": f"Organization:{office.organization}", "reach": "NATIONAL", "consentPurpose": "Penugasan"}
    other = await office.build.manager(office.organization)

    stolen = await office.api.do(IMPORT, actor=other, upload=token, **values)
    forged = await office.api.do(
        IMPORT, actor=office.manager, upload=f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}", **values
    )
    first = await office.api.do(IMPORT, actor=office.manager, upload=token, **values)
    second = await office.api.do(IMPORT, actor=office.manager, upload=token, **values)

    refused = [
        {
            "code": "INVALID",
            "path": ["input", "upload"],
            "message": "There is no such upload, or it was used; send the file again.",
        }
    ]
    assert [each["problems"] for each in (stolen, forged, first, second)] == [refused, refused, [], refused]


async def test_who_may_not_enrol_imports_nothing(office: Office) -> None:
    stranger = await office.build.manager(await office.build.organization())
    coordinator = await office.build.coordinator(kabupaten_code=HOME)
    suspended = await office.build.organization(verification="SUSPENDED")
    manager = await office.build.manager(suspended)
    rows = [["Nama", "Kabupaten"], ["Ani", HOME], ["Budi", FAR]]

    forbidden = await office.start(rows, stranger)
    not_standing = await office.start(rows, manager, organization=f"Organization:{suspended}")
    by_coordinator = await office.run(rows, coordinator, apply=True)

    assert [each["code"] for each in forbidden["problems"]] == ["FORBIDDEN"]
    assert [each["code"] for each in not_standing["problems"]] == ["ORGANIZATION_NOT_VERIFIED"]
    assert refusals(by_coordinator) == [(3, "KABUPATEN", FAR, "FORBIDDEN")]
    assert counts(by_coordinator) == (1, 0, 0, 0, 1)


async def test_a_suspension_stops_an_import_that_waits(office: Office) -> None:
    payload = await office.start([HEADER, ANI], apply=True)
    await office.build.connection.execute("UPDATE organization SET verification = 'SUSPENDED'")
    await office.work()

    job = await office.job(payload["importJob"]["id"])
    assert (job["status"], job["fault"], counts(job)) == (
        "REFUSED",
        "The account may not import members of this organization.",
        (0,) * 5,
    )


async def test_only_a_checked_import_is_applied_and_by_its_account(office: Office) -> None:
    waiting = (await office.start([HEADER, ANI]))["importJob"]
    values = {"importJob": waiting["id"], "version": waiting["version"]}
    other = await office.build.manager(office.organization)

    early = await office.api.do(APPLY, actor=office.manager, **values)
    stranger = await office.api.do(APPLY, actor=other, **values)
    await office.work()
    stale = await office.api.do(APPLY, actor=office.manager, **values)

    assert [each["problems"][0]["code"] for each in (early, stranger, stale)] == [
        "WRONG_STATUS",
        "FORBIDDEN",
        "VERSION_CONFLICT",
    ]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", {}, 400),
        (b"<html>", {}, 415),
        (b"Nama;HP", {"Content-Encoding": "gzip"}, 415),
        (b"x" * (20 * 1024 * 1024 + 1), {}, 413),
    ],
    ids=["empty", "page", "compressed", "too large"],
)
async def test_what_is_no_table_is_not_stored(
    office: Office, content: bytes, headers: dict[str, str], status: int
) -> None:
    response = await office.api.client.post(
        "/uploads", content=content, headers={**office.api.headers(office.manager), **headers}
    )

    assert response.status_code == status
    assert await office.build.connection.fetchval("SELECT count(*) FROM upload WHERE byte_count IS NOT NULL") == 0


async def test_only_managers_and_coordinators_send_files_and_not_too_many(office: Office) -> None:
    client, headers = office.api.client, office.api.headers
    account = await office.build.account()

    public = await client.post("/uploads", content=b"Nama;HP")
    stranger = await client.post("/uploads", content=b"Nama;HP", headers=headers(account))
    sent = [
        (await client.post("/uploads", content=b"Nama;HP", headers=headers(office.manager))).status_code
        for _ in range(21)
    ]
    other = await client.get("/uploads", headers=headers(office.manager))

    assert (public.status_code, stranger.status_code, other.status_code) == (403, 403, 405)
    assert sent == [201] * 20 + [429]


async def test_what_is_stored_of_a_file_is_encrypted(office: Office) -> None:
    await office.run([HEADER, ANI])

    stored = await office.build.connection.fetch("SELECT cipher FROM upload_chunk")
    rows = (await snapshot(office.build.connection))["import_entry"]

    assert [row["cipher"][:2] == b"PK" for row in stored] == [False]
    assert [text for text in rows if "6202014507900001" in text or "81234567890" in text] == []


async def test_an_import_whose_worker_is_killed_goes_on_where_it_was(
    office: Office, keys: Path, database_url: str
) -> None:
    rows = [["Nama", "HP", "Kabupaten"], *([f"Relawan {number}", f"0812{number:08}", HOME] for number in range(6_000))]
    payload = await office.start(rows, apply=True)
    connection = office.build.connection
    # The other worker has the real time, at which older files are deleted.
    for table in ("upload", "import_job"):
        await connection.execute(f"UPDATE {table} SET created_at = now()")
    env = environment(keys, DATABASE_URL=database_url)

    worker = await asyncio.create_subprocess_exec(sys.executable, "-m", "api", "work", env=env)
    while not await connection.fetchval("SELECT last_row FROM import_job"):
        assert worker.returncode is None
        await asyncio.sleep(0.01)
    worker.kill()
    await worker.wait()
    # By one statement: the server may still commit what it was sent before the kill.
    found = await connection.fetchrow("SELECT last_row, (SELECT count(*) FROM volunteer) AS written FROM import_job")
    assert found is not None
    await connection.execute("UPDATE import_job SET leased_until = $1", NOW)
    await office.work()
    job = await office.job(payload["importJob"]["id"])

    assert 0 < found["written"] == found["last_row"] - 1 < 6_000
    assert (job["status"], counts(job), job["lastRow"]) == ("DONE", (6_000, 0, 0, 0, 0), 6_001)
    assert await connection.fetchval("SELECT count(*) FROM volunteer") == 6_000
    assert await connection.fetchval("SELECT count(DISTINCT row) FROM import_entry WHERE outcome = 'CREATED'") == 6_000
    assert await connection.fetchval("SELECT count(*) FROM event WHERE kind = 'volunteer.registered'") == 6_000


async def test_a_worker_that_has_lost_its_lease_writes_nothing(office: Office) -> None:
    await office.start([HEADER, ANI], apply=True)
    services = office.api.services
    request = Request(PUBLIC, services.clock)
    async with services.database.transaction() as session:
        job = await import_lease.claim(session, NOW)
        assert job is not None
        request = replace(request, actor=await account.actor(session, office.manager, NOW))
    await office.build.connection.execute("UPDATE import_job SET lease = gen_random_uuid()")

    with pytest.raises(import_lease.LostLease):
        await import_run.Run(services.database, services.vault, request, job).run()

    assert await office.members() == []


async def test_the_command_line_checks_and_imports_the_same(
    office: Office, keys: Path, database_url: str, tmp_path: Path
) -> None:
    file, refused = tmp_path / "anggota.xlsx", tmp_path / "ditolak.csv"
    file.write_bytes(sheet([HEADER, ANI, [*BUDI[:1], "123", *BUDI[2:]]]))
    login = await office.build.connection.fetchval("SELECT login FROM account WHERE id = $1", office.manager)
    env = environment(keys, DATABASE_URL=database_url)
    arguments = ["import", "members", str(file), "--organization", str(office.organization), "--as", login]
    options = ["--reach", "national", "--consent", "Penugasan", "--refused", str(refused)]

    checked = await asyncio.to_thread(sigap, env, *arguments, *options)
    people = await office.build.connection.fetch("SELECT name FROM volunteer")
    applied = await asyncio.to_thread(sigap, env, *arguments, *options, "--apply")
    nobody = await asyncio.to_thread(sigap, env, *arguments[:-1], "tidak-ada")

    report = "created 1, updated 0, unchanged 0, requested 0, refused 1.\nRow 3: NIK …: A NIK has 16 digits, as on the identity card.\n"
    assert (checked.stdout, checked.returncode, people) == (f"CHECKED: {report}", 0, [])
    assert (applied.stdout, applied.returncode) == (f"DONE: {report}", 0)
    assert await office.build.connection.fetchval("SELECT string_agg(name, ',') FROM volunteer") == "Ani Wijaya"
    assert refused.read_text(encoding="utf-8").splitlines()[1].startswith("Budi Santoso;123;")
    assert (nobody.stdout, nobody.returncode, nobody.stderr) == ("", 1, "There is no active account 'tidak-ada'.\n")


KALTENG = [f"62.{number:02}" for number in range(1, 14)] + ["62.71"]


async def test_tagana_kalteng_imports_its_1600_members_from_a_workbook_with_faults_and_again(office: Office) -> None:
    """Of 1,600 rows 40 are faulty: they come back as a file, are mended, and imported; then nothing changes any more."""
    faults: tuple[tuple[int, object], ...] = ((2, "62020"), (3, "08-12"), (4, "31/02/1980"), (6, "Kalimantan"))
    rows: list[list[object]] = []
    for number in range(1_600):
        born = date(1970, 1, 1) + timedelta(number)
        nik, phone = f"620201{born:%d%m%y}0001", f"0813{number:07}"
        home = KALTENG[number % 14]
        rows.append([number + 1, f"Relawan {number:04}", nik, phone, f"{born:%d/%m/%Y}", "L", home, f"KTG-{number:04}"])
    faulty = [[*row] for row in rows]
    for number in range(0, 1_600, 40):
        column, value = faults[number // 40 % 4]
        faulty[number][column] = value
    header = ["No", "Nama", "NIK", "No HP", "Tgl Lahir", "L/P", "Kabupaten/Kota", "Nomor Anggota"]

    first = await office.run([["TAGANA KALIMANTAN TENGAH"], header, *faulty], apply=True)
    address = f"/imports/{first['id']}/refused.xlsx"
    answer = await office.api.client.get(address, headers=office.api.headers(office.manager))
    back = [cells for _, cells in await rows_of(answer.content)]
    mended = [rows[int(str(cells[0])) - 1] for cells in back[1:]]
    second = await office.run([header, *mended], apply=True)
    before = await things(office)
    third = await office.run([header, *rows], apply=True)

    assert counts(first) == (1_560, 0, 0, 0, 40)
    assert [len(cells) for cells in back] == [9] * 41
    assert counts(second) == (40, 0, 0, 0, 0)
    assert (counts(third), await things(office)) == ((0, 0, 1_600, 0, 0), before)
    homes = "SELECT count(*) FROM volunteer GROUP BY kabupaten_code ORDER BY kabupaten_code"
    assert [row[0] for row in await office.build.connection.fetch(homes)] == [115] * 4 + [114] * 10
