from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta

import asyncpg
import phonenumbers
import pytest
import sqlalchemy as sa

from api.demo import LOGINS, DemoError, Story, is_empty, load
from api.demo.day import BEGINNING, at_hour, day_of_story
from api.demo.random_source import RandomSource
from api.demo.row import Attendance, Volunteer, table_of
from api.demo.story import SEED, build_story, read_catalogue
from tests.asking import Api
from tests.isolation import WorkerDatabase, connected, copied

TODAY = date(2026, 3, 2)

# An independent implementation of the rules for the rescue need: one column per rule, true where the rule holds.
RULES = """
WITH need AS (
    SELECT need.*, rank.corps, rank.level,
        (starts_at AT TIME ZONE 'Asia/Jakarta')::date AS first, (ends_at AT TIME ZONE 'Asia/Jakarta')::date AS last
    FROM need JOIN rank ON rank.code = minimum_rank_code
    WHERE need.id = $1
)
SELECT volunteer.name, volunteer.kabupaten_code,
    EXISTS (
        SELECT FROM certificate JOIN certificate_type_grant USING (certificate_type_code)
        WHERE volunteer_id = volunteer.id AND certificate_type_grant.skill_code = need.skill_code AND revoked_on IS NULL
            AND issued_on <= first AND last <= coalesce(expires_on, 'infinity')
    ) AS trained,
    EXISTS (
        SELECT FROM membership JOIN organization ON organization.id = organization_id JOIN rank ON rank.code = rank_code
        WHERE volunteer_id = volunteer.id AND rank.corps = need.corps AND rank.level >= need.level
            AND since <= first AND last <= coalesce(until, 'infinity') AND verification = 'VERIFIED'
    ) AS ranked,
    volunteer.status = 'ACTIVE' AND consent_given_at IS NOT NULL AND consent_withdrawn_at IS NULL AS willing,
    volunteer.kabupaten_code = need.kabupaten_code OR reach = 'NATIONAL'
        OR reach = 'PROVINCE' AND volunteer.province_code = left(need.kabupaten_code, 2) AS reaches,
    NOT EXISTS (
        SELECT FROM commitment WHERE volunteer_id = volunteer.id AND upper(period) - lower(period) >= '72 hours'
            AND upper(period) <= starts_at AND starts_at < upper(period) + interval '24 hours'
    ) AS rested,
    NOT EXISTS (
        SELECT FROM commitment WHERE volunteer_id = volunteer.id AND period && tstzrange(starts_at, ends_at)
    ) AS free,
    NOT EXISTS (
        SELECT FROM assignment WHERE volunteer_id = volunteer.id AND need_id = need.id AND status IN ('OFFERED', 'ACCEPTED')
    ) AS unasked,
    volunteer.province_code <> left(need.kabupaten_code, 2) AS far,
    sqrt(
        (coalesce(volunteer.latitude, seat.latitude) - need.latitude) ^ 2
        + (coalesce(volunteer.longitude, seat.longitude) - need.longitude) ^ 2
    ) AS degrees
FROM need, volunteer JOIN kabupaten AS seat ON seat.code = volunteer.kabupaten_code
"""
CANDIDATES = f"""
SELECT * FROM ({RULES}) AS person
WHERE trained AND ranked AND willing AND reaches AND rested AND free AND unasked
"""


@pytest.fixture(scope="module")
async def loaded(worker_database: WorkerDatabase) -> AsyncGenerator[tuple[Story, WorkerDatabase]]:
    """The story, loaded once for each worker, and the clone of its database that tests use one after another."""
    async with copied(worker_database.template, "demo") as url:
        async with connected(url) as connection:
            story = await load(connection, today=TODAY)
        database = WorkerDatabase(url, f"{sa.make_url(url).database}_of")
        yield story, database
        await database.drop()


