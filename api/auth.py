"""Credential → Actor."""

import os
import uuid
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from api.access import PUBLIC, Actor
from api.database.engine import Database, Pooler
from api.services import account

# The name that RFC 9864 gives to EdDSA with this curve.
ALGORITHM = "Ed25519"
LIFETIME = timedelta(days=7)
# Reads may go on for this long with roles as they were; writes read them anew.
REMEMBERED = timedelta(seconds=5)
MOST_REMEMBERED = 10_000


class Unauthenticated(Exception):
    """The credential is broken, expired, or of an account that is no longer active."""


@dataclass(frozen=True, slots=True)
class Remembered:
    actor: Actor
    until: datetime


class Tokens:
    """Signs and reads bearer tokens with a key of this installation (Ed25519)."""

    def __init__(self, key: OKPKey) -> None:
        self._key = key

    @classmethod
    def of(cls, data: Path) -> "Tokens":
        """With the key in the data folder, made on the first start and readable by its owner only."""
        path = data / "token-key.pem"
        return cls(
            OKPKey.import_key(read_or_create_secret(path, lambda: OKPKey.generate_key("Ed25519").as_pem(private=True)))
        )

    def issue(self, account_id: uuid.UUID, now: datetime, *, lifetime: timedelta = LIFETIME) -> str:
        claims = {"sub": str(account_id), "iat": int(now.timestamp()), "exp": int((now + lifetime).timestamp())}
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])

    def read(self, token: str, now: datetime) -> tuple[uuid.UUID, datetime]:
        """The account, and until when the token is good."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            account_id = uuid.UUID(str(claims["sub"]))
            until = datetime.fromtimestamp(claims["exp"], tz=now.tzinfo)
        except (JoseError, ValueError, KeyError, TypeError, OverflowError) as error:
            raise Unauthenticated from error
        if until <= now:
            raise Unauthenticated
        return account_id, until


def read_or_create_secret(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds; where there is none yet, what `make` makes, written whole or not at all."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Containers that share the folder may have the same process number, so chance tells the drafts apart.
        draft = path.with_name(f".{path.name}.{token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # Fails where another start was first; its key is the one.
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()


class Authenticator:
    """Reads credentials, and remembers for a moment whom they stood for."""

    def __init__(self, tokens: Tokens, database: Database) -> None:
        self.tokens = tokens
        self._database = database
        self._remembered: OrderedDict[str, Remembered] = OrderedDict()

    async def actor(self, authorization: str | None, now: datetime) -> Actor:
        """The actor of an Authorization header; the public where there is none."""
        if authorization is None:
            return PUBLIC
        remembered = self._remembered.get(authorization)
        if remembered is not None and now < remembered.until:
            return remembered.actor
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated
        account_id, until = self.tokens.read(token.strip(), now)
        async with self._database.reading() as session:
            actor = await account.actor(session, account_id)
        if actor.account_id is None:
            raise Unauthenticated
        self._remembered[authorization] = Remembered(actor, min(until, now + REMEMBERED))
        self._remembered.move_to_end(authorization)
        while len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        return actor


async def issue_tokens(data: Path, url: str, logins: Sequence[str], *, pooler: Pooler | None) -> dict[str, str]:
    """A token for each of the logins that stand for an active account."""
    tokens, now = Tokens.of(data), datetime.now(UTC)
    database = await Database.open(url, pooler=pooler)
    try:
        async with database.reading() as session:
            found = {login: await account.id_of(session, login) for login in logins}
    finally:
        await database.close()
    return {login: tokens.issue(id_, now) for login, id_ in found.items() if id_ is not None}
