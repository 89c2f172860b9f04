import asyncpg
import pytest

from api.values.key import place_search_key, search_key


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
