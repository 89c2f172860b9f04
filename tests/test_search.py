"""What a search finds, in which order, and for whom."""

import base64
import json
import uuid
from typing import Any

import pytest

from tests.asking import Api, Json
from tests.builders import FAR, HOME, NEIGHBOUR, Build

SEARCH = """query($text: String!, $kinds: [SearchKind!], $near: PlaceInput) {
  search(text: $text, kinds: $kinds, near: $near, first: 20) { totalCount nodes { kind match text } } }"""
KINDS = ["PROVINCE", "KABUPATEN", "INCIDENT", "ORGANIZATION", "SITE", "NEED", "VOLUNTEER"]
PEOPLE = {"kinds": ["VOLUNTEER"]}


async def found(api: Api, text: str, actor: uuid.UUID | None = None, **arguments: object) -> list[tuple[str, ...]]:
    answer = (await api.ask(SEARCH, actor=actor, text=text, **arguments))["search"]
    nodes = [tuple(node.values()) for node in answer["nodes"]]
    assert min(answer["totalCount"], 20) == len(nodes)
    return nodes


async def names(api: Api, text: str, actor: uuid.UUID | None, **arguments: object) -> list[str]:
    return [name for _, _, name in await found(api, text, actor, **{**PEOPLE, **arguments})]


@pytest.fixture
async def nation(build: Build) -> uuid.UUID:
    return await build.coordinator()


async def test_of_every_kind_the_better_match_comes_first(api: Api, build: Build, nation: uuid.UUID) -> None:
    await build.person(name="Palanka")
    await build.person(name="Siti Palangka")
    await build.organization(name="Dinas Sosial Kota Palangkaraya", kabupaten_code="62.71")
    incident = await build.incident(title="Palangka banjir")
    await build.need(incident)
    await build.site(incident, name="Posko Palangka")

    # Names of other places are less similar.
    assert (await found(api, "palangka", nation, kinds=KINDS))[:7] == [
        ("INCIDENT", "STARTS", "Palangka banjir"),
        ("NEED", "STARTS", "Palangka banjir"),
        ("KABUPATEN", "CONTAINS", "Kota Palangkaraya"),
        ("ORGANIZATION", "CONTAINS", "Dinas Sosial Kota Palangkaraya"),
        ("SITE", "CONTAINS", "Posko Palangka"),
        ("VOLUNTEER", "CONTAINS", "Siti Palangka"),
        ("VOLUNTEER", "SIMILAR", "Palanka"),
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sinta Dewi", "Sinta Dewi"),
        ("dewi", "Sinta Dewi"),
        ("sintadewi", "Sinta Dewi"),
        ("Sinda Dewi", "Sinta Dewi"),
        ("Snta Dewi", "Sinta Dewi"),
        ("Sintta Dewi", "Sinta Dewi"),
        ("Sinat Dewi", "Sinta Dewi"),
        ("SINDA", "Sinta Dewi"),
        ("Nurhayadi", "Nurhayati"),
        ("Norhayati", "Nurhayati"),
        ("Snita", "Sinta Dewi"),
        ("Sitna", "Sinta Dewi"),
        ("Iska", "Siska"),
        ("Budi Utmao", "Budi Utomo"),
        ("Bdui", "Budi Utomo"),
        ("Ubdi", "Budi Utomo"),
        ("Quran", "Abdul Qur'an"),
        ("Éka", "Eka"),
    ],
)
async def test_a_person_is_found_by_a_part_of_the_name_and_with_a_slip(
    api: Api, build: Build, nation: uuid.UUID, text: str, name: str
) -> None:
    for each in ("Sinta Dewi", "Nurhayati", "Abdul Qur'an", "Eka", "Bambang Purnomo", "Budi Utomo", "Siska"):
        await build.person(name=each)

    assert await names(api, text, nation) == [name]