@pytest.fixture
def test_database(request: pytest.FixtureRequest, worker_database: WorkerDatabase) -> WorkerDatabase:
    if "story" not in request.fixturenames:
        return worker_database
    loaded: tuple[Story, WorkerDatabase] = request.getfixturevalue("loaded")
    return loaded[1]


@pytest.fixture
def story(loaded: tuple[Story, WorkerDatabase]) -> Story:
    return loaded[0]


async def pairs(connection: asyncpg.Connection, query: str, *values: object) -> dict[object, object]:
    return dict(map(tuple, await connection.fetch(query, *values)))


async def counts(connection: asyncpg.Connection, story: Story) -> dict[str, int]:
    """The rows of each table that the story fills."""
    names = {table_of(type(row)).name for row in story.rows}
    return {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for name in names}


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 3, 1, 17, 0, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 23, 29, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 23, 30, tzinfo=UTC), TODAY),
        (datetime(2026, 3, 2, 16, 59, tzinfo=UTC), TODAY),
    ],
    ids=["midnight", "before the beginning", "at the beginning", "before midnight"],
)
def test_at_night_the_story_tells_of_the_day_before(now: datetime, day: date) -> None:
    assert day_of_story(now) == day


async def test_nobody_in_the_story_has_worked_ahead_of_the_clock(story: Story) -> None:
    """PostgreSQL would take no report of what has not come."""
    reports = [each.at for each in story.rows if isinstance(each, Attendance)]

    assert max(reports) == at_hour(TODAY, BEGINNING.hour, BEGINNING.minute)


async def test_the_demo_data_fill_an_empty_database(connection: asyncpg.Connection) -> None:
    assert await is_empty(connection)

    story = await load(connection, today=TODAY)

    assert not await is_empty(connection)
    assert await counts(connection, story) == {
        "organization": 195,
        "certificate_issuer": 1,
        "licence": 36,
        "volunteer": 1900,
        "membership": 2219,
        "suspected_pair": 1,
        "certificate": 4013,
        "certificate_extension": 1,
        "extended_certificate": 2,
        "incident": 3,
        "incident_kabupaten": 5,
        "emergency_status": 2,
        "site": 5,
        "site_load": 6,
        "situation_report": 4,
        "need": 8,
        "need_minimum": 1,
        "goods_need": 2,
        "pledge": 5,
        "pledge_request": 1,
        "assignment": 44,
        "attendance": 46,
        "served_hours": 23,
        "camp": 6,
        "camp_registration": 212,
        "commitment": 74,
        "account": 6,
        "role": 5,
        "scan": 36,
    }


async def test_1600_volunteers_live_in_the_14_kabupaten_of_kalimantan_tengah(
    connection: asyncpg.Connection, story: Story
) -> None:
    homes = await pairs(
        connection, "SELECT kabupaten_code, count(*) FROM volunteer WHERE province_code = '62' GROUP BY 1 ORDER BY 1"
    )

    assert homes == {
        "62.01": 162,
        "62.02": 257,
        "62.03": 246,
        "62.04": 79,
        "62.05": 93,
        "62.06": 97,
        "62.07": 97,
        "62.08": 38,
        "62.09": 58,
        "62.10": 81,
        "62.11": 81,
        "62.12": 67,
        "62.13": 68,
        "62.71": 176,
    }
    assert await connection.fetchval("SELECT count(*) FROM volunteer WHERE province_code = '62'") == 1600


async def test_300_volunteers_live_in_the_15_kabupaten_of_lampung(connection: asyncpg.Connection, story: Story) -> None:
    row = await connection.fetchrow(
        "SELECT count(*), count(DISTINCT kabupaten_code) FROM volunteer WHERE province_code = '18'"
    )

    assert tuple(row or ()) == (300, 15)


