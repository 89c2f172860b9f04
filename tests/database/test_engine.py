import asyncio
from functools import partial
from typing import Any

import asyncpg
import pytest

from api.database.engine import Database, Unstorable
from api.database.reader import Readers
from tests.asking import Api
from tests.waiting import wait_until


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


# The connections that read.

PID = "SELECT pg_backend_pid()"


async def test_the_connection_used_last_is_lent_first_and_outlives_a_refused_statement(database_url: str) -> None:
    database = await Database.open(database_url)

    pids = [await database.read(PID, ())]
    with pytest.raises(asyncpg.UndefinedTableError):
        await database.read("SELECT * FROM nothing", ())
    with pytest.raises(Unstorable):
        await database.read("SELECT $1::integer", ["one"])
    pids.append(await database.read(PID, ()))
    both = await asyncio.gather(*(database.read("SELECT pg_backend_pid() FROM pg_sleep(0.2)", ()) for _ in range(2)))
    await database.close()

    assert pids[0] == pids[1]
    assert pids[0] in both
    assert len(set(both)) == 2


async def test_a_read_that_is_given_up_is_ended_with_its_connection(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    database = await Database.open(database_url)
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND pid = "
    pid = int(await database.read(PID, ()))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await database.read("SELECT pg_sleep(60)", ())
    other = int(await database.read(PID, ()))
    await wait_until(connection, f"{asleep}{pid}", 0)
    await database.close()

    assert other != pid


async def test_who_waits_too_long_for_a_connection_is_told_so(database_url: str) -> None:
    readers = Readers(partial(asyncpg.connect, database_url), most=1, seconds=0.05)

    first = await readers.take()
    with pytest.raises(TimeoutError):
        await readers.take()
    readers.give(first)
    second = await readers.take()
    readers.give(second)
    await readers.close()

    assert first is second


async def test_a_connection_that_cannot_be_made_holds_nobody_up() -> None:
    async def connect() -> Any:
        raise OSError("Nobody there.")

    readers = Readers(connect, most=1, seconds=20)

    for _ in range(3):
        with pytest.raises(OSError, match="Nobody there"):
            await readers.take()
