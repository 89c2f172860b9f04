"""The demo volunteers: 1,600 of Kalimantan Tengah and 300 of Lampung. One of them has an account."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import count
from typing import NamedTuple

from api.demo import membership, place, row
from api.demo.catalogue import Catalogue
from api.demo.certificate import CertificateGenerator
from api.demo.day import at_hour
from api.demo.membership import DaysAgo, MembershipGenerator
from api.demo.person import PURPOSE, UNASSIGNED_PREFIX, Person, volunteer
from api.demo.random_source import RandomSource, WeightedChoice


class Province(NamedTuple):
    """How many volunteers a province has, and the weights of their kabupaten, ethnicities and organizations."""

    total: int
    weights: Mapping[str, int]
    ethnicities: WeightedChoice[str]
    organizations: WeightedChoice[str]


PROVINCES = (
    Province(
        1600,
        place.KALIMANTAN_TENGAH,
        WeightedChoice({"DAYAK": 45, "BANJAR": 26, "JAVANESE": 23, "MALAY": 4, "SUNDANESE": 2}),
        membership.KALIMANTAN_TENGAH,
    ),
    Province(
        300,
        place.LAMPUNG,
        WeightedChoice({"JAVANESE": 58, "LAMPUNG": 20, "SUNDANESE": 12, "MALAY": 6, "BALINESE": 4}),
        membership.LAMPUNG,
    ),
)

# Kereng Pangi, on the road from Kasongan to Sampit. No other volunteer outside the flooded kabupaten lives nearer.
RELAWAN_HOME = (-1.9575, 113.1262)
RELAWAN_KABUPATEN = "62.06"
# Certificate types with the days until they expire.
RELAWAN_CERTIFICATES: Mapping[str, int] = {
    "TAGANA_MADYA": 900,
    "WATER_RESCUE_ADVANCED": 310,
    "FIRST_AID_BASIC": -45,
}


class PopulationGenerator:
    """Makes all demo volunteers with their memberships and certificates."""

    def __init__(self, catalogue: Catalogue, organizations: Mapping[str, row.Organization], *, today: date) -> None:
        self.catalogue = catalogue
        self.today = today
        self.memberships = MembershipGenerator(organizations, today=today)
        self.certificates = CertificateGenerator(catalogue, organizations, today=today)
        self.serials = count(1)

    def generate(self, rng: RandomSource) -> Iterator[Person]:
        """All volunteers; the one with an account comes first."""
        yield self.make_relawan(rng)
        for province in PROVINCES:
            codes = list(place.home_codes(province.total, province.weights))
            if RELAWAN_KABUPATEN in province.weights:
                codes.remove(RELAWAN_KABUPATEN)
            for code in codes:
                yield self.make_person(rng, code, province)

    def make_person(self, rng: RandomSource, code: str, province: Province) -> Person:
        """A random volunteer of the kabupaten with this code."""
        person = Person(
            volunteer(
                rng,
                id=rng.uuid(),
                serial=next(self.serials),
                kabupaten_code=code,
                seat=self.catalogue.seats[code],
                ethnicities=province.ethnicities,
                today=self.today,
            )
        )
        person.memberships.extend(self.memberships.join_all(rng, person.row, province.organizations))
        person.certificates.extend(self.certificates.issue_all(rng, person))
        return person

    def make_relawan(self, rng: RandomSource) -> Person:
        """The volunteer of the login `relawan`: a squad leader with water rescue training, national reach and no assignment."""
        latitude, longitude = RELAWAN_HOME
        person = Person(
            row.Volunteer(
                id=rng.uuid(),
                name="Rinto Bahen Sahay",
                phone=f"{UNASSIGNED_PREFIX}{next(self.serials):07}",
                kabupaten_code=RELAWAN_KABUPATEN,
                latitude=latitude,
                longitude=longitude,
                reach="NATIONAL",
                status="ACTIVE",
                consent_given_at=at_hour(self.today, 9, days=-365),
                consent_purpose=PURPOSE,
                consent_withdrawn_at=None,
            )
        )
        tagana = self.memberships.join(rng, person.row, "tagana-kalteng", days_ago=DaysAgo(2400))
        person.memberships.append(tagana._replace(number="TAGANA-KALTENG-62.06-0001", rank_code="TAGANA_MADYA"))
        for kind, days_left in RELAWAN_CERTIFICATES.items():
            certificate = self.certificates.issue(rng, person, kind, days_left=days_left)
            person.certificates.append(certificate._replace(revoked_on=None, revocation_reason=None))
        return person
