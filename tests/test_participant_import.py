"""Participants of a camp from a file, by their numbers or identity numbers, under the limits of everybody."""

import uuid
from collections.abc import Sequence

import pytest

from tests.asking import PROBLEMS, Api, Json
from tests.builders import FAR, Build
from tests.files.making import sheet
from tests.snapshot import snapshot
from tests.test_camp_registration import line, members

IMPORT = f"""mutation($input: ImportParticipantsInput!) {{ importParticipants(input: $input) {{
  results {{ position campRegistration {{ number status volunteer {{ id }} }} {PROBLEMS} }} {PROBLEMS} }} }}"""


async def upload(api: Api, actor: uuid.UUID, content: bytes | Sequence[Sequence[object]]) -> str:
    file = content if isinstance(content, bytes) else sheet(content)
    response = await api.client.post("/uploads", content=file, headers=api.headers(actor))
    token: str = response.json()["upload"]
    return token


async def numbered(build: Build, organization: uuid.UUID, count: int) -> list[uuid.UUID]:
    """Members with the numbers A-1, A-2 and so on."""
    people = [await build.person() for _ in range(count)]
    for number, person in enumerate(people, start=1):
        await build.membership(person, organization, number=f"A-{number}")
    return people


def outcomes(payload: Json) -> list[object]:
    return [
        each["campRegistration"]["status"] if each["campRegistration"] else [p["code"] for p in each["problems"]]
        for each in payload["results"]
    ]


async def test_people_of_a_file_get_places_in_its_order_and_the_rest_waits(api: Api, build: Build) -> None:
    camp, organization = await build.camp(capacity=2), await build.organization()
    people = await numbered(build, organization, 3)
    manager = await build.manager(organization)
    rows: list[list[object]] = [
        ["Daftar peserta"],
        ["No Anggota", "Nama"],
        ["a-2", "B"],
        ["A-9", "?"],
        ["A-1", "A"],
        [None, "C"],
        ["A-3", "C"],
    ]
    token = await upload(api, manager, rows)
    values = {"camp": f"Camp:{camp}", "organization": f"Organization:{organization}", "upload": token}

    payload = await api.do(IMPORT, actor=manager, **values)
    again = await api.do(IMPORT, actor=manager, **values)

    assert payload["problems"] == []
    assert outcomes(payload) == ["REGISTERED", ["NOT_FOUND"], "REGISTERED", ["NOT_FOUND"], "WAITLISTED"]
    assert payload["results"][1]["problems"][0]["path"] == ["input", "upload", "1", "number"]
    found = [payload["results"][position]["campRegistration"]["volunteer"]["id"] for position in (0, 2, 4)]
    assert found == [f"Volunteer:{people[index]}" for index in (1, 0, 2)]
    assert [(each["code"], each["path"]) for each in again["problems"]] == [("INVALID", ["input", "upload"])]
    assert (await line(api, build, camp))[1] == [(1, "REGISTERED"), (2, "REGISTERED"), (3, "WAITLISTED")]


async def test_people_are_found_by_the_identity_number_by_who_keeps_their_record(api: Api, build: Build) -> None:
    camp, organization = await build.camp(), await build.organization()
    (person,) = await members(build, organization, 1)
    manager, host = await build.manager(organization), await build.account()
    await build.row("role", account_id=host, kind="CAMP_STAFF", camp_id=camp)
    nik = "6202014507900001"
    vault = api.services.vault
    await build.connection.execute(
        "UPDATE volunteer SET nik_cipher = $2, nik_index = $3, nik_tail = $4 WHERE id = $1",
        *(person, vault.encrypt(nik), vault.blind_index(nik), nik[-4:]),
    )
    file = f"NIK;Nama\n{nik};Ani\n123;Budi\n".encode()

    foreign = await api.do(IMPORT, actor=host, camp=f"Camp:{camp}", upload=await upload(api, host, file))
    payload = await api.do(IMPORT, actor=manager, camp=f"Camp:{camp}", upload=await upload(api, manager, file))

    assert outcomes(foreign) == [["NOT_FOUND"], ["INVALID"]]
    assert outcomes(payload) == ["REGISTERED", ["INVALID"]]


