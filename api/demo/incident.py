"""Incidents of the demo data: a current flood, a landslide that ended today, and an old distribution of aid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from api.demo import row
from api.demo.day import at_hour
from api.demo.random_source import RandomSource


class Location(NamedTuple):
    """The kabupaten and position of a need or incident."""

    kabupaten_code: str
    latitude: float
    longitude: float


class PlannedNeed(NamedTuple):
    """The values of a need before its incident exists."""

    skill: str
    cluster: str
    people: int
    priority: str
    location: Location
    starts_at: datetime
    ends_at: datetime
    minimum_rank: str | None = None


@dataclass
class IncidentRows:
    """The rows of an incident: the incident, its kabupaten, and its needs by skill."""

    incident: row.Incident
    kabupaten: list[row.IncidentKabupaten]
    needs: Mapping[str, row.Need] = field(default_factory=dict)


SAMPIT = Location("62.02", -2.5375, 112.9410)
KOTA_BESI = Location("62.02", -2.4021, 112.9466)
TUMBANG_TALAKEN = Location("62.10", -1.4390, 113.5350)
LEGUNDI = Location("18.09", -5.8290, 105.2690)


def flood(rng: RandomSource, *, today: date) -> IncidentRows:
    """The current flood of the river Mentaya. Its needs start tomorrow morning."""
    dawn, morning = at_hour(today, 6, days=1), at_hour(today, 7, days=1)
    return make_incident_rows(
        rng,
        row.Incident(
            id=rng.uuid(),
            hazard_code="FLOOD",
            title="Banjir luapan Sungai Mentaya, Kotawaringin Timur",
            latitude=KOTA_BESI.latitude,
            longitude=KOTA_BESI.longitude,
            status="ACTIVE",
            started_at=at_hour(today, 4, days=-2),
            ended_at=None,
            verified_at=at_hour(today, 4, days=-2),
        ),
        kabupaten=("62.02", "62.06", "62.07"),
        planned_needs=(
            PlannedNeed(
                "WATER_RESCUE",
                "SEARCH_AND_RESCUE",
                6,
                "URGENT",
                KOTA_BESI,
                dawn,
                at_hour(today, 6, days=6),
                "TAGANA_MADYA",
            ),
            PlannedNeed("FIELD_KITCHEN", "LOGISTICS", 20, "HIGH", SAMPIT, dawn, at_hour(today, 18, days=7)),
            PlannedNeed(
                "SHELTER", "DISPLACEMENT_AND_PROTECTION", 12, "HIGH", SAMPIT, morning, at_hour(today, 17, days=5)
            ),
            PlannedNeed("LOGISTICS", "LOGISTICS", 10, "NORMAL", SAMPIT, morning, at_hour(today, 17, days=10)),
        ),
    )


def landslide(rng: RandomSource, *, today: date) -> IncidentRows:
    """A four-day landslide that ended at 6:30 today. Its volunteers must rest until 6:30 tomorrow, and the flood starts at 6:00."""
    start, end = at_hour(today, 6, 30, days=-4), at_hour(today, 6, 30)
    return make_incident_rows(
        rng,
        row.Incident(
            id=rng.uuid(),
            hazard_code="LANDSLIDE",
            title="Tanah longsor Tumbang Talaken, Gunung Mas",
            latitude=TUMBANG_TALAKEN.latitude,
            longitude=TUMBANG_TALAKEN.longitude,
            status="CLOSED",
            started_at=at_hour(today, 20, days=-5),
            ended_at=end,
            verified_at=at_hour(today, 20, days=-5),
        ),
        kabupaten=("62.10",),
        planned_needs=(
            PlannedNeed(
                "RAPID_ASSESSMENT", "SEARCH_AND_RESCUE", 4, "URGENT", TUMBANG_TALAKEN, start, end, "TAGANA_MADYA"
            ),
            PlannedNeed("LOGISTICS", "LOGISTICS", 8, "HIGH", TUMBANG_TALAKEN, start, end),
        ),
    )


def legundi(rng: RandomSource, *, today: date) -> IncidentRows:
    """A past distribution of aid on Pulau Legundi, kabupaten Pesawaran, by Tagana, MRI and others."""
    start, end = at_hour(today, 7, days=-210), at_hour(today, 17, days=-207)
    return make_incident_rows(
        rng,
        row.Incident(
            id=rng.uuid(),
            hazard_code="EXTREME_WAVE",
            title="Penyaluran bantuan bersama di Pulau Legundi, Pesawaran",
            latitude=LEGUNDI.latitude,
            longitude=LEGUNDI.longitude,
            status="CLOSED",
            started_at=at_hour(today, 15, days=-212),
            ended_at=at_hour(today, 17, days=-206),
            verified_at=at_hour(today, 15, days=-212),
        ),
        kabupaten=("18.09",),
        planned_needs=(
            PlannedNeed("LOGISTICS", "LOGISTICS", 10, "NORMAL", LEGUNDI, start, end),
            PlannedNeed("FIELD_KITCHEN", "LOGISTICS", 6, "NORMAL", LEGUNDI, start, end),
        ),
    )


def make_incident_rows(
    rng: RandomSource, incident: row.Incident, *, kabupaten: tuple[str, ...], planned_needs: tuple[PlannedNeed, ...]
) -> IncidentRows:
    return IncidentRows(
        incident,
        [row.IncidentKabupaten(incident.id, code) for code in kabupaten],
        {planned.skill: make_need(rng.uuid(), incident, planned) for planned in planned_needs},
    )


def make_need(need_id: UUID, incident: row.Incident, planned: PlannedNeed) -> row.Need:
    return row.Need(
        id=need_id,
        incident_id=incident.id,
        skill_code=planned.skill,
        minimum_rank_code=planned.minimum_rank,
        cluster_code=planned.cluster,
        people_wanted=planned.people,
        priority=planned.priority,
        starts_at=planned.starts_at,
        ends_at=planned.ends_at,
        kabupaten_code=planned.location.kabupaten_code,
        latitude=planned.location.latitude,
        longitude=planned.location.longitude,
        closed_at=incident.ended_at,
    )
