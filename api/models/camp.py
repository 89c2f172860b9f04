"""Camps: what is announced, how many it holds, what is taught there and who runs it."""

import sqlalchemy as sa

from api.models.base import (
    INSTANT,
    Chosen,
    Symbol,
    labelled,
    optional,
    record,
    references,
    required,
    table,
    versioned,
)
from api.models.choice import Choice, Move, StateMachine
from api.models.key import name_indexes, named, numbered
from api.models.person import PRIVATE, Sex
from api.values.key import title_search_key


class CampStatus(Choice):
    """How far a camp has come."""

    DRAFT = "DRAFT", "In preparation, not announced yet."
    OPEN = "OPEN", "Announced: people register."
    CLOSED = "CLOSED", "The registration is closed; the camp has not begun."
    RUNNING = "RUNNING", "The camp runs."
    COMPLETED = "COMPLETED", "The camp is over."
    CANCELLED = "CANCELLED", "Cancelled: it does not take place."


class CampAction(Choice):
    """What can be done with a camp; each action is a mutation."""

    CREATE = "CREATE", "Prepare a camp (createCamp)."
    OPEN = "OPEN", "Announce it and take registrations (openCamp)."
    CLOSE = "CLOSE", "Close the registration (closeCamp)."
    START = "START", "Begin it (startCamp)."
    COMPLETE = "COMPLETE", "End it (completeCamp)."
    REOPEN = "REOPEN", "Go on with it after its completion (reopenCamp)."
    CANCEL = "CANCEL", "Cancel it (cancelCamp)."


# The verbs that give a free place to the first in the waiting line, in the same transaction: those that may free one, and
# those that find one that is free since an offer lapsed or names were due.
FREEING = (
    *("cancel_registration", "decline_place", "release_participant", "replace_participant"),
    *("release_contingent", "change_contingent", "change_camp", "allot_contingent", "grant_contingent"),
    *("register_for_camp", "register_participants", "import_participants", "register_walk_in"),
)
_S, _A = CampStatus, CampAction
CAMP = StateMachine(
    noun="Camp",
    statuses=CampStatus,
    actions=CampAction,
    initial=(_S.DRAFT,),
    moves=(
        Move(_A.CREATE, (), _S.DRAFT, who="keeps_camp"),
        Move(_A.OPEN, (_S.DRAFT,), _S.OPEN, who="keeps_camp"),
        Move(_A.CLOSE, (_S.OPEN,), _S.CLOSED, who="keeps_camp"),
        Move(_A.START, (_S.OPEN, _S.CLOSED), _S.RUNNING, who="runs_camp"),
        Move(_A.COMPLETE, (_S.RUNNING,), _S.COMPLETED, who="runs_camp"),
        Move(_A.REOPEN, (_S.COMPLETED,), _S.RUNNING, who="keeps_camp", needs="A reason."),
        Move(
            _A.CANCEL,
            (_S.DRAFT, _S.OPEN, _S.CLOSED, _S.RUNNING),
            _S.CANCELLED,
            who="keeps_camp",
            needs="A reason.",
        ),
    ),
    groups={
        # What may still be changed, and takes people by contingents or by the host.
        "AHEAD": (_S.DRAFT, _S.OPEN, _S.CLOSED),
        # What people wait for a place of.
        "TAKING": (_S.OPEN, _S.CLOSED, _S.RUNNING),
        # What contingents name their people for.
        "NAMING": (_S.OPEN, _S.CLOSED),
    },
)


class Attendees(Choice):
    """Who comes to a camp."""

    VOLUNTEERS = "VOLUNTEERS", "Volunteers."
    INSTITUTIONS = "INSTITUTIONS", "Institutions, each represented by a person."