async def test_staff_of_a_camp_import_nobody(api: Api, build: Build) -> None:
    camp, organization = await build.camp(), await build.organization()
    await numbered(build, organization, 1)
    staff = await build.account()
    await build.row("role", account_id=staff, kind="CAMP_STAFF", camp_id=camp)
    await build.row("role", account_id=staff, kind="COORDINATOR", kabupaten_code=FAR)
    token = await upload(api, staff, [["Nomor Anggota", "Nama"], ["A-1", "A"]])

    payload = await api.do(
        IMPORT, actor=staff, camp=f"Camp:{camp}", organization=f"Organization:{organization}", upload=token
    )

    assert outcomes(payload) == [["FORBIDDEN"]]
    assert await build.connection.fetchval("SELECT count(*) FROM camp_registration") == 0


async def test_a_leader_names_the_people_of_the_contingent_by_their_numbers(api: Api, build: Build) -> None:
    camp, organization = await build.camp(needs_consent=True), await build.organization()
    leader, *_ = await numbered(build, organization, 2)
    contingent = await build.contingent(camp, organization, leader_id=leader, has_own_leader=True)
    account = await build.volunteer_account(leader)
    await build.row("role", account_id=account, kind="DESK_OFFICER", kabupaten_code=FAR)
    rows: list[list[object]] = [["Nomor Anggota", "Nama"], ["A-1", "A"], ["A-2", "B"]]

    payload = await api.do(
        IMPORT,
        actor=account,
        camp=f"Camp:{camp}",
        contingent=f"Contingent:{contingent}",
        upload=await upload(api, account, rows),
    )

    assert outcomes(payload) == ["REGISTERED", "REGISTERED"]
    assert await build.connection.fetchval("SELECT named FROM contingent") == 2


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"Nama;Alamat\nAni;Sampit\n", id="without numbers"),
        pytest.param(("NIK\n" + "6202014507900001\n" * 1001).encode(), id="too many"),
        pytest.param(b"PK\x03\x04 damaged", id="damaged"),
    ],
)
async def test_a_file_that_cannot_be_read_changes_nothing(api: Api, build: Build, content: bytes) -> None:
    camp, actor = await build.camp(), await build.coordinator()
    token = await upload(api, actor, content)
    before = await snapshot(build.connection)

    payload = await api.do(IMPORT, actor=actor, camp=f"Camp:{camp}", upload=token)

    assert payload["results"] == []
    assert [(each["code"], each["path"]) for each in payload["problems"]] == [("INVALID", ["input", "upload"])]
    assert await snapshot(build.connection) == before


async def test_identity_numbers_are_not_guessed_by_a_file(api: Api, build: Build) -> None:
    """Those that are not found count in the budget of the day; once it is used up, nothing is told of them."""
    camp, organization = await build.camp(), await build.organization()
    (person, other) = await members(build, organization, 2)
    manager = await build.manager(organization)
    guesses = [f"62020145079000{number:02}" for number in range(1, 31)]
    index = api.services.vault.blind_index(guesses[24])
    await build.connection.execute(
        "UPDATE volunteer SET nik_index = $1, nik_cipher = 'x', nik_tail = '0025' WHERE id = $2", index, person
    )
    await build.connection.execute(
        "UPDATE membership SET number = 'A-1', number_key = 'a-1' WHERE volunteer_id = $1", other
    )
    rows = [["NIK", "No Anggota"], *([guess, ""] for guess in guesses), ["", "A-1"]]
    values = {"camp": f"Camp:{camp}", "organization": f"Organization:{organization}"}

    first = await api.do(IMPORT, actor=manager, **values, upload=await upload(api, manager, rows))
    second = await api.do(IMPORT, actor=manager, **values, upload=await upload(api, manager, [["NIK"], [guesses[24]]]))

    assert outcomes(first) == [["NOT_FOUND"]] * 20 + [["TOO_MANY_ATTEMPTS"]] * 10 + ["REGISTERED"]
    assert outcomes(second) == [["TOO_MANY_ATTEMPTS"]]
    assert first["results"][20]["problems"][0]["path"] == ["input", "upload", "20", "nik"]
