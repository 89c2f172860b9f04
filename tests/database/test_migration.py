import asyncio
import json
import shutil
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from threading import Thread

import alembic.command
import pytest
import sqlalchemy as sa

from api.database import migration
from api.database.migration import SchemaError
from tests.builders import Build
from tests.isolation import command, connected, with_database
from tests.waiting import LOCK_WAITS, wait_until

CONCURRENT = '''"""An index that is built without blocking writes."""

from alembic import op

revision = "9001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE built (id integer)")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_built ON built (id)")


def downgrade() -> None:
    op.execute("DROP TABLE built")
'''
FAILING = '''"""Fails halfway."""

from alembic import op

revision = "9002"
down_revision = "9001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE unfinished (id integer)")
    op.execute("SELECT 1 / 0")


def downgrade() -> None:
    op.execute("DROP TABLE unfinished")
'''
# Both wait for who has a lock on the table `built`.
SLOW = {
    "a transaction": """
    op.execute("CREATE TABLE half (id integer)")
    op.execute("LOCK TABLE built IN SHARE MODE")
    op.execute("ALTER TABLE half ADD whole integer")""",
    "an index, concurrently": """
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_again")
        op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_again ON built (id)")""",
}
# What is there of them: the columns of the table, whether the index is valid.
DONE = {
    "a transaction": "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('half') AND attnum > 0",
    "an index, concurrently": "SELECT count(*) * 2 FROM pg_index WHERE indexrelid = to_regclass('ix_again') AND indisvalid",
}
STARTER = """
import asyncio, pathlib, sys
from api.database import migration
migration.SCRIPTS = pathlib.Path(sys.argv[1])
asyncio.run(migration.upgrade(sys.argv[2]))
"""
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
POLLS = f"SELECT count(*) {OTHERS} AND query = 'ROLLBACK'"
SNAPSHOTS = f"SELECT count(*) {OTHERS} AND backend_xmin IS NOT NULL"


@pytest.fixture
async def empty_url(database_url: str) -> AsyncGenerator[str]:
    """The address of an empty database."""
    url = with_database(database_url, "sigap_empty_" + str(id(database_url)))
    name = url.rpartition("/")[2].partition("?")[0]
    await command(database_url, f"CREATE DATABASE {name}")
    yield url
    await command(database_url, f"DROP DATABASE {name}")


async def undo_to(url: str, revision: str) -> None:
    await migration.run(url, lambda connection: alembic.command.downgrade(migration.config(connection), revision))


async def test_duties_are_read_while_their_letters_are_filled_in(database_url: str, build: Build) -> None:
    """Also where somebody holds a duty, for which the migration waits; what an acceptance has kept stays."""
    need = await build.need(wanted=3)
    incident = await build.connection.fetchval("SELECT incident_id FROM need WHERE id = $1", need)
    duties = [await build.assignment(need, await build.volunteer(), status="ACCEPTED") for _ in range(3)]
    nation = await build.connection.fetchval("SELECT id FROM emergency_status WHERE incident_id = $1", incident)
    own = await build.emergency_status(incident, decree_number="SK-1")
    kept = "UPDATE assignment SET emergency_status_id = $2, decree_number = 'SK-0' WHERE id = $1"
    await build.connection.execute(kept, duties[0], nation)
    await undo_to(database_url, "0073")

    async with connected(database_url) as holder, holder.transaction():
        await holder.execute("SELECT FROM assignment WHERE id = $1 FOR UPDATE", duties[1])
        filling = asyncio.create_task(migration.upgrade(database_url))
        await wait_until(holder, LOCK_WAITS, 1)
        await build.connection.execute("SET lock_timeout = '1ms'")
        seen = await build.connection.fetchval("SELECT count(*) FROM assignment")
        await build.connection.execute("RESET lock_timeout")
    upgraded = await filling

    letters = "SELECT id, emergency_status_id, decree_number FROM assignment"
    assert (seen, upgraded) == (3, True)
    assert {row["id"]: tuple(row)[1:] for row in await build.connection.fetch(letters)} == {
        duties[0]: (nation, "SK-0"),
        duties[1]: (own, "SK-1"),
        duties[2]: (own, "SK-1"),
    }


