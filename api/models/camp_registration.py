"""Who comes to a camp, waits for a place, or came."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, Symbol, optional, references, required, table, versioned
from api.models.camp import FREEING
from api.models.choice import Choice, Consequence, Lapse, Move, StateMachine
from api.models.key import stored_key
from api.models.person import PRIVATE, Sex
from api.values.key import sort_key


class CampRegistrationStatus(Choice):
    """Whether somebody has a place at a camp."""

    WAITLISTED = "WAITLISTED", "Waits in the line for a place."
    OFFERED = "OFFERED", "A place is offered, and held until the answer is due."
    REGISTERED = "REGISTERED", "Has a place; the days are promised."
    CHECKED_IN = "CHECKED_IN", "Has come."
    COMPLETED = "COMPLETED", "Was there until the end."
    NO_SHOW = "NO_SHOW", "Did not come; the days are free again."
    RELEASED = "RELEASED", "Left before the end; the days that were spent there remain."
    CANCELLED = "CANCELLED", "Does not come."
    EXPIRED = "EXPIRED", "The offer was not answered in time; the place went on."


class CampRegistrationAction(Choice):
    """What can be done with a registration; each action is a mutation."""

    REGISTER = "REGISTER", "Register for a camp (registerForCamp)."
    ADMIT = "ADMIT", "Register somebody who stands at the gate (registerWalkIn)."
    ACCEPT = "ACCEPT", "Accept the place that is offered (acceptPlace)."
    DECLINE = "DECLINE", "Decline the place that is offered (declinePlace)."
    CANCEL = "CANCEL", "Cancel the registration (cancelRegistration)."
    RELEASE = "RELEASE", "Send home before the end (releaseParticipant)."


_S, _A = CampRegistrationStatus, CampRegistrationAction
_REGISTER = "register_for_camp"
# The mutations that end a camp.
ENDING = ("complete_camp", "cancel_camp")
CAMP_REGISTRATION = StateMachine(
    noun="CampRegistration",
    statuses=CampRegistrationStatus,
    actions=CampRegistrationAction,
    initial=(_S.REGISTERED, _S.WAITLISTED, _S.CHECKED_IN),
    moves=(
        Move(_A.REGISTER, (), _S.REGISTERED, who="answers_registration", needs="A place is free.", verb=_REGISTER),
        Move(_A.REGISTER, (), _S.WAITLISTED, who="answers_registration", needs="No place is free.", verb=_REGISTER),
        Move(_A.ADMIT, (), _S.CHECKED_IN, who="receives_registration", verb="register_walk_in"),
        Move(
            _A.ACCEPT,
            (_S.OFFERED,),
            _S.REGISTERED,
            who="answers_registration",
            needs="The days are free.",
            verb="accept_place",
        ),
        Move(_A.DECLINE, (_S.OFFERED,), _S.CANCELLED, who="answers_registration", verb="decline_place"),
        Move(
            _A.CANCEL,
            (_S.WAITLISTED, _S.OFFERED, _S.REGISTERED),
            _S.CANCELLED,
            who="answers_registration",
            needs="A reason.",
            verb="cancel_registration",
        ),
        Move(
            _A.RELEASE,
            (_S.CHECKED_IN,),
            _S.RELEASED,
            who="receives_registration",
            needs="A reason.",
            verb="release_participant",
        ),
    ),
    groups={
        # Each person once in a camp.
        "LIVE": (_S.WAITLISTED, _S.OFFERED, _S.REGISTERED, _S.CHECKED_IN, _S.COMPLETED),
        # What counts in every limit.
        "HOLDING": (_S.OFFERED, _S.REGISTERED, _S.CHECKED_IN, _S.COMPLETED),
        # What has a commitment: the days that are promised, or those that were spent there.
        "COMMITTED": (_S.REGISTERED, _S.CHECKED_IN, _S.COMPLETED, _S.RELEASED),
    },
    lapses=(Lapse(_S.OFFERED, _S.EXPIRED, at=lambda row: row.c.offered_until, description="when the answer is due"),),
    consequences=(
        Consequence((_S.WAITLISTED,), _S.REGISTERED, FREEING, "when a place is free for it"),
        Consequence((_S.WAITLISTED,), _S.OFFERED, FREEING, "when a place is free for it, from the hour of offers on"),
        Consequence((_S.OFFERED, _S.REGISTERED), _S.CANCELLED, ("replace_participant",), "when somebody else comes"),
        Consequence((_S.REGISTERED, _S.NO_SHOW), _S.CHECKED_IN, ("record_scans", *ENDING), "by an entry that counts"),
        Consequence((_S.NO_SHOW,), _S.CHECKED_IN, ("reopen_camp",), "by an entry that counts, when the camp goes on"),
        Consequence(
            (_S.NO_SHOW,), _S.COMPLETED, ("record_scans",), "by an entry that arrives after the camp was completed"
        ),
        Consequence(
            (_S.NO_SHOW, _S.CANCELLED),
            _S.RELEASED,
            ("record_scans",),
            "by an earlier entry that arrives after the place, or the camp, was cancelled",
        ),
        Consequence(
            (_S.CANCELLED,), _S.RELEASED, (*ENDING, "reopen_camp"), "by an entry before the place was cancelled"
        ),
        Consequence((_S.CHECKED_IN,), _S.REGISTERED, ("annul_scan",), "when no other entry counts"),
        Consequence((_S.CHECKED_IN,), _S.RELEASED, ("accept_assignment",), "when the camp was mobilized for the duty"),
        Consequence((_S.WAITLISTED, _S.OFFERED), _S.EXPIRED, ("complete_camp",), "when the camp is completed"),
        Consequence((_S.REGISTERED,), _S.NO_SHOW, ("complete_camp",), "when the camp is completed"),
        Consequence((_S.CHECKED_IN,), _S.COMPLETED, ("complete_camp",), "when the camp is completed"),
        Consequence((_S.COMPLETED,), _S.CHECKED_IN, ("reopen_camp",), "when the camp goes on"),
        Consequence(
            (_S.COMPLETED,),
            _S.RELEASED,
            ("reopen_camp",),
            "when the camp goes on, and the days were promised elsewhere",
        ),
        Consequence(
            (_S.WAITLISTED, _S.OFFERED, _S.REGISTERED), _S.CANCELLED, ("cancel_camp",), "when the camp is cancelled"
        ),
        Consequence((_S.CHECKED_IN,), _S.RELEASED, ("cancel_camp",), "when the camp is cancelled"),
    ),
)


# A volunteer, or a guest with a name, who comes for an organization or for nobody. `kabupaten_code` and `sex` are those of
# the person at the registration: quotas count by them. `number` is the place in the line of the camp; it stays.
# `admission_reason` is why the host admitted somebody who lacks what the camp asks for.
CampRegistration = table(
    "camp_registration",
    *versioned(),
    required("camp_id", sa.Uuid, references("camp.id")),
    optional("contingent_id", sa.Uuid, references("contingent.id")),
    optional("volunteer_id", sa.Uuid, references("volunteer.id")),
    optional("guest_name"),
    stored_key("guest_key", "guest_name", sort_key, nullable=True),
    optional("organization_id", sa.Uuid, references("organization.id")),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    optional("sex", Chosen(Sex), info=PRIVATE),
    required("category_code", Symbol, references("camp_category.code")),
    required("number", sa.Integer),
    required("status", Chosen(CampRegistrationStatus)),
    optional("offered_until", INSTANT),
    required("has_consent", sa.Boolean, server_default=sa.false()),
    optional("admission_reason"),
    optional("reason"),
    # Released for a duty that the camp was mobilized for: the place is not filled again.
    required("is_mobilized", sa.Boolean, server_default=sa.false()),
    # Cancelled from a place: an entry from before, which arrives later, tells that the person was there.
    required("had_place", sa.Boolean, server_default=sa.false()),
    # The registration whose place it took over.
    optional("replaces_id", sa.Uuid, references("camp_registration.id")),
    sa.CheckConstraint("num_nonnulls(volunteer_id, guest_name) = 1", name="of_one_person"),
    sa.CheckConstraint("volunteer_id IS NOT NULL OR organization_id IS NOT NULL", name="guest_of_an_organization"),
    sa.CheckConstraint("status <> 'OFFERED' OR offered_until IS NOT NULL", name="offered_until_an_instant"),
    sa.CheckConstraint("status = 'RELEASED' OR NOT is_mobilized", name="mobilized"),
    sa.CheckConstraint("status = 'CANCELLED' OR NOT had_place", name="had_place"),
    sa.CheckConstraint("number > 0", name="number"),
    sa.UniqueConstraint("camp_id", "number"),
    sa.Index(
        "uq_camp_registration_volunteer",
        "camp_id",
        "volunteer_id",
        unique=True,
        postgresql_where=CAMP_REGISTRATION.in_group("LIVE"),
    ),
    sa.Index(
        "uq_camp_registration_guest",
        "camp_id",
        "organization_id",
        "guest_key",
        unique=True,
        postgresql_where=sa.text(f"guest_key IS NOT NULL AND {CAMP_REGISTRATION.in_group('LIVE')}"),
    ),
    sa.Index(
        "ix_camp_registration_waiting",
        "camp_id",
        "number",
        postgresql_where=sa.text("status = 'WAITLISTED'"),
    ),
    sa.Index(None, "camp_id", "created_at", "id"),
    sa.Index(None, "contingent_id", "number"),
    sa.Index(None, "volunteer_id", "created_at", "id"),
    sa.Index(None, "organization_id", "created_at", "id"),
    sa.Index(None, "number", "id"),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "replaces_id"),
    sa.Index(None, "guest_name"),
)
