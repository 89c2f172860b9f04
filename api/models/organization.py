"""Who answers for volunteers: organizations, their licences, the ranks of the corps."""

import sqlalchemy as sa

from api.models.base import Chosen, Symbol, labelled, optional, record, references, required, symbol, table, versioned
from api.models.choice import Choice
from api.models.key import name_indexes, named, numbered
from api.values.key import title_search_key


class OrganizationKind(Choice):
    """The kind of an organization."""

    GOVERNMENT = "GOVERNMENT", "A public office, such as Dinas Sosial or BPBD."
    CORPS = "CORPS", "A volunteer corps, such as Tagana, Pelopor Perdamaian or MRI."
    NGO = "NGO", "A non-governmental organization."
    ZAKAT = "ZAKAT", "A zakat institution, such as Baznas."
    WELFARE_INSTITUTION = "WELFARE_INSTITUTION", "A welfare institution: LKS or LKSA."
    FORUM = "FORUM", "A forum, such as FK-TKSK."


class Verification(Choice):
    """Whether an organization has been verified."""

    PENDING = "PENDING", "Not verified yet."
    VERIFIED = "VERIFIED", "Verified: its members may be sent."
    SUSPENDED = "SUSPENDED", "Suspended: its members take no new duty through it."


class LicenceKind(Choice):
    """What a licence permits an organization to do."""

    REGISTRATION = "REGISTRATION", "To exist and work; once revoked, the organization takes no new duty."
    FUNDRAISING = "FUNDRAISING", "To collect money or goods."
    ACCREDITATION = "ACCREDITATION", "An accreditation: a certified level of quality."


Organization = table(
    "organization",
    *versioned(),
    *named(search=title_search_key),
    required("kind", Chosen(OrganizationKind)),
    # Its members may have ranks of this corps only.
    optional("corps", Symbol),
    optional("parent_id", sa.Uuid, references("organization.id")),
    required("kabupaten_code", Symbol, references("kabupaten.code")),
    required("verification", Chosen(Verification)),
    sa.CheckConstraint("parent_id <> id", name="not_its_own_parent"),
    symbol("corps"),
    sa.UniqueConstraint("sort_key", "kabupaten_code"),
    *name_indexes("organization", "kabupaten_code"),
    sa.Index(None, "parent_id"),
)


# A permission to work; an organization whose REGISTRATION is revoked takes no new duty.
Licence = table(
    "licence",
    *record(),
    required("organization_id", sa.Uuid, references("organization.id")),
    required("kind", Chosen(LicenceKind)),
    *numbered(),
    *numbered("issuer"),
    required("valid_from", sa.Date),
    optional("valid_until", sa.Date),
    optional("revoked_on", sa.Date),
    sa.CheckConstraint("valid_until >= valid_from", name="ends_after_start"),
    sa.UniqueConstraint("issuer_key", "number_key"),
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
