"""Incidents of the demo data: a current flood, a landslide that ended today, and an old distribution of aid."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from api.demo import row
from api.demo.day import BEGINNING, at_hour
from api.demo.random_source import RandomSource


class Location(NamedTuple):
    """The kabupaten and position of a need or incident."""

    kabupaten_code: str
    latitude: float
    longitude: float


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
    incident = row.Incident(
        id=rng.uuid(),
        hazard_code="FLOOD",
        title="Banjir luapan Sungai Mentaya, Kotawaringin Timur",
        latitude=KOTA_BESI.latitude,
        longitude=KOTA_BESI.longitude,
        status="ACTIVE",
        started_at=at_hour(today, 4, days=-2),
        ended_at=None,
        verified_at=at_hour(today, 4, days=-2),
    )
    return make_incident_rows(
        incident,
        ("62.02", "62.06", "62.07"),
        row.Need(
            *(rng.uuid(), incident.id, "WATER_RESCUE", "TAGANA_MADYA", "SEARCH_AND_RESCUE", 6, "URGENT"),
            *(dawn, at_hour(today, 6, days=6), *KOTA_BESI),
        ),
        row.Need(
            *(rng.uuid(), incident.id, "FIELD_KITCHEN", None, "LOGISTICS", 20, "HIGH"),
            *(dawn, at_hour(today, 18, days=7), *SAMPIT),
        ),
        row.Need(
            *(rng.uuid(), incident.id, "SHELTER", None, "DISPLACEMENT_AND_PROTECTION", 12, "HIGH"),
            *(morning, at_hour(today, 17, days=5), *SAMPIT),
        ),
        row.Need(
            *(rng.uuid(), incident.id, "LOGISTICS", None, "LOGISTICS", 10, "NORMAL"),
            *(morning, at_hour(today, 17, days=10), *SAMPIT),
        ),
    )


def landslide(rng: RandomSource, *, today: date) -> IncidentRows:
    """A four-day landslide that ended at 6:30 today. Its volunteers must rest until 6:30 tomorrow, and the flood starts at 6:00."""
    start, end = (at_hour(today, BEGINNING.hour, BEGINNING.minute, days=days) for days in (-4, 0))
    incident = row.Incident(
        id=rng.uuid(),
        hazard_code="LANDSLIDE",
        title="Tanah longsor Tumbang Talaken, Gunung Mas",
        latitude=TUMBANG_TALAKEN.latitude,
        longitude=TUMBANG_TALAKEN.longitude,
        status="CLOSED",
        started_at=at_hour(today, 20, days=-5),
        ended_at=end,
        verified_at=at_hour(today, 20, days=-5),
    )
    return make_incident_rows(
        incident,
        ("62.10",),
        row.Need(
            *(rng.uuid(), incident.id, "RAPID_ASSESSMENT", "TAGANA_MADYA", "SEARCH_AND_RESCUE", 4, "URGENT"),
            *(start, end, *TUMBANG_TALAKEN, incident.ended_at),
        ),
        row.Need(
            *(rng.uuid(), incident.id, "LOGISTICS", None, "LOGISTICS", 8, "HIGH"),
            *(start, end, *TUMBANG_TALAKEN, incident.ended_at),
        ),
    )


def legundi(rng: RandomSource, *, today: date) -> IncidentRows:
    """A past distribution of aid on Pulau Legundi, kabupaten Pesawaran, by Tagana, MRI and others."""
    start, end = at_hour(today, 7, days=-210), at_hour(today, 17, days=-207)
    incident = row.Incident(
        id=rng.uuid(),
        hazard_code="EXTREME_WAVE",
        title="Penyaluran bantuan bersama di Pulau Legundi, Pesawaran",
        latitude=LEGUNDI.latitude,
        longitude=LEGUNDI.longitude,
        status="CLOSED",
        started_at=at_hour(today, 15, days=-212),
        ended_at=at_hour(today, 17, days=-206),
        verified_at=at_hour(today, 15, days=-212),
    )
    needs = (
        row.Need(
            *(rng.uuid(), incident.id, skill, None, "LOGISTICS", people, "NORMAL"),
            *(start, end, *LEGUNDI, incident.ended_at),
        )
        for skill, people in (("LOGISTICS", 10), ("FIELD_KITCHEN", 6))
    )
    return make_incident_rows(incident, ("18.09",), *needs)


def make_incident_rows(incident: row.Incident, kabupaten: tuple[str, ...], *needs: row.Need) -> IncidentRows:
    return IncidentRows(
        incident,
        [row.IncidentKabupaten(incident.id, code) for code in kabupaten],
        {need.skill_code: need for need in needs},
    )
