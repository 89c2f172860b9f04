"""Accounts of the demo data, with their roles."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import asyncpg

from api.demo import row
from api.demo.person import Person
from api.demo.random_source import RandomSource


class Login(NamedTuple):
    """An account: its name, its role, and the place or organization that the role is limited to."""

    name: str
    role: str | None
    province: str | None = None
    kabupaten: str | None = None
    organization: str | None = None


ACCOUNTS: Mapping[str, Login] = {
    "nasional": Login("Koordinator Nasional", "COORDINATOR"),
    "kotim": Login("Koordinator Kotawaringin Timur", "COORDINATOR", kabupaten="62.02"),
    "kalteng": Login("Koordinator Kalimantan Tengah", "COORDINATOR", province="62"),
    "katingan": Login("Koordinator Katingan", "COORDINATOR", kabupaten="62.06"),
    "tagana-kalteng": Login("Pengelola Tagana Kalimantan Tengah", "MANAGER", organization="tagana-kalteng"),
    "relawan": Login("Rinto Bahen Sahay", None),
}

# A description of each login, for the output of the command line.
LOGINS: Mapping[str, str] = {
    "nasional": "national coordinator",
    "kotim": "coordinator of Kotawaringin Timur",
    "kalteng": "coordinator of Kalimantan Tengah",
    "katingan": "coordinator of Katingan",
    "tagana-kalteng": "manager of Tagana Kalimantan Tengah",
    "relawan": "volunteer, squad leader of Tagana in Katingan",
}


async def set_password(connection: asyncpg.Connection, password_hash: str) -> None:
    """Gives it to the accounts of the demo that have no password yet."""
    await connection.execute(
        "INSERT INTO credential (account_id, password_hash) SELECT id, $1 FROM account WHERE login = ANY ($2)"
        " ON CONFLICT DO NOTHING",
        password_hash,
        list(ACCOUNTS),
    )


def make_accounts(
    rng: RandomSource, *, organizations: Mapping[str, row.Organization], relawan: Person
) -> Iterator[row.Account | row.Role]:
    for key, login in ACCOUNTS.items():
        account_id = rng.uuid()
        yield row.Account(account_id, key, login.name, None if login.role else relawan.row.id)
        if login.role:
            yield row.Role(
                id=rng.uuid(),
                account_id=account_id,
                kind=login.role,
                province_code=login.province,
                kabupaten_code=login.kabupaten,
                organization_id=organizations[login.organization].id if login.organization else None,
            )
