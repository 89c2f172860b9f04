"""What has happened in the story: a flood that runs, a landslide just over, and aid to an island long ago."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from api.demo import row
from api.demo.chance import Chance
from api.demo.day import at


class Post(NamedTuple):
    """Where people are wanted."""

    kabupaten_code: str
    latitude: float
    longitude: float


class Wish(NamedTuple):
    skill: str
    cluster: str
    people: int
    priority: str
    post: Post
    starts_at: datetime
    ends_at: datetime
    minimum_rank: str | None = None


@dataclass
class Happening:
    """An incident with the kabupaten it touches, and its needs by skill."""

    incident: row.Incident
    kabupaten: list[row.IncidentKabupaten]
    needs: Mapping[str, row.Need] = field(default_factory=dict)


SAMPIT = Post("62.02", -2.5375, 112.9410)
KOTA_BESI = Post("62.02", -2.4021, 112.9466)
TUMBANG_TALAKEN = Post("62.10", -1.4390, 113.5350)
LEGUNDI = Post("18.09", -5.8290, 105.2690)


def flood(chance: Chance, *, today: date) -> Happening:
    """The Mentaya has left its bed; from tomorrow morning people are wanted."""
    dawn, morning = at(today, 6, days=1), at(today, 7, days=1)
    return happen(
        chance,
        row.Incident(
            id=chance.identity(),
            hazard_code="FLOOD",
            title="Banjir luapan Sungai Mentaya, Kotawaringin Timur",
            latitude=KOTA_BESI.latitude,
            longitude=KOTA_BESI.longitude,
            status="ACTIVE",
            started_at=at(today, 4, days=-2),
            ended_at=None,
        ),
        kabupaten=("62.02", "62.06", "62.07"),
        wishes=(
            Wish(
                "WATER_RESCUE", "SEARCH_AND_RESCUE", 6, "URGENT", KOTA_BESI, dawn, at(today, 6, days=6), "TAGANA_MADYA"
            ),
            Wish("FIELD_KITCHEN", "LOGISTICS", 20, "HIGH", SAMPIT, dawn, at(today, 18, days=7)),
            Wish("SHELTER", "DISPLACEMENT_AND_PROTECTION", 12, "HIGH", SAMPIT, morning, at(today, 17, days=5)),
            Wish("LOGISTICS", "LOGISTICS", 10, "NORMAL", SAMPIT, morning, at(today, 17, days=10)),
        ),
    )


def landslide(chance: Chance, *, today: date) -> Happening:
    """It ended this morning: who was there for four days rests until half an hour after the flood's first duty begins."""
    start, end = at(today, 6, 30, days=-4), at(today, 6, 30)
    return happen(
        chance,
        row.Incident(
            id=chance.identity(),
            hazard_code="LANDSLIDE",
            title="Tanah longsor Tumbang Talaken, Gunung Mas",
            latitude=TUMBANG_TALAKEN.latitude,
            longitude=TUMBANG_TALAKEN.longitude,
            status="CLOSED",
            started_at=at(today, 20, days=-5),
            ended_at=end,
        ),
        kabupaten=("62.10",),
        wishes=(
            Wish("RAPID_ASSESSMENT", "SEARCH_AND_RESCUE", 4, "URGENT", TUMBANG_TALAKEN, start, end, "TAGANA_MADYA"),
            Wish("LOGISTICS", "LOGISTICS", 8, "HIGH", TUMBANG_TALAKEN, start, end),
        ),
    )


def legundi(chance: Chance, *, today: date) -> Happening:
    """Joint distribution of aid on Pulau Legundi, kabupaten Pesawaran, by Tagana, MRI and others."""
    start, end = at(today, 7, days=-210), at(today, 17, days=-207)
    return happen(
        chance,
        row.Incident(
            id=chance.identity(),
            hazard_code="EXTREME_WAVE",
            title="Penyaluran bantuan bersama di Pulau Legundi, Pesawaran",
            latitude=LEGUNDI.latitude,
            longitude=LEGUNDI.longitude,
            status="CLOSED",
            started_at=at(today, 15, days=-212),
            ended_at=at(today, 17, days=-206),
        ),
        kabupaten=("18.09",),
        wishes=(
            Wish("LOGISTICS", "LOGISTICS", 10, "NORMAL", LEGUNDI, start, end),
            Wish("FIELD_KITCHEN", "LOGISTICS", 6, "NORMAL", LEGUNDI, start, end),
        ),
    )


def happen(
    chance: Chance, incident: row.Incident, *, kabupaten: tuple[str, ...], wishes: tuple[Wish, ...]
) -> Happening:
    return Happening(
        incident,
        [row.IncidentKabupaten(incident.id, code) for code in kabupaten],
        {wish.skill: raise_need(chance.identity(), incident, wish) for wish in wishes},
    )


def raise_need(identity: UUID, incident: row.Incident, wish: Wish) -> row.Need:
    return row.Need(
        id=identity,
        incident_id=incident.id,
        skill_code=wish.skill,
        minimum_rank_code=wish.minimum_rank,
        cluster_code=wish.cluster,
        people_wanted=wish.people,
        priority=wish.priority,
        starts_at=wish.starts_at,
        ends_at=wish.ends_at,
        kabupaten_code=wish.post.kabupaten_code,
        latitude=wish.post.latitude,
        longitude=wish.post.longitude,
        closed_at=incident.ended_at,
    )
