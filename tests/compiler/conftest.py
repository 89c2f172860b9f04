import asyncpg
import pytest

from api.access import PUBLIC
from api.services import account
from tests.asking import Api
from tests.compiler.reader import Reader
from tests.compiler.rows import Rows
from tests.compiler.sample_data import RepeatableBuild, SampleData


@pytest.fixture
async def sample_data(api: Api, connection: "asyncpg.Connection[asyncpg.Record]") -> SampleData:
    return await SampleData.of(RepeatableBuild(connection, api.now))


@pytest.fixture
async def reader(api: Api, connection: "asyncpg.Connection[asyncpg.Record]", sample_data: SampleData) -> Reader:
    """The second reader of the sample data."""
    async with api.services.database.reading() as session:
        actors = {
            account_id: PUBLIC if account_id is None else await account.actor(session, account_id, api.now)
            for account_id in sample_data.actors.values()
        }
    return Reader(connection, await Rows.read(connection), api.now, actors)
