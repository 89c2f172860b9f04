"""DATABASE_URL: an address as libpq understands it, and how asyncpg connects to it.

asyncpg reads most parameters itself, and sends those that it does not know to the server, as settings of the session.
"""

import re
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

EXAMPLE = "postgresql://user@host:5432/database"
HOST = r"(\[[0-9A-Fa-f:.]+(%25[\w.-]+)?\]|[^\[\]@:,]*)(:[0-9]{0,5})?"
PAIRS = r"(\w+=[^&]*(&\w+=[^&]*)*&?)?"
CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    # Sigap writes.
    "target_session_attrs": ("any", "read-write", "primary"),
}
FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")

# Of libpq only: asyncpg would send them to the server, which would refuse them. docs/operations.md says what holds instead.
OF_LIBPQ_ONLY = frozenset(
    (
        *("channel_binding", "client_encoding", "connect_timeout", "fallback_application_name", "gssdelegation"),
        *("gssencmode", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval"),
        *("load_balance_hosts", "max_protocol_version", "min_protocol_version", "sslcertmode", "sslcompression"),
        *("sslsni", "tcp_user_timeout"),
    )
)


def checked(url: str) -> str:
    """The address itself. Raises `ValueError` with what is wrong, without its password and what may be a part of it."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not url.startswith(f"{parts.scheme}://"):
        raise ValueError(f"must be an address like {EXAMPLE}")
    hosts = parts.netloc.partition("@")[2] if "@" in parts.netloc else parts.netloc
    is_split_wrongly = "@" in f"{parts.path}{hosts}" or parts.fragment
    if is_split_wrongly or not re.fullmatch(f"{HOST}(,{HOST})*", hosts) or not re.fullmatch(PAIRS, parts.query):
        raise ValueError(f"must be an address like {EXAMPLE}, with other characters in names and passwords as %2F")
    parameters = dict(_parameters(url))
    _check_choices(parameters)
    _check_files(parameters)
    return url


def connection_arguments(url: str, settings: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What `asyncpg.connect` is called with; `settings` are the server's, for the session."""
    parameters = {name: value for name, value in _parameters(url) if name not in OF_LIBPQ_ONLY}
    parameters.setdefault("application_name", "sigap")
    if "default_transaction_read_only" in (settings or {}) and "target_session_attrs" in parameters:
        # The session's own setting would make it none that may write.
        parameters["target_session_attrs"] = parameters["target_session_attrs"].replace("read-write", "primary")
    arguments: dict[str, Any] = {"server_settings": dict(settings or {})}
    if parameters.get("sslrootcert") == "system":
        arguments["ssl"] = _system_authorities(parameters)
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    return {"dsn": urlunsplit(urlsplit(url)._replace(query=query)), **arguments}


def _parameters(url: str) -> Iterator[tuple[str, str]]:
    """As libpq reads them: a plus sign is no space, and the last of a name counts."""
    for pair in filter(None, urlsplit(url).query.split("&")):
        name, _, value = pair.partition("=")
        yield name, unquote(value)


def _check_choices(parameters: Mapping[str, str]) -> None:
    for name, values in CHOICES.items():
        if (value := parameters.get(name, values[0])) not in values:
            raise ValueError(f"has {name}={value}, which must be one of {', '.join(values)}")


def _check_files(parameters: Mapping[str, str]) -> None:
    """The files exist, and the one of the authorities has certificates."""
    for name in FILES:
        path = parameters.get(name, "")
        try:
            if path and path != "system":
                open(path, "rb").close()  # noqa: PTH123  # As asyncpg does, with the path as it is.
                if name == "sslrootcert":
                    ssl.create_default_context(cafile=path)
        except ssl.SSLError:
            raise ValueError(f"names the file {path!r} as {name}, which has no certificate in PEM format") from None
        except OSError as error:
            raise ValueError(f"names the file {path!r} as {name}: {error.strerror}") from None
    if parameters.get("sslrootcert") == "system" and parameters.get("sslmode", "verify-full") != "verify-full":
        raise ValueError("has sslrootcert=system, which needs sslmode=verify-full")


def _system_authorities(parameters: dict[str, str]) -> ssl.SSLContext:
    """What `sslmode=verify-full` means with the authorities that the operating system trusts."""
    context = ssl.create_default_context()
    if "sslcert" in parameters:
        context.load_cert_chain(parameters["sslcert"], parameters.get("sslkey"), parameters.get("sslpassword"))
    for name in ("sslrootcert", "sslmode"):
        parameters.pop(name, None)
    return context
