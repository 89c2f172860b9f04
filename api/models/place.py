"""Provinces and kabupaten, keyed by Kemendagri code as text with its dot."""

import sqlalchemy as sa

from api.models.base import Symbol, must, one_of, symbol, table, to

Province = table(
    "province",
    sa.Column("code", Symbol, primary_key=True),
    must("name"),
    must("time_zone"),
    symbol("code"),
)


Kabupaten = table(
    "kabupaten",
    sa.Column("code", Symbol, primary_key=True),
    must("province_code", Symbol, to("province.code")),
    must("name"),
    must("kind", Symbol),
    must("latitude", sa.Float),
    must("longitude", sa.Float),
    symbol("code"),
    one_of("kind", "KABUPATEN", "KOTA"),
    sa.CheckConstraint("left(code, 2) = province_code", name="in_its_province"),
    sa.Index(None, "province_code"),
)
