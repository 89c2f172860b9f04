"""DATABASE_URL: an address as libpq understands it, and how asyncpg connects to it.

asyncpg reads most parameters itself, and sends those that it does not know to the server, as settings of the session.
"""

import getpass
import os
import re
import ssl
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

EXAMPLE = "postgresql://user@host:5432/database"
HOST = r"(?:\[[0-9A-Fa-f:.]+(?:%25[\w.-]+)?\]|[^\[\]@:,/?#]*)(?::[0-9]{0,5})?"
ADDRESS = re.compile(
    r"postgres(?:ql)?://(?:(?P<user>[^:@/]*)(?::(?P<password>[^@/]*))?(?P<at>@))?"
    rf"(?P<hosts>{HOST}(?:,{HOST})*)(?:/(?P<dbname>[^@?#]*))?(?:\?(?P<query>(?:\w+=[^&#]*(?:&\w+=[^&#]*)*&?)?))?"
)
# Control characters, which an editor leaves at the end of a line, and a per cent sign that encodes nothing.
UNREADABLE = re.compile(r"[\x00-\x1f\x7f]|%00|%(?![0-9A-Fa-f]{2})")
TLS_VERSIONS = ("", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "ssl_min_protocol_version": TLS_VERSIONS,
    "ssl_max_protocol_version": TLS_VERSIONS,
    "gssencmode": ("prefer", "disable"),
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
        *("sslkeylogfile", "sslsni", "tcp_user_timeout"),
    )
)
# Without these Sigap would connect to another server, or less safely, than the address says.
NOT_SUPPORTED = frozenset(
    (
        *("hostaddr", "oauth_client_id", "oauth_client_secret", "oauth_issuer", "oauth_scope", "replication"),
        *("require_auth", "requirepeer", "scram_client_key", "scram_server_key", "service", "servicefile"),
        *("requiressl", "ssl", "sslcrldir"),
    )
)
# Other names of `sslmode=require`, as libpq accepts them too.
ENCRYPTED = (("ssl", "true"), ("requiressl", "1"))


def checked(url: str) -> str:
    """The address itself. Raises `ValueError` with what is wrong, without its password and what may be a part of it."""
    if not url.startswith(("postgresql://", "postgres://")):
        raise ValueError(f"must be an address like {EXAMPLE}")
    found = ADDRESS.fullmatch(url)
    if not found or UNREADABLE.search(url) or ("@" in (found["query"] or "") and not found["at"]):
        raise ValueError(f"must be an address like {EXAMPLE}, with other characters in names and passwords as %2F")
    parameters = _parameters(url)
    _check_names(parameters)
    _check_ports(parameters)
    _check_choices(parameters)
    _check_files(parameters)
    return url


def connection_arguments(url: str, settings: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What `asyncpg.connect` is called with; `settings` are the server's, for the session."""
    parameters = {name: value for name, value in _parameters(url).items() if name not in OF_LIBPQ_ONLY}
    parameters.setdefault("application_name", "sigap")
    if "default_transaction_read_only" in (settings or {}) and "target_session_attrs" in parameters:
        # The session's own setting would make it none that may write.
        parameters["target_session_attrs"] = parameters["target_session_attrs"].replace("read-write", "primary")
    arguments: dict[str, Any] = {"server_settings": dict(settings or {})}
    for name, of_asyncpg in (("user", "user"), ("password", "password"), ("dbname", "database")):
        if value := parameters.pop(name, ""):
            arguments[of_asyncpg] = value
    if hosts := parameters.pop("host", ""):
        arguments["host"] = hosts.split(",")
    if ports := parameters.pop("port", ""):
        arguments["port"] = [int(port or 5432) for port in ports.split(",")]
    if parameters.get("sslrootcert") == "system":
        arguments["ssl"] = _system_authorities(parameters)
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())
    return {"dsn": f"postgresql://?{query}", **arguments}


def _parameters(url: str) -> dict[str, str]:
    """As libpq reads them: a plus sign is no space, and the last of a name counts, also against the part before it."""
    found = ADDRESS.fullmatch(url)
    assert found is not None
    parameters = {name: unquote(value) for name in ("user", "password", "dbname") if (value := found[name])}
    hosts, ports = zip(*map(_host_and_port, found["hosts"].split(",")), strict=True)
    address = {"host": ",".join(hosts), "port": ",".join(ports)}
    parameters |= {name: text for name, text in address.items() if text.strip(",")}
    return parameters | dict(_pairs(found["query"] or ""))


