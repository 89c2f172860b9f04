"""Certificates of the demo volunteers: which courses, issued by whom, valid until when."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from api.demo import row
from api.demo.catalogue import Catalogue
from api.demo.day import months_before
from api.demo.person import Person
from api.demo.random_source import RandomSource, WeightedChoice

# The certificate type that usually comes with a rank.
CERTIFICATE_BY_RANK: Mapping[str, str] = {
    "TAGANA_MUDA": "TAGANA_MUDA",
    "TAGANA_MADYA": "TAGANA_MADYA",
    "TAGANA_UTAMA": "TAGANA_UTAMA",
    "PELOPOR_ANGGOTA": "PELOPOR_BASIC",
    "PELOPOR_KETUA_REGU": "PELOPOR_ADVANCED",
    "PELOPOR_KOORDINATOR": "PELOPOR_ADVANCED",
    "MRI_ANGGOTA": "MRI_BASIC",
    "MRI_KETUA_REGU": "MRI_RESCUE",
    "MRI_KOORDINATOR": "MRI_RESCUE",
}
COURSES = WeightedChoice(
    {
        "FIELD_KITCHEN_CREW": 14,
        "FIELD_KITCHEN_HEAD": 4,
        "SHELTER_TRAINING": 12,
        "LOGISTICS_TRAINING": 12,
        "ASSESSMENT_TRAINING": 8,
        "WATER_RESCUE_BASIC": 9,
        "WATER_RESCUE_ADVANCED": 4,
        "MOUNTAIN_RESCUE_TRAINING": 6,
        "HEIGHT_RESCUE_TRAINING": 3,
        "URBAN_RESCUE_TRAINING": 3,
        "LAND_FIRE_TRAINING": 12,
        "FIRST_AID_BASIC": 16,
        "FIRST_AID_ADVANCED": 5,
        "PSYCHOSOCIAL_TRAINING": 9,
        "CHILD_PROTECTION_TRAINING": 5,
        "CARE_TRAINING": 4,
        "RADIO_TRAINING": 6,
        "SANITATION_TRAINING": 5,
    }
)
COURSES_TAKEN = WeightedChoice({0: 25, 1: 40, 2: 25, 3: 10})

# Share of squad leaders who also take the course in water rescue.
LEADER_WATER_RESCUE_SHARE = 0.4
LEADERS = frozenset({"TAGANA_MADYA", "TAGANA_UTAMA"})

# All certificates for this skill in this kabupaten are expired, so rescuers must come from a neighbouring kabupaten.
LAPSED_SKILL, LAPSED_KABUPATEN = "WATER_RESCUE", "62.02"

REVOCATIONS = ("Diterbitkan keliru", "Pelatihan wajib tidak diselesaikan", "Tidak mengikuti penyegaran")


class CertificateGenerator:
    """Makes certificates with unique numbers."""

    def __init__(self, catalogue: Catalogue, issuers: Mapping[str, row.Organization], *, today: date) -> None:
        self.catalogue = catalogue
        self.issuers = issuers
        self.today = today
        self.serial = 0
        self.lapsed = catalogue.types_granting(LAPSED_SKILL)

    def issue(self, rng: RandomSource, person: Person, kind: str, *, days_left: int | None) -> row.Certificate:
        """A certificate that expires in `days_left` days (negative: has expired), or never if it is None."""
        self.serial += 1
        validity = self.catalogue.validity[kind]
        if validity is None or days_left is None:
            issued, expires = self.today - timedelta(days=rng.randrange(30, 2000)), None
        else:
            expires = self.today + timedelta(days=days_left)
            issued = months_before(expires, validity)
        revoked = self.today - timedelta(days=rng.randrange(1, 15)) if rng.boolean(0.015) else None
        return row.Certificate(
            id=rng.uuid(),
            volunteer_id=person.row.id,
            certificate_type_code=kind,
            issuer_id=self.issuer(kind, person.row.kabupaten_code[:2]).id,
            number=f"DEMO-{kind}-{self.serial:05}",
            issued_on=issued,
            expires_on=expires,
            revoked_on=max(revoked, issued) if revoked else None,
            revocation_reason=rng.choice(REVOCATIONS) if revoked else None,
        )

    def issue_all(self, rng: RandomSource, person: Person) -> Iterator[row.Certificate]:
        """All certificates of a person, at most one of each type."""
        for kind in dict.fromkeys(self.certificate_types(rng, person)):
            yield self.issue(rng, person, kind, days_left=self.days_left(rng, person, kind))

    def issuer(self, kind: str, province: str) -> row.Organization:
        """The organization that issues certificates of this type in this province."""
        if kind.startswith(("TAGANA", "PELOPOR", "TKSK")):
            return self.issuers["kemensos"]
        if kind.startswith("MRI"):
            return self.issuers["mri"]
        return self.issuers["dinsos-lampung" if province == "18" else "dinsos-kalteng"]

    def days_left(self, rng: RandomSource, person: Person, kind: str) -> int | None:
        """A random number of days until the certificate expires; None if the type has no limited validity."""
        validity = self.catalogue.validity[kind]
        if validity is None:
            return None
        if kind in self.lapsed and person.row.kabupaten_code == LAPSED_KABUPATEN:
            return rng.randrange(-400, 0)
        if rng.boolean(0.03):
            return rng.randrange(0, 6)
        return rng.randrange(-4 * validity, 29 * validity)

    def certificate_types(self, rng: RandomSource, person: Person) -> Iterator[str]:
        """The certificate types for the ranks of a person, then those of random courses."""
        for member in person.memberships:
            if member.organization_id == self.issuers["fk-tksk-lampung-utara"].id:
                yield "TKSK_BASIC"
            if member.rank_code and rng.boolean(0.9):
                yield CERTIFICATE_BY_RANK[member.rank_code]
            if member.rank_code in LEADERS and rng.boolean(LEADER_WATER_RESCUE_SHARE):
                yield "WATER_RESCUE_BASIC"
        for _ in range(rng.draw(COURSES_TAKEN)):
            yield rng.draw(COURSES)
