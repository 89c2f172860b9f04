"""People who volunteer, with what they belong to and what they have learnt."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from api.demo.chance import Chance, Wheel
from api.demo.day import at
from api.demo.name import full_name
from api.demo.row import Certificate, Membership, Volunteer

PURPOSE = "Pendaftaran, pelatihan, dan penugasan relawan (UU PDP 27/2022)"
REACH = Wheel({"KABUPATEN": 30, "PROVINCE": 45, "NATIONAL": 25})

# No operator has been given numbers that begin with 84 (phonenumbers knows none as valid), so these reach nobody.
UNASSIGNED_PREFIX = "+62849"

HOME_RADIUS_KM = 12


@dataclass(eq=False)
class Person:
    row: Volunteer
    memberships: list[Membership] = field(default_factory=list)
    certificates: list[Certificate] = field(default_factory=list)


def volunteer(
    chance: Chance,
    *,
    id: UUID,
    serial: int,
    kabupaten_code: str,
    seat: tuple[float, float],
    peoples: Wheel[str],
    today: date,
) -> Volunteer:
    latitude, longitude = chance.near(*seat, km=HOME_RADIUS_KM) if chance.happens(0.92) else (None, None)
    given, withdrawn = consent(chance, today=today)
    return Volunteer(
        id=id,
        name=full_name(chance, among=chance.draw(peoples)),
        phone=f"{UNASSIGNED_PREFIX}{serial:07}",
        kabupaten_code=kabupaten_code,
        latitude=latitude,
        longitude=longitude,
        reach=chance.draw(REACH),
        status="ACTIVE" if chance.happens(0.96) else "INACTIVE",
        consent_given_at=given,
        consent_purpose=PURPOSE if given else None,
        consent_withdrawn_at=withdrawn,
    )


def consent(chance: Chance, *, today: date) -> tuple[datetime | None, datetime | None]:
    """When it was given and when it was withdrawn; a few never gave it, a few took it back."""
    luck, days, hour = chance.random(), chance.randrange(60, 700), chance.randrange(8, 17)
    if luck < 0.04:
        return None, None
    return at(today, hour, days=-days), at(today, hour, days=-days // 3) if luck < 0.06 else None
