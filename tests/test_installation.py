"""What is done before the server listens, and by hand: rights, keys, purge, accounts."""

import asyncio
import os
import uuid
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa
import typer

from api import installation
from api.cli import MODULES
from api.cli.command import command as root
from api.database import migration, requirement
from api.database.requirement import RequirementError
from api.models import METADATA
from api.models.account import RoleKind
from api.services.account import AccountError
from tests.builders import Build
from tests.command import Environment, environment, sigap
from tests.isolation import command, connected, with_database
from tests.test_cli import ask, free_port, serving

# Of its own for each worker, as roles belong to the server.
ROLE = f"sigap_serving_{os.getpid()}"
GRANT = f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}"


def as_superuser(url: str) -> str:
    return sa.make_url(url).set(username="postgres").render_as_string()


@pytest.fixture
async def other_url(database_url: str) -> AsyncGenerator[str]:
    """The address of the test's database for a role without rights."""
    await command(as_superuser(database_url), f"CREATE ROLE {ROLE} LOGIN")
    yield sa.make_url(database_url).set(username=ROLE).render_as_string()
    await command(as_superuser(database_url), f"DROP OWNED BY {ROLE}", f"DROP ROLE {ROLE}")


async def lines(url: str) -> list[str]:
    with pytest.raises(RequirementError) as refused:
        await installation.check(url)
    return str(refused.value).splitlines()


async def test_a_role_without_rights_is_told_which_it_needs(database_url: str, other_url: str) -> None:
    tables = ", ".join(sorted(METADATA.tables))
    none = await lines(other_url)
    await command(database_url, GRANT, f"REVOKE UPDATE, DELETE ON volunteer, need FROM {ROLE}")
    few = await lines(other_url)

    assert none == [
        f"The role {ROLE} has not the rights DELETE, INSERT, SELECT, UPDATE on the tables {tables}: {GRANT}"
    ]
    assert few == [f"The role {ROLE} has not the rights DELETE, UPDATE on the tables need, volunteer: {GRANT}"]


