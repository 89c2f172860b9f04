"""What has happened: hazards, incidents, and the kabupaten they touch."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, Symbol, labelled, optional, references, required, table, versioned
from api.models.choice import Choice, Move, StateMachine
from api.models.key import name_indexes, named
from api.values.key import title_search_key


class IncidentStatus(Choice):
    """How far the handling of an incident has come."""

    REPORTED = "REPORTED", "Reported, not verified yet and not public."
    VERIFIED = "VERIFIED", "Verified by a coordinator: needs can be raised."
    ACTIVE = "ACTIVE", "People are at work: duties can be offered."
    CLOSED = "CLOSED", "Closed: nothing more is done."
    REJECTED = "REJECTED", "Rejected: the report was wrong; it is not public."
    MERGED = "MERGED", "Merged into another incident that it was the same as."


class IncidentAction(Choice):
    """What can be done with an incident; each action is a mutation."""

    REPORT = "REPORT", "Report an incident (reportIncident)."
    DECLARE = "DECLARE", "Declare an incident that is active at once (declareIncident)."
    VERIFY = "VERIFY", "Confirm that the report is true (verifyIncident)."
    REJECT = "REJECT", "Reject the report (rejectIncident)."
    ACTIVATE = "ACTIVATE", "Begin to send people (activateIncident)."
    MERGE = "MERGE", "Merge it into another incident that it is the same as (mergeIncidents)."
    CLOSE = "CLOSE", "Close it, with its needs and offers (closeIncident)."


_S, _A = IncidentStatus, IncidentAction
INCIDENT = StateMachine(
    noun="Incident",
    statuses=IncidentStatus,
    actions=IncidentAction,
    initial=(_S.REPORTED, _S.ACTIVE),
    moves=(
        Move(_A.REPORT, (), _S.REPORTED, who="is_signed_in"),
        Move(_A.DECLARE, (), _S.ACTIVE, who="coordinates_incident"),
        Move(_A.VERIFY, (_S.REPORTED,), _S.VERIFIED, who="coordinates_incident"),
        Move(_A.REJECT, (_S.REPORTED,), _S.REJECTED, who="coordinates_incident", needs="A reason."),
        Move(_A.ACTIVATE, (_S.VERIFIED,), _S.ACTIVE, who="coordinates_incident"),
        Move(
            _A.MERGE,
            (_S.REPORTED, _S.VERIFIED, _S.ACTIVE),
            _S.MERGED,
            who="coordinates_incident",
            needs="Another incident, at least as far along, that the caller coordinates too.",
            verb="merge_incidents",
        ),
        Move(
            _A.CLOSE,
            (_S.VERIFIED, _S.ACTIVE),
            _S.CLOSED,
            who="coordinates_incident",
            needs="No duty has begun and is not over.",
        ),
    ),
    groups={
        # What may still be changed.
        "OPEN": (_S.REPORTED, _S.VERIFIED, _S.ACTIVE),
        # Needs can be raised.
        "TAKES_NEEDS": (_S.VERIFIED, _S.ACTIVE),
        # What everybody may see; of those merged only what had been verified.
        "PUBLIC": (_S.VERIFIED, _S.ACTIVE, _S.CLOSED),
    },
)


# An office of the social agency that handles a class of hazards.
Desk = table("desk", *labelled())


Hazard = table(
    "hazard",
    *labelled(),
    optional("parent_code", Symbol, references("hazard.code")),
    required("desk_code", Symbol, references("desk.code")),
    sa.Index(None, "parent_code"),
    sa.Index(None, "desk_code"),
)


Incident = table(
    "incident",
    *versioned(),
    required("hazard_code", Symbol, references("hazard.code")),
    *named("title", search=title_search_key),
    required("latitude", sa.Float),
    required("longitude", sa.Float),
    required("status", Chosen(IncidentStatus)),
    required("started_at", INSTANT),
    optional("ended_at", INSTANT),
    optional("reason"),
    optional("verified_at", INSTANT),
    optional("reporter_id", sa.Uuid, references("account.id")),
    optional("merged_into_id", sa.Uuid, references("incident.id")),
    sa.CheckConstraint("ended_at > started_at", name="ends_after_start"),
    sa.CheckConstraint("latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="position"),
    *name_indexes("incident"),
    sa.CheckConstraint("(status = 'MERGED') = (merged_into_id IS NOT NULL)", name="merged_into_another"),
    sa.CheckConstraint("merged_into_id <> id", name="not_into_itself"),
    sa.Index(None, "started_at", "id"),
    sa.Index(None, "status", "started_at", "id"),
    sa.Index(None, "hazard_code"),
    sa.Index(None, "merged_into_id"),
    sa.Index(None, "created_at", "id"),
)


IncidentKabupaten = table(
    "incident_kabupaten",
    sa.Column("incident_id", sa.Uuid, references("incident.id"), primary_key=True),
    sa.Column("kabupaten_code", Symbol, references("kabupaten.code"), primary_key=True),
    sa.Index(None, "kabupaten_code"),
)
