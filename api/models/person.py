"""Volunteers: one person, once."""

import sqlalchemy as sa

from api.models.base import INSTANT, Cube, Symbol, one_of, optional, references, required, table, versioned

REACHES = ("KABUPATEN", "PROVINCE", "NATIONAL")

# Columns with this mark are never answered by their name alone: the compiler wants a guard for them.
PRIVATE = {"private": True}


Volunteer = table(
    "volunteer",
    *versioned(),
    required("name"),
    optional("phone", info=PRIVATE),
    optional("nik_cipher", sa.LargeBinary, info=PRIVATE),
    optional("nik_index", sa.LargeBinary, unique=True, info=PRIVATE),
    optional("nik_tail", info=PRIVATE),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    required(
        "province_code", Symbol, references("province.code"), sa.Computed("left(kabupaten_code, 2)", persisted=True)
    ),
    optional("latitude", sa.Float, info=PRIVATE),
    optional("longitude", sa.Float, info=PRIVATE),
    # Where the person sets out within the own kabupaten: the position, else the seat. A trigger keeps it.
    optional("home", Cube, info=PRIVATE),
    required("reach", Symbol),
    required("status", Symbol),
    optional("consent_given_at", INSTANT, info=PRIVATE),
    optional("consent_purpose", info=PRIVATE),
    optional("consent_withdrawn_at", INSTANT, info=PRIVATE),
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
