"""Decrees that certificates are valid longer."""

import sqlalchemy as sa

from api.models.base import Chosen, Symbol, optional, references, required, table, versioned
from api.models.choice import Choice, Move, StateMachine
from api.models.key import numbered


class CertificateExtensionStatus(Choice):
    """Whether a decree that extends certificates holds."""

    IN_FORCE = "IN_FORCE", "In force: the certificates have the later day of expiry."
    REVERTED = "REVERTED", "Reverted: the certificates have the days of before again."


class CertificateExtensionAction(Choice):
    """What can be done with a decree that extends certificates; each action is a mutation."""

    EXTEND = "EXTEND", "Extend certificates by a decree (extendCertificates)."
    REVERT = "REVERT", "Take the decree back (revertExtension)."


_S, _A = CertificateExtensionStatus, CertificateExtensionAction
CERTIFICATE_EXTENSION = StateMachine(
    noun="CertificateExtension",
    statuses=CertificateExtensionStatus,
    actions=CertificateExtensionAction,
    initial=(_S.IN_FORCE,),
    moves=(
        Move(_A.EXTEND, (), _S.IN_FORCE, who="coordinates_nation", verb="extend_certificates"),
        Move(
            _A.REVERT, (_S.IN_FORCE,), _S.REVERTED, who="coordinates_nation", needs="A reason.", verb="revert_extension"
        ),
    ),
)


CertificateExtension = table(
    "certificate_extension",
    *versioned(),
    required("certificate_type_code", Symbol, references("certificate_type.code")),
    required("expiring_from", sa.Date),
    required("expiring_until", sa.Date),
    required("extended_to", sa.Date),
    *numbered("decree_number"),
    required("certificates", sa.Integer),
    required("status", Chosen(CertificateExtensionStatus)),
    optional("reason"),
    sa.CheckConstraint("expiring_from <= expiring_until AND expiring_until < extended_to", name="days_in_order"),
    sa.Index(
        "uq_certificate_extension_decree",
        "decree_number_key",
        "certificate_type_code",
        unique=True,
        postgresql_where=sa.text("status = 'IN_FORCE'"),
    ),
    sa.Index(None, "certificate_type_code"),
    sa.Index(None, "created_at", "id"),
    sa.Index(None, "decree_number_key"),
)


# The day of expiry that an extended certificate had before.
ExtendedCertificate = table(
    "extended_certificate",
    sa.Column("extension_id", sa.Uuid, references("certificate_extension.id"), primary_key=True),
    sa.Column("certificate_id", sa.Uuid, references("certificate.id"), primary_key=True),
    required("expired_on", sa.Date),
    sa.Index(None, "certificate_id"),
)
