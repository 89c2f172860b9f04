"""Synthetic rows for the benchmarks: homes, organizations, incidents, needs and accounts."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import count
from typing import NamedTuple
from uuid import UUID

from api.demo import row
from api.demo.catalogue import Catalogue
from api.demo.day import at_hour
from api.demo.place import apportion
from api.demo.random_source import RandomSource, WeightedChoice

# Population by the census of 2020 (in thousands, rounded), and the ethnicity of the most frequent names.
PROVINCES: Mapping[str, tuple[int, str]] = {
    "11": (5275, "MALAY"),
    "12": (14799, "BATAK"),
    "13": (5534, "MINANG"),
    "14": (6394, "MALAY"),
    "15": (3548, "MALAY"),
    "16": (8467, "MALAY"),
    "17": (2011, "MALAY"),
    "18": (9008, "LAMPUNG"),
    "19": (1456, "MALAY"),
    "21": (2065, "MALAY"),
    "31": (10562, "SUNDANESE"),
    "32": (48274, "SUNDANESE"),
    "33": (36516, "JAVANESE"),
    "34": (3669, "JAVANESE"),
    "35": (40666, "JAVANESE"),
    "36": (11905, "SUNDANESE"),
    "51": (4317, "BALINESE"),
    "52": (5320, "BALINESE"),
    "53": (5326, "EASTERN"),
    "61": (5414, "DAYAK"),
    "62": (2670, "DAYAK"),
    "63": (4074, "BANJAR"),
    "64": (3766, "BANJAR"),
    "65": (702, "DAYAK"),
    "71": (2622, "EASTERN"),
    "72": (2986, "BUGIS"),
    "73": (9074, "BUGIS"),
    "74": (2625, "BUGIS"),
    "75": (1172, "BUGIS"),
    "76": (1419, "BUGIS"),
    "81": (1849, "EASTERN"),
    "82": (1283, "EASTERN"),
    "91": (1035, "EASTERN"),
    "92": (562, "EASTERN"),
    "93": (513, "EASTERN"),
    "94": (1431, "EASTERN"),
    "95": (1448, "EASTERN"),
    "96": (621, "EASTERN"),
}

CORPS = {"TAGANA": "Tagana", "PELOPOR": "Pelopor Perdamaian", "MRI": "MRI"}
KIND = WeightedChoice({"NGO": 40, "WELFARE_INSTITUTION": 35, "ZAKAT": 15, "FORUM": 10})
VERIFICATION = WeightedChoice({"VERIFIED": 92, "PENDING": 5, "SUSPENDED": 3})
HAZARD = WeightedChoice(
    {"FLOOD": 45, "LANDSLIDE": 20, "WHIRLWIND": 15, "WILDFIRE": 8, "EARTHQUAKE": 8, "VOLCANIC_ERUPTION": 4}
)
CLUSTER = WeightedChoice({"LOGISTICS": 35, "SEARCH_AND_RESCUE": 20, "DISPLACEMENT_AND_PROTECTION": 30, "HEALTH": 15})
PRIORITY = WeightedChoice({"LOW": 10, "NORMAL": 40, "HIGH": 30, "URGENT": 20})
# How many people a need wants: never fewer than are assigned to it.
PEOPLE = range(34, 80)
MINIMUM_RANK = WeightedChoice({None: 70, "TAGANA_MUDA": 15, "TAGANA_MADYA": 12, "TAGANA_UTAMA": 3})
SKILL = WeightedChoice(
    {
        "FIELD_KITCHEN": 22,
        "SHELTER": 18,
        "LOGISTICS": 20,
        "WATER_RESCUE": 14,
        "FIRST_AID": 10,
        "PSYCHOSOCIAL_SUPPORT": 8,
        "RAPID_ASSESSMENT": 8,
    }
)


class Organizations(NamedTuple):
    """All organization rows, and their ids: corps by province and name, local ones by kabupaten, offices by province."""

    rows: list[row.Organization]
    corps: dict[tuple[str, str], UUID]
    local: dict[str, list[UUID]]
    office: dict[str, UUID]


def uuid7_ids(rng: RandomSource, *, slot: int) -> Iterator[UUID]:
    """Increasing UUIDs of version 7 (RFC 9562), like those that Sigap makes. Each slot has a time range of its own."""
    for tick in count(1_700_000_000_000 + slot * 100_000_000):
        yield UUID(int=tick << 80 | 7 << 76 | rng.getrandbits(12) << 64 | 2 << 62 | rng.getrandbits(62))


def home_kabupaten(rng: RandomSource, catalogue: Catalogue, *, total: int) -> list[str]:
    """The code of the home kabupaten for each of `total` people, shuffled, as people do not register by kabupaten."""
    relative = {code: rng.lognormvariate(0, 0.6) * (1.4 if code[3] == "7" else 1) for code in sorted(catalogue.seats)}
    province_weights = {
        province: sum(weight for code, weight in relative.items() if code.startswith(province))
        for province in PROVINCES
    }
    weights = {code: PROVINCES[code[:2]][0] * weight / province_weights[code[:2]] for code, weight in relative.items()}
    homes = [code for code, people in apportion(total, weights).items() for _ in range(people)]
    rng.shuffle(homes)
    return homes


def make_organizations(rng: RandomSource, ids: Iterator[UUID], catalogue: Catalogue, *, total: int) -> Organizations:
    made = Organizations([], {}, {}, {})
    seat = {province: min(code for code in catalogue.seats if code.startswith(province)) for province in PROVINCES}

    def add(name: str, kind: str, code: str, verification: str = "VERIFIED", corps: str | None = None) -> UUID:
        made.rows.append(row.Organization(next(ids), name, kind, corps, None, code, verification))
        return made.rows[-1].id

    for province in PROVINCES:
        made.office[province] = add(f"Dinas Sosial Provinsi {province}", "GOVERNMENT", seat[province])
        for corps, name in CORPS.items():
            made.corps[province, corps] = add(f"{name} Provinsi {province}", "CORPS", seat[province], corps=corps)
    codes = sorted(catalogue.seats)
    for number in range(total - len(made.rows)):
        code = codes[number % len(codes)]
        made.local.setdefault(code, []).append(
            add(f"Yayasan Peduli {code} Nomor {number}", rng.draw(KIND), code, rng.draw(VERIFICATION))
        )
    return made


def licences(rng: RandomSource, ids: Iterator[UUID], made: Organizations, *, today: date) -> Iterator[row.Licence]:
    for number, organization in enumerate(made.rows):
        since = today - timedelta(days=rng.randrange(100, 1800))
        revoked = today - timedelta(days=30) if organization.kind == "NGO" and rng.boolean(0.02) else None
        status = "REVOKED" if revoked else "CONFIRMED"
        yield row.Licence(
            *(next(ids), organization.id, "REGISTRATION", f"BENCH/{number:05}", "Kementerian Sosial", since, None),
            *(status, revoked),
        )


def incidents(
    rng: RandomSource, ids: Iterator[UUID], catalogue: Catalogue, *, total: int, today: date
) -> Iterator[tuple[row.Incident, list[str]]]:
    """Incidents with the codes of their kabupaten. One in ten is current, the others ended up to three years ago."""
    codes = sorted(catalogue.seats)
    for number in range(total):
        is_active = number % 10 == 0
        code, hazard, hour = rng.choice(codes), rng.draw(HAZARD), rng.randrange(24)
        days_ago = rng.randrange(1, 12) if is_active else rng.randrange(30, 1100)
        incident = row.Incident(
            next(ids),
            hazard,
            f"{hazard} {code} {number}",
            *rng.position_near(*catalogue.seats[code], km=30),
            "ACTIVE" if is_active else "CLOSED",
            at_hour(today, hour, days=-days_ago),
            None if is_active else at_hour(today, hour, days=21 - days_ago),
        )
        neighbours = rng.sample([other for other in codes if other[:2] == code[:2] and other != code], 2)
        yield incident, [code, *neighbours]


def decrees(ids: Iterator[UUID], incidents: list[tuple[row.Incident, list[str]]]) -> Iterator[row.EmergencyStatus]:
    """The nation's response to every incident, for a month from its start."""
    for number, (incident, _) in enumerate(incidents):
        day = incident.started_at.date()
        last = day + timedelta(days=31)
        yield row.EmergencyStatus(
            next(ids), incident.id, "TANGGAP_DARURAT", "NATIONAL", None, None, f"Keppres {number}", day, last
        )


