"""Memberships of the demo volunteers, with rank and member number."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from api.demo import row
from api.demo.random_source import RandomSource, WeightedChoice

KALIMANTAN_TENGAH = WeightedChoice(
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
LAMPUNG = WeightedChoice(
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

# All members of these organizations live in the kabupaten of the organization.
LOCAL_ORGANIZATIONS = frozenset({"perahu-mentaya", "bina-sungai", "rimba-arut", "fk-tksk-lampung-utara"})

RANKS: Mapping[str, WeightedChoice[str]] = {
    "tagana": WeightedChoice({"TAGANA_MUDA": 72, "TAGANA_MADYA": 23, "TAGANA_UTAMA": 5}),
    "pelopor": WeightedChoice({"PELOPOR_ANGGOTA": 78, "PELOPOR_KETUA_REGU": 17, "PELOPOR_KOORDINATOR": 5}),
    "mri": WeightedChoice({"MRI_ANGGOTA": 78, "MRI_KETUA_REGU": 17, "MRI_KOORDINATOR": 5}),
}

END_REASONS = ("Pindah domisili", "Mengundurkan diri", "Pindah organisasi", "Masa bakti selesai")


class DaysAgo(NamedTuple):
    """Start and end of a membership, in days before the day of the demo data."""

    since: int
    until: int | None = None


class MembershipGenerator:
    """Makes memberships with unique member numbers within each organization."""

    def __init__(self, organizations: Mapping[str, row.Organization], *, today: date) -> None:
        self.organizations = organizations
        self.today = today
        self.serials: Counter[str] = Counter()

    def join(self, rng: RandomSource, person: row.Volunteer, key: str, *, days_ago: DaysAgo) -> row.Membership:
        """A membership of the person in the organization with this key."""
        self.serials[key] += 1
        ranks = RANKS.get(key.split("-", maxsplit=1)[0])
        number = f"{key.upper()}-{person.kabupaten_code}-{self.serials[key]:04}"
        return row.Membership(
            id=rng.uuid(),
            volunteer_id=person.id,
            organization_id=self.organizations[key].id,
            number=number if rng.boolean(0.95) else None,
            rank_code=rng.draw(ranks) if ranks else None,
            since=self.today - timedelta(days=days_ago.since),
            until=None if days_ago.until is None else self.today - timedelta(days=days_ago.until),
            end_reason=None if days_ago.until is None else rng.choice(END_REASONS),
        )

    def join_all(
        self, rng: RandomSource, person: row.Volunteer, organizations: WeightedChoice[str]
    ) -> Iterator[row.Membership]:
        """One membership or two: most are current, some people have a past one or two current ones, a few only a past one."""
        first = self.pick_organization(rng, person, organizations)
        second = self.pick_organization(rng, person, organizations, excluded_key=first)
        sample, since = rng.random(), rng.randrange(120, 3600)
        if sample < 0.03:
            yield self.join(rng, person, first, days_ago=DaysAgo(since, since // 3))
            return
        yield self.join(rng, person, first, days_ago=DaysAgo(since))
        if sample < 0.11:
            yield self.join(rng, person, second, days_ago=DaysAgo(since + 900, since + 30))
        elif sample < 0.21:
            yield self.join(rng, person, second, days_ago=DaysAgo(since // 2))

    def pick_organization(
        self,
        rng: RandomSource,
        person: row.Volunteer,
        organizations: WeightedChoice[str],
        *,
        excluded_key: str | None = None,
    ) -> str:
        """The key of a random organization that the person may join."""
        while True:
            key = rng.draw(organizations)
            at_home = self.organizations[key].kabupaten_code == person.kabupaten_code
            if key != excluded_key and (at_home or key not in LOCAL_ORGANIZATIONS):
                return key