# A kind of camp, with what a new camp of the kind begins with: who comes, what they must have, how it is completed.
CampKind = table(
    "camp_kind",
    *labelled(),
    required("attendees", Chosen(Attendees)),
    optional("minimum_age", sa.Integer),
    optional("minimum_rank_code", Symbol, references("rank.code")),
    optional("certificate_type_code", Symbol, references("certificate_type.code")),
    optional("lapsed_years", sa.Integer),
    required("needs_consent", sa.Boolean),
    required("attendance_percent", sa.Integer),
    required("needs_result", sa.Boolean),
)

# As what somebody comes: core, participant, supporter, guest.
CampCategory = table("camp_category", *labelled())

# Who pays for a contingent.
Payer = table("payer", *labelled())


# `taken` counts the places that are held: people outside contingents, places of allotted contingents, named places of the
# others. Triggers keep it, and `taken` of the quotas and `named` of the contingents, under the lock of this row.
# `last_number` is the newest number of the waiting line. From `offers_from` on a free place is offered for `offer_hours`.
Camp = table(
    "camp",
    *versioned(),
    required("kind_code", Symbol, references("camp_kind.code")),
    *named(search=title_search_key),
    *numbered("series", nullable=True),
    required("host_id", sa.Uuid, references("organization.id")),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    required("venue"),
    required("latitude", sa.Float),
    required("longitude", sa.Float),
    required("starts_at", INSTANT),
    required("ends_at", INSTANT),
    optional("registration_opens_at", INSTANT),
    optional("registration_closes_at", INSTANT),
    required("self_registration", sa.Boolean, server_default=sa.false()),
    required("attendees", Chosen(Attendees)),
    required("capacity", sa.Integer),
    required("taken", sa.Integer, server_default="0"),
    required("last_number", sa.Integer, server_default="0"),
    optional("offers_from", INSTANT),
    required("offer_hours", sa.Integer, server_default="24"),
    # What whoever comes must have.
    optional("minimum_age", sa.Integer),
    optional("minimum_rank_code", Symbol, references("rank.code")),
    optional("certificate_type_code", Symbol, references("certificate_type.code")),
    optional("lapsed_years", sa.Integer),
    required("needs_consent", sa.Boolean, server_default=sa.false()),
    # How it is completed, and which certificates the issuer then gives.
    required("attendance_percent", sa.Integer, server_default="100"),
    required("needs_result", sa.Boolean, server_default=sa.false()),
    optional("issuer_id", sa.Uuid, references("organization.id")),
    optional("issuer_agreed_at", INSTANT),
    optional("participant_certificate_code", Symbol, references("certificate_type.code")),
    optional("instructor_certificate_code", Symbol, references("certificate_type.code")),
    # Where it runs, from its start on.
    optional("site_id", sa.Uuid, references("site.id")),
    required("status", Chosen(CampStatus)),
    optional("opened_at", INSTANT),
    # When it was completed or cancelled; with that its days end, too.
    optional("ended_at", INSTANT),
    optional("reason"),
    sa.CheckConstraint("ended_at IS NULL OR status IN ('COMPLETED', 'CANCELLED')", name="ended"),
    sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    sa.CheckConstraint("registration_closes_at > registration_opens_at", name="closes_after_opening"),
    sa.CheckConstraint("capacity BETWEEN 1 AND 100000", name="capacity"),
    sa.CheckConstraint("taken BETWEEN 0 AND capacity", name="taken"),
    sa.CheckConstraint("last_number >= 0", name="last_number"),
    sa.CheckConstraint("offer_hours BETWEEN 1 AND 720", name="offer_hours"),
    sa.CheckConstraint("minimum_age BETWEEN 0 AND 100", name="minimum_age"),
    sa.CheckConstraint("lapsed_years BETWEEN 0 AND 50", name="lapsed_years"),
    sa.CheckConstraint("attendance_percent BETWEEN 0 AND 100", name="attendance_percent"),
    sa.CheckConstraint("issuer_agreed_at IS NULL OR issuer_id IS NOT NULL", name="agreed_by_issuer"),
    sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
    sa.Index(None, "starts_at", "id"),
    sa.Index(None, "kabupaten_code", "starts_at", "id"),
    sa.Index(None, "host_id", "starts_at", "id"),
    sa.Index(None, "series_key"),
    sa.Index(None, "site_id"),
    sa.Index(None, "created_at", "id"),
    *name_indexes("camp"),
)


