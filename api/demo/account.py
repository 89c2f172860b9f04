"""Who signs in, as what, where."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from api.demo import row
from api.demo.chance import Chance
from api.demo.person import Person


class Login(NamedTuple):
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

# Login and who that is, as a newcomer reads it.
LOGINS: Mapping[str, str] = {
    "nasional": "national coordinator",
    "kotim": "coordinator of Kotawaringin Timur",
    "kalteng": "coordinator of Kalimantan Tengah",
    "katingan": "coordinator of Katingan",
    "tagana-kalteng": "manager of Tagana Kalimantan Tengah",
    "relawan": "volunteer, squad leader of Tagana in Katingan",
}


def open_all(
    chance: Chance, *, organizations: Mapping[str, row.Organization], relawan: Person
) -> Iterator[row.Account | row.Role]:
    for key, login in ACCOUNTS.items():
        identity = chance.identity()
        yield row.Account(identity, key, login.name, None if login.role else relawan.row.id)
        if login.role:
            yield row.Role(
                id=chance.identity(),
                account_id=identity,
                kind=login.role,
                province_code=login.province,
                kabupaten_code=login.kabupaten,
                organization_id=organizations[login.organization].id if login.organization else None,
            )