async def test_volunteers_differ_in_reach_status_and_consent(connection: asyncpg.Connection, story: Story) -> None:
    row = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE reach = 'KABUPATEN') AS near, count(*) FILTER (WHERE reach = 'PROVINCE') AS province,"
        " count(*) FILTER (WHERE reach = 'NATIONAL') AS nation, count(*) FILTER (WHERE status = 'INACTIVE') AS inactive,"
        " count(*) FILTER (WHERE consent_given_at IS NULL) AS without_consent,"
        " count(consent_withdrawn_at) AS withdrawn, count(*) FILTER (WHERE latitude IS NULL) AS without_position,"
        " count(*) FILTER (WHERE name NOT LIKE '% %') AS of_one_word, count(nik_index) AS with_nik FROM volunteer"
    )

    assert dict(row or {}) == {
        "near": 531,
        "province": 867,
        "nation": 502,
        "inactive": 75,
        "without_consent": 91,
        "withdrawn": 41,
        "without_position": 142,
        "of_one_word": 243,
        "with_nik": 0,
    }


async def test_no_phone_number_is_valid(connection: asyncpg.Connection, story: Story) -> None:
    phones = [row["phone"] for row in await connection.fetch("SELECT phone FROM volunteer")]

    assert len(set(phones)) == 1900
    assert not any(phonenumbers.is_valid_number(phonenumbers.parse(phone)) for phone in phones)


async def test_volunteers_have_up_to_two_current_memberships(connection: asyncpg.Connection, story: Story) -> None:
    running = await pairs(
        connection,
        "SELECT running, count(*) FROM (SELECT volunteer.id, count(membership.id) AS running FROM volunteer"
        " LEFT JOIN membership ON volunteer_id = volunteer.id AND until IS NULL GROUP BY volunteer.id) AS person"
        " GROUP BY running",
    )

    assert running == {0: 60, 1: 1664, 2: 176}
    assert await connection.fetchval("SELECT count(*) FROM membership WHERE until < $1", TODAY) == 203


async def test_members_of_a_corps_have_ranks(connection: asyncpg.Connection, story: Story) -> None:
    ranks = await pairs(
        connection,
        "SELECT rank_code, count(*) FROM membership JOIN organization ON organization.id = organization_id"
        " WHERE name = 'Tagana Kalimantan Tengah' AND until IS NULL GROUP BY rank_code",
    )

    assert ranks == {"TAGANA_MUDA": 508, "TAGANA_MADYA": 174, "TAGANA_UTAMA": 30}


async def test_some_certificates_are_expired_or_revoked(connection: asyncpg.Connection, story: Story) -> None:
    row = await connection.fetchrow(
        "SELECT count(*) FILTER (WHERE expires_on < $1) AS expired,"
        " count(*) FILTER (WHERE expires_on BETWEEN $1 AND $1 + 7) AS soon,"
        " count(*) FILTER (WHERE expires_on IS NULL) AS for_ever, count(revoked_on) AS revoked,"
        " count(DISTINCT certificate_type_code) AS types, max(issued_on) <= $1 AS issued_before_today FROM certificate",
        TODAY,
    )

    assert dict(row or {}) == {
        "expired": 544,
        "soon": 129,
        "for_ever": 9,
        "revoked": 57,
        "types": 26,
        "issued_before_today": True,
    }


async def test_only_invented_organizations_are_unverified_or_without_registration(
    connection: asyncpg.Connection, story: Story
) -> None:
    troubles = await pairs(
        connection,
        "SELECT name, CASE WHEN revoked_on IS NOT NULL THEN 'REVOKED' ELSE verification END"
        " FROM organization LEFT JOIN licence ON organization_id = organization.id"
        " WHERE verification <> 'VERIFIED' OR revoked_on IS NOT NULL",
    )

    assert troubles == {
        "Komunitas Perahu Mentaya": "PENDING",
        "Yayasan Bina Sungai Rungan": "SUSPENDED",
        "Perkumpulan Rimba Arut": "REVOKED",
    }


