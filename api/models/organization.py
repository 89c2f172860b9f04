"""Who answers for volunteers: organizations, their licences, the ranks of the corps."""

import sqlalchemy as sa

from api.models.base import Symbol, labelled, may, must, one_of, record, symbol, table, to, versioned

KINDS = ("GOVERNMENT", "CORPS", "NGO", "ZAKAT", "WELFARE_INSTITUTION", "FORUM")
VERIFICATIONS = ("PENDING", "VERIFIED", "SUSPENDED")


Organization = table(
    "organization",
    *versioned(),
    must("name"),
    must("kind", Symbol),
    may("parent_id", sa.Uuid, to("organization.id")),
    must("kabupaten_code", Symbol, to("kabupaten.code")),
    must("verification", Symbol),
    one_of("kind", *KINDS),
    one_of("verification", *VERIFICATIONS),
    sa.CheckConstraint("parent_id <> id", name="not_its_own_parent"),
    sa.UniqueConstraint("name", "kabupaten_code"),
    sa.Index(None, "name", "id"),
    sa.Index(None, "kabupaten_code", "name", "id"),
    sa.Index(None, "parent_id"),
)


# A permission to work; an organization whose REGISTRATION is revoked takes no new duty.
Licence = table(
    "licence",
    *record(),
    must("organization_id", sa.Uuid, to("organization.id")),
    must("kind", Symbol),
    must("number"),
    must("issuer"),
    must("valid_from", sa.Date),
    may("valid_until", sa.Date),
    may("revoked_on", sa.Date),
    one_of("kind", "REGISTRATION", "FUNDRAISING", "ACCREDITATION"),
    sa.CheckConstraint("valid_until >= valid_from", name="ends_after_start"),
    sa.UniqueConstraint("issuer", "number"),
    sa.Index(None, "organization_id"),
)


# A step in a corps: of two ranks of one corps, the higher level commands.
Rank = table(
    "rank",
    *labelled(),
    must("corps", Symbol),
    must("level", sa.Integer),
    symbol("corps"),
    sa.UniqueConstraint("corps", "level"),
)
