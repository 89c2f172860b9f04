import asyncpg

from api.database.engine import Database
from tests.asking import Api


async def test_a_statement_prepared_before_a_change_of_its_table_is_prepared_anew(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    database = await Database.open(database_url)
    numbered = "SELECT count(*) OVER () FROM hazard WHERE code = $1"
    typed = "SELECT label_en FROM hazard WHERE code = $1"

    before = [await database.read(sql, ["FLOOD"]) for sql in (numbered, typed)]
    await connection.execute("ALTER TABLE hazard ALTER label_en TYPE varchar(200), ADD odd integer")
    after = [await database.read(sql, ["FLOOD"]) for sql in (numbered, typed)]
    await database.close()

    assert before == after == ["1", "Flood"]


async def test_a_query_goes_on_after_a_change_of_its_tables(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    document = '{ node(id: "Hazard:FLOOD") { ... on Hazard { code label(language: EN) } } }'

    before = await api.ask(document)
    await connection.execute("ALTER TABLE hazard ALTER label_en TYPE varchar(200), ADD odd integer")
    after = await api.ask(document)

    assert before == after == {"node": {"code": "FLOOD", "label": "Flood"}}
