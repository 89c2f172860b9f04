"""What the environment decides: read once at start, refused at start when wrong."""

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, TypeVar

T = TypeVar("T")


class SettingsError(Exception):
    """Settings that cannot be started with: one line for each that is wrong."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Both folders are absolute, and `postgres_bin` is the one that holds the program `postgres`."""

    host: str
    port: int
    data: Path
    postgres_bin: Path | None
    # Kept out of repr: neither a log nor a traceback shows its password.
    database_url: str | None = field(repr=False)
    # Whether `database_url` is of a pooler, and what that gives a session to.
    pooler: Literal["transaction"] | None


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
        is_usable = True  # The first start makes it.
    except OSError:
        is_usable = False
    if not is_usable:
        raise ValueError(f"must be a folder that can be opened, and {value!r} is none")
    return folder.absolute()


def _postgres_bin(value: str) -> Path:
    program = Path(value) / "postgres"
    if not (os.access(program, os.X_OK) and program.is_file()):
        raise ValueError(f"must be the folder of a PostgreSQL's programs, and {value!r} has no program 'postgres'")
    return program.parent.absolute()


def _database_url(value: str) -> str:
    if not value.startswith("postgresql://"):
        # No part of the value is repeated: in a malformed one the password may stand anywhere.
        raise ValueError("must be an address like postgresql://user@host:5432/database")
    return value


def _pooler(value: str) -> Literal["transaction"]:
    if value != "transaction":
        raise ValueError(f"must be 'transaction' or unset, not {value!r}")
    return "transaction"


class _Environment:
    """The environment, asked for one setting after the other; refusals are collected, to be told together."""

    def __init__(self) -> None:
        self.refusals: list[str] = []
        self._names: list[str] = []

    def read(self, name: str, convert: Callable[[str], T], *, unset: T) -> T:
        """The converted value; `unset` where the variable is missing, empty or refused."""
        self._names.append(name)
        try:
            return convert(os.environ[name]) if os.environ.get(name) else unset
        except ValueError as refusal:
            self.refusals.append(f"{name} {refusal}")
            return unset

    def refuse_the_rest(self) -> None:
        """A name like a setting's that nobody asked for is a slip, and silence would hide it."""
        for name, value in sorted(os.environ.items()):
            if value and name.upper().startswith("SIGAP_") and name not in self._names:
                meant = get_close_matches(name.upper(), self._names, n=1, cutoff=0.8)
                hint = f"; did you mean {meant[0]}?" if meant else ""
                self.refusals.append(f"{name} is not a setting{hint}")


def read_settings() -> Settings:
    environment = _Environment()
    settings = Settings(
        host=environment.read("SIGAP_HOST", _host, unset="127.0.0.1"),
        port=environment.read("SIGAP_PORT", _port, unset=8000),
        data=environment.read("SIGAP_DATA", _data, unset=Path(".sigap").absolute()),
        postgres_bin=environment.read("SIGAP_POSTGRES_BIN", _postgres_bin, unset=None),
        database_url=environment.read("DATABASE_URL", _database_url, unset=None),
        pooler=environment.read("SIGAP_POOLER", _pooler, unset=None),
    )
    if settings.pooler and not settings.database_url:
        environment.refusals.append("SIGAP_POOLER says what DATABASE_URL leads to, which is not set")
    environment.refuse_the_rest()
    if environment.refusals:
        raise SettingsError("\n".join(environment.refusals))
    return settings