async def test_the_roles_of_organizations_that_were_closed_before_end(database_url: str, build: Build) -> None:
    closed, other = await build.organization(verification="CLOSED"), await build.organization()
    account, camps = await build.account(), [await build.camp(each) for each in (closed, other)]
    ended, stays = [
        [
            await build.row("role", account_id=account, kind="MANAGER", organization_id=organization),
            await build.row("role", account_id=account, kind="CAMP_STAFF", camp_id=camp),
        ]
        for organization, camp in zip((closed, other), camps, strict=True)
    ]
    await undo_to(database_url, "0078")

    await migration.upgrade(database_url)

    roles = await build.connection.fetch("SELECT id, version FROM role WHERE ended_at IS NOT NULL")
    assert {tuple(row) for row in roles} == {(each, 2) for each in ended}
    events = await build.connection.fetch(
        """SELECT subject_key, actor_kind, event.organization_id, change FROM event
        JOIN role ON role.id::text = subject_key AND ended_at = at WHERE event.kind = 'role.revoked' AND subject_type = 'Role'"""
    )
    own = {"account_id": str(account), "kind": "MANAGER", "organization_id": str(closed)}
    of_camp = {"account_id": str(account), "kind": "CAMP_STAFF", "camp_id": str(camps[0])}
    assert {row["subject_key"]: (*tuple(row)[1:3], json.loads(row["change"])) for row in events} == {
        str(ended[0]): ("OPERATOR", closed, own),
        str(ended[1]): ("OPERATOR", None, of_camp),
    }
    assert await build.connection.fetchval("SELECT count(*) FROM role WHERE id = any($1)", stays) == 2


INDEX = "SELECT indexdef FROM pg_indexes WHERE indexname LIKE 'uq_served_hours_counted%'"


