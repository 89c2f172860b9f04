import asyncpg
import pytest

from tests.compiler.lab.schema import CompilerLab


@pytest.fixture
async def lab(connection: "asyncpg.Connection[asyncpg.Record]") -> CompilerLab:
    return await CompilerLab.of(connection)
