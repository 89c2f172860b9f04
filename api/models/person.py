"""Volunteers: one person, once."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, Cube, Symbol, optional, references, required, table, versioned
from api.models.choice import Choice
from api.models.key import name_indexes, named


class Reach(Choice):
    """How far a volunteer agreed to be sent."""

    KABUPATEN = "KABUPATEN", "Within the home kabupaten."
    PROVINCE = "PROVINCE", "Within the home province."
    NATIONAL = "NATIONAL", "Anywhere in Indonesia."


class Sex(Choice):
    """The sex of a person, as in the resident register."""

    FEMALE = "FEMALE", "Female."
    MALE = "MALE", "Male."


class VolunteerStatus(Choice):
    """Whether a volunteer serves at present."""

    ACTIVE = "ACTIVE", "Serves at present and may be sent."
    INACTIVE = "INACTIVE", "Does not serve at present."


# Columns with this mark are never answered by their name alone: the compiler wants a guard for them.
PRIVATE = {"private": True}


def has_consented(row: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the volunteer has consented, and has not withdrawn it."""
    return sa.and_(row.c.consent_given_at.is_not(None), row.c.consent_withdrawn_at.is_(None))


Volunteer = table(
    "volunteer",
    *versioned(),
    *named(),
    optional("phone", info=PRIVATE),
    optional("email", info=PRIVATE),
    optional("birth_date", sa.Date, info=PRIVATE),
    optional("sex", Chosen(Sex), info=PRIVATE),
    optional("nik_cipher", sa.LargeBinary, info=PRIVATE),
    optional("nik_index", sa.LargeBinary, unique=True, info=PRIVATE),
    optional("nik_tail", info=PRIVATE),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    required(
        "province_code", Symbol, references("province.code"), sa.Computed("left(kabupaten_code, 2)", persisted=True)
    ),
    optional("kecamatan_code", Symbol, references("kecamatan.code"), info=PRIVATE),
    optional("latitude", sa.Float, info=PRIVATE),
    optional("longitude", sa.Float, info=PRIVATE),
    # Where the person sets out within the own kabupaten: the position, else the seat. A trigger keeps it.
    optional("home", Cube, info=PRIVATE),
    required("reach", Chosen(Reach)),
    required("status", Chosen(VolunteerStatus)),
    optional("consent_given_at", INSTANT, info=PRIVATE),
    optional("consent_purpose", info=PRIVATE),
    optional("consent_withdrawn_at", INSTANT, info=PRIVATE),
    sa.CheckConstraint("phone ~ '^\\+62[0-9]{7,13}$'", name="phone_e164"),
    sa.CheckConstraint("left(kecamatan_code, 5) = kabupaten_code", name="kecamatan_of_home"),
    # Whom to call when something happens to the volunteer.
    optional("emergency_name", info=PRIVATE),
    optional("emergency_phone", info=PRIVATE),
    optional("emergency_relation", info=PRIVATE),
    sa.CheckConstraint("emergency_phone ~ '^\\+62[0-9]{7,13}$'", name="emergency_phone_e164"),
    sa.CheckConstraint("(emergency_name IS NULL) = (emergency_phone IS NULL)", name="emergency_contact_whole"),
    sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="position_whole"),
    sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
    sa.CheckConstraint("(consent_given_at IS NULL) = (consent_purpose IS NULL)", name="consent_whole"),
    sa.CheckConstraint("(nik_cipher IS NULL) = (nik_index IS NULL)", name="nik_whole"),
    sa.Index(None, "phone"),
    sa.Index(None, "birth_date"),
    *name_indexes("volunteer", "kabupaten_code", "province_code"),
    sa.Index(None, "kabupaten_code", "home", postgresql_using="gist"),
    # Those whom nobody may send anywhere.
    sa.Index(
        "ix_volunteer_unavailable",
        "province_code",
        "kabupaten_code",
        postgresql_include=["status"],
        postgresql_where=sa.text("status <> 'ACTIVE' OR consent_given_at IS NULL OR consent_withdrawn_at IS NOT NULL"),
    ),
    sa.Index(None, "created_at", "id"),
)
