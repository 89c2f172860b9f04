from datetime import date

import asyncpg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.runtime.migration import MigrationContext

from api import reference
from api.database import migration
from api.values.key import code_key, place_search_key, search_key, sort_key, title_search_key

# Plain ones get their keys from PostgreSQL, the others from Python.
NAMES = [
    *("O'Brien, S.Pd.", "Nur -- Aini", "A.", "Made  Ayu", "Sri-Wahyuni " * 30, "3 Roda", "\u0130pek", "`Ali", "-x"),
    *["\u00c9di Qur\u2019an", "Siti  Rahayu", "LazisMU", "LKS", "agus", "Agus B", "zaenal", "***"],
]
NUMBERS = ["TGN/1", "TGN /2", "tgn 3", "\uff34\uff27\uff2e/4", "TGN\u20115", "~!"]


async def move(url: str, revision: str) -> None:
    def run(connection: sa.Connection) -> None:
        config = migration.config(connection)
        current = MigrationContext.configure(connection).get_current_revision() or ""
        # Migrations begin and end their own transactions.
        connection.rollback()
        (command.downgrade if revision < current else command.upgrade)(config, revision)
        connection.commit()

    await migration.run(url, run)


async def test_the_migration_fills_the_keys_of_all_names(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await move(database_url, "0006")
    for name in NAMES:
        await connection.execute(
            "INSERT INTO volunteer (id, name, kabupaten_code, reach, status)"
            " VALUES (gen_random_uuid(), $1, '62.02', 'NATIONAL', 'ACTIVE')",
            name,
        )

    await move(database_url, "0007")

    rows = await connection.fetch("SELECT name, search_key, sort_key FROM volunteer")
    assert {tuple(row) for row in rows} == {(name, search_key(name), sort_key(name)) for name in NAMES}
    assert await connection.fetchval("SELECT count(*) FROM volunteer WHERE home IS NOT NULL") == len(NAMES)


async def test_the_migration_fills_the_keys_of_all_numbers(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await move(database_url, "0007")
    owner = await connection.fetchval(
        "INSERT INTO organization (id, name, search_key, sort_key, kind, kabupaten_code, verification)"
        " VALUES (gen_random_uuid(), 'A', 'a', 'a', 'NGO', '62.02', 'VERIFIED') RETURNING id"
    )
    for number in NUMBERS:
        await connection.execute(
            "INSERT INTO licence (id, organization_id, kind, number, issuer, valid_from)"
            " VALUES (gen_random_uuid(), $1, 'REGISTRATION', $2, 'Dinas  Sosial', '2020-01-01')",
            owner,
            number,
        )

    await move(database_url, "0008")

    rows = await connection.fetch("SELECT number, number_key, issuer_key FROM licence")
    assert {tuple(row) for row in rows} == {(number, code_key(number), "dinassosial") for number in NUMBERS}


async def test_the_migration_fills_the_keys_of_sites_and_decrees(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await move(database_url, "0024")
    incident = await connection.fetchval(
        "INSERT INTO incident (id, hazard_code, title, search_key, sort_key, latitude, longitude, status, started_at)"
        " VALUES (gen_random_uuid(), 'FLOOD', 'A', 'a', 'a', 0, 0, 'ACTIVE', now()) RETURNING id"
    )
    for name in [*NAMES, NAMES[0]]:
        await connection.execute(
            "INSERT INTO site (id, incident_id, kind, name, kabupaten_code, latitude, longitude, opened_at)"
            " VALUES (gen_random_uuid(), $1, 'SHELTER', $2, '62.02', 0, 0, now())",
            incident,
            name,
        )
    for year, number in enumerate(NUMBERS, 2020):
        await connection.execute(
            "INSERT INTO emergency_status (id, incident_id, kind, level, decree_number, starts_on, ends_on)"
            " VALUES (gen_random_uuid(), $1, 'SIAGA_DARURAT', 'NATIONAL', $2, $3, $3)",
            incident,
            number,
            date(year, 1, 1),
        )

    await move(database_url, "0025")

    sites = await connection.fetch("SELECT name, search_key, sort_key FROM site")
    decrees = await connection.fetch("SELECT decree_number, decree_number_key FROM emergency_status")
    assert sorted(map(tuple, sites)) == sorted(
        (name, title_search_key(name), sort_key(name)) for name in [*NAMES, NAMES[0]]
    )
    assert {tuple(row) for row in decrees} == {(number, code_key(number)) for number in NUMBERS}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("palangka raya", "62.71"),
        ("Kab. Agam", "13.06"),
        ("Kep. Mentawai", "13.09"),
        ("Kepulauan Siau", "71.09"),
        ("Fak-Fak", "92.03"),
        ("Kab. Adm. Kep. Seribu", "31.01"),
        ("kota jakarta barat", "31.73"),
        ("Tulang Bawang Barat", "18.12"),
        ("Toli-Toli", "72.04"),
        ("Kota Baru", "63.02"),
    ],
)
async def test_a_kabupaten_is_found_by_its_stored_key(
    connection: "asyncpg.Connection[asyncpg.Record]", query: str, code: str
) -> None:
    rows = await connection.fetch(
        "SELECT code FROM kabupaten WHERE search_key LIKE '%' || $1 || '%'", place_search_key(query)
    )

    assert [row["code"] for row in rows] == [code]


async def test_the_trigram_index_serves_the_search(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.execute("SET enable_seqscan = off")

    plan = await connection.fetch(
        "EXPLAIN SELECT id FROM volunteer WHERE search_key LIKE '%' || $1 || '%'", search_key("Suparman ")
    )

    assert "ix_volunteer_search_key" in "\n".join(row[0] for row in plan)


async def test_loading_replaces_the_extents_that_the_migration_made(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await move(database_url, "0006")
    await move(database_url, "head")
    assert await connection.fetchval("SELECT count(*) FROM kabupaten WHERE south = north AND west = east") == 514

    await reference.load(connection)

    assert await connection.fetchval("SELECT count(*) FROM kabupaten WHERE south < north AND west < east") == 514
