"""What people can do, and what proves it: skills, certificate types, certificates."""

import sqlalchemy as sa

from api.models.base import Symbol, endless_index, labelled, optional, references, required, symbol, table, versioned
from api.models.choice import Choice
from api.models.key import numbered

Skill = table(
    "skill",
    *labelled(),
)


CertificateType = table(
    "certificate_type",
    *labelled(),
    optional("validity_months", sa.Integer),
)


# A certificate of one type counts as one of the other too: Madya includes Muda.
CertificateTypeInclusion = table(
    "certificate_type_inclusion",
    sa.Column("certificate_type_code", Symbol, references("certificate_type.code"), primary_key=True),
    sa.Column("included_code", Symbol, references("certificate_type.code"), primary_key=True),
    sa.CheckConstraint("certificate_type_code <> included_code", name="not_itself"),
)


# A skill that a certificate of the type grants by itself.
CertificateTypeSkill = table(
    "certificate_type_skill",
    sa.Column("certificate_type_code", Symbol, references("certificate_type.code"), primary_key=True),
    sa.Column("skill_code", Symbol, references("skill.code"), primary_key=True),
)


# Who may issue certificates of a type: the organizations of a kind, or those of a corps.
CertificateTypeIssuer = table(
    "certificate_type_issuer",
    sa.Column("certificate_type_code", Symbol, references("certificate_type.code"), primary_key=True),
    sa.Column("issuer", Symbol, primary_key=True),
    symbol("issuer"),
)


# A single organization that may issue certificates of a type as well.
CertificateIssuer = table(
    "certificate_issuer",
    sa.Column("organization_id", sa.Uuid, references("organization.id"), primary_key=True),
    sa.Column("certificate_type_code", Symbol, references("certificate_type.code"), primary_key=True),
    sa.Index(None, "certificate_type_code"),
)


# Every skill that a type grants, by itself or by inclusion: the closure, made when reference data is loaded.
CertificateTypeGrant = table(
    "certificate_type_grant",
    sa.Column("certificate_type_code", Symbol, references("certificate_type.code"), primary_key=True),
    sa.Column("skill_code", Symbol, references("skill.code"), primary_key=True),
    sa.Index(None, "skill_code"),
)


class CertificateState(Choice):
    """Whether a certificate is valid today."""

    AHEAD = "AHEAD", "Its first day has not come."
    VALID = "VALID", "Valid today."
    EXPIRED = "EXPIRED", "Its last day is past."
    REVOKED = "REVOKED", "Revoked: it proves nothing."


Certificate = table(
    "certificate",
    *versioned(),
    # 80 random bits, by which anybody who holds the certificate in hands can look up whether it is valid.
    required("code", Symbol, server_default=sa.text("random_code()"), unique=True),
    required("volunteer_id", sa.Uuid, references("volunteer.id")),
    required("certificate_type_code", Symbol, references("certificate_type.code")),
    required("issuer_id", sa.Uuid, references("organization.id")),
    *numbered(),
    required("issued_on", sa.Date),
    optional("expires_on", sa.Date),
    # The camp whose completion gave it.
    optional("camp_id", sa.Uuid, references("camp.id")),
    optional("revoked_on", sa.Date),
    optional("revocation_reason"),
    sa.UniqueConstraint("issuer_id", "number_key"),
    sa.CheckConstraint("expires_on >= issued_on", name="expires_after_issue"),
    sa.CheckConstraint("(revoked_on IS NULL) = (revocation_reason IS NULL)", name="revoked_with_reason"),
    sa.Index(None, "volunteer_id", "issued_on", "id"),
    sa.Index(None, "certificate_type_code"),
    sa.Index("ix_certificate_camp_id", "camp_id", postgresql_where=sa.text("camp_id IS NOT NULL")),
    # All that the question "trained for this skill on these days?" needs to know of a person.
    sa.Index(
        "ix_certificate_standing",
        "volunteer_id",
        "certificate_type_code",
        postgresql_include=["issued_on", "expires_on"],
        postgresql_where=sa.text("revoked_on IS NULL"),
    ),
    sa.Index(None, "issued_on", "id"),
    sa.Index(None, "revoked_on", postgresql_where=sa.text("revoked_on IS NOT NULL")),
    endless_index("certificate", "expires_on"),
)
