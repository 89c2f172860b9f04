"""What a registry has to look after: certificates that a decree has extended and that end soon, and an agreement that does."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from api.demo import row
from api.demo.person import Person
from api.demo.random_source import RandomSource

EXTENDED_TYPE = "SANITATION_TRAINING"
# What expired in so many days before is valid for so many days more.
DAYS_BEFORE, DAYS_MORE = 120, 20
AGREEMENT_DAYS = 45


def make_rows(
    rng: RandomSource, organizations: Mapping[str, row.Organization], people: list[Person], *, today: date
) -> Iterator[row.Row]:
    yield from extend(rng, people, today=today)
    yield row.Licence(
        id=rng.uuid(),
        organization_id=organizations["pesisir-legundi"].id,
        kind="AGREEMENT",
        number="DEMO/AGREEMENT/001",
        issuer="Dinas Sosial Provinsi Lampung",
        valid_from=today - timedelta(days=320),
        valid_until=today + timedelta(days=AGREEMENT_DAYS),
        status="CONFIRMED",
        revoked_on=None,
    )


def extend(rng: RandomSource, people: list[Person], *, today: date) -> Iterator[row.Row]:
    """The decree, and the day of expiry of before for each certificate, which gets the later one."""
    decree, first, until = rng.uuid(), today - timedelta(days=DAYS_BEFORE), today + timedelta(days=DAYS_MORE)
    extended = []
    for person in people:
        for position, held in enumerate(person.certificates):
            if held.certificate_type_code == EXTENDED_TYPE and not held.revoked_on and _is_between(held, first, today):
                person.certificates[position] = held._replace(expires_on=until)
                extended.append(row.ExtendedCertificate(decree, held.id, held.expires_on or today))
    yield row.CertificateExtension(
        id=decree,
        certificate_type_code=EXTENDED_TYPE,
        expiring_from=first,
        expiring_until=today,
        extended_to=until,
        decree_number="DEMO/SK/007",
        certificates=len(extended),
        status="IN_FORCE",
    )
    yield from extended


def _is_between(held: row.Certificate, first: date, last: date) -> bool:
    return held.expires_on is not None and first <= held.expires_on <= last
