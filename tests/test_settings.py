import os
from ipaddress import ip_network
from pathlib import Path

import pytest

from api.settings import Limits, Settings, SettingsError, read_settings


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.upper().startswith("SIGAP_") or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def binaries(tmp_path: Path) -> Path:
    folder = tmp_path / "lib postgresql" / "bin"
    folder.mkdir(parents=True)
    (folder / "postgres").touch(mode=0o755)
    return folder


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings()
    return str(caught.value)


def test_every_setting_has_a_default(tmp_path: Path) -> None:
    assert read_settings() == Settings(
        host="127.0.0.1",
        port=8000,
        data=tmp_path / ".sigap",
        postgres_bin=None,
        database_url=None,
        pooler=None,
        origins=(),
        introspection="everybody",
        documents=None,
    )


def test_every_setting_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, binaries: Path) -> None:
    monkeypatch.setenv("SIGAP_HOST", "0.0.0.0")  # noqa: S104  # Only parsed, not bound.
    monkeypatch.setenv("SIGAP_PORT", "65535")
    monkeypatch.setenv("SIGAP_DATA", "data of today")
    monkeypatch.setenv("SIGAP_POSTGRES_BIN", "lib postgresql/bin")
    monkeypatch.setenv("DATABASE_URL", "postgresql://sigap:rahasia@db/sigap")
    monkeypatch.setenv("SIGAP_POOLER", "transaction")
    monkeypatch.setenv("SIGAP_INTROSPECTION", "accounts")
    monkeypatch.setenv("SIGAP_DOCUMENTS", "documents.json")
    Path("documents.json").write_text('{"a1": "{ me { id } }"}', encoding="utf-8")
    monkeypatch.setenv("SIGAP_ORIGINS", "https://sigap.example, http://localhost:3000")
    monkeypatch.setenv("SIGAP_SMS", "https://gateway.example/messages")
    monkeypatch.setenv("SIGAP_SMS_AUTHORIZATION", "App rahasia")
    monkeypatch.setenv("SIGAP_SMS_BODY", "sms.json")
    Path("sms.json").write_text('{"destinations": [{"to": "{to}"}], "text": "Sigap: {text}"}', encoding="utf-8")
    monkeypatch.setenv("SIGAP_MAX_TOKENS", "500")
    monkeypatch.setenv("SIGAP_TRUSTED_PROXIES", "10.0.0.0/8, ::1")

    assert read_settings() == Settings(
        host="0.0.0.0",  # noqa: S104  # As above.
        port=65535,
        data=tmp_path / "data of today",
        postgres_bin=binaries,
        database_url="postgresql://sigap:rahasia@db/sigap",
        pooler="transaction",
        origins=("https://sigap.example", "http://localhost:3000"),
        introspection="accounts",
        documents={"a1": "{ me { id } }"},
        sms="https://gateway.example/messages",
        sms_authorization="App rahasia",
        sms_body={"destinations": [{"to": "{to}"}], "text": "Sigap: {text}"},
        limits=Limits(max_tokens=500, trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("::1"))),
    )


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    unset = read_settings()

    for name in ("SIGAP_HOST", "SIGAP_PORT", "SIGAP_DATA", "SIGAP_POSTGRES_BIN", "DATABASE_URL", "SIGAP_PROT"):
        monkeypatch.setenv(name, "")

    assert read_settings() == unset


