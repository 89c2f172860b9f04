"""How the flood of the demo data is handled: decrees, a post, a kitchen, shelters and what is counted."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from api.demo import row
from api.demo.day import at_hour
from api.demo.incident import KOTA_BESI, SAMPIT, IncidentRows, Location
from api.demo.random_source import RandomSource


class PlannedSite(NamedTuple):
    """A site of the flood, and the people at it in the last three counts, six hours apart."""

    kind: str
    name: str
    location: Location
    organization: str
    capacity: int | None = None
    counts: tuple[int, ...] = ()


SITES = (
    PlannedSite("COMMAND_POST", "Posko Utama Sampit", SAMPIT, "dinsos-kotim"),
    PlannedSite("PUBLIC_KITCHEN", "Dapur umum Tagana Sampit", SAMPIT, "tagana-kalteng"),
    PlannedSite("SHELTER", "GOR Habaring Hurung", SAMPIT, "dinsos-kotim", 1500, (420, 960, 1310)),
    PlannedSite("SHELTER", "SDN 1 Kota Besi Hilir", KOTA_BESI, "dinsos-kotim", 600, (600, 780, 850)),
    PlannedSite("HEALTH_POST", "Pos kesehatan Kota Besi", KOTA_BESI, "bpbd-kotim"),
)

# Kabupaten, source, hours ago, status and figures. Sources contradict each other.
REPORTS: tuple[tuple[str, str, int, str, Mapping[str, int]], ...] = (
    ("62.02", "BPBD Kotawaringin Timur", 40, "VERIFIED", {"affected": 5200, "displaced": 1020, "dead": 1}),
    ("62.02", "Media daring", 20, "RECORDED", {"displaced": 4000, "dead": 6}),
    ("62.02", "Dinas Sosial Kotawaringin Timur", 5, "VERIFIED", {"affected": 8700, "displaced": 2160}),
    ("62.06", "BPBD Katingan", 12, "VERIFIED", {"affected": 900, "displaced": 140, "houses_damaged_lightly": 31}),
)


def make_rows(
    rng: RandomSource, flood: IncidentRows, organizations: Mapping[str, row.Organization], *, today: date
) -> Iterator[row.Row]:
    incident = flood.incident
    yield from make_decrees(rng, incident, today=today)
    yield from make_sites(rng, incident, organizations, today=today)
    yield from make_pledges(rng, flood, organizations, today=today)
    # Women and children are looked after in the shelters.
    yield row.NeedMinimum(rng.uuid(), flood.needs["SHELTER"].id, 4, None, "FEMALE")
    for kabupaten, source, hours, status, figures in REPORTS:
        at = at_hour(today, 9) - timedelta(hours=hours)
        yield row.SituationReport(rng.uuid(), incident.id, kabupaten, at, source, status, **figures)


def make_pledges(
    rng: RandomSource, flood: IncidentRows, organizations: Mapping[str, row.Organization], *, today: date
) -> Iterator[row.GoodsNeed | row.Pledge | row.PledgeRequest]:
    """Zakat institutions share out people and goods, so that nothing is promised twice."""
    by = at_hour(today, 18, days=3)
    rice = goods_need(rng, flood.incident, "Beras", 12_000, unit="kg", by=by, pledged=9_000)
    yield rice
    yield goods_need(rng, flood.incident, "Lauk siap saji selain telur dan mi", 6_000, unit="porsi", by=by, pledged=0)
    for key, quantity, delivered in (("baznas", 5_000, 2_000), ("lazisnu", 4_000, 0)):
        yield row.Pledge(rng.uuid(), None, rice.id, organizations[key].id, quantity, delivered, "OPEN", by)
    kitchen, shelter = flood.needs["FIELD_KITCHEN"].id, flood.needs["SHELTER"].id
    for key, need_id, quantity in (("dompet-dhuafa", kitchen, 5), ("rumah-zakat", kitchen, 3)):
        yield row.Pledge(rng.uuid(), need_id, None, organizations[key].id, quantity, 0, "OPEN", None)
    held = row.Pledge(rng.uuid(), shelter, None, organizations["lazismu"].id, 4, 0, "OPEN", at_hour(today, 18, days=1))
    yield held
    reason = "Relawan kami sudah berada di Sampit."
    yield row.PledgeRequest(rng.uuid(), held.id, organizations["daarul-quran"].id, reason, "ASKED")


def goods_need(
    rng: RandomSource, incident: row.Incident, item: str, quantity: int, *, unit: str, by: datetime, pledged: int
) -> row.GoodsNeed:
    return row.GoodsNeed(rng.uuid(), incident.id, item, quantity, unit, by, "LOGISTICS", "HIGH", *SAMPIT, pledged)


def make_decrees(rng: RandomSource, incident: row.Incident, *, today: date) -> Iterator[row.EmergencyStatus]:
    """The bupati declares the response for three weeks, the gubernur the alert for a month."""
    start = today - timedelta(days=1)
    for level, kind, kabupaten, province, number, days in (
        ("KABUPATEN", "TANGGAP_DARURAT", "62.02", None, "188.45/0217/Huk-BPBD", 21),
        ("PROVINCE", "SIAGA_DARURAT", None, "62", "188.44/104", 30),
    ):
        last = start + timedelta(days=days)
        yield row.EmergencyStatus(
            rng.uuid(), incident.id, kind, level, kabupaten, province, number, starts_on=start, ends_on=last
        )


def make_sites(
    rng: RandomSource, incident: row.Incident, organizations: Mapping[str, row.Organization], *, today: date
) -> Iterator[row.Site | row.SiteLoad]:
    kitchen_id = rng.uuid()
    for planned in SITES:
        is_kitchen, is_shelter = planned.kind == "PUBLIC_KITCHEN", planned.kind == "SHELTER"
        site_id = kitchen_id if is_kitchen else rng.uuid()
        yield row.Site(
            id=site_id,
            incident_id=incident.id,
            kind=planned.kind,
            name=planned.name,
            kabupaten_code=planned.location.kabupaten_code,
            latitude=planned.location.latitude,
            longitude=planned.location.longitude,
            capacity=planned.capacity,
            organization_id=organizations[planned.organization].id,
            kitchen_id=kitchen_id if is_shelter else None,
            kitchen_type_code="FIELD_KITCHEN" if is_kitchen else None,
            opened_at=at_hour(today, 8, days=-1),
        )
        for number, people in enumerate(reversed(planned.counts)):
            yield row.SiteLoad(rng.uuid(), site_id, at_hour(today, 6) - number * timedelta(hours=6), people)
