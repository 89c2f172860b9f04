"""Authentication: bearer tokens, and the actor that a token belongs to."""

import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import OKPKey

from api.access import PUBLIC, Actor
from api.compiler.cache import Cache
from api.database.engine import Database, Pooler
from api.keys import KeyFileError, read_token_keys, token_key_files
from api.log import log
from api.provider import InvalidToken, Provider
from api.services import account, api_key, provider
from api.services.request import ProviderToken, Request

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


class Claims(NamedTuple):
    """What a token says: whose it is, until when, and of which session."""

    account_id: uuid.UUID
    expires_at: datetime
    session_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class CachedActor:
    """Valid for `CACHE_LIFETIME` by both clocks, as the one of the wall may go back."""

    actor: Actor
    cached_at: datetime
    expires_at: datetime
    monotonic: float

    def is_valid(self, now: datetime) -> bool:
        return self.cached_at <= now < self.expires_at and monotonic() < self.monotonic + CACHE_LIFETIME.total_seconds()


class Tokens:
    """Issues and verifies bearer tokens (JWT) with this installation's Ed25519 keys: the first signs, all are valid."""

    def __init__(self, *keys: OKPKey, data: Path | None = None) -> None:
        self._keys: Sequence[OKPKey] = keys
        self._data = data
        self._files: Sequence[tuple[Path, int]] = ()

    @classmethod
    def load(cls, data: Path) -> "Tokens":
        """Loads the keys from the folder `data`; creates one on the first start, readable by its owner only."""
        return cls(*read_token_keys(data), data=data)

    def _current_keys(self) -> Sequence[OKPKey]:
        """The keys, read again where another process has changed their files: a removed one is valid no more."""
        try:
            if self._data is not None and (found := token_key_files(self._data)) != self._files:
                self._keys, self._files = read_token_keys(self._data), found
        except (KeyFileError, OSError) as error:
            log.error("the keys of tokens cannot be read", error=type(error).__name__)
        return self._keys

    def issue(
        self,
        account_id: uuid.UUID,
        now: datetime,
        *,
        lifetime: timedelta = LIFETIME,
        session_id: uuid.UUID | None = None,
    ) -> str:
        issued_at = int(now.timestamp())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": str(account_id),
            "iat": issued_at,
            "nbf": issued_at,
            "exp": int((now + lifetime).timestamp()),
        }
        if session_id is not None:
            claims["sid"] = str(session_id)
        return jwt.encode({"alg": ALGORITHM}, claims, self._current_keys()[0], algorithms=[ALGORITHM])

    def read(self, token: str, now: datetime) -> Claims:
        """Verifies a token. Raises `Unauthenticated`."""
        try:
            claims = self._verified(token)
            jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                iss={"essential": True, "value": ISSUER},
                aud={"essential": True, "value": ISSUER},
                exp={"essential": True},
            ).validate(claims)
            account_id = uuid.UUID(str(claims["sub"]))
            session_id = uuid.UUID(str(claims["sid"])) if "sid" in claims else None
            expires_at = datetime.fromtimestamp(claims["exp"], tz=now.tzinfo)
        except (JoseError, ValueError, KeyError, TypeError, OverflowError) as error:
            raise Unauthenticated from error
        if expires_at <= now:
            raise Unauthenticated
        return Claims(account_id, expires_at, session_id)

    def _verified(self, token: str) -> dict[str, Any]:
        """The claims of a token that one of the keys has signed."""
        *others, last = self._current_keys()
        for key in others:
            with suppress(BadSignatureError):
                return jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        return jwt.decode(token, last, algorithms=[ALGORITHM]).claims


class Authenticator:
    """Finds the actor of an Authorization header; caches actors for `CACHE_LIFETIME`."""

    def __init__(
        self,
        tokens: Tokens,
        database: Database,
        *,
        demands_second_factor: bool = False,
        provider: Provider | None = None,
        creates_accounts: bool = False,
    ) -> None:
        """Without second factor nobody coordinates, if it is demanded; strangers at the provider may get an account."""
        self.tokens = tokens
        self._provider = provider
        self._creates_accounts = creates_accounts
        self._demands_second_factor = demands_second_factor
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
        actor, expires_at = await self._actor(token, now)
        if actor.account_id is None:
            raise Unauthenticated
        self._cache.put(token, CachedActor(actor, now, min(expires_at, now + CACHE_LIFETIME), monotonic()))
        return actor

    def forget(self, authorization: str | None) -> None:
        """At the next request the actor is read again: what the account is has just changed."""
        token = (authorization or "").partition(" ")[2].strip()
        cached = self._cache.get(token)
        if cached is not None:
            self._cache.put(token, replace(cached, expires_at=cached.cached_at))

    async def _actor(self, token: str, now: datetime) -> tuple[Actor, datetime]:
        """The actor of a token or of an API key, and until when it may be remembered. Raises `Unauthenticated`."""
        if token.startswith(api_key.PREFIX):
            async with self._database.reading() as session:
                found = await api_key.owner(session, token, now)
                if found is None:
                    raise Unauthenticated
                account_id, key_id = found
                return await account.actor(session, account_id, now, key_id=key_id), now + CACHE_LIFETIME
        if self._provider is not None and self._provider.issues(token):
            return await self._actor_at(self._provider, token, now)
        claims = self.tokens.read(token, now)
        async with self._database.reading() as session:
            actor = await account.actor(
                session,
                claims.account_id,
                now,
                session_id=claims.session_id,
                demands_second_factor=self._demands_second_factor,
            )
        return actor, claims.expires_at

    async def _actor_at(self, issuer: Provider, token: str, now: datetime) -> tuple[Actor, datetime]:
        """The same of a provider's token. Raises `ProviderUnavailable`, too."""
        try:
            shown = await issuer.read(token, now)
        except InvalidToken as error:
            raise Unauthenticated from error
        actor = await self._linked(shown, now)
        if actor is None and self._creates_accounts:
            await provider.create_account(self._database, Request(PUBLIC, lambda: now), shown)
            actor = await self._linked(shown, now)
        if actor is None:
            raise Unauthenticated
        return actor, shown.expires_at

    async def _linked(self, shown: ProviderToken, now: datetime) -> Actor | None:
        async with self._database.reading() as session:
            identity = await provider.find(session, shown)
            if identity is None:
                return None
            return await account.actor(
                session,
                identity.account_id,
                now,
                identity_id=identity.id,
                has_second_factor=shown.has_second_factor,
                demands_second_factor=self._demands_second_factor,
            )

    async def read_provider_token(self, token: str, now: datetime) -> ProviderToken | None:
        """What a provider's token says; None if it is not valid. Raises `ProviderUnavailable`."""
        if self._provider is None:
            return None
        try:
            return await self._provider.read(token, now)
        except InvalidToken:
            return None


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