async def test_welfare_institutions_of_lampung_are_in_their_real_kabupaten(
    connection: asyncpg.Connection, story: Story
) -> None:
    homes = await pairs(
        connection,
        "SELECT organization.name, kabupaten.name FROM organization JOIN kabupaten ON kabupaten.code = kabupaten_code"
        " WHERE organization.kind = 'WELFARE_INSTITUTION' AND organization.name NOT LIKE 'LKS binaan%'",
    )

    assert homes == {
        "LKSA Nurul Fatah": "Kabupaten Tulang Bawang",
        "LKS APIK": "Kota Bandar Lampung",
        "LKSA Sabilunnajah": "Kabupaten Lampung Tengah",
        "LKSA Darut Tholibin": "Kabupaten Lampung Barat",
        "LKS Amanah Bunda": "Kabupaten Pringsewu",
    }


async def test_the_flood_affects_kotawaringin_timur_and_its_neighbours(
    connection: asyncpg.Connection, story: Story
) -> None:
    row = await connection.fetchrow(
        "SELECT status, ended_at, array_agg(name ORDER BY code) AS places FROM incident"
        " JOIN incident_kabupaten ON incident_id = incident.id JOIN kabupaten ON kabupaten.code = kabupaten_code"
        " WHERE incident.id = $1 GROUP BY incident.id",
        story.flood_id,
    )

    assert dict(row or {}) == {
        "status": "ACTIVE",
        "ended_at": None,
        "places": ["Kabupaten Kotawaringin Timur", "Kabupaten Katingan", "Kabupaten Seruyan"],
    }


async def test_the_flood_has_four_needs_that_start_tomorrow_morning(api: Api, story: Story) -> None:
    asked = """query($flood: ID!) { incident(id: $flood) { needs(first: 9) { nodes {
      skill { code } peopleWanted minimumRank { code } startsAt timeZone kabupaten { code } closedAt } } } }"""

    data = await api.ask(asked, flood=f"Incident:{story.flood_id}")

    of_all = {"timeZone": "Asia/Jakarta", "kabupaten": {"code": "62.02"}, "closedAt": None}
    dawn, morning = "2026-03-02T23:00:00+00:00", "2026-03-03T00:00:00+00:00"
    assert sorted(data["incident"]["needs"]["nodes"], key=lambda node: node["skill"]["code"]) == [
        {"skill": {"code": skill}, "peopleWanted": people, "minimumRank": rank, "startsAt": starts, **of_all}
        for skill, people, rank, starts in (
            ("FIELD_KITCHEN", 20, None, dawn),
            ("LOGISTICS", 10, None, morning),
            ("SHELTER", 12, None, morning),
            ("WATER_RESCUE", 6, {"code": "TAGANA_MADYA"}, dawn),
        )
    ]


async def test_all_water_rescue_certificates_in_the_flooded_kabupaten_are_expired(
    connection: asyncpg.Connection, story: Story
) -> None:
    trained = f"SELECT count(*) FROM ({RULES}) AS person WHERE kabupaten_code = '62.02' AND trained"
    once = await connection.fetchval(
        "SELECT count(DISTINCT volunteer.id) FROM volunteer JOIN certificate ON volunteer_id = volunteer.id"
        " JOIN certificate_type_grant USING (certificate_type_code)"
        " WHERE kabupaten_code = '62.02' AND skill_code = 'WATER_RESCUE'"
    )

    assert await connection.fetchval(trained, story.rescue_id) == 0
    assert once == 42


async def test_the_nearest_candidate_for_the_rescue_is_the_volunteer_with_an_account(
    connection: asyncpg.Connection, story: Story
) -> None:
    rows = await connection.fetch(f"{CANDIDATES} ORDER BY far, degrees", story.rescue_id)

    relawan = await connection.fetchval("SELECT name FROM volunteer WHERE id = $1", story.relawan_id)
    assert [(row["name"], row["kabupaten_code"]) for row in rows[:5]] == [
        ("Rinto Bahen Sahay", "62.06"),
        ("Ramli Arsyad", "62.06"),
        ("Ranan Singkai", "62.71"),
        ("Noor Ahmad Anshari", "62.07"),
        ("Rusina", "62.07"),
    ]
    assert [sum(row["far"] is far for row in rows) for far in (False, True)] == [34, 5]
    assert rows[0]["name"] == relawan


