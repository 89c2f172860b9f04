"""Places in the sessions of a camp that are not required."""

import sqlalchemy as sa

from api.models.base import record, references, required, table

# A trigger compares the camp, and takes who no longer comes out of the sessions.
CampEnrolment = table(
    "camp_enrolment",
    *record(),
    required("session_id", sa.Uuid, references("camp_session.id")),
    required("registration_id", sa.Uuid, references("camp_registration.id")),
    sa.UniqueConstraint("session_id", "registration_id"),
    sa.Index(None, "registration_id"),
)
