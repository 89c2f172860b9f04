"""Organizations of the demo data and their licences.

Verified organizations have real names: ministry, agencies, corps, zakat institutions and welfare institutions of Lampung.
Organizations that are pending, suspended or without a valid registration are invented, as are all licence numbers.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from api.demo import row
from api.demo.random_source import RandomSource


class Entry(NamedTuple):
    """An organization, with a key for references in this package."""

    key: str
    name: str
    kind: str
    kabupaten_code: str
    parent: str | None = None
    verification: str = "VERIFIED"


ENTRIES = (
    Entry("kemensos", "Kementerian Sosial", "GOVERNMENT", "31.71"),
    Entry("dinsos-kalteng", "Dinas Sosial Provinsi Kalimantan Tengah", "GOVERNMENT", "62.71", "kemensos"),
    Entry("dinsos-kotim", "Dinas Sosial Kabupaten Kotawaringin Timur", "GOVERNMENT", "62.02", "dinsos-kalteng"),
    Entry("dinsos-katingan", "Dinas Sosial Kabupaten Katingan", "GOVERNMENT", "62.06", "dinsos-kalteng"),
    Entry("dinsos-seruyan", "Dinas Sosial Kabupaten Seruyan", "GOVERNMENT", "62.07", "dinsos-kalteng"),
    Entry("bpbd-kotim", "BPBD Kabupaten Kotawaringin Timur", "GOVERNMENT", "62.02"),
    Entry("dinsos-lampung", "Dinas Sosial Provinsi Lampung", "GOVERNMENT", "18.71", "kemensos"),
    Entry("dinsos-lampung-utara", "Dinas Sosial Kabupaten Lampung Utara", "GOVERNMENT", "18.03", "dinsos-lampung"),
    Entry("mri", "Masyarakat Relawan Indonesia", "CORPS", "31.74"),
    Entry("tagana-kalteng", "Tagana Kalimantan Tengah", "CORPS", "62.71", "dinsos-kalteng"),
    Entry("pelopor-kalteng", "Pelopor Perdamaian Kalimantan Tengah", "CORPS", "62.71", "dinsos-kalteng"),
    Entry("mri-kalteng", "MRI Kalimantan Tengah", "CORPS", "62.71", "mri"),
    Entry("tagana-lampung", "Tagana Lampung", "CORPS", "18.71", "dinsos-lampung"),
    Entry("mri-lampung", "MRI Lampung", "CORPS", "18.71", "mri"),
    Entry("baznas", "Badan Amil Zakat Nasional", "ZAKAT", "31.75"),
    Entry("baznas-kalteng", "Baznas Provinsi Kalimantan Tengah", "ZAKAT", "62.71", "baznas"),
    Entry("dompet-dhuafa", "Dompet Dhuafa", "ZAKAT", "31.74"),
    Entry("rumah-zakat", "Rumah Zakat", "ZAKAT", "32.73"),
    Entry("lazisnu", "LazisNU", "ZAKAT", "31.71"),
    Entry("lazismu", "LazisMU", "ZAKAT", "31.71"),
    Entry("daarul-quran", "PPPA Daarul Qur'an", "ZAKAT", "36.71"),
    Entry("nurul-fatah", "LKSA Nurul Fatah", "WELFARE_INSTITUTION", "18.05"),
    Entry("apik", "LKS APIK", "WELFARE_INSTITUTION", "18.71"),
    Entry("sabilunnajah", "LKSA Sabilunnajah", "WELFARE_INSTITUTION", "18.02"),
    Entry("darut-tholibin", "LKSA Darut Tholibin", "WELFARE_INSTITUTION", "18.04"),
    Entry("amanah-bunda", "LKS Amanah Bunda", "WELFARE_INSTITUTION", "18.10"),
    Entry("fk-tksk-lampung-utara", "FK-TKSK Lampung Utara", "FORUM", "18.03", "dinsos-lampung-utara"),
    Entry("huma-betang", "Yayasan Huma Betang Peduli", "NGO", "62.71"),
    Entry("perahu-mentaya", "Komunitas Perahu Mentaya", "NGO", "62.02", verification="PENDING"),
    Entry("bina-sungai", "Yayasan Bina Sungai Rungan", "NGO", "62.10", verification="SUSPENDED"),
    Entry("rimba-arut", "Perkumpulan Rimba Arut", "NGO", "62.01"),
    Entry("pesisir-legundi", "Forum Pesisir Legundi", "NGO", "18.09"),
)

# Still verified, but its registration is revoked.
REVOKED_ORGANIZATION = "rimba-arut"

# Members of these organizations may get new assignments.
VALID_ORGANIZATIONS = frozenset(
    entry.key for entry in ENTRIES if entry.verification == "VERIFIED" and entry.key != REVOKED_ORGANIZATION
)

# By the first part of the key.
CORPS = {"tagana": "TAGANA", "pelopor": "PELOPOR", "mri": "MRI", "fk": "TKSK"}

# Organizations that may issue certificates of a type besides those of their kind.
ISSUERS = {"rumah-zakat": "FIRST_AID_BASIC"}

EXTRA_LICENCE_BY_KIND = {"ZAKAT": "FUNDRAISING", "WELFARE_INSTITUTION": "ACCREDITATION"}


def make_organizations(rng: RandomSource) -> dict[str, row.Organization]:
    """The organization rows by key."""
    ids = {entry.key: rng.uuid() for entry in ENTRIES}
    return {
        entry.key: row.Organization(
            id=ids[entry.key],
            name=entry.name,
            kind=entry.kind,
            corps=CORPS.get(entry.key.split("-", maxsplit=1)[0]),
            parent_id=ids[entry.parent] if entry.parent else None,
            kabupaten_code=entry.kabupaten_code,
            verification=entry.verification,
        )
        for entry in ENTRIES
    }


def make_issuers(organizations: dict[str, row.Organization]) -> Iterator[row.CertificateIssuer]:
    for key, certificate_type in ISSUERS.items():
        yield row.CertificateIssuer(organizations[key].id, certificate_type)


def make_licences(
    rng: RandomSource, organizations: dict[str, row.Organization], *, today: date
) -> Iterator[row.Licence]:
    """A registration for each organization except government and pending ones, and a second licence for some kinds."""
    for entry in ENTRIES:
        if entry.kind == "GOVERNMENT" or entry.verification == "PENDING":
            continue
        for kind in filter(None, ("REGISTRATION", EXTRA_LICENCE_BY_KIND.get(entry.kind))):
            since = today - timedelta(days=rng.randrange(200, 1500))
            is_revoked = entry.key == REVOKED_ORGANIZATION
            yield row.Licence(
                id=rng.uuid(),
                organization_id=organizations[entry.key].id,
                kind=kind,
                number=f"DEMO/{kind}/{ENTRIES.index(entry):03}",
                issuer="Kementerian Sosial",
                valid_from=since,
                valid_until=since + timedelta(days=5 * 365),
                status="REVOKED" if is_revoked else "CONFIRMED",
                revoked_on=today - timedelta(days=21) if is_revoked else None,
            )
