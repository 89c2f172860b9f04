"""Where the work is done: posts, kitchens, shelters, and how full they are."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, Symbol, labelled, optional, record, references, required, table, versioned
from api.models.choice import Choice
from api.models.key import name_indexes, named
from api.values.key import title_search_key


class SiteKind(Choice):
    """What a site is for."""

    COMMAND_POST = "COMMAND_POST", "Command post (posko)."
    FIELD_POST = "FIELD_POST", "Field post (pos lapangan)."
    PUBLIC_KITCHEN = "PUBLIC_KITCHEN", "Public kitchen (dapur umum)."
    SHELTER = "SHELTER", "Shelter (tempat pengungsian)."
    LOGISTICS_HUB = "LOGISTICS_HUB", "Logistics hub (gudang logistik)."
    HEALTH_POST = "HEALTH_POST", "Health post (pos kesehatan)."
    CAMP = "CAMP", "A camp that is running (kemah)."


# What a kind of kitchen can do in a day, and whom it takes.
KitchenType = table(
    "kitchen_type",
    *labelled(),
    required("packs_per_cooking", sa.Integer),
    required("cookings_per_day", sa.Integer),
    required("meals_per_day", sa.Integer),
    required("crew", sa.Integer),
    required("skill_code", Symbol, references("skill.code")),
)


Site = table(
    "site",
    *versioned(),
    optional("incident_id", sa.Uuid, references("incident.id")),
    required("kind", Chosen(SiteKind)),
    *named(search=title_search_key),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    required("latitude", sa.Float),
    required("longitude", sa.Float),
    optional("capacity", sa.Integer),
    optional("organization_id", sa.Uuid, references("organization.id")),
    # The kitchen that cooks for a shelter.
    optional("kitchen_id", sa.Uuid, references("site.id")),
    optional("kitchen_type_code", Symbol, references("kitchen_type.code")),
    required("opened_at", INSTANT),
    optional("closed_at", INSTANT),
    optional("reason"),
    sa.CheckConstraint("incident_id IS NOT NULL OR kind = 'CAMP'", name="of_an_incident"),
    sa.CheckConstraint("(kind = 'PUBLIC_KITCHEN') = (kitchen_type_code IS NOT NULL)", name="kitchen_of_a_type"),
    sa.CheckConstraint("kitchen_id IS NULL OR kind = 'SHELTER'", name="kitchen_of_a_shelter"),
    sa.CheckConstraint("capacity BETWEEN 1 AND 1000000", name="capacity"),
    sa.CheckConstraint("closed_at >= opened_at", name="closes_after_opening"),
    sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
    sa.Index(None, "incident_id", "opened_at", "id"),
    sa.Index(None, "opened_at", "id"),
    sa.Index(None, "kabupaten_code", "opened_at", "id"),
    sa.Index(None, "organization_id"),
    sa.Index(None, "kitchen_id"),
    sa.Index(None, "created_at", "id"),
    *name_indexes("site"),
)


# The people at a site at one instant.
SiteLoad = table(
    "site_load",
    *record(),
    required("site_id", sa.Uuid, references("site.id")),
    required("at", INSTANT),
    required("people", sa.Integer),
    sa.CheckConstraint("people BETWEEN 0 AND 1000000", name="people"),
    sa.UniqueConstraint("site_id", "at"),
    sa.Index(None, "site_id", "at", "id"),
    sa.Index(None, "at", "id"),
)
