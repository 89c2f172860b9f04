"""Emergency statuses: dated decrees for a territory, by Law 24/2007."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from api.models.base import Chosen, Symbol, optional, references, required, table, versioned
from api.models.choice import Choice
from api.models.key import numbered


class EmergencyKind(Choice):
    """What a decree declares; the three kinds of the law."""

    SIAGA_DARURAT = "SIAGA_DARURAT", "Alert: a disaster threatens."
    TANGGAP_DARURAT = "TANGGAP_DARURAT", "Emergency response: a disaster has struck."
    TRANSISI_DARURAT = "TRANSISI_DARURAT", "Transition from the emergency to recovery."


class EmergencyLevel(Choice):
    """Who decrees, and for which territory."""

    KABUPATEN = "KABUPATEN", "The bupati or walikota, for the own kabupaten."
    PROVINCE = "PROVINCE", "The gubernur, for the province."
    NATIONAL = "NATIONAL", "The President, for the nation."


# Whole days, both ends counted. Of one incident, level and territory no two overlap.
EmergencyStatus = table(
    "emergency_status",
    *versioned(),
    required("incident_id", sa.Uuid, references("incident.id")),
    required("kind", Chosen(EmergencyKind)),
    required("level", Chosen(EmergencyLevel)),
    optional("kabupaten_code", Symbol, references("kabupaten.code")),
    optional("province_code", Symbol, references("province.code")),
    *numbered("decree_number"),
    required("starts_on", sa.Date),
    required("ends_on", sa.Date),
    sa.CheckConstraint("(level = 'KABUPATEN') = (kabupaten_code IS NOT NULL)", name="of_a_kabupaten"),
    sa.CheckConstraint("(level = 'PROVINCE') = (province_code IS NOT NULL)", name="of_a_province"),
    sa.CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
    ExcludeConstraint(
        (sa.column("incident_id"), "="),
        (sa.column("level"), "="),
        (sa.text("coalesce(kabupaten_code, province_code, '')"), "="),
        (sa.text("daterange(starts_on, ends_on, '[]')"), "&&"),
        using="gist",
        name="ex_emergency_status_once",
    ),
    sa.Index(None, "incident_id", "starts_on", "id"),
    sa.Index(None, "starts_on", "id"),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "ends_on", "id"),
    sa.Index(None, "decree_number_key"),
)
