"""Camps, who comes, and what was scanned there."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Camp(NamedTuple):
    id: UUID
    kind_code: str
    name: str
    series: str | None
    host_id: UUID
    kabupaten_code: str
    venue: str
    latitude: float
    longitude: float
    starts_at: datetime
    ends_at: datetime
    attendees: str
    capacity: int
    last_number: int
    status: str
    opened_at: datetime


class CampRegistration(NamedTuple):
    id: UUID
    camp_id: UUID
    volunteer_id: UUID | None
    guest_name: str | None
    organization_id: UUID
    kabupaten_code: str
    category_code: str
    number: int
    status: str
    reason: str | None


class Scan(NamedTuple):
    id: UUID
    camp_id: UUID
    point: str
    text: str
    volunteer_id: UUID
    registration_id: UUID
    at: datetime
    device: str
    nonce: str
    is_offline: bool
    account_id: UUID