@pytest.mark.parametrize("broken_off", ["before the build", "before the old one goes", "before the new one is renamed"])
async def test_an_index_is_replaced_from_wherever_that_was_broken_off(database_url: str, broken_off: str) -> None:
    async with connected(database_url) as connection:
        replaced = await connection.fetchval(INDEX)
        new = replaced.replace("uq_served_hours_counted", "uq_served_hours_counted_new")
        await undo_to(database_url, "0071")
        old = await connection.fetchval(INDEX)
        if broken_off != "before the build":
            await connection.execute(new)
        if broken_off == "before the new one is renamed":
            await connection.execute("DROP INDEX uq_served_hours_counted")

        await migration.upgrade(database_url)

        assert [row["indexdef"] for row in await connection.fetch(INDEX)] == [replaced]
        assert old != replaced


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Migrations of their own: one that builds an index concurrently."""
    (tmp_path / "versions").mkdir()
    shutil.copy(migration.SCRIPTS / "env.py", tmp_path)
    (tmp_path / "versions" / "9001_concurrent.py").write_text(CONCURRENT)
    monkeypatch.setattr(migration, "SCRIPTS", tmp_path)
    return tmp_path


async def revision(url: str) -> object:
    async with connected(url) as connection:
        return await connection.fetchval("SELECT string_agg(version_num, ' ') FROM alembic_version")


async def test_of_many_starters_one_migrates_also_concurrent_indexes(empty_url: str, scripts: Path) -> None:
    upgraded = await asyncio.gather(*(migration.upgrade(empty_url) for _ in range(5)))

    async with connected(empty_url) as connection:
        index = await connection.fetchval("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_built'::regclass")
    assert sorted(upgraded) == [False, False, False, False, True]
    assert (await revision(empty_url), index) == ("9001", True)


async def test_a_failing_migration_is_rolled_back_and_those_before_it_stay(empty_url: str, scripts: Path) -> None:
    (scripts / "versions" / "9002_failing.py").write_text(FAILING)

    with pytest.raises(Exception, match="division by zero"):
        await migration.upgrade(empty_url)

    async with connected(empty_url) as connection:
        found = await connection.fetchrow("SELECT to_regclass('built') IS NULL, to_regclass('unfinished') IS NULL")
    assert (await revision(empty_url), tuple(found or ())) == ("9001", (False, True))


@pytest.mark.parametrize("what", SLOW)
async def test_a_killed_starter_leaves_all_or_nothing_and_the_next_one_goes_on(
    empty_url: str, scripts: Path, what: str
) -> None:
    await migration.upgrade(empty_url)
    slow = FAILING.partition("def upgrade")[0] + f"def upgrade() -> None:{SLOW[what]}\n"
    (scripts / "versions" / "9002_slow.py").write_text(slow)

    async with connected(empty_url) as watcher:
        async with connected(empty_url) as holder, holder.transaction():
            await holder.execute("INSERT INTO built VALUES (1)")
            starter = await asyncio.create_subprocess_exec(sys.executable, "-c", STARTER, str(scripts), empty_url)
            await wait_until(watcher, LOCK_WAITS, 1)
            starter.kill()
            await starter.wait()
        await wait_until(watcher, f"SELECT count(*) {OTHERS}", 0)
        left = await revision(empty_url), await watcher.fetchval(DONE[what])
        upgraded = await migration.upgrade(empty_url)
        done = await revision(empty_url), await watcher.fetchval(DONE[what])

    # An index that was built at last, without the starter, is valid, and is built again.
    assert left in {("9001", 0), ("9001", 2)} if "index" in what else left == ("9001", 0)
    assert (upgraded, done) == (True, ("9002", 2))


async def test_neither_who_has_the_lock_nor_who_waits_for_it_has_a_snapshot(empty_url: str, scripts: Path) -> None:
    async with connected(empty_url) as other:
        async with migration.locked(empty_url):
            waiting = asyncio.create_task(migration.upgrade(empty_url))
            await wait_until(other, POLLS, 1)
            await wait_until(other, SNAPSHOTS, 0)
            is_waiting = not waiting.done()
        upgraded = await waiting

    assert (is_waiting, upgraded) == (True, True)


@pytest.mark.parametrize("unknown", ["0068", "9001", "abc123"])
async def test_a_revision_that_this_version_does_not_know_is_refused(database_url: str, unknown: str) -> None:
    await command(database_url, f"UPDATE alembic_version SET version_num = '{unknown}'")

    for refused in (migration.upgrade, migration.check):
        with pytest.raises(SchemaError) as error:
            await refused(database_url)
        assert str(error.value) == (
            f"The database is at revision {unknown}, which this version of Sigap does not know; its own is"
            f" {migration.head()}. Install the version that migrated the database, or restore a backup; a database from"
            " before the first release has to be made anew."
        )

    assert await revision(database_url) == unknown
    await command(database_url, f"UPDATE alembic_version SET version_num = '{migration.head()}'")


async def test_several_revisions_are_refused_in_one_line(empty_url: str, scripts: Path) -> None:
    await migration.upgrade(empty_url)
    (scripts / "versions" / "9002_failing.py").write_text(FAILING)
    await command(empty_url, "INSERT INTO alembic_version VALUES ('9002')")

    for refused in (migration.upgrade, migration.check):
        with pytest.raises(SchemaError) as error:
            await refused(empty_url)
        assert str(error.value) == (
            "The database is at several revisions, 9001, 9002: only the last one may stand in its table alembic_version."
        )


async def test_tables_without_a_revision_are_refused_in_one_line(database_url: str) -> None:
    await command(database_url, "DELETE FROM alembic_version")

    for refused in (migration.upgrade, migration.check):
        with pytest.raises(SchemaError) as error:
            await refused(database_url)
        assert str(error.value) == (
            "The database has the tables of Sigap, and none of its revisions in the table alembic_version:"
            " put the one there that it had, or restore a backup."
        )

    await command(database_url, f"INSERT INTO alembic_version VALUES ('{migration.head()}')")


@pytest.mark.parametrize("statements", range(1, 6))
async def test_who_looks_while_another_one_migrates_is_not_refused(empty_url: str, statements: int) -> None:
    """The tables and their revision are committed after so many statements of the look."""
    executed: list[str] = []
    made = (
        f"CREATE TABLE {migration.A_TABLE} (); CREATE TABLE alembic_version (version_num varchar(32) NOT NULL);"
        f" INSERT INTO alembic_version VALUES ('{migration.head()}')"
    )

    def look(connection: sa.Connection) -> bool:
        def commit_meanwhile(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            executed.append(statement)
            if len(executed) == statements:
                other = Thread(target=lambda: asyncio.run(command(empty_url, made)))
                other.start()
                other.join()

        sa.event.listen(connection, "after_cursor_execute", commit_meanwhile)
        return migration.is_current(connection)

    is_current = await migration.run(empty_url, look)
    if len(executed) < statements:
        await command(empty_url, made)

    assert is_current == (statements == 1)
    await migration.check(empty_url)


async def test_a_schema_behind_is_refused_where_nothing_is_to_be_migrated(empty_url: str) -> None:
    with pytest.raises(SchemaError, match=r"^The database is not migrated to this version. Run: sigap migrate$"):
        await migration.check(empty_url)
    await migration.upgrade(empty_url)

    await migration.check(empty_url)