async def test_a_role_without_the_schema_is_told_so(database_url: str, other_url: str) -> None:
    await command(as_superuser(database_url), "REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    found = await lines(other_url)
    await command(as_superuser(database_url), "GRANT USAGE ON SCHEMA public TO PUBLIC")

    assert found == [
        f"The role {ROLE} has not the right USAGE on the schema public: GRANT USAGE ON SCHEMA public TO {ROLE}"
    ]


async def test_who_may_not_migrate_is_told_why(database_url: str, other_url: str) -> None:
    await command(database_url, GRANT, "UPDATE alembic_version SET version_num = '0069'")
    with pytest.raises(RequirementError) as refused:
        await migration.upgrade(other_url)
    await command(database_url, f"UPDATE alembic_version SET version_num = '{migration.head()}'")

    assert str(refused.value).splitlines() == [
        f"The role {ROLE} has not the right CREATE on the schema public: GRANT CREATE ON SCHEMA public TO {ROLE}",
        f"The tables belong to the role sigap, and only it can migrate them, not {ROLE}.",
    ]


async def test_extensions_that_cannot_be_created_are_named(database_url: str, other_url: str) -> None:
    empty = with_database(other_url, "sigap_extensions")
    await command(database_url, "CREATE DATABASE sigap_extensions")
    with pytest.raises(RequirementError) as refused:
        await migration.upgrade(empty)
    await command(database_url, "DROP DATABASE sigap_extensions")

    assert str(refused.value).splitlines()[0] == (
        f"The role {ROLE} may not create the extensions btree_gist, cube, pg_trgm:"
        f" GRANT CREATE ON DATABASE sigap_extensions TO {ROLE}"
    )


async def test_an_old_server_another_encoding_and_a_missing_extension_are_named(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await command(
        database_url,
        "CREATE DATABASE sigap_ascii ENCODING SQL_ASCII LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0",
    )
    monkeypatch.setattr(requirement, "OLDEST_VERSION", 99)
    monkeypatch.setattr(requirement, "EXTENSIONS", ("cube", "of_nobody"))
    async with connected(with_database(database_url, "sigap_ascii")) as connection:
        version = await connection.fetchval("SHOW server_version")
        with pytest.raises(RequirementError) as refused:
            await requirement.check_for_migration(connection)
    await command(database_url, "DROP DATABASE sigap_ascii")

    assert str(refused.value).splitlines() == [
        f"PostgreSQL 99 or newer is needed, and this is {version}.",
        "The database must have the encoding UTF8, and has SQL_ASCII: create it with ENCODING 'UTF8' TEMPLATE template0.",
        "The server does not offer the extension of_nobody: install PostgreSQL's contrib modules, or allow it.",
    ]


# Served by the command.


@pytest.fixture
def env(other_url: str, tmp_path: Path) -> Environment:
    return environment(tmp_path, DATABASE_URL=other_url, SIGAP_PORT=str(free_port()))


@pytest.mark.parametrize("option", [[], ["--no-migrate"]])
async def test_a_role_without_ddl_serves_what_another_has_migrated(
    database_url: str, env: Environment, option: list[str]
) -> None:
    await command(database_url, GRANT)

    def served() -> object:
        with serving(env, *option):
            return ask(env, "{ hazards(first: 0) { totalCount } }")

    assert await asyncio.to_thread(served) == {"data": {"hazards": {"totalCount": 28}}}


async def test_serving_without_migrating_needs_a_migrated_database(database_url: str, env: Environment) -> None:
    await command(database_url, GRANT, "UPDATE alembic_version SET version_num = '0069'")
    done = await asyncio.to_thread(sigap, env, "serve", "--no-migrate")
    await command(database_url, f"UPDATE alembic_version SET version_num = '{migration.head()}'")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "The database is not migrated to this version. Run: sigap migrate\n"


# Every command that uses the database, except those that migrate it; of each what it needs at least.
USERS = (
    ("account", "close", "sinta"),
    ("account", "password", "sinta"),
    ("key", "list"),
    ("key", "revoke", str(uuid.UUID(int=1))),
    ("messages",),
    ("messages", "--resend", str(uuid.UUID(int=1))),
    ("purge",),
    ("explain", "-"),
    ("import", "members", __file__, "--organization", f"Organization:{uuid.UUID(int=1)}", "--as", "sinta"),
)
MIGRATING = {("account", "add"), ("demo",), ("migrate",), ("serve",), ("token",), ("work",)}
WITHOUT_DATABASE = {("keys", "list"), ("keys", "rotate"), ("schema",)}


def commands(group: typer.Typer, *path: str) -> Iterator[tuple[str, ...]]:
    for each in group.registered_commands:
        assert each.callback is not None
        yield (*path, each.name or each.callback.__name__)
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from commands(inner.typer_instance, *path, str(inner.name or inner.typer_instance.info.name))


def test_every_command_migrates_or_checks_the_schema_or_needs_no_database() -> None:
    assert MODULES, "their import adds the commands"
    found = set(commands(root))
    checking = found - MIGRATING - WITHOUT_DATABASE

    assert checking == {path for path in found for user in USERS if user[: len(path)] == path}
    assert found >= MIGRATING | WITHOUT_DATABASE


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ("0069", "The database is not migrated to this version. Run: sigap migrate"),
        ("9999", "The database is at revision 9999, which this version of Sigap does not know; "),
    ],
)
async def test_every_command_refuses_a_schema_of_another_version(
    database_url: str, tmp_path: Path, version: str, line: str
) -> None:
    env = environment(tmp_path, DATABASE_URL=database_url)
    await command(database_url, f"UPDATE alembic_version SET version_num = '{version}'")

    found = {user: await asyncio.to_thread(sigap, env, *user, text="{ __typename }") for user in USERS}

    await command(database_url, f"UPDATE alembic_version SET version_num = '{migration.head()}'")
    for user, done in found.items():
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), user
        assert done.stderr.startswith(line), user


async def test_another_key_stops_the_start_before_anything_is_promised(
    database_url: str, env: Environment, tmp_path: Path
) -> None:
    await command(database_url, GRANT, "INSERT INTO key_fingerprint VALUES ('vault.key', 'x')")

    done = await asyncio.to_thread(sigap, env, "serve", "--no-migrate")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"{tmp_path}/vault.key is missing, and this database was used with it:"
        " put the copy of that key there (docs/operations.md, Keys).\n"
    )


# Old outcomes.


