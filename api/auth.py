"""Authentication: bearer tokens, and the actor that a token belongs to."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from api.access import PUBLIC, Actor
from api.compiler.cache import Cache
from api.database.engine import Database, Pooler
from api.keys import read_token_key
from api.services import account

# The name of EdDSA with curve Ed25519 in RFC 9864.
ALGORITHM = "Ed25519"
LIFETIME = timedelta(days=7)
# Who issues the tokens and for whom: this installation for itself.
ISSUER = "sigap"
# Reads may use an account's old roles for this long after a change; writes load the roles again.
CACHE_LIFETIME = timedelta(seconds=5)
MAX_CACHED_ACTORS = 10_000


class Unauthenticated(Exception):
    """The token is malformed or expired, or its account does not exist or is inactive."""


@dataclass(frozen=True, slots=True)
class CachedActor:
    """Valid for `CACHE_LIFETIME` by both clocks, as the one of the wall may go back."""

    actor: Actor
    cached_at: datetime
    expires_at: datetime
    monotonic: float

    def is_valid(self, now: datetime) -> bool:
        age = timedelta(seconds=monotonic() - self.monotonic)
        return self.cached_at <= now < self.expires_at and age < CACHE_LIFETIME


class Tokens:
    """Issues and verifies bearer tokens (JWT), signed with this installation's Ed25519 key."""

    def __init__(self, key: OKPKey) -> None:
        self._key = key

    @classmethod
    def load(cls, data: Path) -> "Tokens":
        """Loads the key from the folder `data`; creates it on the first start, readable by its owner only."""
        return cls(read_token_key(data))

    def issue(self, account_id: uuid.UUID, now: datetime, *, lifetime: timedelta = LIFETIME) -> str:
        issued_at = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": str(account_id),
            "iat": issued_at,
            "nbf": issued_at,
            "exp": int((now + lifetime).timestamp()),
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])

    def read(self, token: str, now: datetime) -> tuple[uuid.UUID, datetime]:
        """Verifies a token; returns its account and when it expires. Raises `Unauthenticated`."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                iss={"essential": True, "value": ISSUER},
                aud={"essential": True, "value": ISSUER},
                exp={"essential": True},
            ).validate(claims)
            account_id = uuid.UUID(str(claims["sub"]))
            expires_at = datetime.fromtimestamp(claims["exp"], tz=now.tzinfo)
        except (JoseError, ValueError, KeyError, TypeError, OverflowError) as error:
            raise Unauthenticated from error
        if expires_at <= now:
            raise Unauthenticated
        return account_id, expires_at


class Authenticator:
    """Finds the actor of an Authorization header; caches actors for `CACHE_LIFETIME`."""

    def __init__(self, tokens: Tokens, database: Database) -> None:
        self.tokens = tokens
        self._database = database
        self._cache: Cache[str, CachedActor] = Cache(MAX_CACHED_ACTORS)

    async def authenticate(self, authorization: str | None, now: datetime) -> Actor:
        """The actor of an Authorization header, or `PUBLIC` without one. Raises `Unauthenticated`."""
        if authorization is None:
            return PUBLIC
        scheme, _, rest = authorization.partition(" ")
        # Not the header, of which a client can send as many as it likes with one token.
        token = rest.strip()
        cached = self._cache.get(token)
        if cached is not None and cached.is_valid(now) and scheme.lower() == "bearer":
            return cached.actor
        if scheme.lower() != "bearer":
            raise Unauthenticated
        account_id, expires_at = self.tokens.read(token, now)
        async with self._database.reading() as session:
            actor = await account.actor(session, account_id, now)
        if actor.account_id is None:
            raise Unauthenticated
        self._cache.put(token, CachedActor(actor, now, min(expires_at, now + CACHE_LIFETIME), monotonic()))
        return actor


async def issue_tokens(data: Path, url: str, logins: Sequence[str], *, pooler: Pooler | None) -> dict[str, str]:
    """A new token for each login; logins without an active account are left out."""
    tokens, now = Tokens.load(data), datetime.now(UTC)
    database = await Database.open(url, pooler=pooler)
    try:
        async with database.reading() as session:
            account_ids = {login: await account.id_of(session, login) for login in logins}
    finally:
        await database.close()
    return {login: tokens.issue(id_, now) for login, id_ in account_ids.items() if id_ is not None}
