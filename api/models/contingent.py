"""Contingents: places of a camp for an organization or a kabupaten, before any name is known."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, Symbol, optional, references, required, table, versioned
from api.models.camp import FREEING
from api.models.choice import Choice, Consequence, Lapse, Move, StateMachine


class ContingentStatus(Choice):
    """Whether a contingent holds places of a camp."""

    ASKED = "ASKED", "Asked for: it holds no places yet."
    WAITLISTED = "WAITLISTED", "Waits in the line until all its places are free."
    ALLOTTED = "ALLOTTED", "Allotted: it holds its places, named or not."
    NAMED = "NAMED", "Named: the time for names is over; it holds the places of those who were named."
    RELEASED = "RELEASED", "Released: it holds the places of those who were named."


class ContingentAction(Choice):
    """What can be done with a contingent; each action is a mutation."""

    ASK = "ASK", "Ask for places (askContingent)."
    ALLOT = "ALLOT", "Allot places that nobody has asked for (allotContingent)."
    GRANT = "GRANT", "Allot the places that were asked for (grantContingent)."
    RELEASE = "RELEASE", "Give the places that are not named back (releaseContingent)."


_S, _A = ContingentStatus, ContingentAction
CONTINGENT = StateMachine(
    noun="Contingent",
    statuses=ContingentStatus,
    actions=ContingentAction,
    initial=(_S.ASKED, _S.ALLOTTED, _S.WAITLISTED),
    moves=(
        Move(_A.ASK, (), _S.ASKED, who="asks_contingent"),
        Move(_A.ALLOT, (), _S.ALLOTTED, who="allots_contingent", needs="Its places are free."),
        Move(_A.ALLOT, (), _S.WAITLISTED, who="allots_contingent", needs="Its places are not free."),
        Move(_A.GRANT, (_S.ASKED,), _S.ALLOTTED, who="allots_contingent", needs="Its places are free."),
        Move(_A.GRANT, (_S.ASKED,), _S.WAITLISTED, who="allots_contingent", needs="Its places are not free."),
        Move(
            _A.RELEASE,
            (_S.ASKED, _S.WAITLISTED, _S.ALLOTTED),
            _S.RELEASED,
            who="fills_contingent",
            needs="A reason.",
        ),
    ),
    groups={
        # What may still be changed.
        "OPEN": (_S.ASKED, _S.WAITLISTED, _S.ALLOTTED),
    },
    lapses=(Lapse(_S.ALLOTTED, _S.NAMED, at=lambda row: row.c.names_due_at, description="when its names are due"),),
    consequences=(
        Consequence((_S.ALLOTTED,), _S.NAMED, ("complete_camp",), "when the camp is completed"),
        Consequence((_S.ASKED, _S.WAITLISTED), _S.RELEASED, ("complete_camp",), "when the camp is completed"),
        Consequence((_S.WAITLISTED,), _S.ALLOTTED, FREEING, "when all its places are free"),
        Consequence(
            (_S.ASKED, _S.WAITLISTED, _S.ALLOTTED), _S.RELEASED, ("cancel_camp",), "when the camp is cancelled"
        ),
    ),
)


# `named` counts its people who hold places, `held` its places that count in the capacity of the camp; triggers keep both.
# `number` is its place in the waiting line of the camp.
Contingent = table(
    "contingent",
    *versioned(),
    required("camp_id", sa.Uuid, references("camp.id")),
    optional("organization_id", sa.Uuid, references("organization.id")),
    optional("kabupaten_code", Symbol, references("kabupaten.code")),
    required("category_code", Symbol, references("camp_category.code")),
    required("payer_code", Symbol, references("payer.code")),
    required("places", sa.Integer),
    required("named", sa.Integer, server_default="0"),
    required(
        "held",
        sa.Integer,
        sa.Computed("CASE WHEN status = 'ALLOTTED' THEN places ELSE named END", persisted=True),
    ),
    optional("number", sa.Integer),
    optional("leader_id", sa.Uuid, references("volunteer.id")),
    # Whether the organization or the kabupaten itself named the leader, who then speaks for it.
    required("has_own_leader", sa.Boolean, server_default=sa.false()),
    optional("letter_number"),
    optional("names_due_at", INSTANT),
    optional("arrives_at", INSTANT),
    optional("transport"),
    required("status", Chosen(ContingentStatus)),
    optional("reason"),
    sa.CheckConstraint("num_nonnulls(organization_id, kabupaten_code) = 1", name="of_one"),
    sa.CheckConstraint("leader_id IS NOT NULL OR NOT has_own_leader", name="own_leader"),
    sa.CheckConstraint("places BETWEEN 1 AND 100000", name="places"),
    sa.CheckConstraint("named BETWEEN 0 AND places", name="named"),
    sa.CheckConstraint("status NOT IN ('ASKED', 'WAITLISTED') OR named = 0", name="allotted_before_named"),
    sa.CheckConstraint("status <> 'WAITLISTED' OR number IS NOT NULL", name="waits_by_number"),
    sa.UniqueConstraint("camp_id", "number"),
    sa.Index(None, "camp_id", "created_at", "id"),
    sa.Index(None, "organization_id", "created_at", "id"),
    sa.Index(None, "kabupaten_code"),
    sa.Index(None, "leader_id"),
    sa.Index(None, "created_at", "id"),
)
