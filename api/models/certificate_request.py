"""Requests that an organization issue a certificate, or record one that it has issued on paper."""

import sqlalchemy as sa

from api.models.base import Chosen, Symbol, optional, references, required, table, versioned
from api.models.choice import Choice, Consequence, Move, StateMachine
from api.models.key import numbered


class CertificateRequestStatus(Choice):
    """What has become of a request for a certificate."""

    PENDING = "PENDING", "Waits for the answer of the issuer."
    ACCEPTED = "ACCEPTED", "Accepted: the certificate is issued."
    REFUSED = "REFUSED", "Refused."
    WITHDRAWN = "WITHDRAWN", "Withdrawn by the person's side."


class CertificateRequestAction(Choice):
    """What can be done with a request for a certificate; each action is a mutation."""

    REQUEST = "REQUEST", "Ask for a certificate (requestCertificate)."
    APPROVE = "APPROVE", "Accept it; the certificate is issued (approveCertificate)."
    REFUSE = "REFUSE", "Refuse it (refuseCertificate)."
    WITHDRAW = "WITHDRAW", "Withdraw it (withdrawCertificateRequest)."


_S, _A = CertificateRequestStatus, CertificateRequestAction
CERTIFICATE_REQUEST = StateMachine(
    noun="CertificateRequest",
    statuses=CertificateRequestStatus,
    actions=CertificateRequestAction,
    initial=(_S.PENDING,),
    moves=(
        Move(_A.REQUEST, (), _S.PENDING, who="asks_for_certificate", verb="request_certificate"),
        Move(
            _A.APPROVE,
            (_S.PENDING,),
            _S.ACCEPTED,
            who="judges_certificate",
            needs="An issuer that is verified and may issue the type.",
            verb="approve_certificate",
        ),
        Move(
            _A.REFUSE,
            (_S.PENDING,),
            _S.REFUSED,
            who="judges_certificate",
            needs="A reason.",
            verb="refuse_certificate",
        ),
        Move(_A.WITHDRAW, (_S.PENDING,), _S.WITHDRAWN, who="withdraws_certificate_request"),
    ),
    consequences=(
        Consequence((_S.PENDING,), _S.WITHDRAWN, ("merge_volunteers",), "when the record that stays has one, too"),
    ),
)


CertificateRequest = table(
    "certificate_request",
    *versioned(),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    required("certificate_type_code", Symbol, references("certificate_type.code")),
    required("issuer_id", sa.Uuid, references("organization.id")),
    *numbered(),
    required("issued_on", sa.Date),
    optional("expires_on", sa.Date),
    required("status", Chosen(CertificateRequestStatus)),
    optional("certificate_id", sa.Uuid, references("certificate.id")),
    optional("note"),
    # The document or picture that proves it.
    optional("evidence_id", sa.Uuid, sa.ForeignKey("upload.id", ondelete="SET NULL")),
    optional("reason"),
    sa.CheckConstraint("expires_on >= issued_on", name="expires_after_issue"),
    sa.CheckConstraint("(status = 'ACCEPTED') = (certificate_id IS NOT NULL)", name="accepted_with_certificate"),
    sa.Index(
        "uq_certificate_request_pending",
        "volunteer_id",
        "issuer_id",
        "number_key",
        unique=True,
        postgresql_where=sa.text("status = 'PENDING'"),
    ),
    sa.Index(None, "volunteer_id", "created_at", "id"),
    sa.Index(None, "issuer_id", "created_at", "id"),
    sa.Index(None, "certificate_type_code"),
    sa.Index(None, "certificate_id"),
    sa.Index(None, "evidence_id"),
    sa.Index(None, "created_at", "id"),
)
