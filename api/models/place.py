"""Provinces and kabupaten, keyed by Kemendagri code as text with its dot."""

import sqlalchemy as sa

from api.models.base import Chosen, Symbol, references, required, symbol, table
from api.models.choice import Choice


class KabupatenKind(Choice):
    """Whether a kabupaten is a regency or a city."""

    KABUPATEN = "KABUPATEN", "A regency."
    KOTA = "KOTA", "A city."


Province = table(
    "province",
    sa.Column("code", Symbol, primary_key=True),
    required("name"),
    required("time_zone"),
    symbol("code"),
)


Kabupaten = table(
    "kabupaten",
    sa.Column("code", Symbol, primary_key=True),
    required("province_code", Symbol, references("province.code")),
    required("name"),
    required("kind", Chosen(KabupatenKind)),
    required("latitude", sa.Float),
    required("longitude", sa.Float),
    symbol("code"),
    sa.CheckConstraint("left(code, 2) = province_code", name="in_its_province"),
    sa.Index(None, "province_code"),
)
