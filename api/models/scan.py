"""Codes that people and places carry, and the log of what was scanned."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, optional, record, references, required, table
from api.models.choice import Choice


class ScanPoint(Choice):
    """What a scan is for. Entry and exit count many times, a meal once a day, a session and a kit once."""

    ENTRY = "ENTRY", "Somebody comes in; at a site, the check-in of a duty."
    EXIT = "EXIT", "Somebody goes out; at a site, the check-out of a duty."
    SESSION = "SESSION", "Somebody is at a session."
    MEAL = "MEAL", "Somebody gets a meal."
    KIT = "KIT", "Somebody gets the equipment."


class ScanFinding(Choice):
    """What is wrong with a scan, which is kept all the same."""

    UNKNOWN_CODE = "UNKNOWN_CODE", "No such code was issued."
    ANNULLED_CODE = "ANNULLED_CODE", "The code was annulled."
    NOT_REGISTERED = "NOT_REGISTERED", "The person is not registered for this camp."
    WAITING = "WAITING", "The person waits for a place."
    CANCELLED = "CANCELLED", "The registration was cancelled, or has ended."
    NOT_ENROLLED = "NOT_ENROLLED", "The session has a capacity, and the person has no place in it."
    NO_DUTY = "NO_DUTY", "The person has no duty at this site, or not for three days yet."
    WRONG_DAY = "WRONG_DAY", "The scan is not of a day of the camp."
    IN_FUTURE = "IN_FUTURE", "The time of the scan lay more than five minutes in the future when it came."
    ALREADY_INSIDE = "ALREADY_INSIDE", "The person was inside already."
    ALREADY_HAD = "ALREADY_HAD", "The person has had this already."


# A code of a person, of a guest of a camp, or of a place; it carries a signature, so that no other is taken for one.
ScanCode = table(
    "scan_code",
    *record(),
    optional("volunteer_id", sa.Uuid, references("volunteer.id")),
    optional("registration_id", sa.Uuid, references("camp_registration.id")),
    optional("site_id", sa.Uuid, references("site.id")),
    required("code", unique=True),
    optional("annulled_at", INSTANT),
    optional("reason"),
    sa.CheckConstraint("num_nonnulls(volunteer_id, registration_id, site_id) = 1", name="of_one_thing"),
    sa.CheckConstraint("(annulled_at IS NULL) = (reason IS NULL)", name="annulled_with_reason"),
    *(
        sa.Index(f"uq_scan_code_{name}", name, unique=True, postgresql_where=sa.text("annulled_at IS NULL"))
        for name in ("volunteer_id", "registration_id", "site_id")
    ),
    *(sa.Index(None, name, "created_at", "id") for name in ("volunteer_id", "registration_id", "site_id")),
    sa.Index(None, "created_at", "id"),
)


# The log is only added to, and annulled; triggers keep it so. `text` is the code as it was read. What counts follows from the
# finding: nothing that is wrong, unless it was scanned offline, where nobody could know.
Scan = table(
    "scan",
    *record(),
    optional("camp_id", sa.Uuid, references("camp.id")),
    optional("site_id", sa.Uuid, references("site.id")),
    required("place_id", sa.Uuid, sa.Computed("coalesce(camp_id, site_id)", persisted=True)),
    required("point", Chosen(ScanPoint)),
    optional("session_id", sa.Uuid, references("camp_session.id")),
    optional("item"),
    required("text"),
    optional("scan_code_id", sa.Uuid, references("scan_code.id")),
    optional("volunteer_id", sa.Uuid, references("volunteer.id")),
    optional("registration_id", sa.Uuid, references("camp_registration.id")),
    optional("person_id", sa.Uuid, sa.Computed("coalesce(volunteer_id, registration_id)", persisted=True)),
    optional("assignment_id", sa.Uuid, references("assignment.id")),
    required("at", INSTANT),
    required("device"),
    required("nonce"),
    required("is_offline", sa.Boolean),
    optional("finding", Chosen(ScanFinding)),
    required("account_id", sa.Uuid, references("account.id")),
    optional("annulled_at", INSTANT),
    optional("reason"),
    required(
        "counts",
        sa.Boolean,
        sa.Computed(
            "annulled_at IS NULL AND num_nonnulls(volunteer_id, registration_id) > 0"
            " AND (finding IS NULL OR (is_offline AND finding <> 'IN_FUTURE'))",
            persisted=True,
        ),
    ),
    sa.CheckConstraint("num_nonnulls(camp_id, site_id) = 1", name="at_one_place"),
    sa.CheckConstraint("(point = 'SESSION') = (session_id IS NOT NULL)", name="session"),
    sa.CheckConstraint("(annulled_at IS NULL) = (reason IS NULL)", name="annulled_with_reason"),
    sa.CheckConstraint(
        "assignment_id IS NULL OR (site_id IS NOT NULL AND volunteer_id IS NOT NULL AND point IN ('ENTRY', 'EXIT'))",
        name="of_duty",
    ),
    sa.ForeignKeyConstraint(
        ["assignment_id", "volunteer_id"], ["assignment.id", "assignment.volunteer_id"], onupdate="CASCADE"
    ),
    sa.UniqueConstraint("place_id", "device", "nonce"),
    sa.Index("ix_scan_counted", "place_id", "person_id", "point", "at", postgresql_where=sa.text("counts")),
    sa.Index(None, "camp_id", "at", "id"),
    sa.Index(None, "site_id", "at", "id"),
    sa.Index(None, "volunteer_id"),
    sa.Index(None, "session_id"),
    sa.Index(None, "at", "id"),
)
