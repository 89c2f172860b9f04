"""Who may sign in, and their roles: as what, where."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Record, Symbol, one_of, symbol


class Account(Record, Base):
    __tablename__ = "account"
    __table_args__ = (symbol("login"),)

    login: Mapped[str] = mapped_column(Symbol, unique=True)
    name: Mapped[str]
    volunteer_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("volunteer.id"), unique=True)
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())


class Role(Record, Base):
    """What an account may do, with its scope: the nation, one province, one kabupaten, or one organization."""

    __tablename__ = "role"
    __table_args__ = (
        one_of("kind", "COORDINATOR", "MANAGER"),
        sa.CheckConstraint("num_nonnulls(province_code, kabupaten_code, organization_id) <= 1", name="one_scope"),
        sa.CheckConstraint("(kind = 'MANAGER') = (organization_id IS NOT NULL)", name="manager_of_one"),
        sa.Index(None, "account_id"),
    )

    account_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(Symbol)
    province_code: Mapped[str | None] = mapped_column(Symbol, sa.ForeignKey("province.code"))
    kabupaten_code: Mapped[str | None] = mapped_column(Symbol, sa.ForeignKey("kabupaten.code"))
    organization_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("organization.id"))
