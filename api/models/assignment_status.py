"""The life of an assignment: its statuses, and the moves between them."""

from typing import Any

import sqlalchemy as sa

from api.models.base import INSTANT
from api.models.choice import Choice, Consequence, Lapse, Move, Phase, StateMachine
from api.models.hours import HoursStatus, ServedHours


class AssignmentStatus(Choice):
    """The status of an assignment. Accepted and later ones bind the volunteer's time."""

    OFFERED = "OFFERED", "Offered: waits for the volunteer's answer."
    ACCEPTED = "ACCEPTED", "Accepted: the volunteer has promised the time."
    MOBILIZED = "MOBILIZED", "Mobilized: the volunteer is on the way."
    ON_DUTY = "ON_DUTY", "On duty: the volunteer is at work."
    COMPLETED = "COMPLETED", "Completed: the duty is done; also one whose check-out was not recorded in time."
    DECLINED = "DECLINED", "Declined: the volunteer said no."
    EXPIRED = "EXPIRED", "Expired: the offer was not answered in time."
    CANCELLED = "CANCELLED", "Cancelled before the duty began."
    RELEASED = "RELEASED", "Released: sent home before the end of the duty; the time served remains."
    NO_SHOW = "NO_SHOW", "No-show: the volunteer did not come; the time is free again."


class AssignmentAction(Choice):
    """What can be done with an assignment; each action is a mutation."""

    OFFER = "OFFER", "Offer a duty to a volunteer (offerAssignment)."
    ACCEPT = "ACCEPT", "Accept the offer, or the extension that is proposed (acceptAssignment)."
    DECLINE = "DECLINE", "Decline the offer, or the extension that is proposed (declineAssignment)."
    CANCEL = "CANCEL", "Take the offer or the promise back (cancelAssignment)."
    RELEASE = "RELEASE", "Send the volunteer home before the end of the duty (releaseAssignment)."
    EXTEND = "EXTEND", "Propose that the duty lasts longer (extendAssignment)."
    MOBILIZE = "MOBILIZE", "Record that the volunteer has set out (mobilizeAssignment)."
    CHECK_IN = "CHECK_IN", "Record that the volunteer has arrived (checkInAssignment)."
    CHECK_OUT = "CHECK_OUT", "Record that the volunteer has left (checkOutAssignment)."
    RECORD_NO_SHOW = "RECORD_NO_SHOW", "Record that the volunteer did not come (recordNoShow)."


def answer_deadline(row: sa.FromClause) -> sa.ColumnElement[Any]:
    """The instant from which an offer can no longer be answered: its deadline, at the latest the end of its duty."""
    return sa.func.least(row.c.expires_at, row.c.ends_at, type_=INSTANT)


UNCONFIRMED_HOURS = 12


def completed_at(row: sa.FromClause) -> sa.ColumnElement[Any]:
    """The instant from which a duty counts as completed though nobody has checked out."""
    # Written out, as the answer depends on it: an interval from a parameter would not be recognized in an index.
    return row.c.ends_at + sa.func.make_interval(0, 0, 0, 0, sa.literal_column(str(UNCONFIRMED_HOURS)))


