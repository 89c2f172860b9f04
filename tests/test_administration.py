"""What the operator does with accounts and keys on the command line."""

import uuid
from pathlib import Path

import pytest

from api.services.password import verify_password
from tests.builders import HOME, Build
from tests.command import environment, sigap
from tests.conftest import NOW


async def events(build: Build) -> list[tuple[str, str]]:
    rows = await build.connection.fetch("SELECT kind, actor_kind FROM event ORDER BY position")
    return [tuple(row) for row in rows]


async def session_of(build: Build, account: uuid.UUID) -> None:
    times = {"last_used_at": NOW, "expires_at": NOW.replace(year=2200)}
    await build.row("session", account_id=account, address_digest=b"x", **times)


async def test_an_account_is_closed_with_its_sessions(build: Build, database_url: str, tmp_path: Path) -> None:
    account = await build.coordinator(kabupaten_code=HOME)
    await session_of(build, account)
    login = await build.connection.fetchval("SELECT login FROM account")
    env = environment(tmp_path, DATABASE_URL=database_url)

    done, again = sigap(env, "account", "close", login), sigap(env, "account", "close", login)

    assert (done.returncode, done.stdout) == (0, "")
    assert (again.returncode, again.stderr.splitlines()[-1]) == (1, f"There is no active account '{login}'.")
    assert await build.connection.fetchval("SELECT active FROM account") is False
    assert await build.connection.fetchval("SELECT count(*) FROM session WHERE ended_at IS NULL") == 0
    assert await events(build) == [("account.closed", "OPERATOR")]


async def test_the_last_national_coordinator_is_not_closed(build: Build, database_url: str, tmp_path: Path) -> None:
    await build.coordinator()
    login = await build.connection.fetchval("SELECT login FROM account")

    done = sigap(environment(tmp_path, DATABASE_URL=database_url), "account", "close", login)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "The last national coordinator cannot be closed."
    assert await build.connection.fetchval("SELECT active FROM account") is True
    assert await events(build) == []


async def test_a_new_password_is_printed_once(build: Build, database_url: str, tmp_path: Path) -> None:
    account = await build.account_with_password(login="sinta")
    await session_of(build, account)

    done = sigap(environment(tmp_path, DATABASE_URL=database_url), "account", "password", "sinta")

    stored = await build.connection.fetchval("SELECT password_hash FROM credential")
    assert await verify_password(done.stdout.strip(), stored)
    assert await build.connection.fetchval("SELECT count(*) FROM session WHERE ended_at IS NULL") == 0
    assert await events(build) == [("account.password_reset", "OPERATOR")]


async def test_api_keys_are_listed_and_revoked(build: Build, database_url: str, tmp_path: Path) -> None:
    account = await build.account(login="sistem")
    fields = {"role_ids": [], "verbs": ["declare_incident"], "expires_at": NOW.replace(year=2200)}
    key = await build.row("api_key", account_id=account, name="Dasbor", digest=b"x", **fields)
    env = environment(tmp_path, DATABASE_URL=database_url)

    listed = sigap(env, "key", "list")
    revoked = sigap(env, "key", "revoke", str(key))
    again = sigap(env, "key", "revoke", str(key))

    assert listed.stdout == f"{key} sistem until 2200-03-01 declare_incident\n"
    assert (revoked.returncode, again.returncode) == (0, 1)
    assert sigap(env, "key", "list").stdout == ""
    assert await events(build) == [("api_key.revoked", "OPERATOR")]


@pytest.mark.parametrize("command", [["account", "password"], ["account", "close"]])
async def test_an_unknown_account_is_one_line(database_url: str, tmp_path: Path, command: list[str]) -> None:
    done = sigap(environment(tmp_path, DATABASE_URL=database_url), *command, "siapa")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1] == "There is no active account 'siapa'."
