import os
import ssl
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from api.values.database_url import NOT_SUPPORTED, checked, connection_arguments

MALFORMED = (
    "must be an address like postgresql://user@host:5432/database, with other characters in names and passwords as %2F"
)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://",
        "postgresql://db/sigap",
        "postgres://sigap:rahasia@db.internal:6543/sigap?sslmode=require",
        "postgresql://sigap:p%40ss%2Fword@db/sigap?sslmode=require&channel_binding=require",
        "postgresql://sigap@one:5432,two:5433/sigap?target_session_attrs=read-write&application_name=sigap-1",
        "postgresql://sigap@[2001:db8::1]:5432/sigap",
        "postgresql://sigap@/sigap?host=%2Frun%2Fpostgresql&port=5432",
        "postgresql://sigap@db/sigap?sslmode=verify-full&sslrootcert=system",
        "postgresql://sigap@db/sigap?options=endpoint%3Dep-1&sslmode=require&",
        "postgresql://postgres.ref:[p#ss?w:rd]@aws-0-ap-southeast-1.pooler.supabase.com:6543/postgres",
        "postgres://sigap%40server:rahasia@server.postgres.database.azure.com:5432/sigap?sslmode=require",
    ],
)
def test_addresses_as_services_print_them_are_accepted(url: str) -> None:
    assert checked(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("postgresql://u:pa/ss@db/sigap", "postgresql://u:12/ss@db/sigap", "postgresql://u:12/s?a=s@db/sigap"),
        *("postgresql://u:pa@ss@db/sigap", "postgresql://u:rahasia@[rahasia]/sigap", "postgresql://db:port/sigap"),
        *("postgresql://u:pass%@db/sigap", "postgresql://u:pass%zz@db/sigap", "postgresql://u:pass%00@db/sigap"),
        *("postgresql://u:pa\nss@db/sigap", "postgresql://u@db/sigap\r", "postgresql://u:p@[::1/sigap"),
        *("postgresql://db/sigap?sslmode", "postgresql://db/sigap?=require", "postgresql://u:p@db:123456/sigap"),
    ],
)
def test_an_address_that_would_be_split_wrongly_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be") as refused:
        checked(url)

    assert str(refused.value) == MALFORMED


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "sslmode=no-verify",
            "has sslmode=no-verify, which must be one of disable, allow, prefer, require, verify-ca, verify-full",
        ),
        (
            "target_session_attrs=write",
            "has target_session_attrs=write, which must be one of any, read-write, primary",
        ),
        ("sslrootcert=/nowhere/ca.pem", "names the file '/nowhere/ca.pem' as sslrootcert: No such file or directory"),
        ("sslcert=%2Fnowhere/me.pem", "names the file '/nowhere/me.pem' as sslcert: No such file or directory"),
        ("passfile=/nowhere/pass", "names the file '/nowhere/pass' as passfile: No such file or directory"),
        ("sslmode=require&sslrootcert=system", "has sslrootcert=system, which needs sslmode=verify-full"),
        ("sslrootcert=system&sslcrl=/dev/null", "has sslrootcert=system and sslcrl, of which only one can hold"),
        ("sslcrl=/dev/null", "names the file '/dev/null' as sslcrl, which has no certificate in PEM format"),
        ("sslcert=/dev/null", "names the file '/dev/null' as sslcert, which does not fit sslkey and sslpassword"),
        ("gssencmode=require", "has gssencmode=require, which must be one of prefer, disable"),
        (
            "ssl_min_protocol_version=1.2",
            "has ssl_min_protocol_version=1.2, which must be one of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3",
        ),
        ("sslnegotiation=tls", "has sslnegotiation=tls, which must be one of postgres, direct"),
        ("port=http", "has a port that is no number from 1 to 65535"),
        ("port=0", "has a port that is no number from 1 to 65535"),
        ("port=1,99999&host=a,b", "has a port that is no number from 1 to 65535"),
        ("port=1,2,3&host=a,b", "has 3 ports for 2 hosts"),
        ("pgbouncer=true", "has pgbouncer, which is of another library: set SIGAP_POOLER=transaction in its place"),
        *(
            (f"{name}=x", f"has {name}, which Sigap cannot honour: see docs/operations.md, DATABASE_URL")
            for name in sorted(NOT_SUPPORTED)
        ),
    ],
)
def test_a_wrong_parameter_is_named(query: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^(has|names)") as refused:
        checked(f"postgresql://sigap:rahasia@db/sigap?{query}")

    assert str(refused.value) == message


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("-----BEGIN RSA PRIVATE KEY-----\n")

    with pytest.raises(ValueError, match="PEM") as refused:
        checked(f"postgresql://db/sigap?sslmode=verify-full&sslrootcert={file}")

    assert str(refused.value) == f"names the file {str(file)!r} as sslrootcert, which has no certificate in PEM format"


def sent(url: str) -> dict[str, list[str]]:
    """The parameters that asyncpg is given."""
    return parse_qs(urlsplit(connection_arguments(url)["dsn"]).query)


def test_parameters_that_the_server_would_refuse_are_left_out() -> None:
    query = "sslmode=require&channel_binding=require&connect_timeout=5&keepalives=1&gssencmode=prefer&sslsni=1"

    assert sent(f"postgresql://db/sigap?{query}") == {"sslmode": ["require"], "application_name": ["sigap"]}


def test_the_address_names_the_application_and_settings_of_the_server() -> None:
    url = "postgresql://u:p%2Fw@db/sigap?application_name=posko+1%20a&options=-c%20work_mem%3D8MB"

    assert connection_arguments(url, {"jit": "off"}) == {
        "dsn": "postgresql://?application_name=posko%2B1%20a&options=-c%20work_mem%3D8MB",
        "user": "u",
        "password": "p/w",
        "host": ["db"],
        "database": "sigap",
        "server_settings": {"jit": "off"},
    }


@pytest.mark.parametrize(
    ("address", "arguments"),
    [
        ("", {}),
        ("u@", {"user": "u"}),
        ("u:[#?:]@db:6543/x", {"user": "u", "password": "[#?:]", "host": ["db"], "port": [6543], "database": "x"}),
        ("db", {"host": ["db"]}),
        ("db:/", {"host": ["db"]}),
        ("[2001:db8::1],[::1]:5433/x", {"host": ["2001:db8::1", "::1"], "port": [5432, 5433], "database": "x"}),
        ("one,two/x?port=6543", {"host": ["one", "two"], "port": [6543], "database": "x"}),
        ("u@%2Frun%2Fpg:5433/x", {"user": "u", "host": ["/run/pg"], "port": [5433], "database": "x"}),
        ("/x?host=/run/a,/run/b&port=1,2", {"host": ["/run/a", "/run/b"], "port": [1, 2], "database": "x"}),
        (
            "u:p@db:1/x?user=v&password=q%25&dbname=y&host=other&port=2",
            {"user": "v", "password": "q%", "host": ["other"], "port": [2], "database": "y"},
        ),
    ],
)
def test_the_parts_of_an_address_are_read_as_libpq_reads_them(address: str, arguments: dict[str, object]) -> None:
    url = checked(f"postgresql://{address}")

    fixed = {"dsn": "postgresql://?application_name=sigap", "server_settings": {}}
    assert connection_arguments(url) == {**fixed, **arguments}


@pytest.mark.parametrize("query", ["ssl=true", "requiressl=1", "sslmode=disable&ssl=true"])
def test_other_names_of_encryption_are_understood(query: str) -> None:
    assert sent(checked(f"postgresql://db/sigap?{query}")) == {"sslmode": ["require"], "application_name": ["sigap"]}


def test_a_user_id_without_a_name_needs_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGUSER", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 3_999_999_999)

    with pytest.raises(ValueError, match="names no user") as refused:
        checked("postgresql://db/sigap")

    assert str(refused.value) == "names no user; it must be an address like postgresql://user@host:5432/database"


def test_the_authorities_of_the_system_verify_the_name_too() -> None:
    url = "postgresql://db/sigap?sslmode=verify-full&sslrootcert=system&ssl_min_protocol_version=TLSv1.3"

    arguments = connection_arguments(checked(url))

    context = arguments["ssl"]
    assert arguments["dsn"] == "postgresql://?application_name=sigap"
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3
