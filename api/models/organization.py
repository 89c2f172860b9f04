"""Who answers for volunteers: organizations, their licences, the ranks of the corps."""

import sqlalchemy as sa

from api.models.base import Symbol, labelled, one_of, optional, record, references, required, symbol, table, versioned

KINDS = ("GOVERNMENT", "CORPS", "NGO", "ZAKAT", "WELFARE_INSTITUTION", "FORUM")
VERIFICATIONS = ("PENDING", "VERIFIED", "SUSPENDED")


Organization = table(
    "organization",
    *versioned(),
    required("name"),
    required("kind", Symbol),
    optional("parent_id", sa.Uuid, references("organization.id")),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    required("verification", Symbol),
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
    required("organization_id", sa.Uuid, references("organization.id")),
    required("kind", Symbol),
    required("number"),
    required("issuer"),
    required("valid_from", sa.Date),
    optional("valid_until", sa.Date),
    optional("revoked_on", sa.Date),
    one_of("kind", "REGISTRATION", "FUNDRAISING", "ACCREDITATION"),
    sa.CheckConstraint("valid_until >= valid_from", name="ends_after_start"),
    sa.UniqueConstraint("issuer", "number"),
    sa.Index(None, "organization_id"),
)


# A step in a corps: of two ranks of one corps, the higher level commands.
Rank = table(
    "rank",
    *labelled(),
    required("corps", Symbol),
    required("level", sa.Integer),
    symbol("corps"),
    sa.UniqueConstraint("corps", "level"),
)
