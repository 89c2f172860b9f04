"""Proposals that a member goes over to another organization: the person and the other organization answer."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, Symbol, optional, references, required, table, versioned
from api.models.choice import Choice, Consequence, Move, StateMachine
from api.models.key import numbered


class MembershipTransferStatus(Choice):
    """What has become of the proposal of a transfer."""

    PENDING = "PENDING", "Waits for the answer of the person, of the other organization, or of both."
    ACCEPTED = "ACCEPTED", "Accepted by both: one membership has ended, the other begun."
    REFUSED = "REFUSED", "Refused by the person or by the other organization."
    WITHDRAWN = "WITHDRAWN", "Withdrawn by the organization that proposed it."


class MembershipTransferAction(Choice):
    """What can be done with the proposal of a transfer; each action is a mutation."""

    PROPOSE = "PROPOSE", "Propose a transfer (transferMembership)."
    ACCEPT = "ACCEPT", "Accept it for one's side; the last yes makes it so (answerTransfer)."
    REFUSE = "REFUSE", "Refuse it (answerTransfer)."
    WITHDRAW = "WITHDRAW", "Withdraw it (withdrawTransfer)."


_S, _A = MembershipTransferStatus, MembershipTransferAction
MEMBERSHIP_TRANSFER = StateMachine(
    noun="MembershipTransfer",
    statuses=MembershipTransferStatus,
    actions=MembershipTransferAction,
    initial=(_S.PENDING,),
    moves=(
        Move(
            _A.PROPOSE,
            (),
            _S.PENDING,
            who="proposes_transfer",
            needs="Another organization that is verified.",
            verb="transfer_membership",
        ),
        Move(
            _A.ACCEPT,
            (_S.PENDING,),
            _S.ACCEPTED,
            who="answers_transfer",
            needs="The yes of the person and of the other organization, which is verified.",
            verb="answer_transfer",
        ),
        Move(_A.REFUSE, (_S.PENDING,), _S.REFUSED, who="answers_transfer", needs="A reason.", verb="answer_transfer"),
        Move(_A.WITHDRAW, (_S.PENDING,), _S.WITHDRAWN, who="proposes_transfer", verb="withdraw_transfer"),
    ),
    consequences=(
        Consequence((_S.PENDING,), _S.WITHDRAWN, ("merge_volunteers",), "when the membership that stays has one, too"),
    ),
)


# The volunteer and the organization that proposes are those of the membership.
MembershipTransfer = table(
    "membership_transfer",
    *versioned(),
    required("membership_id", sa.Uuid, references("membership.id")),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    required("organization_id", sa.Uuid, references("organization.id")),
    required("status", Chosen(MembershipTransferStatus)),
    # The account that proposed it, which does not answer for the person.
    optional("asker_id", sa.Uuid, references("account.id")),
    optional("person_agreed_at", INSTANT),
    optional("organization_agreed_at", INSTANT),
    # As the organization has set them with its yes.
    *numbered(nullable=True),
    optional("rank_code", Symbol, references("rank.code")),
    optional("kecamatan_code", Symbol, references("kecamatan.code")),
    optional("note"),
    optional("reason"),
    sa.CheckConstraint(
        "status <> 'ACCEPTED' OR num_nonnulls(person_agreed_at, organization_agreed_at) = 2", name="agreed_by_both"
    ),
    sa.Index(
        "uq_membership_transfer_pending",
        "membership_id",
        unique=True,
        postgresql_where=sa.text("status = 'PENDING'"),
    ),
    sa.Index(None, "membership_id"),
    sa.Index(None, "volunteer_id"),
    sa.Index(None, "asker_id"),
    sa.Index(None, "organization_id", "created_at", "id"),
    sa.Index(None, "created_at", "id"),
)