def _host_and_port(text: str) -> tuple[str, str]:
    """Without the brackets of an IPv6 address, which has colons itself."""
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text, ""
    return unquote(host.strip("[]")), port


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        yield ("sslmode", "require") if (name, value) in ENCRYPTED else (name, unquote(value))


def _check_names(parameters: Mapping[str, str]) -> None:
    """All parameters can be honoured, and there is a user."""
    if "pgbouncer" in parameters:
        raise ValueError("has pgbouncer, which is of another library: set SIGAP_POOLER=transaction in its place")
    for name in sorted(NOT_SUPPORTED & parameters.keys()):
        raise ValueError(f"has {name}, which Sigap cannot honour: see docs/operations.md, DATABASE_URL")
    if not (parameters.get("user") or os.environ.get("PGUSER")):
        try:
            getpass.getuser()
        except (KeyError, OSError):
            # In a container that runs as a user id without a name.
            raise ValueError(f"names no user; it must be an address like {EXAMPLE}") from None


def _check_ports(parameters: Mapping[str, str]) -> None:
    ports = parameters.get("port", "").split(",")
    for port in filter(None, ports):
        if not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
            raise ValueError("has a port that is no number from 1 to 65535")
    hosts = parameters.get("host", "").split(",")
    if len(ports) not in {1, len(hosts)}:
        raise ValueError(f"has {len(ports)} ports for {len(hosts)} hosts")


def _check_choices(parameters: Mapping[str, str]) -> None:
    for name, values in CHOICES.items():
        if (value := parameters.get(name)) is not None and value not in values:
            raise ValueError(f"has {name}={value}, which must be one of {', '.join(filter(None, values))}")


def _check_files(parameters: Mapping[str, str]) -> None:
    """The files can be read, and those for TLS are of their kind."""
    if parameters.get("sslrootcert") == "system":
        if parameters.get("sslmode", "verify-full") != "verify-full":
            raise ValueError("has sslrootcert=system, which needs sslmode=verify-full")
        if parameters.get("sslcrl"):
            raise ValueError("has sslrootcert=system and sslcrl, of which only one can hold")
    for name in FILES:
        if (path := parameters.get(name)) and path != "system":
            _check_file(name, path)
    _check_certificate(parameters)


def _check_file(name: str, path: str) -> None:
    try:
        open(path, "rb").close()  # noqa: PTH123  # As asyncpg does, with the path as it is.
        if name in {"sslrootcert", "sslcrl"}:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ValueError(f"names the file {path!r} as {name}, which has no certificate in PEM format") from None
    except OSError as error:
        raise ValueError(f"names the file {path!r} as {name}: {error.strerror}") from None


def _check_certificate(parameters: Mapping[str, str]) -> None:
    if certificate := parameters.get("sslcert"):
        try:
            _load_certificate(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), parameters)
        except ssl.SSLError:
            raise ValueError(
                f"names the file {certificate!r} as sslcert, which does not fit sslkey and sslpassword"
            ) from None


def _load_certificate(context: ssl.SSLContext, parameters: Mapping[str, str]) -> None:
    """A password is always given, as OpenSSL would ask a person for one."""
    context.load_cert_chain(
        parameters["sslcert"], parameters.get("sslkey") or None, lambda: parameters.get("sslpassword", "")
    )


def _system_authorities(parameters: dict[str, str]) -> ssl.SSLContext:
    """What `sslmode=verify-full` means with the authorities that the operating system trusts."""
    context = ssl.create_default_context()
    if parameters.get("sslcert"):
        _load_certificate(context, parameters)
    for name, bound in (
        ("ssl_min_protocol_version", "minimum_version"),
        ("ssl_max_protocol_version", "maximum_version"),
    ):
        if version := parameters.pop(name, ""):
            setattr(context, bound, ssl.TLSVersion[version.replace(".", "_")])
    for name in ("sslrootcert", "sslmode"):
        parameters.pop(name, None)
    return context
