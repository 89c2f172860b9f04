from collections.abc import AsyncGenerator

import asyncpg
import pytest

from tests.compiler.lab.schema import CompilerLab


@pytest.fixture
async def lab(connection: "asyncpg.Connection[asyncpg.Record]") -> AsyncGenerator[CompilerLab]:
    """The tables and rows of the lab, in a transaction: a database whose schema had changed would be cloned anew."""
    transaction = connection.transaction()
    await transaction.start()
    yield await CompilerLab.of(connection)
    await transaction.rollback()