@pytest.mark.parametrize("host", ["localhost", "::1", "fe80::1%eth0", "posko-1.kalteng.go.id"])
def test_a_host_is_a_name_or_an_address(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("SIGAP_HOST", host)

    assert read_settings().host == host


@pytest.mark.parametrize("host", ["http://localhost", "local host", "localhost\n"])
def test_an_invalid_host_is_refused(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("SIGAP_HOST", host)

    assert refusal() == f"SIGAP_HOST must be a host name or an IP address, not {host!r}"


@pytest.mark.parametrize(
    "origin",
    [
        *("*", "null", "sigap.example", "https://sigap.example/", "https://Sigap.example", "https://sigap.example:443"),
        *(
            "http://a.example:80",
            "https://a b",
            "ftp://a.example",
            "https://",
            "https://a.example:0",
            "https://a.example,",
        ),
        *("https://a.example?x", "https://u@a.example"),
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str) -> None:
    monkeypatch.setenv("SIGAP_ORIGINS", origin)

    wrong = repr(origin.strip() if "," not in origin else "")
    text = f"must be origins like https://sigap.example, separated by commas; {wrong} is none"
    assert refusal() == f"SIGAP_ORIGINS {text}"


@pytest.mark.parametrize("content", [None, b"", b"[", b"[]", b'{"a": 1}', b'{"a": "\xff"}'])
def test_a_manifest_that_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    monkeypatch.setenv("SIGAP_DOCUMENTS", "documents.json")
    if content is not None:
        Path("documents.json").write_bytes(content)

    assert refusal().startswith("SIGAP_DOCUMENTS must be a ")
    assert "'documents.json' is not" in refusal()


def test_introspection_is_for_everybody_or_for_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGAP_INTROSPECTION", "nobody")

    assert refusal() == "SIGAP_INTROSPECTION must be 'everybody' or 'accounts', not 'nobody'"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "8000.0", "8_000", "٨٠٠٠", "http"])
def test_an_invalid_port_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("SIGAP_PORT", port)

    assert refusal() == f"SIGAP_PORT must be a port from 1 to 65535, not {port!r}"


def test_an_existing_data_folder_is_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("SIGAP_DATA", "data")

    assert read_settings().data == tmp_path / "data"


@pytest.mark.parametrize("data", ["file", "file/below", "n" * 300])
def test_a_data_folder_that_is_not_a_folder_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SIGAP_DATA", data)

    assert refusal() == f"SIGAP_DATA must be a folder that can be opened, and {data!r} is not"


@pytest.mark.parametrize("kind", ["missing", "not a program", "a folder"])
def test_a_folder_without_the_server_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, binaries: Path, kind: str
) -> None:
    (binaries / "postgres").unlink()
    if kind == "not a program":
        (binaries / "postgres").touch(mode=0o644)
    if kind == "a folder":
        (binaries / "postgres").mkdir()
    monkeypatch.setenv("SIGAP_POSTGRES_BIN", str(binaries))

    assert refusal() == (
        "SIGAP_POSTGRES_BIN must be the folder of PostgreSQL's programs,"
        f" and '{tmp_path}/lib postgresql/bin' has no program 'postgres'"
    )


@pytest.mark.parametrize(
    "url",
    ["mysql://sigap:rahasia@db/sigap", "postgresql+asyncpg://sigap:rahasia@db/sigap", "sigap:rahasia@db", "rahasia"],
)
def test_another_database_is_refused_without_showing_its_password(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)

    assert refusal() == "DATABASE_URL must be an address like postgresql://user@host:5432/database"


def test_printed_settings_do_not_show_the_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://sigap:rahasia@db/sigap")

    assert str(read_settings()) == (
        f"Settings(host='127.0.0.1', port=8000, data={tmp_path / '.sigap'!r}, postgres_bin=None, pooler=None, origins=(), "
        f"introspection='everybody', limits={Limits()!r}, mail_from='sigap@localhost', second_factor=None, "
        "oidc_issuer=None, oidc_audience=None, oidc_accounts=None)"
    )


def test_an_unknown_setting_is_refused_with_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGAP_PROT", "9000")
    monkeypatch.setenv("sigap_host", "localhost")
    monkeypatch.setenv("SIGAP_VERBOSE", "1")

    assert refusal().splitlines() == [
        "SIGAP_PROT is not a setting; did you mean SIGAP_PORT?",
        "SIGAP_VERBOSE is not a setting",
        "sigap_host is not a setting; did you mean SIGAP_HOST?",
    ]


def test_all_errors_are_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://db")
    monkeypatch.setenv("SIGAP_PORTS", "1")
    monkeypatch.setenv("SIGAP_PORT", "no")
    monkeypatch.setenv("SIGAP_HOST", "a b")

    assert refusal().splitlines() == [
        "SIGAP_HOST must be a host name or an IP address, not 'a b'",
        "SIGAP_PORT must be a port from 1 to 65535, not 'no'",
        "DATABASE_URL must be an address like postgresql://user@host:5432/database",
        "SIGAP_PORTS is not a setting; did you mean SIGAP_PORT?",
    ]


