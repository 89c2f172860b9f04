"""An OpenID Connect provider, whose access tokens are accepted beside our own."""

import asyncio
import base64
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any

import httpx
import orjson
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from api.log import log
from api.services.request import ProviderToken
from api.settings import Settings, is_secure
from api.values.email import parse_email
from api.values.problem import Unreadable

# Signatures by a private key only: a provider has no secret in common with us.
ALGORITHMS = ("ES256", "ES384", "Ed25519", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
# An access token as RFC 9068 marks it, or as most providers do; not the other tokens that they sign.
TYPES = frozenset({"at+jwt", "application/at+jwt", "jwt"})
# How far the provider's clock may differ from ours.
SKEW_SECONDS = 60
# The keys are read anew after this long, and when a token names an unknown one, but not more often than each half minute.
KEYS_SECONDS = 3_600.0
RETRY_SECONDS = 30.0
TIMEOUT_SECONDS = 5.0
MAX_DOCUMENT_BYTES = 256 * 1024
# What the claim `amr` (RFC 8176) says of what the person has shown: something known, and something else beside it.
KNOWN_FACTORS = frozenset({"pwd", "pin", "kba"})
OTHER_FACTORS = frozenset({"otp", "hwk", "swk", "fpt", "face", "iris", "retina", "vbm", "sms", "tel", "sc"})


class InvalidToken(Exception):
    """The token is not a valid access token of this provider for us."""


class ProviderUnavailable(Exception):
    """The provider's keys cannot be read, and none are known."""


class Provider:
    """Verifies the access tokens of one issuer for one audience by the keys that it publishes."""

    def __init__(self, issuer: str, audience: str) -> None:
        """`issuer` as the tokens name it."""
        self.issuer = issuer
        self._audience = audience
        self._connect = partial(httpx.AsyncClient, timeout=TIMEOUT_SECONDS, trust_env=False)
        self._keys: KeySet | None = None
        self._read_at = self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    def issues(self, token: str) -> bool:
        """Whether the token says that it is of this provider, which nobody has verified yet."""
        try:
            payload = token.split(".")[1]
            claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        except (IndexError, ValueError):
            return False
        return isinstance(claims, dict) and claims.get("iss") == self.issuer

    async def read(self, token: str, now: datetime) -> ProviderToken:
        """Verifies a token. Raises `InvalidToken` and `ProviderUnavailable`."""
        try:
            verified = await self._verified(token)
            self._check(verified, int(now.timestamp()))
            return _read_claims(self.issuer, verified.claims, now)
        except (JoseError, ValueError, KeyError, TypeError, OverflowError) as error:
            raise InvalidToken from error

    async def _verified(self, token: str) -> jwt.Token:
        try:
            return jwt.decode(token, await self._current_keys(KEYS_SECONDS), algorithms=ALGORITHMS)
        except InvalidKeyIdError:
            # The provider may have changed its keys.
            return jwt.decode(token, await self._current_keys(RETRY_SECONDS), algorithms=ALGORITHMS)

    def _check(self, token: jwt.Token, now: int) -> None:
        if str(token.header.get("typ", "jwt")).lower() not in TYPES:
            raise InvalidToken
        jwt.JWTClaimsRegistry(
            now=now,
            leeway=SKEW_SECONDS,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._audience},
            sub={"essential": True},
            exp={"essential": True},
        ).validate(token.claims)

    async def _current_keys(self, oldest: float) -> KeySet:
        """The keys, read anew if they are older than so many seconds; those that were known if that fails."""
        async with self._lock:
            now = monotonic()
            if now - self._read_at >= oldest and now - self._tried_at >= min(oldest, RETRY_SECONDS):
                self._tried_at = now
                await self._read_keys(now)
        if self._keys is None:
            raise ProviderUnavailable
        return self._keys

    async def _published_keys(self) -> KeySet:
        async with self._connect() as client:
            about = await _document(client, f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if about["issuer"] != self.issuer:
                raise ValueError("The provider names another issuer.")
            keys: Any = await _document(client, str(about["jwks_uri"]))
        return KeySet.import_key_set(keys)

    async def _read_keys(self, now: float) -> None:
        try:
            self._keys, self._read_at = await self._published_keys(), now
        except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("provider unavailable", issuer=self.issuer, error=type(error).__name__)


async def _document(client: httpx.AsyncClient, address: str) -> Mapping[str, Any]:
    """A JSON object that the provider publishes. Raises `ValueError` where it is none, or is not read safely."""
    if not is_secure(address):
        raise ValueError("Keys are read through TLS only.")
    async with client.stream("GET", address) as response:
        response.raise_for_status()
        body = bytearray()
        async for part in response.aiter_bytes():
            body += part
            if len(body) > MAX_DOCUMENT_BYTES:
                raise ValueError("The document is too long.")
    found = orjson.loads(body)
    if not isinstance(found, dict):
        raise TypeError("The document is no JSON object.")
    return found


def _read_claims(issuer: str, claims: Mapping[str, Any], now: datetime) -> ProviderToken:
    is_verified = claims.get("email_verified") is True
    methods = claims.get("amr")
    factors = frozenset(map(str, methods)) if isinstance(methods, list) else frozenset()
    return ProviderToken(
        issuer=issuer,
        subject=_text(claims["sub"]),
        expires_at=datetime.fromtimestamp(claims["exp"] + SKEW_SECONDS, tz=now.tzinfo),
        name=_text(claims.get("name") or claims.get("preferred_username") or claims["sub"]),
        email=_email(claims.get("email")) if is_verified else None,
        has_second_factor="mfa" in factors or bool(factors & KNOWN_FACTORS and factors & OTHER_FACTORS),
    )


def provider_of(settings: Settings) -> Provider | None:
    """The provider that the settings name."""
    if settings.oidc_issuer is None or settings.oidc_audience is None:
        return None
    return Provider(settings.oidc_issuer, settings.oidc_audience)


def _email(value: object) -> str | None:
    """The address as it is written here; None where it is none."""
    with suppress(Unreadable):
        return parse_email(value) if isinstance(value, str) else None
    return None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("A claim is not a text.")
    return value[:255]
