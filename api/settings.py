"""Settings: read once from environment variables at the start, which fails when one is wrong."""

import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from api.values import database_url


class SettingsError(Exception):
    """Wrong settings: one line for each."""


Network = IPv4Network | IPv6Network


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one request may use."""

    max_tokens: int = 3_000
    max_answer_bytes: int = 10 * 1024 * 1024
    read_seconds: int = 5
    max_connections: int = 2_000
    # Of one client in a minute; see `web.budget`.
    budget: int = 240_000
    # Of one account in a day: registrations that find somebody by the NIK whom the account may not see.
    join_requests: int = 20
    trusted_proxies: tuple[Network, ...] = ()
    # The header in which they name the client.
    forwarded_header: Literal["X-Forwarded-For", "Forwarded"] = "X-Forwarded-For"
    # Whether several servers use the database, so that budgets are counted there.
    servers: Literal["one", "several"] = "one"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Both folders are absolute; `postgres_bin` is the folder that contains the program `postgres`."""

    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = field(default_factory=lambda: Path(".sigap").absolute())
    postgres_bin: Path | None = None
    # Left out of repr, so that no log or traceback shows the password.
    database_url: str | None = field(default=None, repr=False)
    # What a pooler at `database_url` assigns a server connection to; None without a pooler.
    pooler: Literal["transaction"] | None = None
    # The origins of web pages that may use the API in a browser, as browsers write them.
    origins: tuple[str, ...] = ()
    # Who may ask what the contract contains: by introspection, suggestions in error messages, and /schema.graphql.
    introspection: Literal["everybody", "accounts"] = "everybody"
    # The only documents that are executed, by their ids; None if any document is.
    documents: Mapping[str, str] | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)
    # The server through which e-mail is sent; None without one.
    smtp: str | None = field(default=None, repr=False)
    mail_from: str = "sigap@localhost"
    # The HTTP gateway through which text messages are sent, None without one: its address, the header `Authorization`,
    # and the JSON of a request.
    sms: str | None = field(default=None, repr=False)
    sms_authorization: str | None = field(default=None, repr=False)
    sms_body: Mapping[str, Any] = field(
        default_factory=lambda: {"id": "{id}", "to": "{to}", "text": "{text}"}, repr=False
    )
    # Who has to sign in with a second factor to do what the roles allow.
    second_factor: Literal["coordinators"] | None = None
    # The OpenID Connect provider whose access tokens are accepted if they are for this audience.
    oidc_issuer: str | None = None
    oidc_audience: str | None = None
    # What becomes of somebody whom the provider knows and nobody here: refused, or given an account without rights.
    oidc_accounts: Literal["create"] | None = None


DEFAULTS = Settings()


def _host(value: str) -> str:
    if not re.fullmatch(r"[\w.:%-]+", value, re.ASCII):
        raise ValueError(f"must be a host name or an IP address, not {value!r}")
    return value


