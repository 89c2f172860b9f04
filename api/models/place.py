"""Provinces, kabupaten and kecamatan, keyed by Kemendagri code as text with its dot."""

import sqlalchemy as sa

from api.models.base import Chosen, Symbol, references, required, retired_on, symbol, table
from api.models.choice import Choice
from api.models.key import name_indexes, named
from api.values.key import place_search_key


class KabupatenKind(Choice):
    """Whether a kabupaten is a regency or a city."""

    KABUPATEN = "KABUPATEN", "A regency."
    KOTA = "KOTA", "A city."


Province = table(
    "province",
    sa.Column("code", Symbol, primary_key=True),
    *named(search=place_search_key),
    required("time_zone"),
    retired_on(),
    symbol("code"),
    sa.Index(None, "sort_key", "code"),
)


Kabupaten = table(
    "kabupaten",
    sa.Column("code", Symbol, primary_key=True),
    required("province_code", Symbol, references("province.code")),
    *named(search=place_search_key),
    required("kind", Chosen(KabupatenKind)),
    retired_on(),
    # The seat of government.
    required("latitude", sa.Float),
    required("longitude", sa.Float),
    # The smallest box around the kabupaten, in degrees.
    required("south", sa.Float),
    required("north", sa.Float),
    required("west", sa.Float),
    required("east", sa.Float),
    symbol("code"),
    sa.CheckConstraint("left(code, 2) = province_code", name="in_its_province"),
    sa.Index(None, "province_code"),
    sa.Index(None, "sort_key", "code"),
)


Kecamatan = table(
    "kecamatan",
    sa.Column("code", Symbol, primary_key=True),
    required("kabupaten_code", Symbol, references("kabupaten.code"), sa.Computed("left(code, 5)", persisted=True)),
    *named(search=place_search_key),
    retired_on(),
    symbol("code"),
    *name_indexes("kecamatan", "kabupaten_code", key="code"),
)
