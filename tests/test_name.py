"""Names, titles and numbers as people write them: found, ordered and told apart through the API."""

import json

import pytest

from tests.asking import Api
from tests.builders import HOME, Build

# What is stored, and what finds it.
FOUND = [
    ("Suparman", "Suparman "),
    ("Siti  Rahayu", "siti rahayu"),
    ("Nur\u00a0Aini", "Nur Aini"),
    ("Qur'an Fadhil", "Qur\u2019an"),
    ("Qur\u2019an Fadhil", "Qur'an"),
    ("Andre\u0301", "andr\u00e9"),
    ("Andr\u00e9", "Andre\u0301"),
    ("\u00c9di", "edi"),
    ("Al-Amin", "Al Amin"),
    ("M. Yusuf", "M.Yusuf"),
    ("Abdul Rahman", "abdulrahman"),
    ("\uff33\uff49\uff54\uff49", "Siti"),
    ("S\u00adu\u200bparno", "Suparno"),
    ("Wayan 50%", "50"),
]
MISSED = [
    ("Suparman", "Suparmin"),
    ("Siti Rahayu", "Rahayu Siti"),
    ("Nur Aini", "Nur Ainin"),
    ("Budi_2", "Budi2%3"),
    ("Budi_2", "%"),
    ("Budi 2", "_"),
    ("Budi", "B_di"),
    ("Budi", "B%i"),
    ("Wayan", "Wayanti"),
    ("\u00c9di", "Adi"),
    ("A", "AA"),
]


async def found_names(api: Api, build: Build, text: str) -> list[list[str]]:
    """The names that a search finds with the text as a variable, and as a literal."""
    selection = "(first: 9, filter: {name: {contains: %s}}) { nodes { name } } }"
    coordinator = await build.coordinator()
    answers = [
        await api.ask("query($text: String!) { volunteers" + selection % "$text", actor=coordinator, text=text),
        await api.ask("{ volunteers" + selection % json.dumps(text), actor=coordinator),
    ]
    return [[node["name"] for node in answer["volunteers"]["nodes"]] for answer in answers]


@pytest.mark.parametrize(("name", "text"), FOUND, ids=ascii)
async def test_a_name_is_found_however_it_is_written(api: Api, build: Build, name: str, text: str) -> None:
    await build.person(name=name)
    await build.person(name="Zzz")

    assert await found_names(api, build, text) == [[name], [name]]


@pytest.mark.parametrize(("name", "text"), MISSED, ids=ascii)
async def test_another_name_is_not_found(api: Api, build: Build, name: str, text: str) -> None:
    await build.person(name=name)

    assert await found_names(api, build, text) == [[], []]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("palangka raya", "62.71"),
        ("Kab. Agam", "13.06"),
        ("Kep. Mentawai", "13.09"),
        ("Kepulauan Siau", "71.09"),
        ("Fak-Fak", "92.03"),
        ("Kab. Adm. Kep. Seribu", "31.01"),
        ("KOTA ADM. JAKARTA BARAT", "31.73"),
        ("Toli-Toli", "72.04"),
        ("Kodya Sorong", "96.71"),
        ("Kab Kotawaringin Timur", HOME),
    ],
)
async def test_a_kabupaten_is_found_by_its_usual_names(api: Api, text: str, code: str) -> None:
    answer = await api.ask(
        "query($text: String!) { kabupatens(first: 9, filter: {name: {contains: $text}}) { nodes { code } } }",
        text=text,
    )

    assert answer == {"kabupatens": {"nodes": [{"code": code}]}}


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Banjir Kabupaten Agam", "banjir kab. agam"),
        ("Banjir Kab. Agam", "Kabupaten Agam"),
        ("Gempa Kep. Mentawai", "kepulauan mentawai"),
        ("Longsor Prov. Lampung", "Provinsi Lampung"),
        ("Longsor Provinsi Lampung", "Provinsi"),
    ],
)
async def test_titles_are_found_by_the_places_in_them(api: Api, build: Build, title: str, text: str) -> None:
    await build.site(await build.incident(title=title), name=title)
    await build.organization(name=title)

    answer = await api.ask(
        """query($text: String!) {
          incidents(first: 9, filter: {title: {contains: $text}}) { nodes { title } }
          organizations(first: 9, filter: {name: {contains: $text}}) { nodes { name } }
          sites(first: 9, filter: {name: {contains: $text}}) { nodes { name } } }""",
        actor=await build.coordinator(),
        text=text,
    )

    assert answer == {
        "incidents": {"nodes": [{"title": title}]},
        "organizations": {"nodes": [{"name": title}]},
        "sites": {"nodes": [{"name": title}]},
    }