@pytest.mark.parametrize("pooler", ["session", "Transaction", "pgbouncer", "1"])
def test_only_transaction_pooling_is_accepted(monkeypatch: pytest.MonkeyPatch, pooler: str) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://db/sigap")
    monkeypatch.setenv("SIGAP_POOLER", pooler)

    assert refusal() == f"SIGAP_POOLER must be 'transaction' or unset, not {pooler!r}"


def test_a_pooler_needs_a_database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGAP_POOLER", "transaction")

    assert refusal() == "SIGAP_POOLER describes what DATABASE_URL points to, and that is not set"


def test_a_provider_is_read_with_its_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ISSUER", "https://masuk.example/realm"), ("AUDIENCE", "sigap"), ("ACCOUNTS", "create")):
        monkeypatch.setenv(f"SIGAP_OIDC_{name}", value)

    found = read_settings()

    assert (found.oidc_issuer, found.oidc_audience, found.oidc_accounts) == (
        "https://masuk.example/realm",
        "sigap",
        "create",
    )


@pytest.mark.parametrize(
    "issuer",
    ["http://masuk.example", "masuk.example", "https://", "https://masuk.example?a", "https://masuk.example/#a"],
)
def test_a_provider_that_cannot_be_trusted_is_refused(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    monkeypatch.setenv("SIGAP_OIDC_ISSUER", issuer)
    monkeypatch.setenv("SIGAP_OIDC_AUDIENCE", "sigap")

    assert refusal() == f"SIGAP_OIDC_ISSUER must be an address like https://id.example, not {issuer!r}"


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        (
            {"ISSUER": "https://masuk.example"},
            "SIGAP_OIDC_ISSUER and SIGAP_OIDC_AUDIENCE belong together, and one of them is not set",
        ),
        (
            {"AUDIENCE": "sigap"},
            "SIGAP_OIDC_ISSUER and SIGAP_OIDC_AUDIENCE belong together, and one of them is not set",
        ),
        ({"ACCOUNTS": "refuse"}, "SIGAP_OIDC_ACCOUNTS must be 'create' or unset, not 'refuse'"),
    ],
)
def test_half_a_provider_is_refused(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], wrong: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"SIGAP_OIDC_{name}", value)

    assert refusal() == wrong


@pytest.mark.parametrize("gateway", ["http://gateway.example", "gateway.example", "https://", "smpp://gateway.example"])
def test_a_gateway_that_is_not_reached_through_tls_is_refused(monkeypatch: pytest.MonkeyPatch, gateway: str) -> None:
    monkeypatch.setenv("SIGAP_SMS", gateway)

    assert refusal() == "SIGAP_SMS must be an address like https://gateway.example/messages"


@pytest.mark.parametrize("content", ["[]", "{}", '{"to": "{to}"}', '{"text": "{text}"}', '"{to} {text}"'])
def test_a_text_message_says_to_whom_and_what(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    monkeypatch.setenv("SIGAP_SMS", "https://gateway.example/messages")
    monkeypatch.setenv("SIGAP_SMS_BODY", "sms.json")
    Path("sms.json").write_text(content, encoding="utf-8")

    wanted = "SIGAP_SMS_BODY must be a file with a JSON object that has {to} and {text}, and 'sms.json' is not"
    assert refusal() == wanted


def test_the_key_of_a_gateway_is_a_header_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGAP_SMS", "https://gateway.example/messages")
    monkeypatch.setenv("SIGAP_SMS_AUTHORIZATION", "Bearer rahasia")
    shown = repr(read_settings())
    monkeypatch.setenv("SIGAP_SMS_AUTHORIZATION", "Bearer\nrahasia")

    assert "rahasia" not in shown
    expected = "SIGAP_SMS_AUTHORIZATION must be the header Authorization as the gateway expects it, like 'Bearer key'"
    assert refusal() == expected


@pytest.mark.parametrize("name", ["SIGAP_SMS_AUTHORIZATION", "SIGAP_SMS_BODY"])
def test_what_describes_a_gateway_needs_one(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    Path("sms.json").write_text('{"to": "{to}", "text": "{text}"}', encoding="utf-8")
    monkeypatch.setenv(name, "sms.json")

    assert refusal() == f"{name} is about the gateway that SIGAP_SMS names, and that is not set"
