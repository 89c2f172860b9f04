"""Provinces and kabupaten, keyed by Kemendagri code as text with its dot."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from api.models.base import Base, Symbol, one_of, symbol


class Province(Base):
    __tablename__ = "province"
    __table_args__ = (symbol("code"),)

    code: Mapped[str] = mapped_column(Symbol, primary_key=True)
    name: Mapped[str]
    time_zone: Mapped[str]


class Kabupaten(Base):
    __tablename__ = "kabupaten"
    __table_args__ = (
        symbol("code"),
        one_of("kind", "KABUPATEN", "KOTA"),
        sa.CheckConstraint("left(code, 2) = province_code", name="in_its_province"),
        sa.Index(None, "province_code"),
    )

    code: Mapped[str] = mapped_column(Symbol, primary_key=True)
    province_code: Mapped[str] = mapped_column(Symbol, sa.ForeignKey("province.code"))
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(Symbol)
    latitude: Mapped[float]
    longitude: Mapped[float]
