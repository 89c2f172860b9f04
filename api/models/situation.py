"""What is counted of a disaster: dated figures, each with its place and source."""

import sqlalchemy as sa

from api.models.base import INSTANT, Chosen, Symbol, optional, references, required, table, versioned
from api.models.choice import Choice, Move, StateMachine

FIGURES = (
    *("affected", "displaced", "dead", "missing", "injured"),
    *("houses_damaged_lightly", "houses_damaged_heavily", "houses_lost"),
)


class SituationStatus(Choice):
    """Whether figures count."""

    RECORDED = "RECORDED", "Recorded, not verified yet."
    VERIFIED = "VERIFIED", "Verified by a coordinator: the newest figures of a kabupaten count."
    WITHDRAWN = "WITHDRAWN", "Withdrawn: the figures were wrong."


class SituationAction(Choice):
    """What can be done with a situation report; each action is a mutation."""

    RECORD = "RECORD", "Record figures (recordSituation)."
    VERIFY = "VERIFY", "Confirm the figures (verifySituation)."
    WITHDRAW = "WITHDRAW", "Withdraw the figures (withdrawSituation)."


_S, _A = SituationStatus, SituationAction
SITUATION_REPORT = StateMachine(
    noun="SituationReport",
    statuses=SituationStatus,
    actions=SituationAction,
    initial=(_S.RECORDED,),
    moves=(
        Move(_A.RECORD, (), _S.RECORDED, who="records_situation", verb="record_situation"),
        Move(_A.VERIFY, (_S.RECORDED,), _S.VERIFIED, who="verifies_situation", verb="verify_situation"),
        Move(
            _A.WITHDRAW,
            (_S.RECORDED, _S.VERIFIED),
            _S.WITHDRAWN,
            who="withdraws_situation",
            needs="A reason.",
            verb="withdraw_situation",
        ),
    ),
)


# Figures that are not known are null. Those of several sources may contradict each other.
SituationReport = table(
    "situation_report",
    *versioned(),
    required("incident_id", sa.Uuid, references("incident.id")),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    required("at", INSTANT),
    required("source"),
    required("status", Chosen(SituationStatus)),
    optional("reason"),
    optional("recorder_id", sa.Uuid, references("account.id")),
    *(optional(name, sa.Integer) for name in FIGURES),
    sa.CheckConstraint(f"num_nonnulls({', '.join(FIGURES)}) > 0", name="some_figure"),
    sa.CheckConstraint(f"least({', '.join(FIGURES)}) >= 0", name="not_negative"),
    sa.Index(None, "incident_id", "at", "id"),
    sa.Index(None, "at", "id"),
    sa.Index(None, "source"),
    sa.Index(None, "created_at", "id"),
)
