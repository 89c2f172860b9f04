"""Duties, the time that they take, and the hours that were served."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg


class Assignment(NamedTuple):
    id: UUID
    need_id: UUID
    volunteer_id: UUID
    status: str
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime | None
    reason: str | None
    accepted_at: datetime | None = None
    checked_in_at: datetime | None = None
    checked_out_at: datetime | None = None
    released_at: datetime | None = None
    organization_id: UUID | None = None
    emergency_status_id: UUID | None = None
    decree_number: str | None = None


class Attendance(NamedTuple):
    id: UUID
    assignment_id: UUID
    kind: str
    at: datetime


class ServedHours(NamedTuple):
    id: UUID
    assignment_id: UUID
    volunteer_id: UUID
    starts_at: datetime
    ends_at: datetime
    source: str
    status: str


class Commitment(NamedTuple):
    id: UUID
    volunteer_id: UUID
    assignment_id: UUID | None
    period: asyncpg.Range[datetime]
    registration_id: UUID | None = None
