"""Volunteers: one person, once."""

import sqlalchemy as sa

from api.models.base import INSTANT, Cube, Symbol, may, must, one_of, table, to, versioned

REACHES = ("KABUPATEN", "PROVINCE", "NATIONAL")

# Columns with this mark are never answered by their name alone: the compiler wants a guard for them.
PRIVATE = {"private": True}


Volunteer = table(
    "volunteer",
    *versioned(),
    must("name"),
    may("phone", info=PRIVATE),
    may("nik_cipher", sa.LargeBinary, info=PRIVATE),
    may("nik_index", sa.LargeBinary, unique=True, info=PRIVATE),
    may("nik_tail", info=PRIVATE),
    must("kabupaten_code", Symbol, to("kabupaten.code")),
    must("province_code", Symbol, to("province.code"), sa.Computed("left(kabupaten_code, 2)", persisted=True)),
    may("latitude", sa.Float, info=PRIVATE),
    may("longitude", sa.Float, info=PRIVATE),
    # Where the person sets out within the own kabupaten: the position, else the seat. A trigger keeps it.
    may("home", Cube, info=PRIVATE),
    must("reach", Symbol),
    must("status", Symbol),
    may("consent_given_at", INSTANT, info=PRIVATE),
    may("consent_purpose", info=PRIVATE),
    may("consent_withdrawn_at", INSTANT, info=PRIVATE),
    one_of("reach", *REACHES),
    one_of("status", "ACTIVE", "INACTIVE"),
    sa.CheckConstraint("phone ~ '^\\+62[0-9]{7,13}$'", name="phone_e164"),
    sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="position_whole"),
    sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
    sa.CheckConstraint("(consent_given_at IS NULL) = (consent_purpose IS NULL)", name="consent_whole"),
    sa.CheckConstraint("(nik_cipher IS NULL) = (nik_index IS NULL)", name="nik_whole"),
    sa.Index(None, "kabupaten_code", "name", "id"),
    sa.Index(None, "province_code", "name", "id"),
    sa.Index(None, "name", "id"),
    sa.Index(None, "kabupaten_code", "home", postgresql_using="gist"),
    sa.Index("ix_volunteer_name_trigram", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
)