def phase(row: sa.FromClause, now: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """The phase of a duty. It begins at its start, or with the check-in if that is earlier; an offer has promised nothing yet."""
    is_begun = sa.or_(row.c.status == AssignmentStatus.ON_DUTY, row.c.starts_at <= now)
    ahead, running, over = (sa.literal_column(f"'{phase}'", sa.Text) for phase in Phase)
    is_offer = row.c.status == AssignmentStatus.OFFERED
    return sa.case((is_offer, ahead), (row.c.ends_at <= now, over), (is_begun, running), else_=ahead)


def has_not_served(row: sa.FromClause, _now: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Whether nobody has reported the arrival, and no hours are counted."""
    counted = sa.select(ServedHours.c.id).where(
        ServedHours.c.assignment_id == row.c.id, ServedHours.c.status == HoursStatus.COUNTED
    )
    return sa.and_(row.c.checked_in_at.is_(None), ~counted.correlate(row).exists())


def has_proposal(row: sa.FromClause, now: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether an extension waits for an answer; it does so until its deadline, at most until the end of the duty."""
    deadline = sa.func.least(row.c.proposal_expires_at, row.c.ends_at, type_=INSTANT)
    return sa.and_(row.c.proposed_ends_at.is_not(None), row.c.status.in_(PROMISED), deadline > now)


_S, _A = AssignmentStatus, AssignmentAction

# What binds the volunteer's time now.
PROMISED = (_S.ACCEPTED, _S.MOBILIZED, _S.ON_DUTY)
# What was done, whole or in part.
OVER = (_S.COMPLETED, _S.RELEASED)
# The mutations that record scans at a site, and those that close a need.
SCANNING, CLOSING = ("record_scans", "scan_site"), ("close_need", "close_incident")
ASSIGNMENT = StateMachine(
    noun="Assignment",
    statuses=AssignmentStatus,
    actions=AssignmentAction,
    initial=(_S.OFFERED,),
    moves=(
        Move(_A.OFFER, (), _S.OFFERED, who="sends_to_need_of", needs="All rules of sending hold or are overridden."),
        Move(_A.ACCEPT, (_S.OFFERED,), _S.ACCEPTED, who="accepts_assignment", needs="All rules of sending hold."),
        Move(
            _A.ACCEPT,
            PROMISED,
            None,
            who="accepts_assignment",
            needs="An extension is proposed; all rules hold for the longer time.",
            when=has_proposal,
        ),
        Move(_A.DECLINE, (_S.OFFERED,), _S.DECLINED, who="answers_assignment"),
        Move(
            _A.DECLINE, PROMISED, None, who="answers_assignment", needs="An extension is proposed.", when=has_proposal
        ),
        Move(
            _A.CANCEL,
            (_S.OFFERED, _S.ACCEPTED, _S.MOBILIZED),
            _S.CANCELLED,
            who="cancels_assignment",
            needs="A reason.",
            phases=(Phase.AHEAD,),
        ),
        Move(
            _A.RELEASE,
            PROMISED,
            _S.RELEASED,
            who="sends_to_need_of",
            needs="A reason.",
            phases=(Phase.RUNNING,),
        ),
        Move(
            _A.EXTEND,
            PROMISED,
            None,
            who="sends_to_need_of",
            needs="All rules of sending hold for the longer time or are overridden; the volunteer accepts it.",
            phases=(Phase.AHEAD, Phase.RUNNING),
        ),
        # Reports of what happened come late and in any order, so they are also taken where the status no longer changes.
        Move(_A.MOBILIZE, (_S.ACCEPTED,), _S.MOBILIZED, who="cancels_assignment"),
        Move(
            _A.MOBILIZE,
            (_S.MOBILIZED, _S.ON_DUTY, _S.COMPLETED, _S.RELEASED, _S.NO_SHOW),
            None,
            who="cancels_assignment",
            needs="A late report.",
            is_late=True,
        ),
        Move(_A.CHECK_IN, (_S.ACCEPTED, _S.MOBILIZED), _S.ON_DUTY, who="sends_to_need_of"),
        Move(
            _A.CHECK_IN,
            (_S.NO_SHOW,),
            _S.ON_DUTY,
            who="sends_to_need_of",
            needs="The time and the place are still free.",
        ),
        Move(
            _A.CHECK_IN,
            (_S.ON_DUTY, _S.COMPLETED, _S.RELEASED),
            None,
            who="sends_to_need_of",
            needs="A late report.",
            is_late=True,
        ),
        Move(_A.CHECK_OUT, (_S.ON_DUTY,), _S.COMPLETED, who="sends_to_need_of"),
        Move(
            _A.CHECK_OUT,
            (_S.ACCEPTED, _S.MOBILIZED, _S.COMPLETED, _S.RELEASED, _S.NO_SHOW),
            None,
            who="sends_to_need_of",
            needs="Waits for its check-in, or is a late report.",
            is_late=True,
        ),
        Move(
            _A.RECORD_NO_SHOW,
            (_S.ACCEPTED, _S.MOBILIZED, _S.COMPLETED),
            _S.NO_SHOW,
            who="sends_to_need_of",
            needs="A reason; nobody has checked in.",
            phases=(Phase.RUNNING, Phase.OVER),
            when=has_not_served,
            verb="record_no_show",
        ),
    ),
    groups={
        # An offer that waits for its answer, or a duty that is promised or running.
        "LIVE": (_S.OFFERED, *PROMISED),
        "PROMISED": PROMISED,
        # What has a commitment: the time that is promised, or what of it was served. It fills a place and counts for rest.
        "COMMITTED": (*PROMISED, *OVER),
        # What somebody may have come to, and left again.
        "BEGUN": (_S.ON_DUTY, *OVER),
    },
    lapses=(
        Lapse(_S.OFFERED, _S.EXPIRED, at=answer_deadline, description="at its deadline, or at the end of its duty"),
        *(
            Lapse(status, _S.COMPLETED, at=completed_at, description="12 hours after its end, unconfirmed")
            for status in PROMISED
        ),
    ),
    consequences=(
        Consequence((_S.ACCEPTED, _S.MOBILIZED, _S.NO_SHOW), _S.ON_DUTY, SCANNING, "by the scan of an arrival"),
        Consequence((_S.ON_DUTY,), _S.COMPLETED, SCANNING, "by the scan of a departure"),
        Consequence(
            (_S.ACCEPTED, _S.MOBILIZED, _S.NO_SHOW),
            _S.COMPLETED,
            ("check_in_assignment", *SCANNING),
            "when the check-in comes after the report of its check-out",
        ),
        Consequence(
            (_S.ON_DUTY,),
            _S.COMPLETED,
            ("check_in_assignment",),
            "when an earlier check-in comes, and a check-out lies between the two",
        ),
        Consequence(
            (_S.ACCEPTED, _S.MOBILIZED), _S.CANCELLED, ("accept_assignment",), "when another takes all of it over"
        ),
        Consequence(PROMISED, _S.RELEASED, ("accept_assignment",), "when another takes what is left of it over"),
        Consequence((_S.OFFERED,), _S.EXPIRED, CLOSING, "when its need is closed"),
        Consequence((_S.OFFERED,), _S.EXPIRED, ("change_need",), "when its need begins later or ends earlier"),
        Consequence((_S.ACCEPTED, _S.MOBILIZED), _S.CANCELLED, CLOSING, "when its need is closed before it begins"),
        Consequence((_S.ON_DUTY, _S.COMPLETED), _S.ACCEPTED, ("annul_scan",), "when its check-in is annulled"),
        Consequence(
            (_S.ON_DUTY, _S.COMPLETED),
            _S.MOBILIZED,
            ("annul_scan",),
            "when the check-in of who had set out is annulled",
        ),
        Consequence(
            (_S.ON_DUTY, _S.COMPLETED), _S.NO_SHOW, ("annul_scan",), "when the check-in that undid it is annulled"
        ),
        Consequence(
            (_S.ON_DUTY,), _S.COMPLETED, ("annul_scan",), "when its check-in is annulled and its hours were decided"
        ),
        Consequence((_S.COMPLETED,), _S.ON_DUTY, ("annul_scan",), "when its check-out is annulled"),
    ),
    phase=phase,
)


def is_ahead(row: sa.FromClause, now: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether it is an offer that may still be answered, or a duty that is not over.

    Before its end nothing lapses but an offer. Asking no more than this takes PostgreSQL a sixth less for a short read.
    """
    is_late = sa.and_(row.c.status == AssignmentStatus.OFFERED, row.c.expires_at <= now)
    return sa.and_(
        row.c.status.in_(ASSIGNMENT.group("LIVE")),
        row.c.ends_at > now,
        sa.not_(sa.func.coalesce(is_late, sa.false(), type_=sa.Boolean())),
    )
