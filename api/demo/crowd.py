"""Everybody in the story: 1,600 volunteers of Kalimantan Tengah, 300 of Lampung, and the one who signs in."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import count
from typing import NamedTuple

from api.demo import membership, place, row
from api.demo.catalogue import Catalogue
from api.demo.certificate import Office
from api.demo.chance import Chance, Wheel
from api.demo.day import at
from api.demo.membership import Registry, Term
from api.demo.person import PURPOSE, UNASSIGNED_PREFIX, Person, volunteer


class Province(NamedTuple):
    total: int
    weights: Mapping[str, int]
    peoples: Wheel[str]
    organizations: Wheel[str]


PROVINCES = (
    Province(
        1600,
        place.KALIMANTAN_TENGAH,
        Wheel({"DAYAK": 45, "BANJAR": 26, "JAVANESE": 23, "MALAY": 4, "SUNDANESE": 2}),
        membership.KALIMANTAN_TENGAH,
    ),
    Province(
        300,
        place.LAMPUNG,
        Wheel({"JAVANESE": 58, "LAMPUNG": 20, "SUNDANESE": 12, "MALAY": 6, "BALINESE": 4}),
        membership.LAMPUNG,
    ),
)

# Kereng Pangi, on the road from Kasongan to Sampit: nobody else in the story lives so near to the flood across the border.
RELAWAN_HOME = (-1.9575, 113.1262)
RELAWAN_KABUPATEN = "62.06"
RELAWAN_CERTIFICATES: Mapping[str, int] = {
    "TAGANA_MADYA": 900,
    "WATER_RESCUE_ADVANCED": 310,
    "FIRST_AID_BASIC": -45,
}


class Crowd:
    def __init__(self, catalogue: Catalogue, organizations: Mapping[str, row.Organization], *, today: date) -> None:
        self.catalogue = catalogue
        self.today = today
        self.registry = Registry(organizations, today=today)
        self.office = Office(catalogue, organizations, today=today)
        self.serials = count(1)

    def everyone(self, chance: Chance) -> Iterator[Person]:
        """The one who signs in comes first."""
        yield self.relawan(chance)
        for province in PROVINCES:
            codes = list(place.homes(province.total, province.weights))
            if RELAWAN_KABUPATEN in province.weights:
                codes.remove(RELAWAN_KABUPATEN)
            for code in codes:
                yield self.person(chance, code, province)

    def person(self, chance: Chance, code: str, province: Province) -> Person:
        person = Person(
            volunteer(
                chance,
                id=chance.identity(),
                serial=next(self.serials),
                kabupaten_code=code,
                seat=self.catalogue.seats[code],
                peoples=province.peoples,
                today=self.today,
            )
        )
        person.memberships.extend(self.registry.enter_all(chance, person.row, province.organizations))
        person.certificates.extend(self.office.issue_all(chance, person))
        return person

    def relawan(self, chance: Chance) -> Person:
        """Squad leader of Tagana Kalteng, trained in water rescue, free, and ready to go anywhere."""
        latitude, longitude = RELAWAN_HOME
        person = Person(
            row.Volunteer(
                id=chance.identity(),
                name="Rinto Bahen Sahay",
                phone=f"{UNASSIGNED_PREFIX}{next(self.serials):07}",
                kabupaten_code=RELAWAN_KABUPATEN,
                latitude=latitude,
                longitude=longitude,
                reach="NATIONAL",
                status="ACTIVE",
                consent_given_at=at(self.today, 9, days=-365),
                consent_purpose=PURPOSE,
                consent_withdrawn_at=None,
            )
        )
        joined = self.registry.enter(chance, person.row, "tagana-kalteng", term=Term(2400))
        person.memberships.append(joined._replace(number="TAGANA-KALTENG-62.06-0001", rank_code="TAGANA_MADYA"))
        for kind, days_left in RELAWAN_CERTIFICATES.items():
            certificate = self.office.issue(chance, person, kind, days_left=days_left)
            person.certificates.append(certificate._replace(revoked_on=None, revocation_reason=None))
        return person
