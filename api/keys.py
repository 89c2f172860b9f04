"""The secret keys of an installation: files in its data folder, created at the first start."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from sqlalchemy.dialects.postgresql import insert

from api.database.engine import Database, Transaction
from api.models import KeyFingerprint, Volunteer
from api.services.vault import KEY_BYTES, Vault

VAULT_KEY = "vault.key"
TOKEN_KEY = "token-key.pem"  # noqa: S105  # The name of a file.


class KeyFileError(Exception):
    """Why a key cannot be used, in one line."""


def read_token_key(data: Path) -> OKPKey:
    """The key that signs tokens, created at the first start."""
    path = data / TOKEN_KEY
    pem = read_or_create_secret(path, lambda: OKPKey.generate_key("Ed25519").as_pem(private=True))
    with suppress(JoseError, ValueError, TypeError):
        key = OKPKey.import_key(pem)
        if key.is_private and key.curve_name == "Ed25519":
            return key
    raise KeyFileError(f"{path} has no private Ed25519 key: put its copy there, or remove it to invalidate all tokens.")


def read_vault(data: Path) -> Vault:
    """The vault with the key in the folder, created at the first start."""
    path = data / VAULT_KEY
    key = read_or_create_secret(path, lambda: os.urandom(KEY_BYTES))
    if len(key) != KEY_BYTES:
        raise KeyFileError(f"{path} must have {KEY_BYTES} bytes, and has {len(key)}: put its copy there.")
    return Vault.of(key)


async def open_vault(data: Path, database: Database) -> Vault:
    """The vault, whose key is the one that the database was first used with.

    With another key no stored identity number could be found, and the same one would be registered twice.
    """
    async with database.transaction() as session:
        stored = await session.value(FINGERPRINT)
        nik = await session.value(ENCRYPTED)
        if not (data / VAULT_KEY).exists() and (stored or nik):
            raise KeyFileError(f"{data / VAULT_KEY} is missing, and this database was used with it: {REMEDY}")
        vault = read_vault(data)
        stored = stored or await _remember(session, vault, nik)
    if stored != vault.fingerprint:
        raise KeyFileError(f"{data / VAULT_KEY} is not the key that this database was used with: {REMEDY}")
    return vault


REMEDY = "put the copy of that key there (docs/operations.md, Keys)."


async def _remember(session: Transaction, vault: Vault, nik: bytes | None) -> bytes | None:
    """Stores the fingerprint, unless another process has or the key does not decrypt what is there."""
    if nik is not None and not _decrypts(vault, nik):
        return None
    row = {"key": VAULT_KEY, "fingerprint": vault.fingerprint}
    await session.rows(insert(KeyFingerprint).values(**row).on_conflict_do_nothing())
    stored: bytes = await session.value(FINGERPRINT)
    return stored


def _decrypts(vault: Vault, nik: bytes) -> bool:
    try:
        vault.decrypt(nik)
    except InvalidTag:
        return False
    return True


FINGERPRINT = sa.select(KeyFingerprint.c.fingerprint).where(KeyFingerprint.c.key == VAULT_KEY)
ENCRYPTED = sa.select(Volunteer.c.nik_cipher).where(Volunteer.c.nik_index.is_not(None)).limit(1)


def read_or_create_secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of the file; if there is none yet, it is created atomically with the result of `make`."""
    try:
        if not path.exists():
            _create(path, make)
        return path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read or created: {error.strerror}.") from None


def _create(path: Path, make: Callable[[], bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A random suffix, as containers that share the folder may have the same process id.
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(make())
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # Another process created the file first; its content is used.
    finally:
        draft.unlink()
