import os
from pathlib import Path

import asyncpg
import pytest
from joserfc.jwk import ECKey

from api.database.engine import Database
from api.keys import KeyFileError, open_vault, read_token_keys, read_vault
from tests.builders import Build

REMEDY = "put the copy of that key there (docs/operations.md, Keys)."
# Of another kind than tokens are signed with.
OTHER_KEY = ECKey.generate_key("P-256").as_pem(private=True)
FINGERPRINTS = "SELECT array_agg(fingerprint) FROM key_fingerprint"


async def opened(url: str, data: Path) -> bytes:
    """The fingerprint of the vault's key."""
    database = await Database.open(url)
    try:
        return (await open_vault(data, database)).fingerprint
    finally:
        await database.close()


async def refusal(url: str, data: Path) -> str:
    with pytest.raises(KeyFileError) as refused:
        await opened(url, data)
    return str(refused.value)


async def test_the_first_start_stores_the_fingerprint_and_later_ones_compare(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    first, second = await opened(database_url, tmp_path), await opened(database_url, tmp_path)

    assert first == second == read_vault(tmp_path).fingerprint
    assert await connection.fetchval(FINGERPRINTS) == [first]


async def test_another_key_is_refused(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    first = await opened(database_url, tmp_path / "first")
    read_vault(tmp_path / "other")

    assert await refusal(database_url, tmp_path / "other") == (
        f"{tmp_path}/other/vault.key is not the key that this database was used with: {REMEDY}"
    )
    assert await connection.fetchval(FINGERPRINTS) == [first]


async def test_a_missing_key_is_refused_and_not_created(database_url: str, tmp_path: Path) -> None:
    await opened(database_url, tmp_path)
    (tmp_path / "vault.key").unlink()

    assert await refusal(database_url, tmp_path) == (
        f"{tmp_path}/vault.key is missing, and this database was used with it: {REMEDY}"
    )
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # In an async test.


async def test_a_database_of_an_earlier_version_accepts_the_key_that_decrypts_it(
    database_url: str, build: Build, tmp_path: Path
) -> None:
    vault = read_vault(tmp_path / "right")
    read_vault(tmp_path / "wrong")
    await build.person(nik_cipher=vault.encrypt("6202010101900001"), nik_index=vault.blind_index("6202010101900001"))

    missing = await refusal(database_url, tmp_path / "missing")
    wrong = await refusal(database_url, tmp_path / "wrong")
    before = await build.connection.fetchval(FINGERPRINTS)
    right = await opened(database_url, tmp_path / "right")

    assert missing == f"{tmp_path}/missing/vault.key is missing, and this database was used with it: {REMEDY}"
    assert wrong == f"{tmp_path}/wrong/vault.key is not the key that this database was used with: {REMEDY}"
    assert (before, await build.connection.fetchval(FINGERPRINTS)) == (None, [right])


@pytest.mark.parametrize("content", [b"", b"short", b"k" * 65])
async def test_a_key_of_the_wrong_length_is_refused(database_url: str, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vault.key").write_bytes(content)

    assert await refusal(database_url, tmp_path) == (
        f"{tmp_path}/vault.key must have 64 bytes, and has {len(content)}: put its copy there."
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\n", OTHER_KEY],
    ids=["empty", "text", "pem", "another kind"],
)
def test_a_broken_token_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token-key.pem").write_bytes(content)

    with pytest.raises(KeyFileError) as refused:
        read_token_keys(tmp_path)

    assert str(refused.value) == (
        f"{tmp_path}/token-key.pem has no private Ed25519 key: put its copy there, or remove it to invalidate all tokens."
    )
    assert (tmp_path / "token-key.pem").read_bytes() == content


def test_a_key_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vault.key").mkdir()

    with pytest.raises(KeyFileError) as refused:
        read_vault(tmp_path)

    assert str(refused.value) == f"{tmp_path}/vault.key cannot be read or created: Is a directory."
