"""What people of the story have been taught, by whom, until when."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from api.demo import row
from api.demo.catalogue import Catalogue
from api.demo.chance import Chance, Wheel
from api.demo.day import months_before
from api.demo.person import Person

# What usually comes with a rank.
OF_RANK: Mapping[str, str] = {
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
COURSES = Wheel(
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
COURSES_TAKEN = Wheel({0: 25, 1: 40, 2: 25, 3: 10})

# Squad leaders are sent to the water more often.
WATER_RESCUE_OF_LEADERS = 0.4
LEADERS = frozenset({"TAGANA_MADYA", "TAGANA_UTAMA"})

# Nobody who lives here holds a valid one any more: help in the water must come from across the border.
LAPSED_SKILL, LAPSED_KABUPATEN = "WATER_RESCUE", "62.02"

REVOCATIONS = ("Diterbitkan keliru", "Pelatihan wajib tidak diselesaikan", "Tidak mengikuti penyegaran")


class Office:
    """Issues certificates, each with a number of its own."""

    def __init__(self, catalogue: Catalogue, issuers: Mapping[str, row.Organization], *, today: date) -> None:
        self.catalogue = catalogue
        self.issuers = issuers
        self.today = today
        self.serial = 0
        self.lapsed = catalogue.granting(LAPSED_SKILL)

    def issue(self, chance: Chance, person: Person, kind: str, *, days_left: int | None) -> row.Certificate:
        """Valid for so many more days (negative: expired), or for ever."""
        self.serial += 1
        validity = self.catalogue.validity[kind]
        if validity is None or days_left is None:
            issued, expires = self.today - timedelta(days=chance.randrange(30, 2000)), None
        else:
            expires = self.today + timedelta(days=days_left)
            issued = months_before(expires, validity)
        revoked = self.today - timedelta(days=chance.randrange(1, 15)) if chance.happens(0.015) else None
        return row.Certificate(
            id=chance.identity(),
            volunteer_id=person.row.id,
            certificate_type_code=kind,
            issuer_id=self.issuer(kind, person.row.kabupaten_code[:2]).id,
            number=f"DEMO-{kind}-{self.serial:05}",
            issued_on=issued,
            expires_on=expires,
            revoked_on=max(revoked, issued) if revoked else None,
            revocation_reason=chance.choice(REVOCATIONS) if revoked else None,
        )

    def issue_all(self, chance: Chance, person: Person) -> Iterator[row.Certificate]:
        for kind in dict.fromkeys(self.learnt(chance, person)):
            yield self.issue(chance, person, kind, days_left=self.days_left(chance, person, kind))

    def issuer(self, kind: str, province: str) -> row.Organization:
        if kind.startswith(("TAGANA", "PELOPOR", "TKSK")):
            return self.issuers["kemensos"]
        if kind.startswith("MRI"):
            return self.issuers["mri"]
        return self.issuers["dinsos-lampung" if province == "18" else "dinsos-kalteng"]

    def days_left(self, chance: Chance, person: Person, kind: str) -> int | None:
        validity = self.catalogue.validity[kind]
        if validity is None:
            return None
        if kind in self.lapsed and person.row.kabupaten_code == LAPSED_KABUPATEN:
            return chance.randrange(-400, 0)
        if chance.happens(0.03):
            return chance.randrange(0, 6)
        return chance.randrange(-4 * validity, 29 * validity)

    def learnt(self, chance: Chance, person: Person) -> Iterator[str]:
        """What the rank or the post asks for, mostly; then courses."""
        for member in person.memberships:
            if member.organization_id == self.issuers["fk-tksk-lampung-utara"].id:
                yield "TKSK_BASIC"
            if member.rank_code and chance.happens(0.9):
                yield OF_RANK[member.rank_code]
            if member.rank_code in LEADERS and chance.happens(WATER_RESCUE_OF_LEADERS):
                yield "WATER_RESCUE_BASIC"
        for _ in range(chance.draw(COURSES_TAKEN)):
            yield chance.draw(COURSES)
