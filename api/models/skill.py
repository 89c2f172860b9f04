"""What people can do, and what proves it: skills, certificate types, certificates."""

import uuid
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Labelled, Symbol, Versioned, symbol


class Skill(Labelled, Base):
    __tablename__ = "skill"
    __table_args__ = (symbol("code"),)


class CertificateType(Labelled, Base):
    __tablename__ = "certificate_type"
    __table_args__ = (symbol("code"),)

    validity_months: Mapped[int | None]


class CertificateTypeInclusion(Base):
    """A certificate of one type counts as one of the other too: Madya includes Muda."""

    __tablename__ = "certificate_type_inclusion"
    __table_args__ = (sa.CheckConstraint("certificate_type_code <> included_code", name="not_itself"),)

    certificate_type_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("certificate_type.code"), primary_key=True)
    included_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("certificate_type.code"), primary_key=True)


class CertificateTypeSkill(Base):
    """A skill that a certificate of the type grants by itself."""

    __tablename__ = "certificate_type_skill"

    certificate_type_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("certificate_type.code"), primary_key=True)
    skill_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("skill.code"), primary_key=True)


class CertificateTypeGrant(Base):
    """Every skill that a type grants, by itself or by inclusion: the closure, made when reference data is loaded."""

    __tablename__ = "certificate_type_grant"
    __table_args__ = (sa.Index(None, "skill_code"),)

    certificate_type_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("certificate_type.code"), primary_key=True)
    skill_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("skill.code"), primary_key=True)


class Certificate(Versioned, Base):
    __tablename__ = "certificate"
    __table_args__ = (
        sa.UniqueConstraint("issuer_id", "number"),
        sa.CheckConstraint("expires_on >= issued_on", name="expires_after_issue"),
        sa.CheckConstraint("(revoked_on IS NULL) = (revocation_reason IS NULL)", name="revoked_with_reason"),
        sa.Index(None, "volunteer_id", "issued_on", "id"),
        sa.Index(None, "certificate_type_code"),
    )

    volunteer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("volunteer.id"))
    certificate_type_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("certificate_type.code"))
    issuer_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("organization.id"))
    number: Mapped[str]
    issued_on: Mapped[date]
    expires_on: Mapped[date | None]
    revoked_on: Mapped[date | None]
    revocation_reason: Mapped[str | None]
