"""A database as large as the nation's: every row of the sample data many times, each time another thing elsewhere."""

import asyncio
from collections.abc import Mapping, Sequence

import asyncpg
import sqlalchemy as sa

from api.models import METADATA
from tests.isolation import connected

# In every table that has sample data, reference data apart.
ROWS = 100_000

# In each copy, each kabupaten is another one, and a kecamatan or province that of the other one.
PLACES = """
CREATE TABLE place AS SELECT code, row_number() OVER (ORDER BY code) - 1 AS rank, count(*) OVER () AS count FROM kabupaten;
CREATE UNIQUE INDEX ON place (code);
CREATE UNIQUE INDEX ON place (rank);
CREATE FUNCTION elsewhere(text, integer) RETURNS text STABLE LANGUAGE sql AS $$
  SELECT left(there.code, length($1)) || substr($1, 6) FROM place AS there
  WHERE there.rank = (SELECT (rank + $2) % count FROM place WHERE code = rpad(left($1, 5), 5, '.01')) $$"""
PLACE_TABLES = {"province", "kabupaten", "kecamatan"}

# Triggers and foreign keys have nothing to say of copies, which are as good as their originals.
SETTINGS = "SET session_replication_role = replica; SET jit = off; SET work_mem = '64MB'"

PAIR = "md5(one_id::text || copy)::uuid, md5(other_id::text || copy)::uuid"
SPECIAL = {
    ("suspected_pair", "one_id"): f"least({PAIR})",
    ("suspected_pair", "other_id"): f"greatest({PAIR})",
    ("event", "subject_key"): "md5(subject_key || copy)::uuid::text",
    ("account", "login"): "login || '-' || copy",
    ("scan_code", "code"): "code || '-' || copy",
    ("certificate", "code"): "code || '-' || copy",
}
BY_TYPE: Mapping[type, str] = {
    sa.Uuid: "md5({}::text || copy)::uuid",
    sa.Text: "{} || '-' || copy",
    sa.LargeBinary: "sha256({} || copy::text::bytea)",
    sa.DateTime: "{} - copy * interval '1 minute'",
    sa.Date: "{} - copy % 1000",
}
# A kecamatan has one volunteer of the ministry at a time, and there are fewer than copies.
ON_CONFLICT = {"membership": "ON CONFLICT DO NOTHING"}


async def fill(url: str) -> set[str]:
    """Fills the tables of a database that has the sample data; returns their names."""
    superuser = sa.make_url(url).set(username="postgres").render_as_string()
    async with connected(superuser) as one, connected(superuser) as other:
        await one.execute(PLACES)
        filled = [table for table in METADATA.sorted_tables if await has_sample(one, table)]
        await asyncio.gather(copy_all(one, filled[::2]), copy_all(other, filled[1::2]))
    return {table.name for table in filled}


async def has_sample(connection: "asyncpg.Connection[asyncpg.Record]", table: sa.Table) -> bool:
    """Whether it has rows that are made, not reference data, whose keys are codes."""
    is_made = any(isinstance(key.type, sa.Uuid) or key.identity is not None for key in table.primary_key.columns)
    return is_made and bool(await connection.fetchval(f'SELECT EXISTS (SELECT FROM "{table.name}")'))


async def copy_all(connection: "asyncpg.Connection[asyncpg.Record]", tables: Sequence[sa.Table]) -> None:
    await connection.execute(SETTINGS)
    for table in tables:
        name, columns = f'"{table.name}"', [each for each in table.c if each.computed is None and each.identity is None]
        count = await connection.fetchval(f"SELECT count(*) FROM {name}")
        # Some more, as some conflict.
        copies = ROWS * 21 // 20 // count + 1
        await connection.execute(
            f"""INSERT INTO {name} ({", ".join(f'"{column.name}"' for column in columns)})
            SELECT {", ".join(map(copied, columns))} FROM {name}, generate_series(1, {copies}) AS copy
            {ON_CONFLICT.get(table.name, "")}"""
        )
        await connection.execute(f"ANALYZE {name}")


def copied(column: "sa.Column[object]") -> str:
    """The column of a copy: keys and texts are other ones, times are earlier, what was chosen and counted is the same."""
    leads_to = {key.column.table.name for key in column.foreign_keys}
    if (column.table.name, column.name) in SPECIAL:
        return SPECIAL[column.table.name, column.name]
    if column.name.endswith("phone"):
        return f"overlay({column.name} placing lpad(copy::text, 6, '0') from 6)"
    if leads_to & PLACE_TABLES:
        return f"elsewhere({column.name}, copy)"
    is_code = bool(leads_to) and not isinstance(column.type, sa.Uuid)
    value = "{}" if is_code else BY_TYPE.get(type(column.type), "{}")
    return value.format(f'"{column.name}"')
