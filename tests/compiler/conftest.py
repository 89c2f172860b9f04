"""The sample data are made once for each worker; the tests that use them get clones of that database."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

import asyncpg
import pytest
import sqlalchemy as sa

from api.access import PUBLIC
from api.services import account
from tests.asking import Api
from tests.compiler.reader import Reader
from tests.compiler.rows import Rows
from tests.compiler.sample_data import HOMES, RepeatableBuild, SampleData
from tests.conftest import NOW, URL
from tests.isolation import WorkerDatabase, connected, copied


@dataclass(slots=True)
class Sample:
    """The sample data, all rows of their database, and the clone of it that tests use one after another.

    `reader` is the second reader, once a test has asked for it: it keeps what it has worked out.
    """

    data: SampleData
    rows: Rows
    database: WorkerDatabase
    reader: Reader | None = None


@pytest.fixture(scope="session")
async def sample(request: pytest.FixtureRequest) -> AsyncGenerator[Sample]:
    async with copied(request.config.stash[URL], "sample") as url:
        made = await make_sample(url)
        yield made
        await made.database.drop()


async def make_sample(url: str) -> Sample:
    async with connected(url) as connection:
        data = await SampleData.of(RepeatableBuild(connection, NOW))
        # The plain reader of all 7,285 would take most of the time of the tests.
        await connection.execute("DELETE FROM kecamatan WHERE kabupaten_code <> ALL ($1)", HOMES)
        return Sample(data, await Rows.read(connection), WorkerDatabase(url, f"{sa.make_url(url).database}_of"))


@pytest.fixture
def test_database(request: pytest.FixtureRequest, worker_database: WorkerDatabase) -> WorkerDatabase:
    if "sample_data" not in request.fixturenames:
        return worker_database
    sample: Sample = request.getfixturevalue("sample")
    return sample.database


@pytest.fixture
def sample_data(sample: Sample, connection: "asyncpg.Connection[asyncpg.Record]") -> SampleData:
    return replace(sample.data, build=RepeatableBuild(connection, NOW))


@pytest.fixture
async def reader(
    api: Api, connection: "asyncpg.Connection[asyncpg.Record]", sample: Sample, sample_data: SampleData
) -> Reader:
    """The second reader of the sample data."""
    if sample.reader is None:
        async with api.services.database.reading() as session:
            actors = {
                account_id: PUBLIC if account_id is None else await account.actor(session, account_id, api.now)
                for account_id in sample_data.actors.values()
            }
        sample.reader = Reader(connection, sample.rows, api.now, actors)
    sample.reader.connection = sample.reader.rules.connection = connection
    return sample.reader
