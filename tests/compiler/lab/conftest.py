from collections.abc import AsyncGenerator

import asyncpg
import pytest

from tests.compiler.lab.schema import CompilerLab


@pytest.fixture
async def lab(connection: "asyncpg.Connection[asyncpg.Record]") -> AsyncGenerator[CompilerLab]:
    """Its tables are made in a transaction that is rolled back, so that the database need not be cloned anew."""
    transaction = connection.transaction()
    await transaction.start()
    yield await CompilerLab.of(connection)
    await transaction.rollback()
