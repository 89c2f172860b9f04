"""The secret keys of an installation: files in its data folder, created at the first start."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
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
OLD_TOKEN_KEYS = "token-key-*.pem"  # noqa: S105  # Names of files.
RETIRED_AT = "%Y%m%dT%H%M%S%f"
TOKEN_KEY = "token-key.pem"  # noqa: S105  # The name of a file.


class KeyFileError(Exception):
    """Why a key cannot be used, in one line."""


def read_token_keys(data: Path) -> Sequence[OKPKey]:
    """The keys whose tokens are valid: the one that signs, which is created at the first start, and older ones."""
    read_or_create_secret(data / TOKEN_KEY, _new_token_key)
    return [read_token_key(path) for path, _changed_at in token_key_files(data)]


def token_key_files(data: Path) -> Sequence[tuple[Path, int]]:
    """The files of these keys with the times of their last changes: that of the key that signs, then the newest."""
    older = sorted(data.glob(OLD_TOKEN_KEYS), reverse=True)
    return [(path, path.stat().st_mtime_ns) for path in (data / TOKEN_KEY, *older) if path.exists()]


def read_token_key(path: Path) -> OKPKey:
    with suppress(JoseError, ValueError, TypeError):
        key = OKPKey.import_key(path.read_bytes())
        if key.is_private and key.curve_name == "Ed25519":
            return key
    raise KeyFileError(f"{path} has no private Ed25519 key: put its copy there, or remove it to invalidate all tokens.")


def rotate_token_keys(data: Path, now: datetime, *, lifetime: timedelta) -> None:
    """A new key signs from now on; an older one is removed once the last of its tokens, of that lifetime, has ended."""
    read_or_create_secret(data / TOKEN_KEY, _new_token_key)
    os.link(data / TOKEN_KEY, data / f"token-key-{now:{RETIRED_AT}}.pem")
    draft = data / f".{TOKEN_KEY}.{token_hex(8)}"
    _create(draft, _new_token_key)
    draft.replace(data / TOKEN_KEY)
    for path in data.glob(OLD_TOKEN_KEYS):
        retired_at = datetime.strptime(path.stem.removeprefix("token-key-"), RETIRED_AT).replace(tzinfo=UTC)
        if retired_at + lifetime <= now:
            path.unlink()


def _new_token_key() -> bytes:
    return OKPKey.generate_key("Ed25519").as_pem(private=True)


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