def _port(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", value) or not 1 <= int(value) <= 65535:
        raise ValueError(f"must be a port from 1 to 65535, not {value!r}")
    return int(value)


def _data(value: str) -> Path:
    folder = Path(value)
    try:
        is_usable = stat.S_ISDIR(folder.stat().st_mode)
    except FileNotFoundError:
        is_usable = True  # It is created at the first start.
    except OSError:
        is_usable = False
    if not is_usable:
        raise ValueError(f"must be a folder that can be opened, and {value!r} is not")
    return folder.absolute()


def _postgres_bin(value: str) -> Path:
    program = Path(value) / "postgres"
    if not (os.access(program, os.X_OK) and program.is_file()):
        raise ValueError(f"must be the folder of PostgreSQL's programs, and {value!r} has no program 'postgres'")
    return program.parent.absolute()


def _number(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number of at least and at most so much."""

    def parse(value: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", value) or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}, not {value!r}")
        return int(value)

    return parse


def _one_of(*choices: str) -> Callable[[str], str]:
    wanted = " or ".join([*map(repr, choices), *(["unset"] if len(choices) == 1 else [])])

    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be {wanted}, not {value!r}")
        return value

    return parse


def _networks(value: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in value.split(","))
    except ValueError:
        raise ValueError(f"must be addresses or networks separated by commas, not {value!r}") from None


def _origins(value: str) -> tuple[str, ...]:
    """Origins as browsers send them: scheme, host in lower case, and the port unless it is the scheme's own."""
    origins = tuple(part.strip() for part in value.split(","))
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(f"must be origins like https://sigap.example, separated by commas; {origin!r} is none")
    return origins


_ORIGIN = re.compile(r"http(s)?://([a-z0-9.-]+|\[[0-9a-f:]+\])(?!:0|(?(1):443|:80)$)(:[0-9]{1,5})?", re.ASCII)


def _json_file(value: str) -> object:
    try:
        return json.loads(Path(value).read_bytes())
    except (OSError, ValueError) as error:
        raise ValueError(f"must be a JSON file that can be read, and {value!r} is not: {error}") from None


def _documents(value: str) -> Mapping[str, str]:
    """A manifest as codegen's client preset and Relay's compiler write it: an object with the documents by their ids."""
    manifest = _json_file(value)
    if not isinstance(manifest, dict) or not all(isinstance(text, str) for text in manifest.values()):
        raise ValueError(f"must be a file with a JSON object of documents by their ids, and {value!r} is not")
    return manifest


def _smtp(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        # The value is not repeated, as it may hold a password.
        raise ValueError("must be an address like smtp://user:password@host:587 or smtps://host:465")
    return value


def _mail_from(value: str) -> str:
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", value):
        raise ValueError(f"must be an e-mail address, not {value!r}")
    return value


def _sms(value: str) -> str:
    if not is_secure(value):
        # Not repeated either, as some gateways take their key in the address.
        raise ValueError("must be an address like https://gateway.example/messages")
    return value


def _sms_authorization(value: str) -> str:
    if not (value.isascii() and value.isprintable()):
        raise ValueError("must be the header Authorization as the gateway expects it, like 'Bearer key'")
    return value


def _sms_body(value: str) -> Mapping[str, Any]:
    body = _json_file(value)
    if not isinstance(body, dict) or not all(name in json.dumps(body) for name in ("{to}", "{text}")):
        raise ValueError(f"must be a file with a JSON object that has {{to}} and {{text}}, and {value!r} is not")
    return body


def is_secure(address: str) -> bool:
    """Whether what is read there cannot be changed on the way: through TLS, or from this machine."""
    parts = urlsplit(address)
    is_local = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"}
    return is_local or (parts.scheme == "https" and bool(parts.hostname))


def _oidc_issuer(value: str) -> str:
    parts = urlsplit(value)
    if not is_secure(value) or parts.query or parts.fragment:
        raise ValueError(f"must be an address like https://id.example, not {value!r}")
    return value


_PARSERS: dict[str, Callable[[str], object]] = {
    "SIGAP_HOST": _host,
    "SIGAP_PORT": _port,
    "SIGAP_DATA": _data,
    "SIGAP_POSTGRES_BIN": _postgres_bin,
    "DATABASE_URL": database_url.checked,
    "SIGAP_POOLER": _one_of("transaction"),
    "SIGAP_ORIGINS": _origins,
    "SIGAP_INTROSPECTION": _one_of("everybody", "accounts"),
    "SIGAP_DOCUMENTS": _documents,
    "SIGAP_MAX_TOKENS": _number(100, 100_000),
    "SIGAP_MAX_ANSWER_BYTES": _number(100_000, 1_000_000_000),
    "SIGAP_READ_SECONDS": _number(1, 600),
    "SIGAP_MAX_CONNECTIONS": _number(10, 100_000),
    "SIGAP_BUDGET": _number(1_000, 1_000_000_000),
    "SIGAP_JOIN_REQUESTS": _number(0, 100_000),
    "SIGAP_TRUSTED_PROXIES": _networks,
    "SIGAP_FORWARDED_HEADER": _one_of("X-Forwarded-For", "Forwarded"),
    "SIGAP_SERVERS": _one_of("one", "several"),
    "SIGAP_SMTP": _smtp,
    "SIGAP_MAIL_FROM": _mail_from,
    "SIGAP_SMS": _sms,
    "SIGAP_SMS_AUTHORIZATION": _sms_authorization,
    "SIGAP_SMS_BODY": _sms_body,
    "SIGAP_SECOND_FACTOR": _one_of("coordinators"),
    "SIGAP_OIDC_ISSUER": _oidc_issuer,
    "SIGAP_OIDC_AUDIENCE": str,
    "SIGAP_OIDC_ACCOUNTS": _one_of("create"),
}
_LIMITS = {limit.name for limit in fields(Limits)}


def read_settings() -> Settings:
    """An empty variable counts as unset. Raises `SettingsError` with all errors at once."""
    values: dict[str, Any] = {}
    errors = []
    for name, parse in _PARSERS.items():
        if text := os.environ.get(name):
            try:
                values[name.removeprefix("SIGAP_").lower()] = parse(text)
            except ValueError as error:
                errors.append(f"{name} {error}")
    errors += _contradictions(values)
    for name in sorted(os.environ):
        if os.environ[name] and name.upper().startswith("SIGAP_") and name not in _PARSERS:
            close = get_close_matches(name.upper(), _PARSERS, n=1, cutoff=0.8)
            errors.append(f"{name} is not a setting" + (f"; did you mean {close[0]}?" if close else ""))
    if errors:
        raise SettingsError("\n".join(errors))
    limits = {name: values.pop(name) for name in _LIMITS & values.keys()}
    return Settings(**values, limits=Limits(**limits))


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    """What is wrong with settings that are right each by itself."""
    errors = []
    if "pooler" in values and not os.environ.get("DATABASE_URL"):
        errors.append("SIGAP_POOLER describes what DATABASE_URL points to, and that is not set")
    if bool(os.environ.get("SIGAP_OIDC_ISSUER")) != bool(os.environ.get("SIGAP_OIDC_AUDIENCE")):
        errors.append("SIGAP_OIDC_ISSUER and SIGAP_OIDC_AUDIENCE belong together, and one of them is not set")
    errors += [
        f"{name} is about the gateway that SIGAP_SMS names, and that is not set"
        for name in ("SIGAP_SMS_AUTHORIZATION", "SIGAP_SMS_BODY")
        if os.environ.get(name) and not os.environ.get("SIGAP_SMS")
    ]
    return errors