@pytest.mark.parametrize(
    ("text", "names_found"),
    [
        # A slip of a short word leaves two of five trigrams; of a long one it leaves more, and other names share less.
        ("agsu", ["Agus"]),
        ("palngka", ["Palangka"]),
        ("paalngka", ["Palangka"]),
        ("sutrisna", ["Sutrisno", "Sutrisno Suryanto", "Sutrisno Wibowo"]),
        ("sutrisna suryanti", ["Sutrisno Suryanto"]),
        ("palanggaru", []),
    ],
)
async def test_of_a_longer_text_more_must_be_the_same(
    api: Api, build: Build, nation: uuid.UUID, text: str, names_found: list[str]
) -> None:
    for each in ("Agus", "Palangka", "Sutrisno", "Sutrisno Wibowo", "Sutrisno Suryanto", "Suryadi", "Langgar"):
        await build.person(name=each)

    assert await names(api, text, nation) == names_found


async def test_two_letters_in_the_wrong_order_find_first_whose_they_are(
    api: Api, build: Build, nation: uuid.UUID
) -> None:
    for name in ("Smara Pit", "Sapit", "Sampit", "Ny. Samp. It"):
        await build.person(name=name)

    assert (await names(api, "smapit", nation))[:2] == ["Sampit", "Ny. Samp. It"]
    for name in ("Amarasi Timur", "Nur Siti", "Siti Aminah"):
        await build.person(name=name)
    assert (await names(api, "siit", nation))[:3] == ["Nur Siti", "Siti Aminah", "Amarasi Timur"]
    # Of a short text this makes other names, and a long one is similar all the same.
    assert await names(api, "aspit", nation) == ["Sapit"]
    assert await names(api, "ni", nation) == []
    assert "Sampit" not in await names(api, "pmi", nation)


KINDS_WITH_SLIPS = {
    "PROVINCE": ("Papua Tengah", ("papua tngah", "papua tengsh", "papua tenggah", "papua tegnah")),
    "KABUPATEN": ("Kabupaten Katingan", ("ktingan", "katimgan", "kattingan", "katignan")),
    "KECAMATAN": (
        "Mentaya Hilir Selatan",
        ("mentaya hilr selatan", "mentaya hilur", "mmentaya hilir", "metnaya hilir"),
    ),
    "INCIDENT": ("Longsor Gunung Putih", ("lonsor gunung", "lingsor gunung", "longssor", "lognsor")),
    "NEED": ("Longsor Gunung Putih", ("lonsor gunung", "lingsor gunung", "longssor", "lognsor")),
    "ORGANIZATION": ("Yayasan Bhakti", ("yayasan bakti", "yayasan bhokti", "yayasan bhaakti", "yayasan bhatki")),
    "SITE": ("Gudang Merah", ("gudng merah", "gudamg merah", "guddang", "gudagn")),
    "CAMP": ("Jambore Rimba", ("jambre rimba", "jambote rimba", "jambbore", "jamboer")),
    "VOLUNTEER": ("Lestari Wulan", ("lestri", "lestori wulan", "lesttari", "lestrai")),
}


@pytest.mark.parametrize(
    ("kind", "name", "text"), [(kind, name, text) for kind, (name, texts) in KINDS_WITH_SLIPS.items() for text in texts]
)
async def test_a_thing_of_every_kind_is_found_with_a_letter_left_out_replaced_doubled_or_out_of_order(
    api: Api, build: Build, nation: uuid.UUID, kind: str, name: str, text: str
) -> None:
    incident = await build.incident(title=KINDS_WITH_SLIPS["INCIDENT"][0])
    await build.need(incident)
    await build.site(incident, name=KINDS_WITH_SLIPS["SITE"][0])
    await build.organization(name=KINDS_WITH_SLIPS["ORGANIZATION"][0])
    await build.camp(name=KINDS_WITH_SLIPS["CAMP"][0])
    await build.person(name=KINDS_WITH_SLIPS["VOLUNTEER"][0])

    assert (kind, "SIMILAR", name) in await found(api, text, nation, kinds=[kind])