async def test_four_volunteers_are_refused_only_for_rest(connection: asyncpg.Connection, story: Story) -> None:
    tired = await connection.fetchval(
        f"SELECT count(*) FROM ({RULES}) AS person"
        " WHERE trained AND ranked AND willing AND reaches AND free AND unasked AND NOT rested",
        story.rescue_id,
    )

    assert tired == 4


async def test_assignments_have_various_statuses(connection: asyncpg.Connection, story: Story) -> None:
    rows = await connection.fetch(
        "SELECT hazard_code, skill_code, assignment.status, count(*) FROM assignment JOIN need ON need.id = need_id"
        " JOIN incident ON incident.id = incident_id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )

    assert [tuple(row) for row in rows] == [
        ("EXTREME_WAVE", "FIELD_KITCHEN", "COMPLETED", 5),
        ("EXTREME_WAVE", "FIELD_KITCHEN", "DECLINED", 1),
        ("EXTREME_WAVE", "LOGISTICS", "CANCELLED", 1),
        ("EXTREME_WAVE", "LOGISTICS", "COMPLETED", 8),
        ("FLOOD", "FIELD_KITCHEN", "ACCEPTED", 4),
        ("FLOOD", "FIELD_KITCHEN", "DECLINED", 1),
        ("FLOOD", "FIELD_KITCHEN", "OFFERED", 3),
        ("FLOOD", "LOGISTICS", "ACCEPTED", 3),
        ("FLOOD", "LOGISTICS", "OFFERED", 1),
        ("FLOOD", "SHELTER", "OFFERED", 2),
        ("FLOOD", "WATER_RESCUE", "ACCEPTED", 1),
        ("FLOOD", "WATER_RESCUE", "DECLINED", 1),
        ("FLOOD", "WATER_RESCUE", "OFFERED", 1),
        ("LANDSLIDE", "LOGISTICS", "COMPLETED", 6),
        ("LANDSLIDE", "LOGISTICS", "EXPIRED", 1),
        ("LANDSLIDE", "LOGISTICS", "NO_SHOW", 1),
        ("LANDSLIDE", "RAPID_ASSESSMENT", "COMPLETED", 4),
    ]


async def test_accepted_assignments_have_commitments_and_offers_do_not(
    connection: asyncpg.Connection, story: Story
) -> None:
    promised = await pairs(
        connection,
        "SELECT status, count(*) FROM assignment JOIN commitment ON assignment_id = assignment.id"
        " AND commitment.volunteer_id = assignment.volunteer_id AND period = tstzrange(starts_at, ends_at) GROUP BY status",
    )

    assert promised == {"ACCEPTED": 8, "COMPLETED": 23}
    assert await connection.fetchval("SELECT count(*) FROM commitment WHERE assignment_id IS NOT NULL") == 31


async def test_each_account_has_its_own_role_and_scope(connection: asyncpg.Connection, story: Story) -> None:
    rows = await connection.fetch(
        "SELECT login, role.kind, coalesce(province_code, role.kabupaten_code, organization.name), volunteer_id FROM account"
        " LEFT JOIN role ON account_id = account.id LEFT JOIN organization ON organization.id = organization_id ORDER BY login"
    )

    assert [tuple(row) for row in rows] == [
        ("kalteng", "COORDINATOR", "62", None),
        ("katingan", "COORDINATOR", "62.06", None),
        ("kotim", "COORDINATOR", "62.02", None),
        ("nasional", "COORDINATOR", None, None),
        ("relawan", None, None, story.relawan_id),
        ("tagana-kalteng", "MANAGER", "Tagana Kalimantan Tengah", None),
    ]
    assert sorted(LOGINS) == sorted(story.logins) == [row["login"] for row in rows]


async def test_the_same_seed_makes_the_same_people_on_any_day(connection: asyncpg.Connection) -> None:
    catalogue = await read_catalogue(connection)

    now, later = (build_story(RandomSource(SEED), catalogue, today=day) for day in (TODAY, TODAY + timedelta(days=118)))

    assert [row[:2] for row in now.rows] == [row[:2] for row in later.rows]


async def test_another_seed_makes_other_people(connection: asyncpg.Connection) -> None:
    catalogue = await read_catalogue(connection)

    one, again, other = (build_story(RandomSource(seed), catalogue, today=TODAY) for seed in (1, 1, 2))

    assert one == again
    names = [[row.name for row in story.rows if isinstance(row, Volunteer)] for story in (one, other)]
    assert [len(each) for each in names] == [1900, 1900]
    assert names[0] != names[1]


async def test_a_database_that_is_not_empty_is_refused(connection: asyncpg.Connection, story: Story) -> None:
    before = await counts(connection, story)

    with pytest.raises(DemoError) as refusal:
        await load(connection, today=TODAY)

    assert str(refusal.value) == (
        "The demo story needs an empty database; this one already has people or organizations in it."
    )
    assert await counts(connection, story) == before


async def test_a_database_without_reference_data_is_refused(connection: asyncpg.Connection) -> None:
    await connection.execute("SELECT set_config('sigap.erases_person', 'on', false); TRUNCATE province CASCADE")

    with pytest.raises(DemoError) as refusal:
        await load(connection, today=TODAY)

    assert str(refusal.value) == "The demo story needs the reference data; load them first."


async def test_an_existing_login_is_refused_and_nothing_is_loaded(connection: asyncpg.Connection) -> None:
    await connection.execute("INSERT INTO account (id, login, name) VALUES (gen_random_uuid(), 'nasional', 'Somebody')")

    with pytest.raises(DemoError) as refusal:
        await load(connection, today=TODAY)

    assert str(refusal.value) == "The demo story clashes with what is there: Key (login)=(nasional) already exists."
    assert await is_empty(connection)


async def test_a_camp_is_in_its_second_day_with_people_inside_left_and_waiting(
    connection: asyncpg.Connection, story: Story
) -> None:
    camp = await connection.fetchrow("SELECT * FROM camp WHERE status = 'RUNNING'")
    assert camp is not None
    statuses = await pairs(
        connection, "SELECT status, count(*) FROM camp_registration WHERE camp_id = $1 GROUP BY 1", camp["id"]
    )
    days = "SELECT count(DISTINCT date(at)) FROM scan WHERE counts AND point = 'ENTRY'"

    assert (camp["taken"], camp["capacity"], (TODAY - camp["starts_at"].date()).days) == (40, 40, 1)
    assert statuses == {"CHECKED_IN": 30, "RELEASED": 3, "REGISTERED": 10, "WAITLISTED": 6}
    assert await connection.fetchval(days) == 1
    assert await pairs(connection, "SELECT point, count(*) FROM scan GROUP BY 1") == {"ENTRY": 33, "EXIT": 3}


async def test_the_rounds_of_lampung_are_a_series(connection: asyncpg.Connection, story: Story) -> None:
    rounds = await connection.fetch(
        """SELECT taken, count(*) AS heads FROM camp JOIN camp_registration ON camp_id = camp.id
        WHERE series = 'Pembinaan LKS Provinsi Lampung 2018' GROUP BY camp.id, starts_at, taken ORDER BY starts_at"""
    )
    homes = "SELECT count(DISTINCT kabupaten_code) FROM camp_registration WHERE guest_name IS NOT NULL"

    assert [tuple(row) for row in rounds] == [(50, 50), (41, 41), (42, 42), (17, 17), (13, 13)]
    assert await connection.fetchval(homes) == 15
