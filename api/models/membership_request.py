"""Requests for a membership: of an organization to a person, or of a person to an organization."""

import sqlalchemy as sa

from api.models.base import Chosen, Symbol, optional, references, required, table, versioned
from api.models.choice import Choice, Consequence, Move, StateMachine
from api.models.key import numbered


class MembershipSide(Choice):
    """One of the two who agree on a membership."""

    PERSON = "PERSON", "The person, or whoever answers for somebody without an account."
    ORGANIZATION = "ORGANIZATION", "The organization."


class MembershipRequestStatus(Choice):
    """What has become of a request for a membership."""

    PENDING = "PENDING", "Waits for the answer of the other side."
    ACCEPTED = "ACCEPTED", "Accepted: the membership has begun."
    REFUSED = "REFUSED", "Refused by the other side."
    WITHDRAWN = "WITHDRAWN", "Withdrawn by the side that asked."


class MembershipRequestAction(Choice):
    """What can be done with a request for a membership; each action is a mutation."""

    REQUEST = "REQUEST", "Ask for a membership (requestMembership)."
    APPROVE = "APPROVE", "Accept it; the membership begins (approveMembership)."
    REFUSE = "REFUSE", "Refuse it (refuseMembership)."
    WITHDRAW = "WITHDRAW", "Withdraw it (withdrawMembershipRequest)."


_S, _A = MembershipRequestStatus, MembershipRequestAction
MEMBERSHIP_REQUEST = StateMachine(
    noun="MembershipRequest",
    statuses=MembershipRequestStatus,
    actions=MembershipRequestAction,
    initial=(_S.PENDING,),
    moves=(
        Move(
            _A.REQUEST,
            (),
            _S.PENDING,
            who="asks_for_membership",
            needs="An organization that is verified.",
            verb="request_membership",
        ),
        Move(
            _A.APPROVE,
            (_S.PENDING,),
            _S.ACCEPTED,
            who="answers_membership_request",
            needs="An organization that is verified.",
            verb="approve_membership",
        ),
        Move(
            _A.REFUSE,
            (_S.PENDING,),
            _S.REFUSED,
            who="answers_membership_request",
            needs="A reason.",
            verb="refuse_membership",
        ),
        Move(_A.WITHDRAW, (_S.PENDING,), _S.WITHDRAWN, who="asks_for_membership"),
    ),
    consequences=(
        Consequence((_S.PENDING,), _S.WITHDRAWN, ("merge_volunteers",), "when the record that stays has one, too"),
    ),
)


# `note` is what the side that asks has written; of a person who was found by the NIK, the name that was written with it.
MembershipRequest = table(
    "membership_request",
    *versioned(),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    required("organization_id", sa.Uuid, references("organization.id")),
    required("asked_by", Chosen(MembershipSide)),
    # The account that asked, which does not answer for the other side.
    optional("asker_id", sa.Uuid, references("account.id")),
    required("status", Chosen(MembershipRequestStatus)),
    *numbered(nullable=True),
    optional("rank_code", Symbol, references("rank.code")),
    optional("kecamatan_code", Symbol, references("kecamatan.code")),
    optional("note"),
    optional("reason"),
    sa.Index(
        "uq_membership_request_pending",
        "volunteer_id",
        "organization_id",
        unique=True,
        postgresql_where=sa.text("status = 'PENDING'"),
    ),
    sa.Index(None, "organization_id", "created_at", "id"),
    sa.Index(None, "volunteer_id"),
    sa.Index(None, "asker_id"),
    sa.Index(None, "created_at", "id"),
)