async def test_a_number_is_found_of_whose_name_is_a_little_similar_to_it(
    api: Api, build: Build, nation: uuid.UUID
) -> None:
    """What is not similar enough to be found by the name is found by the number."""
    organization = await build.organization()
    person = await build.person(name="Tagana Palangka")
    await build.membership(person, organization, number="palanggaru", number_key="palanggaru")

    assert await found(api, "palanggaru", nation, kinds=["VOLUNTEER"]) == [("VOLUNTEER", "NUMBER", "Tagana Palangka")]


async def test_what_the_asker_may_not_see_is_not_found(api: Api, build: Build, nation: uuid.UUID) -> None:
    await build.person(name="Sinta", kabupaten_code=FAR, reach="KABUPATEN")
    await build.organization(name="Sinta Peduli", kabupaten_code=FAR, verification="PENDING")
    await build.incident([FAR], title="Sinta", status="REPORTED")
    local = await build.coordinator(kabupaten_code=HOME)

    kinds = ["VOLUNTEER", "ORGANIZATION", "INCIDENT"]
    everything = [("INCIDENT", "Sinta"), ("ORGANIZATION", "Sinta Peduli"), ("VOLUNTEER", "Sinta")]
    assert [(kind, name) for kind, _, name in await found(api, "sinta", nation, kinds=kinds)] == everything
    assert await found(api, "sinta", local, kinds=kinds) == []
    assert await found(api, "sinta", kinds=kinds) == []


@pytest.mark.parametrize("text", ["0812 3456 7890", "+6281234567890", "(0812) 3456-7890"])
async def test_a_phone_number_finds_for_those_who_may_read_it(
    api: Api, build: Build, nation: uuid.UUID, text: str
) -> None:
    person = await build.person(name="Sinta", kabupaten_code=FAR, phone="+6281234567890")
    other = await build.coordinator(kabupaten_code=HOME)

    assert await found(api, text, nation) == [("VOLUNTEER", "NUMBER", "Sinta")]
    assert await found(api, text, await build.volunteer_account(person)) == [("VOLUNTEER", "NUMBER", "Sinta")]
    # They see the volunteer, but not the number; nor does a part of it find.
    assert await names(api, "sinta", other) == ["Sinta"]
    assert await found(api, text, other) == []
    assert await found(api, text[:-1], nation) == []


async def test_a_number_of_membership_finds_for_those_who_see_the_volunteer(api: Api, build: Build) -> None:
    hidden, seen = [
        await build.person(name=name, kabupaten_code=home, reach="KABUPATEN")
        for name, home in (("Sinta", FAR), ("Budi", HOME))
    ]
    for person in (hidden, seen):
        await build.membership(person, await build.organization(), number="TGN/7")
    local = await build.coordinator(kabupaten_code=HOME)

    assert await found(api, "tgn /7", local) == [("VOLUNTEER", "NUMBER", "Budi")]
    assert await found(api, "tgn/", local) == []


async def test_of_equal_matches_the_nearest_comes_first(api: Api, build: Build, nation: uuid.UUID) -> None:
    for name, latitude in (("Sinta A", 3.0), ("Sinta B", 1.0), ("Sinta C", 2.0)):
        await build.person(name=name, kabupaten_code=HOME, latitude=latitude, longitude=110.0)
    await build.person(name="Sinta D", kabupaten_code=NEIGHBOUR)
    far = await build.coordinator(kabupaten_code=FAR)
    near = {"point": {"latitude": 0, "longitude": 110}}

    known = await names(api, "sinta", nation, near=near)
    hidden = await names(api, "sinta", far, near=near)

    assert known == ["Sinta B", "Sinta C", "Sinta A", "Sinta D"]
    # Their homes count as the seat of their kabupaten: they are equally far, and ordered by name.
    assert [name for name in hidden if name != "Sinta D"] == ["Sinta A", "Sinta B", "Sinta C"]


