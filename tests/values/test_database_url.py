import ssl
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from api.values.database_url import checked, connection_arguments

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
    ],
)
def test_addresses_as_services_print_them_are_accepted(url: str) -> None:
    assert checked(url) == url


@pytest.mark.parametrize(
    "url",
    [
        *("postgresql://u:pa/ss@db/sigap", "postgresql://u:12/ss@db/sigap", "postgresql://u:pa#ss@db/sigap"),
        *("postgresql://u:pa?ss@db/sigap", "postgresql://u:pa@ss@db/sigap", "postgresql://db:port/sigap"),
        *("postgresql://db/sigap?sslmode", "postgresql://db/sigap?=require"),
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
    ],
)
def test_a_wrong_parameter_is_named(query: str, message: str) -> None:
    with pytest.raises(ValueError, match=query.partition("=")[0].rpartition("&")[2]) as refused:
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
        "dsn": "postgresql://u:p%2Fw@db/sigap?application_name=posko%2B1%20a&options=-c%20work_mem%3D8MB",
        "server_settings": {"jit": "off"},
    }


def test_the_authorities_of_the_system_verify_the_name_too() -> None:
    arguments = connection_arguments("postgresql://db/sigap?sslmode=verify-full&sslrootcert=system")

    assert arguments["dsn"] == "postgresql://db/sigap?application_name=sigap"
    assert (arguments["ssl"].verify_mode, arguments["ssl"].check_hostname) == (ssl.CERT_REQUIRED, True)