def needs(
    rng: RandomSource, ids: Iterator[UUID], incidents: list[tuple[row.Incident, list[str]]], *, total: int
) -> Iterator[row.Need]:
    """Needs of two to seven days that start within 14 days after their incident."""
    for number in range(total):
        incident, kabupaten_codes = incidents[number % len(incidents)]
        starts = incident.started_at + timedelta(days=rng.randrange(14), hours=rng.randrange(24))
        skill, rank, cluster = rng.draw(SKILL), rng.draw(MINIMUM_RANK), rng.draw(CLUSTER)
        people, priority = rng.choice(PEOPLE), rng.draw(PRIORITY)
        ends = starts + timedelta(days=rng.randrange(2, 8))
        yield row.Need(
            *(next(ids), incident.id, skill, rank, cluster, people, priority, starts, ends),
            *(kabupaten_codes[0], incident.latitude, incident.longitude, incident.ended_at),
        )


def accounts(ids: Iterator[UUID], *, kabupaten_code: str) -> Iterator[row.Account | row.Role]:
    """A national coordinator and a coordinator of the kabupaten."""
    for login, scope in {"bench-national": None, "bench-kabupaten": kabupaten_code}.items():
        account = row.Account(next(ids), login, login, None)
        yield account
        yield row.Role(next(ids), account.id, "COORDINATOR", None, scope, None)