async def test_kilometres_are_those_to_the_place_and_tell_no_hidden_home(
    api: Api, build: Build, nation: uuid.UUID
) -> None:
    person = await build.person(name="Sinta", latitude=0.0, longitude=110.0)
    document = """query($near: PlaceInput) { search(text: "sinta", kinds: [VOLUNTEER], near: $near, first: 1) {
      nodes { kilometres thing { ... on Volunteer { id distanceTo(place: {kabupaten: "62.71"}) } } } } }"""
    found = {}
    for name, actor in (("known", nation), ("hidden", await build.coordinator(kabupaten_code=FAR))):
        (node,) = (await api.ask(document, actor=actor, near={"kabupaten": "62.71"}))["search"]["nodes"]
        assert node["thing"]["id"] == f"Volunteer:{person}"
        assert node["kilometres"] == node["thing"]["distanceTo"]
        found[name] = node["kilometres"]
    unmeasured = await api.ask(document, actor=nation)

    assert found["known"] != found["hidden"]
    assert unmeasured["search"]["nodes"][0]["kilometres"] is None


async def test_cursors_tell_no_hidden_home(api: Api, build: Build, nation: uuid.UUID) -> None:
    for latitude in (1.0, 2.0, 3.0):
        await build.person(name="Sinta", kabupaten_code=HOME, latitude=latitude, longitude=110.0)
    document = """{ search(text: "sinta", kinds: [VOLUNTEER], near: {point: {latitude: 0, longitude: 110}}, first: 9) {
      edges { cursor } } }"""

    lengths = {}
    for name, actor in (("known", nation), ("hidden", await build.coordinator(kabupaten_code=FAR))):
        edges = (await api.ask(document, actor=actor))["search"]["edges"]
        lengths[name] = [json.loads(base64.b64decode(edge["cursor"]))[3] for edge in edges]

    assert [len(set(each)) for each in lengths.values()] == [3, 1]
    assert len(lengths["hidden"]) == 3


async def test_pages_follow_each_other_both_ways(api: Api, build: Build, nation: uuid.UUID) -> None:
    for number in range(7):
        await build.person(name=f"Sinta {number % 3}")
        await build.organization(name=f"Yayasan Sinta {number}")
        await build.person(name=f"Sinda {number}")
    whole = await pages(api, nation, "first: 100")

    assert len(whole) == 21
    for way in ("first", "last"):
        assert await pages(api, nation, f"{way}: 4") == whole
    assert await pages(api, nation, "first: 4", near='{kabupaten: "62.02"}') == await pages(
        api, nation, "first: 100", near='{kabupaten: "62.02"}'
    )


async def pages(api: Api, actor: uuid.UUID, size: str, *, near: str = "null") -> list[str]:
    """The ids of all pages, from the first or from the last on."""
    forwards, listed, cursor = size.startswith("first"), list[str](), None
    document = f"""query($cursor: String) {{ search(text: "Sinta", kinds: [VOLUNTEER, ORGANIZATION], near: {near}, {size}, CURSOR: $cursor) {{
      nodes {{ thing {{ ... on Volunteer {{ id }} ... on Organization {{ id }} }} }}
      pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""
    document = document.replace("CURSOR", "after" if forwards else "before")
    while True:
        page: Json = (await api.ask(document, actor=actor, cursor=cursor))["search"]
        ids = [node["thing"]["id"] for node in page["nodes"]]
        listed = [*listed, *ids] if forwards else [*ids, *listed]
        info: Any = page["pageInfo"]
        if not info["hasNextPage" if forwards else "hasPreviousPage"]:
            return listed
        cursor = info["endCursor" if forwards else "startCursor"]


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "a" * 201])
async def test_a_text_that_cannot_be_looked_for_is_bad_input(api: Api, text: str) -> None:
    assert await api.errors(SEARCH, text=text) == [("BAD_USER_INPUT", ["search"])]


async def test_a_text_of_symbols_finds_what_has_them(api: Api, build: Build, nation: uuid.UUID) -> None:
    await build.person(name="100% Sinta")

    assert await names(api, "%", nation) == []
    assert await names(api, "100%", nation) == ["100% Sinta"]
