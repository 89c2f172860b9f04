"""Volunteers of the demo data."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from api.demo.day import at_hour
from api.demo.name import full_name
from api.demo.random_source import RandomSource, WeightedChoice
from api.demo.row import Certificate, Membership, Volunteer

PURPOSE = "Pendaftaran, pelatihan, dan penugasan relawan (UU PDP 27/2022)"
REACH = WeightedChoice({"KABUPATEN": 30, "PROVINCE": 45, "NATIONAL": 25})

# Numbers with this prefix are not assigned to any operator, and `phonenumbers` rejects them.
UNASSIGNED_PREFIX = "+62849"

HOME_RADIUS_KM = 12


@dataclass(eq=False)
class Person:
    """A volunteer with memberships and certificates."""

    row: Volunteer
    memberships: list[Membership] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)


def volunteer(
    rng: RandomSource,
    *,
    id: UUID,
    serial: int,
    kabupaten_code: str,
    seat: tuple[float, float],
    ethnicities: WeightedChoice[str],
    today: date,
) -> Volunteer:
    """A random volunteer who lives near the seat of the kabupaten; some have no known position."""
    latitude, longitude = rng.position_near(*seat, km=HOME_RADIUS_KM) if rng.boolean(0.92) else (None, None)
    given_at, withdrawn_at = consent(rng, today=today)
    return Volunteer(
        id=id,
        name=full_name(rng, ethnicity=rng.draw(ethnicities)),
        phone=f"{UNASSIGNED_PREFIX}{serial:07}",
        kabupaten_code=kabupaten_code,
        latitude=latitude,
        longitude=longitude,
        reach=rng.draw(REACH),
        status="ACTIVE" if rng.boolean(0.96) else "INACTIVE",
        consent_given_at=given_at,
        consent_purpose=PURPOSE if given_at else None,
        consent_withdrawn_at=withdrawn_at,
    )


def consent(rng: RandomSource, *, today: date) -> tuple[datetime | None, datetime | None]:
    """The times when consent was given and withdrawn. Some volunteers never gave it, some withdrew it."""
    sample, days, hour = rng.random(), rng.randrange(60, 700), rng.randrange(8, 17)
    if sample < 0.04:
        return None, None
    return at_hour(today, hour, days=-days), at_hour(today, hour, days=-days // 3) if sample < 0.06 else None
