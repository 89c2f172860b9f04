import errno
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from joserfc.jwk import ECKey

from api.database.engine import Database
from api.keys import KeyFileError, exposed, open_vault, read_token_keys, read_vault, rotate_token_keys
from tests.builders import Build
from tests.command import environment
from tests.conftest import NOW

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


@pytest.mark.parametrize(
    ("name", "make", "line"),
    [
        ("vault.key", Path.mkdir, "{} cannot be read or created: Is a directory."),
        ("vault.key", os.mkfifo, "{} is not the file of a key."),
        ("vault.key", lambda path: path.write_bytes(bytes(20_000)), "{} is not the file of a key."),
        (
            "vault.key",
            lambda path: path.symlink_to(path),
            "{} cannot be read or created: Too many levels of symbolic links.",
        ),
        ("token-key-20260101T000000000000.pem", Path.mkdir, "{} cannot be read or created: Is a directory."),
    ],
)
def test_what_is_no_file_of_a_key_is_refused(
    tmp_path: Path, name: str, make: Callable[[Path], object], line: str
) -> None:
    make(tmp_path / name)

    with pytest.raises(KeyFileError) as refused:
        (read_vault if name == "vault.key" else read_token_keys)(tmp_path)

    assert str(refused.value) == line.format(tmp_path / name)


def without_rights_of_root() -> list[str]:
    """Lets the modes of files hold for root, too."""
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []


@pytest.mark.parametrize(
    ("mode", "arguments", "line"),
    [
        (0o000, ["keys", "list"], "{}/token-key.pem cannot be read or created: Permission denied.\n"),
        (0o111, ["keys", "list"], "{} cannot be read or created: Permission denied.\n"),
        (0o000, ["keys", "rotate"], "{}/token-key.pem cannot be read or created: Permission denied.\n"),
        (0o555, ["keys", "rotate"], "{} cannot be read or created: Permission denied.\n"),
    ],
)
def test_a_closed_folder_of_keys_is_told_in_one_line(
    tmp_path: Path, mode: int, arguments: list[str], line: str
) -> None:
    read_token_keys(tmp_path)
    tmp_path.chmod(mode)

    command = [*without_rights_of_root(), sys.executable, "-m", "api", *arguments]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=False)
    tmp_path.chmod(0o700)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", line.format(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["token-key.pem"]


def test_a_key_that_cannot_be_written_whole_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFileError) as refused:
        read_vault(tmp_path)

    assert str(refused.value) == f"{tmp_path}/vault.key cannot be read or created: No space left on device."
    assert list(tmp_path.iterdir()) == []


def test_another_file_beside_the_keys_is_no_key(tmp_path: Path) -> None:
    (first,) = read_token_keys(tmp_path)
    (tmp_path / "token-key-backup.pem").write_bytes((tmp_path / "token-key.pem").read_bytes())

    rotate_token_keys(tmp_path, NOW, lifetime=timedelta(days=7))

    assert [key.thumbprint() for key in read_token_keys(tmp_path)][1:] == [first.thumbprint()]
    assert (tmp_path / "token-key-backup.pem").exists()


def test_keys_that_everybody_may_read_are_named(tmp_path: Path) -> None:
    read_token_keys(tmp_path)
    read_vault(tmp_path)
    before = exposed(tmp_path)
    (tmp_path / "vault.key").chmod(0o644)

    assert (before, exposed(tmp_path)) == ([], [tmp_path / "vault.key"])
