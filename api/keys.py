"""The secret keys of an installation: files in its data folder, created at the first start."""

import os
import re
import stat
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
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
OLD_TOKEN_KEY = re.compile(r"token-key-(\d{8}T\d{12})\.pem", re.ASCII)
RETIRED_AT = "%Y%m%dT%H%M%S%f"
TOKEN_KEY = "token-key.pem"  # noqa: S105  # The name of a file.
# No key is larger.
MOST_BYTES = 10_000


class KeyFileError(Exception):
    """Why a key cannot be used, in one line."""


def read_token_keys(data: Path) -> Sequence[OKPKey]:
    """The keys whose tokens are valid: the one that signs, which is created at the first start, and older ones."""
    read_or_create_secret(data / TOKEN_KEY, _new_token_key)
    with _file_errors(data):
        return [read_token_key(path) for path, _changed_at in token_key_files(data)]


def token_key_files(data: Path) -> Sequence[tuple[Path, int]]:
    """The files of these keys with the times of their last changes: that of the key that signs, then the newest."""
    return [(path, path.stat().st_mtime_ns) for path in (data / TOKEN_KEY, *_old_token_keys(data)) if path.exists()]


def _old_token_keys(data: Path) -> Mapping[Path, datetime]:
    """The keys that sign no more and when they were retired, newest first; a file with another name is none of them."""
    names = sorted(data.iterdir(), reverse=True) if data.is_dir() else []
    instants = {path: found[1] for path in names if (found := OLD_TOKEN_KEY.fullmatch(path.name))}
    return {path: datetime.strptime(text, RETIRED_AT).replace(tzinfo=UTC) for path, text in instants.items()}


def read_token_key(path: Path) -> OKPKey:
    with suppress(JoseError, ValueError, TypeError):
        key = OKPKey.import_key(path.read_bytes())
        if key.is_private and key.curve_name == "Ed25519":
            return key
    raise KeyFileError(f"{path} has no private Ed25519 key: put its copy there, or remove it to invalidate all tokens.")


def rotate_token_keys(data: Path, now: datetime, *, lifetime: timedelta) -> None:
    """A new key signs from now on; an older one is removed once the last of its tokens, of that lifetime, has ended."""
    read_or_create_secret(data / TOKEN_KEY, _new_token_key)
    with _file_errors(data):
        draft = data / f".{TOKEN_KEY}.{token_hex(8)}"
        _create(draft, _new_token_key)
        os.link(data / TOKEN_KEY, data / f"token-key-{now:{RETIRED_AT}}.pem")
        draft.replace(data / TOKEN_KEY)
        for path, retired_at in _old_token_keys(data).items():
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
        if (stored or nik) and not _exists(data / VAULT_KEY):
            raise KeyFileError(f"{data / VAULT_KEY} is missing, and this database was used with it: {REMEDY}")
        vault = read_vault(data)
        stored = stored or await _remember(session, vault, nik)
    if stored != vault.fingerprint:
        raise KeyFileError(f"{data / VAULT_KEY} is not the key that this database was used with: {REMEDY}")
    return vault


def _exists(path: Path) -> bool:
    with _file_errors(path):
        return path.exists()


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
    with _file_errors(path):
        if not path.exists() and not path.is_symlink():
            _create(path, make)
        if path.is_fifo() or path.stat().st_size > MOST_BYTES:
            raise KeyFileError(f"{path} is not the file of a key.")
        return path.read_bytes()


@contextmanager
def _file_errors(path: Path) -> Generator[None]:
    """What the operating system refuses is a `KeyFileError`, about the file that it names."""
    try:
        yield
    except OSError as error:
        # Not the draft of a key, whose name says nothing.
        named = path if Path(error.filename or ".draft").name.startswith(".") else error.filename
        raise KeyFileError(f"{named} cannot be read or created: {error.strerror}.") from None


def _create(path: Path, make: Callable[[], bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # A random suffix, as containers that share the folder may have the same process id.
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # Another process created the file first; its content is used.
    finally:
        draft.unlink()


def exposed(data: Path) -> Sequence[Path]:
    """The files of keys that everybody on the machine may read."""
    files = [data / VAULT_KEY, data / TOKEN_KEY, *_old_token_keys(data)]
    return [path for path in files if path.stat().st_mode & stat.S_IROTH]
