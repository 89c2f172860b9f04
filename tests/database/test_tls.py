"""TLS, with certificates made for the test, on a PostgreSQL that has it; the embedded one is built without."""

import os
import pwd
import socket
import subprocess
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.database import migration
from api.database.engine import Database
from api.installation import connected
from api.values.database_url import checked
from tests.command import environment, sigap
from tests.isolation import command

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
pytestmark = pytest.mark.skipif(not PROGRAMS.exists(), reason="Debian's postgresql-15 is not installed.")

NOW = datetime.now(UTC)
OF_THE_SESSION = """SELECT concat_ws(' ', ssl, application_name, current_setting('transaction_read_only'))
  FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE pid = pg_backend_pid()"""


def authority(name: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    return certificate(name, key, name, key, x509.BasicConstraints(ca=True, path_length=0)), key


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    *extensions: x509.ExtensionType,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return builder.sign(issuer_key, hashes.SHA256())


def pem(thing: x509.Certificate | ec.EllipticCurvePrivateKey) -> bytes:
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM)
    return thing.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@dataclass(frozen=True)
class TlsServer:
    port: int
    folder: Path

    def url(self, parameters: str, *, host: str = "localhost") -> str:
        return f"postgresql://postgres@{host}:{self.port}/postgres?{parameters}"

    def verified(self, *more: str, host: str = "localhost", ca: str = "ca.pem") -> str:
        return self.url(
            "&".join(["sslmode=verify-full", f"sslrootcert={self.folder / ca}", "channel_binding=require", *more]),
            host=host,
        )


def as_nobody() -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []


def write_certificates(folder: Path) -> None:
    ca, ca_key = authority("Otoritas uji")
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    made = certificate("localhost", key, "Otoritas uji", ca_key, names)
    other = authority("Otoritas lain")[0]
    for name, content in {
        "ca.pem": pem(ca),
        "other.pem": pem(other),
        "tls.pem": pem(made),
        "tls.key": pem(key),
    }.items():
        (folder / name).write_bytes(content)
    (folder / "tls.key").chmod(0o600)


@pytest.fixture(scope="module")
def server() -> Generator[TlsServer]:
    """A server that accepts TCP connections only with TLS."""
    with TemporaryDirectory(prefix="sigap-tls-") as name:
        folder = Path(name)
        write_certificates(folder)
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            port = listener.getsockname()[1]
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            for path in (folder, *folder.iterdir()):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        data = folder / "data"
        initdb = [str(PROGRAMS / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run([*as_nobody(), *initdb], check=True, capture_output=True, cwd="/")
        rules = "hostssl all sandi 127.0.0.1/32 scram-sha-256\nhostssl all all 127.0.0.1/32 trust\n"
        (data / "pg_hba.conf").write_text(rules)
        options = f"-c ssl=on -c ssl_cert_file={folder}/tls.pem -c ssl_key_file={folder}/tls.key -c fsync=off"
        options += f" -c listen_addresses=127.0.0.1 -p {port} -c unix_socket_directories="
        control = [*as_nobody(), str(PROGRAMS / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w"]
        subprocess.run([*control, "-o", options, "start"], check=True, capture_output=True, cwd="/")
        try:
            yield TlsServer(port, folder)
        finally:
            subprocess.run([*control, "-m", "fast", "stop"], check=True, capture_output=True, cwd="/")


async def test_reads_writes_and_migrations_verify_the_server(server: TlsServer) -> None:
    url = server.verified("application_name=posko", "target_session_attrs=read-write", "connect_timeout=5")

    migrated = [await migration.upgrade(url) for _ in range(2)]
    database = await Database.open(url)
    read = await database.read(OF_THE_SESSION, ())
    async with database.transaction() as session:
        written = await session.text(OF_THE_SESSION, ())
    await database.close()

    assert migrated == [True, False]
    assert (read, written) == ("t posko on", "t posko off")


def test_the_command_migrates_over_tls(server: TlsServer, tmp_path: Path) -> None:
    done = sigap(environment(tmp_path, DATABASE_URL=server.verified()), "migrate")

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("host", "parameters", "message"),
    [
        ("localhost", "sslmode=verify-full&sslrootcert={}/other.pem", "certificate verify failed"),
        ("127.0.0.1", "sslmode=verify-full&sslrootcert={}/ca.pem", "IP address mismatch"),
        ("localhost", "sslmode=disable", "no encryption"),
    ],
)
def test_another_server_is_refused_in_one_line(
    server: TlsServer, tmp_path: Path, host: str, parameters: str, message: str
) -> None:
    url = server.url(parameters.format(server.folder), host=host)

    done = sigap(environment(tmp_path, DATABASE_URL=url), "migrate")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("The database cannot be used: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("parameters", ["sslmode=require", "sslmode=prefer", ""])
async def test_without_verification_tls_is_used(server: TlsServer, parameters: str) -> None:
    database = await Database.open(server.url(parameters))
    read = await database.read(OF_THE_SESSION, ())
    await database.close()

    assert read == "t sigap on"


PASSWORD = "p@ss/w:rd #1?&%é+"  # Of a test.


@pytest.mark.parametrize(
    "address",
    [
        "sandi:{quoted}@localhost:{port}/postgres?sslmode=require&channel_binding=require",
        "sandi:[rahasia]@localhost:{port}/postgres?password={quoted}",
        "localhost/postgres?user=sandi&password={quoted}&port={port}&ssl=true",
        "sandi:{quoted}@127.0.0.1:1,localhost:{port}/postgres?target_session_attrs=primary",
    ],
)
async def test_a_password_of_any_characters_arrives_as_it_is(server: TlsServer, address: str) -> None:
    await command(server.url(""), "DROP ROLE IF EXISTS sandi", f"CREATE ROLE sandi LOGIN PASSWORD '{PASSWORD}'")

    url = "postgresql://" + address.format(quoted=quote(PASSWORD, safe=""), port=server.port)
    async with connected(checked(url)) as connection:
        found = await connection.fetchval("SELECT current_user || ' ' || current_database()")

    assert found == "sandi postgres"
