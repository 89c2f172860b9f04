"""Camps of the demo data: one in its second day, after that of Kalimantan Tengah in 2019, and the coaching rounds of Lampung.

The host, the venues and the numbers of the rounds are those of the news of 2018 and 2019; the institutions that came to the
rounds are invented. The camp is smaller than it was, so that the people of the flood stay free.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from typing import NamedTuple

import asyncpg

from api.demo import row
from api.demo.day import at_hour
from api.demo.person import Person
from api.demo.random_source import RandomSource

NAME, VENUE = "Kemah Pemantapan Kambariat", "Bumi Perkemahan Kambariat Tuah Pahoe"
CAPACITY = 40
# How many are inside, left before the end, are expected still, and wait.
STANDING = (("CHECKED_IN", 30), ("RELEASED", 3), ("REGISTERED", 10), ("WAITLISTED", 6))
SERIES = "Pembinaan LKS Provinsi Lampung 2018"


HOMES = {
    "18.01": "Lampung Selatan",
    "18.02": "Lampung Tengah",
    "18.03": "Lampung Utara",
    "18.04": "Lampung Barat",
    "18.05": "Tulang Bawang",
    "18.06": "Tanggamus",
    "18.07": "Lampung Timur",
    "18.08": "Way Kanan",
    "18.09": "Pesawaran",
    "18.10": "Pringsewu",
    "18.11": "Mesuji",
    "18.12": "Tulang Bawang Barat",
    "18.13": "Pesisir Barat",
    "18.71": "Bandar Lampung",
    "18.72": "Metro",
}


class Round(NamedTuple):
    """A coaching round: the day of March 2018, the institution where it was, how many came, and from which kabupaten."""

    day: int
    host: str
    kabupaten: str
    institutions: int
    homes: tuple[str, ...]


ROUNDS = (
    Round(5, "nurul-fatah", "18.05", 50, ("18.11", "18.05", "18.12")),
    Round(6, "apik", "18.71", 41, ("18.01", "18.07", "18.72", "18.71")),
    Round(7, "sabilunnajah", "18.02", 42, ("18.03", "18.02", "18.08")),
    Round(8, "darut-tholibin", "18.04", 17, ("18.04", "18.13")),
    Round(9, "amanah-bunda", "18.10", 13, ("18.10", "18.06", "18.09")),
)


def make_rows(
    rng: RandomSource,
    *,
    organizations: Mapping[str, row.Organization],
    people: list[Person],
    seats: Mapping[str, tuple[float, float]],
    account: row.Account,
    today: date,
) -> Iterator[row.Row]:
    """The account is the one that scanned at the gate."""
    camp = camp_of_second_day(rng, organizations["dinsos-kalteng"], seats["62.71"], today)
    yield camp
    statuses = [status for status, count in STANDING for _ in range(count)]
    for number, (person, status) in enumerate(zip(trainees(people), statuses, strict=True), start=1):
        yield from make_participant(rng, camp, person, status, number=number, account=account)
    for each in ROUNDS:
        yield from make_round(rng, organizations, each, seats[each.kabupaten])


def camp_of_second_day(rng: RandomSource, host: row.Organization, seat: tuple[float, float], today: date) -> row.Camp:
    """From yesterday to tomorrow."""
    return row.Camp(
        id=rng.uuid(),
        kind_code="CONSOLIDATION",
        name=NAME,
        series=None,
        host_id=host.id,
        kabupaten_code="62.71",
        venue=VENUE,
        latitude=seat[0],
        longitude=seat[1],
        starts_at=at_hour(today, 8, days=-1),
        ends_at=at_hour(today, 16, days=1),
        attendees="VOLUNTEERS",
        capacity=CAPACITY,
        last_number=sum(count for _, count in STANDING),
        status="RUNNING",
        opened_at=at_hour(today, 8, days=-30),
    )


def trainees(people: list[Person]) -> Iterator[Person]:
    """Active volunteers of Kalimantan Tengah with consent and without a certificate, so that nobody of the flood is missing.

    As many as the camp has places for and as wait; the first of all stays free.
    """
    wanted = sum(count for _, count in STANDING)
    for person in people[1:]:
        volunteer = person.row
        is_willing = volunteer.consent_given_at is not None and volunteer.consent_withdrawn_at is None
        is_free = volunteer.status == "ACTIVE" and not person.certificates and person.memberships
        if wanted and volunteer.kabupaten_code.startswith("62") and is_willing and is_free:
            wanted -= 1
            yield person


def make_participant(
    rng: RandomSource, camp: row.Camp, person: Person, status: str, *, number: int, account: row.Account
) -> Iterator[row.Row]:
    """The registration, its commitment, and the scans at the gate."""
    arrived, left = camp.starts_at + timedelta(minutes=number), camp.starts_at + timedelta(hours=20)
    registration = row.CampRegistration(
        id=rng.uuid(),
        camp_id=camp.id,
        volunteer_id=person.row.id,
        guest_name=None,
        organization_id=person.memberships[0].organization_id,
        kabupaten_code=person.row.kabupaten_code,
        category_code="PARTICIPANT",
        number=number,
        status=status,
        reason="Dipanggil pulang keluarga" if status == "RELEASED" else None,
    )
    yield registration
    if status != "WAITLISTED":
        until = left if status == "RELEASED" else camp.ends_at
        period = asyncpg.Range(camp.starts_at, until)
        yield row.Commitment(rng.uuid(), person.row.id, None, period, registration.id)
    for point, at, is_scanned in (
        ("ENTRY", arrived, status in ("CHECKED_IN", "RELEASED")),
        ("EXIT", left, status == "RELEASED"),
    ):
        if is_scanned:
            yield row.Scan(
                id=rng.uuid(),
                camp_id=camp.id,
                point=point,
                text=str(number),
                volunteer_id=person.row.id,
                registration_id=registration.id,
                at=at,
                device="gerbang",
                nonce=f"{point}-{number}",
                is_offline=False,
                account_id=account.id,
            )


def make_round(
    rng: RandomSource, organizations: Mapping[str, row.Organization], each: Round, seat: tuple[float, float]
) -> Iterator[row.Row]:
    """A completed round with the institutions that came, each represented by its head."""
    starts_at = datetime(2018, 3, each.day, 1, tzinfo=UTC)
    venue = organizations[each.host]
    camp = row.Camp(
        id=rng.uuid(),
        kind_code="COACHING",
        name=f"Pembinaan LKS di {venue.name}",
        series=SERIES,
        host_id=organizations["dinsos-lampung"].id,
        kabupaten_code=each.kabupaten,
        venue=venue.name,
        latitude=seat[0],
        longitude=seat[1],
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=8),
        attendees="INSTITUTIONS",
        capacity=each.institutions,
        last_number=each.institutions,
        status="COMPLETED",
        opened_at=starts_at - timedelta(days=14),
    )
    yield camp
    for number, home in zip(range(1, each.institutions + 1), cycle(each.homes), strict=False):
        name = f"LKS binaan {HOMES[home]} {number}"
        institution = row.Organization(rng.uuid(), name, "WELFARE_INSTITUTION", None, None, home, "VERIFIED")
        yield institution
        yield row.CampRegistration(
            id=rng.uuid(),
            camp_id=camp.id,
            volunteer_id=None,
            guest_name=f"Ketua LKS {number}",
            organization_id=institution.id,
            kabupaten_code=home,
            category_code="PARTICIPANT",
            number=number,
            status="COMPLETED",
            reason=None,
        )