# At most so many of an organization, a kabupaten, a category, a sex, or a combination of these.
CampQuota = table(
    "camp_quota",
    *record(),
    required("camp_id", sa.Uuid, references("camp.id")),
    optional("organization_id", sa.Uuid, references("organization.id")),
    optional("kabupaten_code", Symbol, references("kabupaten.code")),
    optional("category_code", Symbol, references("camp_category.code")),
    optional("sex", Chosen(Sex)),
    required("places", sa.Integer),
    required("taken", sa.Integer, server_default="0"),
    sa.CheckConstraint("num_nonnulls(organization_id, kabupaten_code, category_code, sex) > 0", name="of_somebody"),
    sa.CheckConstraint("places BETWEEN 0 AND 100000", name="places"),
    sa.CheckConstraint("taken BETWEEN 0 AND places", name="taken"),
    sa.UniqueConstraint(
        *("camp_id", "organization_id", "kabupaten_code", "category_code", "sex"),
        name="uq_camp_quota_once",
        postgresql_nulls_not_distinct=True,
    ),
    sa.Index(None, "camp_id", "created_at", "id"),
    sa.Index(None, "created_at", "id"),
)


class CampReportBy(Choice):
    """What the people of a camp are counted by."""

    ORGANIZATION = "ORGANIZATION", "By the organization that they came for."
    KABUPATEN = "KABUPATEN", "By the home kabupaten."
    CONTINGENT = "CONTINGENT", "By the organization or kabupaten of the contingent."
    CATEGORY = "CATEGORY", "By what they came as."
    SEX = "SEX", "By sex."
    SESSION = "SESSION", "By the sessions at which they were scanned, of all who came."


class CampDuty(Choice):
    """What somebody of the staff does at a camp."""

    COMMITTEE = "COMMITTEE", "Committee."
    INSTRUCTOR = "INSTRUCTOR", "Instructor."
    MEDIC = "MEDIC", "Medic."
    COOK = "COOK", "Cook."


# Somebody who works at a camp, outside its capacity, and the role that the account has for it.
CampStaffMember = table(
    "camp_staff_member",
    *versioned(),
    required("camp_id", sa.Uuid, references("camp.id")),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    required("duty", Chosen(CampDuty)),
    optional("role_id", sa.Uuid, references("role.id"), info=PRIVATE),
    optional("ended_at", INSTANT),
    sa.Index(
        "uq_camp_staff_member_once",
        "camp_id",
        "volunteer_id",
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    ),
    sa.Index(None, "camp_id", "created_at", "id"),
    sa.Index(None, "volunteer_id"),
    sa.Index(None, "created_at", "id"),
)


# A part of the curriculum.
CampSession = table(
    "camp_session",
    *versioned(),
    required("camp_id", sa.Uuid, references("camp.id")),
    required("title"),
    optional("place"),
    required("starts_at", INSTANT),
    required("ends_at", INSTANT),
    optional("instructor_id", sa.Uuid, references("camp_staff_member.id")),
    required("is_required", sa.Boolean),
    # Of a session that is not required; everybody has a place in the others. A trigger keeps `taken`, its `CampEnrolment`s.
    optional("capacity", sa.Integer),
    required("taken", sa.Integer, server_default="0"),
    sa.CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    sa.CheckConstraint("capacity BETWEEN 1 AND 100000", name="capacity"),
    sa.CheckConstraint("capacity IS NULL OR NOT is_required", name="required_for_all"),
    sa.CheckConstraint("taken BETWEEN 0 AND coalesce(capacity, taken)", name="taken"),
    sa.Index(None, "camp_id", "starts_at", "id"),
    sa.Index(None, "starts_at", "id"),
    sa.Index(None, "instructor_id"),
    sa.Index(None, "created_at", "id"),
)
