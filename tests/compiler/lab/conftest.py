import asyncpg
import pytest

from tests.compiler.lab.museum import Museum


@pytest.fixture
async def museum(connection: "asyncpg.Connection[asyncpg.Record]") -> Museum:
    return await Museum.of(connection)
