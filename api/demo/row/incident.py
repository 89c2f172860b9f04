"""Incidents, what is known of them, and what is wanted at them."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID


class Incident(NamedTuple):
    id: UUID
    hazard_code: str
    title: str
    latitude: float
    longitude: float
    status: str
    started_at: datetime
    ended_at: datetime | None
    verified_at: datetime | None = None


class IncidentKabupaten(NamedTuple):
    incident_id: UUID
    kabupaten_code: str


class EmergencyStatus(NamedTuple):
    id: UUID
    incident_id: UUID
    kind: str
    level: str
    kabupaten_code: str | None
    province_code: str | None
    decree_number: str
    starts_on: date
    ends_on: date


class Site(NamedTuple):
    id: UUID
    incident_id: UUID
    kind: str
    name: str
    kabupaten_code: str
    latitude: float
    longitude: float
    capacity: int | None
    organization_id: UUID
    kitchen_id: UUID | None
    kitchen_type_code: str | None
    opened_at: datetime


class SiteLoad(NamedTuple):
    id: UUID
    site_id: UUID
    at: datetime
    people: int


class SituationReport(NamedTuple):
    id: UUID
    incident_id: UUID
    kabupaten_code: str
    at: datetime
    source: str
    status: str
    affected: int | None = None
    displaced: int | None = None
    dead: int | None = None
    houses_damaged_lightly: int | None = None


class Need(NamedTuple):
    id: UUID
    incident_id: UUID
    skill_code: str
    minimum_rank_code: str | None
    cluster_code: str
    people_wanted: int
    priority: str
    starts_at: datetime
    ends_at: datetime
    kabupaten_code: str
    latitude: float
    longitude: float
    closed_at: datetime | None = None


class NeedMinimum(NamedTuple):
    id: UUID
    need_id: UUID
    people: int
    rank_code: str | None
    sex: str | None


class GoodsNeed(NamedTuple):
    id: UUID
    incident_id: UUID
    item: str
    quantity: int
    unit: str
    needed_by: datetime
    cluster_code: str
    priority: str
    kabupaten_code: str
    latitude: float
    longitude: float
    pledged: int


class Pledge(NamedTuple):
    id: UUID
    need_id: UUID | None
    goods_need_id: UUID | None
    organization_id: UUID
    quantity: int
    delivered: int
    status: str
    deadline: datetime | None


class PledgeRequest(NamedTuple):
    id: UUID
    pledge_id: UUID
    organization_id: UUID
    reason: str
    status: str