async def test_names_and_titles_are_in_the_order_of_a_dictionary(api: Api, build: Build) -> None:
    names = ["zaenal", "Zulkifli", "\u00c9di", "agus", "BAMBANG", "Agus B", "LKS", "LazisMU", "2 Roda"]
    for name in names:
        await build.person(name=name)
        await build.organization(name=name)
        await build.site(await build.incident(title=name), name=name)

    answer = await api.ask(
        """{ volunteers(first: 9) { nodes { name } } organizations(first: 9) { nodes { name } }
        sites(first: 9, orderBy: NAME_ASC) { nodes { name } }
        incidents(last: 9, orderBy: TITLE_DESC) { nodes { name: title } } }""",
        actor=await build.coordinator(),
    )

    expected = ["2 Roda", "agus", "Agus B", "BAMBANG", "\u00c9di", "LazisMU", "LKS", "zaenal", "Zulkifli"]
    found = {root: [node["name"] for node in page["nodes"]] for root, page in answer.items()}
    assert found == {"volunteers": expected, "organizations": expected, "sites": expected, "incidents": expected[::-1]}


async def test_a_site_that_is_renamed_is_found_by_its_new_name(api: Api, build: Build) -> None:
    site = await build.site(await build.incident(), name="Posko lama")
    coordinator = await build.coordinator()
    await api.do(
        "mutation($input: ChangeSiteInput!) { changeSite(input: $input) { problems { code } } }",
        actor=coordinator,
        site=f"Site:{site}",
        version=1,
        name=" GOR  Kab. Sampit",
    )
    search = "query($text: String!) { sites(first: 9, filter: {name: {contains: $text}}) { nodes { name } } }"

    found = [
        (await api.ask(search, actor=coordinator, text=text))["sites"]["nodes"]
        for text in ("gor kabupaten sampit", "Posko")
    ]

    assert found == [[{"name": "GOR Kab. Sampit"}], []]


SAME = [
    "TGN/1",
    "tgn/1",
    "TGN /1",
    " T G N / 1 ",
    "TGN\u00a0/1",
    "tgn\u200b/1",
    "\uff34\uff27\uff2e/1",
    "Tgn/\u0031",
    "TGN/\uff11",
    "T\u00adGN/1",
]
OTHERS = ["TGN/2", "TGN-1", "TGN1", "TGN//1", "TGN/01", "TGN/1.", "TGN.1", "T6N/1", "TGN/I", "TGN/l", "ATGN/1"]


@pytest.mark.parametrize(
    ("number", "is_same"), [*((each, True) for each in SAME), *((each, False) for each in OTHERS)], ids=ascii
)
async def test_a_number_is_one_whatever_its_case_and_spaces(api: Api, build: Build, number: str, is_same: bool) -> None:
    organization = await build.organization()
    member = await build.person()
    await build.membership(member, organization, number="TGN/1")
    certificate = await build.certificate(member, organization, number="TGN/1")
    coordinator = await build.coordinator()

    registered = await api.do(
        "mutation($input: RegisterVolunteerInput!) { registerVolunteer(input: $input) { problems { code path } } }",
        actor=coordinator,
        name="Sinta",
        kabupaten=HOME,
        reach="NATIONAL",
        consentPurpose="Penugasan",
        organization=f"Organization:{organization}",
        number=number,
    )
    issued = await api.do(
        "mutation($input: IssueCertificateInput!) { issueCertificate(input: $input) { problems { code path } } }",
        actor=coordinator,
        volunteer=f"Volunteer:{member}",
        type="FIRST_AID_BASIC",
        issuer=f"Organization:{organization}",
        number=number,
        issuedOn="2026-01-01",
    )
    asked = await api.ask(
        """query($number: String!, $numbers: [String!]!, $member: ID!) {
          eq: certificates(first: 9, filter: {number: {eq: $number}, type: {not: {eq: "FIRST_AID_BASIC"}}}) { nodes { id } }
          in: memberships(first: 9, filter: {number: {in: $numbers}, volunteer: {eq: $member}}) { nodes { number } } }""",
        actor=coordinator,
        member=f"Volunteer:{member}",
        number=number,
        numbers=[number],
    )

    taken = {"problems": [{"code": "NUMBER_TAKEN", "path": ["input", "number"]}] if is_same else []}
    assert [registered, issued] == [taken, taken]
    assert asked == {
        "eq": {"nodes": [{"id": f"Certificate:{certificate}"}] if is_same else []},
        "in": {"nodes": [{"number": "TGN/1"}] if is_same else []},
    }


async def test_the_number_of_a_decree_is_one_whatever_its_case_and_spaces(api: Api, build: Build) -> None:
    incident, coordinator = await build.incident(has_decree=False), await build.coordinator()
    status = await build.emergency_status(incident, decree_number="SK/0")
    await api.do(
        "mutation($input: ExtendEmergencyStatusInput!) { extendEmergencyStatus(input: $input) { problems { code } } }",
        actor=coordinator,
        emergencyStatus=f"EmergencyStatus:{status}",
        version=1,
        endsOn="2026-04-30",
        decreeNumber="TGN/1",
    )
    document = (
        "query($number: String!) { emergencyStatuses(first: 9, filter: {decreeNumber: {eq: $number}}) { totalCount } }"
    )

    found = {
        number: (await api.ask(document, actor=coordinator, number=number))["emergencyStatuses"]["totalCount"]
        for number in [*SAME, *OTHERS, "SK/0"]
    }

    assert found == {**dict.fromkeys(SAME, 1), **dict.fromkeys([*OTHERS, "SK/0"], 0)}