async def test_outcomes_older_than_thirty_days_are_purged(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    await connection.execute(
        "INSERT INTO idempotency (key, mutation, body_digest, created_at) SELECT days::text, 'x', '', now() - make_interval(0, 0, 0, days)"
        " FROM unnest(ARRAY[0, 29, 31, 400]) AS days"
    )

    done = await asyncio.to_thread(sigap, environment(tmp_path, DATABASE_URL=database_url), "purge")

    left = await connection.fetchval("SELECT array_agg(key ORDER BY key) FROM idempotency")
    assert (done.returncode, done.stdout, left) == (0, "2 old outcomes have been deleted.\n", ["0", "29"])


# Accounts.


@pytest.mark.parametrize(
    ("role", "scope", "columns"),
    [
        ("coordinator", "nation", (None, None)),
        ("COORDINATOR", "62", ("62", None)),
        ("coordinator", "Kabupaten:62.02", (None, "62.02")),
        ("auditor", "62.02", (None, "62.02")),
    ],
)
async def test_an_account_is_added_with_a_role_and_an_event(
    database_url: str,
    connection: "asyncpg.Connection[asyncpg.Record]",
    tmp_path: Path,
    role: str,
    scope: str,
    columns: tuple[str | None, str | None],
) -> None:
    env = environment(tmp_path, DATABASE_URL=database_url)
    added = await asyncio.to_thread(sigap, env, "account", "add", "sinta", "--role", role, "--scope", scope)
    again = await asyncio.to_thread(sigap, env, "account", "add", "sinta", "--role", role, "--scope", scope)
    token = await asyncio.to_thread(sigap, env, "token", "sinta")

    row = await connection.fetchrow(
        "SELECT login, name, kind, province_code, kabupaten_code FROM account JOIN role ON account_id = account.id"
    )
    event = await connection.fetchrow("SELECT kind, actor_kind, subject_type, change ->> 'scope' FROM event")
    assert (added.returncode, added.stdout) == (
        0,
        "The account sinta has been added; `sigap token sinta` prints a token for it.\n",
    )
    assert tuple(row or ()) == ("sinta", "sinta", role.upper(), *columns)
    assert tuple(event or ()) == ("account.added", "OPERATOR", "Account", scope)
    assert (again.returncode, again.stderr.splitlines()[-1]) == (1, "There is already an account 'sinta'.")
    assert (token.returncode, token.stdout.count(".")) == (0, 2)


SCOPE_OF_AUDITOR = "The scope of auditor is nation, or the code of a province or a kabupaten"


@pytest.mark.parametrize(
    ("login", "role", "scope", "line"),
    [
        (
            "sinta dewi",
            "coordinator",
            "nation",
            "A login has letters, digits, dots, dashes and underscores only, at most 100.",
        ),
        (
            "sinta",
            "coordinator",
            "99",
            "The scope of coordinator is nation, or the code of a province or a kabupaten; there is none '99'.",
        ),
        (
            "sinta",
            "manager",
            "nation",
            "The scope of manager is the id of an organization that is not closed; there is none 'nation'.",
        ),
        *(
            ("sinta", "auditor", scope, f"{SCOPE_OF_AUDITOR}; there is none '{scope}'.")
            for scope in ("Kabupaten:62", "Province:62.02", "Organization:62", "some:nation", "NATION")
        ),
    ],
)
async def test_a_wrong_account_is_refused_and_nothing_is_added(
    database_url: str,
    connection: "asyncpg.Connection[asyncpg.Record]",
    tmp_path: Path,
    login: str,
    role: str,
    scope: str,
    line: str,
) -> None:
    env = environment(tmp_path, DATABASE_URL=database_url)
    done = await asyncio.to_thread(sigap, env, "account", "add", login, "--role", role, "--scope", scope)

    assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (1, "", line)
    assert await connection.fetchval("SELECT (SELECT count(*) FROM account) + (SELECT count(*) FROM event)") == 0


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (" \t ", "The name cannot be read: There is nothing to see; write something."),
        (
            "Sin\x01ta",
            "The name cannot be read: The text contains an invisible control character; type it again instead of pasting it.",
        ),
        ("x" * 101, "The name cannot be read: Write at least 1 and at most 100 characters."),
    ],
)
async def test_the_name_of_an_account_is_a_line_that_can_be_read(database_url: str, name: str, line: str) -> None:
    with pytest.raises(AccountError) as refused:
        await installation.add_account(
            database_url, login="sinta", name=name, kind=RoleKind.AUDITOR, scope="nation", pooler=None
        )

    assert str(refused.value) == line


async def test_a_retired_code_is_no_scope(database_url: str, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.execute("UPDATE kabupaten SET retired_on = '2020-01-01' WHERE code = '62.03'")

    with pytest.raises(AccountError) as refused:
        await installation.add_account(
            database_url, login="sinta", name="Sinta", kind=RoleKind.AUDITOR, scope="62.03", pooler=None
        )

    assert str(refused.value) == f"{SCOPE_OF_AUDITOR}; there is none '62.03'."
    assert await connection.fetchval("SELECT count(*) FROM account") == 0


async def test_a_closed_organization_is_no_scope(database_url: str, build: Build) -> None:
    organization = await build.organization(verification="CLOSED")

    with pytest.raises(AccountError) as refused:
        await installation.add_account(
            database_url, login="sinta", name="Sinta", kind=RoleKind.MANAGER, scope=str(organization), pooler=None
        )

    wanted = "The scope of manager is the id of an organization that is not closed"
    assert str(refused.value) == f"{wanted}; there is none '{organization}'."
    assert await build.connection.fetchval("SELECT count(*) FROM account") == 0
