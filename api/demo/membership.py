"""Which corps and organizations people of the story belong to, with rank and number."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from api.demo import row
from api.demo.chance import Chance, Wheel

KALIMANTAN_TENGAH = Wheel(
    {
        "tagana-kalteng": 42,
        "pelopor-kalteng": 29,
        "mri-kalteng": 15,
        "huma-betang": 6,
        "baznas-kalteng": 3,
        "perahu-mentaya": 8,
        "bina-sungai": 8,
        "rimba-arut": 8,
    }
)
LAMPUNG = Wheel(
    {
        "tagana-lampung": 50,
        "mri-lampung": 24,
        "fk-tksk-lampung-utara": 30,
        "nurul-fatah": 3,
        "apik": 3,
        "sabilunnajah": 3,
        "darut-tholibin": 2,
        "amanah-bunda": 2,
        "dompet-dhuafa": 4,
        "rumah-zakat": 3,
    }
)

# Members of these live where they work.
LOCAL = frozenset({"perahu-mentaya", "bina-sungai", "rimba-arut", "fk-tksk-lampung-utara"})

RANKS: Mapping[str, Wheel[str]] = {
    "tagana": Wheel({"TAGANA_MUDA": 72, "TAGANA_MADYA": 23, "TAGANA_UTAMA": 5}),
    "pelopor": Wheel({"PELOPOR_ANGGOTA": 78, "PELOPOR_KETUA_REGU": 17, "PELOPOR_KOORDINATOR": 5}),
    "mri": Wheel({"MRI_ANGGOTA": 78, "MRI_KETUA_REGU": 17, "MRI_KOORDINATOR": 5}),
}

END_REASONS = ("Pindah domisili", "Mengundurkan diri", "Pindah organisasi", "Masa bakti selesai")


class Term(NamedTuple):
    """Days of a membership, counted back from the day of the story."""

    since: int
    until: int | None = None


class Registry:
    """Gives every member a number that no other of the same organization has."""

    def __init__(self, organizations: Mapping[str, row.Organization], *, today: date) -> None:
        self.organizations = organizations
        self.today = today
        self.serials: Counter[str] = Counter()

    def enter(self, chance: Chance, person: row.Volunteer, key: str, *, term: Term) -> row.Membership:
        self.serials[key] += 1
        ranks = RANKS.get(key.split("-", maxsplit=1)[0])
        number = f"{key.upper()}-{person.kabupaten_code}-{self.serials[key]:04}"
        return row.Membership(
            id=chance.identity(),
            volunteer_id=person.id,
            organization_id=self.organizations[key].id,
            number=number if chance.happens(0.95) else None,
            rank_code=chance.draw(ranks) if ranks else None,
            since=self.today - timedelta(days=term.since),
            until=None if term.until is None else self.today - timedelta(days=term.until),
            end_reason=None if term.until is None else chance.choice(END_REASONS),
        )

    def enter_all(self, chance: Chance, person: row.Volunteer, among: Wheel[str]) -> Iterator[row.Membership]:
        """One at least; for some an earlier one, for some two at once, for a few none that still runs."""
        first = self.pick(chance, person, among)
        second = self.pick(chance, person, among, but=first)
        luck, since = chance.random(), chance.randrange(120, 3600)
        if luck < 0.03:
            yield self.enter(chance, person, first, term=Term(since, since // 3))
            return
        yield self.enter(chance, person, first, term=Term(since))
        if luck < 0.11:
            yield self.enter(chance, person, second, term=Term(since + 900, since + 30))
        elif luck < 0.21:
            yield self.enter(chance, person, second, term=Term(since // 2))

    def pick(self, chance: Chance, person: row.Volunteer, among: Wheel[str], *, but: str | None = None) -> str:
        while True:
            key = chance.draw(among)
            at_home = self.organizations[key].kabupaten_code == person.kabupaten_code
            if key != but and (at_home or key not in LOCAL):
                return key
